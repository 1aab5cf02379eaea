//! CloudTrail records: one for every call, in the words of CloudTrail's record contents reference.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
//! Sensitive members and bytes never enter a record. A record is built before the commit that it goes into.

mod render;
mod user_identity;

use serde::Serialize;
use shape::{Failure, Shape};
use store::{JournalEntry, StoreError};

use crate::call::{AuditNotes, Call, ServiceEvent};
use crate::service::{Facts, Resource};
use render::Rendered;
use user_identity::UserIdentity;

/// The version of the record format that is written.
const EVENT_VERSION: &str = "1.11";
/// Longest `errorMessage`, in bytes (the documented limit).
const ERROR_MESSAGE_MAX_BYTES: usize = 1024;

/// How a call ended, for its record.
pub(crate) enum Outcome<'a> {
    Success(&'a dyn Shape),
    Failure(&'a Failure),
}

/// What a record tells of the operation.
pub(crate) struct Subject<'a> {
    pub(crate) event_source: &'static str,
    pub(crate) event_name: &'static str,
    pub(crate) facts: Option<Facts>,
    pub(crate) input: Option<&'a dyn Shape>,
}

/// Adds the record of an API call to the call's transaction: in the caller's account, and also in the account of each resource
/// that belongs to somebody else, if the call succeeded.
pub(crate) fn record_call(
    call: &mut Call,
    subject: &Subject<'_>,
    outcome: &Outcome<'_>,
) -> Result<(), StoreError> {
    let caller = call.account();
    let mut others: Vec<_> = match outcome {
        Outcome::Success(_) => call.resources.iter().map(|r| r.owner).collect(),
        Outcome::Failure(_) => Vec::new(),
    };
    others.retain(|owner| *owner != caller);
    others.sort_unstable();
    others.dedup();

    let shared = (!others.is_empty()).then(|| call.uuid());
    for recipient in std::iter::once(caller).chain(others) {
        let id = call.uuid();
        let facts = subject.facts;
        let request_parameters = match (&call.notes.request, subject.input, facts) {
            (Some(value), _, _) => Some(Elements::Given(value)),
            (None, Some(input), Some(facts)) => {
                Rendered::new(input, facts.audit.omit_request).map(Elements::Rendered)
            }
            _ => None,
        };
        let response_elements = match (outcome, &call.notes.response, facts) {
            (Outcome::Failure(_), _, _) => None,
            (_, Some(value), _) => Some(Elements::Given(value)),
            (Outcome::Success(output), None, Some(facts)) if facts.audit.response => {
                Rendered::new(*output, facts.audit.omit_response).map(Elements::Rendered)
            }
            _ => None,
        };
        let (error_code, error_message) = match outcome {
            Outcome::Success(_) => (None, None),
            Outcome::Failure(failure) => {
                (Some(failure.error.query_code()), Some(clip(&failure.message)))
            }
        };
        let record = Record {
            event_version: EVENT_VERSION,
            user_identity: if recipient == caller {
                UserIdentity::of(&call.caller)
            } else {
                UserIdentity::stranger(&call.caller)
            },
            event_time: call.now.trunc_seconds().rfc3339(),
            event_source: subject.event_source,
            event_name: subject.event_name,
            aws_region: call.region.as_str(),
            source_ip_address: source_address(call),
            user_agent: call.source.user_agent.as_deref().or(call.caller.invoked_by),
            error_code,
            error_message,
            request_parameters,
            response_elements,
            additional_event_data: additional(&call.notes),
            request_id: Some(&call.request_id),
            event_id: &id,
            read_only: facts.is_some_and(|facts| facts.read_only),
            resources: resources(&call.resources),
            event_type: "AwsApiCall",
            management_event: true,
            recipient_account_id: recipient.as_str(),
            shared_event_id: shared.as_deref(),
            service_event_details: None,
            event_category: "Management",
            tls_details: call.source.tls.as_ref().map(|tls| TlsDetails {
                tls_version: tls.version,
                cipher_suite: &tls.cipher_suite,
                client_provided_host_header: call.source.host.as_deref(),
            }),
        };
        let body = to_json(&record);
        let scope = store::Scope { account: recipient, region: call.region.clone() };
        call.tx.journal(&JournalEntry { scope, at: call.now, id, body })?;
    }
    Ok(())
}

/// The record of something that a service did by itself.
pub(crate) fn service_event(call: &Call, event: &ServiceEvent) -> JournalEntry {
    let id = call.uuid();
    let record = Record {
        event_version: EVENT_VERSION,
        user_identity: UserIdentity::internal(event.account),
        event_time: call.now.trunc_seconds().rfc3339(),
        event_source: event.source,
        event_name: event.name,
        aws_region: call.region.as_str(),
        source_ip_address: "AWS Internal".into(),
        user_agent: Some("AWS Internal"),
        error_code: None,
        error_message: None,
        request_parameters: None,
        response_elements: None,
        additional_event_data: AdditionalEventData::default(),
        request_id: None,
        event_id: &id,
        read_only: false,
        resources: resources(&event.resources),
        event_type: "AwsServiceEvent",
        management_event: true,
        recipient_account_id: event.account.as_str(),
        shared_event_id: None,
        service_event_details: event.details.as_ref(),
        event_category: "Management",
        tls_details: None,
    };
    let body = to_json(&record);
    let scope = store::Scope { account: event.account, region: call.region.clone() };
    JournalEntry { scope, at: call.now, id, body }
}

fn to_json(record: &Record<'_>) -> Vec<u8> {
    // Every key is text and every number finite, so this cannot fail.
    serde_json::to_vec(record).unwrap_or_default()
}

fn additional(notes: &AuditNotes) -> AdditionalEventData<'_> {
    AdditionalEventData {
        own: notes.additional.as_ref(),
        encoded_authorization_message: notes.denial.as_deref(),
    }
}

fn source_address(call: &Call) -> String {
    match (call.source.ip, call.caller.invoked_by) {
        (Some(ip), _) => ip.to_string(),
        (None, Some(service)) => service.to_owned(),
        (None, None) => "AWS Internal".to_owned(),
    }
}

/// Each resource once, however many actions were judged on it, without what only stands for resources to come.
fn resources(resources: &[Resource]) -> Vec<AuditResource> {
    let show = |r: &Resource| AuditResource {
        account_id: r.owner.to_string(),
        kind: r.kind,
        arn: r.arn.to_string(),
    };
    let is_shown = |index: &usize| {
        let (this, earlier) = (&resources[*index], &resources[..*index]);
        let is_pattern = this.action.is_some() && this.arn.resource.ends_with('*');
        !is_pattern && !earlier.iter().any(|r| r.arn == this.arn)
    };
    (0..resources.len()).filter(is_shown).map(|index| show(&resources[index])).collect()
}

fn clip(message: &str) -> &str {
    let mut end = message.len().min(ERROR_MESSAGE_MAX_BYTES);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    &message[..end]
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    event_version: &'static str,
    user_identity: UserIdentity<'a>,
    event_time: String,
    event_source: &'a str,
    event_name: &'a str,
    aws_region: &'a str,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: String,
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<&'a str>,
    request_parameters: Option<Elements<'a>>,
    response_elements: Option<Elements<'a>>,
    #[serde(skip_serializing_if = "AdditionalEventData::is_empty")]
    additional_event_data: AdditionalEventData<'a>,
    #[serde(rename = "requestID", skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    #[serde(rename = "eventID")]
    event_id: &'a str,
    read_only: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<AuditResource>,
    event_type: &'static str,
    management_event: bool,
    recipient_account_id: &'a str,
    #[serde(rename = "sharedEventID", skip_serializing_if = "Option::is_none")]
    shared_event_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_event_details: Option<&'a serde_json::Value>,
    event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_details: Option<TlsDetails<'a>>,
}

/// What the service added, and why the call was refused: an encoded authorization message.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct AdditionalEventData<'a> {
    #[serde(flatten)]
    own: Option<&'a serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoded_authorization_message: Option<&'a str>,
}

impl AdditionalEventData<'_> {
    fn is_empty(&self) -> bool {
        self.own.is_none() && self.encoded_authorization_message.is_none()
    }
}

#[derive(Serialize)]
struct AuditResource {
    #[serde(rename = "accountId")]
    account_id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "ARN")]
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TlsDetails<'a> {
    tls_version: &'static str,
    cipher_suite: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_provided_host_header: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Elements<'a> {
    Given(&'a serde_json::Value),
    Rendered(Rendered<'a>),
}
