//! Which sources are old on the wall, and why; and what else is not as fresh or as whole as it looks: an incident system that
//! was not read, a clock that is off, a token that sees some services only. In line two, and in a row of its own
//! where that has no room.

use ratatui::layout::Rect;

use crate::domain::board::{Fault, Freshness, Source};
use crate::domain::text::{SafeText, truncated};
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::screen::head::{self, SKEW_MS, fitted};
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

type Parts = Vec<Part<'static>>;

/// From this width on, reasons are told as sentences.
const SENTENCES: u16 = 100;
/// Longest sentence, in cells.
const LONGEST: usize = 72;

/// The line, and what it has no room for.
pub struct Lines {
    left: Parts,
    right: Option<Part<'static>>,
    more: Vec<Parts>,
}

/// What is told in so many columns.
pub fn lines(shared: &Shared, width: u16) -> Lines {
    let mut left = head::troubled(shared, false);
    let mut more = items(shared, width);
    let right = match (left.is_empty(), head::live(shared)) {
        (true, _) => None,
        (false, 0) => Some(Part::text("no source live", Role::Stale)),
        (false, 1) => Some(Part::text("1 other live", Role::Live)),
        (false, live) => Some(Part::text(format!("{live} others live"), Role::Live)),
    };
    // Where there is but one source, that it is not live says it all.
    let right = right.filter(|_| shared.board.sources.len() > 1);
    let kept = right.as_ref().map_or(0, |part| part.width(shared.now) + 2);
    let room = width.saturating_sub(kept);
    if left.is_empty() || width_of(&left, shared.now) > room {
        left = head::sources(shared, width);
        behind(shared, &mut left, &mut more, width);
        return Lines {
            left,
            right: None,
            more,
        };
    }
    if let Some(why) = only_fault(shared, width) {
        let used = width_of(&left, shared.now);
        if used + why.width(shared.now) <= room {
            left.push(why);
            more.remove(0);
        }
    }
    behind(shared, &mut left, &mut more, room);
    let marked = Part::text(", rows marked ~", Role::Text);
    if width_of(&left, shared.now) + marked.width(shared.now) <= room {
        left.push(marked);
    }
    Lines { left, right, more }
}

impl Lines {
    /// Rows below the line.
    pub fn more(&self) -> u16 {
        u16::from(!self.more.is_empty())
    }

    /// Draws both; the second where there is one.
    pub fn draw(self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let line = |n: u16| Rect::new(area.x, area.y + n, area.width, 1);
        canvas.line(line(0), &self.left);
        if let Some(right) = self.right {
            let width = right.width(shared.now);
            let at = area.right().saturating_sub(width);
            canvas.line(Rect::new(at, area.y, width, 1), &[right]);
        }
        if area.height > 1 && !self.more.is_empty() {
            canvas.line(line(1), &fitted(shared, self.more, 0, area.width));
        }
    }
}

/// Moves what fits behind a line there, in its order.
fn behind(shared: &Shared, line: &mut Parts, more: &mut Vec<Parts>, room: u16) {
    while let Some(item) = more.first() {
        if width_of(line, shared.now) + 3 + width_of(item, shared.now) > room {
            return;
        }
        line.push(Part::text(" · ", Role::Dim));
        line.extend(more.remove(0));
    }
}

/// `: token refused`, where one source alone has a fault and is the only one that is not live.
fn only_fault(shared: &Shared, width: u16) -> Option<Part<'static>> {
    let sources = shared.board.sources.iter();
    let mut old = sources.filter(|of| of.freshness(shared.now) != Freshness::Live);
    let (source, None) = (old.next()?, old.next()) else {
        return None;
    };
    // Its reason is then the only one, and the first to tell.
    let unread = |of: &Source| of.fault == Some(Fault::Unread);
    if shared.board.sources.iter().any(|of| unread(of)) {
        return None;
    }
    let text = why(source.fault?, source.error.as_deref(), width);
    Some(Part::text(format!(": {text}"), fault_role(shared, source)))
}

fn fault_role(shared: &Shared, source: &Source) -> Role {
    match source.freshness(shared.now) {
        Freshness::Live => Role::Stale,
        fresh => words::freshness(fresh),
    }
}

fn why(fault: Fault, sentence: Option<&str>, width: u16) -> String {
    match sentence.filter(|_| width >= SENTENCES) {
        Some(sentence) => truncated(SafeText::line(sentence).shown(), LONGEST, '…'),
        None => fault.words().to_owned(),
    }
}

/// What there is to tell beside the names: faults, incident systems, services, this clock.
fn items(shared: &Shared, width: u16) -> Vec<Parts> {
    let mut items: Vec<Parts> = Vec::new();
    let sources = &shared.board.sources;
    for source in sources {
        // One request that failed is no news while others are answered.
        let live = source.freshness(shared.now) == Freshness::Live;
        let fault = source
            .fault
            .filter(|fault| !live || *fault == Fault::Unread);
        if let Some(fault) = fault {
            let text = why(fault, source.error.as_deref(), width);
            let text = format!("{}: {text}", source.name);
            items.push(vec![Part::text(text, fault_role(shared, source))]);
        }
    }
    let whose = |name: &str| match sources.len() {
        1 => String::new(),
        _ => format!("{name}: "),
    };
    for source in sources {
        let connectors = source.about.iter().flat_map(|about| &about.connectors);
        for connector in connectors.filter(|of| of.trouble.is_some()) {
            let age = connector.answered_at.map_or_else(
                || "never read".to_owned(),
                |at| format!("as of {}", at.format("%a %H:%M")),
            );
            let text = format!("{}{} {age}", whose(&source.name), connector.name);
            items.push(vec![Part::text(text, Role::Stale)]);
        }
    }
    items.extend(
        head::intake(shared)
            .0
            .map(|text| vec![Part::text(text, Role::Notice)]),
    );
    items.extend(head::scope(shared).map(|(text, role)| vec![Part::text(text, role)]));
    let skewed = sources.iter().filter_map(|source| source.skew_ms);
    if let Some(skew) = skewed
        .max_by_key(|skew| skew.saturating_abs())
        .filter(|skew| skew.saturating_abs() > SKEW_MS)
    {
        let way = if skew > 0 { "ahead" } else { "behind" };
        let text = format!("this clock {} s {way}", skew.saturating_abs() / 1000);
        items.push(vec![Part::text(text, Role::Notice)]);
    }
    items
}
