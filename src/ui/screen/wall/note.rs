//! The last rows of the wall: what is missing, what changed last, and for how long this display may go on.

use ratatui::layout::Rect;

use crate::domain::board::Fault;
use crate::domain::instant::Instant;
use crate::domain::text::width;
use crate::ui::canvas::{Canvas, Part};
use crate::ui::index::Change;
use crate::ui::phrase::{Form, instant};
use crate::ui::screen::head::{
    Kind, Pass, counted_out, page_parts, passes, scope, token, vacancies,
};
use crate::ui::screen::words;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Where the items begin.
const LABEL: u16 = 10;

/// Pages nobody answered and seats nobody holds; with one row for both, the pages.
pub fn missing(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
    let world = &shared.index.world;
    let line = |n: u16| Rect::new(area.x, area.y + n, area.width, 1);
    let room = area.width.saturating_sub(LABEL);
    let seats = vacancies(shared, room);
    let told = |whose| -> Vec<_> {
        let pages = world.pages.iter().take(6);
        let pages = pages.filter_map(|page| page_parts(shared, page, "", whose));
        pages.map(|parts| (Kind::Page, parts)).collect()
    };
    // For whom it is goes before since when.
    let mut pages = told(true);
    if pages
        .first()
        .is_some_and(|(_, first)| !canvas.fits(first, room))
    {
        pages = told(false);
    }
    let both = area.height >= 2;
    let more = world.pages_in_all.saturating_sub(pages.len());
    let late = world
        .pages
        .iter()
        .all(|page| page.view().is_some_and(|page| !page.state.is_open()));
    if seats.is_empty() && pages.is_empty() {
        // Of services that a token does not see nothing is known.
        let whole = shared.board.sources.iter().any(|of| of.complete) && scope(shared).is_none();
        let text = match whole {
            true => "every seat is held, every page answered",
            false => "",
        };
        canvas.text(area.x, area.y, area.width, text, Role::Dim);
        return;
    }
    let mut n = 0;
    if !seats.is_empty() && (both || pages.is_empty()) {
        let mut parts = vec![Part::text("MISSING", Role::Missing), Part::Tab(LABEL)];
        parts.extend(counted_out(shared, seats, (Kind::Seat, 0), room));
        canvas.line(line(n), &parts);
        n += 1;
    }
    if !pages.is_empty() {
        let label = if late { "NOT HERE" } else { "NO ANSWER" };
        let mut parts = vec![Part::text(label, Role::Missing), Part::Tab(LABEL)];
        parts.extend(counted_out(shared, pages, (Kind::Page, more), room));
        canvas.line(line(n), &parts);
    }
}

/// What changed last, and which page of incidents this is.
pub fn change(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect, page: &str) {
    let page_width = u16::try_from(crate::domain::text::width(page)).unwrap_or_default();
    canvas.text_right(row.x, row.y, row.width, page, Role::Dim);
    let room = row.width.saturating_sub(page_width + 2);
    let Some(change) = shared.index.world.changes.first() else {
        return;
    };
    canvas.line(Rect { width: room, ..row }, &said(shared, change));
}

/// `14:06 COPPER HERON looped back: new indicator`.
fn said(shared: &Shared, change: &Change) -> Vec<Part<'static>> {
    let incident = &change.incident;
    let words = incident.change.as_ref().and_then(|of| of.text.as_deref());
    let words = words.filter(|_| !shared.options.mask).unwrap_or("changed");
    let words = shared.with_teams(change.source, words);
    let at = shared.instant(change.source, incident, change.at, Form::Short);
    let mut parts = vec![Part::text(format!("{at} "), Role::Dim)];
    if incident.exercise {
        parts.push(words::drill(shared));
    }
    parts.push(Part::text(incident.codename.clone(), Role::Codename));
    if !shared.is_live(change.source) {
        parts.push(Part::text(shared.glyphs.not_live(), Role::Stale));
    }
    parts.push(Part::text(format!(" {words}"), Role::Text));
    parts
}

/// What changed last, a row each under its name: where a wall is wide, beside the incidents.
pub fn changes(shared: &Shared, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    canvas.text(area.x, area.y, area.width, "CHANGED LAST", Role::Lane);
    let rows = shared.index.world.changes.iter();
    for (y, change) in (area.y + 1..area.bottom()).zip(rows) {
        let row = Rect::new(area.x, y, area.width, 1);
        canvas.line(row, &said(shared, change));
    }
}

/// The first token or key of this display to end: when, of which source, which of them.
fn ends(shared: &Shared) -> Option<(Instant, usize, Pass<'_>)> {
    let soon = token(shared).0.is_some();
    let ends = shared.board.sources.iter().enumerate();
    let ends = ends.flat_map(|(i, source)| {
        // A token that is refused now need not be waited for.
        let waited_for = source.fault != Some(Fault::TokenRefused);
        let about = source.about.iter().filter(move |_| waited_for);
        let all = about.flat_map(|about| passes(about));
        // The door's is nobody's affair until it ends soon.
        let told = all.filter(move |(_, pass)| *pass == Pass::Token || soon);
        told.map(move |(at, pass)| (at, i, pass))
    });
    ends.min()
}

/// The same in few words, with the version: `v0.1.0 · token 24 d`.
pub fn brief(shared: &Shared, canvas: &mut Canvas<'_>) -> String {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let version = format!("v{}", env!("CARGO_PKG_VERSION"));
    let Some((at, source, pass)) = ends(shared) else {
        return version;
    };
    let pass = match pass {
        Pass::Key => "key",
        _ => "token",
    };
    let left = (at - shared.time(source)).num_milliseconds().max(0);
    canvas.redraw_at(Some(shared.now + (left % DAY + 1)));
    format!("{version} · {pass} {} d", left / DAY)
}

/// The version, and when the first token of this display ends.
pub fn version(shared: &Shared, canvas: &mut Canvas<'_>, row: Rect) {
    let version = format!("warboard {}", env!("CARGO_PKG_VERSION"));
    let Some((at, source, _)) = ends(shared) else {
        canvas.text(row.x, row.y, row.width, &version, Role::Dim);
        return;
    };
    let (text, role) = match token(shared).0 {
        Some(text) if at <= shared.time(source) => (text, Role::Error),
        Some(text) => (text, Role::Notice),
        None => {
            let zone = crate::ui::phrase::Zone::UTC;
            let at = instant(at, shared.time(source), zone, Form::Weekday).text;
            let name = shared.source_name(source);
            (format!("token for {name} ends {at}"), Role::Dim)
        }
    };
    // Both are told, however short.
    let fits = |version: &str| width(version) + 2 + width(&text) <= usize::from(row.width);
    let short = format!("v{}", env!("CARGO_PKG_VERSION"));
    let version = [version, short].into_iter().find(|version| fits(version));
    let Some(version) = version else {
        let text = match role {
            Role::Dim => brief(shared, canvas),
            _ => text,
        };
        canvas.text(row.x, row.y, row.width, &text, role);
        return;
    };
    canvas.text(row.x, row.y, row.width, &version, Role::Dim);
    canvas.text_right(row.x, row.y, row.width, &text, role);
}
