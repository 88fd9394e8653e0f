//! `>` forward and `<` loop back: the gates in words, whether they refuse or are only recorded, and what the next phase
//! asks of the security response team and of the service team.

use super::dialog::{self, Body, Fault, Look, Opened, Weight, reason};
use super::form::{Form, Row, fact, row};
use crate::domain::command::Command;
use crate::domain::command::advance::{self, Advance};
use crate::domain::gate::asked;
use crate::domain::say::phase_words;
use crate::domain::view::IncidentView;
use crate::domain::word::{GateWord, Phase};
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::phrase::{Form as Written, instant};
use crate::ui::screen::words::no_way_back;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;
use crate::ui::upstream;

/// Why a hard gate is overridden.
const OVERRIDES: &[&str] = &["recorded elsewhere", "does not apply to this incident"];

/// What a phase asks of the security response team, and of the service team.
const fn asks(phase: Phase) -> (&'static str, &'static str) {
    match phase {
        Phase::Preparation => (
            "train, exercise, keep definitions and playbooks in order",
            "close what lessons found, keep on-call and contacts in order",
        ),
        Phase::DetectionAndAnalysis => (
            "monitor, sweep for indicators, hunt for the breach; an incident response lead round the clock",
            "insight into the service, triage; engineering on call round the clock",
        ),
        Phase::ContainmentEradicationAndRecovery => (
            "lead the response, do forensics, advise; go on analysing what is found",
            "name the security incident owner, who carries out containment, eradication and recovery",
        ),
        Phase::PostIncidentActivity => (
            "lead the analysis, archive the evidence, file bugs, report",
            "analyse the service's side, prioritise and implement what was found",
        ),
    }
}

fn asks_rows(phase: Phase) -> Vec<Row> {
    let (security, service) = asks(phase);
    let head = format!("{} asks", phase_words(phase));
    vec![
        row(head, Role::Title),
        fact("security", security, Role::Text),
        fact("service", service, Role::Text),
    ]
}

/// Whether the selected incident is in the last phase, where closing is the way on.
pub(super) fn is_at_the_end(shared: &Shared) -> bool {
    shared
        .selected_incident()
        .is_some_and(|(_, incident)| incident.phase == Phase::PostIncidentActivity)
}

fn from_row(look: &Look<'_>) -> Row {
    let incident = look.incident;
    let pass = match incident.pass {
        0 => String::new(),
        pass => format!(", pass {pass}"),
    };
    let mut row = fact(
        "from",
        format!("{}{pass}, ", incident.phase.title()),
        Role::Before,
    );
    let from = look.mono(incident.phase_since);
    row.push(Part::Live(LiveText::Here { from }, Role::Before));
    row
}

/// What the system that it came from makes of the move.
fn there(to: Phase, look: &Look<'_>) -> Option<Row> {
    let words = upstream::move_words(look.shared, look.target.source, look.incident, to)?;
    Some(fact("there", words, Role::Notice))
}

/// The unmet gates before a phase, and whether they refuse: as the backend says, else as far as is seen here.
fn unmet(incident: &IncidentView, to: Phase) -> (Vec<GateWord>, bool) {
    if let Some(gate) = incident.gates.iter().find(|gate| gate.to == to.as_str()) {
        let told = gate
            .unmet
            .iter()
            .filter(|word| !incident.hides_gate(**word));
        return (told.copied().collect(), gate.hard);
    }
    let open = asked(to.as_str())
        .iter()
        .filter(|word| !seems_met(**word, incident));
    let hard = to == Phase::PostIncidentActivity;
    (open.copied().collect(), hard)
}

fn seems_met(word: GateWord, incident: &IncidentView) -> bool {
    let known = match word {
        GateWord::Commander => incident.commander.is_some(),
        GateWord::Classification => incident.classification.is_some(),
        GateWord::Severity => incident.severity.is_some(),
        word => {
            let trigger = incident.triggers.get(word.as_str());
            trigger.is_some_and(|trigger| trigger.pass == incident.pass)
        }
    };
    // What is hidden from this reader is no vacancy.
    known || incident.is_masked(word.as_str())
}

/// What is recorded for a gate that is met.
fn met(word: GateWord, look: &Look<'_>) -> String {
    let incident = look.incident;
    let milestone = |name: &str| match incident.triggers.get(name) {
        Some(t) if t.not_applicable.is_some() => "does not apply".to_owned(),
        Some(t) => instant(t.at.at, look.now(), look.clock().zone, Written::Weekday).text,
        None => "settled".to_owned(),
    };
    match word {
        GateWord::Commander => {
            let person = incident.commander.as_deref().unwrap_or_default();
            look.who(person)
        }
        GateWord::Classification => incident
            .classification
            .map_or(String::new(), |c| c.as_str().replace('_', " ")),
        GateWord::Severity => incident.severity.map_or(String::new(), |s| s.to_string()),
        word => milestone(word.as_str()),
    }
}

fn gate_rows(to: Phase, look: &Look<'_>) -> Vec<Row> {
    let (unmet, hard) = unmet(look.incident, to);
    let mut words: Vec<GateWord> = asked(to.as_str()).to_vec();
    words.extend(
        unmet
            .iter()
            .filter(|word| !asked(to.as_str()).contains(word)),
    );
    let mut rows: Vec<Row> = words
        .iter()
        .map(|word| {
            let name = crate::domain::say::spaced(word.as_str());
            if look.incident.hides_gate(*word) {
                // Met or not: neither is this reader's to know.
                fact(&name, look.shared.glyphs.masked(), Role::Masked)
            } else if unmet.contains(word) {
                let told = dialog::gate_words(*word);
                fact(&name, format!("UNMET: {told}"), Role::GateUnmet)
            } else {
                fact(&name, format!("met: {}", met(*word, look)), Role::Text)
            }
        })
        .collect();
    if !unmet.is_empty() {
        let told = match hard {
            true => {
                "What is unmet refuses the move. Record it first, or override with a reason: that is legal record."
            }
            false => "What is unmet is only recorded with the move; it never stops containment.",
        };
        rows.push(row(told, Role::Dim));
    }
    rows
}

#[derive(Debug)]
struct Forward {
    to: Phase,
    /// The backend refused at these gates, which the view did not show.
    refused: bool,
}

impl Forward {
    /// Whether a hard gate stands in the way, so that the move is an override.
    fn overrides(&self, look: &Look<'_>) -> bool {
        let (unmet, hard) = unmet(look.incident, self.to);
        self.refused || (hard && !unmet.is_empty())
    }
}

/// Opens the dialog that moves on.
pub(super) fn forward(shared: &mut Shared) -> Opened {
    dialog::open(Action::Forward, shared, |look| {
        let Some(to) = look.incident.phase.forward() else {
            return Err(format!(
                "{} is in the last phase; close it.",
                look.incident.id
            ));
        };
        // Shown once a hard gate stands in the way: without one, `Enter` is the second and last key.
        let why = reason("override", OVERRIDES).required().hidden();
        let body = Forward { to, refused: false };
        Ok((body, Form::new(vec![why])))
    })
}

impl Body for Forward {
    fn facts(&self, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let to = format!("{}, pass {}", self.to.title(), look.incident.pass.max(1));
        let mut rows = vec![from_row(look), fact("to", to, Role::After)];
        rows.extend(there(self.to, look));
        let gates = gate_rows(self.to, look);
        if !gates.is_empty() {
            rows.push(Row::new());
            rows.extend(gates);
        }
        rows.push(Row::new());
        rows.extend(asks_rows(self.to));
        rows
    }

    fn settle(&mut self, form: &mut Form, look: &Look<'_>) {
        let overrides = self.overrides(look);
        form.show("reason", overrides);
    }

    fn weight(&self, _form: &Form, look: &Look<'_>) -> Weight {
        match self.overrides(look) {
            true => Weight::Record,
            false => Weight::Reversible,
        }
    }

    fn does(&self, _form: &Form, look: &Look<'_>) -> String {
        let to = phase_words(self.to);
        match self.overrides(look) {
            true => format!("override and move to {to}"),
            false => format!("move to {to}"),
        }
    }

    fn command(&self, form: &Form, look: &Look<'_>) -> Result<Command, Fault> {
        let overridden = self.overrides(look);
        Ok(Command::Advance(Advance {
            to: self.to,
            reason: form.given("reason").filter(|_| overridden),
            overridden,
        }))
    }

    fn review(&self, command: &Command, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let reason = match command {
            Command::Advance(advance) => advance.reason.clone().unwrap_or_default(),
            _ => String::new(),
        };
        let mut rows = vec![from_row(look), fact("to", self.to.title(), Role::After)];
        rows.extend(there(self.to, look));
        rows.push(Row::new());
        rows.extend(gate_rows(self.to, look));
        rows.push(fact("override", reason, Role::After));
        rows.push(row(
            "The record keeps what was unmet, the reason and your name.",
            Role::DialogWarning,
        ));
        rows
    }

    fn refused(&mut self, unmet: &[GateWord], form: &mut Form, _look: &Look<'_>) {
        self.refused = !unmet.is_empty();
        form.show("reason", self.refused);
        form.focus_on("reason");
    }
}

#[derive(Debug)]
struct Back;

/// Opens the dialog that loops back.
pub(super) fn back(shared: &mut Shared) -> Opened {
    dialog::open(Action::LoopBack, shared, |look| {
        let phase = look.incident.phase;
        if phase <= Phase::DetectionAndAnalysis {
            return Err(no_way_back(look.incident));
        }
        Ok((
            Back,
            Form::new(vec![reason("reason", advance::REASONS).required()]),
        ))
    })
}

impl Body for Back {
    fn facts(&self, _form: &Form, look: &Look<'_>) -> Vec<Row> {
        let to = Phase::DetectionAndAnalysis;
        let into = format!("{}, pass {}", to.title(), look.incident.pass + 1);
        let mut rows = vec![from_row(look), fact("to", into, Role::After)];
        rows.extend(there(to, look));
        rows.extend([
            row(
                "Duties that run keep their instants. Customers found now are a new subject of their own.",
                Role::Dim,
            ),
            Row::new(),
        ]);
        rows.extend(asks_rows(to));
        rows
    }

    fn weight(&self, _form: &Form, _look: &Look<'_>) -> Weight {
        Weight::Reversible
    }

    fn does(&self, _form: &Form, look: &Look<'_>) -> String {
        format!(
            "loop back to detection and analysis, pass {}",
            look.incident.pass + 1
        )
    }

    fn command(&self, form: &Form, _look: &Look<'_>) -> Result<Command, Fault> {
        Ok(Command::Advance(Advance {
            to: Phase::DetectionAndAnalysis,
            reason: form.given("reason"),
            overridden: false,
        }))
    }
}
