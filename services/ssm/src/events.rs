//! What EventBridge is told.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html>

use platform::Call;
use serde_json::json;
use shape::Failure;
use store::Scope;

use crate::policies::Policy;
use crate::record::{self, Parameter};

/// A parameter was created, updated, deleted or labelled.
pub(crate) fn change(call: &mut Call, parameter: &Parameter, what: &str) -> Result<(), Failure> {
    let mut detail = json!({
        "operation": what,
        "name": parameter.name,
        "type": parameter.kind.as_str(),
    });
    if let Some(description) = &parameter.about.description {
        detail["description"] = description.as_str().into();
    }
    let arn = record::arn(&call.scope(), &parameter.name).to_string();
    call.emit("aws.ssm", "Parameter Store Change", &[arn], &detail)
}

/// A parameter's policy was carried out.
pub(crate) fn policy_action(
    call: &mut Call,
    scope: &Scope,
    parameter: &Parameter,
    policy: &Policy,
) -> Result<(), Failure> {
    let detail = json!({
        "policy-type": policy.kind.as_str(),
        "policy-content": policy.text,
        "parameter-name": parameter.name,
        "parameter-type": parameter.kind.as_str(),
        "action-status": "Success",
        "action-reason": "",
    });
    let arn = record::arn(scope, &parameter.name).to_string();
    call.emit("aws.ssm", "Parameter Store Policy Action", &[arn], &detail)
}
