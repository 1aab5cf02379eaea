//! The tables that the generator writes: what a service, an operation and a shape look like.
//!
//! Everything is `'static` and const-constructible, and may refer to itself through references between statics.
//! The meaning of each trait follows Smithy's specification of the AWS protocols.

use crate::error::ErrorSchema;

/// A service as its API model describes it.
#[derive(Debug)]
pub struct ServiceSchema {
    /// The short name that names its crates, such as `kms`.
    pub name: &'static str,
    /// The SDK's service id, such as `KMS` or `Secrets Manager`.
    pub sdk_id: &'static str,
    /// The service name in a credential scope.
    pub signing_name: &'static str,
    /// The first label of its public host names.
    pub endpoint_prefix: &'static str,
    /// What stands before the dot in `X-Amz-Target`, for the JSON protocols; the service name of rpcv2Cbor paths too.
    pub target_prefix: Option<&'static str>,
    /// The version of the API, such as `2014-11-01`.
    pub api_version: &'static str,
    /// Protocols that the service speaks, the model's own first.
    pub protocols: &'static [Protocol],
    /// The XML namespace of its messages, for the XML and Query protocols.
    pub xml_namespace: Option<&'static str>,
    /// Clients of its JSON and CBOR protocols expect the error codes of its former Query protocol too, in the
    /// `x-amzn-query-error` header (Smithy's `awsQueryCompatible`).
    pub query_compatible: bool,
    /// The name in audit records, such as `kms.amazonaws.com`.
    pub event_source: &'static str,
    /// All operations of the model, ordered by name; not all need be implemented.
    pub operations: &'static [&'static OperationSchema],
}

impl ServiceSchema {
    /// Finds an operation by its exact name.
    pub fn operation(&self, name: &str) -> Option<&'static OperationSchema> {
        let found = self.operations.binary_search_by(|operation| operation.name.cmp(name)).ok()?;
        Some(self.operations[found])
    }

    /// Whether the service can be spoken to in `protocol`.
    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.protocols.contains(&protocol)
    }
}

/// The AWS protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// JSON bodies, `X-Amz-Target`, `application/x-amz-json-1.0`.
    AwsJson10,
    /// JSON bodies, `X-Amz-Target`, `application/x-amz-json-1.1`.
    AwsJson11,
    /// JSON bodies, resources by method and path.
    RestJson1,
    /// XML bodies, resources by method and path.
    RestXml,
    /// Form requests with `Action`, XML answers.
    AwsQuery,
    /// EC2's dialect of [`Protocol::AwsQuery`].
    Ec2Query,
    /// CBOR bodies under `/service/…/operation/…`.
    RpcV2Cbor,
}

/// An operation. Without an input or output shape its body is empty.
#[derive(Debug)]
pub struct OperationSchema {
    /// The name, such as `Encrypt`.
    pub name: &'static str,
    /// Where it stands in HTTP.
    pub http: Http,
    /// The request's structure.
    pub input: Option<&'static Schema>,
    /// The answer's structure.
    pub output: Option<&'static Schema>,
    /// The root element of a restXml request, where it is not the shape's name.
    pub input_name: Option<&'static str>,
    /// The namespace of a restXml request's root element.
    pub input_namespace: Option<XmlNamespace>,
    /// The element around a Query answer, such as `GetUserResult`; in restXml, the root element of an answer where it
    /// is not the shape's name.
    pub result_wrapper: Option<&'static str>,
    /// The errors that the model names for it.
    pub errors: &'static [&'static ErrorSchema],
}

/// Method, path template and success status.
#[derive(Clone, Copy, Debug)]
pub struct Http {
    /// The method, in upper case.
    pub method: &'static str,
    /// The path template, such as `/2015-03-31/functions/{FunctionName}?Qualifier`; labels in braces, greedy with `+`.
    pub uri: &'static str,
    /// The status of a success.
    pub status: u16,
}

/// A shape: its kind, its constraints and whether its values must never be shown.
#[derive(Debug)]
pub struct Schema {
    /// The name in the model.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Values are left out of logs and audit records.
    pub sensitive: bool,
    /// Limits that the walker in `validate` checks.
    pub constraints: Constraints,
}

impl Schema {
    /// A schema without constraints.
    pub const fn plain(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, sensitive: false, constraints: Constraints::NONE }
    }

    /// The members of a structure or union; empty for other kinds.
    pub fn members(&self) -> &'static [Member] {
        match self.kind {
            Kind::Structure(members) | Kind::Union(members) => members,
            _ => &[],
        }
    }

    /// The position of the member with this name.
    pub fn member_index(&self, name: &str) -> Option<usize> {
        self.members().iter().position(|member| member.name == name)
    }
}

/// The kinds of shapes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A whole number of up to 32 bits (byte and short too).
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A floating-point number of 32 bits.
    Float,
    /// A floating-point number of 64 bits.
    Double,
    /// A moment.
    Timestamp(Option<TimestampFormat>),
    /// Bytes.
    Blob,
    /// Text.
    String,
    /// Text from a known set; unknown values pass decoding and fail validation.
    Enum(&'static [&'static str]),
    /// Any JSON-like value.
    Document,
    /// A list.
    List {
        /// The element.
        member: &'static Member,
        /// Null elements are kept.
        sparse: bool,
    },
    /// A map with text keys.
    Map {
        /// The key; its wire name matters in XML.
        key: &'static Member,
        /// The value.
        value: &'static Member,
        /// Null values are kept.
        sparse: bool,
    },
    /// A structure, members in the model's order.
    Structure(&'static [Member]),
    /// A structure in which exactly one member is set.
    Union(&'static [Member]),
}

/// A member of a structure, the element of a list, or the key or value of a map.
#[derive(Debug)]
pub struct Member {
    /// The name in the model; `member`, `key`, `value` in collections.
    pub name: &'static str,
    /// Its shape.
    pub target: &'static Schema,
    /// Absence is a violation.
    pub required: bool,
    /// How protocols treat it.
    pub traits: Traits,
}

/// Protocol traits of a member.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// Where the member stands in an HTTP message.
    pub location: Location,
    /// The name on the wire where it differs from the member's (header, query key, JSON or XML name).
    pub wire_name: Option<&'static str>,
    /// The name in an ec2Query request where the model gives one (`queryName`).
    pub ec2_name: Option<&'static str>,
    /// An XML attribute of the parent element.
    pub xml_attribute: bool,
    /// A list or map without a wrapping element.
    pub flattened: bool,
    /// The namespace declared on the member's element.
    pub xml_namespace: Option<XmlNamespace>,
    /// How a timestamp is written here, against the protocol's default.
    pub timestamp_format: Option<TimestampFormat>,
    /// The payload is a stream.
    pub streaming: bool,
    /// Clients fill it with a random token.
    pub idempotency_token: bool,
    /// A JSON text that travels as base64 in a header (`jsonvalue`).
    pub json_value: bool,
}

impl Traits {
    /// A member of the body without anything special.
    pub const NONE: Traits = Traits {
        location: Location::Body,
        wire_name: None,
        ec2_name: None,
        xml_attribute: false,
        flattened: false,
        xml_namespace: None,
        timestamp_format: None,
        streaming: false,
        idempotency_token: false,
        json_value: false,
    };
}

impl Member {
    /// The name on the wire.
    pub fn wire_name(&self) -> &'static str {
        self.traits.wire_name.unwrap_or(self.name)
    }
}

/// Where a member stands in an HTTP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the body's document.
    Body,
    /// The whole body.
    Payload,
    /// A header.
    Header,
    /// All headers with a prefix (the wire name), as a map.
    Headers,
    /// A query parameter; for a map, all others.
    Query,
    /// A label in the path.
    Uri,
    /// The status code of the answer.
    StatusCode,
}

/// How a moment is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampFormat {
    /// Seconds since 1970, with a fraction.
    EpochSeconds,
    /// RFC 3339 in UTC.
    DateTime,
    /// RFC 9110 IMF-fixdate.
    HttpDate,
}

/// An XML namespace with an optional prefix.
#[derive(Clone, Copy, Debug)]
pub struct XmlNamespace {
    /// The prefix, such as `xsi`.
    pub prefix: Option<&'static str>,
    /// The URI.
    pub uri: &'static str,
}

/// Limits on a shape's values. Lengths are Unicode characters of strings, bytes of blobs, elements of lists and maps.
#[derive(Debug)]
pub struct Constraints {
    /// Smallest length, or smallest number.
    pub min: Option<f64>,
    /// Largest length, or largest number.
    pub max: Option<f64>,
    /// The regular expression that a string must match, as the model writes it.
    pub pattern: Option<&'static str>,
}

impl Constraints {
    /// No limits.
    pub const NONE: Constraints = Constraints { min: None, max: None, pattern: None };
}
