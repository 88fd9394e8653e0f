//! What the lists are narrowed to: words that must all be found in what the reader sees of an incident, and a person with
//! their teams.

use crate::domain::view::{IncidentView, PageView};
use crate::domain::word::{Answer, PageState};

/// A filter; the default lets everything pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// As typed.
    text: String,
    words: Vec<String>,
    person: Option<String>,
    /// The teams of that person.
    teams: Vec<String>,
}

impl Filter {
    /// A filter for words, as typed; each must be found, in whatever case.
    #[must_use]
    pub fn with_text(&self, text: &str) -> Filter {
        Filter {
            text: text.to_owned(),
            words: text.split_whitespace().map(str::to_lowercase).collect(),
            person: self.person.clone(),
            teams: self.teams.clone(),
        }
    }

    /// A filter for incidents where this person holds a seat or decides.
    #[must_use]
    pub fn with_person(&self, person: Option<String>) -> Filter {
        Filter {
            person,
            ..self.clone()
        }
    }

    /// The same, and what these teams of the person own, serve or are paged for.
    #[must_use]
    pub fn with_teams(self, teams: impl Iterator<Item = String>) -> Filter {
        let teams = teams.filter(|_| self.person.is_some()).collect();
        Filter { teams, ..self }
    }

    /// As typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The person, if it asks for one.
    pub fn person(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.person.is_none()
    }

    /// Whether an incident passes.
    pub fn passes(&self, incident: &IncidentView) -> bool {
        let person = self.person.as_deref();
        person.is_none_or(|person| holds_a_seat(incident, person) || self.is_theirs(incident))
            && self.words.iter().all(|word| found(incident, word))
    }
}

impl Filter {
    fn is_theirs(&self, incident: &IncidentView) -> bool {
        let paged = |team: &String| {
            let mut pages = incident.pages.iter();
            pages.any(|page| page.team == *team && calls(page))
        };
        self.teams.iter().any(|team| {
            incident.owner == *team || incident.service_team.as_ref() == Some(team) || paged(team)
        })
    }
}

/// Whether a page makes its incident one of the team's: it waits for somebody, or somebody said yes to it.
fn calls(page: &PageView) -> bool {
    let came = page.state == PageState::Acknowledged && page.answer != Some(Answer::Cannot);
    page.state.is_open() || came
}

fn seats(incident: &IncidentView) -> impl Iterator<Item = &str> {
    let seats = [
        &incident.commander,
        &incident.deputy,
        &incident.scribe,
        &incident.owner_lead,
        &incident.service_lead,
    ];
    seats.into_iter().flatten().map(String::as_str)
}

fn holds_a_seat(incident: &IncidentView, person: &str) -> bool {
    let decides = incident
        .duties
        .iter()
        .any(|duty| duty.decider.person.as_deref() == Some(person));
    let offered = incident.hand_overs.iter().any(|offer| offer.to == person);
    decides || offered || seats(incident).any(|held| held == person)
}

fn found(incident: &IncidentView, word: &str) -> bool {
    let shown = [
        Some(incident.id.as_str()),
        Some(incident.codename.as_str()),
        Some(incident.service.as_str()),
        Some(incident.owner.as_str()),
        incident.title.as_deref(),
        incident.severity.map(|s| s.as_str()),
        incident.classification.map(|c| c.as_str()),
        Some(incident.phase.as_str()),
        Some(incident.tlp.as_str()),
        incident.exercise.then_some("exercise"),
    ];
    let texts = shown.into_iter().flatten().chain(seats(incident));
    let regimes = incident.regimes.iter().map(String::as_str);
    texts.chain(regimes).any(|text| contains(text, word))
}

/// Whether `text` contains `word`, which is lower-case already; without allocating for ASCII.
fn contains(text: &str, word: &str) -> bool {
    if text.is_ascii() {
        let (text, word) = (text.as_bytes(), word.as_bytes());
        return word.is_empty()
            || text
                .windows(word.len())
                .any(|part| part.eq_ignore_ascii_case(word));
    }
    text.to_lowercase().contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::view::IncidentView;
    use crate::ui::fixture;

    #[test]
    fn an_incident_stays_mine_when_my_team_answers_unless_it_cannot_come() {
        let board = fixture::board();
        let incident = board.sources.iter().flat_map(|of| of.incidents.iter());
        let mut paged =
            incident.filter(|of| of.pages.iter().any(|page| page.team == "legal-affairs"));
        let mut incident = IncidentView::clone(paged.next().unwrap());
        let filter = Filter::default().with_person(Some("nobody.here".to_owned()));
        let filter = filter.with_teams(["legal-affairs".to_owned()].into_iter());
        for (state, answer, mine) in [
            (PageState::Accepted, None, true),
            (PageState::Acknowledged, None, true),
            (PageState::Acknowledged, Some(Answer::Coming), true),
            (PageState::Acknowledged, Some(Answer::Arrived), true),
            (PageState::Acknowledged, Some(Answer::Cannot), false),
            (PageState::Cancelled, None, false),
        ] {
            for page in &mut incident.pages {
                (page.state, page.answer) = (state, answer);
            }
            assert_eq!(filter.passes(&incident), mine, "{state:?} {answer:?}");
        }
    }
}
