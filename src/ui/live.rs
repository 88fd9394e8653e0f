//! The places of a drawn picture whose text depends on time, and what a tick makes of them. A tick costs by what is
//! visible, never by how many incidents there are. Where something else than the text changes, the tick asks for a draw.

use ratatui::style::Style;

use super::digits;
use super::glyph::Glyphs;
use super::phrase::{self, Form, Phrase, Zone};
use crate::domain::instant::{Instant, Mono};

/// A text that depends on time. Instants are on the viewer's monotonic line.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveText {
    /// The time now, `offset_ms` from the monotonic line.
    Now {
        offset_ms: i64,
        zone: Zone,
        form: Form,
    },
    /// `T-02:41`, then `+00:20`.
    Countdown { to: Mono },
    /// `6m40s`, to 10 s under an hour.
    Age { from: Mono },
    /// `38m`, to the minute.
    Since { from: Mono },
    /// `here 38m`.
    Here { from: Mono },
    /// `in 11m`.
    Until { to: Mono },
    /// `11m`, as long as it is left.
    Left { to: Mono },
    /// One row of the big digits of a countdown, without its `T-` or `+`: that stands beside them.
    BigDigits {
        to: Mono,
        row: usize,
        size: digits::Size,
        glyphs: Glyphs,
    },
    /// Words that change their look every second; they can be read in both.
    Blink { words: String },
}

impl LiveText {
    /// The text at an instant, and how long it holds.
    pub fn at(&self, now: Mono) -> Phrase {
        match self {
            LiveText::Now {
                offset_ms,
                zone,
                form,
            } => {
                let ms = now.0.saturating_add(*offset_ms);
                let at = Instant::from_timestamp_millis(ms).unwrap_or_default();
                phrase::instant(at, at, *zone, *form)
            }
            LiveText::Countdown { to } => phrase::countdown(*to - now),
            LiveText::Age { from } => phrase::age(now - *from),
            LiveText::Since { from } => phrase::since(now - *from),
            LiveText::Here { from } => phrase::here(now - *from),
            LiveText::Until { to } => phrase::until(*to - now),
            LiveText::Left { to } => phrase::left(*to - now),
            LiveText::BigDigits {
                to,
                row,
                size,
                glyphs,
            } => {
                let told = phrase::countdown(*to - now);
                let signs = ["T-", "+"];
                let bare = signs.iter().find_map(|sign| told.text.strip_prefix(sign));
                let bare = bare.unwrap_or(&told.text);
                let mut rows = size.rows(bare, *glyphs);
                Phrase {
                    width: size.width(bare),
                    text: match *row < rows.len() {
                        true => rows.swap_remove(*row),
                        false => String::new(),
                    },
                    ..told
                }
            }
            LiveText::Blink { words } => {
                let width = u16::try_from(crate::domain::text::width(words)).unwrap_or(u16::MAX);
                Phrase {
                    text: words.clone(),
                    width,
                    next_change_ms: Some(1000 - now.0.rem_euclid(1000)),
                    next_width_ms: None,
                }
            }
        }
    }
}

/// On which side of its cells a shorter text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    #[default]
    Left,
    Right,
}

/// Cells of one row whose text depends on time: fixed width, and one style unless they blink.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveCells {
    pub x: u16,
    pub y: u16,
    pub width: u16,
    pub side: Side,
    pub style: Style,
    /// The style of every other second, for what blinks.
    pub other: Option<Style>,
    pub text: LiveText,
    /// When the text, as drawn, is first another one; `None`: never.
    pub changes_at: Option<Mono>,
    /// When rank, state or width changes, so that patching is not enough.
    pub until: Option<Mono>,
}

/// A text at a place, which a tick changes without drawing the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Column, from 0.
    pub x: u16,
    /// Row, from 0.
    pub y: u16,
    /// As wide as what it replaces.
    pub text: String,
    /// The whole style.
    pub style: Style,
}

/// What a tick changes.
#[derive(Debug, Default)]
pub struct Tick {
    /// The texts that stand now; those that already do cost nothing.
    pub patches: Vec<Patch>,
    /// More changes than patches can say: draw.
    pub redraw: bool,
}

impl LiveCells {
    /// The style at an instant.
    pub fn style_at(&self, now: Mono) -> Style {
        let odd = now.0.div_euclid(1000).rem_euclid(2) == 1;
        self.other.filter(|_| odd).unwrap_or(self.style)
    }

    /// The text of exactly `width` cells at an instant.
    pub fn filled(&self, now: Mono) -> String {
        let told = self.text.at(now);
        fill(&told.text, told.width, self.width, self.side)
    }
}

/// `text` in exactly `width` cells. One that is too long is cut; the drawing asks for a new picture before that.
pub(super) fn fill(text: &str, text_width: u16, width: u16, side: Side) -> String {
    if text_width > width {
        return text.chars().take(usize::from(width)).collect();
    }
    let room = " ".repeat(usize::from(width - text_width));
    match side {
        Side::Left => format!("{text}{room}"),
        Side::Right => format!("{room}{text}"),
    }
}

/// What is different at `now` from what was drawn: texts that stand now, or the wish to draw.
pub fn tick(live: &[LiveCells], now: Mono) -> Tick {
    let mut tick = Tick::default();
    for cells in live {
        if cells.until.is_some_and(|until| now >= until) {
            tick.redraw = true;
            tick.patches.clear();
            return tick;
        }
        if cells.changes_at.is_some_and(|at| now >= at) {
            tick.patches.push(Patch {
                x: cells.x,
                y: cells.y,
                text: cells.filled(now),
                style: cells.style_at(now),
            });
        }
    }
    tick
}

/// When, strictly after `since`, a text changes or a draw is needed.
pub fn next_tick_at(live: &[LiveCells], since: Mono) -> Option<Mono> {
    let next = live.iter().filter_map(|cells| {
        let text = match cells.changes_at {
            Some(at) if at > since => Some(at),
            Some(_) => cells
                .text
                .at(since)
                .next_change_ms
                .map(|ms| since + ms.max(1)),
            None => None,
        };
        [text, cells.until.filter(|until| *until > since)]
            .into_iter()
            .flatten()
            .min()
    });
    next.min()
}
