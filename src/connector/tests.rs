//! What holds for more than one vendor: how refusals are told apart, and that credentials are kept.

use serde_json::json;

use super::error::{ConnectorError, OneByOne};
use super::stub::{Stub, clock, json, with_headers};
use super::vendor::Vendor;

const VENDORS: [&str; 2] = ["iris", "pagerduty"];

#[tokio::test]
async fn pitfall_9_each_vendor_tells_bad_credentials_from_missing_rights_and_missing_incidents() {
    for word in VENDORS {
        let vendor = Vendor::of(word).unwrap();
        let stub = Stub::new().await;
        let connector = (vendor.connect)(&stub.settings(vendor), clock()).unwrap();
        let said = json!({"message": "no"});
        stub.on("", &[json(401, &said), json(403, &said), json(404, &said)]);
        let errors = [
            connector.read("1").await.unwrap_err(),
            connector.read("1").await.unwrap_err(),
            connector.read("1").await.unwrap_err(),
        ];
        assert!(
            matches!(
                errors,
                [
                    ConnectorError::Auth(_),
                    ConnectorError::Forbidden(_),
                    ConnectorError::NotFound(_)
                ]
            ),
            "{word}: {errors:?}"
        );
    }
}

#[tokio::test]
async fn pitfall_14_no_vendor_tells_its_credentials_keeps_a_cookie_or_sends_them_in_the_clear() {
    for word in VENDORS {
        let vendor = Vendor::of(word).unwrap();
        let stub = Stub::new().await;
        let mut settings = stub.settings(vendor);
        assert!(!format!("{settings:?}").contains("hunter2"), "{word}");
        let connector = (vendor.connect)(&settings, clock()).unwrap();
        let cookie = "set-cookie: session=1\r\ncontent-type: application/json\r\n";
        stub.on("", &[with_headers(401, cookie, "{}")]);
        for _ in 0..2 {
            let error = connector.list(None).await.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{word}");
        }
        for asked in stub.asked() {
            assert!(!asked.what.contains("hunter2"), "{word}: {}", asked.what);
            assert!(!asked.head.to_lowercase().contains("\ncookie:"), "{word}");
        }
        settings.url = "http://vendor.example".to_owned();
        let refused = (vendor.connect)(&settings, clock());
        assert!(refused.is_err(), "{word}");
    }
}

#[test]
fn three_questions_in_a_row_without_an_answer_are_the_sources_trouble_and_any_refusal_is_one_incidents()
 {
    let silent = || ConnectorError::Transport("it answered 500".to_owned());
    let mut one_by_one = OneByOne::default();
    assert_eq!(one_by_one.judge(silent()), Ok(silent()));
    assert!(!one_by_one.has_answered());
    assert_eq!(one_by_one.judge(silent()), Ok(silent()));
    for own in [
        ConnectorError::Forbidden("private".to_owned()),
        ConnectorError::Unknown("late".to_owned()),
    ] {
        assert_eq!(one_by_one.judge(own.clone()), Ok(own));
        // An answer ends the row.
        assert_eq!(one_by_one.judge(silent()), Ok(silent()));
        assert_eq!(one_by_one.judge(silent()), Ok(silent()));
    }
    assert_eq!(one_by_one.judge(silent()), Err(silent()));
    let of_all = ConnectorError::Auth("who?".to_owned());
    assert_eq!(OneByOne::default().judge(of_all.clone()), Err(of_all));
}
