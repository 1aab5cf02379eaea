//! The second evaluator: slow, and written down the page as the documentation tells it, without any of the engine's
//! compiled forms. It shares only the parsed document and the request.
//!
//! Sources: IAM User Guide, "How AWS enforcement code logic evaluates requests", "Cross-account policy evaluation
//! logic", "Condition operators", "Conditions with multiple context keys or values", "Variables and tags",
//! "Principal", "NotPrincipal"; KMS Developer Guide, "Key policies", "Grants".

use authz::document::{Condition, PrincipalEntry, PrincipalType, Statement, Terms};
use authz::operator::{Quantifier, Test};
use authz::{Effect, Grant, Kind, Layer, PrincipalKind, Request, Value};
use base::Timestamp;

use crate::world::{Source, World};

#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Allow,
    ExplicitDeny(Vec<Layer>),
    ImplicitDeny(Vec<Layer>),
}

impl Answer {
    pub fn place(&self) -> usize {
        match self {
            Self::Allow => 0,
            Self::ExplicitDeny(_) => 1,
            Self::ImplicitDeny(_) => 2,
        }
    }
}

/// The flow chart.
pub fn decide(world: &World) -> Answer {
    let request = &world.request;
    let kind = &request.principal.kind;
    let root = *kind == PrincipalKind::Root;
    let iam = matches!(
        kind,
        PrincipalKind::User
            | PrincipalKind::RoleSession { .. }
            | PrincipalKind::FederatedUser { .. }
    );
    let organization = !request.principal.service_linked;
    let trust_or_resource = match &world.resource {
        Some(source) if source.kind == Kind::Trust => Layer::Trust,
        _ => Layer::Resource,
    };

    // Everything that applies to this caller, by layer.
    let mut layers: Vec<(Layer, Vec<&Source>)> = Vec::new();
    if organization {
        layers.extend(
            world.resource_control.iter().map(|l| (Layer::ResourceControl, l.iter().collect())),
        );
        if iam || root {
            layers.extend(
                world.service_control.iter().map(|l| (Layer::ServiceControl, l.iter().collect())),
            );
        }
    }
    layers.extend(world.endpoint.iter().map(|p| (Layer::Endpoint, vec![p])));
    layers.extend(world.resource.iter().map(|p| (trust_or_resource, vec![p])));
    if iam {
        layers.push((Layer::Identity, world.identity.iter().collect()));
        layers.extend(world.boundary.iter().map(|p| (Layer::Boundary, vec![p])));
    }
    if (iam || root)
        && let Some(session) = &world.session
    {
        layers.push((Layer::Session, session.iter().collect()));
    }
    // A federated user's session without policies has no permissions.
    if world.session.is_none() && matches!(kind, PrincipalKind::FederatedUser { .. }) {
        layers.push((Layer::Session, Vec::new()));
    }

    // 1. Deny evaluation.
    let bounded = iam && world.boundary.is_some();
    let speaks = |source: &Source, effect: Effect| {
        source
            .document
            .statements
            .iter()
            .any(|s| s.effect == effect && speaks_of(s, source, request, bounded))
    };
    let mut denying = Vec::new();
    for (layer, sources) in &layers {
        if sources.iter().any(|source| speaks(source, Effect::Deny)) {
            denying.push(*layer);
        }
    }
    if !denying.is_empty() {
        denying.sort_unstable();
        denying.dedup();
        return Answer::ExplicitDeny(denying);
    }

    // 2. What allows.
    let allowing = |wanted: Layer| {
        let mut of_layer = layers.iter().filter(|(layer, _)| *layer == wanted);
        of_layer.all(|(_, sources)| sources.iter().any(|source| speaks(source, Effect::Allow)))
    };
    let mut lacking = Vec::new();
    for gate in [Layer::ResourceControl, Layer::ServiceControl, Layer::Endpoint] {
        if !allowing(gate) {
            lacking.push(gate);
        }
    }

    // 3. How the resource's policy and the grants name the caller.
    let mut resource_names: Vec<Name> = Vec::new();
    if let Some(source) = &world.resource {
        for statement in &source.document.statements {
            if statement.effect == Effect::Allow && speaks_of(statement, source, request, bounded) {
                let entries = statement.principal.as_ref().expect("validated");
                resource_names
                    .extend(entries.entries.iter().filter_map(|entry| name_of(entry, request)));
            }
        }
    }
    let grant_names =
        world.grants.iter().filter_map(|g| grant_name(g, request)).collect::<Vec<_>>();
    let same_account = match (request.resource_account, request.principal.account) {
        (Some(owner), Some(caller)) => owner == caller,
        _ => true,
    };
    let insists =
        world.resource.as_ref().is_some_and(|r| matches!(r.kind, Kind::Key | Kind::Trust));

    if !(iam || root) {
        // Services, outside identities and strangers have only what the resource gives.
        if resource_names.is_empty() && grant_names.is_empty() {
            lacking.push(trust_or_resource);
        }
    } else if grant_names.contains(&Name::Caller)
        || (same_account && resource_names.contains(&Name::Caller))
    {
        // Granted to the user or session itself: implicit denies elsewhere do not matter.
    } else {
        let given_to_entity = grant_names.contains(&Name::BehindSession)
            || (same_account && resource_names.contains(&Name::BehindSession));
        if (!same_account || insists) && resource_names.is_empty() && grant_names.is_empty() {
            lacking.push(trust_or_resource);
        }
        if iam && !given_to_entity && !allowing(Layer::Identity) {
            lacking.push(Layer::Identity);
        }
        for limit in [Layer::Boundary, Layer::Session] {
            if !allowing(limit) {
                lacking.push(limit);
            }
        }
    }
    lacking.sort_unstable();
    if lacking.is_empty() { Answer::Allow } else { Answer::ImplicitDeny(lacking) }
}

/// How a policy of a resource names the caller.
#[derive(PartialEq, Eq)]
enum Name {
    Caller,
    BehindSession,
    Account,
}

fn name_of(entry: &PrincipalEntry, request: &Request) -> Option<Name> {
    let principal = &request.principal;
    let text = entry.text.as_str();
    match entry.of {
        PrincipalType::Service => {
            let PrincipalKind::Service { names } = &principal.kind else { return None };
            names.contains(&entry.text).then_some(Name::Caller)
        }
        PrincipalType::Federated => {
            let PrincipalKind::Federated { provider } = &principal.kind else { return None };
            (provider == text).then_some(Name::Caller)
        }
        PrincipalType::CanonicalUser => (principal.account.is_some()
            && principal.canonical_user == text)
            .then_some(Name::Account),
        PrincipalType::Aws if text == "*" => Some(Name::Caller),
        PrincipalType::Aws => {
            let account = principal.account?.to_string();
            if text == account || text == format!("arn:aws:iam::{account}:root") {
                Some(Name::Account)
            } else if text == principal.arn || text == principal.id {
                Some(Name::Caller)
            } else if text == principal.entity_arn()
                || principal.id.split_once(':').is_some_and(|(role, _)| role == text)
            {
                Some(Name::BehindSession)
            } else {
                None
            }
        }
    }
}

fn grant_name(grant: &Grant, request: &Request) -> Option<Name> {
    let operation = request.action().strip_prefix("kms:")?;
    let named = |who: &str| {
        let of = if who.ends_with(".amazonaws.com") {
            PrincipalType::Service
        } else {
            PrincipalType::Aws
        };
        let at = authz::Position::default();
        name_of(&PrincipalEntry { at, of, text: who.to_owned() }, request)
    };
    if operation == "RetireGrant"
        && let Some(name) = grant.retiring.as_deref().and_then(named)
    {
        return Some(name);
    }
    if !grant.operations.iter().any(|o| o == operation) {
        return None;
    }
    if operation != "RetireGrant" {
        let given = request.encryption_context.iter().map(|(k, v)| (k.to_lowercase(), v.clone()));
        let given = given.collect::<std::collections::BTreeMap<_, _>>();
        if grant.constraints.encryption_context_equals.as_ref().is_some_and(|c| *c != given) {
            return None;
        }
        let missing = |(k, v): (&String, &String)| given.get(k) != Some(v);
        if grant
            .constraints
            .encryption_context_subset
            .as_ref()
            .is_some_and(|c| c.iter().any(missing))
        {
            return None;
        }
    }
    named(&grant.grantee)
}

/// Whether a statement applies to the request: every element must.
fn speaks_of(statement: &Statement, source: &Source, request: &Request, bounded: bool) -> bool {
    action_fits(statement.action.as_ref().expect("validated"), request)
        && resource_fits(statement, source, request)
        && principal_fits(statement, source, request, bounded)
        && statement
            .conditions
            .iter()
            .all(|c| condition_holds(c, statement.effect, source, request))
}

fn action_fits(terms: &Terms, request: &Request) -> bool {
    let action = request.action().to_lowercase();
    let listed = terms.terms.iter().any(|t| glob(&wild(&t.text.to_lowercase()), &action));
    listed != terms.negated
}

fn resource_fits(statement: &Statement, source: &Source, request: &Request) -> bool {
    let Some(terms) = &statement.resource else { return source.kind != Kind::Key };
    let patterns = terms.terms.iter().map(|t| pattern(&t.text, true, source, request));
    let patterns = patterns.collect::<Vec<_>>();
    let listed = patterns.iter().flatten().any(|p| glob(p, &request.resource));
    let unclear = patterns.iter().any(Option::is_none);
    let unusable = unclear && statement.effect == Effect::Allow;
    if terms.negated { !(listed || unusable) } else { listed }
}

fn principal_fits(
    statement: &Statement,
    source: &Source,
    request: &Request,
    bounded: bool,
) -> bool {
    if !source.kind.names_principals() {
        return true;
    }
    let principals = statement.principal.as_ref().expect("validated");
    let names = principals.entries.iter().filter_map(|e| name_of(e, request)).collect::<Vec<_>>();
    if !principals.negated {
        return !names.is_empty();
    }
    // Only with Deny: everyone but those whose account, role and session are all listed, and no one with a boundary.
    let everyone = principals.entries.iter().any(|e| e.text == "*");
    let account = everyone || names.contains(&Name::Account);
    let behind = everyone || names.contains(&Name::BehindSession);
    let caller = everyone || names.contains(&Name::Caller);
    let excepted = match &request.principal.kind {
        PrincipalKind::Root => account,
        PrincipalKind::User => account && caller,
        PrincipalKind::RoleSession { .. } | PrincipalKind::FederatedUser { .. } => {
            account && behind && caller
        }
        _ => caller,
    };
    bounded || !excepted
}

fn condition_holds(
    condition: &Condition,
    effect: Effect,
    source: &Source,
    request: &Request,
) -> bool {
    let comparison = condition.comparison;
    let values: Vec<Value> = request
        .context
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(&condition.key))
        .flat_map(|(_, values)| values.to_vec())
        .collect();
    let test = comparison.operator.test;
    if test == Test::Null {
        return condition
            .values
            .iter()
            .any(|v| v.eq_ignore_ascii_case("true") == values.is_empty());
    }
    if values.is_empty() {
        return comparison.if_exists
            || comparison.quantifier == Quantifier::ForAllValues
            || (comparison.quantifier == Quantifier::Single && comparison.operator.negated);
    }
    let one = |value: &Value| -> bool {
        let mut unclear = false;
        let mut equal = false;
        for wanted in &condition.values {
            match compares(test, &value.text(), wanted, source, request) {
                Some(yes) => equal |= yes,
                None => unclear = true,
            }
        }
        match (comparison.operator.negated, equal, unclear) {
            (false, equal, _) => equal,
            (true, true, _) => false,
            (true, false, false) => true,
            (true, false, true) => effect == Effect::Deny,
        }
    };
    let results = values.iter().map(one).collect::<Vec<_>>();
    let all = results.iter().all(|r| *r);
    let any = results.iter().any(|r| *r);
    match comparison.quantifier {
        Quantifier::ForAllValues => all,
        Quantifier::ForAnyValue => any,
        Quantifier::Single if comparison.operator.negated => all,
        Quantifier::Single => any,
    }
}

/// `None` where a variable of the policy's value has no value.
fn compares(
    test: Test,
    value: &str,
    wanted: &str,
    source: &Source,
    request: &Request,
) -> Option<bool> {
    let number = |text: &str| text.parse::<f64>().ok();
    let numbers = |by: fn(&f64, &f64) -> bool| {
        Some(number(value).zip(number(wanted)).is_some_and(|(v, w)| by(&v, &w)))
    };
    let dates = |by: fn(&Timestamp, &Timestamp) -> bool| {
        Some(moment(value).zip(moment(wanted)).is_some_and(|(v, w)| by(&v, &w)))
    };
    match test {
        Test::StringEquals => Some(glob(&pattern(wanted, false, source, request)?, value)),
        Test::StringEqualsIgnoreCase => {
            let signs = pattern(wanted, false, source, request)?;
            let text = signs.iter().map(|sign| match sign {
                Sign::Is(c) => *c,
                Sign::One => '?',
                Sign::Run => '*',
            });
            Some(text.collect::<String>().to_lowercase() == value.to_lowercase())
        }
        Test::StringLike => Some(glob(&pattern(wanted, true, source, request)?, value)),
        Test::Arn => {
            let parts = arn_parts(wanted, source.document.has_variables());
            let parts = parts.iter().map(|part| pattern(part, true, source, request));
            let parts = parts.collect::<Vec<_>>();
            let values = value.splitn(6, ':').collect::<Vec<_>>();
            if parts.len() != 6 || values.len() != 6 {
                return Some(false);
            }
            let fits = parts.iter().zip(&values).map(|(p, v)| p.as_ref().map(|p| glob(p, v)));
            let fits = fits.collect::<Vec<_>>();
            if fits.contains(&Some(false)) {
                Some(false)
            } else {
                fits.iter().all(Option::is_some).then_some(true)
            }
        }
        Test::NumericEquals => numbers(f64::eq),
        Test::NumericLessThan => numbers(f64::lt),
        Test::NumericLessThanEquals => numbers(f64::le),
        Test::NumericGreaterThan => numbers(f64::gt),
        Test::NumericGreaterThanEquals => numbers(f64::ge),
        Test::DateEquals => dates(Timestamp::eq),
        Test::DateLessThan => dates(Timestamp::lt),
        Test::DateLessThanEquals => dates(Timestamp::le),
        Test::DateGreaterThan => dates(Timestamp::gt),
        Test::DateGreaterThanEquals => dates(Timestamp::ge),
        Test::Bool => {
            let bool = |t: &str| t.to_lowercase().parse::<bool>().ok();
            Some(bool(value).is_some() && bool(value) == bool(wanted))
        }
        // Both sides are base64 of a canonical encoder, or nothing.
        Test::BinaryEquals => Some(value == wanted && value != "!"),
        Test::IpAddress => Some(in_network(value, wanted)),
        Test::Null => unreachable!("asked before"),
    }
}

/// At the first five colons that are not inside a variable.
fn arn_parts(text: &str, variables: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut inside = false;
    for c in text.chars() {
        inside = variables && (inside || c == '{') && c != '}';
        if c == ':' && !inside && parts.len() < 6 {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("never empty").push(c);
        }
    }
    parts
}

fn moment(text: &str) -> Option<Timestamp> {
    let epoch = text.parse::<i64>().ok().map(|s| Timestamp::from_millis(s * 1000));
    epoch.or_else(|| Timestamp::parse_rfc3339(text))
}

/// Bit by bit.
fn in_network(address: &str, network: &str) -> bool {
    let bits = |text: &str| -> Option<Vec<bool>> {
        let bytes = match text.parse::<std::net::IpAddr>().ok()? {
            std::net::IpAddr::V4(v4) => v4.octets().to_vec(),
            std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        Some(
            bytes
                .iter()
                .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
                .collect(),
        )
    };
    let (base, length) = network.split_once('/').map_or((network, None), |(b, l)| (b, Some(l)));
    let (Some(base), Some(address)) = (bits(base), bits(address)) else { return false };
    let length = length.map_or(base.len(), |l| l.parse().expect("the vocabulary's"));
    base.len() == address.len() && base[..length] == address[..length]
}

/// One sign of a pattern.
enum Sign {
    Is(char),
    One,
    Run,
}

fn wild(text: &str) -> Vec<Sign> {
    let sign = |c| match c {
        '*' => Sign::Run,
        '?' => Sign::One,
        c => Sign::Is(c),
    };
    text.chars().map(sign).collect()
}

/// A policy's text with its variables replaced; `None` where one has no single value.
fn pattern(text: &str, wildcards: bool, source: &Source, request: &Request) -> Option<Vec<Sign>> {
    let literal = |text: &str| text.chars().map(Sign::Is).collect::<Vec<_>>();
    let plain = |text: &str| if wildcards { wild(text) } else { literal(text) };
    if !source.document.has_variables() {
        return Some(plain(text));
    }
    let Some((before, rest)) = text.split_once("${") else { return Some(plain(text)) };
    let (inside, after) = rest.split_once('}').expect("the vocabulary closes its variables");
    let mut signs = plain(before);
    if ["*", "?", "$"].contains(&inside) {
        signs.extend(literal(inside));
    } else {
        let (key, default) =
            inside.split_once(',').map_or((inside, None), |(k, d)| (k, Some(d.trim())));
        let found = request.context.iter().find(|(k, _)| k.eq_ignore_ascii_case(key));
        match found.map(|(_, values)| values).unwrap_or_default() {
            [value] => signs.extend(literal(&value.text())),
            [] => signs.extend(literal(default?.trim_matches('\''))),
            _ => return None,
        }
    }
    signs.extend(pattern(after, wildcards, source, request)?);
    Some(signs)
}

/// By a table of which prefixes match.
fn glob(pattern: &[Sign], text: &str) -> bool {
    let text = text.chars().collect::<Vec<_>>();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for sign in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match sign {
                Sign::Run => row[at] || (at > 0 && next[at - 1]),
                Sign::One => at > 0 && row[at - 1],
                Sign::Is(c) => at > 0 && row[at - 1] && text[at - 1] == *c,
            };
        }
        row = next;
    }
    row[text.len()]
}
