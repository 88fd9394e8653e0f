//! `view(audience, incident)`: every read of an incident goes through here. What the audience may not see is null
//! and named in `masked`; an incident that does not exist for them gives nothing at all.

use indexmap::IndexMap;

use super::alarm;
use super::allowed::Standing;
use super::caller::Audience;
use super::directory::Directory;
use super::duty::{self, Rules};
use super::gate::{self, OF_PEOPLE};
use super::incident::Incident;
use super::incident::record::Trigger;
use super::instant::Instant;
use super::view::{
    AlarmView, ChangeView, DutyView, GateView, HandOverView, IncidentView, LastMoveView,
    LessonView, ProposedView, ReviewView, TriggerView,
};
use super::word::{AlarmKind, Milestone, Precision};

impl Standing {
    /// How an incident on record stands.
    pub fn of(incident: &Incident) -> Standing {
        Standing {
            phase: incident.phase,
            ended: incident.ended,
            exercise: incident.exercise,
        }
    }

    /// How an incident stands as a reader sees it.
    pub fn of_view(view: &IncidentView) -> Standing {
        Standing {
            phase: view.phase,
            ended: view.ended,
            exercise: view.exercise,
        }
    }
}

/// Fields that hold what people wrote or who they are; hidden from readers whose clearance does not reach.
pub const MASKED: &[&str] = &[
    "title",
    "summary",
    "owner_lead",
    "service_lead",
    "commander",
    "deputy",
    "scribe",
    "bridge",
    "channel",
    "out_of_band",
    "profile",
    "upstream",
    "decider",
    "by",
    "people",
    "subject",
    "hold",
    "because",
    "triggers",
    "pages",
    "lessons",
    "review",
    "change",
    "reportable_by",
    "hand_overs",
    "seated_at",
    "last_move",
    "alarms",
    "commander_vacant_since",
];

/// Named besides where a contract is among the regimes: a customer's name, which has a place instead.
const REGIMES: &str = "regimes";
/// Named besides where a gate asks for what is hidden.
const GATES: &str = "gates";

/// The incident as this audience may see it at `now`; None where it does not exist for them.
pub fn view(
    audience: &Audience,
    incident: &Incident,
    directory: &Directory,
    rules: &Rules,
    now: Instant,
) -> Option<IncidentView> {
    if !audience.sees(incident, now) {
        return None;
    }
    let mut duties = duty::derive(incident, directory, rules, now);
    let open = audience.may_read(incident.tlp);
    let mut alarms = alarm::of_incident(incident, &duties, now);
    let mut gates = gate::gates(incident, &duties);
    let mut regimes = incident.regimes.clone();
    let mut masked: Vec<&str> = Vec::new();
    if !open {
        masked.extend(MASKED);
        if hide_contracts(&mut regimes, rules) {
            masked.push(REGIMES);
        }
        let hidden = hide_customers(&mut duties, &incident.regimes, &regimes);
        for duty in &mut duties {
            hide_words(duty);
            hide_triggers(duty, incident, rules);
        }
        hide_alarms(&mut alarms, &hidden);
        if hide_gates(&mut gates) {
            masked.push(GATES);
        }
    }
    let restricted = restricted(&duties);
    let name = |name: &String| if open { name.clone() } else { String::new() };
    let shown = |text: &Option<String>| text.clone().filter(|_| open);
    Some(IncidentView {
        id: incident.id.clone(),
        version: incident.version,
        persons_version: incident.persons_version,
        service: incident.service.clone(),
        title: open.then(|| incident.title.clone()),
        summary: shown(&incident.summary),
        codename: incident.codename.clone(),
        masked: masked.into_iter().map(str::to_owned).collect(),
        classification: incident.classification,
        severity: incident.severity,
        reportable: incident.reportable,
        responsibility: incident.responsibility,
        phase: incident.phase,
        pass: incident.pass,
        phase_since: incident.phase_since,
        opened_at: incident.opened_at,
        occurred_at: incident.occurred_at,
        starts_at: incident.starts_at,
        ended: incident.ended,
        closed_at: incident.closed_at,
        updated_at: incident.updated_at,
        exercise: incident.exercise,
        tlp: incident.tlp,
        owner: incident.owner.clone(),
        owner_lead: shown(&incident.seats.owner_lead),
        service_team: incident.service_team.clone(),
        service_lead: shown(&incident.seats.service_lead),
        commander: shown(&incident.seats.commander),
        deputy: shown(&incident.seats.deputy),
        scribe: shown(&incident.seats.scribe),
        bridge: shown(&incident.bridge),
        channel: shown(&incident.channel),
        out_of_band: shown(&incident.out_of_band),
        comms: incident.comms,
        triggers: match open {
            true => triggers(incident, open),
            false => renamed(triggers(incident, open), incident, rules),
        },
        regimes,
        profile: if open {
            incident.profile.clone()
        } else {
            Default::default()
        },
        gates,
        duties,
        counted: rules.counted(),
        pages: incident.pages.iter().map(|page| page.view(open)).collect(),
        lessons: incident
            .lessons
            .iter()
            .map(|lesson| LessonView {
                text: shown(&lesson.text),
                owner: shown(&lesson.owner),
                by: name(&lesson.by),
                ..lesson.clone()
            })
            .collect(),
        review: incident.review.as_ref().map(|review| ReviewView {
            text: shown(&review.text),
            by: name(&review.by),
            ..review.clone()
        }),
        upstream: incident.upstream.clone().filter(|_| open),
        hand_overs: if open {
            incident.hand_overs.clone()
        } else {
            Vec::<HandOverView>::new()
        },
        reportable_by: incident.reportable_by.clone().filter(|_| open),
        last_move: incident
            .last_move
            .as_ref()
            .filter(|m| open && m.version == incident.persons_version)
            .map(|m| LastMoveView {
                by: m.by.clone(),
                at: m.at,
                from: m.from,
                version: m.version,
            }),
        change: incident.change.as_ref().map(|change| ChangeView {
            text: shown(&change.text).map(|text| {
                let said = incident.said.clone();
                said.filter(|said| !names_one(said, &restricted))
                    .unwrap_or_else(|| unnamed(text, &restricted))
            }),
            by: name(&change.by),
            at: change.at,
        }),
        alarms,
        commander_vacant_since: alarm::vacant_since(incident).filter(|_| open),
        seated_at: match open {
            true => incident.seated_at.clone(),
            false => IndexMap::new(),
        },
        restriction: incident.restriction.as_ref().map(|restriction| {
            let mut restriction = restriction.clone();
            if !open {
                restriction.people.clear();
                restriction.by.clear();
                restriction.glass.clear();
            }
            restriction
        }),
    })
}

/// The ids of duties whose very being is not told in passing.
pub fn restricted(duties: &[DutyView]) -> Vec<String> {
    let restricted = duties.iter().filter(|duty| duty.restricted);
    let mut ids: Vec<String> = restricted.map(|duty| duty.id.clone()).collect();
    // One may begin as another does: the longer is replaced first.
    ids.sort_by_key(|id| std::cmp::Reverse(id.len()));
    ids
}

/// What stands in passing for a duty whose very being is not told.
pub const RESTRICTED_DUTY: &str = "restricted duty";

/// Whether a line names what is restricted: then nothing that is on record about it may stand in the line either.
pub fn names_one(line: &str, restricted: &[String]) -> bool {
    restricted.iter().any(|duty| line.contains(duty.as_str()))
}

/// A line with what is restricted left unnamed: it is read on shared screens.
pub fn unnamed(mut line: String, restricted: &[String]) -> String {
    for duty in restricted {
        line = line.replace(duty.as_str(), RESTRICTED_DUTY);
    }
    line
}

/// Who did something about an alarm, and why. That a seat is vacant is not told to whom the seat is not shown.
fn hide_alarms(alarms: &mut Vec<AlarmView>, hidden: &[(String, String)]) {
    alarms.retain(|alarm| alarm.kind != AlarmKind::VacantCommand);
    for alarm in alarms {
        alarm.by = None;
        alarm.reason = None;
        let Some(about) = &alarm.duty else {
            continue;
        };
        let known = hidden.iter().find(|(duty, _)| duty == about);
        let duty = match (known, about.split_once('@')) {
            (Some((_, hidden)), _) => hidden.clone(),
            (None, Some((rule, _))) => format!("{rule}@{HIDDEN}"),
            (None, None) => continue,
        };
        let kind = alarm.kind;
        alarm.id = format!("{duty}#{kind}");
        alarm.duty = Some(duty);
    }
}

/// What people wrote on a duty, and who they are. Its instants stay: a clock is right for everybody who sees it.
fn hide_words(duty: &mut DutyView) {
    duty.decider.person = None;
    duty.because = None;
    for trigger in duty.triggers.values_mut() {
        trigger.by.clear();
        trigger.source = None;
        if let Some(proposed) = &mut trigger.proposed {
            proposed.by.clear();
            proposed.reason = None;
        }
    }
    if let Some(hold) = &mut duty.hold {
        hold.kind.clear();
        hold.authority.clear();
        hold.document = None;
        hold.by.clear();
    }
}

/// What stands for a customer's name.
pub const HIDDEN: &str = "hidden";

/// What stands for a trigger's name: its place among those that are no words of the rules, which may be words of people; or a
/// contract's, which may tell who the customer is. The name itself, where it tells nothing.
pub fn trigger_name(name: &str, incident: &Incident, rules: &Rules) -> String {
    let told = |name: &str| rules.catalogue().knows_trigger(name);
    if told(name) {
        return name.to_owned();
    }
    let mut hidden: Vec<&str> = Vec::new();
    for trigger in incident.triggers.iter().filter(|t| !told(&t.name)) {
        if !hidden.contains(&trigger.name.as_str()) {
            hidden.push(&trigger.name);
        }
    }
    match hidden.iter().position(|of| *of == name) {
        Some(place) => format!("{HIDDEN}-{}", place + 1),
        None => HIDDEN.to_owned(),
    }
}

fn renamed(
    triggers: IndexMap<String, TriggerView>,
    incident: &Incident,
    rules: &Rules,
) -> IndexMap<String, TriggerView> {
    let named = triggers.into_iter();
    named
        .map(|(name, trigger)| (trigger_name(&name, incident, rules), trigger))
        .collect()
}

fn hide_triggers(duty: &mut DutyView, incident: &Incident, rules: &Rules) {
    if let Some(trigger) = &mut duty.trigger {
        *trigger = trigger_name(trigger, incident, rules);
    }
    duty.triggers = renamed(std::mem::take(&mut duty.triggers), incident, rules);
}

/// A contract's id may be a customer's name: its place stands for it. Whether there was one.
fn hide_contracts(regimes: &mut [String], rules: &Rules) -> bool {
    let names = |regime: &String| rules.catalogue().names_a_customer(regime);
    let mut places = 0;
    for regime in regimes.iter_mut().filter(|regime| names(regime)) {
        places += 1;
        *regime = format!("{HIDDEN}-{places}");
    }
    places > 0
}

/// A subject may be a customer's name, and so may what a contract is called, whom it is to and where it stands: a place
/// stands for each. `before` are the incident's regimes, `after` the same with contracts hidden. Gives the ids that
/// changed, before and after.
fn hide_customers(
    duties: &mut [DutyView],
    before: &[String],
    after: &[String],
) -> Vec<(String, String)> {
    let mut changed = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for duty in duties.iter_mut().filter(|duty| duty.names_a_customer()) {
        if duty.is_of_a_contract() {
            let at = before.iter().position(|regime| *regime == duty.regime);
            let place = at.and_then(|at| after.get(at));
            duty.regime = place.cloned().unwrap_or_else(|| HIDDEN.to_owned());
            "customer".clone_into(&mut duty.to);
            "contract".clone_into(&mut duty.rule);
            duty.citation.clear();
            duty.holds.clear();
        }
        if duty.subject != duty::ALL {
            let at = known.iter().position(|subject| *subject == duty.subject);
            let place = at.unwrap_or_else(|| {
                known.push(duty.subject.clone());
                known.len() - 1
            });
            duty.subject = format!("{HIDDEN}-{}", place + 1);
        }
        let id = duty::duty_id(&duty.regime, &duty.stage, &duty.subject);
        changed.push((std::mem::replace(&mut duty.id, id.clone()), id));
    }
    changed
}

/// Takes out of the gates what tells whether there is somebody who is hidden. Whether one asks for that.
fn hide_gates(gates: &mut [GateView]) -> bool {
    let mut hid = false;
    for gate in gates {
        hid |= gate::asked(&gate.to)
            .iter()
            .any(|word| OF_PEOPLE.contains(word));
        gate.unmet.retain(|word| !OF_PEOPLE.contains(word));
    }
    hid
}

/// The instants of the incident, or of one duty alone, by name; who said so and why only where that is open.
pub(super) fn recorded(
    incident: &Incident,
    duty: Option<&str>,
    open: bool,
) -> IndexMap<String, TriggerView> {
    let name = |name: &String| if open { name.clone() } else { String::new() };
    let mut views = IndexMap::new();
    let own = |t: &&Trigger| t.duty.as_deref() == duty;
    for trigger in incident.triggers.iter().filter(own).filter(|t| t.counts()) {
        let moved = incident.triggers.iter().filter(own).filter(|t| {
            t.name == trigger.name && t.pass == trigger.pass && !t.counts() && !t.is_proposed()
        });
        // Later entries replace earlier ones: what stands is the present pass's, or the last earlier one.
        views.insert(
            trigger.name.clone(),
            TriggerView {
                at: trigger.at,
                precision: trigger.at.precision,
                by: name(&trigger.by),
                source: trigger.source.clone().filter(|_| open),
                entered_at: trigger.entered_at,
                pass: trigger.pass,
                proposed: None,
                not_applicable: None,
                moved: u32::try_from(moved.count()).unwrap_or(u32::MAX),
                counted_before: duty::counted_before(incident, trigger),
            },
        );
    }
    let proposals = incident.triggers.iter().filter(own);
    for trigger in proposals.filter(|t| t.is_proposed()) {
        let Some(standing) = incident.proposed(&trigger.name, duty) else {
            continue;
        };
        let proposed = ProposedView {
            at: standing.at,
            by: name(&standing.by),
            entered_at: standing.entered_at,
            reason: standing.reason.clone().filter(|_| open),
        };
        // A duty without an instant of its own counts from the incident's, of which this is a move.
        let from = || incident.trigger(&trigger.name).filter(|_| duty.is_some());
        if let Some(view) = views.get_mut(&trigger.name) {
            view.proposed = Some(proposed);
        } else if let Some(from) = from() {
            let view = TriggerView {
                at: from.at,
                precision: from.at.precision,
                by: name(&from.by),
                source: from.source.clone().filter(|_| open),
                entered_at: from.entered_at,
                pass: from.pass,
                proposed: Some(proposed),
                not_applicable: None,
                moved: 0,
                counted_before: duty::counted_before(incident, from),
            };
            views.insert(trigger.name.clone(), view);
        }
    }
    views
}

fn triggers(incident: &Incident, open: bool) -> IndexMap<String, TriggerView> {
    let name = |name: &String| if open { name.clone() } else { String::new() };
    let mut views = recorded(incident, None, open);
    for waived in incident
        .not_applicable
        .iter()
        .filter(|n| n.pass == incident.pass)
    {
        let milestone = Milestone::as_str(waived.milestone).to_owned();
        views.insert(
            milestone,
            TriggerView {
                at: super::when::When {
                    at: waived.at,
                    precision: Precision::Exact,
                },
                precision: Precision::Exact,
                by: name(&waived.by),
                source: None,
                entered_at: waived.at,
                pass: waived.pass,
                proposed: None,
                // That it does not apply is no word of a person: without it `at` reads as when it happened.
                not_applicable: Some(match open {
                    true => waived.reason.clone(),
                    false => String::new(),
                }),
                moved: 0,
                counted_before: None,
            },
        );
    }
    views
}
