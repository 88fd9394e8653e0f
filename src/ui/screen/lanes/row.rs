//! The narrow form: one row an incident under phase rules; and what an incident's row says of its duty and its people.

use ratatui::layout::Rect;

use super::Lanes;
use crate::domain::instant::{Instant, Mono};
use crate::domain::view::IncidentView;
use crate::domain::word::{Answer, PageState, Phase, Reportable};
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{LANES, Row, asks_reportable, known_by, known_since, nearest};
use crate::ui::live::{LiveText, Side};
use crate::ui::phrase::Form;
use crate::ui::screen::head::known;
use crate::ui::screen::words::{self, DutyClock};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Draws the slice of all lanes that is seen.
pub fn draw(lanes: &Lanes, shared: &Shared, canvas: &mut Canvas<'_>, body: Rect) {
    let columns = columns(shared, body.width);
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
            let count = known(shared).count(rows.len());
            let row = Rect::new(body.x, y, body.width, 1);
            rule(canvas, row, *phase, &count);
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
                &columns,
            );
            y += 1;
        }
        line = 0;
    }
    let all: usize = shared.index.lanes.iter().map(|rows| rows.len() + 1).sum();
    let bar = Rect::new(body.right().saturating_sub(1), body.y, 1, body.height);
    canvas.scroll_bar(bar, lanes.first_line, usize::from(body.height), all);
}

fn rule(canvas: &mut Canvas<'_>, row: Rect, phase: Phase, count: &str) {
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

/// Where the columns begin: each is as wide as what stands in it, as far as is looked.
struct Columns {
    name: u16,
    /// Pass and time in the phase; not where it is narrow.
    since: Option<u16>,
    clock: u16,
    what: u16,
    people: u16,
}

/// How many incidents of a lane are looked at for the width of a column.
const LOOKED_AT: usize = 200;
/// Where the id begins.
const ID: u16 = 6;

fn columns(shared: &Shared, width: u16) -> Columns {
    let rows = || {
        shared
            .index
            .lanes
            .iter()
            .flat_map(|rows| rows.iter().take(LOOKED_AT))
    };
    let most = |of: &dyn Fn(&Row) -> u16| rows().map(of).max().unwrap_or(0);
    let cells = |text: &str| u16::try_from(crate::domain::text::width(text)).unwrap_or(u16::MAX);
    let id = most(&|row| cells(&row.incident.id) + u16::from(!shared.is_live(row.source)));
    let name = ID + id.clamp(6, 16) + 1;
    let named = most(&|row| words::codename_width(shared, row.source, &row.incident, false));
    if width < 72 {
        let named = named.min(width.saturating_sub(name + 11));
        let clock = name + named + 1;
        let (what, people) = (width, width);
        return Columns {
            name,
            since: None,
            clock,
            what,
            people,
        };
    }
    let to = most(&|row| nearest(&row.incident).map_or(0, |duty| cells(&words::recipient(duty))));
    let since = name + named.clamp(12, 24) + 1;
    // Pass, the time in the phase and a gap take ten cells.
    let clock = since + 10;
    let what = clock + 10;
    let people = what + to.clamp(10, 14) + 1;
    Columns {
        name,
        since: Some(since),
        clock,
        what,
        people,
    }
}

fn draw_row(
    lanes: &Lanes,
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    area: Rect,
    row: &Row,
    columns: &Columns,
) {
    let incident = &row.incident;
    let live = shared.is_live(row.source);
    if lanes.is_selected(shared, row) {
        canvas.stand_on(Some(Role::Selected));
        canvas.clear(area, Role::Selected);
        let mark = canvas.glyphs().mark();
        canvas.text(area.x, area.y, 1, mark, Role::SelectedText);
    }
    let role = |role| if live { role } else { Role::StaleRow };
    let text = role(Role::Text);
    let (severity, severity_role) = words::severity(incident.severity);
    let mut parts = vec![
        Part::Gap(1),
        Part::text(severity, role(severity_role)),
        Part::Tab(ID),
        Part::text(incident.id.clone(), text),
    ];
    if !live {
        parts.push(Part::text("~", Role::Stale));
    }
    parts.push(Part::Tab(columns.name));
    parts.extend(words::marks(shared, row.source, incident, false));
    parts.push(Part::text(incident.codename.clone(), role(Role::Codename)));
    let put = |canvas: &mut Canvas<'_>, from: u16, to: u16, parts: &[Part<'_>]| {
        let room = to.min(area.width).saturating_sub(from);
        canvas.line(Rect::new(area.x + from, area.y, room, 1), parts);
    };
    put(
        canvas,
        0,
        columns.since.unwrap_or(columns.clock) - 1,
        &parts,
    );
    if let Some(at) = columns.since {
        let from = shared.mono(row.source, incident.phase_since);
        let pass = match incident.pass {
            0 | 1 => String::new(),
            n => format!("p{n}"),
        };
        put(canvas, at, at + 2, &[Part::text(pass, text)]);
        let since = Part::Column(LiveText::Since { from }, 6, Side::Right, text);
        put(canvas, at + 2, at + 8, &[since]);
    }
    let (clock, what, holds) = clock_and_what(shared, row);
    canvas.redraw_at(holds);
    match what {
        Some(what) => {
            // Under ten minutes the clock fills its column: whom it is for gives way by one cell.
            let mut parts = clock;
            parts.extend([Part::Gap(1), Part::Tab(columns.what - columns.clock), what]);
            put(canvas, columns.clock, columns.people - 1, &parts);
        }
        // Where no clock runs, what stands has the room of both.
        None => put(canvas, columns.clock, columns.people - 1, &clock),
    }
    let room = area.width.saturating_sub(columns.people + 1);
    put(
        canvas,
        columns.people,
        columns.people + room,
        &people_within(shared, row, room),
    );
    canvas.stand_on(None);
}

/// The clock and whom it is for; where none runs, what stands, with its age where somebody waits.
fn clock_and_what(
    shared: &Shared,
    row: &Row,
) -> (Vec<Part<'static>>, Option<Part<'static>>, Option<Mono>) {
    let incident = &row.incident;
    if let Some(duty) = nearest(incident) {
        let (clock, holds) = words::duty_clock(shared, row.source, incident, duty);
        if let DutyClock::Counts { to, role } = clock {
            let clock = Part::Live(LiveText::Countdown { to }, role);
            let what = match words::is_hidden(shared, duty) {
                true => "restricted".to_owned(),
                false => words::recipient(duty),
            };
            return (vec![clock], Some(Part::text(what, Role::Text)), holds);
        }
    }
    let from = shared.mono(row.source, known_since(incident));
    let aged = |words: &'static str, role| {
        let age = Part::Live(LiveText::Age { from }, role);
        vec![Part::text(words, role), age]
    };
    let dated = |words: &str, at: Option<Instant>, role| {
        let at = at.map(|at| shared.instant(row.source, incident, at, Form::Day));
        let words = match at {
            Some(at) => format!("{words} {at}"),
            None => words.to_owned(),
        };
        vec![Part::text(words, role)]
    };
    let parts = match state(incident) {
        State::Asks => aged("reportable? ", Role::Missing),
        State::DecisionMissing => aged("undecided ", Role::Missing),
        State::Unsent => aged("not sent ", Role::NoClock),
        State::Later(at) => dated("not before", at, Role::Embargo),
        State::Held(None) => vec![Part::text("held", Role::Held)],
        State::Held(until) => dated("held to", until, Role::Held),
        State::Settled(words) => vec![Part::text(words, Role::Dim)],
    };
    (parts, None, None)
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
    // What is met by the response itself is not sent.
    let unsent = incident
        .duties
        .iter()
        .any(|duty| duty.enabled && duty.status == D::NoFixedLimit && duty.met_by.is_empty());
    if has(D::Undecided) || has(D::CalendarUnknown) {
        State::DecisionMissing
    } else if asks_reportable(incident) {
        State::Asks
    } else if incident.reportable == Reportable::Declared && unsent {
        State::Unsent
    } else if let Some(duty) = find(D::Embargo) {
        State::Later(duty.due_at)
    } else if let Some(duty) = find(D::Held) {
        State::Held(duty.hold.as_ref().and_then(|hold| hold.until))
    } else if incident.reportable == Reportable::No {
        State::Settled("not reportable")
    } else if incident.reportable == Reportable::Declared {
        State::Settled(match has(D::NoFixedLimit) {
            true => "to be met",
            false => "all sent",
        })
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
        let to = match words::is_hidden(shared, duty) {
            true => "restricted".to_owned(),
            false => words::recipient(duty),
        };
        parts.push(Part::text(format!(" {to}"), Role::Text));
        holds = until;
    } else {
        let from = shared.mono(row.source, known_since(incident));
        match state(incident) {
            State::Asks => {
                let asks = format!("reportable? {} ", known_by(incident));
                parts.push(Part::text(asks, Role::Missing));
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
            // A wall does not know of restricted duties: it says of nothing that all was done.
            State::Settled("all sent" | "nothing due") if shared.options.wall => {}
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

/// Who has it, as much as has room: the service lead's name goes first, then who is on the way; a vacancy is said
/// shorter before the pages that wait go, and is left out where that has no room either.
pub fn people_within(shared: &Shared, row: &Row, room: u16) -> Vec<Part<'static>> {
    use Lead as L;
    use Pages as P;
    let forms = [
        (L::Named, P::All),
        (L::Vacant, P::All),
        (L::Vacant, P::Waiting),
        (L::Short, P::Waiting),
        (L::Short, P::Worst),
        (L::Vacant, P::None),
        (L::Short, P::None),
    ];
    forms
        .into_iter()
        .map(|(lead, pages)| people(shared, row, lead, pages))
        .find(|parts| width_of(parts, shared.now) <= room)
        .unwrap_or_else(|| people(shared, row, L::None, P::None))
}

/// How much is said of the service lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    /// The name, or that there is none.
    Named,
    /// That there is none.
    Vacant,
    /// The same, shorter.
    Short,
    None,
}

/// How much is said of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pages {
    /// Those that wait for an answer, and who is on the way.
    All,
    /// Those that wait.
    Waiting,
    /// The gravest of them.
    Worst,
    None,
}

/// Who has it: commander, service lead, pages that wait. A vacancy is a word in capitals; what is hidden from this
/// reader is not a vacancy. A service lead is named only with `lead`, pages are told only with `pages`.
pub fn people_parts(shared: &Shared, row: &Row, lead: bool, pages: bool) -> Vec<Part<'static>> {
    let lead = if lead { Lead::Named } else { Lead::Vacant };
    let pages = if pages { Pages::All } else { Pages::None };
    people(shared, row, lead, pages)
}

fn people(shared: &Shared, row: &Row, lead: Lead, pages: Pages) -> Vec<Part<'static>> {
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
        Some(person) if lead == Lead::Named && !hidden("service_lead") => {
            parts.push(Part::text(" · svc ", Role::Dim));
            parts.push(Part::text(person.clone(), Role::Text));
        }
        None if lead == Lead::Short && !incident.is_masked("service_lead") => {
            parts.push(Part::text(" · ", Role::Dim));
            parts.push(Part::text("NO SVC", Role::Vacant));
        }
        None if lead != Lead::None && !incident.is_masked("service_lead") => {
            parts.push(Part::text(" · svc ", Role::Dim));
            parts.push(Part::text("VACANT", Role::Vacant));
        }
        _ => {}
    }
    if pages == Pages::None {
        return parts;
    }
    let open = || incident.pages.iter().filter(|page| page.state.is_open());
    let failed = open()
        .filter(|page| page.state == PageState::Failed)
        .count();
    let unknown = open()
        .filter(|page| page.state == PageState::Unknown)
        .count();
    let waits = open().count() - failed - unknown;
    let kinds = [
        (failed, "FAILED", Role::PageFailed),
        (unknown, "unknown", Role::PageFailed),
        (waits, "no answer", Role::PageUnanswered),
    ];
    let most = if pages == Pages::Worst {
        1
    } else {
        kinds.len()
    };
    for (count, words, role) in kinds
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .take(most)
    {
        parts.push(Part::text(" · ", Role::Dim));
        parts.push(Part::text(format!("{count} {words}"), role));
    }
    let now = shared.time(row.source);
    let late = incident
        .pages
        .iter()
        .filter_map(|page| page.late_since(now))
        .min();
    if let Some(eta) = late {
        let from = shared.mono(row.source, eta);
        parts.push(Part::text(" · ETA passed ", Role::PageUnanswered));
        parts.push(Part::Live(LiveText::Age { from }, Role::PageUnanswered));
        parts.push(Part::text(" ago", Role::PageUnanswered));
    }
    if pages != Pages::All {
        return parts;
    }
    let coming = incident
        .pages
        .iter()
        .filter(|page| page.answer == Some(Answer::Coming) && page.late_since(now).is_none())
        .count();
    if coming > 0 {
        parts.push(Part::text(
            format!(" · {coming} coming"),
            Role::PageAcknowledged,
        ));
    }
    parts
}
