//! Nitro Enclaves attestation documents (`Recipient.AttestationDocument`): who may read a response,
//! and with what key.
//!
//! A document is a COSE_Sign1 around a CBOR map, signed by a short-lived certificate that chains to
//! a root (AWS Nitro Enclaves, "Verifying the root of trust"). Nothing in it counts before
//! [`Document::verify`].

use std::collections::BTreeMap;
use std::time::Duration;

use base::Timestamp;
use minicbor::Decoder;
use minicbor::data::Type;

pub use crate::chain::TrustedRoots;
use crate::cose::Sign1;
use crate::{Error, chain};

/// Longest document, in bytes (`AttestationDocumentType`).
pub const DOCUMENT_MAX: usize = 262_144;
/// Oldest document that is accepted, so that a captured one cannot be replayed for long; also how
/// far clocks may differ.
pub const AGE_MAX: Duration = Duration::from_secs(5 * 60);
/// Platform configuration registers that a document may have.
const PCRS_MAX: u64 = 32;
/// Certificates in the bundle.
const BUNDLE_MAX: u64 = 8;
/// Bytes of a certificate, and of the enclave's public key.
const CERTIFICATE_MAX: usize = 1024;
/// Bytes of user data and nonce.
const USER_DATA_MAX: usize = 1024;

/// A document that has been read but not verified.
pub struct Document<'a> {
    sign1: Sign1<'a>,
    certificate: Vec<u8>,
    bundle: Vec<Vec<u8>>,
    claims: Attestation,
}

/// What a verified document says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The enclave's module id.
    pub module_id: String,
    /// When the document was made.
    pub timestamp: Timestamp,
    /// The platform configuration registers; number 0 is the image's measurement
    /// (`kms:RecipientAttestation:ImageSha384`, `kms:RecipientAttestation:PCR<n>`).
    pub pcrs: BTreeMap<u8, Vec<u8>>,
    /// The enclave's public key, DER-encoded, to which responses are encrypted.
    pub public_key: Option<Vec<u8>>,
    /// What the enclave's program added.
    pub user_data: Option<Vec<u8>>,
    /// The nonce that the enclave's program was given.
    pub nonce: Option<Vec<u8>>,
}

impl Attestation {
    /// A register in lower-case hex, as condition keys compare it.
    pub fn pcr_hex(&self, number: u8) -> Option<String> {
        self.pcrs.get(&number).map(hex::encode)
    }
}

/// Reads a document without trusting it. Never panics, whatever the bytes.
///
/// # Errors
/// [`Error::Attestation`].
pub fn parse(bytes: &[u8]) -> Result<Document<'_>, Error> {
    if bytes.len() > DOCUMENT_MAX {
        return Err(Error::Attestation("it is too long"));
    }
    let sign1 =
        Sign1::parse(bytes).ok_or(Error::Attestation("it is not a COSE_Sign1 with ES384"))?;
    parse_payload(sign1).ok_or(Error::Attestation("its payload is malformed"))
}

impl Document<'_> {
    /// What the document says, unproven.
    pub fn claims(&self) -> &Attestation {
        &self.claims
    }

    /// Verifies signature, certificate chain and age at the moment `now`.
    ///
    /// # Errors
    /// [`Error::Attestation`].
    pub fn verify(self, roots: &TrustedRoots, now: Timestamp) -> Result<Attestation, Error> {
        let key = chain::verify(roots, &self.bundle, &self.certificate, now)?;
        self.sign1.verify(&key).ok_or(Error::Attestation("its signature does not verify"))?;
        let made = self.claims.timestamp;
        if now.since(made) > AGE_MAX || made.since(now) > AGE_MAX {
            return Err(Error::Attestation("it is not recent"));
        }
        Ok(self.claims)
    }
}

fn parse_payload(sign1: Sign1<'_>) -> Option<Document<'_>> {
    let mut decoder = Decoder::new(sign1.payload);
    let (mut module_id, mut timestamp, mut digest) = (None, None, None);
    let (mut pcrs, mut certificate, mut bundle) = (None, None, None);
    let (mut public_key, mut user_data, mut nonce) = (None, None, None);
    for _ in 0..decoder.map().ok()?? {
        match decoder.str().ok()? {
            "module_id" => set(&mut module_id, decoder.str().ok()?.to_owned())?,
            "digest" => set(&mut digest, decoder.str().ok()?)?,
            "timestamp" => set(&mut timestamp, i64::try_from(decoder.u64().ok()?).ok()?)?,
            "pcrs" => set(&mut pcrs, read_pcrs(&mut decoder)?)?,
            "certificate" => set(&mut certificate, read_bytes(&mut decoder, CERTIFICATE_MAX)?)?,
            "cabundle" => set(&mut bundle, read_bundle(&mut decoder)?)?,
            "public_key" => set(&mut public_key, read_optional(&mut decoder, CERTIFICATE_MAX)?)?,
            "user_data" => set(&mut user_data, read_optional(&mut decoder, USER_DATA_MAX)?)?,
            "nonce" => set(&mut nonce, read_optional(&mut decoder, USER_DATA_MAX)?)?,
            _ => decoder.skip().ok()?,
        }
    }
    (decoder.position() == sign1.payload.len() && digest? == "SHA384").then_some(())?;
    let claims = Attestation {
        module_id: module_id?,
        timestamp: Timestamp::from_millis(timestamp?),
        pcrs: pcrs?,
        public_key: public_key.flatten(),
        user_data: user_data.flatten(),
        nonce: nonce.flatten(),
    };
    Some(Document { sign1, certificate: certificate?, bundle: bundle?, claims })
}

/// Sets a member; `None` if the map has it twice.
fn set<T>(member: &mut Option<T>, value: T) -> Option<()> {
    member.replace(value).is_none().then_some(())
}

fn read_bytes(decoder: &mut Decoder<'_>, limit: usize) -> Option<Vec<u8>> {
    let bytes = decoder.bytes().ok()?;
    (!bytes.is_empty() && bytes.len() <= limit).then(|| bytes.to_vec())
}

fn read_optional(decoder: &mut Decoder<'_>, limit: usize) -> Option<Option<Vec<u8>>> {
    if decoder.datatype().ok()? == Type::Null {
        return decoder.null().ok().map(|()| None);
    }
    let bytes = decoder.bytes().ok()?;
    (bytes.len() <= limit).then(|| (!bytes.is_empty()).then(|| bytes.to_vec()))
}

fn read_pcrs(decoder: &mut Decoder<'_>) -> Option<BTreeMap<u8, Vec<u8>>> {
    let count = decoder.map().ok()?.filter(|count| (1..=PCRS_MAX).contains(count))?;
    let mut pcrs = BTreeMap::new();
    for _ in 0..count {
        let number = decoder.u8().ok().filter(|number| u64::from(*number) < PCRS_MAX)?;
        let value = decoder.bytes().ok().filter(|value| [32, 48, 64].contains(&value.len()))?;
        pcrs.insert(number, value.to_vec()).is_none().then_some(())?;
    }
    Some(pcrs)
}

fn read_bundle(decoder: &mut Decoder<'_>) -> Option<Vec<Vec<u8>>> {
    let count = decoder.array().ok()?.filter(|count| (1..=BUNDLE_MAX).contains(count))?;
    (0..count).map(|_| read_bytes(decoder, CERTIFICATE_MAX)).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
    use minicbor::Encoder;
    use proptest::prelude::*;
    use rcgen::{
        BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
        PKCS_ECDSA_P384_SHA384,
    };

    use super::*;
    use crate::cose;

    /// A moment within the test certificates' validity.
    pub(crate) fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-06-01T12:00:00Z").expect("a date")
    }

    /// An enclave of the tests' own, with its certificate authority.
    pub(crate) struct Enclave {
        pub(crate) roots: TrustedRoots,
        bundle: Vec<Vec<u8>>,
        leaf: Vec<u8>,
        key: KeyPair,
    }

    fn parameters(name: &str, ca: Option<u8>) -> CertificateParams {
        let mut parameters = CertificateParams::new(Vec::new()).expect("no names");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2027, 1, 1);
        parameters.is_ca = match ca {
            Some(length) => IsCa::Ca(BasicConstraints::Constrained(length)),
            None => IsCa::ExplicitNoCa,
        };
        let usage = if ca.is_some() {
            KeyUsagePurpose::KeyCertSign
        } else {
            KeyUsagePurpose::DigitalSignature
        };
        parameters.key_usages = vec![usage];
        parameters
    }

    impl Enclave {
        pub(crate) fn new() -> Self {
            Self::with_path_length(1)
        }

        fn with_path_length(length: u8) -> Self {
            let key = || KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("generated");
            let root_key = key();
            let root_parameters = parameters("root", Some(length));
            let root = root_parameters.self_signed(&root_key).expect("signed").der().to_vec();
            let root_issuer = Issuer::new(root_parameters, root_key);
            let middle_key = key();
            let middle_parameters = parameters("middle", Some(0));
            let middle = middle_parameters.signed_by(&middle_key, &root_issuer).expect("signed");
            let middle_issuer = Issuer::new(middle_parameters, middle_key);
            let leaf_key = key();
            let leaf =
                parameters("leaf", None).signed_by(&leaf_key, &middle_issuer).expect("signed");
            Self {
                roots: TrustedRoots::parse(&root).expect("DER"),
                bundle: vec![root, middle.der().to_vec()],
                leaf: leaf.der().to_vec(),
                key: leaf_key,
            }
        }

        pub(crate) fn attest(&self, public_key: Option<&[u8]>) -> Vec<u8> {
            self.attest_at(now(), public_key)
        }

        fn attest_at(&self, at: Timestamp, public_key: Option<&[u8]>) -> Vec<u8> {
            let mut cbor = Encoder::new(Vec::new());
            cbor.map(9).expect("a Vec");
            cbor.str("module_id").and_then(|c| c.str("i-1234-enc")).expect("a Vec");
            cbor.str("digest").and_then(|c| c.str("SHA384")).expect("a Vec");
            cbor.str("timestamp").and_then(|c| c.u64(at.millis() as u64)).expect("a Vec");
            cbor.str("pcrs").and_then(|c| c.map(2)).expect("a Vec");
            cbor.u8(0).and_then(|c| c.bytes(&[0xab; 48])).expect("a Vec");
            cbor.u8(4).and_then(|c| c.bytes(&[0xcd; 48])).expect("a Vec");
            cbor.str("certificate").and_then(|c| c.bytes(&self.leaf)).expect("a Vec");
            cbor.str("cabundle").and_then(|c| c.array(self.bundle.len() as u64)).expect("a Vec");
            for certificate in &self.bundle {
                cbor.bytes(certificate).expect("a Vec");
            }
            cbor.str("public_key").expect("a Vec");
            match public_key {
                Some(key) => cbor.bytes(key).expect("a Vec"),
                None => cbor.null().expect("a Vec"),
            };
            cbor.str("user_data").and_then(|c| c.bytes(b"hello")).expect("a Vec");
            cbor.str("nonce").and_then(|c| c.null()).expect("a Vec");
            self.sign(&cbor.into_writer())
        }

        fn sign(&self, payload: &[u8]) -> Vec<u8> {
            let protected = [0xa1, 0x01, 0x38, 0x22];
            let der = self.key.serialized_der();
            let key =
                EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der).expect("P-384");
            let message = cose::to_be_signed(&protected, payload).expect("a Vec");
            let signature = key.sign(&SystemRandom::new(), &message).expect("signs");
            let mut cbor = Encoder::new(Vec::new());
            cbor.array(4).and_then(|c| c.bytes(&protected)).expect("a Vec");
            cbor.map(0).and_then(|c| c.bytes(payload)).expect("a Vec");
            cbor.bytes(signature.as_ref()).expect("a Vec");
            cbor.into_writer()
        }
    }

    fn verify(document: &[u8], roots: &TrustedRoots, at: Timestamp) -> Result<Attestation, String> {
        parse(document).and_then(|d| d.verify(roots, at)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_sound_document_tells_its_claims() {
        let enclave = Enclave::new();
        let document = enclave.attest(Some(b"key"));
        let found = verify(&document, &enclave.roots, now()).expect("sound");
        assert_eq!(found.module_id, "i-1234-enc");
        assert_eq!(found.pcr_hex(0), Some("ab".repeat(48)));
        assert_eq!(found.pcr_hex(1), None);
        assert_eq!(found.public_key.as_deref(), Some(&b"key"[..]));
        assert_eq!((found.user_data.as_deref(), found.nonce), (Some(&b"hello"[..]), None));
        let mut tagged = vec![0xd2];
        tagged.extend_from_slice(&document);
        assert!(verify(&tagged, &enclave.roots, now()).is_ok(), "with its CBOR tag");
        tagged[0] = 0xd1;
        assert!(verify(&tagged, &enclave.roots, now()).is_err(), "with another tag");
    }

    #[test]
    fn the_root_may_be_left_out_of_the_bundle() {
        let mut enclave = Enclave::new();
        enclave.bundle.remove(0);
        assert!(verify(&enclave.attest(None), &enclave.roots, now()).is_ok());
        enclave.bundle.clear();
        assert!(verify(&enclave.attest(None), &enclave.roots, now()).is_err());
    }

    #[test]
    fn only_trusted_roots_count() {
        let (one, two) = (Enclave::new(), Enclave::new());
        let untrusted = "the attestation document is not valid: \
                         its certificate chain does not lead to a trusted root";
        for roots in [&two.roots, &TrustedRoots::none()] {
            assert_eq!(verify(&one.attest(None), roots, now()).expect_err("untrusted"), untrusted);
        }
        // A leaf of another chain does not go with this one.
        let mixed = Enclave { leaf: two.leaf.clone(), key: two.key, ..Enclave::new() };
        assert!(verify(&mixed.attest(None), &mixed.roots, now()).is_err());
    }

    #[test]
    fn time_and_path_length_are_checked() {
        let enclave = Enclave::new();
        let roots = &enclave.roots;
        let at = |at| verify(&enclave.attest_at(now(), None), roots, at);
        assert!(at(now() + AGE_MAX).is_ok());
        assert!(at(now() + AGE_MAX + Duration::from_secs(1)).is_err(), "old");
        assert!(at(now() - AGE_MAX - Duration::from_secs(1)).is_err(), "from the future");
        let later = now() + Duration::from_secs(365 * 24 * 60 * 60);
        let error = verify(&enclave.attest_at(later, None), roots, later).expect_err("expired");
        assert!(error.ends_with("expired or not yet valid"), "{error}");
        let short = Enclave::with_path_length(0);
        assert!(verify(&short.attest(None), &short.roots, now()).is_err(), "path length");
    }

    #[test]
    fn no_byte_can_be_changed() {
        let enclave = Enclave::new();
        let document = enclave.attest(Some(b"key"));
        let sound = verify(&document, &enclave.roots, now()).expect("sound");
        // Every seventh byte keeps the test quick: each costs three signature checks.
        for at in (0..document.len()).step_by(7) {
            let mut bad = document.clone();
            bad[at] ^= 0x10;
            assert_ne!(
                verify(&bad, &enclave.roots, now()).ok().as_ref(),
                Some(&sound),
                "byte {at}"
            );
            assert!(parse(&document[..at]).is_err(), "length {at}");
        }
    }

    #[test]
    fn roots_come_in_pem_too() {
        assert!(TrustedRoots::parse(b"").is_err());
        assert!(TrustedRoots::parse(b"\x30\x00").is_err());
        let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("generated");
        let pem = parameters("root", Some(1)).self_signed(&key).expect("signed").pem();
        assert_eq!(
            format!("{:?}", TrustedRoots::parse(pem.repeat(2).as_bytes()).expect("PEM")),
            "TrustedRoots(2)"
        );
    }

    proptest! {
        #[test]
        fn parsing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), wrap: bool) {
            let mut document = bytes.clone();
            if wrap {
                let mut cbor = Encoder::new(Vec::new());
                cbor.array(4).and_then(|c| c.bytes(&[0xa1, 0x01, 0x38, 0x22])).expect("a Vec");
                cbor.map(0).and_then(|c| c.bytes(&bytes)).and_then(|c| c.bytes(&[0; 96])).expect("a Vec");
                document = cbor.into_writer();
            }
            let _ = parse(&document).map(drop);
        }
    }
}
