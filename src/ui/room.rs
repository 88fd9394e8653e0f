//! What a backend words for whoever asked, told to a room: its sentences may name a customer or a person, so that under `--mask`
//! only our own words for the kind of answer stand, beside the id that the screen has anyway. Nothing else is hidden here.

use super::message::{Message, Reply};
use super::shared::Options;

/// The end of a sentence that says that nothing left this board.
const NOTHING_SENT: &str = "Nothing was sent";

/// The message as it may be drawn.
pub fn worded(message: Message, options: &Options) -> Message {
    match options.mask {
        true => in_own_words(message),
        false => message,
    }
}

fn in_own_words(message: Message) -> Message {
    let unread = || "its reason is not for a room".to_owned();
    match message {
        Message::Replied { ticket, reply } => Message::Replied {
            ticket,
            reply: replied(reply),
        },
        Message::TimelineFailed { source, id, .. } => Message::TimelineFailed {
            source,
            id,
            sentence: unread(),
        },
        Message::Reread {
            source,
            id,
            incident,
        } => Message::Reread {
            source,
            id,
            incident: incident.map_err(|_| "Its reason is not for a room.".to_owned()),
        },
        Message::Explained {
            source,
            id,
            duty,
            version,
            body,
        } => Message::Explained {
            source,
            id,
            duty,
            version,
            body: body.map_err(|_| unread()),
        },
        Message::Previewed {
            source,
            id,
            version,
            command,
            body,
        } => Message::Previewed {
            source,
            id,
            version,
            command,
            body: body.map_err(|_| unread()),
        },
        Message::Regimes {
            source,
            profile,
            body,
        } => Message::Regimes {
            source,
            profile,
            body: body.map_err(|_| unread()),
        },
        Message::Who { source, body } => Message::Who {
            source,
            body: body.map_err(|_| unread()),
        },
        other => other,
    }
}

fn replied(reply: Reply) -> Reply {
    match reply {
        Reply::Done { .. } => reply,
        // What is unmet is said in words of a closed list.
        Reply::Refused { unmet, .. } => Reply::Refused {
            sentence: "Its reason is not for a room.".to_owned(),
            unmet,
        },
        Reply::Conflict { incident, .. } => Reply::Conflict {
            incident,
            sentence: "Somebody changed it meanwhile.".to_owned(),
        },
        Reply::NotAllowed { .. } => Reply::NotAllowed {
            sentence: "This token may not, or there is nothing by that name.".to_owned(),
        },
        Reply::Unreachable { sentence } => Reply::Unreachable {
            sentence: match sentence.contains(NOTHING_SENT) {
                true => format!("The backend was not reached. {NOTHING_SENT}."),
                false => "No answer that can be read. To send it again is safe.".to_owned(),
            },
        },
    }
}
