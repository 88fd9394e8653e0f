//! Verdict: counsel's word that a duty asks for no notice, or that it does after all; and the answer no to the question
//! whether customers must be told.

use super::dialog::{self, Body, Fault, Foresees, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, Side, row};
use super::pick::{self, before_after};
use crate::domain::allowed::CommandKind;
use crate::domain::command::Command;
use crate::domain::command::decide_duty::Decide;
use crate::domain::command::not_reportable::NotReportable;
use crate::domain::command::text::REASON;
use crate::domain::instant::Instant;
use crate::domain::view::DutyView;
use crate::domain::word::{DutyStatus, Reportable};
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

const NO_NOTICE: &str = "no_notice";
const NOTICE: &str = "notice";
const NOT_REPORTABLE: &str = "not_reportable";

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Verdict, shared, |look| {
        let form = form(look);
        match form.choice("does") {
            Some(_) => Ok((Verdict, form)),
            None => Err(format!(
                "{} asks for no verdict that is yours.",
                look.target.id
            )),
        }
    })
}

#[derive(Debug)]
struct Verdict;

fn form(look: &Look<'_>) -> Form {
    let may = |kind| look.shared.may(kind, look.target).is_ok();
    let duties = |passes: &dyn Fn(&DutyView) -> bool| {
        pick::duties(look.shared, look.target.source, look.incident, passes)
    };
    let open = duties(&|duty| !duty.status.is_finished());
    let against = duties(&|duty| duty.status == DutyStatus::Decided);
    let mut does = Vec::new();
    if may(CommandKind::NotReportable) && look.incident.reportable == Reportable::Unknown {
        does.push(Item::new(NOT_REPORTABLE, "not reportable at all"));
    }
    if may(CommandKind::Decide) && !open.is_empty() {
        does.push(Item::new(NO_NOTICE, "a duty asks for no notice"));
    }
    if may(CommandKind::Decide) && !against.is_empty() {
        does.push(Item::new(NOTICE, "a duty asks for notice after all"));
    }
    if may(CommandKind::NotReportable) && look.incident.reportable == Reportable::Declared {
        does.push(Item::new(NOT_REPORTABLE, "not reportable after all"));
    }
    let chosen = look.shared.selected_duty.clone().unwrap_or_default();
    Form::new(vec![
        Field::choice("does", "what", does),
        Field::choice("duty", "duty", open)
            .value(&chosen)
            .required(),
        Field::choice("against", "duty", against)
            .value(&chosen)
            .required(),
        Field::text("because", "because", REASON)
            .phrases(&[
                "no personal data",
                "no risk to persons",
                "data was encrypted, keys are safe",
                "no tenant of ours",
            ])
            .required(),
        Field::when("review_on", "look again on", Side::Future)
            .hint("a day as 2026-12-01; empty: no day set"),
    ])
}

fn does(form: &Form) -> &str {
    form.choice("does").unwrap_or_default()
}

fn duty<'a>(form: &Form, look: &Look<'a>) -> Option<&'a DutyView> {
    let key = if does(form) == NOTICE {
        "against"
    } else {
        "duty"
    };
    pick::duty(look.incident, form.choice(key)?)
}

/// The duties that the answer no ends: those that wait for a declaration or count from it.
fn ended<'a>(look: &Look<'a>) -> impl Iterator<Item = &'a DutyView> {
    let open = look.incident.duties.iter();
    let open = open.filter(|duty| duty.enabled && !duty.status.is_finished());
    open.filter(|duty| {
        duty.trigger.as_deref() == Some("declared_at")
            || matches!(duty.regime.as_str(), "ms-dpa" | "ms-72h")
    })
}

/// The day as the record writes it. A day typed alone is that day, whatever the zone.
fn day(at: Instant) -> String {
    at.format("%Y-%m-%d").to_string()
}

impl Body for Verdict {
    fn facts(&self, form: &Form, _look: &Look<'_>) -> Vec<Row> {
        let text = match does(form) {
            NOT_REPORTABLE => "The record keeps your name and your reason; declaring it undoes it.",
            _ => "The record keeps your name as counsel and the ground.",
        };
        vec![row(text, Role::Dim)]
    }

    fn settle(&mut self, form: &mut Form, _look: &Look<'_>) {
        let what = does(form).to_owned();
        form.show("duty", what == NO_NOTICE);
        form.show("against", what == NOTICE);
        form.show("review_on", what == NO_NOTICE);
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Record
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        let name = duty(form, look)
            .map(|duty| look.duty_name(duty))
            .unwrap_or_default();
        match does(form) {
            NOT_REPORTABLE => "record as not reportable".to_owned(),
            NOTICE => format!("decide that notice is required: {name}"),
            _ => format!("decide against notice: {name}"),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let because = form.given("because").unwrap_or_default();
        if does(form) == NOT_REPORTABLE {
            return Ok(Command::NotReportable(NotReportable { reason: because }));
        }
        let required = does(form) == NOTICE;
        let key = if required { "against" } else { "duty" };
        let duty = duty(form, look).ok_or_else(|| Fault::field(key, "Choose a duty."))?;
        let day = form.when("review_on").map(|when| day(when.at));
        Ok(Command::Decide(Decide {
            duty: duty.id.clone(),
            required,
            because,
            review_on: day,
        }))
    }

    fn foresees(&self) -> Foresees {
        Foresees::AtTheEnd
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let stands = |duty: &DutyView| duty.status.as_str().replace('_', " ");
        let mut rows = Vec::new();
        match command {
            Command::NotReportable(body) => {
                let before = look.incident.reportable.as_str();
                rows.push(before_after(look.shared, "reportable", before, "no"));
                for duty in ended(look) {
                    let before = stands(duty);
                    rows.push(row(look.duty_name(duty), Role::Title));
                    rows.push(before_after(
                        look.shared,
                        "",
                        &before,
                        "does not apply: not reportable",
                    ));
                }
                rows.push(row(format!("because: {}", body.reason), Role::Text));
            }
            Command::Decide(body) => {
                let duty = pick::duty(look.incident, &body.duty);
                rows.push(row(look.duty_named(&body.duty), Role::Title));
                let before = duty.map(stands).unwrap_or_default();
                let after = match body.required {
                    true => "notice required, its clock counts again".to_owned(),
                    false => format!("decided: no notice, {}", look.who(&look.me())),
                };
                rows.push(before_after(look.shared, "", &before, &after));
                rows.push(row(format!("because: {}", body.because), Role::Text));
                if let Some(day) = &body.review_on {
                    rows.push(row(format!("looked at again on {day}"), Role::Text));
                }
            }
            _ => {}
        }
        rows
    }
}
