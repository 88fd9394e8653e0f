//! `R`: for whom an incident exists. For everybody else it is gone from every list, so it is confirmed as legal record;
//! who newly sees it once it is lifted is told by the backend before the last key.

use super::dialog::{self, Body, Fault, Foresees, Look, Opened, Weight};
use super::form::{Field, Form, Row, row};
use super::pick::{SEATS, before_after};
use crate::domain::command::Command;
use crate::domain::command::restrict::Restrict as Order;
use crate::ui::keymap::Action;
use crate::ui::phrase::Form as Written;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Longest list as it is typed, in characters.
pub(super) const LIST: usize = 4_000;

#[derive(Debug)]
struct Restrict;

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Restrict, shared, |look| Ok((Restrict, form(look))))
}

/// The list as it is; before there is one, those who work on it already.
fn form(look: &Look<'_>) -> Form {
    let incident = look.incident;
    let people: Vec<String> = match &incident.restriction {
        Some(restriction) => restriction.people.clone(),
        None => SEATS
            .iter()
            .filter_map(|seat| incident.seat(*seat))
            .map(str::to_owned)
            .collect(),
    };
    let shown = match look.texts() {
        true => distinct(people).join(", "),
        false => String::new(),
    };
    let field = Field::text("people", "people", LIST)
        .value(&shown)
        .hint("names with commas between; empty: lift it");
    Form::new(vec![field])
}

fn distinct(people: Vec<String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for name in people {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    seen
}

/// The names that were typed, each once.
pub(super) fn people(form: &Form) -> Vec<String> {
    let typed = form.text("people").split(',').map(str::trim);
    let named = typed.filter(|name| !name.is_empty());
    distinct(named.map(str::to_owned).collect())
}

/// The list that they make: whoever restricts stands first on it, named or not.
pub(super) fn with(me: &str, form: &Form) -> Vec<String> {
    let me = std::iter::once(me.to_owned());
    distinct(me.chain(people(form)).collect())
}

fn now(look: &Look<'_>) -> String {
    match &look.incident.restriction {
        None => "everybody with the service".to_owned(),
        Some(_) if !look.texts() => look.shared.glyphs.masked().to_owned(),
        Some(restriction) => restriction.people.join(", "),
    }
}

fn then(people: &[String], look: &Look<'_>) -> String {
    let me = look.me();
    match people.is_empty() {
        true => "everybody with the service".to_owned(),
        false if people.contains(&me) => people.join(", "),
        false => format!("{}, {}", look.who(&me), people.join(", ")),
    }
}

impl Body for Restrict {
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let mut rows = vec![before_after(
            look.shared,
            "sees it",
            &now(look),
            &then(&people(form), look),
        )];
        if let Some(restriction) = &look.incident.restriction {
            let at = look.shared.instant(
                look.target.source,
                look.incident,
                restriction.at,
                Written::Weekday,
            );
            let by = match look.texts() {
                true => restriction.by.as_str(),
                false => look.shared.glyphs.masked(),
            };
            rows.push(row(format!("restricted by {by}, {at}"), Role::Dim));
        }
        rows.push(row(
            "For everybody else, admins too, it is in no list, count, page text or display, and its id answers as if there were none.",
            Role::Text,
        ));
        rows
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Record
    }

    fn foresees(&self) -> Foresees {
        Foresees::AtTheEnd
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        let people = people(form);
        match people.is_empty() {
            true => "lift the restriction".to_owned(),
            false => {
                let me = usize::from(!people.contains(&look.me()));
                match people.len() + me {
                    1 => "restrict it to you".to_owned(),
                    n => format!("restrict it to {n} people"),
                }
            }
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let people = people(form);
        if people.is_empty() && look.incident.restriction.is_none() {
            return Err(Fault::field(
                "people",
                "It is not restricted; name who shall see it.",
            ));
        }
        Ok(Command::Restrict(Order {
            people: Some(people).filter(|people| !people.is_empty()),
        }))
    }

    fn review(&self, _command: &Command, form: &Form, look: &Look<'_>) -> Vec<Row> {
        vec![before_after(
            look.shared,
            "sees it",
            &now(look),
            &then(&people(form), look),
        )]
    }
}
