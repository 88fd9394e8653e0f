//! What a page says: by default who asks for whom, on which incident, and where to answer; texts only over a route that
//! is cleared for the incident. The page dialog shows the same words before they are sent.

use serde::Serialize;

use crate::domain::command::break_glass::GLASS_BROKEN;
use crate::domain::command::set::Set;
use crate::domain::incident::Incident;
use crate::domain::incident::page::Page;
use crate::domain::instant::Instant;
use crate::domain::text::SafeText;
use crate::domain::word::{Severity, Tlp, Urgency};

/// The kind of a message that takes a page back.
const STAND_DOWN: &str = "stand_down";

/// The body of a page over a webhook: fixed when the page is queued, the same on every attempt.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PageMessage {
    /// `page`, `stand_down` or `test`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The page's id; one page keeps it over all routes.
    pub page: String,
    pub incident: String,
    pub codename: String,
    pub severity: Option<Severity>,
    /// Of an incident that exists for a few people only.
    pub restricted: bool,
    pub exercise: bool,
    pub tlp: Tlp,
    pub team: String,
    pub urgency: Urgency,
    /// Who asks; empty for a restricted incident.
    pub by: String,
    pub queued_at: Instant,
    pub bridge: Option<String>,
    /// Where a person answers; a form that changes nothing until it is sent.
    pub answer_url: Option<String>,
    pub title: Option<String>,
    pub summary: Option<String>,
    pub message: Option<String>,
    /// Names of texts left out because the route is not cleared for them.
    pub withheld: Vec<&'static str>,
    /// All of it in words, for a person's screen.
    pub text: String,
    /// Its key in the system it came from, for routes by that system.
    #[serde(skip)]
    pub upstream: Option<String>,
    /// It tells that the glass of a restricted incident was broken.
    #[serde(skip)]
    pub glass: bool,
}

impl PageMessage {
    /// What a route of this clearance is told.
    pub fn new(
        incident: &Incident,
        page: &Page,
        team: &str,
        clearance: Tlp,
        link: Option<&str>,
    ) -> PageMessage {
        // A restricted incident tells outside that it is there, and nothing of itself.
        let named = incident.restriction.is_none();
        let cleared = incident.tlp <= clearance && named;
        let mut withheld = Vec::new();
        let mut shown = |name: &'static str, text: Option<&String>| match (text, cleared) {
            (Some(text), true) => Some(text.clone()),
            (Some(_), false) => {
                withheld.push(name);
                None
            }
            (None, _) => None,
        };
        let title = shown("title", Some(&incident.title));
        let summary = shown("summary", incident.summary.as_ref());
        let glass = page.message.as_deref() == Some(GLASS_BROKEN);
        let message = match glass && !cleared {
            // A phrase of the house; what was asked besides stays inside.
            true => page.message.clone(),
            false => shown("message", page.said().as_ref()),
        };
        if !named {
            withheld.extend(["severity", "bridge", "by"]);
        }
        let mut told = PageMessage {
            kind: "page",
            page: page.id.clone(),
            incident: incident.id.clone(),
            codename: incident.codename.clone(),
            severity: incident.severity.filter(|_| named),
            restricted: !named,
            exercise: incident.exercise,
            tlp: incident.tlp,
            team: team.to_owned(),
            urgency: page.urgency,
            by: if named {
                page.by.clone()
            } else {
                String::new()
            },
            queued_at: page.queued_at,
            bridge: incident.bridge.clone().filter(|_| named),
            answer_url: link.map(str::to_owned),
            title,
            summary,
            message,
            withheld,
            text: String::new(),
            upstream: incident.upstream.as_ref().map(|of| of.key.clone()),
            glass,
        };
        told.text = told.words();
        told
    }

    /// Whether a page says something of what is set here, or says it because of it.
    pub fn says(set: &Set) -> bool {
        set.tlp.is_some() || set.title.is_some() || set.summary.is_some() || set.bridge.is_some()
    }

    /// What takes a page back: the team need not come. `reason` stands where the page's message stood.
    pub fn stand_down(
        incident: &Incident,
        page: &Page,
        team: &str,
        clearance: Tlp,
        reason: Option<&str>,
    ) -> PageMessage {
        let over = Page {
            message: reason.map(str::to_owned),
            folded: Vec::new(),
            urgency: Urgency::Low,
            ..page.clone()
        };
        let mut told = PageMessage::new(incident, &over, team, clearance, None);
        told.kind = STAND_DOWN;
        told.text = told.words();
        told
    }

    /// What a test of a route says; about no incident.
    pub fn test(team: &str, tlp: Tlp, now: Instant) -> PageMessage {
        let mut told = PageMessage {
            kind: "test",
            page: format!("test-{}", now.timestamp_millis()),
            incident: "TEST".to_owned(),
            codename: "NO INCIDENT".to_owned(),
            severity: None,
            restricted: false,
            exercise: false,
            tlp,
            team: team.to_owned(),
            urgency: Urgency::Low,
            by: "warboard doctor".to_owned(),
            queued_at: now,
            bridge: None,
            answer_url: None,
            title: None,
            summary: None,
            message: None,
            withheld: Vec::new(),
            text: String::new(),
            upstream: None,
            glass: false,
        };
        told.text = told.words();
        told
    }

    /// Whether it only tests a route.
    pub fn is_test(&self) -> bool {
        self.kind == "test"
    }

    /// Whether it takes a page back.
    pub fn is_stand_down(&self) -> bool {
        self.kind == STAND_DOWN
    }

    /// What it says in one line.
    pub fn headline(&self) -> String {
        if self.is_test() {
            return format!("TEST from warboard, no incident: for {}", safe(&self.team));
        }
        let exercise = if self.exercise { "EXERCISE " } else { "" };
        let restricted = if self.restricted { " (restricted)" } else { "" };
        if self.is_stand_down() {
            return format!(
                "{exercise}STAND DOWN for {}: {} {}{restricted}, the page is over",
                safe(&self.team),
                self.incident,
                self.codename
            );
        }
        if self.restricted {
            let what = if self.glass { "GLASS BROKEN" } else { "PAGE" };
            return format!(
                "{exercise}{what} for {}: {} {}{restricted}",
                safe(&self.team),
                self.incident,
                self.codename,
            );
        }
        let severity = self
            .severity
            .map_or("severity not assessed", |s| s.as_str());
        format!(
            "{exercise}PAGE for {}: {} {} ({severity}), asked by {}",
            safe(&self.team),
            self.incident,
            self.codename,
            safe(&self.by)
        )
    }

    /// What it says, line by line, without how to answer.
    pub fn said(&self) -> Vec<String> {
        let mut lines = vec![self.headline()];
        if self.is_test() {
            lines.push("A page would reach you this way. There is nothing to do.".to_owned());
        }
        if self.is_stand_down() {
            lines.push("You need not come. There is nothing to answer.".to_owned());
        }
        lines.extend(self.title.as_deref().map(safe));
        lines.extend(self.message.as_deref().map(safe));
        let bridge = self.bridge.as_deref().filter(|_| !self.is_stand_down());
        lines.extend(bridge.map(|bridge| format!("Bridge: {}", safe(bridge))));
        lines
    }

    /// How to answer without a link; None where there is one, or nothing to answer.
    pub fn answer(&self) -> Option<String> {
        (self.answer_url.is_none() && !self.is_test() && !self.is_stand_down())
            .then(|| format!("Answer with: warboard ack {}", self.page))
    }

    fn words(&self) -> String {
        let mut lines = self.said();
        lines.extend(self.answer_url.as_ref().map(|url| format!("Answer: {url}")));
        lines.extend(self.answer());
        lines.join("\n")
    }

    /// The bytes that every attempt sends.
    pub fn body(&self) -> Vec<u8> {
        // A struct of texts and words always serialises.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

fn safe(text: &str) -> String {
    SafeText::line(text).shown().to_owned()
}
