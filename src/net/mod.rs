//! Speaking HTTP: the one place that builds a client. Bodies are capped as they are read, redirects are never followed,
//! destinations that came with data are checked. What is asked and what the answer means, the rooms above know.

mod address;
mod certificate;
mod error;
mod http;
mod network;
mod retry;
mod setting;

pub use address::{Forbidden, check_address, escaped, is_loopback_url, unescaped};
pub use certificate::{CertificateError, ServerTls};
pub use error::{NetError, seconds};
pub use http::{HttpClient, HttpSettings, Limits, NetAnswer, Reach, is_in_the_clear, url_place};
pub use network::Network;
pub use retry::{http_date, retry_after_ms, wait_ms};
pub use setting::SettingsFault;

#[cfg(test)]
mod tests;
