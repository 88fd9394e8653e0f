//! Proofs of one attempt: when a page is still wanted, and how long it waits for the next one. What comes of attempts is
//! proved from outside, in `tests/it/api`.

use std::sync::Mutex;

use futures::future::BoxFuture;

use super::*;
use crate::domain::board::RouteView;
use crate::domain::command::open::{self, Open};
use crate::domain::command::{self, Command};
use crate::domain::directory::Directory;
use crate::domain::incident::Stamp;

use crate::domain::word::{Tlp, Urgency};
use crate::paging::message::PageMessage;
use crate::server::outbox::{Courier, Ending, Letter};
use crate::server::{fixture, write};
use crate::store::claim::{Caps, Claim};
use crate::time::TestClock;

fn at(minutes: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

/// A page queued at minute 0 that escalates at minute 10, on its second route since minute 5.
fn page() -> Page {
    Page {
        id: "p1".to_owned(),
        team: "legal-affairs".to_owned(),
        state: PageState::Queued,
        route: Some("webhook".to_owned()),
        step: 1,
        attempts: 0,
        urgency: Urgency::High,
        answer: None,
        eta: None,
        queued_at: at(0),
        accepted_at: None,
        acknowledged_at: None,
        acknowledged_by: None,
        escalates_at: Some(at(10)),
        by: "d.okafor".to_owned(),
        message: None,
        last_error: None,
        place: Some(1),
        reached: Vec::new(),
        escalated_at: Some(at(5)),
        folded: Vec::new(),
    }
}

fn delivery(step: u32) -> Delivery {
    Delivery {
        key: format!("p1-{step}"),
        page: "p1".to_owned(),
        incident: "AZ-1".to_owned(),
        team: "legal-affairs".to_owned(),
        route: "1/webhook".to_owned(),
        step,
        body: Vec::new(),
        attempts: 0,
        next_at: at(5),
        queued_at: at(5),
        stand_down: false,
    }
}

#[test]
fn a_page_is_sent_only_where_it_is_and_while_it_is_wanted() {
    let over = Page {
        state: PageState::Acknowledged,
        ..page()
    };
    let last = Page {
        escalates_at: None,
        ..page()
    };
    let gone_on = Page {
        escalated_at: Some(at(10)),
        ..last.clone()
    };
    for (page, step, minute, expected) in [
        (page(), 1, 6, Wish::Send),
        (page(), 0, 6, Wish::Gone),
        // A mirror that has not seen the step yet.
        (page(), 2, 6, Wish::Send),
        (over, 1, 6, Wish::Gone),
        (page(), 1, 10, Wish::Later),
        (last, 1, 600, Wish::Send),
        (gone_on.clone(), 1, 245, Wish::Send),
        (gone_on, 1, 246, Wish::Stale),
    ] {
        let wish = wish(&page, &delivery(step), at(minute));
        assert_eq!(wish, expected, "{step} {minute}");
    }
}

#[test]
fn waits_stay_short_while_a_page_is_young_and_follow_the_other_side() {
    for attempts in 1..30 {
        let young = again_after_ms(attempts, 119_999, None);
        assert!((800..=8_000).contains(&young), "{attempts}: {young}");
        let old = again_after_ms(attempts, 120_000, None);
        assert!((800..=120_000).contains(&old), "{attempts}: {old}");
    }
    assert!(again_after_ms(20, 120_000, None) >= 96_000);
    assert_eq!(again_after_ms(1, 0, Some(30_000)), 30_000);
    assert_eq!(again_after_ms(1, 0, Some(900_000)), 120_000);
}

/// Keeps what it is given to deliver.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Courier for Kept {
    fn message(&self, letter: &Letter<'_>) -> Vec<u8> {
        PageMessage::new(letter.incident, letter.page, "team", Tlp::Red, None).body()
    }

    fn ending(&self, _ending: &Ending<'_>) -> Option<Vec<u8>> {
        None
    }

    fn dedupes(&self, _delivery: &Delivery) -> bool {
        true
    }

    fn deliver<'a>(&'a self, delivery: &'a Delivery, _repeat: bool) -> BoxFuture<'a, Sent> {
        let body = String::from_utf8_lossy(&delivery.body).into_owned();
        self.0.lock().unwrap().push(body);
        Box::pin(std::future::ready(Sent::Accepted))
    }
}

/// What a worker writes, decided by `decide` on the incident found.
async fn write(
    state: &Arc<ServerState>,
    target: Target,
    mut decide: impl FnMut(&Found, &Context<'_>) -> (Incident, Vec<Event>, Stamp) + Send + 'static,
) {
    let deciding = state.clone();
    let job = Job {
        target,
        lease: None,
        idempotency: None,
        decide: Box::new(move |found| {
            let caller = worker();
            let context = context(&deciding, &caller);
            let (incident, events, stamp) = decide(&found, &context);
            write::outcome(&deciding, incident, events, stamp, silent())
        }),
        now: state.clock.now(),
    };
    let done = state.store.submit(job).await.unwrap();
    assert!(matches!(done, Done::Written { .. }), "{done:?}");
}

async fn order(state: &Arc<ServerState>, text: &str) {
    let order: Command = serde_json::from_str(text).unwrap();
    write(
        state,
        Target::Incident("AZ-1".to_owned()),
        move |found, context| {
            let Found::Incident(incident) = found else {
                panic!("{found:?}");
            };
            let events = command::decide(incident, &order, context).unwrap();
            let (after, stamp) = write::changed(incident, &events, context);
            (after, events, stamp)
        },
    )
    .await;
}

#[tokio::test]
async fn what_was_claimed_before_a_restriction_leaves_without_its_texts() {
    let mut directory = Directory::default();
    for team in &mut directory.teams {
        team.routes = vec![RouteView {
            kind: "webhook".to_owned(),
            clearance: Tlp::Red,
            in_band: true,
            connector: None,
        }];
    }
    let courier = Arc::new(Kept::default());
    let clock = Arc::new(TestClock::default());
    let state = fixture::state(directory, clock, courier.clone()).await;
    let body: Open = serde_json::from_str(r#"{"service": "azure", "title": "canary"}"#).unwrap();
    let target = Target::New {
        prefix: "AZ".to_owned(),
        upstream: None,
    };
    write(&state, target, move |found, context| {
        let Found::Allotted(allotted) = found else {
            panic!("{found:?}");
        };
        let events = open::decide(&body, allotted, context).unwrap();
        let stamp = write::stamp(1, context);
        let Some(Event::Opened(opened)) = events.first() else {
            panic!("{events:?}");
        };
        (Incident::opened(opened, &stamp), events, stamp)
    })
    .await;
    order(&state, r#"{"type": "page", "teams": ["legal-affairs"]}"#).await;
    let claim = Claim {
        node: state.node.clone(),
        now: state.clock.now(),
        lease_ms: 10_000,
        under_way: Vec::new(),
        caps: Caps::default(),
    };
    let claimed = state.store.claim(claim).await.unwrap().taken.remove(0);
    let body = String::from_utf8_lossy(&claimed.delivery.body).into_owned();
    assert!(body.contains("canary"), "{body}");
    order(&state, r#"{"type": "restrict", "people": ["listed"]}"#).await;
    make(&state, &claimed, &Trouble::new("nothing is written")).await;
    let sent = courier.0.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    assert!(!sent[0].contains("canary"), "{}", sent[0]);
    assert!(sent[0].contains("\"restricted\":true"), "{}", sent[0]);
    state.store.close().await;
}
