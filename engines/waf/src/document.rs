//! Web ACLs and rule groups as AWS's WAFv2 API has them in JSON, member for member. Reading a document checks its form and
//! the "exactly one of" unions; what it means together is checked by [`crate::validate`].
//! <https://docs.aws.amazon.com/waf/latest/APIReference/API_WebACL.html>

pub mod field;
mod rate;
mod read;
pub mod set;
pub mod statement;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

pub use field::FieldToMatch;
pub use read::{Document, SearchStrings};
pub use set::{IPSet, RegexPatternSet};
pub use statement::Statement;

/// An object without members, as unions have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct Empty {}

/// A Web ACL, as `CreateWebACL` takes it or `GetWebACL` gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct WebAcl {
    /// The name.
    pub name: String,
    /// The identifier that the service gave.
    #[serde(default)]
    pub id: String,
    /// The ARN that the service gave.
    #[serde(rename = "ARN", default)]
    pub arn: String,
    /// What happens to a request that no rule ends.
    pub default_action: DefaultAction,
    /// The rules.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Metrics and samples.
    pub visibility_config: VisibilityConfig,
    /// Bodies that responses refer to by key.
    #[serde(default)]
    pub custom_response_bodies: BTreeMap<String, CustomResponseBody>,
    /// How long a solved CAPTCHA counts.
    pub captcha_config: Option<ImmunityConfig>,
    /// How long a passed challenge counts.
    pub challenge_config: Option<ImmunityConfig>,
    /// Domains whose tokens are accepted beside the request's own host.
    #[serde(default)]
    pub token_domains: Vec<String>,
    /// How much of a body is inspected, by the kind of resource.
    pub association_config: Option<AssociationConfig>,
    /// The prefix of this Web ACL's labels; made of account and name where the service has not given one.
    pub label_namespace: Option<String>,
    /// Members of the API that do not change a verdict.
    #[serde(default)]
    pub description: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub scope: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub capacity: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub tags: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub data_protection_config: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub managed_by_firewall_manager: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub retrofitted_by_firewall_manager: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub application_config: Option<IgnoredAny>,
    /// Rule groups that Firewall Manager puts around the rules; the engine takes only empty ones.
    #[serde(default)]
    pub pre_process_firewall_manager_rule_groups: Vec<serde_json::Value>,
    /// As above, after the rules.
    #[serde(default)]
    pub post_process_firewall_manager_rule_groups: Vec<serde_json::Value>,
    /// Low reputation mode of load balancers; not carried out by the engine.
    #[serde(rename = "OnSourceDDoSProtectionConfig")]
    pub on_source_ddos_protection_config: Option<serde_json::Value>,
    /// Payment for access; not carried out by the engine.
    pub monetization_config: Option<serde_json::Value>,
}

/// A rule group, as `CreateRuleGroup` takes it or `GetRuleGroup` gives it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RuleGroup {
    /// The name.
    pub name: String,
    /// The identifier that the service gave.
    #[serde(default)]
    pub id: String,
    /// The ARN that the service gave, by which rules refer to it.
    #[serde(rename = "ARN", default)]
    pub arn: String,
    /// The WCUs that it may take, fixed when it was made.
    pub capacity: u64,
    /// The rules.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Metrics and samples.
    pub visibility_config: VisibilityConfig,
    /// Bodies that responses refer to by key.
    #[serde(default)]
    pub custom_response_bodies: BTreeMap<String, CustomResponseBody>,
    /// The prefix of this group's labels.
    pub label_namespace: Option<String>,
    /// Members of the API that do not change a verdict.
    #[serde(default)]
    pub description: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub scope: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub tags: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub available_labels: Option<IgnoredAny>,
    #[serde(default)]
    #[doc(hidden)]
    pub consumed_labels: Option<IgnoredAny>,
}

/// One rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Rule {
    /// The name, unique in its Web ACL or group.
    pub name: String,
    /// The place: lower comes first.
    pub priority: u32,
    /// What the rule looks for.
    pub statement: Statement,
    /// What happens on a match; absent where the statement is a group.
    pub action: Option<RuleAction>,
    /// Whether a group's own result counts; only where the statement is a group.
    pub override_action: Option<OverrideAction>,
    /// Labels that a match adds.
    #[serde(default)]
    pub rule_labels: Vec<Label>,
    /// Metrics and samples.
    pub visibility_config: VisibilityConfig,
    /// How long a solved CAPTCHA counts, instead of the Web ACL's.
    pub captcha_config: Option<ImmunityConfig>,
    /// How long a passed challenge counts, instead of the Web ACL's.
    pub challenge_config: Option<ImmunityConfig>,
}

/// A label, without the namespace in front.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Label {
    /// Letters, digits, `_`, `-` and `:`.
    pub name: String,
}

/// Metrics and samples of a rule or a Web ACL.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct VisibilityConfig {
    /// Whether matching requests may be sampled.
    pub sampled_requests_enabled: bool,
    /// Whether matches are counted.
    pub cloud_watch_metrics_enabled: bool,
    /// The metric's name.
    pub metric_name: String,
}

/// What happens to a request that no rule ends.
#[derive(Clone, Debug, Deserialize)]
pub enum DefaultAction {
    /// It passes.
    Allow(Handling),
    /// It is answered.
    Block(Block),
}

/// What happens to a request that a rule matches.
#[derive(Clone, Debug, Deserialize)]
pub enum RuleAction {
    /// It passes.
    Allow(Handling),
    /// It is answered.
    Block(Block),
    /// It goes on.
    Count(Handling),
    /// It goes on with a solved CAPTCHA, else it is answered with one.
    Captcha(Handling),
    /// It goes on with a passed challenge, else it is answered with one.
    Challenge(Handling),
    /// Payment for access; not carried out by the engine.
    Monetize(IgnoredAny),
}

/// Whether a rule group's own result counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum OverrideAction {
    /// It counts.
    None(Empty),
    /// Whatever the group says, the request goes on.
    Count(Empty),
}

/// Headers that are added before a request passes on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Handling {
    /// The headers.
    pub custom_request_handling: Option<CustomRequestHandling>,
}

/// The headers of [`Handling`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CustomRequestHandling {
    /// Names without the prefix `x-amzn-waf-`, and values.
    pub insert_headers: Vec<Header>,
}

/// A header's name and value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Header {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// How a blocked request is answered; 403 without a body by default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Block {
    /// Another answer.
    pub custom_response: Option<CustomResponse>,
}

/// The answer to a blocked request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CustomResponse {
    /// One of the status codes that AWS permits.
    pub response_code: u16,
    /// A key of the Web ACL's or group's `CustomResponseBodies`.
    pub custom_response_body_key: Option<String>,
    /// Headers of the answer.
    #[serde(default)]
    pub response_headers: Vec<Header>,
}

/// A body that answers refer to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct CustomResponseBody {
    /// Its type.
    pub content_type: ResponseContentType,
    /// Its text.
    pub content: String,
}

/// The type of a [`CustomResponseBody`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum ResponseContentType {
    TextPlain,
    TextHtml,
    ApplicationJson,
}

impl ResponseContentType {
    /// The value of the header `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::TextPlain => "text/plain",
            Self::TextHtml => "text/html",
            Self::ApplicationJson => "application/json",
        }
    }
}

/// How long a token counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ImmunityConfig {
    /// The time; the default is [`crate::token::IMMUNITY_DEFAULT_SECONDS`].
    pub immunity_time_property: Option<ImmunityTime>,
}

/// A time in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ImmunityTime {
    /// From 60 to 259,200 seconds.
    pub immunity_time: u64,
}

/// How a Web ACL treats the resources that it is associated with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AssociationConfig {
    /// How much of a body is inspected, by the kind of resource.
    #[serde(default)]
    pub request_body: BTreeMap<String, RequestBody>,
    /// Scripts in pages; not carried out by the engine.
    pub challenge_javascript_sdk_injection: Option<serde_json::Value>,
}

/// How much of a body is inspected.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RequestBody {
    /// The size.
    pub default_size_inspection_limit: SizeInspectionLimit,
}

/// Sizes of bodies that may be inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum SizeInspectionLimit {
    #[serde(rename = "KB_16")]
    Kb16,
    #[serde(rename = "KB_32")]
    Kb32,
    #[serde(rename = "KB_48")]
    Kb48,
    #[serde(rename = "KB_64")]
    Kb64,
}

impl SizeInspectionLimit {
    /// The size in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Kb16 => 16 << 10,
            Self::Kb32 => 32 << 10,
            Self::Kb48 => 48 << 10,
            Self::Kb64 => 64 << 10,
        }
    }
}
