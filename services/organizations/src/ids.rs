//! Fresh ids, and the ARNs made of them.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>

use base::{AccountId, Arn, Random, Region};
use identity::organization::{Organization, PolicyType};

use crate::kinds;

const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// The smallest number of a new account: twelve digits, the first of which is no zero.
const ACCOUNT_MIN: u64 = 100_000_000_000;
/// Behind the largest number of an account.
const ACCOUNT_END: u64 = 1_000_000_000_000;

/// A fresh id: the prefix and `chars` characters of chance.
pub(crate) fn fresh(prefix: &str, chars: usize, random: &dyn Random) -> String {
    let mut bytes = vec![0; chars];
    random.fill(&mut bytes);
    let tail = bytes.iter().map(|byte| char::from(BASE36[usize::from(*byte) % BASE36.len()]));
    prefix.chars().chain(tail).collect()
}

/// A number for a new account. Whether it is free is for the caller to see.
pub(crate) fn account(random: &dyn Random) -> AccountId {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    let number = ACCOUNT_MIN + u64::from_be_bytes(bytes) % (ACCOUNT_END - ACCOUNT_MIN);
    AccountId::from_u64(number).unwrap_or(AccountId::DEFAULT)
}

/// The ARN of something of the organization; `rest` follows the organization's id, and is empty for the organization itself.
pub(crate) fn arn(organization: &Organization, kind: &str, rest: &str) -> String {
    let id = &organization.id;
    let slash = if rest.is_empty() { "" } else { "/" };
    format!("{}{kind}/{id}{slash}{rest}", arn_prefix(organization))
}

/// The ARN of a customer's policy.
pub(crate) fn policy_arn(organization: &Organization, kind: PolicyType, id: &str) -> String {
    let kind = kinds::of(kind).name.to_ascii_lowercase();
    arn(organization, "policy", &format!("{kind}/{id}"))
}

/// The ARN of an account.
pub(crate) fn account_arn(organization: &Organization, account: AccountId) -> String {
    arn(organization, "account", account.as_str())
}

/// Reads an ARN that was put together here.
pub(crate) fn parse(arn: &str, owner: AccountId) -> Arn {
    // What does not make an ARN names nothing, and matches only `*`.
    arn.parse().unwrap_or_else(|_| Arn::new("organizations", &Region::default(), owner, ""))
}

/// What the ARNs of everything of the organization's account begin with.
pub(crate) fn arn_prefix(organization: &Organization) -> String {
    format!("arn:aws:organizations::{}:", organization.management_account)
}
