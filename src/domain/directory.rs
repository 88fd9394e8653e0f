//! Who there is: services, teams, how a team may be reached (kinds, never addresses), what a severity means.
//! The default stands when a backend has no file of its own; addresses and secrets belong to `paging`.

use super::board::{RouteView, ServiceView, SeverityMeaning, TeamView};
use super::span::Span;
use super::word::{Severity, TeamKind, Tlp};

/// The directory of one backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Directory {
    pub services: Vec<Service>,
    pub teams: Vec<Team>,
    /// What each severity means here; without an entry one means nothing in particular.
    pub severities: Vec<SeverityMeaning>,
}

/// An online service with its own response team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub id: String,
    pub name: String,
    /// Of incident ids: `[A-Z][A-Z0-9]{0,5}`, unique.
    pub prefix: String,
    /// The security response team that owns its incidents.
    pub owner: String,
    /// The service's own team.
    pub service_team: Option<String>,
    /// The regimes a new incident starts with.
    pub regimes: Vec<String>,
}

/// A team that can be paged.
#[derive(Debug, Clone, PartialEq)]
pub struct Team {
    pub id: String,
    pub name: String,
    /// A few letters, for where there is little room.
    pub short: String,
    pub kind: TeamKind,
    /// Services it works for; empty: all.
    pub services: Vec<String>,
    /// When it is to be called in, in words.
    pub engage_when: Vec<String>,
    /// How long it may take to answer before the page escalates.
    pub ack_within: Span,
    /// The ways to reach it, tried in order.
    pub routes: Vec<RouteView>,
    /// The team a page escalates to after the last route.
    pub escalate_to: Option<String>,
}

/// A directory that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} '{id}': {fault}")]
pub struct DirectoryFault {
    /// `service` or `team`.
    pub what: &'static str,
    pub id: String,
    /// The key of its table that is at fault.
    pub key: &'static str,
    /// What is wrong with it, and what would be right.
    pub fault: String,
}

impl Directory {
    /// The service with this id.
    pub fn service(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|s| s.id == id)
    }

    /// The team with this id or short name.
    pub fn team(&self, id: &str) -> Option<&Team> {
        self.teams
            .iter()
            .find(|t| t.id == id)
            .or_else(|| self.teams.iter().find(|t| t.short == id))
    }

    /// The team that is called when nobody else answers for this service.
    pub fn command_team(&self, service: &str) -> Option<&Team> {
        self.teams
            .iter()
            .find(|t| t.kind == TeamKind::Command && t.works_for(service))
    }

    /// Where a page to this team goes after its last route.
    pub fn escalation(&self, team: &Team, service: &str) -> Option<&Team> {
        let next = match &team.escalate_to {
            Some(id) => self.team(id),
            None => self.command_team(service),
        };
        next.filter(|next| next.id != team.id)
    }

    /// Everything that contradicts itself, not only the first.
    pub fn faults(&self) -> Vec<DirectoryFault> {
        let mut faults = Vec::new();
        let mut add = |what, id: &str, key, fault: String| {
            faults.push(DirectoryFault {
                what,
                id: id.to_owned(),
                key,
                fault,
            })
        };
        for (i, service) in self.services.iter().enumerate() {
            let prefix_ok = service.prefix.len() <= 6
                && service.prefix.starts_with(|c: char| c.is_ascii_uppercase())
                && service
                    .prefix
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
            if !prefix_ok {
                add(
                    "service",
                    &service.id,
                    "prefix",
                    format!(
                        "prefix '{}' must be one capital and at most five capitals or digits more",
                        service.prefix
                    ),
                );
            }
            for other in self.services.iter().take(i) {
                if other.id == service.id {
                    add("service", &service.id, "id", "stands twice".to_owned());
                } else if other.prefix == service.prefix {
                    add(
                        "service",
                        &service.id,
                        "prefix",
                        format!(
                            "has the prefix '{}' of service '{}'",
                            service.prefix, other.id
                        ),
                    );
                }
            }
            let owner = std::iter::once(("owner", &service.owner));
            let service_team = service.service_team.iter().map(|t| ("service_team", t));
            for (key, team) in owner.chain(service_team) {
                if !self.teams.iter().any(|t| t.id == *team) {
                    add(
                        "service",
                        &service.id,
                        key,
                        format!("names the team '{team}', which is not in the file"),
                    );
                }
            }
        }
        for (i, team) in self.teams.iter().enumerate() {
            if self.teams.iter().take(i).any(|other| other.id == team.id) {
                add("team", &team.id, "id", "stands twice".to_owned());
            }
            for service in team.services.iter().filter(|s| self.service(s).is_none()) {
                add(
                    "team",
                    &team.id,
                    "services",
                    format!("names the service '{service}', which is not in the file"),
                );
            }
            if let Some(next) = team
                .escalate_to
                .as_ref()
                .filter(|next| self.team(next).is_none())
            {
                add(
                    "team",
                    &team.id,
                    "escalate_to",
                    format!("escalates to '{next}', which is not in the file"),
                );
            }
        }
        faults
    }
}

impl Service {
    /// The service as readers see it.
    pub fn view(&self) -> ServiceView {
        ServiceView {
            id: self.id.clone(),
            name: self.name.clone(),
            prefix: self.prefix.clone(),
            owner: self.owner.clone(),
            service_team: self.service_team.clone(),
            regimes: self.regimes.clone(),
        }
    }
}

impl Team {
    /// A team with everything a file may leave out.
    pub fn new(id: impl Into<String>, name: impl Into<String>, kind: TeamKind) -> Team {
        let id = id.into();
        Team {
            short: id.clone(),
            id,
            name: name.into(),
            kind,
            services: Vec::new(),
            engage_when: Vec::new(),
            ack_within: Span::minutes(10),
            routes: Vec::new(),
            escalate_to: None,
        }
    }

    /// Whether incidents of this service are its business.
    pub fn works_for(&self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|s| s == service)
    }

    /// The team as readers see it.
    pub fn view(&self) -> TeamView {
        TeamView {
            id: self.id.clone(),
            name: self.name.clone(),
            short: self.short.clone(),
            kind: self.kind,
            services: self.services.clone(),
            engage_when: self.engage_when.clone(),
            ack_within: self.ack_within.to_string(),
            routes: self.routes.clone(),
            escalate_to: self.escalate_to.clone(),
        }
    }
}

/// A route's default clearance: texts above it are left out.
pub const ROUTE_CLEARANCE: Tlp = Tlp::Green;

impl Default for Directory {
    fn default() -> Directory {
        let mut teams = Vec::new();
        let mut services = Vec::new();
        for (id, name, prefix) in [
            ("azure", "Azure", "AZ"),
            ("microsoft-365", "Microsoft 365", "M365"),
            ("dynamics-365", "Dynamics 365", "DYN"),
            ("power-platform", "Power Platform", "PP"),
        ] {
            let of = |kind: &str, title: &str, team_kind: TeamKind, when: &[&str]| {
                let team_id = if team_kind == TeamKind::Partner {
                    format!("{kind}-{id}")
                } else {
                    format!("{id}-{kind}")
                };
                Team {
                    services: vec![id.to_owned()],
                    engage_when: when.iter().map(|w| (*w).to_owned()).collect(),
                    ..Team::new(team_id, format!("{name} {title}"), team_kind)
                }
            };
            teams.push(of(
                "security-response",
                "Security Response",
                TeamKind::SecurityResponse,
                &["any security incident of the service"],
            ));
            teams.push(of(
                "engineering",
                "Engineering",
                TeamKind::Service,
                &["knowledge of the service", "change in production"],
            ));
            teams.push(of(
                "privacy",
                "Privacy",
                TeamKind::Partner,
                &["personal data", "customer notification"],
            ));
            teams.push(of(
                "communications",
                "Communications",
                TeamKind::Partner,
                &["customer notification", "public attention"],
            ));
            services.push(Service {
                id: id.to_owned(),
                name: name.to_owned(),
                prefix: prefix.to_owned(),
                owner: format!("{id}-security-response"),
                service_team: Some(format!("{id}-engineering")),
                regimes: vec!["ms-dpa".to_owned(), "ms-72h".to_owned()],
            });
        }
        for (id, name, kind, when) in [
            (
                "threat-intelligence",
                "Threat Intelligence",
                TeamKind::Partner,
                &["known or suspected actor", "indicators to match"][..],
            ),
            (
                "digital-security-risk-engineering",
                "Digital Security and Risk Engineering",
                TeamKind::Partner,
                &["corporate network or identity", "insider"][..],
            ),
            (
                "security-response-center",
                "Security Response Center",
                TeamKind::Partner,
                &["report from outside", "vulnerability in a product"][..],
            ),
            (
                "legal-affairs",
                "Legal Affairs",
                TeamKind::Partner,
                &["customer notification", "law enforcement"][..],
            ),
            (
                "incident-command",
                "Incident Command",
                TeamKind::Command,
                &["nobody answers", "several services at once"][..],
            ),
        ] {
            teams.push(Team {
                engage_when: when.iter().map(|w| (*w).to_owned()).collect(),
                ..Team::new(id, name, kind)
            });
        }
        let meanings = [
            (
                Severity::Sev1,
                "confirmed access to customer data, or spreading",
            ),
            (
                Severity::Sev2,
                "likely access to customer data, or a foothold in production",
            ),
            (
                Severity::Sev3,
                "contained compromise without sign of access to customer data",
            ),
            (
                Severity::Sev4,
                "violation or weakness without sign of compromise",
            ),
            (Severity::Sev5, "to be watched"),
        ];
        let severities = meanings
            .into_iter()
            .map(|(id, means)| SeverityMeaning {
                id,
                means: means.to_owned(),
            })
            .collect();
        Directory {
            services,
            teams,
            severities,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_directory_names_every_team_of_the_design_and_contradicts_nothing() {
        let directory = Directory::default();
        assert_eq!(directory.faults(), []);
        for id in [
            "azure-security-response",
            "power-platform-engineering",
            "privacy-dynamics-365",
            "communications-microsoft-365",
            "legal-affairs",
            "incident-command",
        ] {
            assert!(directory.team(id).is_some(), "{id}");
        }
        assert_eq!(directory.teams.len(), 4 * 4 + 5);
        assert_eq!(
            directory.command_team("azure").map(|t| t.id.as_str()),
            Some("incident-command")
        );
    }

    #[test]
    fn a_directory_that_contradicts_itself_is_told_every_fault() {
        let mut directory = Directory::default();
        directory.services[1].prefix = "AZ".to_owned();
        directory.services[2].owner = "nobody".to_owned();
        directory.teams[0].escalate_to = Some("nowhere".to_owned());
        let faults: Vec<String> = directory.faults().iter().map(ToString::to_string).collect();
        assert_eq!(faults.len(), 3, "{faults:?}");
    }
}
