//! The answer link of a page: a small form that changes nothing (mail and chat scanners open links), and its POST, which
//! acknowledges. The link is signed; whoever has it may answer, and gives a name.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::request::{self, Params};
use super::state::ServerState;
use super::write::{self, Doing};
use crate::domain::caller::Caller;
use crate::domain::command::acknowledge_page::{self, AcknowledgePage};
use crate::domain::command::{Context, text};
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::text::markup::escaped;
use crate::domain::word;
use crate::domain::word::{PageState, Role, Via};
use crate::store::{Answer, Done, Found, Job, Outcome, Target};

/// Most bytes of a problem that are read to tell it.
const PROBLEM_MAX: usize = 16 << 10;
const FORM: &str = "application/x-www-form-urlencoded";
const CSP: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The tag of a signed link.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// The signature in the link.
    t: Option<String>,
}

/// What the form sends.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeBody {
    /// The signature in the link.
    t: Option<String>,
    /// Who acknowledges.
    name: String,
    #[serde(default)]
    answer: Option<word::Answer>,
    /// In how many minutes whoever comes will be there, as a form writes it; empty: not said.
    #[serde(default)]
    there_in: Option<String>,
}

/// The longest way that can be announced, in minutes.
const FARTHEST: i64 = 1_440;

impl AcknowledgeBody {
    /// When whoever comes will be there.
    fn eta(&self, now: Instant) -> Result<Option<Instant>, Problem> {
        let comes = matches!(
            self.answer,
            Some(word::Answer::Coming | word::Answer::Remote)
        );
        let given = self.there_in.as_deref().map(str::trim);
        let Some(given) = given.filter(|given| comes && !given.is_empty()) else {
            return Ok(None);
        };
        let minutes = given.parse::<i64>().ok();
        let minutes = minutes.filter(|minutes| (0..=FARTHEST).contains(minutes));
        let ahead = minutes.map(TimeDelta::minutes);
        match ahead.and_then(|ahead| now.checked_add_signed(ahead)) {
            Some(eta) => Ok(Some(eta)),
            None => Err(Problem::invalid(format!(
                "'there_in' is a number of minutes, at most {FARTHEST}: leave it empty, or write 20."
            ))),
        }
    }
}

/// An answer as whoever opened the link can read it: a person's browser asks for a page, not for JSON.
async fn readable(headers: &HeaderMap, answer: Result<Response, Problem>) -> Response {
    let response = answer.unwrap_or_else(IntoResponse::into_response);
    let asked = headers.get_all(header::ACCEPT).iter();
    let asked: Vec<&str> = asked.filter_map(|accept| accept.to_str().ok()).collect();
    let status = response.status();
    if status.is_success() || !asked.iter().any(|accept| accept.contains("text/html")) {
        return response;
    }
    let detail = match status {
        StatusCode::NOT_FOUND => Some(
            "This link opens no page: it was cut off, or the page is gone. Look at the board, or call whoever sent it."
                .to_owned(),
        ),
        _ => detail(response).await,
    };
    let detail = detail.unwrap_or_else(|| "The answer could not be written down.".to_owned());
    let text = format!(
        "<h1>Not on the board</h1><p>{}</p><p>Nothing was changed.</p>",
        escaped(&detail)
    );
    (status, html(&text)).into_response()
}

/// What a problem says to a person.
async fn detail(response: Response) -> Option<String> {
    let bytes = to_bytes(response.into_body(), PROBLEM_MAX).await.ok()?;
    let problem: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    Some(problem.get("detail")?.as_str()?.to_owned())
}

fn check(state: &ServerState, page: &str, tag: Option<&str>) -> Result<(), Problem> {
    let good = tag.is_some_and(|tag| state.link_is_good(page, tag));
    good.then_some(()).ok_or_else(Problem::not_found)
}

/// The form behind an answer link; changes nothing.
#[utoipa::path(get, path = "/v1/pages/{id}/acknowledge", params(
    ("id" = String, Path, description = "A page's id"), LinkQuery,
), responses((status = 200, description = "A small form", body = String, content_type = "text/html")))]
pub async fn acknowledge_form(
    State(state): State<Arc<ServerState>>,
    Path(id): Path<String>,
    Params(query): Params<LinkQuery>,
    headers: HeaderMap,
) -> Response {
    readable(&headers, shown(&state, &id, &query)).await
}

fn shown(state: &ServerState, id: &str, query: &LinkQuery) -> Result<Response, Problem> {
    check(state, id, query.t.as_deref())?;
    let world = state.mirror.read();
    let incident = &world.of_page(id).ok_or_else(Problem::not_found)?.incident;
    let page = incident.page(id).ok_or_else(Problem::not_found)?;
    let mut text = heading(incident, &page.team);
    match page.state {
        PageState::Cancelled | PageState::Expired => {
            let _ = write!(
                text,
                "<p>This page is {}: nobody is waited for.</p>",
                page.state
            );
        }
        _ => {
            // Whoever has the link need not be on the list.
            let named = page.acknowledged_by.as_ref();
            if let Some(by) = named.filter(|_| incident.restriction.is_none()) {
                let _ = write!(text, "<p>Acknowledged by {}.</p>", escaped(by));
            }
            let _ = write!(
                text,
                "<form method=\"post\" action=\"acknowledge\">\
                 <input type=\"hidden\" name=\"t\" value=\"{}\">\
                 <p><label>Your name <input name=\"name\" required maxlength=\"120\" autocomplete=\"name\"></label></p>\
                 <p><label>There in <input name=\"there_in\" inputmode=\"numeric\" size=\"5\" maxlength=\"4\"> minutes, if you know</label></p>\
                 <p><button name=\"answer\" value=\"coming\">Coming</button> \
                 <button name=\"answer\" value=\"remote\">Joining remotely</button> \
                 <button name=\"answer\" value=\"arrived\">I am there</button> \
                 <button name=\"answer\" value=\"cannot\">Cannot</button></p></form>",
                escaped(query.t.as_deref().unwrap_or_default()),
            );
        }
    }
    Ok(html(&text))
}

/// Acknowledges a page by its signed link.
#[utoipa::path(post, path = "/v1/pages/{id}/acknowledge",
    params(("id" = String, Path, description = "A page's id"), LinkQuery),
    request_body(content = AcknowledgeBody, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "Acknowledged", body = String, content_type = "text/html")))]
pub async fn acknowledge(
    State(state): State<Arc<ServerState>>,
    Path(id): Path<String>,
    Params(query): Params<LinkQuery>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answer = answered(&state, id, &query, &headers, body).await;
    readable(&headers, answer).await
}

async fn answered(
    state: &Arc<ServerState>,
    id: String,
    query: &LinkQuery,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if query.t.is_some() {
        // Before anything is read of the body: an open route takes nothing from strangers.
        check(state, &id, query.t.as_deref())?;
    }
    let bytes = request::body(state, headers, body, &[FORM, "application/json"]).await?;
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .to_ascii_lowercase()
            .starts_with(FORM.as_bytes())
    });
    let body: AcknowledgeBody = if is_form {
        form(&bytes)?
    } else {
        request::json(&bytes)?
    };
    check(state, &id, body.t.as_deref().or(query.t.as_deref()))?;
    text::check("name", &body.name, text::NAME)?;
    let asked = AcknowledgePage {
        page: id.clone(),
        answer: body.answer,
        eta: body.eta(state.clock.now())?,
    };
    let (deciding, name) = (state.clone(), body.name.trim().to_owned());
    let job = Job {
        target: Target::Page(id),
        lease: None,
        idempotency: None,
        decide: Box::new(move |found| decide(&deciding, &asked, &name, &found)),
        now: state.clock.now(),
    };
    let page = match &job.target {
        Target::Page(page) => page.clone(),
        _ => String::new(),
    };
    let doing = Doing {
        command: "acknowledge_page",
        page: Some(&page),
    };
    match write::submit(state, job, doing).await? {
        Done::Written { incident, .. } => {
            let text = heading(&incident, "") + "<p>Thank you. Your answer is on the board.</p>";
            Ok(html(&text))
        }
        Done::Answered(answer) if answer.status == StatusCode::OK.as_u16() => Ok(html(
            "<h1>Page</h1><p>This page was acknowledged already.</p>",
        )),
        done => {
            let nobody = Caller::new("", Role::Viewer).audience();
            Ok(write::response(state, &nobody, done))
        }
    }
}

fn decide(state: &ServerState, body: &AcknowledgePage, name: &str, found: &Found) -> Outcome {
    let Found::Incident(incident) = found else {
        return Outcome::Answer(Problem::not_found().answer());
    };
    let nothing = Answer::empty(StatusCode::OK.as_u16());
    let same = |page: &crate::domain::incident::page::Page| {
        page.state == PageState::Acknowledged && page.answer == body.answer
    };
    if incident.page(&body.page).is_some_and(same) {
        return Outcome::Answer(nothing);
    }
    let caller = Caller::new(name, Role::Responder);
    let context = Context {
        now: state.clock.now(),
        caller: &caller,
        via: Via::Link,
        directory: &state.directory,
        rules: &state.rules,
        random: rand::random(),
    };
    match acknowledge_page::answer(incident, body, name, &context) {
        Ok(events) => {
            let (after, stamp) = write::changed(incident, &events, &context);
            write::outcome(state, after, events, stamp, nothing)
        }
        Err(refusal) => Outcome::Answer(Problem::from(refusal).answer()),
    }
}

fn form<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::malformed("The form is not valid UTF-8."))?;
    // The query of an address has the same form as this body.
    let uri = http::Uri::try_from(format!("/?{text}"))
        .map_err(|_| Problem::malformed("The form is not URL-encoded."))?;
    axum::extract::Query::try_from_uri(&uri)
        .map(|query| query.0)
        .map_err(|fault| Problem::invalid(format!("The form does not fit: {}.", fault.body_text())))
}

fn heading(incident: &Incident, team: &str) -> String {
    let exercise = if incident.exercise { "EXERCISE " } else { "" };
    let mut text = format!(
        "<h1>{exercise}{} · {}</h1>",
        escaped(&incident.codename),
        escaped(&incident.id)
    );
    let severity = incident.severity.map_or("not assessed", |s| s.as_str());
    if incident.restriction.is_none() {
        let _ = write!(text, "<p>{severity}</p>");
    }
    if !team.is_empty() {
        let _ = write!(text, "<p>{} was asked to come.</p>", escaped(team));
    }
    text
}

fn html(text: &str) -> Response {
    let document = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>warboard</title><style>body{{font:18px sans-serif;max-width:34em;margin:2em auto;padding:0 1em}}\
         button{{font:inherit;padding:.6em 1em}}</style>{text}</html>"
    );
    let fixed = |text: &'static str| HeaderValue::from_static(text);
    (
        [
            (header::CONTENT_TYPE, fixed("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, fixed(CSP)),
            (header::CACHE_CONTROL, fixed("no-store")),
            (header::REFERRER_POLICY, fixed("no-referrer")),
            (HeaderName::from_static("x-robots-tag"), fixed("noindex")),
        ],
        document,
    )
        .into_response()
}
