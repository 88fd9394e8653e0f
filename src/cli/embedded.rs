//! The backend that a board brings along when none is configured: on a loopback port, storing in the data folder. The first
//! board on a machine runs it, others join, and one of them takes over, on the same port with the same token, when it ends.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::connection::{backend_file, local};
use super::environment::{person, variable};
use super::exit::Failure;
use super::serve::state;
use crate::config::ServerFile;
use crate::config::backend_json::{self, BackendFile, BackendLock};
use crate::domain::word::{Role, Tlp, Via};
use crate::secret::Secret;
use crate::server::{Limits, TokenRequest, issue_token};
use crate::session::display;
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::time::SharedClock;

/// How long the first board is given to come up before a second one says that it cannot join.
const JOIN_TRIES: usize = 50;
const JOIN_AGAIN_MS: i64 = 100;
/// How often a port that another program holds is tried before another one is taken.
const BIND_TRIES: usize = 20;

/// A backend of our own, or the one that another board runs.
pub struct Embedded {
    file: BackendFile,
    ending: CancellationToken,
    task: JoinHandle<()>,
}

impl Embedded {
    /// Runs the backend, or joins the one that runs and stands by to take it over.
    ///
    /// # Errors
    /// The data folder, the store or the backend's file cannot be used.
    pub async fn start_or_join(clock: &SharedClock) -> Result<Embedded, Failure> {
        let path = backend_file();
        let ending = CancellationToken::new();
        let lock = BackendLock::take(&path).map_err(|error| cannot_lock(&path, &error))?;
        if let Some(lock) = lock {
            let before = backend_json::read(&path);
            let running = Running::start(&path, before.as_ref(), clock, &ending, lock).await?;
            let file = running.file.clone();
            let task = tokio::spawn(running.until_ended());
            return Ok(Embedded { file, ending, task });
        }
        let file = joined(&path, clock).await?;
        let task = tokio::spawn(stand_by(path, file.clone(), clock.clone(), ending.clone()));
        Ok(Embedded { file, ending, task })
    }

    /// Where it is.
    pub fn file(&self) -> &BackendFile {
        &self.file
    }

    /// Ends what is ours of it; what was acknowledged is on disk.
    pub async fn end(self) {
        self.ending.cancel();
        // A panic of the task was reported where it happened.
        let _ = self.task.await;
    }
}

fn cannot_lock(path: &Path, error: &io::Error) -> Failure {
    let folder = path.parent().unwrap_or(Path::new(".")).display();
    Failure::new(format!("the data folder {folder} cannot be used: {error}"))
}

/// Waits until the backend that holds the lock has said where it is and answers there.
async fn joined(path: &Path, clock: &SharedClock) -> Result<BackendFile, Failure> {
    for _ in 0..JOIN_TRIES {
        if let Some(file) = backend_json::read(path)
            && let Ok(api) = local(&file, clock, Via::Board)
            && api.about().await.is_ok()
        {
            return Ok(file);
        }
        clock.sleep(JOIN_AGAIN_MS).await;
    }
    Err(Failure::new(format!(
        "another board runs a backend here and it does not answer at what {} says; end that board, or give --url",
        path.display()
    )))
}

/// Waits for the lock in a thread of its own, which costs nothing meanwhile, and takes over.
async fn stand_by(
    path: PathBuf,
    before: BackendFile,
    clock: SharedClock,
    ending: CancellationToken,
) {
    let (got, gets) = oneshot::channel();
    let of = path.clone();
    let waiting = std::thread::Builder::new()
        .name("backend-lock".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            if let Ok(lock) = BackendLock::wait(&of) {
                // Where nobody waits any more the lock is free again at once.
                let _ = got.send(lock);
            }
        });
    if waiting.is_err() {
        return;
    }
    let lock = tokio::select! {
        lock = gets => lock,
        () = ending.cancelled() => return,
    };
    let Ok(lock) = lock else { return };
    match Running::start(&path, Some(&before), &clock, &ending, lock).await {
        Ok(running) => running.until_ended().await,
        // The board says `down` with its own words; nothing else can be told while it stands on the terminal.
        Err(failure) => tracing::error!(%failure, "the backend cannot be taken over"),
    }
}

struct Running {
    file: BackendFile,
    path: PathBuf,
    store: Arc<dyn Store>,
    serving: JoinHandle<()>,
    ending: CancellationToken,
    _lock: BackendLock,
}

impl Running {
    async fn start(
        path: &Path,
        before: Option<&BackendFile>,
        clock: &SharedClock,
        ending: &CancellationToken,
        lock: BackendLock,
    ) -> Result<Running, Failure> {
        let settings = ServerFile::load(None, &variable)?;
        let db = path.with_file_name("warboard.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&db).await?);
        let token = token(&*store, before, clock).await?;
        let listener = listen(before, clock).await?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::new(format!("the listening address is unknown: {error}")))?;
        let file = BackendFile {
            url: format!("http://{address}"),
            token,
            pid: std::process::id(),
        };
        let state = state(store.clone(), clock, settings, "local", Limits::default()).await?;
        let ended = ending.clone();
        let serving = tokio::spawn(async move {
            let shutdown = ended.cancelled_owned();
            let display = display::routes(&state);
            if let Err(error) = crate::server::serve(listener, state, display, shutdown).await {
                tracing::error!(%error, "the backend ended");
            }
        });
        backend_json::write(path, &file).map_err(|error| {
            Failure::new(format!("{} cannot be written: {error}", path.display()))
        })?;
        Ok(Running {
            file,
            path: path.to_owned(),
            store,
            serving,
            ending: ending.clone(),
            _lock: lock,
        })
    }

    async fn until_ended(self) {
        self.ending.cancelled().await;
        // A panic was reported where it happened.
        let _ = self.serving.await;
        self.store.close().await;
        // Whoever takes over writes it anew; the lock is still ours.
        let _ = backend_json::remove(&self.path);
    }
}

/// The token of the backend before us if it still works, so that boards that joined it go on; else a new one.
async fn token(
    store: &dyn Store,
    before: Option<&BackendFile>,
    clock: &SharedClock,
) -> Result<Secret, Failure> {
    let now = clock.now();
    if let Some(before) = before {
        let id = before
            .token
            .expose()
            .split('_')
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        let known = store.token(&id).await?;
        let works = known.is_some_and(|token| {
            token.revoked_at.is_none() && token.expires_at > now + TimeDelta::days(7)
        });
        if works {
            return Ok(before.token.clone());
        }
    }
    let name = person();
    store.revoke_token(&name, now).await?;
    let request = TokenRequest {
        name,
        role: Role::Admin,
        counsel: true,
        clearance: Some(Tlp::Red),
        services: Vec::new(),
        team: None,
        door: false,
        expires_at: now + TimeDelta::days(90),
    };
    let (secret, _) = issue_token(store, now, request).await?;
    Ok(secret)
}

/// The port of the backend before us, so that boards that joined it find us; any free one if it is not to be had.
async fn listen(before: Option<&BackendFile>, clock: &SharedClock) -> Result<TcpListener, Failure> {
    let port = before
        .and_then(|file| file.url.rsplit(':').next())
        .and_then(|port| port.parse::<u16>().ok());
    if let Some(port) = port {
        for _ in 0..BIND_TRIES {
            if let Ok(listener) =
                TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await
            {
                return Ok(listener);
            }
            clock.sleep(JOIN_AGAIN_MS).await;
        }
    }
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(|error| {
            Failure::new(format!(
                "no port of this machine can be listened on: {error}"
            ))
        })
}
