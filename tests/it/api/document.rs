//! The OpenAPI document: it lists every route, and nothing in it leads nowhere.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::backend::Backend;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                found.insert(reference.to_owned());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_lists_every_route_and_resolves() {
    let backend = Backend::new().await;
    let document = backend.ask("GET", "/openapi.json").send().await.expect(200);
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut routes = BTreeSet::new();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{path}: {method}");
            routes.insert(format!("{method} {path}"));
            let id = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(id.to_owned()), "{id} stands twice");
            let responses = operation["responses"].as_object().unwrap();
            assert!(
                responses.keys().any(|status| status.starts_with('2')),
                "{method} {path}"
            );
            for (status, response) in responses {
                assert!(
                    response["description"].is_string(),
                    "{method} {path} {status}"
                );
            }
            check_parameters(path, operation);
        }
    }
    let expected = [
        "get /display",
        "get /display/stream",
        "get /healthz",
        "get /openapi.json",
        "get /readyz",
        "get /v1/changes",
        "get /v1/incidents",
        "get /v1/incidents/{id}",
        "get /v1/incidents/{id}/duties/{duty}/explain",
        "get /v1/incidents/{id}/timeline",
        "get /v1/info",
        "get /v1/pages/{id}/acknowledge",
        "get /v1/regimes",
        "get /v1/teams",
        "post /display/pair",
        "get /v1/logins",
        "get /v1/named",
        "get /v1/who",
        "post /v1/incidents",
        "post /v1/incidents/{id}/commands",
        "post /v1/incidents/{id}/preview",
        "post /v1/intake/{name}",
        "post /v1/logins",
        "post /v1/pages/{id}/acknowledge",
        "put /v1/roster",
        "put /v1/who",
    ];
    assert_eq!(routes, expected.map(str::to_owned).into());
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{}", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
    backend.stop().await;
}

/// Every place in the path is a parameter, each once, and none besides.
fn check_parameters(path: &str, operation: &Value) {
    let mut names = BTreeSet::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (
            parameter["name"].as_str().unwrap(),
            parameter["in"].as_str().unwrap(),
        );
        assert!(names.insert((name, place)), "{path}: {name} stands twice");
        assert!(parameter["schema"].is_object(), "{path}: {name}");
        if place == "path" {
            assert!(path.contains(&format!("{{{name}}}")), "{path}: {name}");
            assert_eq!(parameter["required"], true, "{path}: {name}");
        }
    }
    let places = names.iter().filter(|(_, place)| *place == "path").count();
    assert_eq!(places, path.matches('{').count(), "{path}");
}

#[tokio::test]
async fn the_document_describes_what_is_answered() {
    let backend = Backend::new().await;
    let document = backend.ask("GET", "/openapi.json").send().await.expect(200);
    let id = backend.opened().await;
    backend
        .done(
            &id,
            &serde_json::json!({"type": "page", "teams": ["legal-affairs"]}),
        )
        .await;
    let schema = |name: &str| {
        document["components"]["schemas"][name]["properties"]
            .as_object()
            .unwrap()
            .clone()
    };
    let seen = backend.incident(&id).await;
    let check = |value: &Value, name: &str| {
        let known = schema(name);
        for field in value.as_object().unwrap().keys() {
            assert!(
                known.contains_key(field),
                "{name} does not describe {field}"
            );
        }
    };
    check(&seen, "IncidentView");
    check(&seen["pages"][0], "PageView");
    check(&seen["duties"][0], "DutyView");
    let list = backend
        .get(&backend.tokens.viewer, "/v1/incidents")
        .await
        .expect(200);
    check(&list, "ListBody");
    let problem = backend.ask("GET", "/v1/info").send().await.expect(401);
    check(&problem, "ProblemBody");
    // Every command by its word.
    let text = document["components"]["schemas"].to_string();
    for kind in warboard::domain::allowed::CommandKind::ALL {
        assert!(
            text.contains(&format!("\"{}\"", kind.as_str())),
            "{}",
            kind.as_str()
        );
    }
    backend.stop().await;
}

/// The words of a closed list, wherever they stand in the document.
fn words(document: &Value, name: &str) -> Vec<String> {
    let words = &document["components"]["schemas"][name]["enum"];
    serde_json::from_value(words.clone()).unwrap()
}

#[tokio::test]
async fn the_document_spells_words_as_they_are_sent() {
    let backend = Backend::new().await;
    let document = backend.ask("GET", "/openapi.json").send().await.expect(200);
    assert_eq!(
        words(&document, "Role"),
        ["viewer", "responder", "commander", "admin"]
    );
    assert_eq!(
        words(&document, "Tlp"),
        ["clear", "green", "amber", "amber+strict", "red"]
    );
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for word in schema["enum"].as_array().into_iter().flatten() {
            let word = word.as_str().unwrap();
            assert_eq!(
                word.to_lowercase(),
                word,
                "{name} has a word of the program"
            );
        }
    }
    backend.stop().await;
}

#[tokio::test]
async fn the_document_lets_every_command_have_its_type() {
    let backend = Backend::new().await;
    let document = backend.ask("GET", "/openapi.json").send().await.expect(200);
    let kinds = document["components"]["schemas"]["Command"]["oneOf"].as_array();
    let kinds = kinds.unwrap();
    assert_eq!(
        kinds.len(),
        warboard::domain::allowed::CommandKind::ALL.len()
    );
    for kind in kinds {
        let reference = kind["$ref"].as_str().unwrap();
        let schema = document.pointer(reference.strip_prefix('#').unwrap());
        let schema = schema.unwrap();
        assert_eq!(schema["additionalProperties"], false, "{reference}");
        let word = &schema["properties"]["type"]["enum"];
        assert_eq!(word.as_array().unwrap().len(), 1, "{schema}");
        let required = schema["required"].as_array().unwrap();
        assert!(required.iter().any(|field| field == "type"), "{schema}");
    }
    backend.stop().await;
}
