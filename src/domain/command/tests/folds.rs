//! Repeats of a page that waits: they go with it, and with nothing else, and no word of them is lost.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::pages::with_routes;
use super::*;
use crate::domain::command::page;
use crate::domain::word::{PageState, Urgency};

/// Pages a team again; what nobody has begun to send is given.
fn again(desk: &mut Desk, team: &str, message: &str, urgency: &str, waiting: &[String]) {
    let command = format!(
        r#"{{"type": "page", "teams": ["{team}"], "message": "{message}", "urgency": "{urgency}", "again": true}}"#
    );
    let events = decide(&desk.incident, &json(&command), &desk.context()).unwrap();
    let events = page::folded(&desk.incident, events, waiting);
    desk.apply(events);
}

fn ids(desk: &Desk) -> Vec<String> {
    let pages = desk.incident.pages.iter();
    pages.map(|page| page.id.clone()).collect()
}

#[test]
fn a_repeat_goes_with_the_page_that_waits_and_makes_it_as_urgent() {
    let mut desk = with_routes(&[("webhook", true)]);
    again(&mut desk, "legal-affairs", "please come", "low", &[]);
    let waiting = ids(&desk);
    desk.later(1).by("k.ono", Role::Commander);
    again(&mut desk, "legal-affairs", "now", "high", &waiting);
    let [page] = &desk.incident.pages[..] else {
        panic!("{:?}", desk.incident.pages)
    };
    assert_eq!(page.urgency, Urgency::High);
    assert_eq!(
        page.said().unwrap(),
        "please come | asked again by k.ono at 10:01:00 UTC: now"
    );
    assert_eq!(page.by, "d.okafor");
    // Begun to be sent, it is as it is.
    again(&mut desk, "legal-affairs", "hurry", "high", &[]);
    assert_eq!(desk.incident.pages.len(), 2);
}

#[test]
fn a_repeat_by_another_route_is_a_page_of_its_own() {
    let mut desk = with_routes(&[("webhook", true), ("ntfy", false)]);
    again(&mut desk, "legal-affairs", "please come", "high", &[]);
    let waiting = ids(&desk);
    desk.ok(r#"{"type": "set", "comms": "suspect"}"#);
    again(&mut desk, "legal-affairs", "out of band", "high", &waiting);
    let routes = desk.incident.pages.iter().map(|page| page.route.as_deref());
    // The first one went on at once when its route was suspect: it is on its second way.
    assert_eq!(routes.collect::<Vec<_>>(), [Some("ntfy"); 2]);
}

#[test]
fn what_would_be_too_long_for_one_page_is_a_page_of_its_own() {
    let mut desk = with_routes(&[("webhook", true)]);
    let long = "x".repeat(1_000);
    again(&mut desk, "legal-affairs", &long, "high", &[]);
    let waiting = ids(&desk);
    again(&mut desk, "legal-affairs", &long, "high", &waiting);
    assert_eq!(desk.incident.pages.len(), 2);
}

const TEAMS: [&str; 2] = ["legal-affairs", "threat-intelligence"];

#[derive(Debug, Clone)]
enum Step {
    Page {
        team: usize,
    },
    /// A node begins to send what waits.
    Begin {
        page: usize,
    },
    Answer {
        page: usize,
    },
    Cancel {
        page: usize,
    },
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..TEAMS.len()).prop_map(|team| Step::Page { team }),
        1 => (0..8usize).prop_map(|page| Step::Begin { page }),
        1 => (0..8usize).prop_map(|page| Step::Answer { page }),
        1 => (0..8usize).prop_map(|page| Step::Cancel { page }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_word_is_said_to_its_team_once_and_nothing_that_was_sent_or_answered_changes(steps in prop::collection::vec(steps(), 1..30)) {
        let mut desk = with_routes(&[("webhook", true)]);
        for team in &mut desk.directory.teams {
            let legal = team.id == TEAMS[1];
            if legal {
                team.routes = vec![crate::domain::board::RouteView {
                    kind: "webhook".to_owned(),
                    clearance: crate::domain::word::Tlp::Amber,
                    in_band: true,
                    connector: None,
                }];
            }
        }
        let mut begun = Vec::new();
        let mut asked: Vec<(&str, String)> = Vec::new();
        let mut fixed: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (n, step) in steps.into_iter().enumerate() {
            let all = ids(&desk);
            match step {
                Step::Page { team } => {
                    let message = format!("m{n}.");
                    let waiting: Vec<String> = all.into_iter().filter(|id| !begun.contains(id)).collect();
                    again(&mut desk, TEAMS[team], &message, "high", &waiting);
                    asked.push((TEAMS[team], message));
                }
                Step::Begin { page } => begun.extend(all.get(page).cloned()),
                Step::Answer { page } => if let Some(id) = all.get(page) {
                    let _ = desk.give(&format!(r#"{{"type": "acknowledge_page", "page": "{id}", "answer": "coming"}}"#));
                },
                Step::Cancel { page } => if let Some(id) = all.get(page) {
                    let _ = desk.give(&format!(r#"{{"type": "cancel_page", "page": "{id}", "reason": "r"}}"#));
                },
            }
            for page in &desk.incident.pages {
                if begun.contains(&page.id) || page.state != PageState::Queued {
                    let said = fixed.entry(page.id.clone()).or_insert_with(|| page.said());
                    prop_assert_eq!(&*said, &page.said());
                }
            }
        }
        for (team, message) in asked {
            let saying = desk.incident.pages.iter().filter(|page| page.said().unwrap().contains(&message));
            let teams: Vec<&str> = saying.map(|page| page.team.as_str()).collect();
            prop_assert_eq!(teams, [team]);
        }
    }
}
