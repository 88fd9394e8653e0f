//! The instants of an incident: each trigger with how exactly it is known and by whom, later values that wait for a
//! second person, and the milestones of the present pass.

use super::line::{Line, Lines, Look};
use crate::domain::say::spaced;
use crate::domain::view::{ProposedView, TriggerView};
use crate::domain::when::When;
use crate::domain::word::{Milestone, Phase, Precision};
use crate::ui::canvas::Part;
use crate::ui::phrase::{Form, since};
use crate::ui::theme::Role;

/// Adds every instant that is recorded, and every milestone that is asked for.
pub fn lines(look: Look<'_>, lines: &mut Lines) {
    let incident = look.incident;
    if let Some(at) = &incident.occurred_at {
        lines.fact(
            "occurred",
            vec![vec![Part::text(when(look, at), Role::Text)]],
        );
    }
    let is_milestone = |name: &str| name.parse::<Milestone>().is_ok();
    for (name, trigger) in incident
        .triggers
        .iter()
        .filter(|(name, _)| !is_milestone(name))
    {
        lines.fact(&spaced(name), items(look, trigger));
    }
    let opened = look.instant(incident.opened_at, Form::Full);
    lines.fact("opened", vec![vec![Part::text(opened, Role::Text)]]);
    let asked = incident.phase >= Phase::ContainmentEradicationAndRecovery;
    for milestone in Milestone::ALL {
        let label = spaced(milestone.as_str());
        match incident.triggers.get(milestone.as_str()) {
            Some(trigger) => {
                let mut said = items(look, trigger);
                if trigger.pass < incident.pass {
                    let text = format!(
                        "of pass {}, not yet in pass {}",
                        trigger.pass, incident.pass
                    );
                    said.push(vec![Part::text(text, Role::Notice)]);
                }
                lines.fact(&label, said);
            }
            None if asked => lines.fact(&label, vec![vec![Part::text("not yet", Role::Dim)]]),
            None => {}
        }
    }
}

fn when(look: Look<'_>, at: &When) -> String {
    match at.precision {
        Precision::Exact | Precision::Minute => look.instant(at.at, Form::Full),
        Precision::Day | Precision::Month | Precision::Year => at.to_string(),
    }
}

fn items(look: Look<'_>, trigger: &TriggerView) -> Vec<Line> {
    let masked = look.shared.options.mask;
    if let Some(reason) = &trigger.not_applicable {
        let words = match masked {
            true => "does not apply".to_owned(),
            false if reason.is_empty() => "does not apply, reason hidden".to_owned(),
            false => format!("does not apply: {reason}"),
        };
        return vec![
            vec![Part::text(words, Role::Text)],
            vec![look.who(&trigger.by)],
        ];
    }
    let mut items = vec![vec![Part::text(when(look, &trigger.at), Role::Text)]];
    if trigger.at.starts_a_clock() && trigger.at.precision != Precision::Day {
        items.push(look.ago(trigger.at.at, Role::Text));
    }
    items.push(vec![Part::text(precision(trigger.precision), Role::Dim)]);
    items.push(vec![look.who(&trigger.by)]);
    if let Some(source) = trigger.source.as_ref().filter(|_| !masked) {
        items.push(vec![Part::text(source.clone(), Role::Dim)]);
    }
    if trigger.moved > 0 {
        let times = if trigger.moved == 1 {
            "once"
        } else {
            "more than once"
        };
        items.push(vec![Part::text(
            format!("moved earlier {times}"),
            Role::Dim,
        )]);
    }
    if let Some(proposed) = &trigger.proposed {
        items.push(later(look, trigger, proposed));
    }
    items
}

const fn precision(precision: Precision) -> &'static str {
    match precision {
        Precision::Exact => "exact",
        Precision::Minute => "to the minute",
        Precision::Day => "day only",
        Precision::Month => "month only, starts no clock",
        Precision::Year => "year only, starts no clock",
    }
}

/// `+14h00m PROPOSED, d.okafor`: it counts only once a second person confirms.
fn later(look: Look<'_>, trigger: &TriggerView, proposed: &ProposedView) -> Line {
    let by = (proposed.at.at - trigger.at.at).num_milliseconds();
    vec![
        Part::text(format!("+{} PROPOSED, ", since(by).text), Role::Notice),
        look.who(&proposed.by),
        Part::text(", not confirmed", Role::Notice),
    ]
}
