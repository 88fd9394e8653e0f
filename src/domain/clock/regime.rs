//! Regimes and their stages as the catalogue holds them, ready to be counted. How they are written in files stands in
//! `form`; which ones there are in `catalogue`.

use chrono::NaiveDate;

use super::condition::Condition;
use super::kind::{Clock, HoldKind, Limit};
use crate::domain::span::Span;
use crate::domain::word::Direction;

/// Whether a text binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Force {
    InForce,
    Deferred,
    Proposed,
    Repealed,
}

/// How well number and trigger were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// Read in a named source.
    Located,
    /// Part read, part general knowledge: say "check text".
    PartlyLocated,
    /// General knowledge only: shipped disabled, verify before use.
    General,
}

/// Where a text was read, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub address: String,
    /// What stands there, in a sentence.
    pub gist: String,
}

/// A condition with its text, for a reader.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// As the file has it.
    pub text: String,
    pub condition: Condition,
}

/// A law, contract or commitment that asks for notifications.
#[derive(Debug, Clone, PartialEq)]
pub struct Regime {
    pub id: String,
    pub name: String,
    /// The rule's name on the screen, such as `GDPR 33`; the id where the file gives none.
    pub short: String,
    /// Whose law it is; `contract` where one customer agreed it.
    pub jurisdiction: String,
    pub family: String,
    pub citation: String,
    /// Whether it is in force, deferred, proposed or repealed.
    pub force: Force,
    /// What there is to say of its status.
    pub status_note: String,
    /// First local day on which it applies.
    pub applies_from: Option<NaiveDate>,
    /// Last local day on which it applies.
    pub applies_until: Option<NaiveDate>,
    /// When the text was last read.
    pub verified: NaiveDate,
    /// How well it was read.
    pub confidence: Confidence,
    /// Disabled regimes are known and explained, and start no duties.
    pub enabled: bool,
    pub sources: Vec<Source>,
    /// How it is counted, in words.
    pub counting: String,
    /// In words, for a reader; nothing is counted by them.
    pub exceptions: Vec<String>,
    /// Who answers for this entry.
    pub owner: Option<String>,
    /// The regime this one replaced.
    pub supersedes: Option<String>,
    /// For which profiles it is worth a look.
    pub proposed_when: Option<Asked>,
    pub stages: Vec<Stage>,
    /// The file it was read from.
    pub file: String,
}

impl Regime {
    /// Whether it is a contract's, so that its own name, text and recipient tell who a customer is.
    pub fn names_a_customer(&self) -> bool {
        let mut to = self.stages.iter().flat_map(|stage| &stage.to);
        self.jurisdiction == CONTRACT || to.any(|to| to.starts_with(CUSTOMER))
    }
}

/// The jurisdiction of what one customer agreed.
const CONTRACT: &str = "contract";
/// What stands before the name of a customer who is to be told.
pub const CUSTOMER: &str = "customer:";

/// One notification a regime asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    pub id: String,
    /// To whom, as words (`supervisory-authority`).
    pub to: Vec<String>,
    /// To whom, as the text says it.
    pub who: String,
    /// What starts the clock, as the text says it.
    pub trigger_text: String,
    pub clock: Clock,
    /// How the latest instant that the text allows is found; None: it is the due itself.
    pub limit: Option<Limit>,
    /// The holds that its text allows.
    pub holds: Vec<HoldKind>,
    pub exceptions: Vec<String>,
    /// Whether it must be told before the instant, or must not be before it.
    pub direction: Direction,
    /// The text's own words for the time.
    pub wording: String,
    pub note: String,
    /// The facts under which it applies at all.
    pub when: Option<Asked>,
    /// The first whose condition holds replaces the clock.
    pub variants: Vec<Variant>,
    /// The team that decides, when the rule names one.
    pub decider: Option<String>,
    /// How long drafting and approval take.
    pub prepare_for: Option<Span>,
    /// Whether its latest start pages the decider.
    pub page_on_latest_start: bool,
    /// Shown on shared screens as "restricted duty" only, and nowhere else.
    pub restricted: bool,
    /// Triggers that, once all are recorded, are the notice.
    pub met_by: Vec<String>,
}

impl Stage {
    /// Whether its clocks, or what makes it met, ask for a trigger of this name.
    pub fn names_trigger(&self, name: &str) -> bool {
        let other = self.variants.iter().map(|variant| &variant.clock);
        let mut clocks = std::iter::once(&self.clock).chain(other);
        self.met_by.iter().any(|met| met == name) || clocks.any(|clock| clock.names_trigger(name))
    }
}

/// Another clock for entities or incidents of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    pub when: Asked,
    pub clock: Clock,
    /// Replaces the stage's limit; none keeps it.
    pub limit: Option<Limit>,
}

impl Force {
    /// The word as files spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Force::InForce => "in_force",
            Force::Deferred => "deferred",
            Force::Proposed => "proposed",
            Force::Repealed => "repealed",
        }
    }
}

impl Confidence {
    /// The word as files and the API spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Confidence::Located => "located",
            Confidence::PartlyLocated => "partly-located",
            Confidence::General => "general",
        }
    }

    /// What a reader must be told beside the name; nothing for a located text.
    pub const fn warning(self) -> &'static str {
        match self {
            Confidence::Located => "",
            Confidence::PartlyLocated => "check text",
            Confidence::General => "verify before use",
        }
    }
}

impl Regime {
    /// A stage by its id.
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// Whole days since the text was read, as of a day.
    pub fn age_on(&self, day: NaiveDate) -> i64 {
        (day - self.verified).num_days().max(0)
    }
}
