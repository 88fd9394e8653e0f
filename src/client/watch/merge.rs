//! Changes put into a sorted list of incidents. What is not changed keeps its `Arc`, so that a board can tell by comparing
//! pointers what it has to draw anew.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::view::IncidentView;

/// Sorted by id.
pub(super) type Incidents = Arc<Vec<Arc<IncidentView>>>;

/// Whether the list holds it: open, or ended with unfinished lessons. The feed tells of all others too.
fn is_listed(view: &IncidentView) -> bool {
    view.is_open() || view.open_lessons().next().is_some()
}

fn is_same(a: &Arc<IncidentView>, b: &Arc<IncidentView>) -> bool {
    Arc::ptr_eq(a, b) || **a == **b
}

pub(super) fn find<'a>(
    incidents: &'a [Arc<IncidentView>],
    id: &str,
) -> Option<&'a Arc<IncidentView>> {
    let at = incidents.binary_search_by(|i| i.id.as_str().cmp(id)).ok()?;
    incidents.get(at)
}

/// The list after some incidents changed and some are gone. The same `Arc` where nothing is different; an incident older
/// than the one held changes nothing.
pub(super) fn merged(
    held: &Incidents,
    changed: Vec<Arc<IncidentView>>,
    gone: &[String],
) -> Incidents {
    let mut by_id: BTreeMap<String, Option<Arc<IncidentView>>> = BTreeMap::new();
    for new in changed {
        let different = match find(held, &new.id) {
            Some(old) => new.version >= old.version && !is_same(old, &new),
            None => is_listed(&new),
        };
        if different {
            by_id.insert(new.id.clone(), is_listed(&new).then_some(new));
        }
    }
    for id in gone {
        if by_id.remove(id).is_some() || find(held, id).is_some() {
            by_id.insert(id.clone(), None);
        }
    }
    if by_id.is_empty() {
        return held.clone();
    }
    let mut list = Vec::with_capacity(held.len() + by_id.len());
    let mut changes = by_id.into_iter().peekable();
    for old in held.iter() {
        while let Some((_, new)) = changes.next_if(|(id, _)| *id < old.id) {
            list.extend(new);
        }
        match changes.next_if(|(id, _)| *id == old.id) {
            Some((_, new)) => list.extend(new),
            None => list.push(old.clone()),
        }
    }
    list.extend(changes.filter_map(|(_, new)| new));
    list.shrink_to_fit();
    Arc::new(list)
}

/// Incidents of a list read anew, each with the `Arc` held already where it is equal, or, unless `replace`, where the held
/// one is newer: it came by the feed while the list was read.
pub(super) fn reconciled(
    held: &[Arc<IncidentView>],
    read: Vec<Arc<IncidentView>>,
    replace: bool,
) -> impl Iterator<Item = Arc<IncidentView>> + '_ {
    read.into_iter().map(move |new| match find(held, &new.id) {
        Some(old) if is_same(old, &new) || (!replace && old.version > new.version) => old.clone(),
        _ => new,
    })
}

/// A list in order, each id once; the `Arc` held already if it is the same list.
pub(super) fn whole(held: &Incidents, mut read: Vec<Arc<IncidentView>>) -> Incidents {
    read.sort_by(|a, b| a.id.cmp(&b.id));
    read.dedup_by(|a, b| a.id == b.id);
    let same = held.len() == read.len() && held.iter().zip(&read).all(|(a, b)| Arc::ptr_eq(a, b));
    if same {
        return held.clone();
    }
    read.shrink_to_fit();
    Arc::new(read)
}
