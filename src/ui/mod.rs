//! What a viewer sees and does: pure state, update and drawing. No IO, no async, no clock, no lock.
//! Bytes from a terminal become `input::Input` in `session`; what talks to backends is `client`.

pub mod digits;
pub mod glyph;
pub mod input;
pub mod message;
pub mod phrase;
pub mod theme;
