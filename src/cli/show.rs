//! `show` and `timeline`: one incident whole, in lines, or as the API gives it.

use clap::Args as ClapArgs;

use super::connection::{Reach, segment};
use super::environment::block_on;
use super::exit::{DONE, Outcome};
use super::output::table;
use crate::domain::alarm;
use crate::domain::duty::status_at;
use crate::domain::gate;
use crate::domain::instant::Instant;
use crate::domain::restriction::Glass;
use crate::domain::view::{AlarmView, DutyView, GateView, IncidentView, TriggerView};
use crate::domain::when::When;
use crate::domain::word::{GateWord, Precision, Via};
use crate::wire::told;

/// Flags of `show`.
#[derive(Debug, ClapArgs)]
pub struct ShowArgs {
    /// The incident, as AZ-142
    pub id: String,
    #[command(flatten)]
    pub reach: Reach,
}

/// Flags of `timeline`.
#[derive(Debug, ClapArgs)]
pub struct TimelineArgs {
    /// The incident, as AZ-142
    pub id: String,
    /// With privileged entries, as far as the token may read them
    #[arg(long)]
    pub privileged: bool,
    #[command(flatten)]
    pub reach: Reach,
}

pub fn run(args: ShowArgs) -> Outcome {
    block_on(1, show(args))?
}

pub fn run_timeline(args: TimelineArgs) -> Outcome {
    block_on(1, timeline(args))?
}

/// For whoever has a runtime already.
pub async fn show(args: ShowArgs) -> Outcome {
    let api = args.reach.of_incident(&args.id, Via::Cli).await?;
    let output = args.reach.output();
    if args.reach.json {
        let path = format!("/v1/incidents/{}", segment(&args.id));
        output.json(&api.get_raw(&path).await?);
        return Ok(DONE);
    }
    let heard = api.incident(&args.id).await?;
    for line in lines(&heard.value, heard.now) {
        output.line(&line);
    }
    Ok(DONE)
}

/// For whoever has a runtime already.
pub async fn timeline(args: TimelineArgs) -> Outcome {
    let api = args.reach.of_incident(&args.id, Via::Cli).await?;
    let output = args.reach.output();
    if args.reach.json {
        let query = if args.privileged {
            "?privileged=true"
        } else {
            ""
        };
        let path = format!("/v1/incidents/{}/timeline{query}", segment(&args.id));
        output.json(&api.get_raw(&path).await?);
        return Ok(DONE);
    }
    let mut after = 0;
    loop {
        let stretch = api.timeline(&args.id, after, args.privileged).await?.value;
        let rows: Vec<Vec<String>> = told(&stretch.entries)
            .into_iter()
            .map(|entry| {
                let line = entry.line.clone().unwrap_or_else(|| "(hidden)".to_owned());
                vec![
                    entry.seq.to_string(),
                    utc(entry.at),
                    entry.by.clone(),
                    entry.kind.clone(),
                    line,
                ]
            })
            .collect();
        for line in table(&rows) {
            output.line(&line);
        }
        match stretch.next {
            Some(next) if next > after => after = next,
            _ => return Ok(DONE),
        }
    }
}

/// An instant to the minute.
pub fn utc(at: Instant) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// As exactly as it is known, and never beyond the second.
fn when(when: When) -> String {
    match when.precision {
        Precision::Exact | Precision::Minute => utc(when.at),
        Precision::Day | Precision::Month | Precision::Year => when.to_string(),
    }
}

/// An instant with who recorded it and what is proposed instead; or that it does not apply.
fn recorded(incident: &IncidentView, trigger: &TriggerView) -> String {
    let who = |by: &str| match by.is_empty() && incident.is_masked("by") {
        true => "(hidden)".to_owned(),
        false => by.to_owned(),
    };
    if let Some(reason) = &trigger.not_applicable {
        let reason = match reason.is_empty() {
            true => "(hidden)",
            false => reason,
        };
        let (by, at) = (who(&trigger.by), utc(trigger.at.at));
        return format!("does not apply: {reason}; said {at}, {by}");
    }
    let (at, by) = (when(trigger.at), who(&trigger.by));
    let counts = format!("{at} ({}), {by}", trigger.precision);
    match &trigger.proposed {
        Some(later) => format!(
            "{counts}; later {} PROPOSED by {}, not confirmed",
            when(later.at),
            who(&later.by)
        ),
        None => counts,
    }
}

/// How the glass was broken, and whom of the list that paged nowhere.
fn glass_words(glass: &Glass) -> String {
    let until = utc(glass.mended_at.unwrap_or(glass.until));
    let at = utc(glass.at);
    let unpaged = match glass.unpaged.is_empty() {
        true => String::new(),
        false => format!("; no page reaches {}", glass.unpaged.join(", ")),
    };
    format!(
        "by {}, {at} until {until}: {}{unpaged}",
        glass.by, glass.reason
    )
}

/// The incident in lines, as a person reads it down.
pub fn lines(incident: &IncidentView, now: Instant) -> Vec<String> {
    let vacant = |who: &Option<String>, field: &str| match who {
        Some(who) => who.clone(),
        None if incident.is_masked(field) => "(hidden)".to_owned(),
        None => "VACANT".to_owned(),
    };
    let mut facts = vec![
        (
            "title",
            incident
                .title
                .clone()
                .unwrap_or_else(|| "(hidden)".to_owned()),
        ),
        (
            "phase",
            format!(
                "{}, pass {}, since {}",
                incident.phase,
                incident.pass,
                utc(incident.phase_since)
            ),
        ),
        (
            "severity",
            incident
                .severity
                .map_or("not assessed", |s| s.as_str())
                .to_owned(),
        ),
        (
            "classification",
            incident
                .classification
                .map_or("not assessed", |c| c.as_str())
                .to_owned(),
        ),
        ("reportable", incident.reportable.to_string()),
        ("TLP", incident.tlp.as_str().to_uppercase()),
        ("opened", utc(incident.opened_at)),
        (
            "owner",
            format!(
                "{}, lead {}",
                incident.owner,
                vacant(&incident.owner_lead, "owner_lead")
            ),
        ),
        (
            "service",
            format!(
                "{}, {}, lead {}",
                incident.service,
                incident.service_team.as_deref().unwrap_or("no team"),
                vacant(&incident.service_lead, "service_lead")
            ),
        ),
        ("commander", vacant(&incident.commander, "commander")),
        ("deputy", vacant(&incident.deputy, "deputy")),
        ("scribe", vacant(&incident.scribe, "scribe")),
    ];
    if let Some(ended) = incident.ended {
        facts.push((
            "ended",
            format!(
                "{ended} {}",
                incident.closed_at.map(utc).unwrap_or_default()
            ),
        ));
    }
    if let Some(restriction) = &incident.restriction {
        let people = match incident.is_masked("people") {
            true => "(hidden)".to_owned(),
            false => restriction.people.join(", "),
        };
        facts.push(("RESTRICTED to", people));
        let broken = restriction.glass.iter().rev();
        facts.extend(broken.map(|glass| ("GLASS BROKEN", glass_words(glass))));
    }
    if let Some(bridge) = &incident.bridge {
        facts.push(("bridge", bridge.clone()));
    }
    for (name, trigger) in &incident.triggers {
        facts.push((name, recorded(incident, trigger)));
    }
    let exercise = if incident.exercise { "EXERCISE " } else { "" };
    let mut lines = vec![format!(
        "{exercise}{} {}  version {}",
        incident.id, incident.codename, incident.version
    )];
    let rows: Vec<Vec<String>> = facts
        .into_iter()
        .map(|(name, value)| vec![format!("  {name}"), value])
        .collect();
    lines.extend(table(&rows));
    lines.extend(section(
        "duties",
        incident
            .duties
            .iter()
            .filter(|duty| duty.enabled)
            .map(|duty| duty_row(duty, now)),
    ));
    lines.extend(section(
        "alarms",
        alarm::of_view(incident, now).iter().map(alarm_row),
    ));
    lines.extend(section(
        "pages",
        incident.pages.iter().map(|page| {
            let answer = page
                .answer
                .map(|answer| format!(", {answer}"))
                .unwrap_or_default();
            let asked = page
                .asked_for()
                .map_or_else(String::new, |asked| format!(", {asked}"));
            let late = page
                .late_since(now)
                .map(|eta| format!(", ETA passed {}", utc(eta)))
                .unwrap_or_default();
            let error = page
                .trouble()
                .map(|error| format!(", {error}"))
                .unwrap_or_default();
            vec![
                page.team.clone(),
                format!("{}{answer}{asked}{late}{error}", page.state),
                utc(page.queued_at),
                page.id.clone(),
            ]
        }),
    ));
    lines.extend(section(
        "unmet",
        incident
            .gates
            .iter()
            .map(|gate| (gate, unmet(incident, gate)))
            .filter(|(_, unmet)| !unmet.is_empty())
            .map(|(gate, unmet)| vec![format!("before {}", gate.to), unmet.join(", ")]),
    ));
    lines.extend(section(
        "lessons",
        incident.lessons.iter().map(|lesson| {
            let done = lesson
                .done_at
                .map_or("open".to_owned(), |at| format!("done {}", utc(at)));
            vec![
                lesson.id.clone(),
                lesson
                    .owner
                    .clone()
                    .unwrap_or_else(|| match incident.is_masked("lessons") {
                        true => "(hidden)".to_owned(),
                        false => "NO OWNER".to_owned(),
                    }),
                done,
                lesson.text.clone().unwrap_or_default(),
            ]
        }),
    ));
    lines
}

fn section(title: &str, rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let rows: Vec<Vec<String>> = rows
        .map(|mut row| {
            if let Some(first) = row.first_mut() {
                first.insert_str(0, "  ");
            }
            row
        })
        .collect();
    match rows.is_empty() {
        true => Vec::new(),
        false => std::iter::once(title.to_owned())
            .chain(table(&rows))
            .collect(),
    }
}

/// What is unmet at a gate; and conditions of which this reader is not told whether they are met.
fn unmet(incident: &IncidentView, gate: &GateView) -> Vec<String> {
    let hides = |word: &&GateWord| incident.hides_gate(**word);
    let unmet = gate.unmet.iter().filter(|word| !hides(word));
    let hidden = gate::asked(&gate.to).iter().filter(hides);
    let hidden = hidden.map(|word| format!("{word} (hidden)"));
    unmet.map(|word| word.to_string()).chain(hidden).collect()
}

fn alarm_row(alarm: &AlarmView) -> Vec<String> {
    let by = alarm
        .by
        .as_ref()
        .map_or(String::new(), |by| format!(" by {by}"));
    let until = alarm
        .until
        .map_or(String::new(), |until| format!(" until {}", utc(until)));
    let reason = alarm
        .reason
        .as_ref()
        .map_or(String::new(), |reason| format!(": {reason}"));
    vec![
        alarm.id.clone(),
        format!("since {}", utc(alarm.since)),
        format!("{}{until}{by}{reason}", alarm.state),
    ]
}

fn duty_row(duty: &DutyView, now: Instant) -> Vec<String> {
    let status = status_at(duty, now);
    let when = match (status.counts_down(), duty.due_at) {
        (true, Some(due)) => match duty.told_in_part() {
            Some(told) => format!("by {}, sent to {} of {}", utc(due), told.done, told.of),
            None => format!("by {}", utc(due)),
        },
        _ => match (duty.submitted_at, duty.met_at, duty.trigger.as_deref()) {
            (Some(sent), _, _) => format!("sent {}", utc(sent)),
            (None, Some(at), _) => {
                let reached = duty.reached_words().unwrap_or_default();
                format!("{reached}: {}", utc(at))
            }
            (None, None, Some(trigger)) => format!("from {trigger}"),
            _ => "-".to_owned(),
        },
    };
    vec![
        duty.id.clone(),
        status.to_string(),
        when,
        duty.rule.clone(),
        duty.citation.clone(),
    ]
}

#[cfg(test)]
mod tests;
