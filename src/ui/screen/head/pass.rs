//! What lets in and ends: the reader's token, the token of the door they came in by, the key that opened it, the token of an
//! intake. Boards say so a week ahead; where on the screen, their heads and walls decide.

use crate::domain::board::About;
use crate::domain::instant::{Instant, Mono};
use crate::domain::text::SafeText;
use crate::ui::shared::Shared;

/// How long before one of them ends that is told.
const SOON_DAYS: i64 = 7;

/// What lets in and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass<'a> {
    Token,
    /// The token of the door that the reader came in by.
    DoorToken,
    /// The key that opened that door.
    Key,
    /// The token that a sender of alerts shows to the intake of this name.
    Intake(&'a str),
}

/// What lets the reader in to a source, and when each of it ends.
pub fn passes(about: &About) -> impl Iterator<Item = (Instant, Pass<'_>)> {
    let token = match about.token_of_door {
        true => Pass::DoorToken,
        false => Pass::Token,
    };
    let token = about.token_expires_at.map(|at| (at, token));
    let key = about.key_expires_at.map(|at| (at, Pass::Key));
    token.into_iter().chain(key)
}

/// The reader's token or key that ends first, once that is a week off, and when the words change next.
pub fn token(shared: &Shared) -> (Option<String>, Option<Mono>) {
    told(shared, own(shared).min())
}

/// The same of the tokens that intakes of a backend take; of one that is over the backend says it.
pub fn intake(shared: &Shared) -> (Option<String>, Option<Mono>) {
    told(shared, intakes(shared).min())
}

/// The same of all of these.
pub fn ending(shared: &Shared) -> (Option<String>, Option<Mono>) {
    told(shared, own(shared).chain(intakes(shared)).min())
}

/// Milliseconds left, of which source, what.
type Left<'a> = (i64, usize, Pass<'a>);

fn own(shared: &Shared) -> impl Iterator<Item = Left<'_>> {
    abouts(shared).flat_map(move |(i, about)| {
        let all = passes(about);
        all.map(move |(at, pass)| ((at - shared.time(i)).num_milliseconds(), i, pass))
    })
}

fn intakes(shared: &Shared) -> impl Iterator<Item = Left<'_>> {
    let all = abouts(shared).flat_map(move |(i, about)| {
        about.connectors.iter().filter_map(move |of| {
            let left = (of.token_expires_at? - shared.time(i)).num_milliseconds();
            Some((left, i, Pass::Intake(&of.name)))
        })
    });
    all.filter(|(left, ..)| *left > 0)
}

fn abouts(shared: &Shared) -> impl Iterator<Item = (usize, &About)> {
    let sources = shared.board.sources.iter().enumerate();
    sources.filter_map(|(i, source)| Some((i, source.about.as_deref()?)))
}

fn told(shared: &Shared, first: Option<Left<'_>>) -> (Option<String>, Option<Mono>) {
    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let Some((left, source, pass)) = first else {
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
                Pass::Intake(_) => return (None, None),
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
        Pass::Token => "token".to_owned(),
        Pass::DoorToken => "door token".to_owned(),
        Pass::Key => "key".to_owned(),
        Pass::Intake(name) => format!("token of intake {}", SafeText::line(name).shown()),
    };
    let text = format!("{pass}{whose} expires in {} {word}", left / unit);
    (Some(text), Some(shared.now + (left % unit + 1)))
}
