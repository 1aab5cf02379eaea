//! The grants that could allow a call, for authorization. It asks only where policies do not allow.
//!
//! Grants are found by key and grantee, so that a key with the most grants costs no more than the caller's own. A grant is in
//! force as soon as it is made; grant tokens, which bridge the time that AWS takes, add nothing.

use std::collections::BTreeMap;

use api_kms::{CreateGrantRequest, RetireGrantRequest};
use platform::{Call, Caller, GrantSource, Identity, Resource};
use shape::{Failure, Shape};
use store::Scope;

use crate::grant_record::{self, GrantRecord, Terms};
use crate::{Kms, grant_end};

impl GrantSource for Kms {
    async fn grants(
        &self,
        call: &mut Call,
        input: &dyn Shape,
        resource: &Resource,
    ) -> Result<Vec<authz::Grant>, Failure> {
        if let Some(input) = input.as_any().downcast_ref::<RetireGrantRequest>() {
            return Ok(to_retire(&grant_end::find(self, call, input).await?.1).into());
        }
        let key_id = resource.arn.resource.strip_prefix("key/").filter(|id| *id != "*");
        let operation = resource.action.unwrap_or(call.action).strip_prefix("kms:");
        let (Some(key_id), Some(operation)) = (key_id, operation) else { return Ok(Vec::new()) };
        let wanted = input.as_any().downcast_ref::<CreateGrantRequest>();
        let fits = |terms: &Terms| {
            terms.operations.iter().any(|listed| listed == operation)
                && wanted.is_none_or(|wanted| covers(terms, wanted))
        };
        let scope = Scope::new(resource.owner, call.region.clone());
        let mut found = Vec::new();
        for name in names(&call.caller) {
            let grants = grant_record::of_grantee(call, &scope, key_id, &name, fits).await?;
            found.extend(grants.iter().map(GrantRecord::to_authz));
        }
        Ok(found)
    }
}

/// The names under which grants may know the caller.
fn names(caller: &Caller) -> Vec<String> {
    let root = caller.account.root_arn();
    match &caller.identity {
        Identity::Root => vec![root],
        Identity::User { arn, .. } => vec![arn.clone(), root],
        Identity::Role { role_arn, .. } => vec![caller.arn(), role_arn.clone(), root],
        Identity::Federated { user_arn, .. } if *user_arn == root => vec![caller.arn(), root],
        Identity::Federated { user_arn, .. } => vec![caller.arn(), user_arn.clone(), root],
        Identity::Service(name) => vec![(*name).to_owned()],
        Identity::Outsider(_) | Identity::Anonymous => Vec::new(),
    }
}

/// Who may retire a grant: those whom it names, and the account that made it, which decides by its own policies.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
fn to_retire(grant: &GrantRecord) -> [authz::Grant; 2] {
    let own = grant.to_authz();
    let of_issuer = authz::Grant {
        grantee: String::new(),
        retiring: Some(grant.issuer.root_arn()),
        operations: Vec::new(),
        ..own.clone()
    };
    [own, of_issuer]
}

/// Whether whoever may make grants by a grant alone may make this one: it must not permit more.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html>
fn covers(terms: &Terms, wanted: &CreateGrantRequest) -> bool {
    let mut operations = wanted.operations.iter().flatten();
    if !operations.all(|operation| terms.operations.iter().any(|own| own == operation.as_str())) {
        return false;
    }
    let none = api_kms::GrantConstraints::default();
    let constraints = wanted.constraints.as_ref().unwrap_or(&none);
    let (equals, subset) =
        (&constraints.encryption_context_equals, &constraints.encryption_context_subset);
    let includes = |pairs: &BTreeMap<String, String>, least: &BTreeMap<String, String>| {
        least.iter().all(|(key, value)| pairs.get(key) == Some(value))
    };
    let same = terms.context_equals.is_none() || terms.context_equals == *equals;
    let narrower = terms.context_subset.as_ref().is_none_or(|least| {
        [equals, subset].into_iter().flatten().any(|pairs| includes(pairs, least))
    });
    let source = terms.source_arn.is_none() || terms.source_arn == constraints.source_arn;
    same && narrower && source
}

#[cfg(test)]
mod tests {
    use api_kms::{GrantConstraints, GrantOperation};

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
        Some(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    fn wanted(operations: &[&str], constraints: GrantConstraints) -> CreateGrantRequest {
        CreateGrantRequest {
            operations: Some(operations.iter().map(|op| GrantOperation::from(*op)).collect()),
            constraints: Some(constraints),
            ..CreateGrantRequest::default()
        }
    }

    #[test]
    fn a_grant_by_a_grant_permits_no_more() {
        let free = GrantConstraints::default;
        let terms =
            Terms { operations: vec!["CreateGrant".into(), "Decrypt".into()], ..Terms::default() };
        assert!(covers(&terms, &wanted(&["Decrypt"], free())));
        assert!(!covers(&terms, &wanted(&["Decrypt", "Encrypt"], free())));

        let subset = |p| GrantConstraints { encryption_context_subset: p, ..free() };
        let equals = |p| GrantConstraints { encryption_context_equals: p, ..free() };
        let bound = Terms { context_subset: pairs(&[("a", "1")]), ..terms.clone() };
        assert!(!covers(&bound, &wanted(&["Decrypt"], free())));
        assert!(!covers(&bound, &wanted(&["Decrypt"], subset(pairs(&[("b", "1")])))));
        assert!(covers(&bound, &wanted(&["Decrypt"], subset(pairs(&[("a", "1"), ("b", "2")])))));
        assert!(covers(&bound, &wanted(&["Decrypt"], equals(pairs(&[("a", "1")])))));

        let exact = Terms { context_equals: pairs(&[("a", "1")]), ..terms.clone() };
        assert!(!covers(&exact, &wanted(&["Decrypt"], subset(pairs(&[("a", "1")])))));
        assert!(!covers(&exact, &wanted(&["Decrypt"], equals(pairs(&[("a", "1"), ("b", "2")])))));
        assert!(covers(&exact, &wanted(&["Decrypt"], equals(pairs(&[("a", "1")])))));

        let sourced = Terms { source_arn: Some("arn:aws:sns:::t".into()), ..terms };
        assert!(!covers(&sourced, &wanted(&["Decrypt"], free())));
    }
}
