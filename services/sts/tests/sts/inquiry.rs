//! What can be asked about keys and refusals.

use serde_json::{Value, json};

use crate::common::{ABROAD, EVERYTHING, HOME, World, trust};

#[tokio::test]
async fn access_keys_tell_their_account() {
    let world = World::new().await;
    let foreign = world.user(ABROAD, "far", &[]).await;
    let root = World::stand_in(HOME);
    let answer = world.sts(&root, "GetAccessKeyInfo", &[("AccessKeyId", &foreign.id)]).await;
    assert_eq!(answer.text("Account"), ABROAD);
    let answer =
        world.sts(&root, "GetAccessKeyInfo", &[("AccessKeyId", "AKIA0000000000000000")]).await;
    assert!(answer.refusal().starts_with("ValidationError: "));
    let session = world.sts(&root, "GetSessionToken", &[]).await.keys();
    let answer = world.sts(&session, "GetAccessKeyInfo", &[("AccessKeyId", &foreign.id)]).await;
    let refusal = "AccessDenied: Cannot call GetAccessKeyInfo with session credentials";
    assert_eq!(answer.refusal(), refusal);
    let bare = world.user(HOME, "bare", &[]).await;
    let answer = world.sts(&bare, "GetAccessKeyInfo", &[("AccessKeyId", &foreign.id)]).await;
    assert!(answer.refusal().starts_with("AccessDenied: "));
}

#[tokio::test]
async fn refusals_explain_themselves_to_who_may_read_it() {
    let world = World::new().await;
    let denies = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"*","Resource":"*"},
        {"Sid":"NoKeys","Effect":"Deny","Action":"kms:CreateKey","Resource":"*"}]}"#;
    let policy = world.policy("Careful", denies).await;
    let alice = world.user(HOME, "alice", &[&policy]).await;
    let bare = world.user(HOME, "bare", &[]).await;
    let refused = world.kms(&alice, "CreateKey", json!({})).await;
    assert!(refused.body.contains("with an explicit deny in an identity-based policy"));
    let record = world.newest(HOME).await;
    let message = record["additionalEventData"]["encodedAuthorizationMessage"].as_str();
    let message = message.expect("a message").to_owned();
    assert!(!message.contains("NoKeys"));

    let members = [("EncodedMessage", message.as_str())];
    let decode = async |keys| world.sts(keys, "DecodeAuthorizationMessage", &members).await;
    let answer = decode(&alice).await;
    let decoded = answer.text("DecodedMessage").replace("&quot;", "\"").replace("&#34;", "\"");
    let decoded: Value = serde_json::from_str(&decoded).expect("JSON");
    assert_eq!((&decoded["allowed"], &decoded["explicitDeny"]), (&json!(false), &json!(true)));
    assert_eq!(decoded["requestId"], record["requestID"]);
    let statement = &decoded["matchedStatements"]["items"][0];
    assert_eq!(statement["statementId"], "NoKeys");
    assert_eq!(statement["sourcePolicyId"], policy.as_str());
    let context = &decoded["context"];
    assert_eq!(context["principal"]["arn"], "arn:aws:iam::123456789012:user/alice");
    assert_eq!(context["principal"]["name"], "alice");
    assert_eq!(context["action"], "kms:CreateKey");
    let conditions = context["conditions"]["items"].as_array().expect("conditions");
    let region = conditions.iter().find(|c| c["key"] == "aws:requestedregion").expect("a Region");
    assert_eq!(region["values"]["items"][0]["value"], "us-east-1");
    assert_eq!(decoded["reasons"][0]["statement"]["at"]["line"], 3);

    assert!(decode(&bare).await.refusal().starts_with("AccessDenied: "));
    let abroad = world.user(ABROAD, "far", &[EVERYTHING]).await;
    let invalid = "InvalidAuthorizationMessageException: Message validation failed";
    assert_eq!(decode(&abroad).await.refusal(), invalid);
    let mut forged = message.into_bytes();
    forged[30] = if forged[30] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("text");
    let members = [("EncodedMessage", forged.as_str())];
    let answer = world.sts(&alice, "DecodeAuthorizationMessage", &members).await;
    assert_eq!(answer.refusal(), invalid);
}

#[tokio::test]
async fn a_refusal_in_crowded_circumstances_can_still_be_decoded() {
    let world = World::new().await;
    let alice = world.user(HOME, "alice", &[]).await;
    let trusted = trust("arn:aws:iam::123456789012:user/alice", "{}");
    let role = world.role(HOME, "R", &trusted, &[]).await;
    // Tags that fill a session stand in the circumstances of its calls, several times over where they are passed on.
    let tags = (1..=50).flat_map(|n| {
        let key = (format!("Tags.member.{n}.Key"), format!("{n:0>20}"));
        [key, (format!("Tags.member.{n}.Value"), "v".repeat(60))]
    });
    let tags: Vec<(String, String)> = tags.collect();
    let tags: Vec<(&str, &str)> = tags.iter().map(|(k, v)| (&**k, &**v)).collect();
    let keys = world.assume(&alice, &role, &tags).await.keys();
    let other = world.role(HOME, "Other", &trust(ABROAD, "{}"), &[]).await;
    assert_eq!(world.assume(&keys, &other, &tags).await.status, 403);
    let record = world.newest(HOME).await;
    let message = record["additionalEventData"]["encodedAuthorizationMessage"].as_str();
    let members = [("EncodedMessage", message.expect("a message"))];
    let root = World::stand_in(HOME);
    let answer = world.sts(&root, "DecodeAuthorizationMessage", &members).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.contains("aws:principalarn"), "what is short is still told");
}
