//! Bytes from a terminal, at any cut, become [`Input`]. Pastes are collected here, whatever is in them, so that no byte of
//! one is ever a key; everything else goes through termina's parser.

use termina::escape::csi::{Csi, Device};
use termina::escape::osc::{ColorOrQuery, DynamicColorNumber, Osc};
use termina::event::{KeyCode as Code, KeyEvent, KeyEventKind, Modifiers};
use termina::{Event, Parser};

use crate::ui::input::{Input, Key, KeyCode, TerminalReply};

const PASTE_BEGINS: &[u8] = b"\x1b[200~";
const PASTE_ENDS: &[u8] = b"\x1b[201~";
/// What is kept of one paste; the rest is read and dropped.
const PASTE_MAX: usize = 64 * 1024;
/// An answer or a key is never this long; what is, is garbage without an end.
const SEQUENCE_MAX: usize = 1024;
/// After this long without more, a lone `Esc` was the key.
const ESC_AFTER_MS: i64 = 50;
/// After this long without more, a paste has lost its end on the way.
const PASTE_AFTER_MS: i64 = 10_000;

/// The state between two reads.
#[derive(Debug, Default)]
pub struct Decoder {
    parser: Parser,
    /// Bytes given to the parser since its last event: an upper bound of what it holds.
    held: usize,
    /// How much of the mark that begins or ends a paste has just been seen.
    seen: usize,
    paste: Option<Vec<u8>>,
    /// All that is held is one `Esc`.
    is_lone_esc: bool,
}

impl Decoder {
    /// Takes in bytes and appends what they mean.
    pub fn feed(&mut self, bytes: &[u8], inputs: &mut Vec<Input>) {
        for &byte in bytes {
            let mark = if self.paste.is_some() {
                PASTE_ENDS
            } else {
                PASTE_BEGINS
            };
            self.seen = match mark.get(self.seen) {
                Some(&expected) if expected == byte => self.seen + 1,
                _ => usize::from(byte == b'\x1b'),
            };
            let complete = self.seen == mark.len();
            match &mut self.paste {
                Some(paste) => {
                    if paste.len() < PASTE_MAX + PASTE_ENDS.len() {
                        paste.push(byte);
                    }
                    if complete {
                        self.end_paste(inputs);
                    }
                }
                None if complete => {
                    self.forget();
                    self.paste = Some(Vec::new());
                }
                None => self.parse(byte, inputs),
            }
        }
    }

    /// How long to wait for more before [`Decoder::flush`], in milliseconds; `None` when nothing is open.
    pub fn flush_after(&self) -> Option<i64> {
        match (&self.paste, self.held) {
            (Some(_), _) => Some(PASTE_AFTER_MS),
            (None, 0) => None,
            (None, _) => Some(ESC_AFTER_MS),
        }
    }

    /// Nothing more came: a lone `Esc` is the key, a paste is what there is of it, an unfinished sequence is dropped.
    pub fn flush(&mut self, inputs: &mut Vec<Input>) {
        if self.paste.is_some() {
            self.end_paste(inputs);
            return;
        }
        self.parser.parse(&[], false);
        self.drain(inputs);
        self.forget();
    }

    fn parse(&mut self, byte: u8, inputs: &mut Vec<Input>) {
        if byte == b'\x1b' && self.is_lone_esc {
            // The key, and right behind it an answer of the terminal to our own question.
            self.parser.parse(&[], false);
            self.drain(inputs);
            self.parser = Parser::default();
            self.held = 0;
        }
        self.is_lone_esc = byte == b'\x1b' && self.held == 0;
        self.held += 1;
        self.parser.parse(&[byte], true);
        if !self.drain(inputs) && self.held > SEQUENCE_MAX {
            self.forget();
        }
    }

    fn drain(&mut self, inputs: &mut Vec<Input>) -> bool {
        let mut any = false;
        while let Some(event) = self.parser.pop() {
            any = true;
            self.held = 0;
            inputs.extend(translate(event));
        }
        any
    }

    fn forget(&mut self) {
        self.parser = Parser::default();
        self.held = 0;
        self.seen = 0;
        self.is_lone_esc = false;
    }

    fn end_paste(&mut self, inputs: &mut Vec<Input>) {
        self.seen = 0;
        let mut paste = self.paste.take().unwrap_or_default();
        if paste.ends_with(PASTE_ENDS) {
            paste.truncate(paste.len() - PASTE_ENDS.len());
        }
        paste.truncate(PASTE_MAX);
        inputs.push(Input::Paste(String::from_utf8_lossy(&paste).into_owned()));
    }
}

fn translate(event: Event) -> Option<Input> {
    Some(match event {
        Event::Key(key) => Input::Key(translate_key(key)?),
        Event::Paste(text) => Input::Paste(text),
        Event::FocusIn => Input::FocusGained,
        Event::FocusOut => Input::FocusLost,
        Event::Csi(Csi::Device(Device::DeviceAttributes(()))) => {
            Input::Reply(TerminalReply::Attributes)
        }
        Event::Osc(Osc::ChangeDynamicColors(DynamicColorNumber::TextBackgroundColor, colors)) => {
            match colors.first()? {
                ColorOrQuery::Color(c) => Input::Reply(TerminalReply::Background {
                    r: c.red,
                    g: c.green,
                    b: c.blue,
                }),
                _ => return None,
            }
        }
        // Mouse reports are not asked for, sizes come from the door, other answers from nobody we asked.
        _ => return None,
    })
}

fn translate_key(key: KeyEvent) -> Option<Key> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = key.modifiers.contains(Modifiers::CONTROL);
    let code = match key.code {
        // Some terminals send Ctrl-H for the backspace key; the board has no Ctrl-H of its own.
        Code::Char('h') if ctrl => KeyCode::Backspace,
        // By its number (`CSI 5 u`) any character can be sent; nobody types one that acts.
        Code::Char(c) if c.is_control() => return None,
        Code::Char(c) => KeyCode::Char(c),
        Code::Enter => KeyCode::Enter,
        Code::Escape => KeyCode::Esc,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => KeyCode::BackTab,
        Code::Backspace => KeyCode::Backspace,
        Code::Delete => KeyCode::Delete,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::Function(n) => KeyCode::F(n),
        _ => return None,
    };
    let told_by_code = matches!(code, KeyCode::Char(_) | KeyCode::BackTab);
    Some(Key {
        code,
        ctrl: ctrl && code != KeyCode::Backspace,
        alt: key.modifiers.contains(Modifiers::ALT),
        shift: !told_by_code && key.modifiers.contains(Modifiers::SHIFT),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]]) -> Vec<Input> {
        let (mut decoder, mut inputs) = (Decoder::default(), Vec::new());
        pieces
            .iter()
            .for_each(|piece| decoder.feed(piece, &mut inputs));
        if decoder.flush_after().is_some() {
            decoder.flush(&mut inputs);
        }
        inputs
    }

    fn key(code: KeyCode) -> Input {
        Input::Key(Key::plain(code))
    }

    #[test]
    fn an_esc_right_before_an_answer_of_the_terminal_is_not_lost() {
        let answer = Input::Reply(TerminalReply::Attributes);
        assert_eq!(
            decode(&[b"\x1b\x1b[?62;c"]),
            [key(KeyCode::Esc), answer.clone()]
        );
        assert_eq!(
            decode(&[b"\x1b", b"\x1b", b"[?62;cx"]),
            [key(KeyCode::Esc), answer, key(KeyCode::Char('x'))]
        );
    }

    #[test]
    fn keys_as_terminals_send_them() {
        let table: &[(&[u8], Key)] = &[
            (b"a", Key::char('a')),
            (b"G", Key::char('G')),
            (b">", Key::char('>')),
            ("é".as_bytes(), Key::char('é')),
            (b"\r", Key::plain(KeyCode::Enter)),
            (b"\t", Key::plain(KeyCode::Tab)),
            (b"\x1b[Z", Key::plain(KeyCode::BackTab)),
            (b"\x7f", Key::plain(KeyCode::Backspace)),
            (b"\x08", Key::plain(KeyCode::Backspace)),
            (b"\x1b[3~", Key::plain(KeyCode::Delete)),
            (b"\x1b[A", Key::plain(KeyCode::Up)),
            (b"\x1bOB", Key::plain(KeyCode::Down)),
            (
                b"\x1b[1;2C",
                Key {
                    shift: true,
                    ..Key::plain(KeyCode::Right)
                },
            ),
            (
                b"\x1b[1;5D",
                Key {
                    ctrl: true,
                    ..Key::plain(KeyCode::Left)
                },
            ),
            (b"\x1b[H", Key::plain(KeyCode::Home)),
            (b"\x1b[4~", Key::plain(KeyCode::End)),
            (b"\x1b[5~", Key::plain(KeyCode::PageUp)),
            (b"\x1b[6~", Key::plain(KeyCode::PageDown)),
            (b"\x1bOP", Key::plain(KeyCode::F(1))),
            (b"\x1b[24~", Key::plain(KeyCode::F(12))),
            (b"\x12", Key::ctrl('r')),
            (b"\x1a", Key::ctrl('z')),
            (
                b"\x1bx",
                Key {
                    alt: true,
                    ..Key::char('x')
                },
            ),
            (b"\x1b", Key::plain(KeyCode::Esc)),
        ];
        for (bytes, expected) in table {
            assert_eq!(decode(&[bytes]), [Input::Key(*expected)], "{bytes:?}");
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(
                decode(&single),
                [Input::Key(*expected)],
                "{bytes:?} byte by byte"
            );
        }
    }

    #[test]
    fn answers_are_not_keys() {
        assert_eq!(
            decode(&[b"\x1b[?62;22c"]),
            [Input::Reply(TerminalReply::Attributes)]
        );
        assert_eq!(
            decode(&[b"\x1b]11;rgb:1e1e/0000/ffff\x1b\\"]),
            [Input::Reply(TerminalReply::Background {
                r: 0x1e,
                g: 0,
                b: 0xff
            })]
        );
        assert_eq!(
            decode(&[b"\x1b[I\x1b[O"]),
            [Input::FocusGained, Input::FocusLost]
        );
        assert_eq!(decode(&[b"\x1b[0n\x1b[12;34R"]), []);
    }

    #[test]
    fn a_control_character_that_is_sent_by_its_number_is_no_key() {
        assert_eq!(decode(&[b"\x1b[5u\x1b[0u\x1b[155u\xc2\x9b"]), []);
        assert_eq!(decode(&[b"\x1b[106u"]), [key(KeyCode::Char('j'))]);
    }

    #[test]
    fn a_lone_escape_waits_for_more() {
        let (mut decoder, mut inputs) = (Decoder::default(), Vec::new());
        decoder.feed(b"\x1b", &mut inputs);
        assert_eq!(
            (inputs.len(), decoder.flush_after()),
            (0, Some(ESC_AFTER_MS))
        );
        decoder.flush(&mut inputs);
        assert_eq!(inputs, [key(KeyCode::Esc)]);
        assert_eq!(decoder.flush_after(), None);
        decoder.feed(b"j", &mut inputs);
        assert_eq!(decoder.flush_after(), None);
    }

    #[test]
    fn a_paste_is_text_whatever_is_in_it() {
        let pasted = "rm\r\u{1b}[A y\u{1b}[200~ é";
        let bytes = [PASTE_BEGINS, pasted.as_bytes(), PASTE_ENDS, b"j"].concat();
        let expected = [Input::Paste(pasted.into()), key(KeyCode::Char('j'))];
        assert_eq!(decode(&[&bytes]), expected);
        for cut in 1..bytes.len() {
            assert_eq!(
                decode(&[&bytes[..cut], &bytes[cut..]]),
                expected,
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_paste_without_bounds_is_cut_and_still_no_key() {
        let (mut decoder, mut inputs) = (Decoder::default(), Vec::new());
        decoder.feed(PASTE_BEGINS, &mut inputs);
        for _ in 0..200 {
            decoder.feed(&[b'D'; 1000], &mut inputs);
        }
        assert_eq!(
            (inputs.len(), decoder.flush_after()),
            (0, Some(PASTE_AFTER_MS))
        );
        decoder.feed(PASTE_ENDS, &mut inputs);
        assert!(matches!(inputs.as_slice(), [Input::Paste(text)] if text.len() == PASTE_MAX));
    }

    #[test]
    fn a_sequence_without_end_is_forgotten() {
        let (mut decoder, mut inputs) = (Decoder::default(), Vec::new());
        decoder.feed(b"\x1b]11;", &mut inputs);
        decoder.feed(&[b'x'; 5_000], &mut inputs);
        assert!(decoder.held <= SEQUENCE_MAX + 1);
        decoder.flush(&mut inputs);
        inputs.clear();
        decoder.feed(b"q", &mut inputs);
        assert_eq!(inputs, [key(KeyCode::Char('q'))]);
    }

    proptest! {
        #[test]
        fn any_bytes_at_any_cut_mean_the_same(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), proptest::sample::select(b"\x1b\x1b[[]]O?;:0123456789~MRcnuy<".to_vec())], 0..200), cut in 0usize..200) {
            let cut = cut.min(bytes.len());
            prop_assert_eq!(decode(&[&bytes]), decode(&[&bytes[..cut], &bytes[cut..]]));
        }
    }
}
