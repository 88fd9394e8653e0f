//! `[[intake]]` of a backend's file: who may post alerts here by themselves, and what becomes of them by which rule. Whether
//! the sender sends any, only it knows. Systems that the backend asks are `[[connector]]`, in `connector`.

use super::connector::{json_table, known_regimes, service, token, token_is_elsewhere, words};
use super::document::{Document, Part};
use super::fault::quoted;
use super::source::bad_name;
use crate::connector::alert::matcher::Matcher;
use crate::connector::alert::{
    AlertSettings, DAMP, KIND, MATCHERS_MAX, NEW_A_MINUTE, Opening, RULES_MAX, Rule, Then,
};
use crate::connector::settings::ConnectorSettings;
use crate::domain::directory::Directory;
use crate::domain::duty::Rules;
use crate::domain::instant::Instant;
use crate::domain::span::Span;
use crate::domain::when::When;
use crate::domain::word::Classification;

const KEYS: &[&str] = &[
    "kind",
    "name",
    "token_file",
    "token_command",
    "token_env",
    "token_expires_at",
    "damp",
    "new_a_minute",
    "expect_every",
    "rule",
];
/// Keys of a rule that opens incidents.
const OPENING: &[&str] = &[
    "service",
    "severity",
    "severity_label",
    "severities",
    "title",
    "classification",
    "regimes",
    "profile",
    "exercise",
];
/// The longest damping time: what fires again after it is news by any measure.
const DAMP_MAX: Span = Span::minutes(24 * 60);
/// The shortest and longest time after which an alert that always fires must be heard again.
const EXPECT: (Span, Span) = (Span(10_000), Span::minutes(7 * 24 * 60));
/// Most incidents that may be allowed in a minute.
const NEW_MAX: usize = 600;

/// Reads every `[[intake]]`.
pub(super) fn read(
    document: &mut Document<'_>,
    root: &Part<'_>,
    connectors: &[ConnectorSettings],
    directory: &Directory,
    rules: Option<&Rules>,
) -> Vec<AlertSettings> {
    let mut all: Vec<AlertSettings> = Vec::new();
    for part in document.parts(root, "intake") {
        let Some(settings) = one(document, &part, directory, rules) else {
            continue;
        };
        let name = &settings.name;
        let taken = all.iter().any(|other| other.name == *name)
            || connectors.iter().any(|other| other.name == *name);
        if taken {
            let what = format!(
                "another intake or connector is called {} too; give this one another name",
                quoted(name)
            );
            document.fault(&part, "name", what);
        }
        all.push(settings);
    }
    all
}

fn one(
    document: &mut Document<'_>,
    part: &Part<'_>,
    directory: &Directory,
    rules: Option<&Rules>,
) -> Option<AlertSettings> {
    token_is_elsewhere(document, part);
    document.known_but(part, KEYS, "token");
    if let Some(kind) = document.needed(part, "kind").filter(|kind| kind != KIND) {
        let what = format!("{} is not one of: {KIND}", quoted(&kind));
        document.fault(part, "kind", what);
    }
    let name = document.needed(part, "name");
    if let Some(why) = name.as_deref().and_then(bad_name) {
        document.fault(part, "name", why);
    }
    let token = token(document, part, None);
    let token_expires_at = expiry(document, part);
    let damp = document.word::<Span>(part, "damp").unwrap_or(DAMP);
    if damp > DAMP_MAX {
        document.fault(part, "damp", format!("is over {DAMP_MAX}; write less"));
    }
    let new_a_minute = document.count(part, "new_a_minute", NEW_MAX);
    let expect_every = document.word::<Span>(part, "expect_every");
    if expect_every.is_some_and(|every| every < EXPECT.0 || every > EXPECT.1) {
        let what = format!("must lie between {} and {}", EXPECT.0, EXPECT.1);
        document.fault(part, "expect_every", what);
    }
    let parts = document.parts(part, "rule");
    if parts.is_empty() {
        let what = "is missing: without a [[intake.rule]] nothing that is posted opens anything";
        document.fault(part, "rule", what);
    }
    if parts.len() > RULES_MAX {
        document.fault(part, "rule", format!("has over {RULES_MAX} rules"));
    }
    let read: Vec<Option<Rule>> = parts
        .iter()
        .map(|part| rule(document, part, directory, rules))
        .collect();
    never_reached(document, &parts, &read);
    let rules: Vec<Rule> = read.into_iter().flatten().collect();
    let watched = parts.iter().any(|part| part.has("watchdog"));
    if expect_every.is_some() && !watched {
        let what = "needs a rule with watchdog = true for the alert that always fires";
        document.fault(part, "expect_every", what);
    }
    Some(AlertSettings {
        name: name?,
        token: token?,
        token_expires_at,
        damp,
        new_a_minute: new_a_minute.unwrap_or(NEW_A_MINUTE),
        expect_every,
        rules,
    })
}

/// When the token ends. One that is over is no fault: the backend starts, refuses it, and its boards say so.
fn expiry(document: &mut Document<'_>, part: &Part<'_>) -> Option<Instant> {
    let text = document.text(part, "token_expires_at")?;
    match When::parse(&text) {
        Ok(when) if when.starts_a_clock() => return Some(when.at),
        _ => {
            let what = format!(
                "{} is no instant: write 2027-01-31T17:00:00Z (with Z or an offset), or 2027-01-31 for the first moment of that day in UTC",
                quoted(&text)
            );
            document.fault(part, "token_expires_at", what);
        }
    }
    None
}

/// A rule behind one that fits everything is a mistake of its order.
fn never_reached(document: &mut Document<'_>, parts: &[Part<'_>], read: &[Option<Rule>]) {
    let fits_all = |rule: &Option<Rule>| rule.as_ref().is_some_and(|rule| rule.matchers.is_empty());
    let Some(at) = read.iter().position(fits_all) else {
        return;
    };
    if let Some(part) = parts.get(at + 1) {
        let what = "is never reached: the rule before it fits every alert; change their order";
        document.fault(part, "match", what);
    }
}

fn rule(
    document: &mut Document<'_>,
    part: &Part<'_>,
    directory: &Directory,
    rules: Option<&Rules>,
) -> Option<Rule> {
    let known: Vec<&str> = ["match", "ignore", "watchdog"]
        .iter()
        .chain(OPENING)
        .copied()
        .collect();
    document.known(part, &known);
    let matchers = matchers(document, part);
    let ignore = document.yes(part, "ignore").unwrap_or(false);
    let watchdog = document.yes(part, "watchdog").unwrap_or(false);
    if ignore && watchdog {
        document.fault(part, "watchdog", "stands beside ignore; keep one of them");
    }
    if ignore || watchdog {
        let word = if ignore { "ignore" } else { "watchdog" };
        for key in OPENING.iter().filter(|key| part.has(key)) {
            let what = format!("has no use beside {word}: such a rule opens nothing");
            document.fault(part, key, what);
        }
        let then = if ignore { Then::Ignore } else { Then::Watchdog };
        return Some(Rule {
            matchers: matchers?,
            then,
        });
    }
    let opening = opening(document, part, directory, rules);
    Some(Rule {
        matchers: matchers?,
        then: Then::Open(Box::new(opening?)),
    })
}

fn matchers(document: &mut Document<'_>, part: &Part<'_>) -> Option<Vec<Matcher>> {
    if !part.has("match") {
        let what =
            r#"is missing; write matchers as ['severity="critical"'], or [] for every alert"#;
        document.fault(part, "match", what);
        return None;
    }
    let texts = document.texts(part, "match")?;
    if texts.len() > MATCHERS_MAX {
        document.fault(part, "match", format!("has over {MATCHERS_MAX} matchers"));
    }
    let mut matchers = Vec::new();
    for text in &texts {
        match text.parse::<Matcher>() {
            Ok(matcher) => matchers.push(matcher),
            Err(why) => document.fault(part, "match", format!("{}: {why}", quoted(text))),
        }
    }
    (matchers.len() == texts.len()).then_some(matchers)
}

fn opening(
    document: &mut Document<'_>,
    part: &Part<'_>,
    directory: &Directory,
    rules: Option<&Rules>,
) -> Option<Opening> {
    let service = service(document, part, "service", directory);
    let severity = document.word(part, "severity");
    let severity_label = document.text(part, "severity_label");
    let severities = words(document, part, "severities");
    for (has, needs) in [
        ("severity_label", "severities"),
        ("severities", "severity_label"),
    ] {
        if part.has(has) && !part.has(needs) {
            document.fault(part, has, format!("needs {needs} beside it"));
        }
    }
    let title = match document.text(part, "title").map(|text| text.parse()) {
        Some(Ok(template)) => Some(template),
        Some(Err(why)) => {
            let why: String = why;
            document.fault(part, "title", why);
            None
        }
        None => None,
    };
    let classification = document.word(part, "classification");
    let regimes = known_regimes(document, part, rules);
    let profile = json_table(document, part, "profile");
    let exercise = document.yes(part, "exercise").unwrap_or(false);
    Some(Opening {
        service: service?,
        severity,
        severity_label,
        severities,
        title,
        classification: classification.unwrap_or(Classification::SuspectedBreach),
        regimes,
        profile,
        exercise,
    })
}
