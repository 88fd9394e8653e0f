//! How often somebody may try a pairing code: so seldom, from one address and in all, that none can be guessed. Counted in
//! memory; what a code opens stands in `pair`.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use parking_lot::{Mutex, MutexGuard};

use crate::domain::instant::Mono;

/// The time over which attempts are counted, in milliseconds.
const OVER_MS: i64 = 600_000;
/// Wrong codes of one address in that time.
const OF_ONE: u32 = 8;
/// Wrong codes in all. One code among 29^8 is hit by them with a chance of 4 in ten thousand millions.
const IN_ALL: u32 = 200;

/// Attempts of the last minutes. It keeps no more addresses than attempts are allowed.
#[derive(Default)]
pub struct Attempts(Mutex<Tally>);

#[derive(Default)]
struct Tally {
    since: Option<Mono>,
    in_all: u32,
    of: HashMap<Option<IpAddr>, u32>,
}

/// A house has one IPv4 address, or a whole IPv6 network.
fn house(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

impl Attempts {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.0.lock()
    }

    /// Takes one attempt; refused, it tells for how many milliseconds none is to be had.
    ///
    /// # Errors
    /// No attempt is left: for how many milliseconds.
    pub fn take(&self, from: Option<IpAddr>, now: Mono) -> Result<(), i64> {
        let mut tally = self.tally();
        let since = tally
            .since
            .filter(|since| (0..OVER_MS).contains(&(now - *since)));
        let Some(since) = since else {
            *tally = Tally {
                since: Some(now),
                in_all: 1,
                of: HashMap::from([(from.map(house), 1)]),
            };
            return Ok(());
        };
        let from = from.map(house);
        let of_one = tally.of.get(&from).copied().unwrap_or_default();
        if of_one >= OF_ONE || tally.in_all >= IN_ALL {
            return Err(OVER_MS - (now - since));
        }
        tally.in_all += 1;
        tally.of.insert(from, of_one + 1);
        Ok(())
    }

    /// The code was good: the attempt does not count.
    pub fn give_back(&self, from: Option<IpAddr>) {
        let mut tally = self.tally();
        tally.in_all = tally.in_all.saturating_sub(1);
        if let Some(of_one) = tally.of.get_mut(&from.map(house)) {
            *of_one = of_one.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn one_address_has_few_attempts_and_gets_new_ones_later() {
        let attempts = Attempts::default();
        for _ in 0..OF_ONE {
            assert_eq!(attempts.take(address("192.0.2.1"), Mono(5)), Ok(()));
        }
        assert_eq!(
            attempts.take(address("192.0.2.1"), Mono(1_005)),
            Err(OVER_MS - 1_000)
        );
        assert_eq!(
            attempts.take(address("::ffff:192.0.2.1"), Mono(5)),
            Err(OVER_MS)
        );
        assert_eq!(attempts.take(address("192.0.2.2"), Mono(5)), Ok(()));
        assert_eq!(
            attempts.take(address("192.0.2.1"), Mono(OVER_MS + 5)),
            Ok(())
        );
    }

    #[test]
    fn a_network_of_addresses_counts_as_one_and_all_together_have_an_end() {
        let attempts = Attempts::default();
        for n in 0..OF_ONE {
            assert_eq!(
                attempts.take(address(&format!("2001:db8::{n}")), Mono(0)),
                Ok(())
            );
        }
        assert!(attempts.take(address("2001:db8::ffff"), Mono(0)).is_err());
        let mut taken = OF_ONE;
        for n in 0..=255_u8 {
            taken += u32::from(
                attempts
                    .take(address(&format!("192.0.2.{n}")), Mono(0))
                    .is_ok(),
            );
        }
        assert_eq!(taken, IN_ALL);
        assert_eq!(attempts.tally().of.len(), 1 + (IN_ALL - OF_ONE) as usize);
    }

    #[test]
    fn a_good_code_costs_nothing() {
        let attempts = Attempts::default();
        for _ in 0..3 * OF_ONE {
            assert_eq!(attempts.take(None, Mono(0)), Ok(()));
            attempts.give_back(None);
        }
    }
}
