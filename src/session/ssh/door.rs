//! One viewer's end of an SSH channel: frames go out one at a time, and the terminal is given back with a sentence and an
//! exit status. A client that takes nothing is waited for a moment, then cut.

use std::io;

use futures::future::BoxFuture;
use russh::ChannelId;
use russh::server::Handle;
use tokio_util::sync::CancellationToken;

use crate::session::mode::{ENTER, LEAVE};
use crate::session::run::Door;
use crate::time::{SharedClock, timeout};

/// How long a client is given to take the end of its session.
const END_WITHIN_MS: i64 = 2_000;
/// Sent at once at most.
const PIECE: usize = 32 * 1024;
/// The stream beside the data.
const STDERR: u32 = 1;

/// Frames out over one channel.
pub struct SshDoor {
    channel: Channel,
    entered: bool,
    sending: Option<BoxFuture<'static, io::Result<()>>>,
}

impl SshDoor {
    /// For a channel with a terminal at its other end.
    pub fn new(channel: &Channel) -> SshDoor {
        SshDoor {
            channel: channel.clone(),
            entered: false,
            sending: None,
        }
    }

    /// Whether the terminal is in our modes.
    pub fn has_entered(&self) -> bool {
        self.entered
    }
}

impl Door for SshDoor {
    fn start(&mut self, frame: Vec<u8>) {
        let frame = match std::mem::replace(&mut self.entered, true) {
            true => frame,
            false => [ENTER, &frame].concat(),
        };
        let Channel { handle, id, .. } = self.channel.clone();
        self.sending = Some(Box::pin(async move {
            let sent = handle.data(id, frame).await;
            sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
        }));
    }

    async fn done(&mut self) -> io::Result<Vec<u8>> {
        // Kept until it is done: whoever drops this future loses no frame.
        let sent = match self.sending.as_mut() {
            Some(sending) => sending.await,
            None => Ok(()),
        };
        self.sending = None;
        sent.map(|()| Vec::new())
    }
}

/// The sending side of a channel.
#[derive(Clone)]
pub struct Channel {
    pub handle: Handle,
    pub id: ChannelId,
    /// Cuts the connection that it is on.
    pub cut: CancellationToken,
}

/// What is said at the end of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Last {
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    pub code: i32,
}

impl Last {
    /// For a terminal in raw mode, where a line feed alone does not go back to the left.
    pub fn for_terminal(self) -> Last {
        let lines = |bytes: Vec<u8>| {
            let mut raw = Vec::with_capacity(bytes.len());
            for byte in bytes {
                if byte == b'\n' {
                    raw.push(b'\r');
                }
                raw.push(byte);
            }
            raw
        };
        Last {
            out: lines(self.out),
            err: lines(self.err),
            code: self.code,
        }
    }
}

impl Channel {
    /// Gives the terminal back, says a sentence, and ends the session.
    pub async fn leave(self, screen: bool, sentence: Option<&str>, code: i32, clock: &SharedClock) {
        let mut out = match screen {
            true => LEAVE.to_vec(),
            false => Vec::new(),
        };
        if let Some(sentence) = sentence {
            out.extend_from_slice(format!("warboard: {sentence}\r\n").as_bytes());
        }
        let last = Last {
            out,
            err: Vec::new(),
            code,
        };
        let cut = self.cut.clone();
        if timeout(&**clock, END_WITHIN_MS, self.end(last))
            .await
            .is_err()
        {
            cut.cancel();
        }
    }

    /// Sends what was printed, as fast as the client takes it, and ends the session.
    pub async fn end(self, last: Last) {
        let Channel { handle, id, .. } = self;
        let sending = async {
            for piece in last.out.chunks(PIECE) {
                handle.data(id, piece.to_vec()).await.map_err(|_| ())?;
            }
            for piece in last.err.chunks(PIECE) {
                let sent = handle.extended_data(id, STDERR, piece.to_vec()).await;
                sent.map_err(|_| ())?;
            }
            let code = u32::try_from(last.code).unwrap_or(1);
            handle.exit_status_request(id, code).await?;
            handle.eof(id).await?;
            handle.close(id).await
        };
        // A client that is gone needs no end.
        let _: Result<(), ()> = sending.await;
    }
}
