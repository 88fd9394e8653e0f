//! `GET /v1/incidents` and `GET /v1/changes`: the whole list, and what changed in it. Bodies are put together from views
//! that are kept as bytes; a list is made once for an audience, a filter and a place of the feed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::{BufMut as _, Bytes, BytesMut};
use chrono::SecondsFormat;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::auth::Authorized;
use super::cursor;
use super::mirror::World;
use super::packed::Packed;
use super::problem::Problem;
use super::request::Params;
use super::shown::{AudienceViews, Made, Shown};
use super::state::ServerState;
use crate::domain::caller::Audience;
use crate::domain::view::IncidentView;
use crate::domain::word::{Phase, Severity};
use crate::time::timeout;
use crate::wire::{ListBody, WAIT_LIMIT_SECONDS};

/// Most incidents one page of a list may ask for.
const LIMIT: usize = 10_000;

/// Which incidents a list holds. Several filters must all hold.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// A phase.
    #[param(inline)]
    pub phase: Option<Phase>,
    /// A service's id.
    pub service: Option<String>,
    /// The owning team's id.
    pub owner: Option<String>,
    /// A severity.
    #[param(inline)]
    pub severity: Option<Severity>,
    /// Somebody who holds a seat or decides a duty.
    pub person: Option<String>,
    /// A team that owns, serves, decides or has an open page.
    pub team: Option<String>,
    /// A text in id, codename, title or summary, in any case.
    pub q: Option<String>,
    /// `all`: ended incidents too.
    #[param(inline)]
    pub open: Option<OpenFilter>,
    /// At most so many incidents; without it the whole list.
    #[param(minimum = 1, maximum = 10000)]
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub after: Option<String>,
}

/// Which incidents besides the open ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenFilter {
    All,
}

impl ListQuery {
    /// Only what the reader sees is asked: a hidden title is not found by its words.
    fn holds(&self, view: &IncidentView, needle: Option<&str>) -> bool {
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
        let listed = self.open.is_some() || view.is_open() || view.open_lessons().next().is_some();
        listed
            && self.phase.is_none_or(|phase| phase == view.phase)
            && self.severity.is_none_or(|s| Some(s) == view.severity)
            && is(&self.service, &view.service)
            && is(&self.owner, &view.owner)
            && self.person.as_ref().is_none_or(|p| has_person(view, p))
            && self.team.as_ref().is_none_or(|t| has_team(view, t))
            && needle.is_none_or(|needle| has_text(view, needle))
    }
}

fn has_person(view: &IncidentView, person: &str) -> bool {
    let seats = [
        &view.commander,
        &view.deputy,
        &view.scribe,
        &view.owner_lead,
        &view.service_lead,
    ];
    let decides = |person: &str| {
        let mut deciders = view
            .duties
            .iter()
            .filter_map(|d| d.decider.person.as_deref());
        deciders.any(|decider| decider == person)
    };
    seats.into_iter().flatten().any(|seat| seat == person)
        || (!view.is_masked("commander") && decides(person))
}

fn has_team(view: &IncidentView, team: &str) -> bool {
    view.owner == team
        || view.service_team.as_deref() == Some(team)
        || view
            .pages
            .iter()
            .any(|p| p.team == team && p.state.is_open())
        || view
            .duties
            .iter()
            .any(|d| d.decider.team.as_deref() == Some(team))
}

fn has_text(view: &IncidentView, needle: &str) -> bool {
    let texts = [
        Some(&view.id),
        Some(&view.codename),
        view.title.as_ref(),
        view.summary.as_ref(),
    ];
    texts
        .into_iter()
        .flatten()
        .any(|text| text.to_lowercase().contains(needle))
}

/// Puts a `ListBody` together from incidents that are JSON already.
fn assemble(
    state: &ServerState,
    cursor: &str,
    next: Option<&str>,
    shown: &[Arc<Shown>],
    gone: &[String],
) -> Bytes {
    let now = state
        .clock
        .now()
        .to_rfc3339_opts(SecondsFormat::Millis, true);
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let size: usize = shown.iter().map(|s| s.json.len() + 1).sum();
    let mut body = BytesMut::with_capacity(size + 256);
    body.put_slice(
        format!(
            "{{\"cursor\":{},\"now\":{},\"complete\":{},\"next\":{},\"incidents\":[",
            text(cursor),
            text(&now),
            next.is_none(),
            next.map_or("null".to_owned(), text),
        )
        .as_bytes(),
    );
    for (n, one) in shown.iter().enumerate() {
        if n > 0 {
            body.put_u8(b',');
        }
        body.put_slice(&one.json);
    }
    body.put_u8(b']');
    if !gone.is_empty() {
        body.put_slice(b",\"gone\":");
        body.put_slice(serde_json::to_string(gone).unwrap_or_default().as_bytes());
    }
    body.put_u8(b'}');
    body.freeze()
}

/// Incidents: open ones, and ended ones with unfinished lessons.
#[utoipa::path(get, path = "/v1/incidents", params(ListQuery, ("If-None-Match" = Option<String>, Header,)), responses(
    (status = 200, body = ListBody, headers(("ETag" = String))),
    (status = 304, description = "Nothing changed"),
    (status = 503, description = "The store is away: what this backend shows may be old", body = crate::wire::ProblemBody, content_type = "application/problem+json"),
))]
pub async fn list(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Params(query): Params<ListQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(limit) = query.limit
        && !(1..=LIMIT).contains(&limit)
    {
        return Err(Problem::invalid(format!("'limit' must be 1 to {LIMIT}.")));
    }
    let place = query
        .after
        .as_deref()
        .map(|after| cursor::read_next(&state, after))
        .transpose()?;
    let asked = serde_json::to_string(&query).unwrap_or_default();
    let made = {
        let world = state.mirror.shown()?;
        let audience = world.audience(&authorized.caller);
        let name = kept_as(&asked, &world, &audience, &state);
        let views = state.views.of(&audience);
        views.lists.get(
            &name,
            views.place(&world, &audience, state.clock.now()),
            || {
                let (first, after) = place.unzip();
                make_list(
                    &state, &audience, &views, &world, &query, &name, first, after,
                )
            },
        )
    };
    Ok(made.body.answer(&headers).await)
}

/// Under which name an answer is kept: broken glass closes with time alone, at one place of the feed.
fn kept_as(asked: &str, world: &World, audience: &Audience, state: &ServerState) -> String {
    match world.glass(audience, state.clock.now()) {
        0 => asked.to_owned(),
        open => format!("{asked} glass {open}"),
    }
}

fn make_list(
    state: &ServerState,
    audience: &Audience,
    views: &AudienceViews,
    world: &World,
    query: &ListQuery,
    name: &str,
    first: Option<String>,
    after: Option<String>,
) -> Made {
    let needle = query.q.as_ref().map(|q| q.to_lowercase());
    let mut matching = world
        .after(after.as_deref())
        .filter_map(|s| views.incident(state, audience, &s.incident))
        .filter(|shown| query.holds(&shown.view, needle.as_deref()));
    let most = query.limit.unwrap_or(usize::MAX);
    let shown: Vec<Arc<Shown>> = matching.by_ref().take(most).collect();
    let more = matching.next().is_some();
    let place = views.place(world, audience, state.clock.now());
    let cursor = first.unwrap_or_else(|| cursor::written(state, place));
    let next = shown
        .last()
        .filter(|_| more)
        .map(|last| cursor::next(&cursor, &last.view.id));
    let audience = serde_json::to_string(audience).unwrap_or_default();
    let covered = [
        cursor::written(state, place).as_str(),
        &audience,
        name,
        &state.definitions,
        env!("CARGO_PKG_VERSION"),
    ]
    .join("\n");
    let digest: [u8; 32] = Sha256::digest(covered.as_bytes()).into();
    let etag = format!("\"{}\"", hex::encode(digest.split_at(16).0));
    Made {
        place,
        body: Arc::new(Packed::new(
            assemble(state, &cursor, next.as_deref(), &shown, &[]),
            Some(etag),
        )),
        count: shown.len(),
    }
}

/// Where a reader stands, and how long they wait.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// A cursor that a list or an earlier answer gave.
    since: String,
    /// Seconds to hold the request until there is a change.
    #[serde(default)]
    #[param(minimum = 0, maximum = 60)]
    wait: u64,
}

/// What changed after a cursor; held until there is something, if asked to.
#[utoipa::path(get, path = "/v1/changes", params(ChangesQuery), responses(
    (status = 200, body = ListBody),
    (status = 410, description = "The cursor leads nowhere here: load the list again", body = crate::wire::ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "The store is away: what this backend shows may be old", body = crate::wire::ProblemBody, content_type = "application/problem+json"),
))]
pub async fn changes(
    State(state): State<Arc<ServerState>>,
    authorized: Authorized,
    Params(query): Params<ChangesQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if query.wait > WAIT_LIMIT_SECONDS {
        return Err(Problem::invalid(format!(
            "'wait' must be 0 to {WAIT_LIMIT_SECONDS} seconds."
        )));
    }
    let since = cursor::read(&state, &query.since).await?;
    let _waiting = (query.wait > 0).then(|| state.metrics.waiter());
    let mut head = state.mirror.head();
    let mut behind = state.mirror.behind();
    let mut tokens = state.tokens.changes();
    let left = (authorized.token.expires_at - state.clock.now()).num_milliseconds();
    let wait = i64::try_from(query.wait).unwrap_or_default() * 1_000;
    let ends_at = state.clock.mono() + wait.min(left);
    loop {
        if *behind.borrow_and_update() {
            return Err(Problem::behind());
        }
        head.mark_unchanged();
        let made = changes_since(&state, &authorized, since);
        let over = state.clock.mono() >= ends_at || state.ending.is_cancelled();
        if made.count > 0 || over {
            authorized.again(&state).await?;
            return Ok(made.body.answer(&headers).await);
        }
        let news = async {
            tokio::select! {
                moved = head.changed() => moved.is_err(),
                _ = tokens.changed() => { false }
                _ = behind.changed() => { false }
                () = state.ending.cancelled() => true,
            }
        };
        // The loop looks again whatever ended the wait.
        let _ended = timeout(&*state.clock, ends_at - state.clock.mono(), news).await;
        authorized.again(&state).await?;
    }
}

fn changes_since(state: &ServerState, authorized: &Authorized, since: u64) -> Made {
    let world = state.mirror.read();
    // Asked each time: a list may have changed while the request was held.
    let audience = world.audience(&authorized.caller);
    let views = state.views.of(&audience);
    let now = state.clock.now();
    let place = views.place(&world, &audience, now);
    let cursor = cursor::written(state, place.max(since));
    // What never was theirs is not gone: its id is not theirs either. Two of one audience may differ in that.
    let gone = world.gone(&audience, since, authorized.token.created_at, now);
    let name = kept_as(
        &format!("{since} {}", gone.join(" ")),
        &world,
        &audience,
        state,
    );
    views.feeds.get(&name, place, || {
        let shown: Vec<Arc<Shown>> = world
            .since(since)
            .filter_map(|snapshot| views.incident(state, &audience, &snapshot.incident))
            .collect();
        Made {
            place,
            count: shown.len() + gone.len(),
            body: Arc::new(Packed::new(
                assemble(state, &cursor, None, &shown, &gone),
                None,
            )),
        }
    })
}
