//! The socket: connections taken by hand, so that their number, their patience and their end are ours to say.
//! What a request is answered with stands in the other files; here every answer gets its clock.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use futures::FutureExt as _;
use http::{HeaderName, HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::meter::{Metered, MeteredBody, Meters};
use super::problem::Problem;
use super::state::ServerState;
use super::{openapi, worker};
use crate::store::StoreError;
use crate::time::{SharedClock, timeout};
use crate::wire::{NOW_HEADER, PROBLEM};

/// Most lines in the head of a request.
const HEADERS: usize = 64;
/// How long to wait when no connection can be taken, for want of descriptors.
const ACCEPT_AGAIN_AFTER_MS: i64 = 100;
/// How long workers have at least, though requests used up the time to drain.
const WORKERS_WITHIN_MS: i64 = 500;

/// Why a server ended otherwise than asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("the listening socket is not usable: {0}. Choose another --listen address")]
    Listener(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Shared {
    app: Router,
    state: Arc<ServerState>,
    meters: Meters,
    /// Cut what has not ended when the time to drain is over.
    cut: CancellationToken,
}

/// Answers requests on `listener`, with the workers beside it, until `shutdown` ends; then drains. `extra` is merged into the
/// API's routes. The store stays open: closing it is its owner's.
///
/// # Errors
/// If the listener is no listening socket.
pub async fn serve(
    listener: TcpListener,
    state: Arc<ServerState>,
    extra: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServerError> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let clock = state.clock.clone();
    let workers = worker::start(&state);
    let shared = Arc::new(Shared {
        app: openapi::routes(state.clone(), extra),
        state: state.clone(),
        meters: Meters::default(),
        cut: CancellationToken::new(),
    });
    let connections = TaskTracker::new();
    {
        let accepting = accept(&listener, &shared, &connections);
        let sweeping = shared.meters.sweep(&clock, &shared.state.limits);
        tokio::select! {
            () = accepting => {}
            () = sweeping => {}
            () = shutdown => {}
        }
    }
    drop(listener);
    shared.state.ending.cancel();
    connections.close();
    let within = shared.state.limits.drain_within_ms;
    let ends_at = clock.mono() + within;
    if timeout(&*clock, within, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "connections were cut");
        shared.cut.cancel();
        connections.wait().await;
    }
    // One time for all: whoever ends the process waits no longer than it was told.
    let left = (ends_at - clock.mono()).max(WORKERS_WITHIN_MS);
    workers.end(&clock, left).await;
    worker::tell_head(&state).await;
    Ok(())
}

async fn accept(listener: &TcpListener, shared: &Arc<Shared>, connections: &TaskTracker) {
    let free = Arc::new(Semaphore::new(shared.state.limits.connections));
    loop {
        let Ok(permit) = free.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, shared.clone(), permit));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                shared.state.clock.sleep(ACCEPT_AGAIN_AFTER_MS).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, _permit: OwnedSemaphorePermit) {
    // Small answers must not wait for an acknowledgement of the one before.
    drop(stream.set_nodelay(true));
    let (id, meter) = shared.meters.add(&shared.state.clock);
    let service = service_fn(|request: Request<Incoming>| {
        let serving = meter.serving();
        let (app, clock) = (shared.app.clone(), shared.state.clock.clone());
        async move {
            let answer = answer(app, &clock, request.map(Body::new)).await;
            Ok::<_, Infallible>(answer.map(|body| MeteredBody::new(body, serving)))
        }
    });
    let io = TokioIo::new(Metered::new(stream, meter.clone()));
    let mut connection = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .max_buf_size(shared.state.limits.head_bytes.max(8_192))
            .max_headers(HEADERS)
            .serve_connection(io, service)
    );
    let ending = &shared.state.ending;
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = meter.over() => Ok(()),
        () = shared.cut.cancelled() => Ok(()),
        () = ending.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // A peer that never asked anything has no answer to wait for.
            if meter.is_idle() {
                Ok(())
            } else {
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = meter.over() => Ok(()),
                    () = shared.cut.cancelled() => Ok(()),
                }
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    shared.meters.remove(id);
}

/// Answers one request: whatever happens inside, the answer is one of ours and carries the clock.
async fn answer(app: Router, clock: &SharedClock, request: Request<Body>) -> Response {
    let answering = AssertUnwindSafe(async move {
        match app.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    });
    let mut response = answering.catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something here is broken; it stands in the log. Whether a command was carried out, the incident tells.",
        )
        .into_response()
    });
    if is_foreign(&response) {
        response = in_our_words(response);
    }
    let headers = response.headers_mut();
    let now = clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    if let Ok(now) = HeaderValue::try_from(now) {
        headers.insert(HeaderName::from_static(NOW_HEADER), now);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// Whether an error was worded by the framework and not by us.
fn is_foreign(response: &Response) -> bool {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    (status.is_client_error() || status.is_server_error()) && plain
}

fn in_our_words(response: Response) -> Response {
    let (parts, _) = response.into_parts();
    let mut ours = Problem::new(
        parts.status,
        "bad_request",
        "The request cannot be understood as it is.",
    )
    .into_response();
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            ours.headers_mut().insert(name, value.clone());
        }
    }
    debug_assert_eq!(
        ours.headers()
            .get(header::CONTENT_TYPE)
            .map(HeaderValue::as_bytes),
        Some(PROBLEM.as_bytes())
    );
    ours
}
