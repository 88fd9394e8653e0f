//! What may not be counted at all: guards that matter more than arithmetic. Each refusal is a sentence that says what was
//! given and what would do. Asked when a time, a submission or a hold is recorded, and by the what-if.

use chrono::{SecondsFormat, TimeDelta};

use super::evaluate::Evaluated;
use super::fact::Hold;
use crate::domain::instant::Instant;
use crate::domain::when::When;
use crate::domain::word::Precision;

/// How far a recorded instant may lie ahead of the present: clocks of two machines differ.
pub const SKEW: TimeDelta = TimeDelta::minutes(5);

/// Pairs of triggers of which the first cannot come before the second.
const ORDER: &[(&str, &str)] = &[("classified_major_at", "aware_at")];

/// A record that no clock may be counted from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "{name} lies in the future: {at}, and it is {now} now; check date and offset, more than 5 minutes ahead is refused"
    )]
    Future {
        name: String,
        at: String,
        now: String,
    },
    #[error("{name} is {at}, before {other} at {other_at}; correct the one that is wrong")]
    Before {
        name: String,
        at: String,
        other: String,
        other_at: String,
    },
    #[error(
        "the {kind} hold ends {until}, before it starts at {from}; correct the one that is wrong"
    )]
    HoldEnds {
        kind: String,
        from: String,
        until: String,
    },
}

/// Refuses an instant that lies more than the skew in the future. A day counts from where on Earth it begins first.
///
/// # Errors
/// [`Refused::Future`]: it lies more than [`SKEW`] ahead of `now`.
pub fn not_in_the_future(name: &str, when: When, now: Instant) -> Result<(), Refused> {
    let earliest = match when.precision {
        Precision::Exact | Precision::Minute => when.at,
        _ => when.at - TimeDelta::hours(14),
    };
    if earliest <= now + SKEW {
        return Ok(());
    }
    Err(Refused::Future {
        name: name.to_owned(),
        at: when.to_string(),
        now: shown(now),
    })
}

/// Refuses triggers that stand in an impossible order.
///
/// # Errors
/// [`Refused::Before`]: the first pair that stands the wrong way round.
pub fn in_order(triggers: &[(String, When)]) -> Result<(), Refused> {
    let find = |name: &str| {
        triggers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, when)| *when)
    };
    for (name, other) in ORDER {
        if let (Some(at), Some(other_at)) = (find(name), find(other))
            && at.at < other_at.at
            && at.precision == other_at.precision
        {
            return Err(Refused::Before {
                name: (*name).to_owned(),
                at: at.to_string(),
                other: (*other).to_owned(),
                other_at: other_at.to_string(),
            });
        }
    }
    Ok(())
}

/// Refuses a submission before the trigger its duty counts from.
///
/// # Errors
/// [`Refused::Before`]: it was submitted before what its duty counts from.
pub fn after_trigger(stage: &str, submitted: Instant, duty: &Evaluated<'_>) -> Result<(), Refused> {
    match (duty.counted_from, duty.trigger) {
        (Some(from), Some(trigger)) if submitted < from => Err(Refused::Before {
            name: format!("the submission of {stage}"),
            at: shown(submitted),
            other: format!("its trigger {trigger}"),
            other_at: shown(from),
        }),
        _ => Ok(()),
    }
}

/// Refuses a hold that ends before it starts.
///
/// # Errors
/// [`Refused::HoldEnds`]: it ends before it starts.
pub fn hold_in_order(hold: &Hold) -> Result<(), Refused> {
    match (hold.from, hold.until) {
        (Some(from), Some(until)) if until < from => Err(Refused::HoldEnds {
            kind: hold.kind.clone(),
            from: shown(from),
            until: shown(until),
        }),
        _ => Ok(()),
    }
}

fn shown(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str) -> When {
        When::parse(text).unwrap()
    }

    #[test]
    fn the_future_begins_after_five_minutes() {
        let now = when("2026-11-23T12:00:00Z").at;
        assert!(not_in_the_future("aware_at", when("2026-11-23T12:05:00Z"), now).is_ok());
        let refused = not_in_the_future("aware_at", when("2026-11-23T12:05:01Z"), now).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with("aware_at lies in the future")
        );
        // The 24th has begun in Kiritimati.
        assert!(not_in_the_future("aware_at", when("2026-11-24"), now).is_ok());
        assert!(not_in_the_future("aware_at", when("2026-11-25"), now).is_err());
    }

    #[test]
    fn classified_before_aware_and_a_hold_that_ends_before_it_starts_are_refused() {
        let at = |text: &str| when(text).at;
        let mut triggers = vec![
            ("aware_at".to_owned(), when("2026-11-23T12:00:00Z")),
            (
                "classified_major_at".to_owned(),
                when("2026-11-23T12:00:00Z"),
            ),
        ];
        assert!(in_order(&triggers).is_ok());
        triggers[1].1 = when("2026-11-23T11:59:59Z");
        assert!(in_order(&triggers).is_err());
        let mut hold = Hold {
            kind: "written".to_owned(),
            from: Some(at("2026-11-23T12:00:00Z")),
            until: Some(at("2026-11-23T11:00:00Z")),
        };
        let refused = hold_in_order(&hold).unwrap_err().to_string();
        assert!(refused.contains("written hold ends"), "{refused}");
        hold.until = None;
        assert!(hold_in_order(&hold).is_ok());
    }
}
