//! `POST /v1/incidents` and `POST /v1/incidents/{id}/commands`: what callers ask, decided inside the store's transaction.
//! The order of refusals is part of the contract: token, role, form of the request, key, existence, version, decision.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::auth::{self, Authorized};
use super::metric::OPEN_RESTRICTED;
use super::problem::Problem;
use super::request::{self, IfMatch};
use super::state::ServerState;
use super::write::{self, Doing};
use crate::domain::allowed::{Standing, allowed};
use crate::domain::caller::Caller;
use crate::domain::command::break_glass;
use crate::domain::command::open::{self, Allotted, Open};
use crate::domain::command::page;
use crate::domain::command::{Command, Context, decide};
use crate::domain::incident::Incident;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::view_of::view;
use crate::domain::word::{Phase, Role, Via};
use crate::store::{Found, Job, Outcome, Target};
use crate::wire::{CommandAnswerBody, ProblemBody};

pub(super) const JSON: &[&str] = &["application/json"];

/// Whether a caller may send commands at all. Asked before the body is read: a display is refused whatever it sends.
pub(super) fn may_write(caller: &Caller) -> Result<(), Problem> {
    if caller.role >= Role::Responder || caller.counsel {
        return Ok(());
    }
    Err(Problem::forbidden(format!(
        "The token {} may only read; ask an incident commander for one with the role responder.",
        caller.name
    )))
}

/// Whether the caller's role reaches for this kind of command, whatever the incident: a weak token learns nothing of it.
pub(super) fn may_ask(command: &Command, caller: &Caller) -> Result<(), Problem> {
    let anywhere = Standing {
        phase: Phase::DetectionAndAnalysis,
        ended: None,
        exercise: false,
    };
    match allowed(command.kind(), anywhere, caller) {
        Err(refusal) if refusal.kind == RefusalKind::NotAllowed => Err(refusal.into()),
        _ => Ok(()),
    }
}

/// The page that a command names.
fn page_of(command: &Command) -> Option<&str> {
    match command {
        Command::AcknowledgePage(of) => Some(&of.page),
        Command::CancelPage(of) => Some(&of.page),
        _ => None,
    }
}

struct Asked {
    state: Arc<ServerState>,
    caller: Caller,
    via: Via,
    random: u128,
    /// Who has a token: read only where people are to be told of something.
    known: Vec<Caller>,
}

impl Asked {
    fn context(&self) -> Context<'_> {
        Context {
            now: self.state.clock.now(),
            caller: &self.caller,
            via: self.via,
            directory: &self.state.directory,
            rules: &self.state.rules,
            random: self.random,
        }
    }

    fn refused(refusal: Refusal) -> Outcome {
        Outcome::Answer(Problem::from(refusal).answer())
    }

    fn open(&self, body: &Open, found: &Found) -> Outcome {
        let Found::Allotted(allotted) = found else {
            return Outcome::Answer(Problem::not_found().answer());
        };
        let context = self.context();
        let events = match open::decide(body, allotted, &context) {
            Ok(events) => events,
            Err(refusal) => return Asked::refused(refusal),
        };
        let stamp = write::stamp(1, &context);
        let Some(mut incident) = opened(&events, &stamp) else {
            return Outcome::Answer(Problem::not_found().answer());
        };
        for event in events.iter().skip(1) {
            incident.apply(event, &stamp);
        }
        let audience = self.caller.audience();
        let answer = write::answer(
            &self.state,
            &audience,
            &incident,
            StatusCode::CREATED,
            Vec::new(),
        );
        write::outcome(&self.state, incident, events, stamp, answer)
    }

    fn command(&self, command: &Command, if_match: IfMatch, found: Found) -> Outcome {
        let refuse = |problem: Problem| Outcome::Answer(problem.answer());
        let audience = self.caller.audience();
        let (incident, without, waiting) = match found {
            Found::Incident(incident) => (incident, None, Vec::new()),
            Found::Paging { incident, waiting } => (incident, None, waiting),
            Found::Redaction { incident, without } => (incident, Some(without), Vec::new()),
            Found::Allotted(_) | Found::Nothing => return refuse(Problem::not_found()),
        };
        let incident = &incident;
        let context = self.context();
        let seen = || {
            view(
                &audience,
                incident,
                &self.state.directory,
                &self.state.rules,
                context.now,
            )
        };
        let breaks = matches!(command, Command::BreakGlass(_))
            && incident.restriction.is_some()
            && audience.sees_service(&incident.service);
        if !audience.sees(incident, context.now) && !breaks {
            return refuse(Problem::not_found());
        }
        match if_match {
            // Whoever breaks the glass has not seen a version, and is told none before.
            _ if breaks => {}
            IfMatch::Absent => return refuse(Problem::precondition_required()),
            IfMatch::Malformed => {
                return refuse(Problem::malformed(
                    "'If-Match' must be one version in quotes, such as \"7\", or *.",
                ));
            }
            // A version that was never there is as wrong as one that is past.
            IfMatch::Version(n) if n < incident.persons_version || n > incident.version => {
                return refuse(seen().map_or_else(Problem::not_found, Problem::precondition));
            }
            IfMatch::Any | IfMatch::Version(_) => {}
        }
        let mut events = match decide(incident, command, &context) {
            Ok(events) => events,
            Err(refusal) => return Asked::refused(refusal),
        };
        if matches!(command, Command::Page(_)) {
            let waiting = self.state.sending.not_among(waiting);
            events = page::folded(incident, events, &waiting);
        }
        if matches!(command, Command::BreakGlass(_)) {
            events = break_glass::told(incident, events, &self.known, &context);
        }
        let before = match (without, command) {
            (Some(Err(why)), Command::Redact(redact)) => {
                return Asked::refused(why.refusal(redact.entry, incident));
            }
            (Some(Ok(without)), _) => Arc::from(without),
            _ => incident.clone(),
        };
        let (after, stamp) = write::changed(&before, &events, &context);
        let unmet = write::unmet(&events);
        let answer = write::answer(&self.state, &audience, &after, StatusCode::OK, unmet);
        write::outcome(&self.state, after, events, stamp, answer)
    }
}

fn opened(
    events: &[crate::domain::event::Event],
    stamp: &crate::domain::incident::Stamp,
) -> Option<Incident> {
    match events.first() {
        Some(crate::domain::event::Event::Opened(opened)) => Some(Incident::opened(opened, stamp)),
        _ => None,
    }
}

/// Whether the caller may open an incident under its key in another system. Who tries keys learns which are on record, so this
/// is for those who import, and not for keys that a connector of this backend looks after.
fn may_take_over(state: &ServerState, caller: &Caller, connector: &str) -> Result<(), Problem> {
    if caller.role < Role::Commander {
        return Err(Problem::forbidden(format!(
            "Opening an incident under 'upstream' needs the role commander, the token {} has {}; open it without.",
            caller.name, caller.role
        )));
    }
    let mut polled = state.polled.iter().map(|polled| &polled.settings.name);
    let mut intakes = state.intakes.iter().map(|intake| &intake.settings.name);
    if polled.any(|name| name == connector) || intakes.any(|name| name == connector) {
        return Err(Problem::invalid(format!(
            "'{connector}' is a connector of this backend, which opens its incidents itself; open this one without 'upstream'."
        )));
    }
    Ok(())
}

/// Opens an incident: puts a possible one on record.
#[utoipa::path(post, path = "/v1/incidents", request_body = Open,
    params(("Idempotency-Key" = Option<String>, Header,), ("x-warboard-via" = Option<String>, Header,)), responses(
    (status = 201, body = CommandAnswerBody, headers(("ETag" = String), ("Location" = String))),
    (status = 200, description = "The upstream key is on record already", body = CommandAnswerBody),
))]
pub async fn open_incident(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    if authorized.caller.role < Role::Responder {
        may_write(&Caller {
            counsel: false,
            ..authorized.caller.clone()
        })?;
    }
    let via = request::via(&headers, &authorized)?;
    let bytes = request::body(&state, &headers, body, JSON).await?;
    let idempotency = request::idempotency(&headers, authorized.scope(), "/v1/incidents", &bytes)?;
    let body: Open = request::json(&bytes)?;
    if let Some(upstream) = &body.upstream {
        may_take_over(&state, &authorized.caller, &upstream.connector)?;
    }
    let audience = authorized.caller.audience();
    let asked = Asked {
        state: state.clone(),
        caller: authorized.caller,
        via,
        random: rand::random(),
        known: Vec::new(),
    };
    let Some(service) = state.directory.service(&body.service) else {
        // Without a service there is no prefix to allot an id from; the decision says so in its words.
        let none = Allotted {
            id: String::new(),
            codename: String::new(),
        };
        let refused = open::decide(&body, &none, &asked.context());
        return Ok(refused
            .err()
            .map_or_else(Problem::not_found, Problem::from)
            .into_response());
    };
    let upstream = body
        .upstream
        .as_ref()
        .map(|upstream| (upstream.connector.clone(), upstream.key.clone()));
    let doing = Doing {
        command: match body.people {
            Some(_) => OPEN_RESTRICTED,
            None => "open",
        },
        page: None,
    };
    let job = Job {
        target: Target::New {
            prefix: service.prefix.clone(),
            upstream,
        },
        lease: None,
        idempotency,
        decide: Box::new(move |found| asked.open(&body, &found)),
        now: state.clock.now(),
    };
    let done = write::submit(&state, job, doing).await?;
    Ok(write::response(&state, &audience, done))
}

/// Does something to an incident.
#[utoipa::path(post, path = "/v1/incidents/{id}/commands", request_body = Command, params(
    ("id" = String, Path, description = "An incident's id"),
    ("If-Match" = String, Header, description = "The version the command is meant for, in quotes, or *"),
    ("Idempotency-Key" = Option<String>, Header,),
    ("x-warboard-via" = Option<String>, Header,),
), responses(
    (status = 200, body = CommandAnswerBody, headers(("ETag" = String))),
    (status = 412, description = "A person's command came in between; the incident stands in the body", body = ProblemBody, content_type = "application/problem+json"),
    (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
))]
pub async fn command(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    may_write(&authorized.caller)?;
    let via = request::via(&headers, &authorized)?;
    let bytes = request::body(&state, &headers, body, JSON).await?;
    let path = format!("/v1/incidents/{id}/commands");
    let idempotency = request::idempotency(&headers, authorized.scope(), &path, &bytes)?;
    let command: Command = request::json(&bytes)?;
    may_ask(&command, &authorized.caller)?;
    if let Command::BreakGlass(body) = &command {
        break_glass::check(body)?;
    }
    let known = match command {
        // Who is on a list may have a token, or come in by a door alone.
        Command::BreakGlass(_) => {
            let mut known = auth::callers(&state).await?;
            known.extend(state.presence.callers(&state.clock));
            known.extend(state.rosters.callers(&state.clock));
            known
        }
        _ => Vec::new(),
    };
    let audience = authorized.caller.audience();
    let asked = Asked {
        state: state.clone(),
        caller: authorized.caller,
        via,
        random: rand::random(),
        known,
    };
    let if_match = request::if_match(&headers);
    let kind = command.kind().as_str();
    let page = page_of(&command).map(str::to_owned);
    let target = match &command {
        Command::Redact(redact) => Target::Redaction {
            incident: id.clone(),
            entry: redact.entry,
        },
        Command::Page(page) if page.again => Target::Paging(id.clone()),
        _ => Target::Incident(id.clone()),
    };
    let job = Job {
        target,
        lease: None,
        idempotency,
        decide: Box::new(move |found| asked.command(&command, if_match, found)),
        now: state.clock.now(),
    };
    let doing = Doing {
        command: kind,
        page: page.as_deref(),
    };
    let done = write::submit(&state, job, doing).await?;
    Ok(write::response(&state, &audience, done))
}
