//! The catalogues of regimes that a viewer has read, one a source, and what profiles call for. Which regimes there are is
//! each backend's; nothing here is drawn.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::message::Effect;
use crate::wire::RegimesBody;

/// One source's catalogue.
#[derive(Debug, Default)]
struct Known {
    body: Option<Arc<RegimesBody>>,
    /// The profile that `body` says the proposals for.
    profile: Option<String>,
    /// Why the last read came to nothing.
    failed: Option<String>,
}

/// The catalogues of one viewer.
#[derive(Debug, Default)]
pub struct Catalogues(BTreeMap<usize, Known>);

impl Catalogues {
    /// The read that is wanted; `None` where the catalogue and what this profile calls for are known.
    pub fn ask(&self, source: usize, profile: Option<String>) -> Option<Effect> {
        let known = self.0.get(&source).filter(|known| known.body.is_some());
        match known {
            Some(known) if profile.is_none() || known.profile == profile => None,
            _ => Some(Effect::Regimes { source, profile }),
        }
    }

    /// Takes what was read; a catalogue that is known outlives a read that failed.
    pub fn take(
        &mut self,
        source: usize,
        profile: Option<String>,
        body: Result<Arc<RegimesBody>, String>,
    ) {
        let known = self.0.entry(source).or_default();
        match body {
            Ok(body) => {
                *known = Known {
                    body: Some(body),
                    profile,
                    failed: None,
                };
            }
            Err(sentence) => known.failed = Some(sentence),
        }
    }

    /// The catalogue of a source.
    pub fn of(&self, source: usize) -> Option<&RegimesBody> {
        self.0.get(&source)?.body.as_deref()
    }

    /// Why a regime is called for by this profile.
    pub fn reason(&self, source: usize, profile: &str, regime: &str) -> Option<&str> {
        let known = self.0.get(&source)?;
        if known.profile.as_deref() != Some(profile) {
            return None;
        }
        let mut proposed = known.body.as_ref()?.proposed.iter().flatten();
        let found = proposed.find(|proposed| proposed.id == regime);
        found.map(|proposed| proposed.reason.as_str())
    }

    /// Why the catalogue could not be read.
    pub fn failed(&self, source: usize) -> Option<&str> {
        self.0.get(&source)?.failed.as_deref()
    }
}
