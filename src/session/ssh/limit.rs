//! How much one door and one address may take: connections that have not logged in, sessions, failed logins. Nothing here
//! grows without end, and what one address does costs the others nothing.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use crate::domain::instant::Mono;

/// Where the door may not grow without end.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Sessions at once, and from one address.
    pub sessions: usize,
    pub sessions_of_address: usize,
    /// Connections at once on which no session was begun, logged in or not, and from one address; over it the oldest one goes.
    pub half_open: usize,
    pub half_open_of_address: usize,
    /// Keys that one connection may try.
    pub attempts: usize,
    /// Milliseconds within which a connection has to log in.
    pub login_within_ms: i64,
    /// Milliseconds within which somebody who logged in has to begin a session.
    pub begin_within_ms: i64,
    /// Milliseconds without a key after which a session ends.
    pub idle_for_ms: i64,
    /// Milliseconds after which a connection ends, whatever happens on it.
    pub total_for_ms: i64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            sessions: 200,
            sessions_of_address: 64,
            half_open: 256,
            half_open_of_address: 32,
            attempts: 6,
            login_within_ms: 30_000,
            begin_within_ms: 15_000,
            idle_for_ms: 12 * 3_600_000,
            total_for_ms: 7 * 86_400_000,
        }
    }
}

/// What one connection that ended without a login costs its address, in milliseconds.
const PENALTY_MS: i64 = 5_000;
/// So much of it shuts the door for the address; what is under it is forgiven by time alone.
const SHUT_OVER_MS: i64 = 20_000;
/// The most that is ever owed.
const OWED_MAX_MS: i64 = 600_000;
/// Addresses remembered.
const ADDRESSES: usize = 4_096;

/// Whoever has one IPv6 address has its whole network.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let bits = u128::from(v6) & (u128::MAX << 64);
            IpAddr::V6(bits.into())
        }
        v4 => v4,
    }
}

/// What is there now.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// Oldest first.
    half_open: VecDeque<HalfOpen>,
    sessions: usize,
    sessions_of: HashMap<IpAddr, usize>,
    owed: HashMap<IpAddr, Owed>,
}

#[derive(Debug)]
struct HalfOpen {
    number: u64,
    source: IpAddr,
    cut: CancellationToken,
}

#[derive(Debug, Clone, Copy)]
struct Owed {
    ms: i64,
    at: Mono,
    /// Failed since it was last told.
    untold: u32,
    told_at: Mono,
}

impl Owed {
    fn now(&self, now: Mono) -> i64 {
        (self.ms - (now - self.at)).max(0)
    }
}

/// Why a connection or a session is not to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    #[error("too many people are connected; try again later")]
    All,
    #[error("too many sessions from your address; end one of them")]
    Address,
}

impl Limiter {
    /// Nobody is there yet.
    pub fn new(limits: Limits) -> Arc<Limiter> {
        Arc::new(Limiter {
            limits,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// A connection came. None: its address has failed too often lately. Where there are too many that have not logged in, the
    /// oldest of this address is cut, else the oldest of all: whoever means it logs in within a second.
    pub fn connected(
        self: &Arc<Self>,
        address: IpAddr,
        cut: &CancellationToken,
        now: Mono,
    ) -> Option<Pending> {
        let source = source(address);
        let mut state = self.state();
        let owed = state.owed.get(&source).map_or(0, |owed| owed.now(now));
        if owed > SHUT_OVER_MS {
            return None;
        }
        let of_address = state.half_open.iter().filter(|one| one.source == source);
        let oldest = if of_address.count() >= self.limits.half_open_of_address {
            state.half_open.iter().position(|one| one.source == source)
        } else {
            (state.half_open.len() >= self.limits.half_open).then_some(0)
        };
        if let Some(oldest) = oldest.and_then(|at| state.half_open.remove(at)) {
            oldest.cut.cancel();
        }
        let number = state.next;
        state.next += 1;
        state.half_open.push_back(HalfOpen {
            number,
            source,
            cut: cut.clone(),
        });
        Some(Pending {
            limiter: self.clone(),
            number,
        })
    }

    /// A connection from this address ended without a login though it tried. Gives how many failed since it was last told, where
    /// it is time to tell: at most once a minute for an address.
    pub fn failed(&self, address: IpAddr, now: Mono) -> Option<u32> {
        let source = source(address);
        let mut state = self.state();
        if state.owed.len() >= ADDRESSES && !state.owed.contains_key(&source) {
            state.owed.retain(|_, owed| owed.now(now) > 0);
            // Full of such as still owe: the one that owes least makes room.
            if state.owed.len() >= ADDRESSES {
                let least = state.owed.iter().min_by_key(|(_, owed)| owed.now(now));
                if let Some(least) = least.map(|(source, _)| *source) {
                    state.owed.remove(&least);
                }
            }
        }
        let owed = state.owed.entry(source).or_insert(Owed {
            ms: 0,
            at: now,
            untold: 0,
            told_at: Mono(now.0.saturating_sub(60_000)),
        });
        owed.ms = (owed.now(now) + PENALTY_MS).min(OWED_MAX_MS);
        owed.at = now;
        owed.untold += 1;
        (now - owed.told_at >= 60_000).then(|| {
            owed.told_at = now;
            std::mem::take(&mut owed.untold)
        })
    }

    /// A place for one session.
    ///
    /// # Errors
    /// There is none, in all or for this address.
    pub fn seat(self: &Arc<Self>, address: IpAddr) -> Result<Seat, Full> {
        let source = source(address);
        let mut state = self.state();
        if state.sessions >= self.limits.sessions {
            return Err(Full::All);
        }
        let of_address = state.sessions_of.entry(source).or_default();
        if *of_address >= self.limits.sessions_of_address {
            return Err(Full::Address);
        }
        *of_address += 1;
        state.sessions += 1;
        Ok(Seat {
            limiter: self.clone(),
            source,
        })
    }
}

/// A connection on which no session was begun; gone with its value.
#[derive(Debug)]
pub struct Pending {
    limiter: Arc<Limiter>,
    number: u64,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        state.half_open.retain(|one| one.number != self.number);
    }
}

/// A session's place; free again with its value.
#[derive(Debug)]
pub struct Seat {
    limiter: Arc<Limiter>,
    source: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        state.sessions = state.sessions.saturating_sub(1);
        if let Some(of_address) = state.sessions_of.get_mut(&self.source) {
            *of_address = of_address.saturating_sub(1);
            if *of_address == 0 {
                state.sessions_of.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter() -> Arc<Limiter> {
        Limiter::new(Limits {
            sessions: 3,
            sessions_of_address: 2,
            half_open: 3,
            half_open_of_address: 2,
            ..Limits::default()
        })
    }

    fn v4(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn the_oldest_that_has_not_logged_in_makes_room() {
        let limiter = limiter();
        let cuts: Vec<_> = (0..5).map(|_| CancellationToken::new()).collect();
        let come = |at: usize, last| limiter.connected(v4(last), &cuts[at], Mono(0)).unwrap();
        let _one = come(0, 1);
        let two = come(1, 1);
        let _three = come(2, 1);
        assert!(cuts[0].is_cancelled(), "the oldest of its own address");
        assert!(!cuts[1].is_cancelled());
        let _four = come(3, 2);
        drop(two);
        let _five = come(4, 3);
        assert!(!cuts[2].is_cancelled() && !cuts[3].is_cancelled());
        let _six = come(4, 4);
        assert!(cuts[2].is_cancelled(), "the oldest of all");
    }

    #[test]
    fn places_are_counted_in_all_and_by_address_and_come_free() {
        let limiter = limiter();
        let one = limiter.seat(v4(1)).unwrap();
        let _two = limiter.seat(v4(1)).unwrap();
        assert_eq!(limiter.seat(v4(1)).unwrap_err(), Full::Address);
        let _three = limiter.seat(v4(2)).unwrap();
        assert_eq!(limiter.seat(v4(3)).unwrap_err(), Full::All);
        drop(one);
        assert!(limiter.seat(v4(1)).is_ok());
    }

    #[test]
    fn an_address_that_fails_again_and_again_waits_and_the_others_do_not() {
        let limiter = limiter();
        let cut = CancellationToken::new();
        assert_eq!(limiter.failed(v4(1), Mono(0)), Some(1));
        for _ in 0..3 {
            assert_eq!(limiter.failed(v4(1), Mono(0)), None);
        }
        assert!(limiter.connected(v4(1), &cut, Mono(0)).is_some());
        limiter.failed(v4(1), Mono(0));
        assert!(limiter.connected(v4(1), &cut, Mono(0)).is_none());
        assert!(limiter.connected(v4(2), &cut, Mono(0)).is_some());
        assert!(limiter.connected(v4(1), &cut, Mono(6_000)).is_some());
        assert_eq!(limiter.failed(v4(1), Mono(60_000)), Some(5));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(source(at("2001:db8::1")), source(at("2001:db8::ffff:2")));
        assert_ne!(source(at("2001:db8::1")), source(at("2001:db8:0:1::1")));
        assert_eq!(source(at("::ffff:192.0.2.1")), v4(1));
    }
}
