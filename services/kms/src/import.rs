//! ImportKeyMaterial: material that a customer brings, and brings again.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-import-key-material.html>
//! A key keeps the ids of all materials that ever belonged to it, and takes only those back. New material joins symmetric
//! encryption keys alone, where it waits for RotateKeyOnDemand; a multi-Region key gets it in its primary first.

use std::time::Duration;

use api_kms::error::{
    INCORRECT_KEY_MATERIAL_EXCEPTION, KMS_INVALID_STATE_EXCEPTION, UNSUPPORTED_OPERATION_EXCEPTION,
};
use api_kms::operations::ImportKeyMaterial;
use api_kms::{
    ExpirationModelType, ImportKeyMaterialRequest, ImportKeyMaterialResponse, ImportType,
};
use base::Timestamp;
use base::time::DAY;
use keyring::{Error, KeySpec, Material};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;

use crate::crypto::invalid_ciphertext;
use crate::import_token::{Token, check_origin};
use crate::lookup::{self, Accepts, OrInternal as _};
use crate::record::{Import, KeyRecord, MaterialRecord, MaterialState, State};
use crate::{Kms, conditions, due, facts, state};

/// Furthest end of imported material from the request ("365 days", ImportKeyMaterial).
const VALID_TO_MAX: Duration = Duration::from_secs(365 * DAY.as_secs());

impl Handle<ImportKeyMaterial> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:ImportKeyMaterial"), facts::IMPORT);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ImportKeyMaterialRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &ImportKeyMaterialRequest,
        request: &mut authz::Request,
    ) {
        let expires = ExpirationModelType::KeyMaterialExpires;
        let model = input.expiration_model.as_ref().unwrap_or(&expires);
        conditions::text(request, "kms:ExpirationModel", Some(model.as_str()));
        if let Some(end) = input.valid_to {
            request.context.set("kms:ValidTo", end);
        }
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ImportKeyMaterialRequest,
    ) -> Result<ImportKeyMaterialResponse, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        check_origin(&key)?;
        state::check::<ImportKeyMaterial>(&key)?;
        let expires = expires(input, call.now)?;
        let is_new = is_new(&key, input)?;
        let material = self.unwrap(call, &key, input).await?;
        let mut record = self.seal(&key.scope(), &key.id, &material, call.now)?;
        record.import =
            Some(Import { description: input.key_material_description.clone(), expires });
        let id = record.id.clone();
        if let Some(wanted) = &input.key_material_id
            && *wanted != id
        {
            return Err(incorrect("The key material does not have the given KeyMaterialId."));
        }
        if is_new {
            self.join(call, &mut key, record).await?;
        } else {
            self.restore(call, &mut key, record).await?;
        }
        if key.state == State::PendingImport && key.is_complete() {
            key.state = State::Enabled;
        }
        self.materials.readmit(&key, &id);
        lookup::save(call, &key)?;
        due::schedule(call, &key)?;
        settle(call, &key, &id).await?;
        Ok(ImportKeyMaterialResponse { key_id: Some(key.arn()), key_material_id: Some(id) })
    }
}

impl Kms {
    /// Opens the token and unwraps the material in the request, off the async threads.
    async fn unwrap(
        &self,
        call: &Call,
        key: &KeyRecord,
        input: &ImportKeyMaterialRequest,
    ) -> Result<Material, Failure> {
        let token = input.import_token.clone().unwrap_or_default();
        let wrapped = input.encrypted_key_material.clone().unwrap_or_default();
        let (keyring, key, now) = (self.keyring.clone(), key.clone(), call.now);
        let unwrap = move || {
            let (token, wrapping) = Token::open(&token, &keyring, &key, now)?;
            let bytes =
                wrapping.unwrap(token.algorithm, &wrapped).map_err(|_| invalid_ciphertext())?;
            Material::from_import(key.spec, &bytes).map_err(|error| match error {
                Error::InvalidMaterial { .. } => incorrect(error.to_string()),
                other => Failure::internal(other),
            })
        };
        call.offload(unwrap).await?
    }

    /// Takes material that the key does not have yet.
    async fn join(
        &self,
        call: &mut Call,
        key: &mut KeyRecord,
        mut record: MaterialRecord,
    ) -> Result<(), Failure> {
        if key.material(&record.id).is_some() {
            return Err(incorrect(
                "The key material is already associated with this KMS key. Import it with the import type EXISTING_KEY_MATERIAL.",
            ));
        }
        if key.is_replica() {
            return Err(UNSUPPORTED_OPERATION_EXCEPTION.because(
                "New key material of a multi-Region key can only be imported into its primary key.",
            ));
        }
        if let Some(pending) = key.materials.iter().find(|m| m.state.is_pending()) {
            return Err(KMS_INVALID_STATE_EXCEPTION.because(format!(
                "New key material (id: {}) cannot be imported into KMS key {}, because another key material (id: {}) is pending rotation.",
                record.id, key.arn(), pending.id
            )));
        }
        let relatives = key.relatives();
        record.state = match (key.materials.is_empty(), relatives.is_empty()) {
            (true, _) => MaterialState::Current,
            (false, true) => MaterialState::PendingRotation,
            (false, false) => MaterialState::PendingMultiRegionImportAndRotation,
        };
        // The related keys learn which material they have to get, not the material.
        for scope in relatives {
            let Some(relative) = call.tx.get::<KeyRecord>(&scope, &key.id).await.or_internal()?
            else {
                continue;
            };
            let mut relative = KeyRecord::clone(&relative);
            let import = Some(Import::default());
            relative.materials.push(MaterialRecord { sealed: None, import, ..record.clone() });
            lookup::save(call, &relative)?;
        }
        key.materials.push(record);
        Ok(())
    }

    /// Takes back material that the key has had, or that its primary has.
    async fn restore(
        &self,
        call: &mut Call,
        key: &mut KeyRecord,
        record: MaterialRecord,
    ) -> Result<(), Failure> {
        if key.material(&record.id).is_none()
            && let Some(known) = known_to_primary(call, key, &record.id).await?
        {
            key.materials.push(MaterialRecord { sealed: None, import: None, ..known });
        }
        let Some(known) = key.material_mut(&record.id) else {
            return Err(incorrect(
                "The key material is not the same as the key material previously imported into this KMS key.",
            ));
        };
        let kept = known.import.take().and_then(|import| import.description);
        known.sealed = record.sealed;
        known.import = record.import.map(|mut import| {
            import.description = import.description.or(kept);
            import
        });
        Ok(())
    }
}

/// The material in the record of a replica's primary, whose deletion in the replica took it off the replica's record.
async fn known_to_primary(
    call: &mut Call,
    key: &KeyRecord,
    material: &str,
) -> Result<Option<MaterialRecord>, Failure> {
    let Some(family) = key.multi_region.as_ref().filter(|_| key.is_replica()) else {
        return Ok(None);
    };
    let scope = due::scope_in(key, &family.primary);
    let primary = call.tx.get::<KeyRecord>(&scope, &key.id).await.or_internal()?;
    Ok(primary.and_then(|primary| primary.material(material).cloned()))
}

/// Once all related keys have a new material, it waits for its rotation alone; while one lacks it, for the import.
pub(crate) async fn settle(
    call: &mut Call,
    key: &KeyRecord,
    material: &str,
) -> Result<(), Failure> {
    let mut family = vec![key.clone()];
    for scope in key.relatives() {
        let relative = call.tx.get::<KeyRecord>(&scope, &key.id).await.or_internal()?;
        family.extend(relative.map(|relative| KeyRecord::clone(&relative)));
    }
    let holds = |key: &KeyRecord| key.material(material).is_some_and(|m| m.sealed.is_some());
    let state = if family.iter().all(holds) {
        MaterialState::PendingRotation
    } else {
        MaterialState::PendingMultiRegionImportAndRotation
    };
    for mut key in family {
        let Some(record) = key.material_mut(material) else { continue };
        if record.state.is_pending() && record.state != state {
            record.state = state;
            lookup::save(call, &key)?;
        }
    }
    Ok(())
}

/// Whether the request brings new material. What only symmetric encryption keys know is refused for others.
fn is_new(key: &KeyRecord, input: &ImportKeyMaterialRequest) -> Result<bool, Failure> {
    let first = key.materials.is_empty();
    let symmetric = key.spec == KeySpec::SymmetricDefault;
    let special = [
        ("ImportType", input.import_type.is_some()),
        ("KeyMaterialDescription", input.key_material_description.is_some()),
        ("KeyMaterialId", input.key_material_id.is_some()),
    ];
    if let Some((name, _)) = special.iter().find(|(_, given)| *given && !symmetric) {
        return Err(VALIDATION.because(format!(
            "The parameter {name} can only be specified for symmetric encryption KMS keys."
        )));
    }
    let is_new = match input.import_type {
        Some(ImportType::NewKeyMaterial) => true,
        Some(_) => false,
        None => first && !key.is_replica(),
    };
    if is_new && input.key_material_id.is_some() {
        let text = "The parameter KeyMaterialId cannot be specified with the import type NEW_KEY_MATERIAL.";
        return Err(VALIDATION.because(text));
    }
    Ok(is_new)
}

/// When the material ends, if it does.
fn expires(input: &ImportKeyMaterialRequest, now: Timestamp) -> Result<Option<Timestamp>, Failure> {
    let forever = input.expiration_model == Some(ExpirationModelType::KeyMaterialDoesNotExpire);
    match (forever, input.valid_to) {
        (true, None) => Ok(None),
        (true, Some(_)) => Err(VALIDATION.because(
            "The parameter ValidTo cannot be specified for a key with an expiration model of KEY_MATERIAL_DOES_NOT_EXPIRE",
        )),
        (false, None) => Err(VALIDATION
            .because("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")),
        (false, Some(end)) if end <= now => {
            Err(VALIDATION.because("ValidTo must be in the future"))
        }
        (false, Some(end)) if end > now + VALID_TO_MAX => {
            Err(VALIDATION.because("ValidTo must be within 365 days of the request"))
        }
        (false, end) => Ok(end),
    }
}

fn incorrect(text: impl Into<String>) -> Failure {
    INCORRECT_KEY_MATERIAL_EXCEPTION.because(text)
}
