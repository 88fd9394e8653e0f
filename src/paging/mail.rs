//! A page as a mail: one subject, plain text, and a Message-ID that is the same on every attempt. Every header is typed and
//! built from one clean line, so nothing of the data can add another. Handing it over is `smtp`.

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use super::message::PageMessage;
use super::settings::MailSettings;
use super::text::{REPEAT, line, lines};
use crate::domain::instant::Instant;
use crate::net::SettingsFault;

/// The longest subject.
const SUBJECT_MAX: usize = 200;
/// The longest text.
const TEXT_MAX: usize = 50_000;

/// What is kept of a mail until it is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    subject: String,
    date: Instant,
    text: String,
}

/// Who writes to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub from: Mailbox,
    pub to: Vec<Mailbox>,
}

impl Envelope {
    /// Reads the addresses.
    ///
    /// # Errors
    /// Which of them is none.
    pub fn new(settings: &MailSettings) -> Result<Envelope, SettingsFault> {
        let read = |key, text: &str| {
            mailbox(text).ok_or_else(|| {
                let shown = line(text, 60);
                SettingsFault::new(key, format!("'{shown}' is no mail address; {ADDRESS}"))
            })
        };
        let to = settings.to.iter().map(|text| read("to", text));
        let to: Vec<Mailbox> = to.collect::<Result<_, _>>()?;
        if to.is_empty() {
            return Err(SettingsFault::new(
                "to",
                "names nobody; write at least one address",
            ));
        }
        Ok(Envelope {
            from: read("from", &settings.from)?,
            to,
        })
    }
}

const ADDRESS: &str = "write oncall@example.com or Legal <oncall@example.com>";

/// ASCII only: a server without SMTPUTF8 would refuse anything else at the worst moment.
fn mailbox(text: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = text.parse().ok()?;
    mailbox.email.to_string().is_ascii().then_some(mailbox)
}

/// What is kept of a page until it is handed over.
pub fn body(message: &PageMessage) -> Vec<u8> {
    let mut subject = message.headline();
    if let Some(title) = &message.title {
        subject = format!("{subject}: {title}");
    }
    let stored = Stored {
        subject: line(&subject, SUBJECT_MAX),
        date: message.queued_at,
        text: lines(&message.text, TEXT_MAX),
    };
    // Texts and an instant always serialise.
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// The mail as it is handed over; the same bytes on every attempt, but for the mark of a repeat.
pub fn mail(stored: &[u8], key: &str, envelope: &Envelope, repeat: bool) -> Option<Message> {
    let Stored {
        mut subject,
        date,
        mut text,
    } = serde_json::from_slice(stored).ok()?;
    if repeat {
        subject = line(&format!("{REPEAT}: {subject}"), SUBJECT_MAX);
        text = format!("{REPEAT}\n\n{text}");
    }
    // A person's mail program answers absences to other people's programs, but not to these.
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii("Auto-Submitted".to_owned()).ok()?,
        "auto-generated".to_owned(),
    );
    let mut mail = Message::builder()
        .from(envelope.from.clone())
        .date(date.into())
        .message_id(Some(message_id(key, envelope)))
        .subject(subject)
        .raw_header(automatic)
        .header(ContentType::TEXT_PLAIN);
    for to in &envelope.to {
        mail = mail.to(to.clone());
    }
    mail.body(text).ok()
}

fn message_id(key: &str, envelope: &Envelope) -> String {
    let key: String = key
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect();
    format!("<warboard-{key}@{}>", envelope.from.email.domain())
}
