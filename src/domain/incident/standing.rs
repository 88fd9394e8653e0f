//! How what is recorded takes the place of what stood: an instant, the confirmation of a proposal, a new pass for verdicts.
//! Whether it may was decided in `command`.

use super::record::{Standing, Trigger, is_milestone};
use super::{Incident, Stamp};
use crate::domain::when::When;

impl Incident {
    /// Takes an instant in: it counts and takes the place of what its pass had, or waits as a proposal.
    pub(super) fn record(
        &mut self,
        name: &str,
        at: When,
        source: Option<String>,
        reason: Option<String>,
        duty: Option<String>,
        proposed: bool,
        stamp: &Stamp,
    ) {
        let same = |t: &&mut Trigger| t.name == name && t.duty == duty && t.pass == self.pass;
        for earlier in self.triggers.iter_mut().filter(same) {
            let replaced = if proposed {
                earlier.is_proposed()
            } else {
                true
            };
            if replaced {
                earlier.standing = Standing::Superseded;
            }
        }
        self.triggers.push(Trigger {
            name: name.to_owned(),
            at,
            by: stamp.by.clone(),
            source,
            reason,
            entered_at: stamp.at,
            pass: self.pass,
            duty,
            standing: if proposed {
                Standing::Proposed
            } else {
                Standing::Counts
            },
        });
    }

    /// Makes a proposal count. A milestone of one pass leaves those of the others as they are.
    pub(super) fn confirm(&mut self, name: &str, duty: Option<&str>, pass: Option<u32>) {
        let of = |t: &Trigger| t.name == name && t.duty.as_deref() == duty;
        let proposed = self
            .triggers
            .iter()
            .rposition(|t| of(t) && t.is_proposed() && pass.is_none_or(|pass| t.pass == pass));
        let Some(proposed) = proposed else {
            return;
        };
        let only = pass.filter(|_| is_milestone(name));
        for (i, trigger) in self.triggers.iter_mut().enumerate() {
            if i == proposed {
                trigger.standing = Standing::Counts;
            } else if of(trigger)
                && trigger.counts()
                && only.is_none_or(|pass| trigger.pass == pass)
            {
                trigger.standing = Standing::Superseded;
            }
        }
    }

    /// The scope is wider: what was decided not to be notified is to be decided anew, in the pass that begins.
    pub(super) fn renew_verdicts(&mut self, pass: u32) {
        for verdict in self.duties.values_mut().filter_map(|d| d.verdict.as_mut()) {
            if !verdict.required {
                verdict.renew_in.get_or_insert(pass);
            }
        }
    }

    /// The pass that runs is taken back, and what it asked to be decided anew stands as it did.
    pub(super) fn keep_verdicts(&mut self) {
        for verdict in self.duties.values_mut().filter_map(|d| d.verdict.as_mut()) {
            verdict.renew_in = verdict.renew_in.filter(|pass| *pass != self.pass);
        }
    }
}
