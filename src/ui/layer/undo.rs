//! Undo: takes one's own last phase move back, within ten minutes and with nothing done since.

use super::dialog::{self, Body, Fault, Look, Opened, Weight};
use super::form::{Form, Row, row};
use crate::domain::command::Command;
use crate::domain::command::undo::{UNDO_MINUTES, Undo};
use crate::domain::view::LastMoveView;
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Undo, shared, |look| {
        takes_back(look).map(|_| (TakeBack, Form::new(Vec::new())))
    })
}

#[derive(Debug)]
struct TakeBack;

/// The move that would be taken back, or why there is none.
fn takes_back<'a>(look: &Look<'a>) -> Result<&'a LastMoveView, String> {
    let id = &look.target.id;
    let Some(last) = look.incident.last_move.as_ref() else {
        return Err(format!("{id} has no phase move to take back."));
    };
    if last.by != look.me() {
        return Err(format!(
            "The last move of {id} is {}'s; only the person who made it takes it back.",
            look.who(&last.by)
        ));
    }
    if look.now() - last.at > chrono::TimeDelta::minutes(UNDO_MINUTES) {
        return Err(format!(
            "The move of {id} is over {UNDO_MINUTES} minutes old and stays; move the incident instead."
        ));
    }
    if last.version != look.incident.persons_version {
        return Err(format!(
            "Something else was done to {id} since the move, so it stays; move the incident instead."
        ));
    }
    Ok(last)
}

impl Body for TakeBack {
    fn facts(&self, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        // Whether it is too late is said when it is asked for: what stands here holds as long as the move does.
        let Some(last) = look.incident.last_move.as_ref() else {
            return vec![row("There is no move to take back any more.", Role::Notice)];
        };
        let from = look.mono(last.at);
        vec![
            vec![
                Part::text("The last move is ", Role::Text),
                Part::Live(LiveText::Age { from }, Role::Text),
                Part::text(" old.", Role::Text),
            ],
            vec![
                Part::text("phase  ", Role::Dim),
                Part::text(look.incident.phase.title(), Role::Before),
                Part::text(format!(" {} ", look.shared.glyphs.becomes()), Role::Dim),
                Part::text(last.from.title(), Role::After),
            ],
            row(
                "Phase, pass and time in phase return; both lines stay in the record.",
                Role::Dim,
            ),
        ]
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reversible
    }

    fn does(&self, _form: &Form, look: &Look<'_>) -> String {
        match look.incident.last_move.as_ref() {
            Some(last) => format!("take the move back, to {}", last.from.short()),
            None => "take the move back".to_owned(),
        }
    }

    fn command(&self, _form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        takes_back(look).map_err(Fault::all)?;
        Ok(Command::Undo(Undo {}))
    }
}
