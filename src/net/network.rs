//! A block of addresses as a file names it: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
//! What an address may be used for stands in `address`.

use std::net::IpAddr;
use std::str::FromStr;

/// Addresses that begin with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    /// How many bits are the same.
    bits: u32,
}

/// A text that names no block of addresses, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no block of addresses; write 10.0.0.0/8, or one address")]
pub struct NoNetwork(String);

impl Network {
    /// Whether an address lies in it; an IPv4 address that is written as an IPv6 one is the IPv4 address.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                first.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                first.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Network, NoNetwork> {
        let no = || NoNetwork(text.chars().take(60).collect());
        let (first, bits) = match text.split_once('/') {
            Some((first, bits)) => (first, Some(bits.parse::<u32>().map_err(|_| no())?)),
            None => (text, None),
        };
        let first: IpAddr = first.parse().map_err(|_| no())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        match bits <= most {
            true => Ok(Network { first, bits }),
            false => Err(no()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_what_begins_as_it_does() {
        let holds = |block: &str, address: &str| {
            let block: Network = block.parse().unwrap();
            block.holds(address.parse().unwrap())
        };
        for (block, inside, outside) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("192.0.2.4/31", "192.0.2.5", "192.0.2.6"),
            ("2001:db8::/32", "2001:db8:1::9", "2001:db9::"),
            ("::1", "::1", "127.0.0.1"),
        ] {
            assert!(holds(block, inside), "{block} {inside}");
            assert!(!holds(block, outside), "{block} {outside}");
        }
        assert!(holds("0.0.0.0/0", "203.0.113.9") && holds("::/0", "2001:db8::1"));
        for wrong in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "host",
            "10.0.0.0/x",
            "10.0.0.0/-1",
        ] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
