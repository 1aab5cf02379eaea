//! What happens to keys by itself when its time comes: deletion, rotation, expiry of imported material.
//!
//! The due times follow from the key's record: whoever changes the record calls [`schedule`]. Each kind of work looks at
//! the record again when it runs, so an entry that has become wrong does nothing but correct itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use base::time::DAY;
use base::{Region, Timestamp};
use platform::{Call, ServiceEvent, Work};
use serde_json::json;
use shape::Failure;
use store::Scope;

use crate::lookup::{self, OrInternal as _};
use crate::record::{AliasRecord, KeyRecord, MaterialRecord, SERVICE, State};
use crate::{Kms, custom_store, grant_record, multi_region, rotation};

/// The service's principal, which service events come from.
const EVENT_SOURCE: &str = "kms.amazonaws.com";
/// The source of events on the event bus.
const BUS_SOURCE: &str = "aws.kms";

/// Deletes keys whose waiting period is over.
pub(crate) struct DeletionWork(pub Arc<Kms>);
/// Rotates keys on their schedule.
pub(crate) struct RotationWork(pub Arc<Kms>);
/// Takes expired imported material away.
pub(crate) struct ExpiryWork(pub Arc<Kms>);

/// Sets the key's due times to what its record says.
pub(crate) fn schedule(call: &mut Call, key: &KeyRecord) -> Result<(), Failure> {
    let deletion = key.deletion.and_then(|deletion| deletion.at);
    // A key that is not enabled keeps its next date and makes up for it later. The primary rotates for its replicas.
    let rotates = key.rotation.enabled && key.state == State::Enabled && !key.is_replica();
    let rotation = key.rotation.next.filter(|_| rotates);
    let expiry = key.materials.iter().filter_map(expiry).min();
    set(call, key, DeletionWork::KIND, deletion)?;
    set(call, key, RotationWork::KIND, rotation)?;
    set(call, key, ExpiryWork::KIND, expiry)
}

fn set(call: &mut Call, key: &KeyRecord, kind: &str, at: Option<Timestamp>) -> Result<(), Failure> {
    call.tx.put_due(&key.scope(), SERVICE, kind, &key.id, at).or_internal()
}

/// When material that is still there expires.
fn expiry(material: &MaterialRecord) -> Option<Timestamp> {
    material.sealed.as_ref()?;
    material.import.as_ref()?.expires
}

/// Runs `act` as if the call were addressed to `region`: what a multi-Region key does elsewhere is recorded there.
pub(crate) fn in_region<T>(
    call: &mut Call,
    region: &Region,
    act: impl FnOnce(&mut Call) -> T,
) -> T {
    let home = std::mem::replace(&mut call.region, region.clone());
    let result = act(call);
    call.region = home;
    result
}

/// Writes that KMS did `name` to the key by itself into the audit of the key's Region.
pub(crate) fn record(
    call: &mut Call,
    key: &KeyRecord,
    name: &'static str,
    details: Option<serde_json::Value>,
) -> Result<(), Failure> {
    let event = ServiceEvent {
        name,
        source: EVENT_SOURCE,
        details,
        resources: vec![key.resource()],
        account: key.account,
    };
    in_region(call, &key.region, |call| call.service_event(event))
}

/// Tells the event bus of the key's Region.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/kms-events.html>
pub(crate) fn announce(call: &mut Call, key: &KeyRecord, what: &str) -> Result<(), Failure> {
    let detail = json!({ "key-id": key.id });
    let arn = key.arn();
    in_region(call, &key.region, |call| call.emit(BUS_SOURCE, what, &[arn], &detail))
}

/// The key, if it is still there; its due entry goes otherwise.
async fn due_key(call: &mut Call, kind: &str, id: &str) -> Result<Option<KeyRecord>, Failure> {
    let scope = call.scope();
    let key = call.tx.get::<KeyRecord>(&scope, id).await.or_internal()?;
    if key.is_none() {
        call.tx.put_due(&scope, SERVICE, kind, id, None).or_internal()?;
    }
    Ok(key.map(|key| KeyRecord::clone(&key)))
}

impl Work for DeletionWork {
    const KIND: &'static str = "key-deletion";

    async fn run(&self, call: &mut Call, id: &str) -> Result<(), Failure> {
        let Some(mut key) = due_key(call, Self::KIND, id).await? else { return Ok(()) };
        if key.deletion.and_then(|deletion| deletion.at).is_none_or(|at| at > call.now) {
            return schedule(call, &key);
        }
        record(call, &key, "DeleteKey", None)?;
        announce(call, &key, "KMS CMK Deletion")?;
        leave_family(call, &key).await?;
        let scope = key.scope();
        for alias in std::mem::take(&mut key.aliases) {
            call.tx.delete::<AliasRecord>(&scope, &alias).or_internal()?;
        }
        custom_store::release(call, &key)?;
        grant_record::remove_all(call, &key).await?;
        call.tx.delete::<KeyRecord>(&scope, id).or_internal()?;
        self.0.materials.forget_key(&key, call.now);
        key.deletion = None;
        key.rotation.enabled = false;
        key.materials.clear();
        schedule(call, &key)
    }
}

/// Takes a deleted key out of the other keys' records. A primary that waited for its last replica begins its own wait.
async fn leave_family(call: &mut Call, gone: &KeyRecord) -> Result<(), Failure> {
    for mut relative in multi_region::relatives(call, gone).await? {
        let Some(family) = &mut relative.multi_region else { continue };
        family.replicas.remove(&gone.region);
        let alone = family.replicas.is_empty();
        if let Some(deletion) = &mut relative.deletion
            && alone
            && relative.state == State::PendingReplicaDeletion
        {
            deletion.at = Some(call.now + DAY * deletion.window_days);
            relative.state = State::PendingDeletion;
        }
        lookup::save(call, &relative)?;
        schedule(call, &relative)?;
    }
    Ok(())
}

impl Work for RotationWork {
    const KIND: &'static str = "key-rotation";

    async fn run(&self, call: &mut Call, id: &str) -> Result<(), Failure> {
        let Some(mut key) = due_key(call, Self::KIND, id).await? else { return Ok(()) };
        let due = key.rotation.next.filter(|at| *at <= call.now);
        let may = key.rotation.enabled && key.state == State::Enabled && !key.is_replica();
        let (Some(at), true) = (due, may) else { return schedule(call, &key) };
        // A date that was missed is made up for once; the schedule then goes on from today.
        let period = DAY * key.rotation.period_days;
        let next = at + period;
        key.rotation.next = Some(if next > call.now { next } else { call.now + period });
        rotation::rotate(&self.0, call, &mut key, false).await
    }
}

impl Work for ExpiryWork {
    const KIND: &'static str = "material-expiry";

    async fn run(&self, call: &mut Call, id: &str) -> Result<(), Failure> {
        let Some(mut key) = due_key(call, Self::KIND, id).await? else { return Ok(()) };
        let expired: BTreeSet<String> = key
            .materials
            .iter()
            .filter(|material| expiry(material).is_some_and(|at| at <= call.now))
            .map(|material| material.id.clone())
            .collect();
        for material in &expired {
            take_away(&mut key, material);
            self.0.materials.forget(&key, material, call.now);
            let details = json!({ "keyId": key.id, "keyMaterialId": material });
            record(call, &key, "DeleteExpiredKeyMaterial", Some(details))?;
            announce(call, &key, "KMS Imported Key Material Expiration")?;
        }
        lookup::save(call, &key)?;
        schedule(call, &key)
    }
}

/// Removes the bytes of imported material from the record. Material that was never current is forgotten altogether;
/// any other leaves the key waiting for its import.
pub(crate) fn take_away(key: &mut KeyRecord, material: &str) {
    key.materials.retain(|m| m.id != material || !m.state.is_pending());
    if let Some(material) = key.material_mut(material) {
        material.sealed = None;
    }
    if matches!(key.state, State::Enabled | State::Disabled) && !key.is_complete() {
        key.state = State::PendingImport;
    }
}

/// Where the record of a related key in `region` is.
pub(crate) fn scope_in(key: &KeyRecord, region: &Region) -> Scope {
    Scope::new(key.account, region.clone())
}
