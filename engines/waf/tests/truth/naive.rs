//! The second engine: the document, rule by rule and statement by statement, everything anew each time.

use std::collections::HashMap;
use waf::document::field::*;
use waf::document::statement::*;
use waf::document::*;
use waf::{Places as _, Request, RuleGroup};

use crate::parts::{Given, addresses, cookies, forwarded, given, limited, within};
use crate::world::Case;
use crate::{Atlas, COUNTED_BEFORE};

pub struct Naive<'c> {
    case: &'c Case,
    counts: HashMap<(String, Vec<Vec<u8>>), u64>,
    /// The reference by which a group is judged: two references to one group count apart.
    reference: String,
}

/// Whether a statement holds; nothing if the whole rule does not apply.
type Holds = Option<bool>;

#[derive(Default)]
struct Told {
    groups: Vec<String>,
    labels: Vec<String>,
    headers: Vec<(String, String)>,
    rates: Vec<String>,
}

/// A rule that matched: name, what it did, what was overridden.
type Matched = (String, &'static str, &'static str);

impl<'c> Naive<'c> {
    pub fn new(case: &'c Case) -> Self {
        Self { case, counts: HashMap::new(), reference: String::new() }
    }

    /// The verdict, told as the compiled engine's is.
    pub fn judge(&mut self, request: &Request<'_>) -> String {
        let case = self.case;
        let mut told = Told::default();
        let mut passed = Vec::new();
        let namespace = "awswaf:123456789012:webacl:acl:";
        let end = self.rules(&case.acl.rules, &[], &[], namespace, request, &mut told, &mut passed);
        let (action, by) = match end {
            Some((rule, action)) => (action, show(&rule)),
            None => match &case.acl.default_action {
                DefaultAction::Allow(handling) => {
                    insert(handling, &mut told);
                    ("ALLOW".to_owned(), String::new())
                }
                DefaultAction::Block(_) => ("BLOCK 403".to_owned(), String::new()),
            },
        };
        let headers = if action == "ALLOW" { told.headers } else { Vec::new() };
        let headers = headers.iter().map(|(name, value)| format!("{name}: {value}"));
        let mut lines = vec![action, format!("by {by}"), format!("after {}", show_all(&passed))];
        lines.extend(told.groups);
        lines.push(format!("labels {}", told.labels.join(",")));
        lines.push(format!("headers {}", headers.collect::<Vec<_>>().join(",")));
        lines.push(format!("rates {}", told.rates.join(",")));
        lines.join("\n")
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "all that a rule may look at, without a type that would hide it"
    )]
    fn rules(
        &mut self,
        rules: &[Rule],
        excluded: &[ExcludedRule],
        overrides: &[RuleActionOverride],
        namespace: &str,
        request: &Request<'_>,
        told: &mut Told,
        passed: &mut Vec<Matched>,
    ) -> Option<(Matched, String)> {
        let mut rules: Vec<&Rule> = rules.iter().collect();
        rules.sort_by_key(|rule| rule.priority);
        for rule in rules {
            if let Statement::RuleGroupReference(reference) = &rule.statement {
                let end = self.group(rule, reference, namespace, request, told, passed);
                if end.is_some() {
                    return end;
                }
                continue;
            }
            let id = format!("{}:{namespace}{}", self.reference, rule.name);
            if self.holds(&rule.statement, namespace, &id, request, told) != Some(true) {
                continue;
            }
            label(rule, namespace, told);
            let own = rule.action.as_ref().expect("it has an action");
            let overriding = overrides.iter().find(|o| o.name == rule.name);
            let count = RuleAction::Count(Handling::default());
            let action = if excluded.iter().any(|e| e.name == rule.name) {
                &count
            } else {
                overriding.map_or(own, |o| &o.action_to_use)
            };
            let overridden = if overriding.is_some() { name(own) } else { "" };
            let matched = (rule.name.clone(), name(action), overridden);
            let end = match action {
                RuleAction::Allow(handling) => {
                    insert(handling, told);
                    "ALLOW".to_owned()
                }
                RuleAction::Block(block) => {
                    format!(
                        "BLOCK {}",
                        block.custom_response.as_ref().map_or(403, |c| c.response_code)
                    )
                }
                RuleAction::Captcha(_) => "CAPTCHA".to_owned(),
                RuleAction::Challenge(_) => "CHALLENGE".to_owned(),
                RuleAction::Count(handling) => {
                    insert(handling, told);
                    passed.push(matched);
                    continue;
                }
                RuleAction::Monetize(_) => panic!("not generated"),
            };
            return Some((matched, end));
        }
        None
    }

    fn group(
        &mut self,
        rule: &Rule,
        reference: &RuleGroupReference,
        namespace: &str,
        request: &Request<'_>,
        told: &mut Told,
        passed: &mut Vec<Matched>,
    ) -> Option<(Matched, String)> {
        let group: &RuleGroup = &self.case.references.rule_groups[&reference.arn];
        let mut inside = Vec::new();
        let own = "awswaf:123456789012:rulegroup:own:";
        let (excluded, overrides) = (&reference.excluded_rules, &reference.rule_action_overrides);
        self.reference = rule.name.clone();
        let end = self.rules(&group.rules, excluded, overrides, own, request, told, &mut inside);
        self.reference.clear();
        let out = |m: &Matched| {
            excluded.iter().any(|e| e.name == m.0) && group.rules.iter().any(|r| r.name == m.0)
        };
        let (left_out, stayed): (Vec<_>, Vec<_>) = inside.into_iter().partition(out);
        if end.is_some() || !left_out.is_empty() || !stayed.is_empty() {
            let ended = end.as_ref().map(|(rule, _)| show(rule)).unwrap_or_default();
            let left_out: Vec<_> = left_out.into_iter().map(|m| m.0).collect();
            told.groups.push(format!(
                "group arn:group ended {ended} passed {} excluded {}",
                show_all(&stayed),
                left_out.join(",")
            ));
        }
        let (inner, action) = end?;
        label(rule, namespace, told);
        if matches!(rule.override_action, Some(OverrideAction::Count(_))) {
            passed.push((rule.name.clone(), "COUNT", inner.1));
            return None;
        }
        Some(((rule.name.clone(), inner.1, ""), action))
    }

    fn holds(
        &mut self,
        statement: &Statement,
        namespace: &str,
        rule: &str,
        request: &Request<'_>,
        told: &mut Told,
    ) -> Holds {
        match statement {
            Statement::And(list) => {
                for one in &list.statements {
                    match self.holds(one, namespace, rule, request, told) {
                        Some(true) => {}
                        other => return other,
                    }
                }
                Some(true)
            }
            Statement::Or(list) => {
                for one in &list.statements {
                    match self.holds(one, namespace, rule, request, told) {
                        Some(false) => {}
                        other => return other,
                    }
                }
                Some(false)
            }
            Statement::Not(not) => {
                self.holds(&not.statement, namespace, rule, request, told).map(|holds| !holds)
            }
            Statement::LabelMatch(s) => {
                let key = match s.key.starts_with("awswaf:") {
                    true => s.key.clone(),
                    false => format!("{namespace}{}", s.key),
                };
                Some(told.labels.iter().any(|label| match s.scope {
                    LabelMatchScope::Label => *label == key,
                    LabelMatchScope::Namespace => label.starts_with(&key),
                }))
            }
            Statement::IPSetReference(s) => {
                let config = s.ip_set_forwarded_ip_config.as_ref();
                let config =
                    config.map(|c| (c.header_name.as_str(), c.fallback_behavior, c.position));
                let set = &self.case.references.ip_sets[&s.arn];
                match addresses(request, config)? {
                    Err(fallback) => Some(fallback),
                    Ok(list) => Some(
                        list.iter().any(|ip| set.addresses.iter().any(|range| within(*ip, range))),
                    ),
                }
            }
            Statement::GeoMatch(s) => {
                match addresses(request, forwarded(s.forwarded_ip_config.as_ref()))? {
                    Err(fallback) => Some(fallback),
                    Ok(list) => {
                        let place = Atlas.place(list[0]);
                        let root = if s.forwarded_ip_config.is_some() {
                            "forwardedip"
                        } else {
                            "clientip"
                        };
                        let country = place.as_ref().map_or("XX".into(), |p| p.country.clone());
                        let region =
                            place.as_ref().and_then(|p| p.region.clone()).unwrap_or("XX".into());
                        add(format!("awswaf:{root}:geo:country:{country}"), told);
                        add(format!("awswaf:{root}:geo:region:{country}-{region}"), told);
                        Some(place.is_some_and(|p| s.country_codes.contains(&p.country)))
                    }
                }
            }
            Statement::AsnMatch(s) => {
                match addresses(request, forwarded(s.forwarded_ip_config.as_ref()))? {
                    Err(fallback) => Some(fallback),
                    Ok(list) => Some(s.asn_list.contains(&Atlas.asn(list[0]).unwrap_or(0))),
                }
            }
            Statement::RateBased(rate) => {
                if let Some(scope) = &rate.scope_down_statement {
                    match self.holds(scope, namespace, rule, request, told) {
                        Some(true) => {}
                        other => return other,
                    }
                }
                self.rate(rate, rule, request, told)
            }
            text => Some(about_text(text, self.case, request)),
        }
    }

    fn rate(
        &mut self,
        rate: &RateBased,
        rule: &str,
        request: &Request<'_>,
        told: &mut Told,
    ) -> Holds {
        let first = |fallback| ("x-forwarded-for", fallback, ForwardedIPPosition::First);
        let mut source = Vec::new();
        match rate.aggregate_key_type {
            AggregateKeyType::Ip => {
                source.push(request.client_ip.to_canonical().to_string().into_bytes())
            }
            AggregateKeyType::ForwardedIp => {
                let fallback =
                    rate.forwarded_ip_config.as_ref().expect("it has one").fallback_behavior;
                match addresses(request, Some(first(fallback)))? {
                    Err(fallback) => return Some(fallback),
                    Ok(list) => source.push(list[0].to_string().into_bytes()),
                }
            }
            AggregateKeyType::Constant => {}
            AggregateKeyType::CustomKeys => {
                for key in &rate.custom_keys {
                    let given = match key {
                        CustomKey::Header(k) => keyed(
                            &FieldToMatch::SingleHeader(Named { name: k.name.clone() }),
                            &k.text_transformations,
                            request,
                        ),
                        CustomKey::QueryArgument(k) => keyed(
                            &FieldToMatch::SingleQueryArgument(Named { name: k.name.clone() }),
                            &k.text_transformations,
                            request,
                        ),
                        CustomKey::Cookie(k) => {
                            let own = cookies(request)
                                .into_iter()
                                .filter(|(n, _)| n == k.name.as_bytes());
                            let within = limited(cookies(request)).0;
                            let own = own.filter(|pair| within.contains(pair)).map(|(_, v)| v);
                            Given::Texts(
                                own.map(|v| all_applied(v, &k.text_transformations)).collect(),
                            )
                        }
                        CustomKey::HTTPMethod(_) => Given::Texts(vec![request.method.into()]),
                        CustomKey::LabelNamespace(k) => {
                            let mut own: Vec<_> = told
                                .labels
                                .iter()
                                .filter(|l| l.starts_with(&k.namespace))
                                .cloned()
                                .collect();
                            own.sort();
                            match own.is_empty() {
                                true => Given::Answer(false),
                                false => Given::Texts(vec![own.join("|").into_bytes()]),
                            }
                        }
                        CustomKey::JA3Fingerprint(k) => match request.ja3 {
                            Some(ja3) => Given::Texts(vec![ja3.into()]),
                            None => Given::Answer(k.fallback_behavior == FallbackBehavior::Match),
                        },
                        CustomKey::ASN(_) => {
                            let asn = Atlas.asn(request.client_ip).unwrap_or(0);
                            Given::Texts(vec![asn.to_string().into_bytes()])
                        }
                        other => panic!("not generated: {other:?}"),
                    };
                    match given {
                        Given::Answer(holds) => return Some(holds),
                        Given::Texts(texts) => match texts.into_iter().next() {
                            None => return Some(false),
                            Some(text) => source.push(text),
                        },
                    }
                }
            }
        }
        let count = self.counts.entry((rule.to_owned(), source)).or_insert(COUNTED_BEFORE);
        *count += 1;
        if *count <= rate.limit {
            return Some(false);
        }
        let own = rule.rsplit(':').next().unwrap_or_default();
        told.rates.push(format!("{own}={count}"));
        Some(true)
    }
}

fn keyed(field: &FieldToMatch, transformations: &[Transformation], request: &Request<'_>) -> Given {
    match given(field, &[], request) {
        Given::Texts(texts) => {
            Given::Texts(texts.into_iter().map(|text| all_applied(text, transformations)).collect())
        }
        answer => answer,
    }
}

fn all_applied(mut text: Vec<u8>, transformations: &[Transformation]) -> Vec<u8> {
    let mut sorted = transformations.to_vec();
    sorted.sort_by_key(|t| t.priority);
    for transformation in sorted {
        text = transformation.kind.apply(&text).into_owned();
    }
    text
}

fn about_text(statement: &Statement, case: &Case, request: &Request<'_>) -> bool {
    let inspected = statement.inspected().expect("it is about a text");
    let texts = match given(inspected.field, inspected.pre_parse, request) {
        Given::Answer(holds) => return holds,
        Given::Texts(texts) => texts,
    };
    texts.into_iter().map(|text| all_applied(text, inspected.transformations)).any(|text| {
        match statement {
            Statement::ByteMatch(s) => {
                let needle = &s.search_string.0;
                let part = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
                let mut places = (0..text.len()).filter(|at| text[*at..].starts_with(needle));
                match s.positional_constraint {
                    PositionalConstraint::Exactly => text == *needle,
                    PositionalConstraint::StartsWith => text.starts_with(needle),
                    PositionalConstraint::EndsWith => text.ends_with(needle),
                    PositionalConstraint::Contains => places.next().is_some(),
                    PositionalConstraint::ContainsWord => places.any(|at| {
                        let after = at + needle.len();
                        (at == 0 || !part(text[at - 1]))
                            && (after == text.len() || !part(text[after]))
                    }),
                }
            }
            Statement::RegexMatch(s) => matches(&s.regex_string, &text),
            Statement::RegexPatternSetReference(s) => {
                let set = &case.references.regex_pattern_sets[&s.arn];
                set.regular_expression_list.iter().any(|p| matches(&p.regex_string, &text))
            }
            Statement::SizeConstraint(s) => {
                let order = (text.len() as u64).cmp(&s.size);
                match s.comparison_operator {
                    ComparisonOperator::Eq => order.is_eq(),
                    ComparisonOperator::Ne => order.is_ne(),
                    ComparisonOperator::Le => order.is_le(),
                    ComparisonOperator::Lt => order.is_lt(),
                    ComparisonOperator::Ge => order.is_ge(),
                    ComparisonOperator::Gt => order.is_gt(),
                }
            }
            Statement::SqliMatch(s) => waf::sqli::detect(&text, s.sensitivity_level),
            Statement::XssMatch(_) => waf::xss::detect(&text),
            other => panic!("not about a text: {other:?}"),
        }
    })
}

fn matches(pattern: &str, text: &[u8]) -> bool {
    let regex = regex::bytes::RegexBuilder::new(pattern).unicode(false).build();
    regex.expect("it was validated").is_match(text)
}

fn insert(handling: &Handling, told: &mut Told) {
    let Some(custom) = &handling.custom_request_handling else { return };
    for header in &custom.insert_headers {
        let name = format!("x-amzn-waf-{}", header.name);
        told.headers.retain(|(own, _)| own.to_lowercase() != name.to_lowercase());
        told.headers.push((name, header.value.clone()));
    }
}

fn label(rule: &Rule, namespace: &str, told: &mut Told) {
    for label in &rule.rule_labels {
        add(format!("{namespace}{}", label.name), told);
    }
}

fn add(label: String, told: &mut Told) {
    if !told.labels.contains(&label) {
        told.labels.push(label);
    }
}

fn name(action: &RuleAction) -> &'static str {
    match action {
        RuleAction::Allow(_) => "ALLOW",
        RuleAction::Block(_) => "BLOCK",
        RuleAction::Count(_) => "COUNT",
        RuleAction::Captcha(_) => "CAPTCHA",
        RuleAction::Challenge(_) => "CHALLENGE",
        RuleAction::Monetize(_) => panic!("not generated"),
    }
}

fn show((rule, action, overridden): &Matched) -> String {
    format!("{rule}={action}/{overridden}")
}

fn show_all(list: &[Matched]) -> String {
    list.iter().map(show).collect::<Vec<_>>().join(",")
}
