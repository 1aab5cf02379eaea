//! Instance profiles, through which a machine gets its role. A profile holds one role at most.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html>

use std::sync::Arc;

use api_iam::error::{
    DELETE_CONFLICT_EXCEPTION, ENTITY_ALREADY_EXISTS_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION,
    NO_SUCH_ENTITY_EXCEPTION,
};
use api_iam::operations::{
    AddRoleToInstanceProfile, CreateInstanceProfile, DeleteInstanceProfile, GetInstanceProfile,
    ListInstanceProfiles, ListInstanceProfilesForRole, RemoveRoleFromInstanceProfile,
};
use api_iam::{
    AddRoleToInstanceProfileRequest, CreateInstanceProfileRequest, CreateInstanceProfileResponse,
    DeleteInstanceProfileRequest, GetInstanceProfileRequest, GetInstanceProfileResponse,
    ListInstanceProfilesForRoleRequest, ListInstanceProfilesForRoleResponse,
    ListInstanceProfilesRequest, ListInstanceProfilesResponse,
    RemoveRoleFromInstanceProfileRequest, Unit,
};
use identity::ids;
use identity::record::{self, InstanceProfile, Role, Tags};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::find::{self, OrInternal as _};
use crate::paging::{self, Page};
use crate::tagging::Tagged;
use crate::users::ROOT_PATH;
use crate::{Iam, bearer, roles, tags};

/// CloudFormation's type.
const INSTANCE_PROFILE: &str = "AWS::IAM::InstanceProfile";
/// Instance profiles of an account at most.
pub(crate) const INSTANCE_PROFILES_MAX: usize = 1_000;
/// Roles of an instance profile at most.
const ROLES_MAX: usize = 1;
/// To whom a role goes that is put into an instance profile.
const PASSED_TO: &str = "ec2.amazonaws.com";

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service
        .operation::<CreateInstanceProfile, _>(iam)
        .operation::<GetInstanceProfile, _>(iam)
        .operation::<ListInstanceProfiles, _>(iam)
        .operation::<ListInstanceProfilesForRole, _>(iam)
        .operation::<AddRoleToInstanceProfile, _>(iam)
        .operation::<RemoveRoleFromInstanceProfile, _>(iam)
        .operation::<DeleteInstanceProfile, _>(iam)
}

impl Handle<CreateInstanceProfile> for Iam {
    const FACTS: Facts = Facts::write("iam:CreateInstanceProfile")
        .on(&["instance-profile"])
        .keys(&["aws:TagKeys", "aws:RequestTag/${TagKey}"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateInstanceProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let path = input.path.as_deref().unwrap_or(ROOT_PATH);
        let (account, name) = (call.account(), input.instance_profile_name());
        Ok(vec![find::named(account, INSTANCE_PROFILE, "instance-profile", path, name)])
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &CreateInstanceProfileRequest,
        request: &mut authz::Request,
    ) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateInstanceProfileRequest,
    ) -> Result<CreateInstanceProfileResponse, Failure> {
        let (scope, name) = (find::scope(call), input.instance_profile_name());
        let id = record::id(name);
        if call.tx.get::<InstanceProfile>(&scope, &id).await.or_internal()?.is_some() {
            let text = format!("Instance Profile {name} already exists.");
            return Err(ENTITY_ALREADY_EXISTS_EXCEPTION.because(text));
        }
        let quota = "InstanceProfilesPerAccount";
        find::within_quota::<InstanceProfile>(call, quota, INSTANCE_PROFILES_MAX).await?;
        let mut profile = InstanceProfile {
            name: name.to_owned(),
            path: input.path.clone().unwrap_or_else(|| ROOT_PATH.to_owned()),
            unique_id: ids::unique_id(ids::Prefix::InstanceProfile, call.random()),
            created: call.now.trunc_seconds(),
            role: None,
            tags: Tags::new(),
        };
        tags::add(&mut profile.tags, input.tags.as_deref().unwrap_or_default())?;
        call.tx.create(&scope, &id, &profile).or_internal()?;
        Ok(CreateInstanceProfileResponse { instance_profile: Some(show(call, &profile).await?) })
    }
}

impl Handle<GetInstanceProfile> for Iam {
    const FACTS: Facts = Facts::read("iam:GetInstanceProfile").on(&["instance-profile"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &GetInstanceProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        InstanceProfile::named(call, input.instance_profile_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &GetInstanceProfileRequest,
    ) -> Result<GetInstanceProfileResponse, Failure> {
        let profile = InstanceProfile::take(call, input.instance_profile_name()).await?;
        Ok(GetInstanceProfileResponse { instance_profile: Some(show(call, &profile).await?) })
    }
}

impl Handle<ListInstanceProfiles> for Iam {
    const FACTS: Facts = Facts::read("iam:ListInstanceProfiles");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListInstanceProfilesRequest,
    ) -> Result<ListInstanceProfilesResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let prefix = input.path_prefix.as_deref();
        let listed = |profile: &InstanceProfile| {
            paging::has_prefix(&profile.path, prefix).then(|| profile.clone())
        };
        let found = page.scan(&call.tx, &find::scope(call), listed).await?;
        Ok(ListInstanceProfilesResponse {
            instance_profiles: Some(show_all(call, &found.items).await?),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<ListInstanceProfilesForRole> for Iam {
    const FACTS: Facts = Facts::read("iam:ListInstanceProfilesForRole").on(&["role"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListInstanceProfilesForRoleRequest,
    ) -> Result<Vec<Resource>, Failure> {
        bearer::named::<Role>(call, input.role_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListInstanceProfilesForRoleRequest,
    ) -> Result<ListInstanceProfilesForRoleResponse, Failure> {
        let page = Page::new(input.max_items, input.marker.as_deref())?;
        let role = find::role(call, input.role_name()).await?;
        let names = role.instance_profiles.iter().map(|name| (record::id(name), name.clone()));
        let found = page.select(names);
        let profiles = of_names(call, &found.items).await?;
        Ok(ListInstanceProfilesForRoleResponse {
            instance_profiles: Some(show_all(call, &profiles).await?),
            is_truncated: Some(found.truncated),
            marker: found.marker,
        })
    }
}

impl Handle<AddRoleToInstanceProfile> for Iam {
    const FACTS: Facts = Facts::write("iam:AddRoleToInstanceProfile").on(&["instance-profile"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &AddRoleToInstanceProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let mut named = InstanceProfile::named(call, input.instance_profile_name()).await?;
        let role = find::role(call, input.role_name()).await?;
        let Resource { arn, tags, .. } = bearer::resource(call.account(), &*role);
        named.push(Resource { tags, ..Resource::pass_role(arn, PASSED_TO, None) });
        Ok(named)
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &AddRoleToInstanceProfileRequest,
    ) -> Result<Unit, Failure> {
        let mut profile = InstanceProfile::take(call, input.instance_profile_name()).await?;
        let mut role = bearer::take::<Role>(call, input.role_name()).await?;
        if profile.role.is_some() {
            return Err(LIMIT_EXCEEDED_EXCEPTION.because(format!(
                "Cannot exceed quota for InstanceSessionsPerInstanceProfile: {ROLES_MAX}"
            )));
        }
        profile.role = Some(role.name.clone());
        role.instance_profiles.push(profile.name.clone());
        profile.save(call)?;
        bearer::save(call, &role)?;
        Ok(Unit {})
    }
}

impl Handle<RemoveRoleFromInstanceProfile> for Iam {
    const FACTS: Facts =
        Facts::write("iam:RemoveRoleFromInstanceProfile").on(&["instance-profile"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &RemoveRoleFromInstanceProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        InstanceProfile::named(call, input.instance_profile_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &RemoveRoleFromInstanceProfileRequest,
    ) -> Result<Unit, Failure> {
        let mut profile = InstanceProfile::take(call, input.instance_profile_name()).await?;
        let mut role = bearer::take::<Role>(call, input.role_name()).await?;
        if profile.role.as_ref() != Some(&role.name) {
            return Err(find::nothing("role", input.role_name()));
        }
        profile.role = None;
        role.instance_profiles.retain(|name| *name != profile.name);
        profile.save(call)?;
        bearer::save(call, &role)?;
        Ok(Unit {})
    }
}

impl Handle<DeleteInstanceProfile> for Iam {
    const FACTS: Facts = Facts::write("iam:DeleteInstanceProfile").on(&["instance-profile"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteInstanceProfileRequest,
    ) -> Result<Vec<Resource>, Failure> {
        InstanceProfile::named(call, input.instance_profile_name()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteInstanceProfileRequest,
    ) -> Result<Unit, Failure> {
        let profile = InstanceProfile::take(call, input.instance_profile_name()).await?;
        if profile.role.is_some() {
            let text = "Cannot delete entity, must remove roles from instance profile first.";
            return Err(DELETE_CONFLICT_EXCEPTION.because(text));
        }
        let scope = find::scope(call);
        call.tx.delete::<InstanceProfile>(&scope, &record::id(&profile.name)).or_internal()?;
        Ok(Unit {})
    }
}

impl Tagged for InstanceProfile {
    async fn named(call: &mut Call, name: &str) -> Result<Vec<Resource>, Failure> {
        let Self { path, name, tags, .. } = Self::take(call, name).await?;
        let account = call.account();
        let named = find::named(account, INSTANCE_PROFILE, "instance-profile", &path, &name);
        Ok(vec![Resource { tags, ..named }])
    }

    async fn take(call: &mut Call, name: &str) -> Result<Self, Failure> {
        let found =
            call.tx.get::<Self>(&find::scope(call), &record::id(name)).await.or_internal()?;
        let text = format!("Instance Profile {name} cannot be found.");
        found.map(|p| Self::clone(&p)).ok_or_else(|| NO_SUCH_ENTITY_EXCEPTION.because(text))
    }

    fn tags(&mut self) -> &mut Tags {
        &mut self.tags
    }

    fn save(&self, call: &mut Call) -> Result<(), Failure> {
        call.tx.put(&find::scope(call), &record::id(&self.name), self).or_internal()
    }
}

/// The instance profiles of these names, as the API shows them.
///
/// # Errors
/// A failing store.
pub(crate) async fn shown(
    call: &Call,
    names: &[String],
) -> Result<Vec<api_iam::InstanceProfile>, Failure> {
    let profiles = of_names(call, names).await?;
    show_all(call, &profiles).await
}

async fn of_names(call: &Call, names: &[String]) -> Result<Vec<InstanceProfile>, Failure> {
    let mut profiles = Vec::with_capacity(names.len());
    for name in names {
        let id = record::id(name);
        let found: Option<Arc<InstanceProfile>> =
            call.tx.peek(&find::scope(call), &id).await.or_internal()?;
        profiles.extend(found.map(|profile| InstanceProfile::clone(&profile)));
    }
    Ok(profiles)
}

/// Listings leave tags out.
async fn show_all(
    call: &Call,
    profiles: &[InstanceProfile],
) -> Result<Vec<api_iam::InstanceProfile>, Failure> {
    let mut shown = Vec::with_capacity(profiles.len());
    for profile in profiles {
        shown.push(api_iam::InstanceProfile { tags: None, ..show(call, profile).await? });
    }
    Ok(shown)
}

async fn show(call: &Call, profile: &InstanceProfile) -> Result<api_iam::InstanceProfile, Failure> {
    let mut shown = Vec::new();
    if let Some(name) = &profile.role {
        let role: Option<Arc<Role>> =
            call.tx.peek(&find::scope(call), &record::id(name)).await.or_internal()?;
        if let Some(role) = role {
            shown.push(roles::show(call, &role).await?);
        }
    }
    let account = call.account();
    Ok(api_iam::InstanceProfile {
        path: Some(profile.path.clone()),
        instance_profile_name: Some(profile.name.clone()),
        instance_profile_id: Some(profile.unique_id.clone()),
        arn: Some(ids::arn(account, "instance-profile", &profile.path, &profile.name)),
        create_date: Some(profile.created),
        roles: Some(shown),
        tags: tags::show(&profile.tags),
    })
}
