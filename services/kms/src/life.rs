//! The life of a key after its creation: EnableKey, DisableKey, UpdateKeyDescription, ScheduleKeyDeletion and
//! CancelKeyDeletion. What happens when a waiting period ends is in [`crate::due`].

use api_kms::operations::{
    CancelKeyDeletion, DisableKey, EnableKey, ScheduleKeyDeletion, UpdateKeyDescription,
};
use api_kms::{
    CancelKeyDeletionRequest, CancelKeyDeletionResponse, DisableKeyRequest, EnableKeyRequest,
    ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse, Unit, UpdateKeyDescriptionRequest,
};
use base::time::DAY;
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;

use crate::lookup::{self, Accepts};
use crate::record::{Deletion, KeyRecord, Origin, State};
use crate::{Kms, due, facts, state};

/// The shortest waiting period before a deletion, in days.
const WINDOW_MIN_DAYS: u32 = 7;
/// The longest waiting period, and the one that is taken unless another is asked for, in days.
const WINDOW_MAX_DAYS: u32 = 30;

impl Handle<EnableKey> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:EnableKey"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &EnableKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(&self, call: &mut Call, input: &EnableKeyRequest) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        state::check::<EnableKey>(&key)?;
        switch(call, &mut key, State::Enabled)
    }
}

impl Handle<DisableKey> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:DisableKey"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DisableKeyRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(&self, call: &mut Call, input: &DisableKeyRequest) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        state::check::<DisableKey>(&key)?;
        switch(call, &mut key, State::Disabled)
    }
}

fn switch(call: &mut Call, key: &mut KeyRecord, to: State) -> Result<Unit, Failure> {
    // A key whose store is away stays unavailable, and has this state when the store is back.
    key.state = to;
    lookup::save(call, key)?;
    due::schedule(call, key)?;
    lookup::answer_key(call, key);
    Ok(Unit {})
}

impl Handle<UpdateKeyDescription> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:UpdateKeyDescription"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateKeyDescriptionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateKeyDescriptionRequest,
    ) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        state::check::<UpdateKeyDescription>(&key)?;
        key.description = input.description().to_owned();
        lookup::save(call, &key)?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<ScheduleKeyDeletion> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:ScheduleKeyDeletion"), facts::SCHEDULE);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ScheduleKeyDeletionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &ScheduleKeyDeletionRequest,
        request: &mut authz::Request,
    ) {
        let days = input.pending_window_in_days.map_or(i64::from(WINDOW_MAX_DAYS), i64::from);
        request.context.set("kms:ScheduleKeyDeletionPendingWindowInDays", days);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ScheduleKeyDeletionRequest,
    ) -> Result<ScheduleKeyDeletionResponse, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        let window_days = window(input.pending_window_in_days)?;
        state::check::<ScheduleKeyDeletion>(&key)?;
        let has_replicas =
            key.is_primary() && key.multi_region.as_ref().is_some_and(|f| !f.replicas.is_empty());
        if has_replicas {
            key.state = State::PendingReplicaDeletion;
            key.deletion = Some(Deletion { window_days, at: None });
        } else {
            key.state = State::PendingDeletion;
            key.deletion = Some(Deletion { window_days, at: Some(call.now + DAY * window_days) });
        }
        lookup::save(call, &key)?;
        due::schedule(call, &key)?;
        Ok(ScheduleKeyDeletionResponse {
            key_id: Some(key.arn()),
            deletion_date: key.deletion.and_then(|deletion| deletion.at),
            key_state: Some(key.state.as_str().into()),
            pending_window_in_days: i32::try_from(window_days).ok(),
        })
    }
}

/// The documented bounds; the model's are wider.
fn window(days: Option<i32>) -> Result<u32, Failure> {
    let Some(days) = days else { return Ok(WINDOW_MAX_DAYS) };
    let bound = |what: &str, bound: u32| {
        VALIDATION.because(format!(
            "1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value {what} than or equal to {bound}"
        ))
    };
    match u32::try_from(days) {
        Ok(days) if days > WINDOW_MAX_DAYS => Err(bound("less", WINDOW_MAX_DAYS)),
        Ok(days) if days >= WINDOW_MIN_DAYS => Ok(days),
        _ => Err(bound("greater", WINDOW_MIN_DAYS)),
    }
}

impl Handle<CancelKeyDeletion> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:CancelKeyDeletion"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CancelKeyDeletionRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CancelKeyDeletionRequest,
    ) -> Result<CancelKeyDeletionResponse, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        state::check::<CancelKeyDeletion>(&key)?;
        key.deletion = None;
        key.state = match key.origin {
            Origin::External if !key.is_complete() => State::PendingImport,
            _ => State::Disabled,
        };
        lookup::save(call, &key)?;
        due::schedule(call, &key)?;
        Ok(CancelKeyDeletionResponse { key_id: Some(key.arn()) })
    }
}
