//! A board with one letter, that stands nowhere else, in every field that people write or that names somebody or a customer;
//! and a backend that answers with it. What must not be shown is looked for in `mask`.

use serde_json::json;

use super::*;
use crate::domain::board::{Board, ConnectorView, Source};
use crate::domain::presence::PresenceView;
use crate::domain::view::{
    ChangeView, DecisionView, DutyView, FoldedView, HandOverView, HoldView, LessonView,
    ProposedView, ReviewView,
};
use crate::domain::word::{AlarmState, DutyStatus, PageState, Seat};
use crate::ui::fixture::at;
use crate::ui::shared::Options;
use crate::wire::{
    NewlyBody, OnCallBody, PreviewBody, RegimeBody, RegimesBody, StageBody, WhoBody,
};

pub(super) const CANARY: char = 'ж';

pub(super) fn c(what: &str) -> String {
    format!("{CANARY}{what}")
}

pub(super) fn some(what: &str) -> Option<String> {
    Some(c(what))
}

/// The duties that say who a customer is or that are restricted, and one in each state that carries words of people.
fn duties(known: &DutyView) -> Vec<DutyView> {
    let made = |id: String, to: String, status, due: Option<&str>| DutyView {
        regime: id.split('/').next().unwrap_or_default().to_owned(),
        stage: "notice".to_owned(),
        subject: id.split_once('@').map_or("all", |(_, of)| of).to_owned(),
        id,
        rule: format!("{to} rule"),
        citation: format!("{to} text"),
        to,
        status,
        due_at: due.map(at),
        limit_at: None,
        counted_from: due.map(|_| at("2026-11-20T16:49:00Z")),
        latest_start_at: due.map(|_| at("2026-11-23T13:00:00Z")),
        because: some("because"),
        decider: crate::domain::view::DeciderView {
            team: Some("privacy-azure".to_owned()),
            person: some("decider"),
        },
        ..known.clone()
    };
    let soon = Some("2026-11-23T20:00:00Z");
    let plain = |id: &str, status, due| made(id.to_owned(), "authority".to_owned(), status, due);
    let mut contract = made(c("msa/notice"), c("acme"), DutyStatus::Running, soon);
    contract.contract = true;
    let by_name = made(
        c("old/notice"),
        format!("customer:{}", c("old")),
        DutyStatus::Waiting,
        None,
    );
    let mut of_customer = plain("ms-72h/customer", DutyStatus::Running, soon);
    of_customer.subject = c("wave");
    of_customer.id = format!("ms-72h/customer@{}", c("wave"));
    let mut restricted = made(c("sec/item"), c("investors"), DutyStatus::Running, soon);
    restricted.restricted = true;
    let mut held = plain("gdpr-33/authority", DutyStatus::Held, soon);
    held.hold = Some(HoldView {
        id: "h".to_owned(),
        kind: c("kind"),
        from: at("2026-11-23T09:00:00Z"),
        until: Some(at("2026-11-25T09:00:00Z")),
        authority: c("authority"),
        document: some("document"),
        by: c("holder"),
    });
    let mut waiting = plain("ms-dpa/customer", DutyStatus::Waiting, None);
    waiting.trigger = Some("declared_at".to_owned());
    vec![
        contract,
        by_name,
        of_customer,
        restricted,
        held,
        waiting,
        plain("nis2/authority", DutyStatus::Undecided, None),
        plain("dora/authority", DutyStatus::Decided, None),
        plain("hipaa/authority", DutyStatus::NotRequired, None),
        DutyView {
            submitted_at: Some(at("2026-11-23T10:00:00Z")),
            ..plain("cra/authority", DutyStatus::Met, None)
        },
    ]
}

/// The canary in everything that people wrote, in every name, and in what names a customer.
pub(super) fn full(incident: &mut IncidentView) {
    let known = incident_known();
    incident.title = some("title");
    incident.summary = some("summary");
    incident.owner_lead = some("owner");
    incident.service_lead = some("service");
    incident.commander = some("me");
    incident.deputy = some("deputy");
    incident.scribe = some("scribe");
    incident.bridge = some("bridge");
    incident.channel = some("channel");
    incident.out_of_band = some("band");
    let profile = json!({"zone": "Europe/Berlin", "affected": {c("kind"): 7}, "subjects": {"ms-72h": [c("wave")]}});
    incident.profile = profile.as_object().unwrap().clone();
    let upstream = json!({"connector": c("connector"), "key": c("key"), "url": c("url"), "raw_status": c("raw")});
    incident.upstream = serde_json::from_value(upstream).unwrap();
    for (_, trigger) in &mut incident.triggers {
        trigger.by = c("by");
        trigger.source = some("source");
        trigger.proposed = Some(ProposedView {
            at: trigger.at,
            by: c("proposer"),
            entered_at: trigger.entered_at,
            reason: some("reason"),
        });
    }
    let mut waived = known.triggers[0].clone();
    waived.not_applicable = some("waived");
    incident.triggers.insert("eradicated_at".to_owned(), waived);
    let own = known.triggers[0].clone();
    incident.triggers.insert(c("told_at"), own);
    incident.duties = duties(&known.duties[0]);
    let mut regimes = vec!["ms-72h".to_owned(), c("gone")];
    regimes.extend(incident.duties.iter().map(|duty| duty.regime.clone()));
    incident.regimes = regimes;
    let page = known.pages[0].clone();
    incident.pages = [
        PageState::Failed,
        PageState::Accepted,
        PageState::Acknowledged,
    ]
    .into_iter()
    .enumerate()
    .map(|(n, state)| {
        let mut page = page.clone();
        page.id = format!("p{n}");
        page.state = state;
        page.by = c("asker");
        page.message = some("message");
        page.last_error = some("10.0.0.7 said no");
        page.acknowledged_by = some("answerer");
        page.acknowledged_at = Some(page.queued_at);
        page.folded = vec![FoldedView {
            at: page.queued_at,
            by: c("again"),
            message: some("again"),
        }];
        page
    })
    .collect();
    incident.lessons = vec![LessonView {
        id: "l".to_owned(),
        text: some("lesson"),
        owner: some("owner"),
        due: Some(at("2026-11-25T09:00:00Z")),
        done_at: None,
        by: c("by"),
    }];
    let now = fixture::now();
    incident.review = Some(ReviewView {
        held_at: now,
        text: some("review"),
        by: c("by"),
    });
    incident.hand_overs = vec![HandOverView {
        role: Seat::Deputy,
        to: c("heir"),
        by: c("by"),
        at: now,
    }];
    incident.reportable_by = Some(DecisionView {
        by: c("by"),
        at: now,
        reason: some("reason"),
    });
    if let Some(last) = &mut incident.last_move {
        last.by = c("me");
        last.at = now;
    }
    incident.change = Some(ChangeView {
        at: now,
        by: c("by"),
        text: some("text"),
    });
    incident.alarms = crate::domain::alarm::of_view(incident, now);
    for (n, alarm) in incident.alarms.iter_mut().enumerate() {
        alarm.by = some("by");
        alarm.reason = some("reason");
        alarm.at = Some(now);
        (alarm.state, alarm.until) = match n % 2 {
            0 => (AlarmState::Acknowledged, None),
            _ => (AlarmState::Shelved, Some(at("2026-11-23T20:00:00Z"))),
        };
    }
}

/// An incident that has something of everything.
fn incident_known() -> IncidentView {
    incident(&fixture::app(), AZURE, "AZ-142")
}

pub(super) fn changed(change: impl Fn(&mut IncidentView)) -> Arc<Board> {
    let mut board = fixture::board();
    for source in &mut board.sources {
        let mut of = Source::clone(source);
        let incidents = of.incidents.iter().map(|incident| {
            let mut incident = IncidentView::clone(incident);
            change(&mut incident);
            Arc::new(incident)
        });
        of.incidents = Arc::new(incidents.collect());
        let mut about = of.about.as_deref().cloned().unwrap();
        about.you.name = c("me");
        for service in &mut about.services {
            service.regimes = vec!["ms-72h".to_owned(), c("msa")];
        }
        about.connectors = vec![ConnectorView {
            name: "cases".to_owned(),
            kind: "iris".to_owned(),
            asked_at: None,
            answered_at: None,
            changed_at: None,
            whole_at: None,
            open: 3,
            trouble: some("breach"),
            token_expires_at: None,
            takes: Default::default(),
        }];
        of.about = Some(Arc::new(about));
        *source = Arc::new(of);
    }
    board.generation += 1;
    Arc::new(board)
}

/// A board in a room, with the canary everywhere, that looks at an incident.
pub(super) fn in_a_room(source: usize, id: &str) -> App {
    let options = Options {
        mask: true,
        ..Options::default()
    };
    let mut app = fixture::app_with(fixture::shared_with(options, "night"));
    update(&mut app, Message::Board(changed(full)));
    select(&mut app, source, id);
    app
}

fn regime(id: String, jurisdiction: &str, to: String) -> RegimeBody {
    RegimeBody {
        name: format!("{to} agreement"),
        short: id.clone(),
        id,
        jurisdiction: jurisdiction.to_owned(),
        citation: to.clone(),
        status: "in_force".to_owned(),
        confidence: "located".to_owned(),
        enabled: true,
        verified: "2026-11-23".to_owned(),
        stages: vec![StageBody {
            stage: "notice".to_owned(),
            rule: to.clone(),
            citation: to.clone(),
            to,
            trigger: None,
            clock: String::new(),
            limit: None,
            when: None,
            direction: crate::domain::word::Direction::Deadline,
            restricted: false,
            decider: None,
            prepare_for: None,
            confidence: "located".to_owned(),
            verified: "2026-11-23".to_owned(),
            enabled: true,
        }],
    }
}

/// Answers what was asked, with the canary where people and customers are named.
pub(super) fn answered(app: &mut App, effects: Vec<Effect>) {
    for effect in effects {
        let answer = match effect {
            Effect::Preview {
                source,
                id,
                version,
                command,
            } => {
                let before = app
                    .shared
                    .board
                    .incident(source, &id)
                    .unwrap()
                    .duties
                    .clone();
                let mut after = before.clone();
                for duty in &mut after {
                    duty.due_at = Some(at("2026-11-24T20:00:00Z"));
                }
                Message::Previewed {
                    source,
                    id,
                    version,
                    command,
                    body: Ok(Arc::new(PreviewBody {
                        before,
                        after,
                        unmet: Vec::new(),
                        newly: Some(NewlyBody {
                            people: vec![c("newly")],
                            people_in_all: 1,
                            ..NewlyBody::default()
                        }),
                        on_call: vec![OnCallBody {
                            team: "legal-affairs".to_owned(),
                            connector: "pagerduty".to_owned(),
                            people: vec![c("oncall")],
                            why: None,
                        }],
                    })),
                }
            }
            Effect::Regimes { source, profile } => Message::Regimes {
                source,
                profile,
                body: Ok(Arc::new(RegimesBody {
                    rules: "r".to_owned(),
                    tz: "z".to_owned(),
                    regimes: vec![
                        regime("ms-72h".to_owned(), "practice", "customers".to_owned()),
                        regime(c("msa"), "contract", c("acme")),
                        regime(c("old"), "", format!("customer:{}", c("old"))),
                    ],
                    proposed: None,
                })),
            },
            Effect::Timeline { source, id } => {
                let entry = |seq: u64, kind: &str, privileged: bool| {
                    serde_json::from_value(json!({
                        "seq": seq, "version": seq, "at": "2026-11-23T10:00:00Z", "by": c("by"), "via": "cli",
                        "kind": kind, "line": c("line"),
                        "body": {"kind": "fact", "text": c("text"), "reason": c("reason"), "privileged": privileged},
                    }))
                    .unwrap()
                };
                Message::Timeline {
                    source,
                    id,
                    entries: vec![
                        entry(1, "opened", false),
                        entry(2, "noted", false),
                        entry(3, "noted", true),
                    ],
                    complete: true,
                }
            }
            Effect::Who { source } => Message::Who {
                source,
                body: Ok(Arc::new(WhoBody {
                    people: vec![PresenceView {
                        person: c("who"),
                        role: crate::domain::word::Role::Commander,
                        team: None,
                        via: crate::domain::word::Via::Ssh,
                        door: "bastion".to_owned(),
                        connected_at: fixture::now(),
                        address: None,
                        key: None,
                    }],
                })),
            },
            _ => continue,
        };
        update(app, answer);
    }
}
