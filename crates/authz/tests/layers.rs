//! Each layer by itself, as the documentation tells it, with the sentences that AWS answers.

use std::sync::Arc;

use authz::document::Effect;
use authz::grant::Constraints;
use authz::{
    Decision, Grant, Kind, Layer, Policies, Policy, Principal, Request, Verdict, evaluate,
};
use base::AccountId;

const ACCOUNT: &str = "123456789012";
const OTHER: &str = "210987654321";
const USER: &str = "arn:aws:iam::123456789012:user/JohnDoe";
const ROLE: &str = "arn:aws:iam::123456789012:role/app";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/app/s";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/k";
const ROOT: &str = "arn:aws:iam::123456789012:root";

fn account(id: &str) -> AccountId {
    id.parse().expect("an account")
}

fn user() -> Principal {
    Principal::user(account(ACCOUNT), USER)
}

fn session() -> Principal {
    Principal::role_session(account(ACCOUNT), SESSION, ROLE)
}

/// A policy of one statement.
fn policy(kind: Kind, effect: Effect, action: &str, principal: Option<&str>) -> Arc<Policy> {
    let who = principal.map_or(String::new(), |arn| format!(r#""Principal":{{"AWS":"{arn}"}},"#));
    let resource = if kind == Kind::Trust { "" } else { r#","Resource":"*""# };
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"one",{who}"Effect":"{effect:?}","Action":"{action}"{resource}}}]}}"#
    );
    Arc::new(Policy::read(kind, &format!("arn:aws:iam::{ACCOUNT}:policy/p"), &text).expect(&text))
}

fn allow(kind: Kind, action: &str) -> Arc<Policy> {
    policy(kind, Effect::Allow, action, None)
}

fn deny(kind: Kind, action: &str) -> Arc<Policy> {
    policy(kind, Effect::Deny, action, None)
}

fn on_resource(kind: Kind, principal: &str) -> Arc<Policy> {
    let action = if kind == Kind::Trust { "sts:AssumeRole" } else { "kms:*" };
    policy(kind, Effect::Allow, action, Some(principal))
}

fn decrypt(principal: Principal) -> Request {
    let mut request = Request::new(principal, "kms:Decrypt", KEY);
    request.resource_account = Some(account(ACCOUNT));
    request
}

fn refused(decision: &Decision, request: &Request) -> String {
    decision.message(request).expect("refused")
}

#[test]
fn sentences() {
    let request = Request::new(user(), "codedeploy:ListDeployments", "arn:aws:codedeploy:::g");
    let start = format!(
        "User: {USER} is not authorized to perform: codedeploy:ListDeployments \
         on resource: arn:aws:codedeploy:::g"
    );
    let action = "codedeploy:*";
    let all = [allow(Kind::Identity, action)];
    let none: [Arc<Policy>; 0] = [];
    let session = [allow(Kind::Session, "s3:*")];
    let boundary = allow(Kind::Boundary, "s3:*");
    let endpoint = policy(Kind::Endpoint, Effect::Deny, action, Some("*"));
    let control = [vec![allow(Kind::ServiceControl, "*"), deny(Kind::ServiceControl, action)]];
    let everything = Policies { identity: &all, ..Policies::default() };
    for (policies, end) in [
        (
            Policies { identity: &none, ..everything },
            "because no identity-based policy allows the codedeploy:ListDeployments action",
        ),
        (
            Policies { boundary: Some(&boundary), ..everything },
            "because no permissions boundary allows the codedeploy:ListDeployments action",
        ),
        (
            Policies { session: Some(&session), ..everything },
            "because no session policy allows the codedeploy:ListDeployments action",
        ),
        (
            Policies { endpoint: Some(&endpoint), ..everything },
            "with an explicit deny in a VPC endpoint policy",
        ),
        (
            Policies { service_control: &control, ..everything },
            "with an explicit deny in a service control policy: arn:aws:iam::123456789012:policy/p",
        ),
        (
            Policies { service_control: &[vec![]], ..everything },
            "because no service control policy allows the codedeploy:ListDeployments action",
        ),
    ] {
        let decision = evaluate(&request, &policies);
        assert_eq!(refused(&decision, &request), format!("{start} {end}"));
    }
    assert!(evaluate(&request, &everything).allowed);
    let nothing = Request::new(user(), "kms:ListKeys", "*");
    let decision = evaluate(&nothing, &Policies::default());
    assert_eq!(
        refused(&decision, &nothing),
        format!(
            "User: {USER} is not authorized to perform: kms:ListKeys because no identity-based policy allows the kms:ListKeys action"
        )
    );
}

#[test]
fn reasons_name_the_statement() {
    let identity = [allow(Kind::Identity, "kms:*"), deny(Kind::Identity, "kms:De*")];
    let decision =
        evaluate(&decrypt(user()), &Policies { identity: &identity, ..Policies::default() });
    let reason = decision.decisive().expect("a reason");
    assert_eq!((reason.layer, reason.verdict), (Layer::Identity, Verdict::Denies));
    let statement = reason.statement.as_ref().expect("a statement");
    assert_eq!((statement.index, statement.sid.as_deref()), (0, Some("one")));
    let stored = serde_json::to_string(&decision).expect("serialises");
    assert_eq!(serde_json::from_str::<Decision>(&stored).expect("reads"), decision);
}

#[test]
fn a_resource_policy_within_the_account() {
    let boundary = allow(Kind::Boundary, "s3:*");
    for (principal, named, bounded, free) in [
        (user(), USER, true, true),
        (user(), "*", true, true),
        (user(), ROOT, false, false),
        (session(), SESSION, true, true),
        (session(), ROLE, false, true),
        (session(), "*", true, true),
    ] {
        let resource = on_resource(Kind::Resource, named);
        let policies = Policies { resource: Some(&resource), ..Policies::default() };
        let request = decrypt(principal);
        assert_eq!(evaluate(&request, &policies).allowed, free, "{named}");
        let policies = Policies { boundary: Some(&boundary), ..policies };
        assert_eq!(evaluate(&request, &policies).allowed, bounded, "{named} with a boundary");
    }
}

#[test]
fn across_accounts_both_sides_must_allow() {
    let identity = [allow(Kind::Identity, "kms:*")];
    for (named, with, without) in [
        (SESSION, true, false),
        (ROLE, true, false),
        (ROOT, true, false),
        ("*", true, false),
        ("arn:aws:iam::210987654321:root", false, false),
    ] {
        let resource = on_resource(Kind::Resource, named);
        let mut request = decrypt(session());
        request.resource_account = Some(account(OTHER));
        let policies = Policies { resource: Some(&resource), ..Policies::default() };
        assert_eq!(evaluate(&request, &policies).allowed, without, "{named}");
        let policies = Policies { identity: &identity, ..policies };
        assert_eq!(evaluate(&request, &policies).allowed, with, "{named}");
    }
}

#[test]
fn a_key_policy_is_needed_and_may_delegate() {
    let identity = [allow(Kind::Identity, "kms:*")];
    let elsewhere = on_resource(Kind::Key, "arn:aws:iam::123456789012:user/Jane");
    let delegating = on_resource(Kind::Key, ROOT);
    let naming = on_resource(Kind::Key, USER);
    let request = decrypt(user());
    let judge = |key, identity| {
        evaluate(&request, &Policies { resource: Some(key), identity, ..Policies::default() })
    };
    let decision = judge(&elsewhere, &identity);
    let end = "because no resource-based policy allows the kms:Decrypt action";
    assert!(refused(&decision, &request).ends_with(end));
    assert!(judge(&delegating, &identity).allowed);
    assert!(!judge(&delegating, &[]).allowed);
    assert!(judge(&naming, &[]).allowed);
    let root = decrypt(Principal::root(account(ACCOUNT)));
    for (key, allowed) in [(&delegating, true), (&naming, false)] {
        let policies = Policies { resource: Some(key), ..Policies::default() };
        assert_eq!(evaluate(&root, &policies).allowed, allowed, "even the root user");
    }
}

#[test]
fn grants_stand_beside_the_key_policy() {
    let key = on_resource(Kind::Key, "arn:aws:iam::123456789012:user/Jane");
    let grants = [Grant {
        id: "g1".into(),
        grantee: USER.into(),
        retiring: None,
        operations: vec!["Decrypt".into()],
        constraints: Constraints::default(),
    }];
    let policies = Policies { resource: Some(&key), grants: &grants, ..Policies::default() };
    let decision = evaluate(&decrypt(user()), &policies);
    assert!(decision.allowed);
    assert_eq!(decision.decisive().expect("a reason").policy.as_deref(), Some("g1"));
    let mut abroad = decrypt(user());
    abroad.resource_account = Some(account(OTHER));
    assert!(evaluate(&abroad, &policies).allowed, "a grant is complete by itself");
    let identity = [deny(Kind::Identity, "kms:*")];
    assert!(!evaluate(&decrypt(user()), &Policies { identity: &identity, ..policies }).allowed);
    let session = evaluate(&decrypt(session()), &policies);
    assert!(!session.allowed, "somebody else's grant");
}

#[test]
fn trust_decides_who_assumes_a_role() {
    let identity = [allow(Kind::Identity, "sts:AssumeRole")];
    let request = |principal| {
        let mut request = Request::new(principal, "sts:AssumeRole", ROLE);
        request.resource_account = Some(account(ACCOUNT));
        request
    };
    for (named, identity, allowed) in [
        (USER, &[][..], true),
        (ROOT, &[][..], false),
        (ROOT, &identity[..], true),
        ("arn:aws:iam::123456789012:role/other", &identity[..], false),
    ] {
        let trust = on_resource(Kind::Trust, named);
        let policies = Policies { resource: Some(&trust), identity, ..Policies::default() };
        assert_eq!(evaluate(&request(user()), &policies).allowed, allowed, "{named}");
    }
    let own = Policies {
        identity: &identity,
        resource: Some(&on_resource(Kind::Trust, USER)),
        ..Policies::default()
    };
    let decision = evaluate(&request(session()), &own);
    assert_eq!(decision.decisive().expect("a reason").layer, Layer::Trust, "a role is not its own");
}

#[test]
fn sessions_and_strangers() {
    let identity = [allow(Kind::Identity, "*")];
    let federated = Principal::federated_user(
        account(ACCOUNT),
        "arn:aws:sts::123456789012:federated-user/fed",
        USER,
    );
    let request = decrypt(federated);
    let policies = Policies { identity: &identity, ..Policies::default() };
    let decision = evaluate(&request, &policies);
    assert_eq!(
        decision.decisive().expect("a reason").layer,
        Layer::Session,
        "no policy, no permission"
    );
    let session = [allow(Kind::Session, "kms:*")];
    assert!(evaluate(&request, &Policies { session: Some(&session), ..policies }).allowed);
    let public = on_resource(Kind::Resource, "*");
    for stranger in [Principal::anonymous(), Principal::service("logs.amazonaws.com")] {
        assert!(!evaluate(&decrypt(stranger.clone()), &policies).allowed);
        let policies = Policies { resource: Some(&public), ..Policies::default() };
        assert!(evaluate(&decrypt(stranger), &policies).allowed);
    }
}

#[test]
fn organizations_restrict_the_root_user_and_spare_service_linked_roles() {
    let levels =
        [vec![allow(Kind::ServiceControl, "*")], vec![allow(Kind::ServiceControl, "s3:*")]];
    let policies = Policies { service_control: &levels, ..Policies::default() };
    let root = decrypt(Principal::root(account(ACCOUNT)));
    let decision = evaluate(&root, &policies);
    assert_eq!(decision.decisive().expect("a reason").layer, Layer::ServiceControl);
    assert!(evaluate(&root, &Policies::default()).allowed);
    let identity = [allow(Kind::Identity, "kms:*")];
    let linked = Principal { service_linked: true, ..session() };
    assert!(evaluate(&decrypt(linked), &Policies { identity: &identity, ..policies }).allowed);
}
