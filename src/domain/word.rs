//! The closed word lists: every value that the API, the record and the screen may name, each spelled once.
//! A list is an enum with its words; what a word permits or means to a rule stands where the rule is.

/// Makes an enum whose variants are words: serde, parsing, listing and the API's schema agree by construction.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:tt),+ $(,)? }) => {
        // `tt`, as what describes the words to others does not see through a `literal`.
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every word of the list, in its own order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word as the API spells it.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::word::UnknownWord;
            fn from_str(text: &str) -> Result<Self, $crate::domain::word::UnknownWord> {
                match text {
                    $($word => Ok($name::$variant),)+
                    _ => Err($crate::domain::word::UnknownWord { given: text.chars().take(40).collect(), known: &[$($word),+] }),
                }
            }
        }
    };
}
pub(super) use words;

/// A text that is not in the closed list it was read for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{given}' is not one of: {}", known.join(", "))]
pub struct UnknownWord {
    /// What was given, cut at 40 characters.
    pub given: String,
    /// The words that would have been right.
    pub known: &'static [&'static str],
}

words! {
    /// The four phases of NIST SP 800-61.
    Phase {
        /// Getting ready: planned exercises and open lessons live here.
        Preparation = "preparation",
        /// Finding out what it is and how far it reaches.
        DetectionAndAnalysis = "detection_and_analysis",
        /// Stopping it, removing it, getting back; loops with detection until resolved.
        ContainmentEradicationAndRecovery = "containment_eradication_and_recovery",
        /// Learning from it.
        PostIncidentActivity = "post_incident_activity",
    }
}

words! {
    /// What the incident was assessed to be; absent means not assessed.
    Classification {
        ConfirmedBreach = "confirmed_breach",
        SuspectedBreach = "suspected_breach",
        SecurityPolicyViolation = "security_policy_violation",
        AcceptableUseViolation = "acceptable_use_violation",
        SecurityPracticeViolation = "security_practice_violation",
    }
}

words! {
    /// `sev1` is the worst; absent means not assessed and sorts after `sev2`.
    Severity { Sev1 = "sev1", Sev2 = "sev2", Sev3 = "sev3", Sev4 = "sev4", Sev5 = "sev5" }
}

words! {
    /// Whether customers must be told: `unknown` is a question the board keeps asking.
    Reportable { Unknown = "unknown", No = "no", Declared = "declared" }
}

words! {
    /// Whose incident it is under shared responsibility.
    Responsibility { Provider = "provider", Customer = "customer", Shared = "shared", Unknown = "unknown" }
}

words! {
    /// How an incident ended; absent while it is open.
    Ended { Closed = "closed", Dismissed = "dismissed" }
}

words! {
    /// The Traffic Light Protocol 2.0 mark of an incident, and the clearance of a reader.
    Tlp { Clear = "clear", Green = "green", Amber = "amber", AmberStrict = "amber+strict", Red = "red" }
}

words! {
    /// What a token may do: each role includes the ones before it.
    Role { Viewer = "viewer", Responder = "responder", Commander = "commander", Admin = "admin" }
}

words! {
    /// What happened at a door.
    LoginOutcome {
        LoggedIn = "logged_in", LoggedOut = "logged_out",
        /// Turned away, with a key that the door knows or knew.
        Refused = "refused",
        /// So many could not be kept until they could be told.
        Lost = "lost",
    }
}

words! {
    /// Why a door turned somebody away.
    LoginReason {
        /// A known key was named, and nobody proved to have it.
        NotProven = "not_proven",
        /// The key opened this door once, and was taken away.
        TakenAway = "taken_away",
        /// The key stands in the file of keys, and its expiry-time is over.
        Expired = "expired",
        /// There was no place for another session.
        Full = "full",
    }
}

words! {
    /// A place that a person fills in an incident.
    Seat {
        Commander = "commander", Deputy = "deputy", Scribe = "scribe",
        OwnerLead = "owner_lead", ServiceLead = "service_lead",
        /// The person who decides one duty; needs that duty named.
        Decider = "decider",
    }
}

words! {
    /// The state of a page. Only `acknowledged` may look good.
    PageState {
        Queued = "queued", Sending = "sending",
        /// The paging system has it; nobody may have read it.
        Accepted = "accepted",
        /// A person has it.
        Acknowledged = "acknowledged",
        /// Sent, and the answer was lost.
        Unknown = "unknown",
        Failed = "failed", Cancelled = "cancelled", Expired = "expired",
    }
}

words! {
    /// What a paged team answered.
    Answer {
        Coming = "coming", Remote = "remote", Cannot = "cannot",
        /// Somebody of the team is there.
        Arrived = "arrived",
    }
}

words! {
    /// How loudly a team is paged.
    Urgency { High = "high", Low = "low" }
}

words! {
    /// What a note records.
    NoteKind {
        Fact = "fact", Decision = "decision", Assumption = "assumption", Action = "action",
        Communication = "communication", Evidence = "evidence",
    }
}

words! {
    /// How exactly an instant is known. What is coarser than a day starts no clock.
    Precision { Exact = "exact", Minute = "minute", Day = "day", Month = "month", Year = "year" }
}

words! {
    /// What kind of notice was recorded as sent.
    SubmitKind { Initial = "initial", Update = "update", Final = "final", Correction = "correction" }
}

words! {
    /// The three milestones inside containment, eradication and recovery; each is a trigger too.
    Milestone { Contained = "contained_at", Eradicated = "eradicated_at", Recovered = "recovered_at" }
}

words! {
    /// Whether the company's own channels can be trusted.
    Comms { Trusted = "trusted", Suspect = "suspect" }
}

words! {
    /// What should be true before a phase is left.
    GateWord {
        Commander = "commander", Classification = "classification", Severity = "severity",
        ContainedAt = "contained_at", EradicatedAt = "eradicated_at", RecoveredAt = "recovered_at",
        Reportable = "reportable", Duties = "duties", Review = "review", Lessons = "lessons",
    }
}

words! {
    /// What a team is to the response.
    TeamKind { SecurityResponse = "security_response", Service = "service", Partner = "partner", Command = "command" }
}

words! {
    /// The status of a duty; what each asks for stands in `duty`.
    DutyStatus {
        /// Its trigger is not set.
        Waiting = "waiting",
        /// Counted from what is known; a better trigger is still missing.
        Provisional = "provisional",
        Running = "running",
        /// After `due_at`, before `limit_at`.
        PastDue = "past_due",
        Overdue = "overdue",
        /// Telling is not allowed before `due_at`.
        Embargo = "embargo",
        Held = "held",
        Met = "met",
        /// The rule does not apply, computed.
        NotRequired = "not_required",
        /// Somebody decided against, by name.
        Decided = "decided",
        /// The text has no number.
        NoFixedLimit = "no_fixed_limit",
        /// A fact that the rule depends on is missing.
        Undecided = "undecided",
        NotInForce = "not_in_force",
        CalendarUnknown = "calendar_unknown",
    }
}

words! {
    /// Whether a clock says "by" or "not before".
    Direction { Deadline = "deadline", NotBefore = "not_before" }
}

words! {
    /// The door by which a command came in.
    Via { Api = "api", Board = "board", Cli = "cli", Link = "link", Ssh = "ssh", Display = "display", Worker = "worker", Import = "import" }
}

impl Phase {
    /// The phase's name as a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Phase::Preparation => "Preparation",
            Phase::DetectionAndAnalysis => "Detection & Analysis",
            Phase::ContainmentEradicationAndRecovery => "Containment, Eradication & Recovery",
            Phase::PostIncidentActivity => "Post-Incident Activity",
        }
    }

    /// One word for narrow places.
    pub const fn short(self) -> &'static str {
        match self {
            Phase::Preparation => "prepare",
            Phase::DetectionAndAnalysis => "detect",
            Phase::ContainmentEradicationAndRecovery => "contain",
            Phase::PostIncidentActivity => "post",
        }
    }

    /// The phase that `>` leads to; none after post-incident activity, where closing is the way on.
    pub const fn forward(self) -> Option<Phase> {
        match self {
            Phase::Preparation => Some(Phase::DetectionAndAnalysis),
            Phase::DetectionAndAnalysis => Some(Phase::ContainmentEradicationAndRecovery),
            Phase::ContainmentEradicationAndRecovery => Some(Phase::PostIncidentActivity),
            Phase::PostIncidentActivity => None,
        }
    }
}

impl Severity {
    /// Where an incident of this severity stands among others: unassessed ranks after `sev2`.
    pub fn rank(severity: Option<Severity>) -> u8 {
        match severity {
            Some(Severity::Sev1) => 0,
            Some(Severity::Sev2) => 1,
            None => 2,
            Some(Severity::Sev3) => 3,
            Some(Severity::Sev4) => 4,
            Some(Severity::Sev5) => 5,
        }
    }
}

impl PageState {
    /// Whether the page still waits for a person.
    pub const fn is_open(self) -> bool {
        matches!(
            self,
            PageState::Queued
                | PageState::Sending
                | PageState::Accepted
                | PageState::Unknown
                | PageState::Failed
        )
    }
}

impl DutyStatus {
    /// Whether nothing more has to happen for this duty.
    pub const fn is_finished(self) -> bool {
        matches!(
            self,
            DutyStatus::Met
                | DutyStatus::NotRequired
                | DutyStatus::Decided
                | DutyStatus::NotInForce
        )
    }

    /// Whether a countdown to `due_at` may be shown.
    pub const fn counts_down(self) -> bool {
        matches!(
            self,
            DutyStatus::Provisional
                | DutyStatus::Running
                | DutyStatus::PastDue
                | DutyStatus::Overdue
        )
    }

    /// Whether somebody has to decide or find out something before a clock can run.
    pub const fn needs_decision(self) -> bool {
        matches!(
            self,
            DutyStatus::Undecided | DutyStatus::CalendarUnknown | DutyStatus::Waiting
        )
    }
}

words! {
    /// What an alarm is about: each asks a named person for an action in time.
    AlarmKind {
        /// Drafting and approval should have begun.
        LatestStart = "latest_start",
        /// A tenth of the time between trigger and due is left.
        TenPercentLeft = "ten_percent_left",
        /// Due has gone by and nothing is recorded as sent.
        Passed = "passed",
        /// A hold ends within 24 hours.
        HoldEnding = "hold_ending",
        /// What must not be done before an instant may be done now.
        EmbargoOver = "embargo_over",
        /// The day has come on which a decision not to notify is looked at again.
        ReviewDue = "review_due",
        /// Nobody has commanded a sev1 or sev2 for five minutes.
        VacantCommand = "vacant_command",
        /// Somebody said to be there by now, and nobody was marked as arrived.
        EtaPassed = "eta_passed",
    }
}

words! {
    /// What people did about an alarm.
    AlarmState {
        /// It rings.
        Unacknowledged = "unacknowledged",
        /// Somebody has it; its condition lasts.
        Acknowledged = "acknowledged",
        /// Its condition went before anybody acknowledged it.
        Returned = "returned",
        /// Put aside by name until an instant, then it rings again.
        Shelved = "shelved",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_itself_and_serde_agrees() {
        for phase in Phase::ALL {
            assert_eq!(phase.as_str().parse::<Phase>(), Ok(*phase));
            assert_eq!(
                serde_json::to_string(phase).unwrap(),
                format!("\"{phase}\"")
            );
        }
        for tlp in Tlp::ALL {
            assert_eq!(tlp.as_str().parse::<Tlp>(), Ok(*tlp));
        }
    }

    #[test]
    fn an_unknown_word_is_named_beside_the_known_ones() {
        let error = "sev9".parse::<Severity>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "'sev9' is not one of: sev1, sev2, sev3, sev4, sev5"
        );
    }

    #[test]
    fn unassessed_severity_ranks_between_sev2_and_sev3() {
        assert!(Severity::rank(Some(Severity::Sev2)) < Severity::rank(None));
        assert!(Severity::rank(None) < Severity::rank(Some(Severity::Sev3)));
    }
}
