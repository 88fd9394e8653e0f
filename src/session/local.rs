//! The local door: the terminal this process was started in. A thread reads, another writes what the terminal does not take at
//! once, a task hears the signals. How the terminal is put into our modes, and back on every way out, stands in `restore`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::process::{Signal, getpid, getsid, kill_current_process_group};
use rustix::termios::{tcgetwinsize, ttyname};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::run::{Door, Incoming};

#[cfg(test)]
mod process_tests;
mod restore;
#[cfg(test)]
mod tests;

pub use restore::Restorer;

/// A window larger than this is drawn in its upper left part only; it bounds what a strange size can cost.
const W_MAX: u16 = 1000;
const H_MAX: u16 = 400;
/// Reads that may wait for the loop.
const READS_WAITING: usize = 16;

/// Why there is no board in this terminal.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Started without a terminal.
    #[error("there is no terminal to draw on; use  board --once  for one frame as text")]
    NoTerminal,
    /// The terminal did not do what was asked.
    #[error("the terminal {} cannot be used: {cause}", path.display())]
    Terminal {
        /// Its device.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Signals could not be heard.
    #[error("signals cannot be received: {0}")]
    Signals(io::Error),
}

/// The terminal this process was started in, in our modes until it is dropped.
#[derive(Debug)]
pub struct LocalDoor {
    /// Does not block: takes nearly every frame as a whole, without waking a thread.
    direct: Arc<File>,
    at_once: Option<io::Result<Vec<u8>>>,
    frames: mpsc::Sender<Vec<u8>>,
    written: mpsc::Receiver<io::Result<Vec<u8>>>,
    restorer: Restorer,
    size: (u16, u16),
}

impl LocalDoor {
    /// Opens the controlling terminal: raw, on the alternate screen, without a cursor. `restorer` puts it back, whoever calls
    /// it; give a clone to the panic hook before. Signals come in as [`Incoming`]. Needs a running tokio runtime.
    ///
    /// # Errors
    /// There is no terminal, or it refuses.
    pub fn open(
        restorer: &Restorer,
    ) -> Result<(LocalDoor, mpsc::Receiver<Incoming>), SessionError> {
        let path = terminal_path().ok_or(SessionError::NoTerminal)?;
        let (door, incoming, sender) = LocalDoor::open_at(&path, restorer)?;
        let window = File::open(&path).map_err(|cause| SessionError::Terminal { path, cause })?;
        hear_signals(sender, window).map_err(SessionError::Signals)?;
        Ok((door, incoming))
    }

    /// [`LocalDoor::open`] for a given device and without signals; the sender feeds the receiver.
    fn open_at(
        path: &Path,
        restorer: &Restorer,
    ) -> Result<(LocalDoor, mpsc::Receiver<Incoming>, mpsc::Sender<Incoming>), SessionError> {
        let fail = |cause| SessionError::Terminal {
            path: path.to_owned(),
            cause,
        };
        let reader = File::open(path).map_err(fail)?;
        let writer = File::options().write(true).open(path).map_err(fail)?;
        let size = size_of(&reader);
        let direct = restorer.enter(path).map_err(fail)?;
        let (sender, incoming) = mpsc::channel(READS_WAITING);
        let (frames, to_write) = mpsc::channel(1);
        let (report, written) = mpsc::channel(1);
        let door = LocalDoor {
            direct,
            at_once: None,
            frames,
            written,
            restorer: restorer.clone(),
            size,
        };
        let read_into = sender.clone();
        spawn("terminal-read", move || read(reader, &read_into)).map_err(fail)?;
        spawn("terminal-write", move || write(writer, to_write, &report)).map_err(fail)?;
        Ok((door, incoming, sender))
    }

    /// Columns and rows at the time of opening; at least 1 each.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }
}

impl Drop for LocalDoor {
    fn drop(&mut self) {
        self.restorer.restore();
    }
}

impl Door for LocalDoor {
    fn start(&mut self, mut frame: Vec<u8>) {
        match (&*self.direct).write(&frame) {
            Ok(n) if n == frame.len() => {
                self.at_once = Some(Ok(frame));
                return;
            }
            Ok(n) => drop(frame.drain(..n)),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            Err(error) => {
                self.at_once = Some(Err(error));
                return;
            }
        }
        // Full or closed only if the writer has ended, which `done` reports.
        let _ = self.frames.try_send(frame);
    }

    async fn done(&mut self) -> io::Result<Vec<u8>> {
        match self.at_once.take() {
            Some(result) => result,
            None => self
                .written
                .recv()
                .await
                .unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn suspend(&mut self) -> io::Result<bool> {
        // Whoever leads a session has no shell to go back to, and nobody who would let it go on.
        if getsid(None)? == getpid() {
            return Ok(false);
        }
        self.restorer.restore();
        // The whole job: a wrapper that started us must stop too, or the shell never gets its prompt.
        kill_current_process_group(Signal::STOP)?;
        Ok(true)
    }

    fn enter_again(&mut self) -> io::Result<()> {
        self.restorer.enter_again()
    }
}

/// The controlling terminal, or else the one on standard input.
fn terminal_path() -> Option<PathBuf> {
    let controlling = PathBuf::from("/dev/tty");
    if File::options()
        .read(true)
        .write(true)
        .open(&controlling)
        .is_ok()
    {
        return Some(controlling);
    }
    let name = ttyname(rustix::stdio::stdin(), Vec::new()).ok()?;
    Some(PathBuf::from(name.into_string().ok()?))
}

fn size_of(terminal: &File) -> (u16, u16) {
    match tcgetwinsize(terminal) {
        // Serial lines and some containers say 0.
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (size.ws_col.min(W_MAX), size.ws_row.min(H_MAX))
        }
        _ => (80, 24),
    }
}

/// Columns and rows of the terminal on standard output; `None` if it is none.
pub fn window() -> Option<(u16, u16)> {
    let size = tcgetwinsize(rustix::stdio::stdout()).ok()?;
    Some((size.ws_col, size.ws_row))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new()
        .name(name.into())
        .stack_size(128 * 1024)
        .spawn(work)
        .map(|_| ())
}

/// Until the terminal is gone or nobody listens. A full channel holds the reader up, never memory.
fn read(mut terminal: File, incoming: &mpsc::Sender<Incoming>) {
    let mut buffer = [0; 4096];
    loop {
        let next = match terminal.read(&mut buffer) {
            Ok(0) => Incoming::End(129),
            Ok(n) => Incoming::Bytes(buffer.get(..n).unwrap_or_default().to_vec()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => Incoming::End(129),
        };
        let last = matches!(next, Incoming::End(_));
        if incoming.blocking_send(next).is_err() || last {
            return;
        }
    }
}

/// Writes frame after frame; blocks as long as the terminal does, which holds up nobody else.
fn write(
    mut terminal: File,
    mut frames: mpsc::Receiver<Vec<u8>>,
    report: &mpsc::Sender<io::Result<Vec<u8>>>,
) {
    while let Some(frame) = frames.blocking_recv() {
        let result = terminal.write_all(&frame).map(|()| frame);
        if report.blocking_send(result).is_err() {
            return;
        }
    }
}

/// Turns signals into [`Incoming`] until nobody listens.
fn hear_signals(incoming: mpsc::Sender<Incoming>, window: File) -> io::Result<()> {
    let kind = |signal: Signal| SignalKind::from_raw(signal.as_raw());
    let (mut term, mut hup, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
        signal(SignalKind::interrupt())?,
    );
    let (mut quit, mut resize) = (
        signal(SignalKind::quit())?,
        signal(SignalKind::window_change())?,
    );
    let (mut stop, mut resume) = (signal(kind(Signal::TSTP))?, signal(kind(Signal::CONT))?);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                _ = term.recv() => Incoming::End(143),
                _ = hup.recv() => Incoming::End(129),
                _ = int.recv() => Incoming::End(130),
                _ = quit.recv() => Incoming::End(131),
                _ = stop.recv() => Incoming::Suspend,
                _ = resume.recv() => Incoming::Continued,
                _ = resize.recv() => {
                    let (w, h) = size_of(&window);
                    Incoming::Size { w, h }
                }
                () = incoming.closed() => return,
            };
            if incoming.send(next).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}
