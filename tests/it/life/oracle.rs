//! What may stand on a board, worked out apart from it: from what its sources told it by the wire, and from the clock it
//! lives by. Texts of time are written here a second time.

use std::collections::HashMap;

use warboard::domain::instant::{Instant, Mono};

use super::front::{Manner, Told};
use super::viewer::Viewer;

/// A step of the day, and as much again for what is under way when a step ends.
const SLACK_MS: i64 = 2_500;
/// How far a countdown may be off, in steps that no second is between.
const OFFS: [i64; 5] = [0, -650, 650, -1_300, 1_300];
/// How often the rows below the head are read.
const BODY_EVERY_S: i64 = 4;
const LAGGING_MS: i64 = 10_000;
const STALE_MS: i64 = 30_000;

/// What is known beside the frame.
pub struct Judge {
    /// Colours that the word of a live source was seen in.
    live: HashMap<&'static str, vt100::Color>,
    /// Since when each source of each viewer has had nothing in its way, and what it is allowed from there.
    free: HashMap<(&'static str, usize), (Mono, i64)>,
    pub frames: u64,
    pub countdowns: u64,
    pub stale: u64,
    pub recoveries: u64,
    /// The longest that a source took to be live again, in milliseconds.
    pub slowest_ms: i64,
}

/// A source as a frame tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Live,
    /// Not live, with its age where one stands.
    Old(&'static str, Option<i64>),
    /// Not live, by a number that stands for all.
    Counted,
    /// Nothing is said of it.
    Unsaid,
}

impl Judge {
    pub fn new() -> Judge {
        Judge {
            live: HashMap::new(),
            free: HashMap::new(),
            frames: 0,
            countdowns: 0,
            stale: 0,
            recoveries: 0,
            slowest_ms: 0,
        }
    }

    /// Something stands in the way of a source, or has just been taken out of it.
    /// It may be anything for `within_ms` from now, and then it is live.
    pub fn obstructed(&mut self, viewer: &Viewer, source: usize, now: Mono, within_ms: i64) {
        let free = self.free.entry((viewer.name, source));
        let (at, within) = free.or_insert((now, within_ms));
        if now + within_ms >= *at + *within {
            (*at, *within) = (now, within_ms);
        }
    }

    /// Looks at what a viewer sees now; a sentence for each thing that must not be. While somebody types, dialogs and other
    /// screens may stand there: then only the sources are looked at.
    pub fn look(&mut self, viewer: &Viewer, now: Mono, typing: bool) -> Vec<String> {
        // What stands below the head is read every few seconds: to read a picture takes longer than to draw it.
        let brief = typing || now.0 / 1_000 % BODY_EVERY_S != 0;
        let rows = viewer.rows(if brief { 3 } else { usize::MAX });
        let (w, h) = viewer.size;
        let mut faults = Vec::new();
        self.frames += 1;
        if w < 40 || h < 12 {
            let text = rows.join("\n");
            if !text.contains("warb") && w >= 4 {
                faults.push("a window too small says nothing".to_owned());
            }
            return faults;
        }
        let told: Vec<_> = viewer.sources.iter().map(|it| it.front.told()).collect();
        let told: Vec<&Told> = told.iter().map(|told| &**told).collect();
        // A dialog leaves the first row, which tells how fresh each source is.
        let covered = |row: &&String| row.contains(['┌', '│']);
        let head = rows.iter().take(3).take_while(|row| !covered(row));
        let head = head.cloned().collect::<Vec<_>>().join("\n");
        let mut all_live = true;
        for source in 0..told.len() {
            let word = word(&head, viewer.sources[source].name);
            all_live &= word == Word::Live;
            faults.extend(self.freshness(viewer, source, &told, word, now, &rows));
        }
        if typing {
            return faults;
        }
        faults.extend(clock(&rows[0], &told, now));
        if brief {
            return faults;
        }
        faults.extend(self.countdowns(&rows, &told, now));
        // What came while a clock jumped is asked for again: a source that is not live may show what was before.
        if all_live {
            faults.extend(nearest(viewer, &rows, &told, now));
        }
        if viewer.wall {
            faults.extend(token(&rows, &told, now));
        }
        faults
    }

    fn freshness(
        &mut self,
        viewer: &Viewer,
        source: usize,
        all: &[&Told],
        word: Word,
        now: Mono,
        rows: &[String],
    ) -> Vec<String> {
        let seen = &viewer.sources[source];
        let told = all[source];
        let name = seen.name;
        let age = told.at.map(|at| now - at);
        let mut faults = Vec::new();
        let mut wrong = |what: String| faults.push(format!("{name}, age {age:?}: {what}"));
        let must_be_old = age.is_none_or(|age| age >= LAGGING_MS + SLACK_MS);
        let must_be_stale = age.is_none_or(|age| age >= STALE_MS + SLACK_MS);
        if must_be_old {
            self.stale += 1;
            match word {
                Word::Live | Word::Unsaid => wrong(format!("looks live: {word:?}")),
                Word::Old("lagging", _) if must_be_stale => wrong("is told as lagging".into()),
                _ => {}
            }
            for row in unmarked(rows, all, source) {
                wrong(format!("a row without a mark: {row}"));
            }
        }
        if let (Word::Old(_, Some(shown)), Some(age)) = (word, age)
            && !(shown - SLACK_MS..shown + step(shown) + SLACK_MS).contains(&age)
            // After another token, or a sleep, the last answer that counted may be older than the last that came.
            && shown < age
        {
            wrong(format!("is told to be {shown} ms old"));
        }
        // Colours: what is old is not written as what is live is.
        let place = |text: &str| {
            let found = rows.iter().take(3).enumerate();
            let mut found = found.filter_map(|(y, row)| Some((y, row.find(text)?, row)));
            let (y, at, row) = found.next()?;
            Some(viewer.colour(row[..at].chars().count() + text.len() - 1, y))
        };
        if word == Word::Live
            && let Some(colour) = place(&format!("{name} live"))
        {
            self.live.insert(viewer.name, colour);
        }
        if let Word::Old(told_as, _) = word
            && let Some(colour) = place(&format!("{name} {told_as}"))
            && self.live.get(viewer.name) == Some(&colour)
        {
            wrong(format!("'{told_as}' looks like 'live'"));
        }
        let passes = seen.front.manner() == Manner::Passes;
        // A number that stands for some says nothing of one.
        let live = matches!(word, Word::Live | Word::Counted);
        if !passes || live && !self.free.contains_key(&(viewer.name, source)) {
            return faults;
        }
        match self.free.get(&(viewer.name, source)).copied() {
            None => wrong(format!("is not live, and nothing is wrong: {word:?}")),
            Some((since, within)) if now - since > within + SLACK_MS => {
                if !live {
                    let took = now - since;
                    wrong(format!(
                        "is not live {took} ms after all was well: {word:?}"
                    ));
                }
                self.free.remove(&(viewer.name, source));
                self.recoveries += 1;
            }
            Some((since, _)) if !live => self.slowest_ms = self.slowest_ms.max(now - since),
            Some(_) => {}
        }
        faults
    }

    /// Every countdown that stands, against what it may say.
    fn countdowns(&mut self, rows: &[String], told: &[&Told], now: Mono) -> Vec<String> {
        let mut faults = Vec::new();
        for (y, row) in rows.iter().enumerate() {
            for (x, text) in countdown_texts(row) {
                self.countdowns += 1;
                let above = y.checked_sub(1).map_or("", |y| rows[y].as_str());
                let named = |told: &Told| -> Vec<Instant> {
                    let ours = told
                        .incidents
                        .values()
                        .filter(|it| stands(&it.codename, row, x, above));
                    ours.flat_map(|it| it.dues.iter().map(|(due, _)| *due))
                        .collect()
                };
                let any_named = told.iter().any(|told| {
                    let mut all = told.incidents.values();
                    all.any(|it| stands(&it.codename, row, x, above))
                });
                let fits = told.iter().any(|told| {
                    let dues: Vec<Instant> = match any_named {
                        true => named(told),
                        // `+ 2 sev4, next T-6d03:10` speaks of many.
                        false => {
                            let all = told.incidents.values();
                            all.flat_map(|it| it.dues.iter().map(|(due, _)| *due))
                                .collect()
                        }
                    };
                    dues.iter().any(|due| says(text, left(told, *due, now)))
                });
                if !fits {
                    faults.push(format!("no duty has the countdown {text} of: {row}"));
                }
            }
        }
        faults
    }
}

/// What is left until an instant, by the clock of the backend that told it.
fn left(told: &Told, due: Instant, now: Mono) -> i64 {
    due.timestamp_millis() - (now.0 + told.offset_ms)
}

/// Whether a text is a countdown to what is so far away, give or take.
fn says(text: &str, left: i64) -> bool {
    OFFS.iter().any(|off| countdown(left + off) == text)
}

/// A countdown as the board has to write it.
pub fn countdown(left: i64) -> String {
    let sign = if left < 0 { "+" } else { "T-" };
    let s = left.unsigned_abs() / 1_000;
    let (d, h, m, s) = (s / 86_400, s / 3_600 % 24, s / 60 % 60, s % 60);
    match left.unsigned_abs() {
        ..600_000 => format!("{sign}{h:02}:{m:02}:{s:02}"),
        600_000..86_400_000 => format!("{sign}{h:02}:{m:02}"),
        _ => format!("{sign}{d}d{h:02}:{m:02}"),
    }
}

/// Countdowns in a row, with the column they begin in.
fn countdown_texts(row: &str) -> impl Iterator<Item = (usize, &str)> {
    row.split([' ', '│', '█'])
        .filter(|word| {
            let number = word.strip_prefix("T-").or_else(|| word.strip_prefix('+'));
            number.is_some_and(|number| {
                number.contains(':') && number.starts_with(|c: char| c.is_ascii_digit())
            })
        })
        .map(move |word| {
            let at = word.as_ptr() as usize - row.as_ptr() as usize;
            (row[..at].chars().count(), word)
        })
}

fn column(row: &str, text: &str) -> Option<usize> {
    row.find(text).map(|at| row[..at].chars().count())
}

/// Whether a countdown at a column is of the incident of this name: it stands in the same row, or on the card above.
fn stands(codename: &str, row: &str, x: usize, above: &str) -> bool {
    let own = column(row, codename);
    own.is_some() || column(above, codename).is_some_and(|c| (x..x + 30).contains(&c))
}

fn word(head: &str, name: &str) -> Word {
    for old in ["lagging", "STALE", "DOWN"] {
        if let Some(at) = head.find(&format!("{name} {old}")) {
            let rest = &head[at + name.len() + 1 + old.len()..];
            return Word::Old(old, age(rest.trim_start()));
        }
    }
    if head.contains(&format!("{name} live")) || head.contains("all 2 live") {
        return Word::Live;
    }
    if head.contains("NOT LIVE") || head.contains("no source live") {
        return Word::Counted;
    }
    // Where only those are named that are not live, the others are.
    let others = ["lagging", "STALE", "DOWN"];
    match others.iter().any(|word| head.contains(word)) {
        true => Word::Live,
        false => Word::Unsaid,
    }
}

/// Milliseconds of an age such as `6m40s`, `5h02m`, `2d3h`.
fn age(text: &str) -> Option<i64> {
    let text = text.split([' ', ',']).next()?;
    let (mut ms, mut number) = (0, String::new());
    for c in text.chars() {
        let unit = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            's' => 1_000,
            'm' => 60_000,
            'h' => 3_600_000,
            'd' => 86_400_000,
            _ => return None,
        };
        ms += number.parse::<i64>().ok()? * unit;
        number.clear();
    }
    (ms > 0 || text == "0s").then_some(ms)
}

/// The step in which an age of so much is told.
fn step(age: i64) -> i64 {
    match age {
        ..3_600_000 => 10_000,
        3_600_000..86_400_000 => 60_000,
        _ => 3_600_000,
    }
}

/// Rows that name an incident of a source that is not live and do not say so. Two backends may give one codename: a row
/// of that name may then be the other's, which is live.
fn unmarked<'a>(rows: &'a [String], all: &[&Told], source: usize) -> Vec<&'a str> {
    let others = || all.iter().enumerate().filter(|(at, _)| *at != source);
    let elsewhere = |codename: &str| {
        let mut incidents = others().flat_map(|(_, told)| told.incidents.values());
        incidents.any(|it| it.codename == codename)
    };
    let marks = ["~", "as of", "STALE", "DOWN", "lagging"];
    let is_marked = |row: &str| marks.iter().any(|mark| row.contains(mark));
    let mut found = Vec::new();
    let last = rows.len().saturating_sub(2);
    for (y, row) in rows[..last].iter().enumerate() {
        let named = all[source]
            .incidents
            .values()
            .any(|it| it.is_open && row.contains(&it.codename) && !elsewhere(&it.codename));
        let dated = row.trim_start().as_bytes();
        // `14:06 COPPER HERON looped back` tells what was, with its time.
        let dated = dated.len() > 6 && dated[2] == b':' && dated[5] == b' ';
        let below = rows.get(y + 1).is_some_and(|row| is_marked(row));
        if named && !dated && !is_marked(row) && !below {
            found.push(row.as_str());
        }
    }
    found
}

/// The time in the head, against those of the sources that are live; where none is, of any that was heard.
fn clock(row: &str, told: &[&Told], now: Mono) -> Option<String> {
    let shown = row.trim_start().get(..8)?;
    let heard = || told.iter().filter(|told| told.at.is_some());
    let at = |told: &Told, off: i64| {
        let ms = now.0 + told.offset_ms + off;
        let at = Instant::from_timestamp_millis(ms).unwrap();
        at.format("%H:%M:%S").to_string()
    };
    let fits = |told: &&&Told| OFFS.iter().any(|off| at(told, *off) == shown);
    if heard().next().is_none() || heard().any(|told| fits(&told)) {
        return None;
    }
    let may: Vec<String> = heard().map(|told| at(told, 0)).collect();
    Some(format!("the clock shows {shown}, not one of {may:?}"))
}

/// The nearest deadline of all stands on every screen, in a row or in big digits.
fn nearest(viewer: &Viewer, rows: &[String], told: &[&Told], now: Mono) -> Option<String> {
    let real = told.iter().flat_map(|told| {
        let open = told.incidents.values();
        let open = open.filter(|it| it.is_open && !it.is_exercise);
        open.filter_map(move |it| Some((left(told, it.nearest?, now), it, told)))
    });
    let (least, incident, of) = real.min_by_key(|(left, ..)| *left)?;
    // What has just been told may not have been drawn.
    if of.at.is_none_or(|at| now - at < SLACK_MS) && incident.dues.iter().any(|due| due.1.is_some())
    {
        return None;
    }
    let text = rows.join("\n");
    let row = rows.iter().any(|row| {
        row.contains(&incident.codename) && countdown_texts(row).any(|(_, text)| says(text, least))
    });
    let big = viewer.wall && big_digits(rows, &incident.codename, least);
    match row || big {
        true => None,
        false => Some(format!(
            "the nearest deadline does not stand: {} {}\n{text}",
            incident.codename,
            countdown(least)
        )),
    }
}

/// Whether a countdown stands in big digits with this name beside it.
fn big_digits(rows: &[String], codename: &str, left: i64) -> bool {
    use warboard::ui::{digits::Size, glyph::Glyphs};
    let said = |off: i64| {
        let text = countdown(left + off);
        text.trim_start_matches("T-")
            .trim_start_matches('+')
            .to_owned()
    };
    let stand = |lines: &[String]| {
        rows.windows(lines.len()).any(|rows| {
            let beside = rows.iter().any(|row| row.contains(codename));
            let mut both = rows.iter().zip(lines);
            beside && both.all(|(row, line)| row.contains(line.trim()))
        })
    };
    OFFS.iter().any(|off| {
        let text = said(*off);
        let sizes = [Size::Small, Size::Large, Size::Huge];
        sizes
            .iter()
            .any(|size| stand(&size.rows(&text, Glyphs::default())))
    })
}

/// Where a token ends within the week, the wall says when.
fn token(rows: &[String], told: &[&Told], now: Mono) -> Option<String> {
    let ends = told.iter().filter_map(|told| {
        let ends = told.token_ends_at?;
        told.at.map(|_| left(told, ends, now))
    });
    let least = ends.min()?;
    let text = rows.join("\n");
    let told = text.contains("TOKEN ENDED") || text.contains("expires in");
    (!told && rows.len() >= 12 && least < 6 * 86_400_000)
        .then(|| format!("nothing says that a token ends in {least} ms"))
}
