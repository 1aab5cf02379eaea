//! Parameter policies: expiration, and notifications before it or when nothing changed. The scheduler carries them out.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-policies.html>

use std::time::Duration;

use api_ssm::ParameterInlinePolicy;
use api_ssm::error::{
    INCOMPATIBLE_POLICY_EXCEPTION, INVALID_POLICY_ATTRIBUTE_EXCEPTION,
    INVALID_POLICY_TYPE_EXCEPTION, POLICIES_LIMIT_EXCEEDED_EXCEPTION,
};
use base::Timestamp;
use platform::{Call, Work};
use serde::{Deserialize, Serialize};
use shape::Failure;
use shape::error::VALIDATION;
use store::Scope;

use crate::find::OrInternal as _;
use crate::record::{Parameter, SERVICE};
use crate::{delete, events};

/// Policies of one parameter at most.
const POLICIES_MAX: usize = 10;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A policy with what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub kind: Kind,
    /// Its JSON, as it was given.
    pub text: String,
    /// When it is to be carried out.
    pub due: Timestamp,
    /// Whether it was.
    pub finished: bool,
}

/// `Type` of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Expiration,
    ExpirationNotification,
    NoChangeNotification,
}

/// A policy as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    r#type: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Attributes {
    timestamp: Option<String>,
    before: Option<String>,
    after: Option<String>,
    unit: Option<String>,
}

impl Kind {
    /// The API's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expiration => "Expiration",
            Self::ExpirationNotification => "ExpirationNotification",
            Self::NoChangeNotification => "NoChangeNotification",
        }
    }
}

impl Policy {
    /// The policy as the API shows it.
    pub fn show(&self) -> ParameterInlinePolicy {
        ParameterInlinePolicy {
            policy_text: Some(self.text.clone()),
            policy_type: Some(self.kind.as_str().to_owned()),
            policy_status: Some(if self.finished { "Finished" } else { "Pending" }.to_owned()),
        }
    }
}

/// Reads the policies of a parameter that is changed `now`.
///
/// # Errors
/// `ValidationException`, `InvalidPolicyTypeException`, `InvalidPolicyAttributeException`,
/// `IncompatiblePolicyException`, `PoliciesLimitExceededException`.
pub(crate) fn read(text: &str, now: Timestamp) -> Result<Vec<Policy>, Failure> {
    // An empty text takes the policies away.
    if text.is_empty() || text == "{}" {
        return Ok(Vec::new());
    }
    let malformed = |_| VALIDATION.because("Parameter policies must be a JSON array of policies.");
    let texts: Vec<serde_json::Value> = serde_json::from_str(text).map_err(malformed)?;
    if texts.len() > POLICIES_MAX {
        let text = format!("A parameter can have at most {POLICIES_MAX} policies.");
        return Err(POLICIES_LIMIT_EXCEEDED_EXCEPTION.because(text));
    }
    let mut written = Vec::with_capacity(texts.len());
    for value in texts {
        let text = value.to_string();
        let policy: Written = serde_json::from_value(value).map_err(malformed)?;
        let kind = match policy.r#type.as_str() {
            "Expiration" => Kind::Expiration,
            "ExpirationNotification" => Kind::ExpirationNotification,
            "NoChangeNotification" => Kind::NoChangeNotification,
            other => {
                let text = format!("The policy type {other} is not supported.");
                return Err(INVALID_POLICY_TYPE_EXCEPTION.because(text));
            }
        };
        written.push((kind, text, policy.attributes));
    }
    let expirations = written.iter().filter(|(kind, ..)| *kind == Kind::Expiration).count();
    if expirations > 1 {
        let text = "A parameter can have only one Expiration policy.";
        return Err(INCOMPATIBLE_POLICY_EXCEPTION.because(text));
    }
    let expiration = written.iter().find(|(kind, ..)| *kind == Kind::Expiration);
    let expiration = expiration.map(|(_, _, attributes)| expires(attributes, now)).transpose()?;
    let policy = |(kind, text, attributes): (Kind, String, Attributes)| {
        let due = match kind {
            Kind::Expiration => expires(&attributes, now)?,
            Kind::ExpirationNotification => {
                let before = span(attributes.before.as_deref(), attributes.unit.as_deref())?;
                let expiration = expiration.ok_or_else(|| {
                    INCOMPATIBLE_POLICY_EXCEPTION.because(
                        "An ExpirationNotification policy needs an Expiration policy beside it.",
                    )
                })?;
                expiration - before
            }
            Kind::NoChangeNotification => {
                now + span(attributes.after.as_deref(), attributes.unit.as_deref())?
            }
        };
        Ok(Policy { kind, text, due, finished: false })
    };
    written.into_iter().map(policy).collect()
}

fn expires(attributes: &Attributes, now: Timestamp) -> Result<Timestamp, Failure> {
    let text = attributes.timestamp.as_deref().unwrap_or_default();
    let at = Timestamp::parse_rfc3339(text)
        .ok_or_else(|| attribute(&format!("Timestamp {text} is not an ISO 8601 instant.")))?;
    if at <= now {
        return Err(attribute("The expiration time must be in the future."));
    }
    Ok(at)
}

fn span(count: Option<&str>, unit: Option<&str>) -> Result<Duration, Failure> {
    let count: u32 = count
        .and_then(|count| count.parse().ok())
        .filter(|count| *count > 0)
        .ok_or_else(|| attribute("Before and After must be positive whole numbers."))?;
    match unit {
        Some("Days") => Ok(HOUR * 24 * count),
        Some("Hours") => Ok(HOUR * count),
        _ => Err(attribute("Unit must be Days or Hours.")),
    }
}

fn attribute(why: &str) -> Failure {
    INVALID_POLICY_ATTRIBUTE_EXCEPTION.because(why)
}

/// Sets when the scheduler must look at the parameter next.
pub(crate) fn schedule(
    call: &mut Call,
    scope: &Scope,
    parameter: &Parameter,
) -> Result<(), Failure> {
    let waiting = parameter.policies.iter().filter(|policy| !policy.finished);
    let due = waiting.map(|policy| policy.due).min();
    call.tx.put_due(scope, SERVICE, PolicyWork::KIND, &parameter.name, due).or_internal()
}

/// Carries out the policies of parameters.
pub(crate) struct PolicyWork;

impl Work for PolicyWork {
    const KIND: &'static str = "parameter-policy";

    async fn run(&self, call: &mut Call, name: &str) -> Result<(), Failure> {
        let scope = call.scope();
        let Some(found) = call.tx.get::<Parameter>(&scope, name).await.or_internal()? else {
            return call.tx.put_due(&scope, SERVICE, Self::KIND, name, None).or_internal();
        };
        let mut parameter = Parameter::clone(&found);
        let now = call.now;
        let is_due = |policy: &&mut Policy| !policy.finished && policy.due <= now;
        let mut done = Vec::new();
        for policy in parameter.policies.iter_mut().filter(is_due) {
            policy.finished = true;
            done.push(policy.clone());
        }
        for policy in &done {
            events::policy_action(call, &scope, &parameter, policy)?;
        }
        if done.iter().any(|policy| policy.kind == Kind::Expiration) {
            events::change(call, &parameter, "Delete")?;
            return delete::remove(call, &scope, &parameter);
        }
        call.tx.put(&scope, name, &parameter).or_internal()?;
        schedule(call, &scope, &parameter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").expect("a time")
    }

    #[test]
    fn policies_are_due_when_they_say() {
        let text = r#"[
            {"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2026-01-31T00:00:00.000Z"}},
            {"Type":"ExpirationNotification","Version":"1.0","Attributes":{"Before":"5","Unit":"Days"}},
            {"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"6","Unit":"Hours"}}]"#;
        let due: Vec<String> =
            read(text, now()).expect("policies").iter().map(|p| p.due.rfc3339()).collect();
        assert_eq!(due, ["2026-01-31T00:00:00Z", "2026-01-26T00:00:00Z", "2026-01-01T06:00:00Z"]);
        assert_eq!(read("", now()).expect("none"), []);
    }

    #[test]
    fn wrong_policies_are_told_apart() {
        for (text, error) in [
            ("[{]", "ValidationException"),
            (r#"[{"Type":"Other"}]"#, "InvalidPolicyTypeException"),
            (r#"[{"Type":"Expiration"}]"#, "InvalidPolicyAttributeException"),
            (
                r#"[{"Type":"Expiration","Attributes":{"Timestamp":"2025-01-01T00:00:00Z"}}]"#,
                "InvalidPolicyAttributeException",
            ),
            (
                r#"[{"Type":"ExpirationNotification","Attributes":{"Before":"1","Unit":"Days"}}]"#,
                "IncompatiblePolicyException",
            ),
            (
                r#"[{"Type":"NoChangeNotification","Attributes":{"After":"1","Unit":"Years"}}]"#,
                "InvalidPolicyAttributeException",
            ),
        ] {
            assert_eq!(read(text, now()).expect_err(text).error.name, error, "{text}");
        }
    }
}
