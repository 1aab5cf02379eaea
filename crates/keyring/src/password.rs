//! Passwords of people: hashed with Argon2id (RFC 9106), each under a salt of its own, in PHC string format.
//!
//! Hashing takes tens of milliseconds and megabytes by intent; callers move it off their event loop.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

use crate::root::{Cost, stretch};
use crate::{Error, Secret, random};

/// Bytes of the salt.
const SALT_LEN: usize = 16;
/// What OWASP asks for at least, since a person waits for it and many may sign in at once.
const COST: Cost = Cost { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

/// The hash to keep in a password's place.
///
/// # Errors
/// [`Error::Engine`] when there is no entropy or memory.
pub fn hash(password: &Secret) -> Result<String, Error> {
    let mut salt = [0; SALT_LEN];
    random::fill(&mut salt)?;
    let hash = stretch(password, &salt, COST)?;
    let Cost { memory_kib, passes, lanes } = COST;
    let (salt, hash) = (BASE64.encode(salt), BASE64.encode(hash.expose()));
    Ok(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}"))
}

/// Whether `hash` was made of this password. A hash in another form is nobody's.
///
/// # Errors
/// [`Error::Engine`] when there is no memory.
pub fn matches(password: &Secret, hash: &str) -> Result<bool, Error> {
    let Some((cost, salt, expected)) = parse(hash) else { return Ok(false) };
    let found = stretch(password, &salt, cost)?;
    Ok(verify_slices_are_equal(found.expose(), &expected).is_ok())
}

fn parse(hash: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let mut parts = hash.strip_prefix("$argon2id$v=19$")?.split('$');
    let mut numbers = parts.next()?.split(',');
    let mut number = |name| numbers.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let cost = Cost { memory_kib: number("m=")?, passes: number("t=")?, lanes: number("p=")? };
    let (salt, expected) = (BASE64.decode(parts.next()?).ok()?, BASE64.decode(parts.next()?).ok()?);
    (parts.next().is_none() && cost.is_bearable()).then_some((cost, salt, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_tells_its_password_from_others() {
        let password = Secret::copy_of(b"correct horse");
        let kept = hash(&password).expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(matches(&password, &kept).expect("memory"));
        assert!(!matches(&Secret::copy_of(b"correct horsf"), &kept).expect("memory"));
        assert_ne!(hash(&password).expect("a hash"), kept);
        assert!(!matches(&password, "").expect("no work"));
        let greedy = kept.replace("m=19456", "m=4000000000");
        assert!(!matches(&password, &greedy).expect("no work"));
    }

    #[test]
    fn hashes_of_other_programs_are_read() {
        // Made with the argon2-cffi package for Python.
        let kept = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$c8unoZL1fMiTW9VzsIzI4XiLIjeYmhsk2dCIUg21RpY";
        assert!(matches(&Secret::copy_of(b"password"), kept).expect("memory"));
    }
}
