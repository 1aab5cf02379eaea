//! The server's certificate: given in files, or issued by Bastide's own certificate authority.
//!
//! The authority's key is key material of the keyring: it signs there and rests sealed in the store. The server's own
//! key lives in memory only and is made anew with each certificate, which is replaced long before it ends.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::{Clock, Timestamp};
use keyring::{Keyring, Material, Sealed};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SigningKey as IssuerKey,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use store::{Record, Scope, Store, StoreError};
use thiserror::Error;

/// How long the authority's certificate is good.
const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
/// How long a server certificate is good.
const CERTIFICATE_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long before its end a server certificate is replaced.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Certificates begin this much in the past, for clients whose clocks are late.
const BACKDATED: Duration = Duration::from_secs(60 * 60);
/// What the authority's sealed key is bound to.
const SEAL_CONTEXT: &[u8] = b"platform/tls-authority";
/// The record's id; there is one authority.
const AUTHORITY_ID: &str = "server";

/// A failure to come by a certificate.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A certificate or key file cannot be read.
    #[error("{path} cannot be read as PEM: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// The key does not fit the certificate, or is of a kind that is not served.
    #[error("the certificate and key cannot be used")]
    Unusable(#[from] rustls::Error),
    /// A certificate could not be issued.
    #[error("a certificate could not be issued")]
    Issue(#[from] rcgen::Error),
    /// The authority's key failed.
    #[error("the certificate authority's key could not be used: is this the right root key?")]
    Key(#[from] keyring::Error),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// TLS with a certificate chain and a key from PEM files.
pub fn from_files(certificate: &Path, key: &Path) -> Result<Arc<rustls::ServerConfig>, TlsError> {
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |source| TlsError::File { path, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(failed(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(failed(key))?;
    Ok(Arc::new(builder()?.with_no_client_auth().with_single_cert(chain, key)?))
}

/// TLS with certificates of Bastide's own authority, which is made on first use. Also gives the authority's
/// certificate in PEM, for clients to trust.
pub async fn self_issued(
    store: &Store,
    keyring: &Arc<Keyring>,
    clock: Arc<dyn Clock>,
    names: Vec<String>,
) -> Result<(Arc<rustls::ServerConfig>, String), TlsError> {
    let authority = Authority::load(store, keyring, clock.now()).await?;
    let pem = authority.pem.clone();
    let resolver = Resolver { authority, names, clock, current: Mutex::new(None) };
    resolver.current()?;
    let config = builder()?.with_no_client_auth().with_cert_resolver(Arc::new(resolver));
    Ok((Arc::new(config), pem))
}

fn builder() -> Result<rustls::ConfigBuilder<rustls::ServerConfig, rustls::WantsVerifier>, TlsError>
{
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?)
}

#[derive(Serialize, Deserialize)]
struct AuthorityRecord {
    key: Sealed,
    certificate_pem: String,
    created: Timestamp,
}

impl Record for AuthorityRecord {
    const SERVICE: &'static str = "platform";
    const KIND: &'static str = "tls-authority";
}

struct Authority {
    key: AuthorityKey,
    params: CertificateParams,
    pem: String,
}

impl Authority {
    async fn load(store: &Store, keyring: &Keyring, now: Timestamp) -> Result<Self, TlsError> {
        let scope = Scope::system();
        let (account, global) = (scope.account, &scope.region);
        loop {
            let mut tx = store.begin();
            if let Some(record) = tx.get::<AuthorityRecord>(&scope, AUTHORITY_ID).await? {
                let key =
                    Material::from_sealed(keyring, account, global, SEAL_CONTEXT, &record.key)?;
                let key = AuthorityKey::new(key)?;
                let params = authority_params(record.created)?;
                return Ok(Self { key, params, pem: record.certificate_pem.clone() });
            }
            let key = Material::generate(keyring::KeySpec::EccNistP256)?;
            let sealed = key.to_sealed(keyring, account, global, SEAL_CONTEXT)?;
            let key = AuthorityKey::new(key)?;
            let pem = authority_params(now)?.self_signed(&key)?.pem();
            let record = AuthorityRecord { key: sealed, certificate_pem: pem, created: now };
            tx.create(&scope, AUTHORITY_ID, &record)?;
            match store.commit(tx).await {
                // Made just now, by us or by another node: read it back.
                Ok(()) | Err(StoreError::Conflict) => continue,
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn issue(&self, names: &[String], now: Timestamp) -> Result<Arc<CertifiedKey>, TlsError> {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names.to_vec())?;
        params.distinguished_name.push(DnType::CommonName, "Bastide");
        params.not_before = date(now - BACKDATED);
        params.not_after = date(now + CERTIFICATE_LIFE);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer)?;
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let private = rustls::crypto::aws_lc_rs::sign::any_supported_type(&private)?;
        Ok(Arc::new(CertifiedKey::new(vec![certificate.der().clone()], private)))
    }
}

fn authority_params(created: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Bastide server CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.not_before = date(created - BACKDATED);
    params.not_after = date(created + AUTHORITY_LIFE);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

/// The authority's key, which signs inside the keyring.
struct AuthorityKey {
    material: Material,
    public: Vec<u8>,
}

impl AuthorityKey {
    fn new(material: Material) -> Result<Self, keyring::Error> {
        // rcgen wants the bare point, which for P-256 is the last 65 bytes of the SubjectPublicKeyInfo (RFC 5480).
        const POINT_BYTES: usize = 65;
        let spki = material.public_key_der()?;
        let public = spki[spki.len().saturating_sub(POINT_BYTES)..].to_vec();
        Ok(Self { material, public })
    }
}

impl PublicKeyData for AuthorityKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl IssuerKey for AuthorityKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let (algorithm, kind) = (keyring::SigningAlgorithm::EcdsaSha256, keyring::MessageType::Raw);
        self.material.sign(algorithm, kind, message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Gives the current certificate to each handshake and replaces it in time.
struct Resolver {
    authority: Authority,
    names: Vec<String>,
    clock: Arc<dyn Clock>,
    current: Mutex<Option<(Arc<CertifiedKey>, Timestamp)>>,
}

impl Resolver {
    fn current(&self) -> Result<Arc<CertifiedKey>, TlsError> {
        let now = self.clock.now();
        let mut current = self.current.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((certificate, renew)) = &*current
            && now < *renew
        {
            return Ok(certificate.clone());
        }
        let certificate = self.authority.issue(&self.names, now)?;
        *current = Some((certificate.clone(), now + (CERTIFICATE_LIFE - RENEW_BEFORE)));
        Ok(certificate)
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        match self.current() {
            Ok(certificate) => Some(certificate),
            Err(error) => {
                tracing::error!(%error, "no certificate for a handshake");
                None
            }
        }
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("names", &self.names).finish_non_exhaustive()
    }
}

fn date(at: Timestamp) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(at.seconds())
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}
