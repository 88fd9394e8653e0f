//! One duty in a row. Columns depend on the window and on what stands in the list, never on the time, so that nothing
//! moves when a clock runs.

use ratatui::layout::Rect;

use crate::domain::duty::status_at;
use crate::domain::view::DutyView;
use crate::domain::word::DutyStatus;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{DutyGroup, DutyRow, known_by, known_since};
use crate::ui::live::{LiveText, Side};
use crate::ui::phrase::Form;
use crate::ui::screen::head::start_parts;
use crate::ui::screen::words::{self, DutyClock};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Where each column begins; one that is not shown has no place.
#[derive(Debug, Clone, Copy)]
pub struct Columns {
    severity: Option<u16>,
    id: u16,
    codename: Option<u16>,
    name: u16,
    clock: u16,
    /// The instant due.
    due: Option<u16>,
    start: Option<u16>,
    who: Option<u16>,
    told: Option<u16>,
    counted: Option<u16>,
    end: u16,
    wide: bool,
    /// Drills are marked with the whole word.
    whole: bool,
    /// Instants are written without their date where they are of these days.
    short: bool,
}

/// How many duties are looked at for the width of a column: the first are the most urgent.
const LOOKED_AT: usize = 400;
/// An instant as `Mon 23 16:49Z`, and its gap.
const DUE: u16 = 15;
/// A countdown and its gap.
const CLOCK: u16 = 11;

/// What the rows need, in cells.
struct Needs {
    id: u16,
    codename: u16,
    codename_whole: u16,
    name: u16,
    who: u16,
}

fn needs(shared: &Shared, width: u16) -> Needs {
    let shown = shared.folded;
    let rows = || {
        let rows = shared.index.duties.iter().take(LOOKED_AT);
        rows.filter(move |row| !shown || row.group != DutyGroup::Finished)
    };
    let most = |of: &dyn Fn(&DutyRow) -> u16| rows().map(of).max().unwrap_or(0);
    let cells = |text: &str| u16::try_from(crate::domain::text::width(text)).unwrap_or(u16::MAX);
    let who_room = if width >= 150 { 30 } else { 14 };
    let stale = |row: &DutyRow| u16::from(!shared.is_live(row.source));
    Needs {
        id: most(&|row| cells(&row.incident.id) + stale(row)).clamp(6, 16),
        codename: most(&|row| words::codename_width(shared, row.source, &row.incident, false))
            .clamp(10, 28),
        codename_whole: most(&|row| words::codename_width(shared, row.source, &row.incident, true))
            .clamp(10, 42),
        name: most(&|row| match row.group {
            // What has room for words beside it may say its rule alone.
            DutyGroup::NotBefore | DutyGroup::Held if width < 100 => 0,
            _ => cells(&words::row_name(shared, row, " ")),
        })
        .clamp(11, 40),
        who: most(&|row| cells(&words::decider_within(shared, row, who_room).0)).clamp(6, 30),
    }
}

/// The columns for a window of this width: as wide as what stands in them. They do not depend on the time, so that
/// nothing moves when a clock runs.
pub fn columns(shared: &Shared, width: u16) -> Columns {
    let end = width.saturating_sub(1);
    let base = Columns {
        severity: None,
        id: 1,
        codename: None,
        name: 10,
        clock: end.saturating_sub(10),
        due: None,
        start: None,
        who: None,
        told: None,
        counted: None,
        end,
        wide: false,
        whole: false,
        short: false,
    };
    let needs = needs(shared, width);
    match width {
        100.. => wide(&needs, base, width),
        70.. => {
            let codename = 1 + needs.id + 1;
            let name = codename + needs.codename + 1;
            let who = end.saturating_sub(needs.who.min(13));
            let left = who.saturating_sub(name + CLOCK + 1);
            // Where the rule has no room beside the whole instant, that gets short.
            let short = left.saturating_sub(DUE - 1) < needs.name.min(23);
            let due = if short { 10 } else { DUE - 1 };
            let clock = name + left.saturating_sub(due).min(needs.name) + 1;
            Columns {
                codename: Some(codename),
                name,
                clock,
                due: Some(clock + CLOCK),
                who: Some(who),
                short,
                ..base
            }
        }
        56.. => {
            let codename = 1 + needs.id + 1;
            Columns {
                codename: Some(codename),
                name: codename + needs.codename + 1,
                ..base
            }
        }
        _ => base,
    }
}

fn wide(needs: &Needs, base: Columns, width: u16) -> Columns {
    let end = base.end;
    let severity = (width >= 150).then_some(1);
    let id = if severity.is_some() { 7 } else { 1 };
    let gap = if width >= 150 { 2 } else { 1 };
    let codename = id + needs.id + gap;
    let tail = |start: u16| CLOCK + DUE + start + 1 + needs.who;
    let before = |codename_width: u16| codename + codename_width + gap + needs.name + gap;
    // The latest start in full: `START PASSED 1h01m ago`.
    let whole = before(needs.codename_whole) + tail(23) <= end;
    let name = codename
        + if whole {
            needs.codename_whole
        } else {
            needs.codename
        }
        + gap;
    let room = end.saturating_sub(name + tail(14) + gap);
    let clock = name + needs.name.min(room) + gap;
    let start = clock + CLOCK + DUE;
    let left = end.saturating_sub(start + needs.who + 1);
    let who = start + left.min(30) + 1;
    let more = who + needs.who + 2;
    let counted = |from: u16| (from + 24 <= end).then_some(from);
    let told = (more + 18 + 24 <= end).then_some(more);
    Columns {
        severity,
        id,
        codename: Some(codename),
        name,
        clock,
        due: Some(clock + CLOCK),
        start: Some(start),
        who: Some(who),
        told,
        counted: counted(told.map_or(more, |told| told + 18)),
        wide: true,
        whole,
        ..base
    }
}

/// Draws a duty, or the question that stands among duties as one.
pub fn draw(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    row: Rect,
    columns: &Columns,
    duty: &DutyRow,
    selected: bool,
) {
    let (incident, live) = (&duty.incident, shared.is_live(duty.source));
    if selected {
        canvas.stand_on(Some(Role::Selected));
        canvas.clear(row, Role::Selected);
        let mark = canvas.glyphs().mark();
        canvas.text(row.x, row.y, 1, mark, Role::SelectedText);
    }
    let role = |role| if live { role } else { Role::StaleRow };
    let mut put = |from: u16, to: u16, parts: &[Part<'_>]| {
        let width = to.saturating_sub(from + 1);
        canvas.line(Rect::new(row.x + from, row.y, width, 1), parts);
    };
    if let Some(at) = columns.severity {
        let (word, severity) = words::severity(incident.severity);
        put(at, columns.id, &[Part::text(word, role(severity))]);
    }
    let mut id = vec![Part::text(incident.id.clone(), role(Role::Text))];
    if !live {
        id.push(Part::text("~", Role::Stale));
    }
    put(columns.id, columns.codename.unwrap_or(columns.name), &id);
    if let Some(at) = columns.codename {
        let mut parts = words::marks(shared, duty.source, incident, columns.whole);
        parts.push(Part::text(incident.codename.clone(), role(Role::Codename)));
        put(at, columns.name, &parts);
    }
    let room = columns.clock.saturating_sub(columns.name + 1);
    let mut name = match columns.codename {
        Some(_) => Vec::new(),
        None => words::marks(shared, duty.source, incident, false),
    };
    let left = room.saturating_sub(width_of(&name, shared.now));
    let said = words::row_name_within(shared, duty, " ", left);
    name.push(Part::text(said, role(Role::Text)));
    put(columns.name, columns.clock, &name);
    let now = shared.time(duty.source);
    match duty.view() {
        Some(view) if status_at(view, now).counts_down() => {
            counting(shared, canvas, row, columns, duty, view);
        }
        view => stating(shared, canvas, row, columns, duty, view),
    }
    canvas.stand_on(None);
}

/// A duty whose clock runs: countdown, instant, latest start, who decides.
fn counting(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    row: Rect,
    columns: &Columns,
    duty: &DutyRow,
    view: &DutyView,
) {
    let (source, incident) = (duty.source, &duty.incident);
    let (clock, holds) = words::duty_clock(shared, source, incident, view);
    canvas.redraw_at(holds);
    let mut put = |from: Option<u16>, to: u16, parts: &[Part<'_>]| {
        let Some(from) = from else { return };
        let width = to.saturating_sub(from);
        canvas.line(Rect::new(row.x + from, row.y, width, 1), parts);
    };
    let mut over = false;
    if let DutyClock::Counts { to, role } = clock {
        over = to < shared.now;
        let clock = Part::Column(LiveText::Countdown { to }, 10, Side::Left, role);
        put(Some(columns.clock), columns.clock + 10, &[clock]);
    }
    if let Some(due) = view.due_at {
        let form = if columns.short {
            Form::Short
        } else {
            Form::Dated
        };
        let at = shared.instant(source, incident, due, form);
        let to = columns.start.or(columns.who).unwrap_or(columns.end);
        put(columns.due, to - 1, &[Part::text(at, Role::Text)]);
    }
    let who = columns.who.unwrap_or(columns.end);
    if let Some(start) = columns.start {
        let room = who.saturating_sub(start + 1);
        let mut parts = match over {
            true => vec![Part::text("not recorded as sent", Role::Overdue)],
            false => start_parts(shared, duty, true),
        };
        if !over && width_of(&parts, shared.now) > room {
            parts = start_parts(shared, duty, false);
        }
        put(Some(start), who - 1, &parts);
    }
    decided_by(shared, canvas, row, columns, duty);
    rest(shared, canvas, row, columns, duty, view);
}

/// A duty without a number: what stands, and its age where somebody has to act.
fn stating(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    row: Rect,
    columns: &Columns,
    duty: &DutyRow,
    view: Option<&DutyView>,
) {
    let (source, incident) = (duty.source, &duty.incident);
    let holds = view.and_then(|view| words::duty_clock(shared, source, incident, view).1);
    canvas.redraw_at(holds);
    let (said, awaited) = said(shared, duty, view);
    let who = columns.who.unwrap_or(columns.end);
    if awaited {
        let from = shared.mono(source, duty.at);
        let age_end = match (columns.start, columns.due) {
            (Some(start), _) => start + 1,
            (None, Some(_)) => who + 1,
            (None, None) => columns.end + 1,
        };
        let age = [Part::Column(
            LiveText::Age { from },
            7,
            Side::Right,
            Role::Text,
        )];
        let age_at = age_end.saturating_sub(9);
        canvas.line(Rect::new(row.x + age_at, row.y, 7, 1), &age);
        let room = age_at.saturating_sub(columns.clock + 1);
        let mut said = said;
        if let Some(start) = columns.start
            && width_of(&said, shared.now) > room
        {
            // Why nothing is counted has more room where a latest start would stand.
            let why = Rect::new(row.x + start, row.y, who.saturating_sub(start + 1), 1);
            canvas.line(why, &said);
            said = match said.first() {
                Some(Part::Text(_, role)) => vec![Part::text("not decided", *role)],
                _ => said,
            };
            if view.is_some_and(|view| view.status == DutyStatus::Waiting) {
                said = vec![Part::text("waits", Role::Missing)];
            }
        }
        if columns.due.is_some() {
            canvas.line(Rect::new(row.x + columns.clock, row.y, room, 1), &said);
        }
        decided_by(shared, canvas, row, columns, duty);
    } else {
        let end = if columns.wide { who - 1 } else { columns.end };
        let from = match columns.due {
            Some(_) => columns.clock,
            None => columns.name,
        };
        let room = end.saturating_sub(from);
        let mut said = said;
        if width_of(&said, shared.now) > room {
            // The instant stands; how far ahead it is may go.
            said.truncate(1);
        }
        // Where the name leaves no room beside it, what stands takes its place at the end.
        let width = width_of(&said, shared.now).min(room);
        let from = if columns.due.is_some() {
            from
        } else {
            end - width
        };
        canvas.line(Rect::new(row.x + from, row.y, end - from, 1), &said);
        if columns.wide {
            decided_by(shared, canvas, row, columns, duty);
        }
    }
    if let Some(view) = view {
        rest(shared, canvas, row, columns, duty, view);
    }
}

/// What is said of a duty without a number, and whether somebody waits for it.
fn said(shared: &Shared, duty: &DutyRow, view: Option<&DutyView>) -> (Vec<Part<'static>>, bool) {
    use DutyStatus as D;
    let (source, incident) = (duty.source, &duty.incident);
    let Some(view) = view else {
        return (vec![Part::text(known_by(incident), Role::Missing)], true);
    };
    let now = shared.time(source);
    let status = status_at(view, now);
    let role = words::duty_role(view, status, now);
    let text = |text: String| vec![Part::text(text, role)];
    let dated = |at| shared.instant(source, incident, at, Form::Dated);
    let because = view
        .because
        .as_deref()
        .filter(|_| !words::is_hidden(shared, view) && !shared.options.mask);
    let with_reason = |words: &str| match because {
        Some(because) => format!("{words}: {because}"),
        None => words.to_owned(),
    };
    match status {
        D::Undecided => (text(because.unwrap_or("not decided").to_owned()), true),
        D::CalendarUnknown => (text("calendar unknown".to_owned()), true),
        D::Waiting => {
            // What a restricted duty waits for says which one it is.
            let told = view.trigger.as_deref();
            let told = told.filter(|_| !words::is_hidden(shared, view));
            let trigger = words::trigger(told.unwrap_or("trigger"));
            (text(format!("{trigger} not set")), true)
        }
        D::NoFixedLimit if !view.met_by.is_empty() => (text("not met".to_owned()), true),
        D::NoFixedLimit => (text("not recorded".to_owned()), true),
        D::Embargo => {
            let Some(due) = view.due_at else {
                return (text("not yet".to_owned()), false);
            };
            let to = shared.mono(source, due);
            let mut parts = text(format!("NOT BEFORE {}", dated(due)));
            parts.push(Part::text(", ", role));
            parts.push(Part::Live(LiveText::Until { to }, role));
            (parts, false)
        }
        D::Held => {
            let until = view.hold.as_ref().and_then(|hold| hold.until);
            let words = match until {
                Some(until) => format!("HELD to {}, then due", dated(until)),
                None => "HELD until released".to_owned(),
            };
            (text(words), false)
        }
        D::Met => {
            let at = view.submitted_at.or(view.met_at).map(dated);
            let at = at.unwrap_or_default();
            let how = match view.outcome.as_deref() {
                _ if view.met_at.is_some() => "met",
                Some("between_due_and_limit") => "sent after first reading",
                Some("late") => "sent late",
                _ => "sent",
            };
            (text(format!("{how} {at}").trim_end().to_owned()), false)
        }
        D::NotRequired => (text(with_reason("does not apply")), false),
        D::Decided => (text(with_reason("decided: no notice")), false),
        D::NotInForce => (text(with_reason("not in force")), false),
        D::Provisional | D::Running | D::PastDue | D::Overdue => {
            (text("no instant".to_owned()), false)
        }
    }
}

fn decided_by(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    row: Rect,
    columns: &Columns,
    duty: &DutyRow,
) {
    let Some(at) = columns.who else {
        return;
    };
    if duty.view().is_some_and(|view| view.status.is_finished()) {
        return;
    }
    let end = columns.told.or(columns.counted).unwrap_or(columns.end + 1);
    let room = end.saturating_sub(at + 1);
    let (who, role) = words::decider_within(shared, duty, room);
    canvas.text(row.x + at, row.y, room, &who, role);
}

/// Where there is very much room: how many are told, and what it is counted from.
fn rest(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    row: Rect,
    columns: &Columns,
    duty: &DutyRow,
    view: &DutyView,
) {
    let end = columns.end;
    if let (Some(at), Some(told)) = (columns.told, view.told) {
        let room = columns.counted.unwrap_or(end).saturating_sub(at + 1);
        let text = format!(
            "told {} of {}",
            words::number(told.done),
            words::number(told.of)
        );
        canvas.text(row.x + at, row.y, room, &text, Role::Text);
    }
    let Some(at) = columns.counted else {
        return;
    };
    let from = view
        .counted_from
        .unwrap_or_else(|| known_since(&duty.incident));
    let from = shared.instant(duty.source, &duty.incident, from, Form::Dated);
    let trigger = match (view.counted_from, view.trigger.as_deref()) {
        (Some(_), Some(trigger)) => words::trigger(trigger),
        _ => return,
    };
    let text = format!("{trigger} {from}");
    canvas.text(row.x + at, row.y, end.saturating_sub(at), &text, Role::Dim);
}
