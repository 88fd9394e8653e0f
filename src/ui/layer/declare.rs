//! `D`: the decision, with a name, that it is a customer-reportable breach. Every duty is shown before and after; it is
//! legal record.

use super::dialog::{self, Body, Fault, Foresees, Look, Opened, Weight, duty_words, reason};
use super::form::{Field, Form, Row, Side, fact, row};
use super::pick;
use crate::domain::command::Command;
use crate::domain::command::declare::Declare;
use crate::domain::duty;
use crate::domain::instant::Instant;
use crate::domain::view::{DutyView, TriggerView};
use crate::domain::when::When;
use crate::domain::word::{DutyStatus, Reportable};
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::phrase::{Form as Written, instant};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

const REASONS: &[&str] = &[
    "confirmed access to customer data",
    "customer data left our control",
    "access to customer data cannot be ruled out",
];
/// The trigger that a declaration sets.
const DECLARED: &str = "declared_at";
#[derive(Debug)]
struct Declaring;

/// Opens the dialog.
pub(super) fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Declare, shared, |look| {
        let again = look.incident.reportable == Reportable::Declared;
        let mut at = Field::when("at", "declared", Side::Past);
        at = match again {
            true => at.required(),
            false => at.hint("empty: now, by the backend's clock"),
        };
        let form = Form::new(vec![at, reason("reason", REASONS)]);
        Ok((Declaring, form))
    })
}

fn standing<'a>(look: &Look<'a>) -> Option<&'a TriggerView> {
    look.incident.triggers.get(DECLARED)
}

/// Whether the instant would be later than the one on record, and so wait for a second person.
fn is_later(form: &Form, look: &Look<'_>) -> bool {
    is_later_than_recorded(form.when("at").map(|when| when.at), look)
}

fn is_later_than_recorded(given: Option<Instant>, look: &Look<'_>) -> bool {
    let zones = duty::zones_of(&look.incident.profile);
    let later = |at: Instant, was: &TriggerView| {
        duty::is_later(DECLARED, was, When::exact(at), look.incident.pass, &zones)
    };
    look.incident.reportable == Reportable::Declared
        && given
            .zip(standing(look))
            .is_some_and(|(at, was)| later(at, was))
}

fn written(at: Instant, look: &Look<'_>) -> String {
    instant(at, look.now(), look.clock().zone, Written::Full).text
}

/// What a declaration makes of a duty, as far as that needs no counting; none where it changes nothing.
fn after(duty: &DutyView, look: &Look<'_>) -> Option<&'static str> {
    let waits = duty.trigger.as_deref() == Some(DECLARED);
    let undone =
        duty.status == DutyStatus::NotRequired && look.incident.reportable == Reportable::No;
    if duty.status.is_finished() && !undone {
        return None;
    }
    match (waits, undone) {
        (true, _) => Some("runs from then, as its rule counts"),
        (false, true) => Some("stands again, as its rule counts"),
        (false, false) => None,
    }
}

fn duty_rows(look: &Look<'_>, proposed: bool) -> Vec<Row> {
    let (mut changed, mut same) = (Vec::new(), Vec::new());
    for duty in look.incident.duties.iter().filter(|duty| duty.enabled) {
        let before = duty_words(duty, look);
        match after(duty, look).filter(|_| !proposed) {
            Some(after) => {
                changed.push(row(look.duty_name(duty), Role::Text));
                changed.push(vec![
                    Part::text("  before  ", Role::Dim),
                    Part::text(before, Role::Before),
                ]);
                changed.push(vec![
                    Part::text("  after   ", Role::Dim),
                    Part::text(after, Role::After),
                ]);
            }
            None => same.push(vec![
                Part::text(format!("{}  ", look.duty_name(duty)), Role::Dim),
                Part::text(format!("stays: {before}"), Role::Before),
            ]),
        }
    }
    if changed.is_empty() {
        changed.push(row(
            match proposed {
                true => "No duty changes until a second person confirms the later instant.",
                false => "No duty runs from the declaration; what runs already stays as it is.",
            },
            Role::Text,
        ));
    }
    changed.extend(same);
    changed
}

impl Body for Declaring {
    fn facts(&self, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let incident = look.incident;
        let now = match (&incident.reportable, &incident.reportable_by) {
            (Reportable::Unknown, _) => "unknown: nobody has answered".to_owned(),
            (word, Some(by)) => {
                let reason = by.reason.as_deref().filter(|_| look.texts());
                let reason = reason.map_or(String::new(), |reason| format!(": {reason}"));
                format!(
                    "{word}, {}, {}{reason}",
                    look.who(&by.by),
                    written(by.at, look)
                )
            }
            (word, None) => word.to_string(),
        };
        let mut rows = vec![
            fact("reportable", now, Role::Before),
            fact(
                "becomes",
                format!("declared, {}", look.who(&look.me())),
                Role::After,
            ),
        ];
        if incident.reportable == Reportable::Declared {
            rows.push(row(
                "It is declared already: an earlier instant counts at once, a later one waits for a second person.",
                Role::DialogWarning,
            ));
        }
        rows
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        let later = is_later(form, look);
        form.require("reason", later);
        let note = later.then(|| {
            "Later than recorded: it is proposed, with this reason; the earlier one counts until a second person confirms."
                .to_owned()
        });
        form.note("reason", note);
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Record
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        match (is_later(form, look), look.incident.reportable) {
            (true, _) => "propose a later declaration".to_owned(),
            (false, Reportable::Declared) => "correct the declaration".to_owned(),
            _ => "declare a customer-reportable breach".to_owned(),
        }
    }

    fn command(&self, form: &Form, _look: &Look<'_>) -> Result<Command, Fault> {
        Ok(Command::Declare(Declare {
            at: pick::to_the_minute(form, "at")?,
            reason: form.given("reason"),
        }))
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let Command::Declare(declare) = command else {
            return Vec::new();
        };
        let now = look.now();
        let at = match declare.at {
            Some(at) => written(at, look),
            None => format!("now, by the backend's clock: about {}", written(now, look)),
        };
        let before =
            standing(look).map_or("not declared".to_owned(), |was| written(was.at.at, look));
        let mut rows = vec![
            fact("before", before, Role::Before),
            fact(
                "after",
                format!("declared {at}, {}", look.who(&look.me())),
                Role::After,
            ),
        ];
        rows.extend(
            declare
                .reason
                .clone()
                .map(|reason| fact("reason", reason, Role::After)),
        );
        rows
    }

    fn foresees(&self) -> Foresees {
        Foresees::Always
    }

    fn foreseen(&self, command: Command, form: &Form, look: &Look<'_>) -> Command {
        match command {
            // Only a later instant needs a reason to be taken at all; which one changes no clock.
            Command::Declare(declare) => Command::Declare(Declare {
                reason: is_later(form, look).then(|| "later than recorded".to_owned()),
                ..declare
            }),
            other => other,
        }
    }

    fn unforeseen(&self, command: &Command, look: &Look<'_>) -> Vec<Row> {
        let at = match command {
            Command::Declare(declare) => declare.at,
            _ => None,
        };
        duty_rows(look, is_later_than_recorded(at, look))
    }
}
