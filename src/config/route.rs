//! One `[[team.route]]` of a backend's file: which keys its kind takes, which of them it needs, and what can never be called.
//! Whether a route works, `paging` finds out.

use super::document::{Document, Part};
use super::fault::quoted;
use crate::domain::directory::ROUTE_CLEARANCE;
use crate::paging::mail::Envelope;
use crate::paging::ntfy;
use crate::paging::settings::{
    Address, Called, MailSettings, PAGERDUTY_URL, RouteKind, RouteSettings, SMTP_PORT, Target,
};

/// Reads a route; what is wrong with it goes on record.
pub(super) fn route(document: &mut Document<'_>, part: &Part<'_>) -> Option<RouteSettings> {
    let kind = kind(document, part);
    match kind {
        Some(kind) => document.known(part, &kind.keys()),
        // Without a kind nobody knows which keys are wrong; those of no kind are.
        None => {
            let mut any: Vec<&str> = Vec::new();
            for key in RouteKind::ALL.iter().flat_map(|kind| kind.keys()) {
                if !any.contains(&key) {
                    any.push(key);
                }
            }
            document.known(part, &any);
        }
    }
    let target = kind.and_then(|kind| target(document, part, kind));
    let ca_file = document.path(part, "ca_file");
    let clearance = document.word(part, "clearance");
    let in_band = document.yes(part, "in_band");
    Some(RouteSettings {
        target: target?,
        ca_file,
        clearance: clearance.unwrap_or(ROUTE_CLEARANCE),
        in_band: in_band.unwrap_or(true),
    })
}

fn kind(document: &mut Document<'_>, part: &Part<'_>) -> Option<RouteKind> {
    let word = document.needed(part, "kind")?;
    let kind = RouteKind::of(&word);
    if kind.is_none() {
        let all = RouteKind::ALL.map(RouteKind::as_str).join(", ");
        let what = format!("{} is not one of: {all}", quoted(&word));
        document.fault(part, "kind", what);
    }
    kind
}

fn target(document: &mut Document<'_>, part: &Part<'_>, kind: RouteKind) -> Option<Target> {
    match kind {
        RouteKind::PagerDuty => {
            let url = match part.has("url") {
                true => url(document, part),
                false => Some(PAGERDUTY_URL.to_owned()),
            };
            let routing_key_file = document.needed_path(part, "routing_key_file");
            Some(Target::PagerDuty {
                url: url?,
                routing_key_file: routing_key_file?,
            })
        }
        RouteKind::Webhook => {
            let url = url(document, part);
            let secret_file = document.path(part, "secret_file");
            Some(Target::Webhook {
                url: url?,
                secret_file,
            })
        }
        RouteKind::Slack => address(document, part).map(|address| Target::Slack { address }),
        RouteKind::Teams => address(document, part).map(|address| Target::Teams { address }),
        RouteKind::Smtp => mail(document, part).map(Target::Smtp),
        RouteKind::Connector => {
            let name = document.needed(part, "connector");
            let called = match (part.has("policy"), part.has("person")) {
                (true, true) => {
                    document.fault(part, "person", "stands beside policy; keep one of them");
                    None
                }
                (false, true) => document.text(part, "person").map(Called::Person),
                _ => document.needed(part, "policy").map(Called::Policy),
            };
            Some(Target::Connector {
                name: name?,
                called: called?,
            })
        }
        RouteKind::Ntfy => {
            let url = url(document, part);
            if let Some(Err(why)) = url.as_deref().map(ntfy::topic) {
                document.fault(part, "url", why);
            }
            let token_file = document.path(part, "token_file");
            Some(Target::Ntfy {
                url: url?,
                token_file,
            })
        }
    }
}

/// An address may well have a query; only what can never be called is a fault.
fn url(document: &mut Document<'_>, part: &Part<'_>) -> Option<String> {
    let url = document.needed(part, "url")?;
    if let Err(error) = crate::net::url_place(&url) {
        document.fault(part, "url", error.to_string());
    }
    Some(url)
}

/// An address that is written here, or stands in a file of its own because it is a secret.
fn address(document: &mut Document<'_>, part: &Part<'_>) -> Option<Address> {
    match (part.has("url"), part.has("url_file")) {
        (true, true) => {
            let what =
                "stands beside url; keep one, best url_file: whoever has the address can post";
            document.fault(part, "url_file", what);
            None
        }
        (false, true) => document.path(part, "url_file").map(Address::File),
        (true, false) => url(document, part).map(Address::Written),
        (false, false) => {
            document.fault(part, "url_file", "is missing; write it, or url");
            None
        }
    }
}

fn mail(document: &mut Document<'_>, part: &Part<'_>) -> Option<MailSettings> {
    let host = document.needed(part, "host");
    let port = document.port(part, "port");
    let username = document.text(part, "username");
    let password_file = document.path(part, "password_file");
    for (has, needs) in [("username", "password_file"), ("password_file", "username")] {
        if part.has(has) && !part.has(needs) {
            document.fault(part, has, format!("needs {needs} beside it"));
        }
    }
    let from = document.needed(part, "from");
    if !part.has("to") {
        document.needed(part, "to");
    }
    let to = document.texts(part, "to");
    let settings = MailSettings {
        host: host?,
        port: port.unwrap_or(SMTP_PORT),
        username,
        password_file,
        from: from?,
        to: to?,
    };
    if let Err(fault) = Envelope::new(&settings) {
        document.fault(part, fault.key, fault.why);
    }
    Some(settings)
}
