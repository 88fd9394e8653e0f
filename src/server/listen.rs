//! The socket: connections taken by hand, so that their number, their patience and their end are ours to say, over TLS or
//! plain. What a request is answered with stands in the other files.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::answer::{answer, telling};
use super::meter::{Metered, MeteredBody, Meters};
use super::share::{Share, Shares};
use super::state::{Limits, ServerState};
use super::trouble::Trouble;
use super::{forwarded, metric, openapi, worker};
use crate::net::{Network, ServerTls};
use crate::store::StoreError;
use crate::time::timeout;

/// Most lines in the head of a request.
const HEADERS: usize = 64;
/// How long to wait when no connection can be taken, for want of descriptors.
const ACCEPT_AGAIN_AFTER_MS: i64 = 100;
/// Connections of those who read metrics, open at once.
const METRIC_CONNECTIONS: usize = 16;
/// How long workers have at least, though requests used up the time to drain.
const WORKERS_WITHIN_MS: i64 = 500;
/// The least time for the store to say where the record ends.
const HEAD_WITHIN_MS: i64 = 500;

/// Why a server ended otherwise than asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("the listening socket is not usable: {0}. Choose another --listen address")]
    Listener(#[from] std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a server is reached.
#[derive(Debug)]
pub struct Doors {
    /// Where the API is.
    pub listener: TcpListener,
    /// None: it is spoken in the clear.
    pub tls: Option<Arc<ServerTls>>,
    /// Where metrics are, in the clear and for everybody who reaches it.
    pub metrics: Option<TcpListener>,
    /// The proxies that are believed when they say for whom they ask.
    pub proxies: Arc<[Network]>,
}

impl From<TcpListener> for Doors {
    fn from(listener: TcpListener) -> Doors {
        Doors {
            listener,
            tls: None,
            metrics: None,
            proxies: Arc::default(),
        }
    }
}

/// The other end of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The address it counts under: the connection's, or what a trusted proxy says of it.
    pub address: IpAddr,
    /// It came over TLS of ours.
    pub tls: bool,
}

struct Shared {
    app: Router,
    tls: Option<Arc<ServerTls>>,
    proxies: Arc<[Network]>,
    state: Arc<ServerState>,
    meters: Meters,
    of_address: Shares<IpAddr>,
    /// Cut what has not ended when the time to drain is over.
    cut: CancellationToken,
}

/// Answers requests at these doors, with the workers beside it, until `shutdown` ends; then drains. `extra` is merged into
/// the API's routes. The store stays open: closing it is its owner's.
///
/// # Errors
/// If a listener is no listening socket.
pub async fn serve(
    doors: impl Into<Doors>,
    state: Arc<ServerState>,
    extra: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServerError> {
    let Doors {
        listener,
        tls,
        metrics,
        proxies,
    } = doors.into();
    let address = listener.local_addr()?;
    tracing::debug!(%address, tls = tls.is_some(), "listening");
    let clock = state.clock.clone();
    let workers = worker::start(&state);
    let cut = CancellationToken::new();
    let share = |app, tls| {
        Arc::new(Shared {
            app,
            tls,
            proxies: proxies.clone(),
            state: state.clone(),
            meters: Meters::default(),
            of_address: Shares::new(state.limits.connections_of_address),
            cut: cut.clone(),
        })
    };
    let api = share(telling(openapi::routes(state.clone(), extra)), tls);
    let measured = share(telling(metric::routes(state.clone())), None);
    let connections = TaskTracker::new();
    {
        let most = state.limits.connections;
        let accepting = accept(&listener, &api, &connections, most);
        let sweeping = api.meters.sweep(&clock, &state.limits);
        let measuring = async {
            match &metrics {
                Some(listener) => {
                    let accepting = accept(listener, &measured, &connections, METRIC_CONNECTIONS);
                    let sweeping = measured.meters.sweep(&clock, &state.limits);
                    tokio::join!(accepting, sweeping);
                }
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = accepting => {}
            () = sweeping => {}
            () = measuring => {}
            () = shutdown => {}
        }
    }
    drop((listener, metrics));
    state.ending.cancel();
    let ends_at = clock.mono() + state.limits.drain_within_ms;
    drain(&api, &connections).await;
    // One time for all: whoever ends the process waits no longer than it was told.
    let left = (ends_at - clock.mono()).max(WORKERS_WITHIN_MS);
    workers.end(&clock, left).await;
    // With what is left of that time, and at least a moment: a store that hangs holds up no end.
    let left = (ends_at - clock.mono() + WORKERS_WITHIN_MS).max(HEAD_WITHIN_MS);
    if timeout(&*clock, left, worker::tell_head(&state))
        .await
        .is_err()
    {
        tracing::warn!("the end of the record could not be told in time");
    }
    Ok(())
}

/// Answers requests on a further listener of a backend that [`serve`] runs, until that one ends: for a door of this process.
pub async fn serve_beside(listener: TcpListener, state: Arc<ServerState>) {
    let clock = state.clock.clone();
    let shared = Arc::new(Shared {
        app: telling(openapi::routes(state.clone(), Router::new())),
        tls: None,
        proxies: Arc::default(),
        of_address: Shares::new(state.limits.connections_of_address),
        state,
        meters: Meters::default(),
        cut: CancellationToken::new(),
    });
    let connections = TaskTracker::new();
    let most = shared.state.limits.connections;
    tokio::select! {
        () = accept(&listener, &shared, &connections, most) => {}
        () = shared.meters.sweep(&clock, &shared.state.limits) => {}
        () = shared.state.ending.cancelled() => {}
    }
    drop(listener);
    drain(&shared, &connections).await;
}

/// Gives open requests their time to end, then cuts them.
async fn drain(shared: &Shared, connections: &TaskTracker) {
    connections.close();
    let Limits {
        drain_within_ms, ..
    } = shared.state.limits;
    let waiting = connections.wait();
    if timeout(&*shared.state.clock, drain_within_ms, waiting)
        .await
        .is_err()
    {
        tracing::warn!(left = connections.len(), "connections were cut");
        shared.cut.cancel();
        connections.wait().await;
    }
}

async fn accept(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    connections: &TaskTracker,
    most: usize,
) {
    let free = Arc::new(Semaphore::new(most));
    let trouble = Trouble::new("connections cannot be taken");
    loop {
        let Ok(permit) = free.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, from)) => {
                trouble.over();
                let peer = from.ip().to_canonical();
                let place = match forwarded::is_trusted(peer, &shared.proxies) {
                    true => None,
                    false => match shared.of_address.take(&peer) {
                        // Closed unanswered: whoever holds so many leaves the rest to others.
                        None => continue,
                        place => place,
                    },
                };
                let held = (permit, place);
                connections.spawn(connection(stream, peer, shared.clone(), held));
            }
            Err(error) => {
                trouble.met(&error);
                shared.state.clock.sleep(ACCEPT_AGAIN_AFTER_MS).await;
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    shared: Arc<Shared>,
    _held: (OwnedSemaphorePermit, Option<Share<IpAddr>>),
) {
    // Small answers must not wait for an acknowledgement of the one before.
    drop(stream.set_nodelay(true));
    let _open = shared.state.metrics.connection();
    let Some(tls) = &shared.tls else {
        return talk(stream, peer, &shared).await;
    };
    let within = shared.state.limits.head_within_ms;
    let shaking = timeout(&*shared.state.clock, within, tls.accept(stream));
    let shaken = tokio::select! {
        shaken = shaking => shaken,
        // Nothing was asked yet: there is nothing to wait for.
        () = shared.state.ending.cancelled() => return,
    };
    match shaken {
        // Boxed: what TLS keeps for a connection would lie in every plain one too.
        Ok(Ok(stream)) => Box::pin(talk(stream, peer, &shared)).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

/// Answers what is asked over one connection until it ends.
async fn talk<T: AsyncRead + AsyncWrite + Unpin>(stream: T, peer: IpAddr, shared: &Shared) {
    let (id, meter) = shared.meters.add(&shared.state.clock);
    let service = service_fn(|request: Request<Incoming>| {
        let serving = meter.serving();
        let (app, state) = (shared.app.clone(), &shared.state);
        let peer = Peer {
            address: forwarded::caller(peer, request.headers(), &shared.proxies),
            tls: shared.tls.is_some(),
        };
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            let answer = answer(app, state, request).await;
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
