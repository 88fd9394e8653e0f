//! The words that stand before a codename wherever one stands: a drill, what exists for some people only, and that somebody came
//! in to it who is not among them. Where they stand is each list's.

use crate::domain::restriction::Glass;
use crate::domain::text::width;
use crate::domain::view::IncidentView;
use crate::ui::canvas::{Part, width_of};
use crate::ui::live::LiveText;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// The same, written out or short, for rows that have no room for it whole: it is never cut.
pub fn drill_word(whole: bool) -> Part<'static> {
    Part::text(if whole { "EXERCISE " } else { "EX " }, Role::Exercise)
}

/// The words that stand before a codename in lists: a drill, and what exists for some people only. They are written out
/// where there is room, and never cut.
pub fn marks(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    whole: bool,
) -> Vec<Part<'static>> {
    let drill = incident.exercise.then(|| drill_word(whole));
    let restricted = restricted(shared, source, incident, whole);
    drill.into_iter().chain(restricted).collect()
}

/// That it exists for some people only; while its glass is broken that, and for how long: `GLASS BROKEN 42m left `,
/// `GLASS 42m `.
pub fn restricted(
    shared: &Shared,
    source: usize,
    incident: &IncidentView,
    whole: bool,
) -> Vec<Part<'static>> {
    match (
        broken_glass(shared, source, incident),
        &incident.restriction,
    ) {
        (Some(glass), _) => glass_words(shared, source, glass, whole),
        (None, Some(_)) => {
            let word = if whole { "RESTRICTED " } else { "RESTR " };
            vec![Part::text(word, Role::Notice)]
        }
        (None, None) => Vec::new(),
    }
}

/// The glass that is open now: one's own, else the last that was broken.
fn broken_glass<'a>(
    shared: &Shared,
    source: usize,
    incident: &'a IncidentView,
) -> Option<&'a Glass> {
    let restriction = incident.restriction.as_ref()?;
    let now = shared.time(source);
    let open = || {
        restriction
            .glass
            .iter()
            .filter(|glass| glass.is_open_at(now))
    };
    let me = shared.caller(source).map(|caller| caller.name);
    let mine = open().find(|glass| Some(&glass.by) == me.as_ref());
    mine.or_else(|| open().next_back())
}

fn glass_words(shared: &Shared, source: usize, glass: &Glass, whole: bool) -> Vec<Part<'static>> {
    let to = shared.mono(source, glass.until);
    let (before, after) = match whole {
        true => ("GLASS BROKEN ", " left "),
        false => ("GLASS ", " "),
    };
    vec![
        Part::text(before, Role::Alarm),
        Part::Live(LiveText::Left { to }, Role::Alarm),
        Part::text(after, Role::Alarm),
    ]
}

/// A codename with its marks before it, in cells.
pub fn codename_width(shared: &Shared, source: usize, incident: &IncidentView, whole: bool) -> u16 {
    let marks = width_of(&marks(shared, source, incident, whole), shared.now);
    marks + u16::try_from(width(&incident.codename)).unwrap_or(u16::MAX)
}
