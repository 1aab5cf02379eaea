//! Multi-Region keys: ReplicateKey and UpdatePrimaryRegion.
//!
//! Each Region has a record of its own; key id, material, spec, usage, origin, rotation and the list of Regions are the
//! same in all of them, and every change to these is written to all in one transaction. Policy, tags, aliases, grants,
//! description and state are each key's own.

use std::collections::{BTreeMap, BTreeSet};

use api_kms::error::{
    ALREADY_EXISTS_EXCEPTION, NOT_FOUND_EXCEPTION, UNSUPPORTED_OPERATION_EXCEPTION,
};
use api_kms::operations::{ReplicateKey, UpdatePrimaryRegion};
use api_kms::{ReplicateKeyRequest, ReplicateKeyResponse, Unit, UpdatePrimaryRegionRequest};
use base::{Arn, Region};
use platform::{Call, Facts, Handle, Resource};
use serde_json::json;
use shape::Failure;
use shape::error::VALIDATION;
use store::Scope;

use crate::lookup::{self, Accepts, OrInternal as _};
use crate::record::{KeyRecord, MultiRegion, Origin, SERVICE, State};
use crate::{Kms, conditions, describe, due, facts, policy, state, tags};

/// The records of the keys that are related to `key`, to change them with it.
pub(crate) async fn relatives(call: &mut Call, key: &KeyRecord) -> Result<Vec<KeyRecord>, Failure> {
    let mut records = Vec::new();
    for scope in key.relatives() {
        let relative = lookup::by_id(call, &scope, &key.id).await?;
        records.push(KeyRecord::clone(&relative));
    }
    Ok(records)
}

/// The caller's own primary key, to change it.
async fn own_primary(call: &mut Call, key_id: &str) -> Result<KeyRecord, Failure> {
    let key = lookup::own(call, key_id).await?;
    let unsupported = |what: &str| {
        UNSUPPORTED_OPERATION_EXCEPTION.because(format!("{} is not {what}.", key.arn()))
    };
    if key.multi_region.is_none() {
        Err(unsupported("a multi-Region key"))
    } else if !key.is_primary() {
        Err(unsupported("a multi-Region primary key"))
    } else {
        Ok(key)
    }
}

/// A Region named in a request, which must be of the partition that Bastide is.
fn region(name: &str) -> Result<Region, Failure> {
    let invalid = || VALIDATION.because(format!("{name} is not a valid Region."));
    let elsewhere = ["cn-", "us-gov-", "us-iso"].iter().any(|prefix| name.starts_with(prefix));
    if elsewhere {
        return Err(UNSUPPORTED_OPERATION_EXCEPTION
            .because(format!("The Region {name} is in another partition.")));
    }
    name.parse().map_err(|_| invalid())
}

impl Handle<ReplicateKey> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:ReplicateKey"), facts::REPLICATE);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ReplicateKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::OwnKey).await?;
        let region = region(input.replica_region())?;
        let primary = lookup::named(call, &key, input.key_id());
        // In the replica's Region its making needs permission too, as one that knows no resources.
        let anything = Arn::new(SERVICE, &region, call.account(), "*");
        let mut create = Resource { arn: anything, policy: None, ..primary.clone() };
        create.conditions.retain(|(name, _)| name != "kms:MultiRegionKeyType");
        let create = create.for_action("kms:CreateKey").with("kms:MultiRegionKeyType", "REPLICA");
        let tagging = tags::permission(call, &region, input.tags.as_deref());
        let abroad = std::iter::once(create).chain(tagging);
        let abroad = abroad.map(|r| r.with("aws:RequestedRegion", region.to_string()));
        Ok(std::iter::once(primary).chain(abroad).collect())
    }

    fn conditions(&self, _call: &Call, input: &ReplicateKeyRequest, request: &mut authz::Request) {
        conditions::text(request, "kms:ReplicaRegion", input.replica_region.as_deref());
        conditions::bypass(request, input.bypass_policy_lockout_safety_check);
        conditions::tags(request, input.tags.as_deref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ReplicateKeyRequest,
    ) -> Result<ReplicateKeyResponse, Failure> {
        let mut primary = own_primary(call, input.key_id()).await?;
        let region = region(input.replica_region())?;
        state::check::<ReplicateKey>(&primary)?;
        let to = Scope::new(primary.account, region.clone());
        if call.tx.get::<KeyRecord>(&to, &primary.id).await.or_internal()?.is_some() {
            return Err(ALREADY_EXISTS_EXCEPTION.because(format!(
                "The multi-Region key {} already exists in Region {region}.",
                primary.id
            )));
        }
        let bypass = input.bypass_policy_lockout_safety_check.unwrap_or(false);
        let future = conditions::future_key(call, &region);
        let policy = policy::chosen(call, future, input.policy.as_deref(), bypass).await?;
        let mut new_tags = BTreeMap::new();
        tags::add(&mut new_tags, input.tags.as_deref().unwrap_or_default())?;

        let others = relatives(call, &primary).await?;
        if let Some(family) = &mut primary.multi_region {
            family.replicas.insert(region.clone());
        }
        let replica = KeyRecord {
            region,
            created: call.now,
            description: input.description.clone().unwrap_or_default(),
            // The replica is ready when the transaction is, so `Creating` is never seen.
            state: match primary.origin {
                Origin::External => State::PendingImport,
                Origin::AwsKms | Origin::ExternalKeyStore => State::Enabled,
            },
            policy,
            tags: new_tags,
            aliases: BTreeSet::new(),
            materials: self.carry(&primary, &to)?,
            deletion: None,
            ..primary.clone()
        };
        call.tx.create(&to, &replica.id, &replica).or_internal()?;
        share_family(call, &primary, others)?;
        lookup::save(call, &primary)?;

        let details = json!({ "keyId": replica.id, "primaryKeyArn": primary.arn() });
        due::record(call, &replica, "CreateKey", Some(details))?;
        Ok(ReplicateKeyResponse {
            replica_key_metadata: Some(describe::metadata(&replica)),
            replica_policy: Some(replica.policy.to_string()),
            replica_tags: Some(tags::list(&replica.tags)),
        })
    }
}

/// Gives the list of Regions of `key` to the others.
fn share_family(call: &mut Call, key: &KeyRecord, others: Vec<KeyRecord>) -> Result<(), Failure> {
    for mut other in others {
        other.multi_region.clone_from(&key.multi_region);
        lookup::save(call, &other)?;
        due::schedule(call, &other)?;
    }
    Ok(())
}

impl Handle<UpdatePrimaryRegion> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:UpdatePrimaryRegion"), facts::PROMOTE);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdatePrimaryRegionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &UpdatePrimaryRegionRequest,
        request: &mut authz::Request,
    ) {
        conditions::text(request, "kms:PrimaryRegion", input.primary_region.as_deref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdatePrimaryRegionRequest,
    ) -> Result<Unit, Failure> {
        let mut key = own_primary(call, input.key_id()).await?;
        let region = region(input.primary_region())?;
        state::check::<UpdatePrimaryRegion>(&key)?;
        let others = relatives(call, &key).await?;
        let promoted = others.iter().find(|other| other.region == region).ok_or_else(|| {
            NOT_FOUND_EXCEPTION
                .because(format!("{} has no replica key in Region {region}.", key.arn()))
        })?;
        state::check::<UpdatePrimaryRegion>(promoted)?;
        let mut regions: BTreeSet<Region> = others.iter().map(|o| o.region.clone()).collect();
        regions.insert(key.region.clone());
        regions.remove(&region);
        // All records change in one transaction, so `Updating` is never seen.
        key.multi_region = Some(MultiRegion { primary: region, replicas: regions });
        share_family(call, &key, others)?;
        lookup::save(call, &key)?;
        // Rotation is the primary's work; its due time moves with the role.
        due::schedule(call, &key)?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}
