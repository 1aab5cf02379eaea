//! May this caller do this to these resources?
//!
//! The policies that apply are gathered and handed to the engine, once for each resource that the service named, or for `*` where
//! it named none. A refusal is worded as AWS words it, and its reasons go, sealed, into the audit record.

use std::sync::Arc;

use authz::{Decision, Grant, Kind, Policies, Policy, Request, Verdict};
use identity::Guardrails;
use shape::error::ACCESS_DENIED;
use shape::{Failure, Shape};

use super::circumstances;
use crate::call::Call;
use crate::caller::Identity;
use crate::explanation::Explanation;
use crate::service::{Entry, Resource};

/// Fails with AWS's words when the answer is no.
pub(crate) async fn authorize(
    call: &mut Call,
    entry: &Entry,
    input: &dyn Shape,
) -> Result<(), Failure> {
    let bound = Bound::new(call).await?;
    if bound.own.closed {
        let text = "The account that these credentials belong to is closed.";
        return Err(ACCESS_DENIED.because(text));
    }
    if entry.facts.free {
        return Ok(());
    }
    // The operation's own action is judged on `*` where no resource is named for it.
    if call.resources.iter().all(|resource| resource.action.is_some()) {
        judge(call, entry, input, &bound, None).await?;
    }
    for index in 0..call.resources.len() {
        judge(call, entry, input, &bound, Some(index)).await?;
    }
    Ok(())
}

/// Whether the caller may do the action of `resource`, by policies alone.
pub(crate) async fn may(call: &mut Call, resource: &Resource) -> Result<bool, Failure> {
    let bound = Bound::new(call).await?;
    let mut request = circumstances::request(call, &bound.own);
    circumstances::of_resource(&mut request, resource);
    let gathered = Gathered::new(call, &bound, &mut request, Some(resource)).await?;
    Ok(gathered.evaluate(call, &request, &[]).allowed)
}

/// Judges the call on one of its resources, or on `*`.
async fn judge(
    call: &mut Call,
    entry: &Entry,
    input: &dyn Shape,
    bound: &Bound,
    index: Option<usize>,
) -> Result<(), Failure> {
    let mut request = circumstances::request(call, &bound.own);
    if let Some(index) = index {
        circumstances::of_resource(&mut request, &call.resources[index]);
    }
    entry.run.conditions(call, input, &mut request)?;
    // The resources are out of the call as long as it is asked for more.
    let resources = std::mem::take(&mut call.resources);
    let resource = index.map(|index| &resources[index]);
    let result = decide(call, input, bound, &mut request, resource).await;
    call.resources = resources;
    result
}

async fn decide(
    call: &mut Call,
    input: &dyn Shape,
    bound: &Bound,
    request: &mut Request,
    resource: Option<&Resource>,
) -> Result<(), Failure> {
    let gathered = Gathered::new(call, bound, request, resource).await?;
    let mut decision = gathered.evaluate(call, request, &[]);
    if let Some(resource) = resource.filter(|_| lacks_allow(&decision)) {
        let grants = grants(call, input, resource).await?;
        if !grants.is_empty() {
            decision = gathered.evaluate(call, request, &grants);
        }
    }
    if decision.allowed {
        return Ok(());
    }
    refuse(call, request, resource, decision)
}

/// What binds the caller whatever it calls.
struct Bound {
    own: Arc<Guardrails>,
    session: Option<Vec<Arc<Policy>>>,
}

impl Bound {
    async fn new(call: &Call) -> Result<Self, Failure> {
        let own = guardrails(call, call.account()).await?;
        Ok(Self { own, session: session_policies(call).await? })
    }
}

/// What binds the caller on one resource.
struct Gathered<'a> {
    bound: &'a Bound,
    owners: Arc<Guardrails>,
    policy: Option<Arc<Policy>>,
}

impl<'a> Gathered<'a> {
    async fn new(
        call: &Call,
        bound: &'a Bound,
        request: &mut Request,
        resource: Option<&Resource>,
    ) -> Result<Self, Failure> {
        let owners = match resource.map(|resource| resource.owner) {
            Some(owner) if owner != call.account() => guardrails(call, owner).await?,
            _ => bound.own.clone(),
        };
        circumstances::of_owner(request, &owners);
        let policy = match resource.and_then(|r| Some((r.policy_kind, r.policy.as_ref()?))) {
            None => None,
            Some((kind, text)) => {
                let compiled = call.directory().compile(kind, &request.resource, text);
                Some(compiled.map_err(Failure::internal)?)
            }
        };
        Ok(Self { bound, owners, policy })
    }

    fn evaluate(&self, call: &Call, request: &Request, grants: &[Grant]) -> Decision {
        let Bound { own, session } = self.bound;
        let standing = call.caller.standing.as_deref();
        let policies = Policies {
            resource_control: &self.owners.resource_control,
            service_control: &own.service_control,
            endpoint: None,
            resource: self.policy.as_deref(),
            grants,
            identity: standing.map_or(&[], |standing| &standing.policies),
            boundary: standing.and_then(|standing| standing.boundary.as_deref()),
            session: session.as_deref(),
        };
        authz::evaluate(request, &policies)
    }
}

/// Whether more permissions could change the answer.
fn lacks_allow(decision: &Decision) -> bool {
    !decision.allowed && decision.decisive().is_none_or(|reason| reason.verdict != Verdict::Denies)
}

async fn grants(
    call: &mut Call,
    input: &dyn Shape,
    resource: &Resource,
) -> Result<Vec<Grant>, Failure> {
    let platform = call.platform.clone();
    let service = platform.shared.services.get(resource.arn.service.as_str());
    match service.and_then(|service| service.grants.as_ref()) {
        Some(source) => source.grants(call, input, resource).await,
        None => Ok(Vec::new()),
    }
}

fn refuse(
    call: &mut Call,
    request: &Request,
    resource: Option<&Resource>,
    decision: Decision,
) -> Result<(), Failure> {
    let own_words = resource.and_then(|resource| resource.refusal);
    let message = match (&call.caller.identity, own_words) {
        (_, Some(words)) => words.to_owned(),
        // Who has no account here is told no more.
        (Identity::Outsider(_), None) => format!("Not authorized to perform {}", request.action()),
        _ => decision.message(request).unwrap_or_default(),
    };
    let mut explanation = Explanation::new(&call.request_id, request, decision);
    let keyring = call.credentials().keyring();
    let sealed = explanation.seal(keyring, call.account()).map_err(Failure::internal)?;
    call.notes.denial = Some(sealed);
    Err(ACCESS_DENIED.because(message))
}

async fn guardrails(call: &Call, account: base::AccountId) -> Result<Arc<Guardrails>, Failure> {
    call.directory().guardrails(&call.tx, account).await.map_err(Failure::internal)
}

/// The policies that were passed when the caller's session was made; `None` if none were, which restricts nothing.
async fn session_policies(call: &Call) -> Result<Option<Vec<Arc<Policy>>>, Failure> {
    let Some(session) = &call.caller.session else { return Ok(None) };
    if session.policies.is_empty() && session.policy_arns.is_empty() {
        return Ok(None);
    }
    let directory = call.directory();
    let mut policies = Vec::new();
    for text in &session.policies {
        let compiled = directory.compile(Kind::Session, "session policy", text);
        policies.push(compiled.map_err(Failure::internal)?);
    }
    for arn in &session.policy_arns {
        let found = directory.managed(&call.tx, Kind::Session, arn).await;
        policies.extend(found.map_err(Failure::internal)?);
    }
    Ok(Some(policies))
}
