//! One line that tells what happened, for "what changed" and the timeline. Texts written by people stay out
//! unless they are the reason of a move: what is shown in a room is decided by the reader's clearance.

mod value;

use super::alarm::Alarm;
use super::command::alert;
use super::command::note_there::NotesThere;
use super::command::upstream::{conflicts, standing};
use super::event::Event;
use super::incident::Incident;
use super::incident::apply::seat_words;
use super::view::DecisionView;
use super::word::{AlarmKind, Answer, PageState, Phase};
pub use value::with_values;

/// What an entry of the timeline says: the change, or what only a reader of the record asks for.
pub fn line(event: &Event, incident: &Incident) -> Option<String> {
    with_values(event, incident).or_else(|| match event {
        Event::PageProgressed {
            page,
            state,
            attempts,
            last_error,
            left,
        } => {
            let team = incident.page(page).map_or("a page", |p| p.team.as_str());
            let how = match left {
                Some(_) => "an earlier route was reached".to_owned(),
                None => progress(*state, *attempts, last_error.as_deref()),
            };
            Some(format!("{team}: {how}"))
        }
        Event::StatusesChanged { duties } => {
            Some(format!("{} changed with time", duties.join(", ")))
        }
        _ => None,
    })
}

/// How far a page got, how often it was tried and what came back: `tried 23 times, 500`.
fn progress(state: PageState, attempts: u32, error: Option<&str>) -> String {
    use PageState as S;
    let said = match state {
        S::Queued => "queued",
        S::Sending => "being sent",
        S::Accepted => "accepted",
        S::Acknowledged => "acknowledged",
        S::Unknown => "UNKNOWN whether it arrived",
        S::Failed => "FAILED",
        S::Cancelled => "stood down",
        S::Expired => "expired, nobody answered",
    };
    let tried = (attempts > 1).then(|| format!("tried {attempts} times"));
    // Where it is tried again, why it has not arrived says more than that it is on its way.
    let again = matches!(state, S::Queued | S::Sending) && (tried.is_some() || error.is_some());
    let said = (!again).then(|| said.to_owned());
    let parts = [said, tried, error.map(str::to_owned)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The change in a few words; None for what no reader needs to hear of. They are part of an incident as it is kept, and a
/// record must replay to the same: of an event that is in records already they stay as they are. What people read is
/// `with_values`.
pub fn change(event: &Event, incident: &Incident) -> Option<String> {
    let text = match event {
        Event::Opened(opened) => {
            let what = match opened.starts_at {
                Some(_) => "exercise planned",
                None => "opened",
            };
            match opened.people.len() {
                0 => what.to_owned(),
                n => format!("{what}, {}", restricted_to(n)),
            }
        }
        Event::Noted {
            kind,
            privileged: true,
            ..
        } => format!("{kind} noted, privileged"),
        Event::Noted { kind, .. } => format!("{kind} noted"),
        Event::TimeRecorded {
            trigger,
            proposed: true,
            ..
        } => format!("later {} proposed", spaced(trigger)),
        Event::TimeRecorded { trigger, .. } => format!("{} recorded", spaced(trigger)),
        Event::TimeConfirmed { trigger, .. } => format!("{} confirmed", spaced(trigger)),
        Event::NotApplicable { milestone, .. } => {
            format!("{} not applicable", spaced(milestone.as_str()))
        }
        Event::Declared { proposed: true, .. } => "later declaration proposed".to_owned(),
        Event::Declared { .. } => "declared reportable".to_owned(),
        Event::NotReportable { .. } => "not reportable".to_owned(),
        Event::Advanced {
            from, to, reason, ..
        } if to < from => match reason {
            Some(reason) => format!("looped back: {reason}"),
            None => "looped back".to_owned(),
        },
        Event::Advanced { to, overridden, .. } => format!(
            "moved to {}{}",
            to.short(),
            if *overridden { " by override" } else { "" }
        ),
        Event::MoveUndone { to, .. } => format!("move undone, back in {}", to.short()),
        Event::Dismissed { .. } => "dismissed".to_owned(),
        Event::Closed { overridden, .. } => if *overridden {
            "closed by override"
        } else {
            "closed"
        }
        .to_owned(),
        Event::Reopened { pass, .. } => format!("reopened, pass {pass}"),
        Event::Assigned { role, person, duty } => match (person, duty) {
            (Some(person), Some(duty)) => format!("{person} decides {duty}"),
            (Some(person), None) => format!("{person} is {}", seat_words(*role)),
            (None, _) => format!("{} vacated", seat_words(*role)),
        },
        Event::HandOverOffered { role, to } => format!("{} offered to {to}", seat_words(*role)),
        Event::SeatTaken { role, .. } => format!("{} taken", seat_words(*role)),
        Event::FieldsSet(set) => format!("{} set", set.touched().join(", ")),
        Event::PageQueued { team, .. } => format!("paged {team}"),
        Event::PageFolded { team, .. } => format!("paged {team} again, in the page that waits"),
        Event::PageProgressed { .. } | Event::StatusesChanged { .. } => return None,
        Event::PageEscalated { team, .. } => format!("page escalated to {team}"),
        Event::PageAcknowledged { page, answer, .. } => {
            let team = incident.page(page).map_or("a team", |p| p.team.as_str());
            match answer {
                Some(Answer::Cannot) => format!("{team} cannot come"),
                Some(Answer::Arrived) => format!("{team} is there"),
                Some(Answer::Remote) => format!("{team} joins remotely"),
                _ => format!("{team} coming"),
            }
        }
        Event::PageCancelled { page, .. } => format!(
            "{} stood down",
            incident.page(page).map_or("a team", |p| p.team.as_str())
        ),
        Event::Submitted { duties, .. } => format!("{} recorded as sent", duties.join(", ")),
        Event::SubmissionWithdrawn { duty, .. } => format!("{duty} no longer recorded as sent"),
        Event::Held { duty, .. } => format!("{duty} held"),
        Event::Released { duty, .. } => format!("{duty} released"),
        Event::Decided {
            duty,
            required: false,
            ..
        } => format!("{duty}: decided, no notice"),
        Event::Decided { duty, .. } => format!("{duty}: notice required"),
        Event::LessonAdded { .. } => "lesson added".to_owned(),
        Event::LessonFinished { .. } => "lesson done".to_owned(),
        Event::Reviewed { .. } => "review held".to_owned(),
        Event::Restricted { people } => match people.len() {
            0 => "restriction lifted".to_owned(),
            n => restricted_to(n),
        },
        Event::GlassBroken { .. } => "GLASS BROKEN".to_owned(),
        Event::GlassMended { .. } => "broken glass closed".to_owned(),
        Event::AlarmsRaised { alarms } => {
            let alarms: Vec<String> = alarms.iter().map(|raised| alarm(&raised.alarm)).collect();
            format!("alarm: {}", alarms.join("; "))
        }
        Event::AlarmAcknowledged { alarm: of } => format!("alarm acknowledged: {}", alarm(of)),
        Event::AlarmShelved {
            alarm: of, until, ..
        } => {
            format!(
                "alarm shelved until {}: {}",
                until.format("%Y-%m-%d %H:%M UTC"),
                alarm(of)
            )
        }
        Event::UpstreamChanged { upstream } => {
            let connector = &upstream.connector;
            if let Some(said) = alert::said(upstream) {
                return Some(format!("{connector}: {said}"));
            }
            let note = NotesThere::of(upstream).last;
            match standing(upstream) {
                _ if note.is_some() => {
                    format!("note {} in {connector}", note.unwrap_or_default())
                }
                _ if !conflicts(upstream).is_empty() => format!("{connector} disagrees"),
                Some("open") | None => format!("{connector} updated it"),
                Some(standing) => format!("{standing} in {connector}"),
            }
        }
        Event::AlarmUnshelved { alarm: of } => format!("alarm unshelved: {}", alarm(of)),
        Event::Restored { made_at, pages } => format!(
            "restored from the backup of {}: what became of {} pages since is not known",
            made_at.format("%Y-%m-%d %H:%M UTC"),
            pages.len()
        ),
        Event::Redacted { entry, .. } => format!("entry {entry} redacted"),
    };
    Some(text)
}

/// What stands in a timeline in place of an entry that was redacted.
pub fn redacted(why: &DecisionView) -> String {
    match &why.reason {
        Some(reason) => format!("redacted by {}: {reason}", why.by),
        None => format!("redacted by {}", why.by),
    }
}

fn restricted_to(people: usize) -> String {
    match people {
        1 => "restricted to one person".to_owned(),
        n => format!("restricted to {n} people"),
    }
}

/// What an alarm is about: `ms-72h/customer START PASSED`.
fn alarm(alarm: &Alarm) -> String {
    match &alarm.duty {
        Some(duty) => format!("{duty} {}", alarm_words(alarm.kind)),
        None => alarm_words(alarm.kind).to_owned(),
    }
}

/// An alarm's kind in words; capitals are kept for what is late.
pub fn alarm_words(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::LatestStart => "START PASSED",
        AlarmKind::TenPercentLeft => "10 % left",
        AlarmKind::Passed => "DUE PASSED",
        AlarmKind::HoldEnding => "hold ends soon",
        AlarmKind::EmbargoOver => "may be sent now",
        AlarmKind::ReviewDue => "decision to be looked at again",
        AlarmKind::VacantCommand => "NO COMMANDER",
        AlarmKind::EtaPassed => "ETA PASSED",
    }
}

/// A phase in a sentence.
pub fn phase_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Preparation => "preparation",
        Phase::DetectionAndAnalysis => "detection and analysis",
        Phase::ContainmentEradicationAndRecovery => "containment, eradication and recovery",
        Phase::PostIncidentActivity => "post-incident activity",
    }
}

/// A field's name as words.
pub fn spaced(name: &str) -> String {
    name.strip_suffix("_at").unwrap_or(name).replace('_', " ")
}
