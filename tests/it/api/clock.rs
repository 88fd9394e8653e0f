//! Clocks over a socket: the catalogue in force, what a profile calls for, and why a duty says what it says.

use serde_json::json;

use crate::backend::Backend;

#[tokio::test]
async fn the_arithmetic_of_a_duty_is_told_however_its_id_is_written() {
    let (backend, _clock) = Backend::still().await;
    let at = backend.clock.now().to_rfc3339();
    let opened = backend
        .open(&json!({"service": "azure", "title": "t", "regimes": ["gdpr-33", "ms-72h"],
            "profile": {"zone": "Europe/Berlin", "roles": ["controller"], "subjects": {"ms-72h": ["acme"]}},
            "triggers": {"aware_at": at}}))
        .await;
    let id = opened["id"].as_str().unwrap();
    let viewer = &backend.tokens.viewer;
    let commander = &backend.tokens.commander;
    for written in ["gdpr-33%2Fauthority", "gdpr-33/authority"] {
        let path = format!("/v1/incidents/{id}/duties/{written}/explain");
        let told = backend.get(commander, &path).await.expect(200);
        assert_eq!(told["duty"], "gdpr-33/authority");
        assert_eq!(told["status"], "running");
        assert_eq!(told["confidence"], "located");
        assert_eq!(told["rules"], opened["counted"]["rules"]);
        assert_eq!(told["tz"], opened["counted"]["tz"]);
        let lines = told["lines"].as_array().unwrap();
        let counted = lines.iter().find(|line| line["label"] == "counted");
        assert!(
            counted.unwrap()["text"]
                .as_str()
                .unwrap()
                .contains("72 h elapsed")
        );
        let trigger = lines.iter().find(|line| line["label"] == "trigger");
        assert!(
            trigger.unwrap()["text"]
                .as_str()
                .unwrap()
                .contains("Europe/Berlin")
        );
    }
    for written in ["ms-72h%2Fcustomer%40acme", "ms-72h/customer@acme"] {
        let path = format!("/v1/incidents/{id}/duties/{written}/explain");
        let told = backend.get(commander, &path).await.expect(200);
        assert_eq!(told["status"], "waiting");
    }
    for none in ["gdpr-33/nobody", "hipaa/individuals", "x", "a/b/c"] {
        let path = format!("/v1/incidents/{id}/duties/{none}/explain");
        backend.get(commander, &path).await.problem(404);
    }
    // An amber incident before a green token: what the text says, nothing of the entity, no customer's name.
    let path = format!("/v1/incidents/{id}/duties/gdpr-33/authority/explain");
    let told = backend.get(viewer, &path).await.expect(200);
    assert_eq!(told["status"], "running");
    let text = told.to_string();
    assert!(
        !text.contains("Berlin") && text.contains("citation"),
        "{text}"
    );
    let path = format!("/v1/incidents/{id}/duties/ms-72h/customer@acme/explain");
    backend.get(viewer, &path).await.problem(404);
    let path = format!("/v1/incidents/{id}/duties/ms-72h/customer@hidden-1/explain");
    backend.get(viewer, &path).await.expect(200);
    let nobody = backend.ask("GET", &path).send().await;
    nobody.problem(401);
    backend.stop().await;
}

#[tokio::test]
async fn the_catalogue_in_force_is_told_and_what_a_profile_calls_for() {
    let backend = Backend::new().await;
    let viewer = &backend.tokens.viewer;
    let all = backend.get(viewer, "/v1/regimes").await.expect(200);
    let regimes = all["regimes"].as_array().unwrap();
    assert!(regimes.len() >= 99, "{}", regimes.len());
    assert!(all.get("proposed").is_none());
    let find = |id: &str| regimes.iter().find(|r| r["id"] == id).unwrap();
    let sec = find("sec-8k-105");
    let stage = &sec["stages"][0];
    assert_eq!(stage["trigger"], "materiality_determined_at");
    assert_eq!(stage["restricted"], true);
    assert!(
        stage["clock"]
            .as_str()
            .unwrap()
            .starts_with("4 business day(s) from")
    );
    assert_eq!(find("contract-bd")["enabled"], false);
    assert_eq!(find("circia")["status"], "proposed");
    let profile = "%7B%22personal_data%22%3Atrue%2C%22countries%22%3A%5B%22DE%22%5D%7D";
    let asked = backend
        .get(viewer, &format!("/v1/regimes?profile={profile}"))
        .await
        .expect(200);
    let proposed = asked["proposed"].as_array().unwrap();
    assert!(
        proposed.iter().any(|p| p["id"] == "gdpr-33"),
        "{proposed:?}"
    );
    for wrong in [
        "profile=%7B",
        "profile=%7B%22zone%22%3A%22Mars%22%7D",
        "profil=x",
    ] {
        let path = format!("/v1/regimes?{wrong}");
        backend.get(viewer, &path).await.problem(422);
    }
    backend.stop().await;
}

#[tokio::test]
async fn an_unknown_regime_is_refused_at_the_door_with_its_neighbours() {
    let backend = Backend::new().await;
    let body = json!({"service": "azure", "title": "t", "regimes": ["hippa"]});
    let ask = backend
        .ask("POST", "/v1/incidents")
        .token(&backend.tokens.commander);
    let (_, detail) = ask.json(&body).send().await.problem(422);
    assert!(detail.contains("hipaa"), "{detail}");
    backend.stop().await;
}
