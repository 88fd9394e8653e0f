//! The sentences that tell why a key does nothing here, and what became of what was sent.

use super::who;
use crate::domain::command::Command;
use crate::domain::command::undo::UNDO_MINUTES;
use crate::domain::incident::page::woke_nobody;
use crate::domain::say::phase_words;
use crate::domain::view::IncidentView;
use crate::ui::keymap::Action;
use crate::ui::message::{Effect, Reply};
use crate::ui::phrase::Form;
use crate::ui::shared::{Pending, Shared, Target, asks_for};

/// Why an action on the selected incident is not offered.
pub fn why_not(shared: &Shared, action: Action) -> String {
    let Some(target) = shared.selected.as_ref() else {
        return "No incident is selected.".to_owned();
    };
    let answers: Vec<_> = asks_for(action)
        .iter()
        .map(|kind| shared.may(*kind, target))
        .collect();
    if !answers.iter().any(Result::is_ok)
        && let Some(why) = answers.into_iter().find_map(Result::err)
    {
        return why;
    }
    let id = &target.id;
    match action {
        Action::Acknowledge | Action::StandDown => {
            format!("No page of {id} waits for an answer.")
        }
        Action::Undo => not_undoable(shared, target),
        Action::Shelve => {
            format!("{id} has no alarm that could be shelved or taken off the shelf.")
        }
        Action::LoopBack => shared
            .incident(target)
            .map_or_else(String::new, |incident| no_way_back(incident)),
        _ => format!(
            "'{}' is not to be had for {id} as it stands.",
            action.long()
        ),
    }
}

/// Why an incident does not loop back.
pub fn no_way_back(incident: &IncidentView) -> String {
    format!(
        "{} is in {}; it loops back from containment or post-incident activity.",
        incident.id,
        phase_words(incident.phase)
    )
}

/// Why the last move of an incident is not taken back by this viewer, for whatever reason it is not.
pub fn not_undoable(shared: &Shared, target: &Target) -> String {
    let id = &target.id;
    let Some(incident) = shared.incident(target) else {
        return "The incident is no longer on the board.".to_owned();
    };
    let Some(last) = &incident.last_move else {
        // Whatever a person does later ends it: then only the time in phase tells that there was a move.
        return match incident.phase_since > incident.opened_at {
            true => done_since(id),
            false => format!("{id} has no phase move to take back."),
        };
    };
    match shared.undo_until() {
        None => format!(
            "The last move of {id} is {}'s; only the person who made it takes it back.",
            who(shared, incident, &last.by).0
        ),
        Some(until) if shared.now > until => format!(
            "The move of {id} is over {UNDO_MINUTES} minutes old and stays; move the incident instead."
        ),
        Some(_) => done_since(id),
    }
}

fn done_since(id: &str) -> String {
    format!(
        "Something else was done to {id} since the move, so it stays; move the incident instead."
    )
}

fn command(sent: &Pending) -> Option<&Command> {
    match &sent.effect {
        Effect::Send { command, .. } => Some(command),
        _ => None,
    }
}

/// Tells in a toast what became of something sent.
pub fn tell_reply(shared: &mut Shared, sent: &Pending, reply: &Reply) {
    let what = &sent.what;
    match reply {
        Reply::Done { incident, .. } if matches!(sent.effect, Effect::BreakGlass { .. }) => {
            tell_glass(shared, &sent.effect, incident);
        }
        Reply::Done { unmet, incident } if unmet.is_empty() => match command(sent) {
            Some(Command::Page(page)) => match woke_nobody(incident, &page.teams) {
                Some(lost) => shared.warn(format!("{what}: {lost}.")),
                // Only a person's answer may look good: here nobody has it yet.
                None => shared.note(format!("{what}: on record, being sent.")),
            },
            Some(Command::Dismiss(_) | Command::Close(_)) => {
                let id = what.split(':').next().unwrap_or_default();
                shared.note(format!(
                    "{what}: done. warboard reopen {id} brings it back to the board."
                ));
            }
            _ => shared.tell(format!("{what}: done.")),
        },
        Reply::Done { unmet, .. } => {
            let unmet: Vec<&str> = unmet.iter().map(|word| word.as_str()).collect();
            shared.warn(format!("{what}: done, unmet: {}.", unmet.join(", ")));
        }
        Reply::Refused { sentence, .. } => shared.warn(format!("{what}: refused. {sentence}")),
        Reply::Conflict { sentence, .. } => shared.warn(format!("{what}: not done. {sentence}")),
        Reply::NotAllowed { sentence } => shared.warn(format!("{what}: not allowed. {sentence}")),
        Reply::Unreachable { sentence } => {
            shared.warn(format!(
                "{what}: no answer. {sentence} Send it again; it is never done twice."
            ));
        }
    }
}

/// Until when what is behind broken glass is seen, and whom of the list no page reaches.
fn tell_glass(shared: &mut Shared, sent: &Effect, incident: &IncidentView) {
    let (Effect::BreakGlass { source, id, .. }, Some(list)) = (sent, &incident.restriction) else {
        return;
    };
    let Some(glass) = list.glass.last() else {
        return;
    };
    let until = shared.instant(*source, incident, glass.until, Form::Short);
    shared.note(format!(
        "{id}: the glass is broken; it is on the board until {until}."
    ));
    if !glass.unpaged.is_empty() {
        let people = glass.unpaged.join(", ");
        shared.warn(format!(
            "{id}: no page reaches {people}; tell them yourself."
        ));
    }
}
