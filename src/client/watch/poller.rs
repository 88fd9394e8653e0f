//! One source followed for ever: the whole list, then its changes, and what the backend is. Every error is waited out and
//! told; nothing ends it. What errors bring about stands in `trouble`. One request is under way at a time, so that what is held is never older than what was asked.

mod trouble;

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::watch;

use self::trouble::Trouble;
use super::ask::{Got, Step, WAIT_S};
use super::backoff::Backoff;
use super::hub::Hub;
use super::load::{Load, LoadProgress, Loaded};
use super::merge;
use super::offset::Offset;
use crate::client::api::Api;
use crate::client::error::ApiError;
use crate::client::heard::Heard;
use crate::domain::board::Source;
use crate::domain::instant::{Instant, Mono};
use crate::time::{Clock, SharedClock};
use crate::wire::ListBody;

/// How often the whole list and the backend's description are read again.
const RELOAD_AFTER_MS: i64 = 10 * 60_000;
/// The same for what a backend says of itself while it takes incidents in from elsewhere: how fresh those are stands there.
const CONNECTORS_AFTER_MS: i64 = 15_000;
/// While a list is read again, changes are asked for this often.
const FEED_AT_LEAST_MS: i64 = 4_000;
/// Between two requests for changes when the first brought none at once, or brought some.
const QUIET_MS: i64 = 1_000;
const BUSY_MS: i64 = 10;
/// Between two boards of a list that is still being read for the first time.
const PARTIAL_MS: i64 = 500;
/// `ask_now` counts at most this often.
const ASK_EVERY_MS: i64 = 1_000;
/// A clock that jumped further than this makes what is held doubtful.
const JUMP_MS: i64 = 60_000;
/// Two tokens in less time than this are a loop.
const TOKEN_EVERY_MS: i64 = 5_000;

pub(super) struct Poller {
    api: Api,
    index: usize,
    hub: Arc<Hub>,
    clock: SharedClock,
    asks: watch::Receiver<u64>,
    asked_at: Option<Mono>,
    /// The next request leaves not before this.
    start_at: Mono,
    /// It asks for changes without a hold.
    at_once: bool,
    load: Option<Load>,
    /// A whole list is held.
    whole: bool,
    cursor: Option<String>,
    etag: Option<String>,
    reload_at: Mono,
    about_at: Mono,
    teams_due: bool,
    fed_at: Mono,
    partial_at: Option<Mono>,
    token: Option<u64>,
    token_at: Mono,
    backoff: Backoff,
    offset: Offset,
    /// Wall clock minus monotonic clock at the last look, in milliseconds.
    drift_ms: i64,
    gones: u32,
    garbled: u32,
    trouble: Trouble,
    refused_since: Option<Mono>,
}

/// Waits until somebody asks, if that counts already.
async fn asked(asks: &mut watch::Receiver<u64>, last: Option<Mono>, clock: &dyn Clock) {
    loop {
        if asks.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        if last.is_none_or(|last| clock.mono() - last >= ASK_EVERY_MS) {
            return;
        }
    }
}

impl Poller {
    pub fn new(
        api: Api,
        index: usize,
        hub: Arc<Hub>,
        clock: SharedClock,
        asks: watch::Receiver<u64>,
    ) -> Poller {
        let now = clock.mono();
        Poller {
            drift_ms: clock.now().timestamp_millis() - now.0,
            api,
            index,
            hub,
            clock,
            asks,
            asked_at: None,
            start_at: now,
            at_once: false,
            load: None,
            whole: false,
            cursor: None,
            etag: None,
            reload_at: now,
            about_at: now,
            teams_due: false,
            fed_at: now,
            partial_at: None,
            token: None,
            token_at: now - TOKEN_EVERY_MS,
            backoff: Backoff::default(),
            offset: Offset::default(),
            gones: 0,
            garbled: 0,
            trouble: Trouble::default(),
            refused_since: None,
        }
    }

    /// Follows the source; never returns.
    pub async fn run(mut self) -> Infallible {
        loop {
            let now = self.clock.mono();
            let step = self.next(now);
            let due = self.start_at.max(now) + step.within_ms();
            let turn = tokio::select! {
                biased;
                () = asked(&mut self.asks, self.asked_at, &*self.clock) => None,
                got = step.ask(&self.api, &*self.clock, self.start_at) => Some(got),
            };
            let now = self.clock.mono();
            let jumped = self.has_jumped(due);
            if turn.is_none() {
                self.asked_at = Some(now);
            }
            match turn {
                Some(answer) if !jumped => match answer {
                    Ok(got) => self.take(got, now),
                    Err(error) => self.fail(&step, error, now),
                },
                // Dropped, or asked before a jump and read after it: asked again.
                _ => {
                    self.at_once = true;
                    self.start_at = now;
                }
            }
        }
    }

    /// What to ask next.
    fn next(&mut self, now: Mono) -> Step {
        if self.load.is_none() && (self.cursor.is_none() || now >= self.reload_at) {
            self.load = Some(Load::default());
        }
        let changes = |cursor: &String, wait_s| Step::Changes {
            cursor: cursor.clone(),
            wait_s,
        };
        let first_page = self.load.as_ref().is_some_and(Load::is_fresh);
        match (&self.load, &self.cursor) {
            (_, Some(cursor)) if self.at_once => changes(cursor, 0),
            _ if now >= self.about_at && !first_page => Step::About,
            _ if self.teams_due && !first_page => Step::Teams,
            (Some(_), Some(cursor)) if now - self.fed_at >= FEED_AT_LEAST_MS && !first_page => {
                changes(cursor, 0)
            }
            (None, Some(cursor)) => changes(cursor, WAIT_S),
            (load, cursor) => Step::Page {
                query: load.as_ref().map(Load::query).unwrap_or_default(),
                etag: self.etag.clone().filter(|_| first_page && cursor.is_some()),
            },
        }
    }

    /// Looks whether the clocks jumped, or this was woken long after `due`; then nothing held can be trusted to be now.
    fn has_jumped(&mut self, due: Mono) -> bool {
        let mono = self.clock.mono();
        let drift_ms = self.clock.now().timestamp_millis() - mono.0;
        let stepped = drift_ms.saturating_sub(self.drift_ms).saturating_abs() > JUMP_MS;
        self.drift_ms = drift_ms;
        let jumped = stepped || mono - due > JUMP_MS;
        if jumped {
            self.hub.change(self.index, |source| {
                !std::mem::replace(&mut source.distrusted, true)
            });
        }
        jumped
    }

    /// Changes the source on the board, with the error as it stands.
    fn publish(&self, change: impl FnOnce(&mut Source) -> bool) {
        let (error, refused_since) = (self.trouble.sentence(), self.refused_since);
        let fault = self.trouble.fault();
        self.hub.change(self.index, |source| {
            let mut changed = change(source);
            if source.error.as_deref() != error.as_deref() {
                if let Some(error) = &error {
                    tracing::warn!(source = source.name, error, "a source is in trouble");
                }
                source.error = error.map(Arc::from);
                changed = true;
            }
            changed |= source.refused_since != refused_since || source.fault != fault;
            (source.refused_since, source.fault) = (refused_since, fault);
            changed
        });
    }

    /// The backend's clock, as a good answer tells it.
    fn hear<T>(&mut self, heard: &Heard<T>) -> impl FnOnce(&mut Source) + use<T> {
        let offset_ms = self.offset.hear(heard.sent, heard.received, heard.now);
        let backend = heard.received.0.saturating_add(offset_ms);
        // The wall clock belongs to the moment of the answer, not to the one after reading a long body.
        let wall = self.drift_ms.saturating_add(heard.received.0);
        self.at_once = self.offset.is_doubtful();
        self.refused_since = None;
        move |source| {
            source.offset_ms = Some(offset_ms);
            source.skew_ms = Some(wall.saturating_sub(backend));
        }
    }

    /// A good answer that vouches for what is shown.
    fn hear_data<T>(&mut self, heard: &Heard<T>) -> impl FnOnce(&mut Source) + use<T> {
        let clock = self.hear(heard);
        let received = heard.received;
        if self.trouble.data.take().is_some() {
            // It may be another process, with other definitions.
            self.about_at = received;
        }
        if self.gones < 2 && self.garbled == 0 {
            self.backoff.reset();
        }
        self.start_at = received;
        move |source| {
            clock(source);
            source.heard = Some(received);
            source.distrusted = false;
        }
    }

    fn take(&mut self, got: Got, now: Mono) {
        if self.is_other_token(got.token(), now) {
            return;
        }
        match got {
            Got::Page(heard) => self.take_page(heard, now),
            Got::About(heard) => {
                let connected = !heard.value.connectors.is_empty();
                let reload = if connected {
                    CONNECTORS_AFTER_MS
                } else {
                    RELOAD_AFTER_MS
                };
                self.about_at = now + reload;
                self.teams_due = true;
                self.trouble.about = None;
                let clock = self.hear(&heard);
                self.publish(|source| {
                    clock(source);
                    if source.about.as_deref() != Some(&heard.value) {
                        source.about = Some(Arc::new(heard.value));
                    }
                    true
                });
            }
            Got::Teams(heard) => {
                self.teams_due = false;
                let clock = self.hear(&heard);
                self.publish(|source| {
                    clock(source);
                    if *source.teams != heard.value {
                        source.teams = Arc::new(heard.value);
                    }
                    true
                });
            }
            Got::Changes(heard, wait_s) => self.take_changes(heard, wait_s, now),
        }
    }

    /// What one token reads says nothing about what another may read: all is dropped and loaded again.
    fn is_other_token(&mut self, token: u64, now: Mono) -> bool {
        let last = self.token.replace(token);
        if last.is_none_or(|last| last == token) {
            return false;
        }
        (self.load, self.cursor, self.etag) = (None, None, None);
        (self.whole, self.about_at, self.teams_due) = (false, now, false);
        self.trouble = Trouble::default();
        self.refused_since = None;
        let pause = if now - self.token_at < TOKEN_EVERY_MS {
            QUIET_MS
        } else {
            0
        };
        (self.start_at, self.token_at) = (now + pause, now);
        self.publish(|source| {
            *source = Source {
                offset_ms: source.offset_ms,
                skew_ms: source.skew_ms,
                ..Source::new(source.name.clone())
            };
            true
        });
        true
    }

    fn take_page(&mut self, mut heard: Heard<Option<ListBody>>, now: Mono) {
        let Some(load) = self.load.take() else {
            return;
        };
        let Some(page) = heard.value.take() else {
            self.reload_at = next_reload(now);
            self.trouble.list = None;
            let (fresh, as_of) = (self.hear_data(&heard), heard.now);
            self.publish(|source| {
                fresh(source);
                source.as_of = Some(as_of);
                true
            });
            return;
        };
        let held = self.hub.source(self.index);
        let held = held
            .as_ref()
            .map_or(&[][..], |source| source.incidents.as_slice());
        let replace = load.replace;
        let told = heard.stamp();
        let progress = load.take(held, heard.map(|_| page));
        match progress {
            LoadProgress::More(load) => {
                self.load = Some(load);
                self.tell_part(&told, now);
            }
            LoadProgress::End(loaded) => self.take_list(loaded, replace, &told, now),
            LoadProgress::Lost(sentence) => {
                let step = Step::Page {
                    query: String::new(),
                    etag: None,
                };
                self.load = Some(load_again(replace));
                self.fail(&step, ApiError::Garbage { sentence }, now);
            }
        }
    }

    /// A page that is not the last one: shown while there is nothing better, and said to be not all.
    fn tell_part(&mut self, told: &Heard<()>, now: Mono) {
        if self.cursor.is_some() {
            // Changes still vouch for what is shown; a page of a list read again does not.
            let clock = self.hear(told);
            self.publish(|source| {
                clock(source);
                true
            });
            return;
        }
        let show = !self.whole && self.partial_at.is_none_or(|at| now - at >= PARTIAL_MS);
        let part = self.load.as_ref().filter(|_| show).map(Load::so_far);
        let part = part.map(|part| merge::whole(&Arc::default(), part.to_vec()));
        if show {
            self.partial_at = Some(now);
        }
        let (fresh, as_of) = (self.hear_data(told), told.now);
        self.publish(|source| {
            fresh(source);
            if let Some(part) = part {
                source.incidents = part;
                source.complete = false;
                source.as_of = source.as_of.or(Some(as_of));
            }
            true
        });
    }

    fn take_list(&mut self, loaded: Loaded, replace: bool, told: &Heard<()>, now: Mono) {
        self.reload_at = next_reload(now);
        self.fed_at = now;
        self.whole = true;
        self.partial_at = None;
        self.trouble.list = None;
        self.cursor = Some(loaded.cursor);
        self.etag = loaded.etag;
        self.trouble.unreadable = loaded.unreadable.into_iter().collect();
        let complete = self.trouble.unreadable.is_empty();
        let fresh = self.hear_data(told);
        self.publish(|source| {
            fresh(source);
            let held = &source.incidents;
            // Something may have come in since the pages were read.
            let list = merge::reconciled(held, loaded.incidents, replace).collect();
            source.incidents = merge::whole(held, list);
            source.complete = complete;
            source.as_of = latest(source.as_of.filter(|_| !replace), loaded.now);
            true
        });
    }

    fn take_changes(&mut self, heard: Heard<ListBody>, wait_s: u64, now: Mono) {
        self.fed_at = now;
        (self.gones, self.garbled) = (0, 0);
        self.trouble.feed = None;
        let (sent, as_of) = (heard.sent, heard.now);
        let fresh = self.hear_data(&heard);
        let list = heard.value;
        for incident in &list.incidents {
            self.trouble.unreadable.remove(&incident.id);
        }
        for id in &list.gone {
            self.trouble.unreadable.remove(id);
        }
        self.trouble.unreadable.extend(heard.unreadable);
        self.cursor = Some(list.cursor);
        let complete = self.whole && self.trouble.unreadable.is_empty();
        let mut changed = false;
        self.publish(|source| {
            fresh(source);
            let merged = merge::merged(&source.incidents, list.incidents, &list.gone);
            changed = !Arc::ptr_eq(&merged, &source.incidents);
            source.incidents = merged;
            source.complete = complete;
            source.as_of = latest(source.as_of, as_of);
            true
        });
        // A backend that does not hold requests must not be asked without a pause.
        let pause = match (changed, wait_s) {
            (true, _) => BUSY_MS,
            (false, 0) => 0,
            (false, _) if now >= self.about_at => 0,
            (false, _) => QUIET_MS,
        };
        self.start_at = sent + pause;
    }
}

fn load_again(replace: bool) -> Load {
    match replace {
        true => Load::replacing(),
        false => Load::default(),
    }
}

fn latest(held: Option<Instant>, new: Instant) -> Option<Instant> {
    Some(held.map_or(new, |held| held.max(new)))
}

/// Not all boards that started together load together.
fn next_reload(now: Mono) -> Mono {
    now + RELOAD_AFTER_MS - rand::random_range(0..=RELOAD_AFTER_MS / 10)
}
