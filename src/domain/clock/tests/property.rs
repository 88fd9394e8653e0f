//! What must hold whatever is given: never before the trigger, monotone in it, hours blind to zones, business days never
//! ending on a closed day, a limit never before its due.

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::json;

use super::stand::{of, rule};
use crate::domain::clock::calendar::Day;
use crate::domain::clock::civil::EVERYWHERE;
use crate::domain::clock::{Catalogue, Evaluated, Facts, Profile, Rule, evaluate};
use crate::domain::instant::Instant;
use crate::domain::when::When;

const ZONES: [&str; 7] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Midway",
];
const CALENDARS: [&str; 4] = ["us-federal", "de-national", "jp-gov", "gb-eng"];

fn instant() -> impl Strategy<Value = Instant> {
    // 2026-02-01 to 2028-06-01: every count below stays within the calendars.
    (1_769_904_000_i64..1_843_430_400).prop_map(|s| DateTime::<Utc>::from_timestamp(s, 0).unwrap())
}

fn profile(zone: &str, calendar: &str) -> Profile {
    Profile::from_json(&json!({"zone": zone, "calendar": calendar})).unwrap()
}

fn count<'c>(rule: Rule<'c>, profile: &Profile, names: &[&str], at: Instant) -> Evaluated<'c> {
    let triggers: Vec<(String, When)> = names
        .iter()
        .map(|name| ((*name).to_owned(), When::exact(at)))
        .collect();
    evaluate(rule, &Facts::new(&triggers, profile))
}

/// The stages of the catalogue that have a number for these triggers.
fn every(catalogue: &Catalogue) -> Vec<Rule<'_>> {
    catalogue
        .regimes()
        .iter()
        .flat_map(|regime| catalogue.rules(regime))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_rule_ends_before_its_trigger_and_no_limit_before_its_due(at in instant(), zone in 0..7_usize, calendar in 0..4_usize) {
        let catalogue = Catalogue::built_in().unwrap();
        let profile = profile(ZONES[zone], CALENDARS[calendar]);
        for rule in every(&catalogue) {
            let names = rule.stage.clock.triggers();
            let duty = count(rule, &profile, &names, at);
            if let Some(due) = duty.due {
                prop_assert!(due >= at, "{} {}", rule.regime.id, rule.stage.id);
                prop_assert!(duty.limit.is_none_or(|limit| limit > due), "{} {}", rule.regime.id, rule.stage.id);
                prop_assert!(duty.counted_from == Some(at));
            } else {
                prop_assert!(duty.limit.is_none() && duty.latest_start.is_none());
            }
        }
    }

    #[test]
    // The headline only: the noon of the financial sector lies after an end early on the Monday it moves to.
    fn a_later_trigger_never_ends_earlier(at in instant(), later in 0..200_000_i64, zone in 0..7_usize, calendar in 0..4_usize) {
        let catalogue = Catalogue::built_in().unwrap();
        let profile = profile(ZONES[zone], CALENDARS[calendar]);
        for rule in every(&catalogue) {
            let names = rule.stage.clock.triggers();
            let first = count(rule, &profile, &names, at);
            let second = count(rule, &profile, &names, at + TimeDelta::seconds(later));
            prop_assert!(first.due <= second.due, "{} {}", rule.regime.id, rule.stage.id);
        }
    }

    #[test]
    fn elapsed_hours_are_blind_to_zones(at in instant(), hours in 1..500_u32, one in 0..7_usize, other in 0..7_usize) {
        let catalogue = of(&format!("trigger = \"a\"\nclock = {{ kind = \"elapsed\", hours = {hours} }}\nlimit = {{ rule = \"eu-1182-71-hours\" }}"));
        let due = |zone: usize| {
            let duty = count(rule(&catalogue), &profile(ZONES[zone], "us-federal"), &["a"], at);
            (duty.due, duty.limit)
        };
        prop_assert_eq!(due(one), due(other));
        prop_assert_eq!(due(one).0, Some(at + TimeDelta::hours(hours.into())));
    }

    #[test]
    fn business_days_end_on_an_open_day_with_the_right_count(at in instant(), n in 1..40_u32, zone in 0..7_usize, calendar in 0..4_usize) {
        let catalogue = of(&format!("trigger = \"a\"\nclock = {{ kind = \"business-days\", n = {n}, calendar = \"profile\" }}"));
        let duty = count(rule(&catalogue), &profile(ZONES[zone], CALENDARS[calendar]), &["a"], at);
        let tz: Tz = ZONES[zone].parse().unwrap();
        let (first, last) = (at.with_timezone(&tz).date_naive(), duty.due.unwrap().with_timezone(&tz));
        prop_assert_eq!((last.hour(), last.minute(), last.second()), (23, 59, 59));
        let days = catalogue.calendar(CALENDARS[calendar]).unwrap();
        prop_assert_eq!(days.day(last.date_naive()), Day::Open);
        let open = first.iter_days().skip(1).take_while(|day| *day <= last.date_naive()).filter(|day| days.day(*day) == Day::Open);
        prop_assert_eq!(open.count(), n as usize);
    }

    #[test]
    fn an_unknown_zone_is_never_later_than_any_zone(at in instant(), n in 1..40_u32) {
        for clock in [
            format!("{{ kind = \"days\", n = {n} }}"),
            format!("{{ kind = \"business-days\", n = {n}, calendar = \"us-federal\" }}"),
            format!("{{ kind = \"months\", n = {n}, end = \"12:00:00\" }}"),
        ] {
            let catalogue = of(&format!("trigger = \"a\"\nclock = {clock}"));
            let unknown = count(rule(&catalogue), &Profile::default(), &["a"], at);
            prop_assert!(unknown.zones > 1);
            for (zone, _) in EVERYWHERE {
                let known = count(rule(&catalogue), &profile(zone.name(), "us-federal"), &["a"], at);
                prop_assert!(unknown.due <= known.due && known.zones == 1, "{} {}", zone, clock);
            }
        }
    }
}
