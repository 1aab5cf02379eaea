//! Everything about an account's identities and policies in one answer.

use std::sync::Arc;

use api_iam::operations::GetAccountAuthorizationDetails;
use api_iam::{
    EntityType, GetAccountAuthorizationDetailsRequest, GetAccountAuthorizationDetailsResponse,
    GroupDetail, ManagedPolicyDetail, PolicyDetail, PolicyScopeType, RoleDetail, UserDetail,
};
use identity::ids;
use identity::record::{Group, Policies, Role, User};
use platform::{Call, Facts, Handle, Service};
use shape::Failure;

use crate::managed::Managed;
use crate::paging::Page;
use crate::{
    Iam, attachments, boundaries, documents, find, instance_profiles, policies, roles, tags, uses,
};

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service.operation::<GetAccountAuthorizationDetails, _>(iam)
}

/// One entry of the answer, not shown yet.
enum Entry {
    User(Arc<User>),
    Group(Arc<Group>),
    Role(Arc<Role>),
    Policy(Managed),
}

impl Handle<GetAccountAuthorizationDetails> for Iam {
    const FACTS: Facts = Facts::read("iam:GetAccountAuthorizationDetails");

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetAccountAuthorizationDetailsRequest,
    ) -> Result<GetAccountAuthorizationDetailsResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let found = page.select(entries(call, input.filter.as_deref()).await?);
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        let (mut roles, mut policies) = (Vec::new(), Vec::new());
        for entry in &found.items {
            match entry {
                Entry::User(user) => users.push(of_user(call, user)),
                Entry::Group(group) => groups.push(of_group(call, group)),
                Entry::Role(role) => roles.push(of_role(call, role).await?),
                Entry::Policy(policy) => policies.push(of_policy(call, policy).await?),
            }
        }
        Ok(GetAccountAuthorizationDetailsResponse {
            user_detail_list: Some(users),
            group_detail_list: Some(groups),
            role_detail_list: Some(roles),
            policies: Some(policies),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

/// What the filter lets through, with the ids that order it. Of AWS's policies only those in use.
async fn entries(
    call: &Call,
    filter: Option<&[EntityType]>,
) -> Result<Vec<(String, Entry)>, Failure> {
    let wanted = |kind: EntityType| filter.is_none_or(|filter| filter.contains(&kind));
    let mut entries = Vec::new();
    if wanted(EntityType::Group) {
        let all = find::all::<Group>(call).await?.into_iter();
        entries.extend(all.map(|(id, group)| (format!("group/{id}"), Entry::Group(group))));
    }
    if wanted(EntityType::Role) {
        let all = find::all::<Role>(call).await?.into_iter();
        entries.extend(all.map(|(id, role)| (format!("role/{id}"), Entry::Role(role))));
    }
    if wanted(EntityType::User) {
        let all = find::all::<User>(call).await?.into_iter();
        entries.extend(all.map(|(id, user)| (format!("user/{id}"), Entry::User(user))));
    }
    for (kind, scope) in [
        (EntityType::AWSManagedPolicy, PolicyScopeType::Aws),
        (EntityType::LocalManagedPolicy, PolicyScopeType::Local),
    ] {
        if !wanted(kind) {
            continue;
        }
        for (id, policy) in policies::of_scope(call, Some(&scope)).await? {
            let used = match policy {
                Managed::Own(_) => true,
                Managed::Aws(_) => {
                    let arn = policy.arn(call.account());
                    uses::shown(call, &arn).await? != identity::record::Uses::default()
                }
            };
            if used {
                entries.push((format!("policy/{id}"), Entry::Policy(policy)));
            }
        }
    }
    Ok(entries)
}

fn of_user(call: &Call, user: &User) -> UserDetail {
    UserDetail {
        path: Some(user.path.clone()),
        user_name: Some(user.name.clone()),
        user_id: Some(user.unique_id.clone()),
        arn: Some(ids::arn(call.account(), "user", &user.path, &user.name)),
        create_date: Some(user.created),
        user_policy_list: inline(&user.policies),
        group_list: Some(user.groups.clone()),
        attached_managed_policies: attached(&user.policies),
        permissions_boundary: user.boundary.as_deref().map(boundaries::show),
        tags: tags::show(&user.tags),
    }
}

fn of_group(call: &Call, group: &Group) -> GroupDetail {
    GroupDetail {
        path: Some(group.path.clone()),
        group_name: Some(group.name.clone()),
        group_id: Some(group.unique_id.clone()),
        arn: Some(ids::arn(call.account(), "group", &group.path, &group.name)),
        create_date: Some(group.created),
        group_policy_list: inline(&group.policies),
        attached_managed_policies: attached(&group.policies),
    }
}

async fn of_role(call: &Call, role: &Role) -> Result<RoleDetail, Failure> {
    let shown = roles::show(call, role).await?;
    Ok(RoleDetail {
        path: shown.path,
        role_name: shown.role_name,
        role_id: shown.role_id,
        arn: shown.arn,
        create_date: shown.create_date,
        assume_role_policy_document: shown.assume_role_policy_document,
        instance_profile_list: Some(instance_profiles::shown(call, &role.instance_profiles).await?),
        role_policy_list: inline(&role.policies),
        attached_managed_policies: attached(&role.policies),
        permissions_boundary: shown.permissions_boundary,
        tags: shown.tags,
        role_last_used: Some(roles::last_used(call, role).await?),
    })
}

async fn of_policy(call: &Call, policy: &Managed) -> Result<ManagedPolicyDetail, Failure> {
    let shown = policy.show(call, true).await?;
    let versions = policy.versions().into_iter().filter_map(|number| policy.version(number, true));
    Ok(ManagedPolicyDetail {
        policy_name: shown.policy_name,
        policy_id: shown.policy_id,
        arn: shown.arn,
        path: shown.path,
        default_version_id: shown.default_version_id,
        attachment_count: shown.attachment_count,
        permissions_boundary_usage_count: shown.permissions_boundary_usage_count,
        is_attachable: shown.is_attachable,
        description: shown.description,
        create_date: shown.create_date,
        update_date: shown.update_date,
        policy_version_list: Some(versions.collect()),
    })
}

fn inline(policies: &Policies) -> Option<Vec<PolicyDetail>> {
    let detail = |(name, text): (&String, &Arc<str>)| PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(documents::encode(text)),
    };
    Some(policies.inline.iter().map(detail).collect())
}

fn attached(policies: &Policies) -> Option<Vec<api_iam::AttachedPolicy>> {
    Some(policies.attached.iter().map(|arn| attachments::show(arn)).collect())
}
