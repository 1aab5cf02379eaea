//! Systems Manager: so far Parameter Store. Configuration and secrets by path, version and label.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html>
//! A `SecureString` is encrypted by KMS with the caller's rights, through the same pipeline as everything else; its plaintext
//! is never stored.

mod delete;
mod describe;
mod events;
mod filter;
mod find;
mod get;
mod history;
mod labels;
mod name;
mod paging;
mod policies;
mod put;
mod record;
mod secure;
mod settings;
mod sharing;
mod tags;

use std::sync::Arc;

use api_ssm::operations as op;
use platform::Service;

/// The service. It has no state of its own.
pub(crate) struct Ssm;

/// Systems Manager, ready to be added to the platform.
pub fn service() -> Service {
    let ssm = Arc::new(Ssm);
    Service::new(&api_ssm::SERVICE)
        .operation::<op::AddTagsToResource, _>(&ssm)
        .operation::<op::DeleteParameter, _>(&ssm)
        .operation::<op::DeleteParameters, _>(&ssm)
        .operation::<op::DeleteResourcePolicy, _>(&ssm)
        .operation::<op::DescribeParameters, _>(&ssm)
        .operation::<op::GetParameter, _>(&ssm)
        .operation::<op::GetParameterHistory, _>(&ssm)
        .operation::<op::GetParameters, _>(&ssm)
        .operation::<op::GetParametersByPath, _>(&ssm)
        .operation::<op::GetResourcePolicies, _>(&ssm)
        .operation::<op::GetServiceSetting, _>(&ssm)
        .operation::<op::LabelParameterVersion, _>(&ssm)
        .operation::<op::ListTagsForResource, _>(&ssm)
        .operation::<op::PutParameter, _>(&ssm)
        .operation::<op::PutResourcePolicy, _>(&ssm)
        .operation::<op::RemoveTagsFromResource, _>(&ssm)
        .operation::<op::ResetServiceSetting, _>(&ssm)
        .operation::<op::UnlabelParameterVersion, _>(&ssm)
        .operation::<op::UpdateServiceSetting, _>(&ssm)
        .work(&Arc::new(policies::PolicyWork))
}
