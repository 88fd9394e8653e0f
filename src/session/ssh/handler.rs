//! One connection's side of the protocol: who may come in, and what a channel may ask for. Everything that is not a session with
//! a terminal or one of our own commands is refused. Nothing here waits for a board.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel as RusshChannel, ChannelId, ChannelOpenFailure, Error, Pty};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::Shared;
use super::door::Channel;
use super::entry::Entry;
use super::limit::{Full, Pending, Seat};
use super::people::{Guest, Present};
use super::progress::LoginProgress;
use super::sitting::Sitting;
use super::tenure::Tenure;
use super::terminal::{Terminal, clamped};
use crate::domain::instant::Mono;
use crate::domain::word::{LoginOutcome, LoginReason};
use crate::session::run::Incoming;

/// Channels of one connection at once.
const CHANNELS: usize = 8;
/// Reads that may wait for a board's loop.
const READS_WAITING: usize = 16;
/// Keys that are offered, not tried; a client with more has to name the one it means.
const OFFERS: u32 = 32;
/// Longest command.
const WORDS: usize = 4_096;

/// One connection.
pub struct Handler {
    shared: Arc<Shared>,
    address: std::net::IpAddr,
    cut: CancellationToken,
    progress: Arc<LoginProgress>,
    sessions: TaskTracker,
    over_at: Mono,
    /// Held until a session has a place: a login alone is none.
    pending: Option<Pending>,
    offers: u32,
    login: Option<Login>,
    channels: HashMap<ChannelId, Open>,
}

/// Somebody who came in.
struct Login {
    guest: Arc<Guest>,
    /// From the first session on.
    present: Option<Present>,
    /// Of the first session, kept while the connection is there.
    seat: Option<Arc<Seat>>,
}

impl Login {
    /// A place for a session: the connection's own where no other session has it.
    fn seat(&mut self, shared: &Shared) -> Result<Arc<Seat>, Full> {
        if let Some(own) = self.seat.as_ref().filter(|own| Arc::strong_count(own) == 1) {
            return Ok(own.clone());
        }
        let seat = shared.limiter.seat(self.guest.address).map(Arc::new)?;
        self.seat.get_or_insert_with(|| seat.clone());
        let enter = || shared.people.enter(self.guest.clone());
        self.present.get_or_insert_with(enter);
        Ok(seat)
    }
}

/// A channel that was opened.
struct Open {
    terminal: Terminal,
    size: watch::Sender<(u16, u16)>,
    begun: bool,
    input: mpsc::Sender<Incoming>,
    incoming: Option<mpsc::Receiver<Incoming>>,
    pressed_at: Arc<AtomicI64>,
    eof: CancellationToken,
    gone: CancellationToken,
    _gone: DropGuard,
}

/// What a handler is made of.
pub struct Arrival {
    pub shared: Arc<Shared>,
    pub address: std::net::IpAddr,
    /// When the connection has lasted long enough.
    pub over_at: Mono,
    pub cut: CancellationToken,
    pub pending: Pending,
    pub progress: Arc<LoginProgress>,
    pub sessions: TaskTracker,
}

impl Handler {
    /// For a connection that was just taken.
    pub fn new(arrival: Arrival) -> Handler {
        Handler {
            over_at: arrival.over_at,
            shared: arrival.shared,
            address: arrival.address,
            cut: arrival.cut,
            progress: arrival.progress,
            sessions: arrival.sessions,
            pending: Some(arrival.pending),
            offers: 0,
            login: None,
            channels: HashMap::new(),
        }
    }

    /// What stands in the file of a key that opens the door now. Of one that did once it is kept why it does not.
    async fn known(&self, key: &PublicKey) -> Option<(String, Entry)> {
        let roster = &self.shared.roster;
        let refused = match roster.find(key).await {
            Some((name, entry)) if entry.has_expired(self.shared.clock.now()) => {
                let person = entry.person().to_owned();
                Some((person, name, LoginReason::Expired))
            }
            Some(known) => return Some(known),
            None => roster
                .former(key)
                .map(|(name, person)| (person, name, LoginReason::TakenAway)),
        };
        self.progress.tried.store(true, Ordering::Relaxed);
        if let Some((person, name, reason)) = refused {
            self.progress.names(person, name, reason);
        }
        None
    }

    fn begin(&mut self, id: ChannelId, words: String, session: &mut Session) -> Result<(), Error> {
        let (Some(login), Some(open)) = (&mut self.login, self.channels.get_mut(&id)) else {
            return session.channel_failure(id);
        };
        let (false, Some(incoming)) = (
            std::mem::replace(&mut open.begun, true),
            open.incoming.take(),
        ) else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let shared = self.shared.clone();
        let seat = login.seat(&shared);
        if seat.is_err() {
            let (outcome, reason) = (LoginOutcome::Refused, Some(LoginReason::Full));
            shared
                .logbook
                .guest(outcome, &login.guest, reason, &shared.clock);
        } else {
            self.pending = None;
        }
        let now = shared.clock.mono();
        open.pressed_at.store(now.0, Ordering::Relaxed);
        let sitting = Sitting {
            tenure: Tenure::new(
                shared.roster.watch(),
                login.guest.clone(),
                self.over_at,
                shared.clock.clone(),
            ),
            guest: login.guest.clone(),
            channel: Channel {
                handle: session.handle(),
                id,
                cut: self.cut.clone(),
            },
            terminal: open.terminal.clone(),
            size: open.size.subscribe(),
            input: open.input.clone(),
            incoming,
            pressed_at: open.pressed_at.clone(),
            eof: open.eof.clone(),
            gone: open.gone.clone(),
            seat,
            shared,
        };
        self.sessions.spawn(sitting.run(words));
        Ok(())
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        if let Some(Login { guest, .. }) = &self.login {
            let (person, key) = (guest.person(), &guest.fingerprint);
            tracing::info!(target: "login", person, key, address = %self.address, "logged out");
            let shared = &self.shared;
            shared
                .logbook
                .guest(LoginOutcome::LoggedOut, guest, None, &shared.clock);
        }
    }
}

impl russh::server::Handler for Handler {
    type Error = Error;

    async fn auth_publickey_offered(
        &mut self,
        _user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Error> {
        self.progress.tried.store(true, Ordering::Relaxed);
        self.offers += 1;
        if self.offers > OFFERS {
            return Err(Error::Disconnect);
        }
        let Some((key, entry)) = self.known(offer.public_key).await else {
            return Ok(Auth::reject());
        };
        let person = entry.person().to_owned();
        self.progress.names(person, key, LoginReason::NotProven);
        Ok(Auth::Accept)
    }

    async fn auth_publickey(
        &mut self,
        user: &str,
        key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, Error> {
        let Some((fingerprint, Entry { grant, .. })) = self.known(key.public_key).await else {
            return Ok(Auth::reject());
        };
        if self.shared.ending.is_cancelled() {
            return Err(Error::Disconnect);
        }
        let guest = Arc::new(Guest {
            grant,
            fingerprint,
            address: self.address,
            connected_at: self.shared.clock.now(),
        });
        let typed: String = user
            .chars()
            .filter(|c| c.is_ascii_graphic())
            .take(64)
            .collect();
        tracing::info!(
            target: "login", person = guest.person(), key = guest.fingerprint,
            address = %self.address, typed, "logged in"
        );
        let shared = &self.shared;
        shared
            .logbook
            .guest(LoginOutcome::LoggedIn, &guest, None, &shared.clock);
        self.progress.is(&guest);
        self.login = Some(Login {
            guest,
            present: None,
            seat: None,
        });
        Ok(Auth::Accept)
    }

    async fn channel_open_session(
        &mut self,
        channel: RusshChannel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        if self.channels.len() >= CHANNELS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        let (input, incoming) = mpsc::channel(READS_WAITING);
        let gone = CancellationToken::new();
        let open = Open {
            terminal: Terminal::default(),
            size: watch::Sender::new((80, 24)),
            begun: false,
            input,
            incoming: Some(incoming),
            pressed_at: Arc::new(AtomicI64::new(0)),
            eof: CancellationToken::new(),
            gone: gone.clone(),
            _gone: gone.drop_guard(),
        };
        self.channels.insert(channel.id(), open);
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        col_width: u32,
        row_height: u32,
        _pix_width: u32,
        _pix_height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        match self.channels.get_mut(&channel) {
            Some(open) if !open.begun => {
                open.terminal.is_a(term);
                open.size.send_replace(clamped(col_width, row_height));
                session.channel_success(channel)
            }
            _ => session.channel_failure(channel),
        }
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        variable_name: &str,
        variable_value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        let open = self.channels.get_mut(&channel);
        let heard = open
            .is_some_and(|open| !open.begun && open.terminal.hear(variable_name, variable_value));
        match heard {
            true => session.channel_success(channel),
            false => session.channel_failure(channel),
        }
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        col_width: u32,
        row_height: u32,
        _pix_width: u32,
        _pix_height: u32,
        _session: &mut Session,
    ) -> Result<(), Error> {
        if let Some(open) = self.channels.get(&channel) {
            let size = clamped(col_width, row_height);
            open.size.send_if_modified(|last| {
                let changed = *last != size;
                *last = size;
                changed
            });
        }
        Ok(())
    }

    async fn shell_request(
        &mut self,
        channel: ChannelId,
        session: &mut Session,
    ) -> Result<(), Error> {
        self.begin(channel, String::new(), session)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        match std::str::from_utf8(data) {
            Ok(words) if data.len() <= WORDS => self.begin(channel, words.to_owned(), session),
            _ => session.channel_failure(channel),
        }
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        _session: &mut Session,
    ) -> Result<(), Error> {
        // Bytes before a board began, or to something that only prints, are nobody's.
        if let Some(open) = self.channels.get(&channel).filter(|open| open.begun) {
            if !is_answer(data) {
                let now = self.shared.clock.mono();
                open.pressed_at.store(now.0, Ordering::Relaxed);
            }
            // A full queue holds this one connection up, never memory; the loop at its other end waits for nothing but this.
            let _ = open.input.send(Incoming::Bytes(data.to_vec())).await;
        }
        Ok(())
    }

    async fn channel_eof(
        &mut self,
        channel: ChannelId,
        _session: &mut Session,
    ) -> Result<(), Error> {
        if let Some(open) = self.channels.get(&channel) {
            open.eof.cancel();
        }
        Ok(())
    }

    async fn channel_close(
        &mut self,
        channel: ChannelId,
        _session: &mut Session,
    ) -> Result<(), Error> {
        self.channels.remove(&channel);
        Ok(())
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _single_connection: bool,
        _protocol: &str,
        _cookie: &str,
        _screen: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }
}

/// Whether these bytes are nothing but what a terminal says by itself: answers to `CSI c`, and that it got or lost the focus.
fn is_answer(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let Some(rest) = bytes.strip_prefix(b"\x1b[") else {
            return false;
        };
        let end = match rest {
            [b'I' | b'O', ..] => 0,
            [b'?', ..] => match rest.iter().position(|b| b.is_ascii_alphabetic()) {
                Some(end) if rest.get(end) == Some(&b'c') => end,
                _ => return false,
            },
            _ => return false,
        };
        bytes = rest.get(end + 1..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_says_by_itself_is_no_key() {
        for bytes in [&b"\x1b[?62;22c"[..], b"\x1b[I", b"\x1b[O\x1b[?1;2c"] {
            assert!(is_answer(bytes), "{bytes:?}");
        }
        for bytes in [
            &b"j"[..],
            b"\x1b",
            b"\x1b[A",
            b"\x1b[?62cq",
            b"\x1b[?25h",
            b"\x1b[?6",
        ] {
            assert!(!is_answer(bytes), "{bytes:?}");
        }
    }
}
