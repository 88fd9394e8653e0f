//! TheHive 5: cases with statuses that each installation names itself, in three stages. Its times are milliseconds; its
//! texts may be as long as a mebibyte, so that lists are asked for without them. What one case holds, `thehive::item` reads.

mod item;

use std::sync::Arc;

use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::call::{Line, good, is_conflict};
use super::error::ConnectorError;
use super::port::{
    self, Advance, Answer, Batch, Capabilities, Case, Concurrency, Connector, Cursor, Delta,
    Noting, Paging, Version, Watch, Watermark, reached,
};
use super::settings::ConnectorSettings;
use super::vendor::Vendor;
use crate::domain::word::{Phase, Severity};
use crate::net::SettingsFault;
use crate::net::escaped;
use crate::time::SharedClock;

/// Cases in one part of a list.
const PART: usize = 100;
/// Of more changed cases than these the whole list is as cheap.
const CHANGED_MAX: usize = 10 * PART;
/// How long before the watermark changes are read again, in seconds.
const OVERLAP_SECONDS: i64 = 30;
/// Where every query goes.
const QUERY: &str = "/api/v1/query";

/// Its words: the statuses that an installation begins with, and those that somebody would call a status by who adds one
/// for a phase.
pub const VENDOR: Vendor = Vendor {
    word: "thehive",
    name: "TheHive",
    url: None,
    keys: &[ORGANISATION, SERVICE_FIELD],
    interval_ms: 15_000,
    phases: &[
        ("InProgress", Phase::DetectionAndAnalysis),
        ("New", Phase::DetectionAndAnalysis),
        ("Containment", Phase::ContainmentEradicationAndRecovery),
        ("Eradication", Phase::ContainmentEradicationAndRecovery),
        ("Recovery", Phase::ContainmentEradicationAndRecovery),
        ("Post-Incident", Phase::PostIncidentActivity),
    ],
    severities: &[
        ("CRITICAL", Severity::Sev1),
        ("HIGH", Severity::Sev2),
        ("MEDIUM", Severity::Sev3),
        ("LOW", Severity::Sev4),
    ],
    unassessed: &[],
    faults: |settings| header(settings).err().into_iter().collect(),
    connect: |settings, clock| Ok(Arc::new(TheHive::new(settings, clock)?)),
};
/// The organisation that is asked for, where the user has several.
const ORGANISATION: &str = "organisation";
/// The custom field that tells which service a case belongs to.
const SERVICE_FIELD: &str = "service_field";

/// A TheHive server.
pub struct TheHive {
    line: Line,
    service_field: Option<String>,
}

/// The header that names the organisation.
fn header(
    settings: &ConnectorSettings,
) -> Result<Option<(&'static str, HeaderValue)>, SettingsFault> {
    let Some(organisation) = settings.option(ORGANISATION) else {
        return Ok(None);
    };
    let value = HeaderValue::try_from(organisation)
        .map_err(|_| SettingsFault::new(ORGANISATION, "cannot be sent in a header"))?;
    Ok(Some(("x-organisation", value)))
}

impl TheHive {
    /// Checks the settings.
    ///
    /// # Errors
    /// The key that cannot be used, and why.
    pub fn new(settings: &ConnectorSettings, clock: SharedClock) -> Result<TheHive, SettingsFault> {
        let headers = header(settings)?.into_iter().collect();
        Ok(TheHive {
            line: Line::new(settings, "Bearer ", headers, clock)?,
            service_field: settings.option(SERVICE_FIELD).map(str::to_owned),
        })
    }

    fn case(&self, value: &Value) -> Option<Case> {
        item::case(value, self.line.base(), self.service_field.as_deref())
    }

    /// One part of a list: the cases that a filter lets through, from a cursor on.
    async fn part(&self, filter: &Value, cursor: Option<Cursor>) -> Result<Batch, ConnectorError> {
        let place = cursor.as_ref().and_then(|cursor| {
            let (ms, skipped) = cursor.0.split_once('+')?;
            Some((ms.parse::<i64>().ok()?, skipped.parse::<usize>().ok()?))
        });
        let (from_ms, skipped) = place.unwrap_or_default();
        let body = item::cases(filter, from_ms, skipped, PART);
        let body = good(self.line.query(QUERY, &body).await?, "cases")?.body;
        let Some(list) = body.as_array() else {
            return Err(ConnectorError::Transport(
                "its answer is no list of cases; is the address that of TheHive 5?".to_owned(),
            ));
        };
        let mut batch = Batch::default();
        for value in list {
            match self.case(value) {
                Some(case) => batch.cases.push(case),
                None => batch.unread.push("a case without _id".to_owned()),
            }
        }
        if list.len() >= PART {
            let last = list.iter().filter_map(|case| item::ms(case, "_createdAt"));
            // From the last one's time on, unless all of them are of one time: then after those.
            batch.next = Some(match last.max() {
                Some(ms) if ms > from_ms => Cursor(format!("{ms}+0")),
                _ => Cursor(format!("{from_ms}+{}", skipped + list.len())),
            });
        }
        Ok(batch)
    }

    async fn one(&self, key: &str, described: bool) -> Result<Case, ConnectorError> {
        let what = format!("case {key}");
        let body = item::one(key, described);
        let body = good(self.line.query(QUERY, &body).await?, &what)?.body;
        let value = match &body {
            Value::Array(list) => list
                .first()
                .ok_or_else(|| ConnectorError::NotFound(what.clone()))?,
            other => other,
        };
        let case = self.case(value).ok_or_else(|| {
            ConnectorError::Transport(format!("what it answered for {what} is no case"))
        })?;
        Ok(Case {
            partial: false,
            ..case
        })
    }

    async fn write(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        key: &str,
    ) -> Result<(), ConnectorError> {
        let heard = self.line.ask(method, path, Some(body)).await?;
        if is_conflict(&heard) {
            return Err(ConnectorError::conflict(self.one(key, false).await?));
        }
        good(heard, &format!("case {key}"))?;
        Ok(())
    }
}

impl Connector for TheHive {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            watch: Watch::UpdatedSince,
            advance: Advance::Native,
            paging: Paging::ByRoutes,
            noting: Noting::Append,
            concurrency: Concurrency::DetectOnly,
        }
    }

    /// Without descriptions: `complete` asks for one.
    fn list(&self, cursor: Option<Cursor>) -> Answer<'_, Batch> {
        Box::pin(async move { self.part(&item::open(), cursor).await })
    }

    fn complete(&self, case: Case) -> Answer<'_, Case> {
        Box::pin(async move {
            match case.partial {
                true => self.one(&case.key, true).await,
                false => Ok(case),
            }
        })
    }

    fn changes<'a>(&'a self, since: &'a Watermark) -> Answer<'a, Delta> {
        Box::pin(async move {
            let filter = item::changed(since.from(OVERLAP_SECONDS).timestamp_millis());
            let (mut cursor, mut told): (_, Vec<Case>) = (None, Vec::new());
            loop {
                let part = self.part(&filter, cursor.take()).await?;
                if !part.unread.is_empty() {
                    return Ok(Delta::Resync);
                }
                told.extend(part.cases);
                if part.next.is_none() {
                    break;
                }
                if told.len() > CHANGED_MAX {
                    return Ok(Delta::Resync);
                }
                cursor = part.next;
            }
            let (cases, watermark) = since.fresh(told, None);
            Ok(Delta::Cases {
                cases,
                gone: Vec::new(),
                unread: Vec::new(),
                watermark,
            })
        })
    }

    fn read<'a>(&'a self, key: &'a str) -> Answer<'a, Case> {
        Box::pin(self.one(key, false))
    }

    fn advance<'a>(&'a self, key: &'a str, seen: &'a Version, to: &'a str) -> Answer<'a, Case> {
        Box::pin(async move {
            let before = self.one(key, false).await?;
            let stands = |case: &Case| case.status == to;
            if port::before(seen, &before, stands)? {
                return Ok(before);
            }
            // It answers without a body: how the case stands then, only reading tells.
            let path = format!("/api/v1/case/{}", escaped(key));
            self.write(Method::PATCH, &path, &json!({ "status": to }), key)
                .await?;
            let after = self.one(key, false).await;
            reached(&format!("case {key}"), to, after, stands)
        })
    }

    fn note<'a>(&'a self, key: &'a str, text: &'a str, _once: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!("/api/v1/case/{}/comment", escaped(key));
            self.write(Method::POST, &path, &json!({ "message": text }), key)
                .await
        })
    }
}

#[cfg(test)]
mod tests;
