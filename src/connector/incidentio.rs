//! incident.io: incidents with statuses that each account names itself, in categories that are fixed. It tells what changed
//! since a day, and takes pages and notes with a key that makes a repeat harmless. What one answer holds, `incidentio::item` reads.

mod item;

use std::sync::Arc;

use http::Method;
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::call::{Line, good, is_conflict};
use super::error::ConnectorError;
use super::field::{items, text};
use super::port::{
    self, Advance, Answer, Batch, Capabilities, Case, Concurrency, Connector, Cursor, Delta,
    Noting, Paging, Receipt, Version, Watch, Watermark, Whom, reached,
};
use super::settings::ConnectorSettings;
use super::vendor::Vendor;
use crate::domain::word::{Phase, Severity};
use crate::net::SettingsFault;
use crate::net::escaped;
use crate::time::SharedClock;
use item::Status;

/// Incidents in one part of the list; more are not given.
const PAGE_SIZE: usize = 250;
/// Escalation paths in one part of theirs.
const PATHS_SIZE: usize = 25;
/// Parts of what changed that are read before the whole list is, and of the escalation paths.
const PARTS: usize = 10;
/// How long before the watermark changes are read again, in seconds.
const OVERLAP_SECONDS: i64 = 30;
/// The longest title of a note there, in characters; the whole text stands below it.
const TITLE_MAX: usize = 120;

/// Its words: the statuses and severities that an account begins with, and the categories that mean a phase whatever is in
/// them. Of `live` ones that cannot be said.
pub const VENDOR: Vendor = Vendor {
    word: "incidentio",
    name: "incident.io",
    url: Some("https://api.incident.io"),
    keys: &[SERVICE_FIELD],
    interval_ms: 10_000,
    phases: &[
        ("Investigating", Phase::DetectionAndAnalysis),
        ("triage", Phase::DetectionAndAnalysis),
        ("Fixing", Phase::ContainmentEradicationAndRecovery),
        ("Monitoring", Phase::ContainmentEradicationAndRecovery),
        ("learning", Phase::PostIncidentActivity),
    ],
    severities: &[
        ("Critical", Severity::Sev1),
        ("Major", Severity::Sev2),
        ("Minor", Severity::Sev3),
    ],
    unassessed: &[],
    faults: |_| Vec::new(),
    connect: |settings, clock| Ok(Arc::new(IncidentIo::new(settings, clock)?)),
};
/// The custom field that tells which service an incident belongs to.
const SERVICE_FIELD: &str = "service_field";

/// An account of incident.io.
pub struct IncidentIo {
    line: Line,
    clock: SharedClock,
    /// The custom field that tells which service an incident belongs to.
    service_field: Option<String>,
    /// The account's statuses; read when first needed and again at an unknown name.
    statuses: Mutex<Vec<Status>>,
}

impl IncidentIo {
    /// Checks the settings.
    ///
    /// # Errors
    /// The key that cannot be used, and why.
    pub fn new(
        settings: &ConnectorSettings,
        clock: SharedClock,
    ) -> Result<IncidentIo, SettingsFault> {
        Ok(IncidentIo {
            line: Line::new(settings, "Bearer ", Vec::new(), clock.clone())?,
            clock,
            service_field: settings.option(SERVICE_FIELD).map(str::to_owned),
            statuses: Mutex::default(),
        })
    }

    async fn get(&self, path: &str, what: &str) -> Result<Value, ConnectorError> {
        Ok(good(self.line.get(path).await?, what)?.body)
    }

    async fn post(&self, path: &str, body: &Value, key: &str) -> Result<Value, ConnectorError> {
        let heard = self.line.ask(Method::POST, path, Some(body)).await?;
        if is_conflict(&heard) {
            return Err(ConnectorError::conflict(self.one(key).await?));
        }
        Ok(good(heard, &format!("incident {key}"))?.body)
    }

    /// One part of a list of incidents, with where it goes on.
    async fn part(&self, filter: &str, after: Option<&str>) -> Result<Batch, ConnectorError> {
        let mut path = format!("/v2/incidents?{filter}&page_size={PAGE_SIZE}");
        if let Some(after) = after {
            path.push_str(&format!("&after={}", escaped(after)));
        }
        let body = self.get(&path, "incidents").await?;
        let Some(incidents) = items(&body, &["incidents"]) else {
            return Err(ConnectorError::Transport(
                "its list holds no incidents; is the address that of its API?".to_owned(),
            ));
        };
        let mut batch = Batch::default();
        for value in incidents {
            match item::case(value, self.service_field.as_deref()) {
                Some(case) => batch.cases.push(case),
                None => batch.unread.push("an incident without an id".to_owned()),
            }
        }
        // A part that names itself as the next one, or has nothing in it, would never end.
        let next = text(&body, &["pagination_meta", "after"]);
        let next = next.filter(|next| Some(next.as_str()) != after && !incidents.is_empty());
        batch.next = next.map(Cursor);
        Ok(batch)
    }

    async fn one(&self, key: &str) -> Result<Case, ConnectorError> {
        let what = format!("incident {key}");
        let body = self
            .get(&format!("/v2/incidents/{}", escaped(key)), &what)
            .await?;
        let case = body
            .get("incident")
            .and_then(|value| item::case(value, self.service_field.as_deref()))
            .ok_or_else(|| {
                ConnectorError::Transport(format!("what it answered for {what} is none"))
            })?;
        self.followed(case).await
    }

    /// With the incident that it was merged into: only the updates of an incident name it.
    async fn followed(&self, mut case: Case) -> Result<Case, ConnectorError> {
        if case.category.as_deref() != Some(item::MERGED) {
            return Ok(case);
        }
        let path = format!(
            "/v2/incident_updates?incident_id={}&page_size={PAGE_SIZE}",
            escaped(&case.key)
        );
        match self.get(&path, "incident updates").await {
            Ok(body) => {
                let updates = items(&body, &["incident_updates"]).unwrap_or_default();
                case.merged_into = item::merged_into(updates);
                Ok(case)
            }
            // Where it went cannot be told to us; that it is over can.
            Err(
                ConnectorError::NotFound(_)
                | ConnectorError::Invalid { .. }
                | ConnectorError::Forbidden(_),
            ) => Ok(case),
            Err(error) => Err(error),
        }
    }

    /// The status to write for a word: the one of that name, or the first of that category.
    async fn status_id(&self, word: &str) -> Result<String, ConnectorError> {
        let known = |all: &[Status]| {
            let named = all
                .iter()
                .find(|status| status.name.eq_ignore_ascii_case(word));
            let of_category = all
                .iter()
                .filter(|status| status.category == word)
                .min_by_key(|status| status.rank);
            named.or(of_category).map(|status| status.id.clone())
        };
        let kept = known(&self.statuses.lock());
        if let Some(id) = kept {
            return Ok(id);
        }
        let body = self
            .get("/v1/incident_statuses", "incident statuses")
            .await?;
        let list = items(&body, &["incident_statuses"]).unwrap_or_default();
        let mut all: Vec<Status> = list.iter().filter_map(item::status).collect();
        all.sort_by_key(|status| status.rank);
        let found = known(&all);
        let names: Vec<&str> = all.iter().map(|status| status.name.as_str()).collect();
        let unknown = ConnectorError::Invalid {
            field: format!("status '{word}'"),
            message: format!(
                "this account has none of that name; it has: {}",
                names.join(", ")
            ),
        };
        *self.statuses.lock() = all;
        found.ok_or(unknown)
    }

    /// What changed since the day of an instant. Days are all that its filter is documented to take, so that of a day
    /// everything comes again and again: what was seen is told by id and version.
    async fn since(&self, since: &Watermark) -> Result<Delta, ConnectorError> {
        let from = since.from(OVERLAP_SECONDS);
        let filter = format!("updated_at[gte]={}", from.format("%Y-%m-%d"));
        let (mut after, mut told): (Option<Cursor>, Vec<Case>) = (None, Vec::new());
        for _ in 0..PARTS {
            let part = self
                .part(&filter, after.as_ref().map(|c| c.0.as_str()))
                .await?;
            if !part.unread.is_empty() {
                return Ok(Delta::Resync);
            }
            told.extend(part.cases);
            after = part.next;
            if after.is_none() {
                let (mut cases, watermark) = since.fresh(told, None);
                for case in &mut cases {
                    *case = self.followed(case.clone()).await?;
                }
                return Ok(Delta::Cases {
                    cases,
                    gone: Vec::new(),
                    unread: Vec::new(),
                    watermark,
                });
            }
        }
        Ok(Delta::Resync)
    }

    async fn paths(&self, id: &str) -> Result<Vec<String>, ConnectorError> {
        let mut after = String::new();
        for _ in 0..PARTS {
            let path = format!("/v2/escalation_paths?page_size={PATHS_SIZE}{after}");
            let body = self.get(&path, "escalation paths").await?;
            let paths = items(&body, &["escalation_paths"]).unwrap_or_default();
            if let Some(people) = item::responders(paths, id) {
                return Ok(people);
            }
            match text(&body, &["pagination_meta", "after"]) {
                Some(next) if !paths.is_empty() => after = format!("&after={}", escaped(&next)),
                _ => break,
            }
        }
        Err(ConnectorError::NotFound(format!("escalation path {id}")))
    }
}

impl Connector for IncidentIo {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            watch: Watch::UpdatedSince,
            advance: Advance::Native,
            paging: Paging::ServerIdempotent,
            noting: Noting::Idempotent,
            concurrency: Concurrency::DetectOnly,
        }
    }

    /// All but those that are over: a category that is added later is listed, not lost.
    fn list(&self, cursor: Option<Cursor>) -> Answer<'_, Batch> {
        Box::pin(async move {
            let filter = item::OVER.map(|word| format!("status_category[not_in]={word}"));
            let after = cursor.as_ref().map(|cursor| cursor.0.as_str());
            self.part(&filter.join("&"), after).await
        })
    }

    fn changes<'a>(&'a self, since: &'a Watermark) -> Answer<'a, Delta> {
        Box::pin(self.since(since))
    }

    fn read<'a>(&'a self, key: &'a str) -> Answer<'a, Case> {
        Box::pin(self.one(key))
    }

    fn advance<'a>(&'a self, key: &'a str, seen: &'a Version, to: &'a str) -> Answer<'a, Case> {
        Box::pin(async move {
            let before = self.one(key).await?;
            let stands = |case: &Case| {
                case.status.eq_ignore_ascii_case(to) || case.category.as_deref() == Some(to)
            };
            if port::before(seen, &before, stands)? {
                return Ok(before);
            }
            let body = json!({
                "incident": { "incident_status_id": self.status_id(to).await? },
                "notify_incident_channel": true,
            });
            let path = format!("/v2/incidents/{}/actions/edit", escaped(key));
            self.post(&path, &body, key).await?;
            let after = self.one(key).await;
            reached(&format!("incident {key}"), to, after, stands)
        })
    }

    fn page<'a>(
        &'a self,
        key: &'a str,
        whom: &'a Whom,
        message: &'a str,
        once: &'a str,
    ) -> Answer<'a, Receipt> {
        Box::pin(async move {
            let mut body = Map::new();
            body.insert("idempotency_key".to_owned(), once.into());
            body.insert("title".to_owned(), message.into());
            body.insert("incident_id".to_owned(), key.into());
            let target = match whom {
                Whom::Policy(id) => {
                    body.insert("escalation_path_id".to_owned(), id.as_str().into());
                    format!("escalation path {id}")
                }
                Whom::Person(id) => {
                    body.insert("user_ids".to_owned(), json!([id]));
                    format!("user {id}")
                }
            };
            let answer = self
                .post("/v2/escalations", &Value::Object(body), key)
                .await?;
            // The answer of a repeat is the escalation as it stands, with everybody it has reached since.
            let escalation = answer.get("escalation").cloned().unwrap_or_default();
            Ok(Receipt {
                called: item::called(&escalation, &target),
            })
        })
    }

    fn on_call<'a>(&'a self, whom: &'a Whom) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            match whom {
                Whom::Policy(id) => self.paths(id).await,
                Whom::Person(_) => Ok(Vec::new()),
            }
        })
    }

    /// An item of the timeline: it is written down there and troubles nobody.
    fn note<'a>(&'a self, key: &'a str, text: &'a str, once: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let first = text.lines().next().unwrap_or_default().trim();
            let title: String = match first.chars().count() {
                0 => "note".to_owned(),
                1..=TITLE_MAX => first.to_owned(),
                _ => first.chars().take(TITLE_MAX - 1).chain(['…']).collect(),
            };
            let now = self.clock.now();
            let body = json!({
                "incident_id": key,
                "timestamp": now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
                "title": title,
                "description": text,
                "idempotency_key": once,
            });
            self.post("/v2/incident_timeline_items", &body, key).await?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
