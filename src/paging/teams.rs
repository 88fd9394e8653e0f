//! A page to a Microsoft Teams workflow, as an Adaptive Card 1.4 of text runs, which know no Markdown, no link and no
//! mention. Teams knows no key, so a repeat says that it is one.

use serde_json::{Value, json};

use super::channel::Form;
use super::message::PageMessage;
use super::text::{REPEAT, cut};
use crate::domain::text::SafeText;

/// The most bytes of text: Teams takes 28 KB for the whole message.
const TEXT_MAX: usize = 20_000;

/// How a page is written for Teams.
pub(super) const FORM: Form = Form {
    body,
    repeated,
    what: "card",
};

/// The card as a workflow takes it.
pub fn body(message: &PageMessage) -> Vec<u8> {
    let mut said = message.said();
    said.extend(message.answer());
    let said = cut(SafeText::multi(&said.join("\n")).shown(), TEXT_MAX, cost);
    let runs: Vec<Value> = said
        .split('\n')
        .enumerate()
        .map(|(i, line)| run(line, i == 0))
        .collect();
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": runs,
    });
    if let (Some(url), Some(card)) = (&message.answer_url, card.as_object_mut()) {
        let answer = json!([{"type": "Action.OpenUrl", "title": "Answer", "url": url}]);
        card.insert("actions".to_owned(), answer);
    }
    let whole = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    });
    whole.to_string().into_bytes()
}

/// One line of plain text.
fn run(text: &str, strong: bool) -> Value {
    // A card would put a date in the place of {{DATE(...)}}.
    let text = text.replace("{{", "{ {");
    let weight = if strong { "Bolder" } else { "Default" };
    json!({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, "weight": weight}]})
}

/// The stored card, opened by the mark of a repeat.
fn repeated(stored: &[u8]) -> Option<Vec<u8>> {
    let mut whole: Value = serde_json::from_slice(stored).ok()?;
    let lines = whole.pointer_mut("/attachments/0/content/body")?;
    lines.as_array_mut()?.insert(0, run(REPEAT, true));
    serde_json::to_vec(&whole).ok()
}

/// What a character costs as JSON; a line costs its frame too.
fn cost(c: char) -> usize {
    match c {
        '\n' => 120,
        '"' | '\\' => 2,
        '{' => 2,
        _ => c.len_utf8(),
    }
}
