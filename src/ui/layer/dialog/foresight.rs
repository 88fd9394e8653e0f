//! What a command would do to the clocks and whom it would let in, as the backend itself counts it: asked for while a dialog is filled in or before
//! its last key, one question at a time. The board counts no deadline of its own.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::form::{Row, row};
use super::run::gate_words;
use super::{Dialog, Look, Stage};
use crate::domain::command::Command;
use crate::domain::instant::Instant;
use crate::domain::view::DutyView;
use crate::domain::word::DutyStatus;
use crate::ui::canvas::Part;
use crate::ui::layer::LayerOutcome;
use crate::ui::message::Effect;
use crate::ui::phrase::{Form as Written, instant};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;
use crate::wire::{NewlyBody, OnCallBody, PreviewBody};

/// When a dialog asks what would follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foresees {
    Never,
    /// Before the last key; what changes is shown.
    AtTheEnd,
    /// As soon as the fields make a command; every duty is shown.
    Always,
}

/// What follows from which command on which version of the incident.
#[derive(Debug, Clone, PartialEq)]
struct Question {
    command: Command,
    version: u64,
}

#[derive(Debug)]
struct Foreseen {
    question: Question,
    body: Result<Arc<PreviewBody>, String>,
    /// The backend's time when it was heard.
    at: Instant,
}

/// What was asked of the backend, and what it foresees.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    /// What the dialog shows now.
    wanted: Option<Question>,
    /// What is under way; nothing else is asked until it is answered.
    asked: Option<Question>,
    heard: Option<Foreseen>,
}

impl Foresight {
    /// What was foreseen is asked anew: time has gone by.
    pub(super) fn forget(&mut self) {
        self.heard = None;
    }
}

impl<B: super::Body + 'static> Dialog<B> {
    fn wants(&self, shared: &Shared) -> Option<Question> {
        let look = self.look(shared);
        let command = match (&self.stage, self.body.foresees()) {
            (_, Foresees::Never) => None,
            (Stage::Review(review), _) => Some(review.command.clone()),
            (Stage::Filling, Foresees::Always) => self.body.command(&self.form, &look).ok(),
            _ => None,
        }?;
        Some(Question {
            command: self.body.foreseen(command, &self.form, &look),
            version: self.seen.version,
        })
    }

    /// Asks what follows, where it is wanted and not known.
    pub(super) fn foresee(&mut self, shared: &Shared) -> Option<Effect> {
        let wanted = self.wants(shared);
        let foresight = &mut self.foresight;
        foresight.wanted.clone_from(&wanted);
        let wanted = wanted?;
        let known = foresight.heard.as_ref().map(|heard| &heard.question);
        if foresight.asked.is_some() || known == Some(&wanted) {
            return None;
        }
        foresight.asked = Some(wanted.clone());
        Some(Effect::Preview {
            source: self.target.source,
            id: self.target.id.clone(),
            version: wanted.version,
            command: Box::new(wanted.command),
        })
    }

    pub(super) fn foreseen(
        &mut self,
        command: &Command,
        version: u64,
        body: Result<Arc<PreviewBody>, String>,
        shared: &Shared,
    ) -> LayerOutcome {
        let asked = self.foresight.asked.as_ref();
        if asked.is_some_and(|asked| asked.command == *command && asked.version == version)
            && let Some(question) = self.foresight.asked.take()
        {
            self.foresight.heard = Some(Foreseen {
                question,
                body,
                at: shared.time(self.target.source),
            });
        }
        LayerOutcome::nothing()
    }

    /// Puts who would be woken now, as the incident's own source says, under the team that is woken.
    pub(super) fn callers(&self, rows: &mut Vec<Row>, look: &Look<'_>) {
        let known = self.foresight.heard.as_ref();
        let known = known.filter(|heard| Some(&heard.question) == self.foresight.wanted.as_ref());
        let Some(Ok(body)) = known.map(|heard| &heard.body) else {
            return;
        };
        let source = look.shared.source(look.target.source);
        for of in &body.on_call {
            let team = source.and_then(|source| source.teams.iter().find(|it| it.id == of.team));
            let names = |row: &Row| match (row.last(), team) {
                (Some(Part::Text(text, _)), Some(team)) => *text == team.name,
                _ => false,
            };
            let at = rows.iter().position(names).map_or(rows.len(), |at| at + 1);
            rows.insert(at, on_call(of, look));
        }
    }

    /// What follows; while it is read, and where it cannot be had, that is said, with what the dialog itself can say.
    pub(super) fn follows(&self, look: &Look<'_>) -> Vec<Row> {
        let Some(wanted) = &self.foresight.wanted else {
            return Vec::new();
        };
        let source = look.shared.source_name(look.target.source);
        let heard = self.foresight.heard.as_ref();
        let told = match heard.filter(|heard| heard.question == *wanted) {
            Some(Foreseen {
                body: Ok(body), at, ..
            }) => return told(body, *at, self.body.foresees(), look),
            Some(Foreseen {
                body: Err(sentence),
                ..
            }) => {
                let sentence = sentence.trim_end_matches('.');
                format!("{source} did not tell what follows: {sentence}.")
            }
            None => "reading what follows ...".to_owned(),
        };
        let mut rows = vec![row(told, Role::Notice)];
        rows.extend(self.body.unforeseen(&wanted.command, look));
        rows
    }
}

fn told(body: &PreviewBody, at: Instant, foresees: Foresees, look: &Look<'_>) -> Vec<Row> {
    let at = instant(at, look.now(), look.clock().zone, Written::Full).text;
    let source = look.shared.source_name(look.target.source);
    let mut rows = vec![row(
        format!("What follows if it is done at {at}, as {source} counts:"),
        Role::Dim,
    )];
    if let Some(newly) = &body.newly {
        rows.extend(let_in(newly, look));
    }
    if !body.unmet.is_empty() {
        let unmet: Vec<&str> = body.unmet.iter().map(|word| gate_words(*word)).collect();
        rows.push(row(
            format!("Passed unmet: {}.", unmet.join(", ")),
            Role::GateUnmet,
        ));
    }
    let found = |duties: &[DutyView], id: &str| duties.iter().find(|duty| duty.id == id).cloned();
    let ended = body.before.iter();
    let ended = ended.filter(|duty| found(&body.after, &duty.id).is_none());
    let mut duties: Vec<(Option<DutyView>, Option<DutyView>)> = body
        .after
        .iter()
        .map(|after| (found(&body.before, &after.id), Some(after.clone())))
        .chain(ended.map(|before| (Some(before.clone()), None)))
        .collect();
    duties.retain(|(before, after)| before.iter().chain(after).any(|duty| duty.enabled));
    duties.sort_by(|a, b| by_due(a.1.as_ref(), b.1.as_ref()));
    let (mut changes, mut same) = (0, 0);
    for (before, after) in &duties {
        let Some(duty) = after.as_ref().or(before.as_ref()) else {
            continue;
        };
        let words = |duty: &Option<DutyView>, none: &str| match duty {
            Some(duty) => stands(duty, look),
            None => none.to_owned(),
        };
        let (was, is) = (
            words(before, "not there"),
            words(after, "not there any more"),
        );
        let name = look.duty_name(duty);
        if was == is {
            same += 1;
            if foresees == Foresees::Always {
                rows.push(vec![
                    Part::text(format!("{name}  "), Role::Dim),
                    Part::text(format!("stays: {was}"), Role::Before),
                ]);
            }
            continue;
        }
        changes += 1;
        rows.push(row(name, Role::Text));
        rows.push(vec![
            Part::text("  before  ", Role::Dim),
            Part::text(was, Role::Before),
        ]);
        rows.push(vec![
            Part::text("  after   ", Role::Dim),
            Part::text(is, Role::After),
        ]);
    }
    match (changes, same, foresees) {
        (0, _, _) => rows.insert(1, row("No duty changes.", Role::Text)),
        (_, 0, _) | (_, _, Foresees::Always) => {}
        (_, 1, _) => rows.push(row("1 other duty stays as it is.", Role::Dim)),
        (_, same, _) => rows.push(row(
            format!("{same} other duties stay as they are."),
            Role::Dim,
        )),
    }
    rows
}

/// Who newly sees it, by name.
fn let_in(newly: &NewlyBody, look: &Look<'_>) -> Vec<Row> {
    let roles: Vec<&str> = newly.roles.iter().map(|role| role.as_str()).collect();
    let (roles, teams) = (roles.join(", "), newly.teams.join(", "));
    let count = newly.people_in_all;
    let more = count.saturating_sub(newly.people.len());
    let mut people = match look.texts() {
        true => newly.people.join(", "),
        false => look.shared.glyphs.masked().to_owned(),
    };
    if more > 0 {
        people = format!("{people} and {more} more");
    }
    let mut rows = Vec::new();
    if count > 0 {
        let who = if count == 1 { "person" } else { "people" };
        rows.push(row(
            format!("Newly seen by {count} {who}: {people}."),
            Role::DialogWarning,
        ));
        rows.push(row(format!("Their roles: {roles}."), Role::DialogWarning));
    }
    if !newly.displays.is_empty() {
        let displays = newly.displays.join(", ");
        rows.push(row(format!("Displays: {displays}."), Role::DialogWarning));
    }
    if !teams.is_empty() {
        rows.push(row(format!("Teams: {teams}."), Role::DialogWarning));
    }
    rows
}

/// Who is woken by the system that the incident came from.
fn on_call(of: &OnCallBody, look: &Look<'_>) -> Row {
    let team = look.shared.team(look.target.source, &of.team);
    let by = format!("{team} by {}", of.connector);
    match (&of.why, of.people.is_empty(), look.texts()) {
        (Some(why), _, _) => row(
            format!("on call for {by}: not known ({why})"),
            Role::DialogWarning,
        ),
        (None, true, _) => row(format!("on call for {by}: NOBODY"), Role::PageFailed),
        (None, false, true) => row(
            format!("on call now for {by}: {}", of.people.join(", ")),
            Role::DialogWarning,
        ),
        (None, false, false) => row(
            format!("on call now for {by}: {}", look.shared.glyphs.masked()),
            Role::DialogWarning,
        ),
    }
}

/// The next due first; what has no number last.
fn by_due(a: Option<&DutyView>, b: Option<&DutyView>) -> Ordering {
    let due = |duty: Option<&DutyView>| duty.and_then(|duty| duty.due_at);
    match (due(a), due(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Its state in words, with the instant that counts.
fn stands(duty: &DutyView, look: &Look<'_>) -> String {
    let status = duty.status.as_str().replace('_', " ");
    let written = |at| instant(at, look.now(), look.clock().zone, Written::Full).text;
    match duty.due_at {
        Some(due) if duty.status == DutyStatus::Embargo => format!("not before {}", written(due)),
        Some(due) if duty.status.counts_down() => format!("{status}, due {}", written(due)),
        _ => status,
    }
}
