//! The narrow form: one row an incident under phase rules; and what an incident's row says of its duty and its people.

use ratatui::layout::Rect;

use super::Lanes;
use crate::domain::instant::Mono;
use crate::domain::view::IncidentView;
use crate::domain::word::{Answer, Phase, Reportable};
use crate::ui::canvas::{Canvas, Part};
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
        if line > rows.len() {
            line -= rows.len() + 1;
            continue;
        }
        if line == 0 && y < body.bottom() {
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
    parts.push(Part::Tab(15));
    if incident.exercise {
        parts.push(Part::text("EX ", Role::Exercise));
    }
    parts.push(Part::text(
        incident.codename.clone(),
        if live { Role::Codename } else { Role::StaleRow },
    ));
    let head = Rect {
        width: 29.min(area.width),
        ..area
    };
    canvas.line(head, &parts);
    let mut at = 29;
    if wide {
        let pass = if incident.pass > 1 {
            format!("p{}", incident.pass)
        } else {
            String::new()
        };
        canvas.text(area.x + at, area.y, 3, &pass, text);
        let since = LiveText::Since {
            from: shared.mono(row.source, incident.phase_since),
        };
        canvas.line(
            Rect::new(area.x + at + 3, area.y, 6, 1),
            &[Part::Column(since, 6, Side::Right, text)],
        );
        at += 11;
    }
    let (clock, what, holds) = clock_and_what(shared, row);
    canvas.redraw_at(holds);
    canvas.line(
        Rect::new(area.x + at, area.y, 9.min(area.width.saturating_sub(at)), 1),
        &clock,
    );
    at += 10;
    if wide {
        canvas.text(area.x + at, area.y, 11, &what.0, what.1);
        at += 12;
        let room = Rect::new(area.x + at, area.y, area.width.saturating_sub(at + 1), 1);
        canvas.line(room, &people_parts(shared, row));
    }
    canvas.stand_on(None);
}

/// In a column of nine cells the clock, in another what it is for.
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
                9,
                Side::Left,
                role,
            )];
            let what = if duty.restricted {
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
    match state_words(incident) {
        State::Asks => none("reportable?", Role::Missing),
        State::DecisionMissing => none("undecided", Role::Missing),
        State::Unsent => none("not sent", Role::NoClock),
        State::Settled(words) => (Vec::new(), (words.to_owned(), Role::Dim), None),
    }
}

/// What stands where no clock runs.
enum State {
    Asks,
    DecisionMissing,
    Unsent,
    Settled(&'static str),
}

fn state_words(incident: &IncidentView) -> State {
    use crate::domain::word::DutyStatus as D;
    let has = |status: D| {
        incident
            .duties
            .iter()
            .any(|duty| duty.enabled && duty.status == status)
    };
    if has(D::Undecided) || has(D::CalendarUnknown) {
        State::DecisionMissing
    } else if asks_reportable(incident) {
        State::Asks
    } else if incident.reportable == Reportable::Declared && has(D::NoFixedLimit) {
        State::Unsent
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
    let stale = || {
        let as_of = shared.source(row.source).and_then(|source| source.as_of)?;
        let fresh = shared.freshness(row.source);
        let at = shared.instant(row.source, incident, as_of, Form::Short);
        (!shared.is_live(row.source))
            .then(|| Part::text(format!(" · {}, as of {at}", fresh.word()), Role::Stale))
    };
    let mut parts = Vec::new();
    let mut holds = None;
    if let Some(duty) = nearest(incident) {
        let (clock, until) = words::duty_clock(shared, row.source, incident, duty);
        parts = clock.parts();
        let to = if duty.restricted {
            "restricted"
        } else {
            &duty.to
        };
        parts.push(Part::text(format!(" {to}"), Role::Text));
        holds = until;
    } else {
        let from = shared.mono(row.source, known_since(incident));
        match state_words(incident) {
            State::Asks => {
                parts.push(Part::text("reportable? aware ", Role::Missing));
                parts.push(Part::Live(LiveText::Age { from }, Role::Missing));
            }
            State::DecisionMissing => parts.push(Part::text("decision missing", Role::Missing)),
            State::Unsent => {
                parts.push(Part::text("not recorded as sent ", Role::NoClock));
                parts.push(Part::Live(LiveText::Age { from }, Role::NoClock));
            }
            State::Settled(words) => parts.push(Part::text(words, Role::Dim)),
        }
    }
    parts.extend(stale());
    (parts, holds)
}

/// Who has it: commander, service lead, pages that wait. A vacancy is a word in capitals; what is hidden from this
/// reader is not a vacancy.
pub fn people_parts(shared: &Shared, row: &Row) -> Vec<Part<'static>> {
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
        Some(person) if !hidden("service_lead") => {
            parts.push(Part::text(" · svc ", Role::Dim));
            parts.push(Part::text(person.clone(), Role::Text));
        }
        None if !incident.is_masked("service_lead") => {
            parts.push(Part::text(" · svc ", Role::Dim));
            parts.push(Part::text("VACANT", Role::Vacant));
        }
        _ => {}
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
