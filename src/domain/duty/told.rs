//! What is read off a duty's view in words: what meets it, whom it has reached, whether it names a customer.

use super::record::ALL;
use crate::domain::clock::regime::CUSTOMER;
use crate::domain::say::spaced;
use crate::domain::view::{DutyView, Told};

impl DutyView {
    /// Whether a contract asks for it, by its own word or by whom it is to.
    pub fn is_of_a_contract(&self) -> bool {
        self.contract || self.to.split(", ").any(|to| to.starts_with(CUSTOMER))
    }

    /// What meets it without a notice, in words: `contained, eradicated, recovered`; none where a notice does.
    pub fn reached_words(&self) -> Option<String> {
        let words: Vec<String> = self.met_by.iter().map(|name| spaced(name)).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// How many of how many have been told, while some have not.
    pub fn told_in_part(&self) -> Option<Told> {
        self.told.filter(|told| told.done < told.of)
    }

    /// Whether its name tells who a customer is.
    pub fn names_a_customer(&self) -> bool {
        self.subject != ALL || self.is_of_a_contract()
    }
}
