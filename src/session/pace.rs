//! When the next frame may leave: not before the terminal has taken in nearly all of those before. A write that ends says
//! little, for buffers on the way hide seconds of old frames; so we ask the terminal now and then and count what it has seen.

use std::collections::VecDeque;

use crate::domain::instant::Mono;

/// `CSI c`, "what are you": every terminal answers it, after having taken in what stands before it.
pub const QUESTION: &[u8] = b"\x1b[c";

/// Bytes that may be under way to a terminal that answers: one second on a link of 2 KB/s.
const WINDOW: u64 = 2048;
/// Bytes after which the next question goes along; below the window, so that a full window always has one under way.
const ASK_EVERY: u64 = 1024;
/// As much may be under way to a terminal of which nothing is known, or that never answers.
const BLIND_WINDOW: u64 = 32 * 1024;
/// How fast such a terminal is taken to be, in bytes a millisecond.
const BLIND_RATE: u64 = 64;
/// A terminal that has not answered its first question for so long never will.
const SILENT_AFTER_MS: i64 = 2_000;
/// A terminal that does answer is waited for so long before one more frame goes out; never frozen for good.
const PATIENCE_MS: i64 = 30_000;
/// Questions under way.
const ASKED_MAX: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Unknown,
    Answers,
    Silent,
}

/// What is under way to one terminal.
#[derive(Debug)]
pub struct Pace {
    trust: Trust,
    sent: u64,
    seen: u64,
    asked: VecDeque<(u64, Mono)>,
    asked_to: u64,
    sent_at: Mono,
}

impl Pace {
    /// For a terminal just opened. Write [`QUESTION`] before the first frame: its answer tells early that there are answers.
    pub fn new(at: Mono) -> Pace {
        Pace {
            trust: Trust::Unknown,
            sent: 0,
            seen: 0,
            asked: VecDeque::from([(0, at)]),
            asked_to: 0,
            sent_at: at,
        }
    }

    /// Whether a frame may leave now.
    pub fn may_send(&self, at: Mono) -> bool {
        self.opens_at(at).is_none_or(|opens| opens <= at)
    }

    /// When the window opens by time alone; `None` if it is open.
    pub fn opens_at(&self, at: Mono) -> Option<Mono> {
        let under_way = self.sent - self.seen;
        match self.trust {
            Trust::Answers if under_way < WINDOW => None,
            Trust::Answers => Some(self.sent_at + PATIENCE_MS),
            Trust::Unknown | Trust::Silent => {
                let over = under_way
                    .saturating_sub(drained(at - self.sent_at))
                    .checked_sub(BLIND_WINDOW)?;
                Some(at + i64::try_from(over / BLIND_RATE + 1).unwrap_or(1))
            }
        }
    }

    /// A frame of so many bytes leaves now. True: [`QUESTION`] has to stand at its end, and has been counted.
    pub fn sending(&mut self, bytes: usize, at: Mono) -> bool {
        self.settle(at);
        self.sent += bytes as u64;
        self.sent_at = at;
        let ask = self.trust != Trust::Silent
            && self.sent - self.asked_to >= ASK_EVERY
            && self.asked.len() < ASKED_MAX;
        if ask {
            self.sent += QUESTION.len() as u64;
            self.asked_to = self.sent;
            self.asked.push_back((self.sent, at));
        }
        ask
    }

    /// The terminal answered: it has seen everything up to the oldest question under way. One that was late, too.
    pub fn answered(&mut self) {
        if let Some((upto, _)) = self.asked.pop_front() {
            self.trust = Trust::Answers;
            self.seen = self.seen.max(upto);
        }
    }

    /// Whether an answer is to be expected still.
    pub fn is_expecting(&self) -> bool {
        self.trust == Trust::Answers && !self.asked.is_empty()
    }

    /// Draws the conclusions from time that passed.
    fn settle(&mut self, at: Mono) {
        let oldest = self.asked.front().map_or(0, |&(_, asked_at)| at - asked_at);
        match self.trust {
            Trust::Unknown if oldest >= SILENT_AFTER_MS => self.trust = Trust::Silent,
            // It has stopped answering, a multiplexer without a client perhaps.
            Trust::Answers if oldest >= 3 * PATIENCE_MS => self.trust = Trust::Silent,
            _ => {}
        }
        if self.trust != Trust::Answers {
            self.seen = self.sent.min(self.seen + drained(at - self.sent_at));
        }
    }
}

fn drained(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).saturating_mul(BLIND_RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Mono = Mono(1_000);

    #[test]
    fn a_terminal_that_answers_gets_no_more_than_a_window() {
        let mut pace = Pace::new(START);
        pace.answered();
        assert!(
            pace.sending(9_000, START),
            "a long frame carries a question"
        );
        assert!(!pace.may_send(START + 5_000));
        pace.answered();
        assert!(pace.may_send(START + 5_000));
        assert!(!pace.sending(200, START + 5_000), "a short one does not");
        assert!(pace.may_send(START + 5_000));
    }

    #[test]
    fn a_link_of_two_kilobytes_a_second_never_lags_two_seconds() {
        // One tick of 203 bytes a second, and a keystroke's frame of 545 bytes whenever it may go.
        let (mut pace, mut link, mut worst) =
            (Pace::new(START), VecDeque::<(u64, bool, Mono)>::new(), 0);
        pace.answered();
        let mut budget = 0;
        for ms in 0..60_000 {
            let at = START + ms;
            budget += 2_048;
            while let Some(&(bytes, ask, sent_at)) = link.front() {
                if budget < bytes * 1_000 {
                    break;
                }
                budget -= bytes * 1_000;
                worst = worst.max(at - sent_at);
                link.pop_front();
                if ask {
                    pace.answered();
                }
            }
            if link.is_empty() {
                budget = 0;
            }
            let bytes = if ms % 1_000 == 0 { 203 } else { 545 };
            if (ms % 1_000 == 0 || ms % 30 == 0) && pace.may_send(at) {
                let ask = pace.sending(bytes, at);
                link.push_back((bytes as u64, ask, at));
            }
        }
        assert!(worst < 2_000, "{worst} ms");
        assert!(worst > 500, "the link was not loaded: {worst} ms");
    }

    #[test]
    fn a_terminal_that_never_answers_is_not_asked_for_ever_and_not_waited_for() {
        let mut pace = Pace::new(START);
        let mut at = START;
        for _ in 0..3 {
            assert!(pace.may_send(at), "the first frames leave at once");
            pace.sending(9_000, at);
            at = at + 10;
        }
        at = START + SILENT_AFTER_MS;
        let asked = (0..1_000)
            .filter(|n| pace.sending(500, at + n * 100))
            .count();
        assert_eq!(asked, 0);
        assert!(pace.may_send(at + 100_000));
        pace.answered();
        assert_eq!(pace.trust, Trust::Answers, "a late answer is one");
    }

    #[test]
    fn even_to_a_silent_terminal_not_everything_at_once() {
        let mut pace = Pace::new(START);
        pace.sending(100_000, START);
        assert!(!pace.may_send(START));
        let opens = pace.opens_at(START).unwrap();
        assert!(opens - START < 2_000 && pace.may_send(opens));
    }

    #[test]
    fn a_terminal_that_stops_answering_freezes_nothing() {
        let mut pace = Pace::new(START);
        pace.answered();
        pace.sending(9_000, START);
        assert!(!pace.may_send(START + PATIENCE_MS - 1));
        assert!(pace.may_send(START + PATIENCE_MS));
        let mut at = START;
        for _ in 0..5 {
            at = at + PATIENCE_MS;
            pace.sending(9_000, at);
        }
        assert_eq!(pace.trust, Trust::Silent);
    }

    #[test]
    fn answers_nobody_asked_for_count_nothing() {
        let mut pace = Pace::new(START);
        (0..5).for_each(|_| pace.answered());
        pace.sending(WINDOW as usize, START);
        assert!(!pace.may_send(START));
    }
}
