//! Pages by the system that an incident came from: a route of room `paging` that asks a connector of room `connector`. What
//! may have called people is never sent again by itself, unless the other side knows it again; a receipt that names nobody is no page.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::connector::error::ConnectorError;
use crate::connector::port::{Connector, Paging, Whom};
use crate::domain::instant::Instant;
use crate::paging::message::PageMessage;
use crate::paging::settings::Called;
use crate::paging::{Attempt, Route, Sent};

/// How long it holds who is on call, in milliseconds.
const ON_CALL_FOR_MS: i64 = 30_000;

/// A route by a connector.
pub struct ResponderRoute {
    connector: Arc<dyn Connector>,
    name: String,
    whom: Whom,
    /// Who was on call, and when that was asked. Whoever asks meanwhile waits for the one answer.
    on_call: Mutex<Option<(Instant, Vec<String>)>>,
}

/// What is kept of a page until it is sent.
#[derive(Debug, Serialize, Deserialize)]
struct Body {
    /// The incident's key there.
    key: Option<String>,
    text: String,
}

impl std::fmt::Debug for ResponderRoute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "by {} to {:?}", self.name, self.whom)
    }
}

/// Whom a route calls, as its connector is told.
pub fn whom(called: &Called) -> Whom {
    match called {
        Called::Policy(id) => Whom::Policy(id.clone()),
        Called::Person(id) => Whom::Person(id.clone()),
    }
}

impl ResponderRoute {
    /// By a connector, whose name a person is told.
    pub fn new(connector: Arc<dyn Connector>, name: &str, called: &Called) -> ResponderRoute {
        ResponderRoute {
            connector,
            name: name.to_owned(),
            whom: whom(called),
            on_call: Mutex::new(None),
        }
    }

    async fn who_is_on_call(&self, now: Instant) -> Result<Vec<String>, String> {
        if let Whom::Person(person) = &self.whom {
            return Ok(vec![person.clone()]);
        }
        let mut kept = self.on_call.lock().await;
        if let Some((asked_at, people)) = kept.as_ref()
            && (0..ON_CALL_FOR_MS).contains(&(now - *asked_at).num_milliseconds())
        {
            return Ok(people.clone());
        }
        let asked = self.connector.on_call(&self.whom).await;
        let people = asked.map_err(|error| error.to_string())?;
        *kept = Some((now, people.clone()));
        Ok(people)
    }

    async fn attempt(&self, attempt: Attempt<'_>) -> Sent {
        let body = serde_json::from_slice::<Body>(attempt.body).ok();
        let Some((Some(key), text)) = body.map(|body| (body.key, body.text)) else {
            let why = format!(
                "the incident has no key in {}; page the team by another route",
                self.name
            );
            return Sent::Failed(why);
        };
        match self
            .connector
            .page(&key, &self.whom, &text, attempt.key)
            .await
        {
            Ok(receipt) if receipt.called.is_empty() => Sent::Failed(format!(
                "{} took the request and called nobody; see who is on call there",
                self.name
            )),
            Ok(_) => Sent::Accepted,
            Err(ConnectorError::RateLimited { retry_at }) => Sent::NotTaken {
                why: format!("{} asks to wait", self.name),
                retry_after_ms: Some((retry_at - attempt.now).num_milliseconds().max(0)),
            },
            Err(error @ ConnectorError::Unknown(_)) => Sent::Unknown(error.to_string()),
            // Nothing was sent: it can be tried again.
            Err(error @ (ConnectorError::Transport(_) | ConnectorError::Auth(_))) => {
                Sent::NotTaken {
                    why: error.to_string(),
                    retry_after_ms: None,
                }
            }
            Err(error) => Sent::Failed(error.to_string()),
        }
    }
}

impl Route for ResponderRoute {
    fn body(&self, _key: &str, message: &PageMessage) -> Vec<u8> {
        let body = Body {
            key: message.upstream.clone(),
            text: message.text.clone(),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }

    fn dedupes(&self) -> bool {
        self.connector.capabilities().paging == Paging::ServerIdempotent
    }

    fn repeats(&self) -> bool {
        self.dedupes()
    }

    fn recalls(&self) -> bool {
        false
    }

    fn on_call(&self, now: Instant) -> Option<BoxFuture<'_, Result<Vec<String>, String>>> {
        Some(Box::pin(self.who_is_on_call(now)))
    }

    fn send<'a>(&'a self, attempt: Attempt<'a>) -> BoxFuture<'a, Sent> {
        Box::pin(self.attempt(attempt))
    }
}
