//! Where the terminal's cursor is, as far as it is certain, and the shortest way to where it should be.

/// The cursor, from 0. A column is not certain after the last one was written (the terminal may wrap or not), nothing is after
/// a character that terminals measure differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cursor {
    x: Option<usize>,
    y: Option<usize>,
}

/// More line feeds than this are never the shortest way.
const FEEDS_MAX: usize = 6;

impl Cursor {
    pub(super) fn at(x: usize, y: usize) -> Cursor {
        Cursor {
            x: Some(x),
            y: Some(y),
        }
    }

    /// The column the cursor stands in, if the target is a few columns further in the same row.
    pub(super) fn gap(self, x: usize, y: usize) -> Option<usize> {
        let from = self.x?;
        (self.y == Some(y) && from < x && x - from <= 4).then_some(from)
    }

    /// A character of `wide` columns was written in a row of `w`.
    pub(super) fn wrote(&mut self, wide: usize, w: usize, certain: bool) {
        self.x = self.x.map(|x| x + wide).filter(|&x| x < w && certain);
        if !certain {
            self.y = None;
        }
    }

    /// Writes the shortest way to a place; `gap` is what stands between, if writing it again moves the cursor there.
    pub(super) fn go(&mut self, x: usize, y: usize, gap: Option<&[u8]>, out: &mut Vec<u8>) {
        let from = *self;
        *self = Cursor::at(x, y);
        if from == *self {
            return;
        }
        let mut best = Way::default();
        best.position(x, y);
        if let Some(from_y) = from.y {
            // Line feeds keep the column: terminals in raw mode add no carriage return.
            let mut starts = [None, None];
            starts[0] = from.x.map(|column| (column, Way::default()));
            let mut home = Way::default();
            home.push(b"\r");
            starts[1] = Some((0, home));
            for (column, mut way) in starts.into_iter().flatten() {
                if way.down(from_y, y) && way.across(column, x, gap) && way.len < best.len {
                    best = way;
                }
            }
        }
        out.extend_from_slice(best.bytes());
    }
}

/// A way being built; ways that grow too long are of no use and stay too long.
#[derive(Clone, Copy, Default)]
struct Way {
    bytes: [u8; 24],
    len: usize,
}

impl Way {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    fn number(&mut self, n: usize) {
        let mut scale = 1;
        while n / scale >= 10 {
            scale *= 10;
        }
        while scale > 0 {
            self.push(&[b'0' + (n / scale % 10) as u8]);
            scale /= 10;
        }
    }

    /// `CSI row ; column H`, from 1, leaving out what is 1.
    fn position(&mut self, x: usize, y: usize) {
        self.push(b"\x1b[");
        if x > 0 || y > 0 {
            if y > 0 {
                self.number(y + 1);
            }
            if x > 0 {
                self.push(b";");
                self.number(x + 1);
            }
        }
        self.push(b"H");
    }

    fn by(&mut self, n: usize, letter: u8) {
        self.push(b"\x1b[");
        if n > 1 {
            self.number(n);
        }
        self.push(&[letter]);
    }

    fn down(&mut self, from: usize, to: usize) -> bool {
        match (from, to) {
            _ if from == to => {}
            _ if from > to => self.by(from - to, b'A'),
            _ if to - from <= FEEDS_MAX => (from..to).for_each(|_| self.push(b"\n")),
            _ => self.by(to - from, b'B'),
        }
        self.len <= 12
    }

    fn across(&mut self, from: usize, to: usize, gap: Option<&[u8]>) -> bool {
        match (from, to) {
            _ if from == to => {}
            _ if from > to && from - to <= 4 => (to..from).for_each(|_| self.push(b"\x08")),
            _ if from > to => self.by(from - to, b'D'),
            _ => match gap {
                // Only for a start that is the cursor's own place, which `gap` was asked for.
                Some(gap) if gap.len() == to - from && gap.len() <= 3 => self.push(gap),
                _ => self.by(to - from, b'C'),
            },
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(from: Cursor, x: usize, y: usize, gap: Option<&[u8]>) -> String {
        let (mut cursor, mut out) = (from, Vec::new());
        cursor.go(x, y, gap, &mut out);
        assert_eq!(cursor, Cursor::at(x, y));
        String::from_utf8(out).unwrap().replace('\u{1b}', "^")
    }

    #[test]
    fn the_shortest_way() {
        let at = Cursor::at;
        assert_eq!(way(at(10, 5), 10, 5, None), "");
        assert_eq!(way(at(11, 5), 10, 6, None), "\n\u{8}");
        assert_eq!(way(at(10, 5), 0, 6, None), "\r\n");
        assert_eq!(way(at(100, 5), 0, 5, None), "\r");
        assert_eq!(way(at(10, 5), 12, 5, Some(b"ab")), "ab");
        assert_eq!(way(at(10, 5), 12, 5, None), "^[2C");
        assert_eq!(way(at(10, 5), 11, 5, None), "^[C");
        assert_eq!(way(at(10, 5), 90, 40, None), "^[41;91H");
        assert_eq!(way(at(10, 5), 0, 0, None), "^[H");
        assert_eq!(way(at(10, 5), 10, 4, None), "^[A");
        assert_eq!(way(Cursor::default(), 0, 3, None), "^[4H");
        assert_eq!(
            way(
                Cursor {
                    x: None,
                    y: Some(3)
                },
                0,
                4,
                None
            ),
            "\r\n"
        );
        assert_eq!(
            way(
                Cursor {
                    x: None,
                    y: Some(3)
                },
                50,
                3,
                None
            ),
            "\r^[50C"
        );
    }

    #[test]
    fn nothing_is_certain_at_the_edge_or_after_a_sequence() {
        let mut cursor = Cursor::at(78, 2);
        cursor.wrote(1, 80, true);
        assert_eq!(cursor, Cursor::at(79, 2));
        cursor.wrote(1, 80, true);
        assert_eq!(
            cursor,
            Cursor {
                x: None,
                y: Some(2)
            }
        );
        let mut cursor = Cursor::at(10, 2);
        cursor.wrote(2, 80, false);
        assert_eq!(cursor, Cursor::default());
    }
}
