//! For whom an incident exists, from flags.

use clap::Args as ClapArgs;

use super::{Sending, Sent, To, to_incident};
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
    pub fn sent(self) -> Sent {
        Sent {
            to: To::Unseen(self.id),
            command: Command::BreakGlass(BreakGlass {
                reason: self.reason,
            }),
            sending: self.sending,
        }
    }
}
