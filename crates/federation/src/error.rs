//! Why a token, or a set of keys, is not believed.

use thiserror::Error;

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// Not a signed JSON Web Token, or one too large to be read.
    #[error("not a valid JWT")]
    NotAToken,
    /// Its header asks for what is not understood or not safe: `none`, symmetric algorithms, critical extensions.
    #[error("the algorithm of the token is not accepted")]
    Algorithm,
    /// The set has no key that the token could be signed with. Its owner may have a newer one.
    #[error("no key of the set fits the token")]
    UnknownKey,
    /// No such key signed it.
    #[error("the signature does not hold")]
    Signature,
    /// Not a JSON Web Key Set.
    #[error("not a set of keys")]
    NotAKeySet,
    /// A claim is missing or has another form than it should.
    #[error("the claim {0} is missing or malformed")]
    Claim(&'static str),
    /// Somebody else issued it.
    #[error("another issuer")]
    Issuer,
    /// It is meant for somebody else.
    #[error("another audience")]
    Audience,
    /// It is past its end, given in seconds.
    #[error("expired at {0}")]
    Expired(i64),
    /// It is not yet valid, or was issued in the future.
    #[error("not yet valid")]
    NotYet,
}
