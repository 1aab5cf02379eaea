//! Writes `types.rs`, `enums.rs`, `operations.rs`, `lib.rs` and `tests.rs`: what services work with.

use super::Error;
use super::model::{ShapeDef, Type};
use super::names::{self, Names};
use super::plan::{Plan, rust_type};

/// Methods of the traits that every generated struct has; an accessor must not stand before them.
const TAKEN_METHODS: &[&str] = &["clone", "field", "schema", "set", "view"];

/// Characters in a line of code, as rustfmt has it.
const LINE_WIDTH: usize = 100;

/// `types.rs`: one struct a structure or union.
pub(super) fn structs(plan: &Plan<'_>) -> Result<String, Error> {
    let mut body = String::new();
    for (name, type_name) in &plan.types {
        let def = plan.shape(name)?;
        if def.is_struct() {
            body.push_str(&structure(plan, name, type_name, def)?);
        }
    }
    if let Some((constant, type_name)) = &plan.unit {
        body.push_str(&format!(
            "/// What stands for an input or output that the model does not have.\n\
             #[derive(Clone, Default)] pub struct {type_name} {{}}\n\n"
        ));
        body.push_str(&implementation(type_name, constant, &[]));
    }
    let mut out = String::from(
        "//! Structures and unions; fields stand in the order of the model's members.\n\n",
    );
    if body.contains("BTreeMap<") {
        out.push_str("use std::collections::BTreeMap;\n\n");
    }
    if mentions(&body, "Timestamp") {
        out.push_str("use base::Timestamp;\n");
    }
    for import in ["Blob", "Document", "Nested"] {
        if mentions(&body, import) {
            out.push_str(&format!("use shape::{import};\n"));
        }
    }
    if plan.types.keys().any(|name| plan.model.shapes[*name].is_enum()) {
        out.push_str("\nuse crate::enums::*;");
    }
    out.push_str("\nuse crate::schema;\n\n");
    Ok(out + &body)
}

/// `enums.rs`: one enum a string shape with known values; `None` if there is none.
pub(super) fn enums(plan: &Plan<'_>) -> Result<Option<String>, Error> {
    let mut out = String::from(
        "//! Open enums; values stand in the model's order.\n\nuse shape::string_enum;\n\n",
    );
    let mut any = false;
    for (name, type_name) in &plan.types {
        let def = plan.shape(name)?;
        if !def.is_enum() {
            continue;
        }
        any = true;
        let mut variants = Names::default();
        out.push_str(&format!("string_enum!(\n    {type_name} {{\n"));
        let mut seen = std::collections::BTreeSet::new();
        for value in def.values.iter().filter(|value| seen.insert(*value)) {
            out.push_str(&format!(
                "        {} = {value:?},\n",
                variants.claim(names::variant(value))
            ));
        }
        out.push_str("    }\n);\n");
    }
    Ok(any.then_some(out))
}

/// `operations.rs`: one marker an implemented operation.
pub(super) fn operations(plan: &Plan<'_>) -> String {
    let mut out = String::from(
        "//! Implemented operations: their inputs, their outputs and their entries in the table.\n\n\
         use shape::{Operation, OperationSchema};\n\nuse crate::{service, types};\n\n",
    );
    for (name, signature) in &plan.implemented {
        let constant = &plan.operations[name];
        out.push_str(&format!(
            "#[derive(Clone, Copy, Debug)] pub struct {marker};\n\n\
             impl Operation for {marker} {{\n\
             type Input = types::{};\ntype Output = types::{};\n\
             const SCHEMA: &'static OperationSchema = &service::{constant};\n}}\n\n",
            signature.input,
            signature.output,
            marker = signature.marker
        ));
    }
    out
}

/// `lib.rs`.
pub(super) fn lib(plan: &Plan<'_>, has_enums: bool) -> String {
    let metadata = &plan.model.metadata;
    let mut out = format!(
        "//! {}, API version {}: schema tables of its {} operations and types of those that are implemented ({}).\n\
         //!\n//! Facts only, from `models/{}.json`; what the operations do stands in the service's own crate.\n\n\
         #![allow(missing_docs)] // generated names are AWS's own, and its documentation is not copied\n\n",
        metadata.service_id,
        metadata.api_version,
        plan.operations.len(),
        plan.implemented.len(),
        plan.service.name,
    );
    if has_enums {
        out.push_str("mod enums;\n");
    }
    out.push_str(
        "pub mod error;\npub mod operations;\npub mod schema;\nmod service;\nmod types;\n\n",
    );
    if has_enums {
        out.push_str("pub use enums::*;\n");
    }
    out.push_str("pub use service::SERVICE;\npub use types::*;\n\n#[cfg(test)]\nmod tests;\n");
    out
}

/// `tests.rs`: proof that the tables and the structs say the same.
pub(super) fn tests(plan: &Plan<'_>) -> String {
    let structs = plan.types.iter().filter(|(name, _)| plan.model.shapes[**name].is_struct());
    let structs = structs.map(|(_, type_name)| type_name);
    let structs = structs.chain(plan.unit.as_ref().map(|(_, type_name)| type_name));
    let checks: String = structs.map(|name| format!("check::<{name}>();\n")).collect();
    include_str!("crate_tests.rs.in").replace("$CHECKS", &checks)
}

fn structure(
    plan: &Plan<'_>,
    name: &str,
    type_name: &str,
    def: &ShapeDef,
) -> Result<String, Error> {
    let mut claimed = Names::default();
    let (mut fields, mut table, mut accessors) = (String::new(), Vec::new(), String::new());
    for (index, (member, used)) in def.members.0.iter().enumerate() {
        let plain = claimed.claim(names::field(member));
        let field = names::escaped(&plain);
        let mut inner = rust_type(plan, &used.shape)?;
        let target = plan.shape(&used.shape)?;
        if target.is_struct() && plan.nested(name, &used.shape) {
            inner = format!("Nested<{inner}>");
        }
        fields.push_str(&format!("pub {field}: Option<{inner}>,\n"));
        table.push(format!("{index} {field}"));
        let text = target.kind == Type::String && !target.is_enum();
        let required = def.required.iter().any(|required| required == member);
        if text
            && required
            && plan.received.contains(name)
            && !TAKEN_METHODS.contains(&plain.as_str())
        {
            accessors.push_str(&format!(
                "pub fn {field}(&self) -> &str {{ self.{field}.as_deref().unwrap_or_default() }}\n\n"
            ));
        }
    }
    let constant = &plan.schemas[name];
    let mut out = format!("#[derive(Clone, Default)] pub struct {type_name} {{\n{fields}}}\n\n");
    out.push_str(&implementation(type_name, constant, &table));
    if !accessors.is_empty() {
        out.push_str(&format!("impl {type_name} {{\n{accessors}}}\n\n"));
    }
    Ok(out)
}

/// The line that makes a struct a shape; formatted here, since rustfmt leaves macros of their own syntax alone.
fn implementation(type_name: &str, constant: &str, table: &[String]) -> String {
    let mut arguments = vec![type_name.to_owned(), format!("schema::{constant}")];
    arguments.extend_from_slice(table);
    let line = format!("shape::structure!({});\n\n", arguments.join(", "));
    if line.trim_end().len() <= LINE_WIDTH {
        return line;
    }
    format!("shape::structure!(\n    {},\n);\n\n", arguments.join(",\n    "))
}

/// Whether code uses a type by its bare name.
fn mentions(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + name.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        !part(before) && !part(after)
    })
}
