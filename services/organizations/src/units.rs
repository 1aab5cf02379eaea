//! Organizational units.

use std::sync::Arc;

use api_organizations::error::{
    DUPLICATE_ORGANIZATIONAL_UNIT_EXCEPTION, ORGANIZATIONAL_UNIT_NOT_EMPTY_EXCEPTION,
};
use api_organizations::operations::{
    CreateOrganizationalUnit, DeleteOrganizationalUnit, DescribeOrganizationalUnit,
    ListOrganizationalUnitsForParent, UpdateOrganizationalUnit,
};
use api_organizations::{
    ConstraintViolationExceptionReason as Constraint, CreateOrganizationalUnitRequest,
    CreateOrganizationalUnitResponse, DeleteOrganizationalUnitRequest,
    DescribeOrganizationalUnitRequest, DescribeOrganizationalUnitResponse,
    ListOrganizationalUnitsForParentRequest, ListOrganizationalUnitsForParentResponse,
    OrganizationalUnit, UpdateOrganizationalUnitRequest, UpdateOrganizationalUnitResponse,
};
use identity::organization::{DEPTH_MAX, Unit};
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::refuse::{self, OrInternal as _};
use crate::{Organizations, ids, organization, paging, tags};

/// Units of an organization at most.
const UNITS_MAX: usize = 2_000;
/// Characters of a unit's id behind that of its root.
const UNIT_CHARS: usize = 8;

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<CreateOrganizationalUnit, _>(organizations)
        .operation::<DescribeOrganizationalUnit, _>(organizations)
        .operation::<UpdateOrganizationalUnit, _>(organizations)
        .operation::<DeleteOrganizationalUnit, _>(organizations)
        .operation::<ListOrganizationalUnitsForParent, _>(organizations)
}

impl Handle<CreateOrganizationalUnit> for Organizations {
    const FACTS: Facts = Facts::write("organizations:CreateOrganizationalUnit")
        .on(&["organizationalunit", "root"])
        .keys(&["aws:RequestTag/${TagKey}", "aws:TagKeys"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &CreateOrganizationalUnitRequest,
    ) -> Result<Vec<Resource>, Failure> {
        find::parent_named(call, Open::Management, input.parent_id()).await
    }

    fn conditions(
        &self,
        _call: &Call,
        input: &CreateOrganizationalUnitRequest,
        request: &mut authz::Request,
    ) {
        tags::conditions(request, input.tags.as_ref());
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &CreateOrganizationalUnitRequest,
    ) -> Result<CreateOrganizationalUnitResponse, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let parent = input.parent_id();
        let units = find::all::<Unit>(call, &place.scope).await?;
        if find::units_above(call, &place, parent).await?.len() >= DEPTH_MAX {
            let text = "You have exceeded the allowed nesting depth of OUs.";
            return Err(refuse::constraint(Constraint::OuDepthLimitExceeded, text));
        }
        if units.len() >= UNITS_MAX {
            let text = "You have exceeded the allowed number of OUs.";
            return Err(refuse::constraint(Constraint::OuNumberLimitExceeded, text));
        }
        check_name(&units, parent, input.name())?;
        let root = place.organization.root.trim_start_matches("r-");
        let unit = Unit {
            id: ids::fresh(&format!("ou-{root}-"), UNIT_CHARS, call.random()),
            name: input.name().to_owned(),
            parent: parent.to_owned(),
            attached: organization::attached_to_new(&place.organization),
            tags: tags::new(input.tags.as_ref())?,
        };
        place.touch(call).await?;
        call.tx.create(&place.scope, &unit.id, &unit).or_internal()?;
        let shown = show(call, &place, &unit).await?;
        Ok(CreateOrganizationalUnitResponse { organizational_unit: Some(shown) })
    }
}

/// No two units below one parent have the same name.
fn check_name(units: &[Arc<Unit>], parent: &str, name: &str) -> Result<(), Failure> {
    if units.iter().any(|unit| unit.parent == parent && unit.name == name) {
        return Err(DUPLICATE_ORGANIZATIONAL_UNIT_EXCEPTION
            .because("An OU with the same name already exists."));
    }
    Ok(())
}

/// The unit that a request names, for authorization.
async fn named(call: &mut Call, open: Open, id: &str) -> Result<Vec<Resource>, Failure> {
    let place = access::enter(call, open).await?;
    let unit = find::unit(call, &place, id).await?;
    Ok(vec![Node::Unit(unit).resource(call, &place)])
}

impl Handle<DescribeOrganizationalUnit> for Organizations {
    const FACTS: Facts =
        Facts::read("organizations:DescribeOrganizationalUnit").on(&["organizationalunit"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DescribeOrganizationalUnitRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Delegates, input.organizational_unit_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DescribeOrganizationalUnitRequest,
    ) -> Result<DescribeOrganizationalUnitResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let unit = find::unit(call, &place, input.organizational_unit_id()).await?;
        let shown = show(call, &place, &unit).await?;
        Ok(DescribeOrganizationalUnitResponse { organizational_unit: Some(shown) })
    }
}

impl Handle<UpdateOrganizationalUnit> for Organizations {
    const FACTS: Facts =
        Facts::write("organizations:UpdateOrganizationalUnit").on(&["organizationalunit"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &UpdateOrganizationalUnitRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Management, input.organizational_unit_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &UpdateOrganizationalUnitRequest,
    ) -> Result<UpdateOrganizationalUnitResponse, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let mut unit = find::unit(call, &place, input.organizational_unit_id()).await?;
        if let Some(name) = input.name.as_ref().filter(|name| **name != unit.name) {
            check_name(&find::all(call, &place.scope).await?, &unit.parent, name)?;
            unit.name.clone_from(name);
            Node::Unit(unit.clone()).change(call, &place).await?;
        }
        let shown = show(call, &place, &unit).await?;
        Ok(UpdateOrganizationalUnitResponse { organizational_unit: Some(shown) })
    }
}

impl Handle<DeleteOrganizationalUnit> for Organizations {
    const FACTS: Facts =
        Facts::write("organizations:DeleteOrganizationalUnit").on(&["organizationalunit"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &DeleteOrganizationalUnitRequest,
    ) -> Result<Vec<Resource>, Failure> {
        named(call, Open::Management, input.organizational_unit_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &DeleteOrganizationalUnitRequest,
    ) -> Result<api_organizations::Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let id = input.organizational_unit_id();
        let units = find::all::<Unit>(call, &place.scope).await?;
        let accounts = find::accounts(call, &place).await?;
        if units.iter().any(|unit| unit.parent == id) || accounts.iter().any(|a| a.parent == id) {
            return Err(ORGANIZATIONAL_UNIT_NOT_EMPTY_EXCEPTION.because(
                "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.",
            ));
        }
        place.touch(call).await?;
        call.tx.delete::<Unit>(&place.scope, id).or_internal()?;
        Ok(api_organizations::Unit {})
    }
}

impl Handle<ListOrganizationalUnitsForParent> for Organizations {
    const FACTS: Facts = Facts::read("organizations:ListOrganizationalUnitsForParent")
        .on(&["organizationalunit", "root"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListOrganizationalUnitsForParentRequest,
    ) -> Result<Vec<Resource>, Failure> {
        find::parent_named(call, Open::Delegates, input.parent_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListOrganizationalUnitsForParentRequest,
    ) -> Result<ListOrganizationalUnitsForParentResponse, Failure> {
        type Own = ListOrganizationalUnitsForParent;
        let place = access::enter(call, Open::Delegates).await?;
        let mut units = find::all::<Unit>(call, &place.scope).await?;
        units.retain(|unit| unit.parent == input.parent_id());
        let units = units.into_iter().map(|unit| (unit.id.clone(), unit));
        let token = input.next_token.as_deref();
        let (units, next_token) = paging::page::<Own, _>(units, input.max_results, token)?;
        let mut shown = Vec::with_capacity(units.len());
        for unit in units {
            shown.push(show(call, &place, &unit).await?);
        }
        Ok(ListOrganizationalUnitsForParentResponse {
            organizational_units: Some(shown),
            next_token,
        })
    }
}

async fn show(call: &Call, place: &Place, unit: &Unit) -> Result<OrganizationalUnit, Failure> {
    Ok(OrganizationalUnit {
        id: Some(unit.id.clone()),
        arn: Some(Node::Unit(unit.clone()).arn(place)),
        name: Some(unit.name.clone()),
        path: Some(find::path(call, place, &unit.parent, &unit.id).await?),
    })
}
