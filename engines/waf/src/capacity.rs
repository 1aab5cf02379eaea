//! Web ACL capacity units: what rules cost, as AWS counts it.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/aws-waf-capacity-units.html>

use crate::document::field::FieldToMatch;
use crate::document::statement::{
    AggregateKeyType, ForwardedIPPosition, PositionalConstraint, PreParseKind, SensitivityLevel,
    Statement,
};
use crate::document::{RuleGroup, WebAcl};
use crate::managed;
use crate::transform::TextTransformation;
use crate::{Error, References};

/// WCUs of a Web ACL.
pub const WEB_ACL_WCU_MAX: u64 = 5000;
/// WCUs that a Web ACL has in its basic price.
pub const WEB_ACL_WCU_BASIC: u64 = 1500;

const TRANSFORMATION: u64 = 10;
const ALL_QUERY_ARGUMENTS: u64 = 10;
const CUSTOM_KEY: u64 = 30;

/// The WCUs of a Web ACL; groups count with their own capacity.
pub fn of_web_acl(acl: &WebAcl, references: &References) -> Result<u64, Error> {
    acl.rules.iter().map(|rule| of_statement(&rule.statement, references)).sum()
}

/// The WCUs of a rule group's rules.
pub fn of_rule_group(group: &RuleGroup, references: &References) -> Result<u64, Error> {
    group.rules.iter().map(|rule| of_statement(&rule.statement, references)).sum()
}

/// The WCUs of a statement.
pub fn of_statement(statement: &Statement, references: &References) -> Result<u64, Error> {
    let children = || -> Result<u64, Error> {
        statement.children().iter().map(|child| of_statement(child, references)).sum()
    };
    let base = match statement {
        Statement::ByteMatch(s) => match s.positional_constraint {
            PositionalConstraint::Contains | PositionalConstraint::ContainsWord => 10,
            _ => 2,
        },
        Statement::SqliMatch(s) => match s.sensitivity_level {
            SensitivityLevel::Low => 20,
            SensitivityLevel::High => 30,
        },
        Statement::XssMatch(_) => 40,
        Statement::RegexMatch(_) => 3,
        Statement::RegexPatternSetReference(_) => 25,
        Statement::SizeConstraint(_)
        | Statement::GeoMatch(_)
        | Statement::AsnMatch(_)
        | Statement::LabelMatch(_) => 1,
        Statement::IPSetReference(s) => match &s.ip_set_forwarded_ip_config {
            Some(config) if config.position == ForwardedIPPosition::Any => 5,
            _ => 1,
        },
        Statement::RateBased(rate) => {
            let keys = match rate.aggregate_key_type {
                AggregateKeyType::CustomKeys => rate.custom_keys.len() as u64,
                _ => 0,
            };
            2 + keys * CUSTOM_KEY + children()?
        }
        Statement::And(_) | Statement::Or(_) | Statement::Not(_) => children()?,
        Statement::ManagedRuleGroup(group) => {
            managed::capacity(&group.name).ok_or_else(|| {
                Error::Missing(format!(
                    "managed rule group {} of vendor {}",
                    group.name, group.vendor_name
                ))
            })? + children()?
        }
        Statement::RuleGroupReference(reference) => {
            let group = references.rule_groups.get(&reference.arn);
            group.ok_or_else(|| Error::Missing(reference.arn.clone()))?.capacity
        }
    };
    let Some(inspected) = statement.inspected() else { return Ok(base) };
    let base = match inspected.field {
        FieldToMatch::JsonBody(_) => base * 2,
        FieldToMatch::AllQueryArguments(_) => base + ALL_QUERY_ARGUMENTS,
        _ => base,
    };
    let transformations =
        inspected.transformations.iter().filter(|t| t.kind != TextTransformation::None).count();
    let pre_parse = inspected.pre_parse.iter().filter(|p| p.kind != PreParseKind::None).count();
    Ok(base + (transformations + pre_parse) as u64 * TRANSFORMATION)
}
