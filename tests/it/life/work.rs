//! What people do on the incidents of a day: they open, declare, move, page, write and dismiss.

use chrono::TimeDelta;
use serde_json::{Value, json};
use warboard::time::Clock as _;

use super::day::{Day, NAMES};

impl Day {
    /// Somebody works on incidents at a backend.
    pub(super) async fn work(&mut self, source: usize) {
        if !self.happens(45) {
            return;
        }
        let count = self.houses[source].open.len();
        if count < 3 || count < 9 && self.dice.one_in(6) {
            return self.open(source).await;
        }
        let at = usize::try_from(self.dice.below(count as u64)).unwrap();
        let id = self.houses[source].open[at].clone();
        let ended = count > 6 && self.dice.one_in(4);
        let (order, name) = (self.order(source, ended), NAMES[source]);
        let house = &mut self.houses[source];
        let commander = house.backend.tokens.commander.clone();
        let answer = house.backend.order(&commander, &id, &order).send().await;
        assert!(answer.status < 500, "{order}: {}", answer.text());
        if ended && answer.status == 200 {
            house.open.remove(at);
        }
        let status = answer.status;
        self.happened(format!("{name} {id} {} {status}", order["type"]));
    }

    fn order(&mut self, source: usize, ended: bool) -> Value {
        let now = self.houses[source].clock.now();
        if ended {
            return json!({"type": "dismiss", "reason": "nothing was found"});
        }
        match self.dice.below(9) {
            0 | 1 => {
                // Due in ten minutes to a day, or an hour ago.
                let left = i64::try_from(self.dice.below(1_440)).unwrap() - 60;
                let at = now - TimeDelta::hours(72) + TimeDelta::minutes(left);
                json!({"type": "declare", "at": at.to_rfc3339()})
            }
            2 => json!({"type": "advance", "to": "containment_eradication_and_recovery"}),
            3 => {
                json!({"type": "advance", "to": "detection_and_analysis", "reason": "new indicator"})
            }
            4 => json!({"type": "page", "teams": ["legal-affairs"]}),
            5 => json!({"type": "assign", "role": "commander", "person": "d.okafor"}),
            6 => json!({"type": "set", "severity": "sev1", "regimes": ["ms-72h", "gdpr-33"]}),
            7 => {
                let at = now - TimeDelta::hours(71);
                json!({"type": "record_time", "trigger": "aware_at", "at": at.to_rfc3339()})
            }
            _ => json!({"type": "note", "kind": "fact", "text": "looked again"}),
        }
    }

    pub(super) async fn open(&mut self, source: usize) {
        let now = self.houses[source].clock.now();
        let exercise = self.dice.one_in(5);
        let back = TimeDelta::minutes(i64::try_from(self.dice.below(4_400)).unwrap());
        let body = json!({"service": "azure", "title": "keys seen outside", "severity": "sev2",
            "exercise": exercise, "tlp": "green", "regimes": ["ms-72h", "gdpr-33"],
            "triggers": {"aware_at": (now - back).to_rfc3339()}});
        let opened = self.houses[source].backend.open(&body).await;
        let id = opened["id"].as_str().unwrap().to_owned();
        self.happened(format!("{} {id} opened", NAMES[source]));
        self.houses[source].open.push(id);
    }
}
