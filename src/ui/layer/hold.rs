//! Hold: an authority or a written exception allows or orders not to tell yet; or such a hold is released.

use super::dialog::{self, Body, Fault, Foresees, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, Side, row};
use super::pick::{self, before_after};
use crate::domain::command::Command;
use crate::domain::command::hold::Hold;
use crate::domain::command::release::Release;
use crate::domain::command::text::{NAME, REASON};
use crate::domain::instant::Instant;
use crate::domain::view::DutyView;
use crate::ui::keymap::Action;
use crate::ui::phrase::Form as Written;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// What stands before the name of a written exception.
const EXCEPTION: &str = "exception:";

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Hold, shared, |look| {
        let form = form(look);
        match form.choice("does") {
            Some(_) => Ok((Holds, form.past_a_single_choice())),
            None => Err(format!(
                "{} has no duty to hold or release.",
                look.target.id
            )),
        }
    })
}

#[derive(Debug)]
struct Holds;

fn form(look: &Look<'_>) -> Form {
    let source = look.target.source;
    let duties = |passes: &dyn Fn(&DutyView) -> bool| {
        pick::duties(look.shared, source, look.incident, passes)
    };
    let open = duties(&|duty| !duty.status.is_finished());
    let held = duties(&|duty| duty.hold.is_some());
    let mut does = Vec::new();
    if !open.is_empty() {
        does.push(Item::new("hold", "hold a duty"));
    }
    if !held.is_empty() {
        does.push(Item::new("release", "release a hold"));
    }
    let chosen = look.shared.selected_duty.clone().unwrap_or_default();
    Form::new(vec![
        Field::choice("does", "what", does),
        Field::choice("duty", "duty", open)
            .value(&chosen)
            .required(),
        Field::choice("held", "duty", held)
            .value(&chosen)
            .required()
            .hidden(),
        Field::text("kind", "ground", NAME)
            .hint("one that the duty's text knows")
            .required(),
        Field::text("authority", "authority", NAME)
            .hint("who ordered or vetted it")
            .required(),
        Field::text("document", "document", REASON).hint("the order or letter, if there is one"),
        Field::when("at", "from", Side::Past)
            .value("now")
            .required(),
        Field::when("until", "until", Side::Future).hint("empty: no end set"),
    ])
}

fn releases(form: &Form) -> bool {
    form.choice("does") == Some("release")
}

fn at(look: &Look<'_>, at: Instant) -> String {
    look.shared
        .instant(look.target.source, look.incident, at, Written::Weekday)
}

fn due(duty: &DutyView, look: &Look<'_>) -> String {
    match duty.due_at {
        Some(due) => format!("due {}", at(look, due)),
        None => duty.status.as_str().replace('_', " "),
    }
}

impl Body for Holds {
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let held = form
            .choice("held")
            .and_then(|id| pick::duty(look.incident, id));
        match held.and_then(|duty| duty.hold.as_ref()) {
            Some(hold) if look.texts() && !look.incident.is_masked("hold") => {
                let until = hold.until.map_or("no end set".to_owned(), |end| {
                    format!("to {}", at(look, end))
                });
                let text = format!(
                    "held from {} {until}, {}, {}, entered by {}",
                    at(look, hold.from),
                    hold.kind.replace('_', " "),
                    hold.authority,
                    hold.by
                );
                vec![row(text, Role::Text)]
            }
            Some(_) => Vec::new(),
            None => vec![row(
                "A hold stops no clock that had run out before it began.",
                Role::Dim,
            )],
        }
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        let release = releases(form);
        let duty = form
            .choice("duty")
            .and_then(|id| pick::duty(look.incident, id));
        let known = duty.map_or(&[][..], |duty| &duty.holds);
        let grounds: Vec<&str> = known
            .iter()
            .map(String::as_str)
            .chain([EXCEPTION])
            .collect();
        form.set_phrases("kind", &grounds);
        let first = grounds.first().copied().unwrap_or(EXCEPTION);
        if !form.is_touched("kind") && form.text("kind") != first {
            form.set("kind", first, look.clock());
        }
        for key in ["duty", "kind", "authority", "document", "at", "until"] {
            form.show(key, !release);
        }
        form.show("held", release);
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Record
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        let (verb, key) = match releases(form) {
            true => ("release", "held"),
            false => ("hold", "duty"),
        };
        let duty = form
            .choice(key)
            .and_then(|id| pick::duty(look.incident, id));
        format!(
            "{verb} {}",
            duty.map(|duty| look.duty_name(duty)).unwrap_or_default()
        )
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        if releases(form) {
            let duty = form
                .choice("held")
                .and_then(|id| pick::duty(look.incident, id));
            let hold = duty.and_then(|duty| duty.hold.as_ref().map(|hold| (duty, hold)));
            let (duty, hold) =
                hold.ok_or_else(|| Fault::field("held", "That duty is not held any more."))?;
            return Ok(Command::Release(Release {
                duty: duty.id.clone(),
                hold: hold.id.clone(),
            }));
        }
        let duty = form
            .choice("duty")
            .ok_or_else(|| Fault::field("duty", "Choose a duty."))?;
        let from = pick::to_the_minute(form, "at")?;
        // A day alone ends the hold with its first minute: the earlier end is the safe one.
        let until = form.when("until").map(|when| when.at);
        if until.is_some_and(|until| from.is_some_and(|from| until <= from)) {
            return Err(Fault::field("until", "The hold ends before it begins."));
        }
        let kind = form.given("kind");
        if kind.as_deref().map(str::trim) == Some(EXCEPTION) {
            return Err(Fault::field(
                "kind",
                "Name the exception: exception:<name>.",
            ));
        }
        Ok(Command::Hold(Hold {
            duty: duty.to_owned(),
            kind: kind.unwrap_or_default(),
            at: from,
            until,
            authority: form.given("authority").unwrap_or_default(),
            document: form.given("document"),
        }))
    }

    fn foresees(&self) -> Foresees {
        Foresees::AtTheEnd
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let (id, after, more) = match command {
            Command::Hold(body) => {
                let until = match body.until {
                    Some(until) => format!("HELD to {}, then due", at(look, until)),
                    None => "HELD, no end set".to_owned(),
                };
                let document = body.document.as_ref();
                let document = document.map(|of| format!(", {of}")).unwrap_or_default();
                let ground = body.kind.replace('_', " ");
                (
                    &body.duty,
                    until,
                    format!("{ground}, {}{document}", body.authority),
                )
            }
            Command::Release(body) => (
                &body.duty,
                "its clock counts again".to_owned(),
                "The hold stays in the record as released by you.".to_owned(),
            ),
            _ => return Vec::new(),
        };
        let duty = pick::duty(look.incident, id);
        let name = look.duty_named(id);
        let before = match (command, duty) {
            (Command::Release(_), _) => "HELD".to_owned(),
            (_, Some(duty)) => due(duty, look),
            (_, None) => "not held".to_owned(),
        };
        vec![
            row(name, Role::Title),
            before_after(look.shared, "", &before, &after),
            row(more, Role::Text),
        ]
    }
}
