//! From document to matcher: names are resolved, views, literals and conditions that are equal become one.

use std::collections::HashMap;
use std::sync::Arc;

use super::predicate::{AddressSource, AddressTest, Predicate, Test};
use super::scan::{Literal, Scanner};
use super::{
    Effect, Expression, Group, Key, Matcher, Options, RateBased, References, Rule, Source, View,
};
use crate::document::field::{CookieMatchPattern, Cookies, MatchScope, OversizeHandling};
use crate::document::field::{FallbackBehavior, FieldToMatch, Fingerprint, Named};
use crate::document::statement::{
    self, AggregateKeyType, CustomKey, ForwardedIPConfig, ForwardedIPPosition,
    PositionalConstraint, PreParseKind, RuleActionOverride, Statement, Transformation,
};
use crate::document::{
    self, CustomResponseBody, DefaultAction, Empty, Handling, Header, ImmunityConfig,
    OverrideAction, RuleAction, WebAcl,
};
use crate::error::Error;
use crate::field::SEPARATOR;
use crate::statement::ip_set::Ranges;
use crate::statement::label;
use crate::statement::regex::Pattern;
use crate::token::IMMUNITY_DEFAULT_SECONDS;
use crate::transform::TextTransformation;
use crate::verdict::{ActionKind, Response, RuleKind};
use crate::{capacity, managed, validate};

/// Headers that rules add carry this before their name.
pub(crate) const INSERTED_PREFIX: &str = "x-amzn-waf-";

type Bodies = std::collections::BTreeMap<String, CustomResponseBody>;

pub(super) fn web_acl(
    acl: &WebAcl,
    references: &References,
    options: &Options,
) -> Result<Matcher, Error> {
    validate::web_acl(acl, references)?;
    let mut compiler = Compiler::new(references);
    let namespace = acl.label_namespace.clone();
    let namespace =
        namespace.unwrap_or_else(|| format!("awswaf:{}:webacl:{}:", options.account, acl.name));
    let scope = Scope {
        namespace: &namespace,
        bodies: &acl.custom_response_bodies,
        captcha: immunity(acl.captcha_config.as_ref()).unwrap_or(IMMUNITY_DEFAULT_SECONDS),
        challenge: immunity(acl.challenge_config.as_ref()).unwrap_or(IMMUNITY_DEFAULT_SECONDS),
        account: options.account,
    };
    let rules = compiler.rules(&acl.rules, &scope, &[], &[])?;
    let default = match &acl.default_action {
        DefaultAction::Allow(handling) => Effect::Allow(inserted(handling)),
        DefaultAction::Block(block) => Effect::Block(response(block, &acl.custom_response_bodies)),
    };
    for scanner in &mut compiler.scanners {
        scanner
            .build()
            .map_err(|error| Error::Unsupported(format!("so many texts to look for ({error})")))?;
    }
    Ok(Matcher {
        rules,
        default,
        views: compiler.views,
        scanners: compiler.scanners,
        predicates: compiler.predicates,
        body_bytes: options.body_bytes,
        token_domains: acl.token_domains.clone(),
        capacity: capacity::of_web_acl(acl, references)?,
    })
}

/// Where rules stand.
struct Scope<'a> {
    namespace: &'a str,
    bodies: &'a Bodies,
    captcha: u64,
    challenge: u64,
    account: base::AccountId,
}

struct Compiler<'a> {
    references: &'a References,
    views: Vec<View>,
    view_places: HashMap<(FieldToMatch, Vec<PreParseKind>, Vec<TextTransformation>), usize>,
    scanners: Vec<Scanner>,
    predicates: Vec<Predicate>,
    /// By the statement's text, which says all of it.
    predicate_places: HashMap<String, usize>,
    sets: HashMap<String, Arc<Ranges>>,
    rates: usize,
}

impl<'a> Compiler<'a> {
    fn new(references: &'a References) -> Self {
        Self {
            references,
            views: Vec::new(),
            view_places: HashMap::new(),
            scanners: Vec::new(),
            predicates: Vec::new(),
            predicate_places: HashMap::new(),
            sets: HashMap::new(),
            rates: 0,
        }
    }

    fn rules(
        &mut self,
        rules: &[document::Rule],
        scope: &Scope<'_>,
        excluded: &[statement::ExcludedRule],
        overrides: &[RuleActionOverride],
    ) -> Result<Vec<Rule>, Error> {
        let mut sorted: Vec<&document::Rule> = rules.iter().collect();
        sorted.sort_by_key(|rule| rule.priority);
        let compiled = sorted.into_iter().map(|rule| {
            let mut compiled = self.rule(rule, scope)?;
            if let Some(found) = overrides.iter().find(|o| o.name == rule.name) {
                compiled.overridden = kind(&compiled.effect);
                compiled.effect = self.effect(&found.action_to_use, scope)?;
            }
            if excluded.iter().any(|e| e.name == rule.name) {
                compiled.excluded = true;
                compiled.effect = Effect::Count(Vec::new());
            }
            Ok(compiled)
        });
        compiled.collect()
    }

    fn rule(&mut self, rule: &document::Rule, outer: &Scope<'_>) -> Result<Rule, Error> {
        let name: Arc<str> = rule.name.as_str().into();
        let scope = Scope {
            captcha: immunity(rule.captcha_config.as_ref()).unwrap_or(outer.captcha),
            challenge: immunity(rule.challenge_config.as_ref()).unwrap_or(outer.challenge),
            ..*outer
        };
        let only_count = matches!(rule.override_action, Some(OverrideAction::Count(_)));
        let (condition, effect, kind) = match &rule.statement {
            Statement::ManagedRuleGroup(reference) => {
                let group = managed::group(&reference.vendor_name, &reference.name)?;
                let condition = match &reference.scope_down_statement {
                    Some(statement) => self.expression(statement, &name, &scope)?,
                    None => Expression::True,
                };
                let bodies = Bodies::new();
                let inner = Scope { namespace: &group.namespace, bodies: &bodies, ..scope };
                let (excluded, overrides) =
                    (&reference.excluded_rules, &reference.rule_action_overrides);
                let rules = self.rules(&group.rules, &inner, excluded, overrides)?;
                let id = format!("{}#{}", reference.vendor_name, reference.name).into();
                let effect = Effect::Group(Box::new(Group { id, rules, only_count }));
                (condition, effect, RuleKind::ManagedRuleGroup)
            }
            Statement::RuleGroupReference(reference) => {
                let group = self.references.rule_groups.get(&reference.arn);
                let group = group.ok_or_else(|| Error::Missing(reference.arn.clone()))?;
                let namespace = group.label_namespace.clone();
                let namespace = namespace.unwrap_or_else(|| {
                    format!("awswaf:{}:rulegroup:{}:", scope.account, group.name)
                });
                let inner =
                    Scope { namespace: &namespace, bodies: &group.custom_response_bodies, ..scope };
                let (excluded, overrides) =
                    (&reference.excluded_rules, &reference.rule_action_overrides);
                let rules = self.rules(&group.rules, &inner, excluded, overrides)?;
                let id = reference.arn.as_str().into();
                let effect = Effect::Group(Box::new(Group { id, rules, only_count }));
                (Expression::True, effect, RuleKind::Group)
            }
            statement => {
                let action = rule.action.as_ref().ok_or_else(|| {
                    Error::invalid("EXACTLY_ONE_CONDITION_REQUIRED", "RULE_ACTION", &rule.name)
                })?;
                let kind = match statement {
                    Statement::RateBased(_) => RuleKind::RateBased,
                    _ => RuleKind::Regular,
                };
                (self.expression(statement, &name, &scope)?, self.effect(action, &scope)?, kind)
            }
        };
        let labels = rule.rule_labels.iter();
        let labels = labels.map(|l| format!("{}{}", scope.namespace, l.name).into()).collect();
        let (captcha_immunity, challenge_immunity) = (scope.captcha, scope.challenge);
        let (overridden, excluded) = (None, false);
        Ok(Rule {
            name,
            condition,
            effect,
            kind,
            labels,
            captcha_immunity,
            challenge_immunity,
            overridden,
            excluded,
        })
    }

    fn effect(&self, action: &RuleAction, scope: &Scope<'_>) -> Result<Effect, Error> {
        Ok(match action {
            RuleAction::Allow(handling) => Effect::Allow(inserted(handling)),
            RuleAction::Block(block) => Effect::Block(response(block, scope.bodies)),
            RuleAction::Count(handling) => Effect::Count(inserted(handling)),
            RuleAction::Captcha(handling) => Effect::Captcha(inserted(handling)),
            RuleAction::Challenge(handling) => Effect::Challenge(inserted(handling)),
            RuleAction::Monetize(_) => return Err(Error::Unsupported("action Monetize".into())),
        })
    }

    fn expression(
        &mut self,
        statement: &Statement,
        rule: &Arc<str>,
        scope: &Scope<'_>,
    ) -> Result<Expression, Error> {
        let list = |compiler: &mut Self, list: &[Statement]| -> Result<Vec<Expression>, Error> {
            list.iter().map(|one| compiler.expression(one, rule, scope)).collect()
        };
        Ok(match statement {
            Statement::And(and) => Expression::And(list(self, &and.statements)?),
            Statement::Or(or) => Expression::Or(list(self, &or.statements)?),
            Statement::Not(not) => {
                Expression::Not(Box::new(self.expression(&not.statement, rule, scope)?))
            }
            Statement::LabelMatch(l) => {
                Expression::Label(l.scope, label::full(scope.namespace, &l.key))
            }
            Statement::RateBased(rate) => self.rate(rate, rule, scope)?,
            other => Expression::Predicate(self.predicate(other)?),
        })
    }

    fn predicate(&mut self, statement: &Statement) -> Result<usize, Error> {
        let text = format!("{statement:?}");
        if let Some(place) = self.predicate_places.get(&text) {
            return Ok(*place);
        }
        let predicate = match statement {
            Statement::IPSetReference(s) => {
                let config = s.ip_set_forwarded_ip_config.as_ref();
                let source =
                    config.map_or(AddressSource::Client, |config| AddressSource::Forwarded {
                        header: config.header_name.clone(),
                        position: config.position,
                        fallback: config.fallback_behavior == FallbackBehavior::Match,
                    });
                Predicate::Address { source, test: AddressTest::Set(self.set(&s.arn)?) }
            }
            Statement::GeoMatch(s) => Predicate::Address {
                source: source(s.forwarded_ip_config.as_ref()),
                test: AddressTest::Countries(s.country_codes.iter().cloned().collect()),
            },
            Statement::AsnMatch(s) => Predicate::Address {
                source: source(s.forwarded_ip_config.as_ref()),
                test: AddressTest::Asns(s.asn_list.iter().copied().collect()),
            },
            other => self.text(other)?,
        };
        self.predicates.push(predicate);
        self.predicate_places.insert(text, self.predicates.len() - 1);
        Ok(self.predicates.len() - 1)
    }

    fn text(&mut self, statement: &Statement) -> Result<Predicate, Error> {
        let inspected = statement.inspected().ok_or_else(|| {
            Error::invalid("a statement of this kind cannot be nested", "STATEMENT", "Statement")
        })?;
        let chain = statement::ordered(inspected.transformations);
        let view =
            self.view(inspected.field, &statement::ordered_pre_parse(inspected.pre_parse), &chain);
        let test = match statement {
            Statement::ByteMatch(s) => {
                let bytes = s.search_string.0.clone();
                let word = s.positional_constraint == PositionalConstraint::ContainsWord;
                let anywhere = word || s.positional_constraint == PositionalConstraint::Contains;
                if anywhere && !bytes.contains(&SEPARATOR) {
                    Test::Scanned(self.scanner(view).add(Literal::Bytes { bytes, word }))
                } else {
                    Test::Bytes(bytes, s.positional_constraint)
                }
            }
            Statement::RegexMatch(s) => Test::Patterns(vec![self.pattern(&s.regex_string, view)?]),
            Statement::RegexPatternSetReference(s) => {
                let set = self.references.regex_pattern_sets.get(&s.arn);
                let set = set.ok_or_else(|| Error::Missing(s.arn.clone()))?;
                let patterns = set.regular_expression_list.iter();
                Test::Patterns(
                    patterns
                        .map(|p| self.pattern(&p.regex_string, view))
                        .collect::<Result<_, _>>()?,
                )
            }
            Statement::SizeConstraint(s) => Test::Size(s.comparison_operator, s.size),
            Statement::SqliMatch(s) => Test::Sqli(s.sensitivity_level),
            _ => Test::Xss,
        };
        Ok(Predicate::Text { view, test })
    }

    fn pattern(&mut self, text: &str, view: usize) -> Result<(Arc<Pattern>, Vec<u32>), Error> {
        let pattern = Pattern::compile(text)
            .map_err(|reason| Error::invalid(reason, "REGEX_PATTERN_REFERENCE_STATEMENT", text))?;
        let scanner = self.scanner(view);
        let literals =
            pattern.required.iter().map(|l| scanner.add(Literal::Pattern(l.clone()))).collect();
        Ok((Arc::new(pattern), literals))
    }

    fn set(&mut self, arn: &str) -> Result<Arc<Ranges>, Error> {
        if let Some(ranges) = self.sets.get(arn) {
            return Ok(ranges.clone());
        }
        let set = self.references.ip_sets.get(arn).ok_or_else(|| Error::Missing(arn.to_owned()))?;
        let ranges = Arc::new(Ranges::compile(set)?);
        self.sets.insert(arn.to_owned(), ranges.clone());
        Ok(ranges)
    }

    /// The view of a field under a chain, with those that it is made from.
    fn view(
        &mut self,
        field: &FieldToMatch,
        pre_parse: &[PreParseKind],
        chain: &[TextTransformation],
    ) -> usize {
        let key = (field.clone(), pre_parse.to_vec(), chain.to_vec());
        if let Some(place) = self.view_places.get(&key) {
            return *place;
        }
        let source = match chain.split_last() {
            None => Source::Field(field.clone(), pre_parse.to_vec()),
            Some((last, before)) => Source::Transformed(self.view(field, pre_parse, before), *last),
        };
        self.views.push(View { source, scanner: None });
        self.view_places.insert(key, self.views.len() - 1);
        self.views.len() - 1
    }

    /// The scanner of a view: one for all views of the same field.
    fn scanner(&mut self, view: usize) -> &mut Scanner {
        let mut base = view;
        while let Source::Transformed(parent, _) = self.views[base].source {
            base = parent;
        }
        let place = match self.views[base].scanner {
            Some(place) => place,
            None => {
                self.scanners.push(Scanner::default());
                self.scanners.len() - 1
            }
        };
        self.views[base].scanner = Some(place);
        self.views[view].scanner = Some(place);
        &mut self.scanners[place]
    }

    fn rate(
        &mut self,
        rate: &statement::RateBased,
        rule: &Arc<str>,
        scope: &Scope<'_>,
    ) -> Result<Expression, Error> {
        let scope_down = rate.scope_down_statement.as_ref();
        let forwarded = || {
            let config = rate.forwarded_ip_config.as_ref().ok_or_else(|| {
                Error::invalid("ForwardedIPConfig is required", "FORWARDED_IP_CONFIG", &**rule)
            })?;
            let fallback = config.fallback_behavior == FallbackBehavior::Match;
            Ok::<_, Error>(Key::ForwardedIp { header: config.header_name.clone(), fallback })
        };
        let (keys, limit_key) = match rate.aggregate_key_type {
            AggregateKeyType::Ip => (vec![Key::Ip], "IP"),
            AggregateKeyType::ForwardedIp => (vec![forwarded()?], "FORWARDED_IP"),
            AggregateKeyType::Constant => (Vec::new(), "CONSTANT"),
            AggregateKeyType::CustomKeys => {
                let keys = rate.custom_keys.iter().map(|key| match key {
                    CustomKey::IP(_) => Ok(Key::Ip),
                    CustomKey::ForwardedIP(_) => forwarded(),
                    CustomKey::ASN(_) => Ok(Key::Asn),
                    CustomKey::LabelNamespace(key) => Ok(Key::Labels(key.namespace.clone())),
                    key => Ok(Key::View(self.custom_key(key))),
                });
                (keys.collect::<Result<_, Error>>()?, "CUSTOMKEYS")
            }
        };
        self.rates += 1;
        Ok(Expression::Rate(Box::new(RateBased {
            id: format!("{}{rule}#{}", scope.namespace, self.rates),
            rule: rule.clone(),
            limit: rate.limit,
            window_seconds: rate.evaluation_window_sec,
            limit_key,
            keys,
            scope: scope_down.map(|s| self.expression(s, rule, scope)).transpose()?,
        })))
    }

    /// The view of a key that is a text of the request.
    fn custom_key(&mut self, key: &CustomKey) -> usize {
        let none: &[Transformation] = &[];
        let (field, transformations) = match key {
            CustomKey::Header(key) => (
                FieldToMatch::SingleHeader(Named { name: key.name.clone() }),
                &*key.text_transformations,
            ),
            CustomKey::QueryArgument(key) => {
                let named = Named { name: key.name.clone() };
                (FieldToMatch::SingleQueryArgument(named), &*key.text_transformations)
            }
            CustomKey::Cookie(key) => (cookie(&key.name), &*key.text_transformations),
            CustomKey::QueryString(key) => {
                (FieldToMatch::QueryString(Empty {}), &*key.text_transformations)
            }
            CustomKey::UriPath(key) => {
                (FieldToMatch::UriPath(Empty {}), &*key.text_transformations)
            }
            CustomKey::JA3Fingerprint(key) => {
                let fallback_behavior = key.fallback_behavior;
                (FieldToMatch::JA3Fingerprint(Fingerprint { fallback_behavior }), none)
            }
            CustomKey::JA4Fingerprint(key) => {
                let fallback_behavior = key.fallback_behavior;
                (FieldToMatch::JA4Fingerprint(Fingerprint { fallback_behavior }), none)
            }
            _ => (FieldToMatch::Method(Empty {}), none),
        };
        self.view(&field, &[], &statement::ordered(transformations))
    }
}

fn cookie(name: &str) -> FieldToMatch {
    FieldToMatch::Cookies(Cookies {
        match_pattern: CookieMatchPattern::IncludedCookies(vec![name.to_owned()]),
        match_scope: MatchScope::Value,
        oversize_handling: OversizeHandling::Continue,
    })
}

fn source(config: Option<&ForwardedIPConfig>) -> AddressSource {
    config.map_or(AddressSource::Client, |config| AddressSource::Forwarded {
        header: config.header_name.clone(),
        position: ForwardedIPPosition::First,
        fallback: config.fallback_behavior == FallbackBehavior::Match,
    })
}

fn immunity(config: Option<&ImmunityConfig>) -> Option<u64> {
    config?.immunity_time_property.as_ref().map(|time| time.immunity_time)
}

fn inserted(handling: &Handling) -> Vec<Header> {
    let headers = handling.custom_request_handling.iter().flat_map(|h| &h.insert_headers);
    let prefixed = headers
        .map(|h| Header { name: format!("{INSERTED_PREFIX}{}", h.name), value: h.value.clone() });
    prefixed.collect()
}

fn response(block: &document::Block, bodies: &Bodies) -> Arc<Response> {
    let Some(custom) = &block.custom_response else {
        return Arc::new(Response { status: 403, headers: Vec::new(), body: None, custom: false });
    };
    let body = custom.custom_response_body_key.as_ref().and_then(|key| bodies.get(key));
    Arc::new(Response {
        status: custom.response_code,
        headers: custom.response_headers.clone(),
        body: body.map(|body| (body.content_type.media_type(), body.content.clone())),
        custom: true,
    })
}

fn kind(effect: &Effect) -> Option<ActionKind> {
    match effect {
        Effect::Allow(_) => Some(ActionKind::Allow),
        Effect::Block(_) => Some(ActionKind::Block),
        Effect::Count(_) => Some(ActionKind::Count),
        Effect::Captcha(_) => Some(ActionKind::Captcha),
        Effect::Challenge(_) => Some(ActionKind::Challenge),
        Effect::Group(_) => None,
    }
}
