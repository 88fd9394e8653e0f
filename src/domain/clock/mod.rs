//! Notification clocks: how they are counted. Pure arithmetic over recorded facts; no present of its own.
//!
//! ```text
//! catalogue   the regimes and calendars: built-in files, then the user's   <- form, clock_form, calendar_form, keyed
//! regime      what a regime and its stages are      kind   the kinds of clock      condition   who a rule is for
//! profile     what is known of the entity           fact   what an incident has recorded for one duty
//! evaluate    a rule over facts: status, due, limit <- count, limit, civil (wall time), calendar (open days)
//! hold        what a hold does to a clock      phrase      a clock in words, for a list of rules
//! explain     the same arithmetic in words          guard  what may not be counted       cases   worked cases in JSON
//! ```

pub mod calendar;
mod calendar_form;
pub mod cases;
pub mod catalogue;
pub mod civil;
mod clock_form;
pub mod condition;
pub mod condition_text;
pub mod count;
pub mod evaluate;
pub mod explain;
pub mod fact;
mod form;
pub mod guard;
pub mod hold;
mod keyed;
pub mod kind;
mod limit;
pub mod phrase;
pub mod profile;
mod reading;
pub mod regime;
pub mod trace;

pub use catalogue::{Catalogue, Rule, tz_version};
pub use evaluate::{Evaluated, Outcome, evaluate};
pub use explain::{explain, propose};
pub use fact::{Facts, Hold, Lacking};
pub use keyed::CatalogueFault;
pub use profile::Profile;

#[cfg(test)]
mod tests;
