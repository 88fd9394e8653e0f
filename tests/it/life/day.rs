//! A day as it comes: incidents, faults, clocks that are set, machines that sleep, tokens that end; all of it thrown from
//! one seed. After every second of it everything that can go on without time has gone on, and every board is looked at.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use tempfile::TempDir;
use warboard::domain::instant::Instant;
use warboard::domain::word::{Role, Tlp};
use warboard::time::{Clock as _, TestClock};

use super::front::{Front, Garble, Manner};
use super::oracle::Judge;
use super::viewer::{Seen, Viewer, write_secret};
use crate::backend::{Backend, Plan};
use crate::fault::dice::Dice;

pub(super) const NAMES: [&str; 2] = ["azure", "dynamics"];
const STEP_MS: i64 = 1_000;
const SIZES: [(u16, u16); 8] = [
    (60, 17),
    (80, 24),
    (120, 40),
    (200, 50),
    (40, 12),
    (100, 30),
    (240, 60),
    (12, 4),
];
/// What is typed on the board, then left again.
const TYPED: [&str; 12] = [
    "2",
    "3",
    "4",
    "?",
    "w half a sentence",
    "p",
    "zz",
    "/heron",
    ":page",
    "+",
    "\r",
    "jjkk[]",
];

/// One who looks, by a clock of their own.
struct Sitting {
    viewer: Viewer,
    clock: TestClock,
    /// How each source is to behave for them, and until which second.
    wanted: [(Manner, i64); 2],
    /// When their tokens end, the newest last.
    tokens: [VecDeque<Instant>; 2],
    /// The second in which another token is put there.
    renew_at: [Option<i64>; 2],
    /// Their machine sleeps until this second, since this one.
    asleep: Option<(i64, i64)>,
    keys: VecDeque<String>,
}

/// A backend with the clock it lives by.
pub(super) struct House {
    pub backend: Backend,
    pub clock: TestClock,
    before: Instant,
    /// The incidents that people work on.
    pub open: Vec<String>,
}

pub struct Day {
    pub(super) dice: Dice,
    /// How many times as much as on a common day happens.
    busy: u64,
    home: TempDir,
    pub(super) houses: Vec<House>,
    sittings: Vec<Sitting>,
    moves: Arc<AtomicU64>,
    pub judge: Judge,
    second: i64,
    named: usize,
    /// What happened last, for who has to read a fault.
    log: VecDeque<String>,
}

/// How long until a source is live again after each way of failing, in milliseconds: a board that failed often asks again
/// within five seconds, or when it was told to, and then loads all anew.
fn within_ms(after: Manner) -> i64 {
    let told = match after {
        Manner::Says(_, Some(after)) => i64::from(after.min(120)) * 1_100 + 1_000,
        _ => 0,
    };
    told.max(8_000)
}

impl Day {
    pub async fn begin(dice: Dice, busy: u64) -> Day {
        let mut day = Day {
            dice,
            busy,
            home: tempfile::tempdir().unwrap(),
            houses: Vec::new(),
            sittings: Vec::new(),
            moves: Arc::default(),
            judge: Judge::new(),
            second: 0,
            named: 0,
            log: VecDeque::new(),
        };
        for _ in NAMES {
            let clock = TestClock::default();
            let house = day.house(clock).await;
            day.houses.push(house);
        }
        for (name, wall, size) in [("wall", true, (60, 17)), ("board", false, (120, 40))] {
            let clock = TestClock::default();
            let mut sources = Vec::new();
            for (source, label) in NAMES.into_iter().enumerate() {
                let to = day.houses[source].backend.address;
                let token = day.home.path().join(format!("{name}-{label}"));
                write_secret(&token, "wb_000000000000_nobody");
                sources.push(Seen {
                    name: label,
                    front: Front::before(to, &clock, &day.moves),
                    token,
                });
            }
            let viewer = Viewer::start(name, wall, size, sources, &clock, &day.moves);
            day.sittings.push(Sitting {
                viewer,
                clock,
                wanted: [(Manner::Passes, 0); 2],
                tokens: Default::default(),
                renew_at: [None; 2],
                asleep: None,
                keys: VecDeque::new(),
            });
        }
        for who in 0..day.sittings.len() {
            for source in 0..NAMES.len() {
                day.renew(who, source).await;
            }
            day.doubt(who);
        }
        for source in 0..NAMES.len() {
            for _ in 0..3 {
                day.open(source).await;
            }
        }
        day
    }

    async fn house(&mut self, clock: TestClock) -> House {
        self.named += 1;
        let store = self.home.path().join(format!("store-{}.db", self.named));
        let backend = Plan::new().clock(&clock).at(&store).start().await;
        House {
            backend,
            before: clock.now(),
            clock,
            open: Vec::new(),
        }
    }

    pub(super) fn happened(&mut self, what: String) {
        if self.log.len() >= 40 {
            self.log.pop_front();
        }
        self.log.push_back(format!("{:>6} s  {what}", self.second));
    }

    fn obstructed(&mut self, who: usize, source: usize, within_ms: i64) {
        let sitting = &self.sittings[who];
        let now = sitting.clock.mono();
        self.judge
            .obstructed(&sitting.viewer, source, now, within_ms);
    }

    /// A second goes by.
    pub async fn second(&mut self) {
        self.second += 1;
        for (source, name) in NAMES.iter().enumerate() {
            self.trouble(source);
            self.work(source).await;
            if self.happens(2_400) {
                let by = self.pick(&[3_000, 90_000, 600_000, 3_600_000]);
                self.houses[source].clock.step_wall(by);
                self.happened(format!("{name}'s clock is set by {by} ms"));
            }
            if self.happens(5_400) {
                self.replace(source).await;
            }
        }
        for who in 0..self.sittings.len() {
            self.live(who).await;
        }
        for house in &self.houses {
            house.clock.advance(STEP_MS);
        }
        for sitting in &self.sittings {
            if sitting.asleep.is_none() {
                sitting.clock.advance(STEP_MS);
            }
        }
        self.settle().await;
        for who in 0..self.sittings.len() {
            self.look(who);
        }
    }

    /// Whether something happens in this second that happens once in so many of a common day.
    pub(super) fn happens(&mut self, once_in: u64) -> bool {
        self.dice.one_in(once_in / self.busy)
    }

    fn pick(&mut self, of: &[i64]) -> i64 {
        let by = of[usize::try_from(self.dice.below(of.len() as u64)).unwrap()];
        if self.dice.one_in(2) { by } else { -by }
    }

    /// Faults of one source begin and end.
    fn trouble(&mut self, source: usize) {
        let begins = self.happens(200);
        let (manner, lasts) = self.fault();
        let whom = self.dice.below(3);
        for who in 0..self.sittings.len() {
            let (wanted, until) = self.sittings[who].wanted[source];
            if wanted != Manner::Passes && self.second >= until {
                self.sittings[who].wanted[source] = (Manner::Passes, 0);
                self.obstructed(who, source, within_ms(wanted));
            } else if wanted == Manner::Passes && begins && whom != who as u64 {
                self.sittings[who].wanted[source] = (manner, self.second + lasts);
                let name = self.sittings[who].viewer.name;
                self.happened(format!(
                    "{} for the {name}: {manner:?} for {lasts} s",
                    NAMES[source]
                ));
                // Not before it is over, but it may look live for a while.
                self.obstructed(who, source, within_ms(manner));
            }
        }
    }

    fn fault(&mut self) -> (Manner, i64) {
        let lasts = 1 + i64::try_from(self.dice.below(90)).unwrap();
        let after = Some(u32::try_from(self.dice.below(40)).unwrap());
        let manner = match self.dice.below(12) {
            0 | 1 => Manner::Away,
            2 => Manner::Resets,
            3 => Manner::Hangs,
            4 => Manner::Says(500, None),
            5 => Manner::Says(503, after),
            6 => Manner::Says(429, after),
            7 => Manner::Garbles(Garble::Portal),
            8 => Manner::Garbles(Garble::Half),
            9 => Manner::Garbles(Garble::Other),
            10 => Manner::Garbles(Garble::Clockless),
            _ => Manner::Replays,
        };
        (manner, lasts)
    }

    /// Another backend with an empty record takes a backend's place.
    async fn replace(&mut self, source: usize) {
        let clock = self.houses[source].clock.clone();
        let house = self.house(clock).await;
        let old = std::mem::replace(&mut self.houses[source], house);
        old.backend.begin_to_end();
        self.happened(format!("{} has a new record", NAMES[source]));
        for who in 0..self.sittings.len() {
            let to = self.houses[source].backend.address;
            self.sittings[who].viewer.sources[source].front.turn_to(to);
            self.sittings[who].tokens[source].clear();
            self.renew(who, source).await;
            self.obstructed(who, source, 12_000);
        }
        for _ in 0..3 {
            self.open(source).await;
        }
    }

    /// Puts another token where a board finds it.
    async fn renew(&mut self, who: usize, source: usize) {
        self.named += 1;
        let lasts = TimeDelta::minutes(20 + i64::try_from(self.dice.below(150)).unwrap());
        let sitting = &mut self.sittings[who];
        let house = &self.houses[source];
        let (role, ends) = match sitting.viewer.wall {
            true => (Role::Viewer, house.clock.now() + lasts),
            false => (Role::Commander, house.clock.now() + lasts),
        };
        let name = format!("{}-{}", sitting.viewer.name, self.named);
        let token = house.backend.issue_as(&name, role, |request| {
            request.expires_at = ends;
            request.clearance = Some(Tlp::Red);
        });
        let token = token.await;
        sitting.viewer.hand(source, &token);
        if sitting.tokens[source].len() >= 4 {
            sitting.tokens[source].pop_front();
        }
        sitting.tokens[source].push_back(ends);
        sitting.renew_at[source] = None;
        let name = sitting.viewer.name;
        self.happened(format!("the {name} has a new token for {}", NAMES[source]));
    }

    /// What happens to one who looks.
    async fn live(&mut self, who: usize) {
        for source in 0..NAMES.len() {
            let now = self.houses[source].clock.now();
            let before = self.houses[source].before;
            let sitting = &mut self.sittings[who];
            let crossed = sitting.tokens[source]
                .iter()
                .any(|ends| before < *ends && *ends <= now || now < *ends && *ends <= before);
            let ended = sitting.tokens[source]
                .back()
                .is_some_and(|ends| *ends <= now);
            if ended && sitting.renew_at[source].is_none() {
                // A board whose token ended waits for somebody who has time.
                sitting.renew_at[source] = Some(self.second + 20 + (now.timestamp() % 200));
            }
            let due = sitting.renew_at[source].is_some_and(|at| self.second >= at);
            if due {
                self.renew(who, source).await;
            }
            if crossed || ended {
                self.obstructed(who, source, 9_000);
            }
            if who + 1 == self.sittings.len() {
                self.houses[source].before = now;
            }
        }
        if self.happens(900) {
            let by = self.pick(&[5_000, 59_000, 300_000, 2 * 3_600_000]);
            self.sittings[who].clock.step_wall(by);
            let name = self.sittings[who].viewer.name;
            self.happened(format!("the {name}'s own clock is set by {by} ms"));
            self.doubt(who);
        }
        self.sleep(who).await;
        let (resizes, types) = (self.happens(240), self.happens(60));
        let sitting = &mut self.sittings[who];
        if resizes {
            let size = SIZES[usize::try_from(self.dice.below(SIZES.len() as u64)).unwrap()];
            sitting.viewer.resize(size);
        }
        if sitting.asleep.is_none() && !sitting.viewer.wall {
            if sitting.keys.is_empty() && types {
                let typed = TYPED[usize::try_from(self.dice.below(TYPED.len() as u64)).unwrap()];
                let all = [typed, "\x1b", "\x1b", "\x1b", "1"];
                sitting.keys.extend(all.map(str::to_owned));
            }
            if let Some(keys) = sitting.keys.pop_front() {
                sitting.viewer.keys(&keys);
            }
        }
        for source in 0..NAMES.len() {
            let wanted = match sitting.asleep {
                Some(_) => Manner::Asleep,
                None => sitting.wanted[source].0,
            };
            if sitting.viewer.sources[source].front.manner() != wanted {
                sitting.viewer.sources[source].front.behave(wanted);
            }
        }
    }

    fn doubt(&mut self, who: usize) {
        for source in 0..NAMES.len() {
            self.obstructed(who, source, 10_000);
        }
    }

    /// The machine goes to sleep, or wakes and finds that hours went by.
    async fn sleep(&mut self, who: usize) {
        let tired = self.happens(3_000);
        match self.sittings[who].asleep {
            None if tired => {
                let lasts = [20, 70, 600, 3_000][usize::try_from(self.dice.below(4)).unwrap()];
                self.sittings[who].asleep = Some((self.second, self.second + lasts));
                let name = self.sittings[who].viewer.name;
                self.happened(format!("the {name} sleeps for {lasts} s"));
            }
            Some((since, until)) if self.second >= until => {
                self.sittings[who].asleep = None;
                let slept = (self.second - since) * STEP_MS;
                self.sittings[who].clock.advance(slept);
                let name = self.sittings[who].viewer.name;
                self.happened(format!("the {name} wakes"));
                // The first picture, before any answer can have come.
                self.settle().await;
                self.look(who);
                self.doubt(who);
            }
            _ => {}
        }
    }

    /// Lets all go on that can without time. One thread runs everything but files and stores: when that has nothing left to do
    /// and no other thread had a turn meanwhile, only a clock can bring the next thing about.
    async fn settle(&self) {
        let (mut quiet, mut before) = (0, None);
        while quiet < 2 {
            let moves = self.moves.load(Ordering::Relaxed);
            for _ in 0..12 {
                tokio::task::yield_now().await;
            }
            let moved = self.moves.load(Ordering::Relaxed) != moves;
            // What another thread did between two looks at it lies here and waits for its turn.
            let others = if moved { None } else { turns_of_others() };
            let stood = others.is_some() && others == before;
            quiet = if stood { quiet + 1 } else { 0 };
            before = others;
        }
    }

    fn look(&mut self, who: usize) {
        let sitting = &self.sittings[who];
        if sitting.asleep.is_some() {
            return;
        }
        let now = sitting.clock.mono();
        let typing = !sitting.keys.is_empty();
        let faults = self.judge.look(&sitting.viewer, now, typing);
        if faults.is_empty() {
            return;
        }
        let told = sitting.viewer.sources.iter().map(|seen| {
            let (manner, told) = (seen.front.manner(), seen.front.told());
            let age = told.at.map(|at| now - at);
            format!(
                "{}: {manner:?}, age {age:?}, its clock {} ms from {}",
                seen.name, told.offset_ms, now.0
            )
        });
        let told: Vec<String> = told.collect();
        let log: Vec<&str> = self.log.iter().map(String::as_str).collect();
        panic!(
            "second {}, the {}:\n{}\n{}\n\nwhat happened:\n{}\n\nwhat is seen:\n{}",
            self.second,
            sitting.viewer.name,
            faults.join("\n"),
            told.join("\n"),
            log.join("\n"),
            sitting.viewer.rows(usize::MAX).join("\n")
        );
    }

    pub async fn end(self) {
        for sitting in self.sittings {
            assert_eq!(sitting.viewer.leave().await, 143);
        }
    }
}

/// How often the other threads of this process were given a turn; None: one of them has something to do.
fn turns_of_others() -> Option<u64> {
    let own = std::fs::read_link("/proc/thread-self").unwrap();
    let own = own.file_name().unwrap().to_owned();
    let mut turns = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        if task.file_name() == own {
            continue;
        }
        // One that ended meanwhile has nothing to do.
        let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
        for line in status.lines() {
            match line.split_once(":\t") {
                Some(("State", state)) if !state.starts_with('S') => return None,
                Some(("voluntary_ctxt_switches" | "nonvoluntary_ctxt_switches", count)) => {
                    turns += count.trim().parse::<u64>().unwrap();
                }
                _ => {}
            }
        }
    }
    Some(turns)
}
