//! What a terminal shows after the bytes is what was to be shown; and how many bytes that takes.

use super::*;
use proptest::prelude::*;

const W: u16 = 24;
const H: u16 = 7;

fn terminal(w: u16, h: u16) -> vt100::Parser {
    vt100::Parser::new(
        std::num::NonZeroU16::new(h).unwrap(),
        std::num::NonZeroU16::new(w).unwrap(),
        0,
    )
}

fn blank(w: u16, h: u16) -> Buffer {
    Buffer::empty(Rect::new(0, 0, w, h))
}

fn colour_of(colour: Color) -> vt100::Color {
    match Depth::True.convert(colour) {
        Color::Reset => vt100::Color::Default,
        Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
        Color::Indexed(n) => vt100::Color::Idx(n),
        Color::Red => vt100::Color::Idx(1),
        Color::LightBlue => vt100::Color::Idx(12),
        other => panic!("{other:?} is not used here"),
    }
}

/// What differs between the terminal and the front buffer.
fn difference(screen: &vt100::Screen, front: &Buffer) -> Option<String> {
    for y in 0..front.area.height {
        for x in 0..front.area.width {
            let (cell, real) = (&front[(x, y)], screen.cell(y, x)?);
            let place = format!("({x},{y}) {cell:?} {:?}", real);
            if cell.symbol().is_empty() {
                if !real.is_wide_continuation() {
                    return Some(format!("no right half at {place}"));
                }
                continue;
            }
            let shown = if real.has_contents() {
                real.contents()
            } else {
                " "
            };
            let blank = cell.symbol() == " ";
            let modifier = cell.modifier;
            let attributes = [
                (real.underline(), Modifier::UNDERLINED, true),
                (real.inverse(), Modifier::REVERSED, true),
                (real.bold(), Modifier::BOLD, !blank),
                (real.dim(), Modifier::DIM, !blank),
                (real.italic(), Modifier::ITALIC, !blank),
            ];
            let fg_shows = !blank || modifier.intersects(ON_BLANKS);
            if shown != cell.symbol()
                || real.bgcolor() != colour_of(cell.bg)
                || fg_shows && real.fgcolor() != colour_of(cell.fg)
                || attributes
                    .iter()
                    .any(|&(on, attribute, shows)| shows && on != modifier.contains(attribute))
            {
                return Some(place);
            }
        }
    }
    None
}

/// The front buffer shows `back`, as far as it can be shown.
fn shows(emitter: &mut Emitter, back: &Buffer) -> bool {
    emitter.draw(back);
    emitter.pending() == 0
}

#[derive(Debug, Clone)]
enum Step {
    Text {
        x: u16,
        y: u16,
        text: String,
        style: Style,
    },
    Fill {
        area: Rect,
        style: Style,
    },
    Wipe,
    Patch {
        x: u16,
        y: u16,
        text: String,
        style: Style,
    },
    Invalidate,
    Resize {
        w: u16,
        h: u16,
    },
}

fn style() -> impl Strategy<Value = Style> {
    let colour = || {
        proptest::sample::select(vec![
            Color::Reset,
            Color::Red,
            Color::LightBlue,
            Color::Indexed(208),
            Color::Rgb(1, 2, 3),
        ])
    };
    let modifier = proptest::sample::select(vec![
        Modifier::empty(),
        Modifier::BOLD,
        Modifier::DIM,
        Modifier::BOLD | Modifier::REVERSED,
        Modifier::UNDERLINED,
        Modifier::ITALIC,
    ]);
    (colour(), colour(), modifier).prop_map(|(fg, bg, modifier)| Style {
        sub_modifier: Modifier::all() - modifier,
        ..Style::new().fg(fg).bg(bg).add_modifier(modifier)
    })
}

fn text() -> impl Strategy<Value = String> {
    // What the emulator measures as we do; sequences with joiners have their own test.
    let piece = proptest::sample::select(vec![
        "a", "b", "1", " ", "  ", "─", "字", "가", "👍", "e\u{301}", "é", "…", "\u{301}", "x y",
        "     ",
    ]);
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..W + 3, 0..H + 1, text(), style()).prop_map(|(x, y, text, style)| Step::Text { x, y, text, style }),
        2 => (0..W, 0..H, 1..W, 1..H, style()).prop_map(|(x, y, w, h, style)| Step::Fill { area: Rect::new(x, y, w, h), style }),
        1 => Just(Step::Wipe),
        6 => (0..W + 3, 0..H + 1, text(), style()).prop_map(|(x, y, text, style)| Step::Patch { x, y, text, style }),
        1 => Just(Step::Invalidate),
        1 => (1..W, 1..H).prop_map(|(w, h)| Step::Resize { w, h }),
    ]
}

proptest! {
    #[test]
    fn the_terminal_shows_the_front_buffer_after_any_steps(steps in proptest::collection::vec((step(), any::<bool>()), 1..40)) {
        let (mut emitter, mut real, mut back) = (Emitter::new(W, H, Depth::True), terminal(W, H), blank(W, H));
        real.process(b"left over \x1b[7;31mfrom before");
        for (step, now) in steps {
            match step {
                Step::Text { x, y, text, style } if x < back.area.width && y < back.area.height => back.set_string(x, y, text, style),
                Step::Text { .. } => {}
                Step::Fill { area, style } => back.set_style(area.intersection(back.area), style),
                Step::Wipe => back.reset(),
                Step::Patch { x, y, text, style } => emitter.patch(x, y, &text, style),
                Step::Invalidate => emitter.invalidate(),
                Step::Resize { w, h } => {
                    back = blank(w, h);
                    real.set_size(std::num::NonZeroU16::new(h).unwrap(), std::num::NonZeroU16::new(w).unwrap());
                    emitter.resize(w, h);
                }
            }
            if now {
                let bytes = emitter.frame(&back).to_vec();
                real.process(&bytes);
                prop_assert_eq!(difference(real.screen(), emitter.front()), None, "after {:?}", String::from_utf8_lossy(&bytes));
                prop_assert!(shows(&mut emitter, &back));
            } else if !emitter.lost {
                real.process(emitter.take());
                prop_assert_eq!(difference(real.screen(), emitter.front()), None);
            }
        }
    }
}

fn board() -> Buffer {
    let mut back = blank(200, 50);
    for y in 0..48 {
        back.set_string(
            2,
            y,
            format!("AZ-{y:03} COPPER HERON customers, MS 72 h"),
            Style::new().bold(),
        );
        back.set_string(
            60,
            y,
            "T-41:33:07",
            Style::new().fg(Color::Rgb(255, 135, 0)),
        );
    }
    back
}

#[test]
fn a_frame_without_a_change_has_no_bytes() {
    let mut emitter = Emitter::new(200, 50, Depth::True);
    let back = board();
    assert!(emitter.frame(&back).len() > SYNC_OVER);
    assert_eq!(emitter.frame(&back), b"");
    emitter.patch(
        60,
        3,
        "T-41:33:07",
        Style::new().fg(Color::Rgb(255, 135, 0)),
    );
    assert_eq!(emitter.take(), b"");
}

#[test]
fn a_tick_of_48_rows_costs_two_moves_and_a_digit_each() {
    let mut emitter = Emitter::new(200, 50, Depth::True);
    emitter.frame(&board());
    let tick = |emitter: &mut Emitter, text: &str| {
        (0..48).for_each(|y| emitter.patch(60, y, text, Style::new().fg(Color::Rgb(255, 135, 0))));
        emitter.take().to_vec()
    };
    tick(&mut emitter, "T-41:33:06");
    let bytes = tick(&mut emitter, "T-41:33:05");
    assert!(
        bytes.len() <= 48 * 3 + 12,
        "{}: {:?}",
        bytes.len(),
        String::from_utf8_lossy(&bytes)
    );
    assert!(bytes.windows(3).any(|w| w == b"\n\x085"));
}

#[test]
fn only_long_frames_are_synchronized() {
    let mut emitter = Emitter::new(200, 50, Depth::True);
    let long = emitter.frame(&board()).to_vec();
    assert!(long.starts_with(SYNC_BEGIN) && long.ends_with(SYNC_END));
    emitter.patch(0, 49, "short", Style::new());
    let short = emitter.take();
    assert!(!short.starts_with(SYNC_BEGIN) && !short.ends_with(SYNC_END));
}

#[test]
fn what_a_terminal_would_obey_is_never_written() {
    for hostile in [
        "\u{1b}",
        "\u{9b}",
        "\u{7}",
        "a\u{202e}",
        "\u{200b}",
        "\n",
        "\u{1b}]52;c;aGk=\u{7}",
        "\u{e0041}",
    ] {
        let mut back = blank(10, 2);
        if let Some(cell) = back.cell_mut((3, 1)) {
            cell.set_symbol(hostile);
        }
        let mut emitter = Emitter::new(10, 2, Depth::True);
        emitter.frame(&blank(10, 2));
        let bytes = emitter.frame(&back).to_vec();
        assert_eq!(bytes.last(), Some(&b'?'), "{hostile:?}: {bytes:?}");
        assert!(
            !bytes.iter().skip(2).any(|b| *b == 0x1b || *b > 0x7e),
            "{hostile:?}: {bytes:?}"
        );
        assert!(shows(&mut emitter, &back));
    }
}

#[test]
fn what_is_drawn_over_half_a_wide_character_stays() {
    let mut back = blank(10, 1);
    back.set_string(2, 0, "字字", Style::new());
    back.set_string(3, 0, "│", Style::new());
    let (mut emitter, mut real) = (Emitter::new(10, 1, Depth::True), terminal(10, 1));
    real.process(emitter.frame(&back));
    assert_eq!(real.screen().contents(), "   │字");
}

#[test]
fn after_a_sequence_that_terminals_measure_differently_places_are_absolute() {
    let (mut emitter, mut real) = (Emitter::new(20, 2, Depth::True), terminal(20, 2));
    let mut back = blank(20, 2);
    back.set_string(0, 0, "ab cdefghij", Style::new());
    real.process(emitter.frame(&back));
    back.set_string(1, 0, "👨\u{200d}👩\u{200d}👧", Style::new());
    real.process(emitter.frame(&back));
    // The emulator draws three people in six columns; the two columns that are not ours are written again.
    assert!(
        real.screen().contents().trim_end().ends_with("cdefghij"),
        "{}",
        real.screen().contents()
    );
}

#[test]
fn without_colours_attributes_stay() {
    let mut emitter = Emitter::new(10, 1, Depth::None);
    emitter.frame(&blank(10, 1));
    emitter.patch(
        0,
        0,
        "x",
        Style::new().fg(Color::Red).bg(Color::Rgb(1, 2, 3)).bold(),
    );
    assert_eq!(emitter.take(), b"\x1b[1mx");
}

#[test]
fn sizes_of_nothing_do_no_harm() {
    for (w, h) in [(0, 0), (0, 5), (5, 0), (1, 1)] {
        let mut emitter = Emitter::new(w, h, Depth::True);
        emitter.frame(&blank(w, h));
        emitter.patch(0, 0, "字x", Style::new());
        emitter.take();
    }
}
