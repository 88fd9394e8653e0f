//! Alarms as this viewer hears them: one sound for each that begins to ring, seldom enough to be borne; and the key that
//! silences them for all boards.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::App;
use crate::domain::allowed::CommandKind;
use crate::domain::board::Board;
use crate::domain::command::Command;
use crate::domain::command::acknowledge_alarm::AcknowledgeAlarm;
use crate::domain::instant::Mono;
use crate::domain::say::alarm_words;
use crate::ui::message::Effect;
use crate::ui::shared::{Pending, Shared, Target};

/// The least time between two sounds.
const SOUND_AFTER_MS: i64 = 30_000;

/// What rang already.
#[derive(Debug, Default)]
pub(super) struct Bell {
    /// What rings now, by source, incident and alarm.
    known: BTreeSet<(usize, String, String)>,
    /// Sources whose alarms have been seen once: what rang before we came makes no sound.
    heard: BTreeSet<usize>,
    rang_at: Option<Mono>,
    /// Something began to ring too soon after the last sound.
    owed: bool,
    /// What was last compared, and until when that holds.
    board: Arc<Board>,
    regroup_at: Option<Mono>,
}

impl Bell {
    /// Hears what rings; gives the sound that is due. A wall makes none: nobody there asked for it.
    pub(super) fn listen(&mut self, shared: &Shared) -> Option<Effect> {
        if shared.options.wall {
            return None;
        }
        // What rings changes with the lists alone; a key must not cost more the more there is.
        let regroup_at = shared.index.regroup_at();
        if !Arc::ptr_eq(&self.board, shared.index.board()) || self.regroup_at != regroup_at {
            self.board = Arc::clone(shared.index.board());
            self.regroup_at = regroup_at;
            self.compare(shared);
        }
        let free = self
            .rang_at
            .is_none_or(|at| shared.now - at >= SOUND_AFTER_MS);
        if !self.owed || !free {
            return None;
        }
        self.owed = false;
        self.rang_at = Some(shared.now);
        Some(Effect::Bell)
    }

    /// Takes in what rings now, and whether something of it is new.
    fn compare(&mut self, shared: &Shared) {
        let ringing = shared.index.alarms.rows.iter().filter(|row| row.rings());
        let ringing: BTreeSet<(usize, String, String)> = ringing
            .map(|row| (row.source, row.incident.id.clone(), row.view.id.clone()))
            .collect();
        let began = ringing
            .difference(&self.known)
            .any(|(source, ..)| self.heard.contains(source));
        self.owed = (self.owed || began) && !ringing.is_empty();
        self.known = ringing;
        let sources = shared.index.board().sources.iter().enumerate();
        let complete = sources.filter(|(_, of)| of.complete);
        self.heard.extend(complete.map(|(source, _)| source));
    }
}

/// Whether this is an alarm being silenced.
pub(super) fn silences(sent: &Pending) -> bool {
    matches!(&sent.effect, Effect::Send { command, .. } if matches!(**command, Command::AcknowledgeAlarm(_)))
}

impl App {
    /// Acknowledges every alarm that waits and that this viewer may acknowledge.
    pub(super) fn silence(&mut self) -> Vec<Effect> {
        let shared = &mut self.shared;
        let mut refused = None;
        let mut asked = Vec::new();
        for row in &shared.index.alarms.rows {
            let target = Target {
                source: row.source,
                id: row.incident.id.clone(),
            };
            match shared.may(CommandKind::AcknowledgeAlarm, &target) {
                Ok(()) => asked.push((target, row.incident.version, row.view.clone())),
                Err(why) => refused = Some(why),
            }
        }
        let mut effects = Vec::new();
        for (target, version, alarm) in asked {
            let command = Command::AcknowledgeAlarm(AcknowledgeAlarm {
                alarm: alarm.id.clone(),
            });
            let under_way = shared.pending.iter().any(|sent| {
                matches!(&sent.effect, Effect::Send { source, id, command: other, .. }
                    if *source == target.source && *id == target.id && **other == command)
            });
            if under_way || shared.is_busy() {
                continue;
            }
            let what = format!("{}: silence {}", target.id, alarm_words(alarm.kind));
            effects.push(shared.send(&target, version, command, what));
        }
        match (effects.len(), refused) {
            (0, Some(why)) => shared.warn(why),
            (0, None) => shared.tell("No alarm waits to be heard."),
            (1, _) => shared.tell("1 alarm silenced on all boards; it is recorded."),
            (n, _) => shared.tell(format!(
                "{n} alarms silenced on all boards; it is recorded."
            )),
        }
        effects
    }
}

#[cfg(test)]
mod tests;
