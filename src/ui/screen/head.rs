//! The head of every screen: time and sources, counts and mark, the nearest duties, what is missing. It drops from the
//! bottom when room is short; what is nearest and what nobody decided never drop.

use ratatui::layout::Rect;

use super::words;
use crate::domain::board::Freshness;
use crate::domain::word::Severity;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{DutyRow, OpenPage};
use crate::ui::live::{LiveText, Side};
use crate::ui::phrase::{Form, Zone};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// From this width on, rows have all their columns and words are written out.
pub const WIDE: u16 = 100;
/// A machine's clock that is off by more is told so.
const SKEW_MS: i64 = 2_000;

/// What is left of a window under the head. With a title only the line of time and sources stands.
pub fn left(shared: &Shared, area: Rect, title: Option<&str>) -> Rect {
    let rows = lines(shared, area, title).min(area.height);
    Rect::new(area.x, area.y + rows, area.width, area.height - rows)
}

fn lines(shared: &Shared, area: Rect, title: Option<&str>) -> u16 {
    let status = if counts_fit(area) { 1 } else { 2 };
    if title.is_some() {
        return 1 + u16::from(trouble(shared, area).is_some());
    }
    let next = u16::try_from(next(shared, area).len().max(1)).unwrap_or(1);
    let missing = u16::from(has_missing(shared) && area.height >= 14);
    status + u16::from(trouble(shared, area).is_some()) + next + missing
}

fn counts_fit(area: Rect) -> bool {
    area.width >= 72
}

/// Draws the head; gives what is left below it.
pub fn draw(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect, title: Option<&str>) -> Rect {
    let mut y = area.y;
    let row = |y: u16| Rect::new(area.x + 1, y, area.width.saturating_sub(2), 1);
    status(shared, canvas, row(y), title);
    y += 1;
    if title.is_none() && !counts_fit(area) {
        canvas.line(row(y), &counts(shared, area.width));
        y += 1;
    }
    if let Some((text, role)) = trouble(shared, area) {
        canvas.text(area.x + 1, y, area.width.saturating_sub(2), &text, role);
        y += 1;
    }
    if title.is_none() {
        let next = next(shared, area);
        if next.is_empty() {
            let text = match shared.board.sources.iter().any(|source| source.complete) {
                true => "nothing due, no decision missing",
                false => "waiting for the first answer",
            };
            canvas.text(area.x + 1, y, area.width.saturating_sub(2), text, Role::Dim);
            y += 1;
        }
        for duty in &next {
            next_line(shared, canvas, row(y), duty);
            y += 1;
        }
        if has_missing(shared) && area.height >= 14 {
            missing_line(shared, canvas, row(y));
        }
    }
    left(shared, area, title)
}

/// Time, sources in words, counts and mark: the line that tells whether all of this is current.
fn status(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, title: Option<&str>) {
    let now = |form| LiveText::Now {
        offset_ms: shared.head_offset_ms(),
        zone: Zone::UTC,
        form,
    };
    let wide = row.width + 2 >= WIDE;
    let mut parts = vec![Part::Live(now(Form::Now), Role::Now)];
    if row.width >= 58 {
        parts.push(Part::Gap(if wide { 2 } else { 1 }));
        parts.push(Part::Live(now(Form::Day), Role::Text));
    }
    parts.push(Part::Gap(if wide { 4 } else { 2 }));
    if let Some(title) = title {
        parts.push(Part::text(title.to_owned(), Role::Title));
        parts.push(Part::Gap(2));
    }
    let right = match counts_fit(Rect {
        width: row.width + 2,
        ..row
    }) {
        true => counts(shared, row.width + 2),
        false => Vec::new(),
    };
    let right_width = width_of(&right, shared.now);
    let used = width_of(&parts, shared.now);
    let room = row.width.saturating_sub(used + right_width + 2);
    parts.extend(sources(shared, room));
    canvas.line(row, &parts);
    let at = row.right().saturating_sub(right_width);
    canvas.line(Rect::new(at, row.y, right_width, 1), &right);
}

/// Every source in words where they fit; else those that are not live, and how many are.
fn sources(shared: &Shared, room: u16) -> Vec<Part<'static>> {
    let dot = || Part::text(" · ", Role::Dim);
    let mut troubled = Vec::new();
    let mut live = Vec::new();
    for (i, source) in shared.board.sources.iter().enumerate() {
        let fresh = source.freshness(shared.now);
        let word = source.name.clone();
        if fresh == Freshness::Live {
            live.push(Part::text(format!("{word} live"), Role::Live));
            continue;
        }
        if !troubled.is_empty() {
            troubled.push(dot());
        }
        troubled.push(Part::text(
            format!("{word} {}", fresh.word()),
            words::freshness(fresh),
        ));
        match shared.source(i).and_then(|source| source.heard) {
            Some(from) => {
                troubled.push(Part::text(" ", Role::Text));
                troubled.push(Part::Live(LiveText::Age { from }, words::freshness(fresh)));
            }
            None => troubled.push(Part::text(", not heard yet", words::freshness(fresh))),
        }
    }
    let count = live.len();
    let mut all = Vec::new();
    for part in live {
        if !all.is_empty() {
            all.push(dot());
        }
        all.push(part);
    }
    if !all.is_empty() && !troubled.is_empty() {
        all.push(dot());
    }
    all.extend(troubled.iter().cloned());
    if width_of(&all, shared.now) <= room {
        return all;
    }
    let mut few = troubled;
    let summary = match few.is_empty() {
        true => format!("all {count} live"),
        false => format!(" · {count} live"),
    };
    let summary = Part::text(summary, Role::Live);
    let fits = width_of(&few, shared.now) + summary.width(shared.now) <= room;
    if count > 0 && (fits || few.is_empty()) {
        few.push(summary);
    }
    if width_of(&few, shared.now) <= room || shared.board.sources.len() == 1 {
        return few;
    }
    let not_live = shared.board.sources.len() - count;
    vec![Part::text(
        format!("{not_live} NOT LIVE · {count} live"),
        Role::Stale,
    )]
}

/// How many incidents, real and drills, and the highest mark shown.
fn counts(shared: &Shared, width: u16) -> Vec<Part<'static>> {
    let world = &shared.index.world;
    let counts = world.counts;
    let drills = match (counts.exercises, width >= 60) {
        (0, _) => String::new(),
        (n, true) => format!(" · {n} exercise{}", if n == 1 { "" } else { "s" }),
        (n, false) => format!(" · {n} EX"),
    };
    let mut parts = vec![Part::text(
        format!("{} real{drills}", counts.real),
        Role::Text,
    )];
    if !shared.filter.is_empty() {
        let shown: usize = shared.index.lanes.iter().map(Vec::len).sum();
        parts.push(Part::text(format!("  FILTER {shown} shown"), Role::Notice));
    }
    if let Some(tlp) = world.tlp {
        let (text, role) = words::tlp(tlp);
        parts.push(Part::Gap(2));
        parts.push(Part::text(text, role));
    }
    parts
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
        Some((format!("{}: {error}", source.name), words::freshness(fresh)))
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
    troubled.or_else(skewed)
}

/// The duties of the head: the nearest that run, the oldest missing decision, the oldest unsent without a number.
fn next(shared: &Shared, area: Rect) -> Vec<&DutyRow> {
    let world = &shared.index.world;
    let most = usize::from((area.height.saturating_sub(12) / 6).clamp(1, 6));
    let mut rows: Vec<&DutyRow> = world.running.iter().take(most).collect();
    rows.extend(world.missing.first());
    if area.height >= 20 {
        rows.extend(world.unnumbered.first());
    }
    // Drills never stand before real duties.
    rows.sort_by_key(|row| row.incident.exercise);
    rows
}

fn next_line(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, next: &DutyRow) {
    let incident = &next.incident;
    let wide = row.width + 2 >= WIDE;
    let mid = row.width >= 70;
    let (clock, holds) = clock_parts(shared, next);
    canvas.redraw_at(holds);
    let mut parts = vec![];
    parts.extend(clock);
    parts.push(Part::Tab(10));
    if incident.exercise {
        parts.push(Part::text(
            if wide { "EXERCISE " } else { "EX " },
            Role::Exercise,
        ));
    }
    parts.push(Part::text(incident.codename.clone(), Role::Codename));
    let used = if wide { 26 } else { 23 };
    parts.push(Part::Tab(if incident.exercise && wide {
        used + 9
    } else {
        used
    }));
    if wide {
        parts.push(Part::text(incident.id.clone(), Role::Text));
        parts.push(Part::Tab(37));
    }
    parts.extend(what_parts(shared, next, wide));
    let what_end = if wide { 58 } else { 42 };
    let narrow = !mid && !wide;
    if !narrow {
        parts.push(Part::Tab(what_end));
        parts.extend(when_parts(shared, next, wide));
    }
    let (who, role) = next
        .view()
        .map_or(("NOBODY DECIDES".to_owned(), Role::Vacant), |duty| {
            words::decider(shared, next.source, duty)
        });
    let who_at = row.width.saturating_sub(if wide { 22 } else { 13 });
    if narrow {
        canvas.line(row, &parts);
        return;
    }
    canvas.line(
        Rect {
            width: who_at.saturating_sub(1),
            ..row
        },
        &parts,
    );
    let who = match (wide, role) {
        (false, Role::Vacant) => "NOBODY".to_owned(),
        _ => who,
    };
    canvas.text(row.x + who_at, row.y, row.width - who_at, &who, role);
}

fn clock_parts(
    shared: &Shared,
    next: &DutyRow,
) -> (Vec<Part<'static>>, Option<crate::domain::instant::Mono>) {
    let none = || vec![Part::text("no clock", Role::NoClock)];
    let Some(duty) = next.view() else {
        return (none(), None);
    };
    let (clock, holds) = words::duty_clock(shared, next.source, &next.incident, duty);
    match clock {
        words::DutyClock::Counts { to, role } => (
            vec![Part::Column(
                LiveText::Countdown { to },
                9,
                Side::Left,
                role,
            )],
            holds,
        ),
        _ => (none(), holds),
    }
}

fn what_parts(shared: &Shared, next: &DutyRow, wide: bool) -> Vec<Part<'static>> {
    let Some(duty) = next.view() else {
        return vec![Part::text("reportable?", Role::Missing)];
    };
    if duty.restricted && !shared.options.mask {
        return vec![Part::text("restricted duty", Role::Text)];
    }
    let rule = duty.rule.split(" (").next().unwrap_or_default().to_owned();
    let text = match wide {
        true => format!("{}, {rule}", duty.to),
        false => format!("{} {rule}", duty.to),
    };
    vec![Part::text(text, Role::Text)]
}

/// Due with its instant, and the latest start; or since when an answer is awaited.
fn when_parts(shared: &Shared, next: &DutyRow, wide: bool) -> Vec<Part<'static>> {
    let (source, incident) = (next.source, &next.incident);
    let stale = (!shared.is_live(source))
        .then(|| shared.source(source).and_then(|s| s.as_of))
        .flatten()
        .map(|at| {
            format!(
                ", as of {}",
                shared.instant(source, incident, at, Form::Short)
            )
        });
    let Some(duty) = next.view() else {
        let from = shared.mono(source, crate::ui::index::known_since(incident));
        let mut parts = vec![
            Part::text("aware ", Role::Text),
            Part::Live(LiveText::Age { from }, Role::Missing),
        ];
        parts.push(Part::text(
            if wide {
                " ago, nobody has answered"
            } else {
                " ago"
            },
            Role::Text,
        ));
        parts.extend(stale.map(|text| Part::text(text, Role::Stale)));
        return parts;
    };
    let (clock, _) = words::duty_clock(shared, source, incident, duty);
    let mut parts = Vec::new();
    match (&clock, duty.due_at) {
        (words::DutyClock::Counts { .. }, Some(due)) => {
            let form = if wide { Form::Weekday } else { Form::Short };
            parts.push(Part::text(
                format!("by {}", shared.instant(source, incident, due, form)),
                Role::Text,
            ));
            parts.push(Part::Tab(if wide { 79 } else { 52 }));
            parts.extend(start_parts(shared, next, wide));
        }
        (words::DutyClock::Waits { words, from, role }, _) => {
            parts.push(Part::text(format!("{words} "), *role));
            parts.push(Part::Live(LiveText::Age { from: *from }, *role));
        }
        (words::DutyClock::Words { text, role }, _) => parts.push(Part::text(text.clone(), *role)),
        _ => {}
    }
    parts.extend(stale.map(|text| Part::text(text, Role::Stale)));
    parts
}

/// The latest start in words: `start by 14:19, in 11m`, `START PASSED 1h01m ago`, `start not set`.
pub fn start_parts(shared: &Shared, next: &DutyRow, wide: bool) -> Vec<Part<'static>> {
    let source = next.source;
    let Some(start) = next.view().and_then(|duty| duty.latest_start_at) else {
        return vec![Part::text("start not set", Role::Dim)];
    };
    let to = shared.mono(source, start);
    if to < shared.now {
        let mut parts = vec![Part::text("START PASSED", Role::StartPassed)];
        if wide {
            parts.push(Part::text(" ", Role::StartPassed));
            parts.push(Part::Live(LiveText::Since { from: to }, Role::StartPassed));
            parts.push(Part::text(" ago", Role::StartPassed));
        }
        return parts;
    }
    let at = shared.instant(source, &next.incident, start, Form::Short);
    match wide {
        true => vec![
            Part::text(format!("start by {at}, "), Role::Text),
            Part::Live(LiveText::Until { to }, Role::DueSoon),
        ],
        false => vec![Part::text(format!("start {at}"), Role::Text)],
    }
}

fn has_missing(shared: &Shared) -> bool {
    let world = &shared.index.world;
    world.vacancies_in_all > 0 || world.pages_in_all > 0
}

/// Seats nobody holds and pages nobody answered, one line for all incidents.
fn missing_line(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect) {
    let world = &shared.index.world;
    let mut parts = vec![Part::text("MISSING", Role::Missing), Part::Tab(10)];
    let mut items: Vec<Vec<Part<'static>>> = Vec::new();
    for seat in ["commander", "service lead"] {
        let mut ids = world
            .vacancies
            .iter()
            .filter(|vacancy| vacancy.seat == seat);
        let first: Vec<&str> = ids
            .by_ref()
            .take(3)
            .map(|v| v.incident.id.as_str())
            .collect();
        if first.is_empty() {
            continue;
        }
        let more = ids.count();
        let more = if more > 0 {
            format!(" +{more}")
        } else {
            String::new()
        };
        let text = format!("{seat} {}{more}", first.join(", "));
        items.push(vec![Part::text(text, Role::Vacant)]);
    }
    let shown = if row.width >= WIDE { 3 } else { 1 };
    let pages = world
        .pages
        .iter()
        .take(shown)
        .filter_map(|page| page_parts(shared, page));
    let at = usize::from(items.len() > 1 && row.width < WIDE);
    let pages: Vec<_> = pages.collect();
    for (i, page) in pages.into_iter().enumerate() {
        // On a narrow screen the page that waits stands before the less severe vacancy.
        let place = if row.width < WIDE {
            (at + i).min(items.len())
        } else {
            items.len()
        };
        items.insert(place, page);
    }
    let more = world.pages_in_all.saturating_sub(shown);
    if more > 0 {
        items.push(vec![Part::text(
            format!("{more} more pages"),
            Role::PageUnanswered,
        )]);
    }
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            parts.push(Part::text(" · ", Role::Dim));
        }
        parts.extend(item);
    }
    canvas.line(row, &parts);
}

/// `legal-affairs no answer 6m40s, 2nd route`.
pub fn page_parts(shared: &Shared, open: &OpenPage) -> Option<Vec<Part<'static>>> {
    use crate::domain::word::PageState as P;
    let page = open.view()?;
    let team = shared.team(open.source, &page.team).to_owned();
    let word = match page.state {
        P::Failed => "PAGE FAILED",
        P::Unknown => "page unknown",
        _ => "no answer",
    };
    let role = match page.state {
        P::Failed => Role::PageFailed,
        _ => Role::PageUnanswered,
    };
    let from = shared.mono(open.source, page.queued_at);
    let mut parts = vec![
        Part::text(format!("{team} {word} "), role),
        Part::Live(LiveText::Age { from }, role),
    ];
    if page.step > 0 {
        parts.push(Part::text(
            format!(", {} route", ordinal(page.step + 1)),
            role,
        ));
    }
    Some(parts)
}

/// `2nd`, `3rd`, `4th`.
pub fn ordinal(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (1, rest) if rest != 11 => "st",
        (2, rest) if rest != 12 => "nd",
        (3, rest) if rest != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// The worst severity of some incidents, for a summary.
pub fn worst(severities: impl Iterator<Item = Option<Severity>>) -> Option<Option<Severity>> {
    severities.min_by_key(|severity| Severity::rank(*severity))
}
