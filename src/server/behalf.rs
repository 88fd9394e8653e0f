//! Doors: tokens that speak for people who proved to the door who they are. A door says for whom in a header; the person's
//! rights are at most the door's, decide what is read and done, and the person's name stands in the record.

use http::{HeaderMap, Method};

use super::problem::Problem;
use crate::domain::caller::{Audience, Caller};
use crate::domain::grant::Grant;
use crate::store::Token;
use crate::wire::BEHALF_HEADER;

/// Longest text of the header, in bytes.
const LONGEST: usize = 2_048;

/// The token's own caller.
pub fn own(token: &Token) -> Caller {
    Caller {
        name: token.name.clone(),
        role: token.role,
        counsel: token.counsel,
        clearance: token.clearance,
        services: token.services.clone(),
        team: token.team.clone(),
    }
}

/// Who is asking with this token: its owner, or the person that a door speaks for.
///
/// # Errors
/// 403: the token is no door's, a door says nobody, or the person would get more than the door has.
pub fn caller(headers: &HeaderMap, method: &Method, token: &Token) -> Result<Caller, Problem> {
    let mut said = headers.get_all(BEHALF_HEADER).iter();
    let first = said.next();
    match (token.door, first, said.next()) {
        (false, None, _) => Ok(own(token)),
        (false, Some(_), _) => Err(Problem::forbidden(format!(
            "The token {} may not speak for others; issue one with  token issue --door.",
            token.name
        ))),
        (true, Some(said), None) if said.len() <= LONGEST => {
            let text = std::str::from_utf8(said.as_bytes()).unwrap_or_default();
            person(text, method, token)
        }
        (true, ..) => Err(Problem::forbidden(format!(
            "The token {} is a door's and speaks for people alone: say once for whom in {BEHALF_HEADER}.",
            token.name
        ))),
    }
}

fn person(text: &str, method: &Method, token: &Token) -> Result<Caller, Problem> {
    let grant: Grant = text.parse().map_err(|fault| {
        Problem::forbidden(format!("'{BEHALF_HEADER}' is not understood: {fault}."))
    })?;
    let door: Audience = own(token).audience();
    grant.within(&door).map_err(|beyond| {
        Problem::forbidden(format!(
            "The door {} may not give {beyond}. Issue it a token that reaches further, or write less into its keys.",
            token.name
        ))
    })?;
    if grant.person.is_none() && method != Method::GET {
        return Err(Problem::forbidden(
            "What changes something needs a person's name; nothing was done.",
        ));
    }
    // Whoever has no name is on no list, whatever the door's own name is.
    Ok(grant.caller(""))
}
