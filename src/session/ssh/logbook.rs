//! What happened at this door, kept until every source has it on record: who came in and went, and who was turned away with a
//! key that is known. Bounded, and never a reason to keep anybody waiting; what is kept keeps its own instant.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use super::people::Guest;
use crate::client::{Api, ApiError};
use crate::domain::instant::{Instant, Mono};
use crate::domain::login::Login;
use crate::domain::word::{LoginOutcome, LoginReason};
use crate::time::{SharedClock, timeout};
use crate::wire::{LOGINS_LIMIT, LoginsBody};

/// Most logins that wait for one source; further ones are counted.
const WAITING: usize = 4_096;
/// Most kinds of logins of which it is remembered when they were told.
const TOLD: usize = 1_024;
/// The like of what was just told waits so long and is told as one, twice as long each time, up to the second.
const LIKE_AFTER_MS: i64 = 500;
const LIKE_AFTER_MOST_MS: i64 = 60_000;
/// A source that did not take them is asked again after this, twice as long each time, up to the second.
const AGAIN_AFTER_MS: i64 = 500;
const AGAIN_AFTER_MOST_MS: i64 = 15_000;
/// How long a source may take for one report.
const TELL_WITHIN_MS: i64 = 10_000;
/// The same for the last one, when the door ends.
const LAST_WITHIN_MS: i64 = 2_000;

/// Logins that are not on record yet.
#[derive(Debug)]
pub struct Logbook {
    state: Mutex<State>,
    /// One a source.
    news: Vec<Notify>,
}

#[derive(Debug, Default)]
struct State {
    /// Not told to anybody yet; the like of one joins it.
    gathered: Vec<(Login, Mono)>,
    told: Vec<Told>,
    /// What each source has still to hear.
    waiting: Vec<Waiting>,
}

/// That something was told, and how long its like waits from then on.
#[derive(Debug)]
struct Told {
    login: Login,
    at: Mono,
    like_after_ms: i64,
}

#[derive(Debug, Default)]
struct Waiting {
    logins: VecDeque<Login>,
    /// What found no room.
    lost: Option<Login>,
    /// What is under way or may have arrived: how many of the first, under which key.
    batch: Option<(usize, String)>,
    /// How many are told at once, while some of them are refused.
    most: Option<usize>,
}

impl Waiting {
    fn put(&mut self, login: &Login) {
        if self.logins.len() < WAITING {
            return self.logins.push_back(login.clone());
        }
        let lost = Login {
            outcome: LoginOutcome::Lost,
            person: None,
            key: None,
            address: None,
            reason: None,
            ..login.clone()
        };
        match &mut self.lost {
            Some(before) => before.join(&lost),
            None => self.lost = Some(lost),
        }
    }

    /// What to tell now, and under which key: the same again until it is known to have arrived.
    fn batch(&mut self) -> Option<(LoginsBody, String)> {
        if self.batch.is_none() {
            if self.logins.len() < WAITING
                && let Some(lost) = self.lost.take()
            {
                self.logins.push_back(lost);
            }
            let most = self.most.unwrap_or(LOGINS_LIMIT);
            let count = self.logins.len().min(most);
            let key = || (count, uuid::Uuid::now_v7().to_string());
            self.batch = (count > 0).then(key);
        }
        let (count, key) = self.batch.clone()?;
        let logins = self.logins.iter().take(count).cloned().collect();
        Some((LoginsBody { logins }, key))
    }

    /// Some of the last batch is not taken: it is told again in halves, so that what is good of it comes onto the record. What
    /// alone is not taken is given up, and its count is told.
    fn refused(&mut self) -> Option<usize> {
        let (count, _) = self.batch.take()?;
        self.most = Some((count / 2).max(1));
        (count <= 1).then(|| self.logins.drain(..count.min(self.logins.len())).count())
    }

    fn heard(&mut self) {
        self.most = self.most.map(|most| 2 * most);
        self.most = self.most.filter(|most| *most < LOGINS_LIMIT);
        if let Some((count, _)) = self.batch.take() {
            self.logins.drain(..count.min(self.logins.len()));
        }
    }
}

impl State {
    /// Hands over to all sources what has waited long enough for its like; when to look again, if something waits on.
    fn hand_over(&mut self, now: Mono) -> Option<Mono> {
        let (due, kept) = std::mem::take(&mut self.gathered)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, at)| *at <= now);
        self.gathered = kept;
        for (login, _) in due {
            self.note_told(&login, now);
            for waiting in &mut self.waiting {
                waiting.put(&login);
            }
        }
        self.gathered.iter().map(|(_, at)| *at).min()
    }

    fn note_told(&mut self, login: &Login, now: Mono) {
        self.told
            .retain(|told| now - told.at < 2 * told.like_after_ms);
        if let Some(told) = self.told.iter_mut().find(|told| told.login.is_like(login)) {
            told.at = now;
            told.like_after_ms = (2 * told.like_after_ms).min(LIKE_AFTER_MOST_MS);
        } else if self.told.len() < TOLD {
            self.told.push(Told {
                login: login.clone(),
                at: now,
                like_after_ms: match login.outcome {
                    LoginOutcome::Refused => LIKE_AFTER_MOST_MS,
                    _ => LIKE_AFTER_MS,
                },
            });
        }
    }
}

impl Logbook {
    /// For so many sources.
    pub fn new(sources: usize) -> Logbook {
        let mut state = State::default();
        state.waiting.resize_with(sources, Waiting::default);
        Logbook {
            state: Mutex::new(state),
            news: std::iter::repeat_with(Notify::new).take(sources).collect(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Notes what a guest did.
    pub fn guest(
        &self,
        outcome: LoginOutcome,
        guest: &Guest,
        reason: Option<LoginReason>,
        clock: &SharedClock,
    ) {
        let (person, key) = (guest.person().to_owned(), guest.fingerprint.clone());
        let at = clock.now();
        self.note(
            login(outcome, person, key, guest.address, reason, at),
            clock.mono(),
        );
    }

    /// Notes that somebody was turned away who named a key that this door knows or knew.
    pub fn refused(
        &self,
        person: String,
        key: String,
        address: std::net::IpAddr,
        reason: LoginReason,
        clock: &SharedClock,
    ) {
        let (outcome, at) = (LoginOutcome::Refused, clock.now());
        self.note(
            login(outcome, person, key, address, Some(reason), at),
            clock.mono(),
        );
    }

    fn note(&self, login: Login, now: Mono) {
        let mut state = self.state();
        let State {
            gathered,
            told,
            waiting,
        } = &mut *state;
        let like = gathered.iter().position(|(one, _)| one.is_like(&login));
        if let Some((one, _)) = like.and_then(|at| gathered.get_mut(at)) {
            one.join(&login);
        } else if gathered.len() >= WAITING {
            waiting.iter_mut().for_each(|waiting| waiting.put(&login));
        } else {
            let like = told.iter().find(|told| told.login.is_like(&login));
            let due = like.map_or(now, |told| now.max(told.at + told.like_after_ms));
            gathered.push((login, due));
        }
        drop(state);
        for news in &self.news {
            news.notify_one();
        }
    }

    /// Tells all sources for ever.
    pub async fn tell(&self, apis: &[Api], clock: &SharedClock) {
        let telling = apis.iter().enumerate();
        let telling = telling.map(|(source, api)| self.tell_one(source, api, clock));
        futures::future::join_all(telling).await;
        // A door without a source has nobody to tell.
        std::future::pending().await
    }

    async fn tell_one(&self, source: usize, api: &Api, clock: &SharedClock) {
        let Some(news) = self.news.get(source) else {
            return;
        };
        let mut again_after = AGAIN_AFTER_MS;
        loop {
            let look_at = self.state().hand_over(clock.mono());
            match self.tell_batch(source, api, clock, TELL_WITHIN_MS).await {
                Some(true) => again_after = AGAIN_AFTER_MS,
                Some(false) => {
                    clock.sleep(again_after).await;
                    again_after = (2 * again_after).min(AGAIN_AFTER_MOST_MS);
                }
                None => {
                    let due = async {
                        match look_at {
                            Some(at) => clock.sleep_until(at).await,
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        () = news.notified() => {}
                        () = due => {}
                    }
                }
            }
        }
    }

    /// Tells what waits for a source: whether it took it. None: nothing waits.
    async fn tell_batch(
        &self,
        source: usize,
        api: &Api,
        clock: &SharedClock,
        within_ms: i64,
    ) -> Option<bool> {
        let (body, key) = self.state().waiting.get_mut(source)?.batch()?;
        let told = timeout(&**clock, within_ms, api.tell_logins(&body, &key)).await;
        let heard = match told {
            Ok(Ok(())) => true,
            Ok(Err(ApiError::NotFound)) => {
                given_up(api, body.logins.len(), &ApiError::NotFound);
                true
            }
            Ok(Err(error @ ApiError::Refused { .. })) => {
                let mut state = self.state();
                let waiting = state.waiting.get_mut(source);
                if let Some(left_out) = waiting.and_then(Waiting::refused) {
                    given_up(api, left_out, &error);
                }
                return Some(true);
            }
            Ok(Err(error)) => {
                tracing::debug!(source = api.name(), %error, "logins are not on record yet");
                false
            }
            Err(_) => false,
        };
        if heard && let Some(waiting) = self.state().waiting.get_mut(source) {
            waiting.heard();
        }
        Some(heard)
    }

    /// Tells all sources what is left, once, when the door ends.
    pub async fn tell_last(&self, apis: &[Api], clock: &SharedClock) {
        self.state().hand_over(Mono(i64::MAX));
        let telling = apis.iter().enumerate().map(|(source, api)| async move {
            let all = async {
                while self
                    .tell_batch(source, api, clock, LAST_WITHIN_MS)
                    .await
                    .is_some_and(|heard| heard)
                {}
            };
            let _ = timeout(&**clock, LAST_WITHIN_MS, all).await;
            let state = self.state();
            let left = state.waiting.get(source).map_or(0, |one| one.logins.len());
            if left > 0 {
                tracing::warn!(target: "login", source = api.name(), left, "logins did not reach the record; they stand in this log alone");
            }
        });
        futures::future::join_all(telling).await;
    }
}

fn given_up(api: &Api, logins: usize, error: &ApiError) {
    let source = api.name();
    tracing::error!(target: "login", source, logins, %error, "logins are not taken into the record; they stand in this log alone");
}

fn login(
    outcome: LoginOutcome,
    person: String,
    key: String,
    address: std::net::IpAddr,
    reason: Option<LoginReason>,
    at: Instant,
) -> Login {
    Login {
        outcome,
        person: Some(person),
        key: Some(key),
        address: Some(address.to_string()),
        reason,
        at,
        last_at: at,
        count: 1,
    }
}

/// A key that was named on a connection, until it is known whether it was proven.
#[derive(Debug, Clone)]
pub struct Named {
    pub person: String,
    pub key: String,
    pub reason: LoginReason,
}

impl Named {
    /// Notes that nobody came in by it.
    pub fn refused(self, book: &Arc<Logbook>, address: std::net::IpAddr, clock: &SharedClock) {
        tracing::warn!(
            target: "login", person = self.person, key = self.key, %address,
            reason = self.reason.as_str(), "a known key did not log in"
        );
        book.refused(self.person, self.key, address, self.reason, clock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(outcome: LoginOutcome, person: &str, second: i64) -> Login {
        let at = Instant::from_timestamp(second, 0).unwrap();
        let address = std::net::IpAddr::from([192, 0, 2, 1]);
        login(
            outcome,
            person.to_owned(),
            "SHA256:x".to_owned(),
            address,
            None,
            at,
        )
    }

    /// What would be told at this instant, as (person, how many).
    fn told(book: &Logbook, now: i64) -> Vec<(String, u64)> {
        let mut state = book.state();
        state.hand_over(Mono(now));
        let batch = state.waiting[0].batch();
        state.waiting[0].heard();
        let logins = batch.map(|(body, _)| body.logins).unwrap_or_default();
        let said = |login: Login| (login.person.unwrap_or_default(), login.count);
        logins.into_iter().map(said).collect()
    }

    #[test]
    fn the_first_is_told_at_once_and_its_like_later_as_one() {
        use LoginOutcome::{LoggedIn, Refused};
        let book = Logbook::new(1);
        book.note(tried(LoggedIn, "a", 0), Mono(0));
        book.note(tried(Refused, "a", 0), Mono(0));
        assert_eq!(told(&book, 0), [("a".into(), 1), ("a".into(), 1)]);
        for second in 1..50 {
            book.note(tried(Refused, "a", second), Mono(second * 1_000));
        }
        book.note(tried(Refused, "b", 50), Mono(50_000));
        assert_eq!(told(&book, 50_000), [("b".into(), 1)], "others do not wait");
        assert_eq!(told(&book, 59_999), []);
        assert_eq!(told(&book, 60_000), [("a".into(), 49)]);
        book.note(tried(LoggedIn, "a", 61), Mono(61_000));
        assert_eq!(
            told(&book, 61_000),
            [("a".into(), 1)],
            "its like is long ago"
        );
    }

    #[test]
    fn what_may_have_arrived_is_told_again_under_its_key_and_nothing_joins_it() {
        let book = Logbook::new(1);
        book.note(tried(LoginOutcome::LoggedIn, "a", 0), Mono(0));
        let mut state = book.state();
        state.hand_over(Mono(0));
        let first = state.waiting[0].batch().unwrap();
        drop(state);
        book.note(tried(LoginOutcome::LoggedIn, "b", 1), Mono(1));
        let mut state = book.state();
        state.hand_over(Mono(1));
        assert_eq!(state.waiting[0].batch().unwrap(), first);
        state.waiting[0].heard();
        let (next, key) = state.waiting[0].batch().unwrap();
        assert_eq!(next.logins[0].person.as_deref(), Some("b"));
        assert_ne!(key, first.1);
    }

    #[test]
    fn one_login_that_is_refused_takes_no_other_out_of_the_record() {
        let book = Logbook::new(1);
        for n in 0..7 {
            book.note(tried(LoginOutcome::LoggedIn, &n.to_string(), n), Mono(0));
        }
        let mut state = book.state();
        state.hand_over(Mono(0));
        let waiting = &mut state.waiting[0];
        let (mut on_record, mut left_out, mut keys) = (Vec::new(), 0, Vec::new());
        while let Some((body, key)) = waiting.batch() {
            assert!(!keys.contains(&key), "other logins under one key");
            keys.push(key);
            let people = body.logins.into_iter().filter_map(|login| login.person);
            let people: Vec<String> = people.collect();
            if people.contains(&"4".to_owned()) {
                left_out += waiting.refused().unwrap_or_default();
            } else {
                waiting.heard();
                on_record.extend(people);
            }
        }
        assert_eq!(left_out, 1);
        assert_eq!(on_record, ["0", "1", "2", "3", "5", "6"]);
    }

    #[test]
    fn what_finds_no_room_is_counted_and_that_is_told() {
        let book = Logbook::new(1);
        let all = i64::try_from(WAITING).unwrap() + 7;
        for n in 0..all {
            book.note(tried(LoginOutcome::LoggedIn, &n.to_string(), n), Mono(0));
            book.state().hand_over(Mono(0));
        }
        let mut said = Vec::new();
        loop {
            let stretch = told(&book, 0);
            if stretch.is_empty() {
                break;
            }
            said.extend(stretch);
        }
        assert_eq!(said.len(), WAITING + 1);
        assert_eq!(
            said.iter().map(|(_, count)| count).sum::<u64>(),
            WAITING as u64 + 7
        );
    }
}
