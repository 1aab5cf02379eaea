//! What comes of one action on one resource.

use std::sync::{Arc, LazyLock};

use api_iam::{
    EvaluationResult, OrganizationsDecisionDetail, PermissionsBoundaryDecisionDetail,
    PolicyEvaluationDecisionType, Position, ResourceSpecificResult, Statement,
};
use authz::{
    Context, Decision, Document, Kind, Layer, Policies, Policy, Request, Verdict, evaluate,
};
use base::{AccountId, Arn};
use shape::Failure;

use super::subject::Subject;
use super::{Source, given};
use crate::context_keys::Keys;
use crate::trust;

/// Allows everything, to see what another layer does by itself.
static EVERYTHING: LazyLock<Option<Arc<Policy>>> = LazyLock::new(|| {
    let administrator = identity::managed::by_arn(identity::managed::ADMINISTRATOR_ACCESS)?;
    let document = Document::parse(administrator.document()).ok()?;
    Policy::compile(Kind::Identity, "everything", &document).ok().map(Arc::new)
});

/// Judges one action on one resource.
///
/// # Errors
/// `InvalidInput` for an owner that is no account.
pub(super) fn judge(
    subject: &Subject,
    caller: &authz::Principal,
    context: &Context,
    action: &str,
    resource: &str,
    owner: Option<&str>,
) -> Result<EvaluationResult, Failure> {
    let mut request = Request::new(caller.clone(), action, resource);
    request.context = context.clone();
    request.resource_account = of_resource(resource).or(of_owner(owner)?);
    let identity: Vec<Arc<Policy>> = subject.identity.iter().map(|s| s.policy.clone()).collect();
    let boundary = subject.boundary.as_ref().map(|source| &*source.policy);
    let policies = Policies {
        service_control: &subject.service_control,
        resource: subject.resource.as_ref().map(|source| &*source.policy),
        identity: &identity,
        boundary,
        ..Policies::default()
    };
    let decision = evaluate(&request, &policies);
    let everything: Vec<Arc<Policy>> = EVERYTHING.iter().cloned().collect();
    let alone = |policies: Policies<'_>| {
        evaluate(&request, &Policies { identity: &everything, ..policies }).allowed
    };
    let detail = boundary.map(|boundary| PermissionsBoundaryDecisionDetail {
        allowed_by_permissions_boundary: Some(alone(Policies {
            boundary: Some(boundary),
            ..Policies::default()
        })),
    });
    let organizations = (!subject.service_control.is_empty()).then(|| {
        let service_control = &subject.service_control;
        let allowed = alone(Policies { service_control, ..Policies::default() });
        OrganizationsDecisionDetail { allowed_by_organizations: Some(allowed) }
    });
    let details = request.is_cross_account().then(|| {
        [("IAM Policy", Layer::Identity), ("Resource Policy", Layer::Resource)]
            .map(|(name, layer)| (name.to_owned(), of_layer(&decision, layer)))
            .into()
    });
    let matched = matched(subject, &decision);
    let missing = missing(subject, context);
    let specific = (resource != "*").then(|| {
        vec![ResourceSpecificResult {
            eval_resource_name: Some(resource.to_owned()),
            eval_resource_decision: Some(answer(&decision)),
            matched_statements: Some(matched.clone()),
            missing_context_values: Some(missing.clone()),
            eval_decision_details: details.clone(),
            permissions_boundary_decision_detail: detail.clone(),
        }]
    });
    Ok(EvaluationResult {
        eval_action_name: Some(action.to_owned()),
        eval_resource_name: Some(resource.to_owned()),
        eval_decision: Some(answer(&decision)),
        matched_statements: Some(matched),
        missing_context_values: Some(missing),
        organizations_decision_detail: organizations,
        permissions_boundary_decision_detail: detail,
        eval_decision_details: details,
        resource_specific_results: specific,
    })
}

fn of_resource(resource: &str) -> Option<AccountId> {
    resource.parse::<Arn>().ok()?.account_id()
}

/// An account, by its number or the ARN of its root user.
fn of_owner(owner: Option<&str>) -> Result<Option<AccountId>, Failure> {
    let Some(text) = owner else { return Ok(None) };
    let of_arn = || text.parse::<Arn>().ok()?.account_id();
    let account = text.parse().ok().or_else(of_arn);
    account.map(Some).ok_or_else(|| given::invalid(&format!("Invalid resource owner {text}.")))
}

fn answer(decision: &Decision) -> PolicyEvaluationDecisionType {
    match decision.decisive().map(|reason| reason.verdict) {
        _ if decision.allowed => PolicyEvaluationDecisionType::Allowed,
        Some(Verdict::Denies) => PolicyEvaluationDecisionType::ExplicitDeny,
        _ => PolicyEvaluationDecisionType::ImplicitDeny,
    }
}

/// What one layer contributed to a decision across accounts.
fn of_layer(decision: &Decision, layer: Layer) -> PolicyEvaluationDecisionType {
    let said = |verdict: Verdict| {
        decision.reasons.iter().any(|reason| reason.layer == layer && reason.verdict == verdict)
    };
    if said(Verdict::Denies) {
        PolicyEvaluationDecisionType::ExplicitDeny
    } else if said(Verdict::Allows) {
        PolicyEvaluationDecisionType::Allowed
    } else {
        PolicyEvaluationDecisionType::ImplicitDeny
    }
}

/// The statements that decided: those that deny, or those that allow.
fn matched(subject: &Subject, decision: &Decision) -> Vec<Statement> {
    let verdict = if decision.allowed { Verdict::Allows } else { Verdict::Denies };
    let sources = || subject.identity.iter().chain(&subject.resource).chain(&subject.boundary);
    let reasons = decision.reasons.iter().filter(|reason| reason.verdict == verdict);
    let statement = |reason: &authz::Reason| {
        let name = reason.policy.as_deref()?;
        let index = reason.statement.as_ref()?.index;
        let Source { id, of, text, .. } = sources().find(|source| source.id == name)?;
        let span = trust::statements(text).ok()?.get(index).map(|raw| raw.get())?;
        let start = span.as_ptr().addr() - text.as_ptr().addr();
        Some(Statement {
            source_policy_id: Some(id.clone()),
            source_policy_type: Some(of.clone()),
            start_position: Some(position(text, start)),
            end_position: Some(position(text, start + span.len())),
        })
    };
    reasons.filter_map(statement).collect()
}

/// The place of the byte at `offset`, counted from 1.
fn position(text: &str, offset: usize) -> Position {
    let before = &text[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    let number = |n: usize| Some(i32::try_from(n).unwrap_or(i32::MAX));
    Position { line: number(line), column: number(column) }
}

fn missing(subject: &Subject, context: &Context) -> Vec<String> {
    let mut keys = Keys::default();
    for source in subject.identity.iter().chain(&subject.resource).chain(&subject.boundary) {
        keys.of(&source.text);
    }
    keys.missing(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters() {
        let text = "{\n \u{e9}{";
        let Position { line, column } = position(text, text.len() - 1);
        assert_eq!((line, column), (Some(2), Some(3)));
    }
}
