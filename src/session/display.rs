//! The browser display: one page that shows the wall's very frames, for screens that have a browser and no terminal. It is
//! read-only by construction: a viewer's token in a cookie that only this path gets, and nothing but GET behind it.

mod attempt;
mod page;
pub mod pair;
mod row;
mod show;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use serde::Deserialize;
use tokio::sync::Semaphore;

use self::attempt::Attempts;
use self::pair::{DISPLAY, PairError};
use self::show::{Shows, Size};
use self::stream::Viewing;
use crate::domain::word::Role;
use crate::server::request::{self, Params};
use crate::server::{Authorized, Peer, Problem, ServerState, Shares};
use crate::ui::theme::Theme;

/// Displays shown at once, in all; each is a connection and its last rows.
const DISPLAYS: usize = 128;
/// Of these by one pairing: its browser's windows, and connections it lost without a word.
const DISPLAYS_OF_TOKEN: usize = 8;
/// The cookie that holds a display's token.
const COOKIE: &str = "warboard_display";
/// The theme where the page names none.
const THEME: &str = "night";

/// What all displays of one backend share.
struct Displays {
    state: Arc<ServerState>,
    shows: Arc<Shows>,
    attempts: Attempts,
    free: Arc<Semaphore>,
    of_token: Shares<String>,
}

/// The display's routes, to be served beside the API's of this backend.
pub fn routes(state: &Arc<ServerState>) -> Router {
    let displays = Arc::new(Displays {
        state: state.clone(),
        shows: Shows::new(state),
        attempts: Attempts::default(),
        free: Arc::new(Semaphore::new(DISPLAYS)),
        of_token: Shares::new(DISPLAYS_OF_TOKEN),
    });
    Router::new()
        .route("/display", get(page::document))
        .route("/display/page.js", get(page::script))
        .route("/display/page.css", get(page::style))
        .route("/display/stream", get(stream))
        .route("/display/pair", post(pairing))
        .with_state(displays)
}

/// What the page asks to be shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamQuery {
    columns: u16,
    rows: u16,
    #[serde(default)]
    theme: Option<String>,
}

/// The wall's rows as they change, as server-sent events, for as long as the token works.
async fn stream(
    State(displays): State<Arc<Displays>>,
    Params(query): Params<StreamQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let who = display_of(&displays.state, &headers).await?;
    let theme = query.theme.as_deref().unwrap_or(THEME);
    let theme = Theme::shipped(theme).map_err(|error| Problem::invalid(error.to_string()))?;
    let full = |most: usize, whose: &str| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_displays",
            format!("{most} displays{whose} are shown already; close one that nobody looks at."),
        )
    };
    let of_token = displays.of_token.take(&who.token.id);
    let of_token = of_token.ok_or_else(|| full(DISPLAYS_OF_TOKEN, " of this pairing"))?;
    let free = displays.free.clone().try_acquire_owned();
    let free = free.map_err(|_| full(DISPLAYS, ""))?;
    let size = Size::clamped(query.columns, query.rows);
    let pictures = displays.shows.of(&who, size, theme);
    let viewing = Viewing::new(displays.state.clone(), who, pictures, (free, of_token));
    let fixed = HeaderValue::from_static;
    let headers = [
        (header::CONTENT_TYPE, fixed("text/event-stream")),
        (header::CACHE_CONTROL, fixed("no-store")),
        (
            http::HeaderName::from_static("x-accel-buffering"),
            fixed("no"),
        ),
    ];
    Ok((headers, Body::from_stream(viewing.events())).into_response())
}

/// The display that presents its cookie. Other tokens are none of a display's: what it may is what it was paired for.
async fn display_of(state: &Arc<ServerState>, headers: &HeaderMap) -> Result<Authorized, Problem> {
    let unpaired = || {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "not_paired",
            "This display is not paired, or no longer. A new code comes from:  warboard display pair",
        )
    };
    let token = cookie(headers).ok_or_else(unpaired)?;
    let who = match Authorized::by_token(state, token).await {
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => return Err(unpaired()),
        found => found?,
    };
    let is_display = who.caller.name.starts_with(DISPLAY)
        && who.caller.role == Role::Viewer
        && !who.caller.counsel;
    is_display.then_some(who).ok_or_else(unpaired)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

/// What the page sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PairBody {
    code: String,
}

/// Takes a pairing code and gives a cookie for it, once.
async fn pairing(
    State(displays): State<Arc<Displays>>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let state = &displays.state;
    let Some(scheme) = origin(&head.headers, state.public_url()) else {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "A display is paired from the backend's own page: open /display of this address.",
        ));
    };
    let body = request::body(state, &head.headers, body, &["application/json"]).await?;
    let body: PairBody = request::json(&body)?;
    let peer = head.extensions.get::<Peer>();
    let from = peer.map(|peer| peer.address);
    let now = state.clock.mono();
    displays.attempts.take(from, now).map_err(|after_ms| {
        let minutes = (after_ms / 60_000 + 1).clamp(1, 10);
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_codes",
            format!("Too many wrong codes came; no code is looked at for {minutes} minutes."),
        )
    })?;
    let paired = pair::finish(&*state.store, state.clock.now(), &body.code).await;
    let (secret, token) = match paired {
        Ok(paired) => paired,
        Err(PairError::Store(error)) => return Err(error.into()),
        Err(error) => {
            let status = StatusCode::FORBIDDEN;
            return Err(Problem::new(status, "code_refused", error.to_string()));
        }
    };
    displays.attempts.give_back(from);
    tracing::info!(display = token.name, "a display was paired");
    let lasts: TimeDelta = token.expires_at - state.clock.now();
    // What went over TLS once, ours or that of a proxy before us, never goes in the clear.
    let secure = scheme == "https" || peer.is_some_and(|peer| peer.tls);
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={}; Path=/display; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
        secret.expose(),
        lasts.num_seconds().max(0)
    );
    let mut cookie = HeaderValue::try_from(cookie)
        .map_err(|_| Problem::invalid("The token cannot be put into a cookie."))?;
    cookie.set_sensitive(true);
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// The scheme of the page that sent a request, if that page is our own.
fn origin<'a>(headers: &'a HeaderMap, public_url: Option<&str>) -> Option<&'a str> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return None;
    }
    let origin = text("origin")?;
    let (scheme, place) = origin.split_once("://")?;
    let ours = text("host").is_some_and(|host| host.eq_ignore_ascii_case(place));
    // A proxy before us may have put another host into the request.
    let public = public_url.is_some_and(|url| {
        let rest = url.get(origin.len()..).unwrap_or_default();
        url.get(..origin.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(origin))
            && (rest.is_empty() || rest.starts_with('/'))
    });
    (ours || public).then_some(scheme)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_code_is_taken_from_our_own_page_only() {
        let ours = headers(&[
            ("host", "board.example:8787"),
            ("origin", "http://board.example:8787"),
        ]);
        assert_eq!(origin(&ours, None), Some("http"));
        let elsewhere = headers(&[
            ("host", "board.example"),
            ("origin", "https://evil.example"),
        ]);
        assert_eq!(origin(&elsewhere, None), None);
        assert_eq!(origin(&headers(&[("host", "board.example")]), None), None);
        let opaque = headers(&[("host", "board.example"), ("origin", "null")]);
        assert_eq!(origin(&opaque, None), None);
        let cross = headers(&[
            ("host", "board.example"),
            ("origin", "http://board.example"),
            ("sec-fetch-site", "cross-site"),
        ]);
        assert_eq!(origin(&cross, None), None);
        let proxied = headers(&[
            ("host", "10.0.0.7:8787"),
            ("origin", "https://board.example"),
        ]);
        assert_eq!(origin(&proxied, None), None);
        assert_eq!(
            origin(&proxied, Some("https://board.example/x")),
            Some("https")
        );
        assert_eq!(origin(&proxied, Some("https://board.example.evil")), None);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let sent = headers(&[
            ("cookie", "a=b; warboard_display=wb_1_x"),
            ("cookie", "c=d"),
        ]);
        assert_eq!(cookie(&sent), Some("wb_1_x"));
        assert_eq!(cookie(&headers(&[("cookie", "xwarboard_display=1")])), None);
        assert_eq!(cookie(&HeaderMap::new()), None);
    }
}
