//! What a connector is told: whom to ask, with which credentials, and how its words land in ours. Where that is written
//! down, and every fault in it, is the business of `config`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::port::Case;
use super::vendor::Vendor;
use crate::domain::word::{Phase, Severity, Tlp};
use crate::secret::Place;

/// One connector.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectorSettings {
    pub vendor: &'static Vendor,
    /// Unique; it stands in `upstream.connector`.
    pub name: String,
    pub url: String,
    /// Where the credentials are.
    pub token: Place,
    /// Authorities to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The proxy to call through; without it what the environment says.
    pub proxy: Option<String>,
    /// What only this vendor takes, by the key in the file: one of [`Vendor::keys`].
    pub options: BTreeMap<&'static str, String>,
    /// Whether a move made here is written there.
    pub write_phases: bool,
    /// The highest TLP of incidents whose notes are written there; none: no note is.
    pub write_notes: Option<Tlp>,
    pub mapping: Mapping,
}

impl ConnectorSettings {
    /// What a file says that has only what every connector needs: nothing is written there.
    pub fn new(
        vendor: &'static Vendor,
        name: impl Into<String>,
        url: impl Into<String>,
        token: Place,
        service: impl Into<String>,
    ) -> ConnectorSettings {
        ConnectorSettings {
            vendor,
            name: name.into(),
            url: url.into(),
            token,
            ca_file: None,
            proxy: None,
            options: BTreeMap::new(),
            write_phases: false,
            write_notes: None,
            mapping: Mapping::new(vendor, service),
        }
    }

    /// What the file says under a key that only this vendor takes.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }
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
    pub vendor: &'static Vendor,
    /// Our service, for everything that `services` does not place.
    pub service: String,
    /// Customer or service there, and our service.
    pub services: Vec<(String, String)>,
    pub phases: Vec<(String, Phase)>,
    pub severities: Vec<(String, Severity)>,
    pub tags: Vec<TagRule>,
}

impl Mapping {
    /// The built-in mapping of a vendor, into one service.
    pub fn new(vendor: &'static Vendor, service: impl Into<String>) -> Mapping {
        Mapping {
            vendor,
            service: service.into(),
            services: Vec::new(),
            phases: owned(vendor.phases),
            severities: owned(vendor.severities),
            tags: Vec::new(),
        }
    }

    /// What a word means, by a list.
    pub(super) fn find<T: Clone>(list: &[(String, T)], word: &str) -> Option<T> {
        let same = |(known, _): &&(String, T)| known.to_lowercase() == word.trim().to_lowercase();
        list.iter().find(same).map(|(_, meaning)| meaning.clone())
    }

    /// The phase that a case stands in: by its status, or by what its status stands under where that means a phase whatever
    /// it is called.
    pub(super) fn phase_of(&self, case: &Case) -> Option<Phase> {
        let of = |word: &str| Mapping::find(&self.phases, word);
        of(&case.status).or_else(|| of(case.category.as_deref()?))
    }

    /// The status that is written for a phase, if the source has one.
    pub fn status_for(&self, phase: Phase) -> Option<&str> {
        let found = self.phases.iter().find(|(_, meaning)| *meaning == phase);
        found.map(|(word, _)| word.as_str())
    }
}

fn owned<T: Copy>(pairs: &[(&str, T)]) -> Vec<(String, T)> {
    let pairs = pairs.iter();
    pairs
        .map(|(word, meaning)| ((*word).to_owned(), *meaning))
        .collect()
}
