//! Every spec through every operation that its tables name, before and after sealing.

use super::*;

fn region(name: &str) -> Region {
    name.parse().expect("a Region")
}

fn key_id() -> KeyId {
    "mrk-1234abcd12ab34cd56ef1234567890ab".parse().expect("an id")
}

/// Every spec but the large RSA keys, which take seconds to make without optimisation.
fn quick_specs() -> impl Iterator<Item = KeySpec> {
    let slow = [KeySpec::Rsa3072, KeySpec::Rsa4096];
    KeySpec::ALL.iter().copied().filter(move |spec| !slow.contains(spec))
}

#[test]
fn material_is_shared_between_threads() {
    fn check<T: Send + Sync>() {}
    check::<Material>();
    check::<Keyring>();
    check::<crate::WrappingKey>();
}

#[test]
fn every_spec_does_what_its_tables_say_also_after_sealing() {
    let keyring = Keyring::ephemeral().expect("entropy");
    let (account, home) = (AccountId::DEFAULT, region("eu-central-1"));
    for spec in quick_specs() {
        let made = Material::generate(spec).expect("generated");
        let sealed = made.to_sealed(&keyring, account, &home, b"record").expect("seals");
        let kept =
            Material::from_sealed(&keyring, account, &home, b"record", &sealed).expect("opens");
        assert_eq!(kept.spec(), spec);
        let ids = [&made, &kept].map(|m| m.id(&keyring, account, key_id()).expect("derives"));
        assert_eq!(ids[0], ids[1]);
        exercise(&made, &kept);
        assert!(Material::from_sealed(&keyring, account, &home, b"other", &sealed).is_err());
    }
}

fn exercise(made: &Material, kept: &Material) {
    let spec = made.spec();
    for algorithm in spec.signing_algorithms() {
        let kind = match algorithm {
            SigningAlgorithm::Ed25519PhSha512 => MessageType::Digest,
            _ => MessageType::Raw,
        };
        let message = [9; 64];
        let signature = made.sign(*algorithm, kind, &message).expect("signs");
        let verify = |message: &[u8], signature: &[u8]| {
            kept.verify(*algorithm, kind, message, signature).expect("compatible")
        };
        assert!(verify(&message, &signature), "{algorithm}");
        assert!(!verify(&[8; 64], &signature), "{algorithm}");
        assert!(!verify(&message, &signature[1..]), "{algorithm}");
    }
    for algorithm in spec.encryption_algorithms() {
        if *algorithm == EncryptionAlgorithm::SymmetricDefault {
            continue;
        }
        let sealed = made.encrypt_oaep(*algorithm, b"hello").expect("fits");
        assert!(kept.decrypt_oaep(*algorithm, &sealed).expect("opens").equals(b"hello"));
        let error = made.encrypt_oaep(*algorithm, &[0; 500]).expect_err("too long");
        assert!(matches!(error, Error::PlaintextTooLong { .. }));
    }
    for algorithm in spec.mac_algorithms() {
        let code = made.mac(*algorithm, b"hello").expect("a code");
        assert!(kept.verify_mac(*algorithm, b"hello", &code).expect("compatible"));
        assert!(!kept.verify_mac(*algorithm, b"hullo", &code).expect("compatible"));
        assert!(!kept.verify_mac(*algorithm, b"hello", &code[1..]).expect("compatible"));
    }
    if !spec.key_agreement_algorithms().is_empty() {
        let peer = Material::generate(spec).expect("generated");
        let ours = made.agree(peer.public_key_der().expect("a key")).expect("agrees");
        let theirs = peer.agree(kept.public_key_der().expect("a key")).expect("agrees");
        assert!(ours.equals(theirs.expose()));
    }
    if !spec.encapsulation_algorithms().is_empty() {
        let (ciphertext, shared) = made.encapsulate().expect("encapsulates");
        assert!(kept.decapsulate(&ciphertext).expect("opens").equals(shared.expose()));
        let mut forged = ciphertext.clone();
        forged[0] ^= 1;
        assert!(!kept.decapsulate(&forged).expect("implicit rejection").equals(shared.expose()));
        assert!(matches!(kept.decapsulate(&ciphertext[1..]), Err(Error::InvalidCiphertext)));
    }
    if spec.is_asymmetric() {
        assert_eq!(made.public_key_der().expect("a key"), kept.public_key_der().expect("a key"));
        let pkcs8 = made.private_key_pkcs8().expect("a pair");
        let again = Material::from_import(spec, pkcs8).expect("its own form");
        assert!(again.secret.equals(kept.secret.expose()));
    } else {
        assert!(made.public_key_der().is_err() && made.private_key_pkcs8().is_err());
    }
}

#[test]
fn digests_and_external_mu_sign_like_messages() {
    use aws_lc_rs::digest::{SHA256, digest};
    let message = b"a message";
    for (spec, algorithm) in [
        (KeySpec::Rsa2048, SigningAlgorithm::RsassaPssSha256),
        (KeySpec::Rsa2048, SigningAlgorithm::RsassaPkcs1V15Sha256),
        (KeySpec::EccNistP256, SigningAlgorithm::EcdsaSha256),
        (KeySpec::EccSecgP256k1, SigningAlgorithm::EcdsaSha256),
    ] {
        let key = Material::generate(spec).expect("generated");
        let hash = digest(&SHA256, message);
        let signature = key.sign(algorithm, MessageType::Digest, hash.as_ref()).expect("signs");
        assert!(key.verify(algorithm, MessageType::Raw, message, &signature).expect("fits"));
        assert!(
            key.verify(algorithm, MessageType::Digest, hash.as_ref(), &signature).expect("fits")
        );
    }
    for spec in [KeySpec::MlDsa44, KeySpec::MlDsa65, KeySpec::MlDsa87] {
        let key = Material::generate(spec).expect("generated");
        let algorithm = SigningAlgorithm::MlDsaShake256;
        let mu = mu(key.public_key().expect("a pair").as_der(), message);
        let signature = key.sign(algorithm, MessageType::ExternalMu, &mu).expect("signs");
        assert!(key.verify(algorithm, MessageType::Raw, message, &signature).expect("fits"));
        let signature = key.sign(algorithm, MessageType::Raw, message).expect("signs");
        assert!(key.verify(algorithm, MessageType::ExternalMu, &mu, &signature).expect("fits"));
        assert!(
            !key.verify(algorithm, MessageType::ExternalMu, &[0; 64], &signature).expect("fits")
        );
    }
}

/// μ of FIPS 204, section 6.2, with an empty context.
fn mu(spki: &[u8], message: &[u8]) -> Vec<u8> {
    use shake::digest::{ExtendableOutput as _, Update as _, XofReader as _};
    let shake = |parts: &[&[u8]]| {
        let mut hasher = shake::Shake256::default();
        parts.iter().for_each(|part| hasher.update(part));
        let mut out = [0; 64];
        hasher.finalize_xof().read(&mut out);
        out
    };
    let (_, _, public) = crate::der::split_spki(spki).expect("an SPKI");
    shake(&[&shake(&[public]), &[0, 0], message]).to_vec()
}

#[test]
fn the_same_bytes_have_the_same_id_in_one_key_only() {
    let keyring = Keyring::ephemeral().expect("entropy");
    let account = AccountId::DEFAULT;
    let import = |byte| {
        Material::from_import(KeySpec::SymmetricDefault, &Secret::new(vec![byte; 32]))
            .expect("32 bytes")
    };
    let id = |material: &Material, key: &str| {
        material.id(&keyring, account, key.parse().expect("an id")).expect("derives")
    };
    let (one, two) =
        ("1234abcd-12ab-34cd-56ef-1234567890ab", "1234abcd-12ab-34cd-56ef-1234567890ac");
    assert_eq!(id(&import(1), one), id(&import(1), one));
    assert_ne!(id(&import(1), one), id(&import(2), one));
    assert_ne!(id(&import(1), one), id(&import(1), two));
    let keyring = Keyring::from_root_key(&Secret::new(vec![7; KEY_LEN]));
    let id = import(1).id(&keyring, account, one.parse().expect("an id")).expect("derives");
    // Computed by another implementation. Changing it breaks the check that a reimport brings the
    // same material.
    let expected = "2a2e81a71a0489bfa98d65fab7dd5140b74d792c84373676ecb7b3273df62d67";
    assert_eq!(id.to_string(), expected);
}

#[test]
fn imports_must_fit_the_spec() {
    let import = |spec, bytes: &[u8]| Material::from_import(spec, &Secret::copy_of(bytes));
    assert!(import(KeySpec::SymmetricDefault, &[0; 31]).is_err());
    for (spec, ok, bad) in [
        (KeySpec::Hmac224, [28, 64], [27, 65]),
        (KeySpec::Hmac256, [32, 64], [31, 65]),
        (KeySpec::Hmac384, [48, 128], [47, 129]),
        (KeySpec::Hmac512, [64, 128], [63, 129]),
    ] {
        assert!(ok.iter().all(|length| import(spec, &vec![1; *length]).is_ok()), "{spec}");
        assert!(bad.iter().all(|length| import(spec, &vec![1; *length]).is_err()), "{spec}");
    }
    let keys: Vec<Material> = quick_specs()
        .filter(|spec| spec.is_asymmetric())
        .map(|spec| Material::generate(spec).expect("generated"))
        .collect();
    for key in &keys {
        let pkcs8 = key.private_key_pkcs8().expect("a pair");
        for other in KeySpec::ALL.iter().filter(|s| s.is_asymmetric() && **s != key.spec()) {
            let error = Material::from_import(*other, pkcs8).expect_err("another spec");
            assert!(matches!(error, Error::InvalidMaterial { .. }), "{} as {other}", key.spec());
        }
        let cut = Secret::copy_of(&pkcs8.expose()[..pkcs8.len() - 1]);
        assert!(Material::from_import(key.spec(), &cut).is_err(), "{} cut", key.spec());
    }
}

#[test]
fn keys_refuse_what_they_cannot_do() {
    let symmetric = Material::generate(KeySpec::SymmetricDefault).expect("generated");
    let curve = Material::generate(KeySpec::EccSecgP256k1).expect("generated");
    let refused = |result: Result<(), Error>| {
        assert!(matches!(result, Err(Error::UnsupportedAlgorithm { .. })), "{result:?}");
    };
    refused(symmetric.sign(SigningAlgorithm::EcdsaSha256, MessageType::Raw, b"").map(drop));
    refused(symmetric.mac(MacAlgorithm::HmacSha256, b"").map(drop));
    refused(symmetric.agree(b"").map(drop));
    refused(symmetric.encapsulate().map(drop));
    refused(symmetric.decapsulate(b"").map(drop));
    refused(symmetric.decrypt_oaep(EncryptionAlgorithm::RsaesOaepSha256, b"").map(drop));
    refused(curve.decrypt(&EncryptionContext::new(), b"").map(drop));
    refused(curve.encrypt_oaep(EncryptionAlgorithm::RsaesOaepSha1, b"").map(drop));
    let own = curve.public_key_der().expect("a pair").to_vec();
    refused(curve.agree(&own).map(drop));
    assert_eq!(format!("{symmetric:?}"), "Material(SYMMETRIC_DEFAULT)");
}
