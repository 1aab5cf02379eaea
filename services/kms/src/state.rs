//! Which operations a key serves in which state: the key state table of the Developer Guide.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
//! One table, and one function that reads it. What depends on a key's type or origin rather than on its state is
//! checked where the operation is.

use api_kms::error::{DISABLED_EXCEPTION, KMS_INVALID_STATE_EXCEPTION};
use shape::{Failure, Operation};

use crate::record::{KeyRecord, State};

/// Fails unless the operation `O` may be done to `key` in its present state.
///
/// # Errors
/// `DisabledException`, `KMSInvalidStateException`.
pub(crate) fn check<O: Operation>(key: &KeyRecord) -> Result<(), Failure> {
    let Err(refusal) = judge(group(O::SCHEMA.name), key.effective_state()) else { return Ok(()) };
    Err(refusal.failure(&key.arn()))
}

/// Operations that the table treats alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// Cryptographic operations, GetPublicKey and CreateGrant.
    Use,
    /// Reading metadata, removing aliases and grants.
    Any,
    /// Naming, tagging, describing.
    Describe,
    /// EnableKey and DisableKey.
    Switch,
    /// Rotation settings and RotateKeyOnDemand.
    Rotate,
    /// ScheduleKeyDeletion.
    Schedule,
    /// CancelKeyDeletion.
    Cancel,
    /// GetParametersForImport and ImportKeyMaterial.
    Import,
    /// DeleteImportedKeyMaterial.
    Shed,
    /// ReplicateKey and UpdatePrimaryRegion.
    Family,
}

/// The group of an operation that names a key. Whatever is not listed uses the key.
fn group(operation: &str) -> Group {
    match operation {
        "DeleteAlias"
        | "DescribeKey"
        | "GetKeyLastUsage"
        | "GetKeyPolicy"
        | "GetKeyRotationStatus"
        | "ListAliases"
        | "ListGrants"
        | "ListKeyPolicies"
        | "ListKeyRotations"
        | "ListResourceTags"
        | "PutKeyPolicy"
        | "RetireGrant"
        | "RevokeGrant" => Group::Any,
        "CreateAlias"
        | "TagResource"
        | "UntagResource"
        | "UpdateAlias"
        | "UpdateKeyDescription" => Group::Describe,
        "EnableKey" | "DisableKey" => Group::Switch,
        "EnableKeyRotation" | "DisableKeyRotation" | "RotateKeyOnDemand" => Group::Rotate,
        "ScheduleKeyDeletion" => Group::Schedule,
        "CancelKeyDeletion" => Group::Cancel,
        "GetParametersForImport" | "ImportKeyMaterial" => Group::Import,
        "DeleteImportedKeyMaterial" => Group::Shed,
        "ReplicateKey" | "UpdatePrimaryRegion" => Group::Family,
        _ => Group::Use,
    }
}

/// Why the table says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Disabled,
    State(&'static str),
}

impl Refusal {
    fn failure(self, arn: &str) -> Failure {
        match self {
            Self::Disabled => DISABLED_EXCEPTION.because(format!("{arn} is disabled.")),
            Self::State(what) => KMS_INVALID_STATE_EXCEPTION.because(format!("{arn} is {what}.")),
        }
    }
}

const PENDING_DELETION: Refusal = Refusal::State("pending deletion");
const PENDING_REPLICA_DELETION: Refusal = Refusal::State("pending replica deletion");
const NOT_PENDING_DELETION: Refusal = Refusal::State("not pending deletion");
const PENDING_IMPORT: Refusal = Refusal::State("pending import");
const UNAVAILABLE: Refusal = Refusal::State("unavailable");
const CREATING: Refusal = Refusal::State("creating");
const UPDATING: Refusal = Refusal::State("updating");

fn judge(group: Group, state: State) -> Result<(), Refusal> {
    use Group::{Any, Cancel, Describe, Family, Import, Rotate, Schedule, Shed, Switch, Use};
    match (state, group) {
        (_, Any) => Ok(()),
        (State::PendingDeletion | State::PendingReplicaDeletion, Cancel) => Ok(()),
        (_, Cancel) => Err(NOT_PENDING_DELETION),
        (State::Enabled, _) => Ok(()),
        (State::Disabled, Use | Rotate | Family) => Err(Refusal::Disabled),
        (State::Disabled, _) => Ok(()),
        (State::PendingImport, Use | Switch | Rotate) => Err(PENDING_IMPORT),
        (State::PendingImport, _) => Ok(()),
        // Imported material may be taken away from a key that waits; nothing else about it may change.
        (State::PendingDeletion | State::PendingReplicaDeletion, Shed) => Ok(()),
        (State::PendingDeletion, _) => Err(PENDING_DELETION),
        (State::PendingReplicaDeletion, _) => Err(PENDING_REPLICA_DELETION),
        (State::Unavailable, Use | Rotate | Import | Shed | Family) => Err(UNAVAILABLE),
        (State::Unavailable, _) => Ok(()),
        (State::Creating, _) => Err(CREATING),
        (State::Updating, Use | Describe) => Ok(()),
        (State::Updating, Switch | Rotate | Schedule | Import | Shed | Family) => Err(UPDATING),
    }
}

#[cfg(test)]
mod tests;
