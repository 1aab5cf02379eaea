//! Keys of other accounts.

use api_kms::operations::{Decrypt, DescribeKey, EnableKey, GetKeyPolicy};
use api_kms::{DecryptRequest, DescribeKeyRequest, EnableKeyRequest, GetKeyPolicyRequest};

use crate::common::{HOME, Kms, OWNER, STRANGER, allow, delegation, refused, root, text, user_arn};

const UNSEEN: &str = "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access";
const UNKNOWN: &str = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";

fn both() -> String {
    format!("{},{}", delegation(STRANGER), delegation(OWNER))
}

#[tokio::test]
async fn both_accounts_must_allow() {
    let kms = Kms::new().await;
    let key = kms.key_of(STRANGER).await;
    let alice = kms.user("alice", &allow(r#""kms:*""#)).await;
    let bob = kms.user("bob", "").await;
    for caller in [&alice, &bob, &root()] {
        refused(kms.encrypt(caller, &key, &[]).await, UNSEEN);
    }
    kms.put_policy(STRANGER, &key, &both()).await;
    kms.encrypt(&alice, &key, &[]).await.expect("both halves");
    kms.encrypt(&root(), &key, &[]).await.expect("both halves");
    refused(
        kms.encrypt(&bob, &key, &[]).await,
        "because no identity-based policy allows the kms:Encrypt action",
    );
    // Named by the key policy, its own account still must allow.
    let named = format!(
        r#"{},{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"kms:Encrypt","Resource":"*"}}"#,
        delegation(STRANGER),
        user_arn("bob")
    );
    kms.put_policy(STRANGER, &key, &named).await;
    refused(
        kms.encrypt(&bob, &key, &[]).await,
        "because no identity-based policy allows the kms:Encrypt action",
    );
}

#[tokio::test]
async fn what_is_not_yours_looks_like_what_is_not_there() {
    let kms = Kms::new().await;
    let there = kms.key_of(STRANGER).await;
    let alice = kms.user("alice", &allow(r#""kms:*""#)).await;
    let missing = format!("arn:aws:kms:{HOME}:{STRANGER}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    let alias = format!("arn:aws:kms:{HOME}:{STRANGER}:alias/none");
    for key in [&there, &missing, &alias] {
        let expected = format!(
            "AccessDeniedException: User: {} is not authorized to perform: kms:Encrypt on resource: {key} {UNSEEN}",
            user_arn("alice")
        );
        assert_eq!(text(kms.encrypt(&alice, key, &[]).await), expected);
    }
}

#[tokio::test]
async fn some_operations_never_cross() {
    let kms = Kms::new().await;
    let key = kms.key_of(STRANGER).await;
    kms.put_policy(STRANGER, &key, &both()).await;
    let describe = DescribeKeyRequest { key_id: Some(key.clone()), ..Default::default() };
    kms.by::<DescribeKey>(&root(), describe).await.expect("may cross");
    let enable = EnableKeyRequest { key_id: Some(key.clone()) };
    refused(kms.by::<EnableKey>(&root(), enable).await, UNSEEN);
    let read = GetKeyPolicyRequest { key_id: Some(key), policy_name: None };
    refused(kms.by::<GetKeyPolicy>(&root(), read).await, UNSEEN);
}

#[tokio::test]
async fn a_ciphertext_does_not_tell_whose_it_is() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let blob = kms.encrypt(&root(), &key, &[]).await.expect("encrypted");
    let bob = kms.user("bob", "").await;
    let refusal = format!("AccessDeniedException: {UNKNOWN}");
    assert_eq!(text(kms.decrypt(&bob, &blob, &[]).await), refusal);
    let request =
        || DecryptRequest { ciphertext_blob: blob.ciphertext_blob.clone(), ..Default::default() };
    assert_eq!(text(kms.call_as::<Decrypt>(STRANGER, HOME, request()).await), refusal);
    // In a Region where there is no such key.
    assert_eq!(text(kms.call_as::<Decrypt>(OWNER, "eu-west-1", request()).await), refusal);
    // Who names the key has it named.
    let named = DecryptRequest { key_id: Some(key), ..request() };
    refused(
        kms.by::<Decrypt>(&bob, named).await,
        "because no identity-based policy allows the kms:Decrypt action",
    );
}
