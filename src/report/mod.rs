//! What leaves the board as a document: the log of an incident, the sheet for a hand-over, the situation report, the review.
//! Pure: made from what the API tells a reader, at one instant; what the reader may not see is not in it. No file is written here.

mod handoff;
mod log;
mod markdown;
mod part;
mod review;
mod sitrep;

use crate::domain::board::HeadView;
use crate::domain::instant::Instant;
use crate::domain::view::IncidentView;
use crate::wire::EntryBody;

/// Which document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every entry, as an activity log (ICS 214) has it.
    Log,
    /// What the next commander must know, on a page.
    Handoff,
    /// Where it stands, for those who do not work on it.
    Sitrep,
    /// What happened, how long it took, what was decided and learned.
    Review,
}

/// What a document is made from.
#[derive(Debug, Clone, Copy)]
pub struct Sheet<'a> {
    pub incident: &'a IncidentView,
    /// The whole timeline, oldest first.
    pub entries: &'a [EntryBody],
    /// The backend's instant of the reading; what counts down is counted to it.
    pub now: Instant,
    /// Who asked for it: the reader's name at the backend.
    pub by: &'a str,
    pub backend: &'a str,
    /// Where the record ended then.
    pub head: Option<&'a HeadView>,
}

/// The document in Markdown. Nothing of the incident's texts is markup in it.
pub fn markdown(kind: Kind, sheet: &Sheet<'_>) -> String {
    match kind {
        Kind::Log => log::made(sheet),
        Kind::Handoff => handoff::made(sheet),
        Kind::Sitrep => sitrep::made(sheet),
        Kind::Review => review::made(sheet),
    }
}

#[cfg(test)]
mod tests;
