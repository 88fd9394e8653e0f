//! The fields in which a possible incident is put on record, and what can be chosen in them as the sources say. What becomes of
//! them is the dialog's.

use super::super::form::{Field, Form, Item, Side};
use super::super::regime;
use super::super::restrict::LIST;
use crate::domain::board::ServiceView;
use crate::domain::command::text::{LONG, TITLE};
use crate::domain::word::{Classification, Severity, Tlp};
use crate::ui::canvas::Part;
use crate::ui::keymap::Action;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;

/// Every service this viewer may open an incident for, with its source.
pub(super) fn services(shared: &Shared) -> Vec<(usize, &ServiceView)> {
    let sources = (0..shared.board.sources.len()).filter(|source| shared.may_open(*source));
    let all = sources.flat_map(|source| {
        let about = shared.source(source).and_then(|s| s.about.as_ref());
        let services = about.map_or(&[][..], |about| about.services.as_slice());
        let caller = shared.caller(source);
        services.iter().filter_map(move |service| {
            let sees = caller.as_ref().is_some_and(|c| c.sees_service(&service.id));
            sees.then_some((source, service))
        })
    });
    all.collect()
}

fn named(words: &[(&str, &str)]) -> Vec<Item> {
    let item = |(id, means): &(&str, &str)| {
        let name = if id.is_empty() { "not assessed" } else { id };
        Item::new(*id, name.replace('_', " "))
            .with(vec![Part::text((*means).to_owned(), Role::Dim)])
    };
    words.iter().map(item).collect()
}

pub(super) fn severities(shared: &Shared, source: usize) -> Vec<Item> {
    let about = shared.source(source).and_then(|s| s.about.as_ref());
    let means = |severity: Severity| {
        let all = about.map_or(&[][..], |about| about.severities.as_slice());
        let meaning = all.iter().find(|meaning| meaning.id == severity);
        meaning.map_or(String::new(), |meaning| meaning.means.clone())
    };
    let unknown = Item::new("", "not assessed")
        .with(vec![Part::text("stands between sev2 and sev3", Role::Dim)]);
    let known = Severity::ALL.iter().map(|severity| {
        Item::new(severity.as_str(), severity.as_str())
            .with(vec![Part::text(means(*severity), Role::Dim)])
    });
    std::iter::once(unknown).chain(known).collect()
}

pub(super) fn form(shared: &Shared) -> Result<Form, String> {
    let services = services(shared);
    let first = services.first().ok_or_else(|| {
        let ask = shared.keymap.label(Action::AskNow);
        match shared.is_answered() {
            true => {
                "No backend that answered lets you open an incident; ask an incident commander."
                    .to_owned()
            }
            false => {
                format!("No backend has answered yet, so nothing can be opened; {ask} asks again.")
            }
        }
    })?;
    let selected = shared.selected.as_ref().map(|target| target.source);
    let start = services
        .iter()
        .find(|(source, _)| Some(*source) == selected)
        .unwrap_or(first);
    let id = |(source, service): &(usize, &ServiceView)| format!("{source} {}", service.id);
    let items = services.iter().map(|at| {
        let more = format!("{}, {}", shared.source_name(at.0), at.1.prefix);
        Item::new(id(at), at.1.name.clone()).with(vec![Part::text(more, Role::Dim)])
    });
    let classifications: Vec<(&str, &str)> = std::iter::once(("", ""))
        .chain(Classification::ALL.iter().map(|c| (c.as_str(), "")))
        .collect();
    let marks: Vec<(&str, &str)> = Tlp::ALL.iter().map(|tlp| (tlp.as_str(), "")).collect();
    let exercise = [
        ("no", "real: pages reach real people"),
        (
            "yes",
            "a drill: marked EXERCISE for good, pages nobody real",
        ),
    ];
    Ok(Form::new(vec![
        Field::choice("service", "service", items.collect()).value(&id(start)),
        Field::text("title", "title", TITLE).required(),
        Field::choice("severity", "severity", severities(shared, start.0)),
        Field::choice("classification", "classification", named(&classifications)),
        Field::choice("tlp", "TLP", named(&marks)).value(Tlp::Amber.as_str()),
        Field::text("people", "people", LIST)
            .hint("empty: everybody; else names with commas between"),
        Field::choice("exercise", "exercise", named(&exercise)),
        Field::when("starts_at", "starts", Side::Future)
            .hint("empty: at once; else it waits in preparation")
            .hidden(),
        Field::ticks("regimes", "regimes", regimes(shared, start.0, start.1))
            .value(&start.1.regimes.join("\n")),
        Field::long("summary", "summary", LONG).hint("empty: none yet"),
    ]))
}

pub(super) fn regimes(shared: &Shared, source: usize, service: &ServiceView) -> Vec<Item> {
    regime::items(shared, source, None, &service.regimes)
}
