//! What tests of pages share: whom they page, what they look at, and the routes by which it goes.

use serde_json::{Value, json};
use warboard::paging::settings::{Address, RouteSettings, Target};

use crate::hook::Hook;

pub const TEAM: &str = "legal-affairs";

/// Pages the team.
pub fn page() -> Value {
    json!({"type": "page", "teams": [TEAM], "message": "please come"})
}

/// The first page of an incident.
pub fn first(incident: &Value) -> &Value {
    &incident["pages"][0]
}

/// Whether the first page is in this state.
pub fn is(state: &str) -> impl Fn(&Value) -> bool {
    let state = state.to_owned();
    move |incident| first(incident)["state"] == state.as_str()
}

/// A route whose receiver does not know a page again.
pub fn slack(hook: &Hook) -> RouteSettings {
    Hook::route_of(Target::Slack {
        address: Address::Written(hook.url().to_owned()),
    })
}
