//! Lists in a dialog: one choice out of several, and several ticked. Arrows move, letters find. Nothing here draws.

use crate::ui::canvas::Part;

/// One thing that can be chosen or ticked.
#[derive(Debug, Clone)]
pub struct Item {
    /// What the command says.
    pub id: String,
    /// What the screen says.
    pub name: String,
    /// What stands behind the name: a meaning, a state, an age.
    pub more: Vec<Part<'static>>,
    /// Words by which it is found besides its id and name.
    pub also: String,
}

impl Item {
    /// A thing by its id and name.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Item {
        Item {
            id: id.into(),
            name: name.into(),
            more: Vec::new(),
            also: String::new(),
        }
    }

    /// Found by these words too.
    #[must_use]
    pub fn found_by(mut self, words: &str) -> Item {
        self.also = words.to_lowercase();
        self
    }

    /// With what stands behind the name.
    #[must_use]
    pub fn with(mut self, more: Vec<Part<'static>>) -> Item {
        self.more = more;
        self
    }
}

/// One out of several.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub(super) items: Vec<Item>,
    pub(super) at: usize,
}

impl Choice {
    /// The chosen one.
    pub fn chosen(&self) -> Option<&Item> {
        self.items.get(self.at)
    }

    /// Chooses by id; nothing happens where there is none such.
    pub fn choose(&mut self, id: &str) {
        if let Some(at) = self.items.iter().position(|item| item.id == id) {
            self.at = at;
        }
    }

    /// Other items; the choice stays where it can.
    pub fn set_items(&mut self, items: Vec<Item>) {
        let id = self.chosen().map(|item| item.id.clone());
        self.items = items;
        self.at = 0;
        if let Some(id) = id {
            self.choose(&id);
        }
    }

    pub(super) fn step(&mut self, by: isize) {
        self.at = stepped(self.at, by, self.items.len());
    }

    /// The next item whose name begins with this letter.
    pub(super) fn find(&mut self, c: char) {
        let begins = |item: &Item| {
            let first = item.name.chars().next();
            first.is_some_and(|first| first.to_lowercase().eq(c.to_lowercase()))
        };
        let all = self.items.len();
        let next = (1..=all)
            .map(|step| (self.at + step) % all.max(1))
            .find(|at| self.items.get(*at).is_some_and(begins));
        self.at = next.unwrap_or(self.at);
    }
}

/// Several out of many, narrowed by typed letters.
#[derive(Debug, Clone, Default)]
pub struct Ticks {
    pub(super) items: Vec<Item>,
    pub(super) ticked: Vec<String>,
    /// The letters that narrow the list.
    pub(super) typed: String,
    /// Where the cursor stands among those shown.
    pub(super) at: usize,
}

impl Ticks {
    /// The items that the typed letters leave.
    pub fn shown(&self) -> Vec<&Item> {
        let words: Vec<String> = self
            .typed
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let fits = |item: &&Item| {
            let (id, name) = (item.id.to_lowercase(), item.name.to_lowercase());
            words
                .iter()
                .all(|word| id.contains(word) || name.contains(word) || item.also.contains(word))
        };
        self.items.iter().filter(fits).collect()
    }

    /// The ids that are ticked, in the order of the list.
    pub fn ticked(&self) -> Vec<&str> {
        let ids = self.items.iter().map(|item| item.id.as_str());
        ids.filter(|id| self.is_ticked(id)).collect()
    }

    /// Whether this one is ticked.
    pub fn is_ticked(&self, id: &str) -> bool {
        self.ticked.iter().any(|ticked| ticked == id)
    }

    /// Other items; what is ticked stays ticked where it still exists.
    pub fn set_items(&mut self, items: Vec<Item>) {
        let id = self.shown().get(self.at).map(|item| item.id.clone());
        self.items = items;
        let at = self
            .shown()
            .iter()
            .position(|item| Some(&item.id) == id.as_ref());
        self.at = at.unwrap_or(0);
    }

    pub(super) fn step(&mut self, by: isize) {
        self.at = stepped(self.at, by, self.shown().len());
    }

    pub(super) fn toggle(&mut self) {
        let Some(id) = self.shown().get(self.at).map(|item| item.id.clone()) else {
            return;
        };
        if self.is_ticked(&id) {
            self.ticked.retain(|ticked| *ticked != id);
        } else {
            self.ticked.push(id);
        }
    }

    pub(super) fn narrow(&mut self, typed: String) {
        self.typed = typed;
        self.at = 0;
    }
}

fn stepped(at: usize, by: isize, all: usize) -> usize {
    at.saturating_add_signed(by).min(all.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<Item> {
        ["azure", "legal", "privacy-azure"]
            .iter()
            .map(|id| Item::new(*id, *id))
            .collect()
    }

    #[test]
    fn ticks_follow_their_ids_through_narrowing_and_new_items() {
        let mut ticks = Ticks::default();
        ticks.set_items(items());
        ticks.narrow("priv".to_owned());
        ticks.toggle();
        ticks.narrow(String::new());
        ticks.step(1);
        ticks.toggle();
        assert_eq!(ticks.ticked(), ["legal", "privacy-azure"]);
        ticks.set_items(items().split_off(1));
        assert_eq!(ticks.ticked(), ["legal", "privacy-azure"]);
        assert_eq!(ticks.at, 0, "the cursor stays on its item");
        ticks.toggle();
        assert_eq!(ticks.ticked(), ["privacy-azure"]);
    }

    #[test]
    fn a_choice_moves_by_arrow_and_letter_and_never_past_its_ends() {
        let mut choice = Choice::default();
        choice.set_items(items());
        choice.step(-1);
        assert_eq!(choice.at, 0);
        choice.find('P');
        assert_eq!(
            choice.chosen().map(|item| item.id.as_str()),
            Some("privacy-azure")
        );
        choice.step(5);
        assert_eq!(choice.at, 2);
        choice.find('x');
        assert_eq!(choice.at, 2);
        let mut none = Choice::default();
        none.find('x');
        none.step(1);
        assert!(none.chosen().is_none());
    }
}
