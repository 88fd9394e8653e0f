//! How a dialog goes on: from key to step, from the last step to the command, from the answer to what is shown.
//! Nothing is sent but by the last key, and never on what others have changed unseen.

use std::sync::Arc;

use super::super::form::{Field, Form, Step, row};
use super::super::frame;
use super::change::{changed, changes};
use super::review::Review;
use super::{Body, Dialog, Look, News, Stage, Weight};
use crate::domain::command::Command;
use crate::domain::view::IncidentView;
use crate::domain::word::GateWord;
use crate::ui::keymap::Action;
use crate::ui::layer::{LayerInput, LayerOutcome};
use crate::ui::message::{Effect, Reply};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// How long a fresh read holds for a source that is not live.
const FRESH_MS: i64 = 30_000;

impl<B: Body + 'static> Dialog<B> {
    pub(super) fn take(&mut self, input: LayerInput, shared: &mut Shared) -> LayerOutcome {
        let mut outcome = match &input {
            LayerInput::Board => {
                self.board(shared);
                LayerOutcome::nothing()
            }
            LayerInput::Explained { .. } => LayerOutcome::nothing(),
            LayerInput::Previewed {
                target,
                version,
                command,
                body,
            } => match *target == self.target {
                true => self.foreseen(command, *version, body.clone(), shared),
                false => LayerOutcome::nothing(),
            },
            LayerInput::Reread(read) => self.reread(read.clone(), shared),
            LayerInput::Replied { reply, .. } => self.replied(reply.clone(), shared),
            LayerInput::Action(Action::Leave) => self.leave(shared),
            LayerInput::Action(Action::PageOn) => self.turn(true, shared),
            LayerInput::Action(Action::PageBack) => self.turn(false, shared),
            _ => {
                self.free = false;
                self.step(&input, shared)
            }
        };
        if !outcome.close {
            outcome.effects.extend(self.foresee(shared));
        }
        self.settle(shared);
        outcome
    }

    fn settle(&mut self, shared: &Shared) {
        let look = Look {
            shared,
            target: &self.target,
            incident: &self.seen,
        };
        self.body.settle(&mut self.form, &look);
        let framed = self.framed(shared, shared.size);
        let seen = frame::body_height(shared.size.1);
        let all = framed.body.len();
        self.scroll = frame::first_row(all, seen, self.scroll, &framed.focus, self.free);
    }

    fn turn(&mut self, on: bool, shared: &Shared) -> LayerOutcome {
        let by = frame::body_height(shared.size.1).saturating_sub(1).max(1);
        self.scroll = match on {
            true => self.scroll.saturating_add(by),
            false => self.scroll.saturating_sub(by),
        };
        self.free = true;
        LayerOutcome::nothing()
    }

    /// Back one step; from the fields, out. What was typed is kept.
    fn leave(&mut self, shared: &mut Shared) -> LayerOutcome {
        self.rereading = false;
        self.said.clear();
        if let Stage::Review(_) = self.stage
            && self.news.is_none()
        {
            self.stage = Stage::Filling;
            return LayerOutcome::nothing();
        }
        let ticket = match self.stage {
            Stage::Sent { ticket } => Some(ticket),
            _ => None,
        };
        let draft = self.form.draft();
        shared.drafts.keep(&self.target, self.action, draft, ticket);
        LayerOutcome::close()
    }

    fn step(&mut self, input: &LayerInput, shared: &mut Shared) -> LayerOutcome {
        let confirms = matches!(input, LayerInput::Action(Action::Confirm));
        if self.rereading {
            return LayerOutcome::nothing();
        }
        if confirms && let Some(news) = self.news.take() {
            return self.seen(news);
        }
        match &mut self.stage {
            Stage::Sent { .. } => LayerOutcome::nothing(),
            Stage::Unheard { ticket } => {
                let ticket = *ticket;
                match confirms {
                    true => self.again(ticket, shared),
                    false => LayerOutcome::nothing(),
                }
            }
            Stage::Review(review) => {
                let sends = match review.weight {
                    Weight::Record => {
                        let clock = Look {
                            shared,
                            target: &self.target,
                            incident: &self.seen,
                        }
                        .clock();
                        review.number.input(input, clock) == Step::Confirm
                    }
                    _ => matches!(input, LayerInput::Action(Action::Send)),
                };
                if !sends || self.news.is_some() {
                    return LayerOutcome::nothing();
                }
                let (command, what) = (review.command.clone(), review.what.clone());
                self.send(command, what, shared)
            }
            Stage::Filling => self.fill(input, shared),
        }
    }

    fn fill(&mut self, input: &LayerInput, shared: &mut Shared) -> LayerOutcome {
        if !matches!(input, LayerInput::Action(Action::NextField)) {
            self.said.clear();
        }
        let clock = self.look(shared).clock();
        let step = self.form.input(input, clock);
        match step {
            Step::Stay => LayerOutcome::nothing(),
            Step::ToLast => LayerOutcome::step(),
            Step::Confirm => self.confirm(shared),
        }
    }

    /// `Enter` on the last field: does what is reversible, shows what is not.
    fn confirm(&mut self, shared: &mut Shared) -> LayerOutcome {
        let look = self.look(shared);
        let made = self.body.command(&self.form, &look);
        let weight = self.body.weight(&self.form, &look);
        let what = self.body.does(&self.form, &look);
        let command = match made {
            Ok(command) => command,
            Err(fault) => {
                match fault.key {
                    Some(key) => self.form.fault(key, fault.sentence),
                    None => self.said = vec![row(fault.sentence, Role::Error)],
                }
                return LayerOutcome::nothing();
            }
        };
        if weight == Weight::Reversible {
            return self.send(command, what, shared);
        }
        let rows = self.body.review(&command, &self.form, &look);
        let number = match weight {
            Weight::Record => Form::new(vec![Field::number(&self.target.id)]),
            _ => Form::default(),
        };
        self.scroll = 0;
        self.foresight.forget();
        self.stage = Stage::Review(Box::new(Review {
            command,
            what,
            rows,
            weight,
            number,
        }));
        LayerOutcome::step()
    }

    /// Whether a fresh read came a moment ago.
    pub(super) fn is_fresh(&self, shared: &Shared) -> bool {
        self.reread_at.is_some_and(|at| shared.now - at < FRESH_MS)
    }

    fn ask_again(&mut self) -> LayerOutcome {
        self.rereading = true;
        let effect = Effect::Reread {
            source: self.target.source,
            id: self.target.id.clone(),
        };
        LayerOutcome {
            effects: vec![effect],
            ..LayerOutcome::step()
        }
    }

    fn send(&mut self, command: Command, what: String, shared: &mut Shared) -> LayerOutcome {
        if !shared.is_live(self.target.source) && !self.is_fresh(shared) {
            return self.ask_again();
        }
        if shared.is_busy() {
            let sentence = "Too much waits for answers already; nothing was sent. Try again when some have come.";
            self.said = vec![row(sentence, Role::Error)];
            return LayerOutcome::nothing();
        }
        let what = format!("{}: {what}", self.target.id);
        let effect = shared.send(&self.target, self.version, command, what);
        self.sent(effect)
    }

    fn again(&mut self, ticket: u64, shared: &mut Shared) -> LayerOutcome {
        match shared.send_again(ticket) {
            Some(effect) => self.sent(effect),
            None => {
                self.stage = Stage::Filling;
                let sentence = "It can no longer be sent as the same; look whether it was done, then confirm anew.";
                self.said = vec![row(sentence, Role::Error)];
                LayerOutcome::nothing()
            }
        }
    }

    fn sent(&mut self, effect: Effect) -> LayerOutcome {
        if let Effect::Send { ticket, .. } = &effect {
            self.stage = Stage::Sent { ticket: *ticket };
        }
        self.said.clear();
        LayerOutcome {
            effects: vec![effect],
            ..LayerOutcome::step()
        }
    }

    /// The person has read what changed: from here on the incident as it is now is what is looked at.
    fn seen(&mut self, news: News) -> LayerOutcome {
        let Some(now) = news.now else {
            self.news = Some(News { now: None, ..news });
            return LayerOutcome::nothing();
        };
        self.version = now.version;
        self.seen = now;
        if let Stage::Review(_) = self.stage {
            // What was shown as before and after may no longer be so.
            self.stage = Stage::Filling;
        }
        LayerOutcome::step()
    }

    fn board(&mut self, shared: &Shared) {
        if matches!(self.stage, Stage::Sent { .. } | Stage::Unheard { .. }) {
            return;
        }
        match shared.incident(&self.target).cloned() {
            Some(now) => self.newer(now, shared),
            None => {
                let sentence = format!("{} is no longer on the board.", self.target.id);
                self.news = Some(News {
                    told: vec![row(sentence, Role::DialogWarning)],
                    now: None,
                });
            }
        }
    }

    /// A newer state of the incident: told if a person changed it, else taken as it is.
    fn newer(&mut self, now: Arc<IncidentView>, shared: &Shared) {
        let gone = self.news.as_ref().is_some_and(|news| news.now.is_none());
        let known = self.news.as_ref().and_then(|news| news.now.as_ref());
        if !gone && now.version <= known.map_or(self.seen.version, |known| known.version) {
            return;
        }
        if now.persons_version <= self.version {
            // A worker's progress: nothing that was decided on has changed, so the binding stays as it is.
            self.news = None;
            self.seen = now;
            return;
        }
        self.told(now, shared, None);
    }

    fn told(&mut self, now: Arc<IncidentView>, shared: &Shared, sentence: Option<&str>) {
        let look = self.look(shared);
        let mut told = Vec::new();
        if let Some(sentence) = sentence {
            told.push(row(sentence.to_owned(), Role::Error));
        }
        told.push(row(changed(&now, &look), Role::DialogWarning));
        told.extend(changes(&look, &now));
        self.news = Some(News {
            told,
            now: Some(now),
        });
        self.free = false;
    }

    fn reread(&mut self, read: Result<Arc<IncidentView>, String>, shared: &Shared) -> LayerOutcome {
        if !self.rereading {
            return LayerOutcome::nothing();
        }
        match read {
            Ok(now) if now.id != self.target.id => return LayerOutcome::nothing(),
            Ok(now) => {
                self.rereading = false;
                self.reread_at = Some(shared.now);
                self.said.clear();
                self.newer(now, shared);
            }
            Err(sentence) => {
                self.rereading = false;
                let refused = format!(
                    "Nothing is sent: {} could not be read again. {sentence}",
                    self.target.id
                );
                self.said = vec![row(refused, Role::Error)];
            }
        }
        LayerOutcome::step()
    }

    fn replied(&mut self, reply: Reply, shared: &mut Shared) -> LayerOutcome {
        let Stage::Sent { ticket } = self.stage else {
            return LayerOutcome::nothing();
        };
        self.stage = Stage::Filling;
        let mut outcome = LayerOutcome::step();
        match reply {
            Reply::Done { .. } => {
                shared.drafts.forget(&self.target, self.action);
                return LayerOutcome::close();
            }
            Reply::Refused { sentence, unmet } => {
                self.said = vec![row(format!("Refused: {sentence}"), Role::Error)];
                self.unmet(&unmet, shared);
            }
            Reply::NotAllowed { sentence } => {
                self.said = vec![row(format!("Not allowed: {sentence}"), Role::Error)];
            }
            Reply::Unreachable { sentence } => {
                self.stage = Stage::Unheard { ticket };
                let told = format!("No answer: {sentence} Whether it was done is not known.");
                self.said = vec![row(told, Role::Error)];
            }
            Reply::Conflict {
                incident: Some(now),
                sentence,
            } => self.told(now, shared, Some(&format!("Nothing was done. {sentence}"))),
            Reply::Conflict {
                incident: None,
                sentence,
            } => {
                self.said = vec![row(format!("Nothing was done. {sentence}"), Role::Error)];
                outcome = self.ask_again();
            }
        }
        outcome
    }

    fn unmet(&mut self, unmet: &[GateWord], shared: &Shared) {
        if unmet.is_empty() {
            return;
        }
        let words: Vec<String> = unmet
            .iter()
            .map(|word| gate_words(*word).to_owned())
            .collect();
        self.said.push(row(
            format!("Unmet: {}.", words.join(", ")),
            Role::GateUnmet,
        ));
        let look = Look {
            shared,
            target: &self.target,
            incident: &self.seen,
        };
        self.body.refused(unmet, &mut self.form, &look);
    }
}

/// A gate's word in plain words.
pub fn gate_words(word: GateWord) -> &'static str {
    match word {
        GateWord::Commander => "nobody commands",
        GateWord::Classification => "not classified",
        GateWord::Severity => "severity not assessed",
        GateWord::ContainedAt => "not recorded as contained",
        GateWord::EradicatedAt => "not recorded as eradicated",
        GateWord::RecoveredAt => "not recorded as recovered",
        GateWord::Reportable => "nobody answered whether it is reportable",
        GateWord::Duties => "duties are neither met nor decided against",
        GateWord::Review => "no review was held",
        GateWord::Lessons => "lessons have no owner",
    }
}
