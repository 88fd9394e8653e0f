//! The wall: for a room to read from afar, without a key. Designed for 60x17; with more room it shows more, with less it
//! drops from the bottom. Only the rows of incidents turn by pages; nothing scrolls.

mod big;
mod next;
mod note;
mod row;
mod source;

use ratatui::layout::Rect;

use super::head;
use crate::domain::instant::Mono;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{LANES, Row};
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::phrase::{Form, Zone};
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;

/// How long a page of incidents stands, in milliseconds.
const DWELL_MS: i64 = 10_000;
/// From this width on, the columns of 60x17 stand.
const FULL: u16 = 58;

/// What only this screen knows.
#[derive(Debug, Default)]
pub struct Wall {
    page: usize,
    turned_at: Option<Mono>,
    /// Incidents on a page, and pages in all.
    rows: usize,
    pages: usize,
    /// The most urgent incident: where another one takes its place, the first page stands.
    first: Option<Target>,
}

/// How many rows each part has, from the top.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// 1, or 2 where what is wrong with sources needs a row of its own.
    sources: u16,
    /// Its own row for the counts.
    counts: bool,
    /// 0, 3, 5 or 10.
    digits: u16,
    /// How many deadlines stand in them.
    big: usize,
    next: u16,
    rules: bool,
    incidents: u16,
    /// 1, or 2 where vacancies and pages have a row each.
    missing: u16,
    /// What rings, a row while anything does.
    alarms: bool,
    changes: bool,
    version: bool,
}

fn plan(shared: &Shared, area: Rect) -> Plan {
    let (w, h) = (area.width, area.height);
    let runs = !shared.index.world.running.is_empty();
    let digits = match (runs, w, h) {
        (true, 180.., 44..) => 10,
        (true, 100.., 28..) => 5,
        (true, 50.., 15..) => 3,
        _ => 0,
    };
    let mut plan = Plan {
        sources: 1 + source::lines(shared, w).more(),
        counts: w < FULL,
        digits,
        big: big::count(shared, w, digits),
        next: 0,
        rules: h >= 17,
        incidents: 0,
        // What nobody may speak over never stands in the way of who did not answer.
        missing: if h >= 20 || !shared.index.world.suspect.is_empty() {
            2
        } else {
            1
        },
        alarms: head::is_ringing(shared),
        changes: h >= 14 && beside(area).is_none(),
        // When this display goes dark is told wherever it hangs.
        version: h >= 24 || (h >= 12 && head::token(shared).0.is_some()),
    };
    let fixed = 1
        + plan.sources
        + u16::from(plan.counts)
        + digits
        + 2 * u16::from(plan.rules)
        + 1
        + plan.missing
        + u16::from(plan.alarms)
        + u16::from(plan.changes)
        + u16::from(plan.version);
    let left = h.saturating_sub(fixed);
    // What waits counts as much as what there is: three rows of seven.
    let wanted = u16::try_from(next::wanted(shared, plan.big)).unwrap_or(u16::MAX);
    // The oldest missing decision and the oldest unsent duty have a line each beside a deadline, whatever rings.
    let least = if left >= 6 { 3 } else { 1 };
    plan.next = (left.saturating_mul(3) / 7)
        .max(least)
        .clamp(1, wanted.max(1));
    plan.incidents = left.saturating_sub(plan.next);
    plan
}

/// Where the last third begins, on a wall so wide that the incidents leave it free: there stands what changed last.
fn beside(area: Rect) -> Option<u16> {
    (area.width >= 180 && area.height >= 40).then_some(area.width / 3 * 2)
}

impl Wall {
    /// The wall has no keys.
    pub fn act(&mut self, _action: Action, _shared: &mut Shared) {}

    /// How many incidents a page has in this window.
    pub fn settle(&mut self, shared: &mut Shared, area: Rect) {
        self.rows = usize::from(plan(shared, area).incidents).max(1);
        let all: usize = shared.index.lanes.iter().map(Vec::len).sum();
        self.pages = all.div_ceil(self.rows).max(1);
        let first = most_urgent(shared).next().map(|row| Target {
            source: row.source,
            id: row.incident.id.clone(),
        });
        if self.turned_at.is_none() || first != self.first {
            self.first = first;
            self.page = 0;
            self.turned_at = Some(shared.now);
        }
        self.page = self.page.min(self.pages - 1);
    }

    /// Time went on: pages turn.
    pub fn time(&mut self, shared: &Shared) {
        let due = self.turned_at.is_some_and(|at| shared.now - at >= DWELL_MS);
        if due {
            self.page = (self.page + 1) % self.pages.max(1);
            self.turned_at = Some(shared.now);
        }
    }

    /// Draws the screen.
    pub fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let plan = plan(shared, area);
        let mut y = area.y;
        let mut take = |rows: u16| {
            let part = Rect::new(area.x, y, area.width, rows);
            y += rows;
            part
        };
        status(shared, canvas, take(1));
        source::lines(shared, area.width).draw(shared, canvas, take(plan.sources));
        if plan.counts {
            canvas.line(take(1), &head::numbers(shared, 60));
        }
        if plan.digits > 0 {
            big::draw(shared, canvas, take(plan.digits));
        }
        next::rows(shared, canvas, take(plan.next), plan.big);
        if plan.rules {
            let left_out = next::left_out(shared, plan.next, plan.big);
            rule(canvas, take(1), &left_out);
        }
        let page = match self.pages > 1 {
            true => format!("page {}/{}", self.page + 1, self.pages),
            false => String::new(),
        };
        let beside_phases = if plan.changes { "" } else { &page };
        let mut lanes = take(1);
        let mut incidents = take(plan.incidents);
        if let Some(at) = beside(area) {
            let part = Rect::new(area.x + at, lanes.y, area.width - at, incidents.height + 1);
            note::changes(shared, canvas, part);
            (lanes.width, incidents.width) = (at - 2, at - 2);
        }
        phases(shared, canvas, lanes, beside_phases);
        self.incidents(shared, canvas, incidents);
        if plan.rules {
            // Without a row of their own, the version and the end of the token stand in the rule.
            let told = match plan.version {
                true => String::new(),
                false => note::brief(shared, canvas),
            };
            rule(canvas, take(1), &told);
        }
        if plan.alarms {
            head::draw_alarms(shared, canvas, take(1), 10);
        }
        note::missing(shared, canvas, take(plan.missing));
        if plan.changes {
            note::change(shared, canvas, take(1), &page);
        }
        if plan.version {
            note::version(shared, canvas, take(1));
        }
        canvas.redraw_at(head::token(shared).1);
        canvas.redraw_at(head::intake(shared).1);
        if self.pages > 1 {
            canvas.redraw_at(self.turned_at.map(|at| at + DWELL_MS));
        }
    }

    fn incidents(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        let rows = most_urgent(shared).skip(self.page * self.rows);
        let named = row::name_width(shared, area.width >= 100);
        let mut any = false;
        let all: usize = shared.index.lanes.iter().map(Vec::len).sum();
        // Where all of them stand on one page twice over, each has air above it.
        let step = if usize::from(area.height) >= 2 * all {
            2
        } else {
            1
        };
        for (y, incident) in (area.y..area.bottom()).step_by(step).zip(rows) {
            any = true;
            row::draw(
                shared,
                canvas,
                Rect {
                    y,
                    height: 1,
                    ..area
                },
                incident,
                named,
            );
        }
        if any || area.height == 0 {
            return;
        }
        let unheard = shared.board.sources.iter().filter(|of| !of.complete);
        let unheard: Vec<&str> = unheard.map(|of| of.name.as_str()).collect();
        let text = match (shared.board.sources.is_empty(), unheard.is_empty()) {
            (true, _) => "No source is configured.".to_owned(),
            (false, true) => match head::scope(shared) {
                None => "No open incident.".to_owned(),
                Some((scope, _)) => format!("No open incident of this token's ({scope})."),
            },
            (false, false) => format!("Waiting for the first answer of {}.", unheard.join(", ")),
        };
        canvas.text(area.x, area.y, area.width, &text, Role::Notice);
    }
}

/// A rule with words in its right end.
fn rule(canvas: &mut Canvas<'_>, line: Rect, words: &str) {
    canvas.rule(line.x, line.y, line.width);
    let wide = u16::try_from(crate::domain::text::width(words)).unwrap_or(u16::MAX);
    if wide == 0 || wide.saturating_add(4) > line.width {
        return;
    }
    let spaced = format!(" {words} ");
    let x = line.right() - wide - 4;
    canvas.text(x, line.y, wide + 2, &spaced, Role::Dim);
}

/// The incidents of all lanes, the most urgent first.
fn most_urgent(shared: &Shared) -> impl Iterator<Item = &Row> {
    let mut at = [0_usize; 3];
    std::iter::from_fn(move || {
        let heads = shared.index.lanes.iter().zip(&at).enumerate();
        let heads = heads.filter_map(|(lane, (rows, at))| Some((lane, rows.get(*at)?)));
        let (lane, row) = heads.min_by(|a, b| a.1.rank.cmp(&b.1.rank))?;
        if let Some(place) = at.get_mut(lane) {
            *place += 1;
        }
        Some(row)
    })
}

/// Time, day, counts, mark. The time stands whatever else has to go.
fn status(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect) {
    let now = |form| LiveText::Now {
        offset_ms: shared.head_offset_ms(),
        zone: Zone::UTC,
        form,
    };
    let mut left = vec![Part::Live(now(Form::Now), Role::Now)];
    let day = [Part::Gap(2), Part::Live(now(Form::Day), Role::Text)];
    let day_width = width_of(&day, shared.now);
    let room = row
        .width
        .saturating_sub(width_of(&left, shared.now) + day_width + 1);
    let fits = |parts: &Vec<Part<'_>>| width_of(parts, shared.now) <= room;
    let rights = [
        head::counts(shared, row.width),
        head::counts(shared, 0),
        head::mark(shared),
    ];
    let from = if row.width < FULL { 2 } else { 0 };
    let mut rights = rights.into_iter().skip(from);
    let right = match rights.find(fits) {
        Some(right) => {
            left.extend(day);
            right
        }
        None => head::mark(shared),
    };
    canvas.line(row, &left);
    let width = width_of(&right, shared.now);
    let at = row.right().saturating_sub(width);
    canvas.line(Rect::new(at, row.y, width, 1), &right);
}

/// `DETECT 4   ◄─►   CONTAIN 5   ──►   POST 2   ──►   PREPARE 3`.
fn phases(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, page: &str) {
    let glyphs = canvas.glyphs();
    let gap = if row.width >= FULL { 3 } else { 1 };
    let mut parts = Vec::new();
    let between = [glyphs.loops(), glyphs.forward()];
    let known = head::known(shared);
    for (lane, phase) in LANES.iter().enumerate() {
        let count = shared.index.lanes.get(lane).map_or(0, Vec::len);
        let name = phase.short().to_uppercase();
        parts.push(Part::text(format!("{name} "), Role::Lane));
        parts.push(Part::text(known.count(count), Role::Title));
        if let Some(sign) = between.get(lane) {
            parts.extend([
                Part::Gap(gap),
                Part::text(*sign, Role::Lane),
                Part::Gap(gap),
            ]);
        }
    }
    if row.width >= FULL {
        let waits = shared.index.preparation.len();
        let sign = Part::text(glyphs.forward(), Role::Lane);
        parts.extend([Part::Gap(gap), sign, Part::Gap(gap)]);
        parts.push(Part::text("PREPARE ", Role::Lane));
        parts.push(Part::text(known.count(waits), Role::Title));
    }
    let used = canvas.line(row, &parts);
    let room = row.width.saturating_sub(used + 1);
    let short = page.strip_prefix("page ").unwrap_or(page);
    let page = if crate::domain::text::width(page) <= usize::from(room) {
        page
    } else {
        short
    };
    canvas.text_right(row.x + used + 1, row.y, room, page, Role::Dim);
}

#[cfg(test)]
mod tests;
