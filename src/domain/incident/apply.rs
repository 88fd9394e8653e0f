//! How each event changes the incident. Total and without judgement: what was recorded is replayed as recorded,
//! whether it was allowed was decided before it was written.

use super::page::{NO_OUT_OF_BAND, NO_ROUTE, Page};
use super::record::{Duty, Hold, NotApplicable, Submission, Verdict};
use super::{Incident, LastMove, Seats, Stamp};
use crate::domain::command::break_glass::GLASS_BROKEN;
use crate::domain::event::{Event, Opened};
use crate::domain::instant::Instant;
use crate::domain::say;
use crate::domain::view::{ChangeView, DecisionView, HandOverView, LessonView, ReviewView};
use crate::domain::when::When;
use crate::domain::word::{Comms, Ended, PageState, Phase, Reportable, Responsibility, Seat, Via};

impl Incident {
    /// The incident as its opening leaves it.
    pub fn opened(opened: &Opened, stamp: &Stamp) -> Incident {
        let planned = opened.starts_at.is_some();
        let mut incident = Incident {
            id: opened.id.clone(),
            version: stamp.version,
            persons_version: stamp.version,
            service: opened.service.clone(),
            title: opened.title.clone(),
            summary: opened.summary.clone(),
            codename: opened.codename.clone(),
            classification: opened.classification,
            severity: opened.severity,
            reportable: Reportable::Unknown,
            reportable_by: None,
            responsibility: Responsibility::Unknown,
            phase: if planned {
                Phase::Preparation
            } else {
                Phase::DetectionAndAnalysis
            },
            pass: u32::from(!planned),
            phase_since: stamp.at,
            opened_at: stamp.at,
            opened_by: stamp.by.clone(),
            occurred_at: opened.occurred_at,
            starts_at: opened.starts_at,
            ended: None,
            closed_at: None,
            updated_at: stamp.at,
            exercise: opened.exercise,
            tlp: opened.tlp,
            owner: opened.owner.clone(),
            service_team: opened.service_team.clone(),
            seats: Seats::default(),
            bridge: None,
            channel: None,
            out_of_band: None,
            comms: Comms::Trusted,
            triggers: Vec::new(),
            not_applicable: Vec::new(),
            regimes: opened.regimes.clone(),
            profile: opened.profile.clone(),
            duties: Default::default(),
            pages: Vec::new(),
            lessons: Vec::new(),
            review: None,
            upstream: opened.upstream.clone(),
            hand_overs: Vec::new(),
            last_move: None,
            change: None,
            said: None,
            alarms: Default::default(),
            vacant_since: Some(stamp.at),
            restriction: None,
            seated_at: Default::default(),
            redactions: Default::default(),
        };
        incident.restrict(&opened.people, stamp);
        incident.tell(&Event::Opened(Box::new(opened.clone())), stamp);
        incident
    }

    /// Applies one event. Events of one command share a stamp.
    pub fn apply(&mut self, event: &Event, stamp: &Stamp) {
        // A worker pages too, when it escalates: that is its progress, and nobody's command.
        if event.is_persons() && stamp.via != Via::Worker {
            self.persons_version = stamp.version;
            let is_move = matches!(event, Event::Advanced { .. });
            if !is_move
                && self
                    .last_move
                    .as_ref()
                    .is_some_and(|m| m.version < stamp.version)
            {
                self.last_move = None;
            }
        }
        self.version = stamp.version;
        self.updated_at = stamp.at;
        self.apply_alarm(event, stamp);
        match event {
            Event::Opened(_)
            | Event::Noted { .. }
            | Event::StatusesChanged { .. }
            | Event::AlarmsRaised { .. }
            | Event::AlarmAcknowledged { .. }
            | Event::AlarmShelved { .. }
            | Event::AlarmUnshelved { .. } => {}
            Event::UpstreamChanged { upstream } => self.upstream = Some((**upstream).clone()),
            Event::TimeRecorded {
                trigger,
                at,
                precision,
                source,
                reason,
                duty,
                proposed,
            } => {
                let at = at.with_precision(*precision);
                if trigger == "occurred_at" {
                    self.occurred_at = Some(at);
                } else {
                    self.record(
                        trigger,
                        at,
                        source.clone(),
                        reason.clone(),
                        duty.clone(),
                        *proposed,
                        stamp,
                    );
                }
            }
            Event::Redacted { entry, reason } => {
                let why = decision(stamp, Some(reason.clone()));
                self.redactions.insert(*entry, why);
            }
            Event::TimeConfirmed {
                trigger,
                duty,
                pass,
            } => self.confirm(trigger, duty.as_deref(), *pass),
            Event::NotApplicable { milestone, reason } => self.not_applicable.push(NotApplicable {
                milestone: *milestone,
                reason: reason.clone(),
                by: stamp.by.clone(),
                at: stamp.at,
                pass: self.pass,
            }),
            Event::Declared {
                at,
                reason,
                proposed,
            } => {
                self.reportable = Reportable::Declared;
                self.reportable_by = Some(decision(stamp, reason.clone()));
                self.record(
                    "declared_at",
                    When::exact(*at),
                    None,
                    reason.clone(),
                    None,
                    *proposed,
                    stamp,
                );
            }
            Event::NotReportable { reason } => {
                self.reportable = Reportable::No;
                self.reportable_by = Some(decision(stamp, Some(reason.clone())));
            }
            Event::Advanced {
                to, pass, widens, ..
            } => {
                if *widens {
                    self.renew_verdicts(*pass);
                }
                self.last_move = Some(LastMove {
                    version: stamp.version,
                    at: stamp.at,
                    by: stamp.by.clone(),
                    from: self.phase,
                    from_pass: self.pass,
                    from_since: self.phase_since,
                });
                self.move_to(*to, *pass, stamp.at);
            }
            Event::MoveUndone {
                to,
                pass,
                phase_since,
                ..
            } => {
                self.last_move = None;
                if *pass != self.pass {
                    self.keep_verdicts();
                }
                self.move_to(*to, *pass, *phase_since);
            }
            Event::Dismissed { .. } => self.end(Ended::Dismissed, stamp.at),
            Event::Closed { .. } => self.end(Ended::Closed, stamp.at),
            Event::Reopened { pass, .. } => {
                self.ended = None;
                self.closed_at = None;
                self.move_to(Phase::DetectionAndAnalysis, *pass, stamp.at);
            }
            Event::Assigned { role, person, duty } => match duty {
                Some(duty) => self.duty_mut(duty).decider = person.clone(),
                None => {
                    self.sit(*role, person.clone(), stamp.at);
                    self.hand_overs.retain(|h| h.role != *role);
                }
            },
            Event::HandOverOffered { role, to } => {
                self.hand_overs.retain(|h| h.role != *role);
                self.hand_overs.push(HandOverView {
                    role: *role,
                    to: to.clone(),
                    by: stamp.by.clone(),
                    at: stamp.at,
                });
            }
            Event::SeatTaken { role, .. } => {
                self.sit(*role, Some(stamp.by.clone()), stamp.at);
                self.hand_overs.retain(|h| h.role != *role);
            }
            Event::FieldsSet(set) => set.apply_to(self),
            Event::PageQueued {
                page,
                team,
                route,
                message,
                urgency,
                escalates_at,
                place,
            } => self.pages.push(Page {
                id: page.clone(),
                team: team.clone(),
                state: if route.is_some() {
                    PageState::Queued
                } else {
                    PageState::Failed
                },
                route: route.clone(),
                step: 0,
                attempts: 0,
                urgency: *urgency,
                answer: None,
                eta: None,
                queued_at: stamp.at,
                accepted_at: None,
                acknowledged_at: None,
                acknowledged_by: None,
                escalates_at: *escalates_at,
                by: stamp.by.clone(),
                message: message.clone(),
                last_error: route.is_none().then(|| {
                    let suspect = self.comms == Comms::Suspect;
                    if suspect { NO_OUT_OF_BAND } else { NO_ROUTE }.to_owned()
                }),
                place: *place,
                reached: Vec::new(),
                escalated_at: None,
                folded: Vec::new(),
            }),
            Event::PageFolded { .. }
            | Event::Restored { .. }
            | Event::PageProgressed { .. }
            | Event::PageEscalated { .. }
            | Event::PageAcknowledged { .. }
            | Event::PageCancelled { .. } => {
                self.apply_page(event, stamp);
            }
            Event::Submitted {
                duties,
                at,
                channel,
                reference,
                kind,
                told,
            } => {
                for duty in duties {
                    self.duty_mut(duty).submissions.push(Submission {
                        at: *at,
                        channel: channel.clone(),
                        reference: reference.clone(),
                        kind: *kind,
                        told: *told,
                        by: stamp.by.clone(),
                        entered_at: stamp.at,
                        withdrawn: None,
                    });
                }
            }
            Event::SubmissionWithdrawn { duty, reason } => {
                let why = decision(stamp, Some(reason.clone()));
                if let Some(last) = self
                    .duty_mut(duty)
                    .submissions
                    .iter_mut()
                    .rev()
                    .find(|s| s.withdrawn.is_none())
                {
                    last.withdrawn = Some(why);
                }
            }
            Event::Held {
                hold,
                duty,
                kind,
                at,
                until,
                authority,
                document,
            } => self.duty_mut(duty).holds.push(Hold {
                id: hold.clone(),
                kind: kind.clone(),
                // A clock that goes ahead may have written it: a hold holds from its entry at the latest.
                from: (*at).min(stamp.at),
                until: *until,
                authority: authority.clone(),
                document: document.clone(),
                by: stamp.by.clone(),
                released: None,
            }),
            Event::Released { duty, hold } => {
                let why = decision(stamp, None);
                if let Some(found) = self.duty_mut(duty).holds.iter_mut().find(|h| h.id == *hold) {
                    found.released = Some(why);
                }
            }
            Event::Decided {
                duty,
                required,
                because,
                review_on,
            } => {
                self.duty_mut(duty).verdict = Some(Verdict {
                    required: *required,
                    because: because.clone(),
                    review_on: review_on.clone(),
                    by: stamp.by.clone(),
                    at: stamp.at,
                    renew_in: None,
                });
            }
            Event::LessonAdded {
                lesson,
                text,
                owner,
                due,
            } => self.lessons.push(LessonView {
                id: lesson.clone(),
                text: Some(text.clone()),
                owner: owner.clone(),
                due: *due,
                done_at: None,
                by: stamp.by.clone(),
            }),
            Event::LessonFinished { lesson } => {
                if let Some(found) = self.lessons.iter_mut().find(|l| l.id == *lesson) {
                    found.done_at = Some(stamp.at);
                }
            }
            Event::Restricted { people } => self.restrict(people, stamp),
            Event::GlassBroken {
                reason,
                until,
                unpaged,
            } => self.break_glass(reason, *until, unpaged, stamp),
            Event::GlassMended { person } => self.mend_glass(person, stamp.at),
            Event::Reviewed { held_at, text } => {
                self.review = Some(ReviewView {
                    held_at: *held_at,
                    text: Some(text.clone()),
                    by: stamp.by.clone(),
                });
            }
        }
        self.tell(event, stamp);
    }

    /// Fills or empties a seat, and notes since when.
    fn sit(&mut self, seat: Seat, person: Option<String>, at: Instant) {
        match &person {
            Some(_) => self.seated_at.insert(seat.as_str().to_owned(), at),
            None => self.seated_at.shift_remove(seat.as_str()),
        };
        self.seats.set(seat, person);
    }

    fn move_to(&mut self, phase: Phase, pass: u32, since: Instant) {
        self.phase = phase;
        self.pass = pass;
        self.phase_since = since;
    }

    fn end(&mut self, ended: Ended, at: Instant) {
        self.ended = Some(ended);
        self.closed_at = Some(at);
        // Whoever was asked and did not answer is not waited for any more.
        for page in self.pages.iter_mut().filter(|p| p.is_open()) {
            page.state = PageState::Expired;
            page.escalates_at = None;
        }
    }

    fn duty_mut(&mut self, duty: &str) -> &mut Duty {
        self.duties.entry(duty.to_owned()).or_default()
    }

    fn tell(&mut self, event: &Event, stamp: &Stamp) {
        // That something rings is told by the alarm itself, not as the latest change; of what is privileged nobody hears.
        let silent = match event {
            Event::AlarmsRaised { .. } => true,
            Event::Noted { privileged, .. } => *privileged,
            // That the glass was broken stands there, not whom that paged.
            Event::PageQueued {
                message: Some(message),
                ..
            } => message == GLASS_BROKEN,
            Event::PageEscalated { page, why, .. } => {
                let of_glass = |page: &Page| page.message.as_deref() == Some(GLASS_BROKEN);
                let unsent = [NO_ROUTE, NO_OUT_OF_BAND];
                self.page(page).is_some_and(of_glass) && unsent.iter().any(|of| why.starts_with(of))
            }
            _ => false,
        };
        if let Some(text) = say::change(event, self).filter(|_| !silent) {
            self.said = say::with_values(event, self);
            self.change = Some(ChangeView {
                at: stamp.at,
                by: stamp.by.clone(),
                text: Some(text),
            });
        }
    }
}

pub(super) fn decision(stamp: &Stamp, reason: Option<String>) -> DecisionView {
    DecisionView {
        by: stamp.by.clone(),
        at: stamp.at,
        reason,
    }
}

/// A seat's name in a sentence.
pub fn seat_words(seat: Seat) -> &'static str {
    match seat {
        Seat::Commander => "commander",
        Seat::Deputy => "deputy",
        Seat::Scribe => "scribe",
        Seat::OwnerLead => "owner lead",
        Seat::ServiceLead => "service lead",
        Seat::Decider => "decider",
    }
}
