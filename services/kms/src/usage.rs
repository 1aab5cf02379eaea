//! How often and when a key was used: counted with every successful cryptographic operation, told by GetKeyLastUsage.
//!
//! The counters say which operation was the last and when; the audit record of that moment says the rest.

use api_kms::operations::GetKeyLastUsage;
use api_kms::{
    GetKeyLastUsageRequest, GetKeyLastUsageResponse, KeyLastUsageData,
    KeyLastUsageTrackingOperation,
};
use base::Timestamp;
use platform::{Call, Facts, Handle, Resource};
use serde::Deserialize;
use shape::{Failure, Operation};
use store::{JournalQuery, Key, Scope};

use crate::lookup::{self, Accepts, OrInternal as _};
use crate::record::{KeyRecord, SERVICE};
use crate::{Kms, facts};

/// Kind of the counters, whose id is the key's and whose names are the operations'.
const KIND: &str = "key-use";
/// Audit records of one moment that are looked through for the one that used the key.
const RECORDS_MAX: usize = 256;

/// Counts one successful use of `key` by the operation `O`.
pub(crate) fn count<O: Operation>(call: &mut Call, key: &KeyRecord) -> Result<(), Failure> {
    let counter = Key::new(&key.scope(), SERVICE, KIND, &key.id).or_internal()?;
    call.tx.tally(counter, O::SCHEMA.name, 1, call.now);
    Ok(())
}

impl Handle<GetKeyLastUsage> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:GetKeyLastUsage"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetKeyLastUsageRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetKeyLastUsageRequest,
    ) -> Result<GetKeyLastUsageResponse, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::OwnKey).await?;
        let scope = key.scope();
        let counters = call.tallies(&scope, &[SERVICE, KIND, &key.id]).await?;
        let last = counters.into_iter().max_by_key(|counter| counter.last);
        let last_usage = match last {
            None => KeyLastUsageData::default(),
            Some(last) => {
                let seen = seen(call, &scope, &key.arn(), &last.counter, last.last).await?;
                let operation = KeyLastUsageTrackingOperation::from(last.counter.as_str());
                KeyLastUsageData {
                    operation: Some(operation),
                    timestamp: Some(last.last),
                    cloud_trail_event_id: seen.as_ref().map(|record| record.event_id.clone()),
                    kms_request_id: seen.and_then(|record| record.request_id),
                }
            }
        };
        Ok(GetKeyLastUsageResponse {
            key_id: Some(key.arn()),
            key_last_usage: Some(last_usage),
            tracking_start_date: Some(key.created),
            key_creation_date: Some(key.created),
        })
    }
}

/// What is needed of an audit record.
#[derive(Deserialize)]
struct Seen {
    #[serde(rename = "eventName")]
    event_name: String,
    #[serde(rename = "eventID")]
    event_id: String,
    #[serde(rename = "requestID")]
    request_id: Option<String>,
    #[serde(rename = "errorCode")]
    error_code: Option<String>,
}

/// The audit record, in the key owner's account, of the last success of `operation` on `arn` at the moment `at`.
async fn seen(
    call: &Call,
    scope: &Scope,
    arn: &str,
    operation: &str,
    at: Timestamp,
) -> Result<Option<Seen>, Failure> {
    let contains = vec![arn.as_bytes().to_vec(), format!("\"{operation}\"").into_bytes()];
    let query = JournalQuery {
        scope: scope.clone(),
        from: at,
        to: at,
        contains,
        after: None,
        limit: RECORDS_MAX,
    };
    let page = call.journal(query).await?;
    let records = page.entries.iter().filter_map(|entry| serde_json::from_slice(&entry.body).ok());
    let fits = |record: &Seen| record.event_name == operation && record.error_code.is_none();
    Ok(records.into_iter().find(fits))
}
