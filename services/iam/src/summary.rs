//! The summary of what is in an account, and the quotas that hold for it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use api_iam::operations::GetAccountSummary;
use api_iam::{GetAccountSummaryResponse, Unit};
use identity::record::{
    Group, InstanceProfile, ManagedPolicy, MfaDevice, OidcProvider, Role, SamlProvider, User,
};
use platform::{Call, Facts, Handle, Service};
use shape::Failure;
use store::Record;

use crate::bearer::Bearer;
use crate::holder::Holder;
use crate::server_certificates::{self, ServerCertificate};
use crate::{
    Iam, access_keys, attachments, find, groups, instance_profiles, members, policies, roles,
    signing_certificates, trust, users, versions,
};

/// The quotas that are told, which are those that are enforced. AWS tells one more, of policy versions in use.
const QUOTAS: [(&str, usize); 18] = [
    ("UsersQuota", users::USERS_MAX),
    ("GroupsQuota", groups::GROUPS_MAX),
    ("RolesQuota", roles::ROLES_MAX),
    ("PoliciesQuota", policies::POLICIES_MAX),
    ("InstanceProfilesQuota", instance_profiles::INSTANCE_PROFILES_MAX),
    ("ServerCertificatesQuota", server_certificates::CERTIFICATES_MAX),
    ("AccessKeysPerUserQuota", access_keys::ACCESS_KEYS_MAX),
    ("GroupsPerUserQuota", members::GROUPS_PER_USER_MAX),
    ("SigningCertificatesPerUserQuota", signing_certificates::CERTIFICATES_MAX),
    ("AttachedPoliciesPerUserQuota", attachments::ATTACHED_MAX),
    ("AttachedPoliciesPerGroupQuota", attachments::ATTACHED_MAX),
    ("AttachedPoliciesPerRoleQuota", attachments::ATTACHED_MAX),
    ("UserPolicySizeQuota", User::INLINE_MAX_CHARS),
    ("GroupPolicySizeQuota", Group::INLINE_MAX_CHARS),
    ("RolePolicySizeQuota", Role::INLINE_MAX_CHARS),
    ("AssumeRolePolicySizeQuota", trust::TRUST_MAX_CHARS),
    ("PolicySizeQuota", policies::POLICY_MAX_CHARS),
    ("VersionsPerPolicyQuota", versions::VERSIONS_MAX),
];

pub(crate) fn operations(service: Service, iam: &Arc<Iam>) -> Service {
    service.operation::<GetAccountSummary, _>(iam)
}

impl Handle<GetAccountSummary> for Iam {
    const FACTS: Facts = Facts::read("iam:GetAccountSummary");

    async fn handle(
        &self,
        call: &mut Call,
        _input: &Unit,
    ) -> Result<GetAccountSummaryResponse, Failure> {
        let root = Holder::root(call).await?;
        let devices = find::all::<MfaDevice>(call).await?;
        let in_use = devices.iter().filter(|(_, device)| device.owner.is_some()).count();
        let policies = find::all::<ManagedPolicy>(call).await?;
        let versions = policies.iter().map(|(_, policy)| policy.versions.len()).sum();
        let providers = count::<OidcProvider>(call).await? + count::<SamlProvider>(call).await?;
        let counts = [
            ("Users", count::<User>(call).await?),
            ("Groups", count::<Group>(call).await?),
            ("Roles", count::<Role>(call).await?),
            ("Policies", policies.len()),
            ("PolicyVersionsInUse", versions),
            ("Providers", providers),
            ("InstanceProfiles", count::<InstanceProfile>(call).await?),
            ("ServerCertificates", count::<ServerCertificate>(call).await?),
            ("MFADevices", devices.len()),
            ("MFADevicesInUse", in_use),
            ("AccountMFAEnabled", usize::from(!root.mfa_devices().is_empty())),
            ("AccountAccessKeysPresent", usize::from(!root.access_keys().is_empty())),
            // The root user has neither.
            ("AccountPasswordPresent", 0),
            ("AccountSigningCertificatesPresent", 0),
            // The first of the two that there are: session tokens have one form here.
            ("GlobalEndpointTokenVersion", 1),
        ];
        let number = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
        let all = counts.into_iter().chain(QUOTAS);
        let summary: BTreeMap<String, i32> =
            all.map(|(name, n)| (name.to_owned(), number(n))).collect();
        Ok(GetAccountSummaryResponse { summary_map: Some(summary) })
    }
}

async fn count<R: Record>(call: &Call) -> Result<usize, Failure> {
    Ok(find::all::<R>(call).await?.len())
}
