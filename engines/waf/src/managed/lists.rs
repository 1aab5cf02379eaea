//! Rule sets of addresses. The addresses are imported lists, which whoever compiles a Web ACL hands in as IP sets under these names; without them
//! it does not compile, since an empty list would protect nobody.

use super::build::{counting, in_order, listed, rule};
use crate::document::Rule;

/// The lists.
#[cfg(test)]
pub(super) const NAMES: [&str; 5] = [
    "AWSManagedIPReputationList",
    "AWSManagedReconnaissanceList",
    "AWSManagedIPDDoSList",
    "AnonymousIPList",
    "HostingProviderIPList",
];

/// Addresses that attack.
pub(super) fn reputation() -> Vec<Rule> {
    in_order(vec![
        rule("AWSManagedIPReputationList", listed("AWSManagedIPReputationList")),
        rule("AWSManagedReconnaissanceList", listed("AWSManagedReconnaissanceList")),
        counting("AWSManagedIPDDoSList", listed("AWSManagedIPDDoSList")),
    ])
}

/// Addresses that hide who is behind them.
pub(super) fn anonymous() -> Vec<Rule> {
    in_order(vec![
        rule("AnonymousIPList", listed("AnonymousIPList")),
        rule("HostingProviderIPList", listed("HostingProviderIPList")),
    ])
}
