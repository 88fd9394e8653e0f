//! What events do to the record of alarms: when each rang, who acknowledged or shelved it, since when nobody commands.
//! Whether an alarm's condition holds is derived in `domain::alarm`, never stored.

use super::apply::decision;
use super::record::{AlarmRecord, Shelf};
use super::{Incident, Stamp};
use crate::domain::alarm::Alarm;
use crate::domain::event::Event;
use crate::domain::word::{AlarmKind, Phase, Seat};

impl Incident {
    pub(super) fn apply_alarm(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::AlarmsRaised { alarms } => {
                for raised in alarms {
                    let record = self.alarm_mut(&raised.alarm);
                    record.raised_at = Some(stamp.at);
                    record.acknowledged = None;
                    record.shelved = None;
                    if raised.page.is_some() {
                        record.paged_at = Some(stamp.at);
                    }
                }
            }
            Event::AlarmAcknowledged { alarm } => {
                let why = decision(stamp, None);
                self.alarm_mut(alarm).acknowledged = Some(why.clone());
                for lesser in self.lesser(alarm) {
                    lesser.acknowledged = Some(why.clone());
                }
            }
            Event::AlarmShelved {
                alarm,
                reason,
                until,
            } => {
                let record = self.alarm_mut(alarm);
                record.raised_at = None;
                record.acknowledged = None;
                record.shelved = Some(Shelf {
                    why: decision(stamp, Some(reason.clone())),
                    until: *until,
                });
                for lesser in self.lesser(alarm) {
                    lesser.raised_at = None;
                }
            }
            Event::AlarmUnshelved { alarm } => {
                let record = self.alarm_mut(alarm);
                record.shelved = None;
                record.raised_at = Some(stamp.at);
            }
            Event::Assigned {
                role: Seat::Commander,
                person,
                ..
            } => self.vacant_since = person.is_none().then_some(stamp.at),
            Event::SeatTaken {
                role: Seat::Commander,
                ..
            } => self.vacant_since = None,
            Event::Advanced {
                from: Phase::Preparation,
                ..
            }
            | Event::Reopened { .. } => {
                self.vacant_since = self.seats.commander.is_none().then_some(stamp.at);
            }
            // What ended is not rung for; what is reopened rings anew.
            Event::Dismissed { .. } | Event::Closed { .. } => self.alarms.clear(),
            _ => {}
        }
    }

    fn alarm_mut(&mut self, alarm: &Alarm) -> &mut AlarmRecord {
        let record = self
            .alarms
            .entry(alarm.id())
            .or_insert_with(|| AlarmRecord {
                alarm: alarm.clone(),
                raised_at: None,
                acknowledged: None,
                shelved: None,
                paged_at: None,
            });
        record.alarm = alarm.clone();
        record
    }

    /// The alarms of the same duty that a graver one stands for: who heard that has heard them.
    fn lesser(&mut self, alarm: &Alarm) -> impl Iterator<Item = &mut AlarmRecord> {
        let of = (alarm.kind == AlarmKind::Passed).then(|| alarm.duty.clone());
        self.alarms.values_mut().filter(move |record| {
            of.as_ref() == Some(&record.alarm.duty) && record.alarm.is_lesser()
        })
    }
}
