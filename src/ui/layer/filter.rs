//! `/`: narrows the lists as one types; `Enter` keeps it, `Esc` puts back what was. It stands in the last row, so that
//! the lists are seen while they narrow.

use ratatui::layout::Rect;

use super::form::Editor;
use super::{Layer, LayerInput, LayerOutcome};
use crate::domain::text::SafeText;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::Filter;
use crate::ui::keymap::Action;
use crate::ui::message::Effect;
use crate::ui::shared::{LEAST, LEAST_FOR_DIALOG, Shared};
use crate::ui::theme::Role;

#[derive(Debug)]
struct Narrow {
    editor: Editor,
    was: Filter,
}

/// Opens the filter with what it says already.
pub(super) fn open(shared: &Shared) -> (Box<dyn Layer>, Vec<Effect>) {
    let mut editor = Editor::new(false);
    editor.set(shared.filter.text());
    let was = shared.filter.clone();
    (Box::new(Narrow { editor, was }), Vec::new())
}

impl Layer for Narrow {
    fn takes_text(&self) -> bool {
        true
    }

    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        match input {
            LayerInput::Action(Action::Leave) => {
                shared.filter = self.was.clone();
                return LayerOutcome::close();
            }
            LayerInput::Action(Action::Confirm) => return LayerOutcome::close(),
            LayerInput::Char(c) => self.editor.insert(c),
            LayerInput::Paste(text) => self.editor.paste(&text),
            LayerInput::Action(Action::EraseLine) => self.editor.set(""),
            LayerInput::Action(action) => {
                super::form::edit(&mut self.editor, action);
            }
            _ => {}
        }
        shared.filter = shared.filter.with_text(self.editor.text());
        LayerOutcome::nothing()
    }

    fn least(&self) -> (u16, u16) {
        LEAST
    }

    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let y = area.bottom().saturating_sub(1);
        let line = Rect::new(area.x, y, area.width, 1);
        canvas.clear(line, Role::Input);
        let found = shared.index.rows().count();
        let all: usize = shared
            .board
            .sources
            .iter()
            .map(|source| source.incidents.iter().filter(|i| i.is_open()).count())
            .sum();
        let key = |action| Part::text(shared.keymap.label(action), Role::Key);
        let right = match shared.has_room(LEAST_FOR_DIALOG) {
            true => vec![
                Part::text(format!("{found} of {all} open  "), Role::Notice),
                key(Action::Confirm),
                Part::text(" keep  ", Role::KeyText),
                key(Action::Leave),
                Part::text(" as before", Role::KeyText),
            ],
            false => vec![
                Part::text(format!("{found} of {all}  "), Role::Notice),
                key(Action::Confirm),
                Part::text("  ", Role::KeyText),
                key(Action::Leave),
            ],
        };
        let wide = width_of(&right, shared.now);
        canvas.line(
            Rect::new(line.right().saturating_sub(wide + 1), y, wide, 1),
            &right,
        );
        let room = line.width.saturating_sub(wide + 4);
        let (before, after) = self.editor.halves();
        // The end of a long text is what one types.
        let shown = SafeText::line(before);
        let skip = shown
            .width()
            .saturating_sub((usize::from(room) / 2 + 8).min(usize::from(room).saturating_sub(4)));
        let shown: String = shown.shown().chars().skip(skip).collect();
        let mut next = after.chars();
        let at = next.next().map_or(" ".to_owned(), |c| c.to_string());
        let parts = [
            Part::text(shared.keymap.label(Action::Filter), Role::Key),
            Part::text(format!(" {shown}"), Role::InputFocused),
            Part::text(at, Role::Cursor),
            Part::text(next.as_str().to_owned(), Role::InputFocused),
        ];
        canvas.line(Rect::new(line.x + 1, y, room, 1), &parts);
    }
}
