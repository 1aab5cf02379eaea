//! AssumeRole: who is let in, what the session may do, how long it lasts.

use std::time::Duration;

use serde_json::json;

use crate::common::{ABROAD, EVERYTHING, HOME, TRUST_HOME, World, statement, trust};

#[tokio::test]
async fn a_session_acts_as_the_role_until_it_ends() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let role = world.role(HOME, "Deploy", TRUST_HOME, &[EVERYTHING]).await;
    let answer = world.assume(&alice, &role, &[("DurationSeconds", "900")]).await;
    let keys = answer.keys();
    assert!(keys.id.starts_with("ASIA"));
    assert_eq!(answer.text("Expiration"), "2026-01-01T00:15:00Z");
    assert!(answer.text("AssumedRoleId").ends_with(":session"));
    assert!(!answer.has("PackedPolicySize"), "nothing was passed");
    let arn = "arn:aws:sts::123456789012:assumed-role/Deploy/session";
    assert_eq!(answer.text("Arn"), arn);
    assert_eq!(world.arn(&keys).await, arn);
    assert_eq!(world.kms(&keys, "CreateKey", json!({})).await.status, 200);
    let record = world.newest(HOME).await;
    assert_eq!(record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"], "Deploy");

    world.harness.clock.advance(Duration::from_secs(901));
    let expired = world.arn(&keys).await;
    assert!(expired.starts_with("ExpiredToken: "), "{expired}");
}

#[tokio::test]
async fn trust_and_identity_policies_decide_together() {
    let world = World::new().await;
    let bare = world.user(HOME, "bare", &[]).await;
    let role = world.role(HOME, "R", TRUST_HOME, &[]).await;
    let user = "User: arn:aws:iam::123456789012:user/bare is not authorized to perform: sts:AssumeRole \
         on resource: arn:aws:iam::123456789012:role/R";
    // The account is trusted, so the account's own policies decide.
    let refusal = world.assume(&bare, &role, &[]).await.refusal();
    let why = "because no identity-based policy allows the sts:AssumeRole action";
    assert_eq!(refusal, format!("AccessDenied: {user} {why}"));
    // Named itself, the user needs nothing more.
    let by_name = trust("arn:aws:iam::123456789012:user/bare", "{}");
    let role = world.role(HOME, "R", &by_name, &[]).await;
    assert_eq!(world.assume(&bare, &role, &[]).await.status, 200);
    // A role that trusts nobody and one that is not there look the same.
    world.role(HOME, "R", &trust(ABROAD, "{}"), &[]).await;
    let admin = world.user(HOME, "admin", &[EVERYTHING]).await;
    let refused = world.assume(&admin, &role, &[]).await.refusal();
    world.delete_role(HOME, "R").await;
    let gone = world.assume(&admin, &role, &[]).await.refusal();
    assert_eq!(refused, gone);
    assert!(gone.ends_with("because no role trust policy allows the sts:AssumeRole action"));
}

#[tokio::test]
async fn across_accounts_both_must_agree() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let bare = world.user(HOME, "bare", &[]).await;
    let by_name = trust("arn:aws:iam::123456789012:user/bare", "{}");
    let named = world.role(ABROAD, "Named", &by_name, &[]).await;
    let open = world.role(ABROAD, "Open", TRUST_HOME, &[EVERYTHING]).await;
    assert_eq!(world.assume(&bare, &named, &[]).await.status, 403, "its own account must allow");
    let keys = world.assume(&alice, &open, &[]).await.keys();
    assert_eq!(world.arn(&keys).await, "arn:aws:sts::210987654321:assumed-role/Open/session");
    // The role's account is told, by account and id alone.
    let scope = store::Scope::new(ABROAD.parse().expect("an id"), base::Region::default());
    let theirs = world.harness.records_of(scope).await;
    let theirs = theirs.iter().find(|record| record["eventName"] == "AssumeRole").expect("one");
    let ours = world.newest(HOME).await;
    assert_eq!(theirs["sharedEventID"], ours["sharedEventID"]);
    assert_eq!(theirs["userIdentity"]["type"], "AWSAccount");
    assert_eq!(theirs["userIdentity"]["accountId"], HOME);
    assert!(theirs["userIdentity"].get("arn").is_none());
    assert_eq!(ours["userIdentity"]["userName"], "alice");
    assert_eq!(ours["readOnly"], true);
    assert_eq!(ours["resources"][0]["ARN"], open.as_str());
    let shown = ours["responseElements"]["credentials"].as_object().expect("credentials");
    assert!(shown.contains_key("accessKeyId") && !shown.contains_key("secretAccessKey"));
}

#[tokio::test]
async fn root_users_assume_nothing_but_a_stand_in_may() {
    let world = World::new().await;
    let role = world.role(HOME, "R", TRUST_HOME, &[]).await;
    assert_eq!(world.assume(&World::stand_in(HOME), &role, &[]).await.status, 200);
    assert_eq!(world.assume(&World::stand_in(ABROAD), &role, &[]).await.status, 403);
    let platform = &world.harness.platform;
    let account = HOME.parse().expect("an id");
    let now = world.harness.now();
    let made = platform.credentials().create_root(account, &base::random::System, now).await;
    let made = made.expect("a store").expect("credentials");
    let secret = String::from_utf8(made.secret_access_key.expose().to_vec()).expect("text");
    let root = crate::common::Keys { id: made.access_key_id, secret, token: None };
    let refusal = "AccessDenied: Roles may not be assumed by root accounts.";
    assert_eq!(world.assume(&root, &role, &[]).await.refusal(), refusal);
    let session = world.sts(&root, "GetSessionToken", &[]).await.keys();
    assert_eq!(world.assume(&session, &role, &[]).await.refusal(), refusal);
}

#[tokio::test]
async fn conditions_of_the_trust_policy_are_enforced() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let with = |key: &str, value: &str| {
        trust(HOME, &format!(r#"{{"StringEquals":{{"{key}":"{value}"}}}}"#))
    };
    let role = world.role(HOME, "R", &with("sts:ExternalId", "secret-7"), &[]).await;
    assert_eq!(world.assume(&alice, &role, &[]).await.status, 403);
    assert_eq!(world.assume(&alice, &role, &[("ExternalId", "secret-8")]).await.status, 403);
    assert_eq!(world.assume(&alice, &role, &[("ExternalId", "secret-7")]).await.status, 200);
    let named = with("sts:RoleSessionName", "${aws:username}");
    world.role(HOME, "R", &named, &[]).await;
    assert_eq!(world.assume(&alice, &role, &[]).await.status, 403);
    let members = [("RoleArn", role.as_str()), ("RoleSessionName", "alice")];
    assert_eq!(world.sts(&alice, "AssumeRole", &members).await.status, 200);
}

#[tokio::test]
async fn session_policies_only_take_away() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let lists = statement("Allow", "kms:ListKeys", "*");
    let role = world.role(HOME, "R", TRUST_HOME, &[EVERYTHING]).await;
    let answer = world.assume(&alice, &role, &[("Policy", &lists)]).await;
    assert_eq!(answer.text("PackedPolicySize"), "3");
    let keys = answer.keys();
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 200);
    let refused = world.kms(&keys, "CreateKey", json!({})).await;
    assert!(
        refused.body.contains("because no session policy allows the kms:CreateKey action"),
        "{}",
        refused.body
    );
    // It gives nothing that the role does not have.
    let bare = world.role(HOME, "Bare", TRUST_HOME, &[]).await;
    let keys = world.assume(&alice, &bare, &[("Policy", &lists)]).await.keys();
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 400);
    // Managed policies by ARN do the same, as they are at the time of the call.
    let arn = world.policy("Lister", &lists).await;
    let member = "PolicyArns.member.1.arn";
    let keys = world.assume(&alice, &role, &[(member, &arn)]).await.keys();
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 200);
    assert_eq!(world.kms(&keys, "CreateKey", json!({})).await.status, 400);
    world.policy("Lister", &statement("Allow", "kms:CreateKey", "*")).await;
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 400);
    assert_eq!(world.kms(&keys, "CreateKey", json!({})).await.status, 200);
}

#[tokio::test]
async fn what_is_wrong_with_session_policies_is_said() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let role = world.role(HOME, "R", TRUST_HOME, &[EVERYTHING]).await;
    let refusal = async |more: &[(&str, &str)]| world.assume(&alice, &role, more).await.refusal();
    assert_eq!(
        refusal(&[("Policy", "{")]).await,
        "MalformedPolicyDocument: Syntax errors in policy."
    );
    let fits = |chars: usize| {
        let policy = statement("Allow", "kms:ListKeys", "*");
        let padding = " ".repeat(chars - policy.len());
        policy + &padding
    };
    assert_eq!(world.assume(&alice, &role, &[("Policy", &fits(2048))]).await.status, 200);
    assert!(refusal(&[("Policy", &fits(2049))]).await.contains("less than or equal to 2048"));
    let unknown = ("PolicyArns.member.1.arn", "arn:aws:iam::123456789012:policy/Nothing");
    assert!(refusal(&[unknown]).await.starts_with("ValidationError: "));
    let members: Vec<String> = (1..=11).map(|n| format!("PolicyArns.member.{n}.arn")).collect();
    let arns: Vec<(&str, &str)> = members.iter().map(|m| (m.as_str(), EVERYTHING)).collect();
    assert_eq!(world.assume(&alice, &role, &arns[..10]).await.status, 200);
    assert!(refusal(&arns).await.contains("'policyArns'"));
    for role in
        ["arn:aws:iam::123456789012:user/alice", "arn:aws:iam::1:role/R", "a-role-without-an-arn"]
    {
        let refusal = world.assume(&alice, role, &[]).await.refusal();
        assert_eq!(refusal, format!("ValidationError: {role} is invalid"));
    }
}

#[tokio::test]
async fn durations_have_bounds() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let role = world.role(HOME, "R", TRUST_HOME, &[EVERYTHING]).await;
    let last = async |keys, seconds: &str| {
        world.assume(keys, &role, &[("DurationSeconds", seconds)]).await
    };
    assert_eq!(last(&alice, "7200").await.text("Expiration"), "2026-01-01T02:00:00Z");
    assert_eq!(
        last(&alice, "7201").await.refusal(),
        "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    );
    assert!(last(&alice, "899").await.refusal().starts_with("ValidationError: "));
    let keys = world.assume(&alice, &role, &[]).await.keys();
    assert_eq!(last(&keys, "3600").await.status, 200);
    assert_eq!(
        last(&keys, "3601").await.refusal(),
        "ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    );
}

#[tokio::test]
async fn sessions_end_with_their_role_and_cannot_be_forged() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let role = world.role(HOME, "R", TRUST_HOME, &[EVERYTHING]).await;
    let keys = world.assume(&alice, &role, &[]).await.keys();
    let other = world.assume(&alice, &role, &[]).await.keys();
    let token = keys.token.clone().expect("a token");
    let mut forged = token.clone().into_bytes();
    forged[60] = if forged[60] == b'A' { b'B' } else { b'A' };
    for (id, token) in [
        (&keys.id, Some(String::from_utf8(forged).expect("text"))),
        (&keys.id, other.token.clone()),
        (&other.id, Some(token.clone())),
        (&alice.id, Some(token.clone())),
        (&keys.id, None),
    ] {
        let stolen = crate::common::Keys { id: id.clone(), token, ..keys.clone() };
        let refusal = world.arn(&stolen).await;
        assert!(refusal.starts_with("InvalidClientTokenId: "), "{refusal}");
    }
    let wrong = crate::common::Keys { secret: other.secret, ..keys.clone() };
    assert!(world.arn(&wrong).await.starts_with("SignatureDoesNotMatch: "));
    // A role that is made again is another role.
    world.delete_role(HOME, "R").await;
    assert!(world.arn(&keys).await.starts_with("InvalidClientTokenId: "));
    world.role(HOME, "R", TRUST_HOME, &[EVERYTHING]).await;
    assert!(world.arn(&keys).await.starts_with("InvalidClientTokenId: "));
}
