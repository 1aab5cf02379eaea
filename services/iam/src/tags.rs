//! Tags, as every taggable thing of IAM has them.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html>: keys are unique without regard to case and keep the case
//! that they were last written in; `aws:` is reserved.

use api_iam::Tag;
use api_iam::error::{INVALID_INPUT_EXCEPTION, LIMIT_EXCEEDED_EXCEPTION};
use identity::record::Tags;
use shape::Failure;

/// Tags of one thing at most.
pub(crate) const TAGS_MAX: usize = 50;

/// Adds tags to `tags`, in place of those with the same keys.
///
/// # Errors
/// `InvalidInput` for doubled or reserved keys, `LimitExceeded`.
pub(crate) fn add(tags: &mut Tags, given: &[Tag]) -> Result<(), Failure> {
    for (index, tag) in given.iter().enumerate() {
        let (key, value) = (tag.key(), tag.value());
        if given[..index].iter().any(|earlier| earlier.key().eq_ignore_ascii_case(key)) {
            return Err(INVALID_INPUT_EXCEPTION.because(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
            return Err(INVALID_INPUT_EXCEPTION
                .because("System tag keys cannot be used: a key must not begin with aws:."));
        }
        tags.retain(|known, _| !known.eq_ignore_ascii_case(key));
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() > TAGS_MAX {
        let text = format!("The number of tags has reached the maximum limit of {TAGS_MAX}.");
        return Err(LIMIT_EXCEEDED_EXCEPTION.because(text));
    }
    Ok(())
}

/// Takes the tags with these keys away.
pub(crate) fn remove(tags: &mut Tags, keys: &[String]) {
    tags.retain(|known, _| !keys.iter().any(|key| key.eq_ignore_ascii_case(known)));
}

/// Tags as the API has them, in the order of their keys; none where there are none.
pub(crate) fn show(tags: &Tags) -> Option<Vec<Tag>> {
    let show = |(key, value): (&String, &String)| Tag {
        key: Some(key.clone()),
        value: Some(value.clone()),
    };
    (!tags.is_empty()).then(|| tags.iter().map(show).collect())
}

/// Fills `aws:RequestTag/…` and `aws:TagKeys`.
pub(crate) fn conditions(request: &mut authz::Request, given: Option<&Vec<Tag>>) {
    let Some(given) = given else { return };
    request.context.set_request_tags(given.iter().map(|tag| (tag.key(), tag.value())));
}
