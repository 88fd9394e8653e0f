//! The timeline of one incident as it was read, newest line first. It is laid out once for a width, not on every tick.

use chrono::NaiveDate;
use serde_json::Value;

use super::line::{Line, Lines, Look};
use crate::domain::say::spaced;
use crate::ui::canvas::Part;
use crate::ui::phrase::{Form, Zone};
use crate::ui::shared::Target;
use crate::ui::theme::Role;
use crate::wire::{EntryBody, Told};

/// What was read, and what is being read.
#[derive(Debug, Default)]
pub struct Timeline {
    of: Option<Target>,
    /// The incident's version when it was last asked for.
    asked: u64,
    /// Nothing came yet.
    waits: bool,
    entries: Vec<EntryBody>,
    complete: bool,
    /// Why the last read failed.
    error: Option<String>,
    laid: Option<(Key, Laid)>,
}

/// The lines, and how many entries they tell.
#[derive(Debug, Default)]
struct Laid {
    lines: Vec<Line>,
    shown: usize,
}

/// What a layout depends on.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    width: u16,
    zone: Zone,
    day: NaiveDate,
    mask: bool,
}

impl Timeline {
    /// Whether it has to be asked for: another incident, or a newer version of it.
    pub fn asks(&mut self, target: &Target, version: u64, anew: bool) -> bool {
        if self.of.as_ref() != Some(target) {
            *self = Timeline {
                of: Some(target.clone()),
                asked: version,
                waits: true,
                ..Timeline::default()
            };
            return true;
        }
        let asks = anew || version > self.asked;
        self.asked = self.asked.max(version);
        asks
    }

    /// Takes in what came; what belongs to another incident is dropped.
    pub fn take(&mut self, source: usize, id: &str, read: Result<(Vec<EntryBody>, bool), String>) {
        let ours = self
            .of
            .as_ref()
            .is_some_and(|of| of.source == source && of.id == id);
        if !ours {
            return;
        }
        self.waits = false;
        self.laid = None;
        match read {
            Ok((entries, complete)) => {
                self.entries = entries;
                self.entries
                    .sort_by_key(|entry| std::cmp::Reverse(entry.seq));
                self.complete = complete;
                self.error = None;
            }
            Err(sentence) => self.error = Some(sentence),
        }
    }

    /// How many entries are told.
    pub fn shown(&self) -> usize {
        self.laid.as_ref().map_or(0, |(_, laid)| laid.shown)
    }

    /// Lays it out for a width, if that is not done yet.
    pub fn lay(&mut self, look: Look<'_>, width: u16) {
        let key = key(look, width);
        if self.laid.as_ref().is_none_or(|(laid, _)| *laid != key) {
            self.laid = Some((key, self.made(look, width)));
        }
    }

    /// How many lines were laid out.
    pub fn laid(&self) -> usize {
        self.laid.as_ref().map_or(0, |(_, laid)| laid.lines.len())
    }

    /// The lines for a width.
    pub fn lines(&self, look: Look<'_>, width: u16) -> std::borrow::Cow<'_, [Line]> {
        let key = key(look, width);
        match &self.laid {
            Some((of, laid)) if *of == key => (&laid.lines).into(),
            _ => self.made(look, width).lines.into(),
        }
    }

    fn made(&self, look: Look<'_>, width: u16) -> Laid {
        let mut lines = Lines::new(look.shared, width);
        if self.waits {
            lines.words("The timeline is being read.", Role::Dim);
        }
        if let Some(sentence) = &self.error {
            let old = match self.entries.is_empty() {
                true => "",
                false => " What stands below was read before.",
            };
            lines.words(
                &format!("The timeline could not be read. {sentence}{old}"),
                Role::Error,
            );
        } else if !self.waits && !self.complete {
            let text = format!(
                "INCOMPLETE: {} lines were read, there are more.",
                self.entries.len()
            );
            lines.words(&text, Role::Stale);
        } else if !self.waits && self.entries.is_empty() {
            lines.words("No line is recorded that you may read.", Role::Dim);
        }
        // A shared room is shown nothing of what is privileged, not even that there is something.
        let room = |entry: &&EntryBody| !(is_privileged(entry) && look.shared.options.mask);
        // A page that is tried again and again, or a group of alerts that flaps, has one line: the newest.
        let mut told = Told::default();
        let mut shown = 0;
        for entry in self.entries.iter().filter(room) {
            if !told.again(entry) {
                add(look, &mut lines, entry);
                shown += 1;
            }
        }
        Laid {
            lines: lines.lines,
            shown,
        }
    }
}

fn key(look: Look<'_>, width: u16) -> Key {
    Key {
        width,
        zone: look.shared.zone_of(look.incident),
        day: look.now().date_naive(),
        mask: look.shared.options.mask,
    }
}

/// `14:06 d.okafor  looped back: new indicator`.
fn add(look: Look<'_>, lines: &mut Lines, entry: &EntryBody) {
    let at = look.instant(entry.at, Form::Short);
    let first = vec![
        Part::text(at, Role::Dim),
        Part::Gap(1),
        look.who(&entry.by),
        Part::Gap(2),
    ];
    // A line may name people and give reasons: a room is told what happened, not to whom and why.
    let words = match (look.shared.options.mask, said(entry)) {
        (true, _) => spaced(&entry.kind),
        (false, (words, more)) => {
            let words = look.shared.with_teams(look.source, &words);
            match more {
                Some(more) => format!("{words}: {more}"),
                None => words,
            }
        }
    };
    let indent = if lines.width() >= 60 { 6 } else { 2 };
    let mut said = vec![Part::text(words, Role::Text)];
    if is_privileged(entry) {
        said.insert(0, Part::text("PRIVILEGED ", Role::Notice));
    }
    lines.flow(first, indent, vec![said]);
}

fn is_privileged(entry: &EntryBody) -> bool {
    entry.body.get("privileged").and_then(Value::as_bool) == Some(true)
}

/// What an entry says, and what a person wrote with it.
fn said(entry: &EntryBody) -> (String, Option<String>) {
    let text = |key: &str| entry.body.get(key).and_then(Value::as_str);
    if entry.redacted.is_some() {
        // The line says by whom and why; nothing else is left to tell.
        return (
            entry.line.clone().unwrap_or_else(|| "redacted".to_owned()),
            None,
        );
    }
    let line = || entry.line.clone().unwrap_or_else(|| spaced(&entry.kind));
    if entry.kind == "noted" {
        let kind = text("kind").map_or_else(line, str::to_owned);
        return (kind, text("text").map(str::to_owned));
    }
    let line = line();
    let more = ["reason", "because", "text", "message"]
        .into_iter()
        .find_map(text);
    let more = more.filter(|more| !line.contains(more));
    (line, more.map(str::to_owned))
}
