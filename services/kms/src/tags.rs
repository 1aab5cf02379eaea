//! Tags on keys: TagResource, UntagResource, ListResourceTags, and the rules for tags of new keys.

use std::collections::{BTreeMap, BTreeSet};

use api_kms::error::TAG_EXCEPTION;
use api_kms::operations::{ListResourceTags, TagResource, UntagResource};
use api_kms::{
    ListResourceTagsRequest, ListResourceTagsResponse, Tag, TagResourceRequest, Unit,
    UntagResourceRequest,
};
use base::Region;
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;

use crate::lookup::{self, Accepts};
use crate::paging::{self, Page};
use crate::{Kms, conditions, facts, state};

/// Tags on a key at most (Tagging AWS resources, AWS General Reference).
pub(crate) const TAGS_MAX: usize = 50;
/// Tag keys that start like this, in any case, belong to AWS.
const RESERVED_PREFIX: &str = "aws:";

/// Adds `new` to `tags`; a key that is there already takes the new value.
///
/// # Errors
/// `TagException`.
pub(crate) fn add(tags: &mut BTreeMap<String, String>, new: &[Tag]) -> Result<(), Failure> {
    let mut seen = BTreeSet::new();
    for tag in new {
        let key = tag.tag_key.as_deref().unwrap_or_default();
        check_key(key)?;
        if !seen.insert(key) {
            return Err(TAG_EXCEPTION.because("Duplicate tag keys found. Tag keys must be unique."));
        }
        tags.insert(key.to_owned(), tag.tag_value.clone().unwrap_or_default());
    }
    if tags.len() > TAGS_MAX {
        return Err(TAG_EXCEPTION.because("Too many tags"));
    }
    Ok(())
}

/// What making a key in `region` needs besides if it is to have tags (CreateKey, KMS API Reference).
pub(crate) fn permission(call: &Call, region: &Region, tags: Option<&[Tag]>) -> Option<Resource> {
    let tagged = tags.is_some_and(|tags| !tags.is_empty());
    tagged.then(|| conditions::future_key(call, region).for_action("kms:TagResource"))
}

/// Tags as the API lists them.
pub(crate) fn list(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter()
        .map(|(key, value)| Tag { tag_key: Some(key.clone()), tag_value: Some(value.clone()) })
        .collect()
}

fn check_key(key: &str) -> Result<(), Failure> {
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    if key.get(..RESERVED_PREFIX.len()).is_some_and(|p| p.eq_ignore_ascii_case(RESERVED_PREFIX)) {
        Err(TAG_EXCEPTION.because("aws: prefixed tag key names are not allowed for external use."))
    } else if !key.chars().all(allowed) {
        Err(TAG_EXCEPTION.because(format!("The tag key {key:?} contains invalid characters.")))
    } else {
        Ok(())
    }
}

impl Handle<TagResource> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:TagResource"), facts::TAG);

    async fn resources(
        &self,
        call: &mut Call,
        input: &TagResourceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    fn conditions(&self, _call: &Call, input: &TagResourceRequest, request: &mut authz::Request) {
        conditions::tags(request, input.tags.as_deref());
    }

    async fn handle(&self, call: &mut Call, input: &TagResourceRequest) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        state::check::<TagResource>(&key)?;
        add(&mut key.tags, input.tags.as_deref().unwrap_or_default())?;
        lookup::save(call, &key)?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<UntagResource> for Kms {
    const FACTS: Facts = facts::on_key(Facts::write("kms:UntagResource"), facts::UNTAG);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UntagResourceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    fn conditions(&self, _call: &Call, input: &UntagResourceRequest, request: &mut authz::Request) {
        conditions::tag_keys(request, input.tag_keys.iter().flatten());
    }

    async fn handle(&self, call: &mut Call, input: &UntagResourceRequest) -> Result<Unit, Failure> {
        let mut key = lookup::own(call, input.key_id()).await?;
        state::check::<UntagResource>(&key)?;
        for tag in input.tag_keys.iter().flatten() {
            check_key(tag)?;
            key.tags.remove(tag);
        }
        lookup::save(call, &key)?;
        lookup::answer_key(call, &key);
        Ok(Unit {})
    }
}

impl Handle<ListResourceTags> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:ListResourceTags"), facts::COMMON);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListResourceTagsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::OwnKey).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListResourceTagsRequest,
    ) -> Result<ListResourceTagsResponse, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::OwnKey).await?;
        let page =
            Page::new::<ListResourceTags>(input.limit, input.marker.as_deref(), paging::TAGS)?;
        let names = key.tags.keys().cloned();
        let (tags, next) = page.select(names.zip(list(&key.tags)));
        Ok(ListResourceTagsResponse {
            tags: Some(tags),
            truncated: Some(next.is_some()),
            next_marker: next,
        })
    }
}
