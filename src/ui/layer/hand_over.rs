//! Hand over: a seat is offered to somebody, who has it once they take it; or a vacant or offered seat is taken.

use super::dialog::{self, Body, Fault, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, row};
use super::pick::{self, SEATS, seat};
use crate::domain::allowed::CommandKind;
use crate::domain::command::Command;
use crate::domain::command::hand_over::HandOver;
use crate::domain::command::take::Take;
use crate::domain::command::text::NAME;
use crate::domain::word::{Role as CallerRole, Seat};
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

const OVER: &str = "over:";
const TAKE: &str = "take:";

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::HandOver, shared, |look| {
        let items = items(look);
        if items.is_empty() {
            return Err(format!(
                "No seat of {} is yours to hand over, vacant, or offered to you.",
                look.target.id
            ));
        }
        let names = pick::names(look.shared, look.target.source);
        let me = look.me();
        let names: Vec<&str> = names
            .iter()
            .map(String::as_str)
            .filter(|name| *name != me)
            .collect();
        let to = Field::text("to", "to", NAME).required();
        let to = if look.texts() { to.phrases(&names) } else { to };
        Ok((
            Seats,
            Form::new(vec![Field::choice("does", "what", items), to]),
        ))
    })
}

#[derive(Debug)]
struct Seats;

/// What is offered to me, what I hold, what is vacant, and as a commander what others hold.
fn items(look: &Look<'_>) -> Vec<Item> {
    let incident = look.incident;
    let me = look.me();
    let may = |kind| look.shared.may(kind, look.target).is_ok();
    let (over, take) = (may(CommandKind::HandOver), may(CommandKind::Take));
    let role = look
        .shared
        .caller(look.target.source)
        .map(|caller| caller.role);
    let mut items: Vec<(u8, Item)> = Vec::new();
    for of in SEATS {
        if incident.is_masked(of.as_str()) {
            continue;
        }
        let holder = incident.seat(of);
        let mine = holder == Some(me.as_str());
        let offer = incident.hand_overs.iter().find(|offer| offer.role == of);
        let offered = offer.filter(|offer| offer.to == me);
        // A commander's seat is taken with a commander's token.
        let fit = of != Seat::Commander || role >= Some(CallerRole::Commander);
        if take && fit && !mine && (holder.is_none() || offered.is_some()) {
            let more = match offered {
                Some(offer) if look.texts() => {
                    row(format!("offered by {}", offer.by), Role::Notice)
                }
                Some(_) => row("offered", Role::Notice),
                None => row("VACANT", Role::Vacant),
            };
            let rank = if offered.is_some() { 0 } else { 2 };
            let item = Item::new(format!("{TAKE}{of}"), format!("take {}", seat(of)));
            items.push((rank, item.with(more)));
        }
        if let Some(holder) = holder.filter(|_| over) {
            let more = match mine {
                true => row("yours", Role::Text),
                false if !look.texts() => row(look.shared.glyphs.masked(), Role::Masked),
                false => row(holder.to_owned(), Role::Dim),
            };
            let rank = if mine { 1 } else { 3 };
            let item = Item::new(format!("{OVER}{of}"), format!("hand over {}", seat(of)));
            items.push((rank, item.with(more)));
        }
    }
    items.sort_by_key(|(rank, _)| *rank);
    items.into_iter().map(|(_, item)| item).collect()
}

/// The seat, and whether it is taken.
fn chosen(form: &Form) -> Option<(Seat, bool)> {
    let id = form.choice("does")?;
    match (id.strip_prefix(TAKE), id.strip_prefix(OVER)) {
        (Some(seat), _) => Some((seat.parse().ok()?, true)),
        (_, Some(seat)) => Some((seat.parse().ok()?, false)),
        _ => None,
    }
}

impl Body for Seats {
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let text = match chosen(form) {
            Some((of, true)) => {
                let me = look.me();
                let offers = look.incident.hand_overs.iter();
                let mut offers = offers.filter(|offer| offer.role == of && offer.to == me);
                match offers.next().filter(|_| look.texts()) {
                    Some(offer) => format!("Offered by {}; you have it at once.", offer.by),
                    None => "You have it at once.".to_owned(),
                }
            }
            _ => "Whoever holds the seat keeps it until it is taken.".to_owned(),
        };
        vec![row(text, Role::Dim)]
    }

    fn settle(&mut self, form: &mut Form, _look: &Look<'_>) {
        let over = chosen(form).is_some_and(|(_, takes)| !takes);
        form.show("to", over);
    }

    fn weight(&self, form: &Form, _look: &Look<'_>) -> Weight {
        match chosen(form) {
            Some((_, true)) => Weight::Reversible,
            _ => Weight::Reaches,
        }
    }

    fn does(&self, form: &Form, _look: &Look<'_>) -> String {
        match chosen(form) {
            Some((of, true)) => format!("take the seat: {}", seat(of)),
            Some((of, false)) => {
                let to = form.given("to").unwrap_or_else(|| "somebody".to_owned());
                format!("offer {} to {}", seat(of), to.trim())
            }
            None => "nothing".to_owned(),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let (role, takes) = chosen(form).ok_or_else(|| Fault::field("does", "Choose a seat."))?;
        if takes {
            return Ok(Command::Take(Take { role }));
        }
        let to = form.given("to").unwrap_or_default().trim().to_owned();
        if look.incident.seat(role) == Some(to.as_str()) {
            return Err(Fault::field("to", format!("{to} holds that seat already.")));
        }
        Ok(Command::HandOver(HandOver { role, to }))
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let Command::HandOver(body) = command else {
            return Vec::new();
        };
        let incident = look.incident;
        let of = seat(body.role);
        let holder = incident.seat(body.role).filter(|_| look.texts());
        let keeps = match holder {
            Some(holder) if holder == look.me() => "You keep it until then.".to_owned(),
            Some(holder) => format!("{holder} keeps it until then."),
            None => "It stays as it is until then.".to_owned(),
        };
        let exercise = if incident.exercise { "EXERCISE: " } else { "" };
        vec![
            row(
                format!(
                    "{exercise}{} is offered the seat of {of} of {} {}.",
                    body.to, incident.id, incident.codename
                ),
                Role::DialogWarning,
            ),
            row(
                "They see the offer on the board and take it; nobody is woken.",
                Role::Text,
            ),
            row(keeps, Role::Text),
        ]
    }
}
