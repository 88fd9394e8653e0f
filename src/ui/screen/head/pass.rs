//! What lets the reader in and ends: their token, the token of the door they came in by, the key that opened it. Boards say so a
//! week ahead; where on the screen, their heads and walls decide.

use crate::domain::board::About;
use crate::domain::instant::{Instant, Mono};
use crate::ui::shared::Shared;

/// How long before one of them ends that is told.
const SOON_DAYS: i64 = 7;

/// What lets a reader in and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    Token,
    /// The token of the door that they came in by.
    DoorToken,
    /// The key that opened that door.
    Key,
}

/// What lets the reader in to a source, and when each of it ends.
pub fn passes(about: &About) -> impl Iterator<Item = (Instant, Pass)> {
    let token = match about.token_of_door {
        true => Pass::DoorToken,
        false => Pass::Token,
    };
    let token = about.token_expires_at.map(|at| (at, token));
    let key = about.key_expires_at.map(|at| (at, Pass::Key));
    token.into_iter().chain(key)
}

/// The token or key that ends first, once that is a week off, and when the words change next.
pub fn token(shared: &Shared) -> (Option<String>, Option<Mono>) {
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let sources = shared.board.sources.iter().enumerate();
    let left = sources.flat_map(|(i, source)| {
        let all = source.about.iter().flat_map(|about| passes(about));
        all.map(move |(at, pass)| ((at - shared.time(i)).num_milliseconds(), i, pass))
    });
    let Some((left, source, pass)) = left.min() else {
        return (None, None);
    };
    let whose = match shared.board.sources.len() {
        // One key opens the door to all sources.
        _ if pass == Pass::Key => String::new(),
        1 => String::new(),
        _ => format!(" for {}", shared.source_name(source)),
    };
    let (unit, word) = match left {
        ..=0 => {
            let text = match pass {
                Pass::Token => format!("TOKEN ENDED{whose}: ask for another"),
                Pass::DoorToken => format!("DOOR TOKEN ENDED{whose}: tell who runs this door"),
                Pass::Key => "KEY EXPIRED: tell who runs this door".to_owned(),
            };
            return (Some(text), None);
        }
        left if left > SOON_DAYS * DAY => {
            return (None, Some(shared.now + (left - SOON_DAYS * DAY)));
        }
        DAY.. => (DAY, "d"),
        HOUR.. => (HOUR, "h"),
        _ => (MINUTE, "min"),
    };
    let pass = match pass {
        Pass::Token => "token",
        Pass::DoorToken => "door token",
        Pass::Key => "key",
    };
    let text = format!("{pass}{whose} expires in {} {word}", left / unit);
    (Some(text), Some(shared.now + (left % unit + 1)))
}
