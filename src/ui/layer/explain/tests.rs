//! What `Enter` on a clock asks of the backend, what it shows of the answer, and what while there is none.

use std::sync::Arc;

use crate::domain::word::DutyStatus;
use crate::ui::fixture::{app_with, board_with, keys, picture, shared, tick};
use crate::ui::message::{Effect, Message};
use crate::ui::{App, update};
use crate::wire::{ExplainBody, LineBody};

const DUTY: &str = "ms-72h/customer";

fn ask(version: u64) -> Effect {
    Effect::Explain {
        source: 0,
        id: "AZ-142".to_owned(),
        duty: DUTY.to_owned(),
        version,
    }
}

fn body(lines: &[(&str, &str)]) -> ExplainBody {
    let line = |(label, text): &(&str, &str)| LineBody {
        label: (*label).to_owned(),
        text: (*text).to_owned(),
    };
    ExplainBody {
        duty: DUTY.to_owned(),
        status: DutyStatus::Running,
        lines: lines.iter().map(line).collect(),
        citation: "Microsoft Learn, breach notice".to_owned(),
        confidence: "located".to_owned(),
        verified: "2026-11-23".to_owned(),
        rules: "0123456789abcdef0123456789abcdef".to_owned(),
        tz: "2026b".to_owned(),
    }
}

fn whole() -> ExplainBody {
    body(&[
        ("rule", "Microsoft practice, 72 h, customer: to customers"),
        ("trigger", "declared_at Fri 2026-11-20 16:49:00 UTC"),
        ("counted", "72 h elapsed from the declaration"),
        ("due", "Mon 2026-11-23 16:49:00 UTC"),
        ("exception", "a hold of law enforcement"),
        ("exception", "no customer is affected"),
        ("citation", "Microsoft Learn, breach notice"),
        ("computed", "tz database 2026b, catalogue 0123456789ab"),
    ])
}

/// A viewer before the arithmetic of the duty, and what was asked.
fn before(mask: bool) -> (App, Vec<Effect>) {
    let mut shared = shared();
    shared.options.mask = mask;
    let mut app = app_with(shared);
    keys(&mut app, "3");
    for _ in 0..40 {
        let at = app.shared.selected.as_ref().map(|target| target.id.clone());
        if at.as_deref() == Some("AZ-142") && app.shared.selected_duty.as_deref() == Some(DUTY) {
            let asked = keys(&mut app, "Enter");
            return (app, asked);
        }
        keys(&mut app, "j");
    }
    panic!("no such duty on the screen")
}

fn answer(app: &mut App, version: u64, body: Result<ExplainBody, &str>) -> Vec<Effect> {
    update(
        app,
        Message::Explained {
            source: 0,
            id: "AZ-142".to_owned(),
            duty: DUTY.to_owned(),
            version,
            body: body.map(Arc::new).map_err(str::to_owned),
        },
    )
}

fn changed(app: &mut App, version: u64) -> Vec<Effect> {
    let board = board_with(0, |incident| {
        if incident.id == "AZ-142" {
            incident.version = version;
        }
    });
    update(app, Message::Board(board))
}

#[test]
fn the_backends_own_lines_are_shown_once_they_are_read() {
    let (mut app, asked) = before(false);
    assert_eq!(asked, [ask(12)]);
    let waiting = picture(&mut app, 100, 40);
    assert!(waiting.contains("reading azure's arithmetic"), "{waiting}");
    assert!(
        waiting.contains("counted from"),
        "the board's own\n{waiting}"
    );
    answer(&mut app, 12, Ok(whole()));
    let told = picture(&mut app, 100, 40);
    assert!(told.contains("72 h elapsed from the declaration"), "{told}");
    assert!(
        !told.contains("reading azure") && !told.contains("counted from"),
        "{told}"
    );
    insta::assert_snapshot!("explain_80x24", picture(&mut app, 80, 24));
}

#[test]
fn a_read_that_fails_says_so_and_shows_what_the_board_has() {
    let (mut app, _) = before(false);
    answer(&mut app, 12, Err("azure did not answer"));
    let told = picture(&mut app, 100, 40);
    assert!(
        told.contains("did not tell its arithmetic: azure did not answer"),
        "{told}"
    );
    assert!(told.contains("counted from"), "{told}");
}

#[test]
fn it_is_asked_again_when_the_incident_changes_and_an_overtaken_answer_is_dropped() {
    let (mut app, _) = before(false);
    assert_eq!(changed(&mut app, 12), [], "nothing new");
    assert_eq!(changed(&mut app, 13), [ask(13)]);
    answer(&mut app, 13, Ok(body(&[("counted", "of thirteen")])));
    answer(&mut app, 12, Ok(body(&[("counted", "of twelve")])));
    answer(&mut app, 12, Err("lost"));
    let told = picture(&mut app, 100, 40);
    assert!(told.contains("of thirteen"), "{told}");
    assert_eq!(changed(&mut app, 14), [ask(14)]);
    tick(&mut app, 400);
    let told = picture(&mut app, 100, 40);
    assert!(
        told.contains("of thirteen") && told.contains("the incident has changed; reading"),
        "{told}"
    );
}

#[test]
fn an_answer_for_another_duty_says_nothing_here() {
    let (mut app, _) = before(false);
    let other = Message::Explained {
        source: 0,
        id: "AZ-142".to_owned(),
        duty: "gdpr-33/authority".to_owned(),
        version: 12,
        body: Ok(Arc::new(whole())),
    };
    update(&mut app, other);
    assert!(picture(&mut app, 100, 40).contains("reading azure's arithmetic"));
}

#[test]
fn a_long_arithmetic_scrolls_to_its_end() {
    let (mut app, _) = before(false);
    let days: Vec<String> = (1..60).map(|day| format!("day {day} counts")).collect();
    let lines: Vec<(&str, &str)> = days.iter().map(|day| ("day", day.as_str())).collect();
    answer(&mut app, 12, Ok(body(&lines)));
    picture(&mut app, 80, 24);
    assert!(!picture(&mut app, 80, 24).contains("rules 0123456789ab"));
    keys(&mut app, "End");
    let told = picture(&mut app, 80, 24);
    assert!(told.contains("rules 0123456789ab"), "{told}");
    assert!(told.contains("time zones 2026b"), "{told}");
    // A shorter answer leaves nobody below its end.
    answer(&mut app, 12, Ok(whole()));
    assert!(picture(&mut app, 80, 24).contains("72 h elapsed"));
}

#[test]
fn a_room_where_texts_are_hidden_asks_for_none() {
    let (mut app, asked) = before(true);
    assert_eq!(asked, []);
    assert_eq!(changed(&mut app, 13), []);
    assert!(picture(&mut app, 100, 40).contains("counted from"));
}
