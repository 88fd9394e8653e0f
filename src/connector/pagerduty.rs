//! PagerDuty, REST version 2: open incidents whatever their age, its log as the feed of changes, a phase in a custom
//! field where the account has one. A responder request wakes people and is never repeated from here. What one incident
//! holds, `pagerduty::item` reads.

mod item;

use std::collections::BTreeSet;
use std::sync::Arc;

use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::call::{JsonAnswer, Line, good, is_conflict};
use super::error::{ConnectorError, OneByOne};
use super::field::{instant, items, text};
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

/// The most that one part of a list gives.
const LIMIT: usize = 100;
/// The list gives nothing beyond this, however many there are.
const REACH: usize = 10_000;
/// Of more changed incidents than these the whole list is cheaper.
const CHANGED_MAX: usize = 50;
/// Parts of the log that are read before the whole list is.
const LOG_PARTS: usize = 10;
/// How long before the watermark the log is read again, in seconds: entries can appear late.
const OVERLAP_SECONDS: i64 = 60;
/// The statuses in the order in which an incident takes them.
const STATUSES: [&str; 3] = ["triggered", "acknowledged", "resolved"];

/// Its words. Priorities are each account's own: only the usual names are known.
pub const VENDOR: Vendor = Vendor {
    word: "pagerduty",
    name: "PagerDuty",
    url: Some("https://api.pagerduty.com"),
    keys: &[FROM, PHASE_FIELD],
    interval_ms: 10_000,
    phases: &[
        ("acknowledged", Phase::DetectionAndAnalysis),
        ("triggered", Phase::DetectionAndAnalysis),
    ],
    severities: &[
        ("P1", Severity::Sev1),
        ("P2", Severity::Sev2),
        ("P3", Severity::Sev3),
        ("P4", Severity::Sev4),
        ("P5", Severity::Sev5),
    ],
    unassessed: &[],
    faults,
    connect: |settings, clock| Ok(Arc::new(PagerDuty::new(settings, clock)?)),
};
/// The e-mail address of the user that writes are made for.
const FROM: &str = "from";
/// The single-choice custom field that carries the phase.
const PHASE_FIELD: &str = "phase_field";

fn faults(settings: &ConnectorSettings) -> Vec<SettingsFault> {
    match settings.option(FROM) {
        Some(from) if !from.contains('@') => vec![SettingsFault::new(
            FROM,
            "must be the e-mail address of a user of the account",
        )],
        None if settings.write_phases || settings.write_notes.is_some() => {
            let key = match settings.write_phases {
                true => "write_phases",
                false => "write_notes",
            };
            let why = "needs from beside it: PagerDuty takes writes only for a user";
            vec![SettingsFault::new(key, why)]
        }
        _ => Vec::new(),
    }
}

/// An account of PagerDuty.
pub struct PagerDuty {
    line: Line,
    from: Option<String>,
    phase_field: Option<String>,
}

impl PagerDuty {
    /// Checks the settings.
    ///
    /// # Errors
    /// The key that cannot be used, and why.
    pub fn new(
        settings: &ConnectorSettings,
        clock: SharedClock,
    ) -> Result<PagerDuty, SettingsFault> {
        let accept = HeaderValue::from_static("application/vnd.pagerduty+json;version=2");
        let mut headers = vec![("accept", accept)];
        if let Some(from) = settings.option(FROM) {
            let value = HeaderValue::try_from(from)
                .map_err(|_| SettingsFault::new(FROM, "is no e-mail address"))?;
            headers.push(("from", value));
        }
        Ok(PagerDuty {
            line: Line::new(settings, "Token token=", headers, clock)?,
            from: settings.option(FROM).map(str::to_owned),
            phase_field: settings.option(PHASE_FIELD).map(str::to_owned),
        })
    }

    /// What is not there has a code of its own, whatever its status.
    fn good(heard: JsonAnswer, what: &str) -> Result<Value, ConnectorError> {
        let code = text(&heard.body, &["error", "code"]);
        if !heard.status.is_success() && code.as_deref() == Some("2100") {
            return Err(ConnectorError::NotFound(what.to_owned()));
        }
        Ok(good(heard, what)?.body)
    }

    async fn get(&self, path: &str, what: &str) -> Result<Value, ConnectorError> {
        PagerDuty::good(self.line.get(path).await?, what)
    }

    /// Writes are made for a user of the account, by the address in `From`.
    fn writer(&self) -> Result<&str, ConnectorError> {
        self.from.as_deref().ok_or_else(|| ConnectorError::Invalid {
            field: "from".to_owned(),
            message: "PagerDuty takes writes only for a user: write their e-mail address as 'from' of the connector".to_owned(),
        })
    }

    async fn write(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        key: &str,
    ) -> Result<Value, ConnectorError> {
        self.writer()?;
        let heard = self.line.ask(method, path, Some(body)).await?;
        if is_conflict(&heard) {
            return Err(ConnectorError::conflict(self.one(key).await?));
        }
        PagerDuty::good(heard, &format!("incident {key}"))
    }

    fn not_an_incident(key: &str) -> ConnectorError {
        ConnectorError::Transport(format!(
            "what it answered for incident {key} is no incident"
        ))
    }

    /// One incident, with its phase.
    async fn one(&self, key: &str) -> Result<Case, ConnectorError> {
        let path = format!("/incidents/{}", escaped(key));
        let body = self.get(&path, &format!("incident {key}")).await?;
        let case = body
            .get("incident")
            .and_then(|value| item::case(value, self.phase_field.as_deref()))
            .ok_or_else(|| PagerDuty::not_an_incident(key))?;
        self.phase_of(case).await
    }

    async fn phase_of(&self, mut case: Case) -> Result<Case, ConnectorError> {
        let Some(field) = self.phase_field.as_deref().filter(|_| case.partial) else {
            return Ok(case);
        };
        let path = format!("/incidents/{}/custom_fields/values", escaped(&case.key));
        let body = self.get(&path, &format!("incident {}", case.key)).await?;
        let fields = items(&body, &["custom_fields"]).unwrap_or_default();
        item::place_phase(&mut case, fields, field);
        Ok(case)
    }

    async fn write_status(&self, case: &Case, to: &str) -> Result<(), ConnectorError> {
        let place = |word: &str| STATUSES.iter().position(|status| *status == word);
        // With a phase in a field the status beside it is still one of the three; backwards would wake people again.
        let now = case.version.0.split(' ').nth(1).unwrap_or_default();
        if place(now) > place(to) {
            return Err(ConnectorError::Invalid {
                field: "status".to_owned(),
                message: format!(
                    "PagerDuty would open the incident again and page for it, from '{now}' to '{to}'; do that there"
                ),
            });
        }
        let path = format!("/incidents/{}", escaped(&case.key));
        let body = json!({ "incident": { "type": "incident_reference", "status": to } });
        self.write(Method::PUT, &path, &body, &case.key).await?;
        Ok(())
    }

    /// The user that writes are made for, by id.
    async fn requester(&self) -> Result<String, ConnectorError> {
        let from = self.writer()?;
        let body = self
            .get(
                &format!("/users?query={}&limit=100", escaped(from)),
                "users",
            )
            .await?;
        let users = items(&body, &["users"]).unwrap_or_default();
        let same = |user: &&Value| {
            text(user, &["email"]).is_some_and(|email| email.eq_ignore_ascii_case(from))
        };
        let found = users.iter().find(same).and_then(|user| text(user, &["id"]));
        found.ok_or_else(|| ConnectorError::Invalid {
            field: "from".to_owned(),
            message: format!("the account has no user with the address {from}"),
        })
    }

    /// Incidents named by the log since a watermark, and the new watermark; none where there is too much to tell.
    async fn log(
        &self,
        since: &Watermark,
    ) -> Result<Option<(BTreeSet<String>, Watermark)>, ConnectorError> {
        let from = since.at - chrono::TimeDelta::seconds(OVERLAP_SECONDS);
        let mut entries: Vec<(String, crate::domain::instant::Instant, Option<String>)> =
            Vec::new();
        for part in 0..LOG_PARTS {
            let path = format!(
                "/log_entries?since={}&limit={LIMIT}&offset={}",
                escaped(&from.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
                part * LIMIT
            );
            let body = self.get(&path, "log entries").await?;
            let Some(list) = items(&body, &["log_entries"]) else {
                return Err(ConnectorError::Transport(
                    "its log holds no entries".to_owned(),
                ));
            };
            for entry in list {
                let at = text(entry, &["created_at"]).and_then(|at| instant(&at));
                let (Some(id), Some(at)) = (text(entry, &["id"]), at) else {
                    return Ok(None);
                };
                entries.push((id, at, text(entry, &["incident", "id"])));
            }
            if body.get("more").and_then(Value::as_bool) == Some(true) {
                continue;
            }
            let at = entries.iter().map(|(_, at, _)| *at).max();
            let at = at.map_or(since.at, |at| at.max(since.at));
            let keep_from = at - chrono::TimeDelta::seconds(OVERLAP_SECONDS);
            let kept = entries.iter().filter(|(_, at, _)| *at >= keep_from);
            let seen = kept.map(|(id, _, _)| id.clone()).collect();
            let fresh = entries.iter().filter(|(id, _, _)| !since.seen.contains(id));
            let changed: BTreeSet<String> = fresh.filter_map(|(_, _, key)| key.clone()).collect();
            return Ok((changed.len() <= CHANGED_MAX).then_some((changed, Watermark { at, seen })));
        }
        Ok(None)
    }
}

impl Connector for PagerDuty {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            watch: Watch::EventLog,
            advance: match self.phase_field {
                Some(_) => Advance::Carrier,
                None => Advance::Mapped,
            },
            paging: Paging::AtMostOnce,
            noting: Noting::Append,
            concurrency: Concurrency::DetectOnly,
        }
    }

    fn list(&self, cursor: Option<Cursor>) -> Answer<'_, Batch> {
        Box::pin(async move {
            let offset: usize = cursor.map_or(0, |cursor| cursor.0.parse().unwrap_or(0));
            // Without date_range=all only the last month is listed, and what burns longest is not there.
            let path = format!(
                "/incidents?statuses[]=triggered&statuses[]=acknowledged&date_range=all&sort_by=created_at:asc&limit={LIMIT}&offset={offset}"
            );
            let body = self.get(&path, "incidents").await?;
            let Some(incidents) = items(&body, &["incidents"]) else {
                return Err(ConnectorError::Transport(
                    "its list holds no incidents; is the address that of the REST API?".to_owned(),
                ));
            };
            let mut batch = Batch::default();
            for value in incidents {
                match item::case(value, self.phase_field.as_deref()) {
                    Some(case) => batch.cases.push(case),
                    None => batch.unread.push("an incident without an id".to_owned()),
                }
            }
            if body.get("more").and_then(Value::as_bool) == Some(true) {
                let next = offset + LIMIT;
                if next + LIMIT > REACH {
                    batch.cut = Some(format!(
                        "PagerDuty lists no more than {REACH} open incidents, and there are more"
                    ));
                } else {
                    batch.next = Some(Cursor(next.to_string()));
                }
            }
            Ok(batch)
        })
    }

    fn complete(&self, case: Case) -> Answer<'_, Case> {
        Box::pin(self.phase_of(case))
    }

    fn changes<'a>(&'a self, since: &'a Watermark) -> Answer<'a, Delta> {
        Box::pin(async move {
            let Some((changed, watermark)) = self.log(since).await? else {
                return Ok(Delta::Resync);
            };
            let (mut cases, mut gone, mut unread) = (Vec::new(), Vec::new(), Vec::new());
            let mut one_by_one = OneByOne::default();
            for key in changed {
                match self.one(&key).await {
                    Ok(case) => cases.push(case),
                    Err(ConnectorError::NotFound(_)) => gone.push(key),
                    Err(error) => {
                        unread.push((key, one_by_one.judge(error)?));
                        continue;
                    }
                }
                one_by_one.answered();
            }
            Ok(Delta::Cases {
                cases,
                gone,
                unread,
                watermark,
            })
        })
    }

    fn read<'a>(&'a self, key: &'a str) -> Answer<'a, Case> {
        Box::pin(self.one(key))
    }

    fn advance<'a>(&'a self, key: &'a str, seen: &'a Version, to: &'a str) -> Answer<'a, Case> {
        Box::pin(async move {
            self.writer()?;
            let before = self.one(key).await?;
            if port::before(seen, &before, |case| case.status == to)? {
                return Ok(before);
            }
            match &self.phase_field {
                Some(field) if !STATUSES.contains(&to) => {
                    let path = format!("/incidents/{}/custom_fields/values", escaped(key));
                    let body = json!({ "custom_fields": [{ "name": field, "value": to }] });
                    self.write(Method::PUT, &path, &body, key).await?;
                }
                _ if STATUSES.contains(&to) => self.write_status(&before, to).await?,
                _ => {
                    return Err(ConnectorError::Invalid {
                        field: "status".to_owned(),
                        message: format!(
                            "PagerDuty has no status '{to}'; name a custom field as 'phase_field' to carry phases"
                        ),
                    });
                }
            }
            let after = self.one(key).await;
            reached(&format!("incident {key}"), to, after, |case| {
                case.status == to || case.version.0.split(' ').nth(1) == Some(to)
            })
        })
    }

    fn page<'a>(
        &'a self,
        key: &'a str,
        whom: &'a Whom,
        message: &'a str,
        _once: &'a str,
    ) -> Answer<'a, Receipt> {
        Box::pin(async move {
            let requester = self.requester().await?;
            let (id, kind) = match whom {
                Whom::Policy(id) => (id, "escalation_policy_reference"),
                Whom::Person(id) => (id, "user_reference"),
            };
            let body = json!({
                "requester_id": requester,
                "message": message,
                "responder_request_targets": [{ "responder_request_target": { "id": id, "type": kind } }],
            });
            let path = format!("/incidents/{}/responder_requests", escaped(key));
            let answer = self.write(Method::POST, &path, &body, key).await?;
            Ok(Receipt {
                called: item::called(&answer),
            })
        })
    }

    fn on_call<'a>(&'a self, whom: &'a Whom) -> Answer<'a, Vec<String>> {
        Box::pin(async move {
            let Whom::Policy(id) = whom else {
                return Ok(Vec::new());
            };
            let path = format!(
                "/oncalls?escalation_policy_ids[]={}&earliest=true&limit={LIMIT}",
                escaped(id)
            );
            let body = self.get(&path, &format!("escalation policy {id}")).await?;
            Ok(item::first_level(
                items(&body, &["oncalls"]).unwrap_or_default(),
            ))
        })
    }

    fn note<'a>(&'a self, key: &'a str, text: &'a str, _once: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!("/incidents/{}/notes", escaped(key));
            let body = json!({ "note": { "content": text } });
            self.write(Method::POST, &path, &body, key).await?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
