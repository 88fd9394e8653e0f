//! What is shut stays shut: glass that is broken opens no list, an answer that was remembered says no more than one may read
//! now, and a key of another system tells nobody what is on record.

use serde_json::{Value, json};
use warboard::domain::word::Role;

use crate::backend::Backend;
use crate::http::Answer;

const CANARY: &str = "canary";

#[tokio::test]
async fn whoever_broke_the_glass_can_neither_take_over_the_list_nor_lift_it() {
    let backend = Backend::new().await;
    let listed = backend.issue("listed", Role::Commander).await;
    let id = backend.opened().await;
    let order = json!({"type": "restrict", "people": ["listed"]});
    backend.done(&id, &order).await;
    let admin = backend.tokens.admin.clone();
    let glass = json!({"type": "break_glass", "reason": "nobody answers"});
    backend.order(&admin, &id, &glass).send().await.expect(200);
    for people in [json!(["admin"]), json!(null), json!([])] {
        let order = json!({"type": "restrict", "people": people});
        let answer = backend.order(&admin, &id, &order).send().await;
        let (_, detail) = answer.problem(403);
        assert!(detail.contains("commander, listed"), "{detail}");
    }
    // On the list, an admin is like anybody there; and the list is what holds.
    let path = format!("/v1/incidents/{id}");
    let order = json!({"type": "restrict", "people": ["admin", "listed"]});
    backend.done(&id, &order).await;
    let order = json!({"type": "restrict", "people": ["listed"]});
    backend.order(&admin, &id, &order).send().await.expect(200);
    backend
        .get(&backend.tokens.commander, &path)
        .await
        .problem(404);
    backend.get(&listed, &path).await.expect(200);
    backend.stop().await;
}
