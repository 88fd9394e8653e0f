//! Seats and fields, from flags.

use clap::Args as ClapArgs;
use serde_json::{Map, Value};

use super::{Sending, Sent, to_incident};
use crate::cli::exit::Failure;
use crate::cli::given::{assignment, fact};
use crate::domain::command::Command;
use crate::domain::command::assign::Assign;
use crate::domain::command::hand_over::HandOver;
use crate::domain::command::set::Set;
use crate::domain::command::take::Take;
use crate::domain::word::Seat;

/// Flags of `assign`.
#[derive(Debug, ClapArgs)]
pub struct AssignArgs {
    pub id: String,
    /// commander, deputy, scribe, owner_lead, service_lead, decider
    pub role: Seat,
    /// The person; without one the seat becomes vacant
    pub person: Option<String>,
    /// Which duty the decider decides
    #[arg(long)]
    pub duty: Option<String>,
    #[command(flatten)]
    pub sending: Sending,
}

impl AssignArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::Assign(Assign {
            role: self.role,
            person: self.person,
            duty: self.duty,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `hand-over`.
#[derive(Debug, ClapArgs)]
pub struct HandOverArgs {
    pub id: String,
    pub role: Seat,
    /// Who shall take it
    pub to: String,
    #[command(flatten)]
    pub sending: Sending,
}

impl HandOverArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        let command = Command::HandOver(HandOver {
            role: self.role,
            to: self.to,
        });
        to_incident(self.id, command, self.sending)
    }
}

/// Flags of `take`.
#[derive(Debug, ClapArgs)]
pub struct TakeArgs {
    pub id: String,
    pub role: Seat,
    #[command(flatten)]
    pub sending: Sending,
}

impl TakeArgs {
    /// The command that these flags ask for.
    pub fn sent(self) -> Sent {
        to_incident(
            self.id,
            Command::Take(Take { role: self.role }),
            self.sending,
        )
    }
}

/// Flags of `set`.
#[derive(Debug, ClapArgs)]
pub struct SetArgs {
    pub id: String,
    /// severity=sev2, tlp=red, profile.zone=Europe/Berlin, regimes=ms-dpa,ms-72h; KEY= clears
    #[arg(required = true, value_name = "KEY=VALUE")]
    pub fields: Vec<String>,
    /// Set it though a lower tlp lets more people read: who they are is printed, and asked about where there is a terminal
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub sending: Sending,
}

impl SetArgs {
    /// The command that these flags ask for.
    ///
    /// # Errors
    /// A field is no `KEY=VALUE`, sets the profile as a whole, or is none that the command knows.
    pub fn sent(self) -> Result<Sent, Failure> {
        let mut body = Map::new();
        for field in &self.fields {
            let (key, value) = assignment(field)?;
            if key == "profile" || key.starts_with("profile.") {
                let inner = key.strip_prefix("profile.").ok_or_else(|| {
                    Failure::usage("reach into the profile: profile.zone=Europe/Berlin".to_owned())
                })?;
                let profile = body
                    .entry("profile")
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(profile) = profile {
                    fact(profile, inner, value);
                }
                continue;
            }
            let value = match (key, value) {
                ("regimes", list) => list
                    .split(',')
                    .filter(|id| !id.is_empty())
                    .map(|id| Value::String(id.trim().to_owned()))
                    .collect(),
                (_, "") => Value::Null,
                (_, text) => Value::String(text.to_owned()),
            };
            body.insert(key.to_owned(), value);
        }
        let set: Set = serde_json::from_value(Value::Object(body))
            .map_err(|error| Failure::usage(format!("this cannot be set: {error}")))?;
        Ok(Sent {
            yes: self.yes,
            ..to_incident(self.id, Command::Set(Box::new(set)), self.sending)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[&str]) -> Result<Value, Failure> {
        let args = SetArgs {
            id: "AZ-1".to_owned(),
            fields: fields.iter().map(|f| (*f).to_owned()).collect(),
            yes: false,
            sending: Sending::default(),
        };
        args.sent()
            .map(|sent| serde_json::to_value(sent.command).unwrap())
    }

    #[test]
    fn only_what_is_named_is_set_and_an_empty_value_clears() {
        let body = sent(&[
            "severity=sev2",
            "summary=",
            "profile.zone=Europe/Berlin",
            "regimes=ms-dpa,ms-72h",
        ])
        .unwrap();
        assert_eq!(
            body,
            serde_json::json!({"type": "set", "severity": "sev2", "summary": null,
                "regimes": ["ms-dpa", "ms-72h"], "profile": {"zone": "Europe/Berlin"}})
        );
    }

    #[test]
    fn a_field_that_does_not_exist_is_named() {
        let failure = sent(&["colour=red"]).unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(failure.sentence.contains("colour"), "{failure}");
    }
}
