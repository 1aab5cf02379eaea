//! Account ids and Region names: the two coordinates of everything that Bastide keeps.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Digits in an account id.
pub const ACCOUNT_ID_DIGITS: usize = 12;
/// Longest Region name that is accepted, in bytes.
pub const REGION_MAX_BYTES: usize = 32;

/// A text that is not an account id or a Region name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{what} is not valid: {text:?}")]
pub struct InvalidId {
    what: &'static str,
    text: String,
}

/// An AWS account id: exactly twelve decimal digits, leading zeros kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; ACCOUNT_ID_DIGITS]);

impl AccountId {
    /// The account of dev mode unless another is chosen.
    pub const DEFAULT: AccountId = AccountId(*b"123456789012");

    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The account as a number, for compact headers.
    pub fn to_u64(self) -> u64 {
        self.0.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0'))
    }

    /// The account with this number; `None` past twelve digits.
    pub fn from_u64(number: u64) -> Option<Self> {
        format!("{number:012}").parse().ok()
    }

    /// The ARN of the account's root user.
    pub fn root_arn(&self) -> String {
        format!("arn:aws:iam::{self}:root")
    }
}

impl FromStr for AccountId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match <[u8; ACCOUNT_ID_DIGITS]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Self(digits)),
            _ => Err(InvalidId { what: "account id", text: text.chars().take(64).collect() }),
        }
    }
}

/// A Region name such as `eu-central-1`: lower-case letters, digits and hyphens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(std::sync::Arc<str>);

impl Region {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Region {
    fn default() -> Self {
        Self("us-east-1".into())
    }
}

impl FromStr for Region {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let ok = (3..=REGION_MAX_BYTES).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && text.as_bytes()[0].is_ascii_lowercase();
        if ok {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId { what: "Region", text: text.chars().take(64).collect() })
        }
    }
}

macro_rules! text_impls {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
text_impls!(AccountId);
text_impls!(Region);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_ids_are_twelve_digits() {
        let id: AccountId = "000000000042".parse().expect("valid");
        assert_eq!(id.to_u64(), 42);
        assert_eq!(AccountId::from_u64(42), Some(id));
        assert_eq!(AccountId::from_u64(1_000_000_000_000), None);
        for bad in ["", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦"] {
            assert!(bad.parse::<AccountId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn region_names() {
        assert!("eu-central-1".parse::<Region>().is_ok());
        for bad in ["", "EU", "a b c", "-eu", "1eu-west"] {
            assert!(bad.parse::<Region>().is_err(), "{bad}");
        }
    }
}
