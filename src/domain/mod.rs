//! What an incident is and what may be done to it: state, commands, events, gates, duties, read models.
//!
//! No IO, no async, no clock, no terminal: instants come in as arguments, texts are stored as received.
//! Every other room stands on this one; it stands on none.

pub mod alarm;
pub mod allowed;
pub mod board;
pub mod caller;
pub mod clock;
pub mod codename;
pub mod command;
pub mod delivery;
pub mod directory;
pub mod duty;
pub mod event;
pub mod gate;
pub mod grant;
pub mod incident;
pub mod instant;
pub mod login;
pub mod presence;
pub mod refusal;
pub mod restriction;
pub mod say;
pub mod span;
pub mod text;
pub mod view;
pub mod view_of;
pub mod when;
pub mod word;
