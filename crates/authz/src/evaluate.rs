//! The decision, in the order that AWS documents
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>,
//! across accounts `…_evaluation-logic-cross-account.html`): an explicit deny anywhere ends it; then every layer that
//! restricts must allow; then the resource's policy, grants and the caller's own policies must grant together.
//! Every layer is always looked at, so that the reasons are complete.

use std::sync::Arc;

use crate::decision::{Decision, Layer, Reason, StatementRef, Verdict};
use crate::document::Kind;
use crate::grant::Grant;
use crate::policy::{Policy, Statement};
use crate::request::{PrincipalKind, Request};
use crate::who::Named;

/// The policies that apply to a request. What is absent (`None`, an empty list of levels) restricts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// Resource control policies from the organization's root to the resource's account, one entry a level.
    pub resource_control: &'a [Vec<Arc<Policy>>],
    /// Service control policies from the organization's root to the caller's account, one entry a level. Each level
    /// must allow; none for the management account.
    pub service_control: &'a [Vec<Arc<Policy>>],
    /// The policy of the VPC endpoint that the call came through.
    pub endpoint: Option<&'a Policy>,
    /// The resource's policy. Of kind [`Kind::Key`] or [`Kind::Trust`], nothing is allowed without it.
    pub resource: Option<&'a Policy>,
    /// Grants on the key that the request is about.
    pub grants: &'a [Grant],
    /// Policies of the user and its groups, or of the role.
    pub identity: &'a [Arc<Policy>],
    /// The permissions boundary of the user or role.
    pub boundary: Option<&'a Policy>,
    /// Policies passed when the session was made. A federated user without any has no permissions of its own.
    pub session: Option<&'a [Arc<Policy>]>,
}

/// Judges a request.
pub fn evaluate(request: &Request, policies: &Policies<'_>) -> Decision {
    let kind = &request.principal.kind;
    // Callers whose own account's policies count.
    let has_account = match kind {
        PrincipalKind::Service { .. }
        | PrincipalKind::Federated { .. }
        | PrincipalKind::Anonymous => false,
        PrincipalKind::Root
        | PrincipalKind::User
        | PrincipalKind::RoleSession { .. }
        | PrincipalKind::FederatedUser { .. } => true,
    };
    let is_entity = has_account && *kind != PrincipalKind::Root;
    let boundary = policies.boundary.filter(|_| is_entity);
    let mut judge = Judge::new(request, boundary.is_some());

    if !request.principal.service_linked {
        for level in policies.resource_control {
            judge.gate(Layer::ResourceControl, shared(level));
        }
        for level in policies.service_control.iter().filter(|_| has_account) {
            judge.gate(Layer::ServiceControl, shared(level));
        }
    }
    if let Some(endpoint) = policies.endpoint {
        judge.gate(Layer::Endpoint, [endpoint]);
    }
    let layer = match policies.resource.map(Policy::kind) {
        Some(Kind::Trust) => Layer::Trust,
        _ => Layer::Resource,
    };
    let resource = judge.listen(layer, policies.resource);
    let grants = policies.grants.iter().filter_map(|grant| Some((grant.allows(request)?, grant)));
    let grant = grants.max_by_key(|(named, _)| *named);
    let identity = judge.listen(Layer::Identity, shared(policies.identity).filter(|_| is_entity));
    let bounded = judge.listen(Layer::Boundary, boundary);
    let session = policies.session.filter(|_| has_account);
    let in_session = judge.listen(Layer::Session, shared(session.unwrap_or_default()));

    let cross = request.is_cross_account();
    let named = resource.map(|found| found.named);
    let granted = grant.map(|(named, _)| named);
    if let Some(found) = resource {
        judge.allowed(layer, found);
    }
    if let Some((_, grant)) = grant {
        judge.granted(grant);
    }
    // Across accounts a resource's policy only lets the other account's policies decide. A grant is complete by itself.
    let outright = (!cross && named == Some(Named::Itself)) || granted == Some(Named::Itself);
    let needs_resource = cross
        || !has_account
        || matches!(policies.resource.map(Policy::kind), Some(Kind::Key | Kind::Trust));
    if needs_resource && named.is_none() && granted.is_none() {
        judge.lacks(layer);
    }
    if has_account && !outright {
        let carried = (!cross && named >= Some(Named::Entity)) || granted >= Some(Named::Entity);
        if !is_entity {
            judge.root();
        } else if !carried || identity.is_some() {
            judge.needs(Layer::Identity, identity);
        }
        if boundary.is_some() {
            judge.needs(Layer::Boundary, bounded);
        }
        if session.is_some() || matches!(kind, PrincipalKind::FederatedUser { .. }) {
            judge.needs(Layer::Session, in_session);
        }
    }
    judge.decide()
}

fn shared(policies: &[Arc<Policy>]) -> impl Iterator<Item = &Policy> {
    policies.iter().map(|policy| &**policy)
}

/// What has been found so far, by verdict.
struct Judge<'r> {
    request: &'r Request,
    service: &'r str,
    /// Whether the caller has a permissions boundary.
    bounded: bool,
    denies: Vec<Reason>,
    lacks: Vec<Reason>,
    allows: Vec<Reason>,
}

/// The strongest allow of a layer.
#[derive(Clone, Copy)]
struct Found<'p> {
    named: Named,
    policy: &'p Policy,
    statement: &'p Statement,
}

impl<'r> Judge<'r> {
    fn new(request: &'r Request, bounded: bool) -> Self {
        let service = request.action_folded().split(':').next().unwrap_or_default();
        let (denies, lacks, allows) = (Vec::new(), Vec::new(), Vec::with_capacity(4));
        Self { request, service, bounded, denies, lacks, allows }
    }

    /// Hears every policy of a layer: denials are noted, the strongest allow is returned.
    fn listen<'p>(
        &mut self,
        layer: Layer,
        policies: impl IntoIterator<Item = &'p Policy>,
    ) -> Option<Found<'p>> {
        let mut found: Option<Found<'p>> = None;
        for policy in policies {
            let said = policy.says(self.request, self.service, self.bounded);
            if let Some(statement) = said.deny {
                self.denies.push(reason(layer, Verdict::Denies, policy, statement));
            }
            if let Some((named, statement)) = said.allow
                && found.is_none_or(|before| before.named < named)
            {
                found = Some(Found { named, policy, statement });
            }
        }
        found
    }

    /// A layer that must allow whatever the others say.
    fn gate<'p>(&mut self, layer: Layer, policies: impl IntoIterator<Item = &'p Policy>) {
        let found = self.listen(layer, policies);
        self.needs(layer, found);
    }

    fn needs(&mut self, layer: Layer, found: Option<Found<'_>>) {
        match found {
            Some(found) => self.allowed(layer, found),
            None => self.lacks(layer),
        }
    }

    fn allowed(&mut self, layer: Layer, found: Found<'_>) {
        self.allows.push(reason(layer, Verdict::Allows, found.policy, found.statement));
    }

    fn granted(&mut self, grant: &Grant) {
        let policy = Some(grant.id.as_str().into());
        let (layer, verdict) = (Layer::Grant, Verdict::Allows);
        self.allows.push(Reason { layer, verdict, policy, statement: None });
    }

    fn root(&mut self) {
        let (layer, verdict) = (Layer::RootUser, Verdict::Allows);
        self.allows.push(Reason { layer, verdict, policy: None, statement: None });
    }

    fn lacks(&mut self, layer: Layer) {
        let verdict = Verdict::LacksAllow;
        self.lacks.push(Reason { layer, verdict, policy: None, statement: None });
    }

    fn decide(mut self) -> Decision {
        if !self.denies.is_empty() {
            return Decision { allowed: false, reasons: self.denies };
        }
        if self.lacks.is_empty() {
            return Decision { allowed: true, reasons: self.allows };
        }
        self.lacks.append(&mut self.allows);
        Decision { allowed: false, reasons: self.lacks }
    }
}

fn reason(layer: Layer, verdict: Verdict, policy: &Policy, statement: &Statement) -> Reason {
    let Statement { index, sid, at, .. } = statement;
    let statement = StatementRef { index: *index, sid: sid.clone(), at: *at };
    Reason { layer, verdict, policy: Some(policy.name().clone()), statement: Some(statement) }
}
