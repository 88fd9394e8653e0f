//! The fields of a span as one JSON object. What is said of a span later is laid behind what is there: a request says two
//! things late, and to read and write the whole each time cost more than to answer it. Events are written elsewhere.

use std::fmt::{self, Debug};

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormattedFields;
use tracing_subscriber::fmt::format::{FormatFields, Writer};

/// Writes fields as JSON. A field that is said twice stands there twice; its reader takes the last.
pub struct SpanFields;

impl<'w> FormatFields<'w> for SpanFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        writer.write_char('{')?;
        Object::begun(&mut writer, true).close(|object| fields.record(object))
    }

    fn add_fields(
        &self,
        current: &'w mut FormattedFields<SpanFields>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        if current.fields.pop() != Some('}') {
            "{".clone_into(&mut current.fields);
        }
        let empty = current.fields.len() == 1;
        Object::begun(&mut current.as_writer(), empty).close(|object| fields.record(object))
    }
}

/// An object that is open: its fields so far are written.
struct Object<'a, 'w> {
    writer: &'a mut Writer<'w>,
    empty: bool,
    result: fmt::Result,
}

impl<'a, 'w> Object<'a, 'w> {
    fn begun(writer: &'a mut Writer<'w>, empty: bool) -> Object<'a, 'w> {
        Object {
            writer,
            empty,
            result: Ok(()),
        }
    }

    fn close(mut self, fill: impl FnOnce(&mut dyn Visit)) -> fmt::Result {
        fill(&mut self);
        self.result?;
        self.writer.write_char('}')
    }

    fn put(&mut self, field: &Field, value: impl Serialize) {
        let before = if self.empty { "" } else { "," };
        // Names are identifiers of ours: nothing in them needs an escape.
        let name = field.name().trim_start_matches("r#");
        let value = serde_json::to_string(&value).map_err(|_| fmt::Error);
        let put = value.and_then(|value| write!(self.writer, "{before}\"{name}\":{value}"));
        self.result = self.result.and(put);
        self.empty = false;
    }
}

impl Visit for Object<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}
