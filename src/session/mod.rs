//! One viewer's loop, and the doors it comes in by. A door brings bytes and sizes and takes frames; the loop turns them into
//! input for a screen and the screen's cells into bytes. What is shown and what a key means stands in `ui`.

pub mod board;
pub mod display;
pub mod emit;
pub mod errand;
pub mod input;
pub mod local;
mod mode;
pub mod pace;
pub mod picture;
pub mod run;
pub mod ssh;

pub use board::{BoardScreen, Viewing};
pub use emit::{Depth, Emitter};
pub use errand::Errand;
pub use input::Decoder;
pub use local::{LocalDoor, Restorer, SessionError, window};
pub use pace::Pace;
pub use picture::Frame;
pub use run::{Door, Event, Handled, Incoming, Patch, Screen, Setup, Tick, Wish, run};
