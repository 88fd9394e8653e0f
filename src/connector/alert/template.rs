//! Titles that are put together from a group's labels and annotations: plain insertion, and nothing that is carried out.

use super::body::AlertGroupBody;

/// A text with places for labels: `{groupLabels.alertname}: {commonAnnotations.summary}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(From, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Group,
    Common,
    Annotations,
}

const FROM: [(&str, From); 3] = [
    ("groupLabels", From::Group),
    ("commonLabels", From::Common),
    ("commonAnnotations", From::Annotations),
];

impl std::str::FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Template, String> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            pieces.push(Piece::Text(before.to_owned()));
            let (place, after) = after
                .split_once('}')
                .ok_or("has a { without a }; close it")?;
            let named = place.trim().split_once('.').and_then(|(from, name)| {
                let (_, from) = FROM.iter().find(|(word, _)| *word == from)?;
                (!name.is_empty()).then(|| Piece::Place(*from, name.to_owned()))
            });
            pieces.push(named.ok_or_else(|| {
                format!("'{{{place}}}' names nothing; write {{groupLabels.NAME}}, {{commonLabels.NAME}} or {{commonAnnotations.NAME}}")
            })?);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Template(pieces))
    }
}

impl Template {
    /// The text for a group. What it does not have is named in brackets.
    pub fn filled(&self, body: &AlertGroupBody) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Place(from, name) => {
                    let labels = match from {
                        From::Group => &body.group_labels,
                        From::Common => &body.common_labels,
                        From::Annotations => &body.common_annotations,
                    };
                    match labels.get(name).filter(|value| !value.trim().is_empty()) {
                        Some(value) => text.push_str(value),
                        None => text.push_str(&format!("(no {name})")),
                    }
                }
            }
        }
        text
    }
}
