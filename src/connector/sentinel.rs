//! Microsoft Sentinel, through Azure Resource Manager: three statuses, with the phase in a label; every write is the whole
//! object as it was read, with its etag, so that a stale one is refused there. What one incident holds, `sentinel::item` reads.

mod item;

use std::sync::Arc;

use http::{HeaderValue, Method};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::call::Line;
use super::entra::{self, Entra, is_name, is_uuid};
use super::error::ConnectorError;
use super::login::{self, Login};
use super::odata::{List, TOP, write};
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

/// The version of the API that is spoken.
const API_VERSION: &str = "2024-03-01";
/// Every status it has; any other word is a phase in a label.
const STATUSES: [&str; 3] = ["New", "Active", CLOSED];
const CLOSED: &str = "Closed";

/// Its words. What is closed there is not moved here, unless the file says what `Closed` means.
pub const VENDOR: Vendor = Vendor {
    word: "sentinel",
    name: "Microsoft Sentinel",
    url: Some("https://management.azure.com"),
    keys: &[
        entra::TENANT,
        entra::CLIENT_ID,
        login::KEY,
        entra::LOGIN_URL,
        SUBSCRIPTION,
        RESOURCE_GROUP,
        WORKSPACE,
        CLASSIFICATION,
    ],
    interval_ms: 30_000,
    phases: &[
        ("Active", Phase::DetectionAndAnalysis),
        ("New", Phase::DetectionAndAnalysis),
        ("containment", Phase::ContainmentEradicationAndRecovery),
        ("eradication", Phase::ContainmentEradicationAndRecovery),
        ("recovery", Phase::ContainmentEradicationAndRecovery),
        ("post-incident", Phase::PostIncidentActivity),
    ],
    severities: &[
        ("High", Severity::Sev2),
        ("Medium", Severity::Sev3),
        ("Low", Severity::Sev4),
        ("Informational", Severity::Sev5),
    ],
    unassessed: &[],
    faults,
    connect: |settings, clock| Ok(Arc::new(Sentinel::new(settings, clock)?)),
};
/// Where the workspace is.
const SUBSCRIPTION: &str = "subscription";
const RESOURCE_GROUP: &str = "resource_group";
const WORKSPACE: &str = "workspace";
/// Why an incident is closed that is closed from here, in the words of the service.
const CLASSIFICATION: &str = "classification";
/// The words of the file, with what is written: the classification and its reason.
const CLASSIFICATIONS: [(&str, item::Closing<'static>); 5] = [
    ("Undetermined", ("Undetermined", None)),
    ("TruePositive", ("TruePositive", Some("SuspiciousActivity"))),
    (
        "BenignPositive",
        ("BenignPositive", Some("SuspiciousButExpected")),
    ),
    (
        "FalsePositive-IncorrectAlertLogic",
        ("FalsePositive", Some("IncorrectAlertLogic")),
    ),
    (
        "FalsePositive-InaccurateData",
        ("FalsePositive", Some("InaccurateData")),
    ),
];

fn faults(settings: &ConnectorSettings) -> Vec<SettingsFault> {
    let mut faults = entra::faults(settings);
    let mut need = |key, fits: fn(&str) -> bool, what: &str| match settings.option(key) {
        None => faults.push(SettingsFault::new(key, format!("is missing: {what}"))),
        Some(text) if !fits(text) => {
            faults.push(SettingsFault::new(key, format!("must be {what}")));
        }
        Some(_) => {}
    };
    need(
        SUBSCRIPTION,
        is_uuid,
        "the id of the subscription, as 00000000-0000-0000-0000-000000000000",
    );
    need(
        RESOURCE_GROUP,
        |text| is_name(text, "-_.()") && !text.ends_with('.'),
        "the name of the resource group of the workspace",
    );
    need(
        WORKSPACE,
        |text| is_name(text, "-"),
        "the name of the Log Analytics workspace",
    );
    let mapped = settings
        .mapping
        .phases
        .iter()
        .any(|(word, _)| word.eq_ignore_ascii_case(CLOSED));
    match settings.option(CLASSIFICATION) {
        Some(word) if closing(word).is_none() => {
            let all = CLASSIFICATIONS.map(|(word, _)| word).join(", ");
            faults.push(SettingsFault::new(
                CLASSIFICATION,
                format!("is not one of: {all}"),
            ));
        }
        None if settings.write_phases && mapped => faults.push(SettingsFault::new(
            CLASSIFICATION,
            "is missing: an incident is closed there with why, and a phase of this file closes it",
        )),
        _ => {}
    }
    faults
}

fn closing(word: &str) -> Option<item::Closing<'static>> {
    let found = CLASSIFICATIONS.iter().find(|(known, _)| *known == word);
    found.map(|(_, closing)| *closing)
}

/// A workspace of Microsoft Sentinel.
pub struct Sentinel {
    line: Line,
    entra: Arc<Entra>,
    /// The path of its incidents.
    incidents: String,
    closing: Option<item::Closing<'static>>,
    clock: SharedClock,
}

impl Sentinel {
    /// Checks the settings.
    ///
    /// # Errors
    /// The key that cannot be used, and why.
    pub fn new(
        settings: &ConnectorSettings,
        clock: SharedClock,
    ) -> Result<Sentinel, SettingsFault> {
        if let Some(fault) = faults(settings).into_iter().next() {
            return Err(fault);
        }
        let entra = Arc::new(Entra::new(settings, clock.clone())?);
        let accept = vec![("accept", HeaderValue::from_static("application/json"))];
        let part = |key: &str| escaped(settings.option(key).unwrap_or_default());
        Ok(Sentinel {
            line: Line::lent(settings, entra.clone(), accept, clock.clone())?,
            entra,
            incidents: format!(
                "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.OperationalInsights/workspaces/{}/providers/Microsoft.SecurityInsights/incidents",
                part(SUBSCRIPTION),
                part(RESOURCE_GROUP),
                part(WORKSPACE)
            ),
            closing: settings.option(CLASSIFICATION).and_then(closing),
            clock,
        })
    }

    fn list_of(&self) -> List<'_> {
        List {
            line: &self.line,
            clock: &self.clock,
            link: "nextLink",
            case: item::case,
        }
    }

    fn path(&self, key: &str) -> String {
        format!(
            "{}/{}?api-version={API_VERSION}",
            self.incidents,
            escaped(key)
        )
    }

    fn filtered(&self, filter: &str, order: &str) -> String {
        format!(
            "{}?api-version={API_VERSION}&$filter={}&$orderby={}&$top={TOP}",
            self.incidents,
            escaped(filter),
            escaped(order)
        )
    }

    async fn one(&self, key: &str) -> Result<(Value, Case), ConnectorError> {
        self.list_of().one(&self.path(key), key).await
    }

    async fn moved(&self, key: &str, seen: &Version, to: &str) -> Result<Case, ConnectorError> {
        let (value, before) = self.one(key).await?;
        let stands = |case: &Case| case.status.eq_ignore_ascii_case(to);
        if port::before(seen, &before, stands)? {
            return Ok(before);
        }
        if to.eq_ignore_ascii_case(CLOSED) && self.closing.is_none() && !item::is_classified(&value)
        {
            return Err(ConnectorError::Invalid {
                field: CLASSIFICATION.to_owned(),
                message: "Microsoft Sentinel closes an incident only with why: write it as 'classification' of the connector, or close it there".to_owned(),
            });
        }
        let body = item::moved(&value, to, self.closing);
        let what = format!("incident {key}");
        let written = write(&self.line, Method::PUT, &self.path(key), &body, &what).await?;
        if written.is_none() {
            return Err(ConnectorError::conflict(self.one(key).await?.1));
        }
        let after = self.one(key).await.map(|(_, case)| case);
        reached(&what, to, after, stands)
    }
}

/// The id of a comment: the same for every attempt at one note at one incident, so that a repeated call writes it once.
fn comment_id(key: &str, once: &str) -> String {
    let digest = Sha256::digest(format!("{key}\0{once}"));
    let mut bytes = [0; 16];
    bytes
        .iter_mut()
        .zip(digest)
        .for_each(|(to, from)| *to = from);
    let id = uuid::Builder::from_custom_bytes(bytes).into_uuid();
    id.to_string()
}

impl Connector for Sentinel {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            watch: Watch::UpdatedSince,
            advance: Advance::Carrier,
            paging: Paging::ByRoutes,
            noting: Noting::Idempotent,
            concurrency: Concurrency::Strong,
        }
    }

    fn list(&self, cursor: Option<Cursor>) -> Answer<'_, Batch> {
        Box::pin(async move {
            let first = self.filtered(
                "properties/status ne 'Closed'",
                "properties/createdTimeUtc asc",
            );
            self.list_of().part(&first, cursor).await
        })
    }

    fn changes<'a>(&'a self, since: &'a Watermark) -> Answer<'a, Delta> {
        Box::pin(async move {
            let from = |at: crate::domain::instant::Instant| {
                let at = at.format("%Y-%m-%dT%H:%M:%SZ");
                self.filtered(
                    &format!("properties/lastModifiedTimeUtc ge {at}"),
                    "properties/lastModifiedTimeUtc asc",
                )
            };
            self.list_of().changes(since, from).await
        })
    }

    fn read<'a>(&'a self, key: &'a str) -> Answer<'a, Case> {
        Box::pin(async move { Ok(self.one(key).await?.1) })
    }

    fn advance<'a>(&'a self, key: &'a str, seen: &'a Version, to: &'a str) -> Answer<'a, Case> {
        Box::pin(self.moved(key, seen, to))
    }

    fn note<'a>(&'a self, key: &'a str, text: &'a str, once: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!(
                "{}/{}/comments/{}?api-version={API_VERSION}",
                self.incidents,
                escaped(key),
                comment_id(key, once)
            );
            let body = json!({ "properties": { "message": text } });
            let what = format!("incident {key}");
            // Whoever wrote the same comment meanwhile wrote this one.
            write(&self.line, Method::PUT, &path, &body, &what).await?;
            Ok(())
        })
    }

    fn login(&self) -> Option<&dyn Login> {
        self.entra
            .is_by_device()
            .then_some(&*self.entra as &dyn Login)
    }
}

#[cfg(test)]
mod tests;
