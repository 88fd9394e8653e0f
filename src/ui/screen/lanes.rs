//! Lanes: every open incident in its phase. Three lanes of cards side by side where there is room, one row an incident
//! under phase rules where there is not.

mod card;
mod row;
mod strip;

use ratatui::layout::Rect;

pub use row::{duty_parts, people_parts, people_within};

use super::{foot, head, words};
use crate::ui::canvas::Canvas;
use crate::ui::index::{Index, Row};
use crate::ui::keymap::Action;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// What only this screen knows: where one stands, and how far each lane is scrolled.
#[derive(Debug, Default)]
pub struct Lanes {
    lane: usize,
    at: [usize; 3],
    /// First card of each lane, in the wide form.
    first: [usize; 3],
    /// First line of all lanes together, in the narrow form.
    first_line: usize,
    /// Cards or lines that fit.
    fits: usize,
}

/// The keys of the foot, most wanted first.
const KEYS: &[Action] = &[
    Action::Forward,
    Action::LoopBack,
    Action::Page,
    Action::Write,
    Action::Time,
    Action::Edit,
    Action::Declare,
    Action::Acknowledge,
    Action::Undo,
    Action::Open,
];

/// The parts of the window.
struct Plan {
    wide: bool,
    body: Rect,
    strip: Option<Rect>,
    changes: Option<Rect>,
}

fn plan(shared: &Shared, area: Rect) -> Plan {
    let left = foot::left(head::left(shared, area, None));
    let wide = area.width >= head::WIDE && area.height >= 20;
    let mut body = left;
    let mut take = |least: u16| {
        if body.height <= least {
            return None;
        }
        body.height -= 1;
        Some(Rect::new(body.x, body.y + body.height, body.width, 1))
    };
    let changes = take(5);
    let strip = take(4);
    if wide {
        // A rule stands between head and lanes.
        body.y += 1;
        body.height = body.height.saturating_sub(1);
    }
    Plan {
        wide,
        body,
        strip,
        changes,
    }
}

impl Lanes {
    /// Does what a person wants of this screen.
    pub fn act(&mut self, action: Action, shared: &mut Shared) {
        let wide = shared.size.0 >= head::WIDE && shared.size.1 >= 20;
        let half = (self.fits / 2).max(1);
        match action {
            Action::Down => self.step(shared, 1, wide),
            Action::Up => self.step(shared, -1, wide),
            Action::HalfDown => self.step(shared, signed(half), wide),
            Action::HalfUp => self.step(shared, -signed(half), wide),
            Action::First => self.step(shared, isize::MIN / 2, wide),
            Action::Last => self.step(shared, isize::MAX / 2, wide),
            Action::Left => self.other_lane(shared, -1),
            Action::Right | Action::Pane => self.other_lane(shared, 1),
            Action::NextMatch => self.step(shared, 1, false),
            Action::PreviousMatch => self.step(shared, -1, false),
            Action::NextUrgent => self.by_urgency(shared, true),
            Action::PreviousUrgent => self.by_urgency(shared, false),
            _ => {}
        }
    }

    /// Moves within the lane, or through all lanes as one list.
    fn step(&mut self, shared: &mut Shared, by: isize, within: bool) {
        let lens = shared.index.lanes.each_ref().map(Vec::len);
        let len = |lane: usize| lens.get(lane).copied().unwrap_or_default();
        let at = self.at.get(self.lane).copied().unwrap_or_default();
        if within {
            let last = len(self.lane).saturating_sub(1);
            self.stand(shared, self.lane, moved(at, by, last));
            return;
        }
        let before: usize = lens.iter().take(self.lane).sum();
        let all: usize = lens.iter().sum();
        let mut place = moved(before + at, by, all.saturating_sub(1));
        for lane in 0..lens.len() {
            if place < len(lane) {
                self.stand(shared, lane, place);
                return;
            }
            place -= len(lane);
        }
    }

    fn other_lane(&mut self, shared: &mut Shared, by: isize) {
        let mut lane = self.lane;
        for _ in 0..3 {
            lane = (lane + if by > 0 { 1 } else { 2 }) % 3;
            let len = shared.index.lanes.get(lane).map_or(0, Vec::len);
            if len > 0 {
                let at = self.at.get(lane).copied().unwrap_or_default().min(len - 1);
                self.stand(shared, lane, at);
                return;
            }
        }
    }

    /// To the next less or more urgent incident of all lanes.
    fn by_urgency(&mut self, shared: &mut Shared, less: bool) {
        let here = self
            .at
            .get(self.lane)
            .and_then(|at| shared.index.lanes.get(self.lane)?.get(*at));
        let Some(here) = here.map(|row| row.rank.clone()) else {
            return;
        };
        let lanes = shared.index.lanes.iter().enumerate();
        let near = lanes.filter_map(|(lane, rows)| {
            let at = rows.partition_point(|row| match less {
                true => row.rank <= here,
                false => row.rank < here,
            });
            let at = if less { Some(at) } else { at.checked_sub(1) }?;
            Some((&rows.get(at)?.rank, lane, at))
        });
        let found = if less { near.min() } else { near.max() };
        if let Some((_, lane, at)) = found.map(|(rank, lane, at)| (rank.clone(), lane, at)) {
            self.stand(shared, lane, at);
        }
    }

    fn stand(&mut self, shared: &mut Shared, lane: usize, at: usize) {
        self.lane = lane;
        if let Some(place) = self.at.get_mut(lane) {
            *place = at;
        }
        let row = shared.index.lanes.get(lane).and_then(|rows| rows.get(at));
        shared.selected = row.map(target);
    }

    /// The selection follows its incident; where that is gone, one stands on what took its place.
    pub fn settle(&mut self, shared: &mut Shared, area: Rect) {
        self.follow(shared);
        let plan = plan(shared, area);
        let height = usize::from(plan.body.height);
        if plan.wide {
            self.fits = card::fit(plan.body, shared);
            for lane in 0..3 {
                let len = shared.index.lanes.get(lane).map_or(0, Vec::len);
                let at = self.at.get(lane).copied().unwrap_or_default();
                if let Some(first) = self.first.get_mut(lane) {
                    *first = scrolled(*first, at, self.fits, len, lane == self.lane);
                }
            }
        } else {
            self.fits = height;
            let lens = shared.index.lanes.each_ref().map(Vec::len);
            let all = lens.iter().sum::<usize>() + 3;
            let before: usize = lens.iter().take(self.lane).sum();
            let at = self.at.get(self.lane).copied().unwrap_or_default();
            let line = before + self.lane + 1 + at;
            // The rule of the phase is seen with its first incident.
            let from = if at == 0 {
                line.saturating_sub(1)
            } else {
                line
            };
            self.first_line = scrolled(self.first_line, line, height, all, true).min(from);
        }
    }

    fn follow(&mut self, shared: &mut Shared) {
        let Some(selected) = shared.selected.clone() else {
            if let Some(lane) = shared.index.lanes.iter().position(|rows| !rows.is_empty()) {
                self.stand(shared, lane, 0);
            }
            return;
        };
        if let Some((lane, at)) = self.find(&shared.index, &selected) {
            self.lane = lane;
            if let Some(place) = self.at.get_mut(lane) {
                *place = at;
            }
            return;
        }
        // It left the lanes. Something asked for by name, as a closed incident in its own screen, stays selected.
        if shared
            .incident(&selected)
            .is_some_and(|incident| incident.is_open())
            || shared.index.rows().next().is_some()
        {
            let len = shared.index.lanes.get(self.lane).map_or(0, Vec::len);
            match len {
                0 => self.other_lane(shared, 1),
                _ => {
                    let at = self
                        .at
                        .get(self.lane)
                        .copied()
                        .unwrap_or_default()
                        .min(len - 1);
                    self.stand(shared, self.lane, at);
                }
            }
        }
        if shared.index.rows().next().is_none() {
            shared.selected = None;
        }
    }

    fn find(&self, index: &Index, target: &Target) -> Option<(usize, usize)> {
        let is = |row: &Row| row.source == target.source && row.incident.id == target.id;
        let at = self.at.get(self.lane).copied().unwrap_or_default();
        let here = index.lanes.get(self.lane).and_then(|rows| rows.get(at));
        if here.is_some_and(is) {
            return Some((self.lane, at));
        }
        let mut lanes = index.lanes.iter().enumerate();
        lanes.find_map(|(lane, rows)| Some((lane, rows.iter().position(is)?)))
    }

    /// Draws the screen.
    pub fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        head::draw(shared, canvas, area, None);
        let plan = plan(shared, area);
        match plan.wide {
            true => {
                canvas.rule(area.x, plan.body.y - 1, area.width);
                card::draw(self, shared, canvas, plan.body);
            }
            false => row::draw(self, shared, canvas, plan.body),
        }
        if !shared.filter.is_empty() && shared.index.rows().next().is_none() {
            // Under the names of the lanes, where the first incident would stand.
            let y = plan.body.y + if plan.wide { 2 } else { 3 };
            if y < plan.body.bottom() {
                let room = area.width.saturating_sub(2);
                let text = words::nothing_passes(shared);
                canvas.clear(Rect::new(area.x, y, area.width, 1), Role::Text);
                canvas.text(area.x + 1, y, room, &text, Role::Notice);
            }
        }
        if let Some(row) = plan.strip {
            strip::draw(shared, canvas, row, plan.wide);
        }
        if let Some(row) = plan.changes {
            foot::changes(
                shared,
                canvas,
                Rect::new(row.x + 1, row.y, row.width.saturating_sub(2), 1),
            );
        }
        foot::draw(shared, canvas, area, KEYS);
    }

    fn is_selected(&self, shared: &Shared, row: &Row) -> bool {
        let is = |target: &Target| row.source == target.source && row.incident.id == target.id;
        shared.selected.as_ref().is_some_and(is)
    }
}

fn target(row: &Row) -> Target {
    Target {
        source: row.source,
        id: row.incident.id.clone(),
    }
}

fn signed(n: usize) -> isize {
    isize::try_from(n).unwrap_or(isize::MAX / 2)
}

fn moved(at: usize, by: isize, last: usize) -> usize {
    at.saturating_add_signed(by).min(last)
}

/// The first line shown so that `at` is seen, moving as little as possible.
pub fn scrolled(first: usize, at: usize, fits: usize, len: usize, follow: bool) -> usize {
    let last = len.saturating_sub(fits);
    let mut first = first.min(last);
    if follow && fits > 0 {
        first = first.min(at).max((at + 1).saturating_sub(fits));
    }
    first
}
