//! What is printed: data to standard output, all else to standard error. Text from outside goes through `SafeText`, JSON is
//! byte for byte into a pipe and in ASCII on a terminal. Nothing else in the command line writes.

use std::io::{self, IsTerminal, Write};

use crate::domain::text::{SafeText, json_ascii};

/// The two standard streams.
#[derive(Debug, Default, Clone, Copy)]
pub struct Output {}

impl Output {
    /// Whether data goes to a terminal.
    pub fn is_terminal(self) -> bool {
        io::stdout().is_terminal()
    }

    /// One line of data; what is hostile in it shows as marks.
    pub fn line(self, text: &str) {
        let safe = SafeText::line(text);
        self.put(format!("{}\n", safe.shown().trim_end()).as_bytes());
    }

    /// Several lines of data of our own making, written as they are.
    pub fn own(self, text: &str) {
        self.put(text.as_bytes());
    }

    /// A JSON body: as it is into a pipe, in ASCII on a terminal.
    pub fn json(self, body: &[u8]) {
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
    pub fn note(self, text: &str) {
        let safe = SafeText::line(text);
        // Nobody left to tell: the exit code still says it.
        let _ = writeln!(io::stderr(), "{}", safe.shown());
    }

    fn put(self, bytes: &[u8]) {
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
