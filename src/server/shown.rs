//! What readers are shown, kept ready: views by audience and version, lists and changes as bytes. Nothing is serialised
//! twice for the same readers. What a view hides is decided in `domain::view_of`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use parking_lot::Mutex;

use super::mirror::World;
use super::packed::Packed;
use super::state::ServerState;
use crate::domain::caller::Audience;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::view::IncidentView;
use crate::domain::view_of::view;

/// Most audiences kept at once; a token of its own makes one.
const AUDIENCES: usize = 64;
/// Most different answers kept for one audience.
const ANSWERS: usize = 16;

/// One incident as one audience sees it, and the same as JSON.
pub struct Shown {
    pub version: u64,
    pub view: Arc<IncidentView>,
    pub json: Bytes,
}

/// A body that was made once, for a place of the feed; its readers share it.
#[derive(Clone)]
pub struct Made {
    /// The place of the feed it shows: the last at which something changed for its readers.
    pub place: u64,
    pub body: Arc<Packed>,
    /// How many incidents are in it.
    pub count: usize,
}

/// What one audience is shown.
#[derive(Default)]
pub struct AudienceViews {
    incidents: Mutex<HashMap<String, Arc<Shown>>>,
    /// For one person of a list: what those of the same rights are shown who are on none. It is the same but for what is
    /// restricted, and kept once.
    others: Option<Arc<AudienceViews>>,
    /// Where the feed was when it was looked at last, and where something changed for the audience then.
    place: Mutex<(u64, u64)>,
    /// Lists, by what was asked for.
    pub lists: Answers,
    /// Changes, by the place they begin at.
    pub feeds: Answers,
}

/// Answers that were made for one audience.
#[derive(Default)]
pub struct Answers(Mutex<HashMap<String, Made>>);

/// What every audience is shown.
#[derive(Default)]
pub struct Views {
    audiences: Mutex<HashMap<Audience, Arc<AudienceViews>>>,
}

impl Views {
    /// What this audience is shown.
    pub fn of(&self, audience: &Audience) -> Arc<AudienceViews> {
        let others = audience.name.is_some().then(|| {
            self.of(&Audience {
                name: None,
                ..audience.clone()
            })
        });
        let mut audiences = self.audiences.lock();
        if let Some(views) = audiences.get(audience) {
            return views.clone();
        }
        if audiences.len() >= AUDIENCES {
            // Rather all made anew than one audience that grows old in memory.
            audiences.clear();
        }
        let made = || {
            Arc::new(AudienceViews {
                others,
                ..AudienceViews::default()
            })
        };
        audiences
            .entry(audience.clone())
            .or_insert_with(made)
            .clone()
    }
}

impl AudienceViews {
    /// The last place of the feed at which something changed for the audience.
    pub fn place(&self, world: &World, audience: &Audience, now: Instant) -> u64 {
        let mut known = self.place.lock();
        if known.0 != world.head() {
            *known = (world.head(), world.place(audience, now));
        }
        known.1
    }

    /// The incident as the audience sees it; None where it does not exist for them.
    pub fn incident(
        &self,
        state: &ServerState,
        audience: &Audience,
        incident: &Incident,
    ) -> Option<Arc<Shown>> {
        if !audience.sees(incident, state.clock.now()) {
            self.incidents.lock().remove(&incident.id);
            return None;
        }
        let others = self.others.as_ref();
        if let Some(others) = others.filter(|_| incident.restriction.is_none()) {
            return others.incident(state, audience, incident);
        }
        let kept = self.incidents.lock().get(&incident.id).cloned();
        if kept.as_ref().is_some_and(|s| s.version == incident.version) {
            return kept;
        }
        let shown = show(state, audience, incident)?;
        let mut kept = self.incidents.lock();
        // What has left the boards is asked for rarely, and would be kept for ever.
        match incident.is_listed() {
            true => drop(kept.insert(incident.id.clone(), shown.clone())),
            false => drop(kept.remove(&incident.id)),
        }
        Some(shown)
    }
}

impl Answers {
    /// The answer with this name for this place of the feed, made if it is not there yet. While one reader makes it the
    /// others wait: it is made once.
    pub fn get(&self, name: &str, place: u64, make: impl FnOnce() -> Made) -> Made {
        let mut made = self.0.lock();
        if let Some(kept) = made.get(name).filter(|kept| kept.place == place) {
            return kept.clone();
        }
        let fresh = make();
        if made.len() >= ANSWERS && !made.contains_key(name) {
            made.clear();
        }
        made.insert(name.to_owned(), fresh.clone());
        fresh
    }
}

/// One incident for one audience, past every cache.
pub fn show(state: &ServerState, audience: &Audience, incident: &Incident) -> Option<Arc<Shown>> {
    let now = state.clock.now();
    let view = view(audience, incident, &state.directory, &state.rules, now)?;
    let json = match serde_json::to_vec(&view) {
        Ok(json) => Bytes::from(json),
        Err(error) => {
            tracing::error!(%error, incident = incident.id, "a view could not be written");
            return None;
        }
    };
    Some(Arc::new(Shown {
        version: incident.version,
        view: Arc::new(view),
        json,
    }))
}

/// Whether `If-None-Match` names this entity tag. Weak comparison, as RFC 9110 asks for it.
pub fn none_match(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// What an answer depends on: the token, and for whom a door asks.
const VARIES: &str = "Authorization, x-warboard-on-behalf-of";

/// Marks an answer as one caller's own.
pub fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    headers.insert(header::VARY, HeaderValue::from_static(VARIES));
    response
}

/// A JSON body of one caller, with its entity tag where it has one.
pub fn json(body: Bytes, etag: Option<&str>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    tagged((kind, body).into_response(), etag)
}

/// 304: what the caller has is what there is.
pub fn not_modified(etag: &str) -> Response {
    tagged(StatusCode::NOT_MODIFIED.into_response(), Some(etag))
}

fn tagged(response: Response, etag: Option<&str>) -> Response {
    let mut response = private(response);
    if let Some(etag) = etag.and_then(|etag| etag.parse().ok()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::domain::caller::Caller;
    use crate::domain::directory::Directory;
    use crate::domain::event::{Event, Opened};
    use crate::domain::incident::Stamp;
    use crate::domain::restriction::Restriction;
    use crate::domain::word::{Role, Via};
    use crate::paging::Routes;
    use crate::server::{RouteCourier, fixture};
    use crate::time::{SharedClock, TestClock};

    #[tokio::test]
    async fn what_has_left_the_boards_is_not_kept_for_an_audience() {
        let clock: SharedClock = Arc::new(TestClock::default());
        let courier = Arc::new(RouteCourier::new(Routes::default(), clock.clone()));
        let state = fixture::state(Directory::default(), clock.clone(), courier).await;
        let opened = json!({"id": "AZ-1", "codename": "GREY LINDEN", "service": "azure", "title": "t", "summary": null,
            "classification": null, "severity": null, "tlp": "green", "exercise": false, "starts_at": null,
            "occurred_at": null, "owner": "azure-security-response", "service_team": null, "regimes": [],
            "profile": {}, "upstream": null});
        let opened: Opened = serde_json::from_value(opened).unwrap();
        let mut stamp = Stamp {
            version: 1,
            at: clock.now(),
            by: "a".to_owned(),
            via: Via::Api,
        };
        let mut incident = Incident::opened(&opened, &stamp);
        let views = AudienceViews::default();
        let audience = Caller::new("a", Role::Viewer).audience();
        let kept = |incident: &Incident| {
            let shown = views.incident(&state, &audience, incident);
            let kept = views.incidents.lock().contains_key("AZ-1");
            (shown.map(|shown| shown.version), kept)
        };
        assert_eq!(kept(&incident), (Some(1), true));
        stamp.version = 2;
        stamp.at += TimeDelta::minutes(1);
        let dismissed = Event::Dismissed {
            reason: "none".to_owned(),
        };
        incident.apply(&dismissed, &stamp);
        assert_eq!(kept(&incident), (Some(2), false));
        let mut open = Incident::opened(&opened, &stamp);
        assert_eq!(kept(&open), (Some(2), true));
        open.restriction = Some(Restriction {
            people: vec!["b".to_owned()],
            by: "b".to_owned(),
            at: clock.now(),
            glass: Vec::new(),
        });
        assert_eq!(kept(&open), (None, false));
        state.store.close().await;
    }
}
