//! The checks of one rule and of the statements in it.

use std::collections::HashSet;

use super::{Bodies, FORMAT, MINIMUM, immunity, inserted, name, response};
use crate::document::field::{
    CookieMatchPattern, FieldToMatch, HeaderMatchPattern, JsonMatchPattern,
};
use crate::document::statement::{
    AggregateKeyType, CustomKey, PositionalConstraint, RateBased, Statement, Transformation,
};
use crate::document::{Rule, RuleAction};
use crate::error::Error;
use crate::statement::rate::WINDOWS_SECONDS;
use crate::statement::regex::Pattern;

/// Statements inside one another.
pub const STATEMENT_DEPTH_MAX: usize = 20;
/// Bytes that a byte match looks for.
pub const SEARCH_STRING_BYTES_MAX: usize = 200;
/// Characters of a pattern.
pub const PATTERN_CHARS_MAX: usize = 512;
/// Text transformations of one statement, and what is done to a query string before.
pub const TRANSFORMATIONS_MAX: usize = 10;
/// Requests that a rate-based rule may permit in a window.
pub const RATE_LIMIT: std::ops::RangeInclusive<u64> = 10..=2_000_000_000;
/// Parts of a custom key.
pub const CUSTOM_KEYS_MAX: usize = 5;
/// Numbers of an ASN match.
pub const ASNS_MAX: usize = 100;
/// Rules of a group that a reference overrides or excludes.
pub const OVERRIDES_MAX: usize = 100;
/// The largest size that a size constraint compares with, in bytes.
pub const SIZE_MAX: u64 = 21_474_836_480;

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    WebAcl,
    RuleGroup,
}

pub(super) fn check(rule: &Rule, bodies: &Bodies, home: Home) -> Result<(), Error> {
    name(&rule.name, "RULE")?;
    let is_group = rule.statement.is_group();
    if is_group && home == Home::RuleGroup {
        return Err(Error::invalid("a rule group holds no groups", "STATEMENT", &rule.name));
    }
    match (&rule.action, &rule.override_action) {
        (Some(given), None) if !is_group => action(given, bodies)?,
        (None, Some(_)) if is_group => {}
        _ => return Err(Error::invalid("EXACTLY_ONE_CONDITION_REQUIRED", "RULE", &rule.name)),
    }
    immunity(rule.captcha_config.as_ref(), "CHALLENGE_CONFIG")?;
    immunity(rule.challenge_config.as_ref(), "CHALLENGE_CONFIG")?;
    for given in &rule.rule_labels {
        label(&given.name, false)?;
    }
    let overrides = match &rule.statement {
        Statement::RuleGroupReference(s) => (&s.excluded_rules, &s.rule_action_overrides),
        Statement::ManagedRuleGroup(s) => {
            if !s.managed_rule_group_configs.is_empty() {
                return Err(Error::Unsupported(format!("ManagedRuleGroupConfigs of {}", s.name)));
            }
            (&s.excluded_rules, &s.rule_action_overrides)
        }
        _ => (&Vec::new(), &Vec::new()),
    };
    if overrides.0.len() > OVERRIDES_MAX || overrides.1.len() > OVERRIDES_MAX {
        let reason = format!("at most {OVERRIDES_MAX} rules are overridden");
        return Err(Error::invalid(reason, "EXCLUDED_RULE", &rule.name));
    }
    overrides.1.iter().try_for_each(|o| action(&o.action_to_use, bodies))?;
    statement(&rule.statement, 0)
}

/// Statements that refer to sets and groups.
pub(super) fn references(statement: &Statement) -> usize {
    let own = matches!(
        statement,
        Statement::IPSetReference(_)
            | Statement::RegexPatternSetReference(_)
            | Statement::RuleGroupReference(_)
            | Statement::ManagedRuleGroup(_)
    );
    usize::from(own) + statement.children().iter().map(references).sum::<usize>()
}

fn action(action: &RuleAction, bodies: &Bodies) -> Result<(), Error> {
    match action {
        RuleAction::Block(block) => response(block, bodies),
        RuleAction::Allow(handling)
        | RuleAction::Count(handling)
        | RuleAction::Captcha(handling)
        | RuleAction::Challenge(handling) => inserted(handling),
        RuleAction::Monetize(_) => Err(Error::Unsupported("action Monetize".into())),
    }
}

fn statement(given: &Statement, depth: usize) -> Result<(), Error> {
    if depth > STATEMENT_DEPTH_MAX {
        let reason = format!("statements are nested at most {STATEMENT_DEPTH_MAX} deep");
        return Err(Error::invalid(reason, "STATEMENT", "Statement"));
    }
    let top_only = given.is_group() || matches!(given, Statement::RateBased(_));
    if top_only && depth > 0 {
        let reason = "a statement of this kind cannot be nested";
        return Err(Error::invalid(reason, "STATEMENT", "Statement"));
    }
    match given {
        Statement::And(s) if s.statements.len() < 2 => {
            return Err(Error::invalid(MINIMUM, "AND_STATEMENT", "Statements"));
        }
        Statement::Or(s) if s.statements.len() < 2 => {
            return Err(Error::invalid(MINIMUM, "OR_STATEMENT", "Statements"));
        }
        Statement::ByteMatch(s) => {
            let bytes = &s.search_string.0;
            let shown = String::from_utf8_lossy(bytes);
            if bytes.is_empty() || bytes.len() > SEARCH_STRING_BYTES_MAX {
                let reason = format!("1 to {SEARCH_STRING_BYTES_MAX} bytes can be looked for");
                return Err(Error::invalid(reason, "BYTE_MATCH_STATEMENT", shown));
            }
            let part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
            if s.positional_constraint == PositionalConstraint::ContainsWord
                && !bytes.iter().all(part)
            {
                return Err(Error::invalid(FORMAT, "BYTE_MATCH_STATEMENT", shown));
            }
        }
        Statement::RegexMatch(s) => {
            if s.regex_string.is_empty() || s.regex_string.chars().count() > PATTERN_CHARS_MAX {
                let reason = format!("a pattern has 1 to {PATTERN_CHARS_MAX} characters");
                return Err(Error::invalid(
                    reason,
                    "REGEX_PATTERN_REFERENCE_STATEMENT",
                    &s.regex_string,
                ));
            }
            Pattern::compile(&s.regex_string).map_err(|reason| {
                Error::invalid(reason, "REGEX_PATTERN_REFERENCE_STATEMENT", &s.regex_string)
            })?;
        }
        Statement::SizeConstraint(s) if s.size > SIZE_MAX => {
            let size = s.size.to_string();
            return Err(Error::invalid(
                "the size is out of range",
                "SIZE_CONSTRAINT_STATEMENT",
                size,
            ));
        }
        Statement::GeoMatch(s) => {
            let code =
                |code: &&String| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase());
            if s.country_codes.is_empty() {
                return Err(Error::invalid(MINIMUM, "GEO_MATCH_STATEMENT", "CountryCodes"));
            }
            if let Some(bad) = s.country_codes.iter().find(code) {
                return Err(Error::invalid(FORMAT, "GEO_MATCH_STATEMENT", bad));
            }
        }
        Statement::AsnMatch(s) if s.asn_list.is_empty() || s.asn_list.len() > ASNS_MAX => {
            let reason = format!("1 to {ASNS_MAX} numbers");
            return Err(Error::invalid(reason, "STATEMENT", "AsnList"));
        }
        Statement::LabelMatch(s) => {
            let namespace = s.scope == crate::document::statement::LabelMatchScope::Namespace;
            label(&s.key, namespace)?;
        }
        Statement::RateBased(s) => rate(s)?,
        _ => {}
    }
    if let Some(inspected) = given.inspected() {
        transformations(inspected.transformations)?;
        field(inspected.field)?;
        let arguments = matches!(
            inspected.field,
            FieldToMatch::SingleQueryArgument(_) | FieldToMatch::AllQueryArguments(_)
        );
        let priorities: HashSet<_> = inspected.pre_parse.iter().map(|p| p.priority).collect();
        let number = inspected.pre_parse.len();
        if number > TRANSFORMATIONS_MAX || priorities.len() < number || (number > 0 && !arguments) {
            let reason = "the field, the number or the priorities do not permit it";
            return Err(Error::invalid(
                reason,
                "PRE_PARSE_TEXT_TRANSFORMATION",
                number.to_string(),
            ));
        }
    }
    given.children().iter().try_for_each(|child| statement(child, depth + 1))
}

fn transformations(list: &[Transformation]) -> Result<(), Error> {
    if list.is_empty() {
        return Err(Error::invalid(MINIMUM, "TEXT_TRANSFORMATION", "TextTransformations"));
    }
    if list.len() > TRANSFORMATIONS_MAX {
        let reason = format!("at most {TRANSFORMATIONS_MAX} text transformations");
        return Err(Error::invalid(reason, "TEXT_TRANSFORMATION", list.len().to_string()));
    }
    let mut priorities = HashSet::new();
    match list.iter().find(|t| !priorities.insert(t.priority)) {
        Some(twice) => {
            let priority = twice.priority.to_string();
            Err(Error::invalid(
                "the priority is used more than once",
                "TEXT_TRANSFORMATION",
                priority,
            ))
        }
        None => Ok(()),
    }
}

fn field(field: &FieldToMatch) -> Result<(), Error> {
    let names = |names: &[String], max: usize, kind: &'static str| {
        let bad = |name: &&String| name.trim().is_empty() || name.chars().count() > max;
        match names.iter().find(bad) {
            Some(bad) => Err(Error::invalid(FORMAT, kind, bad)),
            None if names.is_empty() || names.len() > 199 => {
                Err(Error::invalid("1 to 199 names", kind, names.len().to_string()))
            }
            None => Ok(()),
        }
    };
    match field {
        FieldToMatch::SingleHeader(n) => names(std::slice::from_ref(&n.name), 64, "SINGLE_HEADER"),
        FieldToMatch::SingleQueryArgument(n) => {
            names(std::slice::from_ref(&n.name), 64, "SINGLE_QUERY_ARGUMENT")
        }
        FieldToMatch::Headers(headers) => match &headers.match_pattern {
            HeaderMatchPattern::All(_) => Ok(()),
            HeaderMatchPattern::IncludedHeaders(list)
            | HeaderMatchPattern::ExcludedHeaders(list) => names(list, 64, "HEADER_MATCH_PATTERN"),
        },
        FieldToMatch::Cookies(cookies) => match &cookies.match_pattern {
            CookieMatchPattern::All(_) => Ok(()),
            CookieMatchPattern::IncludedCookies(list)
            | CookieMatchPattern::ExcludedCookies(list) => names(list, 60, "COOKIE_MATCH_PATTERN"),
        },
        FieldToMatch::JsonBody(json) => match &json.match_pattern {
            JsonMatchPattern::All(_) => Ok(()),
            JsonMatchPattern::IncludedPaths(paths) => {
                let bad = |path: &&String| !path.starts_with('/') || path.chars().count() > 512;
                match paths.iter().find(bad) {
                    Some(bad) => Err(Error::invalid(FORMAT, "JSON_MATCH_PATTERN", bad)),
                    None if paths.is_empty() => {
                        Err(Error::invalid(MINIMUM, "JSON_MATCH_PATTERN", "IncludedPaths"))
                    }
                    None => Ok(()),
                }
            }
        },
        _ => Ok(()),
    }
}

fn rate(rate: &RateBased) -> Result<(), Error> {
    let refuse = |reason: &str, parameter: String| {
        Err(Error::invalid(reason, "RATE_BASED_STATEMENT", parameter))
    };
    if !RATE_LIMIT.contains(&rate.limit) {
        return refuse("the limit is out of range", rate.limit.to_string());
    }
    if !WINDOWS_SECONDS.contains(&rate.evaluation_window_sec) {
        return refuse(
            "a window has 60, 120, 300 or 600 seconds",
            rate.evaluation_window_sec.to_string(),
        );
    }
    let custom = rate.aggregate_key_type == AggregateKeyType::CustomKeys;
    let number = rate.custom_keys.len();
    if custom != (number > 0) || number > CUSTOM_KEYS_MAX {
        return refuse("1 to 5 custom keys, and only with CUSTOM_KEYS", number.to_string());
    }
    let alone = |key: &CustomKey| matches!(key, CustomKey::IP(_) | CustomKey::ForwardedIP(_));
    if number == 1 && rate.custom_keys.iter().any(alone) {
        return refuse("an address alone is no custom key", "CustomKeys".into());
    }
    let forwarded = rate.aggregate_key_type == AggregateKeyType::ForwardedIp
        || rate.custom_keys.iter().any(|key| matches!(key, CustomKey::ForwardedIP(_)));
    if forwarded != rate.forwarded_ip_config.is_some() {
        return refuse(
            "forwarded addresses and ForwardedIPConfig go together",
            "ForwardedIPConfig".into(),
        );
    }
    if rate.aggregate_key_type == AggregateKeyType::Constant && rate.scope_down_statement.is_none()
    {
        return refuse("CONSTANT needs a scope-down statement", "ScopeDownStatement".into());
    }
    rate.custom_keys.iter().try_for_each(|key| match key {
        CustomKey::Header(k) | CustomKey::Cookie(k) | CustomKey::QueryArgument(k) => {
            transformations(&k.text_transformations)
        }
        CustomKey::QueryString(k) | CustomKey::UriPath(k) => {
            transformations(&k.text_transformations)
        }
        CustomKey::LabelNamespace(k) => label(&k.namespace, true),
        _ => Ok(()),
    })
}

/// Labels and keys of label matches; a namespace ends with a colon and nothing else does.
fn label(text: &str, namespace: bool) -> Result<(), Error> {
    let part = |c: char| c.is_ascii_alphanumeric() || "_-:".contains(c);
    let form = !text.is_empty() && text.len() <= 1024 && text.chars().all(part);
    if form && text.ends_with(':') == namespace {
        return Ok(());
    }
    Err(Error::invalid(FORMAT, "LABEL_MATCH_STATEMENT", text))
}
