//! One field of a form: what it holds, what it accepts, and what is wrong with it in words. How a form goes from field
//! to field is `form`; how a field looks is `form::draw`.

use super::editor::Editor;
use super::list::{Choice, Item, Ticks};
use super::when::{self, Clock, Reading, Side};

/// What a field is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Text(Text),
    Choice(Choice),
    Ticks(Ticks),
    When(Moment),
    /// The number of an incident's id, typed to confirm.
    Number {
        editor: Editor,
        number: String,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) editor: Editor,
    /// Longest text, in characters; 0: none is told.
    pub(super) limit: usize,
    /// Ready phrases that arrows pick.
    pub(super) phrases: Vec<String>,
    pub(super) picked: Option<usize>,
    /// What was typed before a phrase was picked.
    typed: String,
}

#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) editor: Editor,
    pub(super) side: Side,
    pub(super) reading: Reading,
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    pub(super) key: &'static str,
    pub(super) label: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) shown: bool,
    pub(super) fault: Option<String>,
    /// A sentence under the field.
    pub(super) note: Option<String>,
    /// What it says while it is empty.
    pub(super) hint: String,
    /// Whether a person changed it.
    pub(super) touched: bool,
}

impl Field {
    fn new(key: &'static str, label: &str, kind: Kind) -> Field {
        Field {
            key,
            label: label.to_owned(),
            kind,
            required: false,
            shown: true,
            fault: None,
            note: None,
            hint: String::new(),
            touched: false,
        }
    }

    /// A text of one line, of at most `limit` characters.
    pub fn text(key: &'static str, label: &str, limit: usize) -> Field {
        Field::written(key, label, limit, false)
    }

    /// A text of several lines, of at most `limit` characters.
    pub fn long(key: &'static str, label: &str, limit: usize) -> Field {
        Field::written(key, label, limit, true)
    }

    fn written(key: &'static str, label: &str, limit: usize, lines: bool) -> Field {
        let text = Text {
            editor: Editor::new(lines),
            limit,
            phrases: Vec::new(),
            picked: None,
            typed: String::new(),
        };
        Field::new(key, label, Kind::Text(text))
    }

    /// One out of several; the first one, until another is chosen.
    pub fn choice(key: &'static str, label: &str, items: Vec<Item>) -> Field {
        let mut choice = Choice::default();
        choice.set_items(items);
        Field::new(key, label, Kind::Choice(choice))
    }

    /// Several out of many.
    pub fn ticks(key: &'static str, label: &str, items: Vec<Item>) -> Field {
        let mut ticks = Ticks::default();
        ticks.set_items(items);
        Field::new(key, label, Kind::Ticks(ticks))
    }

    /// An instant.
    pub fn when(key: &'static str, label: &str, side: Side) -> Field {
        let moment = Moment {
            editor: Editor::new(false),
            side,
            reading: Reading::default(),
        };
        Field::new(key, label, Kind::When(moment)).hint("now, 14:05, -20m, 2026-11-23 14:05")
    }

    /// The number of this id, to be typed.
    pub fn number(id: &str) -> Field {
        let number = id.rsplit('-').next().unwrap_or(id).to_owned();
        let label = format!("type {number}");
        let editor = Editor::new(false);
        Field::new("number", &label, Kind::Number { editor, number }).required()
    }

    /// It must not stay empty.
    #[must_use]
    pub fn required(mut self) -> Field {
        self.required = true;
        self
    }

    /// What it says while it is empty.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Field {
        hint.clone_into(&mut self.hint);
        self
    }

    /// A sentence under it.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Field {
        self.note = Some(note.into());
        self
    }

    /// Ready phrases that arrows pick.
    #[must_use]
    pub fn phrases(mut self, phrases: &[&str]) -> Field {
        self.set_phrases(phrases);
        self
    }

    pub(super) fn set_phrases(&mut self, phrases: &[&str]) {
        if let Kind::Text(text) = &mut self.kind
            && text.phrases != phrases
        {
            text.phrases = phrases.iter().map(|phrase| (*phrase).to_owned()).collect();
            text.picked = None;
        }
    }

    /// What it holds at first: a text, the id of a choice, the ids of ticks one a line. Instants are read at the first
    /// input.
    #[must_use]
    pub fn value(mut self, value: &str) -> Field {
        self.fill(value);
        self
    }

    /// It is not asked for at first.
    #[must_use]
    pub fn hidden(mut self) -> Field {
        self.shown = false;
        self
    }

    pub(super) fn fill(&mut self, value: &str) {
        match &mut self.kind {
            Kind::Text(text) => text.editor.set(value),
            Kind::When(moment) => moment.editor.set(value),
            Kind::Choice(choice) => choice.choose(value),
            Kind::Ticks(ticks) => {
                let known = |id: &&str| ticks.items.iter().any(|item| item.id == **id);
                ticks.ticked = value.lines().filter(known).map(str::to_owned).collect();
            }
            Kind::Number { .. } => {}
        }
    }

    /// What it holds, as `fill` takes it; a number is never kept.
    pub(super) fn held(&self) -> String {
        match &self.kind {
            Kind::Text(text) => text.editor.text().to_owned(),
            Kind::When(moment) => moment.editor.text().to_owned(),
            Kind::Choice(choice) => choice
                .chosen()
                .map(|item| item.id.clone())
                .unwrap_or_default(),
            Kind::Ticks(ticks) => ticks.ticked().join("\n"),
            Kind::Number { .. } => String::new(),
        }
    }

    pub(super) fn editor(&mut self) -> Option<&mut Editor> {
        match &mut self.kind {
            Kind::Text(text) => Some(&mut text.editor),
            Kind::When(moment) => Some(&mut moment.editor),
            Kind::Number { editor, .. } => Some(editor),
            Kind::Choice(_) | Kind::Ticks(_) => None,
        }
    }

    /// Takes note that a person changed it.
    pub(super) fn edited(&mut self, clock: Clock) {
        self.touched = true;
        self.fault = None;
        self.read(clock);
    }

    /// Reads an instant anew.
    pub(super) fn read(&mut self, clock: Clock) {
        if let Kind::When(moment) = &mut self.kind {
            moment.reading = when::read(moment.editor.text(), moment.side, clock);
        }
    }

    /// What is wrong with what it holds; `done` when it is to be sent, so that empty ones count.
    pub(super) fn wrong(&self, done: bool) -> Option<String> {
        let label = &self.label;
        let missing = |empty: bool| {
            (empty && self.required && done).then(|| format!("Say something in '{label}'."))
        };
        match &self.kind {
            Kind::Text(text) => {
                let length = text.editor.text().chars().count();
                if text.limit > 0 && length > text.limit {
                    return Some(format!(
                        "{length} of {} characters: {} too many.",
                        text.limit,
                        length - text.limit
                    ));
                }
                missing(text.editor.text().trim().is_empty())
            }
            Kind::When(moment) if moment.reading.fault => Some(moment.reading.told.clone()),
            Kind::When(moment) => {
                let empty = moment.reading.when.is_none();
                (empty && self.required && done)
                    .then(|| format!("Say when in '{label}': now, 14:05, -20m."))
            }
            Kind::Choice(choice) if choice.is_lost() => Some(format!(
                "Nothing of '{label}' is called '{}': erase it, or choose with the arrows.",
                choice.typed
            )),
            Kind::Choice(choice) => {
                let none = choice.chosen().is_none();
                (none && self.required && done).then(|| format!("There is no '{label}' to choose."))
            }
            Kind::Ticks(ticks) => (ticks.ticked().is_empty() && self.required && done)
                .then(|| format!("Tick at least one of '{label}' with Space.")),
            Kind::Number { editor, number } => {
                let typed = editor.text().trim();
                (done && typed != number).then(|| match typed.is_empty() {
                    true => format!("Type {number} to confirm; nothing is sent yet."),
                    false => format!("That is not {number}; nothing is sent."),
                })
            }
        }
    }

    /// Picks a ready phrase up or down; false where there is none that way.
    pub(super) fn pick(&mut self, down: bool) -> bool {
        let Kind::Text(text) = &mut self.kind else {
            return false;
        };
        let last = text.phrases.len().checked_sub(1);
        let next = match (text.picked, down) {
            (None, true) => last.map(|_| 0),
            (Some(at), true) => Some(at + 1).filter(|at| Some(*at) <= last),
            (Some(at), false) if at > 0 => Some(at - 1),
            (Some(_), false) => {
                let typed = std::mem::take(&mut text.typed);
                text.editor.set(&typed);
                text.picked = None;
                return true;
            }
            (None, false) => None,
        };
        let Some(phrase) = next.and_then(|at| text.phrases.get(at)) else {
            return false;
        };
        if text.picked.is_none() {
            text.editor.text().clone_into(&mut text.typed);
        }
        let phrase = phrase.clone();
        text.editor.set(&phrase);
        text.picked = next;
        true
    }
}
