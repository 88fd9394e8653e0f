//! The wide form: three lanes of cards, the loop drawn between the first two.

use ratatui::layout::Rect;

use super::Lanes;
use super::row::{duty_parts, people_within, stale_part};
use crate::domain::word::Phase;
use crate::ui::canvas::{Canvas, Part, width_of};
use crate::ui::index::{LANES, Row};
use crate::ui::live::LiveText;
use crate::ui::screen::{head, words};
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Cells between two lanes.
const GAP: u16 = 3;
/// From this width of a lane on, a card has its title.
const WITH_TITLE: u16 = 50;

fn has_title(body: Rect, shared: &Shared) -> bool {
    lane_width(body) >= WITH_TITLE && !shared.options.mask
}

fn lane_width(body: Rect) -> u16 {
    body.width.saturating_sub(2 + 2 * GAP) / 3
}

fn card_height(body: Rect, shared: &Shared) -> u16 {
    if has_title(body, shared) { 5 } else { 4 }
}

/// How many cards fit under the lanes' names; the last line tells of more.
pub fn fit(body: Rect, shared: &Shared) -> usize {
    usize::from((body.height.saturating_sub(2) / card_height(body, shared)).max(1))
}

fn lane_area(body: Rect, lane: usize) -> Rect {
    let width = lane_width(body);
    let lane = u16::try_from(lane).unwrap_or_default();
    Rect::new(
        body.x + 1 + lane * (width + GAP),
        body.y,
        width,
        body.height,
    )
}

/// Draws the lanes.
pub fn draw(lanes: &Lanes, shared: &Shared, canvas: &mut Canvas<'_>, body: Rect) {
    let fits = fit(body, shared);
    for (lane, (rows, phase)) in shared.index.lanes.iter().zip(LANES).enumerate() {
        let area = lane_area(body, lane);
        let count = head::known(shared).count(rows.len());
        title(canvas, area, phase, &count, lane);
        let first = lanes.first.get(lane).copied().unwrap_or_default();
        let mut y = area.y + 2;
        for row in rows.iter().skip(first).take(fits) {
            let height = card_height(body, shared);
            let card = Rect::new(
                area.x,
                y,
                area.width,
                height.min(area.bottom().saturating_sub(y)),
            );
            draw_card(lanes, shared, canvas, card, row, has_title(body, shared));
            y += height;
        }
        more(canvas, area, rows, first, fits);
    }
}

fn title(canvas: &mut Canvas<'_>, area: Rect, phase: Phase, count: &str, lane: usize) {
    let long = phase.title().to_uppercase().replace(" AND ", " & ");
    let room = usize::from(area.width.saturating_sub(8));
    let name = match phase {
        Phase::ContainmentEradicationAndRecovery if room < long.len() + 4 => {
            "CONTAINMENT & RECOVERY".to_owned()
        }
        _ => long,
    };
    let parts = [
        Part::text(name, Role::Lane),
        Part::text(format!("  {count}"), Role::Title),
    ];
    canvas.line(area, &parts);
    let g = canvas.glyphs();
    let sign = match lane {
        0 => g.loops(),
        1 => g.forward(),
        _ => return,
    };
    canvas.text(area.right().saturating_sub(1), area.y, 3, sign, Role::Lane);
}

fn draw_card(
    lanes: &Lanes,
    shared: &Shared,
    canvas: &mut Canvas<'_>,
    card: Rect,
    row: &Row,
    with_title: bool,
) {
    let incident = &row.incident;
    let live = shared.is_live(row.source);
    let selected = lanes.is_selected(shared, row);
    if selected {
        let height = card.height.min(if with_title { 4 } else { 3 });
        canvas.stand_on(Some(Role::Selected));
        canvas.clear(
            Rect {
                x: card.x.saturating_sub(1),
                width: card.width + 1,
                height,
                ..card
            },
            Role::Selected,
        );
        canvas.text(
            card.x.saturating_sub(1),
            card.y,
            1,
            canvas.glyphs().mark(),
            Role::SelectedText,
        );
    }
    let line = |n: u16| Rect::new(card.x, card.y + n, card.width, u16::from(n < card.height));
    let (severity, severity_role) = words::severity(incident.severity);
    let text = if live { Role::Text } else { Role::StaleRow };
    let severity = Part::text(severity, if live { severity_role } else { Role::StaleRow });
    canvas.line(
        line(0),
        &name_parts(shared, row, &severity, text, card.width),
    );
    let mut n = 1;
    if with_title {
        let title = incident
            .title
            .as_deref()
            .unwrap_or_else(|| canvas.glyphs().masked());
        canvas.text(
            card.x + 2,
            card.y + n,
            card.width.saturating_sub(2),
            title,
            Role::Dim,
        );
        n += 1;
    }
    let (duty, holds) = duty_parts(shared, row);
    canvas.redraw_at(holds);
    let from = shared.mono(row.source, incident.phase_since);
    let here = Part::Live(LiveText::Here { from }, text);
    let room = card.width.saturating_sub(2);
    // A row of a source that is not live says from when it is, even where the time in the phase has to go.
    let stale = stale_part(shared, row);
    let least = usize::from(stale.is_some());
    let mut after: Vec<Part<'_>> = stale.into_iter().chain([here]).collect();
    let width = |parts: &[Part<'_>]| {
        let dots = u16::try_from(parts.len()).unwrap_or_default() * 3;
        width_of(parts, shared.now) + dots
    };
    let shortest = width_of(&shortened(duty.clone(), 0, shared), shared.now);
    while after.len() > least && shortest + width(&after) > room {
        after.pop();
    }
    let mut parts = vec![Part::Gap(2)];
    parts.extend(shortened(duty, room.saturating_sub(width(&after)), shared));
    for part in after {
        parts.push(Part::text(" · ", Role::Dim));
        parts.push(part);
    }
    canvas.line(line(n), &parts);
    let mut parts = vec![Part::Gap(2)];
    parts.extend(people_within(shared, row, room));
    canvas.line(line(n + 1), &parts);
    canvas.stand_on(None);
}

/// Severity, codename, id and pass in so many cells. The word that marks a drill gets short before a name is cut.
fn name_parts(
    shared: &Shared,
    row: &Row,
    severity: &Part<'static>,
    text: Role,
    room: u16,
) -> Vec<Part<'static>> {
    let incident = &row.incident;
    let live = text == Role::Text;
    let said = |whole: bool, pass: &str, gap: u16| {
        let mut parts = vec![severity.clone(), Part::Gap(gap)];
        parts.extend(words::marks(shared, row.source, incident, whole));
        let codename = if live { Role::Codename } else { Role::StaleRow };
        parts.push(Part::text(incident.codename.clone(), codename));
        parts.extend([Part::Gap(gap), Part::text(incident.id.clone(), text)]);
        if !live {
            parts.push(Part::text("~", Role::Stale));
        }
        if incident.pass > 1 {
            let pass = Part::text(format!("{pass}{}", incident.pass), text);
            parts.extend([Part::Gap(gap), pass]);
        }
        parts
    };
    // The word is whole wherever that has room: the pass gets short first, then the gaps.
    let forms = [(true, "pass ", 2), (true, "p", 2), (true, "p", 1)];
    forms
        .into_iter()
        .map(|(whole, pass, gap)| said(whole, pass, gap))
        .find(|parts| width_of(parts, shared.now) <= room)
        .unwrap_or_else(|| said(false, "p", 1))
}

/// The words before a number give way to it: `reportable? 5h02m` where `aware` has no room.
fn shortened(mut parts: Vec<Part<'static>>, room: u16, shared: &Shared) -> Vec<Part<'static>> {
    if width_of(&parts, shared.now) > room
        && let Some(Part::Text(text, _)) = parts.first_mut()
    {
        let short = match text.as_ref() {
            "reportable? aware " | "reportable? opened " => "reportable? ",
            "not recorded as sent " => "not recorded ",
            "decision missing" => "undecided",
            other => other,
        };
        *text = short.to_owned().into();
    }
    parts
}

/// What is above and below the cards seen: `+ 2 sev4, 1 sev5`.
fn more(canvas: &mut Canvas<'_>, area: Rect, rows: &[Row], first: usize, fits: usize) {
    let below = rows
        .get((first + fits).min(rows.len())..)
        .unwrap_or_default();
    let g = canvas.glyphs();
    if first > 0 {
        let text = format!("{} {first} above", g.above());
        canvas.text_right(area.x, area.y + 1, area.width, &text, Role::Dim);
    }
    if below.is_empty() {
        return;
    }
    // Only the worst is looked for where there are very many: the foot of a lane must not cost by their number.
    let seen = below.iter().take(1000).map(|row| row.incident.severity);
    let worst = head::worst(seen).map_or("", |severity| words::severity(severity).0);
    let text = format!("{} {} more, worst {worst}", g.below(), below.len());
    canvas.text(
        area.x + 2,
        area.bottom().saturating_sub(1),
        area.width.saturating_sub(2),
        &text,
        Role::Dim,
    );
}
