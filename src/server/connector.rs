//! An incident system that this backend polls (`[[connector]]`), and how far that has come. What is done with what it says,
//! `worker::sync` knows; who posts by itself (`[[intake]]`) is `alert`'s.

mod ailment;

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub use ailment::{Ailment, TROUBLE_CELLS};

use super::mirror::World;
use super::responder::ResponderRoute;
use crate::connector::port::{Advance, Connector, Noting, Paging};
use crate::connector::settings::ConnectorSettings;
use crate::domain::board::{ConnectorView, TakesView};
use crate::domain::caller::Audience;
use crate::domain::command::upstream::standing;
use crate::domain::instant::Instant;
use crate::domain::view::Upstream;
use crate::domain::word::Phase;
use crate::net::SettingsFault;
use crate::paging::Route;
use crate::paging::settings::Called;

/// One connector of this backend, asked by one node at a time.
pub struct PolledConnector {
    pub settings: ConnectorSettings,
    pub connector: Arc<dyn Connector>,
    progress: Mutex<PollProgress>,
}

/// How far it has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PollProgress {
    /// When it was last asked.
    pub asked_at: Option<Instant>,
    /// When it last answered everything it was asked.
    pub answered_at: Option<Instant>,
    /// The latest change it told of, by its own clock.
    pub changed_at: Option<Instant>,
    /// When its list was last read to the end: long ones are read in parts, a part a turn.
    pub whole_at: Option<Instant>,
    /// Incidents open there at the last whole list.
    pub open: usize,
    /// Why what it told is not all, or the last error.
    pub trouble: Vec<Ailment>,
}

/// Makes routes by the connectors of these.
///
/// # Errors
/// What it gives fails where no connector has this name, or where it calls nobody as it is written.
pub fn connector_routes(
    polled: &[PolledConnector],
) -> impl Fn(&str, &Called) -> Result<Arc<dyn Route>, SettingsFault> + '_ {
    move |name, called| {
        let fault = |why: String| SettingsFault::new("connector", why);
        let found = polled.iter().find(|polled| polled.settings.name == name);
        let polled = found.ok_or_else(|| fault(format!("there is no connector '{name}'")))?;
        if polled.connector.capabilities().paging == Paging::ByRoutes {
            let vendor = polled.settings.vendor.name;
            let why =
                format!("{vendor} calls nobody as '{name}' is written; see what its kind takes");
            return Err(fault(why));
        }
        let route = ResponderRoute::new(polled.connector.clone(), name, called);
        Ok(Arc::new(route))
    }
}

impl PolledConnector {
    pub fn new(settings: ConnectorSettings, connector: Arc<dyn Connector>) -> PolledConnector {
        PolledConnector {
            settings,
            connector,
            progress: Mutex::default(),
        }
    }

    /// What it takes from here.
    fn takes(&self) -> TakesView {
        let (can, name) = (self.connector.capabilities(), self.settings.vendor.name);
        let no_phases = match (can.advance, self.settings.write_phases) {
            (Advance::No, _) => Some(format!("{name} takes no phases")),
            (_, false) => Some("write_phases is off in the backend's file".to_owned()),
            _ => None,
        };
        let status = |phase: &Phase| {
            let status = self.settings.mapping.status_for(*phase)?;
            Some((phase.as_str().to_owned(), status.to_owned()))
        };
        let phases = match no_phases {
            None => Phase::ALL.iter().filter_map(status).collect(),
            Some(_) => Default::default(),
        };
        TakesView {
            phases,
            no_phases,
            no_notes: match (can.noting, self.settings.write_notes) {
                (Noting::No, _) => Some(format!("{name} takes no notes")),
                (_, None) => Some("write_notes is off in the backend's file".to_owned()),
                _ => None,
            },
            no_pages: match can.paging {
                Paging::ByRoutes => Some(format!("{name} calls nobody")),
                _ => None,
            },
        }
    }

    /// Writes down how far it has come.
    pub(super) fn note(&self, note: impl FnOnce(&mut PollProgress)) {
        note(&mut self.progress.lock());
    }

    /// As other nodes are told.
    pub(super) fn told(&self) -> String {
        let progress = self.progress.lock();
        serde_json::to_string(&*progress).unwrap_or_default()
    }

    /// Takes over what the node that asks this source tells of it; what cannot be read says nothing.
    pub(super) fn hear(&self, told: &str) {
        if let Ok(heard) = serde_json::from_str::<PollProgress>(told) {
            self.note(|progress| *progress = heard);
        }
    }

    /// As this audience sees it at this place of the feed.
    pub(super) fn view(&self, world: &World, audience: &Audience, now: Instant) -> ConnectorView {
        let is_open = |upstream: &Upstream| standing(upstream) == Some("open");
        let told = Told::of(world, &self.settings.name, audience, now, is_open);
        let progress = self.progress.lock();
        let name = &self.settings.name;
        let trouble = ailment::told(&progress.trouble, world, name, audience, now, &told.hidden);
        ConnectorView {
            name: self.settings.name.clone(),
            kind: self.settings.vendor.word.to_owned(),
            asked_at: progress.asked_at,
            answered_at: progress.answered_at,
            changed_at: progress.changed_at,
            whole_at: progress.whole_at,
            open: progress.open.min(told.open),
            trouble,
            token_expires_at: None,
            takes: self.takes(),
        }
    }
}

/// What an audience may be told of the incidents of one source.
pub(super) struct Told {
    /// How many are open there, of those that exist for them.
    pub open: usize,
    /// The keys of those they may not read.
    hidden: Vec<String>,
}

impl Told {
    pub fn of(
        world: &World,
        connector: &str,
        audience: &Audience,
        now: Instant,
        is_open: impl Fn(&Upstream) -> bool,
    ) -> Told {
        let mut told = Told {
            open: 0,
            hidden: Vec::new(),
        };
        for snapshot in world.of_source(connector) {
            let incident = &snapshot.incident;
            let Some(upstream) = &incident.upstream else {
                continue;
            };
            told.open += usize::from(audience.sees(incident, now) && is_open(upstream));
            if !audience.reads(incident, now) {
                told.hidden.push(upstream.key.clone());
            }
        }
        told
    }
}
