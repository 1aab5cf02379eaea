//! X.509 certificates that people bring (RFC 5280), with the private keys that go with them, in PEM (RFC 7468).
//!
//! What is looked at is the text's form, the signatures of a chain and whether a key fits. Whom to trust is not decided here.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, KeyPair as _, RsaKeyPair,
};
use base::Timestamp;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{Error, Secret, pem};

/// Certificates of a chain at most.
const CHAIN_MAX: usize = 32;

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    /// When it begins to be valid.
    pub not_before: Timestamp,
    /// When it ends to be valid.
    pub not_after: Timestamp,
}

impl Certificate {
    /// Reads one certificate.
    ///
    /// # Errors
    /// [`Error::Certificate`].
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let malformed = Error::Certificate("it is not one certificate in PEM");
        match Self::chain_from_pem(text)?.as_slice() {
            [one] => Ok(one.clone()),
            _ => Err(malformed),
        }
    }

    /// Reads certificates that follow each other.
    ///
    /// # Errors
    /// [`Error::Certificate`].
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>, Error> {
        let (mut chain, mut rest) = (Vec::new(), text.trim());
        while !rest.is_empty() {
            let block = pem::block(rest).filter(|block| block.label == "CERTIFICATE");
            let block = block.ok_or(Error::Certificate("it is not in PEM"))?;
            chain.push(Self::from_der(&block.content)?);
            rest = block.rest;
            if chain.len() > CHAIN_MAX {
                return Err(Error::Certificate("its chain is too long"));
            }
        }
        Ok(chain)
    }

    fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = Error::Certificate("it is not an X.509 certificate");
        let Ok(([], parsed)) = X509Certificate::from_der(der) else { return Err(malformed) };
        let moment = |at: i64| Timestamp::from_millis(at.saturating_mul(1000));
        Ok(Self {
            der: der.to_vec(),
            not_before: moment(parsed.validity().not_before.timestamp()),
            not_after: moment(parsed.validity().not_after.timestamp()),
        })
    }

    /// The certificate in DER.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether `issuer` issued it: the name is the issuer's, and so is the signature.
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        let certificates = [self, issuer].map(|one| X509Certificate::from_der(&one.der));
        let [Ok((_, own)), Ok((_, issuer))] = certificates else { return false };
        own.issuer().as_raw() == issuer.subject().as_raw()
            && own.verify_signature(Some(issuer.public_key())).is_ok()
    }

    /// Whether this private key, in PEM and not encrypted, is the certificate's: PKCS#8, or the older forms of RSA (RFC 8017)
    /// and elliptic curves (RFC 5915).
    ///
    /// # Errors
    /// [`Error::PrivateKey`] if there is no private key in it.
    pub fn fits(&self, key: &Secret) -> Result<bool, Error> {
        let public = public_of(key).ok_or(Error::PrivateKey)?;
        let Ok((_, own)) = X509Certificate::from_der(&self.der) else { return Ok(false) };
        Ok(*own.public_key().subject_public_key.data == *public)
    }
}

/// The public key of a private one, as a SubjectPublicKeyInfo's bit string holds it.
fn public_of(key: &Secret) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(key.expose()).ok()?.trim();
    // OpenSSL puts a curve's parameters before its key.
    let parameters = pem::block(text).filter(|block| block.label == "EC PARAMETERS");
    let block = pem::block(parameters.map_or(text, |block| block.rest))?;
    if !block.rest.is_empty() {
        return None;
    }
    let der = &block.content[..];
    let rsa = match block.label {
        "PRIVATE KEY" => RsaKeyPair::from_pkcs8(der).ok(),
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(der).ok(),
        _ => None,
    };
    if let Some(key) = rsa {
        return Some(key.public_key().as_ref().to_vec());
    }
    let curves = [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
    ];
    let key = curves.into_iter().find_map(|curve| match block.label {
        "PRIVATE KEY" => EcdsaKeyPair::from_pkcs8(curve, der).ok(),
        "EC PRIVATE KEY" => EcdsaKeyPair::from_private_key_der(curve, der).ok(),
        _ => None,
    })?;
    Some(key.public_key().as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    use super::*;

    fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        CertifiedIssuer::self_signed(params, key).expect("an authority")
    }

    #[test]
    fn chains_and_keys_are_told_from_others() {
        let (issuer, stranger) = (authority("issuer"), authority("issuer"));
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key");
        let leaf = CertificateParams::new(vec!["example.com".to_owned()]).expect("parameters");
        let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
        let read = Certificate::from_pem(&leaf.pem()).expect("it reads");
        assert_eq!(read.as_der(), &leaf.der()[..]);
        let issuers = [&issuer, &stranger]
            .map(|one| Certificate::chain_from_pem(&one.pem()).expect("it reads").remove(0));
        assert!(read.is_issued_by(&issuers[0]) && !read.is_issued_by(&issuers[1]));
        assert!(read.not_before < read.not_after);
        let secret = |pem: String| Secret::new(pem.into_bytes());
        assert!(read.fits(&secret(key.serialize_pem())).expect("a key"));
        assert!(!read.fits(&secret(issuer.key().serialize_pem())).expect("a key"));
        assert!(matches!(read.fits(&secret(leaf.pem())), Err(Error::PrivateKey)));
        let both = format!("{}\n{}", leaf.pem(), issuer.pem());
        assert_eq!(Certificate::chain_from_pem(&both).expect("two").len(), 2);
        assert!(Certificate::from_pem(&both).is_err());
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        for text in [
            "",
            "certificate",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nProc-Type: 4\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n",
        ] {
            assert!(Certificate::from_pem(text).is_err(), "{text}");
        }
    }
}
