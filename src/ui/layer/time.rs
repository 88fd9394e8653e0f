//! `t`: when something happened: a trigger, a milestone, or that a milestone does not apply; and the second person's yes
//! to a later instant. Earlier counts at once; later is proposed and is legal record.

use super::dialog::{self, Body, Fault, Look, Opened, Weight, reason};
use super::form::{Field, Form, Item, Row, Side, fact, row, when};
use crate::domain::allowed::CommandKind;
use crate::domain::command::Command;
use crate::domain::command::confirm_time::{self, ConfirmTime};
use crate::domain::command::not_applicable::NotApplicable;
use crate::domain::command::record_time::{RecordTime, SUBMITTED};
use crate::domain::command::text::NAME;
use crate::domain::duty;
use crate::domain::say::spaced;
use crate::domain::view::{DutyView, TriggerView};
use crate::domain::when::When;
use crate::domain::word::{Milestone, Phase, Precision};
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

const REASONS: &[&str] = &["found in logs", "corrected by a witness", "typing mistake"];
const NOT_NEEDED: &[&str] = &[
    "nothing to do in this pass",
    "does not apply to this incident",
];
/// Triggers that many rules know, offered though no duty here waits for them.
const KNOWN: &[&str] = &[
    "detected_at",
    "aware_at",
    "discovered_at",
    "determined_at",
    "classified_major_at",
    "materiality_determined_at",
];

/// What the dialog can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Record,
    Waive,
    Confirm,
}

impl Does {
    const fn id(self) -> &'static str {
        match self {
            Does::Record => "record",
            Does::Waive => "not_applicable",
            Does::Confirm => "confirm",
        }
    }

    fn of(form: &Form) -> Does {
        match form.choice("what") {
            Some("not_applicable") => Does::Waive,
            Some("confirm") => Does::Confirm,
            _ => Does::Record,
        }
    }
}

#[derive(Debug)]
struct Time;

fn milestone(name: &str) -> Option<Milestone> {
    name.parse().ok()
}

/// A proposal by somebody else: its item, its trigger, the duty it is for alone, and what stands.
struct Proposal<'a> {
    id: String,
    name: &'a str,
    duty: Option<&'a DutyView>,
    standing: &'a TriggerView,
}

/// Proposals by others, which this viewer may confirm.
fn proposals<'a>(look: &Look<'a>) -> Vec<Proposal<'a>> {
    let me = look.me();
    let may = look
        .shared
        .may(CommandKind::ConfirmTime, look.target)
        .is_ok();
    let incident = look.incident;
    let of_incident = incident.triggers.iter().map(|(name, t)| (None, name, t));
    let of_duties = incident.duties.iter().flat_map(|duty| {
        duty.triggers
            .iter()
            .map(move |(name, t)| (Some(duty), name, t))
    });
    let all = of_incident.chain(of_duties).filter(|_| may);
    all.filter(|(.., standing)| standing.proposed.as_ref().is_some_and(|p| p.by != me))
        .map(|(duty, name, standing)| Proposal {
            id: duty.map_or(name.clone(), |duty| format!("{name} {}", duty.id)),
            name,
            duty,
            standing,
        })
        .collect()
}

/// Milestones that are open in the present pass.
fn open_milestones(look: &Look<'_>) -> Vec<Milestone> {
    let pass = look.incident.pass;
    let settled = |m: &&Milestone| {
        let trigger = look.incident.triggers.get(m.as_str());
        trigger.is_some_and(|trigger| trigger.pass == pass)
    };
    Milestone::ALL
        .iter()
        .filter(|m| !settled(m))
        .copied()
        .collect()
}

fn recorded(name: &str, look: &Look<'_>) -> Vec<Part<'static>> {
    let told = match look.incident.triggers.get(name) {
        None => "not recorded".to_owned(),
        Some(t) if t.not_applicable.is_some() => "does not apply".to_owned(),
        Some(t) if t.pass != look.incident.pass && milestone(name).is_some() => {
            format!("{} in pass {}", when::told(t.at, look.clock()), t.pass)
        }
        Some(t) => when::told(t.at, look.clock()),
    };
    vec![Part::text(told, Role::Dim)]
}

/// The triggers that can be recorded: what is worked on first, then what duties wait for, then the rest.
fn names(look: &Look<'_>) -> Vec<String> {
    let incident = look.incident;
    let milestones = Milestone::ALL.iter().map(|m| m.as_str());
    let known = KNOWN.iter().copied();
    let duties = incident.duties.iter().filter_map(|d| d.trigger.as_deref());
    let standing = incident.triggers.keys().map(String::as_str);
    let contains = incident.phase == Phase::ContainmentEradicationAndRecovery;
    let ordered: Vec<&str> = match contains {
        true => milestones
            .chain(duties)
            .chain(known)
            .chain(standing)
            .collect(),
        false => known
            .take(2)
            .chain(duties)
            .chain(KNOWN.iter().copied())
            .chain(standing)
            .chain(milestones)
            .collect(),
    };
    let mut names: Vec<String> = Vec::new();
    for name in ordered {
        // A declaration is a decision with a name, not a time among others; a notice is recorded as sent.
        let elsewhere = name == "declared_at" || name.starts_with(SUBMITTED);
        if !elsewhere && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn items(what: Does, look: &Look<'_>) -> Vec<Item> {
    let named = |name: &str| Item::new(name, spaced(name)).with(recorded(name, look));
    match what {
        Does::Record => names(look).iter().map(|name| named(name)).collect(),
        Does::Waive => open_milestones(look)
            .iter()
            .map(|m| named(m.as_str()))
            .collect(),
        Does::Confirm => proposals(look)
            .iter()
            .map(|proposal| {
                let said = match proposal.duty {
                    Some(duty) => format!("{}, {}", spaced(proposal.name), look.duty_name(duty)),
                    None => spaced(proposal.name),
                };
                let told = when::told(proposal.standing.at, look.clock());
                Item::new(&proposal.id, said).with(vec![Part::text(told, Role::Dim)])
            })
            .collect(),
    }
}

/// Opens the dialog.
pub(super) fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Time, shared, |look| {
        let mut what = Vec::new();
        let means = |text: &'static str| vec![Part::text(text, Role::Dim)];
        let waiting = proposals(look).len();
        if waiting > 0 {
            what.push(
                Item::new(Does::Confirm.id(), "confirm")
                    .with(means("a later instant that somebody else proposed")),
            );
        }
        what.push(Item::new(Does::Record.id(), "record").with(means("when something happened")));
        let may_waive = look
            .shared
            .may(CommandKind::NotApplicable, look.target)
            .is_ok();
        if may_waive && !open_milestones(look).is_empty() {
            what.push(
                Item::new(Does::Waive.id(), "does not apply")
                    .with(means("a milestone this pass does not need")),
            );
        }
        let precision = |id: &str, name: &str| Item::new(id, name);
        let precisions = vec![
            precision("", "as written"),
            precision("exact", "to the second"),
            precision("minute", "to the minute"),
            precision("day", "only the day is known"),
            precision("month", "only the month is known"),
        ];
        let several = what.len() > 1;
        let choice = Field::choice("what", "do", what).value(Does::Record.id());
        let first = if waiting > 0 {
            choice.value(Does::Confirm.id())
        } else {
            choice
        };
        let first = if several { first } else { first.hidden() };
        let form = Form::new(vec![
            first,
            Field::choice("trigger", "what", items(Does::Record, look)),
            Field::when("at", "at", Side::Past).required(),
            Field::choice("precision", "known", precisions),
            Field::text("source", "source", NAME).hint("empty: not said; who or which log says so"),
            reason("reason", REASONS),
        ]);
        let mut form = form;
        // Most often one comes to record; the way to do something else is one key up.
        if waiting == 0 {
            form.focus_on("trigger");
        }
        Ok((Time, form))
    })
}

/// The trigger that is chosen, and the one duty it is of, where that is said.
fn chosen(form: &Form) -> (&str, Option<&str>) {
    let id = form.choice("trigger").unwrap_or_default();
    match id.split_once(' ') {
        Some((name, duty)) => (name, Some(duty)),
        None => (id, None),
    }
}

fn standing<'a>(form: &Form, look: &Look<'a>) -> Option<&'a TriggerView> {
    let (name, duty) = chosen(form);
    match duty {
        Some(id) => {
            let mut duties = look.incident.duties.iter();
            duties.find(|duty| duty.id == id)?.triggers.get(name)
        }
        None => look.incident.triggers.get(name),
    }
}

/// Whether the instant moves the one that counts later, so that a second person has to confirm it.
fn is_later(form: &Form, look: &Look<'_>) -> bool {
    let Some(at) = form.when("at") else {
        return false;
    };
    let precision = precise(form).ok().flatten();
    let at = precision.map_or(at, |precision| at.with_precision(precision));
    let (name, _) = chosen(form);
    Does::of(form) == Does::Record
        && standing(form, look).is_some_and(|standing| {
            let zones = duty::zones_of(&look.incident.profile);
            duty::is_later(name, standing, at, look.incident.pass, &zones)
        })
}

fn precise(form: &Form) -> Result<Option<Precision>, Fault> {
    let chosen: Option<Precision> = form.choice("precision").and_then(|word| word.parse().ok());
    let Some(at) = form.when("at") else {
        return Ok(chosen);
    };
    match chosen {
        Some(precision) if precision < at.precision && at.precision >= Precision::Day => {
            Err(Fault::field(
                "precision",
                format!("The instant is written to the {} only.", at.precision),
            ))
        }
        Some(precision) => Ok(Some(precision)),
        None => Ok(Some(at.precision).filter(|p| *p != Precision::Exact)),
    }
}

/// Duties that count from a trigger.
fn runs_from(name: &str, only: Option<&str>, look: &Look<'_>) -> Vec<String> {
    let duties = look.incident.duties.iter();
    let duties = duties.filter(|duty| only.is_none_or(|only| duty.id == only));
    let from = duties.filter(|d| d.enabled && d.trigger.as_deref() == Some(name));
    from.filter(|d| !d.status.is_finished())
        .map(|duty| look.duty_name(duty))
        .collect()
}

impl Body for Time {
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let (name, duty) = chosen(form);
        let mut rows = Vec::new();
        let runs = runs_from(name, duty, look);
        if !runs.is_empty() {
            let head = format!("from {}", spaced(name));
            rows.push(fact(
                "clocks",
                format!("{head}: {}", runs.join(" · ")),
                Role::Text,
            ));
        }
        if let Some(trigger) = standing(form, look) {
            let source = match &trigger.source {
                Some(_) if !look.texts() => look.shared.glyphs.masked(),
                Some(source) => source,
                None if look.incident.is_masked("by") => look.shared.glyphs.masked(),
                None => "source not said",
            };
            let told = when::told(trigger.at, look.clock());
            rows.push(fact(
                "recorded",
                format!("{told}, by {}, {source}", look.who(&trigger.by)),
                Role::Before,
            ));
            if let Some(proposed) = &trigger.proposed {
                let told = when::told(proposed.at, look.clock());
                let reason = match &proposed.reason {
                    Some(reason) if look.texts() => reason,
                    None if !look.incident.is_masked("by") => "no reason",
                    _ => look.shared.glyphs.masked(),
                };
                rows.push(fact(
                    "proposed",
                    format!("{told}, by {}: {reason}", look.who(&proposed.by)),
                    Role::After,
                ));
            }
        }
        rows
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        let what = Does::of(form);
        form.set_items("trigger", items(what, look));
        for key in ["at", "precision", "source"] {
            form.show(key, what == Does::Record);
        }
        form.show("reason", what != Does::Confirm);
        let later = is_later(form, look);
        form.require("reason", later || what == Does::Waive);
        let phrases = if what == Does::Waive {
            NOT_NEEDED
        } else {
            REASONS
        };
        form.set_phrases("reason", phrases);
        let moved = form.when("at").zip(standing(form, look).map(|t| t.at));
        let note = match moved {
            Some((at, _)) if later && !at.starts_a_clock() => Some(
                "It starts no clock: it is proposed; the recorded one counts until a second person confirms.",
            ),
            _ if later => Some(
                "Later than recorded: it is proposed; the earlier one counts until a second person confirms.",
            ),
            Some((at, was)) if at.at < was.at => Some("Earlier than recorded: it counts at once."),
            _ => None,
        };
        form.note("at", note.map(str::to_owned));
    }

    fn weight(&self, form: &Form, look: &Look<'_>) -> Weight {
        match Does::of(form) {
            Does::Confirm => Weight::Record,
            _ if is_later(form, look) => Weight::Record,
            _ => Weight::Reversible,
        }
    }

    fn does(&self, form: &Form, look: &Look<'_>) -> String {
        let name = match chosen(form) {
            ("", _) => "the time".to_owned(),
            (name, _) => spaced(name),
        };
        match Does::of(form) {
            Does::Confirm => format!("confirm the later {name}"),
            Does::Waive => format!("record that {name} does not apply"),
            Does::Record if is_later(form, look) => format!("propose a later {name}"),
            Does::Record => format!("record {name}"),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let (trigger, duty) = chosen(form);
        if trigger.is_empty() {
            return Err(Fault::field("trigger", "There is nothing to choose."));
        }
        let trigger = trigger.to_owned();
        match Does::of(form) {
            Does::Confirm => {
                let of_duties = look.incident.duties.iter();
                let several = of_duties.filter_map(|duty| duty.triggers.get(&trigger));
                let several = several.into_iter().any(|t| t.proposed.is_some());
                let duty = duty.or(several.then_some(confirm_time::INCIDENT));
                Ok(Command::ConfirmTime(ConfirmTime {
                    trigger,
                    duty: duty.map(str::to_owned),
                }))
            }
            Does::Waive => {
                let milestone = milestone(&trigger)
                    .ok_or_else(|| Fault::field("trigger", "Choose a milestone."))?;
                let reason = form.text("reason").trim().to_owned();
                Ok(Command::NotApplicable(NotApplicable { milestone, reason }))
            }
            Does::Record => {
                let at: When = form
                    .when("at")
                    .ok_or_else(|| Fault::field("at", "Say when."))?;
                Ok(Command::RecordTime(RecordTime {
                    trigger,
                    precision: precise(form)?,
                    at,
                    source: form.given("source"),
                    reason: form.given("reason"),
                    duty: None,
                }))
            }
        }
    }

    fn review(&self, command: &Command, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let was = standing(form, look);
        let before = was.map_or("not recorded".to_owned(), |t| {
            when::told(t.at, look.clock())
        });
        let mut rows = vec![fact("before", before, Role::Before)];
        let after = match command {
            Command::RecordTime(record) => Some((record.at, record.reason.clone())),
            Command::ConfirmTime(_) => was
                .and_then(|t| t.proposed.as_ref())
                .map(|p| (p.at, p.reason.clone().filter(|_| look.texts()))),
            _ => None,
        };
        if let Some((at, reason)) = after {
            rows.push(fact("after", when::told(at, look.clock()), Role::After));
            rows.extend(reason.map(|reason| fact("reason", reason, Role::Text)));
        }
        let (name, duty) = chosen(form);
        let runs = runs_from(name, duty, look);
        if !runs.is_empty() {
            rows.push(fact("clocks", runs.join(" · "), Role::Text));
        }
        rows.push(match command {
            Command::ConfirmTime(_) => row(
                "From then on the later instant counts, and these clocks run later.",
                Role::DialogWarning,
            ),
            _ => row(
                "Nothing counts from the later instant until a second person confirms it.",
                Role::DialogWarning,
            ),
        });
        rows
    }
}
