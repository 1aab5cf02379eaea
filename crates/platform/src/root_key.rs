//! One store, one root key: what was sealed under another can never be opened, so a wrong key is told at start and not by
//! the first call that fails.

use keyring::Keyring;
use serde::{Deserialize, Serialize};
use store::{Record, Scope, Store, StoreError};
use thiserror::Error;

/// The record's id; a store has one root key.
const ID: &str = "current";

/// Why this store and this keyring do not go together.
#[derive(Debug, Error)]
pub enum RootKeyError {
    /// The store's secrets were sealed under another root key.
    #[error(
        "the data was sealed under another root key ({stored}, not {given}): start with the root.key or passphrase \
         that belongs to it, or choose another data folder"
    )]
    Other {
        /// The fingerprint of the key that belongs to the data.
        stored: String,
        /// The fingerprint of the key that was given.
        given: String,
    },
    /// The root key does not work.
    #[error("the root key cannot be used")]
    Keyring(#[from] keyring::Error),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Checks that `keyring` is the one that `store` was first used with; remembers it on first use.
pub async fn check(store: &Store, keyring: &Keyring) -> Result<(), RootKeyError> {
    let given = keyring.fingerprint()?;
    loop {
        let mut tx = store.begin();
        match tx.get::<RootKey>(&Scope::system(), ID).await? {
            Some(known) if known.fingerprint == given => return Ok(()),
            Some(known) => {
                return Err(RootKeyError::Other { stored: known.fingerprint.clone(), given });
            }
            None => {
                tx.create(&Scope::system(), ID, &RootKey { fingerprint: given.clone() })?;
                match store.commit(tx).await {
                    // Another node was first: see what it wrote.
                    Err(StoreError::Conflict) => continue,
                    done => return Ok(done?),
                }
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct RootKey {
    fingerprint: String,
}

impl Record for RootKey {
    const SERVICE: &'static str = "platform";
    const KIND: &'static str = "root-key";
}

#[cfg(test)]
mod tests {
    use store::StoreConfig;

    use super::*;

    #[tokio::test]
    async fn another_root_key_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = StoreConfig::Sqlite { dir: folder.path().to_owned() };
        let store = Store::open(config).await.expect("a store");
        let (one, other) =
            (Keyring::ephemeral().expect("a key"), Keyring::ephemeral().expect("a key"));
        check(&store, &one).await.expect("first use");
        check(&store, &one).await.expect("the same");
        let refused = check(&store, &other).await.expect_err("another");
        assert!(matches!(refused, RootKeyError::Other { .. }), "{refused}");
    }
}
