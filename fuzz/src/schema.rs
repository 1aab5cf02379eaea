//! One shape that has a member of every kind, in every place of an HTTP message, and holds itself.

use shape::{
    Http, Kind, Location, Member, OperationSchema, Schema, ServiceSchema, TimestampFormat, Traits,
};

/// An operation whose input and output are [`NODE`].
pub static OPERATION: OperationSchema = OperationSchema {
    name: "Fuzz",
    http: Http { method: "POST", uri: "/fuzz/{Label}?fixed=1", status: 200 },
    input: Some(&NODE),
    output: Some(&NODE),
    input_name: None,
    input_namespace: None,
    result_wrapper: Some("FuzzResult"),
    errors: &[],
};

/// The shape.
pub static NODE: Schema = Schema::plain("Node", Kind::Structure(&MEMBERS));

static MEMBERS: [Member; 22] = [
    body("Boolean", &BOOLEAN),
    body("Integer", &INTEGER),
    body("Long", &LONG),
    body("Float", &FLOAT),
    body("Double", &DOUBLE),
    body("Time", &TIMESTAMP),
    body("Date", &DATE),
    body("Blob", &BLOB),
    body("Text", &STRING),
    body("Enum", &ENUM),
    body("Document", &DOCUMENT),
    body("List", &LIST),
    body("Sparse", &SPARSE),
    Member { traits: Traits { flattened: true, ..Traits::NONE }, ..body("Flat", &LIST) },
    body("Map", &MAP),
    Member { traits: Traits { flattened: true, ..Traits::NONE }, ..body("FlatMap", &MAP) },
    body("Union", &UNION),
    body("Node", &NODE),
    Member { traits: Traits { xml_attribute: true, ..Traits::NONE }, ..body("Attribute", &STRING) },
    place("Header", &STRING, Location::Header, "x-fuzz"),
    place("Query", &LIST_OF_TEXT, Location::Query, "q"),
    place("Label", &STRING, Location::Uri, "Label"),
];

static BOOLEAN: Schema = Schema::plain("Boolean", Kind::Boolean);
static INTEGER: Schema = Schema::plain("Integer", Kind::Integer);
static LONG: Schema = Schema::plain("Long", Kind::Long);
static FLOAT: Schema = Schema::plain("Float", Kind::Float);
static DOUBLE: Schema = Schema::plain("Double", Kind::Double);
static TIMESTAMP: Schema = Schema::plain("Timestamp", Kind::Timestamp(None));
static DATE: Schema = Schema::plain("Date", Kind::Timestamp(Some(TimestampFormat::DateTime)));
static BLOB: Schema = Schema::plain("Blob", Kind::Blob);
static STRING: Schema = Schema::plain("String", Kind::String);
static ENUM: Schema = Schema::plain("Enum", Kind::Enum(&["ONE", "TWO"]));
static DOCUMENT: Schema = Schema::plain("Document", Kind::Document);
static LIST: Schema = Schema::plain("List", Kind::List { member: &NODE_MEMBER, sparse: false });
static LIST_OF_TEXT: Schema =
    Schema::plain("Texts", Kind::List { member: &TEXT_MEMBER, sparse: false });
static SPARSE: Schema = Schema::plain("Sparse", Kind::List { member: &TEXT_MEMBER, sparse: true });
static MAP: Schema =
    Schema::plain("Map", Kind::Map { key: &KEY_MEMBER, value: &VALUE_MEMBER, sparse: false });
static UNION: Schema = Schema::plain("Union", Kind::Union(&UNION_MEMBERS));

static NODE_MEMBER: Member = body("member", &NODE);
static TEXT_MEMBER: Member = body("member", &STRING);
static KEY_MEMBER: Member = body("key", &STRING);
static VALUE_MEMBER: Member = body("value", &NODE);
static UNION_MEMBERS: [Member; 3] =
    [body("Text", &STRING), body("Number", &LONG), body("Other", &NODE)];

/// A service with that operation, for what is written around an answer.
pub static SERVICE: &ServiceSchema = &api_sts::SERVICE;

const fn body(name: &'static str, target: &'static Schema) -> Member {
    Member { name, target, required: false, traits: Traits::NONE }
}

const fn place(
    name: &'static str,
    target: &'static Schema,
    location: Location,
    wire_name: &'static str,
) -> Member {
    let traits = Traits { location, wire_name: Some(wire_name), ..Traits::NONE };
    Member { name, target, required: false, traits }
}
