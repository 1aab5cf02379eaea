//! What rules refer to by ARN: sets of addresses and of patterns.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A set of address ranges, all of one version.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct IPSet {
    /// The name.
    pub name: String,
    /// The ARN by which rules refer to it.
    #[serde(rename = "ARN", default)]
    pub arn: String,
    /// `IPV4` or `IPV6`.
    #[serde(rename = "IPAddressVersion")]
    pub ip_address_version: IPAddressVersion,
    /// Ranges in CIDR notation.
    pub addresses: Vec<String>,
    #[serde(default)]
    #[doc(hidden)]
    pub description: Option<IgnoredAny>,
}

/// The version of the addresses of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum IPAddressVersion {
    #[serde(rename = "IPV4")]
    V4,
    #[serde(rename = "IPV6")]
    V6,
}

/// A set of patterns.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RegexPatternSet {
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The ARN by which rules refer to it.
    #[serde(rename = "ARN", default)]
    pub arn: String,
    /// The patterns.
    pub regular_expression_list: Vec<Regex>,
    #[serde(default)]
    #[doc(hidden)]
    pub description: Option<IgnoredAny>,
}

/// One pattern.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Regex {
    /// The pattern.
    pub regex_string: String,
}
