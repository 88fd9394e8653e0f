//! Sent: records notices as sent, for one or several duties, or takes such a record back. The board records; it sends
//! nothing to customers or authorities.

use super::dialog::{self, Body, Fault, Foresees, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, Side, row};
use super::pick::{self, before_after};
use crate::domain::command::Command;
use crate::domain::command::submit::{Submit, completed};
use crate::domain::command::text::NAME;
use crate::domain::command::withdraw_submit::WithdrawSubmit;
use crate::domain::instant::Instant;
use crate::domain::view::{DutyView, Told};
use crate::domain::word::SubmitKind;
use crate::ui::keymap::Action;
use crate::ui::phrase::{Form as Written, since};
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Sent, shared, |look| {
        let sendable = |duty: &DutyView| {
            duty.enabled && (duty.met_by.is_empty() || duty.submitted_at.is_some())
        };
        if look.incident.duties.iter().any(sendable) {
            Ok((Sent, form(look).past_a_single_choice()))
        } else {
            Err(format!(
                "{} has no duty that is met by a notice; set its regimes first.",
                look.target.id
            ))
        }
    })
}

#[derive(Debug)]
struct Sent;

fn form(look: &Look<'_>) -> Form {
    let source = look.target.source;
    let duties = |passes: &dyn Fn(&DutyView) -> bool| {
        pick::duties(look.shared, source, look.incident, passes)
    };
    let sent = duties(&|duty| duty.submitted_at.is_some());
    let mut does = vec![Item::new("submit", "record as sent")];
    if !sent.is_empty() {
        does.push(Item::new("withdraw", "no longer recorded as sent"));
    }
    let kinds = SubmitKind::ALL
        .iter()
        .map(|kind| Item::new(kind.as_str(), kind.as_str()));
    let ticked = look.shared.selected_duty.clone().unwrap_or_default();
    Form::new(vec![
        Field::choice("does", "what", does),
        // What the response itself meets is not sent.
        Field::ticks("duties", "duties", duties(&|duty| duty.met_by.is_empty()))
            .value(&ticked)
            .required(),
        Field::choice("duty", "duty", sent).hidden(),
        Field::when("at", "sent at", Side::Past)
            .value("now")
            .required(),
        Field::text("channel", "by way of", NAME)
            .phrases(&[
                "e-mail to the customer's contacts",
                "service health message",
                "authority's portal",
                "telephone",
                "post",
            ])
            .required(),
        Field::text("reference", "reference", NAME).hint("the receipt's number, if there is one"),
        Field::choice("kind", "kind", kinds.collect()),
        Field::text("told", "told", 40).hint("as 400 of 1200; empty: all who are to be told"),
        dialog::reason(
            "because",
            &[
                "it was not sent",
                "sent to the wrong recipients",
                "recorded for another incident",
            ],
        )
        .required()
        .hidden(),
    ])
}

fn withdraws(form: &Form) -> bool {
    form.choice("does") == Some("withdraw")
}

/// `400 of 1200`, `400/1200`.
fn told(text: &str) -> Result<Option<Told>, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = |part: &str| part.trim().replace([',', ' ', '.'], "").parse::<u64>().ok();
    let halves = text.split_once("of").or_else(|| text.split_once('/'));
    let read = halves.and_then(|(done, of)| Some((number(done)?, number(of)?)));
    match read {
        Some((done, of)) if done <= of => Ok(Some(Told { done, of })),
        Some((done, of)) => Err(Fault::field(
            "told",
            format!("{done} of {of}: nobody can be told who is not there."),
        )),
        None => Err(Fault::field(
            "told",
            "Write how many of how many: 400 of 1200.",
        )),
    }
}

/// How an instant lies to a duty's deadline, without guilt.
fn against_due(duty: &DutyView, at: Instant, look: &Look<'_>) -> String {
    let sent = look
        .shared
        .instant(look.target.source, look.incident, at, Written::Weekday);
    let Some(due) = duty.due_at else {
        return format!("sent {sent}");
    };
    let ms = (due - at).num_milliseconds();
    match (ms >= 0, duty.limit_at) {
        (true, _) => format!("sent {sent}, {} before due", since(ms).text),
        (false, Some(limit)) if at <= limit => format!("sent {sent}, after first reading"),
        (false, _) => format!("sent {sent}, {} after due", since(-ms).text),
    }
}

/// Whom it tells, where numbers are on record or given: of each duty its own.
fn told_rows(body: &Submit, look: &Look<'_>) -> Vec<Row> {
    let say = |told: Told, name: &str| match told.of.saturating_sub(told.done) {
        0 => row(
            format!("{name}told all {}", words::number(told.of)),
            Role::Text,
        ),
        open => row(
            format!(
                "{name}told {} of {}; {} remain, the duty runs on",
                words::number(told.done),
                words::number(told.of),
                words::number(open)
            ),
            Role::Missing,
        ),
    };
    if let Some(told) = body.told {
        return vec![say(told, "")];
    }
    let duties = body
        .duties
        .iter()
        .filter_map(|id| pick::duty(look.incident, id));
    duties
        .filter_map(|duty| {
            let told = completed(duty, body.kind).or(duty.told_in_part())?;
            Some(say(told, &format!("{}: ", look.duty_name(duty))))
        })
        .collect()
}

fn state(duty: &DutyView, look: &Look<'_>) -> String {
    match duty.submitted_at {
        Some(at) => {
            let at = look
                .shared
                .instant(look.target.source, look.incident, at, Written::Weekday);
            match duty.told_in_part() {
                Some(told) => format!("sent to {} of {}, {at}", told.done, told.of),
                None => format!("sent {at}"),
            }
        }
        None => "not recorded as sent".to_owned(),
    }
}

impl Body for Sent {
    fn facts(&self, _form: &Form, _look: &Look<'_>) -> Vec<Row> {
        vec![row(
            "The board records what was sent; it sends nothing itself.",
            Role::Dim,
        )]
    }

    fn settle(&mut self, form: &mut Form, _look: &Look<'_>) {
        let back = withdraws(form);
        for key in ["duties", "at", "channel", "reference", "kind", "told"] {
            form.show(key, !back);
        }
        for key in ["duty", "reason"] {
            form.show(key, back);
        }
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Record
    }

    fn does(&self, form: &Form, _look: &Look<'_>) -> String {
        match (withdraws(form), form.ticked("duties").len()) {
            (true, _) => "record as not sent".to_owned(),
            (false, 0 | 1) => "record as sent".to_owned(),
            (false, duties) => format!("record {duties} duties as sent"),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        if withdraws(form) {
            let duty = form
                .choice("duty")
                .ok_or_else(|| Fault::field("duty", "Choose a duty."))?;
            return Ok(Command::WithdrawSubmit(WithdrawSubmit {
                duty: duty.to_owned(),
                reason: form.given("reason").unwrap_or_default(),
            }));
        }
        let at = pick::to_the_minute(form, "at")?
            .ok_or_else(|| Fault::field("at", "Say when it was sent."))?;
        let duties: Vec<String> = form
            .ticked("duties")
            .into_iter()
            .map(str::to_owned)
            .collect();
        for duty in duties.iter().filter_map(|id| pick::duty(look.incident, id)) {
            if duty.counted_from.is_some_and(|from| at < from) {
                let sentence = format!(
                    "{} runs only from later on: it cannot have been sent before that.",
                    look.duty_name(duty)
                );
                return Err(Fault::field("at", sentence));
            }
        }
        let kind = form.choice("kind").and_then(|kind| kind.parse().ok());
        Ok(Command::Submit(Submit {
            duties,
            at,
            channel: form.given("channel").unwrap_or_default(),
            reference: form.given("reference"),
            kind: kind.unwrap_or(SubmitKind::Initial),
            told: told(form.text("told"))?,
        }))
    }

    fn foresees(&self) -> Foresees {
        Foresees::AtTheEnd
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut tell = |id: &str, after: &dyn Fn(&DutyView) -> String| {
            if let Some(duty) = pick::duty(look.incident, id) {
                rows.push(row(look.duty_name(duty), Role::Title));
                rows.push(before_after(
                    look.shared,
                    "",
                    &state(duty, look),
                    &after(duty),
                ));
            }
        };
        match command {
            Command::Submit(body) => {
                for id in &body.duties {
                    tell(id, &|duty| against_due(duty, body.at, look));
                }
                let reference = body.reference.as_ref();
                let reference = reference.map(|of| format!(", {of}")).unwrap_or_default();
                let how = format!("{} notice, by {}{reference}", body.kind, body.channel);
                rows.push(row(how, Role::Text));
                rows.extend(told_rows(body, look));
            }
            Command::WithdrawSubmit(body) => {
                tell(&body.duty, &|_| {
                    "not recorded as sent; its clock runs again".to_owned()
                });
                rows.push(row(format!("because: {}", body.reason), Role::Text));
            }
            _ => {}
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_were_told_is_read_as_people_write_it() {
        let of = |done, of| Ok(Some(Told { done, of }));
        assert_eq!(told("400 of 1,200"), of(400, 1200));
        assert_eq!(told(" 0/38 "), of(0, 38));
        assert_eq!(told(""), Ok(None));
        assert!(told("5 of 4").is_err());
        assert!(told("all").is_err());
    }
}
