//! [`Material`]: one key's private bytes, prepared for use, and everything that is done with them.

use std::fmt;

use aws_lc_rs::hmac;
use base::{AccountId, Region};
use zeroize::Zeroizing;

use crate::blob::external::Inner;
use crate::blob::{EncryptionContext, Envelope, Header};
use crate::domain::KEY_LEN;
use crate::elliptic::{self, Curve, Edwards};
use crate::lattice::{self, MlDsa, MlKem};
use crate::mac::{self, Mac};
use crate::public::PublicKey;
use crate::rsa::{self, Rsa};
use crate::sign::Input;
use crate::spec::{EncryptionAlgorithm, KeySpec, MacAlgorithm, MessageType, SigningAlgorithm};
use crate::{Error, KeyId, Keyring, MaterialId, Sealed, Secret, random};

/// Version of the plaintext form in which material is sealed.
const FORM_VERSION: u8 = 1;
/// Label of material ids.
const ID_LABEL: &[u8] = b"bastide key material id v1";

/// The private material of a KMS key, or of a data key pair: parsed once, used often, from any
/// thread.
///
/// RSA generation takes seconds and every asymmetric operation many microseconds; none of it waits
/// for anything.
pub struct Material {
    spec: KeySpec,
    /// Raw bytes of symmetric and HMAC keys; else PKCS#8 in the one form that the library writes.
    secret: Secret,
    engine: Engine,
    public: Option<PublicKey>,
}

enum Engine {
    Envelope(Envelope),
    Mac(Mac),
    Rsa(Box<Rsa>),
    Curve(Box<Curve>),
    Edwards(Box<Edwards>),
    MlDsa(Box<MlDsa>),
    MlKem(Box<MlKem>),
}

impl Material {
    /// New random material.
    ///
    /// # Errors
    /// [`Error::Engine`] when the system has no entropy.
    pub fn generate(spec: KeySpec) -> Result<Self, Error> {
        let secret = match mac::import_lengths(spec) {
            Some(lengths) => random::random_bytes(*lengths.start())?,
            None if spec == KeySpec::SymmetricDefault => random::random_bytes(KEY_LEN)?,
            None => rsa::generate(spec)
                .or_else(|| elliptic::generate(spec))
                .or_else(|| lattice::generate(spec))
                .ok_or(Error::Engine("key generation"))??,
        };
        Self::prepare(spec, secret)?.ok_or(Error::Engine("key generation"))
    }

    /// Material that somebody brings: 32 bytes for SYMMETRIC_DEFAULT, a key as long as RFC 2104
    /// advises for HMAC, and PKCS#8 DER for the rest (Requirements for imported key material, KMS
    /// Developer Guide). ML-DSA and ML-KEM keys must come with their seed.
    ///
    /// # Errors
    /// [`Error::InvalidMaterial`].
    pub fn from_import(spec: KeySpec, bytes: &Secret) -> Result<Self, Error> {
        let invalid = |why| Error::InvalidMaterial { spec, why };
        let given = bytes.expose();
        let secret = if let Some(lengths) = mac::import_lengths(spec) {
            if !lengths.contains(&given.len()) {
                return Err(invalid("its length is outside the limits of the key spec"));
            }
            Secret::copy_of(given)
        } else if spec == KeySpec::SymmetricDefault {
            if given.len() != KEY_LEN {
                return Err(invalid("it is not 32 bytes long"));
            }
            Secret::copy_of(given)
        } else {
            let canonical = match spec {
                KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => rsa::canonical(given),
                _ => elliptic::canonical(spec, given).or_else(|| lattice::canonical(spec, given)),
            };
            canonical.ok_or(invalid("it is not a PKCS#8 private key of the key spec"))?
        };
        Self::prepare(spec, secret)?
            .ok_or(invalid("it is not a PKCS#8 private key of the key spec"))
    }

    /// Opens what [`Material::to_sealed`] made.
    ///
    /// # Errors
    /// [`Error::Unseal`].
    pub fn from_sealed(
        keyring: &Keyring,
        account: AccountId,
        region: &Region,
        context: &[u8],
        sealed: &Sealed,
    ) -> Result<Self, Error> {
        let form = keyring.unseal(account, region, context, sealed)?;
        let [FORM_VERSION, code, secret @ ..] = form.expose() else { return Err(Error::Unseal) };
        let spec = KeySpec::from_code(*code).ok_or(Error::Unseal)?;
        Self::prepare(spec, Secret::copy_of(secret))?.ok_or(Error::Unseal)
    }

    /// Seals the material for storage; `context` names the record that keeps it.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn to_sealed(
        &self,
        keyring: &Keyring,
        account: AccountId,
        region: &Region,
        context: &[u8],
    ) -> Result<Sealed, Error> {
        let mut form = Zeroizing::new(Vec::with_capacity(2 + self.secret.len()));
        form.extend_from_slice(&[FORM_VERSION, self.spec.code()]);
        form.extend_from_slice(self.secret.expose());
        keyring.seal(account, region, context, &form)
    }

    /// The material's id (`KeyMaterialId`): the same bytes imported into the same KMS key again
    /// have the same id, in every Region; nothing else can be learned from it.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn id(
        &self,
        keyring: &Keyring,
        account: AccountId,
        key_id: KeyId,
    ) -> Result<MaterialId, Error> {
        let mut context = hmac::Context::with_key(&keyring.material_id_key(account)?);
        context.update(ID_LABEL);
        context.update(key_id.to_string().as_bytes());
        // Label and key id have fixed lengths (both forms of an id are 36 characters), so the parts
        // cannot be confused.
        context.update(&[self.spec.code()]);
        context.update(self.secret.expose());
        let mut id = [0; 32];
        id.copy_from_slice(context.sign().as_ref());
        Ok(MaterialId::from_bytes(id))
    }

    /// What kind of key this is.
    pub fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The public half; `None` for symmetric and HMAC keys.
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public.as_ref()
    }

    /// The public half as DER-encoded SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] for symmetric and HMAC keys.
    pub fn public_key_der(&self) -> Result<&[u8], Error> {
        Ok(self.public("public key")?.as_der())
    }

    /// The private half as PKCS#8 DER, which GenerateDataKeyPair returns. Never call it on a KMS
    /// key's material.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] for symmetric and HMAC keys.
    pub fn private_key_pkcs8(&self) -> Result<&Secret, Error> {
        self.public("private key")?;
        Ok(&self.secret)
    }

    /// Symmetric encryption into a ciphertext blob; see [`crate::blob`].
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] unless SYMMETRIC_DEFAULT.
    pub fn encrypt(
        &self,
        header: &Header,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.envelope()?.encrypt(header, context, plaintext)
    }

    /// Opens a ciphertext blob.
    ///
    /// # Errors
    /// [`Error::InvalidCiphertext`], whatever is wrong with the blob;
    /// [`Error::UnsupportedAlgorithm`] unless SYMMETRIC_DEFAULT.
    pub fn decrypt(&self, context: &EncryptionContext, blob: &[u8]) -> Result<Secret, Error> {
        self.envelope()?.decrypt(blob, context)
    }

    /// The first half of double encryption for a key in an external key store; see
    /// [`crate::blob::external`].
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`] unless SYMMETRIC_DEFAULT.
    pub fn encrypt_inner(
        &self,
        header: &Header,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Inner, Error> {
        self.envelope()?.encrypt_inner(header, context, plaintext)
    }

    /// Opens a blob of double encryption with what the external key made of its
    /// [`crate::blob::external::Outer`].
    ///
    /// # Errors
    /// As [`Material::decrypt`].
    pub fn decrypt_inner(
        &self,
        context: &EncryptionContext,
        blob: &[u8],
        inner: &[u8],
    ) -> Result<Secret, Error> {
        self.envelope()?.decrypt_inner(blob, inner, context)
    }

    /// RSA-OAEP encryption with the public half. At most modulus - 2·hash - 2 bytes.
    ///
    /// # Errors
    /// [`Error::PlaintextTooLong`], [`Error::UnsupportedAlgorithm`].
    pub fn encrypt_oaep(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.public(algorithm.as_str())?.encrypt(algorithm, plaintext)
    }

    /// RSA-OAEP decryption.
    ///
    /// # Errors
    /// [`Error::InvalidCiphertext`], [`Error::UnsupportedAlgorithm`].
    pub fn decrypt_oaep(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Secret, Error> {
        match &self.engine {
            Engine::Rsa(key) if rsa::oaep(algorithm).is_some() => {
                key.decrypt(algorithm, ciphertext)
            }
            _ => Err(self.unsupported(algorithm.as_str())),
        }
    }

    /// Signs. ECDSA signatures are ASN.1 DER; the rest as their standards write them.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`], [`Error::UnsupportedMessageType`], [`Error::DigestLength`].
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let input = Input::new(self.spec, algorithm, message_type, message)?;
        match &self.engine {
            Engine::Rsa(key) => key.sign(algorithm, &input),
            Engine::Curve(key) => key.sign(&input),
            Engine::Edwards(key) => key.sign(&input),
            Engine::MlDsa(key) => key.sign(&input),
            Engine::Envelope(_) | Engine::Mac(_) | Engine::MlKem(_) => {
                Err(self.unsupported(algorithm.as_str()))
            }
        }
    }

    /// Whether `signature` is one of `message` by this key.
    ///
    /// # Errors
    /// As for [`Material::sign`].
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message_type: MessageType,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, Error> {
        let public = self.public(algorithm.as_str())?;
        public.verify(algorithm, message_type, message, signature)
    }

    /// The HMAC of `message`, in full length.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`].
    pub fn mac(&self, algorithm: MacAlgorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.hmac(algorithm)?.generate(message))
    }

    /// Whether `code` is the HMAC of `message`, in constant time.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`].
    pub fn verify_mac(
        &self,
        algorithm: MacAlgorithm,
        message: &[u8],
        code: &[u8],
    ) -> Result<bool, Error> {
        Ok(self.hmac(algorithm)?.verify(message, code))
    }

    /// The raw ECDH shared secret with a peer's SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Error::InvalidPublicKey`] for a key that is on another curve or none;
    /// [`Error::UnsupportedAlgorithm`].
    pub fn agree(&self, peer: &[u8]) -> Result<Secret, Error> {
        match &self.engine {
            Engine::Curve(key) => key.agree(peer),
            _ => Err(self.unsupported("ECDH")),
        }
    }

    /// A fresh ML-KEM shared secret and its encapsulation: `(ciphertext, secret)`.
    ///
    /// # Errors
    /// [`Error::UnsupportedAlgorithm`].
    pub fn encapsulate(&self) -> Result<(Vec<u8>, Secret), Error> {
        self.public("ML_KEM")?.encapsulate()
    }

    /// The shared secret of an encapsulation. A forged ciphertext of the right length gives an
    /// unrelated secret.
    ///
    /// # Errors
    /// [`Error::InvalidCiphertext`] for a wrong length; [`Error::UnsupportedAlgorithm`].
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<Secret, Error> {
        match &self.engine {
            Engine::MlKem(key) => key.decapsulate(ciphertext),
            _ => Err(self.unsupported("ML_KEM")),
        }
    }

    /// Parses the canonical secret of `spec`; `Ok(None)` if it is not one.
    fn prepare(spec: KeySpec, secret: Secret) -> Result<Option<Self>, Error> {
        let bytes = secret.expose();
        let engine = match spec {
            KeySpec::SymmetricDefault if bytes.len() == KEY_LEN => {
                Some(Engine::Envelope(Envelope::new(bytes)))
            }
            KeySpec::SymmetricDefault => None,
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                Rsa::from_pkcs8(bytes).map(Box::new).map(Engine::Rsa)
            }
            KeySpec::EccNistP256
            | KeySpec::EccNistP384
            | KeySpec::EccNistP521
            | KeySpec::EccSecgP256k1 => {
                Curve::from_pkcs8(spec, bytes).map(Box::new).map(Engine::Curve)
            }
            KeySpec::EccNistEdwards25519 => {
                Edwards::from_pkcs8(bytes).map(Box::new).map(Engine::Edwards)
            }
            KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => {
                Mac::new(spec, bytes).map(Engine::Mac)
            }
            KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87 => {
                MlDsa::from_pkcs8(spec, bytes).map(Box::new).map(Engine::MlDsa)
            }
            KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024 => {
                MlKem::from_pkcs8(spec, bytes).map(Box::new).map(Engine::MlKem)
            }
        };
        let Some(engine) = engine else { return Ok(None) };
        let der = match &engine {
            Engine::Envelope(_) | Engine::Mac(_) => None,
            Engine::Rsa(key) => Some(key.public_der()?),
            Engine::Curve(key) => Some(key.public_der()?),
            Engine::Edwards(key) => Some(key.public_der()?),
            Engine::MlDsa(key) => Some(key.public_der()?),
            Engine::MlKem(key) => Some(key.public_der()),
        };
        // Also catches RSA keys of another size.
        let Ok(public) = der.map(|der| PublicKey::from_der(spec, &der)).transpose() else {
            return Ok(None);
        };
        Ok(Some(Self { spec, secret, engine, public }))
    }

    fn envelope(&self) -> Result<&Envelope, Error> {
        match &self.engine {
            Engine::Envelope(envelope) => Ok(envelope),
            _ => Err(self.unsupported(EncryptionAlgorithm::SymmetricDefault.as_str())),
        }
    }

    fn hmac(&self, algorithm: MacAlgorithm) -> Result<&Mac, Error> {
        match &self.engine {
            Engine::Mac(mac) if self.spec.mac_algorithms().contains(&algorithm) => Ok(mac),
            _ => Err(self.unsupported(algorithm.as_str())),
        }
    }

    fn public(&self, wanted: &'static str) -> Result<&PublicKey, Error> {
        self.public.as_ref().ok_or_else(|| self.unsupported(wanted))
    }

    fn unsupported(&self, algorithm: &'static str) -> Error {
        Error::UnsupportedAlgorithm { spec: self.spec, algorithm }
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Material({})", self.spec)
    }
}

#[cfg(test)]
mod tests;
