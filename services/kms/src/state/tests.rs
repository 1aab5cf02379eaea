//! The documentation's table, cell by cell, through the handlers.

use std::sync::Arc;

use api_kms::operations as op;
use api_kms::*;
use platform::testing::Harness;
use shape::{Blob, Failure};
use store::Scope;

use crate::record::{KeyRecord, State};

const STATES: [State; 8] = [
    State::Enabled,
    State::Disabled,
    State::PendingImport,
    State::PendingDeletion,
    State::PendingReplicaDeletion,
    State::Unavailable,
    State::Creating,
    State::Updating,
];

/// Which key a row is tried on: the operation must be possible on it but for its state.
#[derive(Clone, Copy)]
enum On {
    Symmetric,
    Pair,
    External,
    Family,
}

/// Rows of the table. Columns stand in the order of [`STATES`]; `ok` passes, and the rest are the first words of what
/// stands behind "is" in the error: `dis`abled, pending `imp`ort, pending `del`etion, pending `rep`lica deletion, `not`
/// pending deletion, `una`vailable, `cre`ating, `upd`ating.
const TABLE: &[(&str, On, &str)] = &[
    ("CancelKeyDeletion", On::Symmetric, "not not not ok ok not not not"),
    ("CreateAlias", On::Symmetric, "ok ok ok del rep ok cre ok"),
    ("CreateGrant", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("Decapsulate", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("Decrypt", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("DeleteAlias", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("DeleteImportedKeyMaterial", On::External, "ok ok ok ok ok una cre upd"),
    ("DeriveSharedSecret", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("DescribeKey", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("DisableKey", On::Symmetric, "ok ok imp del rep ok cre upd"),
    ("DisableKeyRotation", On::Symmetric, "ok dis imp del rep una cre upd"),
    ("EnableKey", On::Symmetric, "ok ok imp del rep ok cre upd"),
    ("EnableKeyRotation", On::Symmetric, "ok dis imp del rep una cre upd"),
    ("Encapsulate", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("Encrypt", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("GenerateDataKey", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("GenerateDataKeyPair", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("GenerateDataKeyPairWithoutPlaintext", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("GenerateDataKeyWithoutPlaintext", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("GenerateMac", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("GetKeyLastUsage", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("GetKeyPolicy", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("GetKeyRotationStatus", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("GetParametersForImport", On::External, "ok ok ok del rep una cre upd"),
    ("GetPublicKey", On::Pair, "ok dis imp del rep una cre ok"),
    ("ImportKeyMaterial", On::External, "ok ok ok del rep una cre upd"),
    ("ListAliases", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("ListGrants", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("ListKeyPolicies", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("ListKeyRotations", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("ListResourceTags", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("PutKeyPolicy", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("ReEncrypt", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("ReplicateKey", On::Family, "ok dis ok del rep una cre upd"),
    ("RetireGrant", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("RevokeGrant", On::Symmetric, "ok ok ok ok ok ok ok ok"),
    ("RotateKeyOnDemand", On::Symmetric, "ok dis imp del rep una cre upd"),
    ("ScheduleKeyDeletion", On::Symmetric, "ok ok ok del rep ok cre upd"),
    ("Sign", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("TagResource", On::Symmetric, "ok ok ok del rep ok cre ok"),
    ("UntagResource", On::Symmetric, "ok ok ok del rep ok cre ok"),
    ("UpdateAlias", On::Symmetric, "ok ok ok del rep ok cre ok"),
    ("UpdateKeyDescription", On::Symmetric, "ok ok ok del rep ok cre ok"),
    ("UpdatePrimaryRegion", On::Family, "ok dis ok del rep una cre upd"),
    ("Verify", On::Symmetric, "ok dis imp del rep una cre ok"),
    ("VerifyMac", On::Symmetric, "ok dis imp del rep una cre ok"),
];

fn expected(cell: &str, arn: &str) -> Option<String> {
    let what = match cell {
        "ok" => return None,
        "dis" => return Some(format!("DisabledException: {arn} is disabled.")),
        "imp" => "pending import",
        "del" => "pending deletion",
        "rep" => "pending replica deletion",
        "not" => "not pending deletion",
        "una" => "unavailable",
        "cre" => "creating",
        "upd" => "updating",
        other => panic!("{other} is not a cell"),
    };
    Some(format!("KMSInvalidStateException: {arn} is {what}."))
}

struct Bench {
    harness: Harness,
    /// Names of aliases are used once.
    used: std::cell::Cell<u32>,
    /// A key that stays enabled, and something encrypted under it.
    other: String,
    blob: Blob,
}

#[tokio::test]
async fn the_table_holds_in_every_cell() {
    let harness = Harness::new(|keyring| {
        vec![crate::service(crate::Deps {
            keyring: keyring.clone(),
            nitro_root: None,
            proxies: None,
        })]
    })
    .await;
    let other = make(&harness, |_| {}).await;
    let blob = encrypt(&harness, &other).await;
    let mut bench = Bench { harness, used: Default::default(), other, blob };
    let symmetric = bench.key(|_| {}).await;
    let pair = bench
        .key(|request| {
            request.key_spec = Some(KeySpec::EccNistP256);
            request.key_usage = Some(KeyUsageType::SignVerify);
        })
        .await;
    let external = bench.key(|request| request.origin = Some(OriginType::External)).await;
    let family = bench.key(|request| request.multi_region = Some(true)).await;
    bench.blob = encrypt(&bench.harness, &symmetric.id).await;
    for (operation, on, row) in TABLE {
        let base = match on {
            On::Symmetric => &symmetric,
            On::Pair => &pair,
            On::External => &external,
            On::Family => &family,
        };
        for (state, cell) in STATES.into_iter().zip(row.split(' ')) {
            bench.put(&KeyRecord { state, ..KeyRecord::clone(base) }).await;
            let failure = bench.probe(operation, &base.id).await.err();
            let state_error = failure.filter(|failure| {
                let import_missing = matches!(on, On::External) || cell == "ok";
                match failure.error.name {
                    "DisabledException" => true,
                    // Without material an external key refuses in these words for another reason than its state.
                    "KMSInvalidStateException" => {
                        !(import_missing && failure.message.ends_with("pending import."))
                    }
                    _ => false,
                }
            });
            let found = state_error.map(|failure| failure.to_string());
            assert_eq!(found, expected(cell, &base.arn()), "{operation} in {state:?}");
        }
    }
    let served: Vec<_> = bench.harness.platform.services().flat_map(|s| s.served()).collect();
    let keyless = ["CreateKey", "GenerateRandom", "ListKeys", "ListRetirableGrants"];
    for (operation, _) in served {
        // Custom key stores are no keys, and have states of their own.
        if operation.name.contains("CustomKeyStore") {
            continue;
        }
        let listed = TABLE.iter().any(|(name, _, _)| *name == operation.name);
        assert!(listed || keyless.contains(&operation.name), "{} has no row", operation.name);
    }
}

async fn make(harness: &Harness, change: impl FnOnce(&mut CreateKeyRequest)) -> String {
    let mut request = CreateKeyRequest::default();
    change(&mut request);
    let made = harness.call::<op::CreateKey>(request).await.expect("a key");
    made.key_metadata.and_then(|metadata| metadata.key_id).expect("an id")
}

async fn encrypt(harness: &Harness, key: &str) -> Blob {
    let request = EncryptRequest {
        key_id: Some(key.to_owned()),
        plaintext: Some(Blob::from(vec![1])),
        ..Default::default()
    };
    let response = harness.call::<op::Encrypt>(request).await.expect("encrypted");
    response.ciphertext_blob.expect("a blob")
}

impl Bench {
    async fn key(&self, change: impl FnOnce(&mut CreateKeyRequest)) -> Arc<KeyRecord> {
        let id = make(&self.harness, change).await;
        let scope = Scope::new(base::AccountId::DEFAULT, base::Region::default());
        let tx = self.harness.platform.store().begin();
        tx.peek::<KeyRecord>(&scope, &id).await.expect("a store").expect("a key")
    }

    async fn put(&self, key: &KeyRecord) {
        let store = self.harness.platform.store();
        let mut tx = store.begin();
        tx.put(&key.scope(), &key.id, key).expect("a record");
        store.commit(tx).await.expect("a commit");
    }

    fn fresh_alias(&self) -> String {
        self.used.set(self.used.get() + 1);
        format!("alias/n{}", self.used.get())
    }

    async fn alias(&self, key: &str) -> String {
        let name = self.fresh_alias();
        let request = CreateAliasRequest {
            alias_name: Some(name.clone()),
            target_key_id: Some(key.to_owned()),
        };
        self.harness.call::<op::CreateAlias>(request).await.expect("an alias");
        name
    }

    /// Calls the operation on the key with input that is right as far as it is looked at.
    #[expect(clippy::needless_update, reason = "the macro serves requests of one field too")]
    async fn probe(&self, operation: &str, key: &str) -> Result<(), Failure> {
        let h = &self.harness;
        let key_id = Some(key.to_owned());
        let bytes = || Some(Blob::from(vec![7; 32]));
        macro_rules! call {
            ($operation:ident, $request:ident { $($field:ident : $value:expr),* $(,)? }) => {
                h.call::<op::$operation>($request { key_id, $($field: $value,)* ..Default::default() })
                    .await
                    .map(drop)
            };
        }
        match operation {
            "CancelKeyDeletion" => call!(CancelKeyDeletion, CancelKeyDeletionRequest {}),
            "CreateAlias" => {
                let alias_name = Some(self.fresh_alias());
                let request = CreateAliasRequest { alias_name, target_key_id: key_id };
                h.call::<op::CreateAlias>(request).await.map(drop)
            }
            "CreateGrant" => call!(
                CreateGrant,
                CreateGrantRequest {
                    grantee_principal: Some(base::AccountId::DEFAULT.root_arn()),
                    operations: Some(vec![GrantOperation::Encrypt]),
                }
            ),
            "Decapsulate" => call!(
                Decapsulate,
                DecapsulateRequest {
                    shared_secret_ciphertext_blob: bytes(),
                    encapsulation_algorithm: Some(EncapsulationAlgorithmSpec::MlKem),
                }
            ),
            "Decrypt" => {
                call!(Decrypt, DecryptRequest { ciphertext_blob: Some(self.blob.clone()) })
            }
            "DeleteAlias" => {
                // The alias stands aside, so that the state of its key does not keep it from being made.
                let name = self.alias(&self.other).await;
                let store = h.platform.store();
                let scope = Scope::new(base::AccountId::DEFAULT, base::Region::default());
                let mut tx = store.begin();
                let now = h.now();
                let record = crate::record::AliasRecord {
                    target: key.to_owned(),
                    created: now,
                    updated: now,
                };
                tx.put(&scope, &name, &record).expect("a record");
                store.commit(tx).await.expect("a commit");
                let request = DeleteAliasRequest { alias_name: Some(name) };
                h.call::<op::DeleteAlias>(request).await.map(drop)
            }
            "DeleteImportedKeyMaterial" => {
                call!(DeleteImportedKeyMaterial, DeleteImportedKeyMaterialRequest {})
            }
            "DeriveSharedSecret" => call!(
                DeriveSharedSecret,
                DeriveSharedSecretRequest {
                    key_agreement_algorithm: Some(KeyAgreementAlgorithmSpec::Ecdh),
                    public_key: bytes(),
                }
            ),
            "DescribeKey" => call!(DescribeKey, DescribeKeyRequest {}),
            "DisableKey" => h.call::<op::DisableKey>(DisableKeyRequest { key_id }).await.map(drop),
            "DisableKeyRotation" => call!(DisableKeyRotation, DisableKeyRotationRequest {}),
            "EnableKey" => call!(EnableKey, EnableKeyRequest {}),
            "EnableKeyRotation" => call!(EnableKeyRotation, EnableKeyRotationRequest {}),
            "Encapsulate" => call!(
                Encapsulate,
                EncapsulateRequest {
                    encapsulation_algorithm: Some(EncapsulationAlgorithmSpec::MlKem),
                }
            ),
            "Encrypt" => call!(Encrypt, EncryptRequest { plaintext: bytes() }),
            "GenerateDataKey" => call!(
                GenerateDataKey,
                GenerateDataKeyRequest { key_spec: Some(DataKeySpec::Aes256) }
            ),
            "GenerateDataKeyPair" => call!(
                GenerateDataKeyPair,
                GenerateDataKeyPairRequest { key_pair_spec: Some(DataKeyPairSpec::EccNistP256) }
            ),
            "GenerateDataKeyPairWithoutPlaintext" => {
                call!(
                    GenerateDataKeyPairWithoutPlaintext,
                    GenerateDataKeyPairWithoutPlaintextRequest {
                        key_pair_spec: Some(DataKeyPairSpec::EccNistP256),
                    }
                )
            }
            "GenerateDataKeyWithoutPlaintext" => {
                call!(
                    GenerateDataKeyWithoutPlaintext,
                    GenerateDataKeyWithoutPlaintextRequest { key_spec: Some(DataKeySpec::Aes256) }
                )
            }
            "GenerateMac" => call!(
                GenerateMac,
                GenerateMacRequest {
                    message: bytes(),
                    mac_algorithm: Some(MacAlgorithmSpec::HmacSha256),
                }
            ),
            "GetKeyLastUsage" => call!(GetKeyLastUsage, GetKeyLastUsageRequest {}),
            "GetKeyPolicy" => call!(GetKeyPolicy, GetKeyPolicyRequest {}),
            "GetKeyRotationStatus" => call!(GetKeyRotationStatus, GetKeyRotationStatusRequest {}),
            "GetParametersForImport" => call!(
                GetParametersForImport,
                GetParametersForImportRequest {
                    wrapping_algorithm: Some(AlgorithmSpec::RsaesOaepSha256),
                    wrapping_key_spec: Some(WrappingKeySpec::Rsa2048),
                }
            ),
            "GetPublicKey" => call!(GetPublicKey, GetPublicKeyRequest {}),
            "ImportKeyMaterial" => call!(
                ImportKeyMaterial,
                ImportKeyMaterialRequest {
                    import_token: bytes(),
                    encrypted_key_material: bytes(),
                    expiration_model: Some(ExpirationModelType::KeyMaterialDoesNotExpire),
                }
            ),
            "ListAliases" => call!(ListAliases, ListAliasesRequest {}),
            "ListGrants" => call!(ListGrants, ListGrantsRequest {}),
            "ListKeyPolicies" => call!(ListKeyPolicies, ListKeyPoliciesRequest {}),
            "ListKeyRotations" => call!(ListKeyRotations, ListKeyRotationsRequest {}),
            "ListResourceTags" => call!(ListResourceTags, ListResourceTagsRequest {}),
            "PutKeyPolicy" => call!(
                PutKeyPolicy,
                PutKeyPolicyRequest {
                    policy: Some(
                        crate::policy::default_policy(base::AccountId::DEFAULT).to_string()
                    ),
                }
            ),
            "ReEncrypt" => {
                let request = ReEncryptRequest {
                    ciphertext_blob: Some(self.blob.clone()),
                    destination_key_id: Some(self.other.clone()),
                    ..Default::default()
                };
                h.call::<op::ReEncrypt>(request).await.map(drop)
            }
            "ReplicateKey" => {
                call!(
                    ReplicateKey,
                    ReplicateKeyRequest { replica_region: Some("eu-west-1".into()) }
                )
            }
            "RetireGrant" => {
                call!(RetireGrant, RetireGrantRequest { grant_id: Some("0".repeat(64)) })
            }
            "RevokeGrant" => {
                call!(RevokeGrant, RevokeGrantRequest { grant_id: Some("0".repeat(64)) })
            }
            "RotateKeyOnDemand" => call!(RotateKeyOnDemand, RotateKeyOnDemandRequest {}),
            "ScheduleKeyDeletion" => call!(ScheduleKeyDeletion, ScheduleKeyDeletionRequest {}),
            "Sign" => call!(
                Sign,
                SignRequest {
                    message: bytes(),
                    signing_algorithm: Some(SigningAlgorithmSpec::EcdsaSha256),
                }
            ),
            "TagResource" => call!(
                TagResource,
                TagResourceRequest {
                    tags: Some(vec![Tag {
                        tag_key: Some("a".into()),
                        tag_value: Some("b".into())
                    }]),
                }
            ),
            "UntagResource" => {
                call!(UntagResource, UntagResourceRequest { tag_keys: Some(vec!["a".into()]) })
            }
            "UpdateAlias" => {
                let alias_name = Some(self.alias(&self.other).await);
                let request = UpdateAliasRequest { alias_name, target_key_id: key_id };
                h.call::<op::UpdateAlias>(request).await.map(drop)
            }
            "UpdateKeyDescription" => {
                call!(
                    UpdateKeyDescription,
                    UpdateKeyDescriptionRequest { description: Some("x".into()) }
                )
            }
            "UpdatePrimaryRegion" => call!(
                UpdatePrimaryRegion,
                UpdatePrimaryRegionRequest { primary_region: Some("ap-southeast-2".into()) }
            ),
            "Verify" => call!(
                Verify,
                VerifyRequest {
                    message: bytes(),
                    signature: bytes(),
                    signing_algorithm: Some(SigningAlgorithmSpec::EcdsaSha256),
                }
            ),
            "VerifyMac" => call!(
                VerifyMac,
                VerifyMacRequest {
                    message: bytes(),
                    mac: bytes(),
                    mac_algorithm: Some(MacAlgorithmSpec::HmacSha256),
                }
            ),
            other => panic!("{other} has no probe"),
        }
    }
}
