//! Secrets: a type that prints as `***`, reading one from a file or a command, and writing one for its owner alone. What a
//! secret is for, its owner knows.

use std::fmt;

use subtle::ConstantTimeEq;

mod mode;
mod place;
mod read;
mod write;

pub use mode::open_to_others;
pub use place::{COMMAND_WITHIN_MS, Place, read, read_file, read_given};
pub use read::{SecretError, command_words, read_secret_command, read_secret_file};
pub use write::{owner_folder, write_owner_file};

/// A token, a key or a password. Prints as `***`, is not serialised, and is compared in constant time.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes the text as it is.
    pub fn new(text: impl Into<Box<str>>) -> Secret {
        Secret(text.into())
    }

    /// The text itself: for the header, the signature or the connection it belongs to, and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    /// Takes the same time wherever two texts of one length differ; the length is not hidden.
    fn eq(&self, other: &Secret) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_stars_and_compares_by_content() {
        let secret = Secret::new("wb_1_abc");
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "*** *** Some(***)"
        );
        assert_eq!(secret, Secret::new("wb_1_abc"));
        assert_ne!(secret, Secret::new("wb_1_abd"));
        assert_ne!(secret, Secret::new("wb_1_ab"));
        assert_eq!(secret.expose(), "wb_1_abc");
    }
}
