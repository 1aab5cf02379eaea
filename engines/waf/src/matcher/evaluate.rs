//! Judging a request: rules in the order of their priority until one ends it. What a request gives is made when a rule first asks for
//! it and kept until the verdict.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use super::predicate::{AddressTest, Outcome, Predicate};
use super::scan::Hits;
use super::{Effect, Expression, Group, Key, Matcher, RateBased, Rule, Source, World};
use crate::document::Header;
use crate::document::statement::ForwardedIPPosition;
use crate::field::{Extracted, Oversize, Texts, extract};
use crate::request::Request;
use crate::statement::forwarded::{Forwarded, addresses};
use crate::statement::label;
use crate::token::{COOKIE, Failure, Token, counts};
use crate::verdict::{
    Action, ActionKind, Finding, GroupResult, RateMatch, RuleKind, RuleMatch, TokenResult, Verdict,
};

pub(super) fn evaluate(matcher: &Matcher, request: &Request<'_>, world: &World<'_>) -> Verdict {
    let mut run = Run {
        matcher,
        request,
        world,
        views: std::iter::repeat_with(OnceCell::new).take(matcher.views.len()).collect(),
        scans: RefCell::default(),
        outcomes: std::iter::repeat_with(OnceCell::new).take(matcher.predicates.len()).collect(),
        oversize: Cell::default(),
        token: OnceCell::new(),
        labels: Vec::new(),
        inserted: Vec::new(),
        rates: Vec::new(),
        groups: Vec::new(),
        captcha: None,
        challenge: None,
    };
    let mut non_terminating = Vec::new();
    let end = run.rules(&matcher.rules, &mut non_terminating);
    let (action, terminating, terminating_kind) = match end {
        Some(end) => (end.action, Some(end.rule), end.kind),
        None => match &matcher.default {
            Effect::Block(response) => (Action::Block(response.clone()), None, RuleKind::Regular),
            other => {
                run.insert(headers_of(other));
                (Action::Allow, None, RuleKind::Regular)
            }
        },
    };
    Verdict {
        inserted_headers: if action == Action::Allow { run.inserted } else { Vec::new() },
        action,
        terminating,
        terminating_kind,
        non_terminating,
        groups: run.groups,
        rates: run.rates,
        labels: run.labels,
        captcha: run.captcha,
        challenge: run.challenge,
        oversize: run.oversize.get(),
    }
}

/// How a rule ended a request.
struct End {
    action: Action,
    rule: RuleMatch,
    kind: RuleKind,
}

struct Run<'e> {
    matcher: &'e Matcher,
    request: &'e Request<'e>,
    world: &'e World<'e>,
    views: Vec<OnceCell<Extracted<'e>>>,
    /// What scans found, by scanner and texts: views that a transformation left as they were share it.
    scans: RefCell<Vec<(usize, Texts<'e>, Rc<Hits>)>>,
    outcomes: Vec<OnceCell<Outcome>>,
    oversize: Cell<Oversize>,
    token: OnceCell<Result<Token, Failure>>,
    labels: Vec<Arc<str>>,
    inserted: Vec<Header>,
    rates: Vec<RateMatch>,
    groups: Vec<GroupResult>,
    captcha: Option<TokenResult>,
    challenge: Option<TokenResult>,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    No,
    Yes,
    /// The rule does not apply at all.
    Inapplicable,
}

impl<'e> Run<'e> {
    /// Goes through rules until one ends the request; those that matched before are told.
    fn rules(&mut self, rules: &'e [Rule], told: &mut Vec<RuleMatch>) -> Option<End> {
        for rule in rules {
            let mut findings = Vec::new();
            if self.holds(&rule.condition, &mut findings) != Holds::Yes {
                continue;
            }
            let end = match &rule.effect {
                Effect::Group(group) => self.group(rule, group, told),
                effect => {
                    self.label(&rule.labels);
                    self.act(rule, effect, findings, told)
                }
            };
            if end.is_some() {
                return end;
            }
        }
        None
    }

    /// Does what a rule that matched says.
    fn act(
        &mut self,
        rule: &Rule,
        effect: &'e Effect,
        findings: Vec<Finding>,
        told: &mut Vec<RuleMatch>,
    ) -> Option<End> {
        let (kind, action) = match effect {
            Effect::Allow(_) => (ActionKind::Allow, Some(Action::Allow)),
            Effect::Block(response) => (ActionKind::Block, Some(Action::Block(response.clone()))),
            Effect::Captcha(_) => {
                let result = self.solved(|token| token.captcha, rule.captcha_immunity);
                self.captcha = Some(result);
                (ActionKind::Captcha, result.failure.map(|_| Action::Captcha))
            }
            Effect::Challenge(_) => {
                // A solved CAPTCHA shows a browser no less than a challenge does.
                let result = self
                    .solved(|token| token.challenge.max(token.captcha), rule.challenge_immunity);
                self.challenge = Some(result);
                (ActionKind::Challenge, result.failure.map(|_| Action::Challenge))
            }
            Effect::Count(_) | Effect::Group(_) => (ActionKind::Count, None),
        };
        let matched = RuleMatch {
            rule: rule.name.clone(),
            action: kind,
            overridden: rule.overridden,
            findings,
        };
        match action {
            Some(action) => {
                if action == Action::Allow {
                    self.insert(headers_of(effect));
                }
                Some(End { action, rule: matched, kind: rule.kind })
            }
            None => {
                self.insert(headers_of(effect));
                told.push(matched);
                None
            }
        }
    }

    fn group(&mut self, rule: &Rule, group: &'e Group, told: &mut Vec<RuleMatch>) -> Option<End> {
        let mut inside = Vec::new();
        let end = self.rules(&group.rules, &mut inside);
        let is_excluded =
            |m: &RuleMatch| group.rules.iter().any(|rule| rule.excluded && rule.name == m.rule);
        let (excluded, non_terminating): (Vec<_>, Vec<_>) =
            inside.into_iter().partition(is_excluded);
        let result = GroupResult {
            id: group.id.clone(),
            terminating: end.as_ref().map(|end| end.rule.clone()),
            non_terminating,
            excluded: excluded.into_iter().map(|m| m.rule).collect(),
        };
        let matched = result.terminating.is_some()
            || !result.non_terminating.is_empty()
            || !result.excluded.is_empty();
        if matched {
            self.groups.push(result);
        }
        let end = end?;
        self.label(&rule.labels);
        let matched = |action, overridden| RuleMatch {
            rule: rule.name.clone(),
            action,
            overridden,
            findings: end.rule.findings.clone(),
        };
        if group.only_count {
            told.push(matched(ActionKind::Count, Some(end.rule.action)));
            return None;
        }
        Some(End {
            rule: matched(end.rule.action, None),
            action: end.action.clone(),
            kind: rule.kind,
        })
    }

    fn insert(&mut self, headers: &[Header]) {
        for header in headers {
            self.inserted.retain(|own| !own.name.eq_ignore_ascii_case(&header.name));
            self.inserted.push(header.clone());
        }
    }

    fn label(&mut self, labels: &[Arc<str>]) {
        for label in labels {
            if !self.labels.contains(label) {
                self.labels.push(label.clone());
            }
        }
    }

    fn solved(
        &self,
        when: impl Fn(&Token) -> Option<base::Timestamp>,
        immunity_seconds: u64,
    ) -> TokenResult {
        let token = self.token.get_or_init(|| {
            let text = self.request.cookie(COOKIE).ok_or(Failure::TokenMissing)?;
            let key = self.world.token_key.ok_or(Failure::TokenInvalid)?;
            let host = self.request.header("host").and_then(|host| std::str::from_utf8(host).ok());
            let host = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
            let own = self.matcher.token_domains.iter().map(String::as_str);
            Token::verify(text, key, &host.into_iter().chain(own).collect::<Vec<_>>())
        });
        match token {
            Err(failure) => TokenResult { solved_millis: None, failure: Some(*failure) },
            Ok(token) => match when(token) {
                None => TokenResult { solved_millis: None, failure: Some(Failure::TokenMissing) },
                at if counts(at, immunity_seconds, self.world.now) => {
                    TokenResult { solved_millis: at.map(|at| at.millis()), failure: None }
                }
                _ => TokenResult { solved_millis: None, failure: Some(Failure::TokenExpired) },
            },
        }
    }

    fn holds(&mut self, expression: &'e Expression, findings: &mut Vec<Finding>) -> Holds {
        match expression {
            Expression::True => Holds::Yes,
            Expression::And(list) => {
                let before = findings.len();
                for one in list {
                    match self.holds(one, findings) {
                        Holds::Yes => {}
                        other => {
                            findings.truncate(before);
                            return other;
                        }
                    }
                }
                Holds::Yes
            }
            Expression::Or(list) => {
                for one in list {
                    match self.holds(one, findings) {
                        Holds::No => {}
                        other => return other,
                    }
                }
                Holds::No
            }
            Expression::Not(one) => {
                let before = findings.len();
                let holds = self.holds(one, findings);
                findings.truncate(before);
                match holds {
                    Holds::Yes => Holds::No,
                    Holds::No => Holds::Yes,
                    Holds::Inapplicable => Holds::Inapplicable,
                }
            }
            Expression::Label(scope, key) => {
                match self.labels.iter().find(|label| label::matches(label, *scope, key)) {
                    Some(label) => {
                        findings.push(bare("LABEL", "LABEL", label.to_string()));
                        Holds::Yes
                    }
                    None => Holds::No,
                }
            }
            Expression::Rate(rate) => self.rate(rate, findings),
            Expression::Predicate(place) => match self.outcome(*place) {
                Outcome::No => Holds::No,
                Outcome::Inapplicable => Holds::Inapplicable,
                Outcome::Yes(finding) => {
                    findings.extend(finding);
                    Holds::Yes
                }
            },
        }
    }

    fn outcome(&mut self, place: usize) -> Outcome {
        if let Some(outcome) = self.outcomes[place].get() {
            return outcome.clone();
        }
        let outcome = match &self.matcher.predicates[place] {
            Predicate::Text { view, test } => match self.view(*view) {
                Extracted::Decided(holds) => Outcome::from(*holds),
                Extracted::Texts(texts) => match self.matcher.views[*view].scanner {
                    Some(scanner) if test.needs_scan() => {
                        test.judge(texts, &self.hits(scanner, texts))
                    }
                    _ => test.judge(texts, &Hits::default()),
                },
            },
            Predicate::Address { source, test } => match source.addresses(self.request) {
                Err(outcome) => outcome,
                Ok(list) => {
                    let root = source.label_root();
                    let hit = list.iter().find(|address| self.address(**address, test));
                    let location =
                        if root.contains("forwarded") { "FORWARDED_IP" } else { "CLIENT_IP" };
                    hit.map_or(Outcome::No, |address| {
                        Outcome::Yes(Some(bare("IP", location, address.to_string())))
                    })
                }
            },
        };
        // A place is judged once, so that the cell is empty.
        let _ = self.outcomes[place].set(outcome.clone());
        if let Predicate::Address { source, test: AddressTest::Countries(_) } =
            &self.matcher.predicates[place]
        {
            self.label_place(source.label_root(), source.addresses(self.request).ok());
        }
        outcome
    }

    fn address(&self, address: std::net::IpAddr, test: &AddressTest) -> bool {
        match test {
            AddressTest::Set(ranges) => ranges.contains(address),
            AddressTest::Countries(countries) => self
                .world
                .places
                .place(address)
                .is_some_and(|place| countries.contains(&place.country)),
            AddressTest::Asns(asns) => asns.contains(&self.world.places.asn(address).unwrap_or(0)),
        }
    }

    /// A geographic match labels every request that it sees with its place, matching or not.
    fn label_place(&mut self, root: &str, list: Option<Vec<std::net::IpAddr>>) {
        let Some(address) = list.and_then(|list| list.first().copied()) else { return };
        let place = self.world.places.place(address);
        let country = place.as_ref().map_or("XX", |place| &place.country);
        let region = place.as_ref().and_then(|place| place.region.as_deref()).unwrap_or("XX");
        let labels = [
            format!("{root}:geo:country:{country}").into(),
            format!("{root}:geo:region:{country}-{region}").into(),
        ];
        self.label(&labels);
    }

    fn view(&self, place: usize) -> &Extracted<'e> {
        self.views[place].get_or_init(|| match &self.matcher.views[place].source {
            Source::Field(field, pre_parse) => {
                extract(self.request, field, pre_parse, self.matcher.body_bytes, &self.oversize)
            }
            Source::Transformed(parent, transformation) => match self.view(*parent) {
                Extracted::Texts(texts) => Extracted::Texts(texts.transformed(*transformation)),
                decided => decided.clone(),
            },
        })
    }

    fn hits(&self, scanner: usize, texts: &Texts<'e>) -> Rc<Hits> {
        let mut scans = self.scans.borrow_mut();
        let known =
            scans.iter().find(|(own, scanned, _)| *own == scanner && scanned.same_as(texts));
        if let Some((_, _, hits)) = known {
            return hits.clone();
        }
        let hits = Rc::new(self.matcher.scanners[scanner].scan(texts));
        scans.push((scanner, texts.clone(), hits.clone()));
        hits
    }

    fn rate(&mut self, rate: &'e RateBased, findings: &mut Vec<Finding>) -> Holds {
        if let Some(scope) = &rate.scope {
            let holds = self.holds(scope, &mut Vec::new());
            if holds != Holds::Yes {
                return holds;
            }
        }
        let mut source = Vec::new();
        for key in &rate.keys {
            if let Err(holds) = self.key(key, &mut source) {
                return holds;
            }
        }
        let count = self.world.rates.count(&rate.id, &source, rate.window_seconds, self.world.now);
        if count <= rate.limit {
            return Holds::No;
        }
        let seconds = rate.window_seconds;
        let matched = format!("{count} requests in {seconds} s, limit {}", rate.limit);
        findings.push(bare("RATE", rate.limit_key, matched));
        self.rates.push(RateMatch {
            rule: rate.rule.clone(),
            limit_key: rate.limit_key,
            limit: rate.limit,
            window_seconds: seconds,
            count,
        });
        Holds::Yes
    }

    /// Appends a part of a source's key, or says what holds where the request has none.
    fn key(&self, key: &Key, source: &mut Vec<u8>) -> Result<(), Holds> {
        let part: Vec<u8> = match key {
            Key::Ip => self.request.client_ip.to_canonical().to_string().into_bytes(),
            Key::ForwardedIp { header, fallback } => {
                match addresses(self.request, header, ForwardedIPPosition::First) {
                    Forwarded::Absent => return Err(Holds::Inapplicable),
                    Forwarded::Malformed if *fallback => return Err(Holds::Yes),
                    Forwarded::Malformed => return Err(Holds::No),
                    Forwarded::Addresses(list) => {
                        let first = list.first().map(|address| address.to_canonical().to_string());
                        first.unwrap_or_default().into_bytes()
                    }
                }
            }
            Key::Asn => {
                self.world.places.asn(self.request.client_ip).unwrap_or(0).to_be_bytes().to_vec()
            }
            Key::Labels(namespace) => {
                let under = |label: &&Arc<str>| label.starts_with(namespace.as_str());
                let mut labels: Vec<&str> =
                    self.labels.iter().filter(under).map(|l| &**l).collect();
                if labels.is_empty() {
                    return Err(Holds::No);
                }
                labels.sort_unstable();
                labels.join("\n").into_bytes()
            }
            Key::View(view) => match self.view(*view) {
                Extracted::Decided(true) => return Err(Holds::Yes),
                Extracted::Decided(false) => return Err(Holds::No),
                // A request without the header, cookie or argument is not counted.
                Extracted::Texts(texts) => match texts.iter().next() {
                    None => return Err(Holds::No),
                    Some((_, text)) => text.to_vec(),
                },
            },
        };
        source.extend_from_slice(&(part.len() as u64).to_be_bytes());
        source.extend_from_slice(&part);
        Ok(())
    }
}

fn headers_of(effect: &Effect) -> &[Header] {
    match effect {
        Effect::Allow(headers)
        | Effect::Count(headers)
        | Effect::Captcha(headers)
        | Effect::Challenge(headers) => headers,
        Effect::Block(_) | Effect::Group(_) => &[],
    }
}

/// A finding that is not a part of the request's text.
fn bare(condition: &'static str, location: &'static str, matched: String) -> Finding {
    Finding { condition, location, name: String::new(), matched, sensitivity: None }
}
