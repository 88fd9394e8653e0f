//! `R`: for whom an incident exists. For everybody else it is gone from every list, so it is confirmed as legal record;
//! who newly sees it once it is lifted is told by the backend before the last key.

use super::dialog::{self, Body, Fault, Foresees, Look, Opened, Weight};
use super::form::{Field, Form, Row, row};
use super::pick::{self, SEATS, before_after};
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
        .hint("names with commas or blanks between; empty: lift it");
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

/// Names with commas or blanks between, each once. One that is known with a blank in it stays one.
pub(super) fn people(form: &Form, known: &[String]) -> Vec<String> {
    let typed = form.text("people").split(',').map(str::trim);
    let each = typed.flat_map(|part| match known.iter().any(|name| name == part) {
        true => vec![part.to_owned()],
        false => part.split_whitespace().map(str::to_owned).collect(),
    });
    distinct(each.collect())
}

/// The names that this board has seen.
fn known(look: &Look<'_>) -> Vec<String> {
    let mut known = pick::seen(look.shared, look.target.source);
    if let Some(restriction) = &look.incident.restriction {
        known.extend(restriction.people.iter().cloned());
    }
    known
}

/// A name that nobody has locks out whoever was meant.
fn unknown(form: &Form, look: &Look<'_>) -> Option<Row> {
    let known = known(look);
    let mut named = people(form, &known);
    named.retain(|name| !known.contains(name));
    (!named.is_empty()).then(|| {
        let text = format!(
            "Not seen on this board: {}. Only the exact name of a token lets a person in.",
            named.join(", ")
        );
        row(text, Role::Missing)
    })
}

/// The list that they make: whoever restricts stands first on it, named or not.
pub(super) fn with(me: &str, form: &Form, known: &[String]) -> Vec<String> {
    let me = std::iter::once(me.to_owned());
    distinct(me.chain(people(form, known)).collect())
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
            &then(&people(form, &known(look)), look),
        )];
        rows.extend(unknown(form, look));
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
        let people = people(form, &known(look));
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
        let people = people(form, &known(look));
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
        let mut rows = vec![before_after(
            look.shared,
            "sees it",
            &now(look),
            &then(&people(form, &known(look)), look),
        )];
        rows.extend(unknown(form, look));
        rows
    }
}
