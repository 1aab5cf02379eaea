//! Private keys on lattices: ML-DSA signatures (FIPS 204) and ML-KEM decapsulation (FIPS 203).
//!
//! aws-lc-rs does the work. What it does not offer comes from RustCrypto: signing and verifying an
//! external μ (`ml-dsa`), and making an ML-KEM key from its seed (`ml-kem`). Keys are kept as
//! seeds, in PKCS#8 (RFC 9881, RFC 9935).

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::kem::{self, Ciphertext, DecapsulationKey};
use aws_lc_rs::signature::{self, KeyPair as _, PqdsaKeyPair, PqdsaSigningAlgorithm};
use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
#[expect(deprecated, reason = "aws-lc-rs takes decapsulation keys in expanded form alone")]
use ml_kem::ExpandedKeyEncoding;
use ml_kem::KeyExport as _;
use zeroize::Zeroizing;

use crate::error::OrEngine as _;
use crate::random::{self, Generator};
use crate::sign::{Input, MU_LEN};
use crate::spec::KeySpec;
use crate::{Error, Secret, der, public};

/// Bytes of an ML-DSA seed (ξ).
const DSA_SEED_LEN: usize = 32;
/// Bytes of an ML-KEM seed (d and z).
const KEM_SEED_LEN: usize = 64;

/// An ML-DSA private key.
pub(crate) struct MlDsa {
    spec: KeySpec,
    seed: Secret,
    signer: PqdsaKeyPair,
    external: OnceLock<Box<dyn SignMu>>,
}

impl MlDsa {
    /// `None` if the PKCS#8 does not hold a key of `spec` with its seed, or `spec` is not ML-DSA.
    pub(crate) fn from_pkcs8(spec: KeySpec, pkcs8: &[u8]) -> Option<Self> {
        let signer = PqdsaKeyPair::from_pkcs8(dsa(spec)?, pkcs8).ok()?;
        // The library's own form holds the seed alone.
        let canonical = signer.to_pkcs8v1().ok()?;
        let (_, key) = der::split_pkcs8(canonical.as_ref())?;
        let seed = der::Reader::new(key).read(der::CONTEXT_0)?;
        (seed.len() == DSA_SEED_LEN).then_some(())?;
        Some(Self { spec, seed: Secret::copy_of(seed), signer, external: OnceLock::new() })
    }

    pub(crate) fn public_der(&self) -> Result<Vec<u8>, Error> {
        Ok(self.signer.public_key().as_der().or_engine("ML-DSA public key")?.as_ref().to_vec())
    }

    pub(crate) fn sign(&self, input: &Input<'_>) -> Result<Vec<u8>, Error> {
        match input {
            Input::Message(message) => {
                let mut out = vec![0; self.signer.algorithm().signature_len()];
                let length = self.signer.sign(message, &mut out).or_engine("ML-DSA signing")?;
                out.truncate(length);
                Ok(out)
            }
            Input::Mu(mu) => match self.external.get() {
                Some(signer) => signer.sign_mu(mu),
                None => {
                    let signer = external(self.spec, self.seed.expose())?;
                    self.external.get_or_init(|| signer).sign_mu(mu)
                }
            },
            _ => Err(Error::Engine("ML-DSA signing")),
        }
    }
}

/// Signs a message representative that the caller computed (FIPS 204, Algorithm 7 from step 7),
/// hedged.
trait SignMu: Send + Sync {
    fn sign_mu(&self, mu: &[u8; MU_LEN]) -> Result<Vec<u8>, Error>;
}

impl<P: MlDsaParams> SignMu for ExpandedSigningKey<P>
where
    ExpandedSigningKey<P>: Send + Sync,
{
    fn sign_mu(&self, mu: &[u8; MU_LEN]) -> Result<Vec<u8>, Error> {
        let signature = self.sign_mu_randomized(&(*mu).into(), &mut Generator);
        Ok(signature.or_engine("ML-DSA signing")?.encode().to_vec())
    }
}

fn external(spec: KeySpec, seed: &[u8]) -> Result<Box<dyn SignMu>, Error> {
    let seed = Zeroizing::new(<[u8; DSA_SEED_LEN]>::try_from(seed).or_engine("ML-DSA seed")?);
    let seed: &ml_dsa::Seed = (&*seed).into();
    match spec {
        KeySpec::MlDsa44 => Ok(Box::new(ExpandedSigningKey::<MlDsa44>::from_seed(seed))),
        KeySpec::MlDsa65 => Ok(Box::new(ExpandedSigningKey::<MlDsa65>::from_seed(seed))),
        KeySpec::MlDsa87 => Ok(Box::new(ExpandedSigningKey::<MlDsa87>::from_seed(seed))),
        _ => Err(Error::Engine("ML-DSA seed")),
    }
}

/// Verifies a signature over an external μ with a raw public key.
pub(crate) fn verify_mu(spec: KeySpec, public: &[u8], mu: &[u8; MU_LEN], signature: &[u8]) -> bool {
    fn verify<P: MlDsaParams>(public: &[u8], mu: &[u8; MU_LEN], signature: &[u8]) -> Option<bool> {
        let key = ml_dsa::VerifyingKey::<P>::decode(public.try_into().ok()?);
        let signature = ml_dsa::Signature::<P>::decode(signature.try_into().ok()?)?;
        Some(key.verify_mu(mu.into(), &signature))
    }
    match spec {
        KeySpec::MlDsa44 => verify::<MlDsa44>(public, mu, signature),
        KeySpec::MlDsa65 => verify::<MlDsa65>(public, mu, signature),
        KeySpec::MlDsa87 => verify::<MlDsa87>(public, mu, signature),
        _ => None,
    }
    .unwrap_or(false)
}

/// An ML-KEM private key.
pub(crate) struct MlKem {
    spec: KeySpec,
    public: Vec<u8>,
    key: DecapsulationKey,
    ciphertext_len: usize,
}

impl MlKem {
    /// `None` if the PKCS#8 does not hold a seed for `spec`, or `spec` is not ML-KEM.
    pub(crate) fn from_pkcs8(spec: KeySpec, pkcs8: &[u8]) -> Option<Self> {
        let seed = kem_seed(spec, pkcs8)?;
        let (expanded, public) = expand(spec, seed.expose())?;
        let key = DecapsulationKey::new(kem(spec)?, expanded.expose()).ok()?;
        let ciphertext_len = match spec {
            KeySpec::MlKem512 => 768,
            KeySpec::MlKem768 => 1088,
            _ => 1568,
        };
        Some(Self { spec, public, key, ciphertext_len })
    }

    pub(crate) fn public_der(&self) -> Vec<u8> {
        der::spki(public::oid(self.spec), &self.public)
    }

    /// Fails by the ciphertext's length alone; any other ciphertext gives some secret (implicit
    /// rejection).
    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Result<Secret, Error> {
        if ciphertext.len() != self.ciphertext_len {
            return Err(Error::InvalidCiphertext);
        }
        let shared = self.key.decapsulate(Ciphertext::from(ciphertext)).or_engine("ML-KEM")?;
        Ok(Secret::copy_of(shared.as_ref()))
    }
}

/// Encapsulates to a raw ML-KEM public key; the ciphertext and the 32-byte shared secret.
pub(crate) fn encapsulate(spec: KeySpec, public: &[u8]) -> Result<(Vec<u8>, Secret), Error> {
    let algorithm = kem(spec).ok_or(Error::UnsupportedAlgorithm { spec, algorithm: "ML_KEM" })?;
    let key = kem::EncapsulationKey::new(algorithm, public);
    let key = key.map_err(|_| Error::InvalidPublicKey { spec })?;
    let (ciphertext, shared) = key.encapsulate().map_err(|_| Error::InvalidPublicKey { spec })?;
    Ok((ciphertext.as_ref().to_vec(), Secret::copy_of(shared.as_ref())))
}

/// A fresh private key in PKCS#8; `None` if `spec` is on no lattice.
pub(crate) fn generate(spec: KeySpec) -> Option<Result<Secret, Error>> {
    if let Some(algorithm) = dsa(spec) {
        let pkcs8 = PqdsaKeyPair::generate(algorithm).and_then(|key| key.to_pkcs8v1());
        return Some(pkcs8.map(|der| Secret::copy_of(der.as_ref())).or_engine("ML-DSA key"));
    }
    kem(spec)?;
    Some(random::random_bytes(KEM_SEED_LEN).map(|seed| kem_pkcs8(spec, seed.expose())))
}

/// The same key as a seed in PKCS#8; `None` if it is not a sound key of `spec` with its seed.
pub(crate) fn canonical(spec: KeySpec, pkcs8: &[u8]) -> Option<Secret> {
    if let Some(algorithm) = dsa(spec) {
        let der = PqdsaKeyPair::from_pkcs8(algorithm, pkcs8).ok()?.to_pkcs8v1().ok()?;
        return Some(Secret::copy_of(der.as_ref()));
    }
    Some(kem_pkcs8(spec, kem_seed(spec, pkcs8)?.expose()))
}

fn kem_pkcs8(spec: KeySpec, seed: &[u8]) -> Secret {
    let algorithm = der::element(der::SEQUENCE, &[&der::element(der::OID, &[public::oid(spec)])]);
    let key = Zeroizing::new(der::element(der::CONTEXT_0, &[seed]));
    let key = Zeroizing::new(der::element(der::OCTET_STRING, &[&key]));
    Secret::new(der::element(der::SEQUENCE, &[&[der::INTEGER, 1, 0], &algorithm, &key]))
}

/// The seed in a PKCS#8 of RFC 9935: alone, or beside an expanded key that must agree with it.
fn kem_seed(spec: KeySpec, pkcs8: &[u8]) -> Option<Secret> {
    let (oid, key) = der::split_pkcs8(pkcs8)?;
    (kem(spec).is_some() && oid == public::oid(spec)).then_some(())?;
    let mut reader = der::Reader::new(key);
    let seed = match reader.read(der::CONTEXT_0) {
        Some(seed) => Secret::copy_of(seed),
        None => {
            let mut both = der::Reader::new(reader.read(der::SEQUENCE)?);
            let seed = Secret::copy_of(both.read(der::OCTET_STRING)?);
            let expanded = both.read(der::OCTET_STRING)?;
            both.end()?;
            (seed.len() == KEM_SEED_LEN).then_some(())?;
            expand(spec, seed.expose())?.0.equals(expanded).then_some(seed)?
        }
    };
    reader.end()?;
    (seed.len() == KEM_SEED_LEN).then_some(seed)
}

/// The expanded decapsulation key and the encapsulation key of a seed (FIPS 203, Algorithm 16).
#[expect(deprecated, reason = "aws-lc-rs takes decapsulation keys in expanded form alone")]
fn expand(spec: KeySpec, seed: &[u8]) -> Option<(Secret, Vec<u8>)> {
    macro_rules! expand {
        ($key:ty) => {{
            let key = <$key>::from_seed(seed.try_into().ok()?);
            let expanded = Zeroizing::new(key.to_expanded_bytes());
            (Secret::copy_of(&expanded), key.encapsulation_key().to_bytes().to_vec())
        }};
    }
    Some(match spec {
        KeySpec::MlKem512 => expand!(ml_kem::DecapsulationKey512),
        KeySpec::MlKem768 => expand!(ml_kem::DecapsulationKey768),
        KeySpec::MlKem1024 => expand!(ml_kem::DecapsulationKey1024),
        _ => return None,
    })
}

fn dsa(spec: KeySpec) -> Option<&'static PqdsaSigningAlgorithm> {
    match spec {
        KeySpec::MlDsa44 => Some(&signature::ML_DSA_44_SIGNING),
        KeySpec::MlDsa65 => Some(&signature::ML_DSA_65_SIGNING),
        KeySpec::MlDsa87 => Some(&signature::ML_DSA_87_SIGNING),
        _ => None,
    }
}

fn kem(spec: KeySpec) -> Option<&'static kem::Algorithm> {
    match spec {
        KeySpec::MlKem512 => Some(&kem::ML_KEM_512),
        KeySpec::MlKem768 => Some(&kem::ML_KEM_768),
        KeySpec::MlKem1024 => Some(&kem::ML_KEM_1024),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expanded_key_must_agree_with_its_seed() {
        let spec = KeySpec::MlKem768;
        let seed = [7; KEM_SEED_LEN];
        let (expanded, _) = expand(spec, &seed).expect("64 bytes");
        let both = |expanded: &[u8]| {
            let octets = [&seed[..], expanded].map(|part| der::element(der::OCTET_STRING, &[part]));
            let key = der::element(der::SEQUENCE, &[&octets[0], &octets[1]]);
            let oid = der::element(der::OID, &[public::oid(spec)]);
            let algorithm = der::element(der::SEQUENCE, &[&oid]);
            let key = der::element(der::OCTET_STRING, &[&key]);
            der::element(der::SEQUENCE, &[&[der::INTEGER, 1, 0], &algorithm, &key])
        };
        let found = canonical(spec, &both(expanded.expose())).expect("they agree");
        assert!(found.equals(kem_pkcs8(spec, &seed).expose()));
        let mut other = expanded.expose().to_vec();
        other[0] ^= 1;
        assert!(canonical(spec, &both(&other)).is_none());
        assert!(canonical(KeySpec::MlKem512, &both(expanded.expose())).is_none());
    }
}
