//! Restricted incidents: what broken glass opens and for how long, and what is not said over pages.

use super::*;
use crate::domain::command::worker::ring_for;
use crate::domain::view_of::view;

const GLASS: &str = r#"{"type": "break_glass", "reason": "nobody answers"}"#;

/// Restricted to its commander and one more.
fn restricted() -> Desk {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "restrict", "people": ["l.costa"]}"#);
    desk
}

fn sees(desk: &Desk, name: &str) -> bool {
    let audience = Caller::new(name, Role::Admin).audience();
    let (directory, rules) = (&desk.directory, &desk.rules);
    view(&audience, &desk.incident, directory, rules, desk.now).is_some()
}

#[test]
fn broken_glass_closes_at_its_time_though_nobody_can_write_that_down() {
    let mut desk = restricted();
    desk.by("root", Role::Admin).ok(GLASS);
    assert!(sees(&desk, "root") && sees(&desk, "l.costa"));
    assert_eq!(desk.kind(GLASS), RefusalKind::State);
    desk.later(59);
    assert!(sees(&desk, "root"));
    desk.later(1);
    assert!(!sees(&desk, "root"), "no worker has written anything");
    assert!(sees(&desk, "l.costa"));
    // It is broken anew, and that stands in the record again.
    desk.ok(GLASS);
    assert!(sees(&desk, "root"));
}

#[test]
fn glass_puts_nobody_on_the_list() {
    let mut desk = restricted();
    desk.by("root", Role::Admin).ok(GLASS);
    for people in [r#"["root"]"#, "null"] {
        let order = format!(r#"{{"type": "restrict", "people": {people}}}"#);
        let refusal = desk.refused(&order);
        assert_eq!(refusal.kind, RefusalKind::NotAllowed);
        assert!(refusal.detail.contains("d.okafor, l.costa"), "{refusal}");
    }
    desk.by("d.okafor", Role::Commander)
        .ok(r#"{"type": "restrict", "people": null}"#);
}

#[test]
fn a_page_for_a_restricted_duty_says_nothing_of_it() {
    let mut desk = Desk::new();
    desk.ok(r#"{"type": "declare"}"#).later(71 * 60);
    let mut duties = desk.context().duties(&desk.incident);
    for duty in &mut duties {
        duty.latest_start_at = duty.due_at.map(|due| due - TimeDelta::minutes(90));
        duty.page_on_latest_start = true;
        duty.restricted = true;
    }
    let events = ring_for(&desk.incident, &duties, &desk.context(), &[]);
    desk.apply(events);
    let said = desk.incident.pages[0].message.clone().unwrap();
    for hidden in ["duty", "due", "2026", "ms-72h", "start"] {
        assert!(!said.contains(hidden), "{said}");
    }
}
