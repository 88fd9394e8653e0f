//! Dialogs over a screen: each keeps its own small state beside its drawing. The top one gets keys first; none opens by
//! itself. What a dialog sends is bound to the incident and the version it was opened on, never to a cursor row.

use ratatui::layout::Rect;

mod acknowledge;
mod advance;
mod break_glass;
mod close;
mod declare;
pub mod dialog;
mod edit;
mod explain;
mod filter;
pub mod form;
mod frame;
mod hand_over;
mod help;
mod hold;
mod lesson;
mod links;
mod open;
mod page;
mod palette;
mod pick;
#[cfg(test)]
mod pressed;
mod regime;
mod restrict;
mod roles;
mod sent;
mod shelve;
mod stand_down;
mod time;
mod undo;
mod verdict;
mod who;
mod write;

use super::canvas::Canvas;
use super::keymap::Action;
use super::message::{Effect, Reply};
use super::shared::{LEAST_FOR_DIALOG, Shared, Target};
use crate::domain::command::Command;
use crate::domain::view::IncidentView;
use crate::wire::{ExplainBody, PreviewBody, WhoBody};
use std::sync::Arc;

use dialog::Opened;

/// What a layer is told.
#[derive(Debug, Clone)]
pub enum LayerInput {
    /// An action of dialogs.
    Action(Action),
    /// A character typed, where the focused field takes text.
    Char(char),
    /// A pasted text; as received.
    Paste(String),
    /// What came of something this layer sent.
    Replied { ticket: u64, reply: Reply },
    /// The fresh read that this layer asked for; a sentence if there is none.
    Reread(Result<Arc<IncidentView>, String>),
    /// The arithmetic that this layer asked for when the incident had this version; a sentence if there is none.
    Explained {
        target: Target,
        duty: String,
        version: u64,
        body: Result<Arc<ExplainBody>, String>,
    },
    /// What the command that this layer asked about would do; a sentence if it is not known.
    Previewed {
        target: Target,
        version: u64,
        command: Box<Command>,
        body: Result<Arc<PreviewBody>, String>,
    },
    /// Who is connected at a source; a sentence if it is not known.
    Who {
        source: usize,
        body: Result<Arc<WhoBody>, String>,
    },
    /// A newer board.
    Board,
}

/// What follows for the stack of layers.
#[derive(Debug, Default)]
pub struct LayerOutcome {
    /// The layer is done.
    pub close: bool,
    /// The step before this one was taken: what confirms the next must not come within 300 ms.
    pub stepped: bool,
    /// Work for outside.
    pub effects: Vec<Effect>,
    /// An action to do once this layer is closed, as the palette wants.
    pub then: Option<Action>,
    /// An incident to show once this layer is closed.
    pub show: Option<Target>,
}

impl LayerOutcome {
    /// Nothing follows.
    pub fn nothing() -> LayerOutcome {
        LayerOutcome::default()
    }

    /// The layer is done.
    pub fn close() -> LayerOutcome {
        LayerOutcome {
            close: true,
            ..LayerOutcome::default()
        }
    }

    /// The layer is done and this is sent.
    pub fn close_with(effects: Vec<Effect>) -> LayerOutcome {
        LayerOutcome {
            close: true,
            effects,
            ..LayerOutcome::default()
        }
    }

    /// Another step of the same layer begins.
    pub fn step() -> LayerOutcome {
        LayerOutcome {
            stepped: true,
            ..LayerOutcome::default()
        }
    }
}

/// A dialog. Its drawing is pure; its state changes in `input` alone.
pub trait Layer: std::fmt::Debug + Send {
    /// Whether the focused field takes characters now.
    fn takes_text(&self) -> bool;
    /// Takes in what happened.
    fn input(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome;
    /// Draws itself over the screen, within `area`, the whole window.
    fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect);
    /// The smallest window in which it can be drawn; in a smaller one it takes no key but the one that leaves it.
    fn least(&self) -> (u16, u16) {
        LEAST_FOR_DIALOG
    }
    /// The tickets whose replies it wants.
    fn awaits(&self, ticket: u64) -> bool {
        let _ = ticket;
        false
    }
}

/// Opens the layer of an action on the selected incident.
///
/// # Errors
/// A sentence: why it cannot be opened here and now.
pub fn open(action: Action, shared: &mut Shared) -> Opened {
    match action {
        Action::Help => Ok(help::open()),
        Action::Palette => Ok(palette::open(shared)),
        Action::Filter => Ok(filter::open(shared)),
        Action::Open => open::open(shared),
        Action::Forward if advance::is_at_the_end(shared) => open(Action::Close, shared),
        Action::Forward => advance::forward(shared),
        Action::LoopBack => advance::back(shared),
        Action::Page => page::open(shared),
        Action::Acknowledge => acknowledge::open(shared),
        Action::StandDown => stand_down::open(shared),
        Action::Write => write::open(shared),
        Action::Time => time::open(shared),
        Action::Declare => declare::open(shared),
        Action::Edit => edit::open(shared),
        Action::Roles => roles::open(shared),
        Action::Restrict => restrict::open(shared),
        Action::BreakGlass => break_glass::open(shared),
        Action::Sent => sent::open(shared),
        Action::Hold => hold::open(shared),
        Action::Verdict => verdict::open(shared),
        Action::Shelve => shelve::open(shared),
        Action::Lesson => lesson::open(shared),
        Action::HandOver => hand_over::open(shared),
        Action::Close => close::open(shared),
        Action::Links => links::open(shared),
        Action::Undo => undo::open(shared),
        Action::Who => who::open(shared),
        Action::Look => explain::open(shared),
        _ => Err(format!("'{}' is not to be had here.", action.long())),
    }
}

#[cfg(test)]
mod tests;
