//! How a group of alerts lands here: by which rule, as what incident, and what of it has no place. Nothing is sent and nothing
//! written; the decision is the domain's, as for everybody.

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use super::body::{AlertGroupBody, AlertStatus, Labels};
use super::{AlertSettings, Opening, Rule, Then};
use crate::connector::field;
use crate::connector::landing::fitted;
use crate::connector::settings::Mapping;
use crate::domain::command::alert::Group;
use crate::domain::command::open::Open;
use crate::domain::command::text;
use crate::domain::directory::Directory;
use crate::domain::instant::Instant;
use crate::domain::when::When;
use crate::domain::word::Severity;

/// How long ago an alert may have begun: what is older is a machine whose clock was never set.
const BEGAN_DAYS: i64 = 30;
/// Longest key of a group as it stands on record; of a longer one the beginning does.
const KEY: usize = 240;
/// How many labels, annotations and alerts are told in a summary, and how much of each value.
const TOLD_MAX: usize = 40;
const VALUE: usize = 300;
/// Longest line of labels, and longest name of a group that waits.
const LINE: usize = 600;
const SHORT: usize = 60;

/// What becomes of a group.
#[derive(Debug, Clone)]
pub struct Landing {
    /// An alert that always fires is among them: alerts come through.
    pub watchdog: bool,
    pub fate: Fate,
}

/// What becomes of the alerts that are no watchdog.
#[derive(Debug, Clone)]
pub enum Fate {
    /// An incident, where there is none yet.
    Open(Box<Placed>),
    /// A rule says so.
    Ignored,
    /// No rule fits.
    Unmatched,
    /// There is nothing else in it, or nothing fires.
    Nothing,
}

/// A group in our words.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Without its reference: which episode it is depends on the record.
    pub open: Open,
    /// The rule's place in the file, from 1.
    pub rule: usize,
    /// What has no place here, each with why.
    pub unplaced: Vec<String>,
}

/// What a group means. `now` is the backend's.
pub fn land(
    body: &AlertGroupBody,
    settings: &AlertSettings,
    directory: &Directory,
    now: Instant,
) -> Landing {
    let mut watchdog = false;
    let (mut best, mut ignored, mut unmatched) = (None::<usize>, false, false);
    let mut judge = |labels: &Labels| {
        // An alert counts by the first rule that fits it, and a group by the first of those that opens: one that is to be
        // ignored does not silence the others.
        let fits = |rule: &Rule| rule.matchers.iter().all(|matcher| matcher.fits(labels));
        match settings.rules.iter().position(fits) {
            Some(at) => match settings.rules.get(at).map(|rule| &rule.then) {
                Some(Then::Open(_)) => best = Some(best.map_or(at, |other| other.min(at))),
                Some(Then::Watchdog) => watchdog = true,
                _ => ignored = true,
            },
            None => unmatched = true,
        }
    };
    if body.status == AlertStatus::Firing {
        let mut any = false;
        for alert in body.firing() {
            any = true;
            judge(&alert.labels);
        }
        if !any {
            judge(&body.common_labels);
        }
    }
    let opening = best.and_then(|at| match &settings.rules.get(at)?.then {
        Then::Open(opening) => Some((at, opening)),
        _ => None,
    });
    let fate = match opening {
        Some((at, opening)) => Fate::Open(Box::new(placed(
            body,
            settings,
            opening,
            at.saturating_add(1),
            directory,
            now,
        ))),
        None if unmatched => Fate::Unmatched,
        None if ignored => Fate::Ignored,
        None => Fate::Nothing,
    };
    Landing { watchdog, fate }
}

fn placed(
    body: &AlertGroupBody,
    settings: &AlertSettings,
    opening: &Opening,
    rule: usize,
    directory: &Directory,
    now: Instant,
) -> Placed {
    let mut unplaced = Vec::new();
    let title = match &opening.title {
        Some(template) => template.filled(body),
        None => plain_title(body),
    };
    let severity = severity(body, opening, &mut unplaced);
    let occurred_at = began(body, now, &mut unplaced);
    if body.truncated_alerts > 0 {
        unplaced.push(format!(
            "{} alerts of the group were not told: {} cuts long lists (max_alerts)",
            body.truncated_alerts,
            super::NAME
        ));
    }
    let of_service = directory.service(&opening.service);
    let mut regimes = of_service.map_or_else(Vec::new, |service| service.regimes.clone());
    for regime in &opening.regimes {
        if !regimes.contains(regime) {
            regimes.push(regime.clone());
        }
    }
    let open = Open {
        service: opening.service.clone(),
        title: fitted(&title, text::TITLE),
        classification: Some(opening.classification),
        severity,
        summary: Some(fitted(&summary(body, settings, &unplaced), text::LONG)),
        tlp: None,
        people: None,
        exercise: opening.exercise,
        starts_at: None,
        occurred_at: occurred_at.map(When::exact),
        regimes: (!opening.regimes.is_empty()).then_some(regimes),
        profile: (!opening.profile.is_empty()).then(|| opening.profile.clone()),
        // When an alert began says nothing of when anybody became aware of it: no clock starts from it.
        triggers: IndexMap::new(),
        upstream: None,
    };
    Placed {
        open,
        rule,
        unplaced,
    }
}

/// The worst that an alert's label says, or else the rule's own.
fn severity(
    body: &AlertGroupBody,
    opening: &Opening,
    unplaced: &mut Vec<String>,
) -> Option<Severity> {
    let Some(label) = &opening.severity_label else {
        return opening.severity;
    };
    let mut worst: Option<Severity> = None;
    let common = body.common_labels.get(label);
    for word in body
        .firing()
        .filter_map(|alert| alert.labels.get(label))
        .chain(common)
    {
        match Mapping::find(&opening.severities, word) {
            Some(found) => worst = Some(worst.map_or(found, |other| other.min(found))),
            None => {
                let line = format!(
                    "the {label} '{}' is none of the rule's severities",
                    fitted(word, SHORT)
                );
                if unplaced.len() < TOLD_MAX && !unplaced.contains(&line) {
                    unplaced.push(line);
                }
            }
        }
    }
    worst.or(opening.severity)
}

/// The instants at which firing alerts began, where the sender's clock can be believed.
fn begins(body: &AlertGroupBody, now: Instant) -> impl Iterator<Item = Option<Instant>> + '_ {
    body.firing().map(move |alert| {
        let at = field::instant(&alert.starts_at)?;
        text::not_in_future("startsAt", at, now).ok().map(|()| at)
    })
}

/// When the first of its alerts began.
fn began(body: &AlertGroupBody, now: Instant, unplaced: &mut Vec<String>) -> Option<Instant> {
    let oldest = now - chrono::TimeDelta::days(BEGAN_DAYS);
    let (mut first, mut odd) = (None::<Instant>, 0_usize);
    for at in begins(body, now) {
        match at.filter(|at| *at >= oldest) {
            Some(at) => first = Some(first.map_or(at, |other| other.min(at))),
            None => odd += 1,
        }
    }
    if odd > 0 {
        unplaced.push(format!(
            "{odd} alerts say that they began in the future, over {BEGAN_DAYS} days ago or at no time at all: that is not used"
        ));
    }
    first
}

/// The group as the record knows it.
pub fn group(body: &AlertGroupBody, intake: &str, now: Instant) -> Group {
    let mut digest = Sha256::new();
    digest.update(intake.as_bytes());
    digest.update(b"\0");
    digest.update(body.group_key.as_bytes());
    let id = hex::encode(digest.finalize());
    // One that cannot be believed makes the whole unknown: nothing that may be new is taken for old.
    let begins: Option<Vec<Instant>> = begins(body, now).collect();
    let alerts = body.firing().count();
    Group {
        intake: intake.to_owned(),
        key: fitted(&body.group_key, KEY),
        id,
        url: url(body),
        firing: body.status == AlertStatus::Firing,
        alerts: u64::try_from(alerts).unwrap_or(u64::MAX),
        truncated: body.truncated_alerts,
        newest_at: begins.and_then(|all| all.into_iter().max()),
        text: fitted(&line(&body.common_labels), LINE),
    }
}

/// What a group that waits is called.
pub fn name(body: &AlertGroupBody) -> String {
    let alert = alert_name(body).cloned();
    fitted(&alert.unwrap_or_else(|| body.group_key.clone()), SHORT)
}

fn alert_name(body: &AlertGroupBody) -> Option<&String> {
    let name = "alertname";
    let first = body.alerts.first();
    body.group_labels
        .get(name)
        .or_else(|| body.common_labels.get(name))
        .or_else(|| first.and_then(|alert| alert.labels.get(name)))
}

fn plain_title(body: &AlertGroupBody) -> String {
    let name = alert_name(body).unwrap_or(&body.group_key);
    match body.common_annotations.get("summary") {
        Some(summary) => format!("{name}: {summary}"),
        None => name.clone(),
    }
}

/// Where it can be looked at; an address that no browser opens is none.
fn url(body: &AlertGroupBody) -> Option<String> {
    let first = body.firing().next().map(|alert| &alert.generator_url);
    let usable = |url: &&String| {
        let web = url.starts_with("https://") || url.starts_with("http://");
        let plain = url.chars().all(|c| !c.is_control() && !c.is_whitespace());
        web && plain && url.chars().count() <= text::MESSAGE
    };
    first
        .into_iter()
        .chain([&body.external_url])
        .find(usable)
        .cloned()
}

fn line(labels: &Labels) -> String {
    let pairs = labels.iter().take(TOLD_MAX);
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{}=\"{}\"", fitted(name, SHORT), fitted(value, VALUE)))
        .collect();
    pairs.join(", ")
}

/// An instant of an alert to the second; what is none stays as it came.
fn since(written: &str) -> String {
    match written.parse::<Instant>() {
        Ok(at) => at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => written.to_owned(),
    }
}

fn summary(body: &AlertGroupBody, settings: &AlertSettings, unplaced: &[String]) -> String {
    let mut lines = vec![format!(
        "Opened by {} ({}, receiver {}). Suspected, not assessed by anybody.",
        settings.name,
        super::NAME,
        fitted(&body.receiver, SHORT)
    )];
    if !body.common_labels.is_empty() {
        lines.push(format!("Labels: {}", line(&body.common_labels)));
    }
    for (name, value) in body.common_annotations.iter().take(TOLD_MAX) {
        lines.push(format!("{}: {}", fitted(name, SHORT), fitted(value, VALUE)));
    }
    let firing = body.firing().count();
    for alert in body.firing().take(TOLD_MAX) {
        let own: Labels = alert
            .labels
            .iter()
            .filter(|(name, _)| !body.common_labels.contains_key(*name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let since = fitted(&since(&alert.starts_at), SHORT);
        lines.push(match own.is_empty() {
            true => format!("- since {since}"),
            false => format!("- since {since}: {}", line(&own)),
        });
    }
    if firing > TOLD_MAX {
        lines.push(format!("and {} alerts more", firing - TOLD_MAX));
    }
    lines.extend(unplaced.iter().cloned());
    lines.join("\n")
}
