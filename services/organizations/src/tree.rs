//! The tree of units and accounts: ListChildren, ListParents, MoveAccount.

use std::sync::Arc;

use api_organizations::error::{
    ACCOUNT_NOT_FOUND_EXCEPTION, CHILD_NOT_FOUND_EXCEPTION, DESTINATION_PARENT_NOT_FOUND_EXCEPTION,
    DUPLICATE_ACCOUNT_EXCEPTION, SOURCE_PARENT_NOT_FOUND_EXCEPTION,
};
use api_organizations::operations::{ListChildren, ListParents, MoveAccount};
use api_organizations::{
    Child, ChildType, InvalidInputExceptionReason as Invalid, ListChildrenRequest,
    ListChildrenResponse, ListParentsRequest, ListParentsResponse, MoveAccountRequest, Parent,
    ParentType, Unit,
};
use identity::organization;
use platform::{Call, Facts, Handle, Resource, Service};
use shape::Failure;

use crate::access::{self, Open, Place};
use crate::find::{self, Node};
use crate::{Organizations, paging, refuse};

pub(crate) fn operations(service: Service, organizations: &Arc<Organizations>) -> Service {
    service
        .operation::<ListChildren, _>(organizations)
        .operation::<ListParents, _>(organizations)
        .operation::<MoveAccount, _>(organizations)
}

impl Handle<ListChildren> for Organizations {
    const FACTS: Facts =
        Facts::read("organizations:ListChildren").on(&["organizationalunit", "root"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListChildrenRequest,
    ) -> Result<Vec<Resource>, Failure> {
        find::parent_named(call, Open::Delegates, input.parent_id()).await
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListChildrenRequest,
    ) -> Result<ListChildrenResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let parent = input.parent_id();
        let ids: Vec<String> = match &input.child_type {
            Some(ChildType::OrganizationalUnit) => {
                let units = find::all::<organization::Unit>(call, &place.scope).await?;
                let units = units.iter().filter(|unit| unit.parent == parent);
                units.map(|unit| unit.id.clone()).collect()
            }
            Some(ChildType::Account) => {
                let accounts = find::accounts(call, &place).await?;
                let accounts = accounts.iter().filter(|account| account.parent == parent);
                accounts.map(|account| account.id.to_string()).collect()
            }
            _ => {
                let text = "You specified an invalid ChildType.";
                return Err(refuse::invalid(Invalid::InvalidEnum, text));
            }
        };
        let child =
            |id: String| (id.clone(), Child { id: Some(id), r#type: input.child_type.clone() });
        let (children, next_token) = paging::page::<ListChildren, _>(
            ids.into_iter().map(child),
            input.max_results,
            input.next_token.as_deref(),
        )?;
        Ok(ListChildrenResponse { children: Some(children), next_token })
    }
}

impl Handle<ListParents> for Organizations {
    const FACTS: Facts =
        Facts::read("organizations:ListParents").on(&["account", "organizationalunit"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &ListParentsRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let child = child(call, &place, input.child_id()).await?;
        Ok(vec![child.resource(call, &place)])
    }

    async fn handle(
        &self,
        call: &mut Call,
        input: &ListParentsRequest,
    ) -> Result<ListParentsResponse, Failure> {
        let place = access::enter(call, Open::Delegates).await?;
        let id = match child(call, &place, input.child_id()).await? {
            Node::Unit(unit) => unit.parent,
            Node::Account(account) => account.parent,
            Node::Root(organization) => organization.root,
        };
        let kind = match id == place.organization.root {
            true => ParentType::Root,
            false => ParentType::OrganizationalUnit,
        };
        let parent = [(id.clone(), Parent { id: Some(id), r#type: Some(kind) })];
        let token = input.next_token.as_deref();
        let (parents, next_token) =
            paging::page::<ListParents, _>(parent, input.max_results, token)?;
        Ok(ListParentsResponse { parents: Some(parents), next_token })
    }
}

async fn child(call: &mut Call, place: &Place, id: &str) -> Result<Node, Failure> {
    let found = find::node(call, place, id).await?;
    let child = found.filter(|node| !matches!(node, Node::Root(_)));
    child.ok_or_else(|| {
        CHILD_NOT_FOUND_EXCEPTION
            .because("We can't find an OU or account with the ChildId that you specified.")
    })
}

/// What a request to move an account names.
struct Move {
    account: organization::Account,
    from: Node,
    to: Node,
}

async fn moved(
    call: &mut Call,
    place: &Place,
    input: &MoveAccountRequest,
) -> Result<Move, Failure> {
    let (from, to) = (input.source_parent_id(), input.destination_parent_id());
    Ok(Move {
        account: find::account(call, place, input.account_id()).await?,
        from: find::parent_or(call, place, from, &SOURCE_PARENT_NOT_FOUND_EXCEPTION).await?,
        to: find::parent_or(call, place, to, &DESTINATION_PARENT_NOT_FOUND_EXCEPTION).await?,
    })
}

impl Handle<MoveAccount> for Organizations {
    const FACTS: Facts =
        Facts::write("organizations:MoveAccount").on(&["account", "organizationalunit", "root"]);

    async fn resources(
        &self,
        call: &mut Call,
        input: &MoveAccountRequest,
    ) -> Result<Vec<Resource>, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let Move { account, from, to } = moved(call, &place, input).await?;
        let nodes = [Node::Account(account), from, to];
        Ok(nodes.iter().map(|node| node.resource(call, &place)).collect())
    }

    async fn handle(&self, call: &mut Call, input: &MoveAccountRequest) -> Result<Unit, Failure> {
        let place = access::enter(call, Open::Management).await?;
        let Move { mut account, from, to } = moved(call, &place, input).await?;
        if account.parent == to.id() {
            return Err(DUPLICATE_ACCOUNT_EXCEPTION
                .because("That account is already present in the specified destination."));
        }
        if account.parent != from.id() {
            return Err(ACCOUNT_NOT_FOUND_EXCEPTION
                .because("The account is not in the source parent that you specified."));
        }
        account.parent = to.id().to_owned();
        Node::Account(account).change(call, &place).await?;
        Ok(Unit {})
    }
}
