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

#[test]
fn a_word_typed_into_a_choice_stays_chosen_when_one_goes_on() {
    let names = ["detected", "aware", "declared", "eradicated", "recovered"];
    let items = names.iter().map(|name| Item::new(*name, *name)).collect();
    let mut form = Form::new(vec![
        Field::choice("what", "what", items),
        Field::when("at", "at", Side::Past),
    ]);
    assert!(form.takes_text(), "else a letter is a key of the dialog");
    write(&mut form, "aware");
    assert_eq!(form.choice("what"), Some("aware"));
    press(&mut form, Action::NextField);
    assert_eq!(
        (form.focus(), form.choice("what")),
        (Some("at"), Some("aware"))
    );
    press(&mut form, Action::PreviousField);
    press(&mut form, Action::ChooseDown);
    assert_eq!(form.choice("what"), Some("declared"), "all are shown again");
    write(&mut form, "nonsense");
    assert_eq!(form.choice("what"), Some("declared"));
    assert_eq!(press(&mut form, Action::Confirm), Step::Stay);
    assert_eq!(
        form.focus(),
        Some("what"),
        "what is the name of nothing is told"
    );
    press(&mut form, Action::EraseLine);
    press(&mut form, Action::Confirm);
    assert_eq!(form.focus(), Some("at"));
}

#[test]
fn a_line_that_is_cut_says_so_at_the_end_where_it_goes_on() {
    use crate::domain::text::width;
    use crate::ui::glyph::Glyphs;
    let shown = |form: &Form| {
        let (rows, _) = draw::rows(form, (40, 10), Glyphs::default());
        let part = |part: &crate::ui::canvas::Part<'_>| match part {
            crate::ui::canvas::Part::Text(text, _) => text.to_string(),
            _ => String::new(),
        };
        rows[0].iter().skip(1).map(part).collect::<String>()
    };
    let mut form = Form::new(vec![Field::text("title", "title", 0)]);
    write(&mut form, "abcdefghijklmnopqrstuvwxyzabcdef");
    let end = shown(&form);
    assert!(
        end.starts_with('…') && end.trim_end().ends_with("def"),
        "{end:?}"
    );
    press(&mut form, Action::ToStart);
    let start = shown(&form);
    assert!(
        start.starts_with("abc") && start.ends_with('…'),
        "{start:?}"
    );
    for _ in 0..24 {
        press(&mut form, Action::ChooseRight);
    }
    for _ in 0..10 {
        press(&mut form, Action::ChooseRight);
        let middle = shown(&form);
        assert!(middle.starts_with('…'), "{middle:?}");
        assert_eq!(width(&middle), 24, "{middle:?}");
    }
}
