//! An API model as it stands in `models/`: the part of botocore's `service-2.json` that the generator uses.
//!
//! Reading a foreign model with these types is what trims it: unknown keys, prose above all, fall away. Writing
//! gives a stable text: operations and shapes by name, members in the model's own order, since that order is the
//! order of fields in the generated code.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;

/// A service.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Model {
    pub metadata: Metadata,
    pub operations: BTreeMap<String, Operation>,
    pub shapes: BTreeMap<String, ShapeDef>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub api_version: String,
    pub endpoint_prefix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_version: Option<String>,
    pub protocol: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<String>,
    pub service_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml_namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_query_compatible: Option<Empty>,
}

/// An object whose presence is all that it says.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Empty {}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operation {
    pub http: Http,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Reference>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Reference>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Http {
    pub method: String,
    pub request_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_code: Option<u16>,
}

/// A use of a shape, with the traits that stand there: a member, an element, an input, an error.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub shape: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_wrapper: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml_namespace: Option<Namespace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_format: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub xml_attribute: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub flattened: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub streaming: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub idempotency_token: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub jsonvalue: bool,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Namespace {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    pub uri: String,
}

/// A shape's definition. Which keys mean something depends on its type.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShapeDef {
    #[serde(rename = "type")]
    pub kind: Type,
    #[serde(default, skip_serializing_if = "is_false")]
    pub sensitive: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub document: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub union: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub eventstream: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub streaming: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub flattened: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub sparse: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub exception: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub fault: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorTrait>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml_namespace: Option<Namespace>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    #[serde(default, skip_serializing_if = "Ordered::is_empty")]
    pub members: Ordered<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Reference>,
    #[serde(rename = "enum", default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp_format: Option<String>,
}

impl ShapeDef {
    /// The shapes that this one names, with the names under which it does.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let elements = [&self.member, &self.key, &self.value];
        let members = self.members.0.iter().map(|(_, member)| member);
        members.chain(elements.into_iter().filter_map(Option::as_ref))
    }

    /// Whether it becomes a Rust struct of its own.
    pub fn is_struct(&self) -> bool {
        self.kind == Type::Structure && !self.document
    }

    /// Whether it becomes a Rust enum of its own.
    pub fn is_enum(&self) -> bool {
        self.kind == Type::String && !self.values.is_empty()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Type {
    Boolean,
    Integer,
    Long,
    Float,
    Double,
    Timestamp,
    Blob,
    #[serde(alias = "character")]
    String,
    List,
    Map,
    Structure,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorTrait {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status_code: Option<u16>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub fault: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// An object whose order counts.
pub(super) struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Ordered<T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }

        deserializer.deserialize_map(Entries(PhantomData))
    }
}
