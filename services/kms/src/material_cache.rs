//! Key material that is ready for use, so that a call neither unseals nor parses.
//!
//! Whoever takes an entry has read the key's record in the same call: the record decides whether the material may be used,
//! this only saves work. Material that was deleted leaves memory with its last use, and a call that read the record
//! just before the deletion does not bring it back. Bounded; what is used least goes first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api_kms::error::KMS_INVALID_STATE_EXCEPTION;
use base::{AccountId, Region, Timestamp};
use keyring::{KeyId, KeySpec, Material, MaterialId};
use platform::Call;
use quick_cache::sync::Cache;
use shape::Failure;

use crate::Kms;
use crate::record::{KeyRecord, MaterialRecord, seal_context};

/// Most materials that are kept ready. The largest (RSA_4096, ML_DSA_87) take some ten kilobytes.
const ENTRIES_MAX: usize = 2048;
/// How long a forgotten material is not taken up again; far longer than a call lasts.
const FORGOTTEN_FOR: Duration = Duration::from_secs(60);

/// Which material of which key, where.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Id {
    account: AccountId,
    region: Region,
    key: KeyId,
    material: MaterialId,
}

impl Id {
    fn new(key: &KeyRecord, material: &str) -> Result<Self, Failure> {
        Ok(Self {
            account: key.account,
            region: key.region.clone(),
            key: key.id.parse().map_err(Failure::internal)?,
            material: material.parse().map_err(Failure::internal)?,
        })
    }
}

/// The cache.
pub(crate) struct MaterialCache {
    ready: Cache<Id, Arc<Material>>,
    /// When a material was forgotten, for as long as calls may be under way that still have it.
    forgotten: Mutex<HashMap<Id, Timestamp>>,
}

impl MaterialCache {
    pub(crate) fn new() -> Self {
        Self { ready: Cache::new(ENTRIES_MAX), forgotten: Mutex::default() }
    }

    /// Drops a material that was deleted or expired.
    pub(crate) fn forget(&self, key: &KeyRecord, material: &str, now: Timestamp) {
        // An id that cannot be read never got into the cache.
        if let Ok(id) = Id::new(key, material) {
            self.forget_id(id, now);
        }
    }

    /// Drops all materials of a key that is gone.
    pub(crate) fn forget_key(&self, key: &KeyRecord, now: Timestamp) {
        key.materials.iter().for_each(|material| self.forget(key, &material.id, now));
    }

    /// Lets a material in again that was imported again.
    pub(crate) fn readmit(&self, key: &KeyRecord, material: &str) {
        if let Ok(id) = Id::new(key, material) {
            self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }

    /// Drops everything.
    pub(crate) fn clear(&self) {
        self.ready.clear();
        self.forgotten.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn forget_id(&self, id: Id, now: Timestamp) {
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        forgotten.retain(|_, at| is_recent(*at, now));
        self.ready.remove(&id);
        forgotten.insert(id, now);
    }

    fn keep(&self, id: Id, material: &Arc<Material>, now: Timestamp) {
        // The lock is held over the insertion, so that a `forget` cannot slip in between.
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if !forgotten.get(&id).is_some_and(|at| is_recent(*at, now)) {
            self.ready.insert(id, material.clone());
        }
    }
}

/// Whether calls of the moment `now` may still hold what was forgotten at `at`. Both ways, since a clock may be moved.
fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now < at + FORGOTTEN_FOR && at < now + FORGOTTEN_FOR
}

impl Kms {
    /// The material that new ciphertexts, signatures and codes of `key` are made with.
    ///
    /// # Errors
    /// `KMSInvalidStateException` if it is not there (any more).
    pub(crate) async fn current<'k>(
        &self,
        call: &Call,
        key: &'k KeyRecord,
    ) -> Result<(Arc<Material>, &'k MaterialRecord), Failure> {
        let record = key.current().ok_or_else(|| pending_import(key))?;
        Ok((self.prepared(call, key, record).await?, record))
    }

    /// One material of `key`, ready for use.
    ///
    /// # Errors
    /// As [`Kms::current`].
    pub(crate) async fn prepared(
        &self,
        call: &Call,
        key: &KeyRecord,
        record: &MaterialRecord,
    ) -> Result<Arc<Material>, Failure> {
        let Some(sealed) = record.sealed.as_ref().filter(|_| !is_expired(record, call.now)) else {
            self.materials.forget(key, &record.id, call.now);
            return Err(pending_import(key));
        };
        let id = Id::new(key, &record.id)?;
        if let Some(material) = self.materials.ready.get(&id) {
            return Ok(material);
        }
        let context = seal_context(&key.id, &record.id);
        let open = {
            let keyring = self.keyring.clone();
            let (account, region, sealed) = (key.account, key.region.clone(), sealed.clone());
            move || Material::from_sealed(&keyring, account, &region, &context, &sealed)
        };
        let material = if is_slow(key.spec) { call.offload(open).await? } else { open() };
        let material = Arc::new(material.map_err(Failure::internal)?);
        self.materials.keep(id, &material, call.now);
        Ok(material)
    }
}

/// Whether imported material is past its end, also while nobody has taken it away yet.
fn is_expired(record: &MaterialRecord, now: Timestamp) -> bool {
    record.import.as_ref().and_then(|import| import.expires).is_some_and(|end| end <= now)
}

/// Whether private-key operations of the spec, and checking such a key, take around a millisecond or more.
pub(crate) fn is_slow(spec: KeySpec) -> bool {
    matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096)
}

pub(crate) fn pending_import(key: &KeyRecord) -> Failure {
    KMS_INVALID_STATE_EXCEPTION.because(format!("{} is pending import.", key.arn()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(material: u8) -> Id {
        Id {
            account: AccountId::DEFAULT,
            region: Region::default(),
            key: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().expect("an id"),
            material: MaterialId::from_bytes([material; 32]),
        }
    }

    #[test]
    fn what_is_forgotten_leaves_memory_and_stays_out() {
        let cache = MaterialCache::new();
        let material = Arc::new(Material::generate(KeySpec::SymmetricDefault).expect("entropy"));
        let start = Timestamp::from_millis(1_000_000);
        cache.keep(id(1), &material, start);
        cache.keep(id(2), &material, start);
        assert_eq!(Arc::strong_count(&material), 3);
        cache.forget_id(id(1), start);
        assert_eq!(Arc::strong_count(&material), 2, "nothing else holds it");
        // A call that had read the record before the deletion.
        cache.keep(id(1), &material, start);
        assert!(cache.ready.get(&id(1)).is_none());
        assert!(cache.ready.get(&id(2)).is_some());
        cache.keep(id(1), &material, start + FORGOTTEN_FOR);
        assert!(cache.ready.get(&id(1)).is_some());
        cache.clear();
        assert_eq!(Arc::strong_count(&material), 1);
    }
}
