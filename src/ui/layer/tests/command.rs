//! For each dialog: the keys, and the exact command and version they come to.

use super::*;
use crate::ui::fixture::keys;

#[test]
fn two_keys_move_forward_bound_to_the_version_that_was_seen() {
    let mut app = on(AZURE, "AZ-142");
    assert_eq!(keys(&mut app, ">"), []);
    let (_, version, command) = sent(&keys(&mut app, "Enter"));
    assert_eq!(version, 12);
    assert_eq!(
        command,
        r#"{"type":"advance","to":"containment_eradication_and_recovery"}"#
    );
}

#[test]
fn a_hard_gate_asks_for_a_reason_and_the_number() {
    let mut app = on(AZURE, "AZ-139");
    assert_eq!(keys(&mut app, "> Enter"), []);
    assert!(seen(&mut app).contains("Say something in 'override'."));
    assert_eq!(write(&mut app, "recorded elsewhere"), []);
    assert_eq!(keys(&mut app, "Enter Enter"), []);
    assert!(seen(&mut app).contains("Type 139 to confirm"));
    assert_eq!(keys(&mut app, "138 Enter"), []);
    assert!(seen(&mut app).contains("That is not 139"));
    let (_, _, command) = sent(&keys(&mut app, "Backspace 9 Enter"));
    assert_eq!(
        command,
        r#"{"type":"advance","to":"post_incident_activity","reason":"recorded elsewhere","override":true}"#
    );
}

#[test]
fn looping_back_takes_a_ready_phrase() {
    let mut app = on(AZURE, "AZ-139");
    assert_eq!(keys(&mut app, "< Enter"), [], "without a reason nothing");
    let (_, _, command) = sent(&keys(&mut app, "Down Down Enter"));
    assert_eq!(
        command,
        r#"{"type":"advance","to":"detection_and_analysis","reason":"wider scope"}"#
    );
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "<");
    assert_eq!(app.layers(), 0, "detection does not loop back");
}

#[test]
fn a_page_shows_its_text_and_y_alone_sends_it() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "p");
    write(&mut app, "threat");
    assert_eq!(keys(&mut app, "Space Enter"), []);
    write(&mut app, "Match the indicators, please.");
    assert_eq!(keys(&mut app, "Enter Enter"), []);
    let review = seen(&mut app);
    assert!(review.contains("Threat Intelligence"), "{review}");
    assert_eq!(keys(&mut app, "Enter Enter"), [], "y sends, Enter does not");
    let (_, version, command) = sent(&keys(&mut app, "y"));
    assert_eq!(version, 12);
    assert_eq!(
        command,
        r#"{"type":"page","teams":["threat-intelligence"],"message":"Match the indicators, please.","urgency":"high"}"#
    );
}

#[test]
fn a_team_with_an_open_page_is_paged_again_only_when_told_so() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "p");
    write(&mut app, "legal");
    keys(&mut app, "Space Tab Tab Tab");
    assert_eq!(keys(&mut app, "Enter"), []);
    assert!(seen(&mut app).contains("say yes to page again"));
    // In a list a letter chooses and never sends.
    assert_eq!(keys(&mut app, "y Enter Enter Enter"), []);
    let (_, _, command) = sent(&keys(&mut app, "y"));
    assert_eq!(
        command,
        r#"{"type":"page","teams":["legal-affairs"],"urgency":"high","again":true}"#
    );
}

#[test]
fn a_page_is_acknowledged_with_answer_and_time() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "a Enter Down Enter");
    write(&mut app, "+20m");
    let (_, _, command) = sent(&keys(&mut app, "Enter"));
    let eta = app.shared.time(AZURE);
    assert!(
        command.starts_with(
            r#"{"type":"acknowledge_page","page":"p1","answer":"remote","eta":"2026-11-23T14:2"#
        ),
        "{command} at {eta}"
    );
}

#[test]
fn standing_down_shows_whom_it_reaches_and_y_sends() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "x Down Enter Down");
    assert_eq!(keys(&mut app, "Enter"), []);
    let (_, _, command) = sent(&keys(&mut app, "y"));
    assert_eq!(
        command,
        r#"{"type":"cancel_page","page":"p2","reason":"no longer needed"}"#
    );
}

#[test]
fn a_note_keeps_lines_and_its_kind() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "w");
    write(&mut app, "Key revoked.");
    keys(&mut app, "Ctrl-J");
    write(&mut app, "Waiting for caches.");
    assert_eq!(keys(&mut app, "Enter Down Enter Enter"), []);
    write(&mut app, "14:05");
    let (_, _, command) = sent(&keys(&mut app, "Enter"));
    assert_eq!(
        command,
        r#"{"type":"note","text":"Key revoked.\nWaiting for caches.","kind":"decision","occurred_at":"2026-11-23T14:05:00Z"}"#
    );
}

#[test]
fn an_earlier_time_counts_at_once_and_a_later_one_is_proposed_with_the_number() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "t Down Enter");
    write(&mut app, "2026-11-20 16:00");
    assert!(seen(&mut app).contains("Earlier than recorded: it counts at once."));
    let (_, _, command) = sent(&keys(&mut app, "Enter Enter Enter Enter"));
    assert_eq!(
        command,
        r#"{"type":"record_time","trigger":"aware_at","at":"2026-11-20T16:00:00Z","precision":"minute"}"#
    );
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "t Down Enter");
    write(&mut app, "2026-11-20 17:00");
    assert!(seen(&mut app).contains("Later than recorded"));
    keys(&mut app, "Enter Enter Enter Down Enter");
    assert_eq!(keys(&mut app, "Enter"), []);
    let (_, _, command) = sent(&keys(&mut app, "142 Enter"));
    assert_eq!(
        command,
        r#"{"type":"record_time","trigger":"aware_at","at":"2026-11-20T17:00:00Z","precision":"minute","reason":"found in logs"}"#
    );
}

#[test]
fn a_proposal_of_somebody_else_is_confirmed_and_a_milestone_waived() {
    let mut app = on(AZURE, "AZ-142");
    board(&mut app, AZURE, |incident| {
        if let Some(trigger) = incident.triggers.get_mut("detected_at") {
            trigger.proposed = Some(crate::domain::view::ProposedView {
                at: crate::domain::when::When::parse("2026-11-20T18:00:00Z").unwrap(),
                by: "t.mbeki".to_owned(),
                entered_at: fixture::now(),
                reason: None,
            });
        }
    });
    keys(&mut app, "t Enter Enter");
    let (_, _, command) = sent(&keys(&mut app, "142 Enter"));
    assert_eq!(
        command,
        r#"{"type":"confirm_time","trigger":"detected_at"}"#
    );

    let mut app = on(AZURE, "AZ-139");
    keys(&mut app, "t S-Tab Down Enter Enter Down");
    let (_, _, command) = sent(&keys(&mut app, "Enter"));
    assert!(
        command.starts_with(r#"{"type":"not_applicable","milestone":""#)
            && command.ends_with(r#""reason":"nothing to do in this pass"}"#),
        "{command}"
    );
}

#[test]
fn a_declaration_shows_each_duty_and_takes_the_number() {
    let mut app = on(AZURE, "AZ-140");
    keys(&mut app, "D Enter");
    write(&mut app, "customer data seen");
    assert_eq!(keys(&mut app, "Enter"), []);
    assert_eq!(keys(&mut app, "Enter y"), []);
    let (_, _, command) = sent(&keys(&mut app, "Backspace 140 Enter"));
    assert_eq!(
        command,
        r#"{"type":"declare","reason":"customer data seen"}"#
    );
}

#[test]
fn an_incident_is_opened_at_the_source_of_its_service() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "+");
    write(&mut app, "Odd tokens");
    keys(
        &mut app,
        "Enter Down Down Enter Enter Enter Enter Enter Enter",
    );
    let effects = keys(&mut app, "Enter");
    let [Effect::Open { source, open, .. }] = effects.as_slice() else {
        panic!("an incident should have been opened: {effects:?}");
    };
    assert_eq!(*source, AZURE);
    assert_eq!(
        serde_json::to_string(open).unwrap(),
        r#"{"service":"azure","title":"Odd tokens","severity":"sev2","tlp":"amber"}"#
    );
}

#[test]
fn nothing_is_opened_at_a_backend_that_does_not_answer() {
    let mut app = on(DYNAMICS, "DYN-31");
    keys(&mut app, "+");
    write(&mut app, "Odd tokens");
    let effects = keys(&mut app, "Tab Tab Tab Tab Tab Tab Tab Enter");
    assert_eq!(effects, [Effect::AskNow]);
    assert!(seen(&mut app).contains("Nothing was opened: dynamics is STALE"));
}

#[test]
fn what_was_opened_is_selected_as_soon_as_the_board_has_it() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "+");
    write(&mut app, "Odd tokens");
    let ticket = match keys(&mut app, "Enter Enter Enter Enter Enter Enter Enter Enter").as_slice()
    {
        [Effect::Open { ticket, .. }] => *ticket,
        other => panic!("nothing was opened: {other:?}"),
    };
    let mut new = incident(&app, AZURE, "AZ-142");
    new.id = "AZ-150".to_owned();
    let done = Reply::Done {
        incident: arc(new.clone()),
        unmet: Vec::new(),
    };
    reply(&mut app, ticket, done);
    let mut board = crate::domain::board::Board::clone(&app.shared.board);
    let mut source = crate::domain::board::Source::clone(&board.sources[AZURE]);
    let incidents = source.incidents.iter().cloned().chain([arc(new)]);
    source.incidents = Arc::new(incidents.collect());
    board.sources[AZURE] = Arc::new(source);
    update(&mut app, Message::Board(Arc::new(board)));
    let selected = app.shared.selected.clone().unwrap();
    assert_eq!(selected.id, "AZ-150");
}

#[test]
fn before_any_backend_answered_it_is_said_that_none_did() {
    let mut app = fixture::app();
    update(&mut app, Message::Board(Arc::default()));
    keys(&mut app, "+");
    let told = fixture::picture(&mut app, 80, 24);
    assert!(told.contains("No backend has answered yet"), "{told}");
    keys(&mut app, "?");
    let help = fixture::picture(&mut app, 80, 24);
    assert!(
        help.contains("nothing before a backend has answered"),
        "{help}"
    );
}
