//! VERIS records through the command line into a backend: what lands, what is named, and that nothing lands twice.

use crate::program::Backend;

const TWO: &str = concat!(
    r#"{"schema_version":"1.3","incident_id":"a-1","security_incident":"Confirmed","summary":"Laptop stolen from a car.","timeline":{"incident":{"year":2013,"month":5}},"attribute":{"confidentiality":{"data_disclosure":"Yes","data_total":1500}},"victim":{"victim_id":"Clinic"}}"#,
    "\n",
    r#"{"schema_version":"1.3","incident_id":"a-2","security_incident":"Suspected","timeline":{"incident":{"year":2014}}}"#,
    "\n"
);

#[test]
fn records_land_once_and_a_bad_one_is_named_while_the_good_go_in() {
    let backend = Backend::start();
    let path = backend.home.path().join("two.jsonl");
    std::fs::write(&path, format!("{TWO}{{broken\n")).unwrap();
    let file = path.to_str().unwrap();
    let (code, stdout, stderr) = backend.run(&["import", "veris", "--service", "azure", file]);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert_eq!(stdout.lines().count(), 2, "{stdout}");
    assert!(stderr.contains("two.jsonl:3"), "{stderr}");
    let before = backend.done(&["list", "--json"]);
    backend.run(&["import", "veris", "--service", "azure", file]);
    let list =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["incidents"].clone();
    assert_eq!(list(&before), list(&backend.done(&["list", "--json"])));
    let first = &list(&before)[0];
    assert_eq!(first["upstream"]["key"], "a-1");
    assert_eq!(first["occurred_at"], "2013-05");
    assert_eq!(first["classification"], "confirmed_breach");
}

#[test]
fn history_is_filed_closed() {
    let backend = Backend::start();
    let path = backend.home.path().join("two.jsonl");
    std::fs::write(&path, TWO).unwrap();
    backend.done(&[
        "import",
        "veris",
        "--service",
        "azure",
        "--closed",
        path.to_str().unwrap(),
    ]);
    assert_eq!(backend.done(&["list"]), "");
    assert_eq!(backend.done(&["list", "--all"]).lines().count(), 2);
}

#[test]
fn all_300_real_records_land() {
    // They stand beside the project where it is built; elsewhere the records above have to do.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/veris.jsonl");
    if !std::path::Path::new(file).exists() {
        return;
    }
    let backend = Backend::start();
    let (code, stdout, stderr) = backend.run(&["import", "veris", file]);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(stdout.lines().count(), 300);
    let frame = backend.done(&["board", "--once", "--size", "200x50"]);
    assert_eq!(frame.lines().count(), 50);
    assert!(frame.contains("300 real"), "{frame}");
}
