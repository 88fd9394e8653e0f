//! Where a request may go. An address that came with data is checked after it is resolved, and the checked one is called;
//! an address from the owner's own configuration is called as written.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What may stand in any part of an address as it is: the unreserved characters of RFC 3986, 2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A text as one segment of a path or one value of a query.
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// What a part of a path or a query means.
pub fn unescaped(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// An address that data may not name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is {why}")]
pub struct Forbidden {
    /// The address.
    pub address: IpAddr,
    /// What kind of address it is.
    pub why: &'static str,
}

/// A name without an address.
#[derive(Debug, thiserror::Error)]
#[error("no address for this name")]
pub(super) struct NotFound(#[source] pub(super) Option<io::Error>);

/// Whether data may name this address: not this machine, not its network, not the cloud's metadata service.
/// The blocks are those of the IANA special-purpose registries (RFC 6890 and its updates).
///
/// # Errors
/// The address is special: which block it lies in.
pub fn check_address(address: IpAddr) -> Result<(), Forbidden> {
    let why = match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => match embedded_v4(v6) {
            Some(v4) => special_v4(v4),
            None => special_v6(v6),
        },
    };
    match why {
        Some(why) => Err(Forbidden { address, why }),
        None => Ok(()),
    }
}

fn special_v4(v4: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = v4.octets();
    match (a, b, c) {
        (127, ..) => Some("this machine"),
        (0, ..) => Some("this network"),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => Some("a private network"),
        (100, 64..=127, _) => Some("a carrier's private network"),
        (169, 254, _) => Some("link-local, where metadata services are"),
        (168, 63, 129) if v4.octets()[3] == 16 => Some("a cloud's own service"),
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => {
            Some("reserved")
        }
        (224..=255, ..) => Some("multicast or reserved"),
        _ => None,
    }
}

fn special_v6(v6: Ipv6Addr) -> Option<&'static str> {
    let [first, second, ..] = v6.segments();
    match first {
        _ if v6.is_loopback() => Some("this machine"),
        _ if v6.is_unspecified() => Some("this network"),
        0xfc00..=0xfdff => Some("a private network"),
        0xfe80..=0xfebf => Some("link-local"),
        0xfec0..=0xfeff => Some("site-local"),
        0xff00..=0xffff => Some("multicast"),
        0x2001 if second == 0x0db8 || second < 0x0200 => Some("reserved"),
        // Only 2000::/3 is given out; what is left besides is reserved or translated.
        0x2000..=0x3fff => None,
        _ => Some("reserved"),
    }
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, translated (RFC 6052) or 6to4.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

/// Whether a URL names this machine, by address or as `localhost`.
pub fn is_loopback_url(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// The address in a URL that names no host but an address; those are never resolved.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Resolves by the system, and lets only checked addresses through when `checked`: what is called is what was checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    pub(super) checked: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let checked = self.checked;
        Box::pin(async move {
            let found: Vec<SocketAddr> = match tokio::net::lookup_host((name.as_str(), 0)).await {
                Ok(found) => found.collect(),
                Err(cause) => return Err(NotFound(Some(cause)).into()),
            };
            if found.is_empty() {
                return Err(NotFound(None).into());
            }
            if checked {
                // One bad address among good ones is a trap, not an oversight.
                found
                    .iter()
                    .try_for_each(|socket| check_address(socket.ip()))?;
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_addresses_are_refused_in_every_dress() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "168.63.129.16",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "fec0::1",
            "4000::1",
        ] {
            assert!(check_address(text.parse().unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn outer_addresses_pass() {
        for text in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "93.184.216.34",
            "2606:4700::1",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(check_address(text.parse().unwrap()), Ok(()), "{text}");
        }
    }

    #[test]
    fn this_machine_by_every_name() {
        for (url, expected) in [
            ("http://127.0.0.1:8787", true),
            ("http://2130706433/", true),
            ("http://[::1]:1/", true),
            ("http://localhost", true),
            ("http://a.localhost", true),
            ("http://localhost.example", false),
            ("https://azure.incidents.example", false),
        ] {
            assert_eq!(
                is_loopback_url(&Url::parse(url).unwrap()),
                expected,
                "{url}"
            );
        }
    }
}
