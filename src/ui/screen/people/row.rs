//! The rows of the people's screen: vacancies by severity, pages by age, answers by when they came, seats by person.
//! What is hidden by clearance is no vacancy; what is hidden from the room is no name.

use std::cmp::Reverse;
use std::sync::Arc;

use ratatui::layout::Rect;

use crate::domain::instant::Instant;
use crate::domain::view::{IncidentView, PageView};
use crate::domain::word::{Answer, PageState, Phase, Seat, Severity};
use crate::ui::canvas::{Canvas, Part};
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::screen::head::{WIDE, ordinal};
use crate::ui::screen::words;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// Most rows of one section; the rest is counted.
const MOST: usize = 300;

/// Seats whose vacancy is told, and how.
const SEATS: [(Seat, &str); 5] = [
    (Seat::Commander, "commander"),
    (Seat::Deputy, "deputy"),
    (Seat::Scribe, "scribe"),
    (Seat::OwnerLead, "owner lead"),
    (Seat::ServiceLead, "service lead"),
];

/// What a row tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A section's name, and how many it has.
    Heading(&'static str, usize),
    /// So many more than are shown.
    More(usize),
    Vacant(&'static str),
    /// Which of the incident's pages.
    Page(usize),
    Seat(Seat, &'static str),
}

/// One row.
#[derive(Debug, Clone)]
pub(super) struct PersonRow {
    pub(super) kind: Kind,
    pub(super) incident: Option<(usize, Arc<IncidentView>)>,
}

impl PersonRow {
    /// The incident it is about.
    pub(super) fn target(&self) -> Option<Target> {
        let (source, incident) = self.incident.as_ref()?;
        Some(Target {
            source: *source,
            id: incident.id.clone(),
        })
    }

    fn plain(kind: Kind) -> PersonRow {
        PersonRow {
            kind,
            incident: None,
        }
    }
}

type Item = (Kind, usize, Arc<IncidentView>);

/// All rows of what passes the filter.
pub(super) fn rows(shared: &Shared) -> Vec<PersonRow> {
    let (mut vacant, mut waiting, mut answered, mut seated) = (vec![], vec![], vec![], vec![]);
    for (source, of) in shared.board.sources.iter().enumerate() {
        let open = of.incidents.iter().filter(|incident| incident.is_open());
        for incident in open.filter(|incident| shared.filter.passes(incident)) {
            let item = |kind| (kind, source, Arc::clone(incident));
            for (seat, name) in SEATS {
                match incident.seat(seat) {
                    Some(_) => seated.push(item(Kind::Seat(seat, name))),
                    None if is_missed(incident, seat) => vacant.push(item(Kind::Vacant(name))),
                    None => {}
                }
            }
            for (at, page) in incident.pages.iter().enumerate() {
                match page.state {
                    PageState::Acknowledged => answered.push(item(Kind::Page(at))),
                    state if state.is_open() => waiting.push(item(Kind::Page(at))),
                    _ => {}
                }
            }
        }
    }
    vacant.sort_by_key(|(kind, _, incident)| {
        let severity = Severity::rank(incident.severity);
        let commander = *kind != Kind::Vacant("commander");
        (incident.exercise, severity, commander, incident.opened_at)
    });
    let page = |item: &Item| view(&item.0, &item.2).map(|page| (page.queued_at, page.team.clone()));
    waiting.sort_by_key(|item| (item.2.exercise, page(item)));
    answered.sort_by_key(|item| {
        let at = view(&item.0, &item.2).and_then(|page| page.acknowledged_at);
        (item.2.exercise, Reverse(at))
    });
    seated.sort_by_cached_key(|(kind, _, incident)| {
        let person = match kind {
            Kind::Seat(seat, _) => incident.seat(*seat).unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        (person, incident.exercise, Severity::rank(incident.severity))
    });
    let mut rows = Vec::new();
    for (title, items) in [
        ("VACANT", vacant),
        ("NO ANSWER", waiting),
        ("ANSWERED", answered),
        ("SEATS", seated),
    ] {
        if items.is_empty() {
            continue;
        }
        rows.push(PersonRow::plain(Kind::Heading(title, items.len())));
        let more = items.len().saturating_sub(MOST);
        rows.extend(
            items
                .into_iter()
                .take(MOST)
                .map(|(kind, source, incident)| PersonRow {
                    kind,
                    incident: Some((source, incident)),
                }),
        );
        if more > 0 {
            rows.push(PersonRow::plain(Kind::More(more)));
        }
    }
    rows
}

/// Whether it is told that nobody sits there: who leads is asked of every incident under way, the rest is help.
fn is_missed(incident: &IncidentView, seat: Seat) -> bool {
    let asked = matches!(seat, Seat::Commander | Seat::ServiceLead | Seat::OwnerLead);
    asked && incident.phase != Phase::Preparation && !incident.is_masked(seat.as_str())
}

fn view<'a>(kind: &Kind, incident: &'a IncidentView) -> Option<&'a PageView> {
    match kind {
        Kind::Page(at) => incident.pages.get(*at),
        _ => None,
    }
}

/// Where what it is and whose incident it is begin.
fn tabs(width: u16) -> (u16, u16) {
    match width {
        WIDE.. => (26, 64),
        70.. => (20, 48),
        _ => (14, 30),
    }
}

/// Draws a row.
pub(super) fn draw(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    line: Rect,
    row: &PersonRow,
    selected: bool,
) {
    let Some((source, incident)) = &row.incident else {
        let (text, role) = match row.kind {
            Kind::Heading(title, count) => (format!(" {title} {count}"), Role::Lane),
            Kind::More(more) => (format!("  and {more} more"), Role::Dim),
            _ => return,
        };
        canvas.text(line.x, line.y, line.width, &text, role);
        return;
    };
    if selected {
        canvas.stand_on(Some(Role::Selected));
        canvas.clear(line, Role::Selected);
    }
    let (what, whose) = tabs(line.width);
    let mark = if selected {
        canvas.glyphs().mark()
    } else {
        " "
    };
    let room = |from: u16, to: u16| Rect::new(line.x + from, line.y, to.saturating_sub(from), 1);
    canvas.text(line.x, line.y, 1, mark, Role::SelectedText);
    let (first, second) = said(shared, *source, incident, &row.kind, line.width);
    canvas.line(room(1, what - 1), &first);
    canvas.line(room(what, whose - 1), &second);
    canvas.line(
        room(whose, line.width.saturating_sub(1)),
        &named(shared, *source, incident, line.width),
    );
    if selected {
        canvas.stand_on(None);
    }
}

type Parts = Vec<Part<'static>>;

fn said(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    kind: &Kind,
    width: u16,
) -> (Parts, Parts) {
    match kind {
        Kind::Vacant(seat) => (
            vec![Part::text(*seat, Role::Vacant)],
            vec![Part::text("VACANT", Role::Vacant)],
        ),
        Kind::Seat(seat, name) => {
            let person = match shared.options.mask {
                true => Part::text(shared.glyphs.masked(), Role::Masked),
                false => {
                    let person = incident.seat(*seat).unwrap_or_default();
                    Part::text(person.to_owned(), Role::Text)
                }
            };
            let mut second = vec![Part::text(*name, Role::Text)];
            if let Some(at) = incident.seated_at.get(seat.as_str()) {
                let from = shared.mono(source, *at);
                second.push(Part::text(" for ", Role::Dim));
                second.push(Part::Live(LiveText::Since { from }, Role::Text));
            }
            (vec![person], second)
        }
        Kind::Page(at) => match incident.pages.get(*at) {
            Some(page) => {
                let team = shared.team(source, &page.team).to_owned();
                let words = answer(shared, source, incident, page, width);
                (vec![Part::text(team, Role::Title)], words)
            }
            None => Default::default(),
        },
        Kind::Heading(..) | Kind::More(_) => Default::default(),
    }
}

/// What became of a page, in words.
fn answer(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    page: &PageView,
    width: u16,
) -> Parts {
    let instant = |at: Instant| shared.instant(source, incident, at, Form::Short);
    let from = shared.mono(source, page.queued_at);
    if page.state != PageState::Acknowledged {
        let (words, role) = match page.state {
            PageState::Failed => ("PAGE FAILED ", Role::PageFailed),
            PageState::Unknown => ("UNKNOWN ", Role::PageFailed),
            _ => ("no answer ", Role::PageUnanswered),
        };
        let mut parts = vec![
            Part::text(words, role),
            Part::Live(LiveText::Age { from }, role),
        ];
        if page.step > 0 {
            let route = format!(", {} route", ordinal(page.step + 1));
            parts.push(Part::text(route, role));
        }
        return parts;
    }
    let (words, role) = match page.answer {
        Some(Answer::Coming) => ("coming", Role::PageAcknowledged),
        Some(Answer::Remote) => ("joins remotely", Role::PageAcknowledged),
        Some(Answer::Arrived) => ("is there", Role::PageAcknowledged),
        Some(Answer::Cannot) => ("CANNOT COME", Role::PageUnanswered),
        None => ("acknowledged", Role::PageAcknowledged),
    };
    let mut parts = vec![Part::text(words, role)];
    if let Some(eta) = page.late_since(shared.time(source)) {
        let from = shared.mono(source, eta);
        parts.push(Part::text(", ETA passed ", Role::PageUnanswered));
        parts.push(Part::Live(LiveText::Age { from }, Role::PageUnanswered));
    } else if let Some(eta) = page.eta.filter(|_| page.answer != Some(Answer::Arrived)) {
        parts.push(Part::text(format!(", there {}", instant(eta)), Role::Text));
    }
    if let Some(by) = page.acknowledged_by.as_ref().filter(|_| width >= WIDE) {
        let by = match shared.options.mask {
            true => shared.glyphs.masked(),
            false => by.as_str(),
        };
        parts.push(Part::text(format!(", {by}"), Role::Text));
    }
    parts
}

/// Whose incident: id, drill, codename, severity.
fn named(shared: &Shared, source: usize, incident: &IncidentView, width: u16) -> Parts {
    let mut parts = vec![Part::text(incident.id.clone(), Role::Text)];
    if !shared.is_live(source) {
        parts.push(Part::text(shared.glyphs.not_live(), Role::Stale));
    }
    parts.push(Part::text(" ", Role::Text));
    parts.extend(words::marks(incident, shared.size.0 >= WIDE));
    if width >= 60 {
        parts.push(Part::text(incident.codename.clone(), Role::Codename));
    }
    if width >= WIDE {
        let (severity, role) = words::severity(incident.severity);
        parts.push(Part::text("  ", Role::Text));
        parts.push(Part::text(severity, role));
    }
    parts
}
