//! The strip of preparation: open lessons and planned exercises, in one line.

use ratatui::layout::Rect;

use crate::ui::canvas::{Canvas, Part};
use crate::ui::index::{PrepItem, PrepKind};
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Draws the strip.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, wide: bool) {
    let items = &shared.index.preparation;
    if !wide {
        canvas.rule(row.x, row.y, row.width);
        canvas.text(row.x, row.y, 1, " ", Role::Text);
    }
    let mut parts = vec![Part::text(
        format!("PREPARATION {}", items.len()),
        Role::Lane,
    )];
    parts.push(Part::text(if wide { "  " } else { " " }, Role::Text));
    for (i, item) in items.iter().take(8).enumerate() {
        let more: u16 = crate::ui::canvas::width_of(&parts, shared.now);
        if i > 0 && more + 24 > row.width {
            parts.push(Part::text(
                format!(" · {} more", items.len() - i),
                Role::Dim,
            ));
            break;
        }
        if i > 0 {
            parts.push(Part::text(" · ", Role::Dim));
        }
        parts.extend(item_parts(shared, item));
    }
    parts.push(Part::text(" ", Role::Text));
    canvas.line(
        Rect::new(row.x + 1, row.y, row.width.saturating_sub(2), 1),
        &parts,
    );
}

fn item_parts(shared: &Shared, item: &PrepItem) -> Vec<Part<'static>> {
    let incident = &item.incident;
    let at = |form| {
        item.at
            .map(|at| shared.instant(item.source, incident, at, form))
    };
    match item.kind {
        PrepKind::Planned => {
            let word = if incident.exercise {
                "exercise"
            } else {
                "incident"
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
        PrepKind::Lesson(n) => {
            let lesson = incident.lessons.get(n);
            let text = lesson
                .and_then(|lesson| lesson.text.as_deref())
                .filter(|_| !shared.options.mask);
            let text = text.map_or_else(
                || incident.id.clone(),
                |text| text.chars().take(28).collect(),
            );
            let mut parts = vec![Part::text(format!("lesson {text}"), Role::Text)];
            if lesson.is_some_and(|lesson| lesson.owner.is_none()) {
                parts.push(Part::text(" NO OWNER", Role::Vacant));
            }
            match item.at {
                Some(due) if due < shared.time(item.source) => {
                    let from = shared.mono(item.source, due);
                    parts.push(Part::text(" late ", Role::Notice));
                    parts.push(Part::Live(LiveText::Since { from }, Role::Notice));
                }
                Some(_) => {
                    parts.extend(at(Form::Short).map(|at| Part::text(format!(" {at}"), Role::Dim)))
                }
                None => {}
            }
            parts
        }
    }
}
