//! The regimes and calendars in force: the built-in files, then the user's, which add or, with `supersedes`, replace. Built
//! in once by the caller and kept there; this room holds no state.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use toml::de::DeTable;

use super::calendar::Calendar;
use super::keyed::{CatalogueFault, Faults, Keys};
use super::regime::{Regime, Stage};
use super::{calendar_form, form};

/// The built-in calendars, by file.
const CALENDARS: &[(&str, &str)] = &[
    ("us-federal.toml", include_str!("calendars/us-federal.toml")),
    (
        "de-national.toml",
        include_str!("calendars/de-national.toml"),
    ),
    (
        "fr-national.toml",
        include_str!("calendars/fr-national.toml"),
    ),
    (
        "ie-national.toml",
        include_str!("calendars/ie-national.toml"),
    ),
    (
        "lu-national.toml",
        include_str!("calendars/lu-national.toml"),
    ),
    (
        "nl-national.toml",
        include_str!("calendars/nl-national.toml"),
    ),
    ("gb-eng.toml", include_str!("calendars/gb-eng.toml")),
    (
        "br-national.toml",
        include_str!("calendars/br-national.toml"),
    ),
    ("jp-gov.toml", include_str!("calendars/jp-gov.toml")),
];

/// The built-in regimes, by family of jurisdiction.
const REGIMES: &[(&str, &str)] = &[
    ("contract.toml", include_str!("catalogue/contract.toml")),
    ("eu.toml", include_str!("catalogue/eu.toml")),
    ("uk-ch.toml", include_str!("catalogue/uk-ch.toml")),
    ("us-federal.toml", include_str!("catalogue/us-federal.toml")),
    ("us-sector.toml", include_str!("catalogue/us-sector.toml")),
    ("us-state.toml", include_str!("catalogue/us-state.toml")),
    (
        "canada-latam.toml",
        include_str!("catalogue/canada-latam.toml"),
    ),
    ("apac.toml", include_str!("catalogue/apac.toml")),
    ("mea.toml", include_str!("catalogue/mea.toml")),
];

/// The form of regime files that is read here.
const SCHEMA: &str = "regimes/1";

/// Everything that can be counted by.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    regimes: Vec<Regime>,
    // A superseded id leads to what replaced it: incidents that name it keep their duties.
    places: BTreeMap<String, usize>,
    calendars: Vec<Calendar>,
    hash: String,
}

/// One stage of one regime of a catalogue: what is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Rule<'c> {
    pub catalogue: &'c Catalogue,
    pub regime: &'c Regime,
    pub stage: &'c Stage,
}

/// Instants that every incident has and that name no duty.
pub const OF_ALL: &[&str] = &[
    "detected_at",
    "aware_at",
    "declared_at",
    "contained_at",
    "eradicated_at",
    "recovered_at",
];

impl Catalogue {
    /// The built-in regimes and calendars. A fault here is a fault of the program's own files.
    ///
    /// # Errors
    /// The first of the program's own files that has faults, with all of its faults.
    pub fn built_in() -> Result<Catalogue, Vec<CatalogueFault>> {
        let mut catalogue = Catalogue::default();
        for (name, text) in CALENDARS.iter().chain(REGIMES) {
            catalogue.read(name, text)?;
        }
        Ok(catalogue)
    }

    /// The same with one of the user's files: regimes (`schema = "regimes/1"`), a calendar, or closures for one.
    ///
    /// # Errors
    /// Every fault of the file, with its line.
    pub fn with_user_file(
        mut self,
        name: &str,
        text: &str,
    ) -> Result<Catalogue, Vec<CatalogueFault>> {
        self.read(name, text)?;
        Ok(self)
    }

    /// The same with several of the user's files, in order but calendars first; every fault of every file is told.
    ///
    /// # Errors
    /// Every fault of every file, with its line.
    pub fn with_user_files<'f>(
        mut self,
        files: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Result<Catalogue, Vec<CatalogueFault>> {
        let (regimes, calendars): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(_, text)| has_regimes(text));
        let mut found = Vec::new();
        for (name, text) in calendars.into_iter().chain(regimes) {
            if let Err(faults) = self.read(name, text) {
                found.extend(faults);
            }
        }
        if found.is_empty() {
            Ok(self)
        } else {
            Err(found)
        }
    }

    /// A regime by its id, or by the id of one it superseded.
    pub fn regime(&self, id: &str) -> Option<&Regime> {
        self.regimes.get(*self.places.get(id)?)
    }

    /// Whether a regime's id may tell who a customer is: a contract, or one that is not in force here any more.
    pub fn names_a_customer(&self, id: &str) -> bool {
        self.regime(id).is_none_or(Regime::names_a_customer)
    }

    /// Whether a trigger's name stands in a text that tells nothing of a customer; any other may be a word of people.
    pub fn knows_trigger(&self, name: &str) -> bool {
        let told = self.regimes.iter().filter(|of| !of.names_a_customer());
        let mut stages = told.flat_map(|regime| &regime.stages);
        OF_ALL.contains(&name) || stages.any(|stage| stage.names_trigger(name))
    }

    /// All regimes, built-in ones first, in the order of their files.
    pub fn regimes(&self) -> &[Regime] {
        &self.regimes
    }

    /// A stage of a regime, ready to be evaluated.
    pub fn rule(&self, regime: &str, stage: &str) -> Option<Rule<'_>> {
        let regime = self.regime(regime)?;
        Some(Rule {
            catalogue: self,
            regime,
            stage: regime.stage(stage)?,
        })
    }

    /// All rules of a regime, in the order of its stages.
    pub fn rules<'c>(&'c self, regime: &'c Regime) -> impl Iterator<Item = Rule<'c>> {
        regime.stages.iter().map(move |stage| Rule {
            catalogue: self,
            regime,
            stage,
        })
    }

    /// The calendars.
    pub fn calendars(&self) -> &[Calendar] {
        &self.calendars
    }

    /// A calendar by its id.
    pub fn calendar(&self, id: &str) -> Option<&Calendar> {
        self.calendars.iter().find(|calendar| calendar.id == id)
    }

    /// Adds a calendar unless one of its id is there.
    pub fn with_calendar(mut self, calendar: Calendar) -> Catalogue {
        if self.calendar(&calendar.id).is_none() {
            self.calendars.push(calendar);
        }
        self
    }

    /// The sha256, in hexadecimal, over the texts of all files read, in order: it goes into the record of a computation.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Reads one file; with any fault nothing of it is used.
    fn read(&mut self, name: &str, text: &str) -> Result<(), Vec<CatalogueFault>> {
        let mut faults = Faults::new(name, text);
        let document = match DeTable::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                faults.add(at, "(file)", format!("is not TOML: {}", error.message()));
                return Err(faults.into_vec());
            }
        };
        let keys = Keys::new(document.get_ref(), 0, "");
        if keys.has("regime") || !is_calendar(&keys) {
            self.read_regimes(keys, &mut faults);
        } else {
            self.read_calendar(keys, &mut faults);
        }
        for named in std::mem::take(&mut faults.calendars) {
            if self.calendar(&named.value).is_none() {
                let known: Vec<&str> = self.calendars.iter().map(|c| c.id.as_str()).collect();
                let what = format!(
                    "'{}' is not a calendar that is known; write profile, or one of {}",
                    named.value,
                    known.join(", ")
                );
                faults.add(named.at, named.key, what);
            }
        }
        if !faults.is_empty() {
            return Err(faults.into_vec());
        }
        self.hash = digest(&[&self.hash, name, text]);
        Ok(())
    }

    fn read_calendar(&mut self, keys: Keys<'_, '_>, faults: &mut Faults<'_>) {
        let at = keys.at;
        let known = |calendars: &[Calendar], id: &str| calendars.iter().position(|c| c.id == id);
        match calendar_form::calendar(keys, faults) {
            None => {}
            Some(calendar_form::Read::Overlay(id, closures)) => {
                match known(&self.calendars, &id).and_then(|place| self.calendars.get_mut(place)) {
                    Some(calendar) => calendar.close(closures),
                    None => faults.add(
                        at,
                        "overlays",
                        format!("'{id}' is not a calendar that is known"),
                    ),
                }
            }
            Some(calendar_form::Read::Calendar(calendar, supersedes)) => {
                let replaced = supersedes.as_deref().unwrap_or("");
                let place = known(&self.calendars, replaced);
                if !replaced.is_empty() && place.is_none() {
                    faults.add(
                        at,
                        "supersedes",
                        format!("'{replaced}' is not a calendar that is known"),
                    );
                } else if known(&self.calendars, &calendar.id).is_some_and(|at| Some(at) != place) {
                    let what = format!(
                        "'{0}' is the id of another calendar; say supersedes = \"{0}\" to replace it",
                        calendar.id
                    );
                    faults.add(at, "id", what);
                } else if let Some(slot) = place.and_then(|place| self.calendars.get_mut(place)) {
                    *slot = *calendar;
                } else {
                    self.calendars.push(*calendar);
                }
            }
        }
    }

    fn read_regimes(&mut self, mut keys: Keys<'_, '_>, faults: &mut Faults<'_>) {
        keys.need(faults, "schema");
        if let Some(schema) = keys
            .text(faults, "schema")
            .filter(|text| text.value != SCHEMA)
        {
            let what = format!(
                "'{}' is not a form that is read here; write \"{SCHEMA}\"",
                schema.value
            );
            faults.add(schema.at, schema.key, what);
        }
        let read: Vec<form::Read> = keys
            .tables(faults, "regime")
            .into_iter()
            .filter_map(|table| form::regime(table, faults))
            .collect();
        keys.done(faults);
        // Only a file without a fault changes anything, so faults among files are looked for first.
        let mut next = self.clone();
        for regime in read {
            next.take(regime, faults);
        }
        if faults.is_empty() {
            *self = next;
        }
    }

    fn take(&mut self, read: form::Read, faults: &mut Faults<'_>) {
        let regime = read.regime;
        let place = match &regime.supersedes {
            None => None,
            Some(old) => match self.places.get(old) {
                Some(place) => Some(*place),
                None => {
                    let what = format!("'{old}' is not a regime that is known");
                    faults.add(read.supersedes_at, "regime.supersedes", what);
                    return;
                }
            },
        };
        if self
            .places
            .get(&regime.id)
            .is_some_and(|at| Some(*at) != place)
        {
            let what = format!(
                "'{0}' is the id of another regime; say supersedes = \"{0}\" to replace it",
                regime.id
            );
            faults.add(read.at, "regime.id", what);
            return;
        }
        let at = place.unwrap_or(self.regimes.len());
        self.places.insert(regime.id.clone(), at);
        match self.regimes.get_mut(at) {
            Some(slot) => *slot = regime,
            None => self.regimes.push(regime),
        }
    }
}

/// The version of the IANA time zone database that local times are counted with.
pub fn tz_version() -> &'static str {
    chrono_tz::IANA_TZDB_VERSION
}

fn is_calendar(keys: &Keys<'_, '_>) -> bool {
    ["id", "overlays", "holidays", "valid_from", "week"]
        .iter()
        .any(|key| keys.has(key))
}

fn has_regimes(text: &str) -> bool {
    match DeTable::parse(text) {
        Ok(document) => !is_calendar(&Keys::new(document.get_ref(), 0, "")),
        Err(_) => true,
    }
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}
