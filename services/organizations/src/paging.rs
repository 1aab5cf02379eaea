//! `MaxResults` and `NextToken` of the list operations.
//!
//! A token is the id behind which the next page begins, bound to the operation that gave it.

use api_organizations::InvalidInputExceptionReason as Invalid;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use shape::{Failure, Operation};

use crate::refuse;

/// Items of a page, at most and by default.
const PAGE_ITEMS: usize = 20;

/// Cuts the page that a request asks for out of all items, each of which comes with the id that orders it; the second part is
/// `NextToken`, if there is more.
///
/// # Errors
/// `InvalidInputException` for a token that the operation did not give.
pub(crate) fn page<O: Operation, T>(
    items: impl IntoIterator<Item = (String, T)>,
    max: Option<i32>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), Failure> {
    let operation = O::SCHEMA.name;
    // The model bounds it to 1 to 20.
    let limit = max.map_or(PAGE_ITEMS, |max| usize::try_from(max).unwrap_or(1)).min(PAGE_ITEMS);
    let mut items: Vec<(String, T)> = items.into_iter().collect();
    items.sort_by(|(a, _), (b, _)| a.cmp(b));
    if let Some(token) = token {
        let bytes = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let after =
            bytes.as_deref().and_then(|text| text.strip_prefix(operation)?.strip_prefix(':'));
        let after = after.ok_or_else(|| {
            refuse::invalid(
                Invalid::InvalidNextToken,
                "Get the NextToken from the response to a previous call of the operation.",
            )
        })?;
        items.retain(|(id, _)| id.as_str() > after);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let last = items.last().filter(|_| more);
    let next = last.map(|(id, _)| BASE64.encode(format!("{operation}:{id}")));
    Ok((items.into_iter().map(|(_, item)| item).collect(), next))
}

#[cfg(test)]
mod tests {
    use api_organizations::operations::{ListAccounts, ListRoots};

    use super::*;

    #[test]
    fn pages_cover_everything_once() -> Result<(), Failure> {
        let all = || (0..5).map(|n| (format!("id{n}"), n));
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let (items, next) = page::<ListAccounts, _>(all(), Some(2), token.as_deref())?;
            seen.extend(items);
            let Some(next) = next else { break };
            assert!(page::<ListRoots, _>(all(), None, Some(&next)).is_err());
            token = Some(next);
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        Ok(())
    }
}
