//! Who is at the other end of a request: the connection's peer, or whom a proxy that is trusted says it speaks for.
//! Nobody else is believed, so that nobody can choose the address they count under.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, header};

use crate::net::Network;

/// The header most proxies write.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whether this address is a trusted proxy's.
pub fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.holds(address))
}

/// The address that a request counts under. Of a trusted proxy's header the last hop is believed, for that one it wrote itself;
/// where that is a trusted proxy too, the one before, and so on. Where two headers disagree one may be the caller's own
/// invention, and where a hop is no address there is nothing to believe: then it is the proxy's address.
pub fn caller(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    if !is_trusted(peer, trusted) {
        return peer;
    }
    let plain = hops(headers, &X_FORWARDED_FOR, address);
    let standard = hops(headers, &header::FORWARDED, element);
    let far = |hops: Vec<Option<IpAddr>>| {
        let mut far = peer;
        for hop in hops.into_iter().rev() {
            far = hop?;
            if !is_trusted(far, trusted) {
                break;
            }
        }
        Some(far)
    };
    let said = match (plain.is_empty(), standard.is_empty()) {
        (false, true) => far(plain),
        (true, false) => far(standard),
        (true, true) => None,
        (false, false) => far(plain).filter(|one| far(standard) == Some(*one)),
    };
    said.unwrap_or(peer)
}

/// The hops of a header in their order, over all its lines.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    read: impl Fn(&str) -> Option<IpAddr>,
) -> Vec<Option<IpAddr>> {
    let lines = headers.get_all(name).iter();
    // A line that is no text is a hop that is no address.
    let lines = lines.map(|line| line.to_str().unwrap_or("?"));
    let hops = lines.flat_map(|line| line.split(','));
    hops.map(|hop| read(hop.trim())).collect()
}

/// `for=` of one element of `Forwarded` (RFC 7239).
fn element(text: &str) -> Option<IpAddr> {
    let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    let (_, node) = nodes.next()?;
    if nodes.next().is_some() {
        return None;
    }
    let node = node.trim();
    let unquoted = node
        .strip_prefix('"')
        .and_then(|node| node.strip_suffix('"'));
    address(unquoted.unwrap_or(node))
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let bare = match text.strip_prefix('[') {
        Some(rest) => {
            let (v6, port) = rest.split_once(']')?;
            if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
                return None;
            }
            v6
        }
        None => match text.split_once(':') {
            Some((v4, port)) if is_port(port) => v4,
            _ => text,
        },
    };
    let address: IpAddr = bare.parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(peer: &str, headers: &[(&str, &str)]) -> String {
        let trusted: Vec<Network> = ["127.0.0.1/32", "10.0.0.0/8"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        caller(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_of_it_the_last_hop() {
        let xff = "x-forwarded-for";
        for (peer, value, expected) in [
            // Whoever comes without a proxy counts under their own address, whatever they say.
            ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
            ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
            // What stands before the last hop the caller wrote.
            ("127.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
            ("127.0.0.1", "10.9.9.9, 198.51.100.1", "198.51.100.1"),
            // Two proxies, both trusted.
            (
                "127.0.0.1",
                "192.0.2.66, 198.51.100.1, 10.0.0.7",
                "198.51.100.1",
            ),
            ("127.0.0.1", "10.0.0.8, 10.0.0.7", "10.0.0.8"),
            ("127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
            ("127.0.0.1", "2001:db8::7", "2001:db8::7"),
            ("127.0.0.1", "[2001:db8::7]:80", "2001:db8::7"),
            ("::ffff:127.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
            // What is no address is nobody's.
            ("127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"),
            ("127.0.0.1", "198.51.100.1, ", "127.0.0.1"),
            ("127.0.0.1", "[2001:db8::7", "127.0.0.1"),
        ] {
            assert_eq!(counted(peer, &[(xff, value)]), expected, "{peer} {value}");
        }
        assert_eq!(counted("127.0.0.1", &[]), "127.0.0.1");
        let lines = [(xff, "192.0.2.66"), (xff, "198.51.100.1")];
        assert_eq!(counted("127.0.0.1", &lines), "198.51.100.1");
    }

    #[test]
    fn the_standard_header_is_read_too_and_two_that_disagree_are_not_believed() {
        let forwarded = |value| counted("127.0.0.1", &[("forwarded", value)]);
        for (value, expected) in [
            ("for=198.51.100.1;proto=https", "198.51.100.1"),
            (
                "for=192.0.2.66, by=x;FOR=\"[2001:db8::7]:4711\"",
                "2001:db8::7",
            ),
            ("for=_hidden", "127.0.0.1"),
            ("for=192.0.2.1;for=192.0.2.2", "127.0.0.1"),
            ("proto=https", "127.0.0.1"),
        ] {
            assert_eq!(forwarded(value), expected, "{value}");
        }
        let both = |standard| {
            let plain = ("x-forwarded-for", "198.51.100.1");
            counted("127.0.0.1", &[plain, ("forwarded", standard)])
        };
        assert_eq!(both("for=198.51.100.1"), "198.51.100.1");
        assert_eq!(both("for=192.0.2.66"), "127.0.0.1");
    }
}
