//! Conditions of rules over the facts of a profile, in three values: true, false, not known. Parsed once, by
//! `condition_text`; what an unknown answer means is decided by whoever asks.

use super::profile::{Fact, Profile};

/// How two numbers or words are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

/// What a fact is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    Flag(bool),
    Number(f64),
    Word(String),
}

/// A condition, ready to be asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// Whether the profile says anything of a fact: never unknown itself.
    Known(String),
    /// A fact that is true or false by itself.
    Holds(String),
    Compare(String, Comparison, Literal),
    /// A fact that is one of several words, or a list that has one of them.
    Contains(String, Vec<String>),
}

impl Condition {
    /// Whether it holds for a profile; none when the profile does not say.
    pub fn holds(&self, profile: &Profile) -> Option<bool> {
        match self {
            Condition::All(parts) => parts.iter().try_fold_three(profile, true),
            Condition::Any(parts) => parts.iter().try_fold_three(profile, false),
            Condition::Not(part) => part.holds(profile).map(|held| !held),
            Condition::Known(path) => {
                Some(!matches!(profile.get(path), None | Some(Fact::Unknown)))
            }
            Condition::Holds(path) => match profile.get(path)? {
                Fact::Flag(flag) => Some(*flag),
                _ => None,
            },
            Condition::Contains(path, words) => match profile.get(path)? {
                Fact::Word(word) => Some(words.contains(word)),
                Fact::Words(list) => Some(list.iter().any(|word| words.contains(word))),
                Fact::Number(number) => Some(words.contains(&number.to_string())),
                _ => None,
            },
            Condition::Compare(path, comparison, literal) => {
                compare(profile.get(path)?, *comparison, literal)
            }
        }
    }

    /// The facts it asks for, with what the profile says of each, for a reader: `affected.individuals is 620`.
    pub fn facts(&self, profile: &Profile) -> Vec<String> {
        let mut found = Vec::new();
        self.each_path(&mut |path| {
            let said = match profile.get(path) {
                None | Some(Fact::Unknown) => format!("{path} is not known"),
                Some(Fact::Flag(true)) => format!("{path} is true"),
                Some(Fact::Flag(false)) => format!("{path} is false"),
                Some(Fact::Number(number)) => format!("{path} is {number}"),
                Some(Fact::AtLeast(number)) => format!("{path} is at least {number}"),
                Some(Fact::Word(word)) => format!("{path} is {word}"),
                Some(Fact::Words(words)) => format!("{path} is {}", words.join(", ")),
            };
            if !found.contains(&said) {
                found.push(said);
            }
        });
        found
    }

    fn each_path(&self, see: &mut dyn FnMut(&str)) {
        match self {
            Condition::All(parts) | Condition::Any(parts) => {
                for part in parts {
                    part.each_path(see);
                }
            }
            Condition::Not(part) => part.each_path(see),
            Condition::Known(path)
            | Condition::Holds(path)
            | Condition::Compare(path, ..)
            | Condition::Contains(path, _) => see(path),
        }
    }
}

/// Three-valued "all" and "any": one part that settles it is enough, an unknown one leaves it open.
trait Settle {
    fn try_fold_three(self, profile: &Profile, all: bool) -> Option<bool>;
}

impl<'c, I: Iterator<Item = &'c Condition>> Settle for I {
    fn try_fold_three(self, profile: &Profile, all: bool) -> Option<bool> {
        let mut result = Some(all);
        for part in self {
            match part.holds(profile) {
                Some(held) if held != all => return Some(!all),
                Some(_) => {}
                None => result = None,
            }
        }
        result
    }
}

fn compare(fact: &Fact, comparison: Comparison, literal: &Literal) -> Option<bool> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let equality = |equal: bool| match comparison {
        Equal => Some(equal),
        NotEqual => Some(!equal),
        _ => None,
    };
    match (fact, literal) {
        (Fact::Flag(a), Literal::Flag(b)) => equality(a == b),
        (Fact::Word(a), Literal::Word(b)) => equality(a == b),
        (Fact::Number(a), Literal::Word(b)) => equality(a.to_string() == *b),
        (Fact::Word(a), Literal::Number(b)) => equality(*a == b.to_string()),
        (Fact::Number(a), Literal::Number(b)) => Some(match comparison {
            Less => a < b,
            LessOrEqual => a <= b,
            Equal => a == b,
            NotEqual => a != b,
            GreaterOrEqual => a >= b,
            Greater => a > b,
        }),
        // At least `a`: only what every number from `a` on answers alike is known.
        (Fact::AtLeast(a), Literal::Number(b)) => match comparison {
            Less => (a >= b).then_some(false),
            LessOrEqual => (a > b).then_some(false),
            Equal => (a > b).then_some(false),
            NotEqual => (a > b).then_some(true),
            GreaterOrEqual => (a >= b).then_some(true),
            Greater => (a > b).then_some(true),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::condition_text::parse;
    use super::*;
    use serde_json::{Value, json};

    fn ask(condition: &str, profile: Value) -> Option<bool> {
        parse(condition)
            .unwrap()
            .holds(&Profile::from_json(&profile).unwrap())
    }

    #[test]
    fn a_count_of_at_least_so_many_answers_only_what_is_certain() {
        let at_least = json!({"affected": {"individuals": {"at_least": 480}}});
        assert_eq!(ask("affected.individuals < 500", at_least.clone()), None);
        assert_eq!(
            ask("affected.individuals >= 480", at_least.clone()),
            Some(true)
        );
        assert_eq!(ask("affected.individuals > 480", at_least.clone()), None);
        assert_eq!(
            ask("affected.individuals <= 479", at_least.clone()),
            Some(false)
        );
        assert_eq!(ask("affected.individuals == 100", at_least), Some(false));
        assert_eq!(
            ask("affected.individuals < 500", json!({"affected": 499})),
            Some(true)
        );
        assert_eq!(
            ask("affected.individuals < 500", json!({"affected": 500})),
            Some(false)
        );
    }

    #[test]
    fn unknown_parts_leave_open_only_what_they_decide() {
        let profile = json!({"yes": true, "no": false});
        for (condition, expected) in [
            ("yes and maybe", None),
            ("no and maybe", Some(false)),
            ("maybe and no", Some(false)),
            ("yes or maybe", Some(true)),
            ("no or maybe", None),
            ("not maybe", None),
            ("not no", Some(true)),
            ("known(maybe)", Some(false)),
            ("not known(maybe) or maybe", Some(true)),
        ] {
            assert_eq!(ask(condition, profile.clone()), expected, "{condition}");
        }
    }

    #[test]
    fn words_compare_by_meaning_and_lists_by_membership() {
        let profile =
            json!({"roles": ["Controller"], "class": "D", "pain": 5, "kind": "credit_institution"});
        for (condition, expected) in [
            ("roles contains 'controller'", true),
            ("profile.roles contains 'processor'", false),
            ("class in ['c', 'd']", true),
            ("class == \"d\"", true),
            ("pain == 5 and pain != 4", true),
            ("pain in ['5']", true),
            ("kind == 'credit-institution'", true),
        ] {
            assert_eq!(
                ask(condition, profile.clone()),
                Some(expected),
                "{condition}"
            );
        }
    }

    #[test]
    fn the_facts_are_told_with_what_is_known_of_them() {
        let condition = parse("affected.individuals < 500 or encrypted").unwrap();
        let profile = Profile::from_json(&json!({"affected": 620})).unwrap();
        assert_eq!(
            condition.facts(&profile),
            ["affected.individuals is 620", "encrypted is not known"]
        );
    }
}
