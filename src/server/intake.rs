//! An incident system that this backend takes incidents from, and how far that has come. What is done with what it says,
//! `worker::sync` knows.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::connector::port::Connector;
use crate::connector::settings::ConnectorSettings;
use crate::domain::board::ConnectorView;
use crate::domain::instant::Instant;

/// One connector of this backend.
pub struct Intake {
    pub settings: ConnectorSettings,
    pub connector: Arc<dyn Connector>,
    progress: Mutex<Progress>,
}

/// How much of an error readers see, in cells.
pub const TROUBLE_CELLS: usize = 200;

/// How far it has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// When it was last asked.
    pub asked_at: Option<Instant>,
    /// When it last answered everything it was asked.
    pub answered_at: Option<Instant>,
    /// The latest change it told of, by its own clock.
    pub changed_at: Option<Instant>,
    /// Incidents open there at the last whole list.
    pub open: usize,
    /// Why what it told is not all, or the last error.
    pub trouble: Option<String>,
}

impl Intake {
    pub fn new(settings: ConnectorSettings, connector: Arc<dyn Connector>) -> Intake {
        Intake {
            settings,
            connector,
            progress: Mutex::default(),
        }
    }

    /// Writes down how far it has come.
    pub(super) fn note(&self, note: impl FnOnce(&mut Progress)) {
        note(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// As other nodes are told.
    pub(super) fn told(&self) -> String {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_string(&*progress).unwrap_or_default()
    }

    /// Takes over what the node that asks this source tells of it; what cannot be read says nothing.
    pub(super) fn hear(&self, told: &str) {
        if let Ok(heard) = serde_json::from_str::<Progress>(told) {
            self.note(|progress| *progress = heard);
        }
    }

    /// As readers see it.
    pub fn view(&self) -> ConnectorView {
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        ConnectorView {
            name: self.settings.name.clone(),
            kind: self.settings.vendor.word.to_owned(),
            asked_at: progress.asked_at,
            answered_at: progress.answered_at,
            changed_at: progress.changed_at,
            open: progress.open,
            trouble: progress.trouble.clone(),
        }
    }
}
