//! The two names that a ciphertext blob carries: [`KeyId`] and [`MaterialId`].

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A KMS key id: a UUID, or `mrk-` and 32 hex digits for a multi-Region key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    pub(crate) multi_region: bool,
    pub(crate) bytes: [u8; 16],
}

impl KeyId {
    /// Makes an id from random bytes: a version 4 UUID, or the multi-Region form.
    pub fn from_random(multi_region: bool, mut bytes: [u8; 16]) -> Self {
        if !multi_region {
            bytes[6] = (bytes[6] & 0x0f) | 0x40;
            bytes[8] = (bytes[8] & 0x3f) | 0x80;
        }
        Self { multi_region, bytes }
    }

    /// Whether the id has the multi-Region form.
    pub fn is_multi_region(self) -> bool {
        self.multi_region
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse_key_id(text).ok_or_else(|| Error::unknown_name("key id", text))
    }
}

fn parse_key_id(text: &str) -> Option<KeyId> {
    let multi_region = text.strip_prefix("mrk-");
    let mut digits = [0; 32];
    match multi_region {
        Some(rest) => digits = rest.as_bytes().try_into().ok()?,
        None => {
            let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
            let mut groups = text.split(|byte| *byte == b'-');
            let mut at = 0;
            for length in [8, 4, 4, 4, 12] {
                let group = groups.next().filter(|group| group.len() == length)?;
                digits[at..at + length].copy_from_slice(group);
                at += length;
            }
        }
    }
    if digits.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut bytes = [0; 16];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(KeyId { multi_region: multi_region.is_some(), bytes })
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = hex::encode(self.bytes);
        if self.multi_region {
            write!(f, "mrk-{hex}")
        } else {
            let [a, b, c, d, e] = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
            write!(f, "{a}-{b}-{c}-{d}-{e}")
        }
    }
}

impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Names key material without revealing it; 64 hex digits in texts (`KeyMaterialId`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaterialId([u8; 32]);

impl MaterialId {
    /// The id with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for MaterialId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if !text.bytes().any(|byte| byte.is_ascii_uppercase()) => Ok(Self(bytes)),
            _ => Err(Error::unknown_name("key material id", text)),
        }
    }
}

impl serde::Serialize for MaterialId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for MaterialId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ids_round_trip() {
        for text in ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab"]
        {
            assert_eq!(text.parse::<KeyId>().expect("an id").to_string(), text);
        }
        for bad in [
            "",
            "mrk-",
            "1234ABCD-12ab-34cd-56ef-1234567890ab",
            "1234abcd12ab-34cd-56ef-1234567890ab-",
            "mrk-1234abcd12ab34cd56ef1234567890aB",
            "1234abcd12ab34cd56ef1234567890ab",
            "1234abcd-12ab-34cd-56ef-1234567890aé",
        ] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
        let id = KeyId::from_random(false, [0xff; 16]).to_string();
        assert_eq!(id, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn material_ids_round_trip() {
        let text = "0a".repeat(32);
        let id: MaterialId = text.parse().expect("an id");
        assert_eq!(id, MaterialId::from_bytes([10; 32]));
        assert_eq!(serde_json::to_string(&id).expect("a string"), format!("\"{text}\""));
        for bad in [&text[1..], &text.to_uppercase(), ""] {
            assert!(bad.parse::<MaterialId>().is_err(), "{bad}");
        }
    }
}
