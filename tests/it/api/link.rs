//! The answer link of a page: opening it changes nothing, its form acknowledges, and only the signed one is there.

use serde_json::{Value, json};

use crate::backend::{Backend, Plan};
use crate::hook::Hook;
use crate::http::{Answer, Ask};

const TEAM: &str = "legal-affairs";

/// The signed link of a page, taken from what the hook got: its path, and its tag.
async fn link(backend: &Backend, hook: &mut Hook) -> (String, String) {
    let url = hook.letter().await.json()["answer_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = url
        .strip_prefix(&format!("http://{}", backend.address))
        .unwrap();
    let (path, tag) = path.split_once("?t=").unwrap();
    (path.to_owned(), tag.to_owned())
}

#[tokio::test]
async fn the_signed_link_shows_a_form_and_its_post_acknowledges() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new().routes(TEAM, vec![hook.route()]).start().await;
    let open = json!({"service": "azure", "title": "<script>secret", "tlp": "amber"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    backend
        .done(
            &id,
            &json!({"type": "page", "teams": [TEAM], "message": "please come"}),
        )
        .await;
    let (path, tag) = link(&backend, &mut hook).await;
    let accepted = backend
        .until(&id, |i| i["pages"][0]["state"] == "accepted")
        .await;
    let form = |t: &str, name: &str| {
        let ask = backend.ask("POST", &path);
        ask.raw(
            "application/x-www-form-urlencoded",
            format!("t={t}&name={name}&answer=coming"),
        )
    };
    // Scanners open links: nothing changes, however often.
    for _ in 0..3 {
        let seen = backend.ask("GET", &format!("{path}?t={tag}")).send().await;
        assert_eq!(seen.status, 200);
        assert!(seen.text().contains("<form method=\"post\"") && !seen.text().contains("secret"));
        assert_eq!(seen.header("cache-control"), Some("no-store"));
        assert!(
            seen.header("content-security-policy")
                .unwrap()
                .contains("default-src 'none'")
        );
        assert_eq!(
            backend
                .ask("HEAD", &format!("{path}?t={tag}"))
                .send()
                .await
                .status,
            200
        );
    }
    assert_eq!(backend.incident(&id).await["version"], accepted["version"]);
    let wrong = tag.chars().rev().collect::<String>();
    let (other, nothing) = (path.replace("/v1/pages/p", "/v1/pages/q"), String::new());
    let refused: Vec<Answer> = vec![
        backend.ask("GET", &path).send().await,
        backend
            .ask("GET", &format!("{path}?t={wrong}"))
            .send()
            .await,
        backend.ask("GET", &format!("{other}?t={tag}")).send().await,
        backend
            .ask("GET", &format!("{path}?t={nothing}"))
            .send()
            .await,
        form(&wrong, "mallory").send().await,
        form("", "mallory").send().await,
    ];
    for answer in refused {
        answer.problem(404);
    }
    form(&tag, "").send().await.problem(422);
    assert_eq!(backend.incident(&id).await["version"], accepted["version"]);
    let thanks = form(&tag, "J.%20Lindqvist").send().await;
    assert_eq!(thanks.status, 200, "{}", thanks.text());
    let after = backend.incident(&id).await;
    assert_eq!(after["pages"][0]["state"], "acknowledged");
    assert_eq!(after["pages"][0]["acknowledged_by"], "J. Lindqvist");
    assert_eq!(after["pages"][0]["answer"], "coming");
    let entry = backend.timeline(&id).await.last().unwrap().clone();
    assert_eq!(
        (&entry["via"], &entry["by"]),
        (&json!("link"), &json!("J. Lindqvist"))
    );
    // Sent twice, it is one answer.
    assert_eq!(form(&tag, "J.%20Lindqvist").send().await.status, 200);
    assert_eq!(backend.incident(&id).await["version"], after["version"]);
    backend.stop().await;
}

#[tokio::test]
async fn a_link_speaks_json_too_and_its_names_are_held_to_the_limits() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new().routes(TEAM, vec![hook.route()]).start().await;
    let id = backend.opened().await;
    backend
        .done(
            &id,
            &json!({"type": "page", "teams": [TEAM], "message": "please come"}),
        )
        .await;
    let (path, tag) = link(&backend, &mut hook).await;
    let post = |body: Value| -> Ask { backend.ask("POST", &format!("{path}?t={tag}")).json(&body) };
    for wrong in [
        json!({"name": "n".repeat(121)}),
        json!({"name": "a\0b"}),
        json!({"name": "n", "colour": 1}),
        json!({"name": "n", "answer": "maybe"}),
        json!({}),
    ] {
        post(wrong).send().await.problem(422);
    }
    post(json!({"name": "<b>j</b>", "answer": "remote"}))
        .send()
        .await;
    let form = backend.ask("GET", &format!("{path}?t={tag}")).send().await;
    assert!(form.text().contains("&lt;b&gt;j&lt;/b&gt;") && !form.text().contains("<b>"));
    assert_eq!(backend.incident(&id).await["pages"][0]["answer"], "remote");
    backend.stop().await;
}

#[tokio::test]
async fn a_person_is_told_in_words_that_a_link_opens_nothing_and_when_the_team_is_there() {
    let mut hook = Hook::new(&[]).await;
    let backend = Plan::new().routes(TEAM, vec![hook.route()]).start().await;
    let open = json!({"service": "azure", "title": "x"});
    let id = backend.open(&open).await["id"].as_str().unwrap().to_owned();
    let page = json!({"type": "page", "teams": [TEAM]});
    backend.done(&id, &page).await;
    let (path, tag) = link(&backend, &mut hook).await;
    let browser = |ask: Ask| ask.header("accept", "text/html,*/*;q=0.8");
    let wrong = browser(backend.ask("GET", &format!("{path}?t=x")))
        .send()
        .await;
    assert_eq!(wrong.status, 404);
    assert!(
        wrong.text().contains("This link opens no page"),
        "{}",
        wrong.text()
    );
    let post = |more: &str| {
        let ask = browser(backend.ask("POST", &path));
        let body = format!("t={tag}&name=j.ward&{more}");
        ask.raw("application/x-www-form-urlencoded", body)
    };
    let odd = post("answer=coming&there_in=soon").send().await;
    assert!(
        odd.status == 422 && odd.text().contains("<h1>Not on the board</h1>"),
        "{}",
        odd.text()
    );
    assert_eq!(post("answer=coming&there_in=20").send().await.status, 200);
    let said = backend.incident(&id).await["pages"][0].clone();
    assert!(
        said["answer"] == "coming" && said["eta"].is_string(),
        "{said}"
    );
    assert_eq!(post("answer=arrived&there_in=").send().await.status, 200);
    assert_eq!(backend.incident(&id).await["pages"][0]["answer"], "arrived");
}
