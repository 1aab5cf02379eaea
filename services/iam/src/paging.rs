//! `MaxItems` and `Marker` of the list operations.
//!
//! A marker is the id behind which the next page begins, in base64. Ids are stable, so a listing that runs while items come and go
//! neither repeats nor skips those that stay.

use api_iam::error::INVALID_INPUT_EXCEPTION;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use shape::Failure;
use store::{Range, Record, Scope, Tx};

/// Items of a page without `MaxItems`.
const ITEMS_DEFAULT: usize = 100;
/// Records read at once while those of a page are looked for.
const SCAN_PAGE: usize = 500;

/// The page that a request asks for.
#[derive(Debug)]
pub(crate) struct Page {
    limit: usize,
    after: Option<String>,
}

/// A page of items.
#[derive(Debug)]
pub(crate) struct Found<T> {
    /// The items.
    pub items: Vec<T>,
    /// `IsTruncated`.
    pub truncated: bool,
    /// `Marker`, of a truncated page.
    pub marker: Option<String>,
}

impl Page {
    /// Reads `MaxItems` (the model bounds it to 1 to 1,000) and `Marker`.
    ///
    /// # Errors
    /// `InvalidInput` for a marker that none of our pages gave.
    pub fn new(max_items: Option<i32>, marker: Option<&str>) -> Result<Self, Failure> {
        let limit = max_items.map_or(ITEMS_DEFAULT, |max| usize::try_from(max).unwrap_or(1));
        let decode = |marker: &str| {
            let bytes = BASE64.decode(marker).ok()?;
            String::from_utf8(bytes).ok()
        };
        let invalid = || INVALID_INPUT_EXCEPTION.because("Invalid Marker.");
        let after = marker.map(|marker| decode(marker).ok_or_else(invalid)).transpose()?;
        Ok(Self { limit, after })
    }

    /// The page of items that are at hand, each with the id that orders it.
    pub fn select<T>(&self, items: impl IntoIterator<Item = (String, T)>) -> Found<T> {
        let mut items: Vec<(String, T)> = items.into_iter().collect();
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(after) = &self.after {
            items.retain(|(id, _)| id > after);
        }
        let truncated = items.len() > self.limit;
        items.truncate(self.limit);
        let marker = items.last().map(|(id, _)| BASE64.encode(id)).filter(|_| truncated);
        Found { items: items.into_iter().map(|(_, item)| item).collect(), truncated, marker }
    }

    /// The page of the stored records for which `show` has something to show, in the order of their ids.
    ///
    /// # Errors
    /// A failing store.
    pub async fn scan<R: Record, T>(
        &self,
        tx: &Tx,
        scope: &Scope,
        show: impl Fn(&R) -> Option<T>,
    ) -> Result<Found<T>, Failure> {
        let mut found = Vec::new();
        let mut after = self.after.clone();
        loop {
            let range = Range { prefix: "", after: after.as_deref() };
            let batch = tx.scan::<R>(scope, range, SCAN_PAGE).await.map_err(Failure::internal)?;
            let last = batch.len() < SCAN_PAGE;
            after = batch.last().map(|(id, _)| id.clone());
            found.extend(batch.into_iter().filter_map(|(id, r)| Some((id, show(&r)?))));
            if last || found.len() > self.limit {
                return Ok(self.select(found));
            }
        }
    }
}

/// Whether something with this path is asked for.
pub(crate) fn has_prefix(path: &str, prefix: Option<&str>) -> bool {
    prefix.is_none_or(|prefix| path.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<(String, u8)> {
        [("c", 3), ("a", 1), ("b", 2)].map(|(id, n)| (id.to_owned(), n)).into()
    }

    #[test]
    fn pages_follow_each_other() {
        let first = Page::new(Some(2), None).expect("a page").select(items());
        assert_eq!((first.items, first.truncated), (vec![1, 2], true));
        let next = Page::new(Some(2), first.marker.as_deref()).expect("a page").select(items());
        assert_eq!((next.items, next.truncated, next.marker), (vec![3], false, None));
        assert!(Page::new(None, Some("?")).is_err());
    }
}
