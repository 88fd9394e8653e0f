//! An HTTP POST to a route, and what its answer means for the page. What is posted, and what proves that it is ours,
//! each kind of route knows.

use std::fmt;
use std::path::PathBuf;

use http::{Method, StatusCode, header};
use reqwest::{RequestBuilder, Url};

use super::Sent;
use super::settings::Address;
use crate::domain::instant::Instant;
use crate::domain::text::SafeText;
use crate::net::SettingsFault;
use crate::net::{HttpClient, HttpSettings, Limits, NetAnswer, retry_after_ms, unescaped};
use crate::secret::read_secret_file;

/// The longest one attempt may take, and the longest answer.
const LIMITS: Limits = Limits {
    total_ms: 10_000,
    body_bytes: 64 * 1024,
};
/// How much of what the other side said is told on.
const SAID_CELLS: usize = 120;
/// Parts of a secret address that are shorter than this are no secret.
const PART_MIN: usize = 4;

/// Where a route posts to.
pub struct Post {
    place: Place,
    http: HttpSettings,
}

enum Place {
    Ready(HttpClient),
    /// The address is a secret: read again for every attempt, so that it can be replaced.
    Secret(PathBuf),
}

impl fmt::Debug for Post {
    /// Never the address: it may be the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Ready(client) => f.write_str(&client.place()),
            Place::Secret(path) => write!(f, "the address in {}", path.display()),
        }
    }
}

impl Post {
    /// Checks the address once.
    ///
    /// # Errors
    /// It is none, or the file that holds it cannot be used.
    pub fn new(address: &Address, ca_file: Option<PathBuf>) -> Result<Post, SettingsFault> {
        let http = HttpSettings {
            ca_file,
            ..HttpSettings::default()
        };
        let place = match address {
            Address::Written(url) => Place::Ready(
                HttpClient::new(url, &http).map_err(|error| SettingsFault::new("url", error))?,
            ),
            Address::File(path) => {
                read_client(path, &http).map_err(|why| SettingsFault::new("url_file", why))?;
                Place::Secret(path.clone())
            }
        };
        Ok(Post { place, http })
    }

    /// Posts JSON. `complete` adds headers; `hidden` is what must not be told on if the other side repeats it, beside the
    /// address where that is a secret.
    pub async fn send(
        &self,
        body: Vec<u8>,
        hidden: &[&str],
        now: Instant,
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Sent {
        let client = match &self.place {
            Place::Ready(client) => client.clone(),
            Place::Secret(path) => {
                // Read on a thread of its own: it may lie on a network that hangs.
                let (path, http) = (path.clone(), self.http.clone());
                let reading = tokio::task::spawn_blocking(move || read_client(&path, &http));
                match reading.await {
                    Ok(Ok(client)) => client,
                    Ok(Err(why)) => return Sent::not_taken(why),
                    Err(ended) => return Sent::not_taken(ended),
                }
            }
        };
        let request = match client.request(Method::POST, "") {
            Ok(request) => complete(request.header(header::CONTENT_TYPE, "application/json")),
            Err(error) => return Sent::not_taken(error),
        };
        let mut hidden: Vec<String> = hidden.iter().map(|text| (*text).to_owned()).collect();
        if matches!(self.place, Place::Secret(_)) {
            hidden.extend(parts(client.base()));
        }
        match client.send(request.body(body), LIMITS).await {
            Ok(answer) => judged(&answer, &hidden, now),
            Err(error) if error.is_before_sending() => Sent::not_taken(error),
            Err(error) => Sent::Unknown(error.to_string()),
        }
    }
}

fn read_client(path: &std::path::Path, http: &HttpSettings) -> Result<HttpClient, String> {
    let url = read_secret_file(path).map_err(|error| error.to_string())?;
    HttpClient::new(url.expose(), http).map_err(|error| error.to_string())
}

fn judged(answer: &NetAnswer, hidden: &[String], now: Instant) -> Sent {
    let status = answer.status;
    if status.is_success() {
        return Sent::Accepted;
    }
    let why = format!("it answered {status}{}", said(answer, hidden));
    let later = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    if status.is_server_error() && !later.contains(&status) {
        // It, or a proxy before it, failed while it had the page: what it did with it, nobody knows.
        return Sent::Unknown(why);
    }
    if later.contains(&status) {
        return Sent::NotTaken {
            why,
            retry_after_ms: answer
                .header("retry-after")
                .and_then(|text| retry_after_ms(text, now)),
        };
    }
    Sent::Failed(format!("{why}: look at the route's address and secret"))
}

/// What of an address is a secret: each part of its path and its query, as it is written and as it is meant. A server that
/// repeats it need not do so as a whole, nor in the same writing.
fn parts(url: &Url) -> Vec<String> {
    let query = url.query().unwrap_or_default().split(['&', '=']);
    let written = url.path().split('/').chain(query);
    let both = written.flat_map(|part| [part.to_owned(), unescaped(part)]);
    both.filter(|part| part.len() >= PART_MIN).collect()
}

/// The other side's own words, cut and cleaned; not a page made for a browser, and nothing of what is hidden.
fn said(answer: &NetAnswer, hidden: &[String]) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let text = text.trim();
    let lower = text.to_lowercase();
    let repeats = hidden
        .iter()
        .any(|part| lower.contains(&part.to_lowercase()));
    if text.is_empty() || text.starts_with('<') || repeats {
        return String::new();
    }
    format!(" ({})", SafeText::line(text).truncated(SAID_CELLS))
}
