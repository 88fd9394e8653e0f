//! The terminal's modes as byte sequences: ours, and the way back. Every door writes them; when, each decides itself.

/// Alternate screen, no cursor, no wrapping at the edge, pastes in brackets, focus reported.
pub(super) const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[?1004h";
/// All of that back, after the end of a synchronized update that may be open.
pub(super) const LEAVE: &[u8] =
    b"\x1b[?2026l\x1b[m\x1b[?1004l\x1b[?2004l\x1b[?7h\x1b[?1049l\x1b[?25h";
/// Ends an escape sequence that was cut off.
pub(super) const CANCEL: &[u8] = b"\x18";
