//! What is printed: data to standard output, all else to standard error. Text from outside goes through `SafeText`, JSON is
//! byte for byte into a pipe and in ASCII on a terminal. Nothing else in the command line writes.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::exit::{DONE, Failure, Outcome};
use crate::domain::text::{SafeText, json_ascii};

/// Most bytes that are kept for somebody who is not at this process's own streams.
const KEPT_MAX: usize = 32 << 20;

/// The two standard streams, or what is kept in their place for a guest.
#[derive(Debug, Default, Clone)]
pub struct Output {
    kept: Option<Arc<Mutex<Kept>>>,
}

/// What was printed for a guest.
#[derive(Debug, Default)]
struct Kept {
    terminal: bool,
    out: Vec<u8>,
    err: Vec<u8>,
    over: bool,
}

impl Kept {
    fn add(&mut self, bytes: &[u8], beside: bool) {
        if self.out.len() + self.err.len() + bytes.len() > KEPT_MAX {
            self.over = true;
        } else if beside {
            self.err.extend_from_slice(bytes);
        } else {
            self.out.extend_from_slice(bytes);
        }
    }
}

impl Output {
    /// Keeps what is printed; `terminal` says whether a guest's terminal shows it.
    pub fn kept(terminal: bool) -> Output {
        let kept = Kept {
            terminal,
            ..Kept::default()
        };
        Output {
            kept: Some(Arc::new(Mutex::new(kept))),
        }
    }

    /// What was kept: the data, what stands beside it, and whether that is all of it.
    pub fn taken(&self) -> (Vec<u8>, Vec<u8>, bool) {
        match self.guest().as_deref_mut() {
            Some(kept) => {
                let (out, err) = (&mut kept.out, &mut kept.err);
                (std::mem::take(out), std::mem::take(err), !kept.over)
            }
            None => (Vec::new(), Vec::new(), true),
        }
    }

    fn guest(&self) -> Option<MutexGuard<'_, Kept>> {
        let kept = self.kept.as_ref()?;
        Some(kept.lock())
    }

    /// Whether data goes to a terminal.
    pub fn is_terminal(&self) -> bool {
        match self.guest() {
            Some(kept) => kept.terminal,
            None => io::stdout().is_terminal(),
        }
    }

    /// One line of data; what is hostile in it shows as marks.
    pub fn line(&self, text: &str) {
        let safe = SafeText::line(text);
        self.put(format!("{}\n", safe.shown().trim_end()).as_bytes());
    }

    /// Several lines of data of our own making, written as they are.
    pub fn own(&self, text: &str) {
        self.put(text.as_bytes());
    }

    /// A JSON body: as it is into a pipe, in ASCII on a terminal.
    pub fn json(&self, body: &[u8]) {
        if !self.is_terminal() {
            self.put(body);
            if !body.ends_with(b"\n") {
                self.put(b"\n");
            }
            return;
        }
        let text = String::from_utf8_lossy(body);
        self.put(json_ascii(&text).as_bytes());
        self.put(b"\n");
    }

    /// One line beside the data.
    pub fn note(&self, text: &str) {
        let line = format!("{}\n", SafeText::line(text).shown());
        match self.guest() {
            Some(mut kept) => kept.add(line.as_bytes(), true),
            // Nobody left to tell: the exit code still says it.
            None => drop(io::stderr().write_all(line.as_bytes())),
        }
    }

    fn put(&self, bytes: &[u8]) {
        if let Some(mut kept) = self.guest() {
            kept.add(bytes, false);
            return;
        }
        let mut out = io::stdout().lock();
        // A reader that went away, as `head` does, wants no more.
        let _ = out.write_all(bytes).and_then(|()| out.flush());
    }
}

/// Rows with columns of one width, the last one open; two blanks between.
pub fn table(rows: &[Vec<String>]) -> Vec<String> {
    let safe: Vec<Vec<SafeText>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| SafeText::line(cell)).collect())
        .collect();
    let columns = safe.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = safe.iter().filter_map(|row| row.get(column));
        cells.map(SafeText::width).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<SafeText>| {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&cell.fit(*width));
            line.push_str("  ");
        }
        line.trim_end().to_owned()
    };
    safe.iter().map(line).collect()
}

/// The end of what was asked of several backends, of which some did not answer: what the others told stands above, and each
/// that is missing is named.
pub fn in_part(output: &Output, asked: usize, silent: Vec<Failure>) -> Outcome {
    let mut silent = silent.into_iter();
    let Some(last) = silent.next_back() else {
        return Ok(DONE);
    };
    for failure in silent {
        output.note(&format!("warboard: {}", failure.sentence));
    }
    Err(match asked {
        1 => last,
        _ => Failure {
            sentence: format!("{} What it has is missing above.", last.sentence),
            ..last
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_hostile_text_is_marked() {
        let rows = [
            vec![
                "AZ-1".to_owned(),
                "sev1".to_owned(),
                "a\u{1b}[31mb".to_owned(),
            ],
            vec!["M365-77".to_owned(), "sev?".to_owned(), "c".to_owned()],
        ];
        let lines = table(&rows);
        assert!(lines[0].starts_with("AZ-1     sev1  a"), "{}", lines[0]);
        assert_eq!(lines[1], "M365-77  sev?  c");
        assert!(!lines[0].contains('\u{1b}'));
    }
}
