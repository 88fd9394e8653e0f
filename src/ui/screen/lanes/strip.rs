//! The strip of preparation: open lessons and planned exercises, in one line.

use ratatui::layout::Rect;

use crate::domain::text::SafeText;
use crate::domain::view::LessonView;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{PrepItem, PrepKind};
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::screen::head::{WIDE, known};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Items that are listed one by one.
const LISTED: usize = 8;
/// The least cells of a lesson's text, where it is told.
const LESSON: u16 = 32;

/// Draws the strip.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, wide: bool) {
    let items = &shared.index.preparation;
    if !wide {
        canvas.rule(row.x, row.y, row.width);
        canvas.text(row.x, row.y, 1, " ", Role::Text);
    }
    let count = known(shared).count(items.len());
    let head = format!("PREPARATION {count}");
    let mut parts = vec![Part::text(head, Role::Lane)];
    match wide {
        true => parts.push(Part::text("  ", Role::Text)),
        // The rule goes on between the count and what is counted, as between phases.
        false => {
            let rule = canvas.glyphs().rule(2);
            parts.extend([Part::text(" ", Role::Text), Part::text(rule, Role::Rule)]);
            parts.push(Part::text(" ", Role::Text));
        }
    }
    let room = row.width.saturating_sub(3);
    let listed = |room| -> Vec<_> {
        let items = items.iter().take(LISTED);
        items.map(|item| item_parts(shared, item, room)).collect()
    };
    let width = |parts: &[Vec<Part<'_>>]| {
        let dots = 3 * parts.len();
        let words: usize = parts
            .iter()
            .map(|part| usize::from(width_of(part, shared.now)))
            .sum();
        words + dots
    };
    let used = usize::from(width_of(&parts, shared.now));
    let all = items.len() <= LISTED;
    // Whole where that fits; else as many cells for the text of each lesson as the line has.
    let rooms = [u16::MAX, 100, 80, 64, 56, 48, 40, LESSON];
    let mut forms = rooms.into_iter().filter(|_| all).map(listed);
    let shown = forms.find(|whole| used + width(whole) <= usize::from(room) + 3);
    let mut shown = shown.unwrap_or_else(|| summary(shared, true));
    if used + width(&shown) > usize::from(room) + 3 {
        shown = summary(shared, false);
    }

    let mut between = false;
    for item in shown {
        if between {
            parts.push(Part::text(" · ", Role::Dim));
        }
        between = true;
        parts.extend(item);
    }
    parts.push(Part::text(" ", Role::Text));
    canvas.line(
        Rect::new(row.x + 1, row.y, row.width.saturating_sub(2), 1),
        &parts,
    );
}

/// `2 lessons, 1 late 2d2h · EX GLASS HARBOUR Thu 09:00`.
/// How many lessons nobody owns is told where there is room.
fn summary(shared: &Shared, owners: bool) -> Vec<Vec<Part<'static>>> {
    let items = &shared.index.preparation;
    let lessons = || {
        items
            .iter()
            .filter(|item| matches!(item.kind, PrepKind::Lesson(_)))
    };
    let late = || lessons().filter(|item| item.at.is_some_and(|at| at < shared.time(item.source)));
    let mut shown = Vec::new();
    let count = lessons().count();
    if count > 0 {
        let s = if count == 1 { "" } else { "s" };
        let mut parts = vec![Part::text(format!("{count} lesson{s}"), Role::Text)];
        // By date, so the first is the latest of all.
        if let Some((item, due)) = late().find_map(|item| Some((item, item.at?))) {
            let from = shared.mono(item.source, due);
            let text = format!(", {} late ", late().count());
            parts.push(Part::text(text, Role::Notice));
            parts.push(Part::Live(LiveText::Since { from }, Role::Notice));
        }
        let unowned = lessons().filter(|item| is_unowned(item));
        let unowned = if owners { unowned.count() } else { 0 };
        if unowned > 0 {
            let text = format!(", {unowned} NO OWNER");
            parts.push(Part::text(text, Role::Vacant));
        }
        shown.push(parts);
    }
    let mut planned = items.iter().filter(|item| item.kind == PrepKind::Planned);
    if let Some(first) = planned.next() {
        let mut parts = item_parts(shared, first, LESSON);
        let more = planned.count();
        if more > 0 {
            parts.push(Part::text(format!(" +{more} more"), Role::Dim));
        }
        shown.push(parts);
    }
    shown
}

fn lesson(item: &PrepItem) -> Option<&LessonView> {
    match item.kind {
        PrepKind::Lesson(n) => item.incident.lessons.get(n),
        PrepKind::Planned => None,
    }
}

/// Whether nobody owns it: an owner whom the reader's clearance hides is one.
fn is_unowned(item: &PrepItem) -> bool {
    !item.incident.is_masked("lessons") && lesson(item).is_some_and(|it| it.owner.is_none())
}

/// An item, a lesson's text in so many cells.
fn item_parts(shared: &Shared, item: &PrepItem, room: u16) -> Vec<Part<'static>> {
    let incident = &item.incident;
    let at = |form| {
        item.at
            .map(|at| shared.instant(item.source, incident, at, form))
    };
    match item.kind {
        PrepKind::Planned => {
            let word = match (incident.exercise, shared.size.0 >= WIDE) {
                (false, _) => "planned",
                (true, true) => "EXERCISE",
                (true, false) => "EX",
            };
            let when = at(Form::Short).unwrap_or_else(|| "no date".to_owned());
            let name = format!("{word} {} {when}", incident.codename);
            vec![Part::text(
                name,
                if incident.exercise {
                    Role::Exercise
                } else {
                    Role::Text
                },
            )]
        }
        PrepKind::Lesson(_) => {
            let lesson = lesson(item);
            let text = lesson
                .and_then(|lesson| lesson.text.as_deref())
                .filter(|_| !shared.options.mask);
            let text = text.map_or_else(
                || incident.id.clone(),
                |text| {
                    let (text, room) = (SafeText::line(text), usize::from(room));
                    match shared.glyphs.ascii {
                        true => text.truncated_ascii(room),
                        false => text.truncated(room),
                    }
                },
            );
            let mut parts = vec![Part::text(format!("lesson {text}"), Role::Text)];
            if is_unowned(item) {
                parts.push(Part::text(" NO OWNER", Role::Vacant));
            }
            match item.at {
                Some(due) if due < shared.time(item.source) => {
                    let from = shared.mono(item.source, due);
                    parts.push(Part::text(" late ", Role::Notice));
                    parts.push(Part::Live(LiveText::Since { from }, Role::Notice));
                }
                Some(_) => {
                    parts.extend(at(Form::Day).map(|at| Part::text(format!(" {at}"), Role::Dim)))
                }
                None => {}
            }
            parts
        }
    }
}
