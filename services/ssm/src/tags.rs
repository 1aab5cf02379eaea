//! Tags of parameters. Other taggable things of Systems Manager are not here, and asking for them says so.

use std::collections::BTreeMap;

use api_ssm::error::{INVALID_RESOURCE_ID, INVALID_RESOURCE_TYPE, TOO_MANY_TAGS_ERROR};
use api_ssm::operations::{AddTagsToResource, ListTagsForResource, RemoveTagsFromResource};
use api_ssm::{
    AddTagsToResourceRequest, AddTagsToResourceResult, ListTagsForResourceRequest,
    ListTagsForResourceResult, RemoveTagsFromResourceRequest, RemoveTagsFromResourceResult,
    ResourceTypeForTagging, Tag,
};
use platform::{Call, Facts, Handle, Resource};
use shape::Failure;
use shape::error::VALIDATION;

use crate::find::OrInternal as _;
use crate::record::Parameter;
use crate::{Ssm, find};

/// Tags of one parameter at most.
const TAGS_MAX: usize = 50;

impl Handle<AddTagsToResource> for Ssm {
    const FACTS: Facts = Facts::write("ssm:AddTagsToResource")
        .on(&["parameter"])
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &AddTagsToResourceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        tagged(call, input.resource_type.as_ref(), input.resource_id()).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &AddTagsToResourceRequest,
        request: &mut authz::Request,
    ) {
        conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &AddTagsToResourceRequest,
    ) -> Result<AddTagsToResourceResult, Failure> {
        let mut parameter = parameter(call, input.resource_id()).await?;
        add(&mut parameter.tags, input.tags.as_deref().unwrap_or_default())?;
        call.tx.put(&call.scope(), &parameter.name, &parameter).or_internal()?;
        Ok(AddTagsToResourceResult {})
    }
}

impl Handle<RemoveTagsFromResource> for Ssm {
    const FACTS: Facts =
        Facts::write("ssm:RemoveTagsFromResource").on(&["parameter"]).keys(&["aws:TagKeys"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &RemoveTagsFromResourceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        tagged(call, input.resource_type.as_ref(), input.resource_id()).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &RemoveTagsFromResourceRequest,
        request: &mut authz::Request,
    ) {
        let keys = input.tag_keys.iter().flatten().cloned();
        request.context.set_all("aws:TagKeys", keys);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &RemoveTagsFromResourceRequest,
    ) -> Result<RemoveTagsFromResourceResult, Failure> {
        let mut parameter = parameter(call, input.resource_id()).await?;
        for key in input.tag_keys.iter().flatten() {
            parameter.tags.remove(key);
        }
        call.tx.put(&call.scope(), &parameter.name, &parameter).or_internal()?;
        Ok(RemoveTagsFromResourceResult {})
    }
}

impl Handle<ListTagsForResource> for Ssm {
    const FACTS: Facts = Facts::read("ssm:ListTagsForResource").on(&["parameter"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListTagsForResourceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        tagged(call, input.resource_type.as_ref(), input.resource_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListTagsForResourceRequest,
    ) -> Result<ListTagsForResourceResult, Failure> {
        let parameter = parameter(call, input.resource_id()).await?;
        let show = |(key, value): (String, String)| Tag { key: Some(key), value: Some(value) };
        Ok(ListTagsForResourceResult {
            tag_list: Some(parameter.tags.into_iter().map(show).collect()),
        })
    }
}

/// Adds tags, in place of those with the same keys.
///
/// # Errors
/// `TooManyTagsError`; `ValidationException` for a reserved key.
pub(crate) fn add(tags: &mut BTreeMap<String, String>, given: &[Tag]) -> Result<(), Failure> {
    for tag in given {
        let key = tag.key();
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(VALIDATION.because("A tag key must not begin with aws:."));
        }
        tags.insert(key.to_owned(), tag.value().to_owned());
    }
    if tags.len() > TAGS_MAX {
        let text = format!("A resource can have at most {TAGS_MAX} tags.");
        return Err(TOO_MANY_TAGS_ERROR.because(text));
    }
    Ok(())
}

/// Fills `aws:RequestTag/…` and `aws:TagKeys`.
pub(crate) fn conditions(request: &mut authz::Request, given: Option<&Vec<Tag>>) {
    let Some(given) = given else { return };
    request.context.set_request_tags(given.iter().map(|tag| (tag.key(), tag.value())));
}

async fn tagged(
    call: &mut Call,
    kind: Option<&ResourceTypeForTagging>,
    id: &str,
) -> Result<Vec<Resource>, Failure> {
    match kind {
        Some(ResourceTypeForTagging::Parameter) => Ok(vec![find::resource(call, id).await?]),
        _ => Err(INVALID_RESOURCE_TYPE.because("Only parameters can be tagged by this endpoint.")),
    }
}

async fn parameter(call: &mut Call, id: &str) -> Result<Parameter, Failure> {
    let scope = call.scope();
    let found = call.tx.get::<Parameter>(&scope, id).await.or_internal()?;
    let missing = || INVALID_RESOURCE_ID.because(format!("There is no parameter {id}."));
    found.map(|parameter| Parameter::clone(&parameter)).ok_or_else(missing)
}
