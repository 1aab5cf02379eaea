//! awsQuery: form requests in which dotted names flatten the input, answers in XML.
//!
//! The names span a tree, which is read by walking the schema over the ordered list of parameters. What differs in ec2Query stands in
//! [`super::ec2`].

use std::collections::BTreeMap;

use shape::{
    Kind, List, Member, OperationSchema, ServiceSchema, Shape, TimestampFormat, XmlNamespace,
};

use super::budget::Budget;
use super::error::{DecodeError, STRING};
use super::target::Target;
use super::{Scope, ec2, exactly_one, form, text, xml};
use crate::limits::MAX_FORM_PARAMS;
use crate::request::Request;

/// How form parameters write moments.
const TIMESTAMP: TimestampFormat = TimestampFormat::DateTime;
/// The step around the entries of a map that is not flattened.
const ENTRY: &str = "entry";

/// How members are named and lists laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// awsQuery.
    Query,
    /// ec2Query.
    Ec2,
}

/// Fills `into` from the form in the body and in the query string.
pub(crate) fn read(
    dialect: Dialect,
    request: &Request,
    into: &mut dyn Shape,
) -> Result<(), DecodeError> {
    let mut parameters = form::pairs(request.query.as_bytes(), MAX_FORM_PARAMS)?;
    parameters.extend(form::pairs(&request.body, MAX_FORM_PARAMS)?);
    parameters.sort();
    if let Some(twice) = parameters.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(DecodeError::Duplicate(twice[0].0.clone()));
    }
    Form { dialect, budget: Budget::default() }.structure(into, Node::root(&parameters))
}

/// Writes an answer in the operation's result element.
pub(crate) fn write(
    service: &ServiceSchema,
    operation: &OperationSchema,
    output: &dyn Shape,
    request_id: &str,
    out: &mut String,
) {
    let mut xml = xml::Writer::new(out);
    xml.wrap(&format!("{}Response", operation.name), namespace(service), |xml| {
        if operation.output.is_some() {
            match operation.result_wrapper {
                Some(wrapper) => xml.structure(output, Scope::All, wrapper, None),
                None => xml.members(output, Scope::All),
            }
        }
        xml.wrap("ResponseMetadata", None, |xml| xml.text("RequestId", None, request_id));
    });
}

/// The namespace of a service's messages.
pub(crate) fn namespace(service: &ServiceSchema) -> Option<XmlNamespace> {
    service.xml_namespace.map(|uri| XmlNamespace { prefix: None, uri })
}

/// The parameters whose names begin alike, in a list that is ordered by name: a level of the tree that names span.
#[derive(Clone, Copy)]
struct Node<'p> {
    /// The value of the parameter that is named like the beginning.
    value: Option<&'p str>,
    /// The parameters with longer names.
    below: &'p [(String, String)],
    /// Bytes of the beginning, with the dot at its end.
    at: usize,
}

impl<'p> Node<'p> {
    fn root(parameters: &'p [(String, String)]) -> Self {
        Self { value: None, below: parameters, at: 0 }
    }

    /// One step down; `None` if no name begins with it.
    fn child(self, step: &str) -> Option<Self> {
        // Where the names begin that have the step and this byte, or more, before them.
        let from = |last: u8| {
            let beginning = || step.bytes().chain([last]);
            self.below.partition_point(|pair| self.rest(pair).bytes().lt(beginning()))
        };
        let found = self.below.binary_search_by(|pair| self.rest(pair).cmp(step)).ok();
        let value = found.map(|found| self.below[found].1.as_str());
        let below = &self.below[from(b'.')..from(b'.' + 1)];
        let child = Self { value, below, at: self.at + step.len() + 1 };
        (value.is_some() || !below.is_empty()).then_some(child)
    }

    /// What a name has behind this node's beginning.
    fn rest(self, (name, _): &(String, String)) -> &str {
        &name[self.at..]
    }

    /// The children with numbers for names, in the order of the numbers. Gaps are closed.
    fn numbered(self) -> Result<Vec<Self>, DecodeError> {
        let mut steps: BTreeMap<u32, &str> = BTreeMap::new();
        for pair in self.below {
            let step = self.rest(pair).split('.').next().unwrap_or_default();
            let Ok(number) = step.parse() else { continue };
            if steps.insert(number, step).is_some_and(|other| other != step) {
                return Err(DecodeError::Duplicate(pair.0.clone()));
            }
        }
        Ok(steps.into_values().filter_map(|step| self.child(step)).collect())
    }
}

struct Form {
    dialect: Dialect,
    budget: Budget,
}

impl Form {
    fn name(&self, member: &Member) -> String {
        match self.dialect {
            Dialect::Query => member.wire_name().to_owned(),
            Dialect::Ec2 => ec2::parameter_name(member),
        }
    }

    fn structure(&mut self, shape: &mut dyn Shape, node: Node<'_>) -> Result<(), DecodeError> {
        let schema = shape.schema();
        self.budget.structure(schema)?;
        for (index, member) in schema.members().iter().enumerate() {
            if let Some(child) = node.child(&self.name(member)) {
                self.value(Target::field(shape, index)?, child, member.traits.flattened)?;
            }
        }
        self.budget.leave();
        if matches!(schema.kind, Kind::Union(_)) { exactly_one(shape) } else { Ok(()) }
    }

    fn value(
        &mut self,
        target: Target<'_>,
        node: Node<'_>,
        flattened: bool,
    ) -> Result<(), DecodeError> {
        self.budget.node()?;
        match target.kind() {
            Kind::Structure(_) | Kind::Union(_) => match target.open()?.shape_mut() {
                Some(shape) => self.structure(shape, node),
                None => Err(DecodeError::Container("structure")),
            },
            Kind::List { member, sparse } => {
                let bare = flattened || self.dialect == Dialect::Ec2;
                let items = if bare { Some(node) } else { node.child(member.wire_name()) };
                // `Name=` is the empty list.
                if items.is_none_or(|items| items.below.is_empty()) && node.value != Some("") {
                    return Err(DecodeError::mismatch(STRING, target.kind()));
                }
                let list = target.open()?.list_mut().ok_or(DecodeError::Container("list"))?;
                items.map_or(Ok(()), |items| self.list(list, items, member, sparse))
            }
            Kind::Map { key, value, sparse } => {
                let map = target.open()?.map_mut().ok_or(DecodeError::Container("map"))?;
                let entries = if flattened { Some(node) } else { node.child(ENTRY) };
                self.budget.enter()?;
                for entry in entries.map_or(Ok(Vec::new()), Node::numbered)? {
                    let name = entry.child(key.wire_name()).and_then(|key| key.value);
                    let Some(name) = name else {
                        return Err(DecodeError::malformed(
                            form::FORMAT,
                            "a map's entry has no key",
                        ));
                    };
                    let target = Target::entry(map, name.to_owned(), value, sparse);
                    match entry.child(value.wire_name()) {
                        Some(node) => self.value(target, node, value.traits.flattened)?,
                        None => target.null()?,
                    }
                }
                self.budget.leave();
                Ok(())
            }
            _ => match node.value {
                Some(value) => {
                    let scalar = text::parse(target.member, value, TIMESTAMP)?;
                    target.set(STRING, scalar)
                }
                None => Err(DecodeError::Container("structure")),
            },
        }
    }

    fn list(
        &mut self,
        list: &mut dyn List,
        items: Node<'_>,
        member: &'static Member,
        sparse: bool,
    ) -> Result<(), DecodeError> {
        self.budget.enter()?;
        for item in items.numbered()? {
            self.value(Target::element(list, member, sparse), item, member.traits.flattened)?;
        }
        self.budget.leave();
        Ok(())
    }
}
