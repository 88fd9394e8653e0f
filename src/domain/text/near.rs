//! How near one word is to another, so that a slip of the pen is met with what was meant.
//! Which words are known is not said here.

/// How many signs must be put in, left out or changed to make one word of another.
pub fn steps(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (place, sign) in from.chars().enumerate() {
        let mut next = vec![place + 1];
        for ((other, above), diagonal) in to.iter().zip(row.iter().skip(1)).zip(&row) {
            let changed = diagonal + usize::from(sign != *other);
            let left = next.last().copied().unwrap_or_default() + 1;
            next.push(changed.min(left).min(above + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearness_counts_letters() {
        for (one, other, far) in [
            ("gdpr-33", "gdpr-33", 0),
            ("gdpr33", "gdpr-33", 1),
            ("", "abc", 3),
            ("nis2", "dora-19", 7),
            ("hippa", "hipaa", 1),
        ] {
            assert_eq!(steps(one, other), far, "{one} {other}");
        }
    }
}
