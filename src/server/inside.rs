//! A backend asked from within its own process, without a socket and without a secret: the same routes, for an audience that
//! the asker names. How connections are taken stands in `listen`; which doors ask is `session`'s.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;

use super::answer::{answer, telling};
use super::auth::Authorized;
use super::openapi;
use super::problem::Problem;
use super::state::ServerState;
use crate::client::Neighbour;
use crate::domain::caller::Audience;
use crate::net::NetAnswer;
use crate::store::Token;

/// Who asks from within. It travels beside the request, where nothing that comes over a socket can put it.
#[derive(Debug, Clone)]
pub struct Inside(pub(super) Authorized);

/// Reads a backend of this process for one audience. It is nobody by name: what is shown to some persons only is not shown
/// to it, and it changes nothing.
pub struct InsideReader {
    state: Arc<ServerState>,
    app: Router,
    who: Authorized,
}

impl InsideReader {
    /// For readers of this audience.
    pub fn new(state: &Arc<ServerState>, audience: &Audience) -> InsideReader {
        let now = state.clock.now();
        let token = Token {
            id: String::new(),
            name: String::new(),
            sha256: [0; 32],
            role: audience.role,
            counsel: audience.counsel,
            clearance: audience.clearance,
            services: audience.services.clone(),
            team: audience.team.clone(),
            door: false,
            created_at: now,
            // As long as the process lives; whoever looks on has a token of its own that ends.
            expires_at: now + TimeDelta::days(36_500),
            revoked_at: None,
            last_used_at: None,
        };
        InsideReader {
            state: state.clone(),
            app: telling(openapi::routes(state.clone(), Router::new())),
            who: Authorized::inside(Arc::new(token)),
        }
    }

    async fn answered(&self, request: Request<Bytes>) -> NetAnswer {
        let mut request = request.map(Body::from);
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        request.extensions_mut().insert(Inside(self.who.clone()));
        let app = match reads {
            true => self.app.clone(),
            false => Router::new().fallback(|| async {
                Problem::forbidden("A reader within the backend changes nothing.")
            }),
        };
        let (head, body) = answer(app, &self.state, request).await.into_parts();
        match body.collect().await {
            Ok(body) => NetAnswer {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            },
            Err(_) => NetAnswer {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                headers: head.headers,
                body: Bytes::new(),
            },
        }
    }
}

impl Neighbour for InsideReader {
    fn answer(&self, request: Request<Bytes>) -> BoxFuture<'_, NetAnswer> {
        Box::pin(self.answered(request))
    }
}

impl ServerState {
    /// Tells whenever a token in use was found changed; while somebody listens, tokens are looked at twice a second.
    pub fn token_changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.tokens.changes()
    }

    /// Ends when the backend begins to end: what holds a request open lets go then.
    pub async fn is_ending(&self) {
        self.ending.cancelled().await;
    }
}
