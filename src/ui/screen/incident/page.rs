//! Pages: who was called, what became of it, in words; only what a person acknowledged may look good.

use super::line::{Line, Lines, Look};
use crate::domain::view::PageView;
use crate::domain::word::{Answer, PageState, Urgency};
use crate::ui::canvas::Part;
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::screen::head::ordinal;
use crate::ui::theme::Role;

/// The pages of an incident: those that wait first, then the newest.
pub fn lines(look: Look<'_>, width: u16) -> Lines {
    let mut lines = Lines::new(look.shared, width);
    let mut pages: Vec<&PageView> = look.incident.pages.iter().collect();
    pages.sort_by_key(|page| (!page.state.is_open(), std::cmp::Reverse(page.queued_at)));
    let named = pages
        .iter()
        .map(|page| look.shared.team(look.source, &page.team));
    let named = named.map(crate::domain::text::width).max().unwrap_or(0);
    let named = u16::try_from(named).unwrap_or(u16::MAX).clamp(10, 30);
    for page in pages {
        let team = look.shared.team(look.source, &page.team).to_owned();
        let indent = if width >= 60 { named + 2 } else { 2 };
        let mut first = vec![Part::text(team, Role::Title)];
        match width >= 60 {
            true => first.extend([Part::Gap(1), Part::Tab(indent)]),
            false => first.push(Part::Gap(2)),
        }
        let mut items = vec![state(look, page)];
        items.extend(answer(look, page, &mut lines));
        items.extend(way(look, page, &mut lines));
        lines.flow(first, indent, items);
        if let Some(error) = &page.last_error {
            let role = match page.state {
                PageState::Failed | PageState::Unknown => Role::PageFailed,
                _ => Role::Dim,
            };
            // What a paging system says may hold addresses of the inside.
            let item = match look.shared.options.mask {
                true => vec![look.masked()],
                false => vec![Part::text(error.clone(), role)],
            };
            lines.flow(vec![Part::Tab(indent)], indent, vec![item]);
        }
    }
    if lines.lines.is_empty() {
        lines.words("No team was paged.", Role::Dim);
    }
    lines
}

fn state(look: Look<'_>, page: &PageView) -> Line {
    use PageState as S;
    let age = |words: &str, at, role| {
        let from = look.mono(at);
        vec![
            Part::text(format!("{words} "), role),
            Part::Live(LiveText::Age { from }, role),
        ]
    };
    let queued = page.queued_at;
    match page.state {
        S::Queued => age("queued, no answer", queued, Role::PageUnanswered),
        S::Sending => age("being sent, no answer", queued, Role::PageUnanswered),
        S::Accepted => age("accepted, no answer", queued, Role::PageUnanswered),
        S::Unknown => age("UNKNOWN whether it arrived", queued, Role::PageFailed),
        S::Failed => age("FAILED", queued, Role::PageFailed),
        S::Acknowledged => {
            let at = page.acknowledged_at.unwrap_or(queued);
            let at = look.instant(at, Form::Short);
            let role = match page.answer {
                Some(Answer::Cannot) => Role::PageUnanswered,
                _ => Role::PageAcknowledged,
            };
            vec![Part::text(format!("acknowledged {at}"), role)]
        }
        S::Cancelled => vec![Part::text("stood down", Role::Dim)],
        S::Expired => vec![Part::text("expired, nobody answered", Role::PageUnanswered)],
    }
}

fn answer(look: Look<'_>, page: &PageView, lines: &mut Lines) -> Vec<Line> {
    let mut items: Vec<Line> = Vec::new();
    match page.answer {
        Some(Answer::Coming) => items.push(vec![Part::text("coming", Role::PageAcknowledged)]),
        Some(Answer::Remote) => {
            items.push(vec![Part::text("joins remotely", Role::PageAcknowledged)]);
        }
        Some(Answer::Arrived) => {
            items.push(vec![Part::text("is there", Role::PageAcknowledged)]);
        }
        Some(Answer::Cannot) => items.push(vec![Part::text("CANNOT COME", Role::PageUnanswered)]),
        None => {}
    }
    if let Some(eta) = page.late_since(look.now()) {
        let from = look.mono(eta);
        items.push(vec![
            Part::text("ETA passed ", Role::PageUnanswered),
            Part::Live(LiveText::Age { from }, Role::PageUnanswered),
            Part::text(" ago", Role::PageUnanswered),
        ]);
    } else if let Some(eta) = page.eta.filter(|_| page.answer != Some(Answer::Arrived)) {
        lines.hold(page.expected_at().map(|eta| look.mono(eta) + 1));
        let mut item = vec![Part::text(
            format!("there by {}", look.instant(eta, Form::Short)),
            Role::Text,
        )];
        if eta > look.now() {
            item.push(Part::text(", ", Role::Text));
            item.push(Part::Live(
                LiveText::Until { to: look.mono(eta) },
                Role::Text,
            ));
        }
        items.push(item);
    }
    if let Some(by) = &page.acknowledged_by {
        items.push(vec![look.who(by)]);
    }
    items
}

/// By which route, when it escalates, how often it was tried, who asked.
fn way(look: Look<'_>, page: &PageView, lines: &mut Lines) -> Vec<Line> {
    let mut items: Vec<Line> = Vec::new();
    let route = page.route.as_deref();
    let route = match (page.step, route) {
        (0, Some(route)) => Some(route.to_owned()),
        (0, None) => None,
        (step, route) => {
            let kind = route.map(|route| format!(", {route}")).unwrap_or_default();
            Some(format!("{} route{kind}", ordinal(step + 1)))
        }
    };
    items.extend(route.map(|text| vec![Part::text(text, Role::Text)]));
    if page.state.is_open() {
        if let Some(at) = page.escalates_at {
            let to = look.mono(at);
            // Minutes are written whole: of the last one `in 0m` would be all that is told.
            let last_minute = at - chrono::TimeDelta::minutes(1);
            let now = look.now();
            match at > now {
                true if last_minute >= now => {
                    lines.hold(Some(look.mono(last_minute) + 1));
                    items.push(vec![
                        Part::text("escalates ", Role::Text),
                        Part::Live(LiveText::Until { to }, Role::Text),
                    ]);
                }
                true => {
                    lines.hold(Some(to));
                    items.push(vec![Part::text("escalates within 1m", Role::Text)]);
                }
                false => items.push(vec![Part::text("escalates now", Role::PageUnanswered)]),
            }
        }
        if page.attempts > 1 {
            let tried = format!("tried {} times", page.attempts);
            items.push(vec![Part::text(tried, Role::Text)]);
        }
    }
    let asked = page.asked_for();
    items.extend(asked.map(|asked| vec![Part::text(asked, Role::Text)]));
    if page.urgency == Urgency::Low {
        items.push(vec![Part::text("low urgency", Role::Dim)]);
    }
    items.push(vec![
        Part::text("asked by ", Role::Dim),
        look.who(&page.by),
        Part::text(
            format!(" {}", look.instant(page.queued_at, Form::Short)),
            Role::Dim,
        ),
    ]);
    items
}
