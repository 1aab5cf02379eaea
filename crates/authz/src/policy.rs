//! A policy, compiled once and judged many times: patterns, conditions and principals are prepared, and statements are
//! filed by the service that their actions name, so that a request looks only at statements that could speak of it.
//! Compiled policies never change and are meant to be shared behind an `Arc`.

use std::sync::Arc;

use crate::condition::Condition;
use crate::context::Context;
use crate::document::{self, Document, Effect, Kind, Terms};
use crate::error::{Error, Position};
use crate::pattern::{FLOATING_MAX_CHARS, Pattern, TooComplex};
use crate::request::Request;
use crate::template::{self, Match, Reading, Template, fold};
use crate::who::{Named, Who};

/// A policy ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Policy {
    name: Arc<str>,
    kind: Kind,
    statements: Box<[Statement]>,
    /// Indexes of statements that may speak of a service, in order, by the service in lower case.
    by_service: Box<[(Box<str>, Indexes)]>,
    /// Indexes of statements that may speak of any other service.
    others: Indexes,
}

type Indexes = Box<[usize]>;

#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub index: usize,
    pub sid: Option<Arc<str>>,
    pub at: Position,
    pub effect: Effect,
    actions: Actions,
    resources: Option<Resources>,
    who: Option<Who>,
    conditions: Box<[Condition]>,
}

#[derive(Clone, Debug)]
struct Actions {
    negated: bool,
    patterns: Box<[Pattern]>,
}

#[derive(Clone, Debug)]
struct Resources {
    negated: bool,
    patterns: Box<[Template]>,
}

/// What one policy says to a request: the first statement that denies, and the strongest that allows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said<'p> {
    pub deny: Option<&'p Statement>,
    pub allow: Option<(Named, &'p Statement)>,
}

impl Policy {
    /// Reads, validates and compiles a policy. `name` is what reasons call it: its ARN if it has one.
    ///
    /// # Errors
    /// What [`Document::parse`], [`Document::validate`] and [`Policy::compile`] find.
    pub fn read(kind: Kind, name: &str, text: &str) -> Result<Self, Error> {
        let document = Document::parse(text)?;
        document.validate(kind)?;
        Self::compile(kind, name, &document)
    }

    /// Compiles a document that was validated before, when it was stored. A statement that lacks what its kind needs
    /// speaks of nothing.
    ///
    /// # Errors
    /// [`Error::Limit`] for a pattern that cannot be matched in linear time.
    pub fn compile(kind: Kind, name: &str, document: &Document) -> Result<Self, Error> {
        let variables = document.has_variables();
        let mut statements = Vec::with_capacity(document.statements.len());
        let mut services = Vec::with_capacity(document.statements.len());
        for (index, written) in document.statements.iter().enumerate() {
            let at = written.at;
            let what = "characters with ? between two *";
            let too_complex = |_: TooComplex| Error::Limit { what, max: FLOATING_MAX_CHARS, at };
            services.push(services_of(written.action.as_ref()));
            statements.push(statement(kind, index, written, variables).map_err(too_complex)?);
        }
        let mut names = services.iter().flatten().flatten().cloned().collect::<Vec<_>>();
        names.sort_unstable();
        names.dedup();
        let speaking = |service: Option<&str>| {
            let of = |s: &Option<Vec<Box<str>>>| match s {
                None => true,
                Some(named) => service.is_some_and(|service| named.iter().any(|n| **n == *service)),
            };
            services.iter().enumerate().filter(|(_, s)| of(s)).map(|(index, _)| index).collect()
        };
        Ok(Self {
            name: name.into(),
            kind,
            statements: statements.into(),
            others: speaking(None),
            by_service: names
                .into_iter()
                .map(|name| {
                    let indexes = speaking(Some(&name));
                    (name, indexes)
                })
                .collect(),
        })
    }

    /// What reasons call it.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it is attached to.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the policy says to a request. `bounded` tells whether the caller has a permissions boundary.
    pub(crate) fn says(&self, request: &Request, service: &str, bounded: bool) -> Said<'_> {
        let mut said = Said::default();
        let filed = self.by_service.binary_search_by(|(name, _)| (**name).cmp(service));
        let indexes = filed.map_or(&self.others, |at| &self.by_service[at].1);
        for statement in indexes.iter().map(|index| &self.statements[*index]) {
            let known = match statement.effect {
                Effect::Deny => said.deny.is_some(),
                Effect::Allow => said.allow.is_some_and(|(named, _)| named == Named::Itself),
            };
            if known {
                continue;
            }
            let Some(named) = statement.applies(request, bounded) else { continue };
            match statement.effect {
                Effect::Deny => said.deny = Some(statement),
                Effect::Allow if said.allow.is_none_or(|(before, _)| before < named) => {
                    said.allow = Some((named, statement));
                }
                Effect::Allow => {}
            }
        }
        said
    }
}

impl Statement {
    /// Whether the statement speaks of the request, and how it names the caller.
    fn applies(&self, request: &Request, bounded: bool) -> Option<Named> {
        let action = request.action_folded();
        // An empty list of actions, negated or not, is no policy; here it speaks of nothing.
        if self.actions.patterns.is_empty()
            || self.actions.patterns.iter().any(|p| p.matches(action)) == self.actions.negated
        {
            return None;
        }
        let named = match &self.who {
            Some(who) => who.names(self.effect, &request.principal, bounded)?,
            None => Named::Itself,
        };
        let context = &request.context;
        if let Some(resources) = &self.resources
            && !resources.include(&request.resource, context, self.effect)
        {
            return None;
        }
        self.conditions.iter().all(|c| c.holds(context, self.effect)).then_some(named)
    }
}

impl Resources {
    /// A variable without value matches nothing, and no Allow rests on that (see [`crate::condition`]).
    fn include(&self, resource: &str, context: &Context, effect: Effect) -> bool {
        match Match::any(self.patterns.iter().map(|p| p.matches(resource, context))) {
            Match::Yes => !self.negated,
            Match::No => self.negated,
            Match::Unresolved => self.negated && effect == Effect::Deny,
        }
    }
}

fn statement(
    kind: Kind,
    index: usize,
    written: &document::Statement,
    variables: bool,
) -> Result<Statement, TooComplex> {
    let terms = written.action.as_ref().map_or(&[][..], |action| &action.terms);
    let negated = written.action.as_ref().is_some_and(|action| action.negated);
    let patterns = terms.iter().map(|term| template::action(&term.text));
    let actions = Actions { negated, patterns: patterns.collect::<Result<_, _>>()? };
    let reading = Reading { wildcards: true, variables, fold: false };
    let resources = match &written.resource {
        Some(written) => {
            let patterns = written.terms.iter().map(|term| Template::new(&term.text, reading));
            let patterns = patterns.collect::<Result<_, _>>()?;
            Some(Resources { negated: written.negated, patterns })
        }
        // Where the policy hangs on a resource, leaving it out means that resource; elsewhere, and in key policies, it means
        // nothing.
        None if kind.names_principals() && kind != Kind::Key => None,
        None => Some(Resources { negated: false, patterns: [].into() }),
    };
    let who = kind.names_principals().then(|| {
        let nobody = document::Principals { at: written.at, negated: false, entries: Vec::new() };
        Who::new(written.principal.as_ref().unwrap_or(&nobody))
    });
    let conditions = written.conditions.iter().map(|c| Condition::new(c, variables));
    Ok(Statement {
        index,
        sid: written.sid.as_deref().map(Into::into),
        at: written.at,
        effect: written.effect,
        actions,
        resources,
        who,
        conditions: conditions.collect::<Result<_, _>>()?,
    })
}

/// The services that a statement may speak of, in lower case; `None` is any.
fn services_of(action: Option<&Terms>) -> Option<Vec<Box<str>>> {
    let Some(action) = action else { return Some(Vec::new()) };
    if action.negated {
        return None;
    }
    let service = |text: &str| {
        let (service, _) = text.split_once(':')?;
        (!service.contains(['*', '?'])).then(|| fold(service).into())
    };
    action.terms.iter().map(|term| service(&term.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_filed_by_service() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":["S3:Get*","kms:Decrypt"],"Resource":"*"},
            {"Effect":"Deny","NotAction":"iam:*","Resource":"*"},
            {"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#;
        let policy = Policy::read(Kind::Identity, "p", text).expect("valid");
        let filed = policy.by_service.iter().map(|(name, of)| (&**name, &**of)).collect::<Vec<_>>();
        assert_eq!(filed, [("kms", &[0, 1, 2][..]), ("s3", &[0, 1][..])]);
        assert_eq!(*policy.others, [1]);
    }

    #[test]
    fn what_is_missing_speaks_of_nothing() {
        let text = r#"{"Statement":[{"Effect":"Allow","Action":"s3:*"}]}"#;
        let document = Document::parse(text).expect("follows the grammar");
        let account = base::AccountId::DEFAULT;
        let principal = crate::request::Principal::root(account);
        let request = Request::new(principal, "s3:GetObject", "*");
        for kind in [Kind::Identity, Kind::Resource] {
            let policy = Policy::compile(kind, "p", &document).expect("simple enough");
            assert!(policy.says(&request, "s3", false).allow.is_none(), "{kind:?}");
        }
    }
}
