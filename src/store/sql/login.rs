//! Logins in the record: entries of no incident, in the one chain with all others. What they say is `domain::login`; that
//! they can be read is looked at by `verify`.

use super::db::Db;
use super::job::{State, remember};
use super::put::append_entry;
use crate::domain::incident::Stamp;
use crate::domain::login::LoginNote;
use crate::domain::word::{LoginOutcome, Via};
use crate::store::{Answer, Done, Entry, Logins, NO_INCIDENT, StoreError};

impl State {
    /// Writes logins down, unless these were written before. An error leaves nothing behind here.
    pub(super) async fn put_logins(
        &mut self,
        db: &mut Db,
        logins: &Logins,
    ) -> Result<bool, StoreError> {
        let key = &logins.idempotency;
        match self.remembered(db, key, logins.at).await? {
            Some(Done::KeyReused) => return Ok(false),
            Some(_) => return Ok(true),
            None => {}
        }
        let mut head = self.head.clone();
        for note in &logins.notes {
            let body = serde_json::to_string(note)
                .map_err(|error| StoreError::Fault(error.to_string()))?;
            let stamp = Stamp {
                version: 0,
                at: logins.at,
                by: by(note),
                via: Via::Ssh,
            };
            head = append_entry(db, &head, NO_INCIDENT, &stamp, LoginNote::KIND, &body).await?;
        }
        let answer = Answer::empty(204);
        remember(db, Some(key), &answer, None, logins.at).await?;
        self.head = head;
        Ok(true)
    }
}

/// Who did it: whoever proved to have the key, else the door that says so.
fn by(note: &LoginNote) -> String {
    let proven = matches!(
        note.login.outcome,
        LoginOutcome::LoggedIn | LoginOutcome::LoggedOut
    );
    let person = note.login.person.as_ref().filter(|_| proven);
    person.unwrap_or(&note.door).clone()
}

/// The login that an entry of no incident tells of; in words, why it tells of none.
pub(super) fn login(entry: &Entry) -> Result<LoginNote, String> {
    if entry.kind != LoginNote::KIND {
        return Err(format!(
            "'{}' is no kind of an entry without incident",
            entry.kind
        ));
    }
    serde_json::from_str(&entry.body).map_err(|error| error.to_string())
}
