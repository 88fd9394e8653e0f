//! What the document says of the browser display. Its routes are served beside the API by a higher floor, so that their
//! description stands here and not at their handlers.

use serde_json::json;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};

/// What the paths of the display begin with.
pub const DISPLAY: &str = "/display";

/// Adds the display's routes and the cookie they go by.
pub fn add(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let cookie = ApiKeyValue::new("warboard_display");
    components.add_security_scheme("display", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let text = json!({"type": "string"});
    let cells = |name: &str, most: u16| {
        json!({"name": name, "in": "query", "required": true,
        "description": "Cells; what lies beyond the least and the most becomes these",
        "schema": {"type": "integer", "minimum": 0, "maximum": most}})
    };
    let page = json!({"get": {"operationId": "display", "tags": ["display"],
        "summary": "The page that shows the wall in a browser",
        "responses": {"200": {"description": "A page that asks nobody else", "content": {"text/html": {"schema": text}}}}}});
    let pair = json!({"post": {"operationId": "display_pair", "tags": ["display"],
        "summary": "Takes a pairing code, once, from the backend's own page",
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object", "required": ["code"], "additionalProperties": false,
            "properties": {"code": {"type": "string", "description": "Eight signs; blanks and dashes do not count"}}}}}},
        "responses": {
            "204": {"description": "Paired: a viewer's token comes as a cookie"},
            "403": {"description": "The code opens nothing, or came from another page"},
            "429": {"description": "Too many wrong codes"}}}});
    let stream = json!({"get": {"operationId": "display_stream", "tags": ["display"],
        "summary": "The wall's rows as they change, for as long as the token works",
        "parameters": [cells("columns", u16::MAX), cells("rows", u16::MAX),
            {"name": "theme", "in": "query", "required": false, "description": "A shipped theme", "schema": text}],
        "security": [{"display": []}],
        "responses": {
            "200": {"description": "Events `frame` and `end`", "content": {"text/event-stream": {"schema": text}}},
            "401": {"description": "Not paired, or no longer"},
            "422": {"description": "The query is not understood"},
            "503": {"description": "Too many displays"}}}});
    for (path, item) in [("", page), ("/pair", pair), ("/stream", stream)] {
        // Made of constants: a test reads the document and would miss what is not there.
        if let Ok(item) = serde_json::from_value::<PathItem>(item) {
            let path = format!("{DISPLAY}{path}");
            document.paths.paths.insert(path, item);
        }
    }
}
