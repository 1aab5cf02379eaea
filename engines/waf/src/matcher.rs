//! A compiled Web ACL. Work that rules share is done once a request: every text is transformed once, every text is scanned
//! once for the literals of all statements about its field, patterns run only on pieces where a literal of theirs was found, and
//! equal conditions are judged once. A matcher never changes; share it among threads and replace it as a whole.

mod compile;
mod evaluate;
mod predicate;
mod scan;

use std::collections::BTreeMap;
use std::sync::Arc;

use base::Timestamp;

use crate::document::field::FieldToMatch;
use crate::document::statement::{LabelMatchScope, PreParseKind};
use crate::document::{Header, IPSet, RegexPatternSet, RuleGroup, WebAcl};
use crate::error::Error;
use crate::request::{BODY_BYTES_INSPECTED_DEFAULT, Request};
use crate::statement::place::Places;
use crate::statement::rate::Rates;
use crate::token::TokenKey;
use crate::transform::TextTransformation;
use crate::verdict::{ActionKind, Response, RuleKind, Verdict};

use predicate::Predicate;
use scan::Scanner;

/// What a Web ACL refers to, by ARN.
#[derive(Clone, Debug, Default)]
pub struct References {
    /// Sets of addresses. The lists of managed rules stand under the rule's name, for example `AWSManagedIPReputationList`.
    pub ip_sets: BTreeMap<String, IPSet>,
    /// Sets of patterns.
    pub regex_pattern_sets: BTreeMap<String, RegexPatternSet>,
    /// Rule groups.
    pub rule_groups: BTreeMap<String, RuleGroup>,
}

/// What is not in a Web ACL's document and still shapes its verdicts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The account, for the namespace of labels.
    pub account: base::AccountId,
    /// Bytes of a body that are inspected.
    pub body_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { account: base::AccountId::DEFAULT, body_bytes: BODY_BYTES_INSPECTED_DEFAULT }
    }
}

/// What a verdict depends on beside the request.
#[derive(Clone, Copy)]
pub struct World<'w> {
    /// The time.
    pub now: Timestamp,
    /// How many requests came from where.
    pub rates: &'w dyn Rates,
    /// Where addresses are.
    pub places: &'w dyn Places,
    /// The key of tokens; without one no token counts.
    pub token_key: Option<&'w dyn TokenKey>,
}

/// A compiled Web ACL.
#[derive(Debug)]
pub struct Matcher {
    rules: Vec<Rule>,
    default: Effect,
    views: Vec<View>,
    scanners: Vec<Scanner>,
    predicates: Vec<Predicate>,
    body_bytes: usize,
    token_domains: Vec<String>,
    capacity: u64,
}

impl Matcher {
    /// Validates and compiles a Web ACL.
    pub fn compile(
        acl: &WebAcl,
        references: &References,
        options: &Options,
    ) -> Result<Self, Error> {
        compile::web_acl(acl, references, options)
    }

    /// Judges a request. Cannot fail; the time that it takes is bounded by what is inspected.
    pub fn evaluate(&self, request: &Request<'_>, world: &World<'_>) -> Verdict {
        evaluate::evaluate(self, request, world)
    }

    /// The WCUs of the Web ACL.
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Bytes of a body that are inspected; more need not be handed in.
    pub fn body_bytes(&self) -> usize {
        self.body_bytes
    }
}

/// A field under a chain of transformations. Each view is made from the one with the chain's last part missing.
#[derive(Debug)]
struct View {
    source: Source,
    scanner: Option<usize>,
}

#[derive(Debug)]
enum Source {
    Field(FieldToMatch, Vec<PreParseKind>),
    Transformed(usize, TextTransformation),
}

#[derive(Debug)]
struct Rule {
    name: Arc<str>,
    condition: Expression,
    effect: Effect,
    kind: RuleKind,
    labels: Vec<Arc<str>>,
    captcha_immunity: u64,
    challenge_immunity: u64,
    /// The action that was overridden.
    overridden: Option<ActionKind>,
    /// Whether it was excluded, which is the older way to let a rule only count.
    excluded: bool,
}

#[derive(Debug)]
enum Effect {
    Allow(Vec<Header>),
    Block(Arc<Response>),
    Count(Vec<Header>),
    Captcha(Vec<Header>),
    Challenge(Vec<Header>),
    Group(Box<Group>),
}

#[derive(Debug)]
struct Group {
    id: Arc<str>,
    rules: Vec<Rule>,
    /// Whether the group's own result does not count.
    only_count: bool,
}

#[derive(Debug)]
enum Expression {
    /// Always holds: a group without scope-down.
    True,
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Predicate(usize),
    Label(LabelMatchScope, String),
    Rate(Box<RateBased>),
}

#[derive(Debug)]
struct RateBased {
    /// Distinguishes the counts of this rule from others.
    id: String,
    rule: Arc<str>,
    limit: u64,
    window_seconds: u64,
    limit_key: &'static str,
    keys: Vec<Key>,
    scope: Option<Expression>,
}

/// A part of what makes requests one source.
#[derive(Debug)]
enum Key {
    Ip,
    ForwardedIp { header: String, fallback: bool },
    View(usize),
    Asn,
    Labels(String),
}
