//! The fields of a dialog and how a person goes through them: `Tab` and `Enter` on, arrows within, faults in words.
//! It knows no incident and sends nothing; what a dialog makes of the values is its own.

pub mod draw;
mod editor;
mod field;
mod list;
pub mod when;

pub use draw::{Row, fact, row, wrapped};
pub use editor::Editor;
pub use field::Field;
pub use list::Item;
pub use when::{Clock, Side};

use super::{LayerInput, frame};
use crate::domain::when::When;
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;
use field::Kind;

/// What an input came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The form stays as it is, or a value changed.
    Stay,
    /// `Enter` led to the last field: what confirms comes next.
    ToLast,
    /// `Enter` on the last field, and nothing is wrong.
    Confirm,
}

/// Fields, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Form {
    fields: Vec<Field>,
    focus: usize,
}

impl Form {
    /// A form of these fields; the first one shown has the focus.
    pub fn new(fields: Vec<Field>) -> Form {
        let focus = fields.iter().position(|field| field.shown).unwrap_or(0);
        Form { fields, focus }
    }

    /// The same, begun on the second field where the first leaves nothing to choose.
    #[must_use]
    pub fn past_a_single_choice(mut self) -> Form {
        let single = |field: &Field| match &field.kind {
            Kind::Choice(choice) => choice.items.len() < 2,
            _ => false,
        };
        if self.focused().is_some_and(single) {
            self.focus = self.next(self.focus).unwrap_or(self.focus);
        }
        self
    }

    fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    fn field_mut(&mut self, key: &str) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.key == key)
    }

    fn focused(&self) -> Option<&Field> {
        self.fields.get(self.focus).filter(|field| field.shown)
    }

    /// The key of the field that takes keys.
    pub fn focus(&self) -> Option<&'static str> {
        self.focused().map(|field| field.key)
    }

    /// Gives a field the focus.
    pub fn focus_on(&mut self, key: &str) {
        let at = self.fields.iter().position(|f| f.key == key && f.shown);
        self.focus = at.unwrap_or(self.focus);
    }

    /// Whether the focused field takes characters: texts hold them, lists are narrowed by them.
    pub fn takes_text(&self) -> bool {
        self.focused().is_some()
    }

    /// Whether something was typed into any field, or is wrong with it.
    pub fn is_begun(&self) -> bool {
        let begun = |field: &Field| field.touched || field.fault.is_some();
        self.fields.iter().any(begun)
    }

    /// The keys that lead through the fields, for the foot; last the one that the focused field cannot do without.
    pub fn keys(&self, shared: &Shared) -> Vec<Row> {
        let Some(focused) = self.focused() else {
            return Vec::new();
        };
        let mut keys = vec![frame::key(shared, Action::NextField, "field")];
        match &focused.kind {
            Kind::Ticks(_) => keys.push(frame::key(shared, Action::Tick, "tick")),
            Kind::Choice(choice) if choice.items.len() > 1 => {
                let mut both = frame::key(shared, Action::ChooseDown, "choose");
                let up = format!("{} ", shared.keymap.label(Action::ChooseUp));
                both.insert(0, Part::text(up, Role::Key));
                keys.push(both);
            }
            _ => {}
        }
        keys
    }

    /// The text of a field as typed; of a hidden one nothing.
    pub fn text(&self, key: &str) -> &str {
        match self.field(key).filter(|field| field.shown).map(|f| &f.kind) {
            Some(Kind::Text(text)) => text.editor.text(),
            Some(Kind::When(moment)) => moment.editor.text(),
            _ => "",
        }
    }

    /// The text of a field, if it says something.
    pub fn given(&self, key: &str) -> Option<String> {
        Some(self.text(key))
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    }

    /// The id of what is chosen; of a hidden field nothing.
    pub fn choice(&self, key: &str) -> Option<&str> {
        match &self.field(key).filter(|field| field.shown)?.kind {
            Kind::Choice(choice) => choice.chosen().map(|item| item.id.as_str()),
            _ => None,
        }
    }

    /// The ids of what is ticked.
    pub fn ticked(&self, key: &str) -> Vec<&str> {
        match self.field(key).filter(|field| field.shown).map(|f| &f.kind) {
            Some(Kind::Ticks(ticks)) => ticks.ticked(),
            _ => Vec::new(),
        }
    }

    /// The item under the cursor of a list.
    pub fn under(&self, key: &str) -> Option<&Item> {
        match &self.field(key).filter(|field| field.shown)?.kind {
            Kind::Ticks(ticks) => ticks.shown().get(ticks.at).copied(),
            Kind::Choice(choice) => choice.chosen(),
            _ => None,
        }
    }

    /// The instant that was understood.
    pub fn when(&self, key: &str) -> Option<When> {
        match &self.field(key).filter(|field| field.shown)?.kind {
            Kind::When(moment) => moment.reading.when,
            _ => None,
        }
    }

    /// Whether a person changed the field, or a draft did.
    pub fn is_touched(&self, key: &str) -> bool {
        self.field(key).is_some_and(|field| field.touched)
    }

    /// Shows or hides a field.
    pub fn show(&mut self, key: &str, shown: bool) {
        if let Some(field) = self.field_mut(key) {
            field.shown = shown;
        }
        self.settle_focus();
    }

    /// Whether a field must not stay empty.
    pub fn require(&mut self, key: &str, required: bool) {
        if let Some(field) = self.field_mut(key) {
            field.required = required;
        }
    }

    /// A sentence under a field, or none.
    pub fn note(&mut self, key: &str, note: Option<String>) {
        if let Some(field) = self.field_mut(key) {
            field.note = note;
        }
    }

    /// Other ready phrases for a text.
    pub fn set_phrases(&mut self, key: &str, phrases: &[&str]) {
        if let Some(field) = self.field_mut(key) {
            field.set_phrases(phrases);
        }
    }

    /// What is wrong with a field; it gets the focus.
    pub fn fault(&mut self, key: &str, sentence: impl Into<String>) {
        if let Some(field) = self.field_mut(key) {
            field.fault = Some(sentence.into());
        }
        self.focus_on(key);
    }

    /// Another value; the field counts as untouched.
    pub fn set(&mut self, key: &str, value: &str, clock: Clock) {
        if let Some(field) = self.field_mut(key) {
            field.fill(value);
            field.read(clock);
        }
    }

    /// Other items of a choice or of ticks; what is chosen and ticked stays where it can.
    pub fn set_items(&mut self, key: &str, items: Vec<Item>) {
        match self.field_mut(key).map(|field| &mut field.kind) {
            Some(Kind::Choice(choice)) => choice.set_items(items),
            Some(Kind::Ticks(ticks)) => ticks.set_items(items),
            _ => {}
        }
    }

    /// Adds a field at the end and gives it the focus; one of that key stands already: it is shown.
    pub fn add(&mut self, field: Field) {
        let key = field.key;
        match self.field_mut(key) {
            Some(there) => {
                there.shown = true;
                there.required |= field.required;
            }
            None => self.fields.push(field),
        }
        self.focus_on(key);
    }

    /// What is to be kept as a draft: the fields that a person changed.
    pub fn draft(&self) -> Vec<(String, String)> {
        let touched = self.fields.iter().filter(|field| field.touched);
        let kept = touched.map(|field| (field.key.to_owned(), field.held()));
        kept.collect()
    }

    /// Fills fields from a draft; gives whether any was.
    pub fn restore(&mut self, draft: &[(String, String)], clock: Clock) -> bool {
        let mut restored = false;
        for (key, value) in draft {
            if let Some(field) = self.field_mut(key) {
                field.fill(value);
                field.edited(clock);
                restored = true;
            }
        }
        restored
    }

    /// Reads every instant as of now.
    pub fn read(&mut self, clock: Clock) {
        for field in &mut self.fields {
            field.read(clock);
        }
    }

    /// Whether there are no fields to go through.
    pub fn is_empty(&self) -> bool {
        self.fields.iter().all(|field| !field.shown)
    }

    /// Whether the focused field is the last one.
    pub fn is_last(&self) -> bool {
        self.next(self.focus).is_none()
    }

    fn next(&self, at: usize) -> Option<usize> {
        (at + 1..self.fields.len()).find(|at| self.fields.get(*at).is_some_and(|f| f.shown))
    }

    fn previous(&self, at: usize) -> Option<usize> {
        (0..at)
            .rev()
            .find(|at| self.fields.get(*at).is_some_and(|f| f.shown))
    }

    fn settle_focus(&mut self) {
        if self.focused().is_none() {
            let next = self
                .next(self.focus)
                .or_else(|| self.previous(self.focus))
                .or_else(|| self.fields.iter().position(|field| field.shown));
            self.focus = next.unwrap_or(self.focus);
        }
    }

    /// Looks for what is wrong; the first such field gets the focus and says it.
    pub fn check(&mut self) -> bool {
        let mut first = None;
        for (at, field) in self.fields.iter_mut().enumerate() {
            field.fault = field.wrong(true).filter(|_| field.shown);
            if field.fault.is_some() && first.is_none() {
                first = Some(at);
            }
        }
        self.focus = first.unwrap_or(self.focus);
        first.is_none()
    }

    /// Whether nothing is wrong as the fields stand.
    pub fn is_right(&self) -> bool {
        let mut shown = self.fields.iter().filter(|field| field.shown);
        shown.all(|field| field.wrong(true).is_none())
    }

    /// Takes an input of the dialog.
    pub fn input(&mut self, input: &LayerInput, clock: Clock) -> Step {
        match input {
            LayerInput::Action(Action::Confirm) => return self.enter(),
            LayerInput::Action(Action::NextField) => self.go(true),
            LayerInput::Action(Action::PreviousField) => self.go(false),
            LayerInput::Action(action) => self.act(*action, clock),
            LayerInput::Char(c) => self.type_char(*c, clock),
            LayerInput::Paste(text) => self.paste(text, clock),
            _ => {}
        }
        Step::Stay
    }

    fn enter(&mut self) -> Step {
        let Some(next) = self.next(self.focus) else {
            return match self.check() {
                true => Step::Confirm,
                false => Step::Stay,
            };
        };
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.fault = field.wrong(false);
            if field.fault.is_some() {
                return Step::Stay;
            }
        }
        self.leave();
        self.focus = next;
        match self.next(next) {
            None => Step::ToLast,
            Some(_) => Step::Stay,
        }
    }

    /// The focus goes on: a list shows all again, with what was chosen.
    fn leave(&mut self) {
        if let Some(Kind::Choice(choice)) = self.fields.get_mut(self.focus).map(|f| &mut f.kind) {
            choice.widen();
        }
    }

    fn go(&mut self, on: bool) {
        if let Some(field) = self.fields.get_mut(self.focus) {
            field.fault = field.wrong(false);
        }
        self.leave();
        let next = if on {
            self.next(self.focus)
                .or_else(|| self.fields.iter().position(|field| field.shown))
        } else {
            self.previous(self.focus)
                .or_else(|| self.fields.iter().rposition(|field| field.shown))
        };
        self.focus = next.unwrap_or(self.focus);
    }

    fn act(&mut self, action: Action, clock: Clock) {
        use Action as A;
        let Some(field) = self.fields.get_mut(self.focus).filter(|f| f.shown) else {
            return;
        };
        let down = action == A::ChooseDown;
        let (mut edited, mut leave) = (false, None);
        match &mut field.kind {
            Kind::Choice(choice) => {
                match action {
                    A::ChooseUp | A::ChooseLeft => choice.step(-1),
                    A::ChooseDown | A::ChooseRight => choice.step(1),
                    A::ToStart => choice.step(isize::MIN),
                    A::ToEnd => choice.step(isize::MAX),
                    A::EraseBack => choice.narrow(shorter(&choice.typed)),
                    A::EraseWord | A::EraseLine => choice.narrow(String::new()),
                    _ => return,
                }
                edited = true;
            }
            Kind::Ticks(ticks) => match action {
                A::ChooseUp => ticks.step(-1),
                A::ChooseDown => ticks.step(1),
                A::ToStart => ticks.step(isize::MIN),
                A::ToEnd => ticks.step(isize::MAX),
                A::Tick => {
                    ticks.toggle();
                    edited = true;
                }
                A::EraseBack => ticks.narrow(shorter(&ticks.typed)),
                A::EraseWord | A::EraseLine => ticks.narrow(String::new()),
                _ => {}
            },
            Kind::Text(_) | Kind::When(_) | Kind::Number { .. } => {
                if matches!(action, A::ChooseUp | A::ChooseDown) {
                    let moved = field
                        .editor()
                        .is_some_and(|editor| if down { editor.down() } else { editor.up() });
                    edited = !moved && field.pick(down);
                    if !moved && !edited {
                        leave = Some(down);
                    }
                } else if let Some(editor) = field.editor() {
                    edited = edit(editor, action);
                }
            }
        }
        if edited {
            field.edited(clock);
        }
        let has_way = |on: bool| match on {
            true => self.next(self.focus),
            false => self.previous(self.focus),
        };
        if let Some(next) = leave.and_then(has_way) {
            self.focus = next;
        }
    }

    fn type_char(&mut self, c: char, clock: Clock) {
        let Some(field) = self.fields.get_mut(self.focus).filter(|f| f.shown) else {
            return;
        };
        match &mut field.kind {
            Kind::Choice(choice) => match longer(&choice.typed, c) {
                Some(typed) => choice.narrow(typed),
                None => return,
            },
            Kind::Ticks(ticks) if c == ' ' => ticks.toggle(),
            Kind::Ticks(ticks) => {
                if let Some(typed) = longer(&ticks.typed, c) {
                    ticks.narrow(typed);
                }
                return;
            }
            _ => {
                if let Some(editor) = field.editor() {
                    editor.insert(c);
                }
            }
        }
        field.edited(clock);
    }

    fn paste(&mut self, text: &str, clock: Clock) {
        let Some(field) = self.fields.get_mut(self.focus).filter(|f| f.shown) else {
            return;
        };
        if let Some(editor) = field.editor() {
            editor.paste(text);
            field.edited(clock);
        }
    }
}

/// What narrows a list with one more letter, if it is one.
fn longer(typed: &str, c: char) -> Option<String> {
    (!c.is_control() && typed.len() < 60).then(|| format!("{typed}{c}"))
}

/// The same with the last letter erased.
fn shorter(typed: &str) -> String {
    let mut typed = typed.to_owned();
    typed.pop();
    typed
}

/// Moves in a text or erases; gives whether the text changed.
pub(super) fn edit(editor: &mut Editor, action: Action) -> bool {
    use Action as A;
    match action {
        A::ChooseLeft => {
            editor.left();
        }
        A::ChooseRight => {
            editor.right();
        }
        A::ToStart => editor.to_start(),
        A::ToEnd => editor.to_end(),
        A::EraseBack => return editor.erase_back(),
        A::EraseForward => return editor.erase_forward(),
        A::EraseWord => return editor.erase_word(),
        A::EraseLine => return editor.erase_line(),
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests;
