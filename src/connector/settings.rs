//! What a connector is told: whom to ask, with which credentials, and how its words land in ours. Where that is written
//! down, and every fault in it, is the business of `config`.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::domain::word::{Phase, Severity};
use crate::secret::Secret;

/// The address of PagerDuty's REST API.
pub const PAGERDUTY_URL: &str = "https://api.pagerduty.com";

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct SettingsFault {
    /// The key in the file.
    pub key: &'static str,
    /// Why, and what would do.
    pub why: String,
}

impl SettingsFault {
    pub(super) fn new(key: &'static str, why: impl ToString) -> SettingsFault {
        SettingsFault {
            key,
            why: why.to_string(),
        }
    }
}

/// Which vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Iris,
    PagerDuty,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 2] = [Kind::Iris, Kind::PagerDuty];

    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Iris => "iris",
            Kind::PagerDuty => "pagerduty",
        }
    }

    /// The kind of a word.
    pub fn of(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What a person calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Iris => "DFIR-IRIS",
            Kind::PagerDuty => "PagerDuty",
        }
    }

    /// What its statuses mean unless the file says otherwise. Of the statuses of one phase the first is the one to write.
    pub fn phases(self) -> Vec<(String, Phase)> {
        use Phase::{
            ContainmentEradicationAndRecovery as Containment, DetectionAndAnalysis as Detection,
            PostIncidentActivity as Post,
        };
        let pairs: &[(&str, Phase)] = match self {
            Kind::Iris => &[
                ("In progress", Detection),
                ("Open", Detection),
                ("Unspecified", Detection),
                ("Containment", Containment),
                ("Eradication", Containment),
                ("Recovery", Containment),
                ("Post-Incident", Post),
                ("Reporting", Post),
            ],
            Kind::PagerDuty => &[("acknowledged", Detection), ("triggered", Detection)],
        };
        let owned = pairs
            .iter()
            .map(|(word, phase)| ((*word).to_owned(), *phase));
        owned.collect()
    }

    /// The same for severities. PagerDuty's priorities are each account's own: only the usual names are known.
    pub fn severities(self) -> Vec<(String, Severity)> {
        use Severity::{Sev1, Sev2, Sev3, Sev4, Sev5};
        let pairs: &[(&str, Severity)] = match self {
            Kind::Iris => &[
                ("Critical", Sev1),
                ("High", Sev2),
                ("Medium", Sev3),
                ("Low", Sev4),
                ("Informational", Sev5),
            ],
            Kind::PagerDuty => &[
                ("P1", Sev1),
                ("P2", Sev2),
                ("P3", Sev3),
                ("P4", Sev4),
                ("P5", Sev5),
            ],
        };
        let owned = pairs
            .iter()
            .map(|(word, severity)| ((*word).to_owned(), *severity));
        owned.collect()
    }

    /// Words that say that nobody has assessed the severity: no fault, and no severity.
    pub const fn unassessed(self) -> &'static [&'static str] {
        match self {
            Kind::Iris => &["Unspecified"],
            Kind::PagerDuty => &[],
        }
    }
}

/// Where the credentials are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenPlace {
    /// In a file that only its owner may read.
    File(PathBuf),
    /// Printed by a command, which is run without a shell.
    Command(String),
    /// In a variable, with what it held at the start.
    Variable { name: String, value: Option<Secret> },
}

/// One connector.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorSettings {
    pub kind: Kind,
    /// Unique; it stands in `upstream.connector`.
    pub name: String,
    pub url: String,
    pub token: TokenPlace,
    /// Authorities to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// PagerDuty: the e-mail address of the user that writes are made for.
    pub from: Option<String>,
    /// PagerDuty: the single-choice custom field that carries the phase.
    pub phase_field: Option<String>,
    /// Whether a move made here is written there.
    pub write_phases: bool,
    pub mapping: Mapping,
}

/// What a tag adds to an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct TagRule {
    pub tag: String,
    pub regimes: Vec<String>,
    pub profile: Map<String, Value>,
}

/// How a vendor's words land in ours. Words are compared without regard to case.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    pub kind: Kind,
    /// Our service, for everything that `services` does not place.
    pub service: String,
    /// Customer or service there, and our service.
    pub services: Vec<(String, String)>,
    pub phases: Vec<(String, Phase)>,
    pub severities: Vec<(String, Severity)>,
    pub tags: Vec<TagRule>,
}

impl Mapping {
    /// The built-in mapping of a kind, into one service.
    pub fn new(kind: Kind, service: impl Into<String>) -> Mapping {
        Mapping {
            kind,
            service: service.into(),
            services: Vec::new(),
            phases: kind.phases(),
            severities: kind.severities(),
            tags: Vec::new(),
        }
    }

    /// What a word means, by a list.
    pub(super) fn find<T: Clone>(list: &[(String, T)], word: &str) -> Option<T> {
        let same = |(known, _): &&(String, T)| known.to_lowercase() == word.trim().to_lowercase();
        list.iter().find(same).map(|(_, meaning)| meaning.clone())
    }

    /// The status that is written for a phase, if the source has one.
    pub fn status_for(&self, phase: Phase) -> Option<&str> {
        let found = self.phases.iter().find(|(_, meaning)| *meaning == phase);
        found.map(|(word, _)| word.as_str())
    }
}
