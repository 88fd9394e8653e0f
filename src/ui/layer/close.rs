//! Close: the end of an incident behind its gate, the dismissal of what was none, and the way back.

use super::dialog::{self, Body, Fault, Look, Opened, Weight};
use super::form::{Field, Form, Item, Row, row};
use super::pick::before_after;
use crate::domain::allowed::CommandKind;
use crate::domain::command::Command;
use crate::domain::command::close::Close;
use crate::domain::command::dismiss::Dismiss;
use crate::domain::command::reopen::Reopen;
use crate::domain::gate::CLOSED;
use crate::domain::view::IncidentView;
use crate::domain::word::{GateWord, Phase, Reportable};
use crate::ui::keymap::Action;
use crate::ui::screen::incident::gate_words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;
use crate::ui::upstream;

const CLOSE: &str = "close";
const DISMISS: &str = "dismiss";
const REOPEN: &str = "reopen";

/// Opens it on the selected incident.
pub fn open(shared: &mut Shared) -> Opened {
    dialog::open(Action::Close, shared, |look| {
        let items = items(look);
        if items.is_empty() {
            return Err(why_not(look.incident));
        }
        let fields = vec![
            Field::choice("does", "what", items),
            Field::choice(
                "override",
                "unmet",
                vec![
                    Item::new("no", "wait until it is met"),
                    Item::new("yes", "close all the same, by override"),
                ],
            ),
            dialog::reason("because", &[]).required(),
        ];
        // What is unmet is settled before a field is begun on: it stands before the reason.
        let mut form = Form::new(fields);
        Ending.settle(&mut form, look);
        Ok((Ending, form.past_a_single_choice()))
    })
}

#[derive(Debug)]
struct Ending;

fn items(look: &Look<'_>) -> Vec<Item> {
    let incident = look.incident;
    let may = |kind| look.shared.may(kind, look.target).is_ok();
    let mut items = Vec::new();
    if may(CommandKind::Reopen) && !incident.is_open() {
        items.push(Item::new(REOPEN, "reopen, back to detection"));
    }
    if may(CommandKind::Close)
        && incident.phase == Phase::PostIncidentActivity
        && incident.is_open()
    {
        items.push(Item::new(CLOSE, "close: resolved"));
    }
    let early = matches!(
        incident.phase,
        Phase::Preparation | Phase::DetectionAndAnalysis
    );
    let undeclared = incident.reportable != Reportable::Declared;
    if may(CommandKind::Dismiss) && early && undeclared && incident.is_open() {
        items.push(Item::new(DISMISS, "dismiss: not an incident"));
    }
    items
}

fn why_not(incident: &IncidentView) -> String {
    let id = &incident.id;
    match (incident.phase, incident.reportable) {
        (Phase::Preparation | Phase::DetectionAndAnalysis, Reportable::Declared) => format!(
            "{id} is declared reportable, so it is not dismissed; it is closed from post-incident activity."
        ),
        (Phase::ContainmentEradicationAndRecovery, _) => format!(
            "{id} is closed from post-incident activity and dismissed from detection; move it there first."
        ),
        _ => format!("{id} can be neither closed nor reopened as it stands."),
    }
}

fn does(form: &Form) -> &str {
    form.choice("does").unwrap_or_default()
}

/// What stands in the way of closing.
fn unmet<'a>(look: &Look<'a>) -> &'a [GateWord] {
    let gates = &look.incident.gates;
    let closing = gates.iter().find(|gate| gate.to == CLOSED);
    closing.map_or(&[], |gate| &gate.unmet)
}

fn overrides(form: &Form) -> bool {
    form.choice("override") == Some("yes")
}

impl Body for Ending {
    fn facts(&self, form: &Form, look: &Look<'_>) -> Vec<Row> {
        let mut rows = Vec::new();
        match does(form) {
            CLOSE => {
                for word in unmet(look) {
                    let (name, why) = gate_words(*word, look.incident.pass);
                    let sign = look.shared.glyphs.unticked();
                    rows.push(row(format!("{sign} {name}: {why}"), Role::GateUnmet));
                }
                if rows.is_empty() {
                    rows.push(row("Every gate is met.", Role::Text));
                }
                let open = look.incident.open_lessons().count();
                if open > 0 {
                    let text = match open {
                        1 => "1 open lesson stays on the board, in preparation.".to_owned(),
                        _ => format!("{open} open lessons stay on the board, in preparation."),
                    };
                    rows.push(row(text, Role::Dim));
                }
            }
            DISMISS => rows.push(row("It leaves the board; its record stays.", Role::Dim)),
            _ => {
                let text = format!(
                    "It comes back in detection and analysis, pass {}.",
                    look.incident.pass + 1
                );
                rows.push(row(text, Role::Dim));
            }
        }
        if matches!(does(form), CLOSE | DISMISS) {
            let words = upstream::end_words(look.shared, look.target.source, look.incident);
            rows.extend(words.map(|words| row(format!("It {words}."), Role::Notice)));
        }
        rows
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        let gated = does(form) == CLOSE && !unmet(look).is_empty();
        form.show("override", gated);
        let note = (gated && overrides(form))
            .then(|| "The record says that you overrode, what was unmet, and why.".to_owned());
        form.note("override", note);
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Record
    }

    fn does(&self, form: &Form, _look: &Look<'_>) -> String {
        match (does(form), overrides(form)) {
            (CLOSE, true) => "close by override",
            (CLOSE, false) => "close",
            (DISMISS, _) => "dismiss",
            _ => "reopen",
        }
        .to_owned()
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let reason = form.given("reason").unwrap_or_default();
        Ok(match does(form) {
            CLOSE => {
                let gated = !unmet(look).is_empty();
                if gated && !overrides(form) {
                    let sentence =
                        "Something is unmet: meet it first, or override with your reason.";
                    return Err(Fault::field("override", sentence));
                }
                Command::Close(Close {
                    reason,
                    overridden: gated,
                })
            }
            DISMISS => Command::Dismiss(Dismiss { reason }),
            REOPEN => Command::Reopen(Reopen { reason }),
            _ => return Err(Fault::field("does", "Choose what is to be done.")),
        })
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let incident = look.incident;
        let stands = match incident.ended {
            Some(ended) => ended.as_str().to_owned(),
            None => incident.phase.title().to_owned(),
        };
        let (after, reason) = match command {
            Command::Close(body) => ("closed".to_owned(), &body.reason),
            Command::Dismiss(body) => ("dismissed: not an incident".to_owned(), &body.reason),
            Command::Reopen(body) => {
                let phase = Phase::DetectionAndAnalysis.title();
                (format!("{phase}, pass {}", incident.pass + 1), &body.reason)
            }
            _ => return Vec::new(),
        };
        let mut rows = vec![before_after(look.shared, "", &stands, &after)];
        if matches!(
            command,
            Command::Close(Close {
                overridden: true,
                ..
            })
        ) {
            let words: Vec<&str> = unmet(look).iter().map(|word| word.as_str()).collect();
            let text = format!("by override, unmet: {}", words.join(", "));
            rows.push(row(text, Role::DialogWarning));
        }
        rows.push(row(format!("because: {reason}"), Role::Text));
        rows
    }

    fn refused(&mut self, unmet: &[GateWord], form: &mut Form, _look: &Look<'_>) {
        if does(form) == CLOSE && !unmet.is_empty() {
            form.show("override", true);
            form.focus_on("override");
        }
    }
}
