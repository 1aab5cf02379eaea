//! What Organizations does by itself is recorded as a service event, and goes out to the event bus as such.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html>

use api_organizations::CreateAccountStatus;
use base::{AccountId, Region};
use identity::organization::Account;
use platform::{Call, ServiceEvent};
use serde_json::{Value, json};
use shape::Failure;

/// The service's principal.
const EVENT_SOURCE: &str = "organizations.amazonaws.com";
/// The source of events on the event bus.
const BUS_SOURCE: &str = "aws.organizations";
/// What such events are called there.
const DETAIL_TYPE: &str = "AWS Service Event via CloudTrail";
/// The Region in which Organizations records what it does.
const HOME: &str = "us-east-1";

/// An account was made, or could not be.
///
/// # Errors
/// An event that is too large.
pub(crate) fn created(call: &mut Call, status: &CreateAccountStatus) -> Result<(), Failure> {
    let at = |at: Option<base::Timestamp>| at.map(|at| at.trunc_seconds().rfc3339());
    let mut shown = json!({
        "id": status.id,
        "state": status.state.as_ref().map(|state| state.as_str()),
        "accountName": "****",
        "accountId": status.account_id,
        "requestedTimestamp": at(status.requested_timestamp),
        "completedTimestamp": at(status.completed_timestamp),
    });
    if let (Some(reason), Value::Object(members)) = (&status.failure_reason, &mut shown) {
        members.remove("accountId");
        members.insert("failureReason".into(), reason.as_str().into());
    }
    let account = call.account();
    send(call, "CreateAccountResult", account, &json!({ "createAccountStatus": shown }))
}

/// An account was closed.
///
/// # Errors
/// An event that is too large.
pub(crate) fn closed(call: &mut Call, account: &Account) -> Result<(), Failure> {
    let status = json!({ "closeAccountStatus": {
        "accountId": account.id,
        "state": "SUCCEEDED",
        "requestedTimestamp": call.now.trunc_seconds().rfc3339(),
        "completedTimestamp": call.now.trunc_seconds().rfc3339(),
    }});
    let management = call.account();
    send(call, "CloseAccountResult", management, &status)
}

fn send(
    call: &mut Call,
    name: &'static str,
    account: AccountId,
    details: &Value,
) -> Result<(), Failure> {
    let region = HOME.parse::<Region>().unwrap_or_default();
    let region = std::mem::replace(&mut call.region, region);
    let sent = call.service_event(ServiceEvent {
        name,
        source: EVENT_SOURCE,
        details: Some(details.clone()),
        resources: Vec::new(),
        account,
    });
    let detail = json!({
        "eventSource": EVENT_SOURCE,
        "eventName": name,
        "eventTime": call.now.trunc_seconds().rfc3339(),
        "serviceEventDetails": details,
    });
    let sent = sent.and_then(|()| call.emit(BUS_SOURCE, DETAIL_TYPE, &[], &detail));
    call.region = region;
    sent
}
