//! Gates: what should be true before the next phase, or before closing, each with whether it is.

use super::line::{Line, Lines, Look};
use crate::domain::gate::{self, CLOSED};
use crate::domain::view::{GateView, IncidentView};
use crate::domain::word::{GateWord, Phase};
use crate::ui::canvas::Part;
use crate::ui::theme::Role;

/// How many gate words are unmet, of those that this reader is told.
pub fn unmet(incident: &IncidentView) -> usize {
    let unmet = incident.gates.iter().flat_map(|gate| &gate.unmet);
    unmet.filter(|word| !incident.hides_gate(**word)).count()
}

/// The gates of an incident.
pub fn lines(look: Look<'_>, width: u16) -> Lines {
    let mut lines = Lines::new(look.shared, width);
    for gate in &look.incident.gates {
        heading(&mut lines, gate);
        let glyphs = look.shared.glyphs;
        let (hidden, asked): (Vec<_>, Vec<_>) = asked(gate)
            .into_iter()
            .partition(|word| look.incident.hides_gate(*word));
        for word in hidden {
            // Whether it is met is not told: neither box is its sign.
            let item = vec![
                look.masked(),
                Part::text(format!(" {}", words(word, 0).0), Role::Text),
            ];
            lines.flow(Vec::new(), 4, vec![item]);
        }
        let (unmet, met): (Vec<_>, Vec<_>) = asked
            .into_iter()
            .partition(|word| gate.unmet.contains(word));
        for word in unmet {
            let (name, why) = words(word, look.incident.pass);
            let item = vec![
                Part::text(format!("{} {name}: ", glyphs.unticked()), Role::Text),
                Part::text(why, Role::GateUnmet),
            ];
            lines.flow(Vec::new(), 4, vec![item]);
        }
        let met = met.into_iter().map(|word| words(word, 0).0);
        let met: Vec<Line> = met.map(|name| vec![Part::text(name, Role::Dim)]).collect();
        if !met.is_empty() {
            let first = vec![Part::text(format!("{} ", glyphs.ticked()), Role::Dim)];
            lines.flow(first, 4, met);
        }
    }
    if lines.lines.is_empty() {
        let text = match look.incident.ended {
            Some(ended) => format!("The incident is {ended}; no gate lies ahead."),
            None => "Nothing is asked before the next phase.".to_owned(),
        };
        lines.words(&text, Role::Dim);
    }
    lines
}

fn heading(lines: &mut Lines, gate: &GateView) {
    let to = match (gate.to.as_str(), gate.to.parse::<Phase>()) {
        (CLOSED, _) => "closing".to_owned(),
        (_, Ok(phase)) => phase.title().to_lowercase(),
        (other, Err(_)) => other.to_owned(),
    };
    let how = match gate.hard {
        true => "refuses without an override",
        false => "recorded with the move, never stops it",
    };
    let before = vec![Part::text(format!("before {to}"), Role::Text)];
    lines.flow(
        Vec::new(),
        0,
        vec![before, vec![Part::text(how, Role::Dim)]],
    );
}

/// What a gate asks, in its order; words it did not have before stand at the end.
fn asked(gate: &GateView) -> Vec<GateWord> {
    let known = gate::asked(&gate.to);
    let mut words = known.to_vec();
    words.extend(gate.unmet.iter().filter(|word| !known.contains(word)));
    words
}

/// A gate word and what is missing when it is unmet.
pub fn words(word: GateWord, pass: u32) -> (&'static str, String) {
    use GateWord as W;
    let milestone = || format!("not recorded in pass {pass}");
    match word {
        W::Commander => ("commander", "VACANT".to_owned()),
        W::Classification => ("classification", "not assessed".to_owned()),
        W::Severity => ("severity", "not assessed".to_owned()),
        W::ContainedAt => ("contained", milestone()),
        W::EradicatedAt => ("eradicated", milestone()),
        W::RecoveredAt => ("recovered", milestone()),
        W::Reportable => ("reportable", "nobody has answered".to_owned()),
        W::Duties => ("duties", "not all sent, excluded or decided".to_owned()),
        W::Review => ("review", "not held".to_owned()),
        W::Lessons => ("lessons", "one has no owner".to_owned()),
    }
}
