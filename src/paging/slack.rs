//! A page to a Slack incoming webhook, in blocks of plain text: nothing in it can mention anybody or become a link but our
//! own answer link. Slack knows no key, so a repeat says that it is one.

use serde_json::{Value, json};

use super::channel::Form;
use super::message::PageMessage;
use super::text::{REPEAT, cut};
use crate::domain::text::SafeText;

/// The longest text of one block.
const BLOCK_MAX: usize = 3_000;
/// The longest text of a message; ten thousand of Slack's forty are left to escapes and the frame.
const TEXT_MAX: usize = 30_000;
/// The longest text of a notification.
const NOTICE_MAX: usize = 1_000;

/// How a page is written for Slack.
pub(super) const FORM: Form = Form {
    body,
    repeated,
    what: "message",
};

/// The message as Slack takes it.
pub fn body(message: &PageMessage) -> Vec<u8> {
    let mut said = message.said();
    said.extend(message.answer());
    let said = cut(SafeText::multi(&said.join("\n")).shown(), TEXT_MAX, cost);
    let mut blocks: Vec<Value> = pieces(&said, BLOCK_MAX)
        .iter()
        .map(|piece| plain(piece))
        .collect();
    if let Some(url) = &message.answer_url {
        // The one link: our own address, not a text of the incident.
        let link = format!("<{}|Answer>", escaped(url).replace('|', "%7C"));
        blocks.push(
            json!({"type": "section", "text": {"type": "mrkdwn", "text": link, "verbatim": true}}),
        );
    }
    let notice = cut(&message.headline(), NOTICE_MAX, cost);
    let whole = json!({
        "text": escaped(&notice),
        "mrkdwn": false,
        "link_names": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": blocks,
    });
    whole.to_string().into_bytes()
}

fn plain(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "plain_text", "text": escaped(text), "emoji": false}})
}

/// The stored message, opened by the mark of a repeat.
fn repeated(stored: &[u8]) -> Option<Vec<u8>> {
    let mut whole: Value = serde_json::from_slice(stored).ok()?;
    let notice = format!("{REPEAT}: {}", whole.get("text")?.as_str()?);
    *whole.get_mut("text")? = notice.into();
    whole
        .get_mut("blocks")?
        .as_array_mut()?
        .insert(0, plain(REPEAT));
    serde_json::to_vec(&whole).ok()
}

/// The three characters that Slack acts on.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What a character costs once it is escaped.
fn cost(c: char) -> usize {
    match c {
        '&' => 5,
        '<' | '>' => 4,
        _ => 1,
    }
}

/// The text in pieces of at most so many characters, escaped; at line breaks where it can be.
fn pieces(text: &str, most: usize) -> Vec<String> {
    let (mut pieces, mut piece, mut length) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        if length + cost(c) > most {
            let rest = match piece.rfind('\n').filter(|at| at * 2 > piece.len()) {
                Some(at) => piece.split_off(at).trim_start_matches('\n').to_owned(),
                None => String::new(),
            };
            pieces.push(std::mem::replace(&mut piece, rest));
            length = piece.chars().map(cost).sum();
        }
        piece.push(c);
        length += cost(c);
    }
    pieces.push(piece);
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}
