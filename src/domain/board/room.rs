//! What of a board is shown in a room, and on a wall, where people are who are on no list. Which token's board it is, does
//! not matter there; what a token is told at all, `view_of` says.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{About, Board, Source};
use crate::domain::clock::catalogue::OF_ALL;
use crate::domain::view::{DutyView, IncidentView, TriggerView};
use crate::domain::view_of::{HIDDEN, RESTRICTED_DUTY, restricted};

impl Board {
    /// What may be shown in a room where people sit who are on no list: without restricted incidents, and of restricted duties
    /// nothing that names them. `before` is what was made of an earlier board: what is still the same keeps its `Arc`.
    pub fn for_a_room(self: &Arc<Board>, before: &Board) -> Arc<Board> {
        self.shown(before, unnamed_duties)
    }

    /// What may be shown where anybody passes by: as in a room, and of restricted duties nothing, not even that there is one.
    pub fn for_a_wall(self: &Arc<Board>, before: &Board) -> Arc<Board> {
        self.shown(before, without_restricted_duties)
    }

    fn shown(&self, before: &Board, show: impl Fn(&IncidentView) -> IncidentView) -> Arc<Board> {
        let of = |source: usize, incident: &Arc<IncidentView>| {
            if incident.restriction.is_some() {
                return None;
            }
            let has_own = has_own_trigger(incident);
            let shown = match incident.duties.iter().any(|duty| duty.restricted) {
                false if !has_own => return Some(Arc::clone(incident)),
                false => without_own_triggers(incident.as_ref().clone()),
                true => without_own_triggers(show(incident)),
            };
            let known = before.incident(source, &incident.id);
            let known = known.filter(|known| ***known == shown);
            Some(known.map_or_else(|| Arc::new(shown), Arc::clone))
        };
        let sources = self.sources.iter().enumerate().map(|(place, source)| {
            let shown = source.incidents.iter();
            let shown: Vec<_> = shown.filter_map(|incident| of(place, incident)).collect();
            let same = shown.len() == source.incidents.len()
                && (shown.iter().zip(&*source.incidents)).all(|(a, b)| Arc::ptr_eq(a, b));
            let about = source.about.as_ref().filter(|about| about.is_troubled());
            match (same, about) {
                (true, None) => Arc::clone(source),
                (_, about) => Arc::new(Source {
                    incidents: Arc::new(shown),
                    about: match about {
                        Some(about) => Some(Arc::new(without_words(about))),
                        None => source.about.clone(),
                    },
                    ..Source::clone(source)
                }),
            }
        });
        Arc::new(Board {
            sources: sources.collect(),
            generation: self.generation,
        })
    }
}

impl About {
    fn is_troubled(&self) -> bool {
        self.connectors.iter().any(|of| of.trouble.is_some())
    }
}

/// What stands where a source has trouble: it may speak of an incident, in words of its own.
const TROUBLE: &str = "it has trouble; what it says of it is not shown here";

fn without_words(about: &About) -> About {
    let mut shown = about.clone();
    for connector in &mut shown.connectors {
        if let Some(trouble) = &mut connector.trouble {
            TROUBLE.clone_into(trouble);
        }
    }
    shown
}

/// The triggers that every incident has, and those of the built-in regimes.
const BUILT_IN: &[&str] = &[
    "assessed_notifiable_at",
    "attempt_determined_at",
    "aware_at",
    "classified_major_at",
    "contained_at",
    "declared_at",
    "detected_at",
    "determined_at",
    "disclosed_elsewhere_at",
    "discovered_at",
    "eradicated_at",
    "fix_available_at",
    "further_info_at",
    "handled_at",
    "high_risk_determined_at",
    "identified_at",
    "individuals_notified_at",
    "materiality_determined_at",
    "noticed_at",
    "ransom_paid_at",
    "reasonable_belief_at",
    "recovered_at",
    "submitted:anpd",
    "submitted:authority",
    "submitted:critical",
    "submitted:initial",
    "submitted:initial_bc_d_class",
    "submitted:intermediate",
    "submitted:law_enforcement",
    "submitted:notification",
    "submitted:other",
    "suspected_at",
];

/// Whether a trigger is one that every incident has, or one of a built-in regime: then its name tells nothing of anybody.
fn is_built_in_trigger(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

/// Whether a trigger is recorded or waited for whose name may be words of people, or tell who a customer is.
fn has_own_trigger(incident: &IncidentView) -> bool {
    let own = |name: &String| !is_built_in_trigger(name);
    let of_duty = |duty: &DutyView| duty.triggers.keys().chain(&duty.trigger).any(own);
    incident.triggers.keys().any(own) || incident.duties.iter().any(of_duty)
}

/// The same with the place of such a name in its stead.
fn without_own_triggers(mut incident: IncidentView) -> IncidentView {
    let mut places: Vec<String> = Vec::new();
    let mut named = |name: String| {
        if is_built_in_trigger(&name) {
            return name;
        }
        let known = places.iter().position(|of| *of == name);
        let place = known.unwrap_or(places.len());
        if known.is_none() {
            places.push(name);
        }
        format!("{HIDDEN}-{}", place + 1)
    };
    let mut renamed = |triggers: &mut IndexMap<String, TriggerView>| {
        let taken = std::mem::take(triggers).into_iter();
        *triggers = taken.map(|(name, at)| (named(name), at)).collect();
    };
    renamed(&mut incident.triggers);
    for duty in &mut incident.duties {
        renamed(&mut duty.triggers);
    }
    for duty in &mut incident.duties {
        duty.trigger = duty.trigger.take().map(&mut named);
    }
    incident
}

/// Without what names a restricted duty as well as its own name would: a regime that has no other, and an instant that counts
/// for no other.
fn unnamed_duties(incident: &IncidentView) -> IncidentView {
    let mut shown = incident.clone();
    let (hidden, open): (Vec<&DutyView>, Vec<&DutyView>) =
        incident.duties.iter().partition(|duty| duty.restricted);
    let names = |regime: &String| {
        hidden.iter().any(|duty| duty.regime == *regime)
            && !open.iter().any(|duty| duty.regime == *regime)
    };
    shown.regimes.retain(|regime| !names(regime));
    let counts = |duties: &[&DutyView], trigger: &str| {
        let mut triggers = duties.iter().filter_map(|duty| duty.trigger.as_deref());
        triggers.any(|one| one == trigger)
    };
    let secret = |trigger: &str| {
        !OF_ALL.contains(&trigger) && counts(&hidden, trigger) && !counts(&open, trigger)
    };
    shown.triggers.retain(|trigger, _| !secret(trigger));
    let triggers = hidden.iter().filter_map(|duty| duty.trigger.as_deref());
    let secret: Vec<String> = triggers
        .filter(|trigger| secret(trigger))
        .map(trigger_words)
        .collect();
    if let Some(change) = &mut shown.change {
        let tells = |text: &String| {
            let plain = trigger_words(text);
            secret.iter().any(|one| plain.contains(one))
        };
        change.text = change.text.take().filter(|text| !tells(text));
    }
    shown
}

/// A trigger's name as it stands in lines for people: without its ending, in words.
fn trigger_words(name: &str) -> String {
    let bare = name.strip_suffix("_at").unwrap_or(name);
    bare.replace('_', " ").to_lowercase()
}

fn without_restricted_duties(incident: &IncidentView) -> IncidentView {
    let mut shown = unnamed_duties(incident);
    let hidden = restricted(&shown.duties);
    shown.duties.retain(|duty| !duty.restricted);
    let is_hidden = |duty: &String| hidden.contains(duty);
    shown
        .alarms
        .retain(|alarm| !alarm.duty.as_ref().is_some_and(is_hidden));
    if let Some(change) = &mut shown.change {
        let tells = |text: &String| text.contains(RESTRICTED_DUTY);
        change.text = change.text.take().filter(|text| !tells(text));
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::clock::catalogue::Catalogue;

    #[test]
    fn the_names_that_tell_nothing_are_those_of_the_built_in_regimes() {
        let catalogue = Catalogue::built_in().unwrap();
        let mut known: BTreeSet<&str> = OF_ALL.iter().copied().collect();
        for stage in catalogue.regimes().iter().flat_map(|of| &of.stages) {
            known.extend(stage.met_by.iter().map(String::as_str));
            known.extend(stage.clock.triggers());
            let other = stage.variants.iter();
            known.extend(other.flat_map(|variant| variant.clock.triggers()));
        }
        let beside = |name: &&&str| catalogue.knows_trigger(name);
        known.extend(BUILT_IN.iter().filter(beside));
        known.retain(|name| catalogue.knows_trigger(name));
        let listed: BTreeSet<&str> = BUILT_IN.iter().copied().collect();
        assert_eq!(listed, known);
    }
}
