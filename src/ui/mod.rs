//! What a viewer sees and does: pure state, update and drawing. No IO, no async, no clock, no lock.
//! Bytes from a terminal become `input::Input` in `session`; from there on nobody asks which terminal it is.

pub mod glyph;
pub mod input;
pub mod phrase;
pub mod theme;
