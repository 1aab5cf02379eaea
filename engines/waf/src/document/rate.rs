//! The rate-based statement and what makes requests one source.

use serde::Deserialize;

use super::Empty;
use super::field::FallbackBehavior;
use super::statement::{ForwardedIPConfig, Statement, Transformation};

/// Matches while more requests than a limit come from one source.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RateBased {
    /// Requests in a window that are still permitted.
    pub limit: u64,
    /// The window in seconds: 60, 120, 300 or 600.
    #[serde(default = "default_window")]
    pub evaluation_window_sec: u64,
    /// What makes requests one source.
    pub aggregate_key_type: AggregateKeyType,
    /// Which requests are counted at all.
    pub scope_down_statement: Option<Statement>,
    /// Where the address stands, if not in the connection.
    #[serde(rename = "ForwardedIPConfig")]
    pub forwarded_ip_config: Option<ForwardedIPConfig>,
    /// The parts of the key, where it is custom.
    #[serde(default)]
    pub custom_keys: Vec<CustomKey>,
}

fn default_window() -> u64 {
    300
}

/// What makes requests one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum AggregateKeyType {
    #[serde(rename = "IP")]
    Ip,
    #[serde(rename = "FORWARDED_IP")]
    ForwardedIp,
    CustomKeys,
    Constant,
}

/// A part of a custom key.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum CustomKey {
    Header(NamedKey),
    Cookie(NamedKey),
    QueryArgument(NamedKey),
    QueryString(TextKey),
    HTTPMethod(Empty),
    ForwardedIP(Empty),
    IP(Empty),
    LabelNamespace(LabelNamespaceKey),
    UriPath(TextKey),
    JA3Fingerprint(FingerprintKey),
    JA4Fingerprint(FingerprintKey),
    ASN(Empty),
}

/// A key that is named.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NamedKey {
    /// The name.
    pub name: String,
    /// What is done to the value before.
    pub text_transformations: Vec<Transformation>,
}

/// A key that is a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct TextKey {
    /// What is done to the text before.
    pub text_transformations: Vec<Transformation>,
}

/// A key of all labels under a namespace.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LabelNamespaceKey {
    /// The namespace, with the colon at its end.
    pub namespace: String,
}

/// A key that is a fingerprint of the TLS client.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct FingerprintKey {
    /// What holds when there is none.
    pub fallback_behavior: FallbackBehavior,
}
