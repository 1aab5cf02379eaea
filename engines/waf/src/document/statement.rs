//! Statements: the conditions of rules.

use serde::{Deserialize, Deserializer};

use super::RuleAction;
use super::field::{FallbackBehavior, FieldToMatch};
pub use super::rate::{
    AggregateKeyType, CustomKey, FingerprintKey, LabelNamespaceKey, NamedKey, RateBased, TextKey,
};
use crate::transform::TextTransformation;

/// A condition.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs, reason = "each is described by its type")]
pub enum Statement {
    #[serde(rename = "ByteMatchStatement")]
    ByteMatch(ByteMatch),
    #[serde(rename = "SqliMatchStatement")]
    SqliMatch(SqliMatch),
    #[serde(rename = "XssMatchStatement")]
    XssMatch(XssMatch),
    #[serde(rename = "SizeConstraintStatement")]
    SizeConstraint(SizeConstraint),
    #[serde(rename = "GeoMatchStatement")]
    GeoMatch(GeoMatch),
    #[serde(rename = "RuleGroupReferenceStatement")]
    RuleGroupReference(RuleGroupReference),
    #[serde(rename = "IPSetReferenceStatement")]
    IPSetReference(IPSetReference),
    #[serde(rename = "RegexPatternSetReferenceStatement")]
    RegexPatternSetReference(RegexPatternSetReference),
    #[serde(rename = "RateBasedStatement")]
    RateBased(Box<RateBased>),
    #[serde(rename = "AndStatement")]
    And(Statements),
    #[serde(rename = "OrStatement")]
    Or(Statements),
    #[serde(rename = "NotStatement")]
    Not(Not),
    #[serde(rename = "ManagedRuleGroupStatement")]
    ManagedRuleGroup(Box<ManagedRuleGroup>),
    #[serde(rename = "LabelMatchStatement")]
    LabelMatch(LabelMatch),
    #[serde(rename = "RegexMatchStatement")]
    RegexMatch(RegexMatch),
    #[serde(rename = "AsnMatchStatement")]
    AsnMatch(AsnMatch),
}

impl Statement {
    /// The statements directly inside.
    pub fn children(&self) -> &[Statement] {
        match self {
            Self::And(list) | Self::Or(list) => &list.statements,
            Self::Not(not) => std::slice::from_ref(&not.statement),
            Self::RateBased(rate) => rate.scope_down_statement.as_slice(),
            Self::ManagedRuleGroup(group) => group.scope_down_statement.as_slice(),
            _ => &[],
        }
    }

    pub(super) fn children_mut(&mut self) -> &mut [Statement] {
        match self {
            Self::And(list) | Self::Or(list) => &mut list.statements,
            Self::Not(not) => std::slice::from_mut(&mut not.statement),
            Self::RateBased(rate) => rate.scope_down_statement.as_mut_slice(),
            Self::ManagedRuleGroup(group) => group.scope_down_statement.as_mut_slice(),
            _ => &mut [],
        }
    }

    /// Whether this stands for a group of rules, which has an override action instead of an action.
    pub fn is_group(&self) -> bool {
        matches!(self, Self::RuleGroupReference(_) | Self::ManagedRuleGroup(_))
    }

    /// What a statement about the text of a request looks at, and how that text is prepared.
    pub fn inspected(&self) -> Option<Inspected<'_>> {
        match self {
            Self::ByteMatch(s) => Some(s.inspected()),
            Self::SqliMatch(s) => Some(s.inspected()),
            Self::XssMatch(s) => Some(s.inspected()),
            Self::SizeConstraint(s) => Some(s.inspected()),
            Self::RegexMatch(s) => Some(s.inspected()),
            Self::RegexPatternSetReference(s) => Some(s.inspected()),
            _ => None,
        }
    }
}

/// What a statement about the text of a request looks at.
#[derive(Clone, Copy, Debug)]
pub struct Inspected<'a> {
    /// The part of the request.
    pub field: &'a FieldToMatch,
    /// What is done to that part before.
    pub transformations: &'a [Transformation],
    /// What is done to the query string before it is taken apart.
    pub pre_parse: &'a [PreParse],
}

/// A text transformation and its place.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Transformation {
    /// The place: lower comes first.
    pub priority: u32,
    /// The transformation.
    #[serde(rename = "Type")]
    pub kind: TextTransformation,
}

/// The transformations in the order in which they apply, without those that do nothing.
pub fn ordered(transformations: &[Transformation]) -> Vec<TextTransformation> {
    let mut sorted = transformations.to_vec();
    sorted.sort_by_key(|t| t.priority);
    sorted.iter().map(|t| t.kind).filter(|kind| *kind != TextTransformation::None).collect()
}

/// What is done to a query string before it is taken apart, and the place of it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PreParse {
    /// The place: lower comes first.
    pub priority: u32,
    /// What is done.
    #[serde(rename = "Type")]
    pub kind: PreParseKind,
}

/// The kinds of [`PreParse`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum PreParseKind {
    None,
    UrlDecode,
    UrlDecodeUni,
    CombineDuplicateQueryArgsByComma,
    ReplaceSemicolonsWithAmpersands,
}

/// The kinds in the order in which they apply, without those that do nothing.
pub fn ordered_pre_parse(list: &[PreParse]) -> Vec<PreParseKind> {
    let mut sorted = list.to_vec();
    sorted.sort_by_key(|p| p.priority);
    sorted.iter().map(|p| p.kind).filter(|kind| *kind != PreParseKind::None).collect()
}

/// Declares a statement about the text of a request: its own members, and those that all of them have.
macro_rules! text_statement {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(rename_all = "PascalCase", deny_unknown_fields)]
        pub struct $name {
            $($(#[$member_doc])* pub $member: $type,)*
            /// The part of the request.
            pub field_to_match: FieldToMatch,
            /// What is done to that part before.
            pub text_transformations: Vec<Transformation>,
            /// What is done to the query string before it is taken apart.
            #[serde(default)]
            pub pre_parse_text_transformations: Vec<PreParse>,
        }

        impl $name {
            fn inspected(&self) -> Inspected<'_> {
                Inspected {
                    field: &self.field_to_match,
                    transformations: &self.text_transformations,
                    pre_parse: &self.pre_parse_text_transformations,
                }
            }
        }
    };
}

text_statement! {
    /// Looks for bytes.
    ByteMatch {
        /// The bytes.
        search_string: SearchString,
        /// Where they must stand.
        positional_constraint: PositionalConstraint,
    }
}
text_statement! {
    /// Looks for SQL injection.
    SqliMatch {
        /// How suspicious to be.
        #[serde(default)]
        sensitivity_level: SensitivityLevel,
    }
}
text_statement! {
    /// Looks for cross-site scripting.
    XssMatch {}
}
text_statement! {
    /// Compares a size, in bytes after transformation.
    SizeConstraint {
        /// How.
        comparison_operator: ComparisonOperator,
        /// With what.
        size: u64,
    }
}
text_statement! {
    /// Looks for a pattern.
    RegexMatch {
        /// The pattern.
        regex_string: String,
    }
}
text_statement! {
    /// Looks for any pattern of a set.
    RegexPatternSetReference {
        /// The set.
        #[serde(rename = "ARN")]
        arn: String,
    }
}

/// The bytes that a byte match looks for; while a document is read, as they stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchString(pub Vec<u8>);

impl<'de> Deserialize<'de> for SearchString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into_bytes()))
    }
}

/// Where the bytes of a byte match must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum PositionalConstraint {
    Exactly,
    StartsWith,
    EndsWith,
    Contains,
    ContainsWord,
}

/// How suspicious of SQL to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum SensitivityLevel {
    #[default]
    Low,
    High,
}

/// How sizes compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum ComparisonOperator {
    Eq,
    Ne,
    Le,
    Lt,
    Ge,
    Gt,
}

/// Compares the country of an address.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct GeoMatch {
    /// Two-letter codes of ISO 3166.
    pub country_codes: Vec<String>,
    /// Where the address stands, if not in the connection.
    #[serde(rename = "ForwardedIPConfig")]
    pub forwarded_ip_config: Option<ForwardedIPConfig>,
}

/// Compares the autonomous system of an address.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct AsnMatch {
    /// Numbers; 0 stands for an address whose number is unknown.
    pub asn_list: Vec<u32>,
    /// Where the address stands, if not in the connection.
    #[serde(rename = "ForwardedIPConfig")]
    pub forwarded_ip_config: Option<ForwardedIPConfig>,
}

/// A header that names the client's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ForwardedIPConfig {
    /// The header, usually `X-Forwarded-For`.
    pub header_name: String,
    /// What holds when it names no address.
    pub fallback_behavior: FallbackBehavior,
}

/// Looks an address up in a set.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IPSetReference {
    /// The set.
    #[serde(rename = "ARN")]
    pub arn: String,
    /// Where the address stands, if not in the connection.
    #[serde(rename = "IPSetForwardedIPConfig")]
    pub ip_set_forwarded_ip_config: Option<IPSetForwardedIPConfig>,
}

/// A header that names addresses, and which of them counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct IPSetForwardedIPConfig {
    /// The header, usually `X-Forwarded-For`.
    pub header_name: String,
    /// What holds when it names no address.
    pub fallback_behavior: FallbackBehavior,
    /// Which address counts.
    pub position: ForwardedIPPosition,
}

/// Which address of a header counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum ForwardedIPPosition {
    First,
    Last,
    Any,
}

/// Looks for a label that an earlier rule added.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct LabelMatch {
    /// What the key is.
    pub scope: LabelMatchScope,
    /// A label or the beginning of one; in the namespace of this Web ACL or group if it does not begin with `awswaf:`.
    pub key: String,
}

/// What the key of a label match is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum LabelMatchScope {
    Label,
    Namespace,
}

/// Several statements.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statements {
    /// At least two.
    pub statements: Vec<Statement>,
}

/// The contrary of a statement.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Not {
    /// The statement.
    pub statement: Box<Statement>,
}

/// A rule group of one's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RuleGroupReference {
    /// The group.
    #[serde(rename = "ARN")]
    pub arn: String,
    /// Rules that only count.
    #[serde(default)]
    pub excluded_rules: Vec<ExcludedRule>,
    /// Rules with another action.
    #[serde(default)]
    pub rule_action_overrides: Vec<RuleActionOverride>,
}

/// A rule group that somebody keeps.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ManagedRuleGroup {
    /// Who keeps it: `AWS`.
    pub vendor_name: String,
    /// The name of the group.
    pub name: String,
    /// A version that does not change; the default version otherwise.
    pub version: Option<String>,
    /// Rules that only count.
    #[serde(default)]
    pub excluded_rules: Vec<ExcludedRule>,
    /// Which requests the group sees at all.
    pub scope_down_statement: Option<Statement>,
    /// Settings of single groups; not carried out by the engine.
    #[serde(default)]
    pub managed_rule_group_configs: Vec<serde_json::Value>,
    /// Rules with another action.
    #[serde(default)]
    pub rule_action_overrides: Vec<RuleActionOverride>,
}

/// A rule that only counts.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ExcludedRule {
    /// The rule.
    pub name: String,
}

/// A rule with another action.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RuleActionOverride {
    /// The rule.
    pub name: String,
    /// The action.
    pub action_to_use: RuleAction,
}
