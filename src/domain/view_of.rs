//! `view(audience, incident)`: every read of an incident goes through here. What the audience may not see is null
//! and named in `masked`; an incident that does not exist for them gives nothing at all.

use indexmap::IndexMap;

use super::alarm;
use super::allowed::Standing;
use super::caller::Audience;
use super::directory::Directory;
use super::duty::{self, Rules};
use super::gate;
use super::incident::Incident;
use super::instant::Instant;
use super::view::{
    AlarmView, ChangeView, DutyView, HandOverView, IncidentView, LastMoveView, LessonView,
    ProposedView, ReviewView, TriggerView,
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
const MASKED: &[&str] = &[
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
];

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
    if !open {
        let hidden = hide_subjects(&mut duties);
        duties.iter_mut().for_each(hide_words);
        hide_alarms(&mut alarms, &hidden);
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
        masked: if open {
            Vec::new()
        } else {
            MASKED.iter().map(|m| (*m).to_owned()).collect()
        },
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
        triggers: triggers(incident, open),
        regimes: incident.regimes.clone(),
        profile: if open {
            incident.profile.clone()
        } else {
            Default::default()
        },
        gates: gate::gates(incident, &duties),
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
            text: shown(&change.text).map(|text| unnamed(text, &restricted)),
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
        let Some((rule, _)) = alarm.duty.as_ref().and_then(|duty| duty.split_once('@')) else {
            continue;
        };
        let known = hidden
            .iter()
            .find(|(duty, _)| Some(duty) == alarm.duty.as_ref());
        let duty = known.map_or_else(|| format!("{rule}@hidden"), |(_, hidden)| hidden.clone());
        let kind = alarm.kind;
        alarm.id = format!("{duty}#{kind}");
        alarm.duty = Some(duty);
    }
}

/// What people wrote on a duty, and who they are. Its instants stay: a clock is right for everybody who sees it.
fn hide_words(duty: &mut DutyView) {
    duty.decider.person = None;
    duty.because = None;
    if let Some(hold) = &mut duty.hold {
        hold.kind.clear();
        hold.authority.clear();
        hold.document = None;
        hold.by.clear();
    }
}

/// A subject may be a customer's name: its place stands for it. Gives the ids that changed, before and after.
fn hide_subjects(duties: &mut [DutyView]) -> Vec<(String, String)> {
    let mut changed = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for duty in duties.iter_mut().filter(|d| d.subject != duty::ALL) {
        let at = known.iter().position(|subject| *subject == duty.subject);
        let place = at.unwrap_or_else(|| {
            known.push(duty.subject.clone());
            known.len() - 1
        });
        duty.subject = format!("hidden-{}", place + 1);
        let id = format!("{}/{}@{}", duty.regime, duty.stage, duty.subject);
        changed.push((std::mem::replace(&mut duty.id, id.clone()), id));
    }
    changed
}

fn triggers(incident: &Incident, open: bool) -> IndexMap<String, TriggerView> {
    let name = |name: &String| if open { name.clone() } else { String::new() };
    let mut views = IndexMap::new();
    for trigger in incident
        .triggers
        .iter()
        .filter(|t| t.duty.is_none() && t.counts())
    {
        let proposed = incident
            .proposed(&trigger.name, None)
            .map(|p| ProposedView {
                at: p.at,
                by: name(&p.by),
                entered_at: p.entered_at,
                reason: p.reason.clone().filter(|_| open),
            });
        let moved = incident.triggers.iter().filter(|t| {
            t.name == trigger.name
                && t.duty.is_none()
                && t.pass == trigger.pass
                && !t.counts()
                && !t.is_proposed()
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
                proposed,
                not_applicable: None,
                moved: u32::try_from(moved.count()).unwrap_or(u32::MAX),
            },
        );
    }
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
                not_applicable: Some(waived.reason.clone()).filter(|_| open),
                moved: 0,
            },
        );
    }
    views
}
