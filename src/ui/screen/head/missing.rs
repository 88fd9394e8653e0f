//! MISSING: seats nobody holds and pages nobody answered.

use ratatui::layout::Rect;

use super::WIDE;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::OpenPage;
use crate::ui::live::LiveText;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Seats nobody holds and pages nobody answered, one line for all incidents.
pub(super) fn draw(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect) {
    let world = &shared.index.world;
    let mut parts = vec![Part::text("MISSING", Role::Missing), Part::Tab(11)];
    let mut items = vacancies(shared);
    let shown = if row.width >= WIDE { 3 } else { 1 };
    let pages = world.pages.iter().take(shown);
    // On a narrow screen the page that waits stands before the less severe vacancy.
    let place = match row.width >= WIDE {
        true => items.len(),
        false => usize::from(items.len() > 1),
    };
    let unanswered = if row.width >= WIDE { " no answer" } else { "" };
    let pages: Vec<_> = pages
        .filter_map(|page| page_parts(shared, page, unanswered))
        .collect();
    items.splice(place..place, pages);
    let room = row.width.saturating_sub(11);
    canvas.fits(&items.concat(), room);
    let more = world.pages_in_all.saturating_sub(shown);
    parts.extend(fitted(shared, items, more, room));
    canvas.line(row, &parts);
}

/// That the company's own channels are suspect, and for which incidents: `COMMS SUSPECT AZ-142`.
pub fn comms(shared: &Shared) -> Option<Vec<Part<'static>>> {
    let suspect = &shared.index.world.suspect;
    let first = suspect
        .get(..suspect.len().min(3))
        .filter(|ids| !ids.is_empty())?;
    let more = match suspect.len() - first.len() {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    let text = format!("COMMS SUSPECT {}{more}", first.join(", "));
    Some(vec![Part::text(text, Role::Alarm)])
}

/// Seats nobody holds, an item a seat, behind channels that are suspect: `service lead AZ-142, PP-12`.
pub fn vacancies(shared: &Shared) -> Vec<Vec<Part<'static>>> {
    let world = &shared.index.world;
    let mut items: Vec<_> = comms(shared).into_iter().collect();
    for (seat, count) in world.vacant.iter().filter(|(_, count)| *count > 0) {
        let of = world.vacancies.iter().filter(|it| it.seat == *seat);
        // A drill is marked wherever it is named.
        let first = of.take(3).map(|it| match it.incident.exercise {
            true => format!("EX {}", it.incident.id),
            false => it.incident.id.clone(),
        });
        let first: Vec<String> = first.collect();
        let text = match count - first.len().min(*count) {
            0 => format!("{seat} {}", first.join(", ")),
            // Where very many are vacant, not all are known by name.
            _ if first.is_empty() => format!("{seat} of {count}"),
            more => format!("{seat} {} +{more}", first.join(", ")),
        };
        items.push(vec![Part::text(text, Role::Vacant)]);
    }
    items
}

/// As many items as fit, dots between them; what does not is counted with the `more` that were left out before.
pub fn fitted(
    shared: &Shared,
    items: Vec<Vec<Part<'static>>>,
    more: usize,
    room: u16,
) -> Vec<Part<'static>> {
    let rest = |more: usize| match more {
        0 => None,
        more => Some(Part::text(format!(" +{more} more"), Role::Vacant)),
    };
    let count = items.len();
    let mut parts: Vec<Part<'static>> = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        let left = count - i - 1 + more;
        let reserve = rest(left).map_or(0, |part| part.width(shared.now));
        let width = width_of(&parts, shared.now) + width_of(&item, shared.now) + 3;
        if i > 0 && width + reserve > room {
            parts.extend(rest(left + 1));
            return parts;
        }
        if i > 0 {
            parts.push(Part::text(" · ", Role::Dim));
        }
        parts.extend(item);
    }
    let used = width_of(&parts, shared.now);
    let whole = rest(more);
    match whole.as_ref().map(|part| part.width(shared.now)) {
        Some(width) if used + width > room => {
            parts.push(Part::text(format!(" +{more}"), Role::Vacant));
        }
        _ => parts.extend(whole),
    }
    parts
}

/// `legal-affairs no answer 6m40s, 2nd route`.
/// `unanswered` is how it is said that nobody answered, where no line says so.
pub fn page_parts(
    shared: &Shared,
    open: &OpenPage,
    unanswered: &str,
) -> Option<Vec<Part<'static>>> {
    use crate::domain::word::PageState as P;
    let page = open.view()?;
    let mut team = shared.team(open.source, &page.team).to_owned();
    if open.incident.exercise {
        team = format!("EX {team}");
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
