//! ListKeys.

use api_kms::operations::ListKeys;
use api_kms::{KeyListEntry, ListKeysRequest, ListKeysResponse, ResourceOwnerType};
use platform::{Call, Facts, Handle};
use shape::Failure;
use store::Range;

use crate::Kms;
use crate::lookup::OrInternal as _;
use crate::paging::{self, Page};
use crate::record::KeyRecord;

impl Handle<ListKeys> for Kms {
    const FACTS: Facts = Facts::read("kms:ListKeys");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListKeysRequest,
    ) -> Result<ListKeysResponse, Failure> {
        let page = Page::new::<ListKeys>(input.limit, input.marker.as_deref(), paging::LONG)?;
        // Nothing is shared through Resource Access Manager, so only the caller's own keys can be listed.
        let own = input.resource_owners.as_ref().is_none_or(|owners| {
            owners.is_empty() || owners.contains(&ResourceOwnerType::SelfValue)
        });
        let found = if own {
            let range = Range { prefix: "", after: page.after() };
            call.tx.scan::<KeyRecord>(&call.scope(), range, page.wanted()).await.or_internal()?
        } else {
            Vec::new()
        };
        let (keys, next) = page.cut(found);
        let entry = |key: &KeyRecord| KeyListEntry {
            key_id: Some(key.id.clone()),
            key_arn: Some(key.arn()),
        };
        Ok(ListKeysResponse {
            keys: Some(keys.iter().map(|key| entry(key)).collect()),
            truncated: Some(next.is_some()),
            next_marker: next,
        })
    }
}
