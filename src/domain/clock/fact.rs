//! What an incident has recorded for one duty: triggers, submission, holds, a person's decision, the present instant.
//! The record itself stands in `incident`; here is only the form in which counting reads it.

use super::profile::Profile;
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use crate::domain::when::When;

/// What a rule's condition means while the profile lacks a fact it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lacking {
    /// The duty is undecided: somebody is asked, nothing is counted. The board's way.
    #[default]
    Asks,
    /// The condition counts as true: a what-if shows what would be due.
    Counts,
}

/// A hold on a duty: law enforcement, an authority, or a written exception (`exception:<name>`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// `written`, `oral`, `ag-delay`, `exception:<name>`, ...
    pub kind: String,
    /// When it was stated or began; none is taken as before everything.
    pub from: Option<Instant>,
    /// When it ends; none while nobody has said.
    pub until: Option<Instant>,
}

/// Everything recorded that one duty's clock reads.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Recorded instants by name (`aware_at`, `submitted:initial`).
    pub triggers: &'a [(String, When)],
    pub profile: &'a Profile,
    /// When this stage was submitted, to all who had to be told.
    pub submitted: Option<Instant>,
    pub holds: &'a [Hold],
    /// A person decided that this duty needs no notice.
    pub decided: bool,
    pub lacking: Lacking,
    /// How long drafting and approval take; overrides what the rule says.
    pub prepare_for: Option<Span>,
    /// The present; none for a what-if that has none.
    pub now: Option<Instant>,
}

impl<'a> Facts<'a> {
    /// Triggers and a profile; nothing submitted, held or decided, and no present.
    pub fn new(triggers: &'a [(String, When)], profile: &'a Profile) -> Facts<'a> {
        Facts {
            triggers,
            profile,
            submitted: None,
            holds: &[],
            decided: false,
            lacking: Lacking::Asks,
            prepare_for: None,
            now: None,
        }
    }

    /// A recorded instant that can start a clock: what is known to the month or year only starts none.
    pub fn trigger(&self, name: &str) -> Option<When> {
        let (_, when) = self.triggers.iter().find(|(key, _)| key == name)?;
        when.starts_a_clock().then_some(*when)
    }
}
