//! The board's pure part: state, `update`, `draw`, `tick`. No IO, no clock, no lock.
//! What reads keys and writes bytes is `session`; what talks to backends is `client`.

pub mod input;
pub mod message;
