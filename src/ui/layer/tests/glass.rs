//! Breaking the glass from the board, and opening an incident that exists for some people only.

use super::*;
use crate::domain::board::{About, Board, Source};
use crate::domain::restriction::{Glass, Restriction};
use crate::domain::word::Role;
use crate::ui::fixture::{at, keys, picture, shared_with};
use crate::ui::shared::Options;

/// The board as these people see it whose role at each source is this.
fn as_role(role: impl Fn(usize) -> Role) -> Arc<Board> {
    let mut board = fixture::board();
    for (place, source) in board.sources.iter_mut().enumerate() {
        let mut of = Source::clone(source);
        let mut about = About::clone(of.about.as_ref().unwrap());
        about.you.role = role(place);
        of.about = Some(Arc::new(about));
        *source = Arc::new(of);
    }
    board.generation += 1;
    Arc::new(board)
}

fn admin_with(options: Options) -> App {
    let mut app = fixture::app_with(shared_with(options, "night"));
    update(&mut app, Message::Board(as_role(|_| Role::Admin)));
    app
}

pub(super) fn admin() -> App {
    admin_with(Options::default())
}

/// What the palette finds under these words.
fn found(app: &mut App, words: &str) -> String {
    keys(app, ":");
    write(app, words);
    let found = seen(app);
    keys(app, "Esc");
    found
}

const GLASS: &str = "break the glass of a restricted incident";

fn open_dialog(app: &mut App) {
    keys(app, ":");
    write(app, "break glass");
    keys(app, "Enter");
    assert!(seen(app).contains(GLASS), "{}", seen(app));
}

/// Types the id and the reason, and takes the last look.
fn look(app: &mut App, id: &str) {
    open_dialog(app);
    write(app, id);
    keys(app, "Enter");
    write(app, "nobody answers");
    keys(app, "Enter");
}

/// The incident as its backend shows it to whoever broke the glass.
pub(super) fn broken(app: &App, minutes: i64) -> IncidentView {
    let mut of = incident(app, AZURE, "AZ-142");
    of.id = "AZ-150".to_owned();
    of.codename = "QUIET OSPREY".to_owned();
    of.restriction = Some(Restriction {
        people: vec!["l.costa".to_owned()],
        by: "l.costa".to_owned(),
        at: at("2026-11-23T10:00:00Z"),
        glass: vec![Glass {
            by: "d.okafor".to_owned(),
            at: fixture::now(),
            until: fixture::now() + chrono::TimeDelta::minutes(minutes),
            reason: "nobody answers".to_owned(),
            mended_at: None,
            unpaged: vec!["l.costa".to_owned()],
        }],
    });
    of
}

pub(super) fn with(app: &mut App, new: IncidentView) {
    let mut board = Board::clone(&app.shared.board);
    let mut source = Source::clone(&board.sources[AZURE]);
    let id = new.id.clone();
    let others = source.incidents.iter().filter(|one| one.id != id);
    let incidents: Vec<_> = others.cloned().chain([arc(new)]).collect();
    source.incidents = Arc::new(incidents);
    board.sources[AZURE] = Arc::new(source);
    update(app, Message::Board(Arc::new(board)));
}

#[test]
fn the_palette_offers_it_to_whom_the_backend_would_allow_it_and_to_nobody_else() {
    assert!(found(&mut admin(), "break glass").contains(GLASS));
    assert!(found(&mut admin(), "glass").contains(GLASS));
    let commander = &mut fixture::app();
    assert!(!found(commander, "break glass").contains(GLASS));
    for options in [
        Options {
            read_only: true,
            ..Options::default()
        },
        Options {
            mask: true,
            ..Options::default()
        },
    ] {
        assert!(!found(&mut admin_with(options), "break glass").contains(GLASS));
    }
    // Help tells by what word, to them alone.
    for (mut app, offered) in [(admin(), true), (fixture::app(), false)] {
        keys(&mut app, "?");
        let help = picture(&mut app, 200, 90);
        assert_eq!(help.contains(":break"), offered, "{help}");
    }
}

#[test]
fn the_last_look_says_what_follows_and_the_number_is_typed() {
    let mut app = admin();
    look(&mut app, "az-150");
    let told = seen(&mut app);
    for words in [
        "AZ-150 at azure",
        "d.okafor",
        "nobody answers",
        "Recorded for good",
        "Paged at once",
        "one hour",
        "type 150, then Enter: break the glass",
    ] {
        assert!(told.contains(words), "{words}\n{told}");
    }
    insta::assert_snapshot!("break_glass_80x24", picture(&mut app, 80, 24));
    assert_eq!(keys(&mut app, "Enter"), [], "nothing without the number");
    let effects = keys(&mut app, "150 Enter");
    let sent = Effect::BreakGlass {
        ticket: 1,
        source: AZURE,
        id: "AZ-150".to_owned(),
        reason: "nobody answers".to_owned(),
    };
    assert_eq!(effects, [sent]);
    // What comes behind it is on the board, marked with what is left, and selected; whom no page reaches is told.
    let new = broken(&app, 60);
    let done = Reply::Done {
        incident: arc(new.clone()),
        unmet: Vec::new(),
    };
    reply(&mut app, 1, done);
    assert_eq!(app.layers(), 0);
    let told = seen(&mut app);
    assert!(told.contains("on the board until 15:07"), "{told}");
    assert!(told.contains("no page reaches l.costa"), "{told}");
    with(&mut app, new);
    assert_eq!(app.shared.selected.clone().unwrap().id, "AZ-150");
}

#[test]
fn an_id_and_a_reason_are_asked_for_before_anything_else() {
    let mut app = admin();
    open_dialog(&mut app);
    keys(&mut app, "Enter Enter");
    assert!(!seen(&mut app).contains("Recorded for good"));
    // The first that is wrong has the focus again.
    write(&mut app, "the vault");
    keys(&mut app, "Tab");
    write(&mut app, "nobody answers");
    keys(&mut app, "Enter");
    let told = seen(&mut app);
    assert!(told.contains("That is no id"), "{told}");
    // What was typed is kept when the dialog is left.
    keys(&mut app, "Esc");
    open_dialog(&mut app);
    let told = seen(&mut app);
    assert!(
        told.contains("nobody answers") && told.contains("the draft of before"),
        "{told}"
    );
}

#[test]
fn an_unknown_id_is_refused_as_one_that_may_not_be_broken() {
    let said: Vec<String> = ["AZ-150", "AZ-9999"]
        .iter()
        .map(|id| {
            let mut app = admin();
            look(&mut app, id);
            let number = id.split('-').nth(1).unwrap();
            let effects = keys(&mut app, &format!("{number} Enter"));
            assert!(matches!(
                effects.as_slice(),
                [Effect::BreakGlass { ticket: 1, .. }]
            ));
            // A backend says nothing else than 404 to both.
            let sentence = crate::client::ApiError::NotFound.to_string();
            reply(&mut app, 1, Reply::NotAllowed { sentence });
            let told = seen(&mut app);
            assert!(told.contains("nothing was done"), "{told}");
            told.replace(*id, "ID")
                .lines()
                .find(|line| line.contains("nothing was done"))
                .map(|line| line.trim_matches([' ', '│']).to_owned())
                .unwrap()
        })
        .collect();
    assert_eq!(said[0], said[1]);
}

#[test]
fn without_an_answer_the_same_is_sent_again() {
    let mut app = admin();
    look(&mut app, "AZ-150");
    let first = keys(&mut app, "150 Enter");
    let sentence = "azure did not answer.".to_owned();
    reply(&mut app, 1, Reply::Unreachable { sentence });
    let told = seen(&mut app);
    assert!(
        told.contains("Whether it was done is not known") && told.contains("send the same again"),
        "{told}"
    );
    assert_eq!(keys(&mut app, "Enter"), first);
}

#[test]
fn it_is_asked_of_the_backend_whose_ids_are_such_and_of_none_that_is_not_live() {
    let mut app = admin();
    look(&mut app, "DYN-7");
    let told = seen(&mut app);
    assert!(told.contains("DYN-7 at dynamics"), "{told}");
    assert_eq!(keys(&mut app, "7 Enter"), [Effect::AskNow]);
    assert!(seen(&mut app).contains("Nothing was sent: dynamics is STALE"));
    // Where several might have it, one is chosen.
    let mut app = admin();
    open_dialog(&mut app);
    write(&mut app, "ZZ-7");
    keys(&mut app, "Enter");
    assert!(seen(&mut app).contains("m365"));
    keys(&mut app, "Down Enter");
    write(&mut app, "nobody answers");
    keys(&mut app, "Enter");
    assert!(seen(&mut app).contains("ZZ-7 at m365"));
    // Only those that would let one are asked.
    let mut app = fixture::app();
    let board = as_role(|place| match place {
        M365 => Role::Admin,
        _ => Role::Commander,
    });
    update(&mut app, Message::Board(board));
    look(&mut app, "AZ-150");
    assert!(seen(&mut app).contains("AZ-150 at m365"));
}

#[test]
fn broken_glass_stands_with_what_is_left_of_it_wherever_the_incident_does() {
    let mut app = admin();
    let new = broken(&app, 42);
    with(&mut app, new);
    for screen in ["1", "3", "4"] {
        keys(&mut app, screen);
        for (width, height) in [(80, 24), (120, 30), (200, 50)] {
            let drawn = picture(&mut app, width, height);
            let told = ["GLASS 41m", "GLASS 42m", "GLASS BROKEN 41m left"];
            assert!(
                told.iter().any(|words| drawn.contains(words)),
                "{screen} at {width}x{height}:\n{drawn}"
            );
        }
    }
    app.show_incident(Target {
        source: AZURE,
        id: "AZ-150".to_owned(),
    });
    for (width, words) in [(40, "GLASS 41m"), (120, "GLASS BROKEN 41m left")] {
        let drawn = picture(&mut app, width, 40);
        assert!(drawn.contains(words), "{drawn}");
    }
    // When its time is over it says so no longer, whether or not the backend was heard.
    fixture::tick(&mut app, 42 * 60_000);
    let drawn = picture(&mut app, 120, 40);
    assert!(!drawn.contains("m left"), "{drawn}");
    assert!(drawn.contains("RESTRICTED"), "{drawn}");
}

#[test]
fn one_is_opened_for_some_people_only_and_says_so_before_it_is() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "+");
    write(&mut app, "Odd tokens");
    keys(&mut app, "Enter Enter Enter Enter");
    write(&mut app, "l.costa, p.abara, l.costa");
    keys(&mut app, "Tab Tab Tab");
    let told = seen(&mut app);
    assert!(
        told.contains("d.okafor, l.costa, p.abara; for nobody else it ever exists"),
        "{told}"
    );
    assert!(told.contains("open it at azure, restricted"), "{told}");
    insta::assert_snapshot!("open_restricted_80x24", picture(&mut app, 80, 24));
    let effects = keys(&mut app, "Enter");
    let [Effect::Open { open, .. }] = effects.as_slice() else {
        panic!("an incident should have been opened: {effects:?}");
    };
    assert_eq!(
        serde_json::to_string(open).unwrap(),
        r#"{"service":"azure","title":"Odd tokens","tlp":"amber","people":["l.costa","p.abara"]}"#
    );
}

#[test]
fn a_list_without_a_name_opens_nothing_and_whoever_may_not_restrict_is_not_asked() {
    let mut app = on(AZURE, "AZ-142");
    keys(&mut app, "+");
    write(&mut app, "Odd tokens");
    keys(&mut app, "Enter Enter Enter Enter");
    write(&mut app, " , ");
    assert_eq!(keys(&mut app, "Tab Tab Tab Enter"), []);
    let told = seen(&mut app);
    assert!(told.contains("There is no name in it"), "{told}");
    let mut app = fixture::app();
    let mut board = Board::clone(&as_role(|_| Role::Responder));
    for source in &mut board.sources {
        let mut of = Source::clone(source);
        let mut about = About::clone(of.about.as_ref().unwrap());
        about.you.counsel = false;
        of.about = Some(Arc::new(about));
        *source = Arc::new(of);
    }
    update(&mut app, Message::Board(Arc::new(board)));
    keys(&mut app, "+");
    let told = seen(&mut app);
    assert!(
        told.contains("exercise") && !told.contains("empty: everybody"),
        "{told}"
    );
}
