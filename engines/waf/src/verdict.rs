//! What becomes of a request, and why: every rule that matched, with what it found and where. The words are those of AWS's log.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html>

use std::sync::Arc;

use serde_json::{Value, json};

use crate::document::Header;
use crate::field::Oversize;
use crate::token::Failure;

/// Labels of one request that the log shows; AWS's limit.
pub const LABELS_LOGGED_MAX: usize = 100;
/// The rule that the log names when no rule ended the request.
pub const DEFAULT_ACTION: &str = "Default_Action";

/// What becomes of a request.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What is done.
    pub action: Action,
    /// The rule that decided, of the Web ACL; nothing when the default action did.
    pub terminating: Option<RuleMatch>,
    /// What kind of rule that was.
    pub terminating_kind: RuleKind,
    /// Rules of the Web ACL that matched and let the request go on.
    pub non_terminating: Vec<RuleMatch>,
    /// What happened in rule groups, in their order.
    pub groups: Vec<GroupResult>,
    /// Rate-based rules whose limit was exceeded.
    pub rates: Vec<RateMatch>,
    /// Labels that were added, in their order, with full names.
    pub labels: Vec<Arc<str>>,
    /// Headers to add to the request before it passes on; names with their prefix.
    pub inserted_headers: Vec<Header>,
    /// The last CAPTCHA that was asked for.
    pub captcha: Option<TokenResult>,
    /// The last challenge that was asked for.
    pub challenge: Option<TokenResult>,
    /// What was larger than is inspected.
    pub oversize: Oversize,
}

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// It passes.
    Allow,
    /// It is answered with this.
    Block(Arc<Response>),
    /// It is answered with a puzzle.
    Captcha,
    /// It is answered with a script.
    Challenge,
}

impl Action {
    /// As the log has it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block(_) => "BLOCK",
            Self::Captcha => "CAPTCHA",
            Self::Challenge => "CHALLENGE",
        }
    }
}

/// The answer to a blocked request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers beside the body's.
    pub headers: Vec<Header>,
    /// The type and text of the body.
    pub body: Option<(&'static str, String)>,
    /// Whether a rule said so, or it is what AWS answers by itself.
    pub custom: bool,
}

/// What a rule does, as the log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum ActionKind {
    Allow,
    Block,
    Count,
    Captcha,
    Challenge,
}

impl ActionKind {
    /// As the log has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Block => "BLOCK",
            Self::Count => "COUNT",
            Self::Captcha => "CAPTCHA",
            Self::Challenge => "CHALLENGE",
        }
    }
}

/// What kind of rule ended a request, as the log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum RuleKind {
    Regular,
    RateBased,
    Group,
    ManagedRuleGroup,
}

impl RuleKind {
    /// As the log has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "REGULAR",
            Self::RateBased => "RATE_BASED",
            Self::Group => "GROUP",
            Self::ManagedRuleGroup => "MANAGED_RULE_GROUP",
        }
    }
}

/// A rule that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleMatch {
    /// The rule.
    pub rule: Arc<str>,
    /// What it did.
    pub action: ActionKind,
    /// What it would have done, had nobody overridden it.
    pub overridden: Option<ActionKind>,
    /// What it found.
    pub findings: Vec<Finding>,
}

/// What a statement found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind of statement, as the log has it where it has one.
    pub condition: &'static str,
    /// The part of the request.
    pub location: &'static str,
    /// The header, argument, cookie or element.
    pub name: String,
    /// What was found, shortened.
    pub matched: String,
    /// The sensitivity of a SQL injection statement.
    pub sensitivity: Option<&'static str>,
}

/// What happened in a rule group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupResult {
    /// The group: its ARN, or `AWS#` and its name.
    pub id: Arc<str>,
    /// The rule that ended the group.
    pub terminating: Option<RuleMatch>,
    /// Rules that matched and let the request go on.
    pub non_terminating: Vec<RuleMatch>,
    /// Rules that would have ended the request, had they not been excluded.
    pub excluded: Vec<Arc<str>>,
}

/// A rate-based rule whose limit was exceeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateMatch {
    /// The rule.
    pub rule: Arc<str>,
    /// What made the source, as the log has it.
    pub limit_key: &'static str,
    /// The limit.
    pub limit: u64,
    /// The window in seconds.
    pub window_seconds: u64,
    /// How many requests there were.
    pub count: u64,
}

/// What became of a CAPTCHA or challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenResult {
    /// When it was solved; nothing if it is asked for now.
    pub solved_millis: Option<i64>,
    /// Why the token does not count.
    pub failure: Option<Failure>,
}

impl Verdict {
    /// The members of AWS's log record that the engine knows; who keeps the log adds the request, its own names and the time.
    pub fn log(&self) -> Value {
        let kind = self.terminating_kind.as_str();
        let code = match &self.action {
            Action::Block(response) if response.custom => json!(response.status),
            Action::Captcha => json!(405),
            Action::Challenge => json!(202),
            _ => Value::Null,
        };
        let inserted =
            self.inserted_headers.iter().map(|h| json!({"name": h.name, "value": h.value}));
        let inserted: Vec<Value> = inserted.collect();
        let mut log = json!({
            "formatVersion": 1,
            "action": self.action.as_str(),
            "terminatingRuleId": self.terminating.as_ref().map_or(DEFAULT_ACTION, |rule| &rule.rule),
            "terminatingRuleType": kind,
            "terminatingRuleMatchDetails": self.terminating.as_ref().map_or_else(Vec::new, details),
            "ruleGroupList": self.groups.iter().map(group).collect::<Vec<_>>(),
            "rateBasedRuleList": self.rates.iter().map(rate).collect::<Vec<_>>(),
            "nonTerminatingMatchingRules": self.non_terminating.iter().map(rule).collect::<Vec<_>>(),
            "requestHeadersInserted": if inserted.is_empty() { Value::Null } else { inserted.into() },
            "responseCodeSent": code,
        });
        if !self.labels.is_empty() {
            let labels = self.labels.iter().take(LABELS_LOGGED_MAX);
            log["labels"] = labels.map(|label| json!({"name": &**label})).collect();
        }
        for (member, result, code) in
            [("captchaResponse", &self.captcha, 405), ("challengeResponse", &self.challenge, 202)]
        {
            let Some(result) = result else { continue };
            log[member] = match result.failure {
                Some(failure) => json!({"responseCode": code, "failureReason": failure.as_str()}),
                None => {
                    json!({"responseCode": 0, "solveTimestamp": result.solved_millis.map(|m| m / 1000)})
                }
            };
        }
        let oversize = [
            (self.oversize.body, "REQUEST_BODY"),
            (self.oversize.headers, "REQUEST_HEADERS"),
            (self.oversize.cookies, "REQUEST_COOKIES"),
        ];
        let oversize: Vec<_> =
            oversize.iter().filter(|(is, _)| *is).map(|(_, name)| *name).collect();
        if !oversize.is_empty() {
            log["oversizeFields"] = json!(oversize);
        }
        log
    }
}

/// The log tells details only of injections, as AWS's does.
fn details(rule: &RuleMatch) -> Vec<Value> {
    let told = |f: &&Finding| matches!(f.condition, "SQL_INJECTION" | "XSS");
    let detail = |f: &Finding| {
        let mut detail = json!({
            "conditionType": f.condition,
            "location": f.location,
            "matchedData": f.matched.split_whitespace().collect::<Vec<_>>(),
            "matchedFieldName": f.name,
        });
        if let Some(level) = f.sensitivity {
            detail["sensitivityLevel"] = json!(level);
        }
        detail
    };
    rule.findings.iter().filter(told).map(detail).collect()
}

fn rule(rule: &RuleMatch) -> Value {
    let mut out = json!({
        "ruleId": &*rule.rule,
        "action": rule.action.as_str(),
        "ruleMatchDetails": details(rule),
    });
    if let Some(overridden) = rule.overridden {
        out["overriddenAction"] = json!(overridden.as_str());
    }
    out
}

fn group(group: &GroupResult) -> Value {
    let excluded = group.excluded.iter();
    let excluded: Vec<_> =
        excluded.map(|id| json!({"exclusionType": "EXCLUDED_AS_COUNT", "ruleId": &**id})).collect();
    json!({
        "ruleGroupId": &*group.id,
        "terminatingRule": group.terminating.as_ref().map(rule),
        "nonTerminatingMatchingRules": group.non_terminating.iter().map(rule).collect::<Vec<_>>(),
        "excludedRules": if excluded.is_empty() { Value::Null } else { excluded.into() },
        "customerConfig": Value::Null,
    })
}

fn rate(rate: &RateMatch) -> Value {
    json!({
        "rateBasedRuleName": &*rate.rule,
        "limitKey": rate.limit_key,
        "maxRateAllowed": rate.limit,
        "evaluationWindowSec": rate.window_seconds.to_string(),
    })
}
