//! Regimes and calendars through the command line: what is listed and shown, and files of one's own with and without faults.

use serde_json::json;

use crate::clocks::{fixture, json_of, run, run_in};

#[test]
fn regimes_are_listed_and_shown_whole() {
    let (code, list, note) = run(&["regimes", "list"]);
    assert_eq!(code, 0);
    assert!(
        !list.contains("DISABLED") && list.contains("ms-72h") && note.contains("--all"),
        "{list}{note}"
    );
    let all = run(&["regimes", "list", "--all"]).1;
    assert!(all.lines().count() > list.lines().count() && all.contains("DISABLED"));
    let body = json_of(&["regimes", "list", "--all", "--json"]);
    let regimes = body["regimes"].as_array().unwrap();
    assert_eq!(regimes.len(), all.lines().count());
    for key in [
        "id",
        "name",
        "jurisdiction",
        "status",
        "confidence",
        "enabled",
        "stages",
        "verified",
    ] {
        assert!(regimes.iter().all(|regime| !regime[key].is_null()), "{key}");
    }
    let (code, shown, _) = run(&["regimes", "show", "dora-19"]);
    assert_eq!(code, 0);
    for part in [
        "citation",
        "stage initial",
        "the earliest of: 4 h after classified_major_at",
        "verified",
        "decider",
        "source",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(
        json_of(&["regimes", "show", "hipaa", "--json"])["stages"][0]["holds"],
        json!(["written", "oral, 30 days at most"])
    );
    let (code, _, stderr) = run(&["regimes", "show", "hippa"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("hipaa"), "{stderr}");
}

#[test]
fn every_fault_of_a_file_is_named_by_file_line_and_key() {
    let home = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    put(
        "bad.toml",
        concat!(
            "schema = \"regimes/1\"\n",
            "[[regime]]\n",
            "id = \"x\"\n",
            "name = \"X\"\n",
            "jurisdiction = \"contract\"\n",
            "citation = \"c\"\n",
            "status = \"in_force\"\n",
            "colour = \"red\"\n",
            "[[regime.stage]]\n",
            "id = \"s\"\n",
            "to = [\"customer\"]\n",
            "trigger = \"aware_at\"\n",
            "clock = { kind = \"business-days\", n = 2, calendar = \"nowhere\", zone = \"Europe/Lodnon\", end = \"17:00:00\" }\n",
        ),
    );
    put(
        "week.toml",
        "id = \"acme\"\nweek = [\"sat\", \"sunday\"]\nvalid_from = 2026-01-01\nvalid_through = 2026-12-31\nholidays = [2026-13-01]\n",
    );
    put(
        "good.toml",
        "id = \"acme\"\nweek = [\"fri\", \"sat\"]\nvalid_from = 2026-01-01\nvalid_through = 2026-12-31\nholidays = [2026-12-01]\n",
    );
    put(
        "order.toml",
        "overlays = \"us-federal\"\nclosures = [ { date = 2026-12-24, reason = \"executive order\" } ]\n",
    );
    put("torn.toml", "schema = \n");
    let own = fixture("regimes.toml");
    let (code, stdout, stderr) = run_in(
        home.path(),
        &[
            "regimes",
            "check",
            "bad.toml",
            "week.toml",
            "good.toml",
            "order.toml",
            "torn.toml",
            &own,
            "none.toml",
        ],
    );
    assert_eq!(code, 1);
    for part in [
        "bad.toml:2: regime.verified: ",
        "bad.toml:8: regime.colour: ",
        "bad.toml:13: ",
        "'nowhere'",
        "Europe/Lodnon",
        "torn.toml:1: ",
        "week.toml:",
        "none.toml",
    ] {
        assert!(stderr.contains(part), "{part} is missing: {stderr}");
    }
    assert!(
        stdout.contains("good.toml: good: calendar acme, 2026-01-01 to 2026-12-31"),
        "{stdout}"
    );
    assert!(
        stdout.contains("order.toml: good: closures for calendar us-federal"),
        "{stdout}"
    );
    assert!(stdout.contains("regimes.toml: good: acme-msa"), "{stdout}");
    assert!(
        !stdout.contains("bad.toml") && !stderr.contains("good.toml"),
        "{stdout}{stderr}"
    );
    let (code, stdout, stderr) = run_in(home.path(), &["regimes", "check", "good.toml", &own]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert!(
        stdout.contains("good.toml: good: calendar acme, 2026-01-01 to 2026-12-31"),
        "{stdout}"
    );
    assert!(stdout.contains("regimes.toml: good: acme-msa"), "{stdout}");
    assert_eq!(run_in(home.path(), &["regimes", "check"]).0, 2);
    // What is not right is not counted by either.
    let args = ["clocks", "eval", "--regime", "x", "--regimes", "bad.toml"];
    let (code, _, stderr) = run_in(home.path(), &args);
    assert_eq!(code, 1);
    assert!(stderr.contains("bad.toml:8: regime.colour"), "{stderr}");
}

#[test]
fn a_calendar_of_one_s_own_closes_days() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("order.toml"),
        "overlays = \"us-federal\"\nclosures = [ { date = 2026-11-27, reason = \"executive order\" } ]\n",
    )
    .unwrap();
    let (code, told, stderr) = run_in(
        home.path(),
        &[
            "clocks",
            "eval",
            "--regime",
            "sec-8k-105",
            "--calendars",
            "order.toml",
            "--trigger",
            "materiality_determined_at=2026-11-23T21:00:00-05:00",
            "--now",
            "2026-11-24T12:00:00Z",
        ],
    );
    assert_eq!(code, 0, "{stderr}");
    assert!(told.contains("executive order"), "{told}");
    assert!(told.contains("2026-12-01T22:30:00Z"), "{told}");
}

#[test]
fn the_readme_s_contract_is_a_good_file_and_counts() {
    let readme = include_str!("../../README.md");
    let block = readme
        .split("```toml\n")
        .find(|block| block.starts_with("schema = \"regimes/1\""))
        .and_then(|block| block.split("```").next())
        .unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("acme.toml"), block).unwrap();
    let (code, stdout, stderr) = run_in(home.path(), &["regimes", "check", "acme.toml"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("acme.toml: good: customer-acme"),
        "{stdout}"
    );
    let args = [
        "clocks",
        "eval",
        "--regime",
        "customer-acme",
        "--regimes",
        "acme.toml",
        "--trigger",
        "aware_at=2026-12-24T18:00:00Z",
        "--now",
        "2026-12-24T19:00:00Z",
    ];
    let (code, told, _) = run_in(home.path(), &args);
    assert_eq!(code, 0);
    assert!(told.contains("2026-12-30T17:00:00Z"), "{told}");
}
