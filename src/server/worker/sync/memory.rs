//! What a source's worker keeps between two turns, and how a turn can end early. It is lost with the lease: what must not be,
//! stands in the record.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::connector::error::ConnectorError;
use crate::connector::port::{Batch, Cursor, Version, Watermark};
use crate::domain::instant::Instant;
use crate::domain::text::SafeText;
use crate::domain::word::Phase;
use crate::server::connector::Ailment;
use crate::store::StoreError;
use crate::time::Mono;

/// How long one incident is let be that the source says no to.
const LET_BE_MS: i64 = 300_000;
/// The same where it gave no answer.
const SILENT_LET_BE_MS: i64 = 60_000;
/// Of how many incidents that are let be readers are told why; of the others, how many they are.
const SAID_MAX: usize = 3;
/// How much of a key readers see, in cells.
const KEY_CELLS: usize = 40;

/// Why a turn ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum TurnError {
    #[error(transparent)]
    Source(#[from] ConnectorError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another node may ask it now")]
    Lost,
}

impl TurnError {
    /// What everybody may be told of it: no word of the source, which may have named an incident.
    pub(super) fn plain(&self) -> String {
        let TurnError::Source(error) = self else {
            return self.to_string();
        };
        match error {
            ConnectorError::RateLimited { .. } => error.to_string(),
            ConnectorError::Auth(_) => "it does not take the credentials".to_owned(),
            ConnectorError::Transport(_) | ConnectorError::Unknown(_) => {
                "it gave no answer that can be used".to_owned()
            }
            _ => "it did not do what it was asked".to_owned(),
        }
    }

    /// Whether there is no use in asking for anything else in this turn.
    pub(super) fn ends_turn(&self) -> bool {
        !matches!(self, TurnError::Source(error) if !error.is_of_all())
    }
}

/// What is kept between two turns.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) watermark: Option<Watermark>,
    /// When the list was last read to its end.
    pub(super) whole_at: Option<Mono>,
    pub(super) walk: Walk,
    /// Versions as the list gave them: what did not change is not asked for again.
    pub(super) listed: HashMap<String, Version>,
    /// What is open on our record and left its list: to be asked for by its key.
    pub(super) left: BTreeSet<String>,
    /// Incidents that could not be read, by key.
    pub(super) unread: Aside,
    /// Incidents that are not on record because they were refused here, by key.
    pub(super) refused: Aside,
    /// The place of an incident's last entry when its notes were last looked at, by the incident's id.
    pub(super) noted: HashMap<String, u64>,
    pub(super) failures: u32,
    /// Why the last whole list was not all there is.
    pub(super) short: Option<String>,
    /// Incidents with notes that are not written there yet, by key.
    pub(super) unnoted: Aside,
    /// Moves that were tried to be written there and do not show there, by key.
    pub(super) untaken: HashMap<String, Untaken>,
}

impl Memory {
    /// What came of taking an incident in: one that is refused here is not on record, and tried again later.
    pub(super) fn taken(&mut self, key: &str, refused: Option<String>, now: Mono) {
        match refused {
            Some(why) => {
                let until = now + LET_BE_MS;
                let what = "could not be taken in";
                self.refused.put_until(key.to_owned(), what, &why, until);
            }
            None => self.refused.over(key),
        }
        self.unread.over(key);
    }

    /// What is wrong though the source answers: its list is not all there is, an incident cannot be read, or it does not show
    /// what was written there.
    pub(super) fn trouble(&self) -> Vec<Ailment> {
        let mut moves: Vec<(&String, &Untaken)> = self.untaken.iter().collect();
        moves.sort_unstable_by_key(|(key, _)| *key);
        let moves = first(moves.len(), moves.into_iter().map(|(_, of)| &of.why));
        let all = self.short.iter().map(|short| Ailment::plain(short));
        let all = all.chain(self.refused.said());
        let all = all.chain(self.unread.said()).chain(self.unnoted.said());
        all.chain(moves).collect()
    }
}

/// A walk through a list, a part a turn.
#[derive(Default)]
pub(super) struct Walk {
    /// Where it goes on; none at its beginning.
    pub(super) next: Option<Cursor>,
    pub(super) parts: usize,
    /// What it met.
    pub(super) keys: BTreeSet<String>,
    pub(super) latest: Option<Instant>,
    /// What the newest part held in the last turn.
    pub(super) newest: BTreeSet<String>,
    pub(super) trouble: Vec<String>,
    /// When it began.
    pub(super) begun: Option<Instant>,
}

impl Walk {
    /// Keeps what a part told; true where it says that the list goes on beyond what it gives.
    pub(super) fn note(&mut self, part: &Batch) -> bool {
        let latest = part.cases.iter().filter_map(|case| case.updated_at).max();
        self.latest = latest.max(self.latest);
        self.keys
            .extend(part.cases.iter().map(|case| case.key.clone()));
        self.trouble.extend(part.cut.clone());
        if !part.unread.is_empty() {
            self.trouble.push(format!(
                "{} incidents there could not be read",
                part.unread.len()
            ));
        }
        part.cut.is_some()
    }
}

/// A move that was refused there, or sent and does not show there yet: many systems take a write before it can be read.
pub(super) struct Untaken {
    pub(super) until: Mono,
    pub(super) phase: Phase,
    /// How that is said.
    pub(super) why: Ailment,
}

/// How long one incident is let be after this.
pub(super) fn let_be_ms(error: &ConnectorError) -> i64 {
    match error {
        ConnectorError::Transport(_) => SILENT_LET_BE_MS,
        _ => LET_BE_MS,
    }
}

/// Incidents of which something did not work while the others go on: let be for a while, and told until it does.
#[derive(Debug, Default)]
pub(super) struct Aside(BTreeMap<String, LetBe>);

#[derive(Debug)]
struct LetBe {
    until: Mono,
    why: Ailment,
}

impl Aside {
    /// Puts one aside; `what` says what became of it, as in `could not be read`.
    pub(super) fn put(&mut self, key: String, what: &str, error: &ConnectorError, now: Mono) {
        let until = now + let_be_ms(error);
        self.put_until(key, what, &error.to_string(), until);
    }

    fn put_until(&mut self, key: String, what: &str, why: &str, until: Mono) {
        let named = SafeText::line(&key).truncated(KEY_CELLS);
        let why = Ailment::of_incident(
            &key,
            &format!("{named} {what}: {why}"),
            &format!("an incident {what}"),
        );
        self.0.insert(key, LetBe { until, why });
    }

    /// Whether it is let be at this time.
    pub(super) fn holds(&self, key: &str, now: Mono) -> bool {
        self.0.get(key).is_some_and(|of| of.until > now)
    }

    /// It works again.
    pub(super) fn over(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Forgets those that are nobody's business any more.
    pub(super) fn keep(&mut self, still: impl Fn(&str) -> bool) {
        self.0.retain(|key, _| still(key));
    }

    /// Why, of the first few.
    fn said(&self) -> impl Iterator<Item = Ailment> {
        first(self.0.len(), self.0.values().map(|of| &of.why))
    }
}

/// The first few of so many, and how many more there are: those who do not read every incident are not told how many.
fn first<'a>(all: usize, said: impl Iterator<Item = &'a Ailment>) -> impl Iterator<Item = Ailment> {
    let more = all.saturating_sub(SAID_MAX);
    let more = (more > 0).then(|| Ailment::of_source(&format!("and {more} more"), "and more"));
    said.take(SAID_MAX).cloned().chain(more)
}
