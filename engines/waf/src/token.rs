//! Tokens: proof that a client solved a CAPTCHA or passed a challenge, kept in the cookie `aws-waf-token`. A token is a text of
//! printable ASCII, sealed with a code that whoever holds the key makes; the engine knows no cryptography.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-tokens.html>

use base::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The cookie that carries a token.
pub const COOKIE: &str = "aws-waf-token";
/// How long a token counts where a Web ACL does not say.
pub const IMMUNITY_DEFAULT_SECONDS: u64 = 300;
/// Longer texts are no tokens.
pub const TOKEN_BYTES_MAX: usize = 1024;
/// Bytes of a code: HMAC-SHA-256.
pub const TAG_BYTES: usize = 32;

/// Makes and checks message authentication codes over tokens.
pub trait TokenKey: Send + Sync {
    /// The code of a message.
    fn tag(&self, message: &[u8]) -> [u8; TAG_BYTES];
    /// Whether a code is that of a message, in time that does not depend on either.
    fn verify(&self, message: &[u8], tag: &[u8]) -> bool;
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The host that it was made for, in lower case.
    pub domain: String,
    /// When a challenge was last passed.
    pub challenge: Option<Timestamp>,
    /// When a CAPTCHA was last solved.
    pub captcha: Option<Timestamp>,
}

/// Why a request has no token that counts; the names are those of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's and say it")]
pub enum Failure {
    TokenMissing,
    TokenExpired,
    TokenInvalid,
    TokenDomainMismatch,
}

impl Failure {
    /// The value of `failureReason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenMissing => "TOKEN_MISSING",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::TokenInvalid => "TOKEN_INVALID",
            Self::TokenDomainMismatch => "TOKEN_DOMAIN_MISMATCH",
        }
    }
}

impl Token {
    /// The sealed text.
    pub fn mint(&self, key: &dyn TokenKey) -> String {
        let millis =
            |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.millis().to_string());
        let body = format!("1:{}:{}:{}", millis(self.challenge), millis(self.captcha), self.domain);
        let tag = key.tag(body.as_bytes());
        format!("{}.{}", URL_SAFE_NO_PAD.encode(body), URL_SAFE_NO_PAD.encode(tag))
    }

    /// Reads a sealed text, if it is genuine and for one of these hosts or a host under them.
    pub fn verify(text: &[u8], key: &dyn TokenKey, domains: &[&str]) -> Result<Self, Failure> {
        let token = Self::read(text, key).ok_or(Failure::TokenInvalid)?;
        let own = |domain: &&str| {
            let rest = token.domain.strip_suffix(&domain.to_ascii_lowercase());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if domains.iter().any(own) { Ok(token) } else { Err(Failure::TokenDomainMismatch) }
    }

    fn read(text: &[u8], key: &dyn TokenKey) -> Option<Self> {
        if text.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let dot = memchr::memchr(b'.', text)?;
        let body = URL_SAFE_NO_PAD.decode(&text[..dot]).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(&text[dot + 1..]).ok()?;
        if !key.verify(&body, &tag) {
            return None;
        }
        let mut parts = std::str::from_utf8(&body).ok()?.splitn(4, ':');
        if parts.next()? != "1" {
            return None;
        }
        let mut time = || -> Option<Option<Timestamp>> {
            match parts.next()? {
                "" => Some(None),
                millis => Some(Some(Timestamp::from_millis(millis.parse().ok()?))),
            }
        };
        let (challenge, captcha) = (time()?, time()?);
        Some(Self { domain: parts.next()?.to_owned(), challenge, captcha })
    }
}

/// Whether something that happened then still counts.
pub(crate) fn counts(then: Option<Timestamp>, immunity_seconds: u64, now: Timestamp) -> bool {
    then.is_some_and(|then| {
        now.millis() < then.millis().saturating_add(immunity_seconds as i64 * 1000)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a code that protects anything: it only tells keys and messages apart.
    struct Toy(u8);

    impl TokenKey for Toy {
        fn tag(&self, message: &[u8]) -> [u8; TAG_BYTES] {
            use sha2::Digest as _;
            sha2::Sha256::new().chain_update([self.0]).chain_update(message).finalize().into()
        }

        fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
            self.tag(message) == tag
        }
    }

    fn token() -> Token {
        Token {
            domain: "shop.example.com".into(),
            challenge: Some(Timestamp::from_millis(1_000)),
            captcha: None,
        }
    }

    #[test]
    fn a_token_is_read_back_by_its_key_and_for_its_domains() {
        let text = token().mint(&Toy(1));
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{text}");
        assert_eq!(Token::verify(text.as_bytes(), &Toy(1), &["shop.example.com"]), Ok(token()));
        assert_eq!(Token::verify(text.as_bytes(), &Toy(1), &["x.org", "Example.com"]), Ok(token()));
        let domain = Err(Failure::TokenDomainMismatch);
        assert_eq!(Token::verify(text.as_bytes(), &Toy(1), &["hop.example.com"]), domain);
        assert_eq!(Token::verify(text.as_bytes(), &Toy(1), &[]), domain);
        assert_eq!(
            Token::verify(text.as_bytes(), &Toy(2), &["example.com"]),
            Err(Failure::TokenInvalid)
        );
    }

    #[test]
    fn every_changed_byte_makes_it_invalid() {
        let text = token().mint(&Toy(1)).into_bytes();
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let read = Token::verify(&changed, &Toy(1), &["shop.example.com"]);
            assert_eq!(read, Err(Failure::TokenInvalid), "{at}");
        }
    }

    #[test]
    fn immunity_ends() {
        let solved = Some(Timestamp::from_millis(0));
        assert!(counts(solved, 60, Timestamp::from_millis(59_999)));
        assert!(!counts(solved, 60, Timestamp::from_millis(60_000)));
        assert!(!counts(None, 60, Timestamp::from_millis(0)));
    }
}
