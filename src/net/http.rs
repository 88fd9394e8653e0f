//! The one HTTP client: its own TLS settings with ring, no redirects, few kept connections, bodies capped while they come in.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use reqwest::{RequestBuilder, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::address::{self, Resolver, check_address, is_loopback_url};
use super::error::{NetError, Stage, classify, told};

/// Whom a client may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Any address, this machine too: for URLs that stand in the owner's own configuration.
    #[default]
    AsWritten,
    /// Public addresses only: for URLs that came with data.
    PublicOnly,
}

/// How a client is built.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Authorities to trust in place of the system's, as a PEM file.
    pub ca_file: Option<PathBuf>,
    /// The proxy to call `https` through, in place of what `https_proxy` and `no_proxy` of the environment say. Plain `http`
    /// never goes through it: what is in it would travel in the clear. An address on this machine is called without a proxy
    /// unless one is named here.
    pub proxy: Option<String>,
    /// How long connecting and the handshake may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Whom it may call.
    pub reach: Reach,
}

impl Default for HttpSettings {
    fn default() -> HttpSettings {
        HttpSettings {
            ca_file: None,
            proxy: None,
            connect_timeout_ms: 5_000,
            reach: Reach::AsWritten,
        }
    }
}

/// What one request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From connecting to the last byte, in milliseconds.
    pub total_ms: u64,
    /// Bytes of the body, after decompression.
    pub body_bytes: usize,
}

impl Default for Limits {
    /// 10 s and 8 MiB.
    fn default() -> Limits {
        Limits {
            total_ms: 10_000,
            body_bytes: 8 << 20,
        }
    }
}

/// A whole answer, whatever its status.
#[derive(Debug, Clone)]
pub struct NetAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

impl NetAnswer {
    /// A header as text, if it is there and is ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A client for one base URL. Clones share connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    base: Url,
    reach: Reach,
    /// The proxy that is named for it.
    proxy: Option<Arc<Url>>,
}

impl HttpClient {
    /// Builds a client. The system's authorities are read only for `https`.
    ///
    /// # Errors
    /// The URL is not `http` or `https`, carries a user or password, or names a forbidden address; a CA file is unusable.
    pub fn new(base: &str, settings: &HttpSettings) -> Result<HttpClient, NetError> {
        let base = check_url(base, settings.reach)?;
        let to = place(&base);
        let tls = tls_config(&base, settings.ca_file.as_deref())?;
        let mut named = None;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(concat!("warboard/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .connect_timeout(Duration::from_millis(settings.connect_timeout_ms))
            .pool_max_idle_per_host(2)
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .dns_resolver(Arc::new(Resolver {
                checked: settings.reach == Reach::PublicOnly,
            }));
        if settings.reach == Reach::PublicOnly {
            // A proxy would resolve the name again, behind the check.
            builder = builder.no_proxy();
        } else if let Some(proxy) = &settings.proxy {
            let proxy = check_url(proxy, Reach::AsWritten)?;
            named = Some(Arc::new(proxy.clone()));
            let proxy = reqwest::Proxy::https(proxy).map_err(|error| NetError::BadUrl {
                why: told(&error.without_url()),
            })?;
            builder = builder.no_proxy().proxy(proxy);
        } else if is_loopback_url(&base) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| NetError::Other {
            to,
            detail: told(&error),
        })?;
        Ok(HttpClient {
            client,
            base,
            reach: settings.reach,
            proxy: named,
        })
    }

    /// The base URL.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// `host:port`, as errors name it.
    pub fn place(&self) -> String {
        place(&self.base)
    }

    /// A request for a path below the base URL, with its query: `/v1/incidents?open=all`. Empty: the base URL itself.
    ///
    /// # Errors
    /// `BadUrl`: the path makes no URL.
    pub fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, NetError> {
        if path.is_empty() {
            return Ok(self.client.request(method, self.base.clone()));
        }
        let whole = format!(
            "{}/{}",
            self.base.as_str().trim_end_matches('/'),
            path.trim_start_matches('/')
        );
        let url = Url::parse(&whole).map_err(|error| NetError::BadUrl {
            why: error.to_string(),
        })?;
        Ok(self.client.request(method, url))
    }

    /// Sends a request and reads the whole answer. Every status is an answer; redirects too.
    ///
    /// # Errors
    /// No answer, half an answer, or more than `limits` allow.
    pub async fn send(
        &self,
        request: RequestBuilder,
        limits: Limits,
    ) -> Result<NetAnswer, NetError> {
        let request = request
            .timeout(Duration::from_millis(limits.total_ms))
            .build()
            .map_err(|error| NetError::BadUrl {
                why: told(&error.without_url()),
            })?;
        let mut to = place(request.url());
        if let Some(proxy) = &self.proxy {
            to.push_str(&format!(" through the proxy {}", place(proxy)));
        }
        check_reach(request.url(), self.reach)?;
        let failed = |error: reqwest::Error, stage| classify(&error, &to, limits.total_ms, stage);
        let mut answer = self
            .client
            .execute(request)
            .await
            .map_err(|e| failed(e, Stage::Head))?;
        let too_large = || NetError::TooLarge {
            to: to.clone(),
            limit: limits.body_bytes,
        };
        let announced = answer.content_length().unwrap_or(0);
        if announced > limits.body_bytes as u64 {
            return Err(too_large());
        }
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
        while let Some(chunk) = answer.chunk().await.map_err(|e| failed(e, Stage::Body))? {
            if body.len() + chunk.len() > limits.body_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(NetAnswer {
            status,
            headers,
            body: body.freeze(),
        })
    }
}

fn place(url: &Url) -> String {
    match url.port_or_known_default() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or("?")),
        None => url.host_str().unwrap_or("?").to_owned(),
    }
}

/// `host:port` of a URL from the owner's own configuration, without calling it or building a client for it.
///
/// # Errors
/// It is not `http` or `https`, names no host, or carries a user or password.
pub fn url_place(text: &str) -> Result<String, NetError> {
    check_url(text, Reach::AsWritten).map(|url| place(&url))
}

/// Whether what is sent to this URL travels in the clear, and beyond this machine.
pub fn is_in_the_clear(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "http" && !is_loopback_url(&url))
}

fn check_url(text: &str, reach: Reach) -> Result<Url, NetError> {
    let bad = |why: &str| Err(NetError::BadUrl { why: why.into() });
    let url = Url::parse(text).map_err(|error| NetError::BadUrl {
        why: error.to_string(),
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return bad("it must begin with https:// or http:// and name a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("a user or password in it would be seen by everybody; use a token file");
    }
    check_reach(&url, reach)?;
    Ok(url)
}

/// Addresses written as numbers never pass the resolver, so they are looked at here.
fn check_reach(url: &Url, reach: Reach) -> Result<(), NetError> {
    match (reach, address::literal(url)) {
        (Reach::PublicOnly, Some(address)) => {
            check_address(address).map_err(|forbidden| NetError::ForbiddenAddress {
                to: place(url),
                why: forbidden.why,
            })
        }
        _ => Ok(()),
    }
}

fn tls_config(base: &Url, ca_file: Option<&Path>) -> Result<rustls::ClientConfig, NetError> {
    let fail = |detail: String| NetError::Tls {
        to: place(base),
        detail,
    };
    let mut roots = rustls::RootCertStore::empty();
    match ca_file {
        // Reading some hundred authorities takes longer than the first frame; plain http has no use for them.
        _ if base.scheme() == "http" => {}
        Some(path) => {
            let read = |error: &dyn std::fmt::Display| {
                fail(format!(
                    "the authorities in {} cannot be read: {error}",
                    path.display()
                ))
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|e| read(&e))? {
                roots
                    .add(certificate.map_err(|e| read(&e))?)
                    .map_err(|e| read(&e))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if base.scheme() == "https" && roots.is_empty() {
        return Err(fail("no certificate authority is known on this machine; install ca-certificates or name one with ca_file".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fail(told(&error)))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
