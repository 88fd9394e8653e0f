//! A frame as a page that needs nothing else: rows of spans, a class for each look, every text escaped, no script. What the
//! page of the browser display does with rows that come later, stands with that display.

use std::collections::HashMap;
use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};

use super::look::{LETTERS, Look, hex, signs};
use crate::domain::text::markup::push_escaped;

/// Nothing may be loaded or run by the page, whatever stands in it.
const CSP: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The whole page.
pub fn html(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width).max(1);
    let ground = commonest_ground(buffer);
    let mut classes: HashMap<Look, usize> = HashMap::new();
    let (mut rules, mut rows) = (String::new(), String::new());
    for row in buffer.content.chunks(width) {
        let mut open: Option<Look> = None;
        for sign in seen(row, ground) {
            if open != Some(sign.look) {
                if open.is_some() {
                    rows.push_str("</span>");
                }
                let next = classes.len();
                let class = *classes.entry(sign.look).or_insert_with(|| {
                    rules.push_str(&rule(next, &sign.look));
                    next
                });
                let _ = write!(rows, "<span class=\"l{class}\">");
                open = Some(sign.look);
            }
            push_escaped(sign.text, &mut rows);
        }
        if open.is_some() {
            rows.push_str("</span>");
        }
        rows.push('\n');
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{CSP}\">\n<title>warboard</title>\n<style>\n\
         body{{margin:0;background:{ground};color:{letters}}}\n\
         pre{{margin:1em;font:16px/1.164 'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,'Liberation Mono',monospace}}\n\
         {rules}</style>\n</head>\n<body>\n<pre>\n{rows}</pre>\n</body>\n</html>\n",
        ground = hex(ground),
        letters = hex(LETTERS),
    )
}

/// The signs of a row without the blanks at its end that show nothing.
fn seen(row: &[Cell], ground: [u8; 3]) -> Vec<super::look::Sign<'_>> {
    let mut all: Vec<_> = signs(row).collect();
    let shows = |sign: &super::look::Sign<'_>| {
        sign.text != " " || sign.look.ground != ground || sign.look.shows_on_blanks()
    };
    all.truncate(all.iter().rposition(shows).map_or(0, |last| last + 1));
    all
}

fn rule(number: usize, look: &Look) -> String {
    let mut rule = format!(
        ".l{number}{{color:{};background:{}",
        hex(look.ink()),
        hex(look.ground)
    );
    if look.bold {
        rule.push_str(";font-weight:bold");
    }
    if look.underlined {
        rule.push_str(";text-decoration:underline");
    }
    rule.push_str("}\n");
    rule
}

/// What is behind most cells: the page's own ground.
fn commonest_ground(buffer: &Buffer) -> [u8; 3] {
    let mut counts: HashMap<[u8; 3], usize> = HashMap::new();
    for cell in &buffer.content {
        *counts.entry(Look::of(cell).ground).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(ground, n)| (*n, *ground));
    most.map_or(super::look::GROUND, |(ground, _)| ground)
}
