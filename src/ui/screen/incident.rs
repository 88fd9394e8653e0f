//! One incident whole: facts, gates, duties, pages, timeline, in panes that scroll. What each pane says stands in its
//! own module; here is which pane has the keys, how far each is scrolled, and the lines above them.

mod duty;
mod fact;
mod gate;
mod line;
mod page;
mod pane;
mod time;
mod timeline;

use std::borrow::Cow;

use ratatui::layout::Rect;

pub use duty::grouped;
pub use gate::words as gate_words;
pub use line::{Line, Lines, Look, wrap};

use self::pane::{PANES, Pane};
use self::timeline::Timeline;
use super::{foot, head, words};
use crate::domain::word::{Phase, Seat};
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::keymap::Action;
use crate::ui::live::LiveText;
use crate::ui::message::Effect;
use crate::ui::phrase::{self, Form};
use crate::ui::shared::{Shared, Target};
use crate::ui::theme::Role;
use crate::wire::EntryBody;

/// What only this screen knows.
#[derive(Debug, Default)]
pub struct Incident {
    focus: Pane,
    /// The first line seen of each pane.
    first: [usize; PANES],
    /// Lines that fit in the pane with the keys.
    fits: usize,
    timeline: Timeline,
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
    Action::Roles,
    Action::Sent,
    Action::Links,
    Action::Undo,
    Action::Pane,
    Action::Back,
];

const TITLE: &str = "INCIDENT";

/// A place above the panes for the incident's name and, where there is room, its title; and the panes' room.
struct Plan {
    name: Rect,
    title: Option<Rect>,
    body: Rect,
}

fn plan(shared: &Shared, area: Rect) -> Plan {
    let left = foot::left(head::left(shared, area, Some(TITLE)));
    let row = |y| Rect::new(left.x + 1, y, left.width.saturating_sub(2), 1);
    let titled = left.height >= 12;
    let rows = (1 + u16::from(titled)).min(left.height);
    Plan {
        name: row(left.y),
        title: titled.then(|| row(left.y + 1)),
        body: Rect::new(left.x, left.y + rows, left.width, left.height - rows),
    }
}

fn look(shared: &Shared) -> Option<Look<'_>> {
    let (target, incident) = shared.selected_incident()?;
    Some(Look {
        shared,
        source: target.source,
        incident,
    })
}

impl Incident {
    /// The selected incident is looked at from now on: asks for its timeline.
    pub fn look(&mut self, shared: &Shared) -> Vec<Effect> {
        let Some((target, incident)) = shared.selected_incident() else {
            return Vec::new();
        };
        if self.ask(target, incident.version, true) {
            self.first = [0; PANES];
            return vec![asked(target)];
        }
        Vec::new()
    }

    /// A newer board came: asks for the timeline again if the incident changed.
    pub fn refresh(&mut self, shared: &Shared) -> Vec<Effect> {
        match shared.selected_incident() {
            Some((target, incident)) if self.ask(target, incident.version, false) => {
                vec![asked(target)]
            }
            _ => Vec::new(),
        }
    }

    fn ask(&mut self, target: &Target, version: u64, anew: bool) -> bool {
        self.timeline.asks(target, version, anew)
    }

    /// The timeline that was asked for: entries, and whether they are all.
    pub fn timeline(
        &mut self,
        source: usize,
        id: &str,
        entries: Result<(Vec<EntryBody>, bool), String>,
    ) {
        self.timeline.take(source, id, entries);
    }

    /// Does what a person wants of this screen.
    pub fn act(&mut self, action: Action, _shared: &mut Shared) {
        let half = (self.fits / 2).max(1);
        match action {
            Action::Pane | Action::Right => self.focus = self.focus.other(true),
            Action::Left => self.focus = self.focus.other(false),
            Action::Down => self.scroll(|first| first.saturating_add(1)),
            Action::Up => self.scroll(|first| first.saturating_sub(1)),
            Action::HalfDown => self.scroll(|first| first.saturating_add(half)),
            Action::HalfUp => self.scroll(|first| first.saturating_sub(half)),
            Action::First => self.scroll(|_| 0),
            Action::Last => self.scroll(|_| usize::MAX),
            _ => {}
        }
    }

    fn scroll(&mut self, to: impl Fn(usize) -> usize) {
        if let Some(first) = self.first.get_mut(self.focus.at()) {
            *first = to(*first);
        }
    }

    /// Scroll offsets settle for this window.
    pub fn settle(&mut self, shared: &mut Shared, area: Rect) {
        let shared = &*shared;
        let Some(look) = look(shared) else {
            return;
        };
        let plan = plan(shared, area);
        let [.., width] = pane::widths(plan.body);
        self.timeline.lay(look, width);
        let counts = wants(look, &plan, self.timeline.laid());
        let places = pane::places(plan.body, counts, self.focus);
        for ((first, count), place) in self.first.iter_mut().zip(counts).zip(places) {
            let seen = place.map_or(0, |place| usize::from(place.height.saturating_sub(1)));
            *first = (*first).min(count.saturating_sub(seen));
        }
        let here = places.get(self.focus.at()).copied().flatten();
        self.fits = here.map_or(0, |place| usize::from(place.height.saturating_sub(1)));
    }

    /// Draws the screen.
    pub fn draw(&self, shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
        head::draw(shared, canvas, area, Some(TITLE));
        let plan = plan(shared, area);
        match look(shared) {
            Some(look) => {
                name(look, canvas, plan.name);
                if let Some(row) = plan.title {
                    let none = ("no title", Role::Dim);
                    let title = look.incident.title.as_deref();
                    canvas.line(row, &look.field("title", title, none));
                }
                self.panes(look, canvas, &plan);
                // Weekdays alone are told of near days only: at midnight instants are written anew.
                let zone = shared.zone_of(look.incident);
                let now = look.now();
                let day = phrase::instant(now, now, zone, Form::Day).next_change_ms;
                canvas.redraw_at(day.map(|ms| shared.now + ms.max(1)));
            }
            None => {
                let text = match &shared.selected {
                    Some(target) => format!(
                        "{} is not on the board: it is gone, or you may no longer see it.",
                        target.id
                    ),
                    None => "No incident is selected.".to_owned(),
                };
                let room = plan.name.width;
                for (y, line) in (plan.name.y..plan.body.bottom()).zip(wrap(&text, room, room)) {
                    canvas.text(plan.name.x, y, room, &line, Role::Notice);
                }
            }
        }
        foot::draw(shared, canvas, area, KEYS);
    }

    fn panes(&self, look: Look<'_>, canvas: &mut Canvas<'_>, plan: &Plan) {
        let widths = pane::widths(plan.body);
        let [facts, gates, duties, pages, wide] = widths;
        let facts = fact::lines(look, facts, plan.title.is_none());
        let gates = gate::lines(look, gates);
        let duties = duty::lines(look, duties);
        let pages = page::lines(look, pages);
        let holds = [&facts, &gates, &duties, &pages].map(|lines| lines.holds);
        for at in holds {
            canvas.redraw_at(at);
        }
        let timeline = self.timeline.lines(look, wide);
        let own = |lines: Lines| Cow::Owned(lines.lines);
        let all: [Cow<'_, [Line]>; PANES] =
            [own(facts), own(gates), own(duties), own(pages), timeline];
        let wants = all.each_ref().map(|lines| lines.len());
        let places = pane::places(plan.body, wants, self.focus);
        for column in pane::columns(plan.body).iter().skip(1) {
            for y in plan.body.top()..plan.body.bottom() {
                let rule = canvas.glyphs().vertical();
                canvas.text(column.x - 1, y, 1, rule, Role::Rule);
            }
        }
        for (pane, (lines, place)) in Pane::ALL.into_iter().zip(all.iter().zip(places)) {
            if let Some(place) = place {
                self.pane(look, canvas, pane, lines, place);
            }
        }
    }

    fn pane(&self, look: Look<'_>, canvas: &mut Canvas<'_>, pane: Pane, lines: &[Line], at: Rect) {
        let room = Rect::new(at.x, at.y + 1, at.width, at.height.saturating_sub(1));
        let seen = usize::from(room.height);
        let first = self.first.get(pane.at()).copied().unwrap_or_default();
        let first = first.min(lines.len().saturating_sub(seen));
        let heading = Rect { height: 1, ..at };
        match pane::form(Rect {
            height: at.height,
            ..at
        }) {
            pane::Form::One if at.width == canvas.area().width => self.tabs(look, canvas, heading),
            _ => self.heading(look, canvas, pane, heading),
        }
        for (y, line) in (room.top()..room.bottom()).zip(lines.iter().skip(first)) {
            let row = Rect::new(room.x + 1, y, room.width.saturating_sub(2), 1);
            canvas.line(row, line);
        }
        canvas.scroll_bar(room, first, seen, lines.len());
    }

    fn heading(&self, look: Look<'_>, canvas: &mut Canvas<'_>, pane: Pane, row: Rect) {
        canvas.rule(row.x, row.y, row.width);
        let focused = pane == self.focus;
        let (mark, role) = match focused {
            true => (canvas.glyphs().mark(), Role::SelectedText),
            false => (" ", Role::Lane),
        };
        let count = self.count(look, pane);
        let label = format!("{mark}{}{count} ", pane.title());
        canvas.text(row.x, row.y, row.width, &label, role);
    }

    /// All panes' names in one line where only one is seen.
    fn tabs(&self, look: Look<'_>, canvas: &mut Canvas<'_>, row: Rect) {
        canvas.rule(row.x, row.y, row.width);
        let mut parts: Line = Vec::new();
        for pane in Pane::ALL {
            match pane == self.focus {
                true => {
                    let mark = canvas.glyphs().mark();
                    let label = match row.width >= 60 {
                        true => format!("{mark}{}{} ", pane.title(), self.count(look, pane)),
                        false => format!("{mark}{} ", pane.title()),
                    };
                    parts.push(Part::text(label, Role::SelectedText));
                }
                false => {
                    let short = pane.title().get(..1).unwrap_or_default();
                    let rest = pane.title().get(1..).unwrap_or_default().to_lowercase();
                    let label = match row.width >= 60 {
                        true => format!(" {short}{rest}{} ", self.count(look, pane)),
                        false => format!(" {short}{rest}"),
                    };
                    parts.push(Part::text(label, Role::Dim));
                }
            }
        }
        canvas.line(row, &parts);
    }

    fn count(&self, look: Look<'_>, pane: Pane) -> String {
        let incident = look.incident;
        match pane {
            Pane::Facts => String::new(),
            Pane::Gates => match gate::unmet(incident) {
                0 => String::new(),
                unmet => format!(" {unmet} unmet"),
            },
            Pane::Duties => {
                format!(
                    " {}",
                    incident.duties.iter().filter(|duty| duty.enabled).count()
                )
            }
            Pane::Pages => format!(" {}", incident.pages.len()),
            Pane::Timeline => match self.timeline.shown() {
                0 => String::new(),
                lines => format!(" {lines}, newest first"),
            },
        }
    }
}

fn wants(look: Look<'_>, plan: &Plan, timeline: usize) -> [usize; PANES] {
    let [facts, gates, duties, pages, _] = pane::widths(plan.body);
    [
        fact::lines(look, facts, plan.title.is_none()).lines.len(),
        gate::lines(look, gates).lines.len(),
        duty::lines(look, duties).lines.len(),
        page::lines(look, pages).lines.len(),
        timeline,
    ]
}

fn asked(target: &Target) -> Effect {
    Effect::Timeline {
        source: target.source,
        id: target.id.clone(),
    }
}

/// Severity, codename, id, EXERCISE, where it stands and since when, its mark.
fn name(look: Look<'_>, canvas: &mut Canvas<'_>, row: Rect) {
    let (shared, incident) = (look.shared, look.incident);
    let (severity, role) = words::severity(incident.severity);
    let wide = row.width + 2 >= head::WIDE;
    let gap = || Part::Gap(if row.width >= 60 { 2 } else { 1 });
    let mut parts: Line = vec![
        Part::text(severity, role),
        gap(),
        Part::text(incident.codename.clone(), Role::Codename),
        gap(),
        Part::text(incident.id.clone(), Role::Text),
    ];
    if !shared.is_live(look.source) {
        parts.push(Part::text(shared.glyphs.not_live(), Role::Stale));
    }
    parts.push(gap());
    if incident.exercise {
        parts.push(Part::text(
            if wide { "EXERCISE" } else { "EX" },
            Role::Exercise,
        ));
        parts.push(gap());
    }
    if incident.restriction.is_some() {
        let whole = row.width >= 60;
        parts.extend(words::restricted(shared, look.source, incident, whole));
        parts.push(Part::Gap(u16::from(whole)));
    }
    match (incident.ended, row.width >= 60) {
        (Some(ended), _) => parts.push(Part::text(ended.as_str().to_uppercase(), Role::Notice)),
        (None, true) => parts.push(Part::text(phase(incident.phase, wide), Role::Lane)),
        (None, false) => parts.push(Part::text(incident.phase.short(), Role::Lane)),
    }
    if incident.pass > 1 {
        parts.push(gap());
        let pass = match row.width >= 60 {
            true => format!("pass {}", incident.pass),
            false => format!("p{}", incident.pass),
        };
        parts.push(Part::text(pass, Role::Text));
    }
    if incident.is_open() {
        parts.push(gap());
        let from = look.mono(incident.phase_since);
        let since = match row.width >= 60 {
            true => LiveText::Here { from },
            false => LiveText::Since { from },
        };
        parts.push(Part::Live(since, Role::Text));
    }
    let mut right: Line = Vec::new();
    let held = seats(look);
    // The head has the highest mark of the board; only another one is said again.
    if shared.index.world.tlp != Some(incident.tlp) {
        let (tlp, role) = words::tlp(incident.tlp);
        right.push(Part::text(tlp, role));
    }
    let as_of = shared.source(look.source).and_then(|source| source.as_of);
    if let Some(at) = as_of.filter(|_| !shared.is_live(look.source)) {
        let fresh = shared.freshness(look.source);
        let at = look.instant(at, Form::Short);
        let text = format!("{}, as of {at}", fresh.word());
        if !right.is_empty() {
            right.insert(0, Part::Gap(2));
        }
        right.insert(0, Part::text(text, words::freshness(fresh)));
    }
    // The incident's own name never gives way.
    let used = width_of(&parts, shared.now);
    while !right.is_empty() && used + 1 + width_of(&right, shared.now) > row.width {
        right.pop();
    }
    let wanted = width_of(&right, shared.now);
    let room = row.width.saturating_sub(wanted);
    if !held.is_empty() && used + 3 + width_of(&held, shared.now) < room {
        parts.push(Part::Gap(3));
        parts.extend(held);
    }
    canvas.line(Rect { width: room, ..row }, &parts);
    let at = row.right().saturating_sub(wanted);
    canvas.line(Rect::new(at, row.y, wanted, 1), &right);
}

/// Who commands, and what is vacant, as in the lists.
fn seats(look: Look<'_>) -> Line {
    let incident = look.incident;
    if !incident.is_open() || incident.phase == Phase::Preparation {
        return Vec::new();
    }
    let commander = incident.seat(Seat::Commander);
    let mut parts = look.field("commander", commander, ("NO COMMANDER", Role::Vacant));
    if incident.service_lead.is_none() && !incident.is_masked("service_lead") {
        parts.push(Part::text(" · ", Role::Dim));
        parts.push(Part::text("NO SVC", Role::Vacant));
    }
    parts
}

fn phase(phase: Phase, wide: bool) -> String {
    match wide {
        true => phase.title().to_uppercase(),
        false => phase.short().to_uppercase(),
    }
}

#[cfg(test)]
mod tests;
