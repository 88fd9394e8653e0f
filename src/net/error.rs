//! Why a request got no whole answer, told as a sentence with its remedy. Peers' own words are shown only cut and cleaned.

use std::error::Error;
use std::io;

use super::address::{Forbidden, NotFound};
use crate::domain::text::SafeText;

/// Why there is no answer. `to` is always `host:port`, with that of the proxy where one is named: paths and queries may hold
/// secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Nobody listens there.
    #[error("{to} refuses connections: is it running, and is the port right?")]
    Refused {
        /// Where.
        to: String,
    },
    /// The name has no address.
    #[error("{to} has no address: check the name, or the name server")]
    Unresolved {
        /// Where.
        to: String,
    },
    /// No trustworthy connection.
    #[error("no trustworthy connection to {to}: {detail}")]
    Tls {
        /// Where.
        to: String,
        /// What was wrong with the certificate or the handshake.
        detail: String,
    },
    /// No whole answer within the limit.
    #[error("{to} did not answer within {}", seconds(*after_ms))]
    Timeout {
        /// Where.
        to: String,
        /// The limit, in milliseconds.
        after_ms: u64,
    },
    /// The connection ended before an answer began.
    #[error(
        "{to} closed the connection before it answered; whether it got the request is not known"
    )]
    Reset {
        /// Where.
        to: String,
    },
    /// The body is longer than allowed, counted after decompression.
    #[error("the answer of {to} is longer than {limit} bytes and was dropped")]
    TooLarge {
        /// Where.
        to: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The connection ended within the body.
    #[error("the answer of {to} broke off in the middle")]
    Cut {
        /// Where.
        to: String,
    },
    /// The URL cannot be used.
    #[error("this URL cannot be used: {why}")]
    BadUrl {
        /// What is wrong with it; never the URL itself.
        why: String,
    },
    /// The destination may not be reached from here.
    #[error("{to} may not be called: {why}; only the backend's own file may name such an address")]
    ForbiddenAddress {
        /// Where.
        to: String,
        /// What kind of address it is.
        why: &'static str,
    },
    /// Anything else.
    #[error("no answer from {to}: {detail}")]
    Other {
        /// Where.
        to: String,
        /// What the library said, cut.
        detail: String,
    },
}

impl NetError {
    /// Whether the other side can have got nothing of the request: nothing was sent.
    pub fn is_before_sending(&self) -> bool {
        matches!(
            self,
            NetError::Refused { .. }
                | NetError::Unresolved { .. }
                | NetError::Tls { .. }
                | NetError::BadUrl { .. }
                | NetError::ForbiddenAddress { .. }
        )
    }
}

/// How far an answer had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Head,
    Body,
}

/// Cut and cleaned: error texts can carry what a peer wrote.
pub(super) fn told(text: &dyn std::fmt::Display) -> String {
    SafeText::line(&text.to_string()).truncated(200)
}

pub(super) fn classify(error: &reqwest::Error, to: &str, after_ms: u64, stage: Stage) -> NetError {
    let to = to.to_owned();
    if error.is_timeout() {
        return NetError::Timeout { to, after_ms };
    }
    let mut deepest: &(dyn Error + 'static) = error;
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut ended = false;
    while let Some(link) = cause {
        if let Some(found) = known(link, &to) {
            return found;
        }
        let io = link.downcast_ref::<io::Error>();
        if io.is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
            return NetError::Refused { to };
        }
        ended |= io.is_some_and(|e| is_end(e.kind()));
        ended |= link
            .downcast_ref::<hyper::Error>()
            .is_some_and(|e| e.is_incomplete_message() || e.is_closed());
        deepest = link;
        // An `io::Error` hides the error it carries from `source`.
        cause = match io.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => link.source(),
        };
    }
    match stage {
        Stage::Head if ended => NetError::Reset { to },
        Stage::Body if ended || error.is_body() => NetError::Cut { to },
        _ => NetError::Other {
            to,
            detail: told(&deepest),
        },
    }
}

fn known(link: &(dyn Error + 'static), to: &str) -> Option<NetError> {
    let to = to.to_owned();
    if let Some(tls) = link.downcast_ref::<rustls::Error>() {
        return Some(NetError::Tls {
            to,
            detail: tls_detail(tls),
        });
    }
    if let Some(forbidden) = link.downcast_ref::<Forbidden>() {
        return Some(NetError::ForbiddenAddress {
            to,
            why: forbidden.why,
        });
    }
    link.downcast_ref::<NotFound>()
        .map(|_| NetError::Unresolved { to })
}

fn tls_detail(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    match error {
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => {
            "its certificate comes from an authority that is not known here; name the authority with ca_file".into()
        }
        rustls::Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => "its certificate has expired".into(),
        rustls::Error::InvalidCertificate(
            Bad::NotValidForName | Bad::NotValidForNameContext { .. },
        ) => "its certificate is for another name; write the address by the name that it was made for".into(),
        rustls::Error::InvalidMessage(_) => "it does not speak TLS on this port".into(),
        _ => told(error),
    }
}

fn is_end(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof,
    };
    matches!(
        kind,
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof
    )
}

/// A limit as people read it: `8 s`, `1.5 s`.
pub fn seconds(ms: u64) -> String {
    match (ms / 1_000, ms % 1_000 / 100) {
        (seconds, 0) => format!("{seconds} s"),
        (seconds, tenths) => format!("{seconds}.{tenths} s"),
    }
}
