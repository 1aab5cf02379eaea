//! What the web leaves behind: cookies in their headers, and e-mail addresses.

use crate::anchor::{Anchor, Found, Near, run};
use crate::identifier::Category;
use crate::shape::Proof;

/// Longest cookie header that is looked at, in bytes.
const COOKIE_MAX_BYTES: usize = 4 << 10;
/// Longest local part (RFC 5321, 4.5.3.1.1) and longest domain, in bytes.
const LOCAL_MAX_BYTES: usize = 64;
const DOMAIN_MAX_BYTES: usize = 253;

pub(crate) const ANCHORS: &[Anchor] =
    &[Anchor { literals: &["Cookie: ", "cookie: "], judge: cookie }];

/// The identifiers that are reported from here.
pub(crate) const IDS: &[&str] = &["HTTP_COOKIE", EMAIL];

pub(crate) const EMAIL: &str = "EMAIL_ADDRESS";

/// A whole `Cookie` or `Set-Cookie` header with at least one pair.
fn cookie(near: &Near<'_>) -> Option<Found> {
    let text = near.ahead(COOKIE_MAX_BYTES);
    let line = &text[near.literal.len()..];
    let line = &line[..run(line, |byte| !matches!(byte, b'\r' | b'\n' | b'"' | b'\'' | b'\\'))];
    let name = run(line, |byte| byte.is_ascii_alphanumeric() || b"!#$%&*+-.^_`|~".contains(&byte));
    let value = line.get(name + 1..).filter(|_| line.get(name) == Some(&b'='))?;
    let filled =
        name > 0 && value.first().is_some_and(|byte| byte.is_ascii_graphic() && *byte != b';');
    let set =
        near.at.checked_sub(4).filter(|at| near.text[*at..near.at].eq_ignore_ascii_case(b"set-"));
    let start = set.unwrap_or(near.at);
    let alone = start == 0 || !near.text[start - 1].is_ascii_alphanumeric();
    let end = near.at + near.literal.len() + line.trim_ascii_end().len();
    let proof = Proof::Plausible("a cookie header");
    let category = Category::PersonalInformation;
    (filled && alone).then_some(Found {
        start,
        end,
        id: "HTTP_COOKIE",
        category,
        proof,
        confidence: 90,
    })
}

/// The address around the `@` at `at`.
pub(crate) fn email(text: &[u8], at: usize) -> Option<Found> {
    let local = |byte: u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte);
    let from = at.saturating_sub(LOCAL_MAX_BYTES + 1);
    let start =
        text[from..at].iter().rposition(|b| !local(*b)).map_or(from, |place| from + place + 1);
    let start = start + run(&text[start..at], |byte| !byte.is_ascii_alphanumeric());
    let tail = &text[at + 1..text.len().min(at + 1 + DOMAIN_MAX_BYTES)];
    let mut end = run(tail, |byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    while end > 0 && !tail[end - 1].is_ascii_alphanumeric() {
        end -= 1;
    }
    let domain = &tail[..end];
    let top = domain.iter().rposition(|byte| *byte == b'.').map(|dot| &domain[dot + 1..])?;
    let named = top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    let labels = domain.split(|b| *b == b'.').all(|label| !label.is_empty() && label[0] != b'-');
    // user@host:path of git and scp is no address, nor is what hangs on a longer word.
    let git = &text[start..at] == b"git";
    let whole = at > start && at - start <= LOCAL_MAX_BYTES && text[at - 1] != b'.';
    (named && labels && whole && !git).then_some(Found {
        start,
        end: at + 1 + end,
        id: EMAIL,
        category: Category::PersonalInformation,
        proof: Proof::Plausible("a local part and a domain"),
        confidence: 90,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<&str> {
        let at = text.find('@')?;
        email(text.as_bytes(), at).map(|f| &text[f.start..f.end])
    }

    #[test]
    fn addresses_end_where_the_domain_does() {
        assert_eq!(
            address("<mail to jo.doe+x@mail.example.co.uk>."),
            Some("jo.doe+x@mail.example.co.uk")
        );
        assert_eq!(address("a@b.io."), Some("a@b.io"));
        for none in
            ["a@b", "@b.io", "a@.io", "a@-b.io", "a@b.c1", "git@host.org:x", "npm i @scope/x"]
        {
            assert_eq!(address(none), None, "{none}");
        }
    }

    #[test]
    fn cookies_are_whole_headers() {
        let text = "x\r\nSet-Cookie: id=TWlrZQ; Path=/\r\ny";
        let at = text.find("Cookie").unwrap();
        let found = cookie(&Near { text: text.as_bytes(), at, literal: "Cookie: " }).unwrap();
        assert_eq!(&text[found.start..found.end], "Set-Cookie: id=TWlrZQ; Path=/");
        let none = "the Cookie: jar";
        assert_eq!(cookie(&Near { text: none.as_bytes(), at: 4, literal: "Cookie: " }), None);
    }
}
