//! What can be asked: who the caller is, whose an access key is, and why a call was refused.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>. A decoded message has AWS's members;
//! what AWS's form has no place for, each layer's say with policy and position, stands in `reasons` beside them.

use api_sts::error::INVALID_AUTHORIZATION_MESSAGE_EXCEPTION;
use api_sts::operations::{DecodeAuthorizationMessage, GetAccessKeyInfo, GetCallerIdentity};
use api_sts::{
    DecodeAuthorizationMessageRequest, DecodeAuthorizationMessageResponse, GetAccessKeyInfoRequest,
    GetAccessKeyInfoResponse, GetCallerIdentityRequest, GetCallerIdentityResponse,
};
use authz::{Reason, Verdict};
use identity::ids;
use platform::{Audit, Call, Explanation, Facts, Handle};
use serde_json::{Value, json};
use shape::Failure;
use shape::error::VALIDATION;

use crate::{Sts, session};

impl Handle<GetCallerIdentity> for Sts {
    const FACTS: Facts = Facts::read("sts:GetCallerIdentity").free();

    async fn handle(
        &self,
        call: &mut Call,
        _input: &GetCallerIdentityRequest,
    ) -> Result<GetCallerIdentityResponse, Failure> {
        Ok(GetCallerIdentityResponse {
            user_id: Some(call.caller.user_id()),
            arn: Some(call.caller.arn()),
            account: Some(call.account().to_string()),
        })
    }
}

impl Handle<GetAccessKeyInfo> for Sts {
    const FACTS: Facts = Facts::read("sts:GetAccessKeyInfo");

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetAccessKeyInfoRequest,
    ) -> Result<GetAccessKeyInfoResponse, Failure> {
        session::no_user_session(call, "GetAccessKeyInfo")?;
        // The id bears its account, whether or not there is such a key.
        let account = ids::account_of(input.access_key_id());
        let account = account.ok_or_else(|| VALIDATION.because("Invalid AWS access key ID"))?;
        Ok(GetAccessKeyInfoResponse { account: Some(account.to_string()) })
    }
}

impl Handle<DecodeAuthorizationMessage> for Sts {
    const FACTS: Facts = Facts::read("sts:DecodeAuthorizationMessage")
        .audited(Audit::REQUEST.without_request(&["EncodedMessage"]));

    async fn handle(
        &self,
        call: &mut Call,
        input: &DecodeAuthorizationMessageRequest,
    ) -> Result<DecodeAuthorizationMessageResponse, Failure> {
        session::no_user_session(call, "DecodeAuthorizationMessage")?;
        let keyring = call.credentials().keyring();
        let opened = Explanation::open(keyring, call.account(), input.encoded_message());
        let explanation = opened.ok_or_else(|| {
            INVALID_AUTHORIZATION_MESSAGE_EXCEPTION.because("Message validation failed")
        })?;
        Ok(DecodeAuthorizationMessageResponse { decoded_message: Some(tell(&explanation)) })
    }
}

/// The decoded message, as AWS documents it.
fn tell(explanation: &Explanation) -> String {
    let decision = &explanation.decision;
    let denying = decision.reasons.iter().filter(|reason| reason.verdict == Verdict::Denies);
    let items: Vec<Value> = denying.map(statement).collect();
    let conditions: Vec<Value> = explanation
        .context
        .iter()
        .map(|(key, values)| {
            let values: Vec<Value> = values.iter().map(|value| json!({ "value": value })).collect();
            json!({ "key": key, "values": { "items": values } })
        })
        .collect();
    let of_context = |key: &str| {
        let (_, values) = explanation.context.iter().find(|(known, _)| known == key)?;
        values.first().cloned()
    };
    let told = json!({
        "allowed": decision.allowed,
        "explicitDeny": !items.is_empty(),
        "matchedStatements": { "items": items },
        "failures": { "items": [] },
        "context": {
            "principal": {
                "id": of_context("aws:userid"),
                "name": of_context("aws:username"),
                "arn": explanation.principal,
            },
            "action": explanation.action,
            "resource": explanation.resource,
            "conditions": { "items": conditions },
        },
        "requestId": explanation.request_id,
        "reasons": decision.reasons,
    });
    told.to_string()
}

/// A statement that denied. Its text is not kept; its name and place are.
fn statement(reason: &Reason) -> Value {
    let sid = reason.statement.as_ref().and_then(|statement| statement.sid.clone());
    json!({
        "statementId": sid.as_deref().unwrap_or_default(),
        "effect": "DENY",
        "sourcePolicyId": reason.policy.as_deref(),
    })
}
