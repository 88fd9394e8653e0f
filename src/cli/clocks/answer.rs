//! The answer of a what-if: in words for a person, in JSON for a program. Where there is no number none is printed.

use chrono::{SecondsFormat, TimeDelta};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use crate::cli::output::{Output, table};
use crate::domain::clock::evaluate::{Evaluated, clock_zone};
use crate::domain::clock::kind::Clock;
use crate::domain::clock::regime::{Regime, Stage};
use crate::domain::clock::trace::{Line, date, instant_in};
use crate::domain::clock::{Catalogue, Outcome, tz_version};
use crate::domain::instant::Instant;
use crate::domain::say::spaced;
use crate::domain::word::{Direction, DutyStatus};

/// What one regime says.
pub struct Answer<'c> {
    pub catalogue: &'c Catalogue,
    pub regime: &'c Regime,
    /// The present it was seen from.
    pub now: Instant,
    /// Whether a person gave the present; else it is this machine's clock.
    pub is_now_given: bool,
    /// The entity's zone, if it is known.
    pub zone: Option<Tz>,
    pub stages: Vec<Answered<'c>>,
}

/// What one stage of it says.
pub struct Answered<'c> {
    pub stage: &'c Stage,
    pub duty: Evaluated<'c>,
    /// Why there is no number, in words.
    pub because: Option<String>,
    /// A condition that nobody knows to be true, and that was taken as true.
    pub assumed: Option<String>,
    /// The arithmetic.
    pub lines: Vec<Line>,
}

/// What is told once for the whole regime, or stands in the head of a stage, and not in each stage's arithmetic.
const ONCE: [&str; 9] = [
    "rule",
    "status",
    "because",
    "counting",
    "citation",
    "source",
    "confidence",
    "verified",
    "computed",
];

/// The age in days after which a text must be read again.
const WARN_AFTER_DAYS: i64 = 180;

impl Answer<'_> {
    /// Prints it for a person.
    pub fn print(&self, output: Output) {
        let regime = self.regime;
        output.line(&format!("{}  {}", regime.id, regime.name));
        if let Some(mark) = mark(regime) {
            output.line(&mark);
        }
        let of = match self.is_now_given {
            true => "",
            false => ", this machine's clock",
        };
        output.line(&format!("as of {}{of}", instant_in(self.now, Tz::UTC)));
        for stage in &self.stages {
            output.line("");
            output.line(&format!("{}: {}", stage.stage.id, self.words(stage)));
            for line in table(&self.rows(stage)) {
                output.line(&line);
            }
        }
        output.line("");
        for line in table(&self.foot()) {
            output.line(&line);
        }
    }

    fn rows(&self, stage: &Answered<'_>) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        let mut row = |label: &str, text: String| rows.push(vec![format!("  {label}"), text]);
        let who = match stage.stage.who.as_str() {
            "" => stage.stage.to.join(", "),
            who => who.to_owned(),
        };
        row("to", who);
        let duty = &stage.duty;
        let headline = match duty.direction {
            Direction::NotBefore => "not before",
            Direction::Deadline => "DUE",
        };
        let headline_text = duty.due.map(|due| self.shown(stage, due));
        match &headline_text {
            Some(text) => row(headline, text.clone()),
            None => row(headline, self.no_number(stage)),
        }
        if let Some(limit) = duty.limit {
            row(
                "outer",
                format!(
                    "{}, the latest the text can be read to allow",
                    self.shown(stage, limit)
                ),
            );
        }
        if let Some(start) = duty.latest_start {
            row("start by", self.shown(stage, start));
        }
        if let Some(assumed) = &stage.assumed {
            row("assumed", assumed.clone());
        }
        for line in stage
            .lines
            .iter()
            .filter(|line| !ONCE.contains(&line.label))
        {
            // The headline has it already, unless a hold moved it.
            let is_headline = line.label == "due" && headline_text.as_ref() == Some(&line.text);
            if !is_headline && !self.is_of_regime(line) {
                row(line.label, line.text.clone());
            }
        }
        rows
    }

    /// Whether a line says what holds for every stage alike, and stands at the foot.
    fn is_of_regime(&self, line: &Line) -> bool {
        match line.label {
            "exception" => self.regime.exceptions.contains(&line.text),
            "note" => self.regime.status_note == line.text,
            _ => false,
        }
    }

    fn foot(&self) -> Vec<Vec<String>> {
        let regime = self.regime;
        let hash: String = self.catalogue.hash().chars().take(12).collect();
        let age = regime.age_on(self.now.date_naive());
        let age = match age {
            _ if self.now.date_naive() < regime.verified => {
                "after the instant that is counted as of".to_owned()
            }
            0 => "today".to_owned(),
            1 => "1 day ago".to_owned(),
            2..=WARN_AFTER_DAYS => format!("{age} days ago"),
            _ => format!("{age} days ago: READ THE TEXT AGAIN"),
        };
        let mut rows = vec![
            ["citation", &regime.citation].map(str::to_owned).to_vec(),
            ["jurisdiction", &regime.jurisdiction]
                .map(str::to_owned)
                .to_vec(),
        ];
        if !regime.counting.is_empty() {
            rows.push(vec!["counting".to_owned(), regime.counting.clone()]);
        }
        for exception in &regime.exceptions {
            rows.push(vec!["exception".to_owned(), exception.clone()]);
        }
        if !regime.status_note.is_empty() {
            rows.push(vec!["note".to_owned(), regime.status_note.clone()]);
        }
        let confidence = match regime.confidence.warning() {
            "" => regime.confidence.as_str().to_owned(),
            warning => format!("{}: {warning}", regime.confidence.as_str()),
        };
        rows.push(vec!["confidence".to_owned(), confidence]);
        rows.push(vec![
            "verified".to_owned(),
            format!("{}, {age}", date(regime.verified)),
        ]);
        rows.push(vec![
            "computed".to_owned(),
            format!(
                "tz database {}, catalogue {hash}; arithmetic, not legal advice",
                tz_version()
            ),
        ]);
        rows
    }

    /// The status in words, with what is left.
    fn words(&self, stage: &Answered<'_>) -> String {
        let duty = &stage.duty;
        let left =
            |until: Option<Instant>| until.map(|at| length(at - self.now)).unwrap_or_default();
        let plain = spaced(duty.state.as_str());
        match duty.state {
            DutyStatus::Waiting => format!("waiting for {}", duty.trigger.unwrap_or("its trigger")),
            DutyStatus::Running => format!("running, {} left", left(duty.due)),
            DutyStatus::Provisional => format!("provisional, {} left, or less", left(duty.due)),
            DutyStatus::PastDue => format!(
                "past due for {}, {} left by the outer reading",
                duty.due
                    .map(|due| length(self.now - due))
                    .unwrap_or_default(),
                left(duty.limit)
            ),
            DutyStatus::Overdue => format!(
                "OVERDUE for {}",
                duty.due
                    .map(|due| length(self.now - due))
                    .unwrap_or_default()
            ),
            DutyStatus::Embargo => format!("embargo, {} to wait", left(duty.due)),
            DutyStatus::Held => match duty.held_until {
                Some(until) => format!("held for {}", left(Some(until))),
                None => "held, nobody has said until when".to_owned(),
            },
            DutyStatus::Met => match duty.outcome {
                Some(Outcome::OnTime) => "met, on time".to_owned(),
                Some(Outcome::BetweenDueAndLimit) => {
                    "met, after due but within the outer reading".to_owned()
                }
                Some(Outcome::Late) => "met, LATE".to_owned(),
                Some(Outcome::Early) => "met, TOO EARLY".to_owned(),
                None => "met".to_owned(),
            },
            _ => plain,
        }
    }

    /// Why there is no number.
    fn no_number(&self, stage: &Answered<'_>) -> String {
        let duty = &stage.duty;
        if let Some(because) = &stage.because {
            return format!("no number: {because}");
        }
        match &stage.stage.clock {
            Clock::None { .. } => "no number: the text has none".to_owned(),
            _ if duty.state == DutyStatus::Held => {
                "no number while nobody has said when the hold ends".to_owned()
            }
            _ => format!(
                "no number yet: {} is not recorded",
                duty.trigger.unwrap_or("its trigger")
            ),
        }
    }

    /// An instant in the entity's zone, else the one the rule names, and in UTC.
    fn shown(&self, stage: &Answered<'_>, at: Instant) -> String {
        let zone = match self.zone {
            Some(zone) => zone,
            None => clock_zone(&stage.stage.clock).of(Tz::UTC),
        };
        instant_in(at, zone)
    }

    /// The same for a program.
    pub fn json(&self) -> Value {
        let regime = self.regime;
        let stages: Map<String, Value> = self
            .stages
            .iter()
            .map(|stage| (stage.stage.id.clone(), stage.json()))
            .collect();
        json!({
            "regime": regime.id,
            "name": regime.name,
            "jurisdiction": regime.jurisdiction,
            "citation": regime.citation,
            "status": regime.force.as_str(),
            "confidence": regime.confidence.as_str(),
            "verified": regime.verified,
            "enabled": regime.enabled,
            "now": seconds(self.now),
            "catalogue": self.catalogue.hash(),
            "tz": tz_version(),
            "stages": stages,
        })
    }
}

impl Answered<'_> {
    fn json(&self) -> Value {
        let duty = &self.duty;
        json!({
            "status": duty.status.as_str(),
            "state": duty.state.as_str(),
            "due_utc": duty.due.map(seconds),
            "limit_utc": duty.limit.map(seconds),
            "latest_start_utc": duty.latest_start.map(seconds),
            "held_until_utc": duty.held_until.map(seconds),
            "trigger": duty.trigger,
            "outcome": duty.outcome.map(Outcome::as_str),
            "enabled": duty.enabled,
            "direction": duty.direction.as_str(),
            "to": self.stage.to,
            "because": self.because,
            "assumed": self.assumed,
            "why": self.lines,
        })
    }
}

/// What must be known before a regime is believed; nothing for one that was read and is switched on.
pub fn mark(regime: &Regime) -> Option<String> {
    match (regime.enabled, regime.confidence.warning()) {
        (true, "") => None,
        (true, warning) => Some(warning.to_uppercase()),
        (false, "") => Some("DISABLED: starts no duties; verify before use".to_owned()),
        (false, _) => Some("DISABLED: verify before use".to_owned()),
    }
}

fn seconds(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A length for a reader, never more than it is: `2 d 21 h 30 min`.
fn length(span: TimeDelta) -> String {
    let minutes = span.num_minutes().max(0);
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let parts = [(days, "d"), (hours, "h"), (rest, "min")];
    let told: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    match told.is_empty() {
        true => "less than a minute".to_owned(),
        false => told.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_never_longer_than_it_is() {
        assert_eq!(length(TimeDelta::seconds(59)), "less than a minute");
        assert_eq!(length(TimeDelta::seconds(3 * 86_400 + 119)), "3 d 1 min");
        assert_eq!(length(TimeDelta::hours(49)), "2 d 1 h");
    }
}
