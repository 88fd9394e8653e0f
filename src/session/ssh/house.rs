//! What a door opens to: whoever runs it says what is shown and printed to those who came in.

use std::sync::Arc;

use futures::future::BoxFuture;

pub use super::door::Last;
pub use super::people::Guest;
pub use super::terminal::Terminal;
use crate::client::Api;
use crate::ui::App;

/// One session that begins.
pub struct Visit {
    pub guest: Arc<Guest>,
    /// Every source, asked in the guest's name.
    pub apis: Vec<Api>,
    pub terminal: Terminal,
}

/// What a guest gets.
pub enum Asked {
    /// A board.
    Board(Box<App>),
    /// Something printed once, or why not.
    Print(BoxFuture<'static, Last>),
}

/// The house behind a door.
pub trait House: Send + Sync {
    /// What a guest who typed these words gets; without words it is the board.
    fn asked(&self, visit: Visit, words: &str) -> Asked;
}
