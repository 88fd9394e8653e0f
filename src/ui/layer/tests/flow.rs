//! What all dialogs share: guards against keys that repeat, what others change meanwhile, sources that do not answer,
//! answers of the backend, drafts, pastes.

use super::*;
use crate::domain::word::{GateWord, Severity};
use crate::ui::fixture::{self, keys, tick};
use crate::ui::input::{Key, KeyCode};
use crate::ui::keymap::Action;

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    update(app, Message::Input(Input::Key(Key::plain(code))))
}

#[test]
fn a_key_that_repeats_confirms_nothing() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, ": Down");
    write(&mut app, "move to the next phase");
    // The palette's Enter opens the dialog; held down, it must not move the incident.
    tick(&mut app, 400);
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert_eq!(app.layers(), 1);
    for _ in 0..40 {
        tick(&mut app, 30);
        assert_eq!(press(&mut app, KeyCode::Enter), []);
    }
    tick(&mut app, 400);
    sent(&press(&mut app, KeyCode::Enter));
}

#[test]
fn a_last_step_waits_for_a_key_of_its_own() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "x Enter Down Enter");
    assert_eq!(press(&mut app, KeyCode::Char('y')), [], "too soon");
    tick(&mut app, 400);
    sent(&press(&mut app, KeyCode::Char('y')));
}

#[test]
fn the_key_that_opened_a_dialog_is_not_its_first_letter_while_it_repeats() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "w");
    tick(&mut app, 50);
    press(&mut app, KeyCode::Char('w'));
    tick(&mut app, 50);
    press(&mut app, KeyCode::Char('a'));
    keys(&mut app, "Esc");
    let target = app.shared.selected.clone().unwrap();
    let draft = app.shared.drafts.get(&target, Action::Write).unwrap();
    assert_eq!(draft, [("text".to_owned(), "a".to_owned())]);
}

#[test]
fn what_others_change_is_told_and_only_what_was_seen_is_bound() {
    let mut app = on(AZURE, "AZ-139");
    keys(&mut app, "<");
    write(&mut app, "scope grew");
    board(&mut app, AZURE, |incident| {
        incident.version = 14;
        incident.persons_version = 14;
        incident.severity = Some(Severity::Sev1);
        incident.change = fixture_change("t.mbeki", "severity set");
    });
    let told = seen(&mut app);
    for words in ["by t.mbeki: severity set", "sev2 ► sev1", "scope grew"] {
        assert!(told.contains(words), "{words} in\n{told}");
    }
    assert_eq!(keys(&mut app, "Enter"), [], "the first Enter says: seen");
    let (_, version, command) = sent(&keys(&mut app, "Enter"));
    assert_eq!(version, 14);
    assert!(command.contains("scope grew"));
}

fn fixture_change(by: &str, text: &str) -> Option<crate::domain::view::ChangeView> {
    Some(crate::domain::view::ChangeView {
        at: fixture::now(),
        by: by.to_owned(),
        text: Some(text.to_owned()),
    })
}

#[test]
fn a_workers_progress_moves_no_binding() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, ">");
    board(&mut app, AZURE, |incident| incident.version = 13);
    let (_, version, _) = sent(&keys(&mut app, "Enter"));
    assert_eq!(version, 12);
}

#[test]
fn a_last_step_is_taken_back_when_others_change_the_incident() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "x Enter Down Enter");
    board(&mut app, AZURE, |incident| {
        incident.version = 13;
        incident.persons_version = 13;
    });
    assert_eq!(keys(&mut app, "y"), [], "what was shown may not be so now");
    assert_eq!(keys(&mut app, "Enter Enter"), []);
    let (_, version, _) = sent(&keys(&mut app, "y"));
    assert_eq!(version, 13);
}

#[test]
fn a_conflict_tells_who_did_what_keeps_the_text_and_binds_anew() {
    let mut app = on(AZURE, "AZ-139");
    keys(&mut app, "<");
    write(&mut app, "scope grew");
    let (ticket, ..) = sent(&keys(&mut app, "Enter"));
    let mut now = incident(&app, AZURE, "AZ-139");
    now.version = 20;
    now.persons_version = 20;
    now.commander = Some("s.weiss".to_owned());
    now.change = fixture_change("s.weiss", "commander taken");
    let conflict = Reply::Conflict {
        incident: Some(arc(now)),
        sentence: "Somebody changed it since.".to_owned(),
    };
    assert_eq!(reply(&mut app, ticket, conflict), []);
    let told = seen(&mut app);
    for words in [
        "Nothing was done. Somebody changed it since.",
        "by s.weiss: commander taken",
        "► s.weiss",
        "scope grew",
    ] {
        assert!(told.contains(words), "{words} in\n{told}");
    }
    let (again, version, command) = sent(&keys(&mut app, "Enter Enter"));
    assert_eq!(version, 20);
    assert!(command.contains("scope grew") && again != ticket);
    let done = Reply::Done {
        incident: arc(incident(&app, AZURE, "AZ-139")),
        unmet: Vec::new(),
    };
    reply(&mut app, again, done);
    assert_eq!(app.layers(), 0);
}

#[test]
fn what_got_no_answer_is_sent_again_under_its_ticket() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, ">");
    let first = keys(&mut app, "Enter");
    let (ticket, ..) = sent(&first);
    let lost = || Reply::Unreachable {
        sentence: "The connection broke.".to_owned(),
    };
    reply(&mut app, ticket, lost());
    assert!(seen(&mut app).contains("Whether it was done is not known."));
    assert_eq!(keys(&mut app, "Enter"), first);
    reply(&mut app, ticket, lost());
    assert_eq!(keys(&mut app, "Enter"), first);
    assert_eq!(app.shared.pending.len(), 1);
}

#[test]
fn a_refusal_is_told_and_an_override_offered() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, ">");
    let (ticket, ..) = sent(&keys(&mut app, "Enter"));
    let refused = Reply::Refused {
        sentence: "That needs a commander.".to_owned(),
        unmet: vec![GateWord::Commander],
    };
    reply(&mut app, ticket, refused);
    let told = seen(&mut app);
    assert!(told.contains("Refused: That needs a commander."), "{told}");
    assert!(told.contains("nobody commands"), "{told}");
    write(&mut app, "acting alone");
    keys(&mut app, "Enter");
    let (_, _, command) = sent(&keys(&mut app, "142 Enter"));
    assert!(command.ends_with(r#""reason":"acting alone","override":true}"#));
}

#[test]
fn a_source_that_is_not_live_is_read_again_before_the_last_key() {
    let mut app = on(DYNAMICS, "DYN-31");
    keys(&mut app, "<");
    write(&mut app, "scope grew");
    assert!(seen(&mut app).contains("dynamics STALE: data of 14:03"));
    let ask = Effect::Reread {
        source: DYNAMICS,
        id: "DYN-31".to_owned(),
    };
    assert_eq!(keys(&mut app, "Enter"), vec![ask.clone()]);
    assert_eq!(keys(&mut app, "Enter"), [], "it is being read");
    let answer = |incident| Message::Reread {
        source: DYNAMICS,
        id: "DYN-31".to_owned(),
        incident,
    };
    update(&mut app, answer(Err("No route to it.".to_owned())));
    assert!(seen(&mut app).contains("Nothing is sent: DYN-31 could not be read again."));
    assert_eq!(keys(&mut app, "Enter"), [ask]);
    let now = arc(incident(&app, DYNAMICS, "DYN-31"));
    assert_eq!(update(&mut app, answer(Ok(now))), []);
    let (_, version, command) = sent(&keys(&mut app, "Enter"));
    assert_eq!(version, 12);
    assert!(command.contains("scope grew"));
}

#[test]
fn what_is_typed_is_kept_per_incident_and_dropped_when_done() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "w");
    write(&mut app, "half a thought");
    assert_eq!(keys(&mut app, "Esc"), [], "Esc sends nothing");
    select(&mut app, AZURE, "AZ-139");
    keys(&mut app, "w");
    assert!(!seen(&mut app).contains("half a thought"));
    keys(&mut app, "Esc");
    select(&mut app, AZURE, "AZ-142");
    keys(&mut app, "w");
    assert!(seen(&mut app).contains("half a thought"));
    let (ticket, ..) = sent(&keys(&mut app, "Enter Enter Enter Enter"));
    // Left before the answer: the draft stays until it is known to be done.
    keys(&mut app, "Esc");
    let done = Reply::Done {
        incident: arc(incident(&app, AZURE, "AZ-142")),
        unmet: Vec::new(),
    };
    reply(&mut app, ticket, done);
    keys(&mut app, "w");
    assert!(!seen(&mut app).contains("half a thought"));
}

#[test]
fn esc_never_sends_from_any_step() {
    for opening in [
        "> Esc",
        "p Esc",
        "x Enter Down Enter Esc Esc",
        "D Enter Enter Esc Esc",
    ] {
        let mut app = on(AZURE, "AZ-142");
        let mut effects = keys(&mut app, opening);
        // To ask what would follow sends nothing.
        effects.retain(|effect| !matches!(effect, Effect::Preview { .. }));
        assert_eq!(effects, [], "{opening}");
        assert_eq!(app.layers(), 0, "{opening}");
    }
}

#[test]
fn a_paste_is_text_and_never_a_key() {
    let mut app = on(AZURE, "AZ-139");
    keys(&mut app, "<");
    assert_eq!(paste(&mut app, "wider\n\u{1b}[31mscope\ry"), []);
    let (_, _, command) = sent(&keys(&mut app, "Enter"));
    assert!(
        command.contains(r#""reason":"wider [31mscope y""#),
        "{command}"
    );
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "x Enter Down Enter");
    assert_eq!(paste(&mut app, "y"), [], "a pasted y is no key");
}

#[test]
fn a_filter_narrows_as_typed_and_esc_puts_back_what_was() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "/");
    write(&mut app, "heron");
    assert!(seen(&mut app).contains("2 of 12 open"));
    keys(&mut app, "Esc");
    assert!(app.shared.filter.is_empty());
    keys(&mut app, "/");
    write(&mut app, "heron");
    keys(&mut app, "Enter");
    assert_eq!(app.shared.filter.text(), "heron");
    assert_eq!(app.layers(), 0);
}

#[test]
fn the_palette_finds_actions_and_incidents_and_offers_only_what_may_be() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, ":");
    write(&mut app, "amber finch");
    keys(&mut app, "Enter");
    let selected = app.shared.selected.clone().unwrap();
    assert_eq!((selected.source, selected.id.as_str()), (M365, "M365-77"));
    assert_eq!(app.screen(), crate::ui::screen::ScreenName::Incident);
    app.shared.options.read_only = true;
    keys(&mut app, ":");
    write(&mut app, "declare a");
    assert!(!seen(&mut app).contains("declare a customer"));
}

#[test]
fn a_dismissed_incident_is_found_by_its_id_and_how_it_comes_back_is_told() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, ":");
    write(&mut app, "az-3");
    assert!(seen(&mut app).contains("Enter ask azure for AZ-3"));
    let asks = Effect::Reread {
        source: AZURE,
        id: "AZ-3".to_owned(),
    };
    assert_eq!(keys(&mut app, "Enter"), [asks]);
    let mut ended = incident(&app, AZURE, "AZ-142");
    ended.id = "AZ-3".to_owned();
    ended.codename = "GREY FOX".to_owned();
    ended.ended = Some(crate::domain::word::Ended::Dismissed);
    let answer = |incident| Message::Reread {
        source: AZURE,
        id: "AZ-3".to_owned(),
        incident,
    };
    update(&mut app, answer(Ok(arc(ended))));
    let told = seen(&mut app);
    assert!(
        told.contains("AZ-3 GREY FOX is dismissed: warboard reopen AZ-3"),
        "{told}"
    );
    keys(&mut app, "Enter");
    update(
        &mut app,
        answer(Err("There is no such incident.".to_owned())),
    );
    let told = seen(&mut app);
    assert!(told.contains("AZ-3: There is no such incident."), "{told}");
    write(&mut app, "1");
    assert!(
        !seen(&mut app).contains("no such incident"),
        "that was another id"
    );
}

#[test]
fn a_page_that_goes_nowhere_is_told_as_failed_and_never_as_being_sent() {
    use crate::ui::theme::Role;
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "p");
    write(&mut app, "threat");
    keys(&mut app, "Space Enter Enter Enter");
    let effects = keys(&mut app, "y");
    let (ticket, ..) = sent(&effects);
    let mut after = incident(&app, AZURE, "AZ-142");
    let mut page = after.pages.first().cloned().unwrap();
    page.team = "threat-intelligence".to_owned();
    page.state = crate::domain::word::PageState::Failed;
    page.route = None;
    page.last_error = Some("no route".to_owned());
    after.pages.push(page);
    let done = Reply::Done {
        incident: arc(after),
        unmet: Vec::new(),
    };
    reply(&mut app, ticket, done);
    let toast = app.shared.toasts.last().unwrap();
    let told = "AZ-142: page threat-intelligence: threat-intelligence FAILED, no route: nobody was woken there.";
    assert_eq!((toast.text.as_str(), toast.role), (told, Role::Error));
}

#[test]
fn a_page_on_record_does_not_look_done_and_a_dismissal_says_the_way_back() {
    use crate::ui::theme::Role;
    let told = |app: &mut App, effects: &[Effect]| {
        let (ticket, ..) = sent(effects);
        let done = Reply::Done {
            incident: arc(incident(app, AZURE, "AZ-142")),
            unmet: Vec::new(),
        };
        reply(app, ticket, done);
        let toast = app.shared.toasts.last().unwrap();
        (toast.text.clone(), toast.role)
    };
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "p");
    write(&mut app, "threat");
    keys(&mut app, "Space Enter Enter Enter");
    let effects = keys(&mut app, "y");
    let page = "AZ-142: page threat-intelligence: on record, being sent.";
    assert_eq!(told(&mut app, &effects), (page.to_owned(), Role::Notice));
    let mut app = on(AZURE, "AZ-142");
    let effects = keys(&mut app, "a Enter Enter Enter");
    let (text, role) = told(&mut app, &effects);
    assert!(
        text.starts_with("AZ-142: answer coming for ") && role == Role::Toast,
        "{text}"
    );
    let mut app = on(AZURE, "AZ-140");
    keys(&mut app, "Q");
    write(&mut app, "a test");
    keys(&mut app, "Enter");
    let effects = keys(&mut app, "140 Enter");
    let (text, _) = told(&mut app, &effects);
    assert!(text.contains("warboard reopen AZ-140"), "{text}");
}
