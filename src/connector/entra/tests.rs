//! Tokens over the loopback stub: how long one is kept, who renews it, what is said when none is given, and signing in.

use crate::secret::Place;
use std::future::Future;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use futures::future::{Either, join_all, select};
use serde_json::json;

use super::*;
use crate::connector::call::Line;
use crate::connector::login::Login as _;
use crate::connector::sentinel::VENDOR;
use crate::connector::stub::{self, Stub, with_headers};
use crate::time::{Clock as _, TestClock};

const TOKEN: &str = "POST /contoso.example/oauth2/v2.0/token";
const CODE: &str = "POST /contoso.example/oauth2/v2.0/devicecode";

pub(in crate::connector) fn settings(
    stub: &Stub,
    vendor: &'static crate::connector::vendor::Vendor,
) -> ConnectorSettings {
    let mut settings = stub.settings(vendor);
    let id = "11111111-2222-3333-4444-555555555555";
    for (key, value) in [
        (TENANT, "contoso.example"),
        (CLIENT_ID, id),
        (LOGIN_URL, &stub.url),
    ] {
        settings.options.insert(key, value.to_owned());
    }
    settings
}

pub(in crate::connector) fn lends(stub: &Stub) {
    stub.on(TOKEN, &[token("t1", 3_600)]);
}

fn token(word: &str, life: i64) -> String {
    let body = json!({"token_type": "Bearer", "expires_in": life, "access_token": word});
    stub::json(200, &body)
}

fn kept(word: &str, refresh: &str) -> String {
    let body = json!({"expires_in": "3600", "access_token": word, "refresh_token": refresh});
    stub::json(200, &body)
}

fn no(word: &str, description: &str) -> String {
    let body = json!({"error": word, "error_description": description, "error_codes": [70000]});
    stub::json(400, &body)
}

fn clock() -> TestClock {
    TestClock::at("2026-11-24T10:00:00Z".parse().unwrap())
}

fn entra(stub: &Stub, clock: &TestClock) -> Entra {
    Entra::new(&settings(stub, &VENDOR), Arc::new(clock.clone())).unwrap()
}

/// The same, signing in as a person, with what it is kept in.
fn by_device(stub: &Stub, clock: &TestClock, file: &Path) -> Entra {
    let mut settings = settings(stub, &VENDOR);
    settings.options.insert(login::KEY, DEVICE.to_owned());
    settings.token = Place::File(file.to_owned());
    Entra::new(&settings, Arc::new(clock.clone())).unwrap()
}

/// Lets time pass whenever somebody waits for it.
pub(in crate::connector) async fn passing<T>(
    clock: &TestClock,
    work: impl Future<Output = T>,
) -> T {
    let moving = async {
        loop {
            if clock.next_sleeper_at().is_some() {
                clock.advance(1_000);
            }
            tokio::task::yield_now().await;
        }
    };
    match select(std::pin::pin!(work), std::pin::pin!(moving)).await {
        Either::Left((done, _)) => done,
        Either::Right(((), _)) => unreachable!("it moves for ever"),
    }
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let stub = Stub::new().await;
    stub.on(TOKEN, &[token("t1", 3_600), token("t2", 600)]);
    let clock = clock();
    let entra = entra(&stub, &clock);
    for (pass_s, expected, calls) in [
        (0, "t1", 1),
        (3_299, "t1", 1),
        (1, "t2", 2),
        // A tenth of its life before its end.
        (539, "t2", 2),
        (1, "t2", 3),
    ] {
        clock.advance(pass_s * 1_000);
        // A wall clock that steps ends no token and lengthens none.
        clock.step_wall(-86_400_000);
        assert_eq!(entra.token().await.unwrap().expose(), expected);
        assert_eq!(stub.calls().len(), calls, "after {pass_s} s");
    }
    let asked = &stub.asked()[0];
    let audience = escaped(&format!("{}/.default", stub.url));
    assert_eq!(
        asked.text,
        format!(
            "client_id=11111111-2222-3333-4444-555555555555&grant_type=client_credentials&scope={audience}&client_secret=hunter2"
        )
    );
    assert!(
        asked
            .head
            .contains("content-type: application/x-www-form-urlencoded")
    );
    assert!(!asked.head.contains("hunter2") && !asked.what.contains("hunter2"));
}

#[tokio::test]
async fn many_callers_renew_a_token_once() {
    let stub = Stub::new().await;
    stub.on(TOKEN, &[token("t1", 3_600), token("t2", 3_600)]);
    let entra = entra(&stub, &clock());
    let tokens = join_all((0..20).map(|_| entra.token())).await;
    assert!(
        tokens
            .iter()
            .all(|token| token.as_ref().unwrap().expose() == "t1")
    );
    assert_eq!(stub.calls().len(), 1);
    // All of them are refused with it, and none throws away what another one got since.
    let old = Secret::new("t1");
    join_all((0..20).map(|_| async {
        entra.refused(&old).await;
        assert_eq!(entra.token().await.unwrap().expose(), "t2");
    }))
    .await;
    assert_eq!(stub.calls().len(), 2);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_then_it_is_the_right_that_is_missing() {
    let stub = Stub::new().await;
    let refusal = json!({"error": {"code": "ExpiredAuthenticationToken", "message": "The access token has expired."}});
    let refusal = stub::json(401, &refusal);
    stub.on(TOKEN, &[token("t1", 3_600), token("t2", 3_600)]);
    stub.on(
        "PUT /thing",
        &[refusal.clone(), stub::json(200, &json!({}))],
    );
    stub.on("GET /thing", &[refusal]);
    let entra = Arc::new(entra(&stub, &clock()));
    let line = Line::lent(&settings(&stub, &VENDOR), entra, Vec::new(), stub::clock()).unwrap();
    line.ask(Method::PUT, "/thing", Some(&json!({"a": 1})))
        .await
        .unwrap();
    let asked = stub.asked();
    let what: Vec<&str> = asked.iter().map(|asked| asked.what.as_str()).collect();
    assert_eq!(what, [TOKEN, "PUT /thing", TOKEN, "PUT /thing"]);
    assert!(asked[1].head.contains("authorization: Bearer t1"));
    assert!(asked[3].head.contains("authorization: Bearer t2") && asked[3].text == asked[1].text);
    let error = line.get("/thing").await.err().unwrap();
    assert!(
        matches!(&error, ConnectorError::Auth(why) if why.contains("has expired")),
        "{error}"
    );
    assert_eq!(
        stub.calls().len(),
        7,
        "one more token, and no more than that"
    );
}

#[tokio::test]
async fn a_token_that_is_still_good_is_used_on_when_the_directory_is_away() {
    let stub = Stub::new().await;
    let down = with_headers(502, "", "<html>bad gateway</html>");
    stub.on(TOKEN, &[token("t1", 3_600), down]);
    let clock = clock();
    let entra = entra(&stub, &clock);
    entra.token().await.unwrap();
    clock.advance(3_300_000);
    assert_eq!(entra.token().await.unwrap().expose(), "t1");
    // It is not asked again at once.
    assert_eq!(entra.token().await.unwrap().expose(), "t1");
    assert_eq!(stub.calls().len(), 2);
    clock.advance(AGAIN_AFTER_MS);
    assert_eq!(entra.token().await.unwrap().expose(), "t1");
    assert_eq!(stub.calls().len(), 3);
    clock.advance(300_000);
    let error = entra.token().await.unwrap_err();
    assert!(matches!(error, ConnectorError::Transport(_)), "{error:?}");
}

#[tokio::test]
async fn a_no_of_the_directory_says_what_to_do_and_holds_no_secret() {
    let stub = Stub::new().await;
    for (word, words, told) in [
        (
            "invalid_client",
            "AADSTS7000215: Invalid client secret provided: hunter2. Trace ID: 5c6d Correlation ID: 55137716",
            "make a new one there",
        ),
        (
            "unauthorized_client",
            "AADSTS700016: not found\r\nTrace ID: 5c6d",
            "does not know the application",
        ),
        ("invalid_scope", "AADSTS70011", "gives no tokens for it"),
        (
            "never_heard",
            "\u{1b}[31mred",
            "look at tenant, client_id and the secret",
        ),
    ] {
        stub.on(TOKEN, &[no(word, words)]);
        let error = entra(&stub, &clock()).token().await.unwrap_err();
        assert!(matches!(error, ConnectorError::Auth(_)), "{error:?}");
        let error = error.to_string();
        assert!(error.contains(word) && error.contains(told), "{error}");
        for never in ["hunter2", "5c6d", "\u{1b}"] {
            assert!(!error.contains(never), "{never}: {error}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_no_refusal() {
    let stub = Stub::new().await;
    let entra = entra(&stub, &clock());
    for answer in [
        with_headers(200, "", "<html>hunter2</html>"),
        with_headers(400, "", "{\"error\": \"inval"),
        stub::json(200, &json!({"token_type": "Bearer", "expires_in": 3_600})),
        stub::json(404, &json!({"message": "no such tenant"})),
        with_headers(302, "location: https://elsewhere.example/\r\n", ""),
    ] {
        stub.on(TOKEN, std::slice::from_ref(&answer));
        let error = entra.token().await.unwrap_err();
        assert!(
            matches!(error, ConnectorError::Transport(_)),
            "{answer}: {error:?}"
        );
        assert!(!error.to_string().contains("hunter2"));
    }
    stub.on(TOKEN, &[with_headers(429, "retry-after: 7\r\n", "")]);
    let retry_at = "2026-11-24T10:00:07Z".parse().unwrap();
    assert_eq!(
        entra.token().await.unwrap_err(),
        ConnectorError::RateLimited { retry_at }
    );
}

#[tokio::test]
async fn a_person_signs_in_by_a_code_and_the_backend_goes_on_by_itself() {
    let stub = Stub::new().await;
    let clock = clock();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("state/cases.login");
    let entra = by_device(&stub, &clock, &file);
    let error = entra.token().await.unwrap_err().to_string();
    assert!(error.contains("warboard connector login cases"), "{error}");
    assert!(stub.calls().is_empty());
    let code = json!({"device_code": "d-hunter2", "user_code": "ABCD-EFGH\u{7}", "verification_uri": "https://login.example/device",
        "expires_in": 900, "interval": 5, "message": "open the page"});
    stub.on(CODE, &[stub::json(200, &code)]);
    let prompt = entra.begin().await.unwrap();
    assert_eq!(
        (prompt.address.as_str(), prompt.within_s),
        ("https://login.example/device", 900)
    );
    assert!(prompt.code.contains("ABCD-EFGH") && !prompt.code.contains('\u{7}'));
    assert!(!format!("{prompt:?}").contains("hunter2"));
    assert!(stub.asked()[0].text.ends_with("%20offline_access"));
    let pending = || no("authorization_pending", "AADSTS70016");
    let answers = [
        pending(),
        no("slow_down", ""),
        with_headers(500, "", ""),
        pending(),
        kept("t1", "r1"),
    ];
    stub.on(TOKEN, &answers);
    let begun = clock.mono();
    let path = passing(&clock, entra.finish(&prompt)).await.unwrap();
    assert_eq!(path, file);
    // 5, 5, 10, 15 and 15 s.
    assert!((50..70).contains(&((clock.mono() - begun) / 1_000)));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "r1");
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let asked = stub.asked().last().unwrap().text.clone();
    assert!(asked.contains("device_code=d-hunter2") && asked.contains("grant_type=urn%3Aietf"));
    // From then on it is renewed by what was kept, and by what is given in its place.
    stub.on(TOKEN, &[kept("t2", "r2"), kept("t3", "r2")]);
    assert_eq!(entra.token().await.unwrap().expose(), "t2");
    assert!(
        stub.asked()
            .last()
            .unwrap()
            .text
            .ends_with("&refresh_token=r1")
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "r2");
    clock.advance(3_600_000);
    assert_eq!(entra.token().await.unwrap().expose(), "t3");
    assert!(
        stub.asked()
            .last()
            .unwrap()
            .text
            .ends_with("&refresh_token=r2")
    );
}

#[tokio::test]
async fn a_sign_in_that_has_ended_says_how_to_begin_anew_and_a_new_one_counts_at_once() {
    let stub = Stub::new().await;
    let clock = clock();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("cases.login");
    write_owner_file(&file, b"r-hunter2").unwrap();
    let entra = by_device(&stub, &clock, &file);
    for words in [
        "AADSTS700082: The refresh token has expired due to inactivity: r-hunter2",
        "AADSTS50173: The provided grant has expired due to it being revoked",
    ] {
        stub.on(TOKEN, &[no("invalid_grant", words)]);
        let error = entra.token().await.unwrap_err();
        assert!(matches!(error, ConnectorError::Auth(_)), "{error:?}");
        let error = error.to_string();
        assert!(
            error.contains("run  warboard connector login cases"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
    // Somebody signs in: the running backend takes it up.
    write_owner_file(&file, b"r2").unwrap();
    stub.on(TOKEN, &[kept("t2", "r2")]);
    assert_eq!(entra.token().await.unwrap().expose(), "t2");
    // Others may read it: it is not used.
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    clock.advance(3_600_000);
    let error = entra.token().await.unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
}

#[tokio::test]
async fn a_code_that_nobody_typed_or_somebody_refused_leaves_nothing_behind() {
    let stub = Stub::new().await;
    let clock = clock();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("cases.login");
    let entra = by_device(&stub, &clock, &file);
    let code = json!({"device_code": "d", "user_code": "ABCD", "verification_uri": "https://login.example", "expires_in": 20});
    stub.on(CODE, &[stub::json(200, &code)]);
    let prompt = entra.begin().await.unwrap();
    for (answer, told) in [
        (
            no("authorization_pending", ""),
            "nobody typed the code in time",
        ),
        (no("expired_token", ""), "nobody typed the code in time"),
        (no("authorization_declined", ""), "said no"),
        (no("invalid_client", "AADSTS7000218"), "public client flows"),
        (
            stub::json(200, &json!({"access_token": "t"})),
            "offline_access",
        ),
    ] {
        stub.on(TOKEN, &[answer]);
        let error = passing(&clock, entra.finish(&prompt)).await.unwrap_err();
        assert!(error.to_string().contains(told), "{told}: {error}");
        assert!(matches!(error, ConnectorError::Auth(_)) && !file.exists());
    }
    stub.on(
        CODE,
        &[
            no("unauthorized_client", "AADSTS700016"),
            stub::json(200, &json!({})),
        ],
    );
    for told in ["public client flows", "without a code"] {
        let error = entra.begin().await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}

#[tokio::test]
async fn pitfall_14_what_signs_in_is_never_told_and_never_sent_in_the_clear() {
    let stub = Stub::new().await;
    let good = settings(&stub, &VENDOR);
    assert!(!format!("{good:?}").contains("hunter2"));
    assert!(faults(&good).is_empty(), "{:?}", faults(&good));
    for (key, value, told) in [
        (LOGIN_URL, Some("http://login.example"), "in the clear"),
        (
            LOGIN_URL,
            Some("https://user:pass@login.example"),
            "token file",
        ),
        (TENANT, Some("a/../b"), "must be the id"),
        (TENANT, None, "is missing"),
        (CLIENT_ID, Some("warboard"), "must be the id"),
        (CLIENT_ID, None, "is missing"),
        (login::KEY, Some("password"), "secret or device"),
        (login::KEY, Some(DEVICE), "needs a file"),
    ] {
        let mut settings = good.clone();
        match value {
            Some(value) => settings.options.insert(key, value.to_owned()),
            None => settings.options.remove(key),
        };
        let found = faults(&settings);
        assert!(
            matches!(found.as_slice(), [fault] if fault.key == key && fault.why.contains(told)),
            "{key} {value:?}: {found:?}"
        );
        assert!(Entra::new(&settings, stub::clock()).is_err());
    }
}
