//! What a reader's clearance hides is drawn as hidden, never as a vacancy and never as met; and what exists for some people
//! only says so in their lists.

use super::canary::{changed, in_a_room};
use super::mask::SEEN;
use super::*;
use crate::domain::view_of::MASKED;
use crate::domain::word::{Phase, Reportable};
use crate::ui::fixture::{keys, picture};
use crate::ui::shared::Options;

/// The incident as a backend gives it to a reader whose clearance does not reach.
fn hidden(incident: &mut IncidentView) {
    incident.masked = MASKED.iter().map(|word| (*word).to_owned()).collect();
    for seat in [
        &mut incident.owner_lead,
        &mut incident.service_lead,
        &mut incident.commander,
        &mut incident.deputy,
        &mut incident.scribe,
        &mut incident.bridge,
        &mut incident.title,
        &mut incident.summary,
    ] {
        *seat = None;
    }
    for duty in &mut incident.duties {
        duty.decider.person = None;
    }
    for lesson in &mut incident.lessons {
        (lesson.owner, lesson.text, lesson.by) = (None, None, String::new());
    }
    for (_, trigger) in &mut incident.triggers {
        trigger.by.clear();
    }
    for gate in &mut incident.gates {
        gate.unmet
            .retain(|word| word.as_str() != "commander" && word.as_str() != "lessons");
    }
    incident.alarms.clear();
    // The question has nobody's name, whoever reads it.
    if incident.reportable == Reportable::Unknown {
        incident.reportable = Reportable::Declared;
    }
}

#[test]
fn a_person_whom_the_clearance_hides_is_drawn_hidden_and_never_as_a_vacancy() {
    let vacancies = [
        "NOBODY",
        "VACANT",
        "vacant",
        "NO COMMANDER",
        "NO OWNER",
        "NO SVC",
    ];
    let vacant = |drawn: &str, what: &str| {
        let told = vacancies.iter().find(|word| drawn.contains(**word));
        assert_eq!(told, None, "{what}:\n{drawn}");
        assert!(drawn.contains("▒▒"), "{what}:\n{drawn}");
    };
    for wall in [false, true] {
        let options = Options {
            wall,
            ..Options::default()
        };
        let mut app = fixture::app_with(fixture::shared_with(options, "night"));
        update(&mut app, Message::Board(changed(hidden)));
        for (width, height) in [(60, 17), (80, 24), (120, 40), (200, 60)] {
            let drawn = picture(&mut app, width, height);
            let told = vacancies.iter().find(|word| drawn.contains(**word));
            assert_eq!(told, None, "wall {wall} at {width}x{height}:\n{drawn}");
        }
        vacant(&picture(&mut app, 120, 40), "the first screen");
        if wall {
            continue;
        }
        keys(&mut app, "3");
        vacant(&picture(&mut app, 120, 40), "clocks");
        for (source, id) in SEEN {
            let target = Target {
                source,
                id: id.to_owned(),
            };
            app.show_incident(target);
            vacant(&picture(&mut app, 200, 60), id);
            keys(&mut app, "r");
            let drawn = picture(&mut app, 120, 40);
            assert!(!drawn.contains("NOBODY"), "{drawn}");
            keys(&mut app, "Esc q");
        }
    }
}

#[test]
fn a_line_of_the_timeline_whose_author_the_clearance_hides_says_so() {
    let mut app = fixture::app();
    update(&mut app, Message::Board(changed(hidden)));
    let id = "AZ-142".to_owned();
    app.show_incident(Target {
        source: AZURE,
        id: id.clone(),
    });
    let entry = serde_json::json!({
        "seq": 1, "version": 1, "at": "2026-11-23T10:00:00Z", "by": "", "via": "cli", "kind": "noted", "line": null,
        "body": {"kind": "fact", "text": null},
    });
    let entries = vec![serde_json::from_value(entry).unwrap()];
    update(
        &mut app,
        Message::Timeline {
            source: AZURE,
            id,
            entries,
            complete: true,
        },
    );
    let drawn = picture(&mut app, 200, 60);
    assert!(drawn.contains("10:00 ▒▒  fact"), "{drawn}");
}

#[test]
fn a_gate_on_somebody_hidden_is_neither_met_nor_unmet() {
    let mut app = fixture::app();
    update(
        &mut app,
        Message::Board(changed(|incident| {
            hidden(incident);
            incident.phase = Phase::DetectionAndAnalysis;
            let to = Phase::ContainmentEradicationAndRecovery.as_str().to_owned();
            incident.gates.retain(|gate| gate.to == to);
            for gate in &mut incident.gates {
                gate.unmet.clear();
            }
        })),
    );
    app.show_incident(Target {
        source: AZURE,
        id: "AZ-142".to_owned(),
    });
    let drawn = picture(&mut app, 200, 60);
    assert!(drawn.contains("▒▒ commander"), "{drawn}");
    keys(&mut app, ">");
    let drawn = picture(&mut app, 120, 40);
    let line = drawn.lines().find(|line| line.contains("commander  "));
    assert!(
        line.is_some_and(|line| line.contains("▒▒") && !line.contains("met")),
        "{drawn}"
    );
}

#[test]
fn what_is_restricted_is_marked_in_every_list_of_those_whom_it_exists_for() {
    use crate::domain::restriction::Restriction;
    let restrict = |incident: &mut IncidentView| {
        if incident.id == "AZ-142" {
            incident.restriction = Some(Restriction {
                people: vec!["d.okafor".to_owned()],
                by: "d.okafor".to_owned(),
                at: fixture::now(),
                glass: Vec::new(),
            });
        }
    };
    let mut app = fixture::app();
    update(&mut app, Message::Board(changed(restrict)));
    for screen in ["1", "3"] {
        keys(&mut app, screen);
        for (width, height, word) in [
            (80, 24, "RESTR "),
            (120, 30, "RESTR"),
            (200, 50, "RESTRICTED "),
        ] {
            let drawn = picture(&mut app, width, height);
            assert!(
                drawn.contains(word),
                "{screen} at {width}x{height}:\n{drawn}"
            );
        }
    }
    let mut wall = fixture::app_with(fixture::shared_with(
        Options {
            wall: true,
            ..Options::default()
        },
        "night",
    ));
    update(&mut wall, Message::Board(changed(restrict)));
    let drawn = picture(&mut wall, 120, 40);
    assert!(
        !drawn.contains("RESTR") && !drawn.contains("COPPER HERON"),
        "{drawn}"
    );
}

#[test]
fn several_duties_that_are_hidden_from_a_room_are_told_apart_where_one_acts_on_them() {
    let mut app = in_a_room(AZURE, "AZ-142");
    keys(&mut app, "H Enter");
    let drawn = picture(&mut app, 120, 40);
    for n in 1..=3 {
        assert!(drawn.contains(&format!("restricted duty {n}")), "{drawn}");
    }
}
