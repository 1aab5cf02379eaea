//! May this caller do this to these resources?
//!
//! The policies that apply are gathered and handed to the engine, once for each resource that the service named, or for `*` where
//! it named none. A refusal is worded as AWS words it, and its reasons go, sealed, into the audit record.

use std::sync::Arc;

use authz::{Decision, Kind, Policies, Policy, Request, Verdict};
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
    // Due work is Bastide's own. Nobody else can be this identity.
    if matches!(call.caller.identity, Identity::Service(_)) {
        return Ok(());
    }
    let own = guardrails(call, call.account()).await?;
    if own.closed {
        let text = "The account that these credentials belong to is closed.";
        return Err(ACCESS_DENIED.because(text));
    }
    let mut request = circumstances::request(call, &own);
    entry.run.conditions(call, input, &mut request)?;
    let bound = Bound { session: session_policies(call).await?, own };

    let resources = std::mem::take(&mut call.resources);
    let result = judge_all(call, entry, &bound, request, &resources).await;
    call.resources = resources;
    result
}

/// What binds the caller whatever it calls.
struct Bound {
    own: Arc<Guardrails>,
    session: Option<Vec<Arc<Policy>>>,
}

async fn judge_all(
    call: &mut Call,
    entry: &Entry,
    bound: &Bound,
    request: Request,
    resources: &[Resource],
) -> Result<(), Failure> {
    if entry.facts.free {
        return Ok(());
    }
    // The operation's own action is judged on `*` where no resource is named for it.
    if resources.iter().all(|resource| resource.action.is_some()) {
        judge(call, bound, request.clone(), None).await?;
    }
    for resource in resources {
        let mut request = request.clone();
        circumstances::of_resource(&mut request, resource);
        judge(call, bound, request, Some(resource)).await?;
    }
    Ok(())
}

async fn judge(
    call: &mut Call,
    bound: &Bound,
    mut request: Request,
    resource: Option<&Resource>,
) -> Result<(), Failure> {
    let owners = match resource.map(|resource| resource.owner) {
        Some(owner) if owner != call.account() => guardrails(call, owner).await?,
        _ => bound.own.clone(),
    };
    circumstances::of_owner(&mut request, &owners);
    let policy = match resource.and_then(|resource| resource.policy.as_ref().zip(Some(resource))) {
        None => None,
        Some((text, resource)) => {
            let name = resource.arn.to_string();
            let compiled = call.directory().compile(resource.policy_kind, &name, text);
            Some(compiled.map_err(Failure::internal)?)
        }
    };
    let standing = call.caller.standing.clone();
    let policies = Policies {
        resource_control: &owners.resource_control,
        service_control: &bound.own.service_control,
        endpoint: None,
        resource: policy.as_deref(),
        grants: &[],
        identity: standing.as_ref().map_or(&[], |standing| &standing.policies),
        boundary: standing.as_ref().and_then(|standing| standing.boundary.as_deref()),
        session: bound.session.as_deref(),
    };
    let mut decision = authz::evaluate(&request, &policies);
    if let Some(resource) = resource.filter(|_| lacks_allow(&decision)) {
        let grants = grants(call, resource).await?;
        if !grants.is_empty() {
            decision = authz::evaluate(&request, &Policies { grants: &grants, ..policies });
        }
    }
    if decision.allowed {
        return Ok(());
    }
    refuse(call, &request, decision)
}

/// Whether more permissions could change the answer.
fn lacks_allow(decision: &Decision) -> bool {
    !decision.allowed && decision.decisive().is_none_or(|reason| reason.verdict != Verdict::Denies)
}

async fn grants(call: &mut Call, resource: &Resource) -> Result<Vec<authz::Grant>, Failure> {
    let platform = call.platform.clone();
    let service = platform.shared.services.get(resource.arn.service.as_str());
    match service.and_then(|service| service.grants.as_ref()) {
        Some(source) => source.grants(call, resource).await,
        None => Ok(Vec::new()),
    }
}

fn refuse(call: &mut Call, request: &Request, decision: Decision) -> Result<(), Failure> {
    let message = match call.caller.identity {
        // Who has no account here is told no more.
        Identity::Outsider(_) => format!("Not authorized to perform {}", request.action()),
        _ => decision.message(request).unwrap_or_default(),
    };
    let explanation = Explanation::new(&call.request_id, request, decision);
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
