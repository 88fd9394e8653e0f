//! A line to a database that a test can hold up, lose, refuse, or cut at a COMMIT, as networks do.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What happens to the next COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    None = 0,
    /// It arrives, and its answer does not.
    Answer = 1,
    /// It does not arrive.
    Commit = 2,
    /// It arrives, and after it nothing passes any more.
    Line = 3,
}

/// What passes over connections.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Nothing for now; what was sent meanwhile arrives afterwards.
    held: bool,
    /// Nothing ever on connections with a lower number, and nobody is told: a machine between forgot them.
    lost_before: u64,
    /// Connections end at once.
    refused: bool,
}

/// A line that listens on a port and leads to a socket.
pub struct Line {
    pub port: u16,
    state: watch::Sender<State>,
    made: Arc<AtomicU64>,
    cut: Arc<AtomicU8>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    pub async fn to(socket: PathBuf) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = watch::Sender::new(State::default());
        let cut = Arc::new(AtomicU8::new(Cut::None as u8));
        let made = Arc::new(AtomicU64::new(0));
        let (passing, cutting, making) = (state.clone(), cut.clone(), made.clone());
        let task = tokio::spawn(async move {
            let mut lines = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let number = making.fetch_add(1, Ordering::SeqCst);
                let (far, state, cut) = (socket.clone(), passing.clone(), cutting.clone());
                lines.spawn(async move {
                    let mut ending = state.subscribe();
                    let carried = async {
                        if let Ok(far) = UnixStream::connect(far).await {
                            carry(near, far, number, state, cut).await;
                        }
                    };
                    tokio::select! {
                        () = carried => {}
                        _ = ending.wait_for(|state| state.refused) => {}
                    }
                });
            }
        });
        Line {
            port,
            state,
            made,
            cut,
            task,
        }
    }

    /// From now on nothing passes, and nobody is told; or everything does again.
    pub fn hold(&self, held: bool) {
        self.state.send_modify(|state| state.held = held);
    }

    /// From now on nothing passes, and never will on the connections there are, nor on those made until `heal`.
    pub fn lose(&self) {
        self.state.send_modify(|state| state.lost_before = u64::MAX);
    }

    /// All connections end, and new ones do at once.
    pub fn refuse(&self) {
        self.state.send_modify(|state| state.refused = true);
    }

    /// Connections made from now on are good.
    pub fn heal(&self) {
        self.state.send_modify(|state| {
            let made = self.made.load(Ordering::SeqCst);
            *state = State {
                lost_before: made.min(state.lost_before),
                ..State::default()
            };
        });
    }

    /// What happens to the next COMMIT.
    pub fn cut(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// Whether a COMMIT was cut.
    pub fn was_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst) == Cut::None as u8
    }
}

async fn carry(
    near: TcpStream,
    far: UnixStream,
    number: u64,
    state: watch::Sender<State>,
    cut: Arc<AtomicU8>,
) {
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let (mut hold, mut holding) = (state.subscribe(), state.subscribe());
    let passes = move |state: &State| !state.held && number >= state.lost_before;
    let there = async {
        let mut bytes = vec![0; 65_536];
        loop {
            let read = near_in.read(&mut bytes).await.unwrap_or(0);
            let asked = &bytes[..read];
            let _ = hold.wait_for(passes).await;
            let is_commit = asked.windows(7).any(|part| part == b"COMMIT\0");
            let takes = is_commit.then(|| cut.swap(Cut::None as u8, Ordering::SeqCst));
            if takes == Some(Cut::Commit as u8) || read == 0 {
                return;
            }
            if takes == Some(Cut::Line as u8) {
                state.send_modify(|state| state.held = true);
            }
            if far_out.write_all(asked).await.is_err() || takes == Some(Cut::Answer as u8) {
                // What was sent arrives; the near end is gone before the answer is.
                return;
            }
        }
    };
    let back = async {
        let mut bytes = vec![0; 65_536];
        loop {
            let read = far_in.read(&mut bytes).await.unwrap_or(0);
            let _ = holding.wait_for(passes).await;
            if read == 0 || near_out.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}
