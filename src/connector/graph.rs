//! The security incidents of Microsoft Graph, as Microsoft Defender shows them: few statuses, with the phase in a custom tag.
//! It has no version of an incident: we read, compare and write. What one incident holds, `graph::item` reads.

mod item;

use std::sync::Arc;

use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::call::Line;
use super::entra::{self, Entra};
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

const INCIDENTS: &str = "/v1.0/security/incidents";
const RESOLVED: &str = "resolved";
/// Every status that is written; any other word is a phase in a tag.
const STATUSES: [&str; 4] = ["active", "inProgress", "awaitingAction", RESOLVED];
/// How many times a merged incident is followed to the one it went into.
const MERGES_MAX: usize = 5;

/// Its words. What waits for somebody is still being looked at.
pub const VENDOR: Vendor = Vendor {
    word: "graph",
    name: "Microsoft Graph security",
    url: Some("https://graph.microsoft.com"),
    keys: &[
        entra::TENANT,
        entra::CLIENT_ID,
        login::KEY,
        entra::LOGIN_URL,
        CLASSIFICATION,
    ],
    interval_ms: 30_000,
    phases: &[
        ("inProgress", Phase::DetectionAndAnalysis),
        ("active", Phase::DetectionAndAnalysis),
        ("awaitingAction", Phase::DetectionAndAnalysis),
        ("containment", Phase::ContainmentEradicationAndRecovery),
        ("eradication", Phase::ContainmentEradicationAndRecovery),
        ("recovery", Phase::ContainmentEradicationAndRecovery),
        ("post-incident", Phase::PostIncidentActivity),
    ],
    severities: &[
        ("high", Severity::Sev2),
        ("medium", Severity::Sev3),
        ("low", Severity::Sev4),
        ("informational", Severity::Sev5),
    ],
    unassessed: &["unknown"],
    faults,
    connect: |settings, clock| Ok(Arc::new(Graph::new(settings, clock)?)),
};
/// Why an incident is resolved that is resolved from here.
const CLASSIFICATION: &str = "classification";
const CLASSIFICATIONS: [&str; 3] = [
    "truePositive",
    "falsePositive",
    "informationalExpectedActivity",
];

fn faults(settings: &ConnectorSettings) -> Vec<SettingsFault> {
    let mut faults = entra::faults(settings);
    let known = |word: &str| CLASSIFICATIONS.contains(&word);
    if settings
        .option(CLASSIFICATION)
        .is_some_and(|word| !known(word))
    {
        let all = CLASSIFICATIONS.join(", ");
        faults.push(SettingsFault::new(
            CLASSIFICATION,
            format!("is not one of: {all}"),
        ));
    }
    faults
}

/// A tenant of Microsoft Graph.
pub struct Graph {
    line: Line,
    entra: Arc<Entra>,
    classification: Option<String>,
    clock: SharedClock,
}

impl Graph {
    /// Checks the settings.
    ///
    /// # Errors
    /// The key that cannot be used, and why.
    pub fn new(settings: &ConnectorSettings, clock: SharedClock) -> Result<Graph, SettingsFault> {
        if let Some(fault) = faults(settings).into_iter().next() {
            return Err(fault);
        }
        let entra = Arc::new(Entra::new(settings, clock.clone())?);
        // Without it a status that is newer than the first version of the API is told as unknownFutureValue.
        let prefer = HeaderValue::from_static("include-unknown-enum-members");
        let headers = vec![
            ("accept", HeaderValue::from_static("application/json")),
            ("prefer", prefer),
        ];
        Ok(Graph {
            line: Line::lent(settings, entra.clone(), headers, clock.clone())?,
            entra,
            classification: settings.option(CLASSIFICATION).map(str::to_owned),
            clock,
        })
    }

    fn list_of(&self) -> List<'_> {
        List {
            line: &self.line,
            clock: &self.clock,
            link: "@odata.nextLink",
            case: item::case,
        }
    }

    fn filtered(filter: &str) -> String {
        format!("{INCIDENTS}?$filter={}&$top={TOP}", escaped(filter))
    }

    fn path(key: &str) -> String {
        format!("{INCIDENTS}/{}", escaped(key))
    }

    async fn one(&self, key: &str) -> Result<(Value, Case), ConnectorError> {
        self.list_of().one(&Graph::path(key), key).await
    }

    /// A merged incident tells where it went in the end: what it went into may have been merged too.
    async fn followed(&self, mut case: Case) -> Result<Case, ConnectorError> {
        let mut passed = vec![case.key.clone()];
        while let Some(into) = case.merged_into.clone() {
            if passed.contains(&into) || passed.len() > MERGES_MAX {
                break;
            }
            let further = match self.one(&into).await {
                Ok((_, target)) => target.merged_into,
                // It is told as far as it can be seen.
                Err(ConnectorError::NotFound(_) | ConnectorError::Forbidden(_)) => None,
                Err(error) => return Err(error),
            };
            passed.push(into);
            match further.filter(|further| !passed.contains(further)) {
                Some(further) => case.merged_into = Some(further),
                None => break,
            }
        }
        Ok(case)
    }

    async fn moved(&self, key: &str, seen: &Version, to: &str) -> Result<Case, ConnectorError> {
        let (value, before) = self.one(key).await?;
        let stands = |case: &Case| case.status.eq_ignore_ascii_case(to);
        if port::before(seen, &before, stands)? {
            return Ok(before);
        }
        if before.merged_into.is_some() {
            return Err(ConnectorError::Invalid {
                field: format!("incident {key}"),
                message: "was merged into another one there, and is moved with that".to_owned(),
            });
        }
        let body = item::moved(&value, to, self.classification.as_deref());
        let what = format!("incident {key}");
        let written = write(&self.line, Method::PATCH, &Graph::path(key), &body, &what).await?;
        if written.is_none() {
            return Err(ConnectorError::conflict(self.one(key).await?.1));
        }
        let after = self.one(key).await.map(|(_, case)| case);
        reached(&what, to, after, stands)
    }
}

impl Connector for Graph {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            watch: Watch::UpdatedSince,
            advance: Advance::Carrier,
            paging: Paging::ByRoutes,
            noting: Noting::Append,
            concurrency: Concurrency::DetectOnly,
        }
    }

    fn list(&self, cursor: Option<Cursor>) -> Answer<'_, Batch> {
        Box::pin(async move {
            let first = Graph::filtered("status ne 'resolved'");
            self.list_of().part(&first, cursor).await
        })
    }

    fn changes<'a>(&'a self, since: &'a Watermark) -> Answer<'a, Delta> {
        Box::pin(async move {
            let from = |at: crate::domain::instant::Instant| {
                let at = at.format("%Y-%m-%dT%H:%M:%SZ");
                Graph::filtered(&format!("lastUpdateDateTime ge {at}"))
            };
            let mut delta = self.list_of().changes(since, from).await?;
            if let Delta::Cases { cases, .. } = &mut delta {
                for case in cases {
                    *case = self.followed(case.clone()).await?;
                }
            }
            Ok(delta)
        })
    }

    fn read<'a>(&'a self, key: &'a str) -> Answer<'a, Case> {
        Box::pin(async move { self.followed(self.one(key).await?.1).await })
    }

    fn advance<'a>(&'a self, key: &'a str, seen: &'a Version, to: &'a str) -> Answer<'a, Case> {
        Box::pin(self.moved(key, seen, to))
    }

    fn note<'a>(&'a self, key: &'a str, text: &'a str, _once: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!("{}/comments", Graph::path(key));
            let body = json!({
                "@odata.type": "microsoft.graph.security.alertComment",
                "comment": text,
            });
            let what = format!("incident {key}");
            match write(&self.line, Method::POST, &path, &body, &what).await? {
                Some(_) => Ok(()),
                None => Err(ConnectorError::conflict(self.one(key).await?.1)),
            }
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
