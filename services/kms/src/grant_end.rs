//! RetireGrant and RevokeGrant: the end of a grant, by those it concerns or by the key's administrators.

use std::sync::Arc;

use api_kms::error::{INVALID_GRANT_ID_EXCEPTION, NOT_FOUND_EXCEPTION};
use api_kms::operations::{RetireGrant, RevokeGrant};
use api_kms::{RetireGrantRequest, RevokeGrantRequest, Unit};
use platform::{Audit, Call, Facts, Handle, Resource};
use serde_json::json;
use shape::Failure;
use shape::error::VALIDATION;

use crate::grant_record::{self, GrantRecord, Terms};
use crate::grant_token::{self, Address};
use crate::lookup::{self, Accepts, Name};
use crate::record::KeyRecord;
use crate::{Kms, conditions, dry_run, facts, state};

/// Length of a grant id: 32 bytes in hex.
const GRANT_ID_LENGTH: usize = 64;

impl Handle<RevokeGrant> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:RevokeGrant"), facts::SHOW_GRANTS);

    async fn resources(
        &self,
        call: &mut Call,
        input: &RevokeGrantRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::Key).await
    }

    fn conditions(&self, call: &Call, _input: &RevokeGrantRequest, request: &mut authz::Request) {
        conditions::for_aws_resource(call, request);
    }

    async fn handle(&self, call: &mut Call, input: &RevokeGrantRequest) -> Result<Unit, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::Key).await?;
        state::check::<RevokeGrant>(&key)?;
        let grant = existing(call, &key, input.grant_id()).await?;
        dry_run::stop(input.dry_run)?;
        grant_record::remove(call, &key.scope(), &grant).await?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<RetireGrant> for Kms {
    // As CloudTrail shows it: the grant stands in `additionalEventData`, and no token anywhere.
    const FACTS: Facts = facts::on_key(
        Facts::write("kms:RetireGrant").audited(Audit::REQUEST_AND_RESPONSE.without_request(&[
            "GrantToken",
            "KeyId",
            "GrantId",
            "DryRun",
        ])),
        facts::RETIRE_GRANT,
    );

    async fn resources(
        &self,
        call: &mut Call,
        input: &RetireGrantRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let (key, grant) = find(self, call, input).await?;
        // The grant says who may retire it. The key's policy has no say, which leaves its account's own.
        let mut resource = Resource { policy: None, ..conditions::judged(call, &key) };
        let Terms { context_equals, context_subset, .. } = &grant.terms;
        let constraints = conditions::constraints(context_equals.as_ref(), context_subset.as_ref());
        resource.conditions.extend(constraints);
        Ok(vec![resource])
    }

    async fn handle(&self, call: &mut Call, input: &RetireGrantRequest) -> Result<Unit, Failure> {
        let (key, grant) = find(self, call, input).await?;
        state::check::<RetireGrant>(&key)?;
        dry_run::stop(input.dry_run)?;
        grant_record::remove(call, &key.scope(), &grant).await?;
        call.notes.additional = Some(json!({ "grantId": grant.id }));
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

/// The grant that a RetireGrant request means, and its key.
///
/// # Errors
/// `NotFoundException`, `InvalidGrantTokenException`, `InvalidGrantIdException`, `InvalidArnException`, `ValidationException`; of
/// another account's grants `AccessDeniedException`, whether there is one or not.
pub(crate) async fn find(
    kms: &Kms,
    call: &mut Call,
    input: &RetireGrantRequest,
) -> Result<(Arc<KeyRecord>, GrantRecord), Failure> {
    let address = address(kms, call, input)?;
    let key = lookup::by_id(call, &address.scope, &address.key_id).await?;
    let grant = existing(call, &key, &address.grant_id).await?;
    Ok((key, grant))
}

/// Which grant a RetireGrant request means: by token, or by key and grant id.
fn address(kms: &Kms, call: &Call, input: &RetireGrantRequest) -> Result<Address, Failure> {
    match (&input.grant_token, &input.key_id, &input.grant_id) {
        (Some(token), None, None) => {
            let address = grant_token::open(kms, token)?;
            // A grant is retired in the Region of its key.
            if address.scope.region == call.region {
                Ok(address)
            } else {
                Err(grant_not_found(&address.grant_id))
            }
        }
        (None, Some(key_id), Some(grant_id)) => match lookup::resolve(call, key_id)? {
            (scope, Name::Key(id)) => {
                Ok(Address { scope, key_id: id.to_owned(), grant_id: grant_id.clone() })
            }
            (_, Name::Alias(_)) => Err(lookup::invalid_key_id(key_id)),
        },
        _ => Err(VALIDATION
            .because("You must specify either a GrantToken, or both a KeyId and a GrantId.")),
    }
}

async fn existing(
    call: &mut Call,
    key: &KeyRecord,
    grant_id: &str,
) -> Result<GrantRecord, Failure> {
    let is_id =
        grant_id.len() == GRANT_ID_LENGTH && grant_id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id {
        return Err(INVALID_GRANT_ID_EXCEPTION.because(format!("Invalid grant ID {grant_id}")));
    }
    let grant = grant_record::get(call, &key.scope(), &key.id, grant_id).await?;
    grant.ok_or_else(|| match key.account == call.account() {
        true => grant_not_found(grant_id),
        false => call.unseen(&key.arn()),
    })
}

fn grant_not_found(grant_id: &str) -> Failure {
    NOT_FOUND_EXCEPTION.because(format!("Grant ID {grant_id} not found"))
}
