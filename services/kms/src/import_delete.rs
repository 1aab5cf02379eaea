//! DeleteImportedKeyMaterial. What expires by itself goes the same way, in [`crate::due`].

use api_kms::error::NOT_FOUND_EXCEPTION;
use api_kms::operations::DeleteImportedKeyMaterial;
use api_kms::{DeleteImportedKeyMaterialRequest, DeleteImportedKeyMaterialResponse};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use crate::import_token::check_origin;
use crate::lookup::{self, Accepts, OrInternal as _};
use crate::record::{KeyRecord, MaterialRecord};
use crate::{Kms, due, facts, import, state};

impl Handle<DeleteImportedKeyMaterial> for Kms {
    const FACTS: Facts =
        facts::on_key(Facts::write("kms:DeleteImportedKeyMaterial"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteImportedKeyMaterialRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteImportedKeyMaterialRequest,
    ) -> Result<DeleteImportedKeyMaterialResponse, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        check_origin(&key)?;
        state::check::<DeleteImportedKeyMaterial>(&key)?;
        let answer = |key: &KeyRecord, id| DeleteImportedKeyMaterialResponse {
            key_id: Some(key.arn()),
            key_material_id: id,
        };
        let Some(material) = chosen(&key, input.key_material_id.as_deref())? else {
            // Nothing was ever imported: there is nothing to delete, which is what was asked for.
            return Ok(answer(&key, None));
        };
        let (id, pending) = (material.id.clone(), material.state.is_pending());
        due::take_away(&mut key, &id);
        self.materials.forget(&key, &id, call.now);
        lookup::save(call, &key)?;
        due::schedule(call, &key)?;
        if pending && key.is_primary() {
            self.take_from_relatives(call, &key, &id).await?;
        } else if pending {
            import::settle(call, &key, &id).await?;
        }
        Ok(answer(&key, Some(id)))
    }
}

impl Kms {
    /// New material that goes from the primary before its rotation goes from the replicas too.
    async fn take_from_relatives(
        &self,
        call: &mut Call,
        key: &KeyRecord,
        material: &str,
    ) -> Result<(), Failure> {
        for scope in key.relatives() {
            let Some(relative) = call.tx.get::<KeyRecord>(&scope, &key.id).await.or_internal()?
            else {
                continue;
            };
            let mut relative = KeyRecord::clone(&relative);
            due::take_away(&mut relative, material);
            self.materials.forget(&relative, material, call.now);
            lookup::save(call, &relative)?;
            due::schedule(call, &relative)?;
        }
        Ok(())
    }
}

/// The material with this id, or the current one.
fn chosen<'k>(key: &'k KeyRecord, id: Option<&str>) -> Result<Option<&'k MaterialRecord>, Failure> {
    let Some(id) = id else { return Ok(key.current()) };
    let unknown = || {
        let text = format!("Key material {id} is not associated with KMS key {}.", key.arn());
        NOT_FOUND_EXCEPTION.because(text)
    };
    key.material(id).map(Some).ok_or_else(unknown)
}
