//! What a simulation is asked about.

use api_iam::error::INVALID_INPUT_EXCEPTION;
use api_iam::{ContextEntry, ContextKeyTypeEnum};
use authz::{Context, Value};
use shape::Failure;

/// The part of the request that both operations have.
pub(super) struct Given<'i> {
    pub actions: &'i [String],
    /// None means `*`.
    pub resources: &'i [String],
    pub resource_policy: Option<&'i str>,
    pub resource_owner: Option<&'i str>,
    pub caller: Option<&'i str>,
    pub context: &'i [ContextEntry],
    pub handling: Option<&'i str>,
}

impl<'i> Given<'i> {
    /// Checks the actions, and that nothing is asked for that is not done.
    ///
    /// # Errors
    /// `InvalidInput`.
    pub fn check(&self) -> Result<(), Failure> {
        if self.handling.is_some() {
            return Err(invalid("ResourceHandlingOption is not supported here."));
        }
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        for action in self.actions {
            let parts = action.split_once(':');
            if !parts.is_some_and(|(service, name)| plain(service) && plain(name)) {
                return Err(invalid(&format!(
                    "Invalid action name {action}: it is a service and an operation, without wildcards."
                )));
            }
        }
        Ok(())
    }

    /// Every action with every resource.
    pub fn pairs(&self) -> impl Iterator<Item = (&'i str, &'i str)> {
        let resources = self.resources;
        self.actions.iter().flat_map(move |action| {
            let none = resources.is_empty().then_some("*");
            let given = resources.iter().map(String::as_str);
            given.chain(none).map(move |resource| (action.as_str(), resource))
        })
    }
}

/// Sets the given condition keys.
///
/// # Errors
/// `InvalidInput` for a value that is not of its type.
pub(super) fn set(context: &mut Context, entries: &[ContextEntry]) -> Result<(), Failure> {
    for entry in entries {
        let name = entry.context_key_name.as_deref().unwrap_or_default();
        let values = entry.context_key_values.as_deref().unwrap_or_default();
        let Some(of) = &entry.context_key_type else {
            return Err(invalid(&format!("The context key {name} has no type.")));
        };
        let (read, list) = reader(of).ok_or_else(|| {
            invalid(&format!("The context key {name} has the unknown type {of}."))
        })?;
        let typed: Option<Vec<Value>> = values.iter().map(|value| read(value)).collect();
        let typed = typed.filter(|values| list || values.len() <= 1);
        let typed = typed
            .ok_or_else(|| invalid(&format!("A value of the context key {name} is not a {of}.")))?;
        if !list && let Some(value) = typed.first() {
            context.set(name.to_owned(), value.clone());
        } else {
            context.set_all(name.to_owned(), typed);
        }
    }
    Ok(())
}

/// Reads one value.
type Read = fn(&str) -> Option<Value>;

/// How values of a type are read, and whether there may be several.
fn reader(of: &ContextKeyTypeEnum) -> Option<(Read, bool)> {
    use ContextKeyTypeEnum as Type;
    let text: Read = |text| Some(Value::from(text.to_owned()));
    let number: Read = |text| text.trim().parse::<f64>().ok().map(|_| text.to_owned().into());
    let boolean: Read = |text| text.to_ascii_lowercase().parse::<bool>().ok().map(Value::from);
    let address: Read = |text| {
        let (address, bits) = text.split_once('/').unwrap_or((text, "0"));
        bits.parse::<u8>().ok()?;
        address.parse().ok().map(Value::Ip)
    };
    let bytes: Read = |text| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(text).ok().map(Value::Bytes)
    };
    let date: Read = |text| {
        let of_seconds = || text.parse::<i64>().ok().map(Value::from);
        base::Timestamp::parse_rfc3339(text).map(Value::from).or_else(of_seconds)
    };
    Some(match of {
        Type::String => (text, false),
        Type::StringList => (text, true),
        Type::Numeric => (number, false),
        Type::NumericList => (number, true),
        Type::Boolean => (boolean, false),
        Type::BooleanList => (boolean, true),
        Type::Ip => (address, false),
        Type::IpList => (address, true),
        Type::Binary => (bytes, false),
        Type::BinaryList => (bytes, true),
        Type::Date => (date, false),
        Type::DateList => (date, true),
        Type::Unknown(_) => return None,
    })
}

pub(super) fn invalid(text: &str) -> Failure {
    INVALID_INPUT_EXCEPTION.because(text)
}
