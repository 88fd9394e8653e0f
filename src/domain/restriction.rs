//! Need to know: who may see a restricted incident, and whose glass was broken to see it all the same.
//! Who may restrict stands in `command::restrict`; that every read obeys it is `caller::Audience::sees`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::incident::{Incident, Stamp};
use super::instant::Instant;
use super::refusal::Refusal;

/// For whom an incident exists. For everybody else, admins too, it is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Restriction {
    /// Names, as the record knows them; whoever restricted is among them.
    pub people: Vec<String>,
    /// Who restricted it last.
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// Admins who came in without being on the list, oldest first.
    #[serde(default)]
    pub glass: Vec<Glass>,
}

/// One breaking of the glass: an admin sees a restricted incident for a while, and everybody on the list is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Glass {
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
    /// When it closes by itself.
    #[schema(value_type = String, format = DateTime)]
    pub until: Instant,
    pub reason: String,
    /// When it was closed; null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub mended_at: Option<Instant>,
    /// Who of the list no page reached: they have no team that is known, or one without a route. Somebody has to tell them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unpaged: Vec<String>,
}

impl Glass {
    /// Whether nothing on record closed it yet.
    pub fn is_open(&self) -> bool {
        self.mended_at.is_none()
    }

    /// Whether who broke it still sees the incident: its time ends it, whether or not that could be written down.
    pub fn is_open_at(&self, now: Instant) -> bool {
        self.is_open() && now < self.until
    }
}

impl Restriction {
    /// Whether a person of this name is on the list. Broken glass puts nobody there.
    pub fn lists(&self, name: &str) -> bool {
        self.people.iter().any(|person| person == name)
    }

    /// Whether the incident exists for a person of this name.
    pub fn admits(&self, name: &str, now: Instant) -> bool {
        let mut glass = self.glass.iter();
        self.lists(name) || glass.any(|glass| glass.is_open_at(now) && glass.by == name)
    }

    /// Everybody for whom it exists by the record: glass counts until it is closed there.
    pub fn admitted(&self) -> impl Iterator<Item = &str> {
        self.with_glass(Glass::is_open)
    }

    /// Everybody for whom it exists now.
    pub fn admitted_at(&self, now: Instant) -> impl Iterator<Item = &str> {
        self.with_glass(move |glass| glass.is_open_at(now))
    }

    fn with_glass(&self, open: impl Fn(&Glass) -> bool) -> impl Iterator<Item = &str> {
        let broken = self.glass.iter().filter(move |glass| open(glass));
        let people = self.people.iter().map(String::as_str);
        people.chain(broken.map(|glass| glass.by.as_str()))
    }
}

impl Incident {
    /// Sets who may see it; nobody named lifts the restriction. Glass that is open is closed: the list is what holds.
    pub(super) fn restrict(&mut self, people: &[String], stamp: &Stamp) {
        let before = self.restriction.take();
        if people.is_empty() {
            return;
        }
        let mut glass = before.map(|before| before.glass).unwrap_or_default();
        for open in glass.iter_mut().filter(|glass| glass.is_open()) {
            open.mended_at = Some(stamp.at);
        }
        self.restriction = Some(Restriction {
            people: people.to_vec(),
            by: stamp.by.clone(),
            at: stamp.at,
            glass,
        });
    }

    pub(super) fn break_glass(
        &mut self,
        reason: &str,
        until: Instant,
        unpaged: &[String],
        stamp: &Stamp,
    ) {
        if let Some(restriction) = &mut self.restriction {
            restriction.glass.push(Glass {
                by: stamp.by.clone(),
                at: stamp.at,
                until,
                reason: reason.to_owned(),
                mended_at: None,
                unpaged: unpaged.to_vec(),
            });
        }
    }

    pub(super) fn mend_glass(&mut self, person: &str, at: Instant) {
        let glass = self.restriction.iter_mut().flat_map(|r| &mut r.glass);
        for open in glass.filter(|glass| glass.is_open() && glass.by == person) {
            open.mended_at = Some(at);
        }
    }

    /// When the next broken glass closes by itself.
    pub fn glass_until(&self) -> Option<Instant> {
        let glass = self.restriction.iter().flat_map(|r| &r.glass);
        glass
            .filter(|glass| glass.is_open())
            .map(|glass| glass.until)
            .min()
    }

    /// Nobody is given work on an incident that does not exist for them.
    ///
    /// # Errors
    /// The incident is restricted, and this person is not on its list.
    pub(super) fn check_admits(&self, person: &str) -> Result<(), Refusal> {
        match &self.restriction {
            Some(restriction) if !restriction.lists(person) => Err(Refusal::state(format!(
                "{} is restricted, and {person} is not on its list; restrict it anew with {person} among the people first.",
                self.id
            ))),
            _ => Ok(()),
        }
    }
}
