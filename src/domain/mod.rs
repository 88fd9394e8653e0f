//! What an incident is. No IO, no async, no clock, no terminal.

pub mod clock;
