//! Proofs of `[[connector]]`: what it may leave out, how its words stand before the built-in ones, every fault with its line.

use crate::secret::Place;
use std::path::Path;

use super::*;
use crate::connector::settings::Mapping;
use crate::domain::word::{Phase, Severity};

const WHOLE: &str = r#"[[connector]]
kind = "iris"
name = "cases"
url = "https://iris.example"
token_file = "iris.token"
ca_file = "iris.pem"
service = "azure"
[connector.services]
"Contoso" = "dynamics-365"
[connector.phases]
"Mitigated" = "containment_eradication_and_recovery"
"Containment" = "containment_eradication_and_recovery"
"open" = "post_incident_activity"
[connector.severities]
"Apocalyptic" = "sev1"
[[connector.tag]]
name = "personal-data"
regimes = ["gdpr-33"]
profile = { roles = ["processor"], affected = { tenants = 12 } }

[[connector]]
kind = "pagerduty"
name = "pd"
token_env = "PD_TOKEN"
service = "azure"
from = "ops@example.com"
phase_field = "phase"
write_phases = true
write_notes = true
clearance = "amber"
"#;

fn read(content: &str) -> Result<ServerFile, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.toml");
    std::fs::write(&path, content).unwrap();
    ServerFile::load(Some(&path), &|name| {
        (name == "PD_TOKEN").then(|| "hunter2".to_owned())
    })
}

#[test]
fn connectors_are_read_with_their_words() {
    let file = read(WHOLE).unwrap();
    let [iris, pagerduty] = file.connectors.as_slice() else {
        panic!("{:?}", file.connectors);
    };
    assert_eq!((iris.vendor.word, iris.name.as_str()), ("iris", "cases"));
    assert!(matches!(&iris.token, Place::File(path) if path.ends_with(Path::new("iris.token"))));
    let mapping: &Mapping = &iris.mapping;
    assert_eq!(
        mapping.services,
        [("Contoso".to_owned(), "dynamics-365".to_owned())]
    );
    assert_eq!(
        mapping.status_for(Phase::ContainmentEradicationAndRecovery),
        Some("Mitigated")
    );
    let open: Vec<_> = mapping
        .phases
        .iter()
        .filter(|(word, _)| word.eq_ignore_ascii_case("open"))
        .collect();
    assert_eq!(open, [&("open".to_owned(), Phase::PostIncidentActivity)]);
    assert!(
        mapping
            .severities
            .contains(&("Apocalyptic".to_owned(), Severity::Sev1))
    );
    assert!(
        mapping
            .severities
            .contains(&("High".to_owned(), Severity::Sev2))
    );
    assert_eq!(mapping.tags[0].profile["affected"]["tenants"], 12);
    assert_eq!((iris.write_phases, pagerduty.write_phases), (false, true));
    assert_eq!(
        (iris.write_notes, pagerduty.write_notes),
        (None, Some(crate::domain::word::Tlp::Amber))
    );
    assert_eq!(pagerduty.url, "https://api.pagerduty.com");
    assert!(matches!(
        &pagerduty.token,
        Place::Variable { value: Some(_), .. }
    ));
    assert!(!format!("{pagerduty:?}").contains("hunter2"));
}

#[test]
fn every_fault_of_a_connector_is_told_with_its_line() {
    let faults = read(
        "[[connector]]\nkind = \"jira\"\nname = \"a b\"\nurl = \"ftp://x\"\ntoken = \"hunter2\"\nservice = \"blue\"\n\
         [connector.phases]\n\"Open\" = \"somewhere\"\n\
         [[connector]]\nkind = \"iris\"\nname = \"x\"\nurl = \"https://i.example\"\ntoken_file = \"a\"\ntoken_env = \"B\"\nservice = \"azure\"\nfrom = \"nobody\"\n\
         [[connector.tag]]\nname = \"t\"\nregimes = [\"gdpr-3\"]\nprofile = { at = 1.5 }\n\
         [[connector]]\nkind = \"iris\"\nname = \"y\"\nurl = \"https://i.example\"\ntoken_command = \" \"\nservice = \"azure\"\n\
         [[connector]]\nkind = \"iris\"\nname = \"y\"\nurl = \"https://i.example\"\ntoken_env = \"B\"\nservice = \"azure\"\nodd = 1\n\
         [[connector]]\nkind = \"pagerduty\"\nname = \"z\"\ntoken_env = \"B\"\nservice = \"azure\"\nfrom = \"nobody\"\n\
         [[connector]]\nkind = \"iris\"\nname = \"y\"\nurl = \"https://i.example\"\ntoken_env = \"B\"\nservice = \"azure\"\n",
    )
    .unwrap_err()
    .to_string();
    assert!(!faults.contains("hunter2"), "{faults}");
    for part in [
        "server.toml:2: `connector.kind`: 'jira' is not one of: ",
        "server.toml:3: `connector.name`: 'a b' is no name here",
        "server.toml:4: `connector.url`",
        "server.toml:5: `connector.token`: a token does not stand in this file",
        "server.toml:6: `connector.service`: 'blue' is none of the services",
        "server.toml:8: `connector.phases.Open`: 'somewhere' is not one of",
        "`connector.token_env`: stands beside token_file",
        "`connector.from`: must be the e-mail address",
        "`connector.from`: is for pagerduty",
        "`connector.tag.regimes`: 'gdpr-3' is not a regime",
        "`connector.tag.profile.at`: must be text",
        "`connector.token_command`: is empty",
        "`connector.odd`: unknown key",
        "`connector.name`: two connectors are called 'y'",
    ] {
        assert!(faults.contains(part), "{part}:\n{faults}");
    }
}

#[test]
fn a_route_by_a_connector_names_one_of_this_file_and_whom_it_calls() {
    let team = |route: &str| {
        format!(
            "[[service]]\nid = \"azure\"\nname = \"Azure\"\nprefix = \"AZ\"\nowner = \"legal\"\n[[team]]\nid = \"legal\"\nname = \"Legal\"\nshort = \"legal\"\nkind = \"security_response\"\n[[team.route]]\nkind = \"connector\"\n{route}\n[[connector]]\nkind = \"pagerduty\"\nname = \"pd\"\ntoken_env = \"PD_TOKEN\"\nservice = \"azure\"\nfrom = \"ops@example.com\"\n"
        )
    };
    let file = read(&team("connector = \"pd\"\npolicy = \"E1\"")).unwrap();
    let route = &file.directory.teams[0].routes[0];
    assert_eq!(route.connector.as_deref(), Some("pd"));
    for (route, told) in [
        (
            "connector = \"pg\"\npolicy = \"E1\"",
            "'pg' is none of the connectors: pd",
        ),
        ("connector = \"pd\"", "`team.route.policy`"),
        (
            "connector = \"pd\"\npolicy = \"E1\"\nperson = \"U1\"",
            "stands beside policy",
        ),
    ] {
        let faults = read(&team(route)).unwrap_err().to_string();
        assert!(faults.contains(told), "{told}: {faults}");
    }
}

#[test]
fn what_only_some_of_a_connector_can_be_is_told_with_its_line() {
    let iris = "[[connector]]\nkind = \"iris\"\nname = \"x\"\nurl = \"https://i.example\"\ntoken_file = \"a\"\nservice = \"azure\"\n";
    for (more, told) in [
        ("page = \"mail\"", "`connector.page`: can only be 'task'"),
        ("clearance = \"amber\"", "needs write_notes = true"),
    ] {
        let faults = read(&format!("{iris}{more}\n")).unwrap_err().to_string();
        assert!(faults.contains(told), "{told}: {faults}");
    }
}

#[test]
fn what_signs_in_is_kept_in_the_data_folder_and_a_shared_key_is_told_once() {
    let of = |rest: &str| {
        format!(
            "[[connector]]\nkind = \"graph\"\nname = \"xdr\"\ntenant = \"contoso.example\"\n\
             client_id = \"11111111-2222-3333-4444-555555555555\"\nservice = \"azure\"\n{rest}"
        )
    };
    let file = read(&of("login = \"device\"\n")).unwrap();
    let [xdr] = file.connectors.as_slice() else {
        panic!("{:?}", file.connectors);
    };
    assert_eq!(xdr.url, "https://graph.microsoft.com");
    let kept = Path::new("/.local/share/warboard/xdr.login");
    assert_eq!(xdr.token, Place::File(kept.to_owned()));
    let file = read(&of("login = \"device\"\ntoken_file = \"mine\"\n")).unwrap();
    assert!(matches!(&file.connectors[0].token, Place::File(path) if path.ends_with("mine")));
    for (rest, told) in [
        ("", "server.toml:1: `connector.token_file`: is missing"),
        (
            "login = \"device\"\ntoken_env = \"PD_TOKEN\"\n",
            "server.toml:7: `connector.login`: by device needs a file",
        ),
        (
            "login = \"secret\"\ntoken_env = \"PD_TOKEN\"\nworkspace = \"w\"\n",
            "server.toml:9: `connector.workspace`: is for sentinel; graph has no use for it",
        ),
        (
            "login = \"x\"\ntoken_env = \"PD_TOKEN\"\n",
            "server.toml:7: `connector.login`: must be secret or device",
        ),
        (
            "token_env = \"PD_TOKEN\"\nlogin_url = \"http://login.example\"\n",
            "server.toml:8: `connector.login_url`: would send",
        ),
    ] {
        let faults = read(&of(rest)).unwrap_err().to_string();
        assert!(faults.contains(told), "{told}:\n{faults}");
    }
    let iris = "[[connector]]\nkind = \"iris\"\nname = \"y\"\nurl = \"https://i.example\"\ntoken_env = \"B\"\nservice = \"azure\"\ntenant = \"t\"\n";
    let faults = read(iris).unwrap_err().to_string();
    assert_eq!(faults.matches("connector.tenant").count(), 1, "{faults}");
    assert!(
        faults.contains("is for graph, sentinel; iris has no use for it"),
        "{faults}"
    );
}
