//! A page to a Slack incoming webhook, in blocks of plain text: nothing in it can mention anybody or become a link but our
//! own answer link. Slack knows no key, so a repeat says that it is one.

use std::path::PathBuf;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use super::message::PageMessage;
use super::post::Post;
use super::settings::{Address, SettingsFault};
use super::text::{REPEAT, cut};
use super::{Attempt, Route, Sent};
use crate::domain::text::SafeText;

/// The longest text of one block.
const BLOCK_MAX: usize = 3_000;
/// The longest text of a message; ten thousand of Slack's forty are left to escapes and the frame.
const TEXT_MAX: usize = 30_000;
/// The longest text of a notification.
const NOTICE_MAX: usize = 1_000;

/// A channel of Slack.
#[derive(Debug)]
pub struct Slack {
    post: Post,
}

impl Slack {
    /// Checks the address once.
    ///
    /// # Errors
    /// The address is none, or the file that holds it cannot be used.
    pub fn new(address: &Address, ca_file: Option<PathBuf>) -> Result<Slack, SettingsFault> {
        let post = Post::new(address, ca_file)?;
        Ok(Slack { post })
    }

    async fn attempt(&self, attempt: Attempt<'_>) -> Sent {
        let body = match attempt.repeat {
            true => repeated(attempt.body),
            false => Some(attempt.body.to_vec()),
        };
        let Some(body) = body else {
            return Sent::Refused("the stored page is no message; page the team again".to_owned());
        };
        self.post
            .send(body, None, attempt.now, |request| request)
            .await
    }
}

impl Route for Slack {
    fn body(&self, _key: &str, message: &PageMessage) -> Vec<u8> {
        body(message)
    }

    fn dedupes(&self) -> bool {
        false
    }

    fn send<'a>(&'a self, attempt: Attempt<'a>) -> BoxFuture<'a, Sent> {
        Box::pin(self.attempt(attempt))
    }
}

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
