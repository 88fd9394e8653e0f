//! When it happened, as exactly as the record says. `timeline.incident` is the initial compromise; `discovery` is
//! counted from it, `containment` from discovery. A time that follows only roughly from another is not given at all.

use chrono::{
    DateTime, Datelike, Days, FixedOffset, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc,
};
use serde_json::Value;

use crate::domain::when::When;
use crate::domain::word::Precision;

/// Units that say that it came to that at all.
const UNITS: [&str; 7] = [
    "Seconds", "Minutes", "Hours", "Days", "Weeks", "Months", "Years",
];
/// The longest span that is believed, in whatever unit.
const VALUE_MAX: u64 = 100_000;

/// A whole number, as VERIS has it or written as a text.
pub(super) fn whole(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64().or_else(|| {
            let float = number.as_f64()?;
            // Written as 3.0.
            let fits = float.fract() == 0.0 && (0.0..1e15).contains(&float);
            fits.then(|| format!("{float:.0}").parse().ok())?
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The instant of `timeline.incident`, and which of its keys it stands for entirely.
pub(super) fn incident(incident: &Value) -> Option<(When, Vec<&'static str>)> {
    let part = |name: &str| whole(incident.get(name));
    let year = part("year").filter(|year| (1000..=9999).contains(year))?;
    let (year, mut placed) = (i32::try_from(year).ok()?, vec!["year"]);
    let month = part("month").and_then(|month| u32::try_from(month).ok());
    let month = month.filter(|month| (1..=12).contains(month));
    let Some(month) = month else {
        let date = NaiveDate::from_ymd_opt(year, 1, 1)?;
        return Some((period(date, Precision::Year)?, placed));
    };
    placed.push("month");
    let day = part("day").and_then(|day| u32::try_from(day).ok());
    let Some(date) = day.and_then(|day| NaiveDate::from_ymd_opt(year, month, day)) else {
        let date = NaiveDate::from_ymd_opt(year, month, 1)?;
        return Some((period(date, Precision::Month)?, placed));
    };
    placed.push("day");
    if let Some((time, offset, precision)) =
        incident.get("time").and_then(Value::as_str).and_then(clock)
    {
        let at = date.and_time(time).and_local_timezone(offset).single()?;
        if precision == Precision::Exact {
            placed.push("time");
        }
        let when = When::exact(at.with_timezone(&Utc)).with_precision(precision);
        return Some((when, placed));
    }
    Some((period(date, Precision::Day)?, placed))
}

/// `15:18:27 -0500`, as VERIS asks for it. Without an offset nobody can tell which of two dozen instants it is.
fn clock(text: &str) -> Option<(NaiveTime, FixedOffset, Precision)> {
    let text = text.trim();
    let (time, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(time) => (time, "+0000".to_owned()),
        None => {
            let (time, offset) = text.split_at_checked(text.rfind(['+', '-'])?)?;
            (time, offset.replace(':', ""))
        }
    };
    let time = time.trim();
    let (read, precision) = match NaiveTime::parse_from_str(time, "%H:%M:%S") {
        Ok(read) => (read, Precision::Exact),
        Err(_) => (
            NaiveTime::parse_from_str(time, "%H:%M").ok()?,
            Precision::Minute,
        ),
    };
    // Only for its offset; the date is not this one.
    let offset =
        DateTime::parse_from_str(&format!("2000-01-01 00:00 {offset}"), "%Y-%m-%d %H:%M %z");
    Some((read, *offset.ok()?.offset(), precision))
}

fn period(date: NaiveDate, precision: Precision) -> Option<When> {
    let start = Utc.from_utc_datetime(&date.and_hms_opt(0, 0, 0)?);
    Some(When::exact(start).with_precision(precision))
}

/// Whether a span says that it came to that, with or without how long it took.
pub(super) fn happened(span: Option<&Value>) -> bool {
    let unit = span.and_then(|span| span.get("unit")?.as_str());
    unit.is_some_and(|unit| UNITS.contains(&unit))
}

/// The instant a span after another, known to the coarser of the two. A base that is known less exactly than the
/// span's unit gives none: five hours after a day may be that day or the next.
pub(super) fn after(base: When, span: &Value) -> Option<When> {
    let unit = span.get("unit")?.as_str()?;
    let value = whole(span.get("value")).filter(|value| *value <= VALUE_MAX)?;
    let count = i64::try_from(value).ok()?;
    let known_to = |precision: Precision| (base.precision <= precision).then_some(());
    let date = base.at.date_naive();
    let later = |delta: Option<TimeDelta>| base.at.checked_add_signed(delta?);
    match unit {
        "Seconds" => {
            known_to(Precision::Exact)?;
            later(TimeDelta::try_seconds(count)).map(When::exact)
        }
        "Minutes" => {
            known_to(Precision::Minute)?;
            let at = later(TimeDelta::try_minutes(count))?;
            Some(When::exact(at).with_precision(Precision::Minute))
        }
        "Hours" => {
            known_to(Precision::Minute)?;
            let first = later(TimeDelta::try_hours(count))?;
            let last = first.checked_add_signed(TimeDelta::try_seconds(3_599)?)?;
            let one_day = first.date_naive() == last.date_naive();
            one_day.then(|| period(first.date_naive(), Precision::Day))?
        }
        "Days" => {
            known_to(Precision::Day)?;
            period(date.checked_add_days(Days::new(value))?, Precision::Day)
        }
        "Weeks" => {
            known_to(Precision::Day)?;
            let first = date.checked_add_days(Days::new(value * 7))?;
            let last = first.checked_add_days(Days::new(6))?;
            let month = first.with_day(1)?;
            (last.with_day(1)? == month).then(|| period(month, Precision::Month))?
        }
        "Months" => {
            known_to(Precision::Month)?;
            let months = Months::new(u32::try_from(value).ok()?);
            let month = date.with_day(1)?.checked_add_months(months)?;
            period(month, Precision::Month)
        }
        "Years" => {
            let year = date.year().checked_add(i32::try_from(value).ok()?)?;
            let first = NaiveDate::from_ymd_opt(year, 1, 1).filter(|_| year <= 9999)?;
            period(first, Precision::Year)
        }
        _ => None,
    }
}
