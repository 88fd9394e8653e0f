//! Codenames: two words from two lists, unique in a backend for ever, never derived from the title.
//! 64 x 64 pairs, then a third word's worth by number: `COPPER HERON 2`.

/// First words: colours and materials that sound unlike each other over a bad line.
const FIRST: &[&str] = &[
    "AMBER", "ASH", "ASPEN", "BIRCH", "BRASS", "BRICK", "BRONZE", "CEDAR", "CHALK", "CLAY",
    "COBALT", "COPPER", "CORAL", "COTTON", "CRIMSON", "DUSK", "EBONY", "EMBER", "FERN", "FLINT",
    "FROST", "GLASS", "GOLD", "GRANITE", "GREY", "HAZEL", "INDIGO", "IRON", "IVORY", "JADE",
    "JASPER", "LINEN", "LUNAR", "MAPLE", "MARBLE", "MINT", "MOSS", "NICKEL", "OAK", "OCHRE",
    "OLIVE", "ONYX", "OPAL", "PALE", "PEARL", "PINE", "PLUM", "QUARTZ", "RUST", "SABLE", "SAND",
    "SILVER", "SLATE", "SMOKE", "SOLAR", "STEEL", "STONE", "TEAL", "THORN", "TIN", "UMBER",
    "VELVET", "WALNUT", "ZINC",
];

/// Second words: birds, trees, animals and places by water.
const SECOND: &[&str] = &[
    "ACORN", "ANCHOR", "BADGER", "BEACON", "BISON", "BRIDGE", "CANYON", "CICADA", "CONDOR",
    "CRANE", "CYPRESS", "DELTA", "DOLPHIN", "EAGLE", "ELM", "FALCON", "FINCH", "FJORD", "GANNET",
    "GECKO", "GLACIER", "HARBOUR", "HERON", "IBIS", "JACKAL", "JUNIPER", "KESTREL", "LAGOON",
    "LARK", "LINDEN", "LYNX", "MAGPIE", "MARTEN", "MEADOW", "MERLIN", "NETTLE", "ORCHID", "OSPREY",
    "OTTER", "PELICAN", "PETREL", "PLOVER", "PRAIRIE", "PUFFIN", "QUAIL", "RAVEN", "REEF", "RIDGE",
    "ROBIN", "SALMON", "SPARROW", "STORK", "STURGEON", "SUMMIT", "SWIFT", "TAPIR", "TERN",
    "THISTLE", "TUNDRA", "VIPER", "WALRUS", "WILLOW", "WREN", "YARROW",
];

/// How many codenames there are before numbers are needed.
pub const PAIRS: u64 = 4_096;

/// The codename at a place in a sequence that visits every pair once before it repeats with a number.
/// `start` scatters where a backend begins; the same `start` and `place` give the same name.
pub fn codename(start: u64, place: u64) -> String {
    // 1657 is odd, so stepping by it visits all 4096 places.
    let at = start.wrapping_add(place.wrapping_mul(1_657)) % PAIRS;
    let pick = |list: &[&'static str], i: u64| {
        usize::try_from(i)
            .ok()
            .and_then(|i| list.get(i))
            .copied()
            .unwrap_or("GREY")
    };
    let (first, second) = (pick(FIRST, at / 64), pick(SECOND, at % 64));
    match place / PAIRS {
        0 => format!("{first} {second}"),
        round => format!("{first} {second} {}", round + 1),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_places_share_a_codename() {
        assert_eq!((FIRST.len(), SECOND.len()), (64, 64));
        let names: HashSet<String> = (0..3 * PAIRS).map(|place| codename(77, place)).collect();
        assert_eq!(names.len(), usize::try_from(3 * PAIRS).unwrap());
    }
}
