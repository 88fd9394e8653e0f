//! What a door was told of a person: `person=d.okafor,role=commander,clearance=red,services=azure+m365,team=legal-affairs`.
//! One form for the line of a key and for what a door tells a backend. Whether a door may say so is decided by `within`.

use std::fmt;
use std::str::FromStr;

use super::caller::{Audience, Caller};
use super::command::text::NAME;
use super::text::is_hidden;
use super::word::{Role, Tlp};

/// A person with their rights; without a name an audience, that may only read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// `by` in the record.
    pub person: Option<String>,
    pub audience: Audience,
}

/// What is wrong with the text of a grant, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GrantFault(String);

fn fault<T>(sentence: impl Into<String>) -> Result<T, GrantFault> {
    Err(GrantFault(sentence.into()))
}

impl Grant {
    /// The same rights without the name: what all people with them may read.
    pub fn nameless(&self) -> Grant {
        Grant {
            person: None,
            audience: self.audience.clone(),
        }
    }

    /// As the domain sees whoever asks; `door` names one without a name.
    pub fn caller(&self, door: &str) -> Caller {
        let Audience {
            role,
            counsel,
            clearance,
            services,
            team,
            name: _,
        } = self.audience.clone();
        Caller {
            name: self.person.clone().unwrap_or_else(|| door.to_owned()),
            role,
            counsel,
            clearance,
            services,
            team,
        }
    }

    /// Whether a door with these rights may speak for this person: nobody gets through it what it does not have itself.
    ///
    /// # Errors
    /// What goes beyond the door.
    pub fn within(&self, door: &Audience) -> Result<(), String> {
        let mine = &self.audience;
        let beyond = if mine.role > door.role {
            format!("the role {}, it has {}", mine.role, door.role)
        } else if mine.clearance > door.clearance {
            format!(
                "the clearance {}, it has {}",
                mine.clearance, door.clearance
            )
        } else if mine.counsel && !door.counsel {
            "the capability counsel, it has none".to_owned()
        } else if !door.services.is_empty()
            && (mine.services.is_empty() || !mine.services.iter().all(|s| door.sees_service(s)))
        {
            format!("other services than its own, {}", door.services.join(", "))
        } else if door.team.is_some() && mine.team != door.team {
            "another team than its own".to_owned()
        } else {
            return Ok(());
        };
        Err(beyond)
    }
}

impl FromStr for Grant {
    type Err = GrantFault;

    fn from_str(text: &str) -> Result<Grant, GrantFault> {
        let (mut person, mut role, mut clearance, mut counsel) = (None, None, None, None);
        let (mut services, mut team) = (None, None);
        for part in text.split(',') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let again = match key {
                "person" => person.replace(named(value)?).is_some(),
                "role" => role.replace(word::<Role>(key, value)?).is_some(),
                "clearance" => clearance.replace(word::<Tlp>(key, value)?).is_some(),
                "services" => services.replace(listed(value)?).is_some(),
                "team" => team.replace(id(key, value)?).is_some(),
                "counsel" if part == "counsel" => counsel.replace(()).is_some(),
                _ => {
                    return fault(format!(
                        "'{part}' is no right: write person=, role=, clearance=, services=A+B, team= or counsel"
                    ));
                }
            };
            if again {
                return fault(format!("'{key}' stands there twice"));
            }
        }
        let Some(role) = role else {
            return fault("'role' is missing: viewer, responder, commander or admin");
        };
        Ok(Grant {
            person,
            audience: Audience {
                role,
                counsel: counsel.is_some(),
                clearance: clearance.unwrap_or_else(|| role.default_clearance()),
                services: services.unwrap_or_default(),
                team,
                name: None,
            },
        })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Audience {
            role,
            counsel,
            clearance,
            services,
            team,
            name: _,
        } = &self.audience;
        if let Some(person) = &self.person {
            write!(f, "person={person},")?;
        }
        write!(f, "role={role},clearance={clearance}")?;
        if !services.is_empty() {
            write!(f, ",services={}", services.join("+"))?;
        }
        if let Some(team) = team {
            write!(f, ",team={team}")?;
        }
        if *counsel {
            write!(f, ",counsel")?;
        }
        Ok(())
    }
}

fn word<T: FromStr>(key: &str, value: &str) -> Result<T, GrantFault>
where
    T::Err: fmt::Display,
{
    value
        .parse()
        .map_err(|error| GrantFault(format!("'{key}={value}': {error}")))
}

/// A name that stands in the record and passes through a header: what could pass for another part of it is refused.
fn named(value: &str) -> Result<String, GrantFault> {
    let odd = |c: char| {
        c.is_control() || c.is_whitespace() || is_hidden(c) || matches!(c, '"' | '\\' | '=')
    };
    if value.is_empty() || value.chars().count() > NAME || value.chars().any(odd) {
        return fault(format!(
            "'person' is 1 to {NAME} visible characters without blanks, commas, quotes and '='"
        ));
    }
    Ok(value.to_owned())
}

fn id(key: &str, value: &str) -> Result<String, GrantFault> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if value.is_empty() || value.len() > NAME || !value.chars().all(fits) {
        return fault(format!(
            "'{key}={value}' names no id as the directory has it"
        ));
    }
    Ok(value.to_owned())
}

fn listed(value: &str) -> Result<Vec<String>, GrantFault> {
    let mut services: Vec<String> = value
        .split('+')
        .map(|one| id("services", one))
        .collect::<Result<_, _>>()?;
    services.sort();
    services.dedup();
    Ok(services)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_read_as_it_is_written() {
        let text = "person=d.okafor,role=commander,clearance=amber+strict,services=azure+m365,team=legal-affairs,counsel";
        let grant: Grant = text.parse().unwrap();
        assert_eq!(grant.to_string(), text);
        assert_eq!(grant.person.as_deref(), Some("d.okafor"));
        assert_eq!(grant.audience.clearance, Tlp::AmberStrict);
        assert_eq!(grant.audience.services, ["azure", "m365"]);
        let short: Grant = "role=viewer,person=j.müller".parse().unwrap();
        assert_eq!(short.audience.clearance, Tlp::Green);
        assert_eq!(short.caller("ssh").name, "j.müller");
        assert_eq!(short.nameless().caller("ssh").name, "ssh");
        assert_eq!(
            short.nameless().to_string().parse::<Grant>(),
            Ok(short.nameless())
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, told) in [
            ("person=a", "'role' is missing"),
            ("role=chief", "role=chief"),
            ("role=viewer,rule=x", "'rule=x' is no right"),
            ("role=viewer,counsel=yes", "'counsel=yes' is no right"),
            ("role=viewer,role=admin", "'role' stands there twice"),
            ("role=viewer,person=", "'person' is 1 to"),
            ("role=viewer,person=a b", "'person' is 1 to"),
            ("role=viewer,person=a\u{202e}b", "'person' is 1 to"),
            ("role=viewer,services=", "names no id"),
            ("role=viewer,services=azure+", "names no id"),
            ("role=viewer,team=a;b", "names no id"),
            ("", "'' is no right"),
        ] {
            let fault = text.parse::<Grant>().unwrap_err().to_string();
            assert!(fault.contains(told), "{text}: {fault}");
        }
    }

    #[test]
    fn nobody_gets_more_through_a_door_than_it_has() {
        let read = |text: &str| text.parse::<Grant>().unwrap();
        let door = read("role=commander,clearance=amber,services=azure+m365,team=soc").audience;
        for text in [
            "role=commander,clearance=amber,services=azure,team=soc",
            "role=viewer,services=azure+m365,team=soc",
        ] {
            assert_eq!(read(text).within(&door), Ok(()), "{text}");
        }
        for text in [
            "role=admin,clearance=amber,services=azure,team=soc",
            "role=commander,services=azure,team=soc",
            "role=viewer,services=azure,team=soc,counsel",
            "role=viewer,team=soc",
            "role=viewer,services=dyn,team=soc",
            "role=viewer,services=azure,team=legal",
            "role=viewer,services=azure",
        ] {
            assert!(read(text).within(&door).is_err(), "{text}");
        }
        let all = read("role=admin,counsel").audience;
        assert_eq!(read("role=admin,counsel,team=x").within(&all), Ok(()));
    }
}
