//! Which pages this process is sending just now. The outbox tells that too, but not while nothing can be written to it: a
//! page goes out then all the same, and nothing may be folded into it any more.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

/// Pages with how many attempts of each are under way.
#[derive(Debug, Default)]
pub struct Sending(Mutex<HashMap<String, usize>>);

/// An attempt under way; over when this is dropped.
#[derive(Debug)]
pub struct Begun {
    sending: Arc<Sending>,
    page: String,
}

impl Sending {
    fn pages(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock()
    }

    /// An attempt for a page begins.
    pub fn begun(self: &Arc<Sending>, page: &str) -> Begun {
        *self.pages().entry(page.to_owned()).or_default() += 1;
        Begun {
            sending: self.clone(),
            page: page.to_owned(),
        }
    }

    /// Those of these pages that are not being sent.
    pub fn not_among(&self, mut pages: Vec<String>) -> Vec<String> {
        let sending = self.pages();
        pages.retain(|page| !sending.contains_key(page));
        pages
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut pages = self.sending.pages();
        if let Some(count) = pages.get_mut(&self.page) {
            *count -= 1;
            if *count == 0 {
                pages.remove(&self.page);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_being_sent_until_its_last_attempt_is_over() {
        let sending = Arc::new(Sending::default());
        let both = || vec!["p1".to_owned(), "p2".to_owned()];
        let (first, second) = (sending.begun("p1"), sending.begun("p1"));
        assert_eq!(sending.not_among(both()), ["p2"]);
        drop(first);
        assert_eq!(sending.not_among(both()), ["p2"]);
        drop(second);
        assert_eq!(sending.not_among(both()), ["p1", "p2"]);
    }
}
