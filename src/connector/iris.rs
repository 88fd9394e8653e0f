//! DFIR-IRIS: cases with phases of their own. Its ids are each installation's own, so that states are known by name; its
//! times carry no zone; it answers 400 to what it does not find, and writes whatever comes last. Tasks are `iris::task`.

mod task;

use std::sync::Arc;

use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::call::{JsonAnswer, Line, message};
use super::error::ConnectorError;
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

/// Cases in one part of the list; more are not given.
const PER_PAGE: usize = 100;
/// The state that has a route of its own.
const CLOSED: &str = "Closed";

/// Its words. Several states of it lie in one phase of ours.
pub const VENDOR: Vendor = Vendor {
    word: "iris",
    name: "DFIR-IRIS",
    url: None,
    keys: &[PAGE],
    interval_ms: 15_000,
    phases: &[
        ("In progress", Phase::DetectionAndAnalysis),
        ("Open", Phase::DetectionAndAnalysis),
        ("Unspecified", Phase::DetectionAndAnalysis),
        ("Containment", Phase::ContainmentEradicationAndRecovery),
        ("Eradication", Phase::ContainmentEradicationAndRecovery),
        ("Recovery", Phase::ContainmentEradicationAndRecovery),
        ("Post-Incident", Phase::PostIncidentActivity),
        ("Reporting", Phase::PostIncidentActivity),
    ],
    severities: &[
        ("Critical", Severity::Sev1),
        ("High", Severity::Sev2),
        ("Medium", Severity::Sev3),
        ("Low", Severity::Sev4),
        ("Informational", Severity::Sev5),
    ],
    unassessed: &["Unspecified"],
    faults,
    connect: |settings, clock| Ok(Arc::new(Iris::new(settings, clock)?)),
};

/// How a page is made there.
const PAGE: &str = "page";
/// The one way that it can be.
const TASK: &str = "task";

fn faults(settings: &ConnectorSettings) -> Vec<SettingsFault> {
    match settings.option(PAGE) {
        None | Some(TASK) => Vec::new(),
        Some(_) => vec![SettingsFault::new(
            PAGE,
            "can only be 'task': DFIR-IRIS has no other way to call a person",
        )],
    }
}

/// A DFIR-IRIS server.
pub struct Iris {
    line: Line,
    /// Names of states with their ids; read when first needed and again at an unknown name.
    states: Mutex<Vec<(String, i64)>>,
    /// Whether a page is a task.
    by_task: bool,
}

impl Iris {
    /// Checks the settings.
    ///
    /// # Errors
    /// The key that cannot be used, and why.
    pub fn new(settings: &ConnectorSettings, clock: SharedClock) -> Result<Iris, SettingsFault> {
        Ok(Iris {
            line: Line::new(settings, "Bearer ", Vec::new(), clock)?,
            states: Mutex::default(),
            by_task: settings.option(PAGE) == Some(TASK),
        })
    }

    /// The `data` of an answer. Not found and not valid are one status here: what is missing is told apart by its words.
    fn data(heard: JsonAnswer, key: &str) -> Result<Value, ConnectorError> {
        let said = message(&heard.body);
        let failed = text(&heard.body, &["status"]).is_some_and(|word| word != "success");
        if heard.status.is_success() && !failed {
            return Ok(heard.body.get("data").cloned().unwrap_or_default());
        }
        let said = said.unwrap_or_else(|| format!("it answered {}", heard.status));
        let lower = said.to_lowercase();
        let missing = ["not found", "invalid case id", "no such"];
        if heard.status.as_u16() == 404 || missing.iter().any(|words| lower.contains(words)) {
            return Err(ConnectorError::NotFound(format!("case {key}")));
        }
        Err(ConnectorError::Invalid {
            field: format!("case {key}"),
            message: said,
        })
    }

    async fn state_id(&self, name: &str) -> Result<i64, ConnectorError> {
        let known = |states: &[(String, i64)]| {
            let same = states.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
            same.map(|(_, id)| *id)
        };
        let kept = known(&self.states.lock());
        if let Some(id) = kept {
            return Ok(id);
        }
        let states = self.read_states().await?;
        let names: Vec<&str> = states.iter().map(|(name, _)| name.as_str()).collect();
        known(&states).ok_or_else(|| ConnectorError::Invalid {
            field: format!("state '{name}'"),
            message: format!(
                "this server has none of that name; it has: {}",
                names.join(", ")
            ),
        })
    }

    async fn read_states(&self) -> Result<Vec<(String, i64)>, ConnectorError> {
        let heard = self.line.get("/manage/case-states/list").await?;
        let data = Iris::data(heard, "states")?;
        let read =
            |state: &Value| Some((text(state, &["state_name"])?, state["state_id"].as_i64()?));
        let states: Vec<(String, i64)> = data
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(read)
            .collect();
        *self.states.lock() = states.clone();
        Ok(states)
    }

    /// The states in which a case is open, by id.
    async fn open_states(&self) -> Result<Vec<i64>, ConnectorError> {
        let kept = self.states.lock().clone();
        let states = match kept.is_empty() {
            true => self.read_states().await?,
            false => kept,
        };
        let open = states.iter();
        let open = open.filter(|(name, _)| !name.eq_ignore_ascii_case(CLOSED));
        Ok(open.map(|(_, id)| *id).collect())
    }

    /// Where the list goes on. It holds closed cases too, newest first: where few of a part are open, and many parts are
    /// left, the open states are asked for one by one.
    async fn after(
        &self,
        place: Place,
        data: &Value,
        few_open: bool,
    ) -> Result<Option<Place>, ConnectorError> {
        // A next page that is this one again would never end.
        let next = text(data, &["next_page"]).and_then(|next| next.parse::<u64>().ok());
        let next = next.filter(|next| *next > place.page);
        let open = match place.state {
            None if few_open && next.is_some() => {
                let open = self.open_states().await?;
                let last = data.get("last_page").and_then(Value::as_u64);
                let left = last.map_or(0, |last| last.saturating_sub(place.page));
                if open.is_empty() || left <= u64::try_from(open.len()).unwrap_or(u64::MAX) {
                    return Ok(next.map(|page| Place { page, ..place }));
                }
                open
            }
            None => return Ok(next.map(|page| Place { page, ..place })),
            Some(_) if next.is_some() => return Ok(next.map(|page| Place { page, ..place })),
            Some(state) => {
                let open = self.open_states().await?;
                let behind = open.iter().skip_while(|id| **id != state).skip(1);
                behind.copied().collect()
            }
        };
        Ok(open.first().map(|state| Place {
            state: Some(*state),
            page: 1,
        }))
    }

    async fn one(&self, key: &str) -> Result<Case, ConnectorError> {
        let path = format!("/manage/cases/{}", escaped(key));
        let data = Iris::data(self.line.get(&path).await?, key)?;
        case(&data, self.line.base()).ok_or_else(|| {
            ConnectorError::Transport(format!("what it answered for case {key} is no case"))
        })
    }

    async fn write(
        &self,
        key: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ConnectorError> {
        Iris::data(self.line.ask(Method::POST, path, body).await?, key)
    }

    async fn update(&self, key: &str, state: &str) -> Result<(), ConnectorError> {
        let id = self.state_id(state).await?;
        let path = format!("/manage/cases/update/{}", escaped(key));
        self.write(key, &path, Some(&json!({ "state_id": id })))
            .await?;
        Ok(())
    }
}

/// A place in the list: a page of all cases, or of those in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    state: Option<i64>,
    page: u64,
}

impl Place {
    /// The place of a cursor; the beginning without one.
    fn of(cursor: Option<&Cursor>) -> Place {
        let text = cursor.map_or("", |cursor| cursor.0.as_str());
        let (state, page) = text.split_once(':').unwrap_or(("", text));
        Place {
            state: state.parse().ok(),
            page: page.parse().unwrap_or(1),
        }
    }

    fn cursor(self) -> Cursor {
        let state = self.state.map_or(String::new(), |id| id.to_string());
        Cursor(format!("{state}:{}", self.page))
    }
}

/// A case as the list gives it, or the route of one case, which differs.
fn case(value: &Value, base: &str) -> Option<Case> {
    let key = text(value, &["case_id"])?;
    let status = text(value, &["state", "state_name"])
        .or_else(|| text(value, &["state_name"]))
        .unwrap_or_else(|| "Unspecified".to_owned());
    let title = text(value, &["name"]).or_else(|| text(value, &["case_name"]));
    let history = value.get("modification_history").and_then(Value::as_object);
    let last = history
        .into_iter()
        .flat_map(|history| history.keys())
        .filter_map(|at| at.parse::<f64>().ok().filter(|at| at.is_finite()))
        .max_by(f64::total_cmp);
    let created_at = text(value, &["initial_date"])
        .or_else(|| text(value, &["open_date"]))
        .and_then(|at| instant(&at));
    let tags = match items(value, &["tags"]) {
        Some(tags) => tags
            .iter()
            .filter_map(|tag| text(tag, &["tag_title"]))
            .collect(),
        None => text(value, &["case_tags"]).map_or_else(Vec::new, |tags| {
            tags.split(',').map(|tag| tag.trim().to_owned()).collect()
        }),
    };
    Some(Case {
        url: Some(format!("{base}/case?cid={}", escaped(&key))),
        title: title.unwrap_or_else(|| format!("case {key}")),
        summary: text(value, &["description"]).or_else(|| text(value, &["case_description"])),
        open: !status.eq_ignore_ascii_case(CLOSED) && text(value, &["close_date"]).is_none(),
        severity: text(value, &["severity", "severity_name"]),
        group: text(value, &["client", "customer_name"])
            .or_else(|| text(value, &["customer_name"])),
        tags,
        created_at,
        updated_at: last.and_then(from_seconds),
        version: Version(match last {
            Some(last) => format!("{last:.6} {status}"),
            None => status.clone(),
        }),
        merged_into: None,
        partial: false,
        category: None,
        status,
        key,
    })
}

/// Seconds since 1970 with a fraction, as the history is keyed by.
fn from_seconds(seconds: f64) -> Option<crate::domain::instant::Instant> {
    let text = format!("{:.0}", seconds * 1_000.0);
    chrono::DateTime::from_timestamp_millis(text.parse().ok()?)
}

impl Connector for Iris {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            watch: Watch::FullDiff,
            advance: Advance::Native,
            paging: match self.by_task {
                true => Paging::AtMostOnce,
                false => Paging::ByRoutes,
            },
            noting: Noting::Append,
            concurrency: Concurrency::DetectOnly,
        }
    }

    fn list(&self, cursor: Option<Cursor>) -> Answer<'_, Batch> {
        Box::pin(async move {
            let place = Place::of(cursor.as_ref());
            let state = place
                .state
                .map_or(String::new(), |id| format!("case_state_id={id}&"));
            let path = format!(
                "/manage/cases/filter?{state}page={}&per_page={PER_PAGE}&order_by=case_id&sort_dir=desc",
                place.page
            );
            let data = Iris::data(self.line.get(&path).await?, "list")?;
            let Some(cases) = items(&data, &["cases"]) else {
                return Err(ConnectorError::Transport(
                    "its list of cases holds none; is the address that of DFIR-IRIS?".to_owned(),
                ));
            };
            let mut batch = Batch::default();
            for value in cases {
                match case(value, self.line.base()) {
                    Some(case) if case.open => batch.cases.push(case),
                    Some(_) => {}
                    None => batch.unread.push("a case without case_id".to_owned()),
                }
            }
            let few_open = batch.cases.len().saturating_mul(2) < cases.len();
            let next = self.after(place, &data, few_open).await?;
            batch.next = next.map(Place::cursor);
            Ok(batch)
        })
    }

    /// It tells nothing of changes: the list is compared.
    fn changes<'a>(&'a self, _since: &'a Watermark) -> Answer<'a, Delta> {
        Box::pin(async { Ok(Delta::Resync) })
    }

    /// Without severity: the route of one case does not tell it.
    fn read<'a>(&'a self, key: &'a str) -> Answer<'a, Case> {
        Box::pin(self.one(key))
    }

    fn advance<'a>(&'a self, key: &'a str, seen: &'a Version, to: &'a str) -> Answer<'a, Case> {
        Box::pin(async move {
            let before = self.one(key).await?;
            let stands = |case: &Case| case.status.eq_ignore_ascii_case(to);
            if port::before(seen, &before, stands)? {
                return Ok(before);
            }
            if to.eq_ignore_ascii_case(CLOSED) {
                let path = format!("/manage/cases/close/{}", escaped(key));
                self.write(key, &path, None).await?;
            } else {
                if before.status.eq_ignore_ascii_case(CLOSED) {
                    let path = format!("/manage/cases/reopen/{}", escaped(key));
                    self.write(key, &path, None).await?;
                }
                self.update(key, to).await?;
            }
            let after = self.one(key).await;
            reached(&format!("case {key}"), to, after, stands)
        })
    }

    /// As a task for a person, where the file says so.
    fn page<'a>(
        &'a self,
        key: &'a str,
        whom: &'a Whom,
        message: &'a str,
        once: &'a str,
    ) -> Answer<'a, Receipt> {
        Box::pin(self.task_for(key, whom, message, once))
    }

    fn note<'a>(&'a self, key: &'a str, text: &'a str, _once: &'a str) -> Answer<'a, ()> {
        Box::pin(async move {
            let path = format!("/case/tasklog/add?cid={}", escaped(key));
            self.write(key, &path, Some(&json!({ "log_content": text })))
                .await?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
