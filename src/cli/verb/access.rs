//! For whom an incident exists, from flags.

use std::io::{self, IsTerminal as _};

use clap::Args as ClapArgs;

use super::{Sending, Sent, To, to_incident};
use crate::cli::ask::{is_yes, line};
use crate::cli::exit::Failure;
use crate::cli::output::Output;
use crate::client::Api;
use crate::domain::command::Command;
use crate::domain::command::break_glass::BreakGlass;
use crate::domain::command::restrict::Restrict;
use crate::domain::view::IncidentView;
use crate::wire::NewlyBody;

/// Flags of `restrict`.
#[derive(Debug, ClapArgs)]
pub struct RestrictArgs {
    pub id: String,
    /// Who may see it, by the names of their tokens; you are always among them
    #[arg(
        required_unless_present = "lift",
        conflicts_with = "lift",
        value_name = "PERSON"
    )]
    pub people: Vec<String>,
    /// For everybody again
    #[arg(long)]
    pub lift: bool,
    #[command(flatten)]
    pub sending: Sending,
}

impl RestrictArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let people = (!self.lift).then_some(self.people);
        let command = Command::Restrict(Restrict { people });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `break-glass`.
#[derive(Debug, ClapArgs)]
pub struct BreakGlassArgs {
    pub id: String,
    /// Why it cannot wait for somebody on the list; stands in the record
    #[arg(long)]
    pub reason: String,
    #[command(flatten)]
    pub sending: Sending,
}

/// Whom of the list the glass that was broken last pages nowhere; None where everybody is reached.
pub fn unpaged(incident: &IncidentView) -> Option<String> {
    let glass = incident.restriction.as_ref()?.glass.last()?;
    let people = glass.unpaged.join(", ");
    (!people.is_empty()).then(|| format!("no page reaches {people}: tell them yourself"))
}

impl BreakGlassArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        Sent {
            to: To::Unseen(self.id),
            command: Command::BreakGlass(BreakGlass {
                reason: self.reason,
            }),
            sending: self.sending,
            yes: false,
        }
    }
}

/// Tells who newly reads an incident after a command, and asks whether that is meant. Gives the version that the command is
/// bound to.
///
/// # Errors
/// It is not meant, or there is nobody to ask and it was not said before; or what the backend says.
pub async fn agreed(
    api: &Api,
    id: &str,
    sent: &Sent,
    output: &Output,
) -> Result<Option<u64>, Failure> {
    let given = sent.sending.if_match;
    // Read first: who is asked answers for this version, and for none that somebody makes meanwhile.
    let version = api.incident(id).await?.value.version;
    let Some(newly) = api.preview(id, &sent.command).await?.value.newly else {
        return Ok(given);
    };
    for told in newly_words(&newly) {
        output.note(&told);
    }
    if sent.yes {
        return Ok(given);
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::usage(format!(
            "nothing was set: this lets more people read {id}; say --yes if that is meant"
        )));
    }
    match is_yes(&line(&format!("Let them read {id}? [y/N] "))?) {
        true => Ok(given.or(Some(version))),
        false => Err(Failure::new("nothing was set")),
    }
}

/// Who newly reads an incident, in lines.
fn newly_words(newly: &NewlyBody) -> Vec<String> {
    let mut lines = Vec::new();
    let count = newly.people_in_all;
    if count > 0 {
        let more = match count.saturating_sub(newly.people.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let roles: Vec<&str> = newly.roles.iter().map(|role| role.as_str()).collect();
        lines.push(format!(
            "newly read by {count}: {}{more} (roles: {})",
            newly.people.join(", "),
            roles.join(", ")
        ));
    }
    if !newly.teams.is_empty() {
        lines.push(format!("teams: {}", newly.teams.join(", ")));
    }
    if !newly.displays.is_empty() {
        let displays = newly.displays.join(", ");
        lines.push(format!(
            "displays, and whoever is in their rooms: {displays}"
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays_that_newly_show_an_incident_are_named_though_nobody_else_reads_it() {
        let newly = NewlyBody {
            displays: vec!["second".to_owned(), "war-room".to_owned()],
            ..NewlyBody::default()
        };
        assert_eq!(
            newly_words(&newly),
            ["displays, and whoever is in their rooms: second, war-room"]
        );
    }
}
