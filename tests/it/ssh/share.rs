//! Who sees which incidents through one door: people on the list of a restricted one do, with their own boards; all others
//! share theirs, and it is not on it.

use super::Door;

#[test]
fn whoever_is_on_a_list_sees_the_restricted_incident_and_whoever_is_not_does_not() {
    let door = Door::open(&[
        "person=d.okafor,role=commander",
        "person=l.costa,role=commander",
    ]);
    let (id, other) = (door.incident("Insider"), door.incident("Another"));
    let mut named = door.board("d.okafor", (100, 30), &[]);
    let mut unnamed = door.board("l.costa", (100, 30), &[]);
    for board in [&mut named, &mut unnamed] {
        board.sees(&id);
        board.sees(&other);
    }
    let gone = |board: &mut crate::terminal::Terminal| {
        let (shown, hidden) = (other.clone(), id.clone());
        board.until("the incident gone", move |picture| {
            picture.contains(&shown) && !picture.contains(&hidden)
        });
    };
    // Named: it stays, or comes back with the person's own board. For the other it is not there.
    door.desk(&["restrict", &id, "d.okafor"]);
    gone(&mut unnamed);
    named.sees(&id);
    // Whoever is named later sees it without logging in anew, and whoever is named no longer loses it.
    door.desk(&["restrict", &id, "l.costa"]);
    unnamed.sees(&id);
    gone(&mut named);
    // One who comes in now is named from the first.
    let mut late = door.board("l.costa", (100, 30), &[]);
    late.sees(&id);
    // Changes of it are followed too.
    door.desk(&["set", &id, "severity=sev1"]);
    late.until("the new severity", |picture| picture.contains("sev1"));
    door.desk(&["restrict", &id, "--lift"]);
    named.sees(&id);
    unnamed.sees(&id);
}

#[test]
fn who_may_come_in_by_a_door_is_named_before_a_mark_is_lowered() {
    let door = Door::open(&["person=k.ono,role=responder,clearance=green"]);
    let id = door.incident("A");
    super::until("the one with a key among those who newly see it", || {
        let got = std::process::Command::new("/usr/bin/curl")
            .args(["-s", "-H", &format!("Authorization: Bearer {}", door.token)])
            .args(["-H", "content-type: application/json"])
            .args(["-d", r#"{"type":"set","tlp":"green"}"#])
            .arg(format!("{}/v1/incidents/{id}/preview", door.url))
            .output()
            .unwrap();
        let told = super::text(&got.stdout);
        told.contains(r#""people":["k.ono"]"#).then_some(())
    });
}
