//! The intake's own token, where it cannot be read, is read slowly, or has ended.

use super::*;

#[tokio::test]
async fn an_intake_whose_own_token_cannot_be_read_says_that_it_is_its_own_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let clock = TestClock::default();
    let token = format!("token_file = \"{}\"", path.display());
    let plan = Plan::new().clock(&clock).intakes(intake_of(&token, ""));
    let backend = plan.start().await;
    let body = group("NodeDown", "firing", "critical");
    // Told again within the time for which what was read is believed, too.
    for _ in 0..2 {
        let answer = post(&backend, &body).await;
        let (word, _) = answer.problem(503);
        assert_eq!(word, "token_unreadable");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    std::fs::write(&path, TOKEN).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&path, private).unwrap();
    clock.advance(10_000);
    assert_eq!(landed(&backend, &body).await.0, "opened");
    let wrong = backend.ask("POST", "/v1/intake/alerts").token("wrong");
    wrong.json(&body).send().await.problem(401);
    // Once it is known it counts, though it cannot be read again.
    std::fs::remove_file(&path).unwrap();
    clock.advance(10_000);
    assert_eq!(post(&backend, &body).await.status, 200);
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn a_sender_that_goes_away_while_the_token_is_read_shuts_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // Each command tells by one pipe that it runs, and waits at a pipe of its own for what it is to print: the one that
    // is stopped can take nothing from the one after it.
    nix::unistd::mkfifo(&at("begun"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script = format!(
        "cd '{}'\nmkfifo $$\necho $$ >begun\nexec cat $$\n",
        folder.path().display()
    );
    std::fs::write(at("slow"), script).unwrap();
    let token = format!("token_command = \"sh {}\"", at("slow").display());
    let clock = TestClock::default();
    let plan = Plan::new().clock(&clock).intakes(intake_of(&token, ""));
    let backend = plan.start().await;
    let body = group("NodeDown", "firing", "critical");
    let send = || {
        let ask = backend.ask("POST", "/v1/intake/alerts").token(TOKEN);
        let ask = ask.json(&body);
        tokio::spawn(async move { ask.send().await })
    };
    let begins = || {
        crate::http::soon(
            "the command that reads the token",
            tokio::fs::read_to_string(at("begun")),
        )
    };
    let first = send();
    begins().await.unwrap();
    first.abort();
    let second = send();
    let process = begins().await.unwrap();
    let said = format!("{TOKEN}\n");
    tokio::fs::write(at(process.trim()), said).await.unwrap();
    let answer = crate::http::soon("the second answer", second).await;
    assert_eq!(answer.unwrap().status, 200);
    backend.stop_at(&clock).await;
}

#[tokio::test]
async fn a_token_that_ended_is_refused_as_a_wrong_one_is_and_the_trouble_says_why() {
    let (backend, clock) = backend("token_expires_at = \"2026-11-23T15:00:00Z\"").await;
    let body = group("NodeDown", "firing", "critical");
    let told = trouble(&backend).await;
    assert_eq!(told["token_expires_at"], "2026-11-23T15:00:00Z", "{told}");
    assert_eq!(told["trouble"], Value::Null, "{told}");
    let ends: chrono::DateTime<chrono::Utc> = "2026-11-23T15:00:00Z".parse().unwrap();
    let left = (ends - warboard::time::Clock::now(&clock)).num_milliseconds();
    clock.advance(left - 1);
    assert_eq!(landed(&backend, &body).await.0, "opened");
    clock.advance(1);
    let wrong = backend.ask("POST", "/v1/intake/alerts").token("wrong");
    let wrong = wrong.json(&body).send().await.problem(401);
    assert_eq!(post(&backend, &body).await.problem(401), wrong);
    let told = trouble(&backend).await;
    let why = told["trouble"].as_str().unwrap_or_default();
    assert!(
        why.contains("its token ended 23 Nov 2026 15:00 UTC"),
        "{told}"
    );
    backend.stop_at(&clock).await;
}
