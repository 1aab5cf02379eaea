use std::collections::BTreeMap;

use api_kms::operations::{CreateAlias, DeleteAlias, ListAliases, UpdateAlias};
use api_kms::{
    AliasListEntry, CreateAliasRequest, DeleteAliasRequest, ListAliasesRequest, UpdateAliasRequest,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use shape::Failure;

use crate::common::{ABROAD, HOME, Kms, OWNER, name, text};

impl Kms {
    async fn create_alias(&self, alias: &str, key: &str) -> Result<(), Failure> {
        let request =
            CreateAliasRequest { alias_name: Some(alias.into()), target_key_id: Some(key.into()) };
        self.call::<CreateAlias>(request).await.map(drop)
    }

    async fn update_alias(&self, alias: &str, key: &str) -> Result<(), Failure> {
        let request =
            UpdateAliasRequest { alias_name: Some(alias.into()), target_key_id: Some(key.into()) };
        self.call::<UpdateAlias>(request).await.map(drop)
    }

    async fn delete_alias(&self, alias: &str) -> Result<(), Failure> {
        let request = DeleteAliasRequest { alias_name: Some(alias.into()) };
        self.call::<DeleteAlias>(request).await.map(drop)
    }

    /// All aliases, or those of a key, read three at a time.
    async fn aliases(&self, key: Option<&str>) -> Vec<AliasListEntry> {
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let request = ListAliasesRequest {
                key_id: key.map(str::to_owned),
                limit: Some(3),
                marker: marker.take(),
            };
            let page = self.call::<ListAliases>(request).await.expect("a page");
            seen.extend(page.aliases.expect("aliases"));
            match page.next_marker {
                Some(next) => marker = Some(next),
                None => return seen,
            }
        }
    }
}

#[tokio::test]
async fn an_alias_leads_to_its_key_and_can_be_moved() {
    let kms = Kms::new().await;
    let (one, two) = (kms.key().await, kms.key().await);
    kms.create_alias("alias/app/main", &one).await.expect("created");
    let arn = format!("arn:aws:kms:{HOME}:{OWNER}:alias/app/main");
    for form in ["alias/app/main", &arn] {
        assert_eq!(kms.describe(form).await.key_id.as_ref(), Some(&one), "{form}");
    }
    assert_eq!(name(kms.try_describe(ABROAD, "alias/app/main").await), "NotFoundException");
    let exists = text(kms.create_alias("alias/app/main", &two).await);
    assert_eq!(
        exists,
        format!("AlreadyExistsException: An alias with the name {arn} already exists")
    );

    kms.clock.advance(std::time::Duration::from_secs(60));
    kms.update_alias("alias/app/main", &two).await.expect("moved");
    assert_eq!(kms.describe("alias/app/main").await.key_id.as_ref(), Some(&two));
    assert!(kms.aliases(Some(&one)).await.is_empty());
    let listed = kms.aliases(Some(&two)).await.remove(0);
    assert_eq!(listed.alias_arn, Some(arn));
    assert_eq!(listed.target_key_id, Some(two));
    assert!(listed.last_updated_date > listed.creation_date);

    kms.delete_alias("alias/app/main").await.expect("deleted");
    assert_eq!(name(kms.delete_alias("alias/app/main").await), "NotFoundException");
    let records = kms.records().await;
    let deletion =
        records.iter().find(|r| r["eventName"] == "DeleteAlias" && r["errorCode"].is_null());
    let resources = deletion.expect("a record")["resources"].as_array().expect("resources").len();
    assert_eq!(resources, 2);
}

#[tokio::test]
async fn names_and_targets_are_checked() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    let cases = [
        ("alias/aws/mine", "NotAuthorizedException"),
        ("mine", "ValidationException"),
        ("alias/", "ValidationException"),
        ("alias/a b", "ValidationException"),
        ("alias/a:b", "InvalidAliasNameException"),
    ];
    for (alias, expected) in cases {
        assert_eq!(name(kms.create_alias(alias, &key).await), expected, "{alias}");
    }
    assert_eq!(name(kms.create_alias("alias/x", "alias/y").await), "NotFoundException");
    let managed = kms.describe("alias/aws/s3").await.key_id.expect("an id");
    assert_eq!(name(kms.create_alias("alias/x", &managed).await), "AccessDeniedException");
    assert_eq!(name(kms.delete_alias("alias/aws/s3").await), "NotAuthorizedException");
    assert_eq!(name(kms.update_alias("alias/none", &key).await), "NotFoundException");
}

#[tokio::test]
async fn an_alias_moves_only_between_keys_of_a_kind() {
    let kms = Kms::new().await;
    let symmetric = kms.key().await;
    let signing = kms.key_of("ECC_NIST_P256", "SIGN_VERIFY").await;
    let agreeing = kms.key_of("ECC_NIST_P256", "KEY_AGREEMENT").await;
    let hmac = kms.key_of("HMAC_256", "GENERATE_VERIFY_MAC").await;
    let other_curve = kms.key_of("ECC_NIST_P384", "SIGN_VERIFY").await;
    kms.create_alias("alias/s", &symmetric).await.expect("created");
    kms.create_alias("alias/p", &signing).await.expect("created");
    for (alias, key) in [("alias/s", &signing), ("alias/s", &hmac), ("alias/p", &agreeing)] {
        assert_eq!(name(kms.update_alias(alias, key).await), "ValidationException");
    }
    kms.update_alias("alias/p", &other_curve).await.expect("the same kind and usage");
}

#[tokio::test]
async fn a_key_has_fifty_aliases_at_most() {
    let kms = Kms::new().await;
    let key = kms.key().await;
    for n in 0..50 {
        kms.create_alias(&format!("alias/n{n}"), &key).await.expect("created");
    }
    assert_eq!(name(kms.create_alias("alias/more", &key).await), "LimitExceededException");
    assert_eq!(kms.aliases(Some(&key)).await.len(), 50);
}

#[derive(Clone, Debug)]
enum Step {
    Create(usize, usize),
    Update(usize, usize),
    Delete(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..5usize, 0..3usize).prop_map(|(alias, key)| Step::Create(alias, key)),
        (0..5usize, 0..3usize).prop_map(|(alias, key)| Step::Update(alias, key)),
        (0..5usize).prop_map(Step::Delete),
    ];
    proptest::collection::vec(step, 1..12)
}

/// Whatever happens to aliases, what the keys know of them and what they say of the keys stay the same thing.
#[test]
fn aliases_and_keys_agree() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (kms, keys) = runtime.block_on(async {
        let kms = Kms::new().await;
        let keys = [kms.key().await, kms.key().await, kms.key().await];
        (kms, keys)
    });
    let mut runner =
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let result = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let mut model: BTreeMap<String, String> = BTreeMap::new();
            for step in steps {
                let alias = |n: usize| format!("alias/p{n}");
                match step {
                    Step::Create(n, key) => {
                        let done = kms.create_alias(&alias(n), &keys[key]).await.is_ok();
                        prop_assert_eq!(done, !model.contains_key(&alias(n)));
                        if done {
                            model.insert(alias(n), keys[key].clone());
                        }
                    }
                    Step::Update(n, key) => {
                        let done = kms.update_alias(&alias(n), &keys[key]).await.is_ok();
                        prop_assert_eq!(done, model.contains_key(&alias(n)));
                        if done {
                            model.insert(alias(n), keys[key].clone());
                        }
                    }
                    Step::Delete(n) => {
                        let done = kms.delete_alias(&alias(n)).await.is_ok();
                        prop_assert_eq!(done, model.remove(&alias(n)).is_some());
                    }
                }
            }
            let pairs = |entries: Vec<AliasListEntry>| -> BTreeMap<String, String> {
                let pair = |e: AliasListEntry| {
                    (e.alias_name.expect("a name"), e.target_key_id.expect("a target"))
                };
                entries.into_iter().map(pair).collect()
            };
            prop_assert_eq!(&pairs(kms.aliases(None).await), &model);
            let mut by_key = BTreeMap::new();
            for key in &keys {
                by_key.extend(pairs(kms.aliases(Some(key)).await));
            }
            prop_assert_eq!(&by_key, &model);
            for alias in model.keys() {
                kms.delete_alias(alias).await.expect("deleted");
            }
            Ok(())
        })
    });
    result.expect("aliases and keys agree");
}
