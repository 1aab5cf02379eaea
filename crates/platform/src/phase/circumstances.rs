//! The question that is put to the policy engine: the caller as policies name it, and the global condition keys.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use authz::{Context, Principal, PrincipalKind, Request};
use identity::Guardrails;

use crate::call::Call;
use crate::caller::{Caller, Identity};
use crate::service::Resource;

/// Room for the condition keys of a usual request.
const KEYS: usize = 32;
/// Services that have the tags of resources under keys of their own besides.
const OWN_TAG_KEYS: [&str; 3] = ["iam", "secretsmanager", "ssm"];

/// The request of this call, on no resource yet.
pub(super) fn request(call: &Call, guardrails: &Guardrails) -> Request {
    let principal = principal(&call.caller);
    let mut context = Context::with_capacity(KEYS);
    principal.describe(&mut context);
    of_session(&mut context, call);
    of_network(&mut context, call);
    context.set("aws:currenttime", call.now);
    context.set("aws:epochtime", call.now.seconds());
    context.set("aws:requestedregion", call.region.as_str().to_owned());
    if let Some(organization) = &guardrails.organization {
        context.set("aws:principalorgid", organization.clone());
    }
    if let Some(account) = guardrails.management_account {
        context.set("aws:principalorgmasteraccountid", account.to_string());
    }
    if let Some(path) = &guardrails.path {
        context.set_all("aws:principalorgpaths", [path.clone()]);
    }
    let mut request = Request::new(principal, call.action, "*");
    request.context = context;
    request
}

/// Adds what follows from the resource.
pub(super) fn of_resource(request: &mut Request, resource: &Resource) {
    let arn = match resource.arn.resource.as_str() {
        "*" => "*".to_owned(),
        _ => resource.arn.to_string(),
    };
    match resource.action {
        Some(action) => request.ask(action, &arn),
        None => request.resource = arn,
    }
    request.resource_account = Some(resource.owner);
    request.context.set("aws:resourceaccount", resource.owner.to_string());
    let service = resource.arn.service.as_str();
    for (key, value) in &resource.tags {
        request.context.set(format!("aws:ResourceTag/{key}"), value.clone());
        if OWN_TAG_KEYS.contains(&service) {
            request.context.set(format!("{service}:ResourceTag/{key}"), value.clone());
        }
    }
    for (key, value) in &resource.conditions {
        request.context.add(key.clone(), value.clone());
    }
}

/// Adds what follows from the organization of the resource's owner.
pub(super) fn of_owner(request: &mut Request, owners: &Guardrails) {
    if let Some(organization) = &owners.organization {
        request.context.set("aws:resourceorgid", organization.clone());
    }
    if let Some(path) = &owners.path {
        request.context.set_all("aws:resourceorgpaths", [path.clone()]);
    }
}

/// The caller as policies name it.
fn principal(caller: &Caller) -> Principal {
    let account = caller.account;
    let mut principal = match &caller.identity {
        Identity::Root => Principal::root(account),
        Identity::User { arn, .. } => Principal::user(account, arn.clone()),
        Identity::Role { role_arn, .. } => {
            Principal::role_session(account, caller.arn(), role_arn.clone())
        }
        Identity::Federated { user_arn, .. } => {
            Principal::federated_user(account, caller.arn(), user_arn.clone())
        }
        Identity::Service(name) => Principal::service(*name),
        Identity::Outsider(outsider) => Principal::federated(outsider.provider.clone()),
        Identity::Anonymous => Principal::anonymous(),
    };
    if matches!(
        principal.kind,
        PrincipalKind::User
            | PrincipalKind::RoleSession { .. }
            | PrincipalKind::FederatedUser { .. }
    ) {
        principal.id = caller.user_id();
    }
    if let Some(standing) = &caller.standing {
        // A federated user has the session's tags only.
        if !matches!(principal.kind, PrincipalKind::FederatedUser { .. }) {
            principal.tags.clone_from(&standing.tags);
        }
        principal.service_linked = standing.service_linked;
    }
    if let Some(session) = &caller.session {
        for (key, value) in &session.tags {
            principal.tags.retain(|(known, _)| !known.eq_ignore_ascii_case(key));
            principal.tags.push((key.clone(), value.clone()));
        }
    }
    principal
}

fn of_session(context: &mut Context, call: &Call) {
    let caller = &call.caller;
    if let Identity::Outsider(outsider) = &caller.identity {
        for (key, values) in &outsider.conditions {
            match values.as_slice() {
                [value] => context.set(key.clone(), value.clone()),
                values => context.set_all(key.clone(), values.iter().cloned()),
            }
        }
    }
    // Long-term credentials have none of these keys, which conditions can tell from false.
    let Some(session) = &caller.session else { return };
    context.set("aws:tokenissuetime", session.issued);
    context.set("aws:multifactorauthpresent", session.mfa.is_some());
    if let Some(at) = session.mfa {
        let age = call.now.since(at).as_secs();
        context.set("aws:multifactorauthage", i64::try_from(age).unwrap_or(i64::MAX));
    }
    if let Some(source) = &session.source_identity {
        context.set("aws:sourceidentity", source.clone());
    }
    for (key, value) in &session.federated {
        context.set(key.clone(), value.clone());
    }
}

fn of_network(context: &mut Context, call: &Call) {
    let service = call.caller.invoked_by;
    context.set("aws:viaawsservice", service.is_some());
    match service {
        Some(service) => {
            context.set_all("aws:calledvia", [service.to_owned()]);
            context.set("aws:calledviafirst", service.to_owned());
            context.set("aws:calledvialast", service.to_owned());
        }
        None => {
            if let Some(ip) = call.source.ip {
                context.set("aws:sourceip", ip);
            }
        }
    }
    context.set("aws:securetransport", call.source.tls.is_some() || service.is_some());
    if let Some(agent) = &call.source.user_agent {
        context.set("aws:useragent", agent.clone());
    }
    if let Some(referer) = &call.source.referer {
        context.set("aws:referer", referer.clone());
    }
}
