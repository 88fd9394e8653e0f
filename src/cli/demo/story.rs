//! What happened before the demo begins: a dozen incidents of different age, severity and phase, as commands with the
//! minutes before now at which they were given.

mod step;

use std::collections::HashMap;

use chrono::TimeDelta;
use serde_json::Value;

use crate::cli::connection::fresh_key;
use crate::cli::exit::Failure;
use crate::client::{Api, ApiError};
use crate::domain::command::Command;
use crate::domain::command::open::Open;
use crate::domain::instant::Instant;
use crate::domain::view::{IncidentView, PageView};
use crate::domain::word::PageState;
use crate::server::ServerState;
use crate::time::ShiftedClock;
use step::steps;

/// Who looks at the board.
pub const VIEWER: &str = "d.okafor";
/// Everybody who does something, and whether they are counsel.
pub const PEOPLE: &[(&str, bool)] = &[
    (VIEWER, true),
    ("r.haddad", false),
    ("p.abara", false),
    ("t.mbeki", false),
    ("s.weiss", false),
    ("n.fofana", false),
    ("l.costa", true),
];
/// How often a page's state is looked at before the story goes on.
const LOOKS: usize = 500;

/// The people of the demo, each with a token of their own.
#[derive(Debug, Default)]
pub struct Cast(HashMap<&'static str, Api>);

impl Cast {
    pub fn add(&mut self, name: &'static str, api: Api) {
        self.0.insert(name, api);
    }

    /// Whoever has this name in the story.
    ///
    /// # Errors
    /// Nobody of this name is in the cast.
    pub fn of(&self, name: &str) -> Result<&Api, Failure> {
        self.0
            .get(name)
            .ok_or_else(|| Failure::new(format!("the demo knows no {name}")))
    }

    /// Opens an incident; always an exercise.
    ///
    /// # Errors
    /// The body is no opening, nobody is called `who`, or the backend refuses it or is away.
    pub async fn open(&self, who: &str, mut body: Value) -> Result<IncidentView, Failure> {
        body["exercise"] = true.into();
        let open: Open = read(body)?;
        Ok(self.of(who)?.open(&open, &fresh_key()).await?)
    }

    /// Gives a command, and waits until what it pages has been taken.
    ///
    /// # Errors
    /// The body is no command, nobody is called `who`, or the backend refuses it or is away.
    pub async fn give(&self, who: &str, id: &str, body: Value) -> Result<IncidentView, Failure> {
        let command: Command = read(body)?;
        let api = self.of(who)?;
        let answer = api.command(id, None, &command, &fresh_key()).await?;
        let mut incident = answer.incident;
        for _ in 0..LOOKS {
            let under_way = |state| matches!(state, PageState::Queued | PageState::Sending);
            if !incident.pages.iter().any(|page| under_way(page.state)) {
                break;
            }
            incident = api.incident(id).await?.value;
        }
        Ok(incident)
    }
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, Failure> {
    serde_json::from_value(body)
        .map_err(|error| Failure::new(format!("the demo's own script cannot be read: {error}")))
}

/// The ids of the story's incidents by their names in it.
pub type Told = HashMap<&'static str, String>;

/// Tells the story: each step at its time, oldest first.
///
/// # Errors
/// A step was refused, or the store is away; what was told before stays on record.
pub async fn tell(
    cast: &Cast,
    state: &ServerState,
    clock: &ShiftedClock,
    now: Instant,
) -> Result<Told, Failure> {
    let mut steps = steps(now);
    steps.sort_by_key(|step| -step.ago);
    let mut told = Told::new();
    for step in steps {
        clock.show(now - TimeDelta::minutes(step.ago));
        match told.get(step.on) {
            None => {
                let incident = cast.open(step.who, step.body).await?;
                told.insert(step.on, incident.id);
            }
            Some(id) => {
                let mut body = step.body;
                if body["type"] == "acknowledge_page" {
                    let api = cast.of(step.who)?;
                    body["page"] = page(api, id, body["page"].as_str().unwrap_or_default())
                        .await?
                        .into();
                }
                let id = id.clone();
                cast.give(step.who, &id, body).await?;
            }
        }
        // The same story each time: nothing of this step may happen at the time of the next.
        state.settled().await?;
    }
    clock.show(now);
    Ok(told)
}

/// The page of a team that waits for an answer, or for somebody to arrive.
///
/// # Errors
/// The incident cannot be read: as [`Api::incident`] says.
pub async fn page(api: &Api, id: &str, team: &str) -> Result<String, ApiError> {
    let incident = api.incident(id).await?.value;
    let answers = |page: &&PageView| {
        page.team == team && (page.state.is_open() || page.expected_at().is_some())
    };
    let page = incident.pages.iter().find(answers);
    Ok(page.map(|page| page.id.clone()).unwrap_or_default())
}
