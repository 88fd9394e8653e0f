//! The board's one truth on the reader's side: every source with its incidents and how fresh they are.
//! Replaced as a whole behind an `Arc`; what a screen makes of it stands in `ui`.

mod room;

use std::sync::Arc;

use super::instant::{Instant, Mono};
use super::view::{IncidentView, SelfView};

/// How far a source's rows can be trusted to be now. No good answer for 10 s: lagging; for 30 s: stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Freshness {
    Live,
    Lagging,
    Stale,
    /// For 3 s nothing but refused, unresolved, TLS error, 401 or 403. Wins over age.
    Down,
}

/// Milliseconds without a good answer after which a source is lagging.
pub const LAGGING_AFTER_MS: i64 = 10_000;
/// Milliseconds without a good answer after which a source is stale.
pub const STALE_AFTER_MS: i64 = 30_000;
/// Milliseconds of nothing but refusals after which a source is down.
pub const DOWN_AFTER_MS: i64 = 3_000;

impl Freshness {
    /// The word on the screen.
    pub const fn word(self) -> &'static str {
        match self {
            Freshness::Live => "live",
            Freshness::Lagging => "lagging",
            Freshness::Stale => "STALE",
            Freshness::Down => "DOWN",
        }
    }
}

/// Why a source gives no good answer, or not a whole one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 401: the backend does not know the token, or there is none to send.
    TokenRefused,
    /// 403.
    NotAllowed,
    /// No answer: nobody there, no such name, no trustworthy connection.
    NotReached,
    /// 408, 429 or 5xx.
    Busy,
    /// An answer that is not one of a backend.
    Garbage,
    /// All is answered, but some incidents cannot be read by this board.
    Unread,
}

impl Fault {
    /// As briefly as a wall has to say it; the whole sentence is `Source::error`.
    pub const fn words(self) -> &'static str {
        match self {
            Fault::TokenRefused => "token refused",
            Fault::NotAllowed => "not allowed",
            Fault::NotReached => "not reached",
            Fault::Busy => "cannot answer",
            Fault::Garbage => "wrong answers",
            Fault::Unread => "some incidents unread",
        }
    }
}

/// A team as the directory shows it to readers: kinds of routes, never addresses.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct TeamView {
    pub id: String,
    pub name: String,
    /// A few letters, for where there is little room.
    pub short: String,
    pub kind: super::word::TeamKind,
    /// Services it works for; empty: all.
    pub services: Vec<String>,
    /// When it is to be called in, in words.
    pub engage_when: Vec<String>,
    /// How long it may take to answer before the page escalates, as written (`10m`).
    pub ack_within: String,
    pub routes: Vec<RouteView>,
    /// The team a page escalates to after the last route.
    pub escalate_to: Option<String>,
}

/// A way to reach a team, without its address.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct RouteView {
    /// As its settings name it: `webhook`, `pagerduty`.
    pub kind: String,
    /// Texts of incidents marked higher are left out of what it carries.
    pub clearance: super::word::Tlp,
    /// It goes by the company's own channels: skipped while they are suspect.
    pub in_band: bool,
    /// The connector that calls; only for incidents that it was the source of. Null: a route of the backend's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
}

impl RouteView {
    /// Whether it can carry a page for an incident that came from this source, or from none.
    pub fn reaches_for(&self, source: Option<&str>) -> bool {
        self.connector.is_none() || self.connector.as_deref() == source
    }
}

/// A service as readers see it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ServiceView {
    pub id: String,
    pub name: String,
    /// What the ids of its incidents begin with.
    pub prefix: String,
    /// The security response team that owns its incidents, by id.
    pub owner: String,
    pub service_team: Option<String>,
    /// The regimes a new incident starts with, by id.
    pub regimes: Vec<String>,
}

/// What a backend says of itself and of the reader.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct About {
    pub name: String,
    pub version: String,
    pub services: Vec<ServiceView>,
    pub severities: Vec<SeverityMeaning>,
    /// Hash of the shared definitions; backends with different ones count differently.
    pub definitions: String,
    /// The reader's own token.
    pub you: SelfView,
    /// When the reader's token ends.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub token_expires_at: Option<Instant>,
    /// Whether that token is the one of the door that the reader came in by, and not their own.
    #[serde(default)]
    pub token_of_door: bool,
    /// When the key ends that the reader came in by. The door that shows the board knows it; no backend says it.
    #[serde(skip)]
    #[schema(ignore)]
    pub key_expires_at: Option<Instant>,
    /// Where the record ends now; worth noting elsewhere, as it shows later that nothing before it was changed.
    #[serde(default)]
    pub head: Option<HeadView>,
    /// The incident systems it takes incidents in from, and how far each has come.
    #[serde(default)]
    pub connectors: Vec<ConnectorView>,
}

/// An incident system that a backend takes incidents in from: when it was asked, and how old what it told is.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ConnectorView {
    pub name: String,
    /// The word of its kind in the backend's file, such as `iris`.
    pub kind: String,
    /// When it was last asked; one that speaks by itself never is.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub asked_at: Option<Instant>,
    /// When it last answered all that it was asked; of one that speaks by itself, when it was last heard.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered_at: Option<Instant>,
    /// The latest change it told of, by its own clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub changed_at: Option<Instant>,
    /// When its list was last read to the end: long ones are read in parts, a part a turn.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub whole_at: Option<Instant>,
    /// Incidents open there at the last whole list; of alerts, those that fire. Those that exist for the caller are counted.
    pub open: usize,
    /// Why what it told is not all, or why it did not answer.
    pub trouble: Option<String>,
    /// When the token ends that it shows here, where it posts by itself and that is known.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub token_expires_at: Option<Instant>,
    /// What it takes from here.
    #[serde(default)]
    pub takes: TakesView,
}

/// What an incident system takes from here, as it can and as the backend's file lets it be written there.
#[derive(
    Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct TakesView {
    /// The status that is written there for a phase, by the phase; a phase that is not among them is not written.
    pub phases: std::collections::BTreeMap<String, String>,
    /// Why no move is written there, if none is.
    pub no_phases: Option<String>,
    /// Why no note is written there, if none is.
    pub no_notes: Option<String>,
    /// Why nobody is called by it, if nobody is.
    pub no_pages: Option<String>,
}

/// An entry of the record by its place and its hash, which covers every entry before it too.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct HeadView {
    /// Its place in the record; 0 before the first entry.
    pub seq: u64,
    /// In hexadecimal.
    pub hash: String,
}

/// What a severity means at this backend.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct SeverityMeaning {
    pub id: super::word::Severity,
    pub means: String,
}

/// One backend as the board sees it.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the viewer's settings call it.
    pub name: String,
    /// Sorted by id; an unchanged incident keeps its `Arc` from board to board.
    pub incidents: Arc<Vec<Arc<IncidentView>>>,
    /// False until a whole list has been read once.
    pub complete: bool,
    /// The reader's monotonic instant of the last good answer.
    pub heard: Option<Mono>,
    /// The backend's instant of the data shown: `now` of the snapshot, moved on by each good answer.
    pub as_of: Option<Instant>,
    /// Backend's UTC milliseconds minus the reader's monotonic milliseconds.
    pub offset_ms: Option<i64>,
    /// How much the machine's own wall clock differs from the backend's, in milliseconds.
    pub skew_ms: Option<i64>,
    /// Since when nothing but refusals came; None while anything else did.
    pub refused_since: Option<Mono>,
    /// The last error, as a sentence for a person.
    pub error: Option<Arc<str>>,
    /// What kind of error that is.
    pub fault: Option<Fault>,
    /// A jump of the clock was seen and the source has not answered since.
    pub distrusted: bool,
    /// What it said of itself last; None until it has.
    pub about: Option<Arc<About>>,
    /// The teams that can be paged there; empty until they were read.
    pub teams: Arc<Vec<TeamView>>,
}

impl Source {
    /// A source nobody has heard of yet.
    pub fn new(name: impl Into<String>) -> Source {
        Source {
            name: name.into(),
            incidents: Arc::new(Vec::new()),
            complete: false,
            heard: None,
            as_of: None,
            offset_ms: None,
            skew_ms: None,
            refused_since: None,
            error: None,
            fault: None,
            distrusted: false,
            about: None,
            teams: Arc::new(Vec::new()),
        }
    }

    /// How fresh the rows are at a monotonic instant. A source never heard is down or stale, never live.
    pub fn freshness(&self, now: Mono) -> Freshness {
        if self
            .refused_since
            .is_some_and(|since| now - since >= DOWN_AFTER_MS)
        {
            return Freshness::Down;
        }
        let Some(heard) = self.heard else {
            return Freshness::Stale;
        };
        match now - heard {
            _ if self.distrusted => Freshness::Stale,
            age if age >= STALE_AFTER_MS => Freshness::Stale,
            age if age >= LAGGING_AFTER_MS => Freshness::Lagging,
            _ => Freshness::Live,
        }
    }

    /// When the freshness next changes by time alone.
    pub fn next_change(&self, now: Mono) -> Option<Mono> {
        let down = self.refused_since.map(|since| since + DOWN_AFTER_MS);
        let lagging = self.heard.map(|heard| heard + LAGGING_AFTER_MS);
        let stale = self.heard.map(|heard| heard + STALE_AFTER_MS);
        [down, lagging, stale]
            .into_iter()
            .flatten()
            .filter(|at| *at > now)
            .min()
    }

    /// The backend's time at a monotonic instant, if it was ever heard.
    pub fn time(&self, now: Mono) -> Option<Instant> {
        self.offset_ms
            .and_then(|offset| Instant::from_timestamp_millis(now.0.saturating_add(offset)))
    }

    /// The monotonic instant at which the backend's clock shows `at`.
    pub fn mono(&self, at: Instant) -> Option<Mono> {
        self.offset_ms
            .map(|offset| Mono(at.timestamp_millis().saturating_sub(offset)))
    }

    /// The incident with this id.
    pub fn incident(&self, id: &str) -> Option<&Arc<IncidentView>> {
        let at = self
            .incidents
            .binary_search_by(|i| i.id.as_str().cmp(id))
            .ok()?;
        self.incidents.get(at)
    }
}

/// Everything the board shows, from every source.
#[derive(Debug, Clone, Default)]
pub struct Board {
    pub sources: Vec<Arc<Source>>,
    /// Grows by one with each replacement.
    pub generation: u64,
}

impl Board {
    /// The incident with this id at this source.
    pub fn incident(&self, source: usize, id: &str) -> Option<&Arc<IncidentView>> {
        self.sources.get(source)?.incident(id)
    }

    /// How many incidents there are, over all sources.
    pub fn len(&self) -> usize {
        self.sources.iter().map(|s| s.incidents.len()).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sources.iter().all(|s| s.incidents.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_follows_age_and_refusals_win() {
        let mut source = Source::new("azure");
        assert_eq!(source.freshness(Mono(0)), Freshness::Stale);
        source.heard = Some(Mono(0));
        for (now, expected) in [
            (0, Freshness::Live),
            (9_999, Freshness::Live),
            (10_000, Freshness::Lagging),
            (30_000, Freshness::Stale),
        ] {
            assert_eq!(source.freshness(Mono(now)), expected, "{now}");
        }
        source.refused_since = Some(Mono(1_000));
        assert_eq!(source.freshness(Mono(3_999)), Freshness::Live);
        assert_eq!(source.freshness(Mono(4_000)), Freshness::Down);
    }
}
