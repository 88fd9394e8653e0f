//! Chance that can be repeated: every fault is thrown from one seed, which is printed and can be given again.

/// SplitMix64: small, and the same on every machine.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From `WARBOARD_SEED`, else from a seed that is the same each time; says which.
    pub fn loaded(test: &str, seed: u64) -> Dice {
        let given = std::env::var("WARBOARD_SEED").ok();
        let seed = given.map_or(seed, |given| given.parse().unwrap());
        println!("{test}: WARBOARD_SEED={seed}");
        Dice(seed)
    }

    /// From `WARBOARD_SEED`, else from the process's own chance; says which.
    pub fn thrown(test: &str) -> Dice {
        Dice::loaded(test, u64::from(rand::random::<u32>()))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..sides`.
    pub fn below(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    /// True once in so many throws.
    pub fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }

    /// Dice of their own for a task beside others, whose order must not matter.
    pub fn another(&mut self) -> Dice {
        Dice(self.next())
    }
}
