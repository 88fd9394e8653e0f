//! A page as an event of PagerDuty's Events API v2. 202 says only that PagerDuty has the event; one page keeps one
//! `dedup_key`, so that a repeat opens no second incident there. The routing key joins the body when it is sent.

use std::path::PathBuf;

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::message::PageMessage;
use super::post::Post;
use super::settings::Address;
use super::text::{line, lines};
use super::{Attempt, Route, Sent};
use crate::domain::word::Urgency;
use crate::net::SettingsFault;
use crate::secret::{self, Secret, read_secret_file};

/// The longest summary PagerDuty keeps.
const SUMMARY_MAX: usize = 1_024;
/// The longest key it keeps.
const KEY_MAX: usize = 255;
/// The longest text among the details: three of them stay far below the 512 KB of a whole event.
const DETAIL_MAX: usize = 20_000;

/// A service of PagerDuty.
#[derive(Debug)]
pub struct PagerDuty {
    post: Post,
    routing_key_file: PathBuf,
}

impl PagerDuty {
    /// Checks address and key once; the key is read again for every attempt.
    ///
    /// # Errors
    /// The address is none, or the key cannot be read.
    pub fn new(
        url: &str,
        routing_key_file: PathBuf,
        ca_file: Option<PathBuf>,
    ) -> Result<PagerDuty, SettingsFault> {
        let post = Post::new(&Address::Written(url.to_owned()), ca_file)?;
        read_secret_file(&routing_key_file)
            .map_err(|error| SettingsFault::new("routing_key_file", error))?;
        Ok(PagerDuty {
            post,
            routing_key_file,
        })
    }

    async fn attempt(&self, attempt: Attempt<'_>) -> Sent {
        let routing_key = match secret::read_file(&self.routing_key_file).await {
            Ok(key) => key,
            Err(error) => return Sent::not_taken(error),
        };
        let Some(body) = with_key(attempt.body, &routing_key) else {
            return Sent::Failed("the stored page is no event; page the team again".to_owned());
        };
        self.post
            .send(body, &[routing_key.expose()], attempt.now, |request| {
                request
            })
            .await
    }
}

impl Route for PagerDuty {
    fn body(&self, key: &str, message: &PageMessage) -> Vec<u8> {
        body(key, message)
    }

    fn dedupes(&self) -> bool {
        true
    }

    fn send<'a>(&'a self, attempt: Attempt<'a>) -> BoxFuture<'a, Sent> {
        Box::pin(self.attempt(attempt))
    }

    fn resolution(&self, key: &str) -> Option<Vec<u8>> {
        let event = json!({"event_action": "resolve", "dedup_key": line(key, KEY_MAX)});
        Some(event.to_string().into_bytes())
    }
}

/// The event that opens an incident there, without the routing key.
pub fn body(key: &str, message: &PageMessage) -> Vec<u8> {
    let mut summary = message.headline();
    if let Some(title) = &message.title {
        summary = format!("{summary}: {title}");
    }
    let severity = match message.urgency {
        _ if message.is_test() => "info",
        Urgency::High => "critical",
        Urgency::Low => "warning",
    };
    let mut details = Map::new();
    let mut detail = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            details.insert(name.to_owned(), lines(text, DETAIL_MAX).into());
        }
    };
    detail("page", Some(&message.page));
    detail("incident", Some(&message.incident));
    detail("codename", Some(&message.codename));
    detail("severity", message.severity.map(|s| s.as_str()));
    detail("tlp", Some(message.tlp.as_str()));
    detail(
        "asked_by",
        Some(message.by.as_str()).filter(|by| !by.is_empty()),
    );
    detail("bridge", message.bridge.as_deref());
    detail("title", message.title.as_deref());
    detail("summary", message.summary.as_deref());
    detail("message", message.message.as_deref());
    detail("answer", message.answer().as_deref());
    let withheld = message.withheld.join(", ");
    detail(
        "left_out",
        Some(&withheld)
            .filter(|names| !names.is_empty())
            .map(String::as_str),
    );
    let mut event = json!({
        "event_action": "trigger",
        "dedup_key": line(key, KEY_MAX),
        "client": "warboard",
        "payload": {
            "summary": line(&summary, SUMMARY_MAX),
            "source": line(&message.incident, KEY_MAX),
            "severity": severity,
            "timestamp": message.queued_at.to_rfc3339(),
            "group": line(&message.team, KEY_MAX),
            "class": message.kind,
            "custom_details": details,
        },
    });
    if let (Some(url), Some(event)) = (&message.answer_url, event.as_object_mut()) {
        event.insert("links".to_owned(), json!([{"href": url, "text": "Answer"}]));
    }
    event.to_string().into_bytes()
}

/// The stored event with the routing key before everything else.
fn with_key(stored: &[u8], routing_key: &Secret) -> Option<Vec<u8>> {
    let stored: Map<String, Value> = serde_json::from_slice(stored).ok()?;
    let mut event = Map::new();
    event.insert("routing_key".to_owned(), routing_key.expose().into());
    event.extend(stored);
    serde_json::to_vec(&event).ok()
}
