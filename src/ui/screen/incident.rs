//! One incident whole: facts, gates, duties, pages, timeline, in panes that scroll.

use ratatui::layout::Rect;

use crate::ui::canvas::Canvas;
use crate::ui::keymap::Action;
use crate::ui::message::Effect;
use crate::ui::shared::Shared;
use crate::wire::EntryBody;

/// What only this screen knows.
#[derive(Debug, Default)]
pub struct Incident {}

impl Incident {
    /// The selected incident is looked at from now on: asks for its timeline.
    pub fn look(&mut self, _shared: &Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// A newer board came: asks for the timeline again if the incident changed.
    pub fn refresh(&mut self, _shared: &Shared) -> Vec<Effect> {
        Vec::new()
    }

    /// The timeline that was asked for: entries, and whether they are all.
    pub fn timeline(
        &mut self,
        _source: usize,
        _id: &str,
        _entries: Result<(Vec<EntryBody>, bool), String>,
    ) {
    }

    /// Does what a person wants of this screen.
    pub fn act(&mut self, _action: Action, _shared: &mut Shared) {}

    /// Scroll offsets settle for this window.
    pub fn settle(&mut self, _shared: &mut Shared, _area: Rect) {}

    /// Draws the screen.
    pub fn draw(&self, _shared: &Shared, _canvas: &mut Canvas<'_>, _area: Rect) {}
}
