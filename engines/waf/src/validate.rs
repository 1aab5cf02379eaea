//! What a Web ACL or rule group must be beyond its form: AWS's limits and combinations, with the field that AWS's answer names.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/limits.html>

mod rule;

use std::collections::{BTreeMap, HashSet};

use crate::capacity::{self, WEB_ACL_WCU_MAX};
use crate::document::{
    Block, CustomResponseBody, DefaultAction, Handling, Header, ImmunityConfig, Rule, RuleGroup,
    WebAcl,
};
use crate::error::Error;
use crate::matcher::References;

/// Characters of a name.
pub const NAME_CHARS_MAX: usize = 128;
/// Bytes of one custom response body.
pub const CUSTOM_BODY_BYTES_MAX: usize = 4 << 10;
/// Bytes of all custom response bodies of a Web ACL or rule group.
pub const CUSTOM_BODIES_BYTES_MAX: usize = 50 << 10;
/// Headers that one action adds.
pub const CUSTOM_HEADERS_MAX: usize = 10;
/// Seconds that a token may count.
pub const IMMUNITY_SECONDS: std::ops::RangeInclusive<u64> = 60..=259_200;
/// Statements that refer to sets and groups, in one Web ACL or rule group.
pub const REFERENCES_MAX: usize = 50;
/// Token domains of a Web ACL.
pub const TOKEN_DOMAINS_MAX: usize = 10;

/// Status codes of custom responses
/// (<https://docs.aws.amazon.com/waf/latest/developerguide/customizing-the-response-status-codes.html>).
pub const RESPONSE_CODES: [u16; 33] = [
    200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409,
    411, 412, 413, 414, 415, 416, 421, 429, 500, 501, 502, 503, 504, 505,
];

pub(crate) const FORMAT: &str = "The parameter contains formatting that is not valid.";
pub(crate) const MINIMUM: &str = "You haven't met a minimum requirement for a threshold setting.";
pub(crate) const CAPACITY: &str = "You exceeded the capacity limit for a rule group or web ACL.";

/// Checks a Web ACL.
pub fn web_acl(acl: &WebAcl, references: &References) -> Result<(), Error> {
    name(&acl.name, "WEB_ACL")?;
    let unsupported = [
        (acl.monetization_config.is_some(), "MonetizationConfig"),
        (acl.on_source_ddos_protection_config.is_some(), "OnSourceDDoSProtectionConfig"),
        (
            !acl.pre_process_firewall_manager_rule_groups.is_empty(),
            "PreProcessFirewallManagerRuleGroups",
        ),
        (
            !acl.post_process_firewall_manager_rule_groups.is_empty(),
            "PostProcessFirewallManagerRuleGroups",
        ),
        (
            acl.association_config
                .as_ref()
                .is_some_and(|c| c.challenge_javascript_sdk_injection.is_some()),
            "ChallengeJavascriptSdkInjection",
        ),
    ];
    if let Some((_, member)) = unsupported.iter().find(|(present, _)| *present) {
        return Err(Error::Unsupported((*member).to_owned()));
    }
    bodies(&acl.custom_response_bodies)?;
    match &acl.default_action {
        DefaultAction::Allow(handling) => inserted(handling)?,
        DefaultAction::Block(block) => response(block, &acl.custom_response_bodies)?,
    }
    immunity(acl.captcha_config.as_ref(), "CHALLENGE_CONFIG")?;
    immunity(acl.challenge_config.as_ref(), "CHALLENGE_CONFIG")?;
    if acl.token_domains.len() > TOKEN_DOMAINS_MAX {
        let reason = format!("at most {TOKEN_DOMAINS_MAX} token domains");
        return Err(Error::invalid(reason, "TOKEN_DOMAIN", &acl.name));
    }
    for domain in &acl.token_domains {
        let part = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
        if domain.is_empty() || domain.len() > 253 || !domain.chars().all(part) {
            return Err(Error::invalid(FORMAT, "TOKEN_DOMAIN", domain));
        }
    }
    rules(&acl.rules, &acl.custom_response_bodies, rule::Home::WebAcl)?;
    let wcu = capacity::of_web_acl(acl, references)?;
    if wcu > WEB_ACL_WCU_MAX {
        return Err(Error::invalid(CAPACITY, "WEB_ACL", wcu.to_string()));
    }
    for group in references.rule_groups.values() {
        rule_group(group, references)?;
    }
    Ok(())
}

/// Checks a rule group; its rules must fit the capacity that it was made with.
pub fn rule_group(group: &RuleGroup, references: &References) -> Result<(), Error> {
    name(&group.name, "RULE_GROUP")?;
    bodies(&group.custom_response_bodies)?;
    rules(&group.rules, &group.custom_response_bodies, rule::Home::RuleGroup)?;
    let wcu = capacity::of_rule_group(group, references)?;
    if wcu > group.capacity || group.capacity > WEB_ACL_WCU_MAX {
        return Err(Error::invalid(CAPACITY, "RULE_GROUP", wcu.max(group.capacity).to_string()));
    }
    Ok(())
}

type Bodies = BTreeMap<String, CustomResponseBody>;

fn rules(rules: &[Rule], bodies: &Bodies, home: rule::Home) -> Result<(), Error> {
    let (mut names, mut priorities) = (HashSet::new(), HashSet::new());
    for rule in rules {
        if !names.insert(&rule.name) {
            return Err(Error::invalid("the name is used more than once", "RULE", &rule.name));
        }
        if !priorities.insert(rule.priority) {
            let priority = rule.priority.to_string();
            return Err(Error::invalid("the priority is used more than once", "RULE", priority));
        }
        rule::check(rule, bodies, home)?;
    }
    let references: usize = rules.iter().map(|rule| rule::references(&rule.statement)).sum();
    if references > REFERENCES_MAX {
        let reason = format!("at most {REFERENCES_MAX} references to sets and groups");
        return Err(Error::invalid(reason, "ENTITY_LIMIT", references.to_string()));
    }
    Ok(())
}

fn name(name: &str, field: &'static str) -> Result<(), Error> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(part) {
        return Err(Error::invalid(FORMAT, field, name));
    }
    Ok(())
}

fn bodies(bodies: &Bodies) -> Result<(), Error> {
    let mut total = 0;
    for (key, body) in bodies {
        name(key, "CUSTOM_RESPONSE_BODY")?;
        total += body.content.len();
        if body.content.is_empty() || body.content.len() > CUSTOM_BODY_BYTES_MAX {
            let reason = format!("a body has 1 to {CUSTOM_BODY_BYTES_MAX} bytes");
            return Err(Error::invalid(reason, "CUSTOM_RESPONSE_BODY", key));
        }
    }
    if total > CUSTOM_BODIES_BYTES_MAX {
        let reason = format!("all bodies together have at most {CUSTOM_BODIES_BYTES_MAX} bytes");
        return Err(Error::invalid(reason, "CUSTOM_RESPONSE_BODY", total.to_string()));
    }
    Ok(())
}

fn response(block: &Block, bodies: &Bodies) -> Result<(), Error> {
    let Some(custom) = &block.custom_response else { return Ok(()) };
    if !RESPONSE_CODES.contains(&custom.response_code) {
        let code = custom.response_code.to_string();
        return Err(Error::invalid("the status code is not permitted", "CUSTOM_RESPONSE", code));
    }
    if let Some(key) =
        custom.custom_response_body_key.as_ref().filter(|key| !bodies.contains_key(*key))
    {
        return Err(Error::invalid("there is no body with this key", "CUSTOM_RESPONSE_BODY", key));
    }
    headers(&custom.response_headers, "CUSTOM_RESPONSE")
}

fn inserted(handling: &Handling) -> Result<(), Error> {
    let Some(custom) = &handling.custom_request_handling else { return Ok(()) };
    if custom.insert_headers.is_empty() {
        return Err(Error::invalid(MINIMUM, "CUSTOM_REQUEST_HANDLING", "InsertHeaders"));
    }
    headers(&custom.insert_headers, "CUSTOM_REQUEST_HANDLING")
}

fn headers(headers: &[Header], field: &'static str) -> Result<(), Error> {
    if headers.len() > CUSTOM_HEADERS_MAX {
        let reason = format!("at most {CUSTOM_HEADERS_MAX} headers");
        return Err(Error::invalid(reason, field, headers.len().to_string()));
    }
    let mut names = HashSet::new();
    for header in headers {
        let part = |c: char| c.is_ascii_alphanumeric() || "._$-".contains(c);
        let name =
            !header.name.is_empty() && header.name.len() <= 64 && header.name.chars().all(part);
        let printable = |c: char| !c.is_control();
        let value = !header.value.is_empty()
            && header.value.len() <= 255
            && header.value.chars().all(printable);
        if !name || !value {
            return Err(Error::invalid(FORMAT, field, &header.name));
        }
        if !names.insert(header.name.to_ascii_lowercase()) {
            return Err(Error::invalid("the header is named more than once", field, &header.name));
        }
    }
    Ok(())
}

fn immunity(config: Option<&ImmunityConfig>, field: &'static str) -> Result<(), Error> {
    let time = config.and_then(|c| c.immunity_time_property.as_ref()).map(|t| t.immunity_time);
    match time.filter(|time| !IMMUNITY_SECONDS.contains(time)) {
        Some(time) => Err(Error::invalid("the time is out of range", field, time.to_string())),
        None => Ok(()),
    }
}
