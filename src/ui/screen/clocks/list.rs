//! The lines of the list: a heading over each group, its duties, and the finished ones as one line. Counted by groups,
//! so that a line is found without walking through the duties.

use ratatui::layout::Rect;

use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::DutyGroup;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// From this height on, a blank line stands before each group.
const AIRY: u16 = 34;

/// Groups under one heading: what is not before and what is held share theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    DecisionMissing,
    Running,
    NoNumber,
    LaterOrHeld,
    Finished,
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Blank,
    Heading(Section),
    /// Which of the index's duties.
    Duty(usize),
}

#[derive(Debug, Clone, Copy)]
struct Block {
    section: Section,
    /// The line of its heading.
    line: usize,
    /// The first of its duties, and how many are shown.
    begin: usize,
    shown: usize,
}

/// The list as it is folded now.
#[derive(Debug)]
pub struct List {
    blocks: Vec<Block>,
    lines: usize,
    len: usize,
}

impl List {
    /// The list for a window of this height.
    pub fn of(shared: &Shared, height: u16) -> List {
        let group = |group: DutyGroup| {
            let at = DutyGroup::ALL.iter().position(|of| *of == group);
            at.and_then(|at| shared.index.groups.get(at).copied())
                .unwrap_or_default()
        };
        let (later, held) = (group(DutyGroup::NotBefore), group(DutyGroup::Held));
        let finished = group(DutyGroup::Finished);
        let sections = [
            (Section::DecisionMissing, group(DutyGroup::DecisionMissing)),
            (Section::Running, group(DutyGroup::Running)),
            (Section::NoNumber, group(DutyGroup::NoNumber)),
            // The two stand one after the other among the duties.
            (Section::LaterOrHeld, (later.0, later.1 + held.1)),
            (Section::Finished, finished),
        ];
        let mut list = List {
            blocks: Vec::with_capacity(sections.len()),
            lines: 0,
            len: 0,
        };
        for (section, (begin, count)) in sections {
            if count == 0 {
                continue;
            }
            if height >= AIRY && !list.blocks.is_empty() {
                list.lines += 1;
            }
            let folded = section == Section::Finished && shared.folded;
            let shown = if folded { 0 } else { count };
            list.blocks.push(Block {
                section,
                line: list.lines,
                begin,
                shown,
            });
            list.lines += 1 + shown;
            list.len = list.len.max(if folded { 0 } else { begin + count });
        }
        list
    }

    /// How many duties one can stand on; they are the first of the index's.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether not even a heading stands there.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// How many lines there are.
    pub fn lines(&self) -> usize {
        self.lines
    }

    fn block_of(&self, at: usize) -> usize {
        let block = |block: &Block| (block.begin..block.begin + block.shown).contains(&at);
        self.blocks.iter().position(block).unwrap_or_default()
    }

    /// The line of a duty.
    pub fn line_of(&self, at: usize) -> usize {
        let block = self.blocks.get(self.block_of(at));
        block.map_or(0, |block| block.line + 1 + at.saturating_sub(block.begin))
    }

    /// The heading's line if this is the first duty under it, else the line itself.
    pub fn heading_over(&self, line: usize) -> usize {
        match line.checked_sub(1) {
            Some(over) if matches!(self.line(over), Line::Heading(_)) => over,
            _ => line,
        }
    }

    /// What stands on a line.
    pub fn line(&self, line: usize) -> Line {
        for block in &self.blocks {
            if line < block.line {
                return Line::Blank;
            }
            if line == block.line {
                return Line::Heading(block.section);
            }
            if line <= block.line + block.shown {
                return Line::Duty(block.begin + line - block.line - 1);
            }
        }
        Line::Blank
    }

    /// The first duty of the group before that of `at`, or of its own.
    pub fn group_before(&self, at: usize) -> usize {
        let here = self.block_of(at);
        let mut before = self.blocks.iter().take(here).rev();
        before
            .find(|block| block.shown > 0)
            .or_else(|| self.blocks.get(here))
            .map_or(at, |block| block.begin)
    }

    /// The first duty of the group after that of `at`.
    pub fn group_after(&self, at: usize) -> usize {
        let mut after = self.blocks.iter().skip(self.block_of(at) + 1);
        after
            .find(|block| block.shown > 0)
            .map_or(at, |block| block.begin)
    }
}

/// Draws a heading with its count.
pub fn heading(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, section: Section) {
    let line = Rect::new(row.x + 1, row.y, row.width.saturating_sub(2), 1);
    let count = |group: DutyGroup| {
        let at = DutyGroup::ALL.iter().position(|of| *of == group);
        at.and_then(|at| shared.index.owed.get(at).copied())
            .unwrap_or_default()
    };
    let groups: &[DutyGroup] = match section {
        Section::DecisionMissing => &[DutyGroup::DecisionMissing],
        Section::Running => &[DutyGroup::Running],
        Section::NoNumber => &[DutyGroup::NoNumber],
        Section::LaterOrHeld => &[DutyGroup::NotBefore, DutyGroup::Held],
        Section::Finished => return finished(shared, canvas, line),
    };
    let mut parts = Vec::new();
    for group in groups.iter().filter(|group| count(**group) > 0) {
        if !parts.is_empty() {
            parts.push(Part::text(" · ", Role::Dim));
        }
        let text = format!("{} {}", group.title(), count(*group));
        parts.push(Part::text(text, Role::Lane));
    }
    canvas.line(line, &parts);
}

/// `SENT 6 · DOES NOT APPLY 11 · DECIDED: NO NOTICE 2 · NOT IN FORCE 3     z unfold`.
fn finished(shared: &Shared, canvas: &mut Canvas<'_>, line: Rect) {
    let fold = if shared.folded { "unfold" } else { "fold" };
    let key = format!("{} {fold}", shared.keymap.label(Action::Fold));
    let key_width = u16::try_from(crate::domain::text::width(&key)).unwrap_or(u16::MAX);
    let room = line.width.saturating_sub(key_width + 2);
    let words = [
        "SENT",
        "MET",
        "DOES NOT APPLY",
        "DECIDED: NO NOTICE",
        "NOT IN FORCE",
    ];
    let named = words.iter().zip(shared.index.finished);
    let named: Vec<String> = named
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{word} {count}"))
        .collect();
    let mut parts = vec![Part::text(named.join(" · "), Role::Lane)];
    if width_of(&parts, shared.now) > room {
        let all: usize = shared.index.finished.iter().sum();
        parts = vec![Part::text(format!("FINISHED {all}"), Role::Lane)];
    }
    canvas.line(
        Rect {
            width: room,
            ..line
        },
        &parts,
    );
    canvas.text_right(line.x, line.y, line.width, &key, Role::Dim);
}
