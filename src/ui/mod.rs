//! What a viewer sees and does: pure state, update and drawing. No IO, no async, no clock, no lock.
//! Bytes from a terminal become `input::Input` in `session`; what talks to backends is `client`.

mod app;
pub mod canvas;
pub mod catalogue;
pub mod digits;
pub mod draft;
#[cfg(test)]
mod fixture;
pub mod glyph;
pub mod index;
pub mod input;
pub mod keymap;
pub mod layer;
pub mod live;
pub mod message;
pub mod phrase;
mod room;
pub mod screen;
pub mod shared;
pub mod theme;
pub mod upstream;

pub use app::{App, draw, update};
pub use live::{next_tick_at, tick};
