//! Why a request was not answered as hoped, as few kinds as a caller has to tell apart. Texts of the other side are cut and
//! cleaned before they stand here.

use crate::domain::board::Fault;
use crate::domain::view::IncidentView;
use crate::domain::word::GateWord;
use crate::net::NetError;

/// Why there is no good answer. Prints as a sentence for a person.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ApiError {
    /// 401 or 403, or there is no token to send.
    #[error("{sentence}")]
    NotAllowed {
        /// The status; 401 for a token that cannot be read.
        status: u16,
        /// What is missing and who can help.
        sentence: String,
    },
    /// 404: there is nothing by that name, or nothing for this token.
    #[error("there is nothing by that name, or this token may not see it")]
    NotFound,
    /// 412: the incident moved on.
    #[error("{sentence}")]
    Conflict {
        /// As it is now.
        incident: Option<Box<IncidentView>>,
        /// Who did what meanwhile.
        sentence: String,
    },
    /// 422 or 428: nothing was done.
    #[error("{sentence}")]
    Refused {
        /// Why.
        sentence: String,
        /// The gates that are unmet.
        unmet: Vec<GateWord>,
    },
    /// 410: the cursor leads nowhere.
    #[error("the backend does not know the cursor it gave (410)")]
    Gone,
    /// 408, 429 or 5xx: worth another attempt.
    #[error("{}", busy(*status))]
    Busy {
        /// The status.
        status: u16,
        /// How long it asks to be left alone, in milliseconds.
        retry_after_ms: Option<i64>,
    },
    /// No answer.
    #[error("{sentence}")]
    Unreachable {
        /// What happened and what to look at.
        sentence: String,
        /// Nothing can have been sent: refused, no such name, no trustworthy connection.
        refusal: bool,
    },
    /// An answer that is not one of ours.
    #[error("{sentence}")]
    Garbage {
        /// What came in its place.
        sentence: String,
    },
}

fn busy(status: u16) -> String {
    match status {
        408 => "the backend says that the request came too slowly (408)".to_owned(),
        429 => "the backend is asked too often (429)".to_owned(),
        502..=504 => format!("the backend cannot answer now ({status})"),
        507 => {
            "the backend's store is full, nothing was written (507); free some space on its disk"
                .to_owned()
        }
        _ => format!("the backend is broken inside ({status}); its log says why"),
    }
}

impl ApiError {
    /// What kind of error it is, for where the sentence has no room.
    pub(super) fn fault(&self) -> Fault {
        match self {
            ApiError::NotAllowed { status: 401, .. } => Fault::TokenRefused,
            ApiError::NotAllowed { .. } => Fault::NotAllowed,
            ApiError::Unreachable { .. } => Fault::NotReached,
            ApiError::Busy { .. } => Fault::Busy,
            _ => Fault::Garbage,
        }
    }

    /// Whether nobody let us in: nobody there, nobody trustworthy, or not with this token.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            ApiError::NotAllowed { .. } | ApiError::Unreachable { refusal: true, .. }
        )
    }
}

impl From<NetError> for ApiError {
    fn from(error: NetError) -> ApiError {
        let sentence = error.to_string();
        match error {
            // Half a body and too much of one are answers, only not good ones.
            NetError::TooLarge { .. } | NetError::Cut { .. } => ApiError::Garbage { sentence },
            error => ApiError::Unreachable {
                sentence,
                refusal: error.is_before_sending(),
            },
        }
    }
}
