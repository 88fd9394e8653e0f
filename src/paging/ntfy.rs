//! A page to an ntfy topic, in the JSON form of publishing: all of it stands in the body, so nothing of the data can become
//! a header. Priority follows urgency. The topic joins the body when it is sent: who knows it can read it.

use std::path::PathBuf;

use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use serde_json::{Map, Value, json};

use super::message::PageMessage;
use super::post::Post;
use super::settings::Address;
use super::text::{REPEAT, cut, line};
use super::{Attempt, Route, Sent};
use crate::domain::text::SafeText;
use crate::domain::word::Urgency;
use crate::net::SettingsFault;
use crate::secret::{self, Secret, read_secret_file};

/// The most bytes of a message: beyond 4096 ntfy makes an attachment of it. A repeat needs some too.
const MESSAGE_MAX: usize = 4_000;
/// The longest title.
const TITLE_MAX: usize = 200;
/// The longest topic.
const TOPIC_MAX: usize = 64;

/// A topic of an ntfy server.
#[derive(Debug)]
pub struct Ntfy {
    post: Post,
    topic: String,
    token_file: Option<PathBuf>,
}

impl Ntfy {
    /// Checks address and token once; the token is read again for every attempt.
    ///
    /// # Errors
    /// The address is none or names no topic, or the token cannot be read.
    pub fn new(
        url: &str,
        token_file: Option<PathBuf>,
        ca_file: Option<PathBuf>,
    ) -> Result<Ntfy, SettingsFault> {
        let (server, topic) = topic(url).map_err(|why| SettingsFault::new("url", why))?;
        let post = Post::new(&Address::Written(server), ca_file)?;
        if let Some(path) = &token_file {
            read_secret_file(path).map_err(|error| SettingsFault::new("token_file", error))?;
        }
        Ok(Ntfy {
            post,
            topic,
            token_file,
        })
    }

    async fn attempt(&self, attempt: Attempt<'_>) -> Sent {
        let token = match secret::read_given(self.token_file.as_deref()).await {
            Ok(token) => token,
            Err(error) => return Sent::not_taken(error),
        };
        let Some(body) = published(attempt.body, &self.topic, attempt.repeat) else {
            return Sent::Failed("the stored page is no message; page the team again".to_owned());
        };
        // Who knows the topic can read it.
        let mut hidden = vec![self.topic.as_str()];
        hidden.extend(token.as_ref().map(Secret::expose));
        self.post
            .send(body, &hidden, attempt.now, |request| match &token {
                Some(token) => request.header(AUTHORIZATION, format!("Bearer {}", token.expose())),
                None => request,
            })
            .await
    }
}

impl Route for Ntfy {
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

/// The server and the topic of an address as people copy it: `https://ntfy.sh/topic`.
///
/// # Errors
/// It has not exactly one word as its path.
pub fn topic(url: &str) -> Result<(String, String), &'static str> {
    let wrong = "it must end in the topic and nothing else, as https://ntfy.example/legal-7f3a";
    let word = |topic: &str| {
        (1..=TOPIC_MAX).contains(&topic.len())
            && topic
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let (scheme, rest) = url.split_once("://").ok_or(wrong)?;
    match rest.split_once('/') {
        Some((host, topic)) if !host.is_empty() && word(topic) => {
            Ok((format!("{scheme}://{host}/"), topic.to_owned()))
        }
        _ => Err(wrong),
    }
}

/// The message as ntfy takes it, without the topic.
pub fn body(message: &PageMessage) -> Vec<u8> {
    let priority = match message.urgency {
        Urgency::High => 5,
        Urgency::Low if message.is_stand_down() => 2,
        Urgency::Low => 3,
    };
    let mut answer = message.answer().unwrap_or_default();
    if let Some(url) = &message.answer_url {
        answer = format!("Answer: {url}");
    }
    // How to answer is never what a long text is cut by.
    let most = MESSAGE_MAX.saturating_sub(answer.len() + 1);
    let said = SafeText::multi(&message.said().join("\n"));
    let said = cut(said.shown(), most, char::len_utf8);
    let mut whole = json!({
        "title": line(&message.headline(), TITLE_MAX),
        "message": format!("{said}\n{answer}").trim_end(),
        "priority": priority,
    });
    if let (Some(url), Some(whole)) = (&message.answer_url, whole.as_object_mut()) {
        whole.insert("click".to_owned(), url.as_str().into());
    }
    whole.to_string().into_bytes()
}

/// The stored message with its topic; a repeat is opened by its mark.
fn published(stored: &[u8], topic: &str, repeat: bool) -> Option<Vec<u8>> {
    let stored: Map<String, Value> = serde_json::from_slice(stored).ok()?;
    let mut whole = Map::new();
    whole.insert("topic".to_owned(), topic.into());
    whole.extend(stored);
    if repeat {
        let message = format!("{REPEAT}\n{}", whole.get("message")?.as_str()?);
        *whole.get_mut("message")? = message.into();
    }
    serde_json::to_vec(&whole).ok()
}
