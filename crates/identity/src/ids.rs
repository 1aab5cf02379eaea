//! Unique ids and ARNs of identities.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
//! An access key id bears its account, so that `GetAccessKeyInfo` and a session token need no index: behind the prefix, sixteen
//! characters of base32 hold one leading bit, the account number in 40 bits, and chance.

use base::{AccountId, Random};

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Characters behind the prefix of an access key id.
const ACCESS_KEY_CHARS: usize = 16;
/// Characters behind the prefix of every other unique id.
const UNIQUE_CHARS: usize = 17;
/// Bits behind the account number that are chance.
const CHANCE_BITS: u32 = 80 - 1 - ACCOUNT_BITS;
/// Bits that hold a number of twelve digits.
const ACCOUNT_BITS: u32 = 40;

/// What kind of thing a unique id stands for: its four-letter prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// A user.
    User,
    /// A role.
    Role,
    /// A group.
    Group,
    /// A managed policy.
    Policy,
    /// An instance profile.
    InstanceProfile,
    /// A server certificate.
    ServerCertificate,
    /// A public key (`SSHPublicKeyId`, signing certificates have another form).
    PublicKey,
}

impl Prefix {
    /// The four letters.
    pub fn letters(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Role => "AROA",
            Self::Group => "AGPA",
            Self::Policy => "ANPA",
            Self::InstanceProfile => "AIPA",
            Self::ServerCertificate => "ASCA",
            Self::PublicKey => "APKA",
        }
    }
}

/// A fresh unique id.
pub fn unique_id(prefix: Prefix, random: &dyn Random) -> String {
    let mut bytes = [0; UNIQUE_CHARS];
    random.fill(&mut bytes);
    let tail = bytes.iter().map(|byte| letter(u128::from(byte & 31)));
    prefix.letters().chars().chain(tail).collect()
}

/// A fresh access key id: `AKIA…` for long-term credentials, `ASIA…` for those of a session.
pub fn access_key_id(account: AccountId, temporary: bool, random: &dyn Random) -> String {
    let mut chance = [0; 8];
    random.fill(&mut chance);
    let chance = u64::from_be_bytes(chance) >> (u64::BITS - CHANCE_BITS);
    // The leading bit is set: AWS's key ids of today begin with a letter from Q on, or a digit, behind the prefix.
    let bits = 1 << 79 | u128::from(account.to_u64()) << CHANCE_BITS | u128::from(chance);
    let tail = (0..ACCESS_KEY_CHARS).rev().map(|place| letter(bits >> (place * 5) & 31));
    let prefix = if temporary { "ASIA" } else { "AKIA" };
    prefix.chars().chain(tail).collect()
}

/// The account that an access key id bears; `None` for text of another form.
pub fn account_of(access_key_id: &str) -> Option<AccountId> {
    let tail = access_key_id.get(4..).filter(|tail| tail.len() == ACCESS_KEY_CHARS)?;
    let mut bits = 0u128;
    for byte in tail.bytes() {
        let digit = BASE32.iter().position(|letter| *letter == byte)?;
        bits = bits << 5 | u128::try_from(digit).ok()?;
    }
    let number = bits >> CHANCE_BITS & ((1 << ACCOUNT_BITS) - 1);
    AccountId::from_u64(u64::try_from(number).ok()?)
}

/// The ARN of an identity: `kind` is `user`, `role`, `group`, `policy`, `instance-profile`…, `path` begins and ends with `/`.
pub fn arn(account: AccountId, kind: &str, path: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:{kind}{path}{name}")
}

/// The ARN of a role's session.
pub fn role_session_arn(account: AccountId, role: &str, session: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}/{session}")
}

/// The ARN of a federated user's session.
pub fn federated_user_arn(account: AccountId, name: &str) -> String {
    format!("arn:aws:sts::{account}:federated-user/{name}")
}

fn letter(digit: u128) -> char {
    char::from(BASE32[usize::try_from(digit).unwrap_or_default() & 31])
}

#[cfg(test)]
mod tests {
    use base::random::System;

    use super::*;

    #[test]
    fn access_key_ids_bear_their_account() {
        for account in ["000000000000", "123456789012", "999999999999"] {
            let account: AccountId = account.parse().expect("an account id");
            let id = access_key_id(account, true, &System);
            assert!(id.starts_with("ASIA") && id.len() == 20, "{id}");
            assert_eq!(account_of(&id), Some(account));
        }
        // A key id whose account is publicly known
        // (<https://awsteele.com/blog/2020/09/26/aws-access-key-format.html>).
        assert_eq!(
            account_of("ASIAY34FZKBOKMUTVV7A").map(|id| id.to_string()).as_deref(),
            Some("609629065308")
        );
        assert_eq!(account_of("test"), None);
        assert_eq!(account_of("AKIA0000000000000000"), None);
    }

    #[test]
    fn unique_ids_have_their_prefix() {
        let id = unique_id(Prefix::Role, &System);
        assert!(id.starts_with("AROA") && id.len() == 21, "{id}");
    }
}
