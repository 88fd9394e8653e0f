//! What a monitoring system says of an incident that one of its alert groups opened: firing, resolved, firing again. All of it
//! stands in the incident's `upstream`, so that a restart and another node know as much. It is not in the API: the door of
//! the intake asks it. What a group means in our words is `connector::alert`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::upstream::{STANDING, standing};
use crate::domain::event::Event;
use crate::domain::incident::Incident;
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use crate::domain::view::Upstream;

/// The key of `upstream` under which a group's course stands.
const COURSE: &str = "alerts";
/// The key under which the groups stand that wait in a storm.
const STORM: &str = "storm";
/// The sender's own word for how the group stands.
const RAW_STATUS: &str = "raw_status";
/// How many groups wait in one incident; whoever sends more is asked to keep them.
pub const WAITING_MAX: usize = 100;

/// How a group is told now.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The intake's name.
    pub intake: String,
    /// The sender's key of the group, as it may stand on record.
    pub key: String,
    /// What tells it from every other group of every intake.
    pub id: String,
    pub url: Option<String>,
    pub firing: bool,
    /// Alerts of it that fire now, as far as they were told.
    pub alerts: u64,
    /// Alerts that the sender left out.
    pub truncated: u64,
    /// When its newest firing alert began, by the sender's clock; none where that cannot be.
    pub newest_at: Option<Instant>,
    /// The labels that all its alerts have, in one line.
    pub text: String,
}

/// The course of a group, as its incident keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The group's id.
    pub group: String,
    /// Which of the group's incidents this is, from 1.
    pub episode: u64,
    /// How many alerts the group had at last.
    pub alerts: u64,
    /// How many more its sender left out.
    #[serde(default)]
    pub truncated: u64,
    /// How often it began to fire since `since`, with less than the damping time between.
    pub fired: u64,
    /// When the first of these firings began.
    pub since: Instant,
    /// When it last began to fire.
    pub fired_at: Instant,
    /// Since when nothing of it fires, where that is so.
    pub resolved_at: Option<Instant>,
    /// The newest alert that was known while the incident was open here.
    pub newest_at: Option<Instant>,
    /// It fires, or did again, after somebody had ended the incident here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_end: bool,
    /// What the group said last.
    pub text: String,
}

/// What follows from what was heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Consequence {
    /// Nothing new.
    Same,
    Change(Vec<Event>),
    /// This incident's course is over: the group needs one of its own, of this episode.
    Over(u64),
    /// It has no room for more.
    Full,
}

impl Course {
    fn new(group: &Group, episode: u64, now: Instant) -> Course {
        Course {
            group: group.id.clone(),
            episode,
            alerts: group.alerts,
            truncated: group.truncated,
            fired: 1,
            since: now,
            fired_at: now,
            resolved_at: None,
            newest_at: group.newest_at,
            after_end: false,
            text: group.text.clone(),
        }
    }

    /// The course that an incident keeps, if an alert group opened it.
    pub fn of(upstream: &Upstream) -> Option<Course> {
        let kept = upstream.rest.get(COURSE)?;
        serde_json::from_value(kept.clone()).ok()
    }

    /// `firing 7 times in 40m; 3 alerts`.
    fn words(&self) -> String {
        let mut text = match self.resolved_at {
            Some(_) => "resolved".to_owned(),
            None => "firing".to_owned(),
        };
        if self.after_end && self.resolved_at.is_none() {
            text.push_str(" after it was ended here");
        }
        if self.fired > 1 {
            let until = self.resolved_at.unwrap_or(self.fired_at);
            let minutes = (until - self.since).num_minutes().max(1);
            text.push_str(&format!(
                ", fired {} times in {}",
                self.fired,
                Span::minutes(minutes)
            ));
        }
        if self.resolved_at.is_none() {
            text.push_str(&match self.alerts {
                1 => "; 1 alert".to_owned(),
                n => format!("; {n} alerts"),
            });
            if self.truncated > 0 {
                text.push_str(&format!(", {} more not told", self.truncated));
            }
        }
        text
    }
}

/// The key under which an episode of a group is on record: the sender's own for the first, and one that no sender writes for
/// those after it. Unique, so that two nodes that hear of it at once make one incident.
pub fn key(group: &Group, episode: u64) -> String {
    // A key of a sender ends with a brace, and one of ours never does.
    match episode <= 1 && group.key.ends_with('}') {
        true => group.key.clone(),
        false => format!("{} #{episode} {}", group.key, short(&group.id)),
    }
}

fn short(id: &str) -> &str {
    id.get(..16).unwrap_or(id)
}

fn word(firing: bool) -> (&'static str, &'static str) {
    match firing {
        true => ("firing", "open"),
        false => ("resolved", "resolved"),
    }
}

fn keep(upstream: &mut Upstream, course: &Course, firing: bool) {
    let (raw, stands) = word(firing);
    let rest = &mut upstream.rest;
    rest.insert(RAW_STATUS.to_owned(), raw.into());
    rest.insert(STANDING.to_owned(), stands.into());
    let course = serde_json::to_value(course).unwrap_or_default();
    rest.insert(COURSE.to_owned(), course);
}

/// The reference with which a group's incident is opened.
pub fn first(group: &Group, episode: u64, now: Instant) -> Upstream {
    let mut upstream = Upstream {
        connector: group.intake.clone(),
        key: key(group, episode),
        url: group.url.clone(),
        rest: serde_json::Map::new(),
    };
    keep(&mut upstream, &Course::new(group, episode, now), true);
    upstream
}

fn changed(before: &Upstream, after: Upstream) -> Consequence {
    match after == *before {
        true => Consequence::Same,
        false => Consequence::Change(vec![Event::UpstreamChanged {
            upstream: Box::new(after),
        }]),
    }
}

/// What a group's incident is told. `damp`: firing again within it is the same firing.
///
/// What somebody ended here is never opened again by this: within `damp` of the end it is noted on the incident, and later
/// it is over for the group, unless nothing has begun since and the sender only repeats what was decided on.
pub fn hear(incident: &Incident, group: &Group, damp: Span, now: Instant) -> Consequence {
    let Some(before) = &incident.upstream else {
        return Consequence::Over(1);
    };
    let Some(was) = Course::of(before) else {
        // Somebody opened it by hand under the group's key.
        let mut after = before.clone();
        keep(&mut after, &Course::new(group, 1, now), group.firing);
        return changed(before, after);
    };
    let ended_at = incident.closed_at.filter(|_| !incident.is_open());
    let lately = |at: Instant| now - at <= damp.delta();
    let mut course = was.clone();
    course.alerts = group.alerts;
    course.truncated = group.truncated;
    if !group.firing {
        course.resolved_at = Some(was.resolved_at.unwrap_or(now));
        course.text = was.text;
        course.truncated = 0;
    } else {
        let newer = group.newest_at.is_none() || group.newest_at > was.newest_at;
        let begins = was.resolved_at.is_some() || newer;
        if let Some(ended_at) = ended_at {
            if begins && !lately(ended_at) {
                return Consequence::Over(was.episode.saturating_add(1));
            }
            course.after_end = true;
        } else {
            course.newest_at = group.newest_at.or(was.newest_at);
            course.after_end = false;
        }
        course.text = group.text.clone();
        if let Some(resolved_at) = was.resolved_at {
            match lately(resolved_at) {
                true => course.fired = was.fired.saturating_add(1),
                false => (course.fired, course.since) = (1, now),
            }
            (course.fired_at, course.resolved_at) = (now, None);
        }
    }
    let mut after = before.clone();
    keep(&mut after, &course, group.firing);
    changed(before, after)
}

/// Groups that wait because too many came at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Storm {
    /// Which of the storms of its scope this is.
    pub episode: u64,
    /// By the group's id, what it is called.
    pub waiting: serde_json::Map<String, Value>,
    /// Whether its sender was asked to keep further ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub full: bool,
}

impl Storm {
    /// The groups that wait in an incident, if it stands for a storm.
    pub fn of(upstream: &Upstream) -> Option<Storm> {
        let kept = upstream.rest.get(STORM)?;
        serde_json::from_value(kept.clone()).ok()
    }

    /// Whether a group waits here.
    pub fn holds(&self, id: &str) -> bool {
        self.waiting.contains_key(short(id))
    }

    /// `12 alert groups wait`.
    fn words(&self) -> String {
        let more = match self.full {
            true => "; the sender keeps more",
            false => "",
        };
        match self.waiting.len() {
            0 => "no alert group waits".to_owned(),
            1 => format!("1 alert group waits{more}"),
            n => format!("{n} alert groups wait{more}"),
        }
    }

    fn keep(&self, upstream: &mut Upstream) {
        let (raw, stands) = word(!self.waiting.is_empty());
        let rest = &mut upstream.rest;
        rest.insert(RAW_STATUS.to_owned(), raw.into());
        rest.insert(STANDING.to_owned(), stands.into());
        let storm = serde_json::to_value(self).unwrap_or_default();
        rest.insert(STORM.to_owned(), storm);
    }
}

/// The reference with which the incident of a storm is opened, and the group that waits first. `scope` tells storms of one
/// intake apart.
pub fn storm(intake: &str, scope: &str, episode: u64, group: &Group, name: &str) -> Upstream {
    let mut upstream = Upstream {
        connector: intake.to_owned(),
        key: format!("storm {scope} #{episode}"),
        url: None,
        rest: serde_json::Map::new(),
    };
    let mut storm = Storm {
        episode,
        ..Storm::default()
    };
    storm
        .waiting
        .insert(short(&group.id).to_owned(), name.into());
    storm.keep(&mut upstream);
    upstream
}

/// Lets a group wait in the incident of a storm.
pub fn fold(incident: &Incident, group: &Group, name: &str) -> Consequence {
    let kept = incident.upstream.as_ref();
    let Some((before, mut storm)) = kept.and_then(|up| Some((up, Storm::of(up)?))) else {
        return Consequence::Over(1);
    };
    if !incident.is_open() {
        return Consequence::Over(storm.episode.saturating_add(1));
    }
    if !storm.holds(&group.id) {
        match storm.waiting.len() < WAITING_MAX {
            true => {
                let name = Value::from(name);
                storm.waiting.insert(short(&group.id).to_owned(), name);
            }
            false if storm.full => return Consequence::Full,
            false => storm.full = true,
        }
    }
    let mut after = before.clone();
    storm.keep(&mut after);
    changed(before, after)
}

/// A group waits no longer: it has an incident of its own, or does not fire any more.
pub fn unfold(incident: &Incident, id: &str) -> Vec<Event> {
    let kept = incident.upstream.as_ref();
    let Some((before, mut storm)) = kept.and_then(|up| Some((up, Storm::of(up)?))) else {
        return Vec::new();
    };
    if storm.waiting.remove(short(id)).is_none() {
        return Vec::new();
    }
    storm.full = false;
    let mut after = before.clone();
    storm.keep(&mut after);
    vec![Event::UpstreamChanged {
        upstream: Box::new(after),
    }]
}

/// How an incident's alerts stand, in one line; none where none opened it.
pub fn said(upstream: &Upstream) -> Option<String> {
    if let Some(storm) = Storm::of(upstream) {
        return Some(storm.words());
    }
    Course::of(upstream).map(|course| course.words())
}

/// The names of groups that wait.
pub fn waiting(upstream: &Upstream) -> Vec<String> {
    let storm = Storm::of(upstream).unwrap_or_default();
    let names = storm.waiting.values().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// The id of the group that an incident comes from.
pub fn group_of(upstream: &Upstream) -> Option<&str> {
    upstream.rest.get(COURSE)?.get("group")?.as_str()
}

/// Whether the sender says that it fires.
pub fn fires(upstream: &Upstream) -> bool {
    standing(upstream) == Some("open") && group_of(upstream).is_some()
}

/// Whether two references tell of the same course of flapping: the later one says all that the earlier one did.
pub fn same_flapping(earlier: &Upstream, later: &Upstream) -> bool {
    match (Course::of(earlier), Course::of(later)) {
        (Some(a), Some(b)) => b.fired > 1 && a.since == b.since && a.episode == b.episode,
        _ => false,
    }
}
