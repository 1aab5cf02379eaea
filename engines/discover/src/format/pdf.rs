//! PDF: the text of each page, by `lopdf`. A scanned page without text holds nothing that could be found.

use lopdf::{Document, LoadOptions};

use super::{Source, Unreadable, Walk};
use crate::classification::Location;
use crate::text::Match;

/// Most bytes to which one stream of a document may expand.
const STREAM_MAX_BYTES: usize = 64 << 20;

pub(crate) fn scan(walk: &mut Walk<'_, '_>, source: &mut dyn Source) -> Result<(), Unreadable> {
    let options =
        LoadOptions { max_decompressed_size: Some(STREAM_MAX_BYTES), ..LoadOptions::default() };
    let document =
        Document::load_from_with_options(source, options).map_err(|error| match error {
            lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_) => Unreadable::Encrypted,
            other => Unreadable::Damaged(other.to_string()),
        })?;
    if document.is_encrypted() {
        return Err(Unreadable::Encrypted);
    }
    for number in document.get_pages().into_keys() {
        let place = |found: &Match<'_>| Location::Page {
            page_number: u64::from(number),
            start: found.start.offset,
            end: found.end.offset,
        };
        match document.extract_text_with_limit(&[number], STREAM_MAX_BYTES) {
            Ok(text) => walk.text_at(&mut text.as_bytes(), &place)?,
            Err(error) => walk
                .unread_member(&format!("page {number}"), Unreadable::Damaged(error.to_string())),
        }
    }
    Ok(())
}
