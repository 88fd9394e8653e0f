//! The screen Lanes.

use ratatui::layout::Rect;

use crate::ui::canvas::Canvas;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;

/// What only this screen knows.
#[derive(Debug, Default)]
pub struct Lanes {}

impl Lanes {
    /// Does what a person wants of this screen.
    pub fn act(&mut self, _action: Action, _shared: &mut Shared) {}

    /// Scroll offset and selection settle for this window.
    pub fn settle(&mut self, _shared: &mut Shared, _area: Rect) {}

    /// Draws the screen.
    pub fn draw(&self, _shared: &Shared, _canvas: &mut Canvas<'_>, _area: Rect) {}
}
