//! Certificate chains of attestation documents, from a trusted root to the leaf, at a given time.
//!
//! Only what attestation needs (RFC 5280, section 6, without names, policies and revocation): the
//! path is given in order, nothing is fetched.

use base::Timestamp;
use x509_parser::prelude::{ASN1Time, FromDer as _, ParsedExtension, X509Certificate, X509Version};

use crate::Error;

/// Longest chain, root and leaf included. Nitro's have five.
const CHAIN_MAX: usize = 10;

/// The roots that attestation documents may chain to.
#[derive(Clone, Default)]
pub struct TrustedRoots(Vec<Vec<u8>>);

impl TrustedRoots {
    /// No root: no document verifies.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads certificates: one in DER, or any number in PEM.
    ///
    /// # Errors
    /// [`Error::Attestation`] if a certificate cannot be read, or there is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut roots = Vec::new();
        if bytes.first() == Some(&crate::der::SEQUENCE) {
            roots.push(bytes.to_vec());
        } else {
            for block in x509_parser::pem::Pem::iter_from_buffer(bytes) {
                let block = block.map_err(|_| Error::Attestation("a trusted root is not PEM"))?;
                roots.push(block.contents);
            }
        }
        let sound = roots.iter().all(|root| parse(root).is_some());
        if roots.is_empty() || !sound {
            return Err(Error::Attestation("a trusted root is not a certificate"));
        }
        Ok(Self(roots))
    }
}

impl std::fmt::Debug for TrustedRoots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TrustedRoots({})", self.0.len())
    }
}

/// Verifies `bundle` (root first) and `leaf`, and returns the leaf's SubjectPublicKeyInfo. A bundle
/// may leave the root out.
pub(crate) fn verify(
    roots: &TrustedRoots,
    bundle: &[Vec<u8>],
    leaf: &[u8],
    now: Timestamp,
) -> Result<Vec<u8>, Error> {
    let refused = Error::Attestation;
    if bundle.len() + 2 > CHAIN_MAX {
        return Err(refused("its certificate chain is too long"));
    }
    let given: Option<Vec<_>> = bundle.iter().map(Vec::as_slice).chain([leaf]).map(parse).collect();
    let given = given.ok_or(refused("a certificate is malformed"))?;
    let untrusted = refused("its certificate chain does not lead to a trusted root");
    let anchored = bundle.first().is_some_and(|first| roots.0.contains(first));
    let path = if anchored {
        given
    } else {
        let first = given.first().ok_or(refused("it has no certificate"))?;
        let issuer = first.issuer().as_raw();
        let root = roots.0.iter().filter_map(|root| parse(root));
        let root = root
            .filter(|root| root.subject().as_raw() == issuer)
            .find(|root| first.verify_signature(Some(root.public_key())).is_ok());
        [root.ok_or(untrusted)?].into_iter().chain(given).collect()
    };
    let now =
        ASN1Time::from_timestamp(now.seconds()).map_err(|_| refused("the time is out of range"))?;
    if !path.iter().all(|certificate| certificate.validity().is_valid_at(now)) {
        return Err(refused("a certificate is expired or not yet valid"));
    }
    if path.iter().any(has_unknown_critical_extension) {
        return Err(refused("a certificate has an unknown critical extension"));
    }
    for (depth, pair) in path.windows(2).enumerate() {
        let (issuer, subject) = (&pair[0], &pair[1]);
        // CAs between this issuer and the leaf, which its path length constraint counts.
        let below = path.len() - 2 - depth;
        let linked = subject.issuer().as_raw() == issuer.subject().as_raw()
            && subject.tbs_certificate.signature == subject.signature_algorithm
            && subject.verify_signature(Some(issuer.public_key())).is_ok();
        if !linked || !may_issue(issuer, below).unwrap_or(false) {
            return Err(refused("its certificate chain does not verify"));
        }
    }
    let leaf = path.last().ok_or(refused("it has no certificate"))?;
    let signs = leaf.key_usage().map(|usage| usage.is_none_or(|u| u.value.digital_signature()));
    if !signs.unwrap_or(false) {
        return Err(refused("its certificate is not for signing"));
    }
    Ok(leaf.public_key().raw.to_vec())
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    (rest.is_empty() && certificate.version() == X509Version::V3).then_some(certificate)
}

fn may_issue(issuer: &X509Certificate<'_>, below: usize) -> Option<bool> {
    let constraints = issuer.basic_constraints().ok()??;
    let usage = issuer.key_usage().ok()?;
    let long_enough =
        constraints.value.path_len_constraint.is_none_or(|limit| below as u64 <= u64::from(limit));
    Some(
        constraints.value.ca
            && long_enough
            && usage.is_none_or(|usage| usage.value.key_cert_sign()),
    )
}

fn has_unknown_critical_extension(certificate: &X509Certificate<'_>) -> bool {
    certificate.extensions().iter().any(|extension| {
        extension.critical
            && !matches!(
                extension.parsed_extension(),
                ParsedExtension::BasicConstraints(_)
                    | ParsedExtension::KeyUsage(_)
                    | ParsedExtension::ExtendedKeyUsage(_)
                    | ParsedExtension::SubjectAlternativeName(_)
            )
    })
}
