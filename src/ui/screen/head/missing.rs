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
        .collect();
    let listed = |most: usize| {
        let mut items = vacant(shared, room, most);
        // On a narrow screen the page that waits stands before the less severe vacancy.
        let place = match wide {
            true => items.len(),
            false => usize::from(items.len() > 1),
        };
        items.splice(place..place, pages.iter().cloned());
        (items, place)
    };
    // Where a page waits, fewer vacancies are named before it is not seen.
    let seen = |(items, place): &(Vec<Vec<Part<'static>>>, usize)| {
        let before = items.iter().take(place + 1);
        let width = before.fold(MORE, |sum, item| sum + width_of(bare(item), shared.now) + 3);
        width <= room + 3
    };
    let mut forms = (1..=NAMED).rev().map(listed);
    let form = forms.find(|form| pages.is_empty() || seen(form));
    let (items, _) = form.unwrap_or_else(|| listed(NAMED));
    canvas.fits(&items.concat(), room);
    let more = world.pages_in_all.saturating_sub(shown);
    parts.extend(fitted(shared, items, more, room));
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
pub fn comms(shared: &Shared) -> Option<Vec<Part<'static>>> {
    let suspect = &shared.index.world.suspect;
    let first = suspect.iter().take(3);
    let first = first.map(|(source, incident)| marked(shared, *source, incident));
    let first: Vec<String> = first.collect();
    if first.is_empty() {
        return None;
    }
    let more = match suspect.len() - first.len() {
        0 => String::new(),
        more => format!(" +{more} more"),
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
pub fn vacancies(shared: &Shared, room: u16) -> Vec<Vec<Part<'static>>> {
    vacant(shared, room, NAMED)
}

/// The same, so many incidents named at most.
fn vacant(shared: &Shared, room: u16, most: usize) -> Vec<Vec<Part<'static>>> {
    let world = &shared.index.world;
    let mut items: Vec<_> = offered(shared).into_iter().collect();
    items.extend(comms(shared));
    for (seat, count) in world.vacant.iter().filter(|(_, count)| *count > 0) {
        let of = world.vacancies.iter().filter(|it| it.seat == *seat);
        let of = of.take(most);
        let of = of.map(|it| marked(shared, it.source, &it.incident));
        let first: Vec<String> = of.collect();
        let named = |named: &[String]| match count - named.len().min(*count) {
            0 => format!("{seat} {}", named.join(", ")),
            // Where very many are vacant, not all are known by name.
            _ if named.is_empty() => format!("{seat} of {count}"),
            more => format!("{seat} {} +{more} more", named.join(", ")),
        };
        let fewer = (1..=first.len()).rev().filter_map(|n| first.get(..n));
        let mut fewer = fewer.map(named);
        let fits = |text: &String| crate::domain::text::width(text) <= usize::from(room);
        let text = fewer.clone().find(fits).or_else(|| fewer.next_back());
        let text = text.unwrap_or_else(|| named(&[]));
        items.push(vec![Part::text(text, Role::Vacant)]);
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

/// The cells of ` +12 more`.
const MORE: u16 = 9;

/// As many items as fit, dots between them; what does not is counted with the `more` that were left out before.
pub fn fitted(
    shared: &Shared,
    items: Vec<Vec<Part<'static>>>,
    more: usize,
    room: u16,
) -> Vec<Part<'static>> {
    let reserved = |more: usize| match more {
        0 => 0,
        more => u16::try_from(format!(" +{more} more").len()).unwrap_or(u16::MAX),
    };
    let count = items.len();
    let mut parts: Vec<Part<'static>> = Vec::new();
    for (i, mut item) in items.into_iter().enumerate() {
        let left = count - i - 1 + more;
        let used = width_of(&parts, shared.now) + 3 + reserved(left);
        let fits = |item: &[Part<'_>]| used + width_of(item, shared.now) <= room;
        if i > 0 && !fits(&item) {
            item.truncate(bare(&item).len());
        }
        if i > 0 && !fits(&item) {
            counted(shared, &mut parts, left + 1, room);
            return parts;
        }
        if i > 0 {
            parts.push(Part::text(" · ", Role::Dim));
        }
        parts.extend(item);
    }
    counted(shared, &mut parts, more, room);
    parts
}

/// How many more there are, behind what stands: the word gives way before the number.
fn counted(shared: &Shared, parts: &mut Vec<Part<'static>>, more: usize, room: u16) {
    if more == 0 {
        return;
    }
    let used = width_of(parts, shared.now);
    let forms = [format!(" +{more} more"), format!(" +{more}")];
    let mut forms = forms.map(|text| Part::text(text, Role::Vacant)).into_iter();
    parts.extend(forms.find(|part| used + part.width(shared.now) <= room));
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
