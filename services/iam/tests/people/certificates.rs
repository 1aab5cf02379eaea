use api_iam::operations as op;
use api_iam::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use crate::common::{World, some};

/// Certificates of an authority and of a site, and the site's key, in PEM.
struct Site {
    authority: String,
    body: String,
    key: String,
}

fn site(last_year: i32) -> Site {
    let params = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params
    };
    let mut authority = params("authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let issuer = authority.self_signed(&authority_key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let mut own = params("site");
    own.not_after = date_time_ymd(last_year, 1, 1);
    let body = own.signed_by(&key, &Issuer::new(authority, authority_key)).expect("a certificate");
    Site { authority: issuer.pem(), body: body.pem(), key: key.serialize_pem() }
}

fn upload(name: &str, site: &Site) -> UploadServerCertificateRequest {
    UploadServerCertificateRequest {
        server_certificate_name: some(name),
        certificate_body: some(&site.body),
        private_key: some(&site.key),
        certificate_chain: some(&site.authority),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_server_certificate_is_read_before_it_is_kept() {
    let world = World::new().await;
    let (own, other, old) = (site(2040), site(2040), site(2025));
    for (input, expected) in [
        (
            UploadServerCertificateRequest { private_key: some(&other.key), ..upload("a", &own) },
            "KeyPairMismatch",
        ),
        (
            UploadServerCertificateRequest { private_key: some("key"), ..upload("a", &own) },
            "MalformedCertificate: Unable to parse private key",
        ),
        (
            UploadServerCertificateRequest {
                certificate_chain: some(&other.authority),
                ..upload("a", &own)
            },
            "MalformedCertificate: Unable to validate certificate chain",
        ),
        (
            UploadServerCertificateRequest { certificate_body: some("body"), ..upload("a", &own) },
            "MalformedCertificate: Unable to parse certificate.",
        ),
        (upload("a", &old), "MalformedCertificate: The certificate is expired"),
    ] {
        let refused = world.refused::<op::UploadServerCertificate>(input).await;
        assert!(refused.starts_with(expected), "{refused}");
    }
    let made = world.root::<op::UploadServerCertificate>(upload("a", &own)).await;
    let metadata = made.server_certificate_metadata.expect("a certificate");
    assert_eq!(metadata.arn, some("arn:aws:iam::123456789012:server-certificate/a"));
    assert!(metadata.expiration.is_some_and(|expiration| expiration > world.0.now()));
    let records = world.0.records().await;
    let line = own.key.lines().nth(1).expect("a line");
    assert!(!records.iter().any(|record| record.to_string().contains(line)));
}

#[tokio::test]
async fn a_server_certificate_is_renamed_found_and_deleted() {
    let world = World::new().await;
    let own = site(2040);
    world.root::<op::UploadServerCertificate>(upload("a", &own)).await;
    world.root::<op::UploadServerCertificate>(upload("b", &own)).await;
    let rename = |to: &str| UpdateServerCertificateRequest {
        server_certificate_name: some("a"),
        new_server_certificate_name: some(to),
        new_path: some("/web/"),
    };
    assert_eq!(
        world.refused::<op::UpdateServerCertificate>(rename("B")).await,
        "EntityAlreadyExists: The Server Certificate with name B already exists."
    );
    world.root::<op::UpdateServerCertificate>(rename("c")).await;
    let get = |name: &str| GetServerCertificateRequest { server_certificate_name: some(name) };
    let found = world.root::<op::GetServerCertificate>(get("C")).await.server_certificate;
    let found = found.expect("a certificate");
    assert_eq!(
        (found.certificate_body, found.certificate_chain),
        (some(&own.body), some(&own.authority))
    );
    let list = ListServerCertificatesRequest { path_prefix: some("/web/"), ..Default::default() };
    let listed = world.root::<op::ListServerCertificates>(list).await;
    assert_eq!(listed.server_certificate_metadata_list.map(|list| list.len()), Some(1));
    let delete = DeleteServerCertificateRequest { server_certificate_name: some("c") };
    world.root::<op::DeleteServerCertificate>(delete).await;
    assert_eq!(
        world.refused::<op::GetServerCertificate>(get("c")).await,
        "NoSuchEntity: The Server Certificate with name c cannot be found."
    );
}

#[tokio::test]
async fn a_user_has_two_signing_certificates_at_most() {
    let world = World::new().await;
    let upload = |site: &Site| UploadSigningCertificateRequest {
        user_name: some("ada"),
        certificate_body: some(&site.body),
    };
    let first = site(2040);
    let made = world.root::<op::UploadSigningCertificate>(upload(&first)).await;
    let id = made.certificate.expect("a certificate").certificate_id;
    for (site, expected) in [
        (&first, "DuplicateCertificate"),
        (&site(2025), "InvalidCertificate"),
        (&Site { body: "x".into(), ..site(2040) }, "MalformedCertificate"),
    ] {
        let refused = world.refused::<op::UploadSigningCertificate>(upload(site)).await;
        assert!(refused.starts_with(expected), "{refused}");
    }
    world.root::<op::UploadSigningCertificate>(upload(&site(2040))).await;
    let refused = world.refused::<op::UploadSigningCertificate>(upload(&site(2040))).await;
    assert_eq!(refused, "LimitExceeded: Cannot exceed quota for SigningCertificatesPerUser: 2");
    let update = UpdateSigningCertificateRequest {
        user_name: some("ada"),
        certificate_id: id.clone(),
        status: Some(StatusType::Inactive),
    };
    world.root::<op::UpdateSigningCertificate>(update).await;
    let delete =
        || DeleteSigningCertificateRequest { user_name: some("ada"), certificate_id: id.clone() };
    world.root::<op::DeleteSigningCertificate>(delete()).await;
    let refused = world.refused::<op::DeleteSigningCertificate>(delete()).await;
    assert!(refused.starts_with("NoSuchEntity"), "{refused}");
}

#[tokio::test]
async fn ssh_public_keys_are_read_in_both_forms() {
    let world = World::new().await;
    let line = include_str!("../../../../crates/keyring/src/ssh/line.txt");
    let pem = include_str!("../../../../crates/keyring/src/ssh/key.pem");
    let upload = |body: &str| UploadSSHPublicKeyRequest {
        user_name: some("ada"),
        ssh_public_key_body: some(body),
    };
    let refused = world.refused::<op::UploadSSHPublicKey>(upload("ssh-rsa AAAA")).await;
    assert!(refused.starts_with("InvalidPublicKey"), "{refused}");
    let made = world.root::<op::UploadSSHPublicKey>(upload(line)).await.ssh_public_key;
    let made = made.expect("a key");
    assert!(made.ssh_public_key_id.as_ref().is_some_and(|id| id.starts_with("APKA")));
    let refused = world.refused::<op::UploadSSHPublicKey>(upload(pem)).await;
    assert!(refused.starts_with("DuplicateSSHPublicKey"), "{refused}");
    let get = GetSSHPublicKeyRequest {
        user_name: some("ada"),
        ssh_public_key_id: made.ssh_public_key_id.clone(),
        encoding: Some(EncodingType::Pem),
    };
    let found = world.root::<op::GetSSHPublicKey>(get).await.ssh_public_key.expect("a key");
    assert_eq!((found.ssh_public_key_body, found.fingerprint), (some(pem), made.fingerprint));
    let delete = DeleteSSHPublicKeyRequest {
        user_name: some("ada"),
        ssh_public_key_id: made.ssh_public_key_id,
    };
    world.root::<op::DeleteSSHPublicKey>(delete).await;
    let list = ListSSHPublicKeysRequest { user_name: some("ada"), ..Default::default() };
    let listed = world.root::<op::ListSSHPublicKeys>(list).await.ssh_public_keys.expect("keys");
    assert!(listed.is_empty());
}
