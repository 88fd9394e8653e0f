//! Teams: a row an owning team, a column a phase; in each cell how many, the worst incident and the nearest duty. What is
//! vacant stands beside the team's name.

mod cell;

use ratatui::layout::Rect;

use super::lanes::scrolled;
use super::{foot, head, words};
use crate::domain::word::Phase;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{LANES, Rank, TeamRow, lane_of};
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::phrase::Form;
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// The column of preparation, after those of the lanes.
const PREPARATION: usize = 3;
/// From this width on there is room for it.
const WITH_PREPARATION: u16 = 60;

/// What only this screen knows.
#[derive(Debug, Default)]
pub struct Teams {
    /// Where one stands: team and phase.
    row: usize,
    column: usize,
    /// The team by name, and the incident that was selected for it.
    stands: Option<((usize, String), Target)>,
    /// First team seen.
    first: usize,
    /// Teams that fit.
    fits: usize,
}

const TITLE: &str = "TEAMS";

/// The keys of the foot, most wanted first.
const KEYS: &[Action] = &[
    Action::Look,
    Action::Page,
    Action::Forward,
    Action::LoopBack,
    Action::Write,
    Action::Time,
    Action::Roles,
    Action::HandOver,
    Action::Open,
];

struct Plan {
    titles: Rect,
    body: Rect,
    /// Rows a team takes, blank ones too.
    height: u16,
    /// Whether the column of preparation is shown.
    preparation: bool,
}

fn plan(shared: &Shared, area: Rect) -> Plan {
    let left = foot::left(head::left(shared, area, Some(TITLE)));
    let teams = u16::try_from(shared.index.teams.len()).unwrap_or(u16::MAX);
    let room = left.height.saturating_sub(1);
    // A blank row stands between teams where all of them are seen all the same.
    let height = if teams.saturating_mul(4) <= room.saturating_add(1) {
        4
    } else {
        3
    };
    Plan {
        titles: Rect { height: 1, ..left },
        body: Rect {
            y: left.y + 1,
            height: room,
            ..left
        },
        height,
        preparation: !shared.index.preparation.is_empty(),
    }
}

impl Teams {
    /// Does what a person wants of this screen.
    pub fn act(&mut self, action: Action, shared: &mut Shared) {
        let half = isize::try_from((self.fits / 2).max(1)).unwrap_or(1);
        match action {
            Action::Down => self.step(shared, 1),
            Action::Up => self.step(shared, -1),
            Action::HalfDown => self.step(shared, half),
            Action::HalfUp => self.step(shared, -half),
            Action::First => self.step(shared, isize::MIN / 2),
            Action::Last => self.step(shared, isize::MAX / 2),
            Action::Left => self.sideways(shared, false),
            Action::Right | Action::Pane => self.sideways(shared, true),
            Action::NextUrgent | Action::NextMatch => self.by_urgency(shared, true),
            Action::PreviousUrgent | Action::PreviousMatch => self.by_urgency(shared, false),
            _ => {}
        }
    }

    fn step(&mut self, shared: &mut Shared, by: isize) {
        let last = shared.index.teams.len().saturating_sub(1);
        let row = self.row.saturating_add_signed(by).min(last);
        let column = self.column;
        self.stand(shared, row, column);
    }

    /// To the next phase of the team in which it has something.
    fn sideways(&mut self, shared: &mut Shared, right: bool) {
        let columns = order(right);
        let here = columns.iter().position(|column| *column == self.column);
        let Some(team) = shared.index.teams.get(self.row) else {
            return;
        };
        let mut next = columns.iter().skip(here.map_or(0, |here| here + 1));
        if let Some(column) = next
            .find(|column| has_something(shared, team, **column))
            .copied()
        {
            let row = self.row;
            self.stand(shared, row, column);
        }
    }

    /// To the cell whose worst incident is the next less or more urgent one.
    fn by_urgency(&mut self, shared: &mut Shared, less: bool) {
        let mut cells = Vec::new();
        for (row, team) in shared.index.teams.iter().enumerate() {
            for (column, cell) in team.cells.iter().enumerate() {
                if let Some((source, incident)) = &cell.worst
                    && has_something(shared, team, column)
                {
                    cells.push((Rank::of(*source, incident), row, column));
                }
            }
        }
        cells.sort();
        let here = |cell: &(Rank, usize, usize)| (cell.1, cell.2) == (self.row, self.column);
        let Some(at) = cells.iter().position(here) else {
            return;
        };
        let next = if less { at + 1 } else { at.wrapping_sub(1) };
        if let Some((_, row, column)) = cells.get(next) {
            self.stand(shared, *row, *column);
        }
    }

    /// Stands on a team's cell, or on the one nearest to it that has something.
    fn stand(&mut self, shared: &mut Shared, row: usize, column: usize) {
        let Some(team) = shared.index.teams.get(row) else {
            return;
        };
        let has = |column: &usize| has_something(shared, team, *column);
        let near = (0..=column).rev().find(has);
        let near = near.or_else(|| (column..=PREPARATION).find(has));
        let column = near.unwrap_or(column);
        self.row = row;
        self.column = column;
        let worst = team.cells.get(column).and_then(|cell| cell.worst.as_ref());
        if let Some((source, incident)) = worst {
            let target = Target {
                source: *source,
                id: incident.id.clone(),
            };
            self.stands = Some(((team.source, team.team.clone()), target.clone()));
            shared.selected = Some(target);
        }
    }

    /// One stays on one's team and phase; another incident selected elsewhere takes one to its cell.
    pub fn settle(&mut self, shared: &mut Shared, area: Rect) {
        self.follow(shared);
        let plan = plan(shared, area);
        self.fits = usize::from((plan.body.height + 1) / plan.height).max(1);
        let len = shared.index.teams.len();
        self.first = scrolled(self.first, self.row, self.fits, len, true);
    }

    fn follow(&mut self, shared: &mut Shared) {
        let teams = &shared.index.teams;
        if teams.is_empty() {
            self.stands = None;
            return;
        }
        let find = |key: (usize, &str)| {
            teams
                .iter()
                .position(|team| (team.source, team.team.as_str()) == key)
        };
        let mine = self.stands.as_ref();
        let elsewhere = shared
            .selected
            .as_ref()
            .filter(|target| mine.is_none_or(|(_, set)| set != *target));
        let theirs = elsewhere.and_then(|target| {
            let incident = shared.incident(target)?;
            let row = find((target.source, &incident.owner))?;
            Some((row, lane_of(incident.phase).unwrap_or(PREPARATION)))
        });
        let kept = mine.and_then(|((source, team), _)| find((*source, team)));
        let (row, column) = theirs.unwrap_or_else(|| {
            let row = kept.unwrap_or(self.row.min(teams.len() - 1));
            (row, self.column)
        });
        self.stand(shared, row, column);
    }

    /// Draws the screen.
    pub fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        head::draw(shared, canvas, area, Some(TITLE));
        let plan = plan(shared, area);
        let columns = columns(area, plan.preparation);
        titles(shared, canvas, plan.titles, &columns);
        let teams = shared.index.teams.iter().enumerate().skip(self.first);
        for (nth, (row, team)) in teams.take(self.fits).enumerate() {
            let y = plan.body.y + u16::try_from(nth).unwrap_or_default() * plan.height;
            let room = plan.body.bottom().saturating_sub(y).min(3);
            if room == 0 {
                break;
            }
            let line = Rect::new(area.x, y, area.width, 1);
            name(shared, canvas, line, team);
            for (column, x, width) in &columns {
                let Some(cell) = team.cells.get(*column) else {
                    continue;
                };
                let area = Rect::new(*x, y + 1, *width, room - 1);
                let selected = self.stands.is_some() && (row, *column) == (self.row, self.column);
                cell::draw(shared, canvas, area, cell, *column == PREPARATION, selected);
            }
        }
        if shared.index.teams.is_empty() {
            nothing(shared, canvas, plan.body);
        }
        let bar = Rect::new(
            area.right().saturating_sub(1),
            plan.body.y,
            1,
            plan.body.height,
        );
        canvas.scroll_bar(bar, self.first, self.fits, shared.index.teams.len());
        foot::draw(shared, canvas, area, KEYS);
    }
}

fn has_something(shared: &Shared, team: &TeamRow, column: usize) -> bool {
    let shown = column < PREPARATION || shared.size.0 >= WITH_PREPARATION;
    shown && team.cells.get(column).is_some_and(|cell| cell.count > 0)
}

/// The columns in the order of the screen, or the other way round.
fn order(right: bool) -> [usize; 4] {
    match right {
        true => [0, 1, 2, PREPARATION],
        false => [PREPARATION, 2, 1, 0],
    }
}

/// Which column begins where, and how wide it is. Preparation needs less room than the lanes.
fn columns(area: Rect, preparation: bool) -> Vec<(usize, u16, u16)> {
    let room = area.width.saturating_sub(2);
    let last = match preparation && area.width >= WITH_PREPARATION {
        true if area.width >= head::WIDE => (area.width / 6).clamp(24, 30),
        true => 13,
        false => 0,
    };
    let width = (room - last.min(room)) / 3;
    let lane = |column: u16| {
        (
            usize::from(column),
            area.x + 1 + column * width,
            width - width.min(1),
        )
    };
    let mut columns: Vec<_> = (0..3).map(lane).collect();
    if last > 0 {
        columns.push((PREPARATION, area.x + 1 + 3 * width, last));
    }
    columns
}

fn titles(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, columns: &[(usize, u16, u16)]) {
    let known = head::known(shared);
    for (column, x, width) in columns {
        let phase = LANES.get(*column).copied().unwrap_or(Phase::Preparation);
        let count = match LANES.get(*column) {
            Some(_) => shared.index.lanes.get(*column).map_or(0, Vec::len),
            None => shared.index.preparation.len(),
        };
        let long = phase.title().to_uppercase().replace(" AND ", " & ");
        let name = match usize::from(*width) {
            room if room > long.len() + 4 => long,
            room if room >= 22 && phase == Phase::ContainmentEradicationAndRecovery => {
                "CONTAINMENT".to_owned()
            }
            _ => phase.short().to_uppercase(),
        };
        let parts = [
            Part::text(name, Role::Lane),
            Part::text(format!(" {}", known.count(count)), Role::Title),
        ];
        // The mark of the selected cell stands in the column before its text.
        canvas.line(Rect::new(*x + 1, row.y, width.saturating_sub(1), 1), &parts);
    }
}

/// The team's name, and in words what is vacant in its incidents.
fn name(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, team: &TeamRow) {
    canvas.rule(row.x, row.y, row.width);
    let live = shared.is_live(team.source);
    let role = if live { Role::Title } else { Role::StaleRow };
    let short = shared.team(team.source, &team.team);
    let mut left = vec![Part::text(format!(" {short}"), role)];
    if !live {
        left.push(Part::text("~", Role::Stale));
        left.extend(as_of(shared, team));
    }
    left.push(Part::text(" ", role));
    let late = shared.index.world.pages.iter();
    let late = late.filter(|page| page.source == team.source && page.incident.owner == team.team);
    let late = late.filter_map(|page| page.view()?.late_since(shared.time(page.source)));
    let mut items: Vec<(usize, Vec<Part<'static>>)> = Vec::new();
    if let Some(eta) = late.min() {
        let from = shared.mono(team.source, eta);
        let parts = vec![
            Part::text("ETA passed ", Role::PageUnanswered),
            Part::Live(LiveText::Age { from }, Role::PageUnanswered),
            Part::text(" ago", Role::PageUnanswered),
        ];
        items.push((0, parts));
    }
    for (count, seat) in [
        (team.no_commander, "NO COMMANDER"),
        (team.no_service_lead, "NO SERVICE LEAD"),
        (team.no_owner_lead, "NO OWNER LEAD"),
    ] {
        if count > 0 {
            let parts = vec![Part::text(format!("{seat} {count}"), Role::Vacant)];
            items.push((count, parts));
        }
    }
    let room = row.width.saturating_sub(width_of(&left, shared.now) + 1);
    let right = beside(canvas, &items, room);
    let width = width_of(&right, shared.now).min(row.width);
    let at = row.right().saturating_sub(width + 1);
    let room = at.saturating_sub(row.x);
    canvas.line(Rect { width: room, ..row }, &left);
    canvas.line(Rect::new(at, row.y, width, 1), &right);
}

/// What is vacant, as much as has room beside the name: from the right it is left out and counted, `+2 vacant`.
fn beside(
    canvas: &mut Canvas<'_>,
    items: &[(usize, Vec<Part<'static>>)],
    room: u16,
) -> Vec<Part<'static>> {
    let forms = (0..=items.len()).rev().map(|shown| {
        let (said, left) = items.split_at(shown);
        let left: usize = left.iter().map(|(count, _)| count).sum();
        let more = match (left, shown) {
            (0, _) => None,
            (left, 0) => Some(format!("{left} vacant")),
            (left, _) => Some(format!("+{left} vacant")),
        };
        let more = more.map(|text| vec![Part::text(text, Role::Vacant)]);
        let mut parts = Vec::new();
        for item in said.iter().map(|(_, parts)| parts.clone()).chain(more) {
            let dot = if parts.is_empty() { " " } else { " · " };
            parts.push(Part::text(dot, Role::Dim));
            parts.extend(item);
        }
        if !parts.is_empty() {
            parts.push(Part::text(" ", Role::Dim));
        }
        parts
    });
    let mut least = Vec::new();
    for parts in forms {
        if canvas.fits(&parts, room) {
            return parts;
        }
        least = parts;
    }
    least
}

/// From when the rows of a source are that is not live.
fn as_of(shared: &Shared, team: &TeamRow) -> Option<Part<'static>> {
    let at = shared.source(team.source)?.as_of?;
    let cells = team.cells.iter().filter_map(|cell| cell.worst.as_ref());
    let (source, incident) = cells.into_iter().next()?;
    let at = shared.instant(*source, incident, at, Form::Short);
    Some(Part::text(format!(" as of {at}"), Role::Stale))
}

fn nothing(shared: &Shared, canvas: &mut Canvas<'_>, body: Rect) {
    let heard = shared.board.sources.iter().any(|source| source.complete);
    let text = match (heard, shared.filter.is_empty()) {
        (false, _) => "Waiting for the first answer.",
        (true, true) => "No team has an open incident.",
        (true, false) => &words::nothing_passes(shared),
    };
    canvas.text(
        body.x + 1,
        body.y,
        body.width.saturating_sub(2),
        text,
        Role::Dim,
    );
}

#[cfg(test)]
mod tests;
