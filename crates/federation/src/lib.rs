//! What outside identity providers assert, verified: ID tokens of OpenID Connect, which are JSON Web Tokens.
//!
//! ```text
//! text ── Token::parse ──► Token ── verify(&KeySet) ──► Claims ── check(&Expected) ──► Identity
//! ```
//!
//! Pure: tokens and key sets come as text, the time as a parameter; whoever asks fetches the keys and finds the provider.
//! **No claim can be read before the signature held**, except the issuer, which tells whose keys to fetch. What a token says about
//! its own keys (`jwk`, `jku`, `x5u`, `x5c`) is never looked at. Encrypted tokens and symmetric signatures are absent.

mod claims;
mod error;
mod json;
mod keys;
mod token;

pub mod testing;

pub use claims::{Claims, Expected, Identity};
pub use error::Error;
pub use keys::{KEY_SET_MAX_BYTES, KeySet};
pub use token::{TOKEN_MAX_BYTES, Token};
