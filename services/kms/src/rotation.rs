//! Rotation: the schedule, rotation on demand, and its history.
//!
//! A rotation gives a symmetric key new current material and keeps the old for decryption. In a multi-Region key the primary
//! rotates and all replicas get the same material in the same transaction.

use api_kms::error::{
    KMS_INVALID_STATE_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION, UNSUPPORTED_OPERATION_EXCEPTION,
};
use api_kms::operations::{
    DisableKeyRotation, EnableKeyRotation, GetKeyRotationStatus, ListKeyRotations,
    RotateKeyOnDemand,
};
use api_kms::{
    DisableKeyRotationRequest, EnableKeyRotationRequest, ExpirationModelType,
    GetKeyRotationStatusRequest, GetKeyRotationStatusResponse, ImportState, IncludeKeyMaterial,
    ListKeyRotationsRequest, ListKeyRotationsResponse, RotateKeyOnDemandRequest,
    RotateKeyOnDemandResponse, RotationType, RotationsListEntry, Unit,
};
use base::time::DAY;
use keyring::KeySpec;
use platform::{Call, Facts, Handle, Resource};
use serde_json::json;
use shape::Failure;

use crate::lookup::{self, Accepts};
use crate::paging::{self, Page};
use crate::record::{
    KeyRecord, MaterialRecord, MaterialState, Origin, ROTATION_PERIOD_DAYS, Rotated, State,
};
use crate::{Kms, due, facts, multi_region, state};

/// Rotations on demand at most, for the whole life of a key (RotateKeyOnDemand, KMS API Reference).
pub(crate) const ON_DEMAND_ROTATIONS_MAX: u32 = 25;

/// Gives `key` and its relatives new current material, and writes them. The caller has checked that it may.
pub(crate) async fn rotate(
    kms: &Kms,
    call: &mut Call,
    key: &mut KeyRecord,
    on_demand: bool,
) -> Result<(), Failure> {
    let previous = key.current().map(|material| material.id.clone());
    let next = match key.origin {
        Origin::AwsKms | Origin::ExternalKeyStore => {
            let material = kms.generate(call, key.spec).await?;
            kms.seal(&key.scope(), &key.id, &material, call.now)?
        }
        Origin::External => pending(key)?.clone(),
    };
    let details = json!({
        "keyId": key.id,
        "rotationType": if on_demand { "ON_DEMAND" } else { "AUTOMATIC" },
        "keyOrigin": key.origin.as_str(),
        "previousKeyMaterialId": previous,
        "currentKeyMaterialId": next.id,
    });
    let rotated = Rotated { at: call.now, on_demand };
    for mut relative in multi_region::relatives(call, key).await? {
        let carried = kms.carry_one(key, &next, &relative.scope())?;
        install(&mut relative, carried, rotated);
        relative.rotation = key.rotation;
        finish(call, &relative, &details)?;
    }
    install(key, next, rotated);
    finish(call, key, &details)
}

/// Makes `next` the current material; it may be in the record already.
fn install(key: &mut KeyRecord, next: MaterialRecord, rotated: Rotated) {
    for material in &mut key.materials {
        if material.state == MaterialState::Current {
            material.state = MaterialState::NonCurrent;
        }
    }
    if key.material(&next.id).is_none() {
        key.materials.push(next.clone());
    }
    if let Some(material) = key.material_mut(&next.id) {
        material.state = MaterialState::Current;
        material.rotated = Some(rotated);
    }
}

fn finish(call: &mut Call, key: &KeyRecord, details: &serde_json::Value) -> Result<(), Failure> {
    lookup::save(call, key)?;
    due::schedule(call, key)?;
    due::record(call, key, "RotateKey", Some(details.clone()))?;
    due::announce(call, key, "KMS CMK Rotation")
}

/// The imported material that waits for its rotation.
fn pending(key: &KeyRecord) -> Result<&MaterialRecord, Failure> {
    key.materials
        .iter()
        .find(|m| m.state == MaterialState::PendingRotation && m.sealed.is_some())
        .ok_or_else(|| {
            KMS_INVALID_STATE_EXCEPTION
                .because(format!("{} has no key material pending rotation.", key.arn()))
        })
}

/// Refuses keys whose material cannot be rotated: all but symmetric encryption keys.
fn check_rotates(key: &KeyRecord) -> Result<(), Failure> {
    if key.spec == KeySpec::SymmetricDefault {
        return Ok(());
    }
    Err(UNSUPPORTED_OPERATION_EXCEPTION.because(format!(
        "{} key spec is {} which is not valid for this operation.",
        key.arn(),
        key.spec
    )))
}

/// Refuses keys in custom key stores, whose external half KMS cannot rotate.
fn check_inside(key: &KeyRecord) -> Result<(), Failure> {
    if key.external.is_none() {
        return Ok(());
    }
    let (arn, origin) = (key.arn(), key.origin.as_str());
    Err(UNSUPPORTED_OPERATION_EXCEPTION
        .because(format!("{arn} origin is {origin} which is not valid for this operation.")))
}

/// Refuses keys that cannot rotate on a schedule of their own.
fn check_schedules(key: &KeyRecord) -> Result<(), Failure> {
    check_rotates(key)?;
    check_inside(key)?;
    if key.origin == Origin::External {
        return Err(UNSUPPORTED_OPERATION_EXCEPTION.because(format!(
            "{} origin is EXTERNAL which is not valid for this operation.",
            key.arn()
        )));
    }
    check_leads(key)
}

/// Refuses replicas, whose primary rotates for them.
fn check_leads(key: &KeyRecord) -> Result<(), Failure> {
    if key.is_replica() {
        return Err(UNSUPPORTED_OPERATION_EXCEPTION.because(format!(
            "{} is a multi-Region replica key. Rotation is set on the primary key.",
            key.arn()
        )));
    }
    Ok(())
}

/// Writes the key and lets its relatives follow its schedule.
async fn save_schedule(call: &mut Call, key: &KeyRecord) -> Result<(), Failure> {
    for mut relative in multi_region::relatives(call, key).await? {
        relative.rotation = key.rotation;
        lookup::save(call, &relative)?;
    }
    lookup::save(call, key)?;
    due::schedule(call, key)
}

impl Handle<EnableKeyRotation> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:EnableKeyRotation"), facts::ROTATE);

    async fn resources(
        &self,
        call: &mut Call,
        input: &EnableKeyRotationRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &EnableKeyRotationRequest,
        request: &mut authz::Request,
    ) {
        let days = input.rotation_period_in_days.map_or(i64::from(ROTATION_PERIOD_DAYS), i64::from);
        request.context.set("kms:RotationPeriodInDays", days);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &EnableKeyRotationRequest,
    ) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        check_schedules(&key)?;
        state::check::<EnableKeyRotation>(&key)?;
        let days = input.rotation_period_in_days.and_then(|days| u32::try_from(days).ok());
        let days = days.unwrap_or(ROTATION_PERIOD_DAYS);
        // The first rotation comes one period after the call that set the period; repeating that call moves nothing.
        if !key.rotation.enabled || key.rotation.period_days != days {
            key.rotation.enabled = true;
            key.rotation.period_days = days;
            key.rotation.next = Some(call.now + DAY * days);
            save_schedule(call, &key).await?;
        }
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<DisableKeyRotation> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:DisableKeyRotation"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DisableKeyRotationRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DisableKeyRotationRequest,
    ) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        check_schedules(&key)?;
        state::check::<DisableKeyRotation>(&key)?;
        key.rotation.enabled = false;
        key.rotation.next = None;
        save_schedule(call, &key).await?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<GetKeyRotationStatus> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:GetKeyRotationStatus"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetKeyRotationStatusRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::Key).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetKeyRotationStatusRequest,
    ) -> Result<GetKeyRotationStatusResponse, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::Key).await?;
        check_rotates(&key)?;
        // A key pending deletion shows no rotation; its schedule returns with it.
        let leaves = matches!(key.state, State::PendingDeletion | State::PendingReplicaDeletion);
        let enabled = key.rotation.enabled && !leaves;
        let period = i32::try_from(key.rotation.period_days).ok();
        Ok(GetKeyRotationStatusResponse {
            key_rotation_enabled: Some(enabled),
            key_id: Some(key.id.clone()),
            rotation_period_in_days: period.filter(|_| enabled),
            next_rotation_date: key.rotation.next.filter(|_| enabled),
            // Rotations are complete when their call is, so none is ever in progress.
            on_demand_rotation_start_date: None,
        })
    }
}

impl Handle<RotateKeyOnDemand> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:RotateKeyOnDemand"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &RotateKeyOnDemandRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &RotateKeyOnDemandRequest,
    ) -> Result<RotateKeyOnDemandResponse, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        check_rotates(&key)?;
        check_inside(&key)?;
        check_leads(&key)?;
        state::check::<RotateKeyOnDemand>(&key)?;
        if key.rotation.on_demand >= ON_DEMAND_ROTATIONS_MAX {
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(format!(
                "{} has been rotated on demand {ON_DEMAND_ROTATIONS_MAX} times, the maximum.",
                key.arn()
            )));
        }
        key.rotation.on_demand += 1;
        rotate(self, call, &mut key, true).await?;
        Ok(RotateKeyOnDemandResponse { key_id: Some(key.id) })
    }
}

impl Handle<ListKeyRotations> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:ListKeyRotations"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListKeyRotationsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListKeyRotationsRequest,
    ) -> Result<ListKeyRotationsResponse, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::OwnKey).await?;
        check_rotates(&key)?;
        let page =
            Page::new::<ListKeyRotations>(input.limit, input.marker.as_deref(), paging::LONG)?;
        let all = input.include_key_material == Some(IncludeKeyMaterial::AllKeyMaterial);
        let entries = key
            .materials
            .iter()
            .enumerate()
            .filter(|(_, material)| all || material.rotated.is_some())
            .map(|(at, material)| (format!("{at:08}"), entry(&key, material)));
        let (rotations, next) = page.select(entries);
        Ok(ListKeyRotationsResponse {
            rotations: Some(rotations),
            truncated: Some(next.is_some()),
            next_marker: next,
        })
    }
}

fn entry(key: &KeyRecord, material: &MaterialRecord) -> RotationsListEntry {
    let import = material.import.as_ref();
    RotationsListEntry {
        key_id: Some(key.id.clone()),
        key_material_id: Some(material.id.clone()),
        key_material_description: import.and_then(|import| import.description.clone()),
        import_state: import.map(|_| match material.sealed {
            Some(_) => ImportState::Imported,
            None => ImportState::PendingImport,
        }),
        key_material_state: Some(material.state.as_str().into()),
        expiration_model: import.map(|import| match import.expires {
            Some(_) => ExpirationModelType::KeyMaterialExpires,
            None => ExpirationModelType::KeyMaterialDoesNotExpire,
        }),
        valid_to: import.and_then(|import| import.expires),
        rotation_date: material.rotated.map(|rotated| rotated.at),
        rotation_type: material.rotated.map(|rotated| match rotated.on_demand {
            true => RotationType::OnDemand,
            false => RotationType::Automatic,
        }),
    }
}
