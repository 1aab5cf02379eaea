//! Credentials: private keys, signed tokens, authorization headers, and the tokens of the usual vendors by their prefixes.
//! Examples from the vendors' own documentation are not reported, as Macie does not
//! (<https://docs.aws.amazon.com/macie/latest/user/mdis-reference-credentials.html>).

use crate::anchor::{Anchor, Found, Near, run};
use crate::checksum::entropy;
use crate::identifier::Category;
use crate::shape::{Proof, Shape, Value, Verdict};

/// How far the end of a key is looked for, in bytes; a longer key is reported up to here.
const KEY_MAX_BYTES: usize = 6 << 10;
/// Fewest bytes of Base64 behind a key's first line; a bare first line is no key.
const KEY_MIN_BYTES: usize = 40;
/// Longest token, in bytes; JSON Web Tokens may be long.
const TOKEN_MAX_BYTES: usize = 4 << 10;
/// Least entropy of a secret, in bits a byte: random Base64 of 40 characters has 4.6 on average.
const SECRET_MIN_ENTROPY: f64 = 3.5;

pub(crate) const SHAPES: &[Shape] = &[Shape {
    id: "AWS_CREDENTIALS",
    category: Category::Credentials,
    pattern: r"[A-Za-z0-9/+]{40}",
    keywords: "aws_secret_access_key, credentials, secret access key, secret key, set-awscredential, \
        set-awscredentials, aws secret, secretaccesskey, secret_key, aws_secret_key, secret",
    check: aws_secret,
}];

pub(crate) const ANCHORS: &[Anchor] = &[
    Anchor { literals: &["-----BEGIN "], judge: pem },
    Anchor { literals: &["PuTTY-User-Key-File-"], judge: putty },
    Anchor { literals: &["eyJ"], judge: json_web_token },
    Anchor {
        literals: &["uthorization: ", "uthorization\": \"", "uthorization\":\""],
        judge: basic,
    },
    Anchor { literals: VENDOR_PREFIXES, judge: vendor },
];

/// The identifiers that only anchors report.
pub(crate) const IDS: &[&str] = &[
    "OPENSSH_PRIVATE_KEY",
    "PGP_PRIVATE_KEY",
    "PKCS",
    "PUTTY_PRIVATE_KEY",
    "JSON_WEB_TOKEN",
    "HTTP_BASIC_AUTH_HEADER",
];

fn base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn base64_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// A key as random as AWS makes them, and none of the documentation's.
fn aws_secret(value: &Value<'_>) -> Option<Verdict> {
    let raw = value.raw;
    let mixed = raw.iter().any(u8::is_ascii_uppercase)
        && raw.iter().any(u8::is_ascii_lowercase)
        && raw.iter().any(u8::is_ascii_digit);
    // Hexadecimal digests and paths are no keys.
    let path = raw.split(|b| *b == b'/').count() > 4;
    let example = raw.ends_with(b"EXAMPLEKEY");
    let random = entropy(raw) >= SECRET_MIN_ENTROPY;
    Verdict::plausible(mixed && !path && !example && random, "entropy of a random key")
}

/// A private key in PEM or PGP armour, with a body.
fn pem(near: &Near<'_>) -> Option<Found> {
    let text = near.ahead(KEY_MAX_BYTES);
    let label = &text["-----BEGIN ".len()..];
    let label = &label[..memchr::memmem::find(&label[..label.len().min(48)], b"-----")?];
    let id = match label {
        b"OPENSSH PRIVATE KEY" => "OPENSSH_PRIVATE_KEY",
        b"PGP PRIVATE KEY BLOCK" => "PGP_PRIVATE_KEY",
        b"PRIVATE KEY"
        | b"ENCRYPTED PRIVATE KEY"
        | b"RSA PRIVATE KEY"
        | b"EC PRIVATE KEY"
        | b"DSA PRIVATE KEY" => "PKCS",
        _ => return None,
    };
    let body = "-----BEGIN ".len() + label.len() + 5;
    // Newlines may be written as \n, and PGP and old PEM have headers before the Base64.
    let filled =
        text[body..].split(|b| !base64(*b)).filter(|line| line.len() >= KEY_MIN_BYTES).count();
    if filled == 0 {
        return None;
    }
    let end = memchr::memmem::find(&text[body..], b"-----END ").map(|at| {
        let tail = &text[body + at..];
        let close = memchr::memmem::find(&tail[9..], b"-----").map_or(9, |close| 9 + close + 5);
        body + at + close
    });
    Some(near.credential(
        id,
        end.unwrap_or(text.len()),
        Proof::Plausible("a key's armour and body"),
    ))
}

/// The headers in PuTTY's order.
fn putty(near: &Near<'_>) -> Option<Found> {
    let text = near.ahead(KEY_MAX_BYTES);
    let mut at = 0;
    for header in ["Encryption:", "Comment:", "Public-Lines:", "Private-Lines:", "Private-MAC:"] {
        at += memchr::memmem::find(&text[at..], header.as_bytes())? + header.len();
    }
    let end =
        at + run(&text[at..], |byte| byte == b' ' || byte.is_ascii_alphanumeric() || byte == b'+');
    Some(near.credential("PUTTY_PRIVATE_KEY", end, Proof::Plausible("PuTTY's headers in order")))
}

/// Header, claims and signature (RFC 7519); the header decodes to JSON with an algorithm.
fn json_web_token(near: &Near<'_>) -> Option<Found> {
    if near.before().is_some_and(|byte| base64_url(byte) || byte == b'.') {
        return None;
    }
    let text = near.ahead(TOKEN_MAX_BYTES);
    let header = run(text, base64_url);
    let claims = header + 1;
    let rest = text.get(claims..).filter(|_| text.get(header) == Some(&b'.'))?;
    let signature = claims + run(rest, base64_url) + 1;
    if !rest.starts_with(b"eyJ") || text.get(signature - 1) != Some(&b'.') {
        return None;
    }
    let decoded = decode(&text[..header])?;
    let json =
        decoded.first() == Some(&b'{') && memchr::memmem::find(&decoded, b"\"alg\"").is_some();
    let end = signature + run(&text[signature..], base64_url);
    json.then(|| near.credential("JSON_WEB_TOKEN", end, Proof::Checked("a header that decodes")))
}

/// `Authorization: Basic` with credentials that decode to a name and a password (RFC 7617).
fn basic(near: &Near<'_>) -> Option<Found> {
    let text = near.ahead(TOKEN_MAX_BYTES);
    let value = &text[near.literal.len()..];
    let scheme = value.get(..6).filter(|scheme| scheme.eq_ignore_ascii_case(b"basic "))?.len();
    let length = run(&value[scheme..], base64);
    let decoded = decode(&value[scheme..scheme + length])?;
    let named = decoded.contains(&b':') && decoded.len() > 2;
    // The literal leaves out the first letter, whose case varies.
    let start = near.at.saturating_sub(1);
    let end = near.at + near.literal.len() + scheme + length;
    let proof = Proof::Checked("credentials that decode");
    named.then_some(Found {
        start,
        end,
        id: "HTTP_BASIC_AUTH_HEADER",
        category: Category::Credentials,
        proof,
        confidence: 95,
    })
}

/// Base64, standard or URL alphabet, padded or not.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_suffix(b"==").or(text.strip_suffix(b"=")).unwrap_or(text);
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.chunks(4) {
        let mut bits = 0_u32;
        for byte in group {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                b'/' | b'_' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        let whole = match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        bits <<= 6 * (4 - group.len());
        out.extend_from_slice(&bits.to_be_bytes()[1..=whole]);
    }
    Some(out)
}

/// A vendor's token: prefix, identifier, length of what follows the prefix.
struct Vendor {
    prefix: &'static str,
    id: &'static str,
    rest: std::ops::RangeInclusive<usize>,
}

const fn token(
    prefix: &'static str,
    id: &'static str,
    rest: std::ops::RangeInclusive<usize>,
) -> Vendor {
    Vendor { prefix, id, rest }
}

const VENDORS: &[Vendor] = &[
    token("sk_live_", "STRIPE_CREDENTIALS", 16..=128),
    token("sk_test_", "STRIPE_CREDENTIALS", 16..=128),
    token("pk_live_", "STRIPE_CREDENTIALS", 16..=128),
    token("pk_test_", "STRIPE_CREDENTIALS", 16..=128),
    token("rk_live_", "STRIPE_CREDENTIALS", 16..=128),
    token("rk_test_", "STRIPE_CREDENTIALS", 16..=128),
    token("AIza", "GCP_API_KEY", 35..=35),
    token("AKIA", "AWS_ACCESS_KEY_ID", 16..=16),
    token("ASIA", "AWS_ACCESS_KEY_ID", 16..=16),
    token("ghp_", "GITHUB_TOKEN", 36..=251),
    token("gho_", "GITHUB_TOKEN", 36..=251),
    token("ghu_", "GITHUB_TOKEN", 36..=251),
    token("ghs_", "GITHUB_TOKEN", 36..=251),
    token("ghr_", "GITHUB_TOKEN", 36..=251),
    token("github_pat_", "GITHUB_TOKEN", 60..=100),
    token("glpat-", "GITLAB_TOKEN", 20..=64),
    token("xoxb-", "SLACK_TOKEN", 24..=100),
    token("xoxp-", "SLACK_TOKEN", 24..=100),
    token("xoxa-", "SLACK_TOKEN", 24..=100),
    token("xoxr-", "SLACK_TOKEN", 24..=100),
    token("npm_", "NPM_TOKEN", 36..=36),
    token("pypi-AgE", "PYPI_TOKEN", 50..=250),
    token("SG.", "SENDGRID_API_KEY", 66..=66),
    token("ya29.", "GOOGLE_OAUTH_TOKEN", 30..=300),
    token("shpat_", "SHOPIFY_TOKEN", 32..=32),
    token("dop_v1_", "DIGITALOCEAN_TOKEN", 64..=64),
    token("hvs.", "VAULT_TOKEN", 24..=200),
];

const VENDOR_PREFIXES: &[&str] = &{
    let mut prefixes = [""; VENDORS.len()];
    let mut i = 0;
    while i < VENDORS.len() {
        prefixes[i] = VENDORS[i].prefix;
        i += 1;
    }
    prefixes
};

/// The identifiers of vendors' tokens.
pub(crate) fn vendor_identifiers() -> impl Iterator<Item = &'static str> {
    VENDORS.iter().map(|vendor| vendor.id)
}

const EXAMPLES: &[&[u8]] = &[
    b"sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    b"pk_test_TYooMQauvdEDq54NiTphI7jx",
    b"AKIAIOSFODNN7EXAMPLE",
    b"AKIAI44QH8DHBEXAMPLE",
];

/// A token of a known prefix, the right length and the look of chance.
fn vendor(near: &Near<'_>) -> Option<Found> {
    let vendor = VENDORS.iter().find(|vendor| vendor.prefix == near.literal)?;
    if near.before().is_some_and(base64_url) {
        return None;
    }
    let ahead = near.ahead(TOKEN_MAX_BYTES);
    let rest = &ahead[vendor.prefix.len()..];
    let dotted = matches!(vendor.prefix, "SG." | "ya29." | "hvs.");
    let length = run(rest, |byte| base64_url(byte) || (dotted && byte == b'.'));
    if !vendor.rest.contains(&length) {
        return None;
    }
    let end = vendor.prefix.len() + length;
    let upper = vendor.id != "AWS_ACCESS_KEY_ID"
        || rest[..length].iter().all(|b| b.is_ascii_uppercase() || matches!(b, b'2'..=b'7'));
    let random = entropy(&rest[..length]) >= 2.8;
    let fresh = !EXAMPLES.contains(&&ahead[..end]);
    let proof = Proof::Plausible("a vendor's prefix, length and entropy");
    (upper && random && fresh).then(|| near.credential(vendor.id, end, proof))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::accepts;

    /// What the anchors find in a text, as identifier and value.
    fn found(text: &str) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        for anchor in ANCHORS {
            for literal in anchor.literals {
                for at in memchr::memmem::find_iter(text.as_bytes(), literal) {
                    let near = Near { text: text.as_bytes(), at, literal };
                    out.extend(
                        (anchor.judge)(&near).map(|f| (f.id, text[f.start..f.end].to_owned())),
                    );
                }
            }
        }
        out
    }

    #[test]
    fn private_keys_need_a_body() {
        let body = "MIIEpAIBAAKCAQEAx7mY1o0gKDWxYv5eJ8mYc1mQ2kT6yY0aWb3dPq8zRk5uVn4L";
        for (label, id) in [
            ("RSA PRIVATE KEY", "PKCS"),
            ("OPENSSH PRIVATE KEY", "OPENSSH_PRIVATE_KEY"),
            ("PGP PRIVATE KEY BLOCK", "PGP_PRIVATE_KEY"),
        ] {
            let key = format!("-----BEGIN {label}-----\n{body}\n{body}\n-----END {label}-----");
            assert_eq!(found(&format!("x {key} y")), [(id, key)]);
            assert_eq!(found(&format!("-----BEGIN {label}-----\n...\n-----END {label}-----")), []);
        }
        assert_eq!(
            found(&format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----")),
            []
        );
    }

    #[test]
    fn putty_keys_have_their_headers_in_order() {
        let key = "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: me\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 1\nBBBB\nPrivate-MAC: 00ff";
        assert_eq!(found(key), [("PUTTY_PRIVATE_KEY", key.to_owned())]);
        assert_eq!(found("PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none"), []);
    }

    #[test]
    fn tokens_decode() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
        assert_eq!(found(&format!("t={token};")), [("JSON_WEB_TOKEN", token.to_owned())]);
        assert_eq!(found("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.").len(), 1, "unsigned");
        assert_eq!(found("eyJ0ZXN0IjoxfQ.eyJzdWIiOiIxIn0.c2ln"), [], "no algorithm");
        let header = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
        assert_eq!(found(header), [("HTTP_BASIC_AUTH_HEADER", header.to_owned())]);
        assert_eq!(found("Authorization: Basic QWxhZGRpbg=="), [], "no password");
    }

    #[test]
    fn vendors_by_prefix_length_and_entropy() {
        assert_eq!(found("ghp_16C7e42F292c6912E7710c838347Ae178B4a")[0].0, "GITHUB_TOKEN");
        assert_eq!(found("key AIzaSyD9x2Lm8Qw7Rt5Yu3Io1Pa6Sd4Fg0Hj2Kl")[0].0, "GCP_API_KEY");
        assert_eq!(found("sk_live_51H8xYzKq2mNpRsTuVw")[0].0, "STRIPE_CREDENTIALS");
        assert_eq!(found("AKIAQ4X7LMZ2WP3NTRVB")[0].0, "AWS_ACCESS_KEY_ID");
        assert_eq!(found("sk_test_4eC39HqLyjWDarjtT1zdp7dc"), [], "Stripe's example");
        assert_eq!(found("AKIAIOSFODNN7EXAMPLE"), []);
        assert_eq!(found("ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), []);
        assert_eq!(found("task_live_51H8xYzKq2mNpRsTuVw"), [], "in the middle of a word");
    }

    #[test]
    fn aws_secrets_are_random_and_no_example() {
        assert!(accepts(SHAPES, "AWS_CREDENTIALS", "kX9vQ2mZ8rT4wL6nB1cD7fGhJp3sYeUaR5tO0iPq"));
        assert!(!accepts(SHAPES, "AWS_CREDENTIALS", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
        assert!(!accepts(SHAPES, "AWS_CREDENTIALS", "da39a3ee5e6b4b0d3255bfef95601890afd80709"));
    }
}
