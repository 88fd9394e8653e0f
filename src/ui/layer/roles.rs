//! Roles: who sits in which seat, and who decides a duty. An empty name vacates.

use super::dialog::{self, Body, Fault, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, row};
use super::pick::{self, SEATS, seat};
use crate::domain::command::Command;
use crate::domain::command::assign::Assign;
use crate::domain::command::text::NAME;
use crate::domain::word::Seat;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// What stands before a duty's id among the seats.
const DECIDES: &str = "decider:";

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Roles, shared, |look| Ok((Roles, form(look))))
}

#[derive(Debug)]
struct Roles;

fn form(look: &Look<'_>) -> Form {
    let items: Vec<Item> = seats(look);
    let vacant = SEATS.iter().find(|of| vacant(look, **of));
    let first = vacant.map_or(Seat::Commander, |of| *of);
    let chosen = match &look.shared.selected_duty {
        Some(duty) => format!("{DECIDES}{duty}"),
        None => first.as_str().to_owned(),
    };
    let names = pick::names(look.shared, look.target.source);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let person = Field::text("person", "person", NAME).hint("empty: the seat becomes vacant");
    let person = match look.texts() {
        true => person.phrases(&names),
        false => person,
    };
    let seat = Field::choice("seat", "seat", items).value(&chosen);
    Form::new(vec![seat, person])
}

fn vacant(look: &Look<'_>, seat: Seat) -> bool {
    look.incident.seat(seat).is_none() && !look.incident.is_masked(seat.as_str())
}

/// Every seat, then every duty's decider, each with who is there.
fn seats(look: &Look<'_>) -> Vec<Item> {
    let incident = look.incident;
    let held = |of: Seat| match incident.seat(of) {
        _ if incident.is_masked(of.as_str()) || !look.texts() => {
            row(look.shared.glyphs.masked(), Role::Masked)
        }
        Some(person) => row(person.to_owned(), Role::Text),
        None => row("VACANT", Role::Vacant),
    };
    let seats = SEATS
        .iter()
        .map(|of| Item::new(of.as_str(), seat(*of)).with(held(*of)));
    let duties = incident
        .duties
        .iter()
        .filter(|duty| duty.enabled && !duty.status.is_finished())
        .map(|duty| {
            let more = match &duty.decider.person {
                Some(_) if !look.texts() => row(look.shared.glyphs.masked(), Role::Masked),
                Some(person) => row(person.clone(), Role::Text),
                None if incident.is_masked("decider") => {
                    row(look.shared.glyphs.masked(), Role::Masked)
                }
                None => row("NOBODY DECIDES", Role::Vacant),
            };
            let name = format!("decides {}", look.duty_name(duty));
            Item::new(format!("{DECIDES}{}", duty.id), name).with(more)
        });
    seats.chain(duties).collect()
}

/// Who is there now.
fn holder<'a>(id: &str, look: &Look<'a>) -> Option<&'a str> {
    match id.strip_prefix(DECIDES) {
        Some(duty) => pick::duty(look.incident, duty)?.decider.person.as_deref(),
        None => look.incident.seat(id.parse().ok()?),
    }
}

fn name(id: &str, look: &Look<'_>) -> String {
    match (id.strip_prefix(DECIDES), id.parse::<Seat>()) {
        (Some(id), _) => {
            format!("decider of {}", look.duty_named(id))
        }
        (None, Ok(of)) => seat(of),
        (None, Err(_)) => id.to_owned(),
    }
}

impl Body for Roles {
    fn facts(&self, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let offers = look.incident.hand_overs.iter().filter(|_| look.texts());
        offers
            .map(|offer| {
                let text = format!(
                    "{} is offered to {} by {}, not taken yet",
                    seat(offer.role),
                    offer.to,
                    offer.by
                );
                row(text, Role::Notice)
            })
            .collect()
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reversible
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        let id = form.choice("seat").unwrap_or_default();
        let seat = name(id, look);
        match form.given("person") {
            Some(person) => format!("make {} {seat}", person.trim()),
            None => format!("vacate {seat}"),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let id = form.choice("seat").unwrap_or_default();
        let person = form.given("person").map(|name| name.trim().to_owned());
        if person.as_deref() == holder(id, look) {
            let sentence = match &person {
                Some(person) => format!("{person} is that already."),
                None => "It is vacant already; name somebody.".to_owned(),
            };
            return Err(Fault::field("person", sentence));
        }
        let (role, duty) = match id.strip_prefix(DECIDES) {
            Some(duty) => (Seat::Decider, Some(duty.to_owned())),
            None => {
                let role = id
                    .parse()
                    .map_err(|_| Fault::field("seat", "Choose a seat."))?;
                (role, None)
            }
        };
        Ok(Command::Assign(Assign { role, person, duty }))
    }
}
