//! What dialogs and help say of the system that an incident came from: what it obeys, what stays here, and who it would wake.

use super::*;
use crate::domain::board::{Board, ConnectorView, RouteView, Source, TakesView};
use crate::domain::view::Upstream;
use crate::domain::word::Tlp;
use crate::ui::fixture::keys;
use crate::wire::{OnCallBody, PreviewBody};
use serde_json::{Map, json};

/// AZ-142 came from PagerDuty, which takes this; threat intelligence is reached by it.
fn from_pd(app: &mut App, takes: TakesView, rest: &[(&str, serde_json::Value)]) {
    let mut board = Board::clone(&app.shared.board);
    let mut source = Source::clone(&board.sources[AZURE]);
    let mut about = crate::domain::board::About::clone(source.about.as_ref().unwrap());
    about.connectors = vec![ConnectorView {
        name: "pd".to_owned(),
        kind: "pagerduty".to_owned(),
        asked_at: None,
        answered_at: None,
        changed_at: None,
        whole_at: None,
        open: 1,
        trouble: None,
        token_expires_at: None,
        takes,
    }];
    source.about = Some(Arc::new(about));
    let mut keep: Map<String, serde_json::Value> = Map::new();
    keep.insert("raw_status".to_owned(), json!("acknowledged"));
    keep.extend(
        rest.iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone())),
    );
    let incidents = source
        .incidents
        .iter()
        .map(|incident| match incident.id.as_str() {
            "AZ-142" => {
                let mut incident = IncidentView::clone(incident);
                incident.upstream = Some(Upstream {
                    connector: "pd".to_owned(),
                    key: "PINC1".to_owned(),
                    url: None,
                    rest: keep.clone(),
                });
                arc(incident)
            }
            _ => incident.clone(),
        });
    source.incidents = Arc::new(incidents.collect());
    let mut teams = Vec::clone(&source.teams);
    for team in teams
        .iter_mut()
        .filter(|team| team.id == "threat-intelligence")
    {
        team.routes = vec![RouteView {
            kind: "connector".to_owned(),
            clearance: Tlp::Red,
            in_band: true,
            connector: Some("pd".to_owned()),
        }];
    }
    source.teams = Arc::new(teams);
    board.sources[AZURE] = Arc::new(source);
    update(app, Message::Board(Arc::new(board)));
}

/// The picture as one line of words.
fn words(app: &mut App) -> String {
    let picture = seen(app);
    let words: Vec<&str> = picture
        .split(|c: char| c.is_whitespace() || c == '│')
        .collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn off() -> TakesView {
    TakesView {
        no_phases: Some("write_phases is off in the backend's file".to_owned()),
        no_notes: Some("write_notes is off in the backend's file".to_owned()),
        ..TakesView::default()
    }
}

fn on_there() -> TakesView {
    let phase = "containment_eradication_and_recovery".to_owned();
    TakesView {
        phases: [(phase, "Containment".to_owned())].into(),
        ..TakesView::default()
    }
}

#[test]
fn a_move_says_what_it_does_where_the_incident_came_from() {
    let gone = ("standing", json!("resolved"));
    for (takes, rest, wanted) in [
        (
            off(),
            vec![],
            "moves here only; pd keeps 'acknowledged': write_phases is off in the backend's file",
        ),
        (
            on_there(),
            vec![],
            "moves here, then in pd to 'Containment', unless somebody changed it there meanwhile",
        ),
        (
            TakesView::default(),
            vec![],
            "it has no status for containment",
        ),
        (
            on_there(),
            vec![gone],
            "moves here only; pd keeps 'acknowledged': it is resolved there",
        ),
    ] {
        let mut app = on(AZURE, "AZ-142");
        from_pd(&mut app, takes, &rest);
        keys(&mut app, ">");
        let told = words(&mut app);
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    // Where it came from nowhere, nothing is said.
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, ">");
    assert!(!words(&mut app).contains("moves here"));
}

#[test]
fn a_note_and_an_end_say_whether_they_reach_it_and_the_help_why_not() {
    let mut app = on(AZURE, "AZ-142");
    from_pd(&mut app, off(), &[]);
    keys(&mut app, "w");
    let told = words(&mut app);
    assert!(
        told.contains("stays here, pd does not get it: write_notes is off"),
        "{told}"
    );
    keys(&mut app, "Esc ?");
    let told = words(&mut app);
    for wanted in [
        "moves stay here, pd does not follow: write_phases is off",
        "notes stay here: write_notes is off",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    let mut app = on(AZURE, "AZ-142");
    from_pd(&mut app, on_there(), &[]);
    keys(&mut app, "w");
    let told = words(&mut app);
    assert!(told.contains("is written to pd too, once"), "{told}");
}

#[test]
fn a_page_by_the_source_asks_who_is_on_call_and_names_them_before_the_last_key() {
    let mut app = on(AZURE, "AZ-142");
    from_pd(&mut app, off(), &[]);
    keys(&mut app, "p");
    write(&mut app, "threat");
    let asked = keys(&mut app, "Space Enter Enter Enter");
    let told = words(&mut app);
    assert!(told.contains("on call: not known yet"), "{told}");
    let answers = |people: &[&str], why: Option<&str>| PreviewBody {
        before: Vec::new(),
        after: Vec::new(),
        unmet: Vec::new(),
        newly: None,
        on_call: vec![OnCallBody {
            team: "threat-intelligence".to_owned(),
            connector: "pd".to_owned(),
            people: people.iter().map(|name| (*name).to_owned()).collect(),
            why: why.map(str::to_owned),
        }],
    };
    let asked = foresight::answer(&mut app, &asked, Ok(answers(&["D. Okafor"], None)));
    let told = words(&mut app);
    assert!(told.contains("by pd: D. Okafor"), "{told}");
    let at = |words: &str| {
        told.find(words)
            .unwrap_or_else(|| panic!("{words}: {told}"))
    };
    let (team, person) = (at("wakes Threat Intelligence"), at("by pd: D. Okafor"));
    assert!(
        team < person && person < at("What follows"),
        "under its own team: {told}"
    );
    assert!(asked.is_empty(), "{asked:?}");
}
