//! The routes, and the document that describes them: both made from one list, so that neither has what the other has not.

use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use http::StatusCode;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Response,
    ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

mod display;

use super::problem::Problem;
use super::state::ServerState;
use super::{
    about, alert, command, explain, incident, list, login, named, page, preview, regime, roster,
    who,
};
use crate::domain::command::Command;
use crate::wire::{PROBLEM, ProblemBody};

/// Routes that anybody may ask.
const OPEN: &[&str] = &["/healthz", "/readyz", "/openapi.json"];

fn routes_and_document() -> (Router<Arc<ServerState>>, OpenApi) {
    let info = InfoBuilder::new()
        .title("warboard")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Security incidents by phase, owning team and notification deadline. Every answer carries x-warboard-now and x-request-id, and x-warboard-ask as the request had it.",
        ))
        .build();
    let document = OpenApiBuilder::new()
        .info(info)
        .components(Some(Components::new()))
        .build();
    let (router, mut document) = OpenApiRouter::with_openapi(document)
        .routes(routes!(about::healthz))
        .routes(routes!(about::readyz))
        .routes(routes!(about::openapi))
        .routes(routes!(about::info))
        .routes(routes!(list::list, command::open_incident))
        .routes(routes!(list::changes))
        .routes(routes!(incident::incident))
        .routes(routes!(incident::timeline))
        .routes(routes!(explain::explain))
        .route(
            "/v1/incidents/{id}/duties/{duty}/{stage}/explain",
            axum::routing::get(explain::explain_written),
        )
        .routes(routes!(command::command))
        .routes(routes!(preview::preview))
        .routes(routes!(alert::take_alerts))
        .routes(routes!(page::acknowledge_form, page::acknowledge))
        .routes(routes!(about::teams))
        .routes(routes!(regime::regimes))
        .routes(routes!(who::who, who::report))
        .routes(routes!(roster::tell))
        .routes(routes!(login::logins, login::record))
        .routes(routes!(named::named))
        .split_for_parts();
    display::add(&mut document);
    complete(&mut document);
    (router, document)
}

/// The routes of the API, with what is answered where there is none.
pub fn routes(state: Arc<ServerState>, extra: Router) -> Router {
    let (router, _) = routes_and_document();
    router
        .with_state(state)
        .merge(extra)
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This is not done here; the header Allow says what is.",
            )
        })
}

/// The document as it is served.
pub fn document() -> Bytes {
    let (_, document) = routes_and_document();
    Bytes::from(document.to_json().unwrap_or_default())
}

fn problem(description: &str) -> Response {
    ResponseBuilder::new()
        .description(description)
        .content(
            PROBLEM,
            Content::new(Some(Ref::from_schema_name(ProblemBody::name()))),
        )
        .build()
}

/// Adds what every route has: problems, and the token that most ask for.
fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(
        "token",
        SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
    );
    components
        .schemas
        .insert(ProblemBody::name().into_owned(), ProblemBody::schema());
    let mut schemas = Vec::new();
    ProblemBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    tag(components, &Command::name());
    for (path, item) in &mut document.paths.paths {
        let operations = [&mut item.get, &mut item.post, &mut item.put];
        for operation in operations.into_iter().flatten() {
            problems(path, operation);
        }
    }
}

/// Gives every kind of a tagged word its tag as a field of its own. What is derived lays the tag beside the kind, whose fields
/// are closed: read strictly, nothing at all would fit both.
fn tag(components: &mut Components, name: &str) {
    let schemas = &mut components.schemas;
    let Some(RefOr::T(Schema::OneOf(mut kinds))) = schemas.get(name).cloned() else {
        return;
    };
    for kind in &mut kinds.items {
        let RefOr::T(Schema::AllOf(parts)) = &*kind else {
            continue;
        };
        let [RefOr::Ref(fields), RefOr::T(Schema::Object(tag))] = parts.items.as_slice() else {
            continue;
        };
        let of = fields.ref_location.rsplit('/').next().unwrap_or_default();
        if let Some(RefOr::T(Schema::Object(object))) = schemas.get_mut(of) {
            object.properties.extend(tag.properties.clone());
            object.required.extend(tag.required.clone());
            *kind = RefOr::Ref(fields.clone());
        }
    }
    let kinds = RefOr::T(Schema::OneOf(kinds));
    schemas.insert(name.to_owned(), kinds);
}

fn problems(path: &str, operation: &mut Operation) {
    let signed = path.starts_with("/v1/pages/");
    let open = OPEN.contains(&path) || signed || path.starts_with(display::DISPLAY);
    let mut add = |status: &str, description: &str| {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::T(problem(description)));
    };
    if !open {
        add("401", "No valid token");
        add("403", "The token does not reach");
        add("503", "The store cannot be used now");
    }
    if path.contains('{') {
        add("404", "There is none, or none for this caller");
    }
    if path.starts_with("/v1") {
        add("422", "A value is wrong, or the command was refused");
    }
    if operation.request_body.is_some() {
        add("400", "The body or a header is malformed");
        add("408", "The body took too long");
        add("413", "The body is over 1 MiB");
        add("415", "The body is of another media type");
    }
    if operation.request_body.is_some() || path == "/readyz" {
        add("503", "The store cannot be used now");
        add("507", "The store is full; reads and pages on record go on");
    }
    // The standard asks for a description of every answer; where none was written the status speaks.
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let reason = StatusCode::from_bytes(status.as_bytes()).ok();
            let reason = reason.and_then(|status| status.canonical_reason());
            response.description = reason.unwrap_or("An answer").to_owned();
        }
    }
    if !open {
        operation.security = Some(vec![SecurityRequirement::new(
            "token",
            Vec::<String>::new(),
        )]);
    }
}
