//! A service with members of every kind, in the form in which services are generated.

use std::collections::BTreeMap;

use base::Timestamp;
use shape::{
    Blob, Document, Http, Kind, Location, Member, OperationSchema, Protocol, Schema, ServiceSchema,
    Traits,
};

pub const PROTOCOLS: [Protocol; 7] = [
    Protocol::AwsJson10,
    Protocol::AwsJson11,
    Protocol::RestJson1,
    Protocol::RestXml,
    Protocol::AwsQuery,
    Protocol::Ec2Query,
    Protocol::RpcV2Cbor,
];

pub static SERVICE: ServiceSchema = ServiceSchema {
    name: "example",
    sdk_id: "Example",
    signing_name: "example",
    endpoint_prefix: "example",
    target_prefix: Some("Example"),
    api_version: "2020-01-01",
    protocols: &PROTOCOLS,
    xml_namespace: Some("https://example.com/doc/"),
    query_compatible: false,
    event_source: "example.amazonaws.com",
    operations: &[],
};

static TEXT: Schema = Schema::plain("Text", Kind::String);
static COLOUR: Schema = Schema::plain("Colour", Kind::Enum(&["RED", "BLUE"]));
static FLAG: Schema = Schema::plain("Flag", Kind::Boolean);
static INTEGER: Schema = Schema::plain("Integer", Kind::Integer);
static LONG: Schema = Schema::plain("Long", Kind::Long);
static FLOAT: Schema = Schema::plain("Float", Kind::Float);
static DOUBLE: Schema = Schema::plain("Double", Kind::Double);
static MOMENT: Schema = Schema::plain("Moment", Kind::Timestamp(None));
static BYTES: Schema = Schema::plain("Bytes", Kind::Blob);
static ANY: Schema = Schema::plain("Any", Kind::Document);
static THINGS: Schema =
    Schema::plain("Things", Kind::List { member: &element("member", &THING), sparse: false });
static TEXTS: Schema =
    Schema::plain("Texts", Kind::List { member: &element("member", &TEXT), sparse: false });
static SPARSE: Schema =
    Schema::plain("Sparse", Kind::List { member: &element("member", &TEXT), sparse: true });
static NAMES: Schema = Schema::plain(
    "Names",
    Kind::Map { key: &element("key", &TEXT), value: &element("value", &TEXT), sparse: false },
);
static CHOICE: Schema =
    Schema::plain("Choice", Kind::Union(&[element("text", &TEXT), element("count", &INTEGER)]));
pub static THING: Schema = Schema::plain(
    "Thing",
    Kind::Structure(&[
        element("text", &TEXT),
        element("colour", &COLOUR),
        element("flag", &FLAG),
        element("integer", &INTEGER),
        element("long", &LONG),
        element("float", &FLOAT),
        element("double", &DOUBLE),
        element("moment", &MOMENT),
        element("bytes", &BYTES),
        element("things", &THINGS),
        element("texts", &TEXTS),
        element("names", &NAMES),
        element("choice", &CHOICE),
        element("sparse", &SPARSE),
        element("any", &ANY),
    ]),
);

const fn element(name: &'static str, target: &'static Schema) -> Member {
    Member { name, target, required: false, traits: Traits::NONE }
}

const fn bound(name: &'static str, target: &'static Schema, location: Location) -> Member {
    let traits = Traits { location, ..Traits::NONE };
    Member { name, target, required: false, traits }
}

/// The thing in, the thing out.
pub static ECHO: OperationSchema = OperationSchema {
    name: "Echo",
    http: Http { method: "POST", uri: "/", status: 200 },
    input: Some(&THING),
    output: Some(&THING),
    input_name: None,
    input_namespace: None,
    result_wrapper: Some("EchoResult"),
    errors: &[],
};

/// Members everywhere in an HTTP message.
pub static BOUND: Schema = Schema::plain(
    "Bound",
    Kind::Structure(&[
        bound("label", &TEXT, Location::Uri),
        bound("count", &INTEGER, Location::Query),
        bound("tags", &TEXTS, Location::Query),
        bound("x-moment", &MOMENT, Location::Header),
        bound("x-texts", &TEXTS, Location::Header),
        bound("x-meta-", &NAMES, Location::Headers),
        element("text", &TEXT),
    ]),
);

pub static BIND: OperationSchema = OperationSchema {
    name: "Bind",
    http: Http { method: "POST", uri: "/things/{label}", status: 200 },
    input: Some(&BOUND),
    ..ECHO_WITHOUT_SHAPES
};

const ECHO_WITHOUT_SHAPES: OperationSchema = OperationSchema {
    name: "Echo",
    http: Http { method: "POST", uri: "/", status: 200 },
    input: None,
    output: None,
    input_name: None,
    input_namespace: None,
    result_wrapper: None,
    errors: &[],
};

// What `xtask codegen` makes of KMS's Encrypt, for the measurement.

pub static ENCRYPT_REQUEST: Schema = Schema::plain(
    "EncryptRequest",
    Kind::Structure(&[
        element("KeyId", &TEXT),
        element("Plaintext", &BYTES),
        element("EncryptionContext", &NAMES),
        element("GrantTokens", &TEXTS),
        element("EncryptionAlgorithm", &COLOUR),
        element("DryRun", &FLAG),
    ]),
);
pub static ENCRYPT_RESPONSE: Schema = Schema::plain(
    "EncryptResponse",
    Kind::Structure(&[
        element("CiphertextBlob", &BYTES),
        element("KeyId", &TEXT),
        element("EncryptionAlgorithm", &COLOUR),
    ]),
);
pub static ENCRYPT: OperationSchema = OperationSchema {
    name: "Encrypt",
    input: Some(&ENCRYPT_REQUEST),
    output: Some(&ENCRYPT_RESPONSE),
    ..ECHO_WITHOUT_SHAPES
};

#[derive(Clone, Default)]
pub struct EncryptRequest {
    pub key_id: Option<String>,
    pub plaintext: Option<Blob>,
    pub encryption_context: Option<BTreeMap<String, String>>,
    pub grant_tokens: Option<Vec<String>>,
    pub encryption_algorithm: Option<String>,
    pub dry_run: Option<bool>,
}
shape::structure!(EncryptRequest, ENCRYPT_REQUEST, 0 key_id, 1 plaintext, 2 encryption_context,
    3 grant_tokens, 4 encryption_algorithm, 5 dry_run);

#[derive(Clone, Default)]
pub struct EncryptResponse {
    pub ciphertext_blob: Option<Blob>,
    pub key_id: Option<String>,
    pub encryption_algorithm: Option<String>,
}
shape::structure!(EncryptResponse, ENCRYPT_RESPONSE, 0 ciphertext_blob, 1 key_id,
    2 encryption_algorithm);

/// The members of an error, all kinds that errors have.
#[derive(Clone, Default)]
pub struct Details {
    pub message: Option<String>,
    pub resource: Option<String>,
    pub at: Option<Timestamp>,
    pub any: Option<Document>,
}
static DETAILS: Schema = Schema::plain(
    "Details",
    Kind::Structure(&[
        element("Message", &TEXT),
        element("Resource", &TEXT),
        element("At", &MOMENT),
        element("Any", &ANY),
    ]),
);
shape::structure!(Details, DETAILS, 0 message, 1 resource, 2 at, 3 any);
