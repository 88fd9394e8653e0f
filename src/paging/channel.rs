//! A chat channel behind an address that takes JSON and knows no key, so that a repeat says that it is one. How a page is
//! written for each system stands in `slack` and `teams`; how it is posted, in `post`.

use std::path::PathBuf;

use futures::future::BoxFuture;

use super::message::PageMessage;
use super::post::Post;
use super::settings::Address;
use super::{Attempt, Route, Sent};
use crate::net::SettingsFault;

/// How one system wants its pages written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) body: fn(&PageMessage) -> Vec<u8>,
    /// A stored page, opened by the mark of a repeat; None if it is no such page.
    pub(super) repeated: fn(&[u8]) -> Option<Vec<u8>>,
    /// What that system calls a page.
    pub(super) what: &'static str,
}

/// A channel.
#[derive(Debug)]
pub struct Channel {
    post: Post,
    form: Form,
}

impl Channel {
    /// Checks the address once.
    ///
    /// # Errors
    /// The address is none, or the file that holds it cannot be used.
    pub(super) fn new(
        address: &Address,
        ca_file: Option<PathBuf>,
        form: Form,
    ) -> Result<Channel, SettingsFault> {
        let post = Post::new(address, ca_file)?;
        Ok(Channel { post, form })
    }

    async fn attempt(&self, attempt: Attempt<'_>) -> Sent {
        let body = match attempt.repeat {
            true => (self.form.repeated)(attempt.body),
            false => Some(attempt.body.to_vec()),
        };
        let Some(body) = body else {
            let what = self.form.what;
            return Sent::Failed(format!("the stored page is no {what}; page the team again"));
        };
        self.post
            .send(body, &[], attempt.now, |request| request)
            .await
    }
}

impl Route for Channel {
    fn body(&self, _key: &str, message: &PageMessage) -> Vec<u8> {
        (self.form.body)(message)
    }

    fn dedupes(&self) -> bool {
        false
    }

    fn send<'a>(&'a self, attempt: Attempt<'a>) -> BoxFuture<'a, Sent> {
        Box::pin(self.attempt(attempt))
    }
}
