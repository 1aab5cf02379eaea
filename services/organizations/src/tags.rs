//! Tags: TagResource, UntagResource, ListTagsForResource, and the rules for tags of what is made.

use std::sync::Arc;

use api_organizations::operations::{ListTagsForResource, TagResource, UntagResource};
use api_organizations::{
    ConstraintViolationExceptionReason as Constraint, InvalidInputExceptionReason as Invalid,
    ListTagsForResourceRequest, ListTagsForResourceResponse, Tag, TagResourceRequest, Unit,
    UntagResourceRequest,
};
use identity::organization::OrganizationPolicy;
use identity::record::Tags;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::record::Delegation;
use crate::refuse::{self, OrInternal as _};
use crate::{Organizations, delegation, paging, policies};

/// Tags of one thing at most.
const TAGS_MAX: usize = 50;
/// Tag keys that start like this, in any case, belong to AWS.
const RESERVED_PREFIX: &str = "aws:";
/// The types of what can be tagged.
const TYPES: &[&str] = &["account", "organizationalunit", "policy", "resourcepolicy", "root"];

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<TagResource, _>(organizations)
        .operation::<UntagResource, _>(organizations)
        .operation::<ListTagsForResource, _>(organizations)
}

/// The tags that something new is to have.
///
/// # Errors
/// As [`add`].
pub(crate) fn new(given: Option<&Vec<Tag>>) -> Result<Tags, Failure> {
    let mut tags = Tags::new();
    add(&mut tags, given.map_or(&[], Vec::as_slice))?;
    Ok(tags)
}

/// Adds tags to `tags`, in place of those with the same keys.
///
/// # Errors
/// `InvalidInputException` for doubled or reserved keys, `ConstraintViolationException` for too many.
pub(crate) fn add(tags: &mut Tags, given: &[Tag]) -> Result<(), Failure> {
    for (index, tag) in given.iter().enumerate() {
        let key = tag.key();
        if given[..index].iter().any(|earlier| earlier.key() == key) {
            let text = "Tag keys must be unique among the tags attached to the same entity.";
            return Err(refuse::invalid(Invalid::DuplicateTagKey, text));
        }
        let prefix = key.get(..RESERVED_PREFIX.len());
        if prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(RESERVED_PREFIX)) {
            let text = "You specified a tag key that is a system tag. You can't add, edit, or delete system tag keys.";
            return Err(refuse::invalid(Invalid::InvalidSystemTagsParameter, text));
        }
        tags.insert(key.to_owned(), tag.value().to_owned());
    }
    if tags.len() > TAGS_MAX {
        let text = "You have exceeded the number of tags allowed on this resource.";
        return Err(refuse::constraint(Constraint::MaxTagLimitExceeded, text));
    }
    Ok(())
}

/// Fills `aws:RequestTag/…` and `aws:TagKeys`.
pub(crate) fn conditions(request: &mut authz::Request, given: Option<&Vec<Tag>>) {
    let Some(given) = given else { return };
    request.context.set_request_tags(given.iter().map(|tag| (tag.key(), tag.value())));
}

/// Something that has tags.
enum Tagged {
    Node(Node),
    Policy(OrganizationPolicy),
    Delegation(Delegation),
}

impl Tagged {
    async fn find(call: &mut Call, place: &Place, id: &str) -> Result<Self, Failure> {
        if id.starts_with("p-") {
            return Ok(Self::Policy(policies::customers(call, place, id).await?));
        }
        if id.starts_with("rp-") {
            return Ok(Self::Delegation(delegation::find(call, place, Some(id)).await?));
        }
        Ok(Self::Node(find::target(call, place, id).await?))
    }

    fn tags(&self) -> &Tags {
        match self {
            Self::Node(node) => node.tags(),
            Self::Policy(policy) => &policy.tags,
            Self::Delegation(delegation) => &delegation.tags,
        }
    }

    fn tags_mut(&mut self) -> &mut Tags {
        match self {
            Self::Node(node) => node.tags_mut(),
            Self::Policy(policy) => &mut policy.tags,
            Self::Delegation(delegation) => &mut delegation.tags,
        }
    }

    fn resource(&self, call: &Call, place: &Place) -> Resource {
        match self {
            Self::Node(node) => node.resource(call, place),
            Self::Policy(policy) => policies::resource(call, place, policy),
            Self::Delegation(delegation) => delegation::resource(call, place, delegation),
        }
    }

    fn put(&self, call: &mut Call, place: &Place) -> Result<(), Failure> {
        match self {
            Self::Node(node) => node.put(call, place),
            Self::Policy(policy) => call.tx.put(&place.scope, &policy.id, policy).or_internal(),
            Self::Delegation(delegation) => {
                call.tx.put(&place.scope, &place.organization.id, delegation).or_internal()
            }
        }
    }
}

async fn named(call: &mut Call, open: Open, id: &str) -> Result<Vec<Resource>, Failure> {
    let place = access::enter(call, open).await?;
    Ok(vec![Tagged::find(call, &place, id).await?.resource(call, &place)])
}

async fn change(
    call: &mut Call,
    id: &str,
    change: impl FnOnce(&mut Tags) -> Result<(), Failure>,
) -> Result<Unit, Failure> {
    let place = access::enter(call, Open::Delegation).await?;
    let mut tagged = Tagged::find(call, &place, id).await?;
    change(tagged.tags_mut())?;
    tagged.put(call, &place)?;
    Ok(Unit {})
}

impl Handle<TagResource> for Organizations {
    const FACTS: Facts = Facts::write("organizations:TagResource").on(TYPES).keys(&[
        "aws:RequestTag/${TagKey}",
        "aws:TagKeys",
        "organizations:PolicyType",
    ]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &TagResourceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Delegation, input.resource_id()).await
    }

    fn conditions(&self, _call: &Call, input: &TagResourceRequest, request: &mut authz::Request) {
        conditions(request, input.tags.as_ref());
    }

    async fn handle(&self, call: &mut Call, input: &TagResourceRequest) -> Result<Unit, Failure> {
        let given = input.tags.as_deref().unwrap_or_default();
        change(call, input.resource_id(), |tags| add(tags, given)).await
    }
}

impl Handle<UntagResource> for Organizations {
    const FACTS: Facts = Facts::write("organizations:UntagResource")
        .on(TYPES)
        .keys(&["aws:TagKeys", "organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UntagResourceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Delegation, input.resource_id()).await
    }

    fn conditions(&self, _call: &Call, input: &UntagResourceRequest, request: &mut authz::Request) {
        request.context.set_all("aws:TagKeys", input.tag_keys.iter().flatten().cloned());
    }

    async fn handle(&self, call: &mut Call, input: &UntagResourceRequest) -> Result<Unit, Failure> {
        let keys = input.tag_keys.as_deref().unwrap_or_default();
        let remove = |tags: &mut Tags| {
            tags.retain(|key, _| !keys.contains(key));
            Ok(())
        };
        change(call, input.resource_id(), remove).await
    }
}

impl Handle<ListTagsForResource> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListTagsForResource")
        .on(TYPES)
        .keys(&["organizations:PolicyType"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListTagsForResourceRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Delegates, input.resource_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListTagsForResourceRequest,
    ) -> Result<ListTagsForResourceResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let tagged = Tagged::find(call, &place, input.resource_id()).await?;
        let tag = |(key, value): (&String, &String)| {
            (key.clone(), Tag { key: Some(key.clone()), value: Some(value.clone()) })
        };
        let tags = tagged.tags().iter().map(tag);
        let token = input.next_token.as_deref();
        let (tags, next_token) = paging::page::<ListTagsForResource, _>(tags, None, token)?;
        Ok(ListTagsForResourceResponse { tags: Some(tags), next_token })
    }
}
