//! The backend's own arithmetic of a duty: asked for when it is looked at and again when the incident changes, and drawn
//! line by line. How a duty is counted is the backend's; what the board itself knows of it is `explain`.

use std::sync::Arc;

use super::{dim, text};
use crate::domain::view::DutyView;
use crate::ui::canvas::Part;
use crate::ui::message::Effect;
use crate::ui::screen::incident::{Line, Lines, Look};
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;
use crate::wire::ExplainBody;

/// Lines that stand at the end, with what the answer says of itself.
const AT_THE_END: [&str; 4] = ["citation", "confidence", "verified", "computed"];
/// How much of a hash is written: enough to compare by eye.
const HASH: usize = 12;

/// What was asked of the backend, and what it told.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The version for which it was asked last.
    asked: Option<u64>,
    /// The version for which this was answered last.
    answered: Option<u64>,
    body: Option<Arc<ExplainBody>>,
    /// Why the last question came to nothing.
    failed: Option<String>,
}

impl Told {
    /// Asks, unless it was asked for this version already. In a room where texts are hidden it never asks: the lines may
    /// name what is hidden.
    pub(super) fn ask(&mut self, shared: &Shared, target: &Target, duty: &str) -> Option<Effect> {
        let version = shared.incident(target)?.version;
        if shared.options.mask || self.asked.is_some_and(|asked| asked >= version) {
            return None;
        }
        self.asked = Some(version);
        Some(Effect::Explain {
            source: target.source,
            id: target.id.clone(),
            duty: duty.to_owned(),
            version,
        })
    }

    /// Takes an answer; one that an answer for a later version has overtaken says nothing any more.
    pub(super) fn take(&mut self, version: u64, body: Result<Arc<ExplainBody>, String>) {
        if self.answered.is_some_and(|answered| answered > version) {
            return;
        }
        self.answered = Some(version);
        match body {
            Ok(body) => {
                self.body = Some(body);
                self.failed = None;
            }
            Err(sentence) => {
                self.body = None;
                self.failed = Some(sentence);
            }
        }
    }

    /// What the backend told; `None` while it has not.
    pub(super) fn body(&self) -> Option<&ExplainBody> {
        self.body.as_deref()
    }

    /// Whether this is read, or why it could not be; nothing where the answer stands.
    pub(super) fn state(&self, look: Look<'_>, lines: &mut Lines) {
        let name = look.shared.source_name(look.source);
        if let Some(sentence) = &self.failed {
            let told = format!(
                "{name} did not tell its arithmetic: {sentence}. This is what the board has:"
            );
            lines.words(&told, Role::Notice);
        } else if self.asked > self.answered {
            let told = match self.body {
                Some(_) => format!("the incident has changed; reading {name}'s arithmetic again"),
                None => format!("reading {name}'s arithmetic; until then, what the board has:"),
            };
            lines.words(&told, Role::Notice);
        }
    }
}

/// The arithmetic, in the order in which it was counted.
pub(super) fn counted(body: &ExplainBody, lines: &mut Lines) {
    let counted = body.lines.iter();
    let mut before = "";
    for line in counted.filter(|line| !AT_THE_END.contains(&line.label.as_str())) {
        // Days that are counted one after the other are one matter.
        let label = match line.label == before {
            true => String::new(),
            false => line.label.replace('_', " "),
        };
        before = &line.label;
        lines.fact(&label, vec![text(line.text.clone())]);
    }
}

/// On what it rests: the text, how sure its reading is, and by which rules and time zones it was counted.
pub(super) fn rests_on(body: &ExplainBody, duty: &DutyView, lines: &mut Lines) {
    lines.fact("text", vec![text(body.citation.clone())]);
    lines.fact(
        "confidence",
        vec![
            confidence(&body.confidence),
            dim(format!("verified {}", body.verified)),
        ],
    );
    let hash: String = body.rules.chars().take(HASH).collect();
    let mut by = vec![
        text(format!("rules {hash}")),
        dim(format!("time zones {}", body.tz)),
    ];
    if !duty.enabled {
        by.push(text("switched off at this backend"));
    }
    lines.fact("counted by", by);
}

/// How sure a reading is; what is only read in part asks for the text.
pub(super) fn confidence(word: &str) -> Line {
    match word {
        "located" | "quoted" => text(word),
        other => vec![Part::text(format!("{other}: check the text"), Role::Notice)],
    }
}
