//! The answers' JSON: read within limits and checked against the request.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{CIPHERTEXT_METADATA_MAX_BYTES, Error, Refusal, RefusalName, TAG_BYTES};

/// Lengths in bytes that an initialization vector may have.
const IV_BYTES: [usize; 2] = [12, 16];
/// Most `keyUsage` values and `ekmFleetDetails` entries of an answer.
const ENTRIES_MAX: usize = 10;

/// The answer of GetHealthStatus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whose proxy it is, and of which model. For the log.
    pub proxy: String,
    /// The status of each external key manager; at least one.
    pub managers: Vec<EkmStatus>,
}

/// `healthStatus` of an external key manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EkmStatus {
    /// Healthy.
    Active,
    /// Unhealthy, but serves.
    Degraded,
    /// Does not serve.
    Unavailable,
}

impl Health {
    /// Reads the answer.
    ///
    /// # Errors
    /// [`Error::InvalidResponse`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            xks_proxy_fleet_size: u64,
            xks_proxy_vendor: String,
            xks_proxy_model: String,
            #[serde(rename = "ekmVendor")]
            _vendor: String,
            ekm_fleet_details: Vec<Entry>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Entry {
            #[serde(rename = "id")]
            _id: String,
            #[serde(rename = "model")]
            _model: String,
            health_status: EkmStatus,
        }
        let body: Body = json(body)?;
        if body.xks_proxy_fleet_size == 0 {
            return Err(Error::InvalidResponse("xksProxyFleetSize is zero"));
        }
        let managers: Vec<_> = body.ekm_fleet_details.iter().map(|e| e.health_status).collect();
        if !(1..=ENTRIES_MAX).contains(&managers.len()) {
            return Err(Error::InvalidResponse("ekmFleetDetails does not have 1 to 10 entries"));
        }
        let proxy = format!("{} {}", body.xks_proxy_vendor, body.xks_proxy_model);
        Ok(Self { proxy, managers })
    }

    /// Whether any external key manager can serve.
    pub fn serves(&self) -> bool {
        self.managers.iter().any(|status| *status != EkmStatus::Unavailable)
    }
}

/// The answer of GetKeyMetadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMetadata {
    /// `keySpec`, such as `AES_256`.
    pub spec: String,
    /// `keyUsage`, such as `ENCRYPT`; may hold what KMS has no use for.
    pub usage: Vec<String>,
    /// Whether `keyStatus` is `ENABLED`.
    pub enabled: bool,
}

impl KeyMetadata {
    /// Reads the answer.
    ///
    /// # Errors
    /// [`Error::InvalidResponse`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            key_spec: String,
            key_usage: Vec<String>,
            key_status: Status,
        }
        #[derive(Deserialize, PartialEq)]
        #[serde(rename_all = "UPPERCASE")]
        enum Status {
            Enabled,
            Disabled,
        }
        let body: Body = json(body)?;
        if body.key_usage.len() > ENTRIES_MAX {
            return Err(Error::InvalidResponse("keyUsage has more than 10 values"));
        }
        let enabled = body.key_status == Status::Enabled;
        Ok(Self { spec: body.key_spec, usage: body.key_usage, enabled })
    }

    /// What keeps the key from being the key material of a KMS key; none if it can be.
    pub fn unfit(&self) -> Option<&'static str> {
        let can = |usage: &str| self.usage.iter().any(|value| value == usage);
        if self.spec != "AES_256" {
            Some("its key spec is not AES_256")
        } else if !can("ENCRYPT") || !can("DECRYPT") {
            Some("it cannot both encrypt and decrypt")
        } else if !self.enabled {
            Some("it is not enabled")
        } else {
            None
        }
    }
}

/// What an external key made of a plaintext, and what it needs to make the plaintext of it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ciphertext {
    /// As long as the plaintext.
    pub ciphertext: Vec<u8>,
    /// The initialization vector, 12 or 16 bytes.
    pub iv: Vec<u8>,
    /// The authentication tag.
    pub tag: [u8; TAG_BYTES],
    /// The proxy's own notes, at most [`CIPHERTEXT_METADATA_MAX_BYTES`]; empty if there are none.
    pub metadata: Vec<u8>,
}

impl Ciphertext {
    /// Reads the answer to an Encrypt of `length` bytes with the additional data `aad`.
    ///
    /// # Errors
    /// [`Error::InvalidResponse`].
    pub fn parse(body: &[u8], aad: &[u8], length: usize) -> Result<Self, Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            ciphertext: String,
            #[serde(default)]
            ciphertext_metadata: Option<String>,
            initialization_vector: String,
            authentication_tag: String,
            ciphertext_data_integrity_value: String,
        }
        let body: Body = json(body)?;
        let metadata = body.ciphertext_metadata.unwrap_or_default();
        let made = Self {
            ciphertext: base64(&body.ciphertext)?,
            iv: base64(&body.initialization_vector)?,
            tag: base64(&body.authentication_tag)?
                .try_into()
                .map_err(|_| Error::InvalidResponse("the tag is not 16 bytes long"))?,
            metadata: base64(&metadata)?,
        };
        if made.ciphertext.len() != length {
            return Err(Error::InvalidResponse("the ciphertext is not as long as the plaintext"));
        }
        if !IV_BYTES.contains(&made.iv.len()) {
            return Err(Error::InvalidResponse("the IV is not 12 or 16 bytes long"));
        }
        if made.metadata.len() > CIPHERTEXT_METADATA_MAX_BYTES {
            return Err(Error::InvalidResponse("ciphertextMetadata is longer than 20 bytes"));
        }
        if base64(&body.ciphertext_data_integrity_value)? != made.integrity(aad) {
            return Err(Error::InvalidResponse("ciphertextDataIntegrityValue does not match"));
        }
        Ok(made)
    }

    /// `ciphertextDataIntegrityValue`: a match promises that the proxy tried to decrypt what it answered (appendix C
    /// of the specification).
    fn integrity(&self, aad: &[u8]) -> [u8; 32] {
        let mut hash = Context::new(&SHA256);
        for part in [aad, &self.metadata, &self.iv, &self.ciphertext, &self.tag] {
            hash.update(part);
        }
        let mut value = [0; 32];
        value.copy_from_slice(hash.finish().as_ref());
        value
    }
}

/// Reads the answer to a Decrypt of `length` bytes.
///
/// # Errors
/// [`Error::InvalidResponse`].
pub fn parse_decrypted(body: &[u8], length: usize) -> Result<Vec<u8>, Error> {
    #[derive(Deserialize)]
    struct Body {
        plaintext: String,
    }
    let body: Body = json(body)?;
    let plaintext = base64(&body.plaintext)?;
    if plaintext.len() != length {
        return Err(Error::InvalidResponse("the plaintext is not as long as the ciphertext"));
    }
    Ok(plaintext)
}

/// Reads an answer that is not a success. One that is not an error of the API is not valid.
pub fn parse_refusal(body: &[u8]) -> Error {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        error_name: String,
        #[serde(default)]
        error_message: Option<String>,
    }
    match json::<Body>(body) {
        Ok(body) => match RefusalName::parse(&body.error_name) {
            Some(name) => Error::Refused(Refusal::new(name, body.error_message)),
            None => Error::InvalidResponse("errorName is not known"),
        },
        Err(error) => error,
    }
}

/// The parser's own words stay out: they may repeat what the proxy sent.
fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|_| Error::InvalidResponse("it is not the JSON that the specification demands"))
}

fn base64(text: &str) -> Result<Vec<u8>, Error> {
    BASE64.decode(text).map_err(|_| Error::InvalidResponse("a value is not base64"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// The example of the specification, appendix C.
    const AAD: &[u8] = b"project=nile,department=marketing";

    fn example() -> Value {
        json!({
            "authenticationTag": "vBxN2ncH1oEkR8WVXpmyYQ==",
            "ciphertext": "ghxkK1txeDNn3q8Y",
            "ciphertextDataIntegrityValue": "qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc=",
            "ciphertextMetadata": "a2V5X3ZlcnNpb249MQ==",
            "initializationVector": "HMrlRw85cAJUd5Ax",
        })
    }

    fn parse(body: &Value) -> Result<Ciphertext, Error> {
        Ciphertext::parse(body.to_string().as_bytes(), AAD, 12)
    }

    #[test]
    fn the_documented_integrity_value() {
        let made = parse(&example()).expect("valid");
        assert_eq!(made.metadata, b"key_version=1");
        assert!(Ciphertext::parse(example().to_string().as_bytes(), b"other", 12).is_err());
        assert!(Ciphertext::parse(example().to_string().as_bytes(), AAD, 13).is_err());
    }

    #[test]
    fn every_field_of_a_ciphertext_is_checked() {
        let bad = [
            ("authenticationTag", json!("AAAA")),
            ("ciphertext", json!("ghxkK1txeDNn3q8Z")),
            ("ciphertext", json!("ghxkK1txeDNn")),
            ("ciphertextDataIntegrityValue", json!("")),
            ("ciphertextDataIntegrityValue", Value::Null),
            ("ciphertextMetadata", json!("AAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
            ("initializationVector", json!("HMrlRw85cAJUdw==")),
            ("initializationVector", json!("not base64")),
            ("ciphertext", json!(7)),
        ];
        for (field, value) in bad {
            let mut body = example();
            body[field] = value;
            assert!(matches!(parse(&body), Err(Error::InvalidResponse(_))), "{field}");
            body.as_object_mut().expect("an object").remove(field);
            assert!(matches!(parse(&body), Err(Error::InvalidResponse(_))), "no {field}");
        }
    }

    #[test]
    fn health() {
        let entry = |status: &str| json!({"id": "1", "model": "m", "healthStatus": status});
        let body = |size: u64, entries: Vec<Value>| {
            let body = json!({
                "xksProxyFleetSize": size, "xksProxyVendor": "Acme", "xksProxyModel": "1",
                "ekmVendor": "Acme", "ekmFleetDetails": entries,
            });
            Health::parse(body.to_string().as_bytes())
        };
        assert!(body(1, vec![entry("UNAVAILABLE"), entry("DEGRADED")]).expect("valid").serves());
        assert!(!body(2, vec![entry("UNAVAILABLE")]).expect("valid").serves());
        assert!(body(0, vec![entry("ACTIVE")]).is_err());
        assert!(body(1, vec![]).is_err());
        assert!(body(1, vec![entry("ACTIVE"); 11]).is_err());
        assert!(body(1, vec![entry("FINE")]).is_err());
    }

    #[test]
    fn keys_that_fit_and_keys_that_do_not() {
        let unfit = |spec: &str, usage: &[&str], status: &str| {
            let body = json!({"keySpec": spec, "keyUsage": usage, "keyStatus": status});
            KeyMetadata::parse(body.to_string().as_bytes()).expect("valid").unfit()
        };
        let both = ["WRAP", "ENCRYPT", "DECRYPT"];
        assert_eq!(unfit("AES_256", &both, "ENABLED"), None);
        assert!(unfit("AES_128", &both, "ENABLED").is_some());
        assert!(unfit("AES_256", &["ENCRYPT"], "ENABLED").is_some());
        assert!(unfit("AES_256", &both, "DISABLED").is_some());
        let body = json!({"keySpec": "AES_256", "keyUsage": both, "keyStatus": "GONE"});
        assert!(KeyMetadata::parse(body.to_string().as_bytes()).is_err());
    }

    #[test]
    fn refusals() {
        for name in RefusalName::ALL {
            let body = json!({"errorName": name.as_str(), "errorMessage": "because"});
            let Error::Refused(refusal) = parse_refusal(body.to_string().as_bytes()) else {
                panic!("{name:?}");
            };
            assert_eq!((refusal.name, refusal.message.as_deref()), (*name, Some("because")));
        }
        let body = json!({"errorName": "InternalException", "errorMessage": "a\nb"});
        let error = parse_refusal(body.to_string().as_bytes());
        assert!(matches!(error, Error::Refused(Refusal { message: None, .. })), "{error}");
        for body in [&b""[..], b"{}", b"<html>", br#"{"errorName":"SomethingElse"}"#] {
            assert!(matches!(parse_refusal(body), Error::InvalidResponse(_)));
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Health::parse(&body);
            let _ = KeyMetadata::parse(&body);
            let _ = Ciphertext::parse(&body, AAD, 12);
            let _ = parse_decrypted(&body, 12);
            let _ = parse_refusal(&body);
        }
    }
}
