//! The regimes that dialogs offer to tick: the backend's whole catalogue, those that the profile calls for first. Until it
//! is read, those that the board has seen by name.

use super::form::Item;
use crate::domain::clock::regime::CUSTOMER;
use crate::ui::canvas::Part;
use crate::ui::shared::Shared;
use crate::ui::theme::Role;
use crate::wire::RegimeBody;

/// Regimes that a backend has without a file of its own.
const SHIPPED: [&str; 2] = ["ms-dpa", "ms-72h"];

/// Everything that can be ticked; `had` are always among them.
pub fn items(shared: &Shared, source: usize, profile: Option<&str>, had: &[String]) -> Vec<Item> {
    let Some(catalogue) = shared.catalogues.of(source) else {
        let seen = seen(shared, source, had).into_iter();
        let named = |id: String| Item::new(id.clone(), name(shared, source, &id));
        return seen.map(named).collect();
    };
    let reason = |regime: &RegimeBody| {
        let profile = profile?;
        shared.catalogues.reason(source, profile, &regime.id)
    };
    let mut regimes: Vec<(&RegimeBody, Option<&str>)> = catalogue
        .regimes
        .iter()
        .map(|regime| (regime, reason(regime)))
        .collect();
    // Stable: within both halves the catalogue's own order stays.
    regimes.sort_by_key(|(_, reason)| reason.is_none());
    let unknown = had.iter();
    let unknown = unknown.filter(|id| catalogue.regimes.iter().all(|regime| regime.id != **id));
    let unknown = unknown.map(|id| {
        let more = Part::text("not in this backend's catalogue", Role::Notice);
        Item::new(id.clone(), name(shared, source, id)).with(vec![more])
    });
    let known = regimes
        .into_iter()
        .map(|(regime, why)| match masks(shared, regime) {
            true => Item::new(regime.id.clone(), name(shared, source, &regime.id))
                .with(vec![Part::text(CONTRACT, Role::Dim)]),
            false => item(regime, why),
        });
    known.chain(unknown).collect()
}

/// The jurisdiction of what one customer agreed.
const CONTRACT: &str = "contract";

/// Whether the room is not told a regime: a contract, which names a customer.
fn masks(shared: &Shared, regime: &RegimeBody) -> bool {
    let mut to = regime.stages.iter().flat_map(|stage| stage.to.split(", "));
    let names = regime.jurisdiction == CONTRACT || to.any(|to| to.starts_with(CUSTOMER));
    shared.options.mask && names
}

/// A regime as it may be named here: what may be a contract, as far as is known, is not named to a room.
pub fn name(shared: &Shared, source: usize, id: &str) -> String {
    let catalogue = shared.catalogues.of(source);
    let known = catalogue.and_then(|of| of.regimes.iter().find(|regime| regime.id == id));
    let hidden = match known {
        Some(regime) => masks(shared, regime),
        None => shared.options.mask && !SHIPPED.contains(&id),
    };
    match hidden {
        true => shared.glyphs.masked().to_owned(),
        false => id.to_owned(),
    }
}

fn item(regime: &RegimeBody, why: Option<&str>) -> Item {
    let mut more = Vec::new();
    if let Some(why) = why {
        more.push(Part::text(format!("proposed: {why}"), Role::After));
        more.push(Part::text(" · ", Role::Dim));
    }
    if !regime.enabled {
        more.push(Part::text("verify before use", Role::Notice));
        more.push(Part::text(" · ", Role::Dim));
    }
    let status = regime.status.replace('_', " ");
    // A reason begins with the name already.
    let told = match why {
        Some(_) => status,
        None => format!("{status} · {}", regime.name),
    };
    more.push(Part::text(told, Role::Dim));
    let also = format!("{} {} {}", regime.name, regime.short, regime.jurisdiction);
    Item::new(regime.id.clone(), regime.id.clone())
        .with(more)
        .found_by(&also)
}

/// What is to be said under the list while the catalogue is not known.
pub fn note(shared: &Shared, source: usize) -> Option<String> {
    let name = shared.source_name(source);
    match (
        shared.catalogues.of(source),
        shared.catalogues.failed(source),
    ) {
        (None, None) => Some(format!(
            "reading {name}'s catalogue; these are known so far"
        )),
        (None, Some(sentence)) => Some(format!(
            "{name} did not tell its catalogue: {}. These are known to the board.",
            sentence.trim_end_matches('.')
        )),
        (Some(_), _) => None,
    }
}

/// Those shipped, those of the services, those of incidents seen.
fn seen(shared: &Shared, source: usize, had: &[String]) -> Vec<String> {
    let mut ids = had.to_vec();
    let mut add = |id: &str| {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    };
    SHIPPED.iter().for_each(|id| add(id));
    if let Some(source) = shared.source(source) {
        let services = source.about.iter().flat_map(|about| &about.services);
        services
            .flat_map(|service| &service.regimes)
            .for_each(|id| add(id));
        let incidents = source.incidents.iter();
        incidents
            .flat_map(|incident| &incident.regimes)
            .for_each(|id| add(id));
    }
    ids
}
