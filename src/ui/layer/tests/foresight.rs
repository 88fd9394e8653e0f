//! What dialogs ask of the backend before they send: what would follow for the clocks, one question at a time.

use super::*;
use crate::domain::command::declare::Declare;
use crate::domain::view::DutyView;
use crate::domain::word::DutyStatus;
use crate::ui::fixture::{at, keys, picture, tick};
use crate::wire::PreviewBody;

fn duty(id: &str, to: &str, rule: &str, status: DutyStatus, due: Option<&str>) -> DutyView {
    let app = fixture::app();
    let known = incident(&app, AZURE, "AZ-142").duties[0].clone();
    DutyView {
        id: id.to_owned(),
        to: to.to_owned(),
        rule: rule.to_owned(),
        status,
        due_at: due.map(at),
        enabled: true,
        restricted: false,
        ..known
    }
}

/// What a backend says to a declaration.
pub(super) fn declared() -> PreviewBody {
    use DutyStatus::{NoFixedLimit, NotRequired, Running, Waiting};
    let wire = |status, due| duty("acme/customer", "customers", "Acme cl. 14.2", status, due);
    let practice = |status, due| duty("ms-72h/customer", "customers", "MS 72 h", status, due);
    let dpa = |status| duty("ms-dpa/customer", "customers", "DPA", status, None);
    let gdpr = duty(
        "gdpr-33/authority",
        "authority",
        "GDPR 33",
        NotRequired,
        None,
    );
    PreviewBody {
        before: vec![
            gdpr.clone(),
            dpa(Waiting),
            practice(Waiting, None),
            wire(Running, Some("2026-11-24T09:00:00Z")),
        ],
        after: vec![
            gdpr,
            dpa(NoFixedLimit),
            practice(Running, Some("2026-11-26T14:07:32Z")),
            wire(Running, Some("2026-11-24T09:00:00Z")),
        ],
        unmet: Vec::new(),
        newly: None,
        on_call: Vec::new(),
    }
}

/// Answers the one question among the effects.
pub(super) fn answer(
    app: &mut App,
    asked: &[Effect],
    body: Result<PreviewBody, &str>,
) -> Vec<Effect> {
    let mut questions = asked.iter().filter_map(|effect| match effect {
        Effect::Preview {
            source,
            id,
            version,
            command,
        } => Some((*source, id.clone(), *version, command.clone())),
        _ => None,
    });
    let (source, id, version, command) = questions.next().expect("nothing was asked");
    assert!(questions.next().is_none(), "one question at a time");
    update(
        app,
        Message::Previewed {
            source,
            id,
            version,
            command,
            body: body.map(Arc::new).map_err(str::to_owned),
        },
    )
}

fn asks(effects: &[Effect]) -> Vec<(u64, String)> {
    let questions = effects.iter().filter_map(|effect| match effect {
        Effect::Preview {
            version, command, ..
        } => Some((*version, json(command))),
        _ => None,
    });
    questions.collect()
}

#[test]
fn a_declaration_shows_every_duty_as_the_backend_counts_it_by_due() {
    let mut app = on(AZURE, "AZ-140");
    let asked = keys(&mut app, "D");
    assert_eq!(
        asks(&asked),
        [(12, r#"{"type":"declare"}"#.to_owned())],
        "{asked:?}"
    );
    assert!(seen(&mut app).contains("reading what follows"));
    assert_eq!(answer(&mut app, &asked, Ok(declared())), []);
    let told = seen(&mut app);
    let place = |words: &str| {
        told.find(words)
            .unwrap_or_else(|| panic!("{words} in\n{told}"))
    };
    assert!(
        place("stays: running, due Tue 24 Nov 09:00:00 UTC")
            < place("running, due Thu 26 Nov 14:07:32 UTC")
    );
    assert!(place("running, due Thu") < place("no fixed limit"));
    place("before  waiting");
    place("stays: not required");
    assert!(!told.contains("reading what follows"), "{told}");
}

#[test]
fn while_nothing_is_known_no_instant_is_invented() {
    for answered in [false, true] {
        let mut app = on(AZURE, "AZ-140");
        let asked = keys(&mut app, "D");
        if answered {
            answer(&mut app, &asked, Err("The connection broke."));
            assert!(
                seen(&mut app).contains("azure did not tell what follows: The connection broke.")
            );
        }
        keys(&mut app, "Enter Down Enter");
        let told = seen(&mut app);
        assert!(
            told.contains("runs from then, as its rule counts"),
            "{told}"
        );
        assert!(!told.contains("72 h from then"), "{told}");
    }
}

#[test]
fn one_question_is_under_way_at_a_time_and_the_last_one_is_asked() {
    let mut app = on(AZURE, "AZ-140");
    let first = keys(&mut app, "D");
    assert_eq!(asks(&write(&mut app, "13:00")), [], "one is under way");
    let next = answer(&mut app, &first, Ok(declared()));
    assert!(
        seen(&mut app).contains("reading what follows"),
        "the answer was for another instant"
    );
    let asked = asks(&next);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].1.contains("2026-11-23T13:00:00Z"), "{asked:?}");
    answer(&mut app, &next, Ok(declared()));
    // A reason changes no clock.
    keys(&mut app, "Enter");
    assert_eq!(asks(&write(&mut app, "customer data seen")), []);
}

#[test]
fn it_is_asked_anew_before_the_last_key_and_when_the_incident_changes() {
    let mut app = on(AZURE, "AZ-140");
    let asked = keys(&mut app, "D");
    answer(&mut app, &asked, Ok(declared()));
    let again = keys(&mut app, "Enter Down Enter");
    assert_eq!(asks(&again).len(), 1, "time has gone by since");
    answer(&mut app, &again, Ok(declared()));
    let worker = board(&mut app, AZURE, |incident| {
        if incident.id == "AZ-140" {
            incident.version = 13;
        }
    });
    assert_eq!(asks(&worker), [(13, r#"{"type":"declare"}"#.to_owned())]);
    let (_, version, command) = sent(&keys(&mut app, "140 Enter"));
    assert_eq!(version, 12);
    assert!(command.contains("confirmed access"), "{command}");
}

#[test]
fn an_answer_to_another_question_is_dropped() {
    let mut app = on(AZURE, "AZ-140");
    keys(&mut app, "D");
    let other = Command::Declare(Declare {
        at: Some(at("2026-11-20T00:00:00Z")),
        reason: None,
    });
    update(
        &mut app,
        Message::Previewed {
            source: AZURE,
            id: "AZ-140".to_owned(),
            version: 12,
            command: Box::new(other),
            body: Ok(Arc::new(declared())),
        },
    );
    assert!(seen(&mut app).contains("reading what follows"));
}

#[test]
fn many_duties_scroll() {
    let mut app = on(AZURE, "AZ-140");
    let asked = keys(&mut app, "D");
    let mut many = declared();
    for n in 10..60 {
        let id = format!("r-{n}/authority");
        many.before.push(duty(
            &id,
            "authority",
            &format!("rule {n}"),
            DutyStatus::Waiting,
            None,
        ));
        let due = format!("2026-12-01T09:{n}:00Z");
        many.after.push(duty(
            &id,
            "authority",
            &format!("rule {n}"),
            DutyStatus::Running,
            Some(&due),
        ));
    }
    answer(&mut app, &asked, Ok(many));
    picture(&mut app, 80, 24);
    let mut found = String::new();
    for _ in 0..20 {
        keys(&mut app, "PageUp");
    }
    for _ in 0..20 {
        found.push_str(&picture(&mut app, 80, 24));
        keys(&mut app, "PageDown");
    }
    for n in 10..60 {
        assert!(found.contains(&format!("rule {n}")), "rule {n}");
    }
    tick(&mut app, 400);
}
