//! The SSH door: the board for people who have nothing installed. It takes connections, watches over them and ends them; who may
//! come in stands in `roster`, how much in `limit`, the protocol in `handler`, one session in `sitting`. The screen is `ui`'s.

mod door;
mod entry;
mod handler;
pub mod house;
pub mod key;
pub mod limit;
mod logbook;
mod people;
mod progress;
mod roster;
pub mod roster_file;
mod share;
mod sitting;
mod stream;
mod tenure;
mod terminal;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::Config;
use russh::{Disconnect, MethodKind, MethodSet, Preferred, SshId, compression};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::handler::{Arrival, Handler};
use self::house::House;
use self::limit::{Limiter, Limits, Pending};
use self::logbook::Logbook;
use self::people::People;
use self::progress::LoginProgress;
use self::roster_file::RosterFile;
use self::share::Boards;
use self::stream::Cuttable;
use self::tenure::Tenure;
use crate::client::Api;
use crate::time::{SharedClock, timeout};

/// How often a silent client is asked whether it is there, and how often in vain before it is gone.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVES: usize = 3;
/// A connection on which nothing at all moves, not even these answers, is gone.
const STILL_FOR: Duration = Duration::from_secs(90);
/// A key that is not known is answered after this, whatever the reason.
const REJECT_AFTER: Duration = Duration::from_millis(500);
/// What a client may send before we take it; frames go the other way, under the client's own window.
const WINDOW: u32 = 64 * 1024;
const PACKET: u32 = 16 * 1024;
/// Messages between a session and the wire: few, so that frames are not old when they leave.
const MESSAGES: usize = 2;
/// How long to wait when no connection can be taken, for want of descriptors.
const ACCEPT_AGAIN_AFTER_MS: i64 = 100;
/// How long sessions are given to say goodbye when the door ends, and connections after them.
const SESSIONS_WITHIN_MS: i64 = 5_000;
const CONNECTIONS_WITHIN_MS: i64 = 1_000;
/// Commands that print at once; others wait.
const PRINTS: usize = 8;

/// What a door is made of.
pub struct Setup {
    /// What it opens to.
    pub house: Arc<dyn House>,
    /// Its sources, with a door's token each.
    pub apis: Vec<Api>,
    pub roster: RosterFile,
    pub key: PrivateKey,
    /// Where the key is read again.
    pub key_file: PathBuf,
    /// Told to read the key and the people's keys again.
    pub reload: Arc<Notify>,
    pub clock: SharedClock,
    pub limits: Limits,
}

/// What all connections share.
pub struct Shared {
    house: Arc<dyn House>,
    boards: Boards,
    roster: RosterFile,
    people: Arc<People>,
    logbook: Arc<Logbook>,
    limiter: Arc<Limiter>,
    limits: Limits,
    clock: SharedClock,
    prints: Semaphore,
    /// Sessions say goodbye when this is cancelled.
    ending: CancellationToken,
}

fn config(key: PrivateKey, limits: &Limits) -> Config {
    Config {
        server_id: SshId::Standard("SSH-2.0-warboard".into()),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: REJECT_AFTER,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        channel_buffer_size: MESSAGES,
        event_buffer_size: MESSAGES,
        preferred: Preferred {
            // A frame is small and differs from the last; compressing it costs more than it saves, and memory for each session.
            compression: (&[compression::NONE][..]).into(),
            ..Preferred::default()
        },
        max_auth_attempts: limits.attempts,
        inactivity_timeout: Some(STILL_FOR),
        keepalive_interval: Some(KEEPALIVE),
        keepalive_max: KEEPALIVES,
        nodelay: true,
        ..Config::default()
    }
}

/// Lets people in until `shutdown` ends; then every session says goodbye, and the door closes.
pub async fn serve(listener: TcpListener, setup: Setup, shutdown: impl Future<Output = ()> + Send) {
    let config = watch::Sender::new(Arc::new(config(setup.key, &setup.limits)));
    let shared = Arc::new(Shared {
        house: setup.house,
        logbook: Arc::new(Logbook::new(setup.apis.len())),
        boards: Boards::new(setup.apis, setup.clock.clone()),
        roster: setup.roster,
        people: Arc::default(),
        limiter: Limiter::new(setup.limits),
        limits: setup.limits,
        clock: setup.clock,
        prints: Semaphore::new(PRINTS),
        ending: CancellationToken::new(),
    });
    let (clock, apis) = (&shared.clock, shared.boards.apis());
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    tokio::select! {
        () = accept(&listener, &config, &shared, &connections, &cut) => {}
        never = shared.roster.follow() => match never {},
        never = shared.roster.expire() => match never {},
        never = shared.roster.tell(apis) => match never {},
        () = reloading(&setup.reload, &setup.key_file, &config, &shared) => {}
        () = shared.boards.follow_lists() => {}
        () = shared.people.tell(apis, clock) => {}
        () = shared.logbook.tell(apis, clock) => {}
        () = shutdown => {}
    }
    drop(listener);
    shared.ending.cancel();
    connections.close();
    let within = SESSIONS_WITHIN_MS + 3 * CONNECTIONS_WITHIN_MS;
    if timeout(&**clock, within, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "SSH connections were cut");
        cut.cancel();
        connections.wait().await;
    }
    tokio::join!(
        shared.people.tell_gone(apis, clock),
        shared.logbook.tell_last(apis, clock),
    );
}

/// Reads the door's key and the people's keys again whenever it is told to. A key that cannot be used is said, and the one
/// before stays.
async fn reloading(
    reload: &Notify,
    file: &Path,
    configs: &watch::Sender<Arc<Config>>,
    shared: &Shared,
) {
    loop {
        reload.notified().await;
        shared.roster.reread().await;
        let path = file.to_owned();
        let read = tokio::task::spawn_blocking(move || key::known_key(&path)).await;
        match read {
            Ok(Ok(read)) => {
                let fingerprint = key::fingerprint(&read);
                configs.send_replace(Arc::new(config(read, &shared.limits)));
                tracing::warn!(target: "login", fingerprint, "the host key was read again");
            }
            Ok(Err(error)) => {
                tracing::error!(target: "login", %error, "the host key stays the one that was read before");
            }
            Err(error) => tracing::error!(%error, "the host key could not be read again"),
        }
    }
}

async fn accept(
    listener: &TcpListener,
    configs: &watch::Sender<Arc<Config>>,
    shared: &Arc<Shared>,
    connections: &TaskTracker,
    cut: &CancellationToken,
) {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => {
                let (address, cut) = (from.ip().to_canonical(), cut.child_token());
                // Here, in the order they came: a task that runs before older ones would be taken for the oldest, and cut.
                let now = shared.clock.mono();
                let Some(pending) = shared.limiter.connected(address, &cut, now) else {
                    continue;
                };
                let came = Came {
                    stream,
                    address,
                    cut,
                    pending,
                };
                let config = configs.borrow().clone();
                connections.spawn(connection(came, config, shared.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "an SSH connection could not be taken");
                shared.clock.sleep(ACCEPT_AGAIN_AFTER_MS).await;
            }
        }
    }
}

/// A connection that was taken.
struct Came {
    stream: TcpStream,
    address: IpAddr,
    /// Cuts it.
    cut: CancellationToken,
    pending: Pending,
}

/// One connection from its first byte to its last.
async fn connection(came: Came, config: Arc<Config>, shared: Arc<Shared>) {
    let clock = shared.clock.clone();
    let Came {
        stream,
        address,
        cut,
        pending,
    } = came;
    // Keys and frames are small; none waits for another.
    drop(stream.set_nodelay(true));
    let progress = Arc::new(LoginProgress::default());
    let over_at = clock.mono() + shared.limits.total_for_ms;
    let sessions = TaskTracker::new();
    let handler = Handler::new(Arrival {
        shared: shared.clone(),
        address,
        over_at,
        cut: cut.clone(),
        pending,
        progress: progress.clone(),
        sessions: sessions.clone(),
    });
    let within = shared.limits.login_within_ms;
    let starting = russh::server::run_stream(config, Cuttable::new(stream, cut.clone()), handler);
    let Ok(Ok(running)) = timeout(&*clock, within, starting).await else {
        return;
    };
    let handle = running.handle();
    let mut running = std::pin::pin!(running);
    // What was begun before a key lost something, and what is begun after it, ends with the connection.
    let over = async {
        let (roster, guest) = (shared.roster.watch(), progress.guest().await);
        let mut tenure = Tenure::new(roster, guest, over_at, clock.clone());
        tenure.ended().await
    };
    let mut over = std::pin::pin!(over);
    // Somebody who logged in has begun nothing yet.
    let (mut came_in, mut was_empty) = (false, true);
    let goodbye = loop {
        let wait_ms = match came_in {
            true => shared.limits.begin_within_ms,
            false => within,
        };
        tokio::select! {
            ended = &mut running => {
                if let Err(error) = ended {
                    tracing::debug!(%error, %address, "an SSH connection ended");
                }
                break None;
            }
            () = progress.logged_in.cancelled(), if !came_in => came_in = true,
            over = &mut over => break Some(over.sentence()),
            () = clock.sleep(wait_ms) => {
                let empty = sessions.is_empty();
                if !came_in {
                    cut.cancel();
                } else if empty && was_empty {
                    break Some("no session was begun");
                }
                was_empty = empty;
            }
            () = shared.ending.cancelled() => {
                break Some("this door ends now; log in again in a moment");
            }
        }
    };
    sessions.close();
    if let Some(said) = goodbye {
        let leaving = async {
            let _ = timeout(&*clock, SESSIONS_WITHIN_MS, sessions.wait()).await;
            // A client whose session has ended goes by itself, with that session's exit status.
            if timeout(&*clock, CONNECTIONS_WITHIN_MS, &mut running)
                .await
                .is_ok()
            {
                return true;
            }
            let disconnecting =
                handle.disconnect(Disconnect::ByApplication, said.to_owned(), "en".to_owned());
            let _ = timeout(&*clock, CONNECTIONS_WITHIN_MS, disconnecting).await;
            false
        };
        if !leaving.await {
            let _ = timeout(&*clock, CONNECTIONS_WITHIN_MS, &mut running).await;
        }
    }
    cut.cancel();
    let tried = progress.tried.load(Ordering::Relaxed);
    if tried && !progress.logged_in.is_cancelled() {
        if let Some(named) = progress.named().filter(|_| !shared.ending.is_cancelled()) {
            named.refused(&shared.logbook, address, &clock);
        }
        if let Some(count) = shared.limiter.failed(address, clock.mono()) {
            tracing::warn!(target: "login", %address, count, "failed to log in");
        }
    }
    sessions.wait().await;
}
