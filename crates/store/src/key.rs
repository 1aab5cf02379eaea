//! Addresses: the scope a record belongs to and the key that orders it.
//!
//! A key is the five components joined by NUL bytes, so that comparing the bytes compares the components in turn
//! and one Region of one account is one contiguous range. No component may contain NUL; this is checked once, here.

use std::fmt;
use std::sync::{Arc, LazyLock};

use base::{AccountId, Region};

use crate::StoreError;

/// Longest encoded key in bytes; PostgreSQL's B-tree refuses entries past a third of its 8 KiB page.
pub const KEY_MAX_BYTES: usize = 2048;
/// The Region of things that have none, such as an account's identities.
pub const GLOBAL: &str = "aws-global";

const SEPARATOR: u8 = 0;
const COMPONENTS: usize = 5;

static GLOBAL_REGION: LazyLock<Region> = LazyLock::new(|| GLOBAL.parse().unwrap_or_default());
static SYSTEM_ACCOUNT: LazyLock<AccountId> =
    LazyLock::new(|| AccountId::from_u64(0).unwrap_or(AccountId::DEFAULT));

/// The account and Region that a record belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The owning account.
    pub account: AccountId,
    /// The Region, or [`GLOBAL`].
    pub region: Region,
}

impl Scope {
    /// One Region of an account.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self { account, region }
    }

    /// What an account has outside every Region.
    pub fn global(account: AccountId) -> Self {
        Self { account, region: GLOBAL_REGION.clone() }
    }

    /// What belongs to the installation and to no account, kept under account `000000000000`.
    pub fn system() -> Self {
        Self::global(*SYSTEM_ACCOUNT)
    }
}

/// The address of one record, due entry or tally: `(account, Region, service, kind, id)` in that order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<[u8]>);

impl Key {
    /// Joins the components.
    ///
    /// # Errors
    /// [`StoreError::Key`] if a component contains NUL or the whole is longer than [`KEY_MAX_BYTES`].
    pub fn new(scope: &Scope, service: &str, kind: &str, id: &str) -> Result<Self, StoreError> {
        let bytes = join(scope, &[service, kind, id])?;
        Ok(Self(bytes.into()))
    }

    /// The account and Region.
    pub fn scope(&self) -> Scope {
        // `from_bytes` proved both parts; `new` got them as their types.
        Scope {
            account: self.part(0).parse().unwrap_or(*SYSTEM_ACCOUNT),
            region: self.part(1).parse().unwrap_or_default(),
        }
    }

    /// The service, such as `kms`.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The kind of thing within the service, such as `key`.
    pub fn kind(&self) -> &str {
        self.part(3)
    }

    /// The id within the kind.
    pub fn id(&self) -> &str {
        self.part(4)
    }

    /// The encoded, ordered form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads the encoded form back, as it comes from SQL.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let text = std::str::from_utf8(bytes).map_err(|_| StoreError::Corrupt("key"))?;
        let parts: Vec<&str> = text.split('\0').collect();
        let sound = parts.len() == COMPONENTS
            && parts[0].parse::<AccountId>().is_ok()
            && parts[1].parse::<Region>().is_ok();
        if sound { Ok(Self(bytes.into())) } else { Err(StoreError::Corrupt("key")) }
    }

    fn part(&self, index: usize) -> &str {
        let part = self.0.split(|b| *b == SEPARATOR).nth(index).unwrap_or_default();
        std::str::from_utf8(part).unwrap_or_default()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0).replace('\0', "/"))
    }
}

/// A run of neighbouring keys, both ends excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyRange {
    pub(crate) after: Vec<u8>,
    pub(crate) before: Vec<u8>,
}

impl KeyRange {
    /// Keys below `path` in `scope`, whose last component starts with `prefix`, behind the one with the id `after`.
    pub(crate) fn new(
        scope: &Scope,
        path: &[&str],
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Self, StoreError> {
        let mut parts = path.to_vec();
        parts.push(prefix);
        let mut before = join(scope, &parts)?;
        // Excluding the bare prefix would lose a record of exactly that id, so the lower end is just below it:
        // the prefix with its last byte decremented sorts before, followed by the highest byte there is.
        let mut floor = before.clone();
        step_down(&mut floor);
        step_up(&mut before);
        let after = match after {
            Some(id) => {
                parts.pop();
                parts.push(id);
                join(scope, &parts)?.max(floor)
            }
            None => floor,
        };
        Ok(Self { after, before })
    }

    /// Every key below `path`, of which up to three components (service, kind, id) are given.
    pub(crate) fn below(scope: &Scope, path: &[&str]) -> Result<Self, StoreError> {
        if path.len() + 2 < COMPONENTS {
            return Self::new(scope, path, "", None);
        }
        let mut after = join(scope, path)?;
        let mut before = after.clone();
        before.push(SEPARATOR);
        step_down(&mut after);
        Ok(Self { after, before })
    }

    /// Every key behind those of `scope`, or from the very first.
    pub(crate) fn behind(scope: Option<&Scope>) -> Result<Self, StoreError> {
        let after = match scope {
            Some(scope) => Self::below(scope, &[])?.before,
            None => Vec::new(),
        };
        Ok(Self { after, before: vec![0xFF] })
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.after.as_slice() < key && key < self.before.as_slice()
    }
}

/// The greatest byte string used as a bound below `bytes`. UTF-8 never contains 0xFF, so nothing lies between.
fn step_down(bytes: &mut Vec<u8>) {
    match bytes.pop() {
        // Only the separator can be zero: what sorts before `x\0` and after all else is `x` itself.
        Some(SEPARATOR) | None => {}
        Some(last) => bytes.extend([last - 1, 0xFF]),
    }
}

/// The least byte string above everything that starts with `bytes`.
fn step_up(bytes: &mut [u8]) {
    if let Some(last) = bytes.last_mut() {
        *last = last.saturating_add(1);
    }
}

fn join(scope: &Scope, parts: &[&str]) -> Result<Vec<u8>, StoreError> {
    let (account, region) = (scope.account.as_str(), scope.region.as_str());
    let length =
        account.len() + 1 + region.len() + parts.iter().map(|part| 1 + part.len()).sum::<usize>();
    if length > KEY_MAX_BYTES {
        return Err(StoreError::Key("longer than 2048 bytes"));
    }
    let mut bytes = Vec::with_capacity(length + 1);
    bytes.extend_from_slice(account.as_bytes());
    bytes.push(SEPARATOR);
    bytes.extend_from_slice(region.as_bytes());
    for part in parts {
        if part.as_bytes().contains(&SEPARATOR) {
            return Err(StoreError::Key("a component contains NUL"));
        }
        bytes.push(SEPARATOR);
        bytes.extend_from_slice(part.as_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(region: &str) -> Scope {
        Scope::new(AccountId::DEFAULT, region.parse().expect("valid"))
    }

    #[test]
    fn components_come_back() {
        let key = Key::new(&scope("eu-west-1"), "kms", "key", "a/b:c").expect("valid");
        assert_eq!(key.scope(), scope("eu-west-1"));
        assert_eq!((key.service(), key.kind(), key.id()), ("kms", "key", "a/b:c"));
        assert_eq!(Key::from_bytes(key.as_bytes()).expect("sound"), key);
        assert!(Key::from_bytes(b"123456789012\0eu-west-1\0kms").is_err());
        assert!(Key::new(&scope("eu-west-1"), "kms", "key", "a\0b").is_err());
        assert!(Key::new(&scope("eu-west-1"), "kms", "key", &"x".repeat(KEY_MAX_BYTES)).is_err());
    }

    #[test]
    fn fixed_scopes_are_what_they_say() {
        assert_eq!(Scope::system().account.as_str(), "000000000000");
        assert_eq!(Scope::system().region.as_str(), GLOBAL);
    }

    #[test]
    fn order_follows_components() {
        let a = Key::new(&scope("eu-west-1"), "kms", "key", "z").expect("valid");
        let b = Key::new(&scope("eu-west-1"), "kms", "key-policy", "a").expect("valid");
        let c = Key::new(&scope("eu-west-1-x"), "a", "a", "a").expect("valid");
        assert!(a < b && b < c);
    }

    #[test]
    fn ranges_hold_exactly_their_keys() {
        let here = scope("eu-west-1");
        let key = |id: &str| Key::new(&here, "kms", "key", id).expect("valid");
        let all = KeyRange::new(&here, &["kms", "key"], "", None).expect("valid");
        assert!(all.contains(key("").as_bytes()) && all.contains(key("\u{10FFFF}").as_bytes()));
        let sibling = Key::new(&here, "kms", "key2", "a").expect("valid");
        assert!(!all.contains(sibling.as_bytes()));
        let some = KeyRange::new(&here, &["kms", "key"], "ab", None).expect("valid");
        assert!(some.contains(key("ab").as_bytes()) && some.contains(key("abz").as_bytes()));
        assert!(
            !some.contains(key("aa\u{10FFFF}").as_bytes()) && !some.contains(key("ac").as_bytes())
        );
        let rest = KeyRange::new(&here, &["kms", "key"], "ab", Some("ab")).expect("valid");
        assert!(!rest.contains(key("ab").as_bytes()) && rest.contains(key("ab0").as_bytes()));
        let early = KeyRange::new(&here, &["kms", "key"], "ab", Some("a")).expect("valid");
        assert!(early.contains(key("ab").as_bytes()) && !early.contains(key("aa").as_bytes()));
        let scoped = KeyRange::below(&here, &[]).expect("valid");
        assert!(scoped.contains(key("x").as_bytes()));
        let exact = KeyRange::below(&here, &["kms", "key", "x"]).expect("valid");
        assert!(exact.contains(key("x").as_bytes()) && !exact.contains(key("x0").as_bytes()));
        assert!(!exact.contains(key("w").as_bytes()));
        assert!(KeyRange::behind(None).expect("valid").contains(key("x").as_bytes()));
        assert!(!KeyRange::behind(Some(&here)).expect("valid").contains(key("x").as_bytes()));
        let other = Key::new(&scope("eu-west-1-x"), "kms", "key", "x").expect("valid");
        assert!(!scoped.contains(other.as_bytes()));
    }
}
