//! New key material, and material carried to another Region.
//!
//! Material is opened only on its way to being sealed again; using it is the business of `crypto`.

use base::Timestamp;
use keyring::{KeyId, KeySpec, Material};
use platform::Call;
use shape::Failure;
use store::Scope;

use crate::Kms;
use crate::record::{KeyRecord, MaterialRecord, MaterialState, Origin, seal_context};

impl Kms {
    /// Generates material of `spec`, off the async threads where it takes long.
    pub(crate) async fn generate(&self, call: &Call, spec: KeySpec) -> Result<Material, Failure> {
        let slow = matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096);
        let material = if slow {
            call.offload(move || Material::generate(spec)).await?
        } else {
            Material::generate(spec)
        };
        material.map_err(Failure::internal)
    }

    /// Seals `material` for the key `key_id` in `scope`, as its current material.
    pub(crate) fn seal(
        &self,
        scope: &Scope,
        key_id: &str,
        material: &Material,
        created: Timestamp,
    ) -> Result<MaterialRecord, Failure> {
        let key: KeyId = key_id.parse().map_err(Failure::internal)?;
        let id = material.id(&self.keyring, scope.account, key).map_err(Failure::internal)?;
        let id = id.to_string();
        let context = seal_context(key_id, &id);
        let sealed = material
            .to_sealed(&self.keyring, scope.account, &scope.region, &context)
            .map_err(Failure::internal)?;
        Ok(MaterialRecord {
            id,
            sealed: Some(sealed),
            state: MaterialState::Current,
            created,
            rotated: None,
            import: None,
        })
    }

    /// The materials of `key` as a related key in `to` keeps them: sealed for its Region, or, where they are imported,
    /// still to be imported there.
    pub(crate) fn carry(
        &self,
        key: &KeyRecord,
        to: &Scope,
    ) -> Result<Vec<MaterialRecord>, Failure> {
        key.materials.iter().map(|material| self.carry_one(key, material, to)).collect()
    }

    /// One material, as [`Kms::carry`].
    pub(crate) fn carry_one(
        &self,
        key: &KeyRecord,
        material: &MaterialRecord,
        to: &Scope,
    ) -> Result<MaterialRecord, Failure> {
        let sealed = match (&material.sealed, key.origin) {
            (Some(sealed), Origin::AwsKms) => {
                let context = seal_context(&key.id, &material.id);
                let open = Material::from_sealed(
                    &self.keyring,
                    key.account,
                    &key.region,
                    &context,
                    sealed,
                );
                let sealed = open
                    .and_then(|open| {
                        open.to_sealed(&self.keyring, to.account, &to.region, &context)
                    })
                    .map_err(Failure::internal)?;
                Some(sealed)
            }
            _ => None,
        };
        Ok(MaterialRecord { sealed, ..material.clone() })
    }
}
