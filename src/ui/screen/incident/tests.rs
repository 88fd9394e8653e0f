//! What the incident screen shows and does: pictures in four sizes, panes and scrolling, the timeline as it is asked for
//! and read, what is hidden, and that ticks draw the same as a draw.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::json;

use crate::domain::view::{HandOverView, ProposedView, Upstream};
use crate::domain::when::When;
use crate::domain::word::{Comms, PageState, Seat, Via};
use crate::ui::fixture::{at, board_with, keys, now, picture, shared, shared_with, tick};
use crate::ui::input::Input;
use crate::ui::message::{Effect, Message};
use crate::ui::shared::{Options, Shared, Target};
use crate::ui::{App, draw, tick as patched, update};
use crate::wire::EntryBody;

fn target(source: usize, id: &str) -> Target {
    Target {
        source,
        id: id.to_owned(),
    }
}

fn entry(
    seq: u64,
    minutes_ago: i64,
    by: &str,
    kind: &str,
    line: &str,
    body: serde_json::Value,
) -> EntryBody {
    EntryBody {
        seq,
        version: seq,
        at: now() - chrono::TimeDelta::minutes(minutes_ago),
        by: by.to_owned(),
        via: Via::Board,
        kind: kind.to_owned(),
        line: Some(line.to_owned()),
        body,
        redacted: None,
    }
}

fn entries() -> Vec<EntryBody> {
    let mut entries = vec![
        entry(1, 4_227, "sentinel", "opened", "opened", json!({})),
        entry(
            2,
            4_202,
            "d.okafor",
            "time_recorded",
            "aware recorded",
            json!({}),
        ),
        entry(
            3,
            4_158,
            "d.okafor",
            "declared",
            "declared reportable",
            json!({"reason": "customer tokens in foreign hands"}),
        ),
        entry(
            4,
            60,
            "t.mbeki",
            "noted",
            "fact noted",
            json!({"kind": "fact", "text": "Key id 7f3a signed tokens for a tenant that never used this issuer.\nSeen in 14 regions."}),
        ),
        entry(
            5,
            38,
            "d.okafor",
            "advanced",
            "looped back: new indicator",
            json!({"reason": "new indicator"}),
        ),
        entry(
            6,
            7,
            "d.okafor",
            "page_queued",
            "paged legal-affairs",
            json!({}),
        ),
    ];
    for seq in 7..40 {
        entries.push(entry(
            seq,
            1,
            "scribe",
            "noted",
            "fact noted",
            json!({"kind": "fact", "text": format!("line {seq}")}),
        ));
    }
    entries
}

fn give(app: &mut App, of: (usize, &str), complete: bool) {
    let message = Message::Timeline {
        source: of.0,
        id: of.1.to_owned(),
        entries: entries(),
        complete,
    };
    update(app, message);
}

/// AZ-142 with more of everything than the board's own has.
fn full(shared: &mut Shared) {
    shared.board = board_with(0, |incident| {
        if incident.id != "AZ-142" {
            return;
        }
        incident.comms = Comms::Suspect;
        incident.out_of_band = Some("satellite phone list, sheet 4".to_owned());
        incident.profile.insert(
            "affected".to_owned(),
            json!({"tenants": 1200, "persons": 48000}),
        );
        incident.upstream = Some(Upstream {
            connector: "sentinel".to_owned(),
            key: "INC-99812".to_owned(),
            url: Some("https://portal.example/incidents/99812".to_owned()),
            rest: serde_json::Map::new(),
        });
        incident.hand_overs = vec![HandOverView {
            role: Seat::Commander,
            to: "t.mbeki".to_owned(),
            by: "d.okafor".to_owned(),
            at: at("2026-11-23T14:01:00Z"),
        }];
        if let Some(declared) = incident.triggers.get_mut("declared_at") {
            declared.proposed = Some(ProposedView {
                at: When::exact(at("2026-11-21T06:49:00Z")),
                by: "d.okafor".to_owned(),
                entered_at: at("2026-11-23T13:00:00Z"),
                reason: None,
            });
        }
        if let Some(page) = incident.pages.get_mut(1) {
            page.state = PageState::Failed;
            page.last_error = Some("no route takes texts above green".to_owned());
        }
    });
    let (board, filter) = (Arc::clone(&shared.board), shared.filter.clone());
    shared
        .index
        .update(&board, &filter, shared.now, shared.wall);
}

fn looking() -> App {
    let mut shared = shared();
    full(&mut shared);
    let mut app = App::new(shared);
    tick(&mut app, 0);
    app.show_incident(target(0, "AZ-142"));
    give(&mut app, (0, "AZ-142"), true);
    app
}

#[test]
fn the_screen_in_four_sizes() {
    let mut app = looking();
    insta::assert_snapshot!("incident_200x50", picture(&mut app, 200, 50));
    insta::assert_snapshot!("incident_120x40", picture(&mut app, 120, 40));
    insta::assert_snapshot!("incident_80x24", picture(&mut app, 80, 24));
    insta::assert_snapshot!("incident_40x12", picture(&mut app, 40, 12));
}

#[test]
fn other_incidents_stand_in_it_too() {
    let mut app = looking();
    app.show_incident(target(3, "DYN-31"));
    insta::assert_snapshot!("stale_80x24", picture(&mut app, 80, 24));
    app.show_incident(target(0, "AZ-120"));
    keys(&mut app, "z");
    insta::assert_snapshot!("post_120x40", picture(&mut app, 120, 40));
    app.show_incident(target(0, "AZ-145"));
    insta::assert_snapshot!("exercise_60x16", picture(&mut app, 60, 16));
}

#[test]
fn the_timeline_is_asked_for_when_looked_at_and_when_the_version_grows() {
    let mut app = App::new(shared());
    tick(&mut app, 0);
    let wanted = Effect::Timeline {
        source: 0,
        id: "AZ-142".to_owned(),
    };
    assert_eq!(keys(&mut app, "Enter"), std::slice::from_ref(&wanted));
    assert!(picture(&mut app, 80, 24).contains("being read"));
    let same = app.shared.board.clone();
    assert_eq!(update(&mut app, Message::Board(same)), []);
    let newer = board_with(0, |incident| incident.version += 1);
    assert_eq!(update(&mut app, Message::Board(newer.clone())), [wanted]);
    assert_eq!(update(&mut app, Message::Board(newer)), []);
}

#[test]
fn another_incidents_timeline_is_dropped_and_a_failed_one_is_told() {
    let mut app = App::new(shared());
    tick(&mut app, 0);
    keys(&mut app, "Enter");
    give(&mut app, (0, "AZ-140"), true);
    assert!(!picture(&mut app, 120, 40).contains("line 39"));
    give(&mut app, (0, "AZ-142"), false);
    let seen = picture(&mut app, 120, 40);
    assert!(seen.contains("INCOMPLETE: 39 lines were read"), "{seen}");
    let failed = Message::TimelineFailed {
        source: 0,
        id: "AZ-142".to_owned(),
        sentence: "azure answered 500.".to_owned(),
    };
    update(&mut app, failed);
    let seen = picture(&mut app, 200, 50);
    assert!(
        seen.contains("could not be read. azure answered 500."),
        "{seen}"
    );
    assert!(seen.contains("line 39"), "{seen}");
}

#[test]
fn panes_change_and_scroll_and_stay_within_their_lines() {
    let mut app = looking();
    let before = picture(&mut app, 40, 12);
    assert!(before.contains("DUTIES"), "{before}");
    keys(&mut app, "Tab Tab");
    let top = picture(&mut app, 40, 12);
    assert!(top.contains("TIMELINE") && top.contains("line 39"), "{top}");
    keys(&mut app, "j j Ctrl-D");
    let down = picture(&mut app, 40, 12);
    assert!(!down.contains("line 39"), "{down}");
    keys(&mut app, "G");
    let end = picture(&mut app, 40, 12);
    assert!(end.contains("opened"), "{end}");
    keys(&mut app, "k");
    assert_ne!(
        picture(&mut app, 40, 12),
        end,
        "the end was left by one step"
    );
    keys(&mut app, "gg");
    assert!(picture(&mut app, 40, 12).contains("line 39"));
    keys(&mut app, "Tab");
    assert!(picture(&mut app, 40, 12).contains("FACTS"));
}

#[test]
fn what_is_hidden_is_drawn_as_hidden_and_never_as_vacant() {
    let mut masked = shared();
    masked.board = board_with(0, |incident| {
        for name in [
            "title",
            "summary",
            "commander",
            "deputy",
            "scribe",
            "owner_lead",
            "service_lead",
        ] {
            incident.masked.push(name.to_owned());
        }
        (incident.commander, incident.service_lead, incident.title) = (None, None, None);
        incident.owner_lead = None;
    });
    let mut app = App::new(masked);
    tick(&mut app, 0);
    app.show_incident(target(0, "AZ-142"));
    let seen = picture(&mut app, 200, 50);
    assert!(
        !seen.contains("VACANT") && !seen.contains("vacant"),
        "{seen}"
    );
    assert!(seen.matches("▒▒").count() >= 7, "{seen}");

    let options = Options {
        mask: true,
        ..Options::default()
    };
    let mut app = App::new(shared_with(options, "night"));
    tick(&mut app, 0);
    app.show_incident(target(0, "AZ-142"));
    give(&mut app, (0, "AZ-142"), true);
    let seen = picture(&mut app, 200, 50);
    for word in [
        "Token signing",
        "t.mbeki",
        "j.lindqvist",
        "k.ito",
        "Key id 7f3a",
        "foreign hands",
    ] {
        assert!(!seen.contains(word), "{word} is seen\n{seen}");
    }
}

#[test]
fn an_incident_that_is_gone_is_said_to_be_gone() {
    let mut app = App::new(shared());
    tick(&mut app, 0);
    app.show_incident(target(0, "AZ-999"));
    assert!(picture(&mut app, 80, 24).contains("AZ-999 is not on the board"));
}

#[test]
fn after_any_run_of_ticks_the_picture_is_what_a_draw_gives() {
    for (w, h) in [(200, 50), (120, 40), (80, 24), (40, 12)] {
        let mut app = looking();
        update(&mut app, Message::Input(Input::Resize { w, h }));
        for id in [
            (0, "AZ-142"),
            (1, "M365-77"),
            (0, "AZ-140"),
            (0, "AZ-120"),
            (3, "DYN-31"),
        ] {
            app.show_incident(target(id.0, id.1));
            let mut front = Buffer::empty(Rect::new(0, 0, w, h));
            let mut live = draw(&app, &mut front);
            let steps = [
                1_000, 9_000, 47_000, 600_000, 59_000, 3_600_000, 7_000_000, 40_000_000,
            ];
            for ms in steps.iter().cycle().take(40) {
                tick(&mut app, *ms);
                let told = patched(&live, app.shared.now);
                let mut whole = Buffer::empty(front.area);
                let anew = draw(&app, &mut whole);
                if told.redraw {
                    (front, live) = (whole, anew);
                    continue;
                }
                for patch in told.patches {
                    front.set_string(patch.x, patch.y, &patch.text, patch.style);
                }
                assert_eq!(front, whole, "{w}x{h} {id:?} after {ms} ms");
            }
        }
    }
}

#[test]
fn what_is_restricted_and_privileged_says_so_in_words_but_not_to_a_room() {
    use crate::domain::restriction::{Glass, Restriction};
    let restriction = Restriction {
        people: vec!["d.okafor".to_owned(), "l.costa".to_owned()],
        by: "d.okafor".to_owned(),
        at: now() - chrono::TimeDelta::hours(1),
        glass: vec![Glass {
            by: "root".to_owned(),
            at: now() - chrono::TimeDelta::minutes(5),
            until: now() + chrono::TimeDelta::minutes(55),
            reason: "nobody answers".to_owned(),
            mended_at: None,
            unpaged: vec!["l.costa".to_owned()],
        }],
    };
    let entry = |seq: u64, text: &str, privileged: bool| crate::wire::EntryBody {
        seq,
        version: seq,
        at: now(),
        by: "l.costa".to_owned(),
        via: crate::domain::word::Via::Api,
        kind: "noted".to_owned(),
        line: None,
        redacted: None,
        body: serde_json::json!({"kind": "fact", "text": text, "privileged": privileged}),
    };
    for mask in [false, true] {
        let options = Options {
            mask,
            ..Options::default()
        };
        let mut shared = shared_with(options, "night");
        shared.board = board_with(0, |incident| {
            if incident.id == "AZ-142" {
                incident.restriction = Some(restriction.clone());
            }
        });
        let mut app = App::new(shared);
        tick(&mut app, 0);
        app.show_incident(target(0, "AZ-142"));
        let message = Message::Timeline {
            source: 0,
            id: "AZ-142".to_owned(),
            entries: vec![entry(1, "plain words", false), entry(2, "advice", true)],
            complete: true,
        };
        update(&mut app, message);
        let seen = picture(&mut app, 200, 50);
        let told = [
            "RESTRICTED",
            "d.okafor, l.costa",
            "GLASS BROKEN by root",
            "NO PAGE REACHES l.costa",
            "PRIVILEGED fact: advice",
        ];
        for words in told.iter().skip(usize::from(mask)) {
            assert_eq!(seen.contains(words), !mask, "{words}\n{seen}");
        }
        // What comes from a source to a shared room has no restricted incident in it.
        let board = app.shared.board.clone();
        update(&mut app, Message::Board(board));
        let there = app.shared.board.incident(0, "AZ-142").is_some();
        assert_eq!(there, !mask);
    }
}

#[test]
fn a_group_of_alerts_that_flaps_has_one_line_and_its_course_stands_with_the_facts() {
    let upstream = |fired: u64, since: &str, resolved: bool| {
        let resolved_at = resolved.then_some("2026-11-23T13:00:00Z");
        json!({"connector": "alerts", "key": "{}:{}", "raw_status": "firing", "standing": if resolved { "resolved" } else { "open" },
            "alerts": {"group": "g", "episode": 1, "alerts": 2, "fired": fired, "since": since, "fired_at": "2026-11-23T12:40:00Z",
                "resolved_at": resolved_at, "newest_at": null, "text": ""}})
    };
    let heard = |seq: u64, line: &str, fired: u64, since: &str, resolved: bool| {
        let body = json!({"upstream": upstream(fired, since, resolved)});
        entry(seq, 90, "alerts", "upstream_changed", line, body)
    };
    let (first, second) = ("2026-11-23T09:00:00Z", "2026-11-23T12:00:00Z");
    let now_there: Upstream = serde_json::from_value(upstream(7, second, false)).unwrap();
    let mut shared = shared();
    shared.board = board_with(0, |incident| {
        if incident.id == "AZ-142" {
            incident.upstream = Some(now_there.clone());
        }
    });
    let mut app = App::new(shared);
    tick(&mut app, 0);
    app.show_incident(target(0, "AZ-142"));
    let message = Message::Timeline {
        source: 0,
        id: "AZ-142".to_owned(),
        entries: vec![
            heard(2, "line of the first firing", 1, first, true),
            heard(3, "line of the second firing", 1, second, true),
            heard(4, "line of its repeat", 2, second, false),
            heard(5, "line of its end", 2, second, true),
            heard(6, "line of all of it", 7, second, false),
            entry(7, 1, "d.okafor", "noted", "fact noted", json!({})),
            heard(8, "line after the note", 8, second, true),
        ],
        complete: true,
    };
    update(&mut app, message);
    let seen = picture(&mut app, 200, 50);
    for words in [
        "line of the first firing",
        "line of all of it",
        "line after the note",
        "firing, fired 7 times in 40m; 2 alerts",
    ] {
        assert!(seen.contains(words), "{words}\n{seen}");
    }
    for words in ["second firing", "its repeat", "its end"] {
        assert!(!seen.contains(words), "{words}\n{seen}");
    }
}

/// 26 of 36 lines said `page progressed` while one webhook answered 500.
#[test]
fn a_page_that_is_tried_again_and_again_has_one_line_in_words() {
    let tried = |seq: u64, attempts: u64| {
        let line = format!("communications-azure: tried {attempts} times, 500");
        let body = json!({"page": "p1", "state": "sending", "attempts": attempts});
        entry(seq, 1, "pager", "page_progressed", &line, body)
    };
    let mut entries: Vec<EntryBody> = (2..28).map(|n| tried(n, n - 1)).collect();
    entries.push(entry(1, 9, "d.okafor", "noted", "fact noted", json!({})));
    let mut app = looking();
    let message = Message::Timeline {
        source: 0,
        id: "AZ-142".to_owned(),
        entries,
        complete: true,
    };
    update(&mut app, message);
    let seen = picture(&mut app, 200, 50);
    assert!(seen.contains("TIMELINE 2, newest first"), "{seen}");
    assert!(seen.contains("tried 26 times, 500"), "{seen}");
    assert!(!seen.contains("tried 25") && !seen.contains("page progressed"));
}
