//! Lists in a dialog: one choice out of several, and several ticked. Arrows move, typed letters narrow either list. Nothing
//! here draws.

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

    /// Whether every typed word is found in it.
    fn is_found_by(&self, typed: &str) -> bool {
        let (id, name) = (self.id.to_lowercase(), self.name.to_lowercase());
        let typed = typed.to_lowercase();
        typed
            .split_whitespace()
            .all(|word| id.contains(word) || name.contains(word) || self.also.contains(word))
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
    /// Which of all is chosen, whatever is shown.
    pub(super) at: usize,
    /// The letters that narrow the list.
    pub(super) typed: String,
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

    /// The items that the typed letters leave, with their places among all.
    pub(super) fn shown(&self) -> Vec<(usize, &Item)> {
        let all = self.items.iter().enumerate();
        all.filter(|(_, item)| item.is_found_by(&self.typed))
            .collect()
    }

    /// Whether what was typed is the name of nothing.
    pub(super) fn is_lost(&self) -> bool {
        !self.items.is_empty() && self.shown().is_empty()
    }

    pub(super) fn step(&mut self, by: isize) {
        let shown = self.shown();
        let at = shown.iter().position(|(at, _)| *at == self.at);
        let next = shown.get(stepped(at.unwrap_or(0), by, shown.len()));
        self.at = next.map_or(self.at, |(at, _)| *at);
    }

    /// Shows what these letters leave. Chosen is the first that begins with them, else the first that holds them; nothing
    /// else where none does.
    pub(super) fn narrow(&mut self, typed: String) {
        self.typed = typed;
        if self.typed.is_empty() {
            return;
        }
        let typed = self.typed.to_lowercase();
        let shown = self.shown();
        let begins =
            |found: &&(usize, &Item)| found.1.name.to_lowercase().starts_with(typed.trim());
        let first = shown.iter().find(begins).or(shown.first());
        self.at = first.map_or(self.at, |(at, _)| *at);
    }

    /// Shows all again, unless what was typed is still to be told wrong.
    pub(super) fn widen(&mut self) {
        if !self.is_lost() {
            self.typed.clear();
        }
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
        let found = |item: &&Item| item.is_found_by(&self.typed);
        self.items.iter().filter(found).collect()
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
    fn a_choice_moves_by_arrow_and_never_past_its_ends() {
        let mut choice = Choice::default();
        choice.set_items(items());
        choice.step(-1);
        assert_eq!(choice.at, 0);
        choice.step(5);
        assert_eq!(choice.at, 2);
        let mut none = Choice::default();
        none.narrow("x".to_owned());
        none.step(1);
        assert!(none.chosen().is_none() && !none.is_lost());
    }

    #[test]
    fn a_word_typed_into_a_choice_chooses_what_is_called_so_and_nothing_else() {
        let chosen = |choice: &Choice| choice.chosen().map(|item| item.id.clone()).unwrap();
        let mut choice = Choice::default();
        let named = |id: &&str| Item::new(*id, *id);
        let ids = [
            "detected",
            "aware",
            "declared",
            "contained",
            "eradicated",
            "recovered",
        ];
        choice.set_items(ids.iter().map(named).collect());
        for typed in ["a", "aw", "awa", "awar", "aware"] {
            choice.narrow(typed.to_owned());
            assert_eq!(chosen(&choice), "aware", "after {typed}");
        }
        choice.narrow("awarx".to_owned());
        assert!(choice.is_lost());
        assert_eq!(
            chosen(&choice),
            "aware",
            "what is the name of nothing chooses nothing"
        );
        choice.widen();
        assert_eq!(choice.typed, "awarx", "it is still to be told");
        choice.narrow("RED".to_owned());
        assert_eq!(chosen(&choice), "declared");
        choice.step(1);
        assert_eq!(
            chosen(&choice),
            "recovered",
            "arrows go among what is shown"
        );
        choice.widen();
        assert_eq!(
            (choice.shown().len(), chosen(&choice).as_str()),
            (6, "recovered")
        );
    }
}
