//! The kinds of policies with their limits.
//!
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>

use api_organizations::InvalidInputExceptionReason as Invalid;
use identity::organization::PolicyType;
use shape::Failure;

use crate::refuse;

/// The condition key that bears a policy's kind.
pub(crate) const CONDITION: &str = "organizations:PolicyType";

/// A kind of policies.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The kind.
    pub policy: PolicyType,
    /// The API's name.
    pub name: &'static str,
    /// Characters of a document at most.
    pub chars_max: usize,
    /// Policies attached to one root, unit or account at most.
    pub attached_max: usize,
    /// Policies of an organization at most.
    pub number_max: usize,
    /// The key that every document of the kind begins with, where that is documented.
    pub top: Option<&'static str>,
    /// The id of AWS's policy that allows everything, which is attached everywhere while the kind is enabled.
    pub full_access: Option<&'static str>,
}

/// The facts of a kind.
pub(crate) fn of(policy: PolicyType) -> &'static Kind {
    KINDS.iter().find(|kind| kind.policy == policy).unwrap_or(&KINDS[0])
}

/// The kind that a request names.
///
/// # Errors
/// `InvalidInputException` for a name that is none.
pub(crate) fn named(name: &str) -> Result<&'static Kind, Failure> {
    let found = KINDS.iter().find(|kind| kind.name == name);
    found.ok_or_else(|| {
        refuse::invalid(Invalid::InvalidEnumPolicyType, "You specified an invalid policy type.")
    })
}

/// As [`named`], of a request's own member.
///
/// # Errors
/// As [`named`].
pub(crate) fn asked(
    name: Option<&api_organizations::PolicyType>,
) -> Result<&'static Kind, Failure> {
    named(name.map_or("", |name| name.as_str()))
}

/// Fills the condition key for the kind that a request names.
pub(crate) fn condition(
    request: &mut authz::Request,
    name: Option<&api_organizations::PolicyType>,
) {
    if let Some(name) = name {
        request.context.set(CONDITION, name.as_str().to_owned());
    }
}

/// A kind whose policies merge.
const fn merging(policy: PolicyType, name: &'static str, top: Option<&'static str>) -> Kind {
    Kind {
        policy,
        name,
        chars_max: 10_000,
        attached_max: 10,
        number_max: 1_000,
        top,
        full_access: None,
    }
}

/// All of them, in the model's order.
pub(crate) static KINDS: [Kind; 15] = [
    Kind {
        chars_max: 5_120,
        attached_max: 5,
        number_max: 10_000,
        full_access: Some("p-FullAWSAccess"),
        ..merging(PolicyType::ServiceControl, "SERVICE_CONTROL_POLICY", None)
    },
    Kind {
        chars_max: 5_120,
        attached_max: 5,
        full_access: Some("p-RCPFullAWSAccess"),
        ..merging(PolicyType::ResourceControl, "RESOURCE_CONTROL_POLICY", None)
    },
    merging(PolicyType::Tag, "TAG_POLICY", Some("tags")),
    merging(PolicyType::Backup, "BACKUP_POLICY", Some("plans")),
    Kind {
        chars_max: 2_500,
        attached_max: 5,
        ..merging(PolicyType::AiOptOut, "AISERVICES_OPT_OUT_POLICY", Some("services"))
    },
    Kind { attached_max: 5, ..merging(PolicyType::Chatbot, "CHATBOT_POLICY", Some("chatbot")) },
    merging(PolicyType::Ec2, "DECLARATIVE_POLICY_EC2", Some("ec2_attributes")),
    merging(PolicyType::SecurityHub, "SECURITYHUB_POLICY", Some("securityhub")),
    merging(PolicyType::SecurityHubCspm, "SECURITYHUB_CSPM_POLICY", None),
    merging(PolicyType::Inspector, "INSPECTOR_POLICY", None),
    merging(PolicyType::UpgradeRollout, "UPGRADE_ROLLOUT_POLICY", None),
    merging(PolicyType::Bedrock, "BEDROCK_POLICY", None),
    merging(PolicyType::S3, "S3_POLICY", None),
    merging(PolicyType::NetworkSecurityDirector, "NETWORK_SECURITY_DIRECTOR_POLICY", None),
    merging(PolicyType::GuardDuty, "GUARDDUTY_POLICY", None),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_model_is_here() {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names, api_organizations::PolicyType::VALUES);
        assert!(KINDS.iter().all(|kind| of(kind.policy).name == kind.name));
    }
}
