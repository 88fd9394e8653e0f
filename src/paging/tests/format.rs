//! What each system is told, made from hostile and from endless texts: valid for it, within its limits, and inert.

use serde_json::Value;

use super::*;
use crate::paging::{mail, ntfy, pagerduty, slack, teams};

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// Every text in a document.
fn texts<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|item| texts(item, found)),
        Value::Object(map) => map.values().for_each(|item| texts(item, found)),
        _ => {}
    }
}

#[test]
fn nothing_told_moves_a_cursor_or_hides_itself() {
    for body in [
        pagerduty::body("p1-0", &hostile()),
        slack::body(&hostile()),
        teams::body(&hostile()),
        ntfy::body(&hostile()),
        mail::body(&hostile()),
    ] {
        let body = json(&body);
        let mut found = Vec::new();
        texts(&body, &mut found);
        for text in found {
            let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(acts), "{text:?}");
        }
    }
}

#[test]
fn pagerduty_gets_an_event_of_the_version_2() {
    let event = json(&pagerduty::body("p1-0", &hostile()));
    for (pointer, expected) in [
        ("/event_action", "trigger"),
        ("/dedup_key", "p1-0"),
        ("/client", "warboard"),
        ("/payload/source", "AZ-142"),
        ("/payload/severity", "critical"),
        ("/payload/class", "page"),
        ("/payload/custom_details/codename", "COPPER HERON"),
        ("/payload/custom_details/severity", "sev1"),
        ("/links/0/href", "https://board.example/a/p1?x=1&y=2"),
    ] {
        assert_eq!(event.pointer(pointer).unwrap(), expected, "{pointer}");
    }
    assert_eq!(
        event["links"].as_array().unwrap().len(),
        1,
        "no link from data"
    );
    assert!(event.get("routing_key").is_none(), "kept without the key");
    assert!(!event["payload"]["summary"].as_str().unwrap().contains('\n'));
    let at = event["payload"]["timestamp"].as_str().unwrap();
    assert_eq!(at.parse::<Instant>().unwrap(), now());

    let body = pagerduty::body("p1-0", &long());
    assert!(body.len() < 512 * 1024, "{}", body.len());
    let event = json(&body);
    let summary = event["payload"]["summary"].as_str().unwrap();
    assert_eq!(summary.chars().count(), 1_024);
    assert!(summary.ends_with('…'));
}

#[test]
fn slack_gets_plain_text_and_one_link_of_ours() {
    let whole = json(&slack::body(&hostile()));
    assert_eq!(whole["mrkdwn"], false);
    assert_eq!(whole["unfurl_links"], false);
    assert_eq!(whole["link_names"], false);
    let blocks = whole["blocks"].as_array().unwrap();
    let (link, said) = blocks.split_last().unwrap();
    assert_eq!(
        link["text"]["text"],
        "<https://board.example/a/p1?x=1&amp;y=2|Answer>"
    );
    for block in said {
        assert_eq!(block["text"]["type"], "plain_text");
        assert_eq!(block["text"]["emoji"], false);
        let text = block["text"]["text"].as_str().unwrap();
        assert!(!text.contains(['<', '>']), "{text}");
        assert!(text.contains("&lt;!channel&gt;"), "{text}");
    }
    assert!(!whole["text"].as_str().unwrap().contains(['<', '>']));

    let body = slack::body(&long());
    let whole = json(&body);
    let blocks = whole["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50, "{}", blocks.len());
    let mut all = 0;
    for block in blocks {
        let text = block["text"]["text"].as_str().unwrap();
        let length = text.chars().count();
        assert!((1..=3_000).contains(&length), "{length}");
        // No escape was cut in two.
        assert_eq!(
            text.matches('&').count(),
            ["&amp;", "&lt;", "&gt;"]
                .map(|e| text.matches(e).count())
                .iter()
                .sum::<usize>()
        );
        all += length;
    }
    assert!(all < 40_000, "{all}");
}

#[test]
fn teams_gets_a_card_of_text_runs() {
    let whole = json(&teams::body(&hostile()));
    assert_eq!(whole["type"], "message");
    let attachment = &whole["attachments"][0];
    assert_eq!(
        attachment["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let card = &attachment["content"];
    assert_eq!(
        (&card["type"], &card["version"]),
        (&"AdaptiveCard".into(), &"1.4".into())
    );
    for block in card["body"].as_array().unwrap() {
        assert_eq!(block["type"], "RichTextBlock");
        let run = &block["inlines"][0];
        assert_eq!(run["type"], "TextRun");
        assert!(!run["text"].as_str().unwrap().contains("{{"), "{run}");
        assert!(run.get("selectAction").is_none());
    }
    let actions = card["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 1);
    assert_eq!(actions[0]["url"], "https://board.example/a/p1?x=1&y=2");
    let body = teams::body(&long());
    assert!(body.len() < 28 * 1024, "{}", body.len());
}

#[test]
fn ntfy_gets_a_message_that_never_becomes_an_attachment() {
    let whole = json(&ntfy::body(&hostile()));
    assert_eq!(whole["priority"], 5);
    assert_eq!(whole["click"], "https://board.example/a/p1?x=1&y=2");
    assert!(!whole["title"].as_str().unwrap().contains('\n'));
    let mut low = hostile();
    low.urgency = Urgency::Low;
    low.answer_url = None;
    let whole = json(&ntfy::body(&low));
    assert_eq!(whole["priority"], 3);
    let text = whole["message"].as_str().unwrap();
    assert!(text.ends_with("warboard ack p1"), "{text}");

    let whole = json(&ntfy::body(&long()));
    let text = whole["message"].as_str().unwrap();
    assert!(text.len() <= 4_000, "{}", text.len());
    assert!(text.ends_with("\nAnswer: https://board.example/a/p1?x=1&y=2"));
    assert!(whole["title"].as_str().unwrap().chars().count() <= 200);
}

#[test]
fn an_ntfy_address_ends_in_its_topic() {
    assert_eq!(
        ntfy::topic("https://ntfy.sh/legal-7f3a"),
        Ok(("https://ntfy.sh/".to_owned(), "legal-7f3a".to_owned()))
    );
    for wrong in [
        "https://ntfy.sh",
        "https://ntfy.sh/",
        "https:///topic",
        "https://ntfy.sh/a/b",
        "https://ntfy.sh/a?auth=x",
        "https://ntfy.sh/a b",
        "ntfy.sh/topic",
    ] {
        assert!(ntfy::topic(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_test_says_that_it_is_one_everywhere() {
    let message = PageMessage::test("Legal Affairs", Tlp::Green, now());
    for body in [
        message.body(),
        pagerduty::body("test-1", &message),
        slack::body(&message),
        teams::body(&message),
        ntfy::body(&message),
        mail::body(&message),
    ] {
        let text = String::from_utf8(body).unwrap();
        assert!(text.contains("TEST from warboard, no incident"), "{text}");
        assert!(!text.contains("warboard ack"), "{text}");
    }
    assert_eq!(
        json(&pagerduty::body("test-1", &message))["payload"]["severity"],
        "info"
    );
}

#[test]
fn a_stand_down_says_that_it_is_one_everywhere_and_asks_for_nothing() {
    let mut message = hostile();
    message.kind = "stand_down";
    message.answer_url = None;
    let ntfy = ntfy::body(&message);
    for body in [
        slack::body(&message),
        teams::body(&message),
        ntfy.clone(),
        mail::body(&message),
    ] {
        let whole = json(&body);
        let mut found = Vec::new();
        texts(&whole, &mut found);
        let said = found.join("\n");
        assert!(said.contains("STAND DOWN for "), "{said}");
        assert!(!said.contains("warboard ack") && !said.contains("PAGE for"));
        assert!(!said.contains("board.example"), "{said}");
        assert!(!said.contains('\u{202e}') && !said.contains('\r'));
    }
    assert_eq!(json(&ntfy)["priority"], 5, "as urgent as it is said to be");
    message.urgency = Urgency::Low;
    assert_eq!(json(&ntfy::body(&message))["priority"], 2);
}
