//! Clocks: every duty of every open incident, in groups by what must happen, and what the selected one is counted from.
//! Finished duties are folded into one line.

mod explain;
mod list;
mod row;

use ratatui::layout::Rect;

use self::list::{Line, List};
use super::lanes::scrolled;
use super::{foot, head, words};
use crate::ui::canvas::Canvas;
use crate::ui::index::DutyRow;
use crate::ui::keymap::Action;
use crate::ui::shared::{LEAST_FOR_DIALOG, Shared, Target};
use crate::ui::theme::Role;

/// What only this screen knows.
#[derive(Debug, Default)]
pub struct Clocks {
    /// The duty one stands on, by name.
    selected: Option<(Target, String)>,
    /// Its place among the duties.
    at: usize,
    /// First line seen.
    first: usize,
    /// Lines that fit.
    fits: usize,
}

/// The keys of the foot, most wanted first.
const KEYS: &[Action] = &[
    Action::Look,
    Action::Time,
    Action::Sent,
    Action::Hold,
    Action::Verdict,
    Action::Shelve,
    Action::Roles,
    Action::Declare,
    Action::Fold,
    Action::Zone,
    Action::Write,
    Action::Page,
];

/// The parts of the window.
struct Plan {
    list: Rect,
    /// Its first row is a rule with the duty's name, where there is room for one.
    explain: Rect,
}

fn plan(shared: &Shared, area: Rect) -> Plan {
    let left = foot::left(head::left(shared, area, Some(TITLE)));
    let rows = explain::rows(area).min(left.height.saturating_sub(3));
    let list = Rect {
        height: left.height - rows,
        ..left
    };
    let explain = Rect::new(left.x, list.bottom(), left.width, rows);
    Plan { list, explain }
}

const TITLE: &str = "CLOCKS";

impl Clocks {
    /// Does what a person wants of this screen.
    pub fn act(&mut self, action: Action, shared: &mut Shared) {
        let list = List::of(shared, shared.size.1);
        let half = isize::try_from((self.fits / 2).max(1)).unwrap_or(1);
        let step = match action {
            Action::Down | Action::NextUrgent | Action::NextMatch => 1,
            Action::Up | Action::PreviousUrgent | Action::PreviousMatch => -1,
            Action::HalfDown => half,
            Action::HalfUp => -half,
            Action::First => isize::MIN / 2,
            Action::Last => isize::MAX / 2,
            Action::Left => return self.stand(shared, list.group_before(self.at)),
            Action::Right | Action::Pane => return self.stand(shared, list.group_after(self.at)),
            _ => return,
        };
        let last = list.len().saturating_sub(1);
        self.stand(shared, self.at.saturating_add_signed(step).min(last));
    }

    fn stand(&mut self, shared: &mut Shared, at: usize) {
        self.at = at;
        self.selected = shared.index.duties.get(at).map(name);
        if let Some((target, _)) = &self.selected {
            shared.selected = Some(target.clone());
        }
    }

    /// The selection follows its duty; where that is gone, one stands on what took its place.
    pub fn settle(&mut self, shared: &mut Shared, area: Rect) {
        let list = List::of(shared, area.height);
        self.follow(shared, &list);
        let row = shared
            .index
            .duties
            .get(self.at)
            .filter(|_| self.selected.is_some());
        shared.selected_duty = row.and_then(DutyRow::view).map(|duty| duty.id.clone());
        self.fits = usize::from(plan(shared, area).list.height);
        let line = list.line_of(self.at);
        // The heading of a group is seen with its first duty.
        let heading = list.heading_over(line);
        let first = scrolled(self.first, line, self.fits, list.lines(), true);
        self.first = match line - heading < self.fits {
            true => first.min(heading),
            false => first,
        };
    }

    fn follow(&mut self, shared: &mut Shared, list: &List) {
        let len = list.len();
        if len == 0 {
            self.selected = None;
            return;
        }
        // Another screen may have selected another incident meanwhile.
        let elsewhere = shared.selected.as_ref().filter(|target| {
            self.selected
                .as_ref()
                .is_none_or(|(mine, _)| mine != *target)
        });
        let duties = shared.index.duties.get(..len).unwrap_or_default();
        if let Some(target) = elsewhere
            && let Some(at) = duties.iter().position(|row| is_of(row, target))
        {
            self.stand(shared, at);
            return;
        }
        let Some((target, duty)) = self.selected.clone() else {
            let at = self.at.min(len - 1);
            self.stand(shared, at);
            return;
        };
        let is = |row: &DutyRow| row.duty_id() == duty && is_of(row, &target);
        let at = match duties.get(self.at).is_some_and(is) {
            true => Some(self.at),
            false => duties.iter().position(is),
        };
        // A duty that went keeps one at its incident, if that has others.
        let at = at
            .or_else(|| duties.iter().position(|row| is_of(row, &target)))
            .unwrap_or(self.at.min(len - 1));
        self.stand(shared, at);
    }

    /// Draws the screen.
    pub fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        head::draw(shared, canvas, area, Some(TITLE));
        let plan = plan(shared, area);
        let list = List::of(shared, area.height);
        let columns = row::columns(shared, area.width);
        let rows = plan.list.y..plan.list.bottom();
        for (y, line) in rows.zip(self.first..list.lines()) {
            let row = Rect::new(plan.list.x, y, plan.list.width, 1);
            match list.line(line) {
                Line::Blank => {}
                Line::Heading(section) => list::heading(shared, canvas, row, section),
                Line::Duty(at) => {
                    if let Some(duty) = shared.index.duties.get(at) {
                        let selected = self.selected.is_some() && at == self.at;
                        row::draw(shared, canvas, row, &columns, duty, selected);
                    }
                }
            }
        }
        if list.is_empty() {
            nothing(shared, canvas, plan.list);
        }
        let bar = Rect::new(
            area.right().saturating_sub(1),
            plan.list.y,
            1,
            plan.list.height,
        );
        canvas.scroll_bar(bar, self.first, self.fits, list.lines());
        let row = shared
            .index
            .duties
            .get(self.at)
            .filter(|_| self.selected.is_some());
        explain::draw(shared, canvas, plan.explain, row);
        // In a small window, and where no duty is listed, there is nothing that `Enter` could explain.
        let explains = row.is_some() && shared.has_room(LEAST_FOR_DIALOG);
        let keys = KEYS.iter().copied();
        let keys: Vec<Action> = keys
            .filter(|action| explains || *action != Action::Look)
            .collect();
        foot::draw(shared, canvas, area, &keys);
    }
}

fn nothing(shared: &Shared, canvas: &mut Canvas<'_>, list: Rect) {
    let heard = shared.board.sources.iter().any(|source| source.complete);
    let text = match (heard, shared.filter.is_empty()) {
        (false, _) => "Waiting for the first answer.",
        (true, true) => "No open incident owes a notification.",
        (true, false) => &words::nothing_passes(shared),
    };
    canvas.text(
        list.x + 1,
        list.y,
        list.width.saturating_sub(2),
        text,
        Role::Dim,
    );
}

fn is_of(row: &DutyRow, target: &Target) -> bool {
    row.source == target.source && row.incident.id == target.id
}

fn name(row: &DutyRow) -> (Target, String) {
    let target = Target {
        source: row.source,
        id: row.incident.id.clone(),
    };
    (target, row.duty_id().to_owned())
}

#[cfg(test)]
mod tests;
