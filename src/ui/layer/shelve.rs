//! Shelve: an alarm is put aside with a reason and an owner, for 24 hours at most, or taken off the shelf again.

use super::dialog::{self, Body, Fault, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, Side, row};
use super::pick;
use crate::domain::alarm;
use crate::domain::command::Command;
use crate::domain::command::shelve_alarm::{LONGEST, ShelveAlarm};
use crate::domain::command::unshelve_alarm::UnshelveAlarm;
use crate::domain::say::alarm_words;
use crate::domain::view::AlarmView;
use crate::domain::word::AlarmState;
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

const SHELVE: &str = "shelve";
const UNSHELVE: &str = "unshelve";

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Shelve, shared, |look| {
        let form = form(look);
        match form.choice("does") {
            Some(_) => Ok((Shelve, form)),
            None => Err(format!("{} has no alarm to shelve.", look.target.id)),
        }
    })
}

#[derive(Debug)]
struct Shelve;

/// What an alarm is about, with the duty or the team in words.
fn name(look: &Look<'_>, alarm: &AlarmView) -> String {
    let duty = alarm
        .duty
        .as_deref()
        .and_then(|id| pick::duty(look.incident, id));
    let mut pages = look.incident.pages.iter();
    let page = pages.find(|page| Some(&page.id) == alarm.page.as_ref());
    match (duty, page) {
        (None, Some(page)) => {
            let team = look.shared.team(look.target.source, &page.team);
            format!("{team}: {}", alarm_words(alarm.kind))
        }
        (Some(duty), _) => {
            let masked = words::masked_name(look.shared, look.incident, duty);
            let name = masked.unwrap_or_else(|| words::duty_name(look.shared, duty, ", "));
            format!("{name}: {}", alarm_words(alarm.kind))
        }
        (None, None) => alarm_words(alarm.kind).to_owned(),
    }
}

fn alarms(look: &Look<'_>, passes: impl Fn(AlarmState) -> bool) -> Vec<AlarmView> {
    let alarms = alarm::of_view(look.incident, look.now()).into_iter();
    alarms.filter(|alarm| passes(alarm.state)).collect()
}

fn items(look: &Look<'_>, alarms: &[AlarmView]) -> Vec<Item> {
    let item = |alarm: &AlarmView| {
        let (state, role) =
            words::alarm_state(look.shared, look.target.source, look.incident, alarm);
        Item::new(alarm.id.clone(), name(look, alarm)).with(vec![Part::text(state, role)])
    };
    alarms.iter().map(item).collect()
}

fn form(look: &Look<'_>) -> Form {
    let open = alarms(look, |state| {
        matches!(state, AlarmState::Unacknowledged | AlarmState::Acknowledged)
    });
    let shelved = alarms(look, |state| state == AlarmState::Shelved);
    let mut does = Vec::new();
    if !open.is_empty() {
        does.push(Item::new(SHELVE, "shelve an alarm"));
    }
    if !shelved.is_empty() {
        does.push(Item::new(UNSHELVE, "take an alarm off the shelf"));
    }
    let selected = look.shared.selected_duty.as_deref();
    let of = |alarms: &[AlarmView]| {
        let found = alarms
            .iter()
            .find(|alarm| selected.is_some() && alarm.duty.as_deref() == selected);
        found.map(|alarm| alarm.id.clone()).unwrap_or_default()
    };
    Form::new(vec![
        Field::choice("does", "what", does),
        Field::choice("alarm", "alarm", items(look, &open))
            .value(&of(&open))
            .required(),
        Field::choice("shelved", "alarm", items(look, &shelved))
            .value(&of(&shelved))
            .required()
            .hidden(),
        dialog::reason(
            "reason",
            &[
                "being drafted",
                "waiting for counsel",
                "known, planned for later",
            ],
        )
        .required(),
        Field::when("until", "until", Side::Future)
            .value("+1h")
            .hint("+1h, 16:00; 24 h ahead at most")
            .required(),
    ])
}

fn unshelves(form: &Form) -> bool {
    form.choice("does") == Some(UNSHELVE)
}

impl Body for Shelve {
    fn facts(&self, form: &Form, _look: &Look<'_>) -> Vec<Row> {
        let text = match unshelves(form) {
            true => "It rings again at once, on all boards.",
            false => "It rings on no board until then, and again by itself. You own it meanwhile.",
        };
        vec![row(text, Role::Dim)]
    }

    fn settle(&mut self, form: &mut Form, _look: &Look<'_>) {
        let unshelves = unshelves(form);
        for key in ["alarm", "reason", "until"] {
            form.show(key, !unshelves);
        }
        form.show("shelved", unshelves);
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reversible
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        let (verb, key) = match unshelves(form) {
            true => ("unshelve", "shelved"),
            false => ("shelve", "alarm"),
        };
        let all = alarms(look, |_| true);
        let chosen = form.choice(key);
        let alarm = all.iter().find(|alarm| chosen == Some(alarm.id.as_str()));
        format!(
            "{verb} {}",
            alarm.map_or("", |alarm| alarm_words(alarm.kind))
        )
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        if unshelves(form) {
            let alarm = form
                .choice("shelved")
                .ok_or_else(|| Fault::field("shelved", "Choose an alarm."))?;
            return Ok(Command::UnshelveAlarm(UnshelveAlarm {
                alarm: alarm.to_owned(),
            }));
        }
        let alarm = form
            .choice("alarm")
            .ok_or_else(|| Fault::field("alarm", "Choose an alarm."))?;
        let until = form
            .when("until")
            .map(|when| when.at)
            .ok_or_else(|| Fault::field("until", "Say until when."))?;
        if until - look.now() > LONGEST {
            return Err(Fault::field(
                "until",
                "An alarm is shelved for 24 hours at most.",
            ));
        }
        Ok(Command::ShelveAlarm(ShelveAlarm {
            alarm: alarm.to_owned(),
            reason: form.given("reason").unwrap_or_default(),
            until,
        }))
    }
}
