//! The words in which managed rules are written: fields, chains and statements in short.

use crate::document::field::{
    Body, CookieMatchPattern, Cookies, FieldToMatch, HeaderMatchPattern, Headers, MatchScope,
    Named, OversizeHandling, Place,
};
use crate::document::statement::{
    ByteMatch, ComparisonOperator, IPSetReference, Not, PositionalConstraint, RegexMatch,
    SearchString, SensitivityLevel, SizeConstraint, SqliMatch, Statement, Statements,
    Transformation, XssMatch,
};
use crate::document::{Block, Empty, Handling, Label, Rule, RuleAction, VisibilityConfig};
use crate::transform::TextTransformation;

/// Words that one pattern looks for.
const WORDS_MAX: usize = 30;

/// A rule that blocks; its place is its place in the group.
pub(super) fn rule(name: &str, statement: Statement) -> Rule {
    with_action(name, statement, RuleAction::Block(Block::default()))
}

/// A rule that only counts.
pub(super) fn counting(name: &str, statement: Statement) -> Rule {
    with_action(name, statement, RuleAction::Count(Handling::default()))
}

fn with_action(name: &str, statement: Statement, action: RuleAction) -> Rule {
    Rule {
        name: name.to_owned(),
        priority: 0,
        statement,
        action: Some(action),
        override_action: None,
        rule_labels: vec![Label { name: label(name) }],
        visibility_config: VisibilityConfig {
            sampled_requests_enabled: true,
            cloud_watch_metrics_enabled: true,
            metric_name: name.to_owned(),
        },
        captcha_config: None,
        challenge_config: None,
    }
}

/// The rules in the order in which they stand.
pub(super) fn in_order(mut rules: Vec<Rule>) -> Vec<Rule> {
    for (priority, rule) in (0..).zip(&mut rules) {
        rule.priority = priority;
    }
    rules
}

/// AWS's label of a rule: the name with its last part in another case, and three that are their own.
fn label(name: &str) -> String {
    match name {
        "UserAgent_BadBots_HEADER" => return "BadBots_Header".to_owned(),
        "Host_localhost_HEADER" => return "Host_Localhost_Header".to_owned(),
        "PROPFIND_METHOD" => return "Propfind_Method".to_owned(),
        _ => {}
    }
    const ENDS: [(&str, &str); 6] = [
        ("_HEADER", "_Header"),
        ("_QUERYSTRING", "_QueryString"),
        ("_QUERYARGUMENTS", "_QueryArguments"),
        ("_URIPATH", "_URIPath"),
        ("_BODY", "_Body"),
        ("_COOKIE", "_Cookie"),
    ];
    let found = ENDS.iter().find_map(|(end, label)| Some((name.strip_suffix(end)?, label)));
    found.map_or_else(|| name.to_owned(), |(start, label)| format!("{start}{label}"))
}

/// The arguments of the query string.
pub(super) fn query() -> FieldToMatch {
    FieldToMatch::Arguments(Place::Query)
}

/// The arguments of the body.
pub(super) fn body() -> FieldToMatch {
    FieldToMatch::Arguments(Place::Body)
}

/// The body as it stands, for its size.
pub(super) fn raw_body() -> FieldToMatch {
    FieldToMatch::Body(Body { oversize_handling: OversizeHandling::Continue })
}

pub(super) fn path() -> FieldToMatch {
    FieldToMatch::UriPath(Empty {})
}

pub(super) fn raw_query() -> FieldToMatch {
    FieldToMatch::QueryString(Empty {})
}

pub(super) fn method() -> FieldToMatch {
    FieldToMatch::Method(Empty {})
}

pub(super) fn header(name: &str) -> FieldToMatch {
    FieldToMatch::SingleHeader(Named { name: name.to_owned() })
}

/// The values of all headers but cookies.
pub(super) fn headers() -> FieldToMatch {
    FieldToMatch::Headers(Headers {
        match_pattern: HeaderMatchPattern::ExcludedHeaders(vec!["cookie".to_owned()]),
        match_scope: MatchScope::Value,
        oversize_handling: OversizeHandling::Continue,
    })
}

/// The values of all cookies.
pub(super) fn cookies() -> FieldToMatch {
    FieldToMatch::Cookies(Cookies {
        match_pattern: CookieMatchPattern::All(Empty {}),
        match_scope: MatchScope::Value,
        oversize_handling: OversizeHandling::Continue,
    })
}

/// No transformation: arguments are decoded already.
pub(super) const PLAIN: &[TextTransformation] = &[];
/// Undoes one encoding for URLs.
pub(super) const URL: &[TextTransformation] = &[TextTransformation::UrlDecodeUni];
/// Undoes an encoding for URLs and the entities of HTML.
pub(super) const URL_HTML: &[TextTransformation] =
    &[TextTransformation::UrlDecodeUni, TextTransformation::HtmlEntityDecode];

/// Any of these patterns.
pub(super) fn patterns(
    field: &FieldToMatch,
    chain: &[TextTransformation],
    patterns: &[&str],
) -> Statement {
    any(patterns.iter().map(|pattern| {
        Statement::RegexMatch(RegexMatch {
            regex_string: (*pattern).to_owned(),
            field_to_match: field.clone(),
            text_transformations: transformations(chain),
            pre_parse_text_transformations: Vec::new(),
        })
    }))
}

/// Any of these words, in any case.
pub(super) fn words(
    field: &FieldToMatch,
    chain: &[TextTransformation],
    words: &[&str],
) -> Statement {
    any(words.chunks(WORDS_MAX).map(|chunk| {
        let escaped: Vec<_> = chunk.iter().map(|word| regex_syntax::escape(word)).collect();
        patterns(field, chain, &[&format!("(?i)(?:{})", escaped.join("|"))])
    }))
}

pub(super) fn sqli(
    field: &FieldToMatch,
    chain: &[TextTransformation],
    sensitivity_level: SensitivityLevel,
) -> Statement {
    Statement::SqliMatch(SqliMatch {
        sensitivity_level,
        field_to_match: field.clone(),
        text_transformations: transformations(chain),
        pre_parse_text_transformations: Vec::new(),
    })
}

pub(super) fn xss(field: &FieldToMatch, chain: &[TextTransformation]) -> Statement {
    Statement::XssMatch(XssMatch {
        field_to_match: field.clone(),
        text_transformations: transformations(chain),
        pre_parse_text_transformations: Vec::new(),
    })
}

/// Larger than so many bytes.
pub(super) fn larger(field: FieldToMatch, size: u64) -> Statement {
    Statement::SizeConstraint(SizeConstraint {
        comparison_operator: ComparisonOperator::Gt,
        size,
        field_to_match: field,
        text_transformations: Vec::new(),
        pre_parse_text_transformations: Vec::new(),
    })
}

pub(super) fn exactly(field: FieldToMatch, text: &str) -> Statement {
    Statement::ByteMatch(ByteMatch {
        search_string: SearchString(text.as_bytes().to_vec()),
        positional_constraint: PositionalConstraint::Exactly,
        field_to_match: field,
        text_transformations: Vec::new(),
        pre_parse_text_transformations: Vec::new(),
    })
}

/// The addresses of an imported list.
pub(super) fn listed(list: &str) -> Statement {
    Statement::IPSetReference(IPSetReference {
        arn: list.to_owned(),
        ip_set_forwarded_ip_config: None,
    })
}

pub(super) fn not(statement: Statement) -> Statement {
    Statement::Not(Not { statement: Box::new(statement) })
}

/// Any of these statements.
pub(super) fn any(statements: impl IntoIterator<Item = Statement>) -> Statement {
    let mut statements: Vec<_> = statements.into_iter().collect();
    match statements.len() {
        1 => statements.remove(0),
        _ => Statement::Or(Statements { statements }),
    }
}

fn transformations(chain: &[TextTransformation]) -> Vec<Transformation> {
    (0..).zip(chain).map(|(priority, kind)| Transformation { priority, kind: *kind }).collect()
}
