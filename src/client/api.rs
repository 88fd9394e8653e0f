//! One backend, asked and answered: every route a reader or a commander needs, with token, door and limits. What is asked
//! again and when, the callers know; only a refused token is read again here.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, Request, header};
use serde::de::DeserializeOwned;

use super::SourceSettings;
use super::answer::{Good, answers, judge};
use super::body;
use super::error::ApiError;
use super::heard::Heard;
use super::token::{Token, Tokens};
use crate::domain::board::{About, TeamView};
use crate::domain::command::Command;
use crate::domain::command::open::Open;
use crate::domain::grant::Grant;
use crate::domain::instant::Mono;
use crate::domain::view::IncidentView;
use crate::domain::word::Via;
use crate::net::{HttpClient, HttpSettings, Limits, NetAnswer, NetError, escaped};
use crate::time::{SharedClock, timeout};
use crate::wire::{
    ASK_HEADER, BEHALF_HEADER, CommandAnswerBody, ExplainBody, ListBody, PreviewBody, RegimesBody,
    TeamsBody, TimelineBody, WAIT_LIMIT_SECONDS,
};

pub(super) const SMALL: Limits = Limits {
    total_ms: 10_000,
    body_bytes: 8 << 20,
};
const LIST: Limits = Limits {
    total_ms: 30_000,
    body_bytes: 24 << 20,
};
/// What a whole list without pages may cost: asked for by programs, not by boards.
const RAW: Limits = Limits {
    total_ms: 60_000,
    body_bytes: 256 << 20,
};

/// A client for one backend. Clones share connections and the token.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
    /// For whom a door speaks.
    behalf: Option<HeaderValue>,
}

struct Inner {
    name: String,
    way: Way,
    clock: SharedClock,
    via: Via,
}

/// How a backend is reached.
enum Way {
    /// Over a socket, with a token.
    Network {
        http: Box<HttpClient>,
        tokens: Tokens,
    },
    /// It lives in this process and knows who asks.
    Inside(Arc<dyn Neighbour>),
}

/// A backend of this process, asked without a socket; what it answers is what it would answer over one.
pub trait Neighbour: Send + Sync {
    /// The whole answer.
    fn answer(&self, request: Request<Bytes>) -> BoxFuture<'_, NetAnswer>;
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Api({} at {})", self.inner.name, self.place())
    }
}

/// One request.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) if_match: Option<&'a str>,
    pub(super) if_none_match: Option<&'a str>,
    pub(super) key: Option<&'a str>,
    pub(super) body: Option<Bytes>,
    pub(super) limits: Limits,
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: &'a str, limits: Limits) -> Ask<'a> {
        Ask {
            method: Method::GET,
            path,
            if_match: None,
            if_none_match: None,
            key: None,
            body: None,
            limits,
        }
    }

    pub(super) fn post(path: &'a str, body: Vec<u8>) -> Ask<'a> {
        Ask {
            method: Method::POST,
            body: Some(Bytes::from(body)),
            ..Ask::get(path, SMALL)
        }
    }

    /// The headers it has besides who asks.
    fn headers(&self, via: Via) -> impl Iterator<Item = (&'static str, &str)> {
        let body = self.body.is_some();
        [
            ("if-match", self.if_match),
            ("if-none-match", self.if_none_match),
            ("idempotency-key", self.key),
            ("content-type", body.then_some("application/json")),
            ("x-warboard-via", body.then_some(door(via))),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl Api {
    /// A client for a source; nothing is sent yet and the token is not read yet. `via` is the door that stands in the record.
    ///
    /// # Errors
    /// The URL or the file of authorities cannot be used.
    pub fn new(settings: &SourceSettings, clock: &SharedClock, via: Via) -> Result<Api, ApiError> {
        let http = HttpSettings {
            ca_file: settings.ca_file.clone(),
            ..HttpSettings::default()
        };
        let way = Way::Network {
            http: Box::new(HttpClient::new(&settings.url, &http)?),
            tokens: Tokens::new(settings.token.clone(), clock.clone()),
        };
        Ok(Api::reached(&settings.name, way, clock, via))
    }

    /// A client for a backend of this process.
    pub fn inside(name: &str, neighbour: Arc<dyn Neighbour>, clock: &SharedClock) -> Api {
        Api::reached(name, Way::Inside(neighbour), clock, Via::Board)
    }

    fn reached(name: &str, way: Way, clock: &SharedClock, via: Via) -> Api {
        Api {
            inner: Arc::new(Inner {
                name: name.to_owned(),
                way,
                clock: clock.clone(),
                via,
            }),
            behalf: None,
        }
    }

    /// The same source, asked for a person with a door's token. Connections and token are shared.
    pub fn on_behalf_of(&self, grant: &Grant) -> Api {
        Api {
            inner: self.inner.clone(),
            // A grant holds nothing that a header does not take.
            behalf: HeaderValue::from_bytes(grant.to_string().as_bytes()).ok(),
        }
    }

    /// How the board calls the source.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// `host:port`, for sentences.
    pub fn place(&self) -> String {
        match &self.inner.way {
            Way::Network { http, .. } => http.place(),
            Way::Inside(_) => "this process".to_owned(),
        }
    }

    /// What the backend is, and who we are to it.
    ///
    /// # Errors
    /// No good answer: see [`ApiError`] for the kinds.
    pub async fn about(&self) -> Result<Heard<About>, ApiError> {
        self.read(Ask::get("/v1/info", SMALL)).await
    }

    /// The teams that can be paged.
    ///
    /// # Errors
    /// As [`Api::about`].
    pub async fn teams(&self) -> Result<Heard<Vec<TeamView>>, ApiError> {
        let body: Heard<TeamsBody> = self.read(Ask::get("/v1/teams", SMALL)).await?;
        Ok(body.map(|body| body.teams))
    }

    /// The catalogue in force; with a profile as JSON also what it calls for.
    ///
    /// # Errors
    /// As [`Api::about`]; `Refused` for a profile that cannot be read.
    pub async fn regimes(&self, profile: Option<&str>) -> Result<Heard<RegimesBody>, ApiError> {
        let path = match profile {
            Some(profile) => format!("/v1/regimes?profile={}", escaped(profile)),
            None => "/v1/regimes".to_owned(),
        };
        self.read(Ask::get(&path, SMALL)).await
    }

    /// A page of the list; `query` is what stands behind the question mark, encoded: `open=all&limit=1000`.
    ///
    /// # Errors
    /// As [`Api::about`]; `Refused` for a query that the backend does not know.
    pub async fn list_page(&self, query: &str) -> Result<Heard<ListBody>, ApiError> {
        let good = self.ask(&Ask::get(&list_path(query), LIST)).await?;
        self.listed(good).await
    }

    /// A page of the list, or None where its entity tag is still `etag`.
    pub(super) async fn list_page_unless(
        &self,
        query: &str,
        etag: &str,
    ) -> Result<Heard<Option<ListBody>>, ApiError> {
        let path = list_path(query);
        let ask = Ask {
            if_none_match: Some(etag),
            ..Ask::get(&path, LIST)
        };
        let good = self.ask(&ask).await?;
        if good.value.modified {
            Ok(self.listed(good).await?.map(Some))
        } else {
            Ok(good.map(|_| None))
        }
    }

    /// What changed after a cursor; held for up to `wait_s` seconds until there is something.
    ///
    /// # Errors
    /// As [`Api::about`]; `Gone` for a cursor that leads nowhere, after which the list is to be read anew.
    pub async fn changes(&self, cursor: &str, wait_s: u64) -> Result<Heard<ListBody>, ApiError> {
        let wait = wait_s.min(WAIT_LIMIT_SECONDS);
        let path = format!("/v1/changes?since={}&wait={wait}", escaped(cursor));
        let limits = Limits {
            total_ms: SMALL.total_ms + wait * 1_000,
            ..SMALL
        };
        let good = self.ask(&Ask::get(&path, limits)).await?;
        self.listed(good).await
    }

    /// One incident.
    ///
    /// # Errors
    /// As [`Api::about`]; `NotFound` if there is none of this id, or none for this token.
    pub async fn incident(&self, id: &str) -> Result<Heard<IncidentView>, ApiError> {
        let path = format!("/v1/incidents/{}", escaped(id));
        self.read(Ask::get(&path, SMALL)).await
    }

    /// The stretch of a timeline after an entry's `seq`; 0 for the first. `privileged`: with those entries that only counsel,
    /// commanders and their authors read.
    ///
    /// # Errors
    /// As [`Api::incident`].
    pub async fn timeline(
        &self,
        id: &str,
        after: u64,
        privileged: bool,
    ) -> Result<Heard<TimelineBody>, ApiError> {
        let path = format!(
            "/v1/incidents/{}/timeline?privileged={privileged}&after={after}",
            escaped(id)
        );
        let limits = Limits {
            body_bytes: LIST.body_bytes,
            ..SMALL
        };
        self.read(Ask::get(&path, limits)).await
    }

    /// The arithmetic of one duty, as the backend counts it.
    ///
    /// # Errors
    /// As [`Api::incident`]; `NotFound` also if the incident has no such duty.
    pub async fn explain(&self, id: &str, duty: &str) -> Result<Heard<ExplainBody>, ApiError> {
        let (id, duty) = (escaped(id), escaped(duty));
        let path = format!("/v1/incidents/{id}/duties/{duty}/explain");
        self.read(Ask::get(&path, SMALL)).await
    }

    /// Opens an incident. The same `key` never opens two.
    ///
    /// # Errors
    /// As [`Api::about`]; `Refused` if nothing was opened, with the reason. After `Busy` and `Unreachable` it may be on
    /// record: the same `key` finds out.
    pub async fn open(&self, open: &Open, key: &str) -> Result<IncidentView, ApiError> {
        let ask = Ask {
            key: Some(key),
            ..Ask::post("/v1/incidents", written(open)?)
        };
        let answer: Heard<CommandAnswerBody> = self.read(ask).await?;
        Ok(answer.value.incident)
    }

    /// Sends a command for one version of an incident, or for any. The same `key` never does a thing twice.
    ///
    /// # Errors
    /// As [`Api::incident`]; `Conflict` if the incident is of another version, `Refused` if the command does not fit it.
    /// After `Busy` and `Unreachable` it may have been carried out: the same `key` finds out.
    pub async fn command(
        &self,
        id: &str,
        if_match: Option<u64>,
        command: &Command,
        key: &str,
    ) -> Result<CommandAnswerBody, ApiError> {
        let path = format!("/v1/incidents/{}/commands", escaped(id));
        let version = if_match.map_or_else(|| "*".to_owned(), |version| format!("\"{version}\""));
        let ask = Ask {
            if_match: Some(&version),
            key: Some(key),
            ..Ask::post(&path, written(command)?)
        };
        Ok(self.read(ask).await?.value)
    }

    /// What a command would do to the clocks of an incident as it is now. Nothing is done.
    ///
    /// # Errors
    /// As [`Api::incident`]; `Refused` if the command would be.
    pub async fn preview(
        &self,
        id: &str,
        command: &Command,
    ) -> Result<Heard<PreviewBody>, ApiError> {
        let path = format!("/v1/incidents/{}/preview", escaped(id));
        self.read(Ask::post(&path, written(command)?)).await
    }

    /// The body of an answer, byte for byte.
    ///
    /// # Errors
    /// As [`Api::about`].
    pub async fn get_raw(&self, path: &str) -> Result<Bytes, ApiError> {
        Ok(self.ask(&Ask::get(path, RAW)).await?.value.body)
    }

    /// The body of the answer to a JSON body, byte for byte. `if_match` as the header has it: `"7"` in quotes, or `*`.
    ///
    /// # Errors
    /// As [`Api::command`].
    pub async fn post_raw(
        &self,
        path: &str,
        if_match: Option<&str>,
        key: Option<&str>,
        body: Vec<u8>,
    ) -> Result<Bytes, ApiError> {
        let ask = Ask {
            if_match,
            key,
            ..Ask::post(path, body)
        };
        Ok(self.ask(&ask).await?.value.body)
    }

    async fn listed(&self, good: Heard<Good>) -> Result<Heard<ListBody>, ApiError> {
        let stamp = good.stamp();
        let Good { body, etag, .. } = good.value;
        let read = body::read_list(&self.place(), body).await?;
        Ok(Heard {
            etag,
            unreadable: read.unreadable,
            ..stamp.map(|()| read.list)
        })
    }

    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        ask: Ask<'_>,
    ) -> Result<Heard<T>, ApiError> {
        let good = self.ask(&ask).await?;
        let value = body::read(&self.place(), &good.value.body)?;
        Ok(good.map(|_| value))
    }

    pub(super) async fn ask(&self, ask: &Ask<'_>) -> Result<Heard<Good>, ApiError> {
        let (http, tokens) = match &self.inner.way {
            Way::Network { http, tokens } => (http, tokens),
            Way::Inside(neighbour) => return self.ask_inside(ask, &**neighbour).await,
        };
        let token = tokens.current().await?;
        match self.ask_once(ask, http, &token).await {
            Err(refused @ ApiError::NotAllowed { .. }) => match tokens.other_than(&token).await? {
                Some(other) => self.ask_once(ask, http, &other).await,
                None => Err(refused),
            },
            answered => answered,
        }
    }

    async fn ask_once(
        &self,
        ask: &Ask<'_>,
        http: &HttpClient,
        token: &Token,
    ) -> Result<Heard<Good>, ApiError> {
        let mut request = http
            .request(ask.method.clone(), ask.path)?
            .header(header::AUTHORIZATION, token.header.clone());
        for (name, value) in ask.headers(self.inner.via) {
            request = request.header(name, value);
        }
        if let Some(behalf) = &self.behalf {
            request = request.header(BEHALF_HEADER, behalf.clone());
        }
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let own = format!("{:016x}", rand::random::<u64>());
        let request = request.header(ASK_HEADER, &own);
        let sent = self.inner.clock.mono();
        let answer = http.send(request, ask.limits).await?;
        answers(&self.place(), &answer, &own)?;
        self.heard(answer, sent, token.number)
    }

    async fn ask_inside(
        &self,
        ask: &Ask<'_>,
        neighbour: &dyn Neighbour,
    ) -> Result<Heard<Good>, ApiError> {
        let mut request = Request::builder().method(ask.method.clone()).uri(ask.path);
        for (name, value) in ask.headers(self.inner.via) {
            request = request.header(name, value);
        }
        let request = request
            .body(ask.body.clone().unwrap_or_default())
            .map_err(|error| NetError::BadUrl {
                why: error.to_string(),
            })?;
        let clock = &self.inner.clock;
        let sent = clock.mono();
        let within = i64::try_from(ask.limits.total_ms).unwrap_or(i64::MAX);
        let answer = timeout(&**clock, within, neighbour.answer(request)).await;
        let answer = answer.map_err(|_| NetError::Timeout {
            to: self.place(),
            after_ms: ask.limits.total_ms,
        })?;
        self.heard(answer, sent, 1)
    }

    fn heard(&self, answer: NetAnswer, sent: Mono, token: u64) -> Result<Heard<Good>, ApiError> {
        let clock = &self.inner.clock;
        let received = clock.mono();
        let good = judge(&self.place(), answer, clock.now())?;
        Ok(Heard {
            now: good.now,
            etag: good.etag.clone(),
            value: good,
            sent,
            received,
            unreadable: Vec::new(),
            token,
        })
    }
}

fn list_path(query: &str) -> String {
    match query {
        "" => "/v1/incidents".to_owned(),
        query => format!("/v1/incidents?{query}"),
    }
}

/// The door as a backend takes it from outside.
fn door(via: Via) -> &'static str {
    match via {
        Via::Board | Via::Ssh | Via::Display => "board",
        Via::Cli => "cli",
        Via::Import => "import",
        Via::Api | Via::Link | Via::Worker => "api",
    }
}

pub(super) fn written<T: serde::Serialize>(body: &T) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(body).map_err(|error| ApiError::Refused {
        sentence: format!("the command cannot be written as JSON: {error}"),
        unmet: Vec::new(),
    })
}
