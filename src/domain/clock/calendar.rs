//! Which days are open: a week, holidays, closures by order, and the span of dates the list is known for. Beyond that
//! span a calendar says nothing, and no count may go on. How one is written in a file stands in `calendar_form`.

use chrono::{Datelike, NaiveDate, Weekday};

/// Why a day is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The day.
    pub date: NaiveDate,
    /// Its name or the order that closed it.
    pub reason: String,
}

/// What a calendar says of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Day {
    Open,
    Closed,
    /// Outside the dates the calendar is known for.
    Unknown,
}

/// A calendar of open days.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Its id, as a rule or a profile names it.
    pub id: String,
    /// Where the list was read.
    pub source: String,
    /// When it was read.
    pub fetched: Option<NaiveDate>,
    /// First day the list is known for.
    pub valid_from: NaiveDate,
    /// Last day the list is known for.
    pub valid_through: NaiveDate,
    rest: [bool; 7],
    closures: Vec<Closure>,
    bits: Vec<u64>,
}

impl Calendar {
    /// A calendar of a week's rest days and closed dates; dates outside its span are dropped.
    pub fn new(
        id: String,
        rest: &[Weekday],
        valid_from: NaiveDate,
        valid_through: NaiveDate,
        closures: Vec<Closure>,
    ) -> Calendar {
        let mut calendar = Calendar {
            id,
            source: String::new(),
            fetched: None,
            valid_from,
            valid_through,
            rest: [false; 7],
            closures: Vec::new(),
            bits: Vec::new(),
        };
        for day in rest {
            if let Some(slot) = calendar.rest.get_mut(day.num_days_from_monday() as usize) {
                *slot = true;
            }
        }
        calendar.close(closures);
        calendar
    }

    /// Adds closed dates, as an order does that comes days before.
    pub fn close(&mut self, closures: Vec<Closure>) {
        self.closures.extend(closures);
        self.closures
            .retain(|c| (self.valid_from..=self.valid_through).contains(&c.date));
        self.closures.sort_by_key(|c| c.date);
        let days = (self.valid_through - self.valid_from).num_days().max(0) as usize;
        self.bits = vec![0; days / 64 + 1];
        for closure in &self.closures {
            let (word, bit) = self.place(closure.date);
            if let Some(slot) = self.bits.get_mut(word) {
                *slot |= bit;
            }
        }
    }

    fn place(&self, date: NaiveDate) -> (usize, u64) {
        let day = (date.num_days_from_ce() - self.valid_from.num_days_from_ce()).max(0) as usize;
        (day / 64, 1 << (day % 64))
    }

    fn rests(&self, date: NaiveDate) -> bool {
        let day = date.weekday().num_days_from_monday() as usize;
        self.rest.get(day).copied().unwrap_or(false)
    }

    /// What this calendar says of a day.
    pub fn day(&self, date: NaiveDate) -> Day {
        if date < self.valid_from || date > self.valid_through {
            return Day::Unknown;
        }
        let (word, bit) = self.place(date);
        if self.rests(date) || self.bits.get(word).is_some_and(|w| w & bit != 0) {
            Day::Closed
        } else {
            Day::Open
        }
    }

    /// Why a day is closed, in words; none for an open one.
    pub fn reason(&self, date: NaiveDate) -> Option<String> {
        let named = self.closures.iter().find(|c| c.date == date);
        match (named, self.rests(date)) {
            (Some(closure), _) => Some(closure.reason.clone()),
            (None, true) => Some(full_name(date.weekday()).to_owned()),
            (None, false) => None,
        }
    }
}

/// A calendar as one incident sees it: with the closures its profile adds.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The calendar.
    pub calendar: &'a Calendar,
    /// Further closed dates, few.
    pub extra: &'a [NaiveDate],
}

impl Seen<'_> {
    /// What the calendar says of a day, closures of the profile included.
    pub fn day(&self, date: NaiveDate) -> Day {
        match self.calendar.day(date) {
            Day::Open if self.extra.contains(&date) => Day::Closed,
            day => day,
        }
    }

    /// Why a day is closed, in words.
    pub fn reason(&self, date: NaiveDate) -> String {
        self.calendar
            .reason(date)
            .unwrap_or_else(|| "closed by order (this incident's profile)".to_owned())
    }
}

fn full_name(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn closure(day: &str, reason: &str) -> Closure {
        Closure {
            date: date(day),
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_day_is_closed_for_a_reason_and_unknown_beyond_the_list() {
        let mut calendar = Calendar::new(
            "x".to_owned(),
            &[Weekday::Fri, Weekday::Sat],
            date("2026-01-01"),
            date("2026-12-31"),
            vec![closure("2026-11-26", "Feast"), closure("2027-05-01", "far")],
        );
        assert_eq!(calendar.day(date("2026-11-26")), Day::Closed);
        assert_eq!(
            calendar.reason(date("2026-11-26")).as_deref(),
            Some("Feast")
        );
        assert_eq!(calendar.day(date("2026-11-27")), Day::Closed);
        assert_eq!(
            calendar.reason(date("2026-11-27")).as_deref(),
            Some("Friday")
        );
        assert_eq!(calendar.day(date("2026-11-29")), Day::Open);
        assert_eq!(calendar.reason(date("2026-11-29")), None);
        assert_eq!(calendar.day(date("2027-01-01")), Day::Unknown);
        assert_eq!(calendar.day(date("2025-12-31")), Day::Unknown);
        calendar.close(vec![closure("2026-12-24", "closed by order")]);
        assert_eq!(calendar.day(date("2026-12-24")), Day::Closed);
        let seen = Seen {
            calendar: &calendar,
            extra: &[date("2026-12-22")],
        };
        assert_eq!(seen.day(date("2026-12-22")), Day::Closed);
        assert_eq!(seen.day(date("2026-12-23")), Day::Open);
    }
}
