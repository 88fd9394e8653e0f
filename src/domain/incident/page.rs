//! A page as recorded: one request to one team to come, and how far it got.
//! How it is sent is the room `paging`; when it escalates is decided in `command::page`.

use serde::{Deserialize, Serialize};

use super::{Incident, Stamp};
use crate::domain::event::Event;
use crate::domain::instant::Instant;
use crate::domain::view::{FoldedView, IncidentView, PageView, expected_at};
use crate::domain::word::{Answer, PageState, Urgency};

/// What a page says whose team cannot be reached at all.
pub const NO_ROUTE: &str = "no route";
/// The same while the company's own channels are suspect.
pub const NO_OUT_OF_BAND: &str = "no out-of-band route";

/// A route by which a page arrived, or may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which of the page's routes it was, from 0.
    pub step: u32,
    /// Its place in the team's whole list, and its kind.
    pub place: u32,
    pub kind: String,
    /// The paging system said that it has it; else nobody knows.
    pub accepted: bool,
}

/// A repeat that goes with a page which waited to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded {
    pub at: Instant,
    pub by: String,
    pub message: Option<String>,
}

/// One request to one team to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub id: String,
    pub team: String,
    pub state: PageState,
    /// The kind of the route it goes by now; None: the team has none.
    pub route: Option<String>,
    /// 0 for the first route, +1 for each escalation.
    pub step: u32,
    /// How often it was tried over the route that told last.
    pub attempts: u32,
    pub urgency: Urgency,
    pub answer: Option<Answer>,
    /// When the team will be there, as it said.
    pub eta: Option<Instant>,
    pub queued_at: Instant,
    /// When a paging system said that it has it.
    pub accepted_at: Option<Instant>,
    pub acknowledged_at: Option<Instant>,
    pub acknowledged_by: Option<String>,
    /// When it goes on to the next route if nobody answers.
    pub escalates_at: Option<Instant>,
    /// Who asked for it.
    pub by: String,
    /// What they wrote to the team.
    pub message: Option<String>,
    /// Why the last attempt did not arrive, or why it went on to another route.
    pub last_error: Option<String>,
    /// The place of its present route in the team's whole list, whatever is passed over.
    #[serde(default)]
    pub place: Option<u32>,
    /// By which routes it arrived or may have, one for each step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reached: Vec<Reached>,
    /// When it last went on: to its next route, or past its last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<Instant>,
    /// Repeats that go with it, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folded: Vec<Folded>,
}

/// Those of a page's teams for whom it goes nowhere, each with why.
pub fn to_nobody<'i>(incident: &'i IncidentView, teams: &[String]) -> Vec<(&'i str, &'i str)> {
    let latest = |team: &String| incident.pages.iter().rev().find(|page| page.team == *team);
    let lost = teams.iter().filter_map(latest);
    lost.filter(|page| page.state == PageState::Failed && page.route.is_none())
        .map(|page| {
            let why = page.last_error.as_deref().unwrap_or(NO_ROUTE);
            (page.team.as_str(), why)
        })
        .collect()
}

/// The same as a person is told it.
pub fn woke_nobody(incident: &IncidentView, teams: &[String]) -> Option<String> {
    let lost = to_nobody(incident, teams).into_iter();
    let lost: Vec<String> = lost
        .map(|(team, why)| format!("{team} FAILED, {why}"))
        .collect();
    (!lost.is_empty()).then(|| format!("{}: nobody was woken there", lost.join("; ")))
}

impl PageView {
    /// What went wrong on its way, as long as that still says something: whoever has it answered since, or need not.
    pub fn trouble(&self) -> Option<&str> {
        let settled = match self.state {
            PageState::Acknowledged => self.answer != Some(Answer::Cannot),
            PageState::Cancelled => true,
            _ => false,
        };
        self.last_error.as_deref().filter(|_| !settled)
    }

    /// Until when it waited for an answer: one that is asked anew after a `cannot` waits still. None: it ended unanswered.
    pub fn waited_until(&self, now: Instant) -> Option<Instant> {
        match self.state {
            PageState::Acknowledged => self.acknowledged_at.or(Some(now)),
            PageState::Cancelled | PageState::Expired => None,
            _ => Some(now),
        }
    }
}

impl Page {
    /// What it asks for in full: its message, and those of the repeats that go with it, each with who asked and when.
    pub fn said(&self) -> Option<String> {
        if self.folded.is_empty() {
            return self.message.clone();
        }
        let again = self.folded.iter().map(|folded| {
            let at = folded.at.format("%H:%M:%S UTC");
            let message = folded.message.as_deref().unwrap_or("the same");
            format!("asked again by {} at {at}: {message}", folded.by)
        });
        let all: Vec<String> = self.message.iter().cloned().chain(again).collect();
        Some(all.join(" | "))
    }

    /// The place of its present route in the team's whole list. A record without one is of a time when nothing was
    /// passed over.
    pub fn route_place(&self) -> u32 {
        self.place.unwrap_or(self.step)
    }

    /// By its present route it arrived, or may have.
    fn reach(&mut self, accepted: bool) {
        if let Some(kind) = self.route.clone() {
            self.note_reached(Reached {
                step: self.step,
                place: self.route_place(),
                kind,
                accepted,
            });
        }
    }

    fn note_reached(&mut self, new: Reached) {
        match self.reached.iter_mut().find(|r| r.step == new.step) {
            Some(known) => known.accepted |= new.accepted,
            None => self.reached.push(new),
        }
    }

    /// Whether the team still owes an answer.
    pub fn is_open(&self) -> bool {
        self.state.is_open()
    }

    /// Nobody knows any more whether it was sent or answered: it stays open, is said so, and goes nowhere by itself.
    fn lose_sight(&mut self, made_at: Instant) {
        if matches!(self.state, PageState::Queued | PageState::Sending) {
            self.state = PageState::Unknown;
        }
        self.escalates_at = None;
        self.last_error = Some(format!(
            "restored from the backup of {}: whether it was sent or answered since is not known; page again if nobody comes",
            made_at.format("%Y-%m-%d %H:%M UTC")
        ));
    }

    /// When whoever is coming said to be there, while nobody of the team was marked as arrived.
    pub fn expected_at(&self) -> Option<Instant> {
        expected_at(self.state, self.answer, self.eta)
    }

    /// The page as readers see it: its message, names and what a paging system said only for those who may.
    pub fn view(&self, may_read: bool) -> PageView {
        PageView {
            id: self.id.clone(),
            team: self.team.clone(),
            state: self.state,
            route: self.route.clone(),
            step: self.step,
            attempts: self.attempts,
            urgency: self.urgency,
            answer: self.answer,
            eta: self.eta,
            queued_at: self.queued_at,
            accepted_at: self.accepted_at,
            acknowledged_at: self.acknowledged_at,
            acknowledged_by: self.acknowledged_by.clone().filter(|_| may_read),
            escalates_at: self.escalates_at,
            by: if may_read {
                self.by.clone()
            } else {
                String::new()
            },
            message: self.message.clone().filter(|_| may_read),
            // Without a route the words are our own, and everybody must know that nobody was reached.
            last_error: self
                .last_error
                .clone()
                .filter(|_| may_read || self.route.is_none()),
            folded: self
                .folded
                .iter()
                .map(|folded| FoldedView {
                    at: folded.at,
                    by: match may_read {
                        true => folded.by.clone(),
                        false => String::new(),
                    },
                    message: folded.message.clone().filter(|_| may_read),
                })
                .collect(),
        }
    }
}

impl Incident {
    /// How a page's progress, escalation, answer or end changes it.
    pub(super) fn apply_page(&mut self, event: &Event, stamp: &Stamp) {
        if let Event::Restored { made_at, pages } = event {
            for page in self.pages.iter_mut().filter(|p| pages.contains(&p.id)) {
                page.lose_sight(*made_at);
            }
        }
        let id = match event {
            Event::PageFolded { page, .. }
            | Event::PageProgressed { page, .. }
            | Event::PageEscalated { page, .. }
            | Event::PageAcknowledged { page, .. }
            | Event::PageCancelled { page, .. } => page,
            _ => return,
        };
        let Some(page) = self.pages.iter_mut().find(|p| p.id == *id) else {
            return;
        };
        match event {
            Event::PageFolded {
                message, urgency, ..
            } => {
                if *urgency == Urgency::High {
                    page.urgency = Urgency::High;
                }
                page.folded.push(Folded {
                    at: stamp.at,
                    by: stamp.by.clone(),
                    message: message.clone(),
                });
            }
            Event::PageProgressed {
                left: Some(reached),
                ..
            } => page.note_reached(reached.clone()),
            Event::PageProgressed {
                state,
                attempts,
                last_error,
                ..
            } => {
                match state {
                    PageState::Accepted => page.reach(true),
                    PageState::Unknown => page.reach(false),
                    _ => {}
                }
                // A person's answer outranks whatever the paging system says afterwards.
                if page.is_open() {
                    page.state = *state;
                }
                if *state == PageState::Expired {
                    page.escalates_at = None;
                }
                if *state == PageState::Accepted && page.accepted_at.is_none() {
                    page.accepted_at = Some(stamp.at);
                }
                page.attempts = *attempts;
                page.last_error.clone_from(last_error);
            }
            Event::PageEscalated {
                team,
                route,
                step,
                why,
                escalates_at,
                place,
                ..
            } => {
                if *step != page.step {
                    page.state = PageState::Queued;
                    page.place = *place;
                }
                page.escalated_at = Some(stamp.at);
                page.team.clone_from(team);
                page.route.clone_from(route);
                page.step = *step;
                page.escalates_at = *escalates_at;
                page.last_error = Some(why.clone());
            }
            Event::PageAcknowledged {
                name, answer, eta, ..
            } => {
                // Who arrives had the page before: when it was answered, and by whom, stays.
                let arrived = *answer == Some(Answer::Arrived);
                if !arrived || page.state != PageState::Acknowledged {
                    page.acknowledged_at = Some(stamp.at);
                    page.acknowledged_by = Some(name.clone());
                    page.eta = *eta;
                }
                page.state = PageState::Acknowledged;
                page.answer = *answer;
                if *answer != Some(Answer::Cannot) {
                    page.escalates_at = None;
                }
            }
            Event::PageCancelled { .. } => {
                page.state = PageState::Cancelled;
                page.escalates_at = None;
            }
            _ => {}
        }
    }
}
