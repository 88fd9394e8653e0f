//! Claims of deliveries: what a node asks of the outbox, what it gets, and the choice between what waits. The choice is the
//! same over every database; reading and marking the rows is the adapter's.

use std::collections::HashMap;

use super::Delivery;
use crate::domain::delivery::EXERCISE;
use crate::domain::instant::Instant;

/// How long a minute of the caps is, in milliseconds.
pub const MINUTE_MS: i64 = 60_000;

/// The longest wait between two attempts, in milliseconds. What seems to wait longer was put off before the clock was set back.
pub const LONGEST_WAIT_MS: i64 = 120_000;

/// How much may be under way, and go out for the first time in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Under way at once on one node, and of one route of a team.
    pub deliveries: usize,
    pub of_route: usize,
    /// How many more there may be by routes of which nothing is under way: routes that hang never take the last place.
    pub spare: usize,
    /// First attempts in a minute: to one team, and in all.
    pub a_minute_of_team: usize,
    pub a_minute: usize,
}

impl Default for Caps {
    fn default() -> Caps {
        Caps {
            deliveries: 64,
            of_route: 4,
            spare: 192,
            a_minute_of_team: 60,
            a_minute: 300,
        }
    }
}

/// A delivery that the asking node is sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnderWay {
    pub key: String,
    pub team: String,
    pub route: String,
}

/// What a node asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The name of the process.
    pub node: String,
    /// The time, for a database that has no clock of its own.
    pub now: Instant,
    /// How long the lease holds unless it is renewed, in milliseconds.
    pub lease_ms: i64,
    /// Never handed out again, whatever became of its lease. What the node was given and is not in here it never heard of.
    pub under_way: Vec<UnderWay>,
    pub caps: Caps,
}

/// What a lease is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// One delivery.
    Delivery,
    /// A connector that is polled.
    Connector,
}

/// The right to write how an attempt went, or what a connector said, until another node claims the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub of: Held,
    /// The delivery's key, or the connector's name.
    pub key: String,
    /// Grows by one with each claim.
    pub fence: i64,
}

/// A delivery that the asking node now has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    pub delivery: Delivery,
    pub lease: Lease,
    /// An earlier attempt may have arrived.
    pub repeat: bool,
    /// An earlier attempt began, and whoever made it ended before it could tell how it went.
    pub interrupted: bool,
}

/// A page that waits for a cap, of which no entry tells yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    pub key: String,
    pub page: String,
    pub why: String,
}

/// What a node gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    pub taken: Vec<Claimed>,
    pub held_back: Vec<HeldBack>,
}

/// A delivery that is due and under nobody's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub key: String,
    pub team: String,
    pub route: String,
    pub queued_at: i64,
    /// No attempt was begun yet.
    pub first: bool,
    pub stand_down: bool,
}

/// First attempts of pages in the last minute, by team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Minute {
    of_team: HashMap<String, usize>,
    all: usize,
}

impl Minute {
    /// From counts by team.
    pub fn new(counts: impl IntoIterator<Item = (String, usize)>) -> Minute {
        let of_team: HashMap<String, usize> = counts.into_iter().collect();
        Minute {
            all: of_team.values().sum(),
            of_team,
        }
    }

    /// Why a first page to a team has to wait; None: it may go. The first one to a team in a quiet minute always may.
    pub fn holds_back(&self, team: &str, caps: &Caps) -> Option<String> {
        let of_team = self.of_team.get(team).copied().unwrap_or(0);
        if of_team == 0 {
            return None;
        }
        if of_team >= caps.a_minute_of_team {
            let most = caps.a_minute_of_team;
            return Some(format!("held back: {most} pages a minute to {team}"));
        }
        let most = caps.a_minute;
        (self.all >= most).then(|| format!("held back: {most} pages a minute in all"))
    }

    /// The teams that a cap holds back now; None: the cap over all.
    pub fn full(&self, caps: &Caps) -> Option<Vec<String>> {
        if self.all >= caps.a_minute {
            return None;
        }
        let full = self.of_team.iter();
        let full = full.filter(|(_, count)| **count >= caps.a_minute_of_team);
        Some(full.map(|(team, _)| team.clone()).collect())
    }

    fn count(&mut self, team: &str) {
        *self.of_team.entry(team.to_owned()).or_default() += 1;
        self.all += 1;
    }
}

/// Which of what waits is sent now: first attempts before repeats, pages before stand-downs, the newest first; within the
/// caps. Counts what it takes.
pub fn choose(
    mut waiting: Vec<Waiting>,
    under_way: &[UnderWay],
    minute: &mut Minute,
    caps: &Caps,
) -> Vec<Waiting> {
    waiting.retain(|of| !under_way.iter().any(|busy| busy.key == of.key));
    waiting.sort_by(|a, b| {
        let rank = |of: &Waiting| (!of.first, of.stand_down, std::cmp::Reverse(of.queued_at));
        rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key))
    });
    let mut of_route: HashMap<(String, String), usize> = HashMap::new();
    for busy in under_way {
        let route = (busy.team.clone(), busy.route.clone());
        *of_route.entry(route).or_default() += 1;
    }
    let mut all = under_way.len();
    waiting.retain(|of| {
        let busy = of_route.entry((of.team.clone(), of.route.clone()));
        let busy = busy.or_default();
        let room = match *busy {
            0 => all < caps.deliveries + caps.spare,
            n => n < caps.of_route && all < caps.deliveries,
        };
        let counts = of.first && !of.stand_down && of.route != EXERCISE;
        if !room || (counts && minute.holds_back(&of.team, caps).is_some()) {
            return false;
        }
        *busy += 1;
        all += 1;
        if counts {
            minute.count(&of.team);
        }
        true
    });
    waiting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(key: &str, team: &str, queued_at: i64) -> Waiting {
        Waiting {
            key: key.to_owned(),
            team: team.to_owned(),
            route: "0/webhook".to_owned(),
            queued_at,
            first: true,
            stand_down: false,
        }
    }

    fn chosen(waiting: Vec<Waiting>, under_way: &[UnderWay], minute: Minute) -> Vec<String> {
        let mut minute = minute;
        let caps = Caps::default();
        let chosen = choose(waiting, under_way, &mut minute, &caps);
        chosen.into_iter().map(|of| of.key).collect()
    }

    #[test]
    fn the_newest_goes_first_and_first_attempts_before_repeats() {
        let mut repeat = waiting("repeat", "a", 9);
        repeat.first = false;
        let mut stand_down = waiting("stand-down", "b", 9);
        stand_down.stand_down = true;
        let all = vec![
            repeat,
            waiting("old", "a", 1),
            stand_down,
            waiting("new", "a", 5),
        ];
        let order = ["new", "old", "stand-down", "repeat"];
        assert_eq!(chosen(all, &[], Minute::default()), order);
    }

    #[test]
    fn routes_that_hang_leave_room_for_every_other_route() {
        let busy: Vec<UnderWay> = (0..80)
            .map(|n| UnderWay {
                key: format!("k{n}"),
                team: format!("t{}", n / 4),
                route: "0/webhook".to_owned(),
            })
            .collect();
        let all = vec![
            waiting("k1", "t0", 9),
            waiting("hung", "t3", 9),
            waiting("good", "legal", 1),
        ];
        assert_eq!(chosen(all, &busy, Minute::default()), ["good"]);
    }

    #[test]
    fn a_full_minute_holds_back_all_but_the_first_page_to_a_quiet_team() {
        let counts = [("a", 60), ("b", 10)].map(|(team, n)| (team.to_owned(), n));
        let minute = Minute::new(counts.clone());
        let all = || {
            vec![
                waiting("a1", "a", 9),
                waiting("b1", "b", 8),
                waiting("c1", "c", 1),
                waiting("c2", "c", 2),
            ]
        };
        assert_eq!(chosen(all(), &[], minute.clone()), ["b1", "c2", "c1"]);
        assert_eq!(minute.full(&Caps::default()), Some(vec!["a".to_owned()]));
        let why = minute.holds_back("a", &Caps::default()).unwrap();
        assert_eq!(why, "held back: 60 pages a minute to a");
        let others = (0..5).map(|n| (format!("x{n}"), 50));
        let minute = Minute::new(counts.into_iter().chain(others));
        assert_eq!(chosen(all(), &[], minute.clone()), ["c2"]);
        assert_eq!(minute.full(&Caps::default()), None);
        let why = minute.holds_back("b", &Caps::default()).unwrap();
        assert_eq!(why, "held back: 300 pages a minute in all");
    }

    #[test]
    fn caps_hold_back_no_repeat_no_stand_down_and_no_exercise() {
        let minute = Minute::new([("a".to_owned(), 60)]);
        let mut exercise = waiting("e", "a", 0);
        exercise.route = EXERCISE.to_owned();
        let (mut repeat, mut stand_down) = (waiting("r", "a", 1), waiting("s", "a", 1));
        repeat.first = false;
        stand_down.stand_down = true;
        let all = vec![repeat, stand_down, exercise];
        assert_eq!(chosen(all, &[], minute), ["e", "s", "r"]);
    }
}
