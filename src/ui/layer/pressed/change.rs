//! Edit, roles, lessons and seats: from keys to the command.

use serde_json::json;

use super::{command, on, on_changed, sent, typed};
use crate::domain::command::Command;
use crate::domain::command::assign::Assign;
use crate::domain::command::finish_lesson::FinishLesson;
use crate::domain::command::hand_over::HandOver;
use crate::domain::command::set::Set;
use crate::domain::command::take::Take;
use crate::domain::view::HandOverView;
use crate::domain::word::{Classification, Comms, Seat, Severity, Tlp};
use crate::ui::fixture::{at, keys, now, picture};
use crate::ui::message::Effect;

fn set(set: Set) -> Command {
    Command::Set(Box::new(set))
}

#[test]
fn edit_sends_only_what_was_touched() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "e");
    let effects = keys(&mut app, "Down S-Tab Enter");
    let expected = Set {
        severity: Some(Some(Severity::Sev2)),
        ..Set::default()
    };
    let (id, version, command) = sent(effects);
    assert_eq!((id.as_str(), version), ("AZ-142", 12));
    assert_eq!(command, set(expected));
}

#[test]
fn edit_clears_and_writes_and_ticks_several_fields_at_once() {
    let mut app = on(0, "AZ-142");
    // Classification, TLP, responsibility, title, bridge, channel, out of band, channels, regimes, zone, summary.
    keys(&mut app, "e Tab Up Tab Tab Tab Tab Ctrl-U Tab Tab");
    typed(&mut app, "sheet 4");
    keys(&mut app, "Tab Down Tab Space Tab Ctrl-U");
    typed(&mut app, "Europe/Paris");
    let expected = Set {
        classification: Some(Some(Classification::ConfirmedBreach)),
        bridge: Some(None),
        out_of_band: Some(Some("sheet 4".to_owned())),
        comms: Some(Comms::Suspect),
        regimes: Some(vec!["ms-72h".to_owned()]),
        profile: json!({"zone": "Europe/Paris"}).as_object().cloned(),
        ..Set::default()
    };
    assert_eq!(command(keys(&mut app, "Tab Enter")), set(expected));
}

#[test]
fn edit_sends_nothing_where_nothing_is_changed_or_a_zone_is_none() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "e");
    assert_eq!(keys(&mut app, "S-Tab Enter"), []);
    assert!(picture(&mut app, 80, 24).contains("Nothing is changed"));
    keys(&mut app, "S-Tab");
    typed(&mut app, "x");
    assert_eq!(keys(&mut app, "Tab Enter"), []);
    assert!(picture(&mut app, 100, 30).contains("no zone of the IANA database"));
}

#[test]
fn a_lower_mark_is_legal_record_and_says_who_will_see_it() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "e");
    let asked = keys(&mut app, "Tab Tab g S-Tab S-Tab S-Tab Enter");
    assert!(matches!(asked[..], [Effect::Preview { .. }]), "{asked:?}");
    let seen = picture(&mut app, 80, 24);
    assert!(
        seen.contains("TLP:AMBER") && seen.contains("TLP:GREEN"),
        "{seen}"
    );
    assert!(seen.contains("newly see"), "{seen}");
    insta::assert_snapshot!("edit_lower_mark_80x24", seen);
    assert_eq!(keys(&mut app, "141 Enter"), [], "another number");
    let expected = Set {
        tlp: Some(Tlp::Green),
        ..Set::default()
    };
    let effects = keys(&mut app, "Ctrl-U 142 Enter");
    assert_eq!(command(effects), set(expected));
}

#[test]
fn what_is_masked_is_not_edited() {
    let mut app = on_changed(0, "AZ-142", |incident| {
        incident.masked = vec!["title".to_owned(), "summary".to_owned()];
        (incident.title, incident.summary) = (None, None);
    });
    keys(&mut app, "e");
    let seen = picture(&mut app, 80, 40);
    assert!(!seen.contains("summary"), "{seen}");
    assert!(seen.contains("▒▒ what your clearance hides"), "{seen}");
}

#[test]
fn roles_fill_a_seat_vacate_it_and_name_a_decider() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "r Enter");
    typed(&mut app, "k.ono");
    let assign = |role, person: Option<&str>, duty: Option<&str>| {
        Command::Assign(Assign {
            role,
            person: person.map(str::to_owned),
            duty: duty.map(str::to_owned),
        })
    };
    let effects = keys(&mut app, "Enter");
    assert_eq!(command(effects), assign(Seat::Scribe, Some("k.ono"), None));

    let mut app = on(0, "AZ-142");
    let effects = keys(&mut app, "r Home Enter Enter");
    assert_eq!(command(effects), assign(Seat::Commander, None, None));

    let mut app = on(1, "M365-77");
    keys(&mut app, "r End Enter");
    typed(&mut app, "b.yilmaz");
    let effects = keys(&mut app, "Enter");
    let decider = assign(Seat::Decider, Some("b.yilmaz"), Some("hipaa/individuals"));
    assert_eq!(command(effects), decider);
}

#[test]
fn roles_refuse_what_is_so_already_and_offer_names_the_board_has_seen() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "r Home Enter");
    let seen = picture(&mut app, 80, 24);
    assert!(
        seen.contains("d.okafor") && seen.contains("m.ruiz"),
        "{seen}"
    );
    assert_eq!(keys(&mut app, "Down Enter"), []);
    assert!(picture(&mut app, 80, 24).contains("is that already"));
}

#[test]
fn lessons_are_added_and_finished_and_the_review_is_recorded() {
    let mut app = on(0, "AZ-120");
    keys(&mut app, "L Enter");
    typed(&mut app, "page privacy earlier");
    keys(&mut app, "Enter");
    typed(&mut app, "m.ruiz");
    keys(&mut app, "Enter");
    typed(&mut app, "2026-12-01");
    let Command::Lesson(body) = command(keys(&mut app, "Enter")) else {
        panic!("another command");
    };
    assert_eq!(body.text, "page privacy earlier");
    assert_eq!(body.owner.as_deref(), Some("m.ruiz"));
    assert_eq!(body.due, Some(at("2026-12-01T00:00:00Z")));

    let mut app = on(0, "AZ-120");
    let expected = FinishLesson {
        lesson: "l2".to_owned(),
    };
    let effects = keys(&mut app, "L Down Enter Down Enter");
    assert_eq!(command(effects), Command::FinishLesson(expected));

    let mut app = on(0, "AZ-120");
    keys(&mut app, "L End Enter Ctrl-U");
    typed(&mut app, "2026-11-20 10:00");
    keys(&mut app, "Enter");
    typed(&mut app, "keys had no owner");
    let Command::Review(body) = command(keys(&mut app, "Enter")) else {
        panic!("another command");
    };
    assert_eq!(body.held_at, at("2026-11-20T10:00:00Z"));
    assert_eq!(body.text, "keys had no owner");
}

#[test]
fn a_seat_is_handed_over_with_y_and_taken_with_enter() {
    let mut app = on(0, "AZ-142");
    keys(&mut app, "T Enter");
    typed(&mut app, "t.mbeki");
    assert_eq!(keys(&mut app, "Enter"), [], "the text is shown first");
    let seen = picture(&mut app, 80, 24);
    assert!(
        seen.contains("t.mbeki is offered the seat of commander"),
        "{seen}"
    );
    insta::assert_snapshot!("hand_over_80x24", seen);
    assert_eq!(keys(&mut app, "Enter"), [], "only y sends");
    let expected = HandOver {
        role: Seat::Commander,
        to: "t.mbeki".to_owned(),
    };
    assert_eq!(command(keys(&mut app, "y")), Command::HandOver(expected));

    let mut app = on(0, "AZ-142");
    let effects = keys(&mut app, "T t Enter");
    let scribe = Take { role: Seat::Scribe };
    assert_eq!(command(effects), Command::Take(scribe));

    let mut app = on_changed(1, "M365-61", |incident| {
        incident.hand_overs = vec![HandOverView {
            role: Seat::Commander,
            to: "d.okafor".to_owned(),
            by: "n.fofana".to_owned(),
            at: now(),
        }];
    });
    let effects = keys(&mut app, "T Enter");
    let offered = Take {
        role: Seat::Commander,
    };
    assert_eq!(command(effects), Command::Take(offered));
}
