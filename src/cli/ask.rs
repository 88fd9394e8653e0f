//! Asking a person at the terminal for what must not be seen, and for a yes.

use std::io::{self, BufRead as _, Read as _, Write as _};

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use super::exit::Failure;
use crate::secret::Secret;

/// Longest secret that is typed.
const LENGTH_MAX: usize = 16 * 1024;

/// The terminal as it was; put back when this is dropped.
struct Before(Termios);

impl Drop for Before {
    fn drop(&mut self) {
        // What cannot be put back cannot be told of either.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

/// Reads a line from the terminal without showing it. Ctrl-C and Ctrl-D give it up: keys come as bytes meanwhile, so that no
/// signal can leave the terminal without its echo.
///
/// # Errors
/// It is no terminal, it cannot be read, or it was given up.
pub fn hidden(question: &str) -> io::Result<Secret> {
    let mut error = io::stderr();
    let before = Before(tcgetattr(io::stdin())?);
    let mut quiet = before.0.clone();
    quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
    quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
    write!(error, "{question}")?;
    error.flush()?;
    let typed = typed(io::stdin().lock().bytes());
    writeln!(error)?;
    drop(before);
    typed
}

fn typed(bytes: impl Iterator<Item = io::Result<u8>>) -> io::Result<Secret> {
    let given_up = || io::Error::new(io::ErrorKind::Interrupted, "it was given up");
    let mut line = Vec::new();
    for byte in bytes {
        match byte? {
            b'\r' | b'\n' => {
                let text = String::from_utf8(line);
                let text = text.map_err(|_| io::Error::other("what was typed is not UTF-8"))?;
                return Ok(Secret::new(text.trim()));
            }
            0x03 | 0x04 => return Err(given_up()),
            // Backspace takes a whole character back.
            0x08 | 0x7f => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            0x15 => line.clear(),
            byte if line.len() < LENGTH_MAX => line.push(byte),
            _ => {}
        }
    }
    Err(given_up())
}

/// Asks, and reads a line.
///
/// # Errors
/// The terminal cannot be read, or its input ended.
pub fn line(question: &str) -> Result<String, Failure> {
    let mut error = io::stderr();
    let mut text = String::new();
    let read = write!(error, "{question}")
        .and_then(|()| error.flush())
        .and_then(|()| io::stdin().lock().read_line(&mut text));
    match read {
        Ok(0) => Err(Failure::new("nothing was written: the input ended")),
        Ok(_) => Ok(text.trim().to_owned()),
        Err(error) => Err(Failure::new(format!(
            "the terminal cannot be read: {error}"
        ))),
    }
}

/// Whether an answer means yes.
pub fn is_yes(answer: &str) -> bool {
    matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_edited_and_given_up_by_its_keys() {
        let read = |keys: &str| {
            let bytes = keys.bytes().map(Ok).collect::<Vec<_>>();
            typed(bytes.into_iter()).map(|secret| secret.expose().to_owned())
        };
        assert_eq!(read("abc\r").unwrap(), "abc");
        assert_eq!(read("abxé\u{7f}\u{8}c\n").unwrap(), "abc");
        assert_eq!(read("wrong\u{15}abc\n").unwrap(), "abc");
        assert!(read("abc\u{3}").is_err());
        assert!(read("\u{4}").is_err());
        assert!(read("abc").is_err());
    }
}
