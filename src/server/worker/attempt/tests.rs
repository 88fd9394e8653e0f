//! Proofs of one attempt: when a page is still wanted, and how long it waits for the next one. What comes of attempts is
//! proved from outside, in `tests/it/api`.

use super::*;
use crate::domain::word::Urgency;

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
