//! `MaxResults` and `NextToken`. A token is the name behind which the next page begins, in base64.

use api_ssm::error::INVALID_NEXT_TOKEN;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use shape::Failure;
use shape::error::VALIDATION;

/// The page that a request asks for.
pub(crate) struct Page {
    limit: usize,
    after: Option<String>,
}

impl Page {
    /// Reads both.
    ///
    /// # Errors
    /// `ValidationException` for a size that the operation does not allow, `InvalidNextToken`.
    pub fn new(
        max_results: Option<i32>,
        token: Option<&str>,
        default: usize,
        max: usize,
    ) -> Result<Self, Failure> {
        let limit = max_results.map_or(default, |asked| usize::try_from(asked).unwrap_or(0));
        if !(1..=max).contains(&limit) {
            let text = format!("MaxResults must be between 1 and {max}.");
            return Err(VALIDATION.because(text));
        }
        let decode = |token| String::from_utf8(BASE64.decode(token).ok()?).ok();
        let invalid = || INVALID_NEXT_TOKEN.because("The specified token isn't valid.");
        let after = token.map(|token| decode(token).ok_or_else(invalid)).transpose()?;
        Ok(Self { limit, after })
    }

    /// Items on the page at most.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The id behind which it begins.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Cuts what was found behind [`Page::after`], in order, to the page; with the token of the next one.
    pub fn cut<T>(&self, mut found: Vec<(String, T)>) -> (Vec<T>, Option<String>) {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let token = found.last().filter(|_| more).map(|(id, _)| BASE64.encode(id));
        (found.into_iter().map(|(_, item)| item).collect(), token)
    }
}
