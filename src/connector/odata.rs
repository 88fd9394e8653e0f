//! Lists as Microsoft's services give them: a part, and a link to the next one. A link is followed at the address of the
//! settings and nowhere else. What stands in a list, the adapters read.

use http::Method;
use reqwest::Url;
use serde_json::Value;

use super::call::{JsonAnswer, Line, good, is_conflict, message};
use super::error::ConnectorError;
use super::field::{items, text};
use super::port::{Batch, Case, Cursor, Delta, Watermark};
use crate::domain::instant::Instant;
use crate::time::SharedClock;

/// Incidents in one part of a list; more are not given.
pub(super) const TOP: usize = 50;
/// How often a list in the middle waits when it is asked to, before it is given up: half a list is none, and a long one
/// reaches the limit of calls a minute.
const WAITS_MAX: usize = 5;
/// Parts of changes that are read before the whole list is.
const CHANGED_PARTS: usize = 10;
/// How long before the watermark changes are read again, in seconds: they can appear late.
const OVERLAP_SECONDS: i64 = 60;
/// The same where the watermark lies ahead of the other side's clock, and cannot be used.
const WIDE_OVERLAP_SECONDS: i64 = 900;

/// A list of one service.
pub(super) struct List<'a> {
    pub line: &'a Line,
    pub clock: &'a SharedClock,
    /// The key of the link.
    pub link: &'static str,
    /// What one item holds; none where it is no incident.
    pub case: fn(&Value) -> Option<Case>,
}

/// What stands in one part.
struct Part {
    cases: Vec<Case>,
    /// Why something in it could not be read.
    unread: Vec<String>,
    /// The path of the next part.
    next: Option<String>,
}

impl List<'_> {
    /// One part of the list: what is open of it, and where it goes on.
    ///
    /// # Errors
    /// As [`Line::get`]; `Transport` if what came is no list.
    pub async fn part(&self, first: &str, cursor: Option<Cursor>) -> Result<Batch, ConnectorError> {
        let path = cursor.map_or_else(|| first.to_owned(), |cursor| cursor.0);
        let heard = self.patiently(&path, path != first).await?;
        let part = self.read(&heard.body, &path)?;
        Ok(Batch {
            cases: part.cases.into_iter().filter(|case| case.open).collect(),
            next: part.next.map(Cursor),
            unread: part.unread,
            cut: None,
        })
    }

    /// The whole object of one incident, and what it says.
    ///
    /// # Errors
    /// As [`Line::get`]; `NotFound` if there is none of this key, `Transport` if what came is no incident.
    pub async fn one(&self, path: &str, key: &str) -> Result<(Value, Case), ConnectorError> {
        let what = format!("incident {key}");
        let value = good(self.line.get(path).await?, &what)?.body;
        let case = (self.case)(&value).ok_or_else(|| {
            ConnectorError::Transport(format!("what it answered for {what} is no incident"))
        })?;
        Ok((value, case))
    }

    /// What changed since a watermark, by the list that `from` gives for an instant. One call, where little changed.
    ///
    /// # Errors
    /// As [`Line::get`]; `Transport` if what came is no list.
    pub async fn changes(
        &self,
        since: &Watermark,
        from: impl Fn(Instant) -> String,
    ) -> Result<Delta, ConnectorError> {
        let first = from(since.from(OVERLAP_SECONDS));
        let heard = self.patiently(&first, false).await?;
        let told_at = heard.answered_at;
        let Some(now) = told_at.filter(|now| since.at > *now) else {
            return self.changed(since, first, heard, told_at).await;
        };
        // Our clock, or one incident, ran ahead of the service: by that mark nothing would be told for as long.
        let since = Watermark {
            at: now,
            seen: Default::default(),
        };
        let first = from(since.from(WIDE_OVERLAP_SECONDS));
        let heard = self.patiently(&first, true).await?;
        self.changed(&since, first, heard, told_at).await
    }

    async fn changed(
        &self,
        since: &Watermark,
        first: String,
        heard: JsonAnswer,
        told_at: Option<Instant>,
    ) -> Result<Delta, ConnectorError> {
        let (mut told, mut path, mut heard): (Vec<Case>, _, _) = (Vec::new(), first, heard);
        for _ in 0..CHANGED_PARTS {
            let Part {
                cases,
                unread,
                next,
            } = self.read(&heard.body, &path)?;
            if !unread.is_empty() {
                return Ok(Delta::Resync);
            }
            told.extend(cases);
            let Some(next) = next else {
                let (cases, watermark) = since.fresh(told, told_at);
                return Ok(Delta::Cases {
                    cases,
                    gone: Vec::new(),
                    unread: Vec::new(),
                    watermark,
                });
            };
            heard = self.patiently(&next, true).await?;
            path = next;
        }
        Ok(Delta::Resync)
    }

    fn read(&self, body: &Value, path: &str) -> Result<Part, ConnectorError> {
        let Some(list) = items(body, &["value"]) else {
            return Err(ConnectorError::Transport(
                "its list holds no incidents; is the address that of the API?".to_owned(),
            ));
        };
        let (mut cases, mut unread) = (Vec::new(), Vec::new());
        for value in list {
            match (self.case)(value) {
                Some(case) => cases.push(case),
                None => unread.push("an incident without an id".to_owned()),
            }
        }
        let next = text(body, &[self.link]);
        let next = next.map(|link| self.below(&link)).transpose()?;
        // A next part that is this one again would never end.
        if next.as_deref() == Some(path) {
            return Err(ConnectorError::Transport(
                "its list leads in a circle; half a list is none".to_owned(),
            ));
        }
        Ok(Part {
            cases,
            unread,
            next,
        })
    }

    /// The part of a link below our address: the credentials go nowhere else.
    fn below(&self, link: &str) -> Result<String, ConnectorError> {
        let base = self.line.base();
        let path = match (Url::parse(base), Url::parse(link)) {
            (Ok(ours), Ok(link)) if ours.origin() == link.origin() => {
                let below = ours.path().trim_end_matches('/');
                let path = link.path().strip_prefix(below);
                path.map(|path| format!("{path}?{}", link.query().unwrap_or_default()))
            }
            _ => None,
        };
        path.filter(|path| path.starts_with('/')).ok_or_else(|| {
            ConnectorError::Transport(format!(
                "the next part of its list is said to be at another address than {base}: it is not asked there"
            ))
        })
    }

    /// Reads. In the middle of a list it waits where it is asked to.
    async fn patiently(&self, path: &str, within: bool) -> Result<JsonAnswer, ConnectorError> {
        let mut waits = 0;
        loop {
            match self.line.get(path).await {
                Err(ConnectorError::RateLimited { retry_at }) if within && waits < WAITS_MAX => {
                    waits += 1;
                    let ms = (retry_at - self.clock.now()).num_milliseconds().max(1_000);
                    self.clock.sleep(ms).await;
                }
                Err(error) => return Err(error),
                Ok(heard) => return good(heard, "the list of incidents"),
            }
        }
    }
}

/// Whether it says that somebody else wrote meanwhile, by its status or in words.
fn was_late(heard: &JsonAnswer) -> bool {
    let newer =
        || message(&heard.body).is_some_and(|said| said.contains("Newer version of resource"));
    is_conflict(heard) || (heard.status.is_client_error() && newer())
}

/// Writes, and tells whether somebody else was first.
pub(super) async fn write(
    line: &Line,
    method: Method,
    path: &str,
    body: &Value,
    what: &str,
) -> Result<Option<JsonAnswer>, ConnectorError> {
    let heard = line.ask(method, path, Some(body)).await?;
    match was_late(&heard) {
        true => Ok(None),
        false => good(heard, what).map(Some),
    }
}
