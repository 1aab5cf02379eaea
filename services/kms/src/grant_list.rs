//! ListGrants and ListRetirableGrants.

use api_kms::operations::{ListGrants, ListRetirableGrants};
use api_kms::{
    GrantConstraints, GrantListEntry, GrantOperation, ListGrantsRequest, ListGrantsResponse,
    ListRetirableGrantsRequest,
};
use platform::{Call, Facts, Handle, Identity, Resource};
use shape::Failure;
use shape::error::VALIDATION;
use store::{Range, Scope};

use crate::grant_record::{self, GrantRecord, RetirableIndex};
use crate::lookup::{self, Accepts, OrInternal as _};
use crate::paging::{self, Page};
use crate::{Kms, conditions, facts, grant, principal};

impl Handle<ListGrants> for Kms {
    const FACTS: Facts = facts::on_key(Facts::read("kms:ListGrants"), facts::SHOW_GRANTS);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListGrantsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        lookup::resource(call, input.key_id(), Accepts::Key).await
    }

    fn conditions(&self, call: &Call, _input: &ListGrantsRequest, request: &mut authz::Request) {
        conditions::for_aws_resource(call, request);
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListGrantsRequest,
    ) -> Result<ListGrantsResponse, Failure> {
        let key = lookup::find(call, input.key_id(), Accepts::Key).await?;
        if input.grantee_principal.is_some() && input.grantee_service_principal.is_some() {
            return Err(VALIDATION.because(
                "You can specify either GranteePrincipal or GranteeServicePrincipal, but not both.",
            ));
        }
        if input.grantee_service_principal.is_some() {
            only_services(call, &key.arn())?;
        }
        let page = Page::new::<ListGrants>(input.limit, input.marker.as_deref(), paging::SHORT)?;
        let same = |wanted: &Option<String>, found: Option<&String>| {
            wanted.is_none() || wanted.as_ref() == found
        };
        let keep = |grant: &GrantRecord| {
            same(&input.grant_id, Some(&grant.id))
                && same(&input.grantee_principal, grant.terms.grantee_principal.as_ref())
                && same(&input.grantee_service_principal, grant.terms.grantee_service.as_ref())
        };
        let prefix = grant_record::store_id(&key.id, "");
        let scope = key.scope();
        let found =
            grant_record::select(call, &scope, &prefix, page.after(), page.wanted(), keep).await?;
        let (grants, next) = page.cut(found);
        Ok(ListGrantsResponse {
            grants: Some(grants.iter().map(|grant| entry(&scope, grant)).collect()),
            truncated: Some(next.is_some()),
            next_marker: next,
        })
    }
}

impl Handle<ListRetirableGrants> for Kms {
    const FACTS: Facts = Facts::read("kms:ListRetirableGrants");

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListRetirableGrantsRequest,
    ) -> Result<ListGrantsResponse, Failure> {
        let name = match (&input.retiring_principal, &input.retiring_service_principal) {
            (Some(name), None) => {
                grant::check_principal(name)?;
                let own = principal::account_of(name).is_none_or(|owner| owner == call.account());
                if !own {
                    return Err(call.denied(&name));
                }
                name
            }
            (None, Some(name)) => {
                only_services(call, name)?;
                name
            }
            _ => {
                return Err(VALIDATION.because(
                    "You must specify either RetiringPrincipal or RetiringServicePrincipal, but not both.",
                ));
            }
        };
        let page =
            Page::new::<ListRetirableGrants>(input.limit, input.marker.as_deref(), paging::SHORT)?;
        let prefix = grant_record::retirable_prefix(name);
        // Markers hold what follows the principal, which callers know already.
        let after = page.after().map(|rest| format!("{prefix}{rest}"));
        let range = Range { prefix: &prefix, after: after.as_deref() };
        let scope = call.scope();
        let found = call.tx.scan::<RetirableIndex>(&scope, range, page.wanted()).await;
        let short = |id: &str| id.strip_prefix(&prefix).unwrap_or_default().to_owned();
        let found = found.or_internal()?.into_iter().map(|(id, index)| (short(&id), index));
        let (pointers, next) = page.cut(found.collect());
        let mut grants = Vec::with_capacity(pointers.len());
        for pointer in pointers {
            let pointer = &pointer.0;
            let scope = Scope::new(pointer.owner, call.region.clone());
            let grant = grant_record::get(call, &scope, &pointer.key_id, &pointer.grant_id).await?;
            grants.extend(grant.map(|grant| entry(&scope, &grant)));
        }
        Ok(ListGrantsResponse {
            grants: Some(grants),
            truncated: Some(next.is_some()),
            next_marker: next,
        })
    }
}

/// Filters by service principal are for services.
fn only_services(call: &Call, resource: &str) -> Result<(), Failure> {
    match call.caller.identity {
        Identity::Service(_) => Ok(()),
        _ => Err(call.denied(&resource)),
    }
}

fn entry(scope: &Scope, grant: &GrantRecord) -> GrantListEntry {
    let terms = &grant.terms;
    let Scope { account, region } = scope;
    GrantListEntry {
        key_id: Some(format!("arn:aws:kms:{region}:{account}:key/{}", grant.key_id)),
        grant_id: Some(grant.id.clone()),
        name: terms.name.clone(),
        creation_date: Some(grant.created),
        grantee_principal: terms.grantee_principal.clone(),
        retiring_principal: terms.retiring_principal.clone(),
        issuing_account: Some(grant.issuer.root_arn()),
        operations: Some(
            terms.operations.iter().map(|op| GrantOperation::from(op.as_str())).collect(),
        ),
        constraints: terms.is_constrained().then(|| GrantConstraints {
            encryption_context_subset: terms.context_subset.clone(),
            encryption_context_equals: terms.context_equals.clone(),
            source_arn: terms.source_arn.clone(),
        }),
        grantee_service_principal: terms.grantee_service.clone(),
        retiring_service_principal: terms.retiring_service.clone(),
    }
}
