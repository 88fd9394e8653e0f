//! What is known of the entity an incident strikes: zone, calendar, roles, kind, counts, and any further fact a rule asks
//! for. Read once from the incident's JSON, so that counting parses nothing. Which facts matter is the rules' business.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::Value;

use super::civil::EVERYWHERE;

/// One fact of a profile.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    Flag(bool),
    Number(f64),
    /// A word, in lower case with `-` for `_`.
    Word(String),
    /// Words, each as in `Word`.
    Words(Vec<String>),
    /// This many or more.
    AtLeast(f64),
    /// Recorded as not known.
    Unknown,
}

/// Where the entity is established.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Zone(Tz),
    /// One of several; the earliest result counts.
    OneOf(Vec<Tz>),
    /// Nobody has said; the earliest result on Earth counts.
    Unknown,
}

impl Place {
    /// Every zone it may be in.
    pub fn zones(&self) -> Vec<Tz> {
        match self {
            Place::Zone(zone) => vec![*zone],
            Place::OneOf(zones) => zones.clone(),
            Place::Unknown => EVERYWHERE.iter().map(|(zone, _)| *zone).collect(),
        }
    }
}

/// A profile as the rules read it.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    pub place: Place,
    /// Id of the calendar of the entity's establishment.
    pub calendar: Option<String>,
    /// Dates closed by order, for this incident alone.
    pub extra_closures: Vec<NaiveDate>,
    facts: Vec<(String, Fact)>,
    tags: Vec<String>,
}

/// A profile that cannot be read: which key, and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("profile.{key}: {what}")]
pub struct ProfileFault {
    key: String,
    what: String,
}

/// The keys whose words say what kind of entity it is, for lists such as `unless`.
const TAGGED: [&str; 7] = [
    "entity_type",
    "entity_types",
    "entity_kind",
    "entity",
    "flags",
    "entity_flags",
    "roles",
];

/// The Member States and the other States of the European Economic Area, by their codes.
const EEA: &str =
    "at be bg hr cy cz dk ee fi fr de gr hu ie it lv lt lu mt nl pl pt ro sk si es se is li no";

/// Words compare without regard to case, and `-` is `_`.
pub fn normal(word: &str) -> String {
    word.trim().to_lowercase().replace('_', "-")
}

impl Default for Profile {
    fn default() -> Profile {
        Profile {
            place: Place::Unknown,
            calendar: None,
            extra_closures: Vec::new(),
            facts: Vec::new(),
            tags: Vec::new(),
        }
    }
}

impl Profile {
    /// Reads an incident's profile. `null` and an empty object are a profile nothing is known of.
    ///
    /// # Errors
    /// The first key whose value does not fit, and what would.
    pub fn from_json(value: &Value) -> Result<Profile, ProfileFault> {
        let mut profile = Profile::default();
        let table = match value {
            Value::Null => return Ok(profile),
            Value::Object(table) => table,
            _ => {
                return Err(fault(
                    "",
                    "write an object such as {\"zone\": \"Europe/Berlin\"}",
                ));
            }
        };
        for (key, value) in table {
            match key.as_str() {
                _ if value.is_null() => {}
                "zone" => profile.place = place(value)?,
                "calendar" => {
                    profile.calendar = Some(text(key, value)?.to_owned());
                }
                "extra_closures" => profile.extra_closures = dates(key, value)?,
                "affected" => profile.affected(value)?,
                _ => profile.fact(key.clone(), value)?,
            }
        }
        profile.derive();
        profile.facts.sort_by(|(a, _), (b, _)| a.cmp(b));
        profile.extra_closures.sort_unstable();
        Ok(profile)
    }

    /// A fact by its path (`affected.individuals`); absent and `Unknown` are different only to a reader.
    pub fn get(&self, path: &str) -> Option<&Fact> {
        let at = self
            .facts
            .binary_search_by(|(key, _)| key.as_str().cmp(path))
            .ok()?;
        self.facts.get(at).map(|(_, fact)| fact)
    }

    /// Whether the entity is of a kind: its type, a flag that is true, a role.
    pub fn is(&self, tag: &str) -> bool {
        self.tags.iter().any(|t| t == tag)
    }

    /// Whether it says what kind of entity it is: by its type, or by a flag of one of these tags, true or false.
    pub fn says_what_it_is(&self, tags: &[String]) -> bool {
        self.facts.iter().any(|(key, fact)| {
            let told = !matches!(fact, Fact::Unknown);
            let typed = TAGGED.contains(&key.as_str()) && key != "roles";
            told && (typed || tags.contains(&normal(key)))
        })
    }

    fn fact(&mut self, path: String, value: &Value) -> Result<(), ProfileFault> {
        let fact = match value {
            Value::Null => return Ok(()),
            Value::Bool(flag) => Fact::Flag(*flag),
            Value::Number(number) => Fact::Number(number.as_f64().unwrap_or_default()),
            Value::String(word) => Fact::Word(normal(word)),
            Value::Array(items) => {
                let word = |item: &Value| match item {
                    Value::String(word) => Ok(normal(word)),
                    Value::Number(number) => Ok(number.to_string()),
                    _ => Err(fault(&path, "a list holds words or numbers only")),
                };
                Fact::Words(items.iter().map(word).collect::<Result<_, _>>()?)
            }
            Value::Object(table) => {
                for (key, value) in table {
                    self.fact(format!("{path}.{key}"), value)?;
                }
                return Ok(());
            }
        };
        self.facts.push((path, fact));
        Ok(())
    }

    /// `affected` is a number of individuals, or counts by field, each exact, at least so many, or unknown.
    fn affected(&mut self, value: &Value) -> Result<(), ProfileFault> {
        let Value::Object(fields) = value else {
            let fact = count("affected", value)?;
            self.facts.push(("affected.individuals".to_owned(), fact));
            return Ok(());
        };
        for (field, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
            let key = format!("affected.{field}");
            let fact = count(&key, value)?;
            self.facts.push((key, fact));
        }
        Ok(())
    }

    fn derive(&mut self) {
        let mut tags = Vec::new();
        let mut countries = Vec::new();
        for (key, fact) in &self.facts {
            match fact {
                Fact::Flag(true) => tags.push(normal(key)),
                Fact::Word(word) if TAGGED.contains(&key.as_str()) => tags.push(word.clone()),
                Fact::Words(words) if TAGGED.contains(&key.as_str()) => {
                    tags.extend(words.iter().cloned());
                }
                Fact::Word(word) if key == "country" => countries.push(word.clone()),
                Fact::Words(words) if key == "countries" => countries.extend(words.clone()),
                _ => {}
            }
        }
        if countries.iter().any(|c| EEA.split(' ').any(|e| e == c)) {
            countries.push("eea".to_owned());
        }
        self.facts
            .retain(|(key, _)| key != "country" && key != "countries");
        if !countries.is_empty() {
            let fact = Fact::Words(countries);
            self.facts.push(("countries".to_owned(), fact));
        }
        self.tags = tags;
    }
}

fn fault(key: &str, what: &str) -> ProfileFault {
    ProfileFault {
        key: key.to_owned(),
        what: what.to_owned(),
    }
}

fn text<'v>(key: &str, value: &'v Value) -> Result<&'v str, ProfileFault> {
    value
        .as_str()
        .ok_or_else(|| fault(key, "write a text in quotes"))
}

fn place(value: &Value) -> Result<Place, ProfileFault> {
    let zone = |value: &Value| {
        let name = text("zone", value)?;
        name.parse::<Tz>().map_err(|_| {
            let cut: String = name.chars().take(40).collect();
            fault(
                "zone",
                &format!(
                    "'{cut}' is not a zone of the tz database; write a name like Europe/Berlin"
                ),
            )
        })
    };
    match value {
        Value::Array(names) => {
            let zones: Vec<Tz> = names.iter().map(zone).collect::<Result<_, _>>()?;
            Ok(match zones.as_slice() {
                [] => Place::Unknown,
                [one] => Place::Zone(*one),
                _ => Place::OneOf(zones),
            })
        }
        _ => zone(value).map(Place::Zone),
    }
}

fn dates(key: &str, value: &Value) -> Result<Vec<NaiveDate>, ProfileFault> {
    let wrong = || fault(key, "write a list of dates such as [\"2026-12-24\"]");
    let items = value.as_array().ok_or_else(wrong)?;
    items
        .iter()
        .map(|item| item.as_str().and_then(|t| t.parse().ok()).ok_or_else(wrong))
        .collect()
}

/// A count and how well it is known: `620`, `{"count": 480, "known": "at_least"}`, `{"at_least": 480}`,
/// `"at_least 480"`, `"unknown"`.
fn count(key: &str, value: &Value) -> Result<Fact, ProfileFault> {
    let wrong = || {
        fault(
            key,
            "write a number, or {\"count\": 480, \"known\": \"exact\"} with exact, at_least or unknown",
        )
    };
    let sized = |number: f64, known: &str| match known {
        "exact" => Ok(Fact::Number(number)),
        "at-least" => Ok(Fact::AtLeast(number)),
        "unknown" => Ok(Fact::Unknown),
        _ => Err(wrong()),
    };
    match value {
        Value::Number(number) => Ok(Fact::Number(number.as_f64().ok_or_else(wrong)?)),
        Value::String(words) => {
            let words = normal(words);
            if words == "unknown" {
                return Ok(Fact::Unknown);
            }
            let (known, number) = words.rsplit_once([' ', ':']).unwrap_or(("exact", &words));
            sized(number.parse().map_err(|_| wrong())?, known.trim())
        }
        Value::Object(table) => {
            let mut number = None;
            let mut known = "exact".to_owned();
            for (field, value) in table {
                match (normal(field).as_str(), value) {
                    ("at-least" | "exact", Value::Number(n)) => {
                        number = n.as_f64();
                        known = normal(field);
                    }
                    (_, Value::Number(n)) => number = n.as_f64(),
                    (_, Value::String(word)) => known = normal(word),
                    (flag, Value::Bool(true)) => known = flag.to_owned(),
                    (_, Value::Null | Value::Bool(false)) => {}
                    _ => return Err(wrong()),
                }
            }
            match number {
                Some(number) => sized(number, &known),
                None if known == "unknown" => Ok(Fact::Unknown),
                None => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(value: Value) -> Profile {
        Profile::from_json(&value).unwrap()
    }

    #[test]
    fn counts_say_how_well_they_are_known() {
        let at = |value| of(json!({ "affected": value }));
        let individuals = |p: &Profile| p.get("affected.individuals").cloned();
        assert_eq!(individuals(&at(json!(620))), Some(Fact::Number(620.0)));
        assert_eq!(individuals(&at(json!({"tenants": 3}))), None);
        for form in [
            json!({"individuals": {"count": 480, "known": "at_least"}}),
            json!({"individuals": {"at_least": 480}}),
            json!({"individuals": "at_least 480"}),
        ] {
            assert_eq!(individuals(&at(form)), Some(Fact::AtLeast(480.0)));
        }
        assert_eq!(
            individuals(&at(json!({"individuals": "unknown"}))),
            Some(Fact::Unknown)
        );
        assert!(Profile::from_json(&json!({"affected": true})).is_err());
    }

    #[test]
    fn an_entity_is_what_its_type_and_its_true_flags_say() {
        let profile =
            of(json!({"entity_type": "Credit_Institution", "nis2_entity": true, "ccp": false}));
        assert!(profile.is("credit-institution") && profile.is("nis2-entity"));
        assert!(!profile.is("ccp"));
        assert!(of(json!({"entity_type": ["ccp"]})).is("ccp"));
    }

    #[test]
    fn a_wrong_zone_is_a_sentence_and_several_zones_are_candidates() {
        let error = Profile::from_json(&json!({"zone": "Europe/Lodnon"})).unwrap_err();
        assert!(error.to_string().contains("'Europe/Lodnon' is not a zone"));
        assert_eq!(
            of(json!({"zone": ["Asia/Tokyo", "UTC"]})).place,
            Place::OneOf(vec![Tz::Asia__Tokyo, Tz::UTC])
        );
        assert_eq!(of(Value::Null).place, Place::Unknown);
    }

    #[test]
    fn a_country_of_the_european_economic_area_says_so() {
        let countries = of(json!({"countries": ["DE", "US"]}));
        assert_eq!(
            countries.get("countries"),
            Some(&Fact::Words(vec!["de".into(), "us".into(), "eea".into()]))
        );
    }
}
