//! Named instants as a reader gets them, with who said so and what somebody proposed instead. What counts from them is in
//! the duties.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::instant::Instant;
use crate::domain::when::When;
use crate::domain::word::Precision;

/// A named instant that can start a clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TriggerView {
    /// Shortened to what is known: `2013-05-14`, `2013-05`, `2013`.
    #[schema(value_type = String)]
    pub at: When,
    pub precision: Precision,
    pub by: String,
    pub source: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    pub entered_at: Instant,
    /// The pass in which it was recorded.
    pub pass: u32,
    /// A later instant somebody proposed; the earlier one keeps the headline until a second person confirms.
    #[serde(default)]
    pub proposed: Option<ProposedView>,
    /// Why a milestone does not apply, empty where that is hidden; then `at` is when that was said.
    #[serde(default)]
    pub not_applicable: Option<String>,
    /// How often it was moved earlier.
    #[serde(default)]
    pub moved: u32,
    /// Where `at` starts no clock: the instant that last did, and was replaced. A later one than that is proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub counted_before: Option<When>,
}

/// A later instant for a trigger, waiting for a second person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProposedView {
    #[schema(value_type = String)]
    pub at: When,
    pub by: String,
    #[schema(value_type = String, format = DateTime)]
    pub entered_at: Instant,
    pub reason: Option<String>,
}
