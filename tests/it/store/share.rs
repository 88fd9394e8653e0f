//! What every store must do for several nodes that share work: who is given a delivery, and who asks a source.

use std::sync::{Arc, Mutex};

use warboard::store::claim::UnderWay;
use warboard::store::poll::{Tend, Tended};
use warboard::store::{Delivery, Done, Found, Job, OutboxChange, Outcome, Store, Target};

use super::place::{
    Place, answer, at, claimed, claimed_beside, delivery, keys, note, note_with, opened, times,
    written,
};

on_both! {
    deliveries_are_claimed_put_off_and_end
    two_nodes_never_have_one_delivery
    one_node_at_a_time_asks_a_source_and_the_others_hear_of_it
    what_nobody_has_begun_to_send_is_found_with_its_incident
    what_a_node_was_given_and_never_heard_of_is_given_again_at_once
}

async fn deliveries_are_claimed_put_off_and_end(place: Place) {
    let [a, b] = place.nodes().await;
    let id = opened(&*a).await;
    assert_eq!(a.next_delivery_at().await.unwrap(), None);
    let put = [
        OutboxChange::Put(delivery("k1", "p1", 10)),
        OutboxChange::Put(delivery("k2", "p1", 20)),
        OutboxChange::Put(delivery("k3", "p2", 30)),
    ];
    written(&*a, note_with(&id, "paged", None, put.to_vec())).await;
    assert_eq!(b.next_delivery_at().await.unwrap(), Some(at(10)));
    let first = claimed(&*b, "b", 30).await;
    assert_eq!(keys(&first), ["k3", "k2", "k1"], "newest first");
    assert_eq!(first[2].delivery, delivery("k1", "p1", 10));
    assert!(first.iter().all(|c| !c.repeat && !c.interrupted));
    assert_eq!(claimed(&*a, "a", 30).await, [], "leased to another node");
    let put_off = OutboxChange::Retry {
        key: "k3".to_owned(),
        attempts: 4,
        next_at: at(99),
        may_have_arrived: true,
    };
    let mut job = note_with(&id, "tried", None, vec![put_off]);
    job.lease = Some(first[0].lease.clone());
    written(&*b, job).await;
    assert_eq!(claimed(&*a, "a", 30).await, [], "put off");
    let again = claimed(&*a, "a", 99).await;
    assert_eq!((keys(&again), again[0].delivery.attempts), (vec!["k3"], 4));
    assert!(again[0].repeat && !again[0].interrupted);
    // The first lease is of before: nothing is written under it, and it cannot be made longer.
    let done = OutboxChange::Done {
        key: "k3".to_owned(),
    };
    let mut late = note_with(&id, "late", None, vec![done.clone()]);
    late.lease = Some(first[0].lease.clone());
    let told = b.submit(late).await.unwrap();
    assert!(matches!(told, Done::Superseded), "{told:?}");
    let leases = vec![first[0].lease.clone(), again[0].lease.clone()];
    let lost = b.renew(leases, at(100), 10_000).await.unwrap();
    assert_eq!(lost, [first[0].lease.clone()]);
    // A key that is there already stays as it is.
    let change = async |change: OutboxChange| {
        written(&*b, note_with(&id, "tried", None, vec![change])).await;
    };
    change(OutboxChange::Put(delivery("k3", "p2", 1))).await;
    assert_eq!(claimed(&*b, "c", 100).await, []);
    change(done).await;
    for key in ["k1", "k2"] {
        let key = key.to_owned();
        change(OutboxChange::Done { key }).await;
    }
    assert_eq!(a.next_delivery_at().await.unwrap(), None);
    // What nobody sends is withdrawn.
    change(OutboxChange::Put(delivery("k4", "p3", 40))).await;
    let page = "p3".to_owned();
    change(OutboxChange::WithdrawPage { page }).await;
    assert_eq!(claimed(&*b, "b", 100).await, []);
}

/// The answer to a claim is lost with a connection: nothing was sent for it, and nobody shall wait for its lease to run out.
async fn what_a_node_was_given_and_never_heard_of_is_given_again_at_once(place: Place) {
    let [a, b] = place.nodes().await;
    let id = opened(&*a).await;
    let put = [("k1", 10), ("k2", 20)].map(|(key, ms)| OutboxChange::Put(delivery(key, "p1", ms)));
    written(&*a, note_with(&id, "paged", None, put.to_vec())).await;
    let lost = claimed(&*a, "a", 30).await;
    assert_eq!(keys(&lost), ["k2", "k1"]);
    assert_eq!(claimed(&*b, "b", 30).await, []);
    let sending = vec![UnderWay {
        key: "k2".to_owned(),
        team: "legal-affairs".to_owned(),
        route: "webhook/0".to_owned(),
    }];
    let again = claimed_beside(&*a, "a", 30, sending).await;
    assert_eq!(keys(&again), ["k1"], "the other one is under way");
    assert!(!again[0].repeat && !again[0].interrupted);
    assert!(again[0].lease.fence > lost[1].lease.fence);
}

async fn what_nobody_has_begun_to_send_is_found_with_its_incident(place: Place) {
    let [a, b] = place.nodes().await;
    let (id, other) = (opened(&*a).await, opened(&*a).await);
    let first = |key: &str, page: &str, ms| Delivery {
        step: 0,
        ..delivery(key, page, ms)
    };
    let put = [
        OutboxChange::Put(first("k1", "p1", 10)),
        OutboxChange::Put(first("k2", "p2", 20)),
        OutboxChange::Put(delivery("k3", "p3", 500)),
        OutboxChange::Put(Delivery {
            stand_down: true,
            ..first("k4", "p4", 500)
        }),
        OutboxChange::Put(Delivery {
            incident: other,
            ..first("k5", "p5", 500)
        }),
    ];
    written(&*a, note_with(&id, "paged", None, put.to_vec())).await;
    let found = async |node: &dyn Store| {
        let found = Arc::new(Mutex::new(None));
        let tell = found.clone();
        let mut job = note(&id, "");
        job.target = Target::Paging(id.clone());
        job.decide = Box::new(move |found| {
            if let Found::Paging { incident, waiting } = found {
                *tell.lock().unwrap() = Some((incident.id.clone(), waiting));
            }
            Outcome::Answer(answer(200))
        });
        node.submit(job).await.unwrap();
        let (of, waiting) = found.lock().unwrap().take().unwrap();
        assert_eq!(of, id);
        waiting
    };
    assert_eq!(found(&*b).await, ["p1", "p2"]);
    let taken = claimed(&*a, "a", 100).await;
    let k2 = taken.iter().find(|of| of.delivery.key == "k2").unwrap();
    assert_eq!(found(&*b).await, Vec::<String>::new());
    // What was tried and put off was begun all the same.
    let put_off = OutboxChange::Retry {
        key: "k2".to_owned(),
        attempts: 1,
        next_at: at(900),
        may_have_arrived: false,
    };
    let mut job = note_with(&id, "tried", None, vec![put_off]);
    job.lease = Some(k2.lease.clone());
    written(&*a, job).await;
    assert_eq!(found(&*b).await, Vec::<String>::new());
}

async fn two_nodes_never_have_one_delivery(place: Place) {
    let [a, b] = place.nodes().await;
    let id = opened(&*a).await;
    let put = (0..40).map(|n| OutboxChange::Put(delivery(&format!("k{n:02}"), "p1", n)));
    written(&*a, note_with(&id, "paged", None, put.collect())).await;
    let (of_a, of_b) = tokio::join!(claimed(&*a, "a", 100), claimed(&*b, "b", 100));
    let mut all = [keys(&of_a), keys(&of_b)].concat();
    all.sort_unstable();
    let wanted: Vec<String> = (0..40).map(|n| format!("k{n:02}")).collect();
    assert_eq!(all, wanted);
}

async fn tended(store: &dyn Store, node: &str, lease_ms: i64, told: Option<&str>) -> Tended {
    let tend = Tend {
        connector: "cases".to_owned(),
        node: node.to_owned(),
        now: at(0),
        lease_ms,
        told: told.map(str::to_owned),
    };
    store.tend(tend).await.unwrap()
}

async fn one_node_at_a_time_asks_a_source_and_the_others_hear_of_it(place: Place) {
    let [a, b] = place.nodes().await;
    let id = opened(&*a).await;
    let first = tended(&*a, "a", 600_000, None).await.lease;
    assert!(first.is_some());
    let again = tended(&*a, "a", 600_000, Some("three open")).await.lease;
    assert_eq!(again, first, "whoever has it keeps it");
    let other = tended(&*b, "b", 600_000, Some("nothing")).await;
    assert_eq!((other.lease, other.told.as_str()), (None, "three open"));
    let of_a = || Job {
        lease: first.clone(),
        ..note(&id, "from the source")
    };
    assert!(matches!(a.submit(of_a()).await, Ok(Done::Written { .. })));
    // Given back by whoever does not have it, it stays.
    assert_eq!(tended(&*b, "b", 0, Some("nothing")).await.lease, None);
    assert_eq!(tended(&*a, "a", 0, None).await.told, "three open");
    let second = tended(&*b, "b", 600_000, None).await;
    assert_eq!(second.told, "three open", "it goes on from there");
    assert!(second.lease.is_some() && second.lease != first);
    assert!(matches!(a.submit(of_a()).await, Ok(Done::Superseded)));
    assert_eq!(times(&*a, &id, "from the source").await, 1);
}
