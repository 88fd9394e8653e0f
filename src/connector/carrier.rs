//! A phase in a tag, for systems that have few statuses and free tags: `phase:containment`. Which tags a system has and how
//! they are written, its adapter knows.

/// What such a tag begins with.
const PREFIX: &str = "phase:";

/// The word that a tag carries, if it carries a phase.
pub(super) fn carried(tag: &str) -> Option<&str> {
    let (prefix, word) = tag.trim().split_at_checked(PREFIX.len())?;
    let word = word.trim();
    (prefix.eq_ignore_ascii_case(PREFIX) && !word.is_empty()).then_some(word)
}

/// The phase of an incident by its tags; the last one where somebody left several.
pub(super) fn phase<'t>(tags: impl Iterator<Item = &'t str>) -> Option<String> {
    tags.filter_map(carried).last().map(str::to_owned)
}

/// The tag that carries a word.
pub(super) fn tag(word: &str) -> String {
    format!("{PREFIX}{word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tag_with_a_phase_tells_it() {
        for (tags, expected) in [
            (&["vip", "phase:containment"][..], Some("containment")),
            (&["Phase: Recovery "], Some("Recovery")),
            (
                &["phase:containment", "x", "phase:recovery"],
                Some("recovery"),
            ),
            (
                &["phase:", "phase", "my phase:x", "\u{e9}\u{e9}\u{e9}\u{e9}"],
                None,
            ),
            (&[], None),
        ] {
            assert_eq!(phase(tags.iter().copied()).as_deref(), expected, "{tags:?}");
        }
        assert_eq!(carried(&tag("recovery")), Some("recovery"));
    }
}
