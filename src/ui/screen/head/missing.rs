//! MISSING: seats nobody holds and pages nobody answered.

use ratatui::layout::Rect;

use super::WIDE;
use crate::domain::view::IncidentView;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::OpenPage;
use crate::ui::live::LiveText;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Incidents named with a vacancy, at most.
const NAMED: usize = 3;
/// From so many cells on, what is left out of a vacancy is called by its word.
const WORDED: u16 = 88;

/// What an item of a line is, and so what is counted where it has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Seat,
    Page,
    Other,
}

/// A piece of a line that stands whole or not at all.
pub type Item = (Kind, Vec<Part<'static>>);

/// `+2 seats`: how many of a kind have no room.
fn left_out(kind: Kind, n: usize) -> String {
    let word = match (kind, n) {
        (Kind::Seat, 1) => "seat",
        (Kind::Seat, _) => "seats",
        (Kind::Page, 1) => "page",
        (Kind::Page, _) => "pages",
        (Kind::Other, _) => "more",
    };
    format!(" +{n} {word}")
}

/// Seats nobody holds and pages nobody answered, one line for all incidents.
pub(super) fn draw(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect) {
    let world = &shared.index.world;
    let mut parts = vec![Part::text("MISSING", Role::Missing), Part::Tab(11)];
    let room = row.width.saturating_sub(11);
    let wide = row.width >= WIDE;
    let shown = if wide { 3 } else { 1 };
    let unanswered = if wide { " no answer" } else { "" };
    let pages = world.pages.iter().take(shown);
    let pages: Vec<_> = pages
        .filter_map(|page| page_parts(shared, page, unanswered, true))
        .map(|parts| (Kind::Page, parts))
        .collect();
    let listed = |(most, worded): (usize, bool)| {
        let mut items = vacant(shared, room, most, worded);
        // On a narrow screen the page that waits stands before the less severe vacancy.
        let place = match wide {
            true => items.len(),
            false => usize::from(items.len() > 1),
        };
        items.splice(place..place, pages.iter().cloned());
        (items, place)
    };
    // Where a page waits, fewer vacancies are named before it is not seen.
    let more = (Kind::Page, world.pages_in_all.saturating_sub(shown));
    let seen = |(items, place): &(Vec<Item>, usize)| {
        let reserved = behind(items, place + 1, more).len();
        let reserved = u16::try_from(reserved).unwrap_or(u16::MAX);
        let before = items.iter().take(place + 1);
        let width = before.fold(reserved, |sum, (_, item)| {
            sum.saturating_add(width_of(bare(item), shared.now) + 3)
        });
        width <= room + 3
    };
    let worded = room >= WORDED;
    let forms = (1..=NAMED)
        .rev()
        .flat_map(|most| [(most, worded), (most, false)]);
    let mut forms = forms.map(listed);
    let form = forms.find(|form| pages.is_empty() || seen(form));
    let (items, _) = form.unwrap_or_else(|| listed((NAMED, worded)));
    let all: Vec<_> = items.iter().flat_map(|(_, item)| item.clone()).collect();
    canvas.fits(&all, room);
    parts.extend(counted_out(shared, items, more, room));
    canvas.line(row, &parts);
}

/// The word before a drill, which is marked wherever it is named.
fn drill(shared: &Shared, incident: &IncidentView) -> &'static str {
    match (incident.exercise, shared.size.0 >= WIDE) {
        (false, _) => "",
        (true, true) => "EXERCISE ",
        (true, false) => "EX ",
    }
}

/// What an incident is called here.
fn marked(shared: &Shared, source: usize, incident: &IncidentView) -> String {
    let name = words::called(shared, source, incident);
    format!("{}{name}", drill(shared, incident))
}

/// That the company's own channels are suspect, and for which incidents: `COMMS SUSPECT AZ-142`.
fn comms(shared: &Shared) -> Option<Vec<Part<'static>>> {
    let suspect = &shared.index.world.suspect;
    let first = suspect.iter().take(3);
    let first = first.map(|(source, incident)| marked(shared, *source, incident));
    let first: Vec<String> = first.collect();
    if first.is_empty() {
        return None;
    }
    let more = match suspect.len() - first.len() {
        0 => String::new(),
        1 => " +1 incident".to_owned(),
        more => format!(" +{more} incidents"),
    };
    let text = format!("COMMS SUSPECT {}{more}", first.join(", "));
    Some(vec![Part::text(text, Role::Alarm)])
}

/// What somebody offers to this viewer: `OFFERED TO YOU commander AZ-2`. A display for all has no viewer.
pub fn offered(shared: &Shared) -> Option<Vec<Part<'static>>> {
    let offers = &shared.index.world.offered;
    let first = offers.get(..offers.len().min(2))?;
    if first.is_empty() || shared.options.wall {
        return None;
    }
    let named = first
        .iter()
        .map(|(seat, id)| format!("{} {id}", words::seat(*seat)));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = match offers.len() - first.len() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    let text = format!("OFFERED TO YOU {named}{more}");
    Some(vec![Part::text(text, Role::Alarm)])
}

/// Seats nobody holds, an item a seat, behind channels that are suspect: `service lead AZ-142, PP-12`. `NAMED` incidents are
/// named at most, and one at least, as many as an item of `room` cells has room for.
pub fn vacancies(shared: &Shared, room: u16) -> Vec<Item> {
    let worded = room >= WORDED;
    let listed = |most| vacant(shared, room, most, worded);
    // Rather fewer incidents of each seat than a seat that is only counted.
    let cells = |items: &Vec<Item>| {
        let all = items
            .iter()
            .map(|(_, parts)| width_of(parts, shared.now) + 3);
        all.sum::<u16>()
    };
    let mut forms = (1..=NAMED).rev().map(listed);
    let whole = forms.find(|items| cells(items) <= room + 3);
    whole.unwrap_or_else(|| listed(NAMED))
}

/// The same, so many incidents named at most; `worded`: what is counted is called by its word.
fn vacant(shared: &Shared, room: u16, most: usize, worded: bool) -> Vec<Item> {
    let world = &shared.index.world;
    let before = offered(shared).into_iter().chain(comms(shared));
    let mut items: Vec<Item> = before.map(|parts| (Kind::Other, parts)).collect();
    for (seat, count) in world.vacant.iter().filter(|(_, count)| *count > 0) {
        let of = world.vacancies.iter().filter(|it| it.seat == *seat);
        let of = of.take(most);
        let of = of.map(|it| marked(shared, it.source, &it.incident));
        let first: Vec<String> = of.collect();
        let named = |named: &[String]| match count - named.len().min(*count) {
            0 => format!("{seat} {}", named.join(", ")),
            // Where very many are vacant, not all are known by name.
            _ if named.is_empty() => format!("{seat} of {count}"),
            // Behind incidents that are named it is incidents that are counted.
            more if !worded => format!("{seat} {} +{more}", named.join(", ")),
            1 => format!("{seat} {} +1 incident", named.join(", ")),
            more => format!("{seat} {} +{more} incidents", named.join(", ")),
        };
        let fewer = (1..=first.len()).rev().filter_map(|n| first.get(..n));
        let mut fewer = fewer.map(named);
        let fits = |text: &String| crate::domain::text::width(text) <= usize::from(room);
        let text = fewer.clone().find(fits).or_else(|| fewer.next_back());
        let text = text.unwrap_or_else(|| named(&[]));
        items.push((Kind::Seat, vec![Part::text(text, Role::Vacant)]));
    }
    items
}

/// An item without what stands behind a comma, which is said where there is room for it.
fn bare<'a>(item: &'a [Part<'static>]) -> &'a [Part<'static>] {
    match item {
        [all @ .., Part::Text(text, _)] if text.starts_with(", ") => all,
        all => all,
    }
}

/// As many items as fit, dots between them; what does not is counted with the `more` that were left out before.
pub fn fitted(
    shared: &Shared,
    items: Vec<Vec<Part<'static>>>,
    more: usize,
    room: u16,
) -> Vec<Part<'static>> {
    let items = items.into_iter().map(|parts| (Kind::Other, parts));
    counted_out(shared, items.collect(), (Kind::Other, more), room)
}

/// The same of items of several kinds: each count says of what.
pub fn counted_out(
    shared: &Shared,
    items: Vec<Item>,
    more: (Kind, usize),
    room: u16,
) -> Vec<Part<'static>> {
    let cells = |text: &str| u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut parts: Vec<Part<'static>> = Vec::new();
    let mut shown = 0;
    for (i, (_, item)) in items.iter().enumerate() {
        let dots = if i > 0 { 3 } else { 0 };
        let reserved = cells(&behind(&items, i + 1, more));
        let used = width_of(&parts, shared.now) + dots + reserved;
        let fits = |item: &[Part<'_>]| used + width_of(item, shared.now) <= room;
        let told = match (fits(item), fits(bare(item))) {
            (true, _) => item.as_slice(),
            (false, true) => bare(item),
            // The first stands, however little room there is.
            (false, false) if i == 0 => item.as_slice(),
            (false, false) => break,
        };
        if i > 0 {
            parts.push(Part::text(" · ", Role::Dim));
        }
        parts.extend(told.iter().cloned());
        shown = i + 1;
    }
    // The words give way before the number.
    let all = items.len() - shown + more.1;
    if all > 0 {
        let used = width_of(&parts, shared.now);
        let words = behind(&items, shown, more);
        let mut forms = [words, format!(" +{all} more"), format!(" +{all}")].into_iter();
        let text = forms.find(|text| used + cells(text) <= room);
        parts.extend(text.map(|text| Part::text(text, Role::Vacant)));
    }
    parts
}

/// What is left out behind so many items, each kind by its word: ` +1 seat +2 pages`.
fn behind(items: &[Item], shown: usize, more: (Kind, usize)) -> String {
    let of = |kind: Kind| {
        let left = items.iter().skip(shown).filter(|(of, _)| *of == kind);
        left.count() + if more.0 == kind { more.1 } else { 0 }
    };
    let kinds = [Kind::Seat, Kind::Page, Kind::Other].into_iter();
    let told = kinds.map(|kind| (kind, of(kind))).filter(|(_, n)| *n > 0);
    told.map(|(kind, n)| left_out(kind, n)).collect()
}

/// `legal-affairs AZ-142 no answer 6m40s, 2nd route`.
/// `unanswered` is how it is said that nobody answered, where no line says so; for which incident is left out without
/// `whose`.
pub fn page_parts(
    shared: &Shared,
    open: &OpenPage,
    unanswered: &str,
    whose: bool,
) -> Option<Vec<Part<'static>>> {
    use crate::domain::word::PageState as P;
    let page = open.view()?;
    let mut team = shared.team(open.source, &page.team).to_owned();
    if whose {
        team = format!("{team} {}", marked(shared, open.source, &open.incident));
    } else {
        team = format!("{}{team}", drill(shared, &open.incident));
    }
    if let Some(eta) = page.late_since(shared.time(open.source)) {
        let from = shared.mono(open.source, eta);
        return Some(vec![
            Part::text(format!("{team} ETA passed "), Role::PageUnanswered),
            Part::Live(LiveText::Age { from }, Role::PageUnanswered),
            Part::text(" ago", Role::PageUnanswered),
        ]);
    }
    let word = match page.state {
        P::Failed => " PAGE FAILED",
        P::Unknown => " page unknown",
        _ => unanswered,
    };
    let role = match page.state {
        P::Failed => Role::PageFailed,
        _ => Role::PageUnanswered,
    };
    let from = shared.mono(open.source, page.queued_at);
    let mut parts = vec![
        Part::text(format!("{team}{word} "), role),
        Part::Live(LiveText::Age { from }, role),
    ];
    if page.step > 0 {
        parts.push(Part::text(
            format!(", {} route", ordinal(page.step + 1)),
            role,
        ));
    }
    Some(parts)
}

/// `2nd`, `3rd`, `4th`.
pub fn ordinal(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}
