//! What keys make of a form.

use super::*;
use crate::domain::instant::Instant;
use crate::ui::phrase::Zone;

fn clock() -> Clock {
    let now: Instant = "2026-11-23T14:07:32Z".parse().unwrap();
    Clock {
        now,
        zone: Zone::UTC,
    }
}

fn press(form: &mut Form, action: Action) -> Step {
    form.input(&LayerInput::Action(action), clock())
}

fn write(form: &mut Form, text: &str) {
    for c in text.chars() {
        form.input(&LayerInput::Char(c), clock());
    }
}

fn form() -> Form {
    Form::new(vec![
        Field::choice(
            "kind",
            "kind",
            vec![Item::new("fact", "fact"), Item::new("action", "action")],
        ),
        Field::when("at", "at", Side::Past),
        Field::text("reason", "reason", 20)
            .phrases(&["new indicator", "wider scope"])
            .required(),
    ])
}

#[test]
fn enter_goes_on_and_confirms_on_the_last_field_only_when_nothing_is_wrong() {
    let mut form = form();
    assert_eq!(press(&mut form, Action::ChooseDown), Step::Stay);
    assert_eq!(press(&mut form, Action::Confirm), Step::Stay);
    write(&mut form, "nonsense");
    assert_eq!(press(&mut form, Action::Confirm), Step::Stay);
    assert_eq!(form.focus(), Some("at"), "a fault keeps the focus");
    press(&mut form, Action::EraseLine);
    write(&mut form, "-20m");
    assert_eq!(press(&mut form, Action::Confirm), Step::ToLast);
    assert_eq!(press(&mut form, Action::Confirm), Step::Stay);
    assert_eq!(form.focus(), Some("reason"), "an empty reason is no reason");
    write(&mut form, "scope");
    assert_eq!(press(&mut form, Action::Confirm), Step::Confirm);
    assert_eq!(form.choice("kind"), Some("action"));
    assert_eq!(
        form.when("at").map(|when| when.to_string()).as_deref(),
        Some("2026-11-23T13:47:32Z")
    );
}

#[test]
fn arrows_pick_phrases_and_what_was_typed_comes_back() {
    let mut form = form();
    form.focus_on("reason");
    write(&mut form, "mine");
    press(&mut form, Action::ChooseDown);
    assert_eq!(form.text("reason"), "new indicator");
    press(&mut form, Action::ChooseDown);
    press(&mut form, Action::EraseWord);
    assert_eq!(form.text("reason"), "wider ");
    press(&mut form, Action::ChooseUp);
    press(&mut form, Action::ChooseUp);
    assert_eq!(form.text("reason"), "mine");
    write(&mut form, " is longer than twenty");
    assert_eq!(press(&mut form, Action::Confirm), Step::Stay);
}

#[test]
fn focus_passes_hidden_fields_and_goes_round() {
    let mut form = form();
    form.show("at", false);
    press(&mut form, Action::NextField);
    assert_eq!(form.focus(), Some("reason"));
    press(&mut form, Action::NextField);
    assert_eq!(form.focus(), Some("kind"));
    press(&mut form, Action::PreviousField);
    assert_eq!(form.focus(), Some("reason"));
    form.show("reason", false);
    assert_eq!(form.focus(), Some("kind"));
}

#[test]
fn a_draft_holds_what_a_person_changed_and_never_the_number() {
    let mut form = Form::new(vec![
        Field::text("reason", "reason", 20),
        Field::text("untouched", "untouched", 20).value("old"),
        Field::number("AZ-142"),
    ]);
    write(&mut form, "why");
    form.focus_on("number");
    write(&mut form, "14");
    assert_eq!(press(&mut form, Action::Confirm), Step::Stay);
    write(&mut form, "2");
    assert_eq!(press(&mut form, Action::Confirm), Step::Confirm);
    let draft = form.draft();
    assert_eq!(
        draft,
        [
            ("reason".to_owned(), "why".to_owned()),
            ("number".to_owned(), String::new())
        ]
    );
    let mut again = Form::new(vec![Field::text("reason", "reason", 20)]);
    assert!(again.restore(&draft, clock()));
    assert_eq!(again.text("reason"), "why");
}
