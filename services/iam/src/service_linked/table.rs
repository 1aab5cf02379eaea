//! Which services have linked roles, how those are called and which of AWS's policies they have.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html>

use crate::roles::SERVICE_LINKED_PATH;

/// The linked role of a service.
pub(super) struct Linked {
    /// The service's principal, which alone may assume the role.
    pub service: &'static str,
    /// What follows `AWSServiceRoleFor`.
    name: &'static str,
    /// The name of the policy that it has, one of AWS's.
    pub policy: &'static str,
    /// Whether several may be made, told apart by a suffix.
    pub custom_suffix: bool,
}

impl Linked {
    /// The role's name.
    pub fn role_name(&self, suffix: Option<&str>) -> String {
        let name = self.name;
        match suffix {
            Some(suffix) => format!("AWSServiceRoleFor{name}_{suffix}"),
            None => format!("AWSServiceRoleFor{name}"),
        }
    }

    /// The role's path.
    pub fn path(&self) -> String {
        format!("{SERVICE_LINKED_PATH}{}/", self.service)
    }

    /// The role's trust policy.
    pub fn trust(&self) -> String {
        let service = self.service;
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
        )
    }
}

const fn one(service: &'static str, name: &'static str, policy: &'static str) -> Linked {
    Linked { service, name, policy, custom_suffix: false }
}

const fn with_suffixes(service: &'static str, name: &'static str, policy: &'static str) -> Linked {
    Linked { custom_suffix: true, ..one(service, name, policy) }
}

/// All of them, by service.
pub(super) const LINKED: &[Linked] = &[
    one("access-analyzer.amazonaws.com", "AccessAnalyzer", "AccessAnalyzerServiceRolePolicy"),
    one("acm.amazonaws.com", "CertificateManager", "CertificateManagerServiceRolePolicy"),
    with_suffixes("autoscaling.amazonaws.com", "AutoScaling", "AutoScalingServiceRolePolicy"),
    one(
        "cks.kms.amazonaws.com",
        "KeyManagementServiceCustomKeyStores",
        "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy",
    ),
    one("cloudhsm.amazonaws.com", "CloudHSM", "CloudHSMServiceRolePolicy"),
    one("cloudtrail.amazonaws.com", "CloudTrail", "CloudTrailServiceRolePolicy"),
    one("config.amazonaws.com", "Config", "AWSConfigServiceRolePolicy"),
    one(
        "elasticloadbalancing.amazonaws.com",
        "ElasticLoadBalancing",
        "AWSElasticLoadBalancingServiceRolePolicy",
    ),
    one("events.amazonaws.com", "CloudWatchEvents", "CloudWatchEventsServiceRolePolicy"),
    one("guardduty.amazonaws.com", "AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    one("inspector2.amazonaws.com", "AmazonInspector2", "AmazonInspector2ServiceRolePolicy"),
    one("logger.cloudfront.amazonaws.com", "CloudFrontLogger", "AWSCloudFrontLogger"),
    one("macie.amazonaws.com", "AmazonMacie", "AmazonMacieServiceRolePolicy"),
    one(
        "malware-protection.guardduty.amazonaws.com",
        "AmazonGuardDutyMalwareProtection",
        "AmazonGuardDutyMalwareProtectionServiceRolePolicy",
    ),
    one(
        "mrk.kms.amazonaws.com",
        "KeyManagementServiceMultiRegionKeys",
        "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy",
    ),
    one("organizations.amazonaws.com", "Organizations", "AWSOrganizationsServiceTrustPolicy"),
    one("rds.amazonaws.com", "RDS", "AmazonRDSServiceRolePolicy"),
    one("replicator.lambda.amazonaws.com", "LambdaReplicator", "AWSLambdaReplicator"),
    one("securityhub.amazonaws.com", "SecurityHub", "AWSSecurityHubServiceRolePolicy"),
    one("shield.amazonaws.com", "AWSShield", "AWSShieldServiceRolePolicy"),
    one("ssm.amazonaws.com", "AmazonSSM", "AmazonSSMServiceRolePolicy"),
    one("trustedadvisor.amazonaws.com", "TrustedAdvisor", "AWSTrustedAdvisorServiceRolePolicy"),
    one("wafv2.amazonaws.com", "WAFV2Logging", "WAFV2LoggingServiceRolePolicy"),
];

#[cfg(test)]
mod tests {
    use identity::managed;

    use super::*;

    #[test]
    fn every_linked_role_has_its_policy() {
        let path = managed::SERVICE_LINKED_POLICY_PATH;
        for Linked { service, policy, .. } in LINKED {
            let arn = format!("arn:aws:iam::aws:policy{path}{policy}");
            assert!(managed::by_arn(&arn).is_some(), "{service}: {arn}");
        }
    }
}
