//! The head of every screen: time and sources, counts and mark, the nearest duties, what is missing. It drops from the
//! bottom when room is short; what is nearest and what nobody decided never drop.

mod alarm;
mod known;
mod missing;
mod next;
mod pass;

use ratatui::layout::Rect;

pub use alarm::{draw as draw_alarms, is_ringing};
pub use known::{Known, known, scope};
pub use missing::{Kind, counted_out, fitted, ordinal, page_parts, vacancies};
pub use next::start_parts;
pub use pass::{Pass, ending, intake, passes, token};

use super::words;
use crate::domain::board::Freshness;
use crate::domain::text::{SafeText, width};
use crate::domain::word::Severity;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::live::LiveText;
use crate::ui::phrase::{Form, Zone};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// From this width on, rows have all their columns and words are written out.
pub const WIDE: u16 = 100;
/// A machine's clock that is off by more is told so.
pub const SKEW_MS: i64 = 2_000;

/// What is left of a window under the head. With a title only the line of time and sources stands.
pub fn left(shared: &Shared, area: Rect, title: Option<&str>) -> Rect {
    let rows = lines(shared, area, title).min(area.height);
    Rect::new(area.x, area.y + rows, area.width, area.height - rows)
}

fn lines(shared: &Shared, area: Rect, title: Option<&str>) -> u16 {
    let status = if first(shared, area.width, title).below {
        2
    } else {
        1
    };
    if title.is_some() {
        return status + u16::from(trouble(shared, area).is_some()) + u16::from(is_ringing(shared));
    }
    let next = u16::try_from(next::rows(shared, area).len().max(1)).unwrap_or(1);
    let missing = u16::from(has_missing(shared) && area.height >= 14);
    let alarms = u16::from(is_ringing(shared));
    status + u16::from(trouble(shared, area).is_some()) + next + alarms + missing
}

/// From this width on, the counts of a screen without a title stand in the first line.
const BESIDE: u16 = 72;

/// How the first line is put together. How many lines there are does not depend on the time: nothing moves when an age
/// grows.
struct First {
    /// The day stands beside the time.
    day: bool,
    /// The counts stand in a line of their own.
    below: bool,
    /// What stands at the right.
    right: Vec<Part<'static>>,
}

/// The day goes before the counts do, and before it is hidden that a filter hides something; which sources are old, or
/// that none is, goes last.
fn first(shared: &Shared, width: u16, title: Option<&str>) -> First {
    let room = width.saturating_sub(2);
    let titled = title.map_or(0, |title| {
        u16::try_from(crate::domain::text::width(title)).unwrap_or(u16::MAX) + 2
    });
    let gap = if width >= WIDE { 3 } else { 2 };
    let least = match troubled(shared, true) {
        none if none.is_empty() => vec![all_live(live(shared))],
        troubled => troubled,
    };
    let least_now = width_of(&least, shared.now);
    // Ages count as wide as they get.
    let least: u16 = least.iter().fold(0, |sum, part| {
        sum + match part {
            Part::Live(..) => AGE,
            part => part.width(shared.now),
        }
    });
    let used = |day: bool| TIME + if day { DAY } else { 0 } + gap + titled;
    let fits = |day: bool, least: u16, right: &[Part<'_>]| {
        used(day) + least + 2 + width_of(right, shared.now) <= room
    };
    // The word for drills gives way to an age as it grows.
    let forms = [
        (true, width, least_now),
        (true, 0, least),
        (false, 0, least),
    ];
    let mut forms = forms
        .into_iter()
        .filter(|_| title.is_some() || width >= BESIDE)
        .map(|(day, width, least)| (day, counts(shared, width), least));
    match forms.find(|(day, right, least)| fits(*day, *least, right)) {
        Some((day, right, _)) => First {
            day,
            below: false,
            right,
        },
        None => First {
            day: used(true) + least <= room,
            below: true,
            right: Vec::new(),
        },
    }
}

/// The time as `14:07:32 UTC`, the day with its gap as ` Mon 23 Nov`, and the widest age, in cells.
const TIME: u16 = 12;
const DAY: u16 = 11;
const AGE: u16 = 6;

/// Draws the head; gives what is left below it.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect, title: Option<&str>) -> Rect {
    let mut y = area.y;
    let row = |y: u16| Rect::new(area.x + 1, y, area.width.saturating_sub(2), 1);
    let first = first(shared, area.width, title);
    status(shared, canvas, row(y), title, &first);
    canvas.redraw_at(ending(shared).1);
    y += 1;
    if first.below {
        canvas.line(row(y), &counts(shared, area.width));
        y += 1;
    }
    if let Some((text, role)) = trouble(shared, area) {
        canvas.text(area.x + 1, y, area.width.saturating_sub(2), &text, role);
        y += 1;
    }
    if title.is_none() {
        let next = next::rows(shared, area);
        if next.is_empty() {
            let text = match shared.board.sources.iter().any(|source| source.complete) {
                true => "nothing due, no decision missing",
                false => "waiting for the first answer",
            };
            canvas.text(area.x + 1, y, area.width.saturating_sub(2), text, Role::Dim);
            y += 1;
        }
        let columns = next::columns(shared, &next, area.width.saturating_sub(2));
        for duty in &next {
            next::draw(shared, canvas, row(y), duty, columns.as_ref());
            y += 1;
        }
        if is_ringing(shared) {
            alarm::draw(shared, canvas, row(y), 11);
            y += 1;
        }
        if has_missing(shared) && area.height >= 14 {
            missing::draw(shared, canvas, row(y));
        }
    }
    if title.is_some() && is_ringing(shared) {
        alarm::draw(shared, canvas, row(y), 11);
    }
    left(shared, area, title)
}

/// Time, sources in words, counts and mark: the line that tells whether all of this is current.
fn status(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, title: Option<&str>, first: &First) {
    let now = |form| LiveText::Now {
        offset_ms: shared.head_offset_ms(),
        zone: Zone::UTC,
        form,
    };
    let wide = row.width + 2 >= WIDE;
    let mut parts = vec![Part::Live(now(Form::Now), Role::Now)];
    if first.day {
        parts.push(Part::Gap(1));
        parts.push(Part::Live(now(Form::Day), Role::Text));
    }
    parts.push(Part::Gap(if wide { 3 } else { 2 }));
    if let Some(title) = title {
        parts.push(Part::text(title.to_owned(), Role::Title));
        parts.push(Part::Gap(2));
    }
    let used = width_of(&parts, shared.now);
    let right_width = width_of(&first.right, shared.now);
    let beside = if right_width > 0 { right_width + 2 } else { 0 };
    parts.extend(sources(shared, row.width.saturating_sub(used + beside)));
    canvas.line(row, &parts);
    let at = row.right().saturating_sub(right_width);
    canvas.line(Rect::new(at, row.y, right_width, 1), &first.right);
}

/// Sources that are not live, with their ages; `short` where there is room for no more than name and word.
pub fn troubled(shared: &Shared, short: bool) -> Vec<Part<'static>> {
    let mut parts = Vec::new();
    for source in &shared.board.sources {
        let fresh = source.freshness(shared.now);
        if fresh == Freshness::Live {
            continue;
        }
        if !parts.is_empty() {
            parts.push(Part::text(" · ", Role::Dim));
        }
        let role = words::freshness(fresh);
        let text = format!("{} {}", source.name, fresh.word());
        parts.push(Part::text(text, role));
        match source.heard {
            Some(from) => {
                parts.push(Part::text(" ", Role::Text));
                parts.push(Part::Live(LiveText::Age { from }, role));
            }
            None if short => {}
            None => parts.push(Part::text(", not heard yet", role)),
        }
    }
    parts
}

/// How many sources are live.
pub fn live(shared: &Shared) -> usize {
    let sources = shared.board.sources.iter();
    sources
        .filter(|source| source.freshness(shared.now) == Freshness::Live)
        .count()
}

fn all_live(count: usize) -> Part<'static> {
    Part::text(format!("all {count} live"), Role::Live)
}

/// Every source in words where they fit; else those that are not live, and how many are.
pub fn sources(shared: &Shared, room: u16) -> Vec<Part<'static>> {
    let count = live(shared);
    let mut all = Vec::new();
    for source in &shared.board.sources {
        if source.freshness(shared.now) == Freshness::Live {
            if !all.is_empty() {
                all.push(Part::text(" · ", Role::Dim));
            }
            all.push(Part::text(format!("{} live", source.name), Role::Live));
        }
    }
    let few = troubled(shared, false);
    if !all.is_empty() && !few.is_empty() {
        all.push(Part::text(" · ", Role::Dim));
    }
    all.extend(few.iter().cloned());
    let fits = |parts: &[Part<'_>]| width_of(parts, shared.now) <= room;
    if fits(&all) {
        return all;
    }
    let not_live = shared.board.sources.len() - count;
    let summary = match not_live {
        0 => all_live(count),
        _ => Part::text(format!(" · {count} live"), Role::Live),
    };
    let short = troubled(shared, true);
    for mut few in [few, short.clone()] {
        if count > 0 {
            few.push(summary.clone());
            if fits(&few) || not_live == 0 {
                return few;
            }
            few.pop();
        }
        if fits(&few) {
            return few;
        }
    }
    if shared.board.sources.len() == 1 {
        return short;
    }
    let mut parts = vec![Part::text(format!("{not_live} NOT LIVE"), Role::Stale)];
    parts.push(Part::text(format!(" · {count} live"), Role::Stale));
    if !fits(&parts) {
        parts.pop();
    }
    parts
}

/// How many incidents, real and drills, and the highest mark shown.
pub fn counts(shared: &Shared, width: u16) -> Vec<Part<'static>> {
    let mut parts = numbers(shared, width);
    if shared.index.world.tlp.is_some() {
        parts.push(Part::Gap(2));
        parts.extend(mark(shared));
    }
    parts
}

/// How many incidents, real and drills; and that a filter hides some.
pub fn numbers(shared: &Shared, width: u16) -> Vec<Part<'static>> {
    let counts = shared.index.world.counts;
    let drills = match (counts.exercises, width >= 60) {
        (0, _) => String::new(),
        (n, true) => format!(" · {n} exercise{}", if n == 1 { "" } else { "s" }),
        (n, false) => format!(" · {n} EX"),
    };
    let real = match (known(shared), width >= 60) {
        (Known::All, _) => counts.real.to_string(),
        (Known::Some, true) => format!("at least {}", counts.real),
        (known, _) => known.count(counts.real),
    };
    let mut parts = vec![Part::text(format!("{real} real{drills}"), Role::Text)];
    if !shared.filter.is_empty() {
        let shown: usize = shared.index.lanes.iter().map(Vec::len).sum();
        let what = match (
            shared.filter.person(),
            shared.filter.text().trim().is_empty(),
        ) {
            (Some(_), true) => "MINE",
            (Some(_), false) => "MINE, FILTER",
            (None, _) => "FILTER",
        };
        let text = match width >= 60 {
            true => format!("  {what} {shown} shown"),
            false => format!("  {what} {shown}"),
        };
        parts.push(Part::text(text, Role::Notice));
    }
    // Of a token that sees some services only, how many there are is not how many there are of all. A wall says so
    // beside its sources.
    if let Some((text, role)) = scope(shared).filter(|_| !shared.options.wall) {
        parts.push(Part::Gap(2));
        parts.push(Part::text(text, role));
    }
    parts
}

/// The highest mark of anything shown.
pub fn mark(shared: &Shared) -> Vec<Part<'static>> {
    let tlp = shared.index.world.tlp.map(words::tlp);
    tlp.map(|(text, role)| Part::text(text, role))
        .into_iter()
        .collect()
}

/// What is wrong with a source or with this machine's clock, as a sentence.
fn trouble(shared: &Shared, area: Rect) -> Option<(String, Role)> {
    if area.height < 16 {
        return None;
    }
    let troubled = shared.board.sources.iter().find_map(|source| {
        let fresh = source.freshness(shared.now);
        let error = source
            .error
            .as_deref()
            .filter(|_| fresh != Freshness::Live)?;
        let told = format!("{}: {error}", source.name);
        let room = usize::from(area.width.saturating_sub(2));
        let told = match width(&told) > room {
            true => format!("{}: {}", source.name, remedy_first(error)),
            false => told,
        };
        Some((told, words::freshness(fresh)))
    });
    let skewed = || {
        let source = shared.board.sources.iter().find(|source| {
            source
                .skew_ms
                .is_some_and(|skew| skew.saturating_abs() > SKEW_MS)
        })?;
        let skew = source.skew_ms?;
        let way = if skew > 0 { "ahead of" } else { "behind" };
        let seconds = skew.saturating_abs() / 1000;
        let text = format!(
            "This machine's clock is {seconds} s {way} {}; the times shown are the backend's.",
            source.name
        );
        Some((text, Role::Notice))
    };
    let ends = || ending(shared).0.map(|text| (text, Role::Notice));
    troubled
        .or_else(|| unread(shared))
        .or_else(skewed)
        .or_else(ends)
}

/// What is wrong and what to do about it, the other way round: where there is no room for both, it is what is wrong that is
/// cut. The freshness of the source tells that something is.
fn remedy_first(error: &str) -> String {
    match error.rsplit_once(": ") {
        Some((cause, remedy)) => {
            let remedy = remedy.trim_end_matches('.');
            let end = if remedy.ends_with('?') { "" } else { ";" };
            format!("{remedy}{end} {cause}")
        }
        None => error.to_owned(),
    }
}

/// An incident system that a backend could not read: what came from there is as old as its last answer, however fresh the
/// backend is.
fn unread(shared: &Shared) -> Option<(String, Role)> {
    shared.board.sources.iter().find_map(|source| {
        let connectors = &source.about.as_ref()?.connectors;
        let (connector, why) = connectors.iter().find_map(|connector| {
            let why = connector.trouble.as_deref()?;
            Some((connector, why))
        })?;
        let age = connector.answered_at.map_or_else(
            || "never read".to_owned(),
            |at| format!("as of {}", at.format("%a %H:%M UTC")),
        );
        let text = format!(
            "{}: incidents of {} {age}: {why}",
            source.name, connector.name
        );
        let text = SafeText::line(&text).shown().to_owned();
        Some((text, words::freshness(Freshness::Stale)))
    })
}

fn has_missing(shared: &Shared) -> bool {
    let world = &shared.index.world;
    let vacant = world.vacant.iter().any(|(_, count)| *count > 0);
    let told = !world.suspect.is_empty() || missing::offered(shared).is_some();
    vacant || world.pages_in_all > 0 || told
}

/// The worst severity of some incidents, for a summary.
pub fn worst(severities: impl Iterator<Item = Option<Severity>>) -> Option<Option<Severity>> {
    severities.min_by_key(|severity| Severity::rank(*severity))
}
