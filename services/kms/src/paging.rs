//! `Limit` and `Marker` of the list operations.
//!
//! A marker is the id behind which the next page begins, bound to the operation that gave it. Ids are stable, so a
//! listing that runs while items come and go neither repeats nor skips those that stay.

use api_kms::error::INVALID_MARKER_EXCEPTION;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use shape::error::VALIDATION;
use shape::{Failure, Operation};

/// How many items an operation lists at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Without `Limit`.
    pub default: usize,
    /// At most.
    pub max: usize,
}

/// ListKeys, ListKeyPolicies and ListKeyRotations.
pub(crate) const LONG: Sizes = Sizes { default: 100, max: 1000 };
/// ListAliases, ListGrants and ListRetirableGrants.
pub(crate) const SHORT: Sizes = Sizes { default: 50, max: 100 };
/// ListResourceTags.
pub(crate) const TAGS: Sizes = Sizes { default: 50, max: 50 };

/// The page that a request asks for.
#[derive(Debug)]
pub(crate) struct Page {
    operation: &'static str,
    limit: usize,
    after: Option<String>,
}

impl Page {
    /// Reads `Limit` and `Marker`.
    ///
    /// # Errors
    /// `ValidationException` for a limit that the operation does not allow, `InvalidMarkerException`.
    pub fn new<O: Operation>(
        limit: Option<i32>,
        marker: Option<&str>,
        sizes: Sizes,
    ) -> Result<Self, Failure> {
        let operation = O::SCHEMA.name;
        let limit = match limit {
            None => sizes.default,
            Some(limit) => usize::try_from(limit).unwrap_or(0),
        };
        if limit > sizes.max {
            return Err(VALIDATION.because(format!(
                "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to {}",
                sizes.max
            )));
        }
        let after = marker.map(|marker| decode(operation, marker)).transpose()?;
        Ok(Self { operation, limit: limit.max(1), after })
    }

    /// The id behind which the page begins.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// How many items to look for: one more than fit, to see whether the page is the last.
    pub fn wanted(&self) -> usize {
        self.limit + 1
    }

    /// Cuts what was found, in the order of ids, to the page; the second part is `NextMarker`, if there is more.
    pub fn cut<T>(&self, mut found: Vec<(String, T)>) -> (Vec<T>, Option<String>) {
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more).map(|(id, _)| encode(self.operation, id));
        (found.into_iter().map(|(_, item)| item).collect(), next)
    }

    /// Cuts a page out of everything there is, in the order of ids.
    pub fn select<T>(
        &self,
        all: impl IntoIterator<Item = (String, T)>,
    ) -> (Vec<T>, Option<String>) {
        let behind = |id: &str| self.after().is_none_or(|after| id > after);
        self.cut(all.into_iter().filter(|(id, _)| behind(id)).take(self.wanted()).collect())
    }
}

fn encode(operation: &str, id: &str) -> String {
    BASE64.encode(format!("{operation}:{id}"))
}

fn decode(operation: &str, marker: &str) -> Result<String, Failure> {
    let bytes = BASE64.decode(marker).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.as_deref()
        .and_then(|text| text.strip_prefix(operation)?.strip_prefix(':'))
        .filter(|id| !id.contains('\0'))
        .map(str::to_owned)
        .ok_or_else(|| INVALID_MARKER_EXCEPTION.because("The marker is not valid."))
}

#[cfg(test)]
mod tests {
    use api_kms::operations::{ListAliases, ListKeys};
    use shape::Failure;

    use super::*;

    fn all() -> Vec<(String, u32)> {
        (0..5).map(|n| (format!("id{n}"), n)).collect()
    }

    #[test]
    fn pages_cover_everything_once() -> Result<(), Failure> {
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let page = Page::new::<ListKeys>(Some(2), marker.as_deref(), LONG)?;
            let (items, next) = page.select(all());
            assert!(items.len() <= 2);
            seen.extend(items);
            match next {
                Some(next) => marker = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        Ok(())
    }

    #[test]
    fn foreign_markers_and_large_limits_are_refused() {
        let next = Page::new::<ListKeys>(Some(1), None, LONG).expect("valid").select(all()).1;
        let page = Page::new::<ListAliases>(None, next.as_deref(), SHORT);
        assert_eq!(page.expect_err("refused").error.name, "InvalidMarkerException");
        let page = Page::new::<ListAliases>(Some(101), None, SHORT);
        assert_eq!(page.expect_err("refused").error.name, "ValidationException");
        let page = Page::new::<ListKeys>(None, Some("%%%"), LONG);
        assert_eq!(page.expect_err("refused").error.name, "InvalidMarkerException");
    }
}
