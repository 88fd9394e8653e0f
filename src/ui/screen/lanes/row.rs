//! The narrow form: one row an incident under phase rules; and what an incident's row says of its duty and its people.

use ratatui::layout::Rect;

use super::Lanes;
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::IncidentView;
use crate::domain::word::{Answer, Phase, Reportable};
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{LANES, Row, asks_reportable, known_since, nearest};
use crate::ui::live::{LiveText, Side};
use crate::ui::phrase::Form;
use crate::ui::screen::words::{self, DutyClock};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Draws the slice of all lanes that is seen.
pub fn draw(lanes: &Lanes, shared: &Shared, canvas: &mut Canvas<'_>, body: Rect) {
    let mut line = lanes.first_line;
    let mut y = body.y;
    for (phase, rows) in LANES.iter().zip(&shared.index.lanes) {
        if y >= body.bottom() {
            break;
        }
        if line > rows.len() {
            line -= rows.len() + 1;
            continue;
        }
        if line == 0 {
            rule(
                canvas,
                Rect::new(body.x, y, body.width, 1),
                *phase,
                rows.len(),
            );
            y += 1;
            line = 1;
        }
        let room = usize::from(body.bottom().saturating_sub(y));
        for row in rows.iter().skip(line.saturating_sub(1)).take(room) {
            draw_row(
                lanes,
                shared,
                canvas,
                Rect::new(body.x, y, body.width, 1),
                row,
            );
            y += 1;
        }
        line = 0;
    }
    let all: usize = shared.index.lanes.iter().map(|rows| rows.len() + 1).sum();
    let bar = Rect::new(body.right().saturating_sub(1), body.y, 1, body.height);
    canvas.scroll_bar(bar, lanes.first_line, usize::from(body.height), all);
}

fn rule(canvas: &mut Canvas<'_>, row: Rect, phase: Phase, count: usize) {
    let long = phase.title().to_uppercase().replace(" AND ", " & ");
    let name = if row.width >= 60 {
        long
    } else {
        phase.short().to_uppercase()
    };
    canvas.rule(row.x, row.y, row.width);
    canvas.text(row.x, row.y, 1, " ", Role::Text);
    let label = format!("{name} {count} ");
    canvas.text(
        row.x + 1,
        row.y,
        row.width.saturating_sub(1),
        &label,
        Role::Lane,
    );
    if phase == Phase::DetectionAndAnalysis && row.width >= 60 {
        let loops = format!(" {} loops ", canvas.glyphs().loops());
        let wide = u16::try_from(crate::domain::text::width(&loops)).unwrap_or_default();
        canvas.text(
            row.right().saturating_sub(wide + 4),
            row.y,
            wide,
            &loops,
            Role::Lane,
        );
    }
}

fn draw_row(lanes: &Lanes, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect, row: &Row) {
    let incident = &row.incident;
    let live = shared.is_live(row.source);
    if lanes.is_selected(shared, row) {
        canvas.stand_on(Some(Role::Selected));
        canvas.clear(area, Role::Selected);
        canvas.text(
            area.x,
            area.y,
            1,
            canvas.glyphs().mark(),
            Role::SelectedText,
        );
    }
    let text = if live { Role::Text } else { Role::StaleRow };
    let (severity, role) = words::severity(incident.severity);
    let wide = area.width >= 72;
    let mut parts = vec![
        Part::Gap(1),
        Part::text(severity, if live { role } else { Role::StaleRow }),
        Part::Tab(6),
        Part::text(incident.id.clone(), text),
    ];
    if !live {
        parts.push(Part::text("~", Role::Stale));
    }
    parts.push(Part::Tab(14));
    if incident.exercise {
        parts.push(Part::text("EX ", Role::Exercise));
    }
    parts.push(Part::text(
        incident.codename.clone(),
        if live { Role::Codename } else { Role::StaleRow },
    ));
    let head = Rect {
        width: 27.min(area.width),
        ..area
    };
    canvas.line(head, &parts);
    let mut at = 27;
    if wide {
        let since = LiveText::Since {
            from: shared.mono(row.source, incident.phase_since),
        };
        let pass = match incident.pass {
            0 | 1 => String::new(),
            n => format!("p{n}"),
        };
        canvas.text(area.x + at, area.y, 2, &pass, text);
        canvas.line(
            Rect::new(area.x + at + 2, area.y, 6, 1),
            &[Part::Column(since, 6, Side::Right, text)],
        );
        at += 9;
    }
    let (clock, what, holds) = clock_and_what(shared, row);
    canvas.redraw_at(holds);
    canvas.line(
        Rect::new(
            area.x + at,
            area.y,
            10.min(area.width.saturating_sub(at)),
            1,
        ),
        &clock,
    );
    at += 11;
    if wide {
        // Where no clock stands its column is free.
        let free = if clock.is_empty() { 11 } else { 0 };
        canvas.text(area.x + at - free, area.y, 11 + free, &what.0, what.1);
        at += 12;
        let room = Rect::new(area.x + at, area.y, area.width.saturating_sub(at), 1);
        canvas.line(room, &people_within(shared, row, room.width));
    }
    canvas.stand_on(None);
}

/// In a column of ten cells the clock, in another what it is for.
fn clock_and_what(
    shared: &Shared,
    row: &Row,
) -> (Vec<Part<'static>>, (String, Role), Option<Mono>) {
    let incident = &row.incident;
    if let Some(duty) = nearest(incident) {
        let (clock, holds) = words::duty_clock(shared, row.source, incident, duty);
        if let DutyClock::Counts { to, role } = clock {
            let clock = vec![Part::Column(
                LiveText::Countdown { to },
                10,
                Side::Left,
                role,
            )];
            let what = if words::is_hidden(shared, duty) {
                "restricted".to_owned()
            } else {
                duty.to.clone()
            };
            return (clock, (what, Role::Text), holds);
        }
    }
    let none = |what: &str, role| {
        (
            vec![Part::text("no clock", Role::NoClock)],
            (what.to_owned(), role),
            None,
        )
    };
    match state(incident) {
        State::Asks => none("reportable?", Role::Missing),
        State::DecisionMissing => none("undecided", Role::Missing),
        State::Unsent => none("not sent", Role::NoClock),
        State::Later(_) => none("not before", Role::Embargo),
        State::Held(_) => none("held", Role::Held),
        State::Settled(words) => (Vec::new(), (words.to_owned(), Role::Dim), None),
    }
}

/// What stands where no clock runs.
enum State {
    Asks,
    DecisionMissing,
    Unsent,
    /// Telling is not allowed before an instant.
    Later(Option<Instant>),
    /// An authority holds it, until an instant if one was named.
    Held(Option<Instant>),
    Settled(&'static str),
}

fn state(incident: &IncidentView) -> State {
    use crate::domain::word::DutyStatus as D;
    let find = |status: D| {
        let mut duties = incident.duties.iter();
        duties.find(|duty| duty.enabled && duty.status == status)
    };
    let has = |status: D| find(status).is_some();
    if has(D::Undecided) || has(D::CalendarUnknown) {
        State::DecisionMissing
    } else if asks_reportable(incident) {
        State::Asks
    } else if incident.reportable == Reportable::Declared && has(D::NoFixedLimit) {
        State::Unsent
    } else if let Some(duty) = find(D::Embargo) {
        State::Later(duty.due_at)
    } else if let Some(duty) = find(D::Held) {
        State::Held(duty.hold.as_ref().and_then(|hold| hold.until))
    } else if incident.reportable == Reportable::No {
        State::Settled("not reportable")
    } else if incident.reportable == Reportable::Declared {
        State::Settled("all sent")
    } else {
        State::Settled("nothing due")
    }
}

/// What a card says of the nearest duty: `T-02:41 customers`, `reportable? aware 5h02m`, `nothing due`.
pub fn duty_parts(shared: &Shared, row: &Row) -> (Vec<Part<'static>>, Option<Mono>) {
    let incident = &row.incident;
    let dated = |words: &str, at: Option<Instant>| match at {
        Some(at) => {
            let at = shared.instant(row.source, incident, at, Form::Dated);
            format!("{words} {at}")
        }
        None => words.to_owned(),
    };
    let mut parts = Vec::new();
    let mut holds = None;
    if let Some(duty) = nearest(incident) {
        let (clock, until) = words::duty_clock(shared, row.source, incident, duty);
        parts = clock.parts();
        let to = if words::is_hidden(shared, duty) {
            "restricted"
        } else {
            &duty.to
        };
        parts.push(Part::text(format!(" {to}"), Role::Text));
        holds = until;
    } else {
        let from = shared.mono(row.source, known_since(incident));
        match state(incident) {
            State::Asks => {
                parts.push(Part::text("reportable? aware ", Role::Missing));
                parts.push(Part::Live(LiveText::Age { from }, Role::Missing));
            }
            State::DecisionMissing => parts.push(Part::text("decision missing", Role::Missing)),
            State::Unsent => {
                parts.push(Part::text("not recorded as sent ", Role::NoClock));
                parts.push(Part::Live(LiveText::Age { from }, Role::NoClock));
            }
            State::Later(at) => parts.push(Part::text(dated("NOT BEFORE", at), Role::Embargo)),
            State::Held(until) => {
                let words = if until.is_some() { "held to" } else { "held" };
                parts.push(Part::text(dated(words, until), Role::Held));
            }
            State::Settled(words) => parts.push(Part::text(words, Role::Dim)),
        }
    }
    (parts, holds)
}

/// From when a row is whose source is not live: `STALE, as of 14:03`.
pub fn stale_part(shared: &Shared, row: &Row) -> Option<Part<'static>> {
    let source = shared
        .source(row.source)
        .filter(|_| !shared.is_live(row.source))?;
    let at = shared.instant(row.source, &row.incident, source.as_of?, Form::Short);
    let word = shared.freshness(row.source).word();
    Some(Part::text(format!("{word}, as of {at}"), Role::Stale))
}

/// Who has it, as much as has room: the service lead's name goes first, then the pages.
pub fn people_within(shared: &Shared, row: &Row, room: u16) -> Vec<Part<'static>> {
    [(true, true), (false, true), (false, false)]
        .into_iter()
        .map(|(lead, pages)| people_parts(shared, row, lead, pages))
        .find(|parts| width_of(parts, shared.now) <= room)
        .unwrap_or_else(|| people_parts(shared, row, false, false))
}

/// Who has it: commander, service lead, pages that wait. A vacancy is a word in capitals; what is hidden from this
/// reader is not a vacancy. A service lead is named only with `lead`, pages are told only with `pages`.
pub fn people_parts(shared: &Shared, row: &Row, lead: bool, pages: bool) -> Vec<Part<'static>> {
    let incident = &row.incident;
    let masked = if shared.glyphs.ascii { "##" } else { "▒▒" };
    let hidden = |field: &str| incident.is_masked(field) || shared.options.mask;
    let mut parts = Vec::new();
    match &incident.commander {
        Some(_) if shared.options.mask => parts.push(Part::text("commander", Role::Text)),
        Some(person) => parts.push(Part::text(person.clone(), Role::Text)),
        None if incident.is_masked("commander") => parts.push(Part::text(masked, Role::Masked)),
        None => parts.push(Part::text("NO COMMANDER", Role::Vacant)),
    }
    match &incident.service_lead {
        Some(person) if lead && !hidden("service_lead") => {
            parts.push(Part::text(" · svc ", Role::Dim));
            parts.push(Part::text(person.clone(), Role::Text));
        }
        None if !incident.is_masked("service_lead") => {
            parts.push(Part::text(" · svc ", Role::Dim));
            parts.push(Part::text("VACANT", Role::Vacant));
        }
        _ => {}
    }
    if !pages {
        return parts;
    }
    let waits = incident
        .pages
        .iter()
        .filter(|page| page.state.is_open())
        .count();
    if waits > 0 {
        parts.push(Part::text(" · ", Role::Dim));
        parts.push(Part::text(
            format!("{waits} no answer"),
            Role::PageUnanswered,
        ));
    }
    let coming = incident
        .pages
        .iter()
        .filter(|page| page.answer == Some(Answer::Coming))
        .count();
    if coming > 0 {
        parts.push(Part::text(
            format!(" · {coming} coming"),
            Role::PageAcknowledged,
        ));
    }
    parts
}
