//! Policy documents: checked by `authz` with IAM's texts, measured as IAM measures them, and shown as IAM shows them.

use api_iam::error::MALFORMED_POLICY_DOCUMENT_EXCEPTION;
use authz::{Kind, Policy};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shape::Failure;

/// What RFC 3986 encodes: all but letters, digits and four more.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Checks that `text` is a policy of this kind.
///
/// # Errors
/// `MalformedPolicyDocument`.
pub(crate) fn check(kind: Kind, text: &str) -> Result<(), Failure> {
    match Policy::read(kind, "document", text) {
        Ok(_) => Ok(()),
        Err(error) => Err(malformed(&error.to_string()).with_detail(error.explain())),
    }
}

/// The document is no policy of the kind that it should be.
pub(crate) fn malformed(message: &str) -> Failure {
    MALFORMED_POLICY_DOCUMENT_EXCEPTION.because(message)
}

/// Its size as quotas count it: characters other than white space.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
pub(crate) fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// The document as IAM's answers carry it: encoded for URLs (RFC 3986).
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(size("{ \"a\":\n\t1 }"), 7);
    }

    #[test]
    fn answers_are_encoded() {
        assert_eq!(encode("{\"a\": \"x*~\"}"), "%7B%22a%22%3A%20%22x%2A~%22%7D");
    }

    #[test]
    fn refusals_bear_the_engines_text() {
        let failure = check(Kind::Identity, "{}").expect_err("no policy");
        assert_eq!(failure.error.query_code(), "MalformedPolicyDocument");
        assert_eq!(failure.message, "Syntax errors in policy.");
    }
}
