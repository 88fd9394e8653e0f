//! Trouble that is met again and again is told twice: when it begins and when it is over. What is met in between is counted;
//! a disk that is full already must not be filled by the log of it.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};

/// One kind of trouble.
pub struct Trouble {
    what: &'static str,
    met: AtomicBool,
}

impl Trouble {
    /// Not met yet; `what` is the sentence that the log tells when it begins.
    pub const fn new(what: &'static str) -> Trouble {
        Trouble {
            what,
            met: AtomicBool::new(false),
        }
    }

    /// It was met. Gives whether it began with this.
    pub fn met(&self, error: &dyn Display) -> bool {
        let begins = !self.met.swap(true, Ordering::Relaxed);
        match begins {
            true => tracing::warn!(%error, "{}", self.what),
            false => tracing::debug!(%error, "{}, still", self.what),
        }
        begins
    }

    /// It was not met this time. Gives whether it was over with this.
    pub fn over(&self) -> bool {
        let ends = self.met.load(Ordering::Relaxed) && self.met.swap(false, Ordering::Relaxed);
        if ends {
            tracing::warn!("over: {}", self.what);
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_when_it_begins_and_when_it_is_over() {
        let trouble = Trouble::new("the store cannot be read");
        assert!(!trouble.over());
        assert!(trouble.met(&"full"));
        assert!(!trouble.met(&"full"));
        assert!(trouble.over());
        assert!(!trouble.over());
        assert!(trouble.met(&"full"));
    }
}
