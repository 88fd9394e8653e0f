//! Proofs of the backend's own file: what it may leave out, and every fault with its line.

use std::path::Path;

use super::*;
use crate::domain::directory::Directory;
use crate::domain::span::Span;
use crate::domain::word::{Severity, TeamKind, Tlp};
use crate::paging::settings::{Address, MailSettings, RouteSettings, Target};

const WHOLE: &str = r#"public_url = "https://azure.incidents.example"
name = "azure"                      # as it calls itself
# Nothing here names regimes of its own.

[[severity]]
id = "sev1"
means = "the house is on fire"

[[service]]
id = "azure"
name = "Azure"
prefix = "AZ"
owner = "azure-security-response"
service_team = "azure-engineering"
regimes = ["ms-dpa", "ms-72h"]

[[team]]
id = "azure-security-response"
name = "Azure Security Response"
kind = "security_response"

[[team]]
id = "azure-engineering"
name = "Azure Engineering"
kind = "service"
services = ["azure"]

[[team]]
id = "legal-affairs"
name = "Legal Affairs"
short = "legal"
kind = "partner"
services = []
engage_when = ["customer notification", "law enforcement"]
ack_within = "2h30m"
escalate_to = "azure-engineering"
[[team.route]]
kind = "webhook"
url = "http://127.0.0.1:9000/legal?key=x"
secret_file = "legal.secret"
clearance = "amber"
in_band = false
[[team.route]]
kind = "webhook"
url = "https://hooks.example/legal"
"#;

fn server(content: &str) -> Home {
    let home = Home::new();
    home.write("server.toml", content);
    home
}

#[test]
fn trusted_proxies_are_blocks_of_addresses_and_what_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.toml");
    let load = |text: &str| {
        std::fs::write(&path, text).unwrap();
        ServerFile::load(Some(&path), &|_| None)
    };
    let file = load("trusted_proxies = [\"127.0.0.1/32\", \"2001:db8::/32\"]\n").unwrap();
    assert_eq!(file.trusted_proxies.len(), 2);
    let told = load("trusted_proxies = [\"the proxy\"]\n")
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("server.toml") && told.contains("'the proxy'"),
        "{told}"
    );
}

#[test]
fn without_a_file_the_built_in_directory_stands() {
    let file = Home::new().server().unwrap();
    assert_eq!(file.directory, Directory::default());
    assert!(file.routes.is_empty() && file.public_url.is_none());
    let few = server("public_url = \"http://127.0.0.1:8787\"").server();
    assert_eq!(few.unwrap().directory, Directory::default());
}

#[test]
fn a_whole_file_is_read_and_what_it_leaves_out_is_filled_in() {
    let home = server(WHOLE);
    let file = home.server().unwrap();
    assert_eq!(file.name.as_deref(), Some("azure"));
    assert!(file.regimes.is_empty() && file.calendars.is_empty());
    let meanings = &file.directory.severities;
    assert_eq!(meanings.len(), 5);
    let means = |id| meanings.iter().find(|m| m.id == id).map(|m| &*m.means);
    assert_eq!(means(Severity::Sev1), Some("the house is on fire"));
    assert_eq!(means(Severity::Sev5), Some("to be watched"));

    let owner = file.directory.team("azure-security-response").unwrap();
    assert_eq!(owner.short, "azure-security-response");
    assert_eq!(owner.ack_within, Span::minutes(10));
    assert!(owner.works_for("azure") && owner.routes.is_empty());
    let legal = file.directory.team("legal").unwrap();
    assert_eq!(legal.kind, TeamKind::Partner);
    assert_eq!(legal.ack_within, Span::minutes(150));
    assert_eq!(legal.engage_when.len(), 2);

    let [(team, routes)] = file.routes.as_slice() else {
        panic!("{:?}", file.routes);
    };
    assert_eq!(team, "legal-affairs");
    let first = RouteSettings {
        target: Target::Webhook {
            url: "http://127.0.0.1:9000/legal?key=x".to_owned(),
            secret_file: Some(home.path("legal.secret")),
        },
        ca_file: None,
        clearance: Tlp::Amber,
        in_band: false,
    };
    assert_eq!(routes[0], first);
    assert_eq!((routes[1].clearance, routes[1].in_band), (Tlp::Green, true));
    let shown: Vec<Tlp> = legal.routes.iter().map(|route| route.clearance).collect();
    assert_eq!(shown, [Tlp::Amber, Tlp::Green]);
}

#[test]
fn a_named_file_must_be_there() {
    let error = ServerFile::load(Some(Path::new("/nowhere/server.toml")), &|_| None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/nowhere/server.toml: there is no such file; check the path, or leave it out"
    );
}

#[test]
fn every_fault_of_the_file_is_told_with_its_line() {
    let changed = |pairs: &[(&str, &str)]| {
        let mut text = WHOLE.to_owned();
        for (from, to) in pairs {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, to, 1);
        }
        text
    };
    for (content, expected) in [
        (
            changed(&[
                ("kind = \"partner\"", "kind = \"partners\""),
                ("\"2h30m\"", "\"150\""),
                ("\"amber\"", "\"orange\""),
                ("kind = \"webhook\"", "kind = \"pigeon\""),
                ("in_band = false", "inband = false"),
                ("https://hooks.example/legal", "https://u:hunter2@hooks.example"),
            ]),
            &[
                "server.toml:32: `team.kind`: 'partners' is not one of: security_response, service, partner, command",
                "server.toml:35: `team.ack_within`: '150' is not a length of time: write 45s, 10m, 2h30m or 90d",
                "server.toml:38: `team.route.kind`: 'pigeon' is not one of: pagerduty, webhook, slack, teams, smtp, ntfy, connector",
                "server.toml:41: `team.route.clearance`: 'orange' is not one of: clear, green, amber, amber+strict, red",
                "server.toml:42: `team.route.inband`: unknown key; known here are: routing_key_file url kind clearance in_band ca_file secret_file url_file host port username password_file from to token_file connector policy person",
                "server.toml:45: `team.route.url`: this URL cannot be used: a user or password in it would be seen by everybody; use a token file",
            ][..],
        ),
        (
            changed(&[
                ("prefix = \"AZ\"", "prefix = \"azure\""),
                ("owner = \"azure-security-response\"", "owner = \"nobody\""),
                ("services = [\"azure\"]", "services = [\"mars\"]"),
                ("escalate_to = \"azure-engineering\"", "escalate_to = \"nowhere\""),
                ("id = \"legal-affairs\"", "id = \"azure-engineering\""),
            ]),
            &[
                "server.toml:12: `service.prefix`: service 'azure': prefix 'azure' must be one capital and at most five capitals or digits more",
                "server.toml:13: `service.owner`: service 'azure': names the team 'nobody', which is not in the file",
                "server.toml:26: `team.services`: team 'azure-engineering': names the service 'mars', which is not in the file",
                "server.toml:29: `team.id`: team 'azure-engineering': stands twice",
                "server.toml:36: `team.escalate_to`: team 'azure-engineering': escalates to 'nowhere', which is not in the file",
            ],
        ),
        (
            changed(&[
                ("id = \"sev1\"", "id = \"sev9\""),
                ("id = \"azure\"\n", "id = \"Azure Cloud\"\n"),
                ("name = \"Azure\"\n", ""),
                ("public_url = \"https://", "public_url = \"azure://"),
            ]),
            &[
                "server.toml:1: `public_url`: this URL cannot be used: it must begin with https:// or http:// and name a host",
                "server.toml:6: `severity.id`: 'sev9' is not one of: sev1, sev2, sev3, sev4, sev5",
                "server.toml:9: `service.name`: is missing; it is needed here",
                "server.toml:10: `service.id`: 'Azure Cloud' is no id; write at most 64 small letters, digits and dashes",
            ],
        ),
        (
            "[[team]]\nid = \"a\"\nname = \"A\"\nkind = \"partner\"\nack_within = \"0m\"\nservices = \"azure\"\n[paging]\n".to_owned(),
            &[
                "server.toml:1: `service`: is missing: a file with teams needs at least one [[service]]",
                "server.toml:5: `team.ack_within`: must be longer than nothing; write 10m",
                "server.toml:6: `team.services`: must be a list of texts, as [\"one\", \"two\"]",
                "server.toml:7: `paging`: unknown key; known here are: public_url name trusted_proxies regimes calendars warn_after_days severity service team connector intake",
            ],
        ),
    ] {
        let home = server(&content);
        let told = home.told(&home.server().unwrap_err());
        assert_eq!(told, expected);
        assert!(!told.concat().contains("hunter2"));
    }
}

const ACME: &str = r#"schema = "regimes/1"
[[regime]]
id = "customer-acme"
name = "Acme master agreement, clause 14.2"
short = "Acme cl. 14.2"
jurisdiction = "contract"
citation = "MSA 2026-03 cl. 14.2"
status = "in_force"
verified = 2026-11-23
[[regime.stage]]
id = "customer"
to = ["customer:acme"]
trigger = "aware_at"
clock = { kind = "business-days", n = 2, calendar = "acme", zone = "Europe/London", end = "17:00:00" }
"#;
const DAYS: &str = r#"id = "acme"
week = ["sat", "sun"]
valid_from = 2026-01-01
valid_through = 2027-12-31
holidays = [2026-12-25]
source = "the agreement"
fetched = 2026-11-23
"#;

#[test]
fn regimes_and_calendars_of_its_own_stand_beside_the_built_in_ones() {
    let home = server("[regimes]\npath = \"acme.toml\"\n[calendars]\npath = [\"days.toml\"]\n");
    home.write("acme.toml", ACME);
    home.write("days.toml", DAYS);
    let file = home.server().unwrap();
    assert_eq!(file.regimes, [home.path("acme.toml")]);
    assert_eq!(file.calendars, [home.path("days.toml")]);
    let rules = file.rules.unwrap();
    let catalogue = rules.catalogue();
    assert!(catalogue.regime("customer-acme").is_some() && catalogue.regime("gdpr-33").is_some());
}

#[test]
fn how_old_a_text_may_be_is_said_by_the_file() {
    let home = server("warn_after_days = 180\n");
    assert!(home.server().unwrap().rules.is_some());
    let home = server("warn_after_days = 0\n");
    let told = home.server().unwrap_err().to_string();
    assert!(told.contains("warn_after_days"), "{told}");
}

#[test]
fn faults_of_regimes_are_told_with_their_own_file_line_and_key() {
    let home = server(
        "regimes = [\"acme.toml\"]\n[calendars]\npaths = \"x\"\n[[service]]\nid = \"a\"\nname = \"A\"\nprefix = \"A\"\nowner = \"o\"\nregimes = [\"ms-72\"]\n[[team]]\nid = \"o\"\nname = \"O\"\nkind = \"command\"\n",
    );
    let told = home.told(&home.server().unwrap_err());
    let expected = [
        "server.toml:1: `regimes`: must be a table: write [regimes]",
        "server.toml:2: `calendars.path`: is missing; it is needed here",
        "server.toml:3: `calendars.paths`: unknown key; known here are: path",
    ];
    assert_eq!(told.get(..3).unwrap(), expected);
    assert!(
        told.get(3)
            .unwrap()
            .starts_with("server.toml:9: `service.regimes`: 'ms-72' is not a regime")
    );

    let home = server("[regimes]\npath = [\"acme.toml\", \"gone.toml\"]\n");
    home.write("acme.toml", &ACME.replace("in_force", "in force"));
    let told = home.told(&home.server().unwrap_err());
    assert!(
        told.iter()
            .any(|line| line.contains("gone.toml: there is no such file")),
        "{told:?}"
    );
    assert!(
        told.iter()
            .any(|line| line.contains("acme.toml:8: `regime.status`: ")),
        "{told:?}"
    );
}

/// The whole file with one team's routes in the place of its own.
fn with_routes(routes: &str) -> String {
    let (before, _) = WHOLE.split_once("[[team.route]]").unwrap();
    format!("{before}{routes}")
}

const EVERY_KIND: &str = r#"[[team.route]]
kind = "pagerduty"
routing_key_file = "pd.key"
[[team.route]]
kind = "slack"
url_file = "slack.url"
in_band = true
[[team.route]]
kind = "teams"
url = "https://flow.example/x?sig=y"
[[team.route]]
kind = "smtp"
host = "mail.example"
username = "board"
password_file = "mail.password"
from = "Warboard <board@example.com>"
to = ["one@example.com"]
clearance = "amber"
[[team.route]]
kind = "ntfy"
url = "https://ntfy.example/legal-7f3a"
token_file = "ntfy.token"
in_band = false
"#;

#[test]
fn every_kind_of_route_is_read_with_its_own_keys() {
    let home = server(&with_routes(EVERY_KIND));
    let file = home.server().unwrap();
    let [(_, routes)] = file.routes.as_slice() else {
        panic!("{:?}", file.routes);
    };
    let targets: Vec<&Target> = routes.iter().map(|route| &route.target).collect();
    let expected = [
        Target::PagerDuty {
            url: "https://events.pagerduty.com/v2/enqueue".to_owned(),
            routing_key_file: home.path("pd.key"),
        },
        Target::Slack {
            address: Address::File(home.path("slack.url")),
        },
        Target::Teams {
            address: Address::Written("https://flow.example/x?sig=y".to_owned()),
        },
        Target::Smtp(MailSettings {
            host: "mail.example".to_owned(),
            port: 587,
            username: Some("board".to_owned()),
            password_file: Some(home.path("mail.password")),
            from: "Warboard <board@example.com>".to_owned(),
            to: vec!["one@example.com".to_owned()],
        }),
        Target::Ntfy {
            url: "https://ntfy.example/legal-7f3a".to_owned(),
            token_file: Some(home.path("ntfy.token")),
        },
    ];
    assert_eq!(targets, expected.iter().collect::<Vec<_>>());
    let team = file.directory.team("legal").unwrap();
    let kinds: Vec<&str> = team.routes.iter().map(|route| &*route.kind).collect();
    assert_eq!(kinds, ["pagerduty", "slack", "teams", "smtp", "ntfy"]);
    assert_eq!(team.routes[3].clearance, Tlp::Amber);
    assert!(!team.routes[4].in_band);
}

#[test]
fn every_fault_of_a_route_is_told_with_its_line() {
    let routes = r#"[[team.route]]
kind = "pagerduty"
secret_file = "pd.key"
[[team.route]]
kind = "slack"
[[team.route]]
kind = "teams"
url = "https://u:hunter2@flow.example/x"
[[team.route]]
kind = "teams"
url = "https://flow.example/x"
url_file = "teams.url"
[[team.route]]
kind = "smtp"
port = "587"
username = "board"
from = "board"
to = ["one@example.com"]
[[team.route]]
kind = "smtp"
host = "mail.example"
port = 65536
from = "board@example.com"
to = ["one"]
[[team.route]]
kind = "ntfy"
url = "https://ntfy.example/a/b"
"#;
    let home = server(&with_routes(routes));
    let told = home.told(&home.server().unwrap_err());
    assert_eq!(
        told,
        [
            "server.toml:37: `team.route.routing_key_file`: is missing; it is needed here",
            "server.toml:39: `team.route.secret_file`: unknown key; known here are: routing_key_file url kind clearance in_band ca_file",
            "server.toml:40: `team.route.url_file`: is missing; write it, or url",
            "server.toml:44: `team.route.url`: this URL cannot be used: a user or password in it would be seen by everybody; use a token file",
            "server.toml:48: `team.route.url_file`: stands beside url; keep one, best url_file: whoever has the address can post",
            "server.toml:49: `team.route.host`: is missing; it is needed here",
            "server.toml:51: `team.route.port`: must be a number from 1 to 65535, without quotes",
            "server.toml:52: `team.route.username`: needs password_file beside it",
            "server.toml:58: `team.route.port`: must be a number from 1 to 65535, without quotes",
            "server.toml:60: `team.route.to`: 'one' is no mail address; write oncall@example.com or Legal <oncall@example.com>",
            "server.toml:63: `team.route.url`: it must end in the topic and nothing else, as https://ntfy.example/legal-7f3a",
        ]
    );
    assert!(!told.concat().contains("hunter2"));
}
