//! What is generated for a service, and under which names.
//!
//! Every operation's shapes get schema tables; shapes within reach of implemented operations get Rust types besides.
//! Names are claimed in the model's alphabetical order, so that the same model always gives the same code.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::model::{Model, Operation, Reference, ShapeDef, Type};
use super::names::{self, Names};
use super::services::Service;

/// Names that generated type modules use unqualified, or that would shadow the prelude.
const RESERVED_TYPES: &[&str] = &[
    "BTreeMap",
    "Blob",
    "Box",
    "Clone",
    "Default",
    "Document",
    "Err",
    "Nested",
    "None",
    "Ok",
    "Option",
    "Result",
    "Send",
    "Some",
    "String",
    "Sync",
    "Timestamp",
    "Vec",
];

/// Everything that the writers need to know.
pub(super) struct Plan<'a> {
    pub service: &'a Service,
    pub model: &'a Model,
    /// Operations with Rust types, by name: the operation, its input type and its output type.
    pub implemented: BTreeMap<&'a str, Signature>,
    /// Statics of the schema tables, by shape.
    pub schemas: BTreeMap<&'a str, String>,
    /// Statics of the errors, by shape.
    pub errors: BTreeMap<&'a str, String>,
    /// Statics of the operations, by operation.
    pub operations: BTreeMap<&'a str, String>,
    /// Structs and enums, by shape.
    pub types: BTreeMap<&'a str, String>,
    /// The empty structure in place of an input or output that the model does not have: its static and its type.
    pub unit: Option<(String, String)>,
    /// Shapes within reach of an implemented operation's input.
    pub received: BTreeSet<&'a str>,
}

/// The Rust names of an implemented operation.
pub(super) struct Signature {
    pub marker: String,
    pub input: String,
    pub output: String,
}

impl<'a> Plan<'a> {
    /// Decides.
    pub fn new(service: &'a Service, model: &'a Model) -> Result<Self, Error> {
        let implemented = implemented(service, model)?;
        let mut seen = BTreeSet::new();
        for operation in model.operations.values() {
            for used in [&operation.input, &operation.output].into_iter().flatten() {
                reach(model, &used.shape, &mut seen)?;
            }
        }
        let exceptions = model.shapes.iter().filter(|(_, def)| def.exception);
        for (name, _) in exceptions.clone().filter(|(_, def)| says_more(def)) {
            reach(model, name, &mut seen)?;
        }

        let mut received = BTreeSet::new();
        let mut typed = BTreeSet::new();
        for operation in implemented.values() {
            if let Some(input) = &operation.input {
                reach(model, &input.shape, &mut received)?;
            }
            if let Some(output) = &operation.output {
                reach(model, &output.shape, &mut typed)?;
            }
            for error in &operation.errors {
                if says_more(definition(model, &error.shape)?) {
                    reach(model, &error.shape, &mut typed)?;
                }
            }
        }
        typed.extend(&received);

        let mut statics = Names::default();
        let schemas =
            seen.iter().map(|&name| (name, statics.claim(names::constant(name)))).collect();
        let mut statics_of_errors = Names::default();
        let errors = exceptions
            .map(|(name, _)| (name.as_str(), statics_of_errors.claim(names::constant(name))))
            .collect();
        let mut statics_of_operations = Names::reserving(&["SERVICE"]);
        let operations = model
            .operations
            .keys()
            .map(|name| (name.as_str(), statics_of_operations.claim(names::constant(name))))
            .collect();
        let mut type_names = Names::reserving(RESERVED_TYPES);
        let types: BTreeMap<_, _> = typed
            .iter()
            .filter(|name| {
                model.shapes.get(**name).is_some_and(|def| def.is_struct() || def.is_enum())
            })
            .map(|&name| (name, type_names.claim(names::type_name(name))))
            .collect();
        let unit = implemented
            .values()
            .any(|operation| operation.input.is_none() || operation.output.is_none())
            .then(|| (statics.claim("UNIT".to_owned()), type_names.claim("Unit".to_owned())));

        let mut plan = Plan {
            service,
            model,
            implemented: BTreeMap::new(),
            schemas,
            errors,
            operations,
            types,
            unit,
            received,
        };
        let mut markers = Names::default();
        for (name, operation) in implemented {
            let type_of = |used: &Option<Reference>| match used {
                Some(used) => plan.types.get(used.shape.as_str()).cloned().unwrap_or_default(),
                None => plan.unit.as_ref().map(|(_, unit)| unit.clone()).unwrap_or_default(),
            };
            let signature = Signature {
                marker: markers.claim(names::type_name(name)),
                input: type_of(&operation.input),
                output: type_of(&operation.output),
            };
            plan.implemented.insert(name, signature);
        }
        Ok(plan)
    }

    /// The definition of a shape; the model was found complete when the plan was made.
    pub fn shape(&self, name: &str) -> Result<&'a ShapeDef, Error> {
        definition(self.model, name)
    }

    /// Whether a field of `inner` in `outer` must stand behind a pointer: structures between the two would make a
    /// type of infinite size. Lists and maps are pointers already.
    pub fn nested(&self, outer: &str, inner: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut next = vec![inner];
        while let Some(name) = next.pop() {
            if name == outer {
                return true;
            }
            let Some(def) = self.model.shapes.get(name).filter(|def| def.is_struct()) else {
                continue;
            };
            if seen.insert(name) {
                next.extend(def.members.0.iter().map(|(_, member)| member.shape.as_str()));
            }
        }
        false
    }
}

/// Adds a shape and all shapes within its reach.
pub(super) fn reach<'a>(
    model: &'a Model,
    name: &str,
    seen: &mut BTreeSet<&'a str>,
) -> Result<(), Error> {
    let missing = || Error::MissingShape { shape: name.to_owned() };
    let (name, def) = model.shapes.get_key_value(name).ok_or_else(missing)?;
    if seen.insert(name) {
        for member in def.references() {
            reach(model, &member.shape, seen)?;
        }
    }
    Ok(())
}

/// Whether an error has members other than its message.
fn says_more(def: &ShapeDef) -> bool {
    def.members.0.iter().any(|(name, _)| !name.eq_ignore_ascii_case("message"))
}

fn definition<'a>(model: &'a Model, name: &str) -> Result<&'a ShapeDef, Error> {
    model.shapes.get(name).ok_or_else(|| Error::MissingShape { shape: name.to_owned() })
}

fn implemented<'a>(
    service: &'a Service,
    model: &'a Model,
) -> Result<BTreeMap<&'a str, &'a Operation>, Error> {
    let all = model.operations.iter().map(|(name, operation)| (name.as_str(), operation));
    if service.implemented.iter().any(|name| name == "*") {
        return Ok(all.collect());
    }
    let missing = service.implemented.iter().find(|name| !model.operations.contains_key(*name));
    if let Some(operation) = missing {
        return Err(Error::MissingOperation {
            service: service.name.clone(),
            operation: operation.clone(),
        });
    }
    Ok(all.filter(|(name, _)| service.implemented.iter().any(|wanted| wanted == name)).collect())
}

/// The Rust type of a shape's values.
pub(super) fn rust_type(plan: &Plan<'_>, name: &str) -> Result<String, Error> {
    let def = plan.shape(name)?;
    let element = |used: &Option<Reference>| -> Result<String, Error> {
        let used =
            used.as_ref().ok_or_else(|| Error::MissingShape { shape: format!("{name}.member") })?;
        let inner = rust_type(plan, &used.shape)?;
        Ok(if def.sparse { format!("Option<{inner}>") } else { inner })
    };
    Ok(match def.kind {
        _ if def.document => "Document".to_owned(),
        Type::Structure => plan.types.get(name).cloned().unwrap_or_default(),
        Type::String if def.is_enum() => plan.types.get(name).cloned().unwrap_or_default(),
        Type::String => "String".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Integer => "i32".to_owned(),
        Type::Long => "i64".to_owned(),
        Type::Float => "f32".to_owned(),
        Type::Double => "f64".to_owned(),
        Type::Timestamp => "Timestamp".to_owned(),
        Type::Blob => "Blob".to_owned(),
        Type::List => format!("Vec<{}>", element(&def.member)?),
        Type::Map => format!("BTreeMap<String, {}>", element(&def.value)?),
    })
}
