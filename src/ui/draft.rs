//! What was typed into dialogs and not sent: kept per incident and dialog for this viewer, bounded, dropped when done.

use super::keymap::Action;
use super::shared::Target;

/// Drafts kept at once; the oldest goes first.
const DRAFTS: usize = 64;

#[derive(Debug)]
struct Draft {
    target: Target,
    action: Action,
    values: Vec<(String, String)>,
    /// It was sent when its dialog was left.
    ticket: Option<u64>,
}

/// The drafts of one viewer.
#[derive(Debug, Default)]
pub struct Drafts(Vec<Draft>);

impl Drafts {
    /// What was typed into a dialog, field by field.
    pub fn get(&self, target: &Target, action: Action) -> Option<&[(String, String)]> {
        let draft = self
            .0
            .iter()
            .find(|d| d.target == *target && d.action == action);
        draft.map(|draft| draft.values.as_slice())
    }

    /// Keeps what was typed; nothing is kept of a dialog that nobody typed into.
    pub fn keep(
        &mut self,
        target: &Target,
        action: Action,
        values: Vec<(String, String)>,
        ticket: Option<u64>,
    ) {
        self.forget(target, action);
        if values.iter().all(|(_, value)| value.is_empty()) {
            return;
        }
        while self.0.len() >= DRAFTS {
            self.0.remove(0);
        }
        self.0.push(Draft {
            target: target.clone(),
            action,
            values,
            ticket,
        });
    }

    /// Drops a draft.
    pub fn forget(&mut self, target: &Target, action: Action) {
        self.0
            .retain(|draft| draft.target != *target || draft.action != action);
    }

    /// What was sent under this ticket is done: its draft goes.
    pub fn done(&mut self, ticket: u64) {
        self.0.retain(|draft| draft.ticket != Some(ticket));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(n: usize) -> Target {
        Target {
            source: 0,
            id: format!("AZ-{n}"),
        }
    }

    fn typed(text: &str) -> Vec<(String, String)> {
        vec![("reason".to_owned(), text.to_owned())]
    }

    #[test]
    fn drafts_are_kept_per_incident_and_dialog_and_bounded() {
        let mut drafts = Drafts::default();
        for n in 0..DRAFTS + 3 {
            drafts.keep(&target(n), Action::Write, typed("words"), None);
        }
        assert_eq!(drafts.0.len(), DRAFTS);
        assert!(drafts.get(&target(0), Action::Write).is_none());
        assert!(drafts.get(&target(5), Action::Page).is_none());
        drafts.keep(&target(5), Action::Write, typed(""), None);
        assert!(drafts.get(&target(5), Action::Write).is_none());
        drafts.keep(&target(6), Action::Write, typed("sent"), Some(9));
        drafts.done(9);
        assert!(drafts.get(&target(6), Action::Write).is_none());
    }
}
