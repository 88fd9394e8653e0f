//! Text that stays text in a page or a drawing: the five characters on which HTML and XML act are written by name.
//! What of a text may be drawn at all is `SafeText`'s.

/// Adds a text so that it is text wherever it stands, between tags or in a quoted attribute.
pub fn push_escaped(text: &str, into: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            letter => into.push(letter),
        }
    }
}

/// The text alone, as `push_escaped` adds it.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    push_escaped(text, &mut safe);
    safe
}
