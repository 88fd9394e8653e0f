//! The text form of a condition: `affected.individuals >= 500 and not (roles contains "processor")`.
//! Words: `and or not`, `known(path)`, `path contains "word"`, `path in ["a", "b"]`, `== != < <= > >=`.

use super::condition::{Comparison, Condition, Literal};
use super::profile::normal;

/// A text that is no condition: where it went wrong and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{given}' is not a condition: {what}; write for example  affected.individuals >= 500 and roles contains \"controller\""
)]
pub struct NotACondition {
    given: String,
    what: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

const SIGNS: [&str; 11] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ","];

/// Nesting deeper than this is a mistake, not a rule.
const DEPTH: usize = 16;

/// Reads a condition.
///
/// # Errors
/// The text is no condition: what does not fit in it.
pub fn parse(text: &str) -> Result<Condition, NotACondition> {
    let wrong = |what: String| NotACondition {
        given: text.chars().take(120).collect(),
        what,
    };
    let mut reader = Reader {
        tokens: tokens(text).map_err(wrong)?,
        at: 0,
    };
    let condition = reader.any(0).map_err(wrong)?;
    match reader.peek() {
        None => Ok(condition),
        Some(token) => Err(wrong(format!("{} is not expected there", shown(token)))),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => name.clone(),
        Token::Text(text) => format!("\"{text}\""),
        Token::Number(number) => number.to_string(),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let tail;
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            found.push(Token::Sign(sign));
            tail = rest.get(sign.len()..);
        } else if first == '"' || first == '\'' {
            let inner = rest.get(1..).unwrap_or("");
            let end = inner.find(first).ok_or("a quote is not closed")?;
            found.push(Token::Text(inner.get(..end).unwrap_or("").to_owned()));
            tail = inner.get(end + 1..);
        } else {
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || "._-".contains(c)))
                .unwrap_or(rest.len());
            let word = rest.get(..end).unwrap_or("");
            if word.is_empty() {
                return Err(format!("'{first}' means nothing there"));
            }
            found.push(match word.parse::<f64>() {
                Ok(number) if word.starts_with(|c: char| c.is_ascii_digit()) => {
                    Token::Number(number)
                }
                _ => Token::Name(word.to_owned()),
            });
            tail = rest.get(end..);
        }
        rest = tail.unwrap_or("").trim_start();
    }
    Ok(found)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Name(word.to_owned()))
    }

    fn wants(&mut self, sign: &'static str) -> Result<(), String> {
        if self.takes(&Token::Sign(sign)) {
            Ok(())
        } else {
            Err(format!("'{sign}' is missing"))
        }
    }

    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut parts = vec![self.all(depth)?];
        while self.takes_word("or") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut parts = vec![self.not(depth)?];
        while self.takes_word("and") {
            parts.push(self.not(depth)?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn not(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > DEPTH {
            return Err(format!("it is nested more than {DEPTH} deep"));
        }
        if self.takes_word("not") {
            return Ok(Condition::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.takes(&Token::Sign("(")) {
            let inner = self.any(depth + 1)?;
            self.wants(")")?;
            return Ok(inner);
        }
        self.comparison()
    }

    fn path(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Name(name))
                if !["and", "or", "in", "contains"].contains(&name.as_str()) =>
            {
                Ok(name.strip_prefix("profile.").unwrap_or(&name).to_owned())
            }
            Some(token) => Err(format!("{} is not the name of a fact", shown(&token))),
            None => Err("it ends where a fact is expected".to_owned()),
        }
    }

    fn comparison(&mut self) -> Result<Condition, String> {
        let path = self.path()?;
        if path == "known" && self.takes(&Token::Sign("(")) {
            let path = self.path()?;
            self.wants(")")?;
            return Ok(Condition::Known(path));
        }
        if self.takes_word("contains") {
            let word = self.word()?;
            return Ok(Condition::Contains(path, vec![word]));
        }
        if self.takes_word("in") {
            self.wants("[")?;
            let mut words = vec![self.word()?];
            while self.takes(&Token::Sign(",")) {
                words.push(self.word()?);
            }
            self.wants("]")?;
            return Ok(Condition::Contains(path, words));
        }
        let comparison = match self.peek() {
            Some(Token::Sign("==")) => Comparison::Equal,
            Some(Token::Sign("!=")) => Comparison::NotEqual,
            Some(Token::Sign("<")) => Comparison::Less,
            Some(Token::Sign("<=")) => Comparison::LessOrEqual,
            Some(Token::Sign(">")) => Comparison::Greater,
            Some(Token::Sign(">=")) => Comparison::GreaterOrEqual,
            _ => return Ok(Condition::Holds(path)),
        };
        self.at += 1;
        let literal = match self.next() {
            Some(Token::Number(number)) => Literal::Number(number),
            Some(Token::Text(text)) => Literal::Word(normal(&text)),
            Some(Token::Name(name)) if name == "true" => Literal::Flag(true),
            Some(Token::Name(name)) if name == "false" => Literal::Flag(false),
            Some(token) => {
                return Err(format!(
                    "{} is no value; put words in quotes",
                    shown(&token)
                ));
            }
            None => return Err("it ends where a value is expected".to_owned()),
        };
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if ordered && !matches!(literal, Literal::Number(_)) {
            return Err("only numbers are more or less than others".to_owned());
        }
        Ok(Condition::Compare(path, comparison, literal))
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(normal(&text)),
            Some(Token::Number(number)) => Ok(number.to_string()),
            Some(token) => Err(format!("{} is no word; put words in quotes", shown(&token))),
            None => Err("it ends where a word is expected".to_owned()),
        }
    }
}

fn one_or(mut parts: Vec<Condition>, many: impl Fn(Vec<Condition>) -> Condition) -> Condition {
    match (parts.len(), parts.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            parts.extend(last);
            many(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_condition_is_refused_with_a_sentence() {
        for text in [
            "",
            "affected.individuals <",
            "affected <= many",
            "roles contains controller",
            "class in ['a'",
            "(a and b",
            "a b",
            "a and",
            "'a' == 'b'",
            "a == 'b",
            "a ; b",
            "class < 'd'",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("is not a condition"), "{text}: {error}");
        }
        assert!(parse(&"(".repeat(200)).is_err());
    }

    #[test]
    fn and_binds_more_than_or() {
        let holds = |name: &str| Condition::Holds(name.to_owned());
        assert_eq!(
            parse("a or b and not c").unwrap(),
            Condition::Any(vec![
                holds("a"),
                Condition::All(vec![holds("b"), Condition::Not(Box::new(holds("c")))])
            ])
        );
    }
}
