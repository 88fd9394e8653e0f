//! The rows of the people's screen: pages by age, what failed first, vacancies by severity, answers by when they came, seats by person.
//! What is hidden by clearance is no vacancy; what is hidden from the room is no name.

use std::cmp::Reverse;
use std::sync::Arc;

use ratatui::layout::Rect;

use crate::domain::instant::Instant;
use crate::domain::presence::PresenceView;
use crate::domain::view::{IncidentView, PageView};
use crate::domain::word::{Answer, PageState, Phase, Seat, Severity, Via};
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::screen::head::{WIDE, ordinal};
use crate::ui::screen::words;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;
use crate::wire::WhoBody;

/// Most rows of one section; the rest is counted.
const MOST: usize = 300;
/// Most rows of who is connected: `W` tells all.
const CONNECTED: usize = 8;

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
    /// A seat that is offered to this viewer: which of the incident's offers.
    Offered(usize),
    /// Which of the incident's pages.
    Page(usize),
    Seat(Seat, &'static str),
    /// Somebody who is connected, or a display, at a source.
    Connected(usize, PresenceView),
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

/// All rows of what passes the filter, and who is connected at which source.
pub(super) fn rows(shared: &Shared, connected: &[Option<Arc<WhoBody>>]) -> Vec<PersonRow> {
    let mut offered = vec![];
    let (mut vacant, mut waiting, mut answered, mut seated) = (vec![], vec![], vec![], vec![]);
    for (source, of) in shared.board.sources.iter().enumerate() {
        let open = of.incidents.iter().filter(|incident| incident.is_open());
        for incident in open.filter(|incident| shared.filter.passes(incident)) {
            let item = |kind| (kind, source, Arc::clone(incident));
            for (seat, name) in SEATS {
                match incident.seat(seat) {
                    Some(_) => seated.push(item(Kind::Seat(seat, name))),
                    // Whether anybody sits there is hidden: it is neither held nor vacant for this reader.
                    None if incident.is_masked(seat.as_str()) => {
                        seated.push(item(Kind::Seat(seat, name)));
                    }
                    None if is_missed(incident, seat) => vacant.push(item(Kind::Vacant(name))),
                    None => {}
                }
            }
            let me = of.about.as_ref().map(|about| about.you.name.as_str());
            for (at, offer) in incident.hand_overs.iter().enumerate() {
                if Some(offer.to.as_str()) == me {
                    offered.push(item(Kind::Offered(at)));
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
    waiting.sort_by_key(|item| {
        let state = view(&item.0, &item.2).map(|page| page.state);
        let lost = matches!(state, Some(PageState::Failed | PageState::Unknown));
        (item.2.exercise, !lost, page(item))
    });
    answered.sort_by_key(|item| {
        let at = view(&item.0, &item.2).and_then(|page| page.acknowledged_at);
        (item.2.exercise, Reverse(at))
    });
    seated.sort_by_cached_key(|(kind, _, incident)| {
        let person = match kind {
            Kind::Seat(seat, _) => incident.seat(*seat).map(str::to_owned),
            _ => None,
        };
        (
            person.is_none(),
            person,
            incident.exercise,
            Severity::rank(incident.severity),
        )
    });
    let mut rows = Vec::new();
    for (title, items) in [
        ("OFFERED TO YOU", offered),
        ("NO ANSWER", waiting),
        ("VACANT", vacant),
        ("ANSWERED", answered),
        ("SEATS", seated),
    ] {
        if title == "SEATS" {
            looking_on(shared, connected, &mut rows);
        }
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

/// Who is connected, the longest first; of a filter for a person, that person alone.
fn looking_on(shared: &Shared, connected: &[Option<Arc<WhoBody>>], rows: &mut Vec<PersonRow>) {
    let bodies = connected.iter().enumerate();
    let all = bodies.filter_map(|(source, body)| Some((source, body.as_ref()?)));
    let all = all.flat_map(|(source, body)| body.people.iter().map(move |one| (source, one)));
    let wanted = shared.filter.person();
    let all = all.filter(|(_, one)| wanted.is_none_or(|wanted| one.person == wanted));
    let mut all: Vec<_> = all.collect();
    if all.is_empty() || !shared.filter.text().trim().is_empty() {
        return;
    }
    all.sort_by_key(|(_, one)| one.connected_at);
    rows.push(PersonRow::plain(Kind::Heading("CONNECTED", all.len())));
    let more = all.len().saturating_sub(CONNECTED);
    let named = all.into_iter().take(CONNECTED);
    rows.extend(named.map(|(source, one)| PersonRow::plain(Kind::Connected(source, one.clone()))));
    if more > 0 {
        rows.push(PersonRow::plain(Kind::More(more)));
    }
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

/// From this width on, a row says in words what its section's title says too.
pub(super) const WORDS: u16 = 70;

/// Where what it is and whose incident it is begin.
fn tabs(kind: &Kind, width: u16) -> (u16, u16) {
    match (width, kind) {
        (120.., _) => (36, 74),
        (WIDE.., _) => (26, 64),
        (WORDS.., _) => (26, 54),
        (_, Kind::Vacant(_)) => (15, 15),
        (_, Kind::Seat(..) | Kind::Offered(_)) => (15, 28),
        _ => (15, 22),
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
    if let Kind::Connected(source, one) = &row.kind {
        present(shared, canvas, line, *source, one);
        return;
    }
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
    let (what, whose) = tabs(&row.kind, line.width);
    let mark = if selected {
        canvas.glyphs().mark()
    } else {
        " "
    };
    let room = |from: u16, to: u16| Rect::new(line.x + from, line.y, to.saturating_sub(from), 1);
    canvas.text(line.x, line.y, 1, mark, Role::SelectedText);
    let (first, mut second) = said(shared, *source, incident, &row.kind, line.width);
    // What says nothing more has the room of both.
    let first_to = if second.is_empty() { whose } else { what };
    canvas.line(room(1, first_to - 1), &first);
    let place = room(what, whose - 1);
    let aside = matches!(second.last(), Some(Part::Text(text, _)) if text.starts_with(", "));
    if aside && !canvas.fits(&second, place.width) {
        second.pop();
    }
    canvas.line(place, &second);
    let end = line.width.saturating_sub(1);
    let name = named(
        shared,
        *source,
        incident,
        (line.width, end - whose.min(end)),
    );
    canvas.line(room(whose, end), &name);
    if selected {
        canvas.stand_on(None);
    }
}

/// Somebody who is connected: name, by which door, since when, of which team.
fn present(
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    line: Rect,
    source: usize,
    one: &PresenceView,
) {
    let (what, whose) = tabs(&Kind::Connected(source, one.clone()), line.width);
    let room = |from: u16, to: u16| Rect::new(line.x + from, line.y, to.saturating_sub(from), 1);
    // A display's name is a place, not a person.
    let name = match shared.options.mask && one.via != Via::Display {
        true => Part::text(shared.glyphs.masked(), Role::Masked),
        false => Part::text(one.person.clone(), Role::Text),
    };
    canvas.line(room(1, what - 1), &[name]);
    let mut door = vec![Part::text(one.via.as_str(), Role::Text)];
    if one.door != one.via.as_str() {
        door.push(Part::text(format!(" {}", one.door), Role::Text));
    }
    let from = shared.mono(source, one.connected_at);
    door.push(Part::text(" for ", Role::Dim));
    door.push(Part::Live(LiveText::Since { from }, Role::Text));
    canvas.line(room(what, whose - 1), &door);
    let team = one.team.as_deref().unwrap_or_default().to_owned();
    let end = line.width.saturating_sub(1);
    canvas.line(room(whose, end), &[Part::text(team, Role::Dim)]);
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
        // The heading says that it is vacant.
        Kind::Vacant(seat) => (vec![Part::text(*seat, Role::Vacant)], Vec::new()),
        Kind::Offered(at) => match incident.hand_overs.get(*at) {
            Some(offer) => {
                let by = match shared.options.mask {
                    true => shared.glyphs.masked(),
                    false => offer.by.as_str(),
                };
                (
                    vec![Part::text(words::seat(offer.role), Role::Alarm)],
                    vec![Part::text(format!("offered by {by}"), Role::Notice)],
                )
            }
            None => Default::default(),
        },
        Kind::Seat(seat, name) => {
            let person = match incident.seat(*seat).filter(|_| !shared.options.mask) {
                Some(person) => Part::text(person.to_owned(), Role::Text),
                None => Part::text(shared.glyphs.masked(), Role::Masked),
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
                let words = match width < WORDS {
                    true => short_answer(shared, source, incident, page),
                    false => answer(shared, source, incident, page, width),
                };
                (vec![Part::text(team, Role::Title)], words)
            }
            None => Default::default(),
        },
        Kind::Heading(..) | Kind::More(_) | Kind::Connected(..) => Default::default(),
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

/// The same in six cells: how long nobody answered, or when who did is there. The section's title says which it is.
fn short_answer(shared: &Shared, source: usize, incident: &IncidentView, page: &PageView) -> Parts {
    let from = shared.mono(source, page.queued_at);
    if page.state != PageState::Acknowledged {
        let role = Role::PageFailed;
        return vec![match page.state {
            PageState::Failed => Part::text("FAILED", role),
            PageState::Unknown => Part::text("UNSURE", role),
            _ => Part::Live(LiveText::Age { from }, Role::PageUnanswered),
        }];
    }
    if page.late_since(shared.time(source)).is_some() {
        return vec![Part::text("LATE", Role::PageUnanswered)];
    }
    let eta = page.eta.filter(|_| page.answer != Some(Answer::Arrived));
    let (words, role) = match (page.answer, eta) {
        (Some(Answer::Cannot), _) => ("CANNOT".to_owned(), Role::PageUnanswered),
        (_, Some(eta)) => (
            shared.instant(source, incident, eta, Form::Short),
            Role::PageAcknowledged,
        ),
        (Some(Answer::Coming), _) => ("coming".to_owned(), Role::PageAcknowledged),
        (Some(Answer::Remote), _) => ("remote".to_owned(), Role::PageAcknowledged),
        (Some(Answer::Arrived), _) => ("there".to_owned(), Role::PageAcknowledged),
        (None, _) => ("acked".to_owned(), Role::PageAcknowledged),
    };
    vec![Part::text(words, role)]
}

/// Whose incident: id, drill, codename, severity. Where not all of it fits into the room, the codename stands before the
/// id, and the id before half a codename.
fn named(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    (width, room): (u16, u16),
) -> Parts {
    let called = |id: bool, codename: bool| {
        let mut parts = Vec::new();
        if id {
            parts.push(Part::text(incident.id.clone(), Role::Text));
        }
        if !shared.is_live(source) {
            parts.push(Part::text(shared.glyphs.not_live(), Role::Stale));
        }
        if id {
            parts.push(Part::text(" ", Role::Text));
        }
        parts.extend(words::marks(
            shared,
            source,
            incident,
            shared.size.0 >= WIDE,
        ));
        if codename {
            parts.push(Part::text(incident.codename.clone(), Role::Codename));
        }
        parts
    };
    let forms = [(true, true), (false, true)];
    let mut forms = forms.into_iter().map(|(id, codename)| called(id, codename));
    let fits = |parts: &Parts| width_of(parts, shared.now) <= room;
    let mut parts = forms.find(fits).unwrap_or_else(|| called(true, false));
    if width >= WIDE {
        let (severity, role) = words::severity(incident.severity);
        parts.push(Part::text("  ", Role::Text));
        parts.push(Part::text(severity, role));
    }
    parts
}
