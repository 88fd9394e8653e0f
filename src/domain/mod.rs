//! What an incident is and what may be done to it: state, commands, events, gates, duties, read models.
//!
//! No IO, no async, no clock, no terminal: instants come in as arguments, texts are stored as received.
//! Every other room stands on this one; it stands on none.

pub mod clock;
pub mod instant;
pub mod text;
pub mod word;
