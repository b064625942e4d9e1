//! Goal: docs/events.schema.json says what the types of the vocabulary say, and no more.
//! Method: it is generated from them (`UPDATE_GOLDEN=1` writes it; without it it is compared);
//! tests/schema.rs gives events and spoiled events to it and to our parser.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::examples::is_or_becomes;
use crate::model::event::ENVELOPES_MAX;
use crate::model::id::{EventId, ID_PATTERN, RequestId};
use crate::model::json::INTEGER_BOUND;
use crate::model::scope::{SCOPE_TYPE, Scope};
use crate::practice::vocabulary::parts::BASE64_PATTERN;
use crate::practice::vocabulary::{Base64, EventType, ExactScope, Signed, Subject};
use crate::practice::{Rule, RuleSet};

/// What `ledger::Draft` reads.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is looked at")]
struct Posted {
    /// The version of the envelope.
    #[schemars(extend("const" = 1))]
    v: u32,
    /// The client's id: the idempotency key, unique in the log.
    id: EventId,
    /// What happened.
    #[schemars(rename = "type")]
    type_: EventType,
    /// The request it is about; null or left out if it is about none.
    #[schemars(default)]
    request: Option<RequestId>,
    /// Who acts: the id of a person, a system, or the daemon.
    #[schemars(extend("pattern" = ID_PATTERN))]
    actor: String,
    /// The rule set its maker had in mind; the one in force if null or left out.
    #[schemars(default)]
    rules: Option<u32>,
    /// The policy its maker had in mind; the one in force if null or left out.
    #[schemars(default, extend("pattern" = "^sha256:[0-9a-f]{64}$"))]
    policy: Option<String>,
    /// What it carries, by type.
    data: Map<String, Value>,
    /// Each signed thing, as received.
    #[schemars(default, length(max = ENVELOPES_MAX))]
    envelopes: Vec<Base64>,
}

impl JsonSchema for EventType {
    fn schema_name() -> Cow<'static, str> {
        "EventType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
        json_schema!({"type": "string", "enum": names, "description": "The closed list of events."})
    }
}

impl JsonSchema for Rule {
    fn schema_name() -> Cow<'static, str> {
        "Rule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let numbers: Vec<_> = Self::ALL.iter().map(|rule| rule.number()).collect();
        json_schema!({"type": "string", "enum": numbers, "description": "The number of a rule, docs/events.md."})
    }
}

impl JsonSchema for ExactScope {
    fn schema_name() -> Cow<'static, str> {
        "ExactScope".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "The exact bytes of a scope, which approvals hash.",
            "pattern": BASE64_PATTERN,
            "contentEncoding": "base64",
            "contentMediaType": SCOPE_TYPE,
            "contentSchema": generator.subschema_for::<Scope>(),
        })
    }
}

/// What the derivation cannot know: numbers are the JSON profile's, a member with a default may be
/// left out, and serde takes a set's items twice.
#[derive(Clone)]
struct AsRead;

impl Transform for AsRead {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let format = schema.get("format").and_then(Value::as_str);
        let most = match format {
            Some("uint8") => Some(u64::from(u8::MAX)),
            Some("uint32") => Some(u64::from(u32::MAX)),
            Some("uint64") => Some(INTEGER_BOUND - 1),
            _ => None,
        };
        if let Some(most) = most {
            schema.remove("format");
            schema.insert("maximum".to_owned(), most.into());
        }
        schema.remove("uniqueItems");
        let members = schema.get("properties").and_then(Value::as_object);
        let may_be_absent: Vec<_> = members
            .into_iter()
            .flatten()
            .filter_map(|(name, member)| member.get("default").map(|_| Value::from(name.as_str())))
            .collect();
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| !may_be_absent.contains(name));
        }
    }
}

/// What a type of event asks of the envelope around its data.
fn by_type(kind: EventType) -> Value {
    let request = match kind.subject() {
        Subject::Log => json!({"type": "null"}),
        Subject::Request => json!({"type": "string"}),
        Subject::Either => json!(true),
    };
    let signed = match kind.signed() {
        Signed::No | Signed::Acknowledgement => 0,
        Signed::Approval => 1,
        Signed::TwoApprovals => 2,
    };
    let mut required = Vec::new();
    if kind.subject() == Subject::Request {
        required.push("request");
    }
    if signed > 0 {
        required.push("envelopes");
    }
    json!({
        "if": {"properties": {"type": {"const": kind.as_str()}}, "required": ["type"]},
        "then": {
            "properties": {
                "data": {"$ref": format!("#/$defs/{kind}")},
                "request": request,
                "envelopes": {"minItems": signed, "maxItems": signed},
            },
            "required": required,
        },
    })
}

const DESCRIPTION: &str = "An event as it is posted, and as it is sealed, where no member of the \
    envelope is left out. Generated from the types that read it: what this refuses the daemon refuses. \
    The daemon refuses more: a number with a fraction or exponent, a member twice, a day that no month \
    has, another text than a scope in `scope`, texts and lists beyond their bounds (F-06), whatever \
    breaks a rule of docs/events.md. Which peer may post which event is there too.";

#[test]
fn the_schema_is_what_the_types_say() {
    // Serialised, an `Option` is a member that may be null: `json::nullable` reads it like that.
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(AsRead);
    let mut generator = settings.into_generator();
    for kind in EventType::ALL {
        let mut schema = kind.schema(&mut generator);
        let since = if kind.since() == RuleSet::One { "" } else { " From rule set 2 on." };
        schema.insert("description".to_owned(), format!("{}{since}", kind.meaning()).into());
        generator.definitions_mut().insert(kind.to_string(), schema.to_value());
    }
    let mut schema = generator.into_root_schema_for::<Posted>();
    schema.insert("title".to_owned(), "An event".into());
    schema.insert("description".to_owned(), DESCRIPTION.into());
    schema.insert("allOf".to_owned(), EventType::ALL.iter().map(|kind| by_type(*kind)).collect());
    let text = serde_json::to_string_pretty(&schema).expect("prints") + "\n";
    is_or_becomes("docs/events.schema.json", &text);
}
