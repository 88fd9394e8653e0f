//! Who sees what, in dialogs: restricting and lifting, privileged entries, and the names of who is let in.

use super::foresight::{answer, declared};
use super::*;
use crate::domain::restriction::Restriction;
use crate::ui::fixture::{at, keys};
use crate::wire::{NewlyBody, PreviewBody};

fn restricted(app: &mut App, people: &[&str]) {
    let people: Vec<String> = people.iter().map(|one| (*one).to_owned()).collect();
    board(app, AZURE, |incident| {
        if incident.id == "AZ-142" {
            incident.restriction = Some(Restriction {
                people: people.clone(),
                by: "d.okafor".to_owned(),
                at: at("2026-11-23T13:00:00Z"),
                glass: Vec::new(),
            });
        }
    });
}

fn let_in() -> PreviewBody {
    PreviewBody {
        newly: Some(NewlyBody {
            people: vec!["l.costa".to_owned(), "p.abara".to_owned()],
            people_in_all: 2,
            displays: vec!["wall-7".to_owned()],
            roles: vec![crate::domain::word::Role::Viewer],
            teams: vec!["legal-affairs".to_owned()],
        }),
        ..declared()
    }
}

#[test]
fn restricting_begins_with_those_in_seats_and_asks_for_the_number() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "R Ctrl-U");
    write(&mut app, "l.costa, p.abara, l.costa");
    assert!(seen(&mut app).contains("l.costa, p.abara"));
    let asked = keys(&mut app, "Enter");
    answer(&mut app, &asked, Ok(declared()));
    assert!(seen(&mut app).contains("142"));
    let (_, version, command) = sent(&keys(&mut app, "142 Enter"));
    assert_eq!(version, 12);
    assert_eq!(
        command,
        r#"{"type":"restrict","people":["l.costa","p.abara"]}"#
    );
}

#[test]
fn names_with_blanks_between_are_people_of_their_own_and_an_unknown_one_is_said() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "R Ctrl-U");
    write(&mut app, "d.okafor l.costraa");
    let told = seen(&mut app);
    assert!(
        told.contains("Not seen on this board: l.costraa."),
        "{told}"
    );
    let asked = keys(&mut app, "Enter");
    answer(&mut app, &asked, Ok(declared()));
    let told = seen(&mut app);
    assert!(told.contains("restrict it to 2 people"), "{told}");
    let (_, _, command) = sent(&keys(&mut app, "142 Enter"));
    assert_eq!(
        command,
        r#"{"type":"restrict","people":["d.okafor","l.costraa"]}"#
    );
}

#[test]
fn lifting_tells_by_name_who_newly_sees_it() {
    let mut app = on(AZURE, "AZ-142");
    restricted(&mut app, &["d.okafor", "l.costa"]);
    keys(&mut app, "R Ctrl-U");
    let asked = keys(&mut app, "Enter");
    answer(&mut app, &asked, Ok(let_in()));
    let told = seen(&mut app);
    for words in [
        "Newly seen by 2 people: l.costa, p.abara.",
        "Displays: wall-7.",
        "Their roles: viewer.",
        "Teams: legal-affairs.",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    let (_, _, command) = sent(&keys(&mut app, "142 Enter"));
    assert_eq!(command, r#"{"type":"restrict","people":null}"#);
}

#[test]
fn an_entry_is_privileged_when_it_is_ticked() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "w");
    write(&mut app, "advice");
    let effects = keys(&mut app, "Tab Tab Space Tab");
    assert_eq!(effects, []);
    assert!(seen(&mut app).contains("PRIVILEGED"));
    let (_, _, command) = sent(&keys(&mut app, "Enter"));
    assert_eq!(
        command,
        r#"{"type":"note","text":"advice","kind":"fact","privileged":true}"#
    );
}
