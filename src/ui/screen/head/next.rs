//! NEXT: the nearest duties, the oldest missing decision, the oldest unsent duty without a number; a line each, with the
//! instant, the latest start and who decides.

use ratatui::layout::Rect;

use crate::domain::instant::Mono;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{DutyRow, known_by, known_since};
use crate::ui::live::{LiveText, Side};
use crate::ui::phrase::Form;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// The duties of the head: the nearest that run, the oldest missing decision, the oldest unsent without a number.
pub(super) fn rows(shared: &Shared, area: Rect) -> Vec<&DutyRow> {
    let world = &shared.index.world;
    let most = usize::from((area.height.saturating_sub(12) / 6).clamp(1, 6));
    let mut rows: Vec<&DutyRow> = world.running.iter().take(most).collect();
    rows.extend(world.missing.first());
    if area.height >= 30 {
        // A question nobody answers does not hide a duty nobody decides, nor the other way round.
        let asks = world.missing.first().map(|row| row.duty.is_none());
        let mut others = world.missing.iter();
        rows.extend(others.find(|row| Some(row.duty.is_none()) != asks));
    }
    if area.height >= 20 {
        rows.extend(world.unnumbered.first());
    }
    // Drills never stand before real duties.
    rows.sort_by_key(|row| row.incident.exercise);
    rows
}

/// Where the columns begin; without a place, one is not shown.
pub(super) struct Columns {
    id: Option<u16>,
    what: u16,
    when: u16,
    start: u16,
    who: u16,
    /// Drills are marked with the whole word.
    whole: bool,
    /// Words are written out.
    wide: bool,
}

/// Where the codename begins.
const NAME: u16 = 11;

/// The widths of what the rows say, in cells.
struct Widths {
    what: u16,
    when: u16,
    start: u16,
    who: u16,
}

/// The columns for these rows in so many cells: each as wide as what stands in it. Where all has no room, the id goes,
/// then the word that marks a drill gets short; what is due is cut last.
pub(super) fn columns(shared: &Shared, rows: &[&DutyRow], width: u16) -> Option<Columns> {
    if width < 70 {
        return None;
    }
    let wide = width >= 98;
    let most = |of: &dyn Fn(&DutyRow) -> u16| rows.iter().map(|row| of(row)).max().unwrap_or(0);
    let cells = |text: &str| u16::try_from(crate::domain::text::width(text)).unwrap_or(u16::MAX);
    let between = if wide { ", " } else { " " };
    let gap = if wide { 2 } else { 1 };
    let widths = Widths {
        what: most(&|row| cells(&words::row_name(shared, row, between))),
        when: most(&|row| due(shared, row, wide).map_or(0, |text| cells(&text))),
        start: most(&|row| start_width(row, wide)),
        who: match wide {
            true => most(&|row| cells(&words::decider_within(shared, row, u16::MAX).0)),
            false => most(&|row| cells(&words::decider_within(shared, row, 12).0)),
        },
    };
    let id = most(&|row| cells(&row.incident.id));
    let name = |whole| {
        most(&|row| {
            let stale = u16::from(!shared.is_live(row.source));
            words::codename_width(shared, row.source, &row.incident, whole) + stale
        })
    };
    let needs = |whole: bool, id: u16, widths: &Widths| {
        let id = if id > 0 { id + gap } else { 0 };
        let due = widths.when + gap + widths.start + gap;
        NAME + name(whole) + gap + id + widths.what + gap + due + widths.who
    };
    let nobody = |widths: Widths| Widths {
        who: widths.who.min(14),
        ..widths
    };
    let mut widths = widths;
    let mut forms = [(true, id), (true, 0), (false, 0)].into_iter();
    let fits = |widths: &Widths| {
        let mut forms = forms.clone().skip(if wide { 0 } else { 2 });
        forms.find(|(whole, id)| needs(*whole, *id, widths) <= width)
    };
    let mut form = fits(&widths);
    if form.is_none() || (wide && form.is_some_and(|(_, id)| id == 0)) {
        widths = nobody(widths);
        form = fits(&widths);
    }
    let (whole, id) = form.or_else(|| forms.nth(2)).unwrap_or((false, 0));
    // What is over goes to the gaps between the columns, up to what an eye still follows.
    let over = width.saturating_sub(needs(whole, id, &widths));
    let air = (over / 5).min(if wide { 3 } else { 1 });
    let gap = gap + air;
    let what_at = match id {
        0 => NAME + name(whole) + gap,
        id => NAME + name(whole) + gap + id + gap,
    };
    let who = match over > 0 || wide {
        true => width.saturating_sub(widths.who),
        false => width.saturating_sub(widths.who.max(6)),
    };
    // A row with a longer name than there is room for says its rule alone.
    let fixed = what_at + gap + widths.when + gap + widths.who;
    let what = widths.what.min(width.saturating_sub(fixed));
    let when = what_at + what + gap;
    let start = when + widths.when + gap;
    let who = match wide {
        true => who.min(start + widths.start.max(34) + gap),
        false => who,
    };
    Some(Columns {
        id: (id > 0).then_some(NAME + name(whole) + gap),
        what: what_at,
        when,
        start,
        who,
        whole,
        wide,
    })
}

/// `by Mon 16:49 UTC`, where a clock runs.
fn due(shared: &Shared, row: &DutyRow, wide: bool) -> Option<String> {
    let duty = row.view()?;
    let (source, incident) = (row.source, &row.incident);
    let (clock, _) = words::duty_clock(shared, source, incident, duty);
    let runs = matches!(clock, words::DutyClock::Counts { .. });
    let at = duty.due_at.filter(|_| runs)?;
    let form = if wide { Form::Weekday } else { Form::Short };
    let at = shared.instant(source, incident, at, form);
    Some(format!("by {at}"))
}

/// What `start_parts` needs, whatever the time is: a column does not move when a clock runs.
fn start_width(row: &DutyRow, wide: bool) -> u16 {
    let set = row.view().map(|duty| duty.latest_start_at.is_some());
    match (set, wide) {
        (None, _) => 0,
        (Some(true), true) => 22,
        (Some(_), _) => 13,
    }
}

pub(super) fn draw(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    row: Rect,
    next: &DutyRow,
    columns: Option<&Columns>,
) {
    let incident = &next.incident;
    let (clock, holds) = clock_parts(shared, next);
    canvas.redraw_at(holds);
    let mut parts = clock;
    parts.push(Part::Tab(NAME));
    let whole = columns.is_some_and(|columns| columns.whole);
    parts.extend(words::marks(shared, next.source, incident, whole));
    parts.push(Part::text(incident.codename.clone(), Role::Codename));
    if !shared.is_live(next.source) {
        parts.push(Part::text("~", Role::Stale));
    }
    parts.push(Part::text(" ", Role::Text));
    let Some(columns) = columns else {
        parts.push(Part::Tab(24));
        let used = width_of(&parts, shared.now).max(24);
        parts.extend(match due(shared, next, false) {
            Some(by) => vec![Part::text(by, Role::Text)],
            None => what_parts(shared, next, " ", row.width.saturating_sub(used)),
        });
        canvas.line(row, &parts);
        return;
    };
    if let Some(id) = columns.id {
        parts.push(Part::Tab(id));
        parts.push(Part::text(incident.id.clone(), Role::Text));
    }
    canvas.line(
        Rect {
            width: columns.what - 1,
            ..row
        },
        &parts,
    );
    let put = |canvas: &mut Canvas<'_>, from: u16, to: u16, parts: &[Part<'_>]| {
        let room = to.saturating_sub(from + 1);
        canvas.line(Rect::new(row.x + from, row.y, room, 1), parts);
    };
    let between = if columns.wide { ", " } else { " " };
    let room = columns.when.saturating_sub(columns.what + 1);
    let what = what_parts(shared, next, between, room);
    put(canvas, columns.what, columns.when, &what);
    match due(shared, next, columns.wide) {
        Some(by) => {
            let by = Part::text(by, Role::Text);
            put(canvas, columns.when, columns.start, &[by]);
            let room = columns.who.saturating_sub(columns.start + 1);
            let forms = [columns.wide, false].into_iter();
            let start = forms
                .map(|wide| start_parts(shared, next, wide))
                .find(|start| canvas.fits(start, room));
            if let Some(start) = start {
                put(canvas, columns.start, columns.who, &start);
            }
        }
        None => {
            let room = columns.who.saturating_sub(columns.when + 1);
            let when = waits_parts(shared, next, columns.wide, room);
            put(canvas, columns.when, columns.who, &when);
        }
    }
    let room = row.width.saturating_sub(columns.who);
    let (who, role) = words::decider_within(shared, next, room);
    canvas.text(row.x + columns.who, row.y, room, &who, role);
}

fn clock_parts(shared: &Shared, next: &DutyRow) -> (Vec<Part<'static>>, Option<Mono>) {
    let none = || vec![Part::text("no clock", Role::NoClock)];
    let Some(duty) = next.view() else {
        return (none(), None);
    };
    let (clock, holds) = words::duty_clock(shared, next.source, &next.incident, duty);
    match clock {
        words::DutyClock::Counts { to, role } => (
            vec![Part::Column(
                LiveText::Countdown { to },
                10,
                Side::Left,
                role,
            )],
            holds,
        ),
        _ => (none(), holds),
    }
}

fn what_parts(shared: &Shared, next: &DutyRow, between: &str, room: u16) -> Vec<Part<'static>> {
    let role = match next.view() {
        Some(_) => Role::Text,
        None => Role::Missing,
    };
    let name = words::row_name_within(shared, next, between, room);
    vec![Part::text(name, role)]
}

/// Since when an answer is awaited. Where a source is not live and there is room, from when that is.
fn waits_parts(shared: &Shared, next: &DutyRow, wide: bool, room: u16) -> Vec<Part<'static>> {
    let (source, incident) = (next.source, &next.incident);
    let clock = next
        .view()
        .map(|duty| words::duty_clock(shared, source, incident, duty).0);
    let mut parts = match clock {
        None => {
            let from = shared.mono(source, known_since(incident));
            let mut parts = vec![
                Part::text(format!("{} ", known_by(incident)), Role::Text),
                Part::Live(LiveText::Age { from }, Role::Missing),
            ];
            let rest = Part::text(" ago, nobody has answered", Role::Text);
            if wide && width_of(&parts, shared.now) + rest.width(shared.now) <= room {
                parts.push(rest);
            }
            parts
        }
        Some(words::DutyClock::Waits { words, from, role }) => {
            let words = match words.strip_suffix(" as sent") {
                Some(short) if !wide => short.to_owned(),
                _ => words,
            };
            vec![
                Part::text(format!("{words} "), role),
                Part::Live(LiveText::Age { from }, role),
            ]
        }
        Some(words::DutyClock::Words { text, role }) => vec![Part::text(text, role)],
        Some(words::DutyClock::Counts { .. }) => Vec::new(),
    };
    let as_of = shared
        .source(source)
        .filter(|_| !shared.is_live(source))
        .and_then(|source| source.as_of);
    if let Some(at) = as_of {
        let at = shared.instant(source, incident, at, Form::Short);
        let text = Part::text(format!(", as of {at}"), Role::Stale);
        if width_of(&parts, shared.now) + text.width(shared.now) <= room {
            parts.push(text);
        }
    }
    parts
}

/// The latest start in words: `start by 14:19, in 11m`, `START PASSED 1h01m ago`, `start not set`.
pub fn start_parts(shared: &Shared, next: &DutyRow, wide: bool) -> Vec<Part<'static>> {
    let source = next.source;
    let Some(start) = next.view().and_then(|duty| duty.latest_start_at) else {
        return vec![Part::text("start not set", Role::Dim)];
    };
    let to = shared.mono(source, start);
    if to < shared.now {
        let mut parts = vec![Part::text("START PASSED", Role::StartPassed)];
        if wide {
            parts.push(Part::text(" ", Role::StartPassed));
            parts.push(Part::Live(LiveText::Since { from: to }, Role::StartPassed));
            parts.push(Part::text(" ago", Role::StartPassed));
        }
        return parts;
    }
    let at = shared.instant(source, &next.incident, start, Form::Short);
    match wide {
        true => vec![
            Part::text(format!("start by {at}, "), Role::Text),
            Part::Live(LiveText::Until { to }, Role::DueSoon),
        ],
        false => vec![Part::text(format!("start {at}"), Role::Text)],
    }
}
