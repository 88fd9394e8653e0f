//! What is written to Microsoft Sentinel: moves, closing, notes, and what becomes of them when somebody else was first.

use super::*;

#[tokio::test]
async fn pitfall_6_a_put_sends_the_whole_object_as_it_was_read_with_its_etag() {
    let stub = Stub::new().await;
    let before = incident("a", "New", &["vip", "PHASE:recovery"], EARLY);
    let after = incident("a", "Active", &["vip", "phase:containment"], LATER);
    stub.on(&format!("GET {PATH}/a?"), &[one(&before), one(&after)]);
    stub.on(&format!("PUT {PATH}/a?"), &[one(&after)]);
    let seen = Version("\"a-2026-11-24T09:00:00.1Z\"".to_owned());
    let case = sentinel(&stub)
        .advance("a", &seen, "containment")
        .await
        .unwrap();
    assert_eq!(
        (case.status.as_str(), case.version.0.as_str()),
        ("containment", "\"a-2026-11-24T09:30:00Z\"")
    );
    let asked = stub.asked();
    let put = asked
        .iter()
        .find(|asked| asked.what.starts_with("PUT"))
        .unwrap();
    // What our model does not hold is there as it was: only the status and the labels differ.
    let mut expected = before.clone();
    expected["properties"]["status"] = "Active".into();
    expected["properties"]["labels"] =
        json!([{"labelName": "vip", "labelType": "User"}, {"labelName": "phase:containment"}]);
    assert_eq!(put.body, expected);
    assert_eq!(put.body["etag"], before["etag"]);
    assert_eq!(put.what, format!("PUT {PATH}/a?api-version=2024-03-01"));
    assert_eq!(calls(&stub).len(), 3);
}

#[tokio::test]
async fn back_to_detection_takes_the_phase_away_and_an_unknown_one_stands_as_it_is() {
    let stub = Stub::new().await;
    let before = incident("a", "Active", &["phase:recovery", "vip"], EARLY);
    let seen = item::case(&before).unwrap().version;
    let after = incident("a", "Active", &["vip"], LATER);
    stub.on(&format!("GET {PATH}/a?"), &[one(&before), one(&after)]);
    stub.on(&format!("PUT {PATH}/a?"), &[one(&after)]);
    let case = sentinel(&stub).advance("a", &seen, "Active").await.unwrap();
    assert_eq!((case.status.as_str(), case.category), ("Active", None));
    let put = stub
        .asked()
        .into_iter()
        .find(|asked| asked.what.starts_with("PUT"))
        .unwrap();
    assert_eq!(
        put.body["properties"]["labels"],
        json!([{"labelName": "vip", "labelType": "User"}])
    );
    // It stands so already: nothing is written.
    stub.on(&format!("GET {PATH}/a?"), &[one(&before)]);
    let case = sentinel(&stub)
        .advance("a", &seen, "Recovery")
        .await
        .unwrap();
    assert_eq!(case.status, "recovery");
    assert_eq!(
        calls(&stub)
            .iter()
            .filter(|call| call.starts_with("PUT"))
            .count(),
        1
    );
}

#[tokio::test]
async fn it_is_closed_with_why_and_reopened_without() {
    let stub = Stub::new().await;
    let open = incident("a", "Active", &["phase:recovery"], EARLY);
    let seen = item::case(&open).unwrap().version;
    stub.on(&format!("GET {PATH}/a?"), &[one(&open)]);
    let error = sentinel(&stub)
        .advance("a", &seen, "Closed")
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("write it as 'classification'"),
        "{error}"
    );
    let mut closed = incident("a", "Closed", &["phase:recovery"], LATER);
    closed["properties"]["classification"] = "FalsePositive".into();
    closed["properties"]["classificationReason"] = "InaccurateData".into();
    closed["properties"]["classificationComment"] = "a test".into();
    stub.on(&format!("GET {PATH}/a?"), &[one(&open), one(&closed)]);
    stub.on(&format!("PUT {PATH}/a?"), &[one(&closed)]);
    let case = closing(&stub, "FalsePositive-InaccurateData")
        .advance("a", &seen, "closed")
        .await
        .unwrap();
    assert_eq!((case.status.as_str(), case.open), ("Closed", false));
    let put = stub
        .asked()
        .into_iter()
        .rev()
        .find(|asked| asked.what.starts_with("PUT"))
        .unwrap();
    let properties = &put.body["properties"];
    assert_eq!(
        (
            &properties["status"],
            &properties["classification"],
            &properties["classificationReason"]
        ),
        (
            &json!("Closed"),
            &json!("FalsePositive"),
            &json!("InaccurateData")
        )
    );
    assert_eq!(properties["labels"], open["properties"]["labels"]);
    // Reopened there and moved here: why it was closed is gone from it.
    stub.on(&format!("GET {PATH}/a?"), &[one(&closed), one(&open)]);
    sentinel(&stub)
        .advance("a", &item::case(&closed).unwrap().version, "recovery")
        .await
        .unwrap();
    let put = stub
        .asked()
        .into_iter()
        .rev()
        .find(|asked| asked.what.starts_with("PUT"))
        .unwrap();
    let properties = put.body["properties"].as_object().unwrap();
    assert_eq!(properties["status"], "Active");
    assert!(
        !properties
            .keys()
            .any(|key| key.starts_with("classification")),
        "{properties:?}"
    );
}

#[tokio::test]
async fn pitfall_5_what_was_changed_meanwhile_is_shown_and_not_written_over() {
    let stub = Stub::new().await;
    let before = incident("a", "Active", &[], EARLY);
    let theirs = incident("a", "Active", &["phase:recovery"], LATER);
    let seen = item::case(&before).unwrap().version;
    stub.on(&format!("GET {PATH}/a?"), &[one(&theirs)]);
    let conflict = |error: ConnectorError| match error {
        ConnectorError::Conflict { current } => current.status,
        other => panic!("{other:?}"),
    };
    let error = sentinel(&stub)
        .advance("a", &seen, "containment")
        .await
        .unwrap_err();
    assert_eq!(conflict(error), "recovery");
    assert!(!calls(&stub).iter().any(|call| call.starts_with("PUT")));
    // Between our reading and our writing: the service refuses by the etag, in each of its ways to say so.
    let newer = "Newer version of resource 'a' exists for etag '\"a-1\"'. Data was not saved";
    for answer in [
        refusal(409, "Conflict", newer),
        refusal(412, "PreconditionFailed", "no"),
        refusal(400, "BadRequest", newer),
    ] {
        stub.on(&format!("GET {PATH}/a?"), &[one(&before), one(&theirs)]);
        stub.on(&format!("PUT {PATH}/a?"), &[answer]);
        let error = sentinel(&stub)
            .advance("a", &seen, "containment")
            .await
            .unwrap_err();
        assert_eq!(conflict(error), "recovery");
    }
    // A yes that changed nothing is found out.
    stub.on(&format!("GET {PATH}/a?"), &[one(&before)]);
    stub.on(&format!("PUT {PATH}/a?"), &[one(&before)]);
    let error = sentinel(&stub)
        .advance("a", &seen, "containment")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Unknown(why) if why.contains("is 'Active'")),
        "{error}"
    );
}

#[tokio::test]
async fn a_note_is_written_once_however_often_it_is_sent() {
    let stub = Stub::new().await;
    stub.on(
        &format!("PUT {PATH}/a/comments/"),
        &[one(&json!({})), refusal(409, "Conflict", "exists")],
    );
    let sentinel = sentinel(&stub);
    for once in ["n1", "n1", "n2"] {
        sentinel.note("a", "Isolated the host", once).await.unwrap();
    }
    let calls = calls(&stub);
    assert!(calls[0] == calls[1] && calls[1] != calls[2], "{calls:?}");
    let id = calls[0]
        .rsplit('/')
        .next()
        .unwrap()
        .split('?')
        .next()
        .unwrap();
    assert!(is_uuid(id), "{id}");
    let asked = stub.asked();
    assert_eq!(
        asked.last().unwrap().body,
        json!({"properties": {"message": "Isolated the host"}})
    );
    assert_eq!(sentinel.capabilities().noting, Noting::Idempotent);
}
