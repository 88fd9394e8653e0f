//! `w`: a line for the record, with what kind of line it is and when it happened.

use super::dialog::{self, Body, Fault, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, Side, fact, row};
use crate::domain::command::Command;
use crate::domain::command::note::Note;
use crate::domain::command::text::LONG;
use crate::domain::word::NoteKind;
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;
use crate::ui::upstream;

#[derive(Debug)]
struct Write;

fn means(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::Fact => "what is known, and from where",
        NoteKind::Decision => "what was decided, by whom",
        NoteKind::Assumption => "what is taken to be so until it is known",
        NoteKind::Action => "what is done, by whom, until when",
        NoteKind::Communication => "who was told what",
        NoteKind::Evidence => "what was secured, and where it lies",
    }
}

/// Opens the dialog.
pub(super) fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Write, shared, |_| {
        let kinds = NoteKind::ALL.iter().map(|kind| {
            Item::new(kind.as_str(), kind.as_str()).with(vec![Part::text(means(*kind), Role::Dim)])
        });
        let form = Form::new(vec![
            Field::long("text", "text", LONG).required(),
            Field::choice("kind", "kind", kinds.collect()),
            Field::ticks(
                "privileged",
                "read by",
                vec![
                    Item::new("privileged", "PRIVILEGED").with(vec![Part::text(
                        "only counsel, commanders and you read it; in no export that does not ask for it",
                        Role::Dim,
                    )]),
                ],
            )
            .hint("everybody who sees the incident"),
            Field::when("occurred_at", "happened", Side::Past)
                .hint("empty: now, by the backend's clock"),
        ]);
        Ok((Write, form))
    })
}

impl Body for Write {
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let mut rows = vec![row(
            "Stays in the record as written. Alt-Enter or Ctrl-J begins a new line.",
            Role::Dim,
        )];
        let privileged = !form.ticked("privileged").is_empty();
        let source = look.target.source;
        let words = upstream::note_words(look.shared, source, look.incident, privileged);
        rows.extend(words.map(|words| fact("there", words, Role::Notice)));
        rows
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reversible
    }

    fn does(&self, form: &Form, _look: &Look<'_>) -> String {
        let kind = form.choice("kind").unwrap_or("entry");
        match form.ticked("privileged").is_empty() {
            true => format!("write this {kind}"),
            false => format!("write this PRIVILEGED {kind}"),
        }
    }

    fn command(&self, form: &Form, _look: &Look<'_>) -> Result<Command, Fault> {
        let kind = form
            .choice("kind")
            .and_then(|kind| kind.parse::<NoteKind>().ok())
            .ok_or_else(|| Fault::field("kind", "Choose a kind."))?;
        Ok(Command::Note(Note {
            text: form.text("text").to_owned(),
            kind,
            occurred_at: form.when("occurred_at"),
            privileged: !form.ticked("privileged").is_empty(),
        }))
    }
}
