//! Codes of MFA devices: what they open, and that each opens once.

use std::time::Duration;

use identity::mfa;
use identity::record::{MfaDevice, MfaOwner, Tags};
use keyring::{Secret, totp};
use serde_json::json;

use crate::common::{EVERYTHING, HOME, World, trust};

const SERIAL: &str = "arn:aws:iam::123456789012:mfa/phone";
/// Lets do anything who has shown a second factor within five minutes.
const IF_SHOWN: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",
    "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},"NumericLessThan":{"aws:MultiFactorAuthAge":"300"}}}}"#;

/// A device `phone` of the user `alice`; its seed.
async fn phone(world: &World) -> Secret {
    let account = HOME.parse().expect("an account id");
    let (seed, sealed) = mfa::new_seed(&world.harness.keyring, account, "phone").expect("a seed");
    let device = MfaDevice {
        name: "phone".to_owned(),
        path: "/".to_owned(),
        seed: sealed,
        created: world.harness.now(),
        owner: Some(MfaOwner::User("alice".to_owned())),
        enabled: Some(world.harness.now()),
        last_step: 0,
        drift: 0,
        tags: Tags::new(),
    };
    world.put(HOME, "phone", &device).await;
    seed
}

fn code(world: &World, seed: &Secret) -> String {
    totp::code(seed, world.harness.now().seconds() / totp::STEP_SECONDS)
}

#[tokio::test]
async fn a_code_opens_a_role_once() {
    let world = World::new().await;
    let seed = phone(&world).await;
    let alice = world.user(HOME, "alice", &[EVERYTHING]).await;
    let bob = world.user(HOME, "bob", &[EVERYTHING]).await;
    let trusted = trust(HOME, r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
    let policy = world.policy("IfShown", IF_SHOWN).await;
    let role = world.role(HOME, "R", &trusted, &[&policy]).await;
    assert_eq!(world.assume(&alice, &role, &[]).await.status, 403);

    let right = code(&world, &seed);
    let show = async |keys, code: &str| {
        world.assume(keys, &role, &[("SerialNumber", SERIAL), ("TokenCode", code)]).await
    };
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let refusal = show(&alice, wrong).await.refusal();
    assert_eq!(
        refusal,
        "AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. "
    );
    let refusal = show(&bob, &right).await.refusal();
    assert!(refusal.contains("unable to validate MFA code"), "{refusal}");
    let half = world.assume(&alice, &role, &[("TokenCode", &right)]).await.refusal();
    assert!(half.contains("must provide both"), "{half}");

    let keys = show(&alice, &right).await.keys();
    assert_eq!(show(&alice, &right).await.status, 403, "the code is used up");
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 200);
    let attributes = &world.newest(HOME).await["userIdentity"]["sessionContext"]["attributes"];
    assert_eq!(attributes["mfaAuthenticated"], "true");
    world.harness.clock.advance(Duration::from_secs(301));
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 400, "shown too long ago");
    // The record of the call does not tell the code.
    assert!(!world.newest(HOME).await.to_string().contains(&right));
}

#[tokio::test]
async fn a_session_of_a_user_remembers_the_second_factor() {
    let world = World::new().await;
    let seed = phone(&world).await;
    let policy = world.policy("IfShown", IF_SHOWN).await;
    let alice = world.user(HOME, "alice", &[&policy]).await;
    assert_eq!(world.kms(&alice, "ListKeys", json!({})).await.status, 400);
    let plain = world.sts(&alice, "GetSessionToken", &[]).await.keys();
    assert_eq!(world.kms(&plain, "ListKeys", json!({})).await.status, 400);
    let right = code(&world, &seed);
    let members = [("SerialNumber", SERIAL), ("TokenCode", right.as_str())];
    let keys = world.sts(&alice, "GetSessionToken", &members).await.keys();
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 200);
    let iam = world.query(Some(&keys), ("iam", "2010-05-08"), "ListUsers", &[]).await;
    assert_eq!(iam.status, 200, "IAM takes sessions with a second factor");
    // It counts for a role's trust policy, and not for the role's session.
    let trusted = trust(HOME, r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#);
    let role = world.role(HOME, "R", &trusted, &[&policy]).await;
    let keys = world.assume(&keys, &role, &[]).await.keys();
    assert_eq!(world.kms(&keys, "ListKeys", json!({})).await.status, 400);
    // A session has no device of its own to show.
    world.harness.clock.advance(Duration::from_secs(60));
    let right = code(&world, &seed);
    let members = [("SerialNumber", SERIAL), ("TokenCode", right.as_str())];
    let refusal = world.assume(&plain, &role, &members).await.refusal();
    assert!(refusal.contains("unable to validate MFA code"), "{refusal}");
}
