//! MISSING: seats nobody holds and pages nobody answered.

use ratatui::layout::Rect;

use super::WIDE;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::index::OpenPage;
use crate::ui::live::LiveText;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Seats nobody holds and pages nobody answered, one line for all incidents.
pub(super) fn draw(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect) {
    let world = &shared.index.world;
    let mut parts = vec![Part::text("MISSING", Role::Missing), Part::Tab(10)];
    let mut items: Vec<Vec<Part<'static>>> = Vec::new();
    for seat in ["commander", "service lead"] {
        let mut ids = world
            .vacancies
            .iter()
            .filter(|vacancy| vacancy.seat == seat);
        let first: Vec<&str> = ids
            .by_ref()
            .take(3)
            .map(|v| v.incident.id.as_str())
            .collect();
        if first.is_empty() {
            continue;
        }
        let more = ids.count();
        let more = if more > 0 {
            format!(" +{more}")
        } else {
            String::new()
        };
        let text = format!("{seat} {}{more}", first.join(", "));
        items.push(vec![Part::text(text, Role::Vacant)]);
    }
    let shown = if row.width >= WIDE { 3 } else { 1 };
    let pages = world
        .pages
        .iter()
        .take(shown)
        .filter_map(|page| page_parts(shared, page));
    let at = usize::from(items.len() > 1 && row.width < WIDE);
    let pages: Vec<_> = pages.collect();
    for (i, page) in pages.into_iter().enumerate() {
        // On a narrow screen the page that waits stands before the less severe vacancy.
        let place = if row.width < WIDE {
            (at + i).min(items.len())
        } else {
            items.len()
        };
        items.insert(place, page);
    }
    let more = world.pages_in_all.saturating_sub(shown);
    if more > 0 {
        items.push(vec![Part::text(
            format!("{more} more pages"),
            Role::PageUnanswered,
        )]);
    }
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            parts.push(Part::text(" · ", Role::Dim));
        }
        parts.extend(item);
    }
    canvas.line(row, &parts);
}

/// `legal-affairs no answer 6m40s, 2nd route`.
pub fn page_parts(shared: &Shared, open: &OpenPage) -> Option<Vec<Part<'static>>> {
    use crate::domain::word::PageState as P;
    let page = open.view()?;
    let team = shared.team(open.source, &page.team).to_owned();
    let word = match page.state {
        P::Failed => "PAGE FAILED",
        P::Unknown => "page unknown",
        _ => "no answer",
    };
    let role = match page.state {
        P::Failed => Role::PageFailed,
        _ => Role::PageUnanswered,
    };
    let from = shared.mono(open.source, page.queued_at);
    let mut parts = vec![
        Part::text(format!("{team} {word} "), role),
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
