//! Which account may call what, and what authorization judges.
//!
//! Everything belongs to the management account. A member that is a delegated administrator reads as if it were its own; else a
//! member needs the organization's own policy, and is judged across accounts by it.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html>

use std::sync::Arc;

use base::{Arn, Region};
use identity::organization::{Account, MEMBERSHIP_ID, Membership, Organization};
use identity::record::Tags;
use platform::{Call, Resource};
use shape::Failure;
use store::Scope;

use crate::ids;
use crate::record::Delegation;
use crate::refuse::{self, OrInternal as _};

/// CloudFormation's type of an organization.
const ORGANIZATION: &str = "AWS::Organizations::Organization";

/// Which accounts may call an operation besides the management account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    /// None.
    Management,
    /// Those that the organization's own policy lets.
    Delegation,
    /// Those and delegated administrators of services.
    Delegates,
    /// Every member.
    Members,
}

/// The organization that a call is about, as its caller stands in it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The organization.
    pub organization: Arc<Organization>,
    /// Where its records are.
    pub scope: Scope,
    /// Whether resources count as the caller's own.
    own: bool,
    /// The organization's own policy, where the caller needs it.
    policy: Option<Arc<str>>,
}

/// The organization of the calling account, if the account may call an operation that is so `open`.
///
/// # Errors
/// `AWSOrganizationsNotInUseException`, `AccessDeniedException`.
pub(crate) async fn enter(call: &mut Call, open: Open) -> Result<Place, Failure> {
    let account = call.account();
    let membership = call.tx.get::<Membership>(&Scope::global(account), MEMBERSHIP_ID).await;
    let membership = membership.or_internal()?.ok_or_else(refuse::not_in_use)?;
    let scope = Scope::global(membership.management_account);
    let organization = call.tx.get::<Organization>(&scope, &membership.organization).await;
    let organization = organization.or_internal()?.ok_or_else(refuse::not_in_use)?;
    let management = organization.management_account == account;
    let mut place = Place { organization, scope, own: true, policy: None };
    if management || open == Open::Members {
        return Ok(place);
    }
    if open == Open::Delegates {
        let own = call.tx.get::<Account>(&place.scope, account.as_str()).await.or_internal()?;
        if own.is_some_and(|own| !own.delegated.is_empty()) {
            return Ok(place);
        }
    }
    if open == Open::Management {
        return Err(refuse::denied());
    }
    let delegation = delegation(call, &place).await?.ok_or_else(refuse::denied)?;
    place.own = false;
    place.policy = Some(delegation.content.clone());
    Ok(place)
}

/// The organization's own policy.
pub(crate) async fn delegation(
    call: &mut Call,
    place: &Place,
) -> Result<Option<Arc<Delegation>>, Failure> {
    call.tx.get::<Delegation>(&place.scope, &place.organization.id).await.or_internal()
}

impl Place {
    /// Something of the organization as authorization and audit see it.
    pub fn resource(&self, call: &Call, arn: &str, kind: &'static str, tags: &Tags) -> Resource {
        let management = self.organization.management_account;
        let owner = if self.own { call.account() } else { management };
        Resource {
            policy: self.policy.clone(),
            tags: tags.clone(),
            ..Resource::new(ids::parse(arn, management), kind, owner)
        }
    }

    /// What is judged for an operation that knows no resources: `*`, and besides, where the organization's own policy must
    /// allow the call, `*` of the management account.
    pub fn anything(&self, call: &Call) -> Vec<Resource> {
        if self.own {
            return Vec::new();
        }
        let management = self.organization.management_account;
        let arn = Arn::new("organizations", &Region::default(), management, "*");
        let everything = Resource::new(arn, ORGANIZATION, management).for_action(call.action);
        vec![Resource { policy: self.policy.clone(), ..everything }]
    }

    /// Marks a change of the tree or of what is attached in it. All such changes write the organization's record, so two that
    /// would pass each other meet at commit.
    ///
    /// # Errors
    /// A failing store.
    pub async fn touch(&self, call: &mut Call) -> Result<(), Failure> {
        let id = &self.organization.id;
        let organization = call.tx.get::<Organization>(&self.scope, id).await.or_internal()?;
        let Some(organization) = organization else { return Err(refuse::not_in_use()) };
        call.tx.put(&self.scope, id, &*organization).or_internal()
    }
}
