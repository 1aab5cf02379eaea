//! Grant tokens: opaque to callers, and proof that CreateGrant gave them out.
//!
//! A token is the grant's address, sealed by the keyring for the key's account and Region, with these two in front in the
//! clear so that any node can open it. Each call makes another token; all tokens of a grant are equal.

use api_kms::error::INVALID_GRANT_TOKEN_EXCEPTION;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use keyring::Sealed;
use shape::Failure;
use store::Scope;

use crate::Kms;

/// What the keyring binds tokens to.
const CONTEXT: &[u8] = b"kms/grant-token";
/// Between the parts of a token; none of them contains it.
const SEPARATOR: char = '.';

/// What a token says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The key's account and Region.
    pub scope: Scope,
    pub key_id: String,
    pub grant_id: String,
}

/// Makes a token.
pub(crate) fn issue(kms: &Kms, address: &Address) -> Result<String, Failure> {
    let Address { scope: Scope { account, region }, key_id, grant_id } = address;
    let inner = format!("{key_id}{SEPARATOR}{grant_id}");
    let sealed =
        kms.keyring.seal(*account, region, CONTEXT, inner.as_bytes()).map_err(Failure::internal)?;
    let sealed = BASE64.encode(sealed.as_bytes());
    Ok(format!("{account}{SEPARATOR}{region}{SEPARATOR}{sealed}"))
}

/// Opens a token.
///
/// # Errors
/// `InvalidGrantTokenException`.
pub(crate) fn open(kms: &Kms, token: &str) -> Result<Address, Failure> {
    try_open(kms, token)
        .ok_or_else(|| INVALID_GRANT_TOKEN_EXCEPTION.because("The grant token is not valid."))
}

fn try_open(kms: &Kms, token: &str) -> Option<Address> {
    let mut parts = token.splitn(3, SEPARATOR);
    let account = parts.next()?.parse().ok()?;
    let region = parts.next()?.parse().ok()?;
    let sealed = Sealed::from_bytes(BASE64.decode(parts.next()?).ok()?);
    let inner = kms.keyring.unseal(account, &region, CONTEXT, &sealed).ok()?;
    let (key_id, grant_id) = std::str::from_utf8(inner.expose()).ok()?.split_once(SEPARATOR)?;
    Some(Address {
        scope: Scope::new(account, region),
        key_id: key_id.to_owned(),
        grant_id: grant_id.to_owned(),
    })
}

/// Checks the `GrantTokens` of a request. What they permit is weighed in authorization; here they only must be ours.
///
/// # Errors
/// `InvalidGrantTokenException`.
pub(crate) fn check(kms: &Kms, tokens: Option<&[String]>) -> Result<(), Failure> {
    tokens.unwrap_or_default().iter().try_for_each(|token| open(kms, token).map(drop))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base::{AccountId, Region};
    use keyring::Keyring;

    use super::*;

    #[test]
    fn tokens_open_and_nothing_else_does() {
        let keyring = Arc::new(Keyring::ephemeral().expect("entropy"));
        let kms = crate::Kms::new(crate::Deps { keyring, nitro_root: None, proxies: None });
        let address = Address {
            scope: Scope::new(AccountId::DEFAULT, Region::default()),
            key_id: "mrk-1234".into(),
            grant_id: "abcd".into(),
        };
        let token = issue(&kms, &address).expect("sealed");
        assert_ne!(token, issue(&kms, &address).expect("sealed"));
        assert_eq!(open(&kms, &token).expect("ours"), address);
        let elsewhere = token.replace("us-east-1", "eu-west-1");
        let shorter = &token[..token.len() - 2];
        for bad in ["", "a", "..", &elsewhere, shorter] {
            let failure = open(&kms, bad).expect_err("not ours");
            assert_eq!(failure.error.name, "InvalidGrantTokenException", "{bad}");
        }
    }
}
