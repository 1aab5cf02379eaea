//! RetireGrant and RevokeGrant: the end of a grant, by those it concerns or by the key's administrators.

use api_kms::error::{INVALID_GRANT_ID_EXCEPTION, NOT_FOUND_EXCEPTION};
use api_kms::operations::{RetireGrant, RevokeGrant};
use api_kms::{RetireGrantRequest, RevokeGrantRequest, Unit};
use platform::{Audit, Call, Facts, Handle, Identity, Resource};
use serde_json::json;
use shape::Failure;
use shape::error::VALIDATION;

use crate::grant_record::{self, GrantRecord};
use crate::grant_token::{self, Address};
use crate::lookup::{self, Accepts, Name};
use crate::record::KeyRecord;
use crate::{Kms, dry_run, state};

/// Length of a grant id: 32 bytes in hex.
const GRANT_ID_LENGTH: usize = 64;

impl Handle<RevokeGrant> for Kms {
    const FACTS: Facts = Facts::write("kms:RevokeGrant");

    async fn resources(
        &self,
        call: &mut Call,
        input: &RevokeGrantRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::Key).await
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
    const FACTS: Facts =
        Facts::write("kms:RetireGrant").audited(Audit::REQUEST_AND_RESPONSE.without_request(&[
            "GrantToken",
            "KeyId",
            "GrantId",
            "DryRun",
        ]));

    // No resource is authorized beforehand: who may retire a grant stands in the grant itself. The handler judges that, and
    // names the key for the audit record.
    async fn handle(&self, call: &mut Call, input: &RetireGrantRequest) -> Result<Unit, Failure> {
        let address = self.address(call, input)?;
        let key = lookup::by_id(call, &address.scope, &address.key_id).await?;
        state::check::<RetireGrant>(&key)?;
        let grant = existing(call, &key, &address.grant_id).await?;
        call.resources.push(key.resource());
        if !may_retire(call, &key, &grant) {
            return Err(call.denied(&key.arn()));
        }
        dry_run::stop(input.dry_run)?;
        grant_record::remove(call, &key.scope(), &grant).await?;
        call.notes.additional = Some(json!({ "grantId": grant.id }));
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Kms {
    /// Which grant a RetireGrant request means: by token, or by key and grant id.
    fn address(&self, call: &Call, input: &RetireGrantRequest) -> Result<Address, Failure> {
        match (&input.grant_token, &input.key_id, &input.grant_id) {
            (Some(token), None, None) => {
                let address = grant_token::open(self, token)?;
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
    grant.ok_or_else(|| grant_not_found(grant_id))
}

fn grant_not_found(grant_id: &str) -> Failure {
    NOT_FOUND_EXCEPTION.because(format!("Grant ID {grant_id} not found"))
}

/// The account that made the grant, the retiring principal, and the grantee if the grant says so.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
fn may_retire(call: &Call, key: &KeyRecord, grant: &GrantRecord) -> bool {
    let caller = call.caller.arn();
    let terms = &grant.terms;
    let is = |name: &Option<String>| name.as_deref().is_some_and(|name| name == caller);
    let owner = matches!(call.caller.identity, Identity::Root)
        && (call.account() == grant.issuer || call.account() == key.account);
    let grantee = is(&terms.grantee_principal) || is(&terms.grantee_service);
    owner
        || is(&terms.retiring_principal)
        || is(&terms.retiring_service)
        || grantee && terms.operations.iter().any(|operation| operation == "RetireGrant")
}
