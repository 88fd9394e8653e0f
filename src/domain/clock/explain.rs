//! The arithmetic of a duty as lines that a lawyer can follow, from the very code that counts; and why a profile calls for
//! a regime.

use super::catalogue::{Catalogue, Rule, tz_version};
use super::evaluate::evaluate_traced;
use super::fact::Facts;
use super::kind::Clock;
use super::profile::Profile;
use super::regime::Force;
use super::trace::{Line, Trace};

/// Explains one duty: what is counted, from what, each day that counts or is skipped, and the text it rests on.
pub fn explain(rule: Rule<'_>, facts: &Facts<'_>) -> Vec<Line> {
    let (regime, stage) = (rule.regime, rule.stage);
    let mut lines: Vec<Line> = Vec::new();
    lines.line("rule", || {
        let warning = regime.confidence.warning();
        let mark = if warning.is_empty() {
            String::new()
        } else {
            format!(" ({warning})")
        };
        format!(
            "{}{mark}, {}: to {}",
            regime.name,
            stage.id,
            stage.to.join(", ")
        )
    });
    if !stage.trigger_text.is_empty() {
        lines.line("starts", || stage.trigger_text.clone());
    }
    let duty = evaluate_traced(rule, facts, &mut lines);
    lines.line("status", || duty.state.to_string());
    if let Some(why) = &duty.why {
        lines.line("because", || why.sentence(facts));
    }
    if duty.counted_from.is_none() && duty.why.is_none() {
        lines.line("waiting", || {
            format!("{} is not recorded", duty.trigger.unwrap_or("its trigger"))
        });
    }
    if let Clock::None { wording, .. } = &stage.clock {
        let words = if wording.is_empty() {
            &stage.wording
        } else {
            wording
        };
        lines.line("wording", || match words.as_str() {
            "" => "the text has no number".to_owned(),
            words => format!("the text has no number: \"{words}\""),
        });
    }
    if let Some(outcome) = duty.outcome {
        lines.line("outcome", || outcome.as_str().to_owned());
    }
    if !regime.counting.is_empty() {
        lines.line("counting", || regime.counting.clone());
    }
    for exception in regime.exceptions.iter().chain(&stage.exceptions) {
        lines.line("exception", || exception.clone());
    }
    for text in [&stage.note, &regime.status_note] {
        if !text.is_empty() {
            lines.line("note", || text.clone());
        }
    }
    lines.line("citation", || regime.citation.clone());
    for source in &regime.sources {
        lines.line("source", || match source.gist.as_str() {
            "" => source.address.clone(),
            gist => format!("{}: {gist}", source.address),
        });
    }
    lines.line("confidence", || {
        match (regime.confidence.warning(), regime.enabled) {
            ("", true) => regime.confidence.as_str().to_owned(),
            ("", false) => format!("{}; disabled", regime.confidence.as_str()),
            (warning, true) => format!("{}: {warning}", regime.confidence.as_str()),
            (warning, false) => format!("{}: {warning}; disabled", regime.confidence.as_str()),
        }
    });
    lines.line("verified", || regime.verified.to_string());
    lines.line("computed", || {
        let hash: String = rule.catalogue.hash().chars().take(12).collect();
        format!("tz database {}, catalogue {hash}", tz_version())
    });
    lines
}

/// The regimes a profile calls for, each with its reason. What nothing is known of is not proposed.
pub fn propose<'c>(catalogue: &'c Catalogue, profile: &Profile) -> Vec<(&'c str, String)> {
    let mut found = Vec::new();
    for regime in catalogue.regimes() {
        let Some(asked) = &regime.proposed_when else {
            continue;
        };
        if regime.force == Force::Repealed || asked.condition.holds(profile) != Some(true) {
            continue;
        }
        let facts = asked.condition.facts(profile);
        let known: Vec<String> = facts
            .into_iter()
            .filter(|f| !f.ends_with("is not known"))
            .collect();
        found.push((
            regime.id.as_str(),
            format!("{}: {}", regime.name, known.join(", ")),
        ));
    }
    found
}
