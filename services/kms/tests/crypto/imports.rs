//! Imported key material: wrapping, expiry, reimport, several materials, several Regions.

use std::time::Duration;

use api_kms::operations::{
    DeleteImportedKeyMaterial, EnableKey, GenerateMac, GetParametersForImport, GetPublicKey,
    ImportKeyMaterial, ListKeyRotations, RotateKeyOnDemand, ScheduleKeyDeletion,
};
use api_kms::{
    DeleteImportedKeyMaterialRequest, EnableKeyRequest, ExpirationModelType, GenerateMacRequest,
    GetParametersForImportRequest, GetPublicKeyRequest, ImportKeyMaterialRequest, ImportType,
    KeyMetadata, ListKeyRotationsRequest, RotateKeyOnDemandRequest, RotationsListEntry,
    ScheduleKeyDeletionRequest,
};
use keyring::{KeySpec, Material};
use platform::testing::Harness;

use crate::support::*;
use crate::symmetric::{blob, decrypt, decrypt_in};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn state(harness: &Harness, key: &KeyMetadata) -> String {
    let metadata = describe(harness, &id(key)).await;
    metadata.key_state.map(|state| state.to_string()).expect("a state")
}

async fn delete(harness: &Harness, key_id: &str, material: Option<&str>) -> Option<String> {
    let input = DeleteImportedKeyMaterialRequest {
        key_id: Some(key_id.into()),
        key_material_id: material.map(Into::into),
    };
    let output = harness.call::<DeleteImportedKeyMaterial>(input).await.expect("deletes");
    output.key_material_id
}

async fn materials(harness: &Harness, region: &str, key_id: &str) -> Vec<RotationsListEntry> {
    let input = ListKeyRotationsRequest {
        key_id: Some(key_id.into()),
        include_key_material: Some("ALL_KEY_MATERIAL".into()),
        ..Default::default()
    };
    let output = harness.call_as::<ListKeyRotations>(ACCOUNT, region, input).await;
    output.expect("a list").rotations.expect("a list")
}

fn states(entries: &[RotationsListEntry]) -> Vec<(String, String)> {
    let text = |entry: &RotationsListEntry| {
        let state = entry.key_material_state.as_ref().map(ToString::to_string);
        let import = entry.import_state.as_ref().map(ToString::to_string);
        (state.unwrap_or_default(), import.unwrap_or_default())
    };
    let mut states: Vec<_> = entries.iter().map(text).collect();
    states.sort();
    states
}

#[tokio::test]
async fn all_four_wrapping_algorithms_bring_the_material() {
    let harness = harness().await;
    for algorithm in [
        "RSAES_OAEP_SHA_1",
        "RSAES_OAEP_SHA_256",
        "RSA_AES_KEY_WRAP_SHA_1",
        "RSA_AES_KEY_WRAP_SHA_256",
    ] {
        let key = external(&harness, "HMAC_256", "GENERATE_VERIFY_MAC").await;
        assert_eq!(state(&harness, &key).await, "PendingImport");
        let parameters = parameters(&harness, HOME, &id(&key), algorithm).await;
        assert_eq!(parameters.key_id, key.arn);
        assert_eq!(parameters.parameters_valid_to, Some(harness.now() + DAY));
        let request = import_request(&id(&key), &parameters, algorithm, &[7; 32]);
        let imported = harness.call::<ImportKeyMaterial>(request).await.expect("imports");
        assert_eq!(imported.key_id, key.arn);
        assert_eq!(imported.key_material_id.map(|id| id.len()), Some(64));
        assert_eq!(state(&harness, &key).await, "Enabled");
        let input = GenerateMacRequest {
            key_id: key.key_id,
            message: Some(b"a message"[..].into()),
            mac_algorithm: Some("HMAC_SHA_256".into()),
            ..Default::default()
        };
        let code = harness.call::<GenerateMac>(input).await.expect("a code").mac.expect("a code");
        let hmac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[7; 32]);
        assert!(aws_lc_rs::hmac::verify(&hmac, b"a message", &code).is_ok());
    }
}

#[tokio::test]
async fn asymmetric_keys_of_every_spec_are_imported() {
    let harness = harness().await;
    for (spec, usage) in [
        (KeySpec::Rsa2048, "ENCRYPT_DECRYPT"),
        (KeySpec::EccNistP256, "SIGN_VERIFY"),
        (KeySpec::EccNistP384, "KEY_AGREEMENT"),
        (KeySpec::EccNistP521, "SIGN_VERIFY"),
        (KeySpec::EccSecgP256k1, "SIGN_VERIFY"),
        (KeySpec::EccNistEdwards25519, "SIGN_VERIFY"),
        (KeySpec::MlDsa44, "SIGN_VERIFY"),
        (KeySpec::MlKem512, "ENCAPSULATE_DECAPSULATE"),
    ] {
        let key = external(&harness, spec.as_str(), usage).await;
        let own = Material::generate(spec).expect("a key");
        let private = own.private_key_pkcs8().expect("a pair");
        import(&harness, &id(&key), private.expose()).await.expect("imports");
        let input = GetPublicKeyRequest { key_id: key.key_id.clone(), ..Default::default() };
        let public = harness.call::<GetPublicKey>(input).await.expect("a public key").public_key;
        assert_eq!(public.as_deref(), Some(own.public_key_der().expect("a pair")), "{spec}");
        let other = Material::generate(spec).expect("a key");
        let stranger = other.private_key_pkcs8().expect("a pair").expose();
        let refused = failed(import(&harness, &id(&key), stranger).await);
        assert_eq!(refused.0, "IncorrectKeyMaterialException", "{spec}: never another key");
        import(&harness, &id(&key), private.expose()).await.expect("the same again");
    }
}

#[tokio::test]
async fn wrong_material_is_refused() {
    let harness = harness().await;
    let key = external(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    for length in [16, 31, 33] {
        let refused = failed(import(&harness, &id(&key), &vec![1; length]).await);
        assert_eq!(refused.0, "IncorrectKeyMaterialException");
    }
    let garbled = |request: &mut ImportKeyMaterialRequest| {
        request.encrypted_key_material = Some(vec![1; 296].into());
    };
    let refused = import_as(&harness, HOME, &id(&key), &[1; 32], garbled).await;
    assert_eq!(failed(refused).0, "InvalidCiphertextException");
    assert_eq!(state(&harness, &key).await, "PendingImport");
    let generated = symmetric(&harness).await;
    let input = GetParametersForImportRequest {
        key_id: generated.key_id.clone(),
        wrapping_algorithm: Some("RSAES_OAEP_SHA_256".into()),
        wrapping_key_spec: Some("RSA_2048".into()),
    };
    let refused = failed(harness.call::<GetParametersForImport>(input).await);
    let text =
        format!("{} origin is AWS_KMS which is not valid for this operation.", arn(&generated));
    assert_eq!(refused, ("UnsupportedOperationException", text));
}

#[tokio::test]
async fn some_keys_do_not_fit_some_wrappings() {
    let harness = harness().await;
    for (spec, usage, algorithm, wrapping) in [
        ("RSA_2048", "SIGN_VERIFY", "RSAES_OAEP_SHA_256", "RSA_4096"),
        ("ECC_NIST_P521", "SIGN_VERIFY", "RSAES_OAEP_SHA_1", "RSA_2048"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_PKCS1_V1_5", "RSA_2048"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SM2PKE", "SM2"),
    ] {
        let key = external(&harness, spec, usage).await;
        let input = GetParametersForImportRequest {
            key_id: key.key_id,
            wrapping_algorithm: Some(algorithm.into()),
            wrapping_key_spec: Some(wrapping.into()),
        };
        let refused = failed(harness.call::<GetParametersForImport>(input).await);
        assert_eq!(refused.0, "UnsupportedOperationException", "{spec} {algorithm}");
    }
}

#[tokio::test]
async fn tokens_serve_one_key_for_one_day() {
    let harness = harness().await;
    let algorithm = "RSAES_OAEP_SHA_256";
    let (key, other) = (
        external(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await,
        external(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await,
    );
    let parameters = parameters(&harness, HOME, &id(&key), algorithm).await;
    let request = import_request(&id(&key), &parameters, algorithm, &[1; 32]);
    let elsewhere = import_request(&id(&other), &parameters, algorithm, &[1; 32]);
    let refused = failed(harness.call::<ImportKeyMaterial>(elsewhere).await);
    assert_eq!(refused.0, "InvalidImportTokenException");
    let token = parameters.import_token.clone().expect("a token");
    for at in [0, 1, 2, 9, 10, token.len() - 1] {
        let mut bent = token.to_vec();
        bent[at] ^= 1;
        let bent = ImportKeyMaterialRequest { import_token: Some(bent.into()), ..request.clone() };
        let refused = failed(harness.call::<ImportKeyMaterial>(bent).await);
        assert_eq!(refused.0, "InvalidImportTokenException", "byte {at}");
    }
    harness.advance(DAY + Duration::from_secs(1)).await;
    let refused = failed(harness.call::<ImportKeyMaterial>(request).await);
    assert_eq!(refused.0, "ExpiredImportTokenException");
}

#[tokio::test]
async fn the_expiry_must_make_sense() {
    let harness = harness().await;
    let key = external(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let now = harness.now();
    let expires = Some(ExpirationModelType::KeyMaterialExpires);
    let never = Some(ExpirationModelType::KeyMaterialDoesNotExpire);
    for (model, valid_to) in [
        (None, None),
        (expires.clone(), None),
        (never, Some(now + DAY)),
        (expires.clone(), Some(now)),
        (expires, Some(now + DAY * 366)),
    ] {
        let change = |request: &mut ImportKeyMaterialRequest| {
            request.expiration_model = model;
            request.valid_to = valid_to;
        };
        let refused = import_as(&harness, HOME, &id(&key), &[1; 32], change).await;
        assert_eq!(failed(refused).0, "ValidationException");
    }
}

#[tokio::test]
async fn expired_material_is_gone_until_it_is_imported_again() {
    let harness = harness().await;
    let key = external(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let end = harness.now() + DAY;
    let until = |request: &mut ImportKeyMaterialRequest| {
        request.expiration_model = None;
        request.valid_to = Some(end);
    };
    import_as(&harness, HOME, &id(&key), &[1; 32], until).await.expect("imports");
    let metadata = describe(&harness, &id(&key)).await;
    assert_eq!(metadata.valid_to, Some(end));
    assert_eq!(metadata.expiration_model, Some(ExpirationModelType::KeyMaterialExpires));
    let blob = blob(&harness, &id(&key), b"secret").await;
    assert!(decrypt(&harness, &blob).await.is_ok());

    // Also before the scheduler has come round.
    harness.clock.advance(DAY);
    let expected = ("KMSInvalidStateException", format!("{} is pending import.", arn(&key)));
    assert_eq!(failed(decrypt(&harness, &blob).await), expected);
    harness.advance(Duration::ZERO).await;
    assert_eq!(state(&harness, &key).await, "PendingImport");
    assert_eq!(failed(decrypt(&harness, &blob).await), expected);
    let records = harness.records().await;
    let expiry = records.iter().find(|record| record["eventName"] == "DeleteExpiredKeyMaterial");
    let expiry = expiry.expect("a record of the expiry");
    assert_eq!(expiry["eventType"], "AwsServiceEvent");
    assert_eq!(expiry["serviceEventDetails"]["keyId"], id(&key));

    let refused = failed(import(&harness, &id(&key), &[2; 32]).await);
    assert_eq!(refused.0, "IncorrectKeyMaterialException");
    import(&harness, &id(&key), &[1; 32]).await.expect("the same material");
    assert_eq!(state(&harness, &key).await, "Enabled");
    let opened = decrypt(&harness, &blob).await.expect("decrypts again");
    assert_eq!(opened.plaintext.as_deref(), Some(&b"secret"[..]));
    assert_eq!(describe(&harness, &id(&key)).await.valid_to, None);
}

#[tokio::test]
async fn deleted_material_is_gone_at_once() {
    let harness = harness().await;
    let key = external(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    assert_eq!(delete(&harness, &id(&key), None).await, None, "nothing to delete");
    let imported = import(&harness, &id(&key), &[1; 32]).await.expect("imports").key_material_id;
    let blob = blob(&harness, &id(&key), b"secret").await;
    assert_eq!(delete(&harness, &id(&key), None).await, imported);
    assert_eq!(state(&harness, &key).await, "PendingImport");
    assert_eq!(failed(decrypt(&harness, &blob).await).0, "KMSInvalidStateException");
    let enable = EnableKeyRequest { key_id: key.key_id.clone() };
    assert_eq!(failed(harness.call::<EnableKey>(enable).await).0, "KMSInvalidStateException");
    import(&harness, &id(&key), &[1; 32]).await.expect("imports");
    assert!(decrypt(&harness, &blob).await.is_ok());

    let input = ScheduleKeyDeletionRequest { key_id: key.key_id.clone(), ..Default::default() };
    harness.call::<ScheduleKeyDeletion>(input).await.expect("schedules");
    delete(&harness, &id(&key), imported.as_deref()).await;
    assert_eq!(state(&harness, &key).await, "PendingDeletion");
}

#[tokio::test]
async fn a_symmetric_key_rotates_through_imported_materials() {
    let harness = harness().await;
    let key = external(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let described = |request: &mut ImportKeyMaterialRequest| {
        request.key_material_description = Some("the first".into());
    };
    let first = import_as(&harness, HOME, &id(&key), &[1; 32], described).await.expect("imports");
    let first = first.key_material_id.expect("an id");
    let old = blob(&harness, &id(&key), b"old").await;
    let refused = failed(import(&harness, &id(&key), &[2; 32]).await);
    assert_eq!(refused.0, "IncorrectKeyMaterialException", "the default is existing material");
    let as_new = |request: &mut ImportKeyMaterialRequest| {
        request.import_type = Some(ImportType::NewKeyMaterial);
    };
    let second = import_as(&harness, HOME, &id(&key), &[2; 32], as_new).await.expect("imports");
    let second = second.key_material_id.expect("an id");
    let refused = failed(import_as(&harness, HOME, &id(&key), &[3; 32], as_new).await);
    assert_eq!(refused.0, "KMSInvalidStateException");
    assert!(refused.1.ends_with(&format!("(id: {second}) is pending rotation.")), "{}", refused.1);
    let refused = failed(import_as(&harness, HOME, &id(&key), &[1; 32], as_new).await);
    assert_eq!(refused.0, "IncorrectKeyMaterialException", "it is not new");
    assert_eq!(describe(&harness, &id(&key)).await.current_key_material_id, Some(first.clone()));

    let input = RotateKeyOnDemandRequest { key_id: key.key_id.clone() };
    harness.call::<RotateKeyOnDemand>(input).await.expect("rotates");
    assert_eq!(describe(&harness, &id(&key)).await.current_key_material_id, Some(second.clone()));
    let new = blob(&harness, &id(&key), b"new").await;
    assert_eq!(
        decrypt(&harness, &old).await.expect("decrypts").key_material_id,
        Some(first.clone())
    );
    assert_eq!(decrypt(&harness, &new).await.expect("decrypts").key_material_id, Some(second));

    // Without one of its materials the key does nothing, not even with the other.
    delete(&harness, &id(&key), Some(&first)).await;
    assert_eq!(failed(decrypt(&harness, &new).await).0, "KMSInvalidStateException");
    let wrong_id = |request: &mut ImportKeyMaterialRequest| {
        request.key_material_id = Some("0".repeat(64));
    };
    let refused = failed(import_as(&harness, HOME, &id(&key), &[1; 32], wrong_id).await);
    assert_eq!(refused.0, "IncorrectKeyMaterialException");
    import(&harness, &id(&key), &[1; 32]).await.expect("imports");
    assert!(decrypt(&harness, &new).await.is_ok() && decrypt(&harness, &old).await.is_ok());
    let entries = materials(&harness, HOME, &id(&key)).await;
    let entry = entries.iter().find(|e| e.key_material_id.as_deref() == Some(&first));
    let description = entry.and_then(|entry| entry.key_material_description.as_deref());
    assert_eq!(description, Some("the first"), "kept from the first import");
}

#[tokio::test]
async fn pending_material_may_be_taken_back() {
    let harness = harness().await;
    let key = external(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    import(&harness, &id(&key), &[1; 32]).await.expect("imports");
    let as_new = |request: &mut ImportKeyMaterialRequest| {
        request.import_type = Some(ImportType::NewKeyMaterial);
    };
    let pending = import_as(&harness, HOME, &id(&key), &[2; 32], as_new).await.expect("imports");
    delete(&harness, &id(&key), pending.key_material_id.as_deref()).await;
    assert_eq!(state(&harness, &key).await, "Enabled", "it never belonged to the key");
    import_as(&harness, HOME, &id(&key), &[3; 32], as_new).await.expect("another one");
}

#[tokio::test]
async fn only_symmetric_keys_have_several_materials() {
    let harness = harness().await;
    let key = external(&harness, "HMAC_256", "GENERATE_VERIFY_MAC").await;
    for change in [
        (|r: &mut ImportKeyMaterialRequest| r.import_type = Some(ImportType::NewKeyMaterial))
            as fn(&mut ImportKeyMaterialRequest),
        |r| r.key_material_description = Some("text".into()),
        |r| r.key_material_id = Some("0".repeat(64)),
    ] {
        let refused = import_as(&harness, HOME, &id(&key), &[1; 32], change).await;
        assert_eq!(failed(refused).0, "ValidationException");
    }
}

#[tokio::test]
async fn a_multi_region_key_gets_new_material_in_its_primary_first() {
    let harness = harness().await;
    let key = create_with(&harness, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "EXTERNAL", true).await;
    let key_id = id(&key);
    import(&harness, &key_id, &[1; 32]).await.expect("imports");
    replicate(&harness, &key_id).await;
    let replica = describe_in(&harness, ABROAD, &key_id).await;
    assert_eq!(replica.key_state, Some("PendingImport".into()), "material is never copied");
    let sealed = blob(&harness, &key_id, b"secret").await;
    let same = |_: &mut ImportKeyMaterialRequest| {};
    let refused = import_as(&harness, ABROAD, &key_id, &[2; 32], same).await;
    assert_eq!(failed(refused).0, "IncorrectKeyMaterialException");
    import_as(&harness, ABROAD, &key_id, &[1; 32], same).await.expect("imports");
    assert!(decrypt_in(&harness, ABROAD, &sealed).await.is_ok());

    let as_new = |request: &mut ImportKeyMaterialRequest| {
        request.import_type = Some(ImportType::NewKeyMaterial);
    };
    let refused = import_as(&harness, ABROAD, &key_id, &[2; 32], as_new).await;
    assert_eq!(failed(refused).0, "UnsupportedOperationException");
    import_as(&harness, HOME, &key_id, &[2; 32], as_new).await.expect("imports");
    let waiting = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION".to_owned();
    let primary = states(&materials(&harness, HOME, &key_id).await);
    assert_eq!(primary[1], (waiting, "IMPORTED".to_owned()));
    let rotate = || RotateKeyOnDemandRequest { key_id: Some(key_id.clone()) };
    assert!(harness.call::<RotateKeyOnDemand>(rotate()).await.is_err(), "a replica lacks it");

    import_as(&harness, ABROAD, &key_id, &[2; 32], same).await.expect("imports");
    for region in [HOME, ABROAD] {
        let states = states(&materials(&harness, region, &key_id).await);
        assert_eq!(states[1], ("PENDING_ROTATION".to_owned(), "IMPORTED".to_owned()), "{region}");
    }
    harness.call::<RotateKeyOnDemand>(rotate()).await.expect("rotates");
    let rotated = blob(&harness, &key_id, b"rotated").await;
    assert!(decrypt_in(&harness, ABROAD, &rotated).await.is_ok());
    assert!(decrypt_in(&harness, ABROAD, &sealed).await.is_ok());
}
