//! The one place that writes cells. Every text passes `SafeText` on its way, so that nothing from outside reaches a
//! terminal as a control; what depends on time is noted as live cells. It knows no incident and no screen.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::glyph::Glyphs;
use super::live::{LiveCells, LiveText, Side, fill};
use super::theme::{Role, Theme};
use crate::domain::instant::Mono;
use crate::domain::text::{SafeText, grapheme_width};

/// A piece of one line.
#[derive(Debug, Clone)]
pub enum Part<'a> {
    /// Fixed words.
    Text(Cow<'a, str>, Role),
    /// Words that depend on time, as wide as they are now.
    Live(LiveText, Role),
    /// Words that depend on time, in a column of this width.
    Column(LiveText, u16, Side, Role),
    /// Empty cells.
    Gap(u16),
    /// Empty cells up to this column of the line.
    Tab(u16),
}

impl<'a> Part<'a> {
    /// Fixed words.
    pub fn text(text: impl Into<Cow<'a, str>>, role: Role) -> Part<'a> {
        Part::Text(text.into(), role)
    }

    /// Its width now, in cells.
    pub fn width(&self, now: Mono) -> u16 {
        match self {
            Part::Text(text, _) => u16::try_from(SafeText::line(text).width()).unwrap_or(u16::MAX),
            Part::Live(text, _) => text.at(now).width,
            Part::Column(_, width, ..) | Part::Gap(width) => *width,
            Part::Tab(_) => 0,
        }
    }
}

/// The width of parts one after the other.
pub fn width_of(parts: &[Part<'_>], now: Mono) -> u16 {
    parts
        .iter()
        .fold(0, |sum, part| sum.saturating_add(part.width(now)))
}

/// A buffer to draw into, with what is asked of every drawing.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    glyphs: Glyphs,
    now: Mono,
    ground: Option<Role>,
    live: Vec<LiveCells>,
}

impl<'a> Canvas<'a> {
    /// A canvas over a whole buffer, filled with the theme's ground.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme, glyphs: Glyphs, now: Mono) -> Canvas<'a> {
        let area = buffer.area;
        buffer.set_style(area, theme.style(Role::Text));
        Canvas {
            buffer,
            theme,
            glyphs,
            now,
            ground: None,
            live: Vec::new(),
        }
    }

    /// All there is to draw on.
    pub fn area(&self) -> Rect {
        self.buffer.area
    }

    /// The signs that may be used.
    pub fn glyphs(&self) -> Glyphs {
        self.glyphs
    }

    /// Hands over what depends on time.
    pub fn finish(self) -> Vec<LiveCells> {
        self.live
    }

    /// From here on, roles stand on the ground of another role, as in a selected row.
    pub fn stand_on(&mut self, ground: Option<Role>) {
        self.ground = ground;
    }

    /// Whether parts fit into so many cells. Where not, the picture is drawn again as soon as their width changes:
    /// what is drawn in their place need not depend on time, and would stand for ever.
    pub fn fits(&mut self, parts: &[Part<'_>], room: u16) -> bool {
        let fits = width_of(parts, self.now) <= room;
        if !fits {
            let changes = parts.iter().filter_map(|part| match part {
                Part::Live(text, _) => text.at(self.now).next_width_ms,
                _ => None,
            });
            self.redraw_at(changes.min().map(|ms| self.now + ms.max(1)));
        }
        fits
    }

    /// The picture holds until this instant at most.
    pub fn redraw_at(&mut self, at: Option<Mono>) {
        let Some(at) = at.filter(|at| *at > self.now) else {
            return;
        };
        self.live.push(LiveCells {
            x: 0,
            y: 0,
            width: 0,
            side: Side::Left,
            style: Style::default(),
            other: None,
            text: LiveText::Blink {
                words: String::new(),
            },
            changes_at: None,
            until: Some(at),
        });
    }

    /// The style of a role where we stand now.
    pub fn style(&self, role: Role) -> Style {
        match self.ground {
            Some(ground) => self.theme.style_on(role, ground),
            None => self.theme.style(role),
        }
    }

    /// Fills an area with empty cells of a role, and forgets live cells under it.
    pub fn clear(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        let style = self.style(role);
        self.live.retain(|cells| {
            cells.width == 0
                || cells.y < area.y
                || cells.y >= area.bottom()
                || cells.x >= area.right()
                || cells.x.saturating_add(cells.width) <= area.x
        });
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.set(x, y, " ", style);
            }
        }
    }

    /// Gives an area the ground of a role, without touching its letters.
    pub fn tint(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, self.theme.style(role));
    }

    /// Writes one line of text within `width` cells, cut with a mark if it is longer. Gives the cells used.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let safe = SafeText::line(text);
        let ours = self.glyphs.text(safe.shown());
        let style = self.style(role);
        let fits = crate::domain::text::width(&ours) <= usize::from(width);
        let cut;
        let shown: &str = if fits {
            &ours
        } else {
            let mark = if self.glyphs.ascii { '~' } else { '…' };
            cut = crate::domain::text::truncated(&ours, usize::from(width), mark);
            &cut
        };
        self.write(x, y, width, shown, style)
    }

    /// As `text`, at the right end of `width` cells.
    pub fn text_right(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) {
        let wide = u16::try_from(crate::domain::text::width(text)).unwrap_or(u16::MAX);
        let room = width.saturating_sub(wide);
        self.text(x.saturating_add(room), y, width - room, text, role);
    }

    /// Writes parts one after the other within `area`'s first row. Gives the cells used. What does not fit is cut
    /// with a mark; a live part that does not fit whole is left out, for half a number is a wrong number.
    pub fn line(&mut self, area: Rect, parts: &[Part<'_>]) -> u16 {
        let mut used: u16 = 0;
        for part in parts {
            let (x, room) = (area.x.saturating_add(used), area.width.saturating_sub(used));
            if room == 0 || area.height == 0 {
                break;
            }
            match part {
                Part::Text(text, role) => used += self.text(x, area.y, room, text, *role),
                Part::Gap(cells) => used += (*cells).min(room),
                Part::Tab(column) => used = (*column).max(used).min(area.width),
                Part::Live(text, role) => {
                    let told = text.at(self.now);
                    if told.width > room {
                        self.text(x, area.y, 1, "…", *role);
                        break;
                    }
                    self.live(x, area.y, told.width, Side::Left, text.clone(), *role, true);
                    used += told.width;
                }
                Part::Column(text, width, side, role) => {
                    if *width > room {
                        self.text(x, area.y, 1, "…", *role);
                        break;
                    }
                    self.live(x, area.y, *width, *side, text.clone(), *role, false);
                    used += *width;
                }
            }
        }
        used
    }

    /// Writes a text that depends on time. `tight`: what follows it stands right behind, so another width asks for
    /// a draw; else only one that no longer fits does.
    fn live(
        &mut self,
        x: u16,
        y: u16,
        width: u16,
        side: Side,
        text: LiveText,
        role: Role,
        tight: bool,
    ) {
        let told = text.at(self.now);
        let style = self.style(role);
        let fits = told.width <= width;
        let shown = match fits {
            true => fill(&told.text, told.width, width, side),
            // Half a number is a wrong number.
            false => fill(self.glyphs.ellipsis(), 1, width, side),
        };
        let inside =
            x.saturating_add(width) <= self.buffer.area.right() && y < self.buffer.area.bottom();
        // What blinks is not gone in between.
        let other = matches!(text, LiveText::Blink { .. }).then(|| self.style(Role::Alarm));
        let mut cells = LiveCells {
            x,
            y,
            width,
            side,
            style,
            other,
            text,
            changes_at: None,
            until: None,
        };
        self.write(x, y, width, &shown, cells.style_at(self.now));
        if !inside {
            return;
        }
        let at = |ms: Option<i64>| ms.map(|ms| self.now + ms.max(1));
        // A width that changes inside a roomy column needs no draw as long as it fits: then the tick patches it.
        cells.until = match tight || !fits {
            true => at(told.next_width_ms),
            false => outgrows(&cells.text, self.now, width),
        };
        cells.changes_at = at(told.next_change_ms).filter(|_| fits);
        self.live.push(cells);
    }

    /// A rule over the whole width.
    pub fn rule(&mut self, x: u16, y: u16, width: u16) {
        let rule = self.glyphs.rule(width);
        self.text(x, y, width, &rule, Role::Rule);
    }

    /// A frame with a title; gives the room inside.
    pub fn frame(&mut self, area: Rect, title: &str, border: Role, role: Role) -> Rect {
        let area = area.intersection(self.buffer.area);
        if area.width < 2 || area.height < 2 {
            return Rect::new(area.x, area.y, 0, 0);
        }
        let g = self.glyphs;
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        let inner = area.width - 2;
        let rule = g.rule(inner);
        self.text(area.x, area.y, 1, g.top_left(), border);
        self.text(area.x + 1, area.y, inner, &rule, border);
        self.text(right, area.y, 1, g.top_right(), border);
        for y in area.y + 1..bottom {
            self.text(area.x, y, 1, g.vertical(), border);
            self.text(right, y, 1, g.vertical(), border);
        }
        self.text(area.x, bottom, 1, g.bottom_left(), border);
        self.text(area.x + 1, bottom, inner, &rule, border);
        self.text(right, bottom, 1, g.bottom_right(), border);
        if !title.is_empty() && inner > 4 {
            let spaced = format!(" {title} ");
            self.text(area.x + 2, area.y, inner - 2, &spaced, role);
        }
        Rect::new(area.x + 1, area.y + 1, inner, area.height - 2)
    }

    /// Where in a list one stands: a bar at the right edge, drawn only where the list is longer than what is seen.
    pub fn scroll_bar(&mut self, area: Rect, first: usize, seen: usize, all: usize) {
        let height = usize::from(area.height);
        if all <= seen || height < 2 || area.width == 0 {
            return;
        }
        let x = area.right() - 1;
        let size = (height * seen / all).clamp(1, height - 1);
        let most = all.saturating_sub(seen).max(1);
        let start = (height - size) * first.min(most) / most;
        for row in 0..height {
            let on = (start..start + size).contains(&row);
            let sign = if on {
                self.glyphs.thumb()
            } else {
                self.glyphs.track()
            };
            let y = area.y + u16::try_from(row).unwrap_or_default();
            self.text(x, y, 1, sign, Role::Rule);
        }
    }

    fn write(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if y < area.y || y >= area.bottom() {
            return 0;
        }
        let end = x.saturating_add(width).min(area.right());
        let mut at = x;
        if text.is_ascii() {
            for i in 0..text.len() {
                if at >= end {
                    break;
                }
                self.set(at, y, text.get(i..=i).unwrap_or(" "), style);
                at += 1;
            }
            return at - x;
        }
        for grapheme in text.graphemes(true) {
            let cells = u16::try_from(grapheme_width(grapheme)).unwrap_or(u16::MAX);
            if cells == 0 {
                continue;
            }
            if at.saturating_add(cells) > end {
                break;
            }
            self.set(at, y, grapheme, style);
            for after in at + 1..at + cells {
                // The second half of a wide character has no letter of its own.
                self.set(after, y, "", style);
            }
            at += cells;
        }
        at.saturating_sub(x)
    }

    fn set(&mut self, x: u16, y: u16, symbol: &str, style: Style) {
        if let Some(cell) = self.buffer.cell_mut((x, y)) {
            cell.reset();
            cell.set_symbol(symbol);
            cell.set_style(style);
        }
    }
}
/// When a text first has no room any more in so many cells.
fn outgrows(text: &LiveText, now: Mono, width: u16) -> Option<Mono> {
    // A countdown has five widths before it is gone; an age that grows for ever has one more for each ten years.
    const MOST: usize = 12;
    let mut at = now;
    for _ in 0..MOST {
        at = at + text.at(at).next_width_ms?.max(1);
        if text.at(at).width > width {
            return Some(at);
        }
    }
    Some(at)
}
