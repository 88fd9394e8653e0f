//! Lines of a pane: facts with a label, things that flow one after the other, words that wrap. How many lines there are
//! is known before anything is drawn, so that panes can scroll. What the lines say stands with each pane.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use crate::domain::instant::{Instant, Mono};
use crate::domain::text::{SafeText, grapheme_width, width};
use crate::domain::view::IncidentView;
use crate::ui::canvas::{Part, width_of};
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// One line.
pub type Line = Vec<Part<'static>>;

/// The incident that is looked at, and how this viewer is shown it.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub shared: &'a Shared,
    pub source: usize,
    pub incident: &'a IncidentView,
}

impl Look<'_> {
    /// Whether a field is hidden: by the reader's clearance, or from the room.
    pub fn hides(&self, field: &str) -> bool {
        self.incident.is_masked(field) || self.shared.options.mask
    }

    /// The sign of what is hidden; never that of a vacancy.
    pub fn masked(&self) -> Part<'static> {
        Part::text(self.shared.glyphs.masked(), Role::Masked)
    }

    /// A person's name, or the sign of what is hidden from the room or from the reader.
    pub fn who(&self, name: &str) -> Part<'static> {
        let (name, role) = words::who(self.shared, self.incident, name);
        Part::text(name, role)
    }

    /// A field that holds a name or a text: hidden, there, or `empty` in its role.
    pub fn field(&self, name: &str, value: Option<&str>, empty: (&'static str, Role)) -> Line {
        match value {
            _ if self.hides(name) => vec![self.masked()],
            Some(text) => vec![Part::text(text.to_owned(), Role::Text)],
            None => vec![Part::text(empty.0, empty.1)],
        }
    }

    /// An instant in words, in the zone that is chosen.
    pub fn instant(&self, at: Instant, form: Form) -> String {
        self.shared.instant(self.source, self.incident, at, form)
    }

    /// An instant of the backend on our own line.
    pub fn mono(&self, at: Instant) -> Mono {
        self.shared.mono(self.source, at)
    }

    /// The time at the backend.
    pub fn now(&self) -> Instant {
        self.shared.time(self.source)
    }

    /// `2h10m ago`.
    pub fn ago(&self, at: Instant, role: Role) -> Line {
        let from = self.mono(at);
        vec![
            Part::Live(LiveText::Since { from }, role),
            Part::text(" ago", role),
        ]
    }
}

/// Where the values of facts begin.
pub const LABEL: u16 = 15;

/// The lines of a pane, as they are put together.
pub struct Lines {
    pub lines: Vec<Line>,
    /// When time alone changes more than the live texts.
    pub holds: Option<Mono>,
    width: u16,
    now: Mono,
}

impl Lines {
    /// None yet, for this many cells.
    pub fn new(shared: &Shared, width: u16) -> Lines {
        Lines {
            lines: Vec::new(),
            holds: None,
            width,
            now: shared.now,
        }
    }

    /// How many cells a line has.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// The picture holds until then at most.
    pub fn hold(&mut self, until: Option<Mono>) {
        let now = self.now;
        self.holds = [self.holds, until.filter(|at| *at > now)]
            .into_iter()
            .flatten()
            .min();
    }

    /// Words alone, wrapped.
    pub fn words(&mut self, text: &str, role: Role) {
        self.flow(Vec::new(), 0, vec![vec![Part::text(text.to_owned(), role)]]);
    }

    /// A label and its values, one after the other.
    pub fn fact(&mut self, label: &str, items: Vec<Line>) {
        let first = vec![Part::text(label.to_owned(), Role::Dim), Part::Tab(LABEL)];
        self.flow(first, LABEL, items);
    }

    /// Items with dots between them after `first`; what does not fit goes on in the next line, from `indent` on.
    pub fn flow(&mut self, first: Line, indent: u16, items: Vec<Line>) {
        let mut line = first;
        let mut used = used_by(&line, self.now);
        let mut begun = false;
        for item in items {
            let wide = width_of(&item, self.now);
            if begun && used.saturating_add(3).saturating_add(wide) <= self.width {
                line.push(Part::text(" · ", Role::Dim));
                line.extend(item);
                used += 3 + wide;
                continue;
            }
            if begun {
                self.lines.push(std::mem::take(&mut line));
                line.push(Part::Tab(indent));
                used = indent;
            }
            begun = true;
            if used.saturating_add(wide) <= self.width {
                used += wide;
                line.extend(item);
            } else {
                used = self.wrapped(&mut line, used, indent, item);
            }
        }
        self.lines.push(line);
    }

    /// An item that is longer than its line: its words wrap, what depends on time stays whole.
    fn wrapped(&mut self, line: &mut Line, mut used: u16, indent: u16, item: Line) -> u16 {
        for part in item {
            let wide = part.width(self.now);
            if used.saturating_add(wide) <= self.width {
                used += wide;
                line.push(part);
                continue;
            }
            let Part::Text(text, role) = part else {
                self.lines.push(std::mem::take(line));
                line.extend([Part::Tab(indent), part]);
                used = indent.saturating_add(wide);
                continue;
            };
            let (room, all) = (
                self.width.saturating_sub(used),
                self.width - indent.min(self.width),
            );
            for (i, piece) in wrap(&text, room, all).into_iter().enumerate() {
                if i > 0 {
                    self.lines.push(std::mem::take(line));
                    line.push(Part::Tab(indent));
                    used = indent;
                }
                let wide = u16::try_from(width(&piece)).unwrap_or(u16::MAX);
                used = used.saturating_add(wide);
                line.push(Part::Text(Cow::Owned(piece), role));
            }
            // A line ends without blanks, but what stands behind these words keeps its distance.
            if text.ends_with(' ') && used < self.width {
                line.push(Part::Gap(1));
                used += 1;
            }
        }
        used
    }
}

fn used_by(line: &Line, now: Mono) -> u16 {
    line.iter().fold(0, |used, part| match part {
        Part::Tab(column) => used.max(*column),
        other => used.saturating_add(other.width(now)),
    })
}

/// A text in lines: the first of at most `room` cells, the others of `all`. A word longer than a line is cut where the
/// line ends; nothing is lost.
pub fn wrap(text: &str, room: u16, all: u16) -> Vec<String> {
    let safe = SafeText::multi(text);
    let mut lines = vec![String::new()];
    let (mut left, all) = (usize::from(room), usize::from(all.max(1)));
    let mut fresh = true;
    for (i, line) in safe.lines().enumerate() {
        if i > 0 {
            lines.push(String::new());
            (left, fresh) = (all, true);
        }
        for word in line.split_inclusive([' ', '-', '/']) {
            let bare = width(word.trim_end());
            if bare > left && (!fresh || left < all) && bare <= all {
                lines.push(String::new());
                (left, fresh) = (all, true);
            }
            for grapheme in word.graphemes(true) {
                let wide = grapheme_width(grapheme);
                if wide > left {
                    if grapheme == " " {
                        continue;
                    }
                    lines.push(String::new());
                    left = all;
                }
                left = left.saturating_sub(wide);
                if let Some(last) = lines.last_mut() {
                    last.push_str(grapheme);
                }
                fresh = false;
            }
        }
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_longer_than_any_window_flows_and_no_room_is_no_harm() {
        let shared = crate::ui::fixture::shared();
        for width in [0, 1, 14, 15, 16, 40] {
            let mut lines = Lines::new(&shared, width);
            let long = vec![Part::text("word ".repeat(20_000), Role::Text)];
            let short = vec![Part::text("b", Role::Text)];
            lines.fact("label", vec![short.clone(), long, short]);
            assert!(lines.lines.len() > 1_000, "{width}");
        }
    }

    /// `no answer0s` was read in a narrow window.
    #[test]
    fn words_that_wrap_keep_their_distance_from_the_time_behind_them() {
        let shared = crate::ui::fixture::shared();
        for width in 12..40 {
            let mut lines = Lines::new(&shared, width);
            let age = LiveText::Age { from: shared.now };
            let item = vec![
                Part::text("communications-azure, no answer ", Role::Text),
                Part::Live(age, Role::Text),
            ];
            lines.flow(Vec::new(), 2, vec![item]);
            let last = lines.lines.last().unwrap();
            let [.., before, Part::Live(..)] = last.as_slice() else {
                panic!("the age stands last: {last:?}");
            };
            let apart = match before {
                Part::Text(text, _) => text.ends_with(' '),
                Part::Gap(_) | Part::Tab(_) => true,
                _ => false,
            };
            assert!(apart, "{width}: {last:?}");
        }
    }

    #[test]
    fn words_wrap_and_nothing_is_lost() {
        assert_eq!(wrap("one two three", 7, 7), ["one two", "three"]);
        assert_eq!(wrap("one two three", 3, 9), ["one", "two three"]);
        assert_eq!(wrap("abcdefghij", 4, 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("azure-engineering", 12, 12), ["azure-", "engineering"]);
        assert_eq!(wrap("a\n\nb", 9, 9), ["a", "", "b"]);
        assert_eq!(wrap("two three", 1, 5), ["", "two", "three"]);
        assert_eq!(wrap("", 9, 9), [""]);
        assert_eq!(wrap("a\u{1b}[2Jb", 20, 20).concat(), "a<U+001B>[2Jb");
    }
}
