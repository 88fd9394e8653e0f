//! A team's route as an operator writes it: which kind, where, and with which secrets. Addresses in that file are allowed
//! as written, loopback too. How the file is read is `config`; how a route is spoken to, the files beside this one.

use std::path::PathBuf;

use crate::domain::word::Tlp;

/// Where PagerDuty takes events, unless a route says otherwise.
pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";
/// Where a mail server takes mail from a program.
pub const SMTP_PORT: u16 = 587;

/// What kind of system a route speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteKind {
    /// PagerDuty, Events API v2.
    PagerDuty,
    /// Our own JSON, signed, to any address.
    Webhook,
    /// A Slack incoming webhook.
    Slack,
    /// A Microsoft Teams workflow.
    Teams,
    /// Mail.
    Smtp,
    /// An ntfy topic.
    Ntfy,
    /// A connector of the same file: whoever its source calls for an incident that came from there.
    Connector,
}

/// Keys that every kind of route takes.
const ALL: &[&str] = &["kind", "clearance", "in_band", "ca_file"];

impl RouteKind {
    /// Every kind, as faults list them.
    pub const ALL: [RouteKind; 7] = [
        RouteKind::PagerDuty,
        RouteKind::Webhook,
        RouteKind::Slack,
        RouteKind::Teams,
        RouteKind::Smtp,
        RouteKind::Ntfy,
        RouteKind::Connector,
    ];

    /// The word in the file and in the directory.
    pub const fn as_str(self) -> &'static str {
        match self {
            RouteKind::PagerDuty => "pagerduty",
            RouteKind::Webhook => "webhook",
            RouteKind::Slack => "slack",
            RouteKind::Teams => "teams",
            RouteKind::Smtp => "smtp",
            RouteKind::Ntfy => "ntfy",
            RouteKind::Connector => "connector",
        }
    }

    /// The kind of this word.
    pub fn of(word: &str) -> Option<RouteKind> {
        RouteKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// The keys a route of this kind takes, its own ones first.
    pub fn keys(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            RouteKind::PagerDuty => &["routing_key_file", "url"],
            RouteKind::Webhook => &["url", "secret_file"],
            RouteKind::Slack | RouteKind::Teams => &["url", "url_file"],
            RouteKind::Smtp => &["host", "port", "username", "password_file", "from", "to"],
            RouteKind::Ntfy => &["url", "token_file"],
            RouteKind::Connector => &["connector", "policy", "person"],
        };
        own.iter().chain(ALL).copied().collect()
    }
}

/// One `[[team.route]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSettings {
    pub target: Target,
    /// Authorities to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// Texts above it are left out.
    pub clearance: Tlp,
    /// Whether it runs over the company's own channels: skipped while those are suspect.
    pub in_band: bool,
}

impl RouteSettings {
    /// What kind of system it speaks to.
    pub fn kind(&self) -> RouteKind {
        match &self.target {
            Target::PagerDuty { .. } => RouteKind::PagerDuty,
            Target::Webhook { .. } => RouteKind::Webhook,
            Target::Slack { .. } => RouteKind::Slack,
            Target::Teams { .. } => RouteKind::Teams,
            Target::Smtp(_) => RouteKind::Smtp,
            Target::Ntfy { .. } => RouteKind::Ntfy,
            Target::Connector { .. } => RouteKind::Connector,
        }
    }
}

/// Where a route leads, with what its kind needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    PagerDuty {
        url: String,
        /// The integration key of the service that is paged.
        routing_key_file: PathBuf,
    },
    Webhook {
        url: String,
        /// What signs the body; without it a receiver cannot tell a page from a forgery.
        secret_file: Option<PathBuf>,
    },
    Slack {
        address: Address,
    },
    Teams {
        address: Address,
    },
    Smtp(MailSettings),
    Ntfy {
        /// With the topic as its path.
        url: String,
        token_file: Option<PathBuf>,
    },
    Connector {
        /// The connector's name.
        name: String,
        called: Called,
    },
}

/// Whom a connector calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// Whoever is on call by this escalation policy there.
    Policy(String),
    /// One person, as the system there names them.
    Person(String),
}

/// An address that may itself be a secret: whoever has it can post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Written(String),
    File(PathBuf),
}

/// How mail is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    pub host: String,
    pub port: u16,
    pub username: Option<String>,
    pub password_file: Option<PathBuf>,
    pub from: String,
    pub to: Vec<String>,
}
