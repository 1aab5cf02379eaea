//! AWS's own policies: those that people attach most, by the ARNs that they have on AWS. The documents are ours and state the
//! permissions that AWS documents for each.
//!
//! <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>

mod compute;
mod general;
mod jobs;
mod monitoring;
mod network;
mod reading;
mod security;
mod service_linked;
mod statement;
mod storage;

use std::sync::{Arc, LazyLock};

use base::{Random, Timestamp};

use crate::ids;
use crate::organization::PolicyType;
use statement::Row;

/// A policy of AWS's.
pub struct AwsPolicy {
    /// Its name.
    pub name: &'static str,
    /// Begins and ends with `/`.
    pub path: &'static str,
    /// What it is for.
    pub description: &'static str,
    document: Arc<str>,
}

impl AwsPolicy {
    /// Its ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path, self.name)
    }

    /// Its id: `ANPA…`, always the same for a name.
    pub fn unique_id(&self) -> String {
        ids::unique_id(ids::Prefix::Policy, &ByName(self.name))
    }

    /// When it was made. All were at the same moment, the day when AWS brought its managed policies out.
    pub fn created(&self) -> Timestamp {
        Timestamp::from_millis(CREATED_MILLIS)
    }

    /// Its document.
    pub fn document(&self) -> &Arc<str> {
        &self.document
    }
}

/// The path of the policies of service-linked roles.
pub const SERVICE_LINKED_POLICY_PATH: &str = "/aws-service-role/";

/// 2015-02-06T19:00:00Z.
const CREATED_MILLIS: i64 = 1_423_249_200_000;

/// The ARN of the policy that allows everything.
pub const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A policy that allows nothing.
pub static NOTHING: LazyLock<Arc<str>> = LazyLock::new(|| {
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}"#
        .into()
});

/// The policy with this ARN.
pub fn by_arn(arn: &str) -> Option<&'static AwsPolicy> {
    let place = arn.strip_prefix("arn:aws:iam::aws:policy")?;
    let (path, name) = place.split_at(place.rfind('/')? + 1);
    ALL.iter().find(|policy| policy.name == name && policy.path == path)
}

/// AWS's own policy of an organization, by id: the one that allows everything, of either kind.
pub fn organization_policy(id: &str, kind: PolicyType) -> Option<(&'static str, Arc<str>)> {
    static SERVICE: LazyLock<Arc<str>> = LazyLock::new(|| {
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
            .into()
    });
    static RESOURCE: LazyLock<Arc<str>> = LazyLock::new(|| {
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#.into()
    });
    match (id, kind) {
        ("p-FullAWSAccess", PolicyType::ServiceControl) => Some((
            "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
            SERVICE.clone(),
        )),
        ("p-RCPFullAWSAccess", PolicyType::ResourceControl) => Some((
            "arn:aws:organizations::aws:policy/resource_control_policy/p-RCPFullAWSAccess",
            RESOURCE.clone(),
        )),
        _ => None,
    }
}

/// Bytes that follow from a name (FNV-1a), for ids that must not change.
struct ByName(&'static str);

impl Random for ByName {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = 0xcbf2_9ce4_8422_2325u64;
        let mut stir = |byte: u8| {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            (state >> 32) as u8
        };
        self.0.bytes().for_each(|byte| {
            stir(byte);
        });
        bytes.iter_mut().for_each(|byte| *byte = stir(0));
    }
}

/// All of them that are here, by path and name.
pub static ALL: LazyLock<Vec<AwsPolicy>> = LazyLock::new(|| {
    let rows = [
        general::POLICIES,
        security::POLICIES,
        storage::POLICIES,
        compute::POLICIES,
        network::POLICIES,
        monitoring::POLICIES,
        jobs::POLICIES,
        service_linked::POLICIES,
    ];
    rows.iter().flat_map(|rows| rows.iter()).map(Row::policy).collect()
});

#[cfg(test)]
mod tests {
    use authz::{Kind, Policy};

    use super::*;

    #[test]
    fn every_policy_is_one_and_is_found_by_its_arn() {
        for policy in ALL.iter() {
            let arn = policy.arn();
            let read = Policy::read(Kind::Identity, &arn, policy.document());
            assert!(read.is_ok(), "{arn}: {read:?}");
            let found = by_arn(&arn).expect("it is there");
            assert!(std::ptr::eq(found, policy), "{arn} is there twice");
            // What IAM takes from customers holds for most of its own; the broad ones are longer there, too.
            assert!(policy.document().len() < 20_000, "{arn}");
        }
        assert!(ALL.len() > 80, "{}", ALL.len());
    }

    #[test]
    fn ids_differ_and_stay() {
        let mut ids: Vec<_> = ALL.iter().map(AwsPolicy::unique_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ALL.len());
        let administrator = by_arn(ADMINISTRATOR_ACCESS).expect("it is there");
        assert_eq!(administrator.unique_id(), administrator.unique_id());
    }
}
