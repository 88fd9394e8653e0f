//! What a wall tells of its sources: why one is down, what it does not read, whose time ends, what was never heard.

use super::*;

#[test]
fn why_a_source_is_down_is_told_and_its_refused_token_is_not_waited_for() {
    let refused = |source: &mut Source| {
        source.refused_since = Some(crate::ui::fixture::MONO - 20_000);
        source.heard = source.refused_since;
        source.fault = Some(Fault::TokenRefused);
        source.error = Some(Arc::from(
            "azure does not know this token (401); ask for a new one",
        ));
        let soon = source.time(crate::ui::fixture::MONO).unwrap() + chrono::TimeDelta::days(2);
        about(source, |about| about.token_expires_at = Some(soon));
    };
    let seen = told(only_source(0, refused), 60, 17);
    let second = seen.lines().nth(1).unwrap();
    assert!(
        second.starts_with("azure DOWN 20s: token refused"),
        "{seen}"
    );
    assert!(!seen.contains("expires in"), "{seen}");
    let seen = told(only_source(0, refused), 120, 34);
    assert!(seen.contains("does not know this token (401)"), "{seen}");
    // With another that is stale, the reason stands in a row of its own where the line has no room.
    let seen = told(with_source(0, refused), 60, 17);
    assert!(seen.contains("azure: token refused"), "{seen}");
    assert!(told(with_source(0, refused), 40, 12).contains("azure: token refused"));
}

#[test]
fn an_incident_system_that_was_not_read_is_told_beside_a_live_backend() {
    let unread = |source: &mut Source| {
        about(source, |about| {
            about.connectors = vec![ConnectorView {
                name: "cases".to_owned(),
                kind: "iris".to_owned(),
                asked_at: None,
                answered_at: None,
                changed_at: None,
                whole_at: None,
                open: 0,
                trouble: Some("it does not know the key (401)".to_owned()),
                token_expires_at: None,
                takes: TakesView::default(),
            }];
        });
    };
    let seen = told(only_source(0, unread), 60, 17);
    let second = seen.lines().nth(1).unwrap();
    assert_eq!(second, "azure live · cases never read", "{seen}");
    let seen = told(with_source(0, unread), 60, 17);
    assert!(seen.contains("azure: cases never read"), "{seen}");
}

#[test]
fn a_key_and_the_token_of_an_intake_that_end_soon_are_told_on_the_wall() {
    let soon = |source: &Source, ms: i64| {
        source.time(crate::ui::fixture::MONO).unwrap() + chrono::TimeDelta::milliseconds(ms)
    };
    const HOUR: i64 = 3_600_000;
    let ending = |key: i64, intake: i64| {
        move |source: &mut Source| {
            let (key, intake) = (soon(source, key), soon(source, intake));
            about(source, |about| {
                about.token_expires_at = None;
                about.key_expires_at = Some(key);
                about.connectors = vec![ConnectorView {
                    name: "alerts".to_owned(),
                    kind: "alertmanager".to_owned(),
                    asked_at: None,
                    answered_at: None,
                    changed_at: None,
                    whole_at: None,
                    open: 0,
                    trouble: None,
                    token_expires_at: Some(intake),
                    takes: TakesView::default(),
                }];
            });
        }
    };
    let (key, intake) = (
        "key expires in 3 d",
        "token of intake alerts expires in 2 h",
    );
    for (w, h) in [(60, 17), (120, 34)] {
        let seen = told(only_source(0, ending(80 * HOUR, 150 * 60_000)), w, h);
        assert!(seen.contains(key) && seen.contains(intake), "{seen}");
        let seen = told(only_source(0, ending(170 * HOUR, 170 * HOUR)), w, h);
        assert!(!seen.contains("expires in"), "{seen}");
        // Over: the backend tells why it takes no more.
        let seen = told(only_source(0, ending(80 * HOUR, -1)), w, h);
        assert!(seen.contains(key) && !seen.contains("intake"), "{seen}");
    }
}

#[test]
fn a_clock_that_is_off_is_told_on_the_wall() {
    let off = |source: &mut Source| source.skew_ms = Some(-300_000);
    for (w, h) in [(60, 17), (120, 34), (40, 12)] {
        let seen = told(only_source(0, off), w, h);
        assert!(seen.contains("this clock 300 s behind"), "{seen}");
    }
    let near = told(
        only_source(0, |source| source.skew_ms = Some(1_900)),
        60,
        17,
    );
    assert!(!near.contains("this clock"), "{near}");
}

#[test]
fn a_token_for_some_services_says_so_and_of_one_that_is_none_louder() {
    let empty = |service: &'static str| {
        only_source(0, move |source| {
            source.incidents = Arc::new(Vec::new());
            about(source, |about| {
                about.you.services = vec![service.to_owned()]
            });
        })
    };
    let seen = told(empty("azure"), 60, 17);
    assert!(seen.contains("azure live · services: azure"), "{seen}");
    let seen = told(empty("azzure"), 60, 17);
    assert!(seen.contains("NO SUCH SERVICE: azzure"), "{seen}");
    assert!(!seen.contains("every seat is held"), "{seen}");
    assert!(!seen.contains("No open incident.\n"), "{seen}");
}

#[test]
fn before_anything_was_heard_no_count_says_nothing_is_there() {
    let unheard = Board {
        sources: vec![Arc::new(Source::new("azure"))],
        generation: 8,
    };
    let seen = told(Arc::new(unheard), 60, 17);
    assert!(
        seen.contains("DETECT ?") && !seen.contains("DETECT 0"),
        "{seen}"
    );
}
