//! Duties: what an incident owes, derived from its record, never stored. One function for the server that writes and
//! for readers whose clock moves on (`status`). What is on record is read in `record`, how an instant is counted in `clock`.
//!
//! A duty is one (incident, regime, stage, subject). The subject is `all` unless the profile tells them apart:
//! `{"subjects": {"ms-72h": ["acme", "wave-2"]}}` makes `ms-72h/customer@acme` and `ms-72h/customer@wave-2`, each with its
//! own instants (`record_time` with `duty`), notices, holds and decider.

mod record;
mod shift;
mod status;
mod told;

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::clock::civil::at;
use super::clock::fact::Lacking;
use super::clock::regime::{Regime, Stage};
use super::clock::trace::Line;
use super::clock::{
    Catalogue, CatalogueFault, Evaluated, Facts, Hold, Profile, Rule, evaluate, explain, tz_version,
};
use super::directory::Directory;
use super::incident::Incident;
use super::incident::record::{Duty, Verdict};
use super::instant::Instant;
use super::view::{CountedView, DeciderView, DutyView, HoldView};
use super::view_of;
use super::word::{DutyStatus, Reportable};
pub use record::{ALL, SUBJECTS, duty_id, is_subject};
use record::{Sent, Triggers};
pub use shift::{counted_before, is_later, is_later_on_record, zones_of};
pub use status::{changes_at, status_at};

/// The regimes that the answer "not reportable" ends, whatever they count from.
const OF_DECLARATION: &[&str] = &["ms-dpa", "ms-72h"];
/// The trigger that this answer says will not come.
const DECLARED: &str = "declared_at";

/// So many days after a text was read its countdowns ask for it to be read again, unless the backend's file says another
/// number.
pub const WARN_AFTER_DAYS: u32 = 365;
/// What then stands after the rule's name, wherever a countdown is shown.
const READ_AGAIN: &str = "read text again";

/// The rules in force at a backend. The default knows none.
#[derive(Debug, Clone)]
pub struct Rules {
    catalogue: Arc<Catalogue>,
    warn_after_days: u32,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules::new(Catalogue::default())
    }
}

impl Rules {
    /// The rules of a catalogue.
    pub fn new(catalogue: Catalogue) -> Rules {
        Rules {
            catalogue: Arc::new(catalogue),
            warn_after_days: WARN_AFTER_DAYS,
        }
    }

    /// The same, with a mark on what was read longer than so many days ago.
    #[must_use]
    pub fn warning_after(self, days: u32) -> Rules {
        Rules {
            warn_after_days: days,
            ..self
        }
    }

    /// The rule in a few letters as of a day; where its text was read too long ago it says so.
    fn named(&self, regime: &Regime, stage: &Stage, day: NaiveDate) -> String {
        let mut name = rule_name(regime, stage);
        if regime.age_on(day) > i64::from(self.warn_after_days) {
            name.push_str(", ");
            name.push_str(READ_AGAIN);
        }
        name
    }

    /// The built-in rules. Read once, by whoever starts a backend; a fault is one of the program's own files.
    ///
    /// # Errors
    /// Every fault of the program's own file that has any.
    pub fn built_in() -> Result<Rules, Vec<CatalogueFault>> {
        Catalogue::built_in().map(Rules::new)
    }

    /// The regimes and calendars.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The regime and the stage that a duty's id names.
    pub fn stage_of(&self, duty: &str) -> Option<(&Regime, &Stage)> {
        let (regime, stage, _) = record::parts_of(duty)?;
        let regime = self.catalogue.regime(regime)?;
        Some((regime, regime.stage(stage)?))
    }

    /// The zones that texts of these regimes name for clocks of a trigger, whatever the entity's.
    fn zones_of_trigger(&self, regimes: &[String], trigger: &str) -> Vec<Tz> {
        let mut zones = Vec::new();
        let known = regimes.iter().filter_map(|id| self.catalogue.regime(id));
        for stage in known.flat_map(|regime| &regime.stages) {
            let other = stage.variants.iter().map(|variant| &variant.clock);
            for clock in std::iter::once(&stage.clock).chain(other) {
                if clock.triggers().contains(&trigger) {
                    clock.each_named_zone(&mut |zone| zones.push(zone));
                }
            }
        }
        zones
    }

    /// By what is counted here: the record of every computation.
    pub fn counted(&self) -> CountedView {
        CountedView {
            rules: self.catalogue.hash().to_owned(),
            tz: tz_version().to_owned(),
        }
    }
}

/// The incident's duties as of `now`, in the order of its regimes.
pub fn derive(
    incident: &Incident,
    directory: &Directory,
    rules: &Rules,
    now: Instant,
) -> Vec<DutyView> {
    let seen = Seen::new(incident, directory, now);
    let mut duties = Vec::new();
    seen.each(rules, None, &mut |place| duties.push(place.view()));
    duties
}

/// One duty with the arithmetic behind it, in lines; none where the incident has no such duty.
pub fn explained(
    incident: &Incident,
    directory: &Directory,
    rules: &Rules,
    duty: &str,
    now: Instant,
) -> Option<(DutyView, Vec<Line>)> {
    let mut found = None;
    Seen::new(incident, directory, now).each(rules, Some(duty), &mut |place| {
        let view = place.view();
        let mut lines = place.read(|facts, _| explain(place.rule, facts));
        // What persons answered stands above what is counted.
        for line in lines.iter_mut().filter(|line| line.label == "status") {
            view.status.as_str().clone_into(&mut line.text);
        }
        let told = lines.iter().any(|line| line.label == "because");
        if let Some(because) = view.because.clone().filter(|_| !told) {
            let after = lines.iter().position(|line| line.label == "status");
            let line = Line {
                label: "because",
                text: because,
            };
            lines.insert(after.map_or(lines.len(), |at| at + 1), line);
        }
        found = Some((view, lines));
    });
    found
}

/// What is asked of one duty's clock before something is recorded for it; none where the incident has no such duty.
pub fn evaluated<T>(
    incident: &Incident,
    directory: &Directory,
    rules: &Rules,
    duty: &str,
    now: Instant,
    ask: impl Fn(&str, &Evaluated<'_>) -> T,
) -> Option<T> {
    let mut found = None;
    Seen::new(incident, directory, now).each(rules, Some(duty), &mut |place| {
        found = Some(place.read(|facts, _| ask(&place.id, &evaluate(place.rule, facts))));
    });
    found
}

/// What all duties of one incident share.
struct Seen<'i> {
    incident: &'i Incident,
    directory: &'i Directory,
    now: Instant,
    profile: Profile,
    triggers: Triggers,
}

/// One duty before it is counted.
struct Place<'s> {
    seen: &'s Seen<'s>,
    rules: &'s Rules,
    rule: Rule<'s>,
    /// The regime as the incident names it.
    regime: &'s str,
    subject: &'s str,
    id: String,
    triggers: &'s Triggers,
}

impl<'i> Seen<'i> {
    fn new(incident: &'i Incident, directory: &'i Directory, now: Instant) -> Seen<'i> {
        Seen {
            incident,
            directory,
            now,
            profile: record::readable(&incident.profile),
            triggers: record::of_incident(incident),
        }
    }

    /// Visits every duty, or the one of this id. A regime that is not in the catalogue has none.
    fn each(&self, rules: &Rules, only: Option<&str>, visit: &mut impl FnMut(&Place<'_>)) {
        let incident = self.incident;
        for (at, name) in incident.regimes.iter().enumerate() {
            let before = incident.regimes.iter().take(at);
            let Some(regime) = rules.catalogue.regime(name) else {
                continue;
            };
            if before.into_iter().any(|other| other == name) {
                continue;
            }
            for subject in record::subjects(incident, name) {
                let of_subject =
                    record::of_subject(incident, &self.triggers, (regime, name), subject);
                let triggers = of_subject.as_ref().unwrap_or(&self.triggers);
                for rule in rules.catalogue.rules(regime) {
                    let id = record::duty_id(name, &rule.stage.id, subject);
                    if only.is_none_or(|only| only == id) {
                        visit(&Place {
                            seen: self,
                            rules,
                            rule,
                            regime: name,
                            subject,
                            id,
                            triggers,
                        });
                    }
                }
            }
        }
    }
}

impl Place<'_> {
    fn recorded(&self) -> Option<&Duty> {
        self.seen.incident.duties.get(&self.id)
    }

    /// Reads what is on record as the clock's facts.
    fn read<T>(&self, ask: impl FnOnce(&Facts<'_>, &Sent) -> T) -> T {
        let (incident, stage) = (self.seen.incident, self.rule.stage);
        let own = record::of_duty(incident, self.triggers, &self.id);
        let mut triggers = own.as_ref().unwrap_or(self.triggers);
        let present;
        let mut sent = self
            .recorded()
            .map(|duty| record::sent(duty, self.rule.regime, &stage.id))
            .unwrap_or_default();
        if !stage.met_by.is_empty() {
            present = record::of_present_pass(incident, triggers);
            triggers = &present;
            if sent.first.is_none() {
                sent.reached = record::met_by(incident, triggers, &stage.met_by);
            }
        }
        let holds: Vec<Hold> = self.recorded().map_or_else(Vec::new, |duty| {
            record::holds(duty).into_iter().map(|(_, h)| h).collect()
        });
        let facts = Facts {
            triggers,
            profile: &self.seen.profile,
            submitted: sent.to_all.or(sent.reached),
            holds: &holds,
            decided: self.spared().is_some(),
            lacking: Lacking::Asks,
            prepare_for: None,
            now: Some(self.seen.now),
        };
        ask(&facts, &sent)
    }

    /// A person's decision that no notice is needed.
    fn spared(&self) -> Option<&Verdict> {
        let verdict = self.recorded()?.verdict.as_ref();
        verdict.filter(|verdict| verdict.spares())
    }

    /// The same in words; or that it was one, and is to be made anew.
    fn verdict(&self) -> Option<String> {
        let verdict = self.recorded()?.verdict.as_ref()?;
        let said = format!("{}, {}", verdict.because, verdict.by);
        match verdict.renew_in {
            _ if verdict.required => None,
            None => Some(said),
            Some(pass) => Some(format!(
                "decide anew, the scope is wider since pass {pass}; before that no notice: {said}"
            )),
        }
    }

    /// When a decision not to notify is looked at again: when that day begins where the entity is.
    fn review_at(&self) -> Option<Instant> {
        let day: NaiveDate = self.spared()?.review_on.as_ref()?.parse().ok()?;
        let zones = self.seen.profile.place.zones();
        zones
            .into_iter()
            .map(|zone| at(day, NaiveTime::MIN, zone))
            .min()
    }

    fn view(&self) -> DutyView {
        self.read(|facts, sent| {
            let duty = evaluate(self.rule, facts);
            self.shown(&duty, facts, sent)
        })
    }

    fn shown(&self, duty: &Evaluated<'_>, facts: &Facts<'_>, sent: &Sent) -> DutyView {
        let (regime, stage) = (self.rule.regime, self.rule.stage);
        let ended = self.ended_by_answer(duty);
        let because = match duty.state {
            DutyStatus::Met => None,
            DutyStatus::Decided => self.verdict(),
            _ if ended => Some("not reportable".to_owned()),
            state if !state.is_finished() && self.verdict().is_some() => self.verdict(),
            _ => duty.why.as_ref().map(|why| why.sentence(facts)),
        };
        let trigger = duty.trigger.or_else(|| stage.clock.first_trigger());
        DutyView {
            regime: self.regime.to_owned(),
            stage: stage.id.clone(),
            subject: self.subject.to_owned(),
            to: stage.to.join(", "),
            rule: self.rules.named(regime, stage, self.seen.now.date_naive()),
            status: match ended {
                true => DutyStatus::NotRequired,
                false => duty.state,
            },
            trigger: trigger.map(str::to_owned),
            counted_from: duty.counted_from,
            provisional: duty.provisional,
            due_at: duty.due.filter(|_| !ended),
            limit_at: duty.limit.filter(|_| !ended),
            latest_start_at: duty.latest_start.filter(|_| !ended),
            prepare_for: stage.prepare_for.map(|span| span.to_string()),
            decider: self.decider(),
            direction: stage.direction,
            submitted_at: sent.to_all.or(sent.first),
            met_by: stage.met_by.clone(),
            met_at: sent.reached,
            outcome: duty.outcome.map(|outcome| outcome.as_str().to_owned()),
            told: sent.told,
            hold: self.hold(duty),
            review_on: self.spared().and_then(|verdict| verdict.review_on.clone()),
            review_at: self.review_at(),
            triggers: view_of::recorded(self.seen.incident, Some(&self.id), true),
            holds: stage.holds.iter().map(|kind| kind.kind.clone()).collect(),
            because,
            restricted: stage.restricted,
            contract: regime.names_a_customer(),
            page_on_latest_start: stage.page_on_latest_start,
            citation: regime.citation.clone(),
            confidence: regime.confidence.as_str().to_owned(),
            verified: regime.verified.to_string(),
            enabled: regime.enabled,
            id: self.id.clone(),
        }
    }

    /// Whether the answer "not reportable" makes it not required: what waits for, or counts from, the declaration.
    fn ended_by_answer(&self, duty: &Evaluated<'_>) -> bool {
        let regime = self.rule.regime;
        let names = [
            Some(self.regime),
            Some(&regime.id),
            regime.supersedes.as_deref(),
        ];
        let of_declaration = names.iter().flatten().any(|n| OF_DECLARATION.contains(n));
        self.seen.incident.reportable == Reportable::No
            && !matches!(duty.state, DutyStatus::Met | DutyStatus::Decided)
            && (of_declaration || duty.trigger == Some(DECLARED))
    }

    /// The hold that is in effect, or else the one that ends last of those that stand. Its end is the one that counts.
    fn hold(&self, duty: &Evaluated<'_>) -> Option<HoldView> {
        let recorded = self.recorded()?;
        let standing = record::holds(recorded);
        let (place, until) = match duty.held_by {
            Some(by) => (standing.get(by)?.0, duty.held_until),
            None => {
                let last = standing
                    .iter()
                    .max_by_key(|(_, hold)| (hold.until.is_none(), hold.until))?;
                (last.0, last.1.until)
            }
        };
        let hold = recorded.holds.get(place)?;
        Some(HoldView {
            id: hold.id.clone(),
            kind: hold.kind.clone(),
            from: hold.from,
            until,
            authority: hold.authority.clone(),
            document: hold.document.clone(),
            by: hold.by.clone(),
        })
    }

    /// The team the rule names, else the service's privacy team; and the person, where one was assigned.
    fn decider(&self) -> DeciderView {
        let team = |id: &str| self.seen.directory.team(id).map(|t| t.id.clone());
        let named = self.rule.stage.decider.as_deref().and_then(team);
        let privacy = || team(&format!("privacy-{}", self.seen.incident.service));
        DeciderView {
            team: named.or_else(privacy),
            person: self.recorded().and_then(|duty| duty.decider.clone()),
        }
    }
}

/// The rule in a few letters. Where several stages go to the same people the stage's name stands after the regime's,
/// unless it only says to whom; a text that was not read in full says so.
pub fn rule_name(regime: &Regime, stage: &Stage) -> String {
    let mut name = regime.short.clone();
    let mut others = regime.stages.iter().filter(|other| other.id != stage.id);
    let says_to_whom = stage.to.iter().any(|to| to.starts_with(&stage.id));
    if !says_to_whom && others.any(|other| other.to == stage.to) {
        name.push(' ');
        name.push_str(&stage.id.replace('_', " "));
    }
    let warning = regime.confidence.warning();
    if !warning.is_empty() {
        name.push_str(", ");
        name.push_str(warning);
    }
    name
}
