//! CreateGrant, and what a grant may contain. Listing is in [`crate::grant_list`], ending in [`crate::grant_end`].
//!
//! A grant only permits; whether a call is covered by one is weighed in authorization, which asks [`crate::grant_source`].

use std::collections::BTreeMap;

use api_kms::error::INVALID_ARN_EXCEPTION;
use api_kms::operations::CreateGrant;
use api_kms::{CreateGrantRequest, CreateGrantResponse, GrantConstraints, GrantOperation};
use keyring::KeySpec;
use platform::{Audit, Call, Facts, Handle, Resource};
use serde_json::json;
use shape::Failure;
use shape::error::VALIDATION;

use crate::grant_record::{self, GrantRecord, Terms};
use crate::grant_token::{self, Address};
use crate::lookup::{self, Accepts};
use crate::record::{KeyRecord, Usage};
use crate::{Kms, conditions, dry_run, facts, principal, state};

/// Random bytes in a grant id, which is written in hex.
const GRANT_ID_BYTES: usize = 32;
/// Pairs in an encryption context constraint at most.
const CONSTRAINT_PAIRS_MAX: usize = 8;
/// Characters of a value in an encryption context constraint at most.
const CONSTRAINT_VALUE_MAX_CHARS: usize = 384;

impl Handle<CreateGrant> for Kms {
    // Tokens are worth as much as permissions until authorization forgets them; they stay out of the record.
    const FACTS: Facts = facts::on_key(
        Facts::write("kms:CreateGrant")
            .audited(Audit::REQUEST_AND_RESPONSE.without_request(&["GrantTokens"])),
        facts::CREATE_GRANT,
    );

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateGrantRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::Key).await
    }

    fn conditions(&self, call: &Call, input: &CreateGrantRequest, request: &mut authz::Request) {
        conditions::for_aws_resource(call, request);
        let none = GrantConstraints::default();
        let constraints = input.constraints.as_ref().unwrap_or(&none);
        let constrained = conditions::constraints(
            constraints.encryption_context_equals.as_ref(),
            constraints.encryption_context_subset.as_ref(),
        );
        for (name, value) in constrained {
            request.context.add(name, value);
        }
        let operations = input.operations.iter().flatten().map(|op| op.as_str().to_owned());
        request.context.set_all("kms:GrantOperations", operations);
        conditions::text(request, "kms:GranteePrincipal", input.grantee_principal.as_deref());
        conditions::text(request, "kms:RetiringPrincipal", input.retiring_principal.as_deref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateGrantRequest,
    ) -> Result<CreateGrantResponse, Failure> {
        grant_token::check(self, input.grant_tokens.as_deref())?;
        let key = lookup::find(call, input.key_id(), Accepts::Key).await?;
        state::check::<CreateGrant>(&key)?;
        let terms = terms(&key, input)?;
        dry_run::stop(input.dry_run)?;
        let grant = match grant_record::find_same(call, &key, &terms).await? {
            Some(grant) => grant,
            None => {
                let mut id = [0; GRANT_ID_BYTES];
                call.random().fill(&mut id);
                let grant = GrantRecord {
                    id: hex::encode(id),
                    key_id: key.id.clone(),
                    created: call.now,
                    issuer: call.account(),
                    terms,
                };
                grant_record::insert(call, &key, &grant).await?;
                grant
            }
        };
        call.notes.response = Some(json!({ "grantId": grant.id, "keyId": key.arn() }));
        let address =
            Address { scope: key.scope(), key_id: key.id.clone(), grant_id: grant.id.clone() };
        Ok(CreateGrantResponse {
            grant_token: Some(grant_token::issue(self, &address)?),
            grant_id: Some(grant.id),
        })
    }
}

/// Checks what a request wants to grant.
fn terms(key: &KeyRecord, input: &CreateGrantRequest) -> Result<Terms, Failure> {
    let constraints = input.constraints.clone().unwrap_or_default();
    check_parties(input, &constraints)?;
    let operations = input.operations.as_deref().unwrap_or_default();
    check_operations(key, operations)?;
    let subset = check_context(key, constraints.encryption_context_subset)?;
    let equals = check_context(key, constraints.encryption_context_equals)?;
    Ok(Terms {
        name: input.name.clone(),
        grantee_principal: input.grantee_principal.clone(),
        grantee_service: input.grantee_service_principal.clone(),
        retiring_principal: input.retiring_principal.clone(),
        retiring_service: input.retiring_service_principal.clone(),
        operations: operations.iter().map(|operation| operation.as_str().to_owned()).collect(),
        context_subset: subset,
        context_equals: equals,
        source_arn: constraints.source_arn,
    })
}

/// Who gets the grant and who may retire it.
fn check_parties(
    input: &CreateGrantRequest,
    constraints: &GrantConstraints,
) -> Result<(), Failure> {
    let invalid = |why: &str| Err(VALIDATION.because(why));
    match (&input.grantee_principal, &input.grantee_service_principal) {
        (Some(_), Some(_)) => {
            return invalid(
                "You can specify either GranteePrincipal or GranteeServicePrincipal, but not both.",
            );
        }
        (None, None) => {
            return invalid("You must specify either GranteePrincipal or GranteeServicePrincipal.");
        }
        (Some(principal), None) => check_principal(principal)?,
        (None, Some(_)) => {
            if constraints.source_arn.is_none() {
                return invalid(
                    "A grant to a GranteeServicePrincipal needs a SourceArn constraint.",
                );
            }
            if input.retiring_principal.is_none() && input.retiring_service_principal.is_none() {
                return invalid(
                    "A grant to a GranteeServicePrincipal needs a RetiringPrincipal or RetiringServicePrincipal.",
                );
            }
        }
    }
    match (&input.retiring_principal, &input.retiring_service_principal) {
        (Some(_), Some(_)) => invalid(
            "You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both.",
        ),
        (Some(principal), None) => check_principal(principal),
        _ => Ok(()),
    }
}

/// Accepts ARNs of callers, and names of services, which grant to themselves in this form.
pub(crate) fn check_principal(name: &str) -> Result<(), Failure> {
    if principal::is_principal_arn(name) || principal::is_service(name) {
        Ok(())
    } else {
        Err(INVALID_ARN_EXCEPTION
            .because(format!("ARN does not refer to a valid principal: {name}")))
    }
}

/// A grant can only permit what the key can do.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>
fn check_operations(key: &KeyRecord, operations: &[GrantOperation]) -> Result<(), Failure> {
    if operations.is_empty() {
        return Err(VALIDATION.because("Operations must name at least one operation."));
    }
    match operations.iter().find(|operation| !supports(key, operation)) {
        None => Ok(()),
        Some(operation) => Err(VALIDATION.because(format!(
            "The operation {operation} is not supported on a KMS key with key spec {} and key usage {}.",
            key.spec,
            key.usage.as_str()
        ))),
    }
}

fn supports(key: &KeyRecord, operation: &GrantOperation) -> bool {
    use GrantOperation as Op;
    let symmetric = key.spec == KeySpec::SymmetricDefault;
    match operation {
        Op::CreateGrant | Op::RetireGrant | Op::DescribeKey => true,
        Op::GetPublicKey => key.spec.is_asymmetric(),
        Op::Encrypt | Op::Decrypt | Op::ReEncryptFrom | Op::ReEncryptTo => {
            key.usage == Usage::EncryptDecrypt
        }
        Op::GenerateDataKey
        | Op::GenerateDataKeyWithoutPlaintext
        | Op::GenerateDataKeyPair
        | Op::GenerateDataKeyPairWithoutPlaintext => symmetric,
        Op::Sign | Op::Verify => key.usage == Usage::SignVerify,
        Op::GenerateMac | Op::VerifyMac => key.usage == Usage::GenerateVerifyMac,
        Op::DeriveSharedSecret => key.usage == Usage::KeyAgreement,
        Op::Encapsulate | Op::Decapsulate => key.usage == Usage::EncapsulateDecapsulate,
        Op::Unknown(_) => false,
    }
}

/// Only symmetric encryption knows an encryption context, so only there can one be asked for.
fn check_context(
    key: &KeyRecord,
    context: Option<BTreeMap<String, String>>,
) -> Result<Option<BTreeMap<String, String>>, Failure> {
    let Some(context) = context else { return Ok(None) };
    if key.spec != KeySpec::SymmetricDefault {
        return Err(VALIDATION.because(
            "Encryption context grant constraints are supported only on symmetric encryption KMS keys.",
        ));
    }
    if context.len() > CONSTRAINT_PAIRS_MAX {
        return Err(VALIDATION.because(format!(
            "An encryption context grant constraint can have at most {CONSTRAINT_PAIRS_MAX} pairs."
        )));
    }
    if context.values().any(|value| value.chars().count() > CONSTRAINT_VALUE_MAX_CHARS) {
        return Err(VALIDATION.because(format!(
            "A value in an encryption context grant constraint can have at most {CONSTRAINT_VALUE_MAX_CHARS} characters."
        )));
    }
    Ok(Some(context))
}
