//! Matchers on labels, written and read as Alertmanager writes them: `severity=~"critical|page"`. A label that is not there is
//! empty; a regular expression must fit the whole value. Its size is bounded, and its time by that of the text.

use regex::{Regex, RegexBuilder};

use super::body::Labels;

/// Longest matcher, in characters.
const LENGTH_MAX: usize = 1_000;
/// Largest expression once it is made ready, in bytes.
const SIZE_MAX: usize = 1 << 20;

/// One matcher.
#[derive(Debug, Clone)]
pub struct Matcher {
    label: String,
    test: Test,
    /// Whether it fits where the test does not.
    negated: bool,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    Pattern(Box<Regex>),
}

impl Matcher {
    /// Whether it fits these labels.
    pub fn fits(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label).map_or("", String::as_str);
        let fits = match &self.test {
            Test::Equal(wanted) => value == wanted,
            Test::Pattern(pattern) => pattern.is_match(value),
        };
        fits != self.negated
    }
}

impl std::str::FromStr for Matcher {
    type Err = String;

    fn from_str(text: &str) -> Result<Matcher, String> {
        const FORM: &str = r#"write it as  label="value", label!="value", label=~"expression" or label!~"expression""#;
        if text.chars().count() > LENGTH_MAX {
            return Err(format!(
                "is longer than {LENGTH_MAX} characters; split it into several rules"
            ));
        }
        let text = text.trim();
        let end = text.find(['=', '!']).ok_or(FORM)?;
        let (label, rest) = text.split_at(end);
        let label = label.trim();
        if !is_label(label) {
            return Err(format!("'{label}' is no name of a label; {FORM}"));
        }
        let operators = [
            ("=~", true, false),
            ("!~", true, true),
            ("!=", false, true),
            ("=", false, false),
        ];
        let (value, pattern, negated) = operators
            .iter()
            .find_map(|(word, pattern, negated)| {
                Some((rest.strip_prefix(word)?, *pattern, *negated))
            })
            .ok_or(FORM)?;
        let value = unquoted(value.trim()).ok_or(FORM)?;
        let test = match pattern {
            true => Test::Pattern(Box::new(whole(&value)?)),
            false => Test::Equal(value),
        };
        Ok(Matcher {
            label: label.to_owned(),
            test,
            negated,
        })
    }
}

fn is_label(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b':';
    bytes.next().is_some_and(first) && bytes.all(|b| first(b) || b.is_ascii_digit())
}

fn whole(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(&format!("^(?s:{pattern})$"))
        .size_limit(SIZE_MAX)
        .build()
        .map_err(|error| {
            let told = error.to_string();
            let why = told.lines().last().unwrap_or_default();
            format!("'{pattern}' is no expression that can be used: {why}")
        })
}

/// A value in double quotes, with `\"`, `\\` and `\n`; or one that needs none.
fn unquoted(text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"') else {
        return (!text.contains('"')).then(|| text.to_owned());
    };
    let (mut value, mut chars) = (String::new(), inner.chars());
    loop {
        match chars.next()? {
            '"' => return chars.as_str().is_empty().then_some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                c @ ('"' | '\\') => value.push(c),
                // As in an expression: `\.` stays what it is.
                c => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
}
