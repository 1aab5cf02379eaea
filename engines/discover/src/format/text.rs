//! Text of any kind, by lines: prose, logs, source, Markdown, HTML and XML. Markup is read as it stands, so that names of
//! elements and attributes count as keywords; nothing is expanded, so no document grows.

use super::decode::Utf8;
use super::{Unreadable, Walk};
use crate::text::Place;

pub(crate) fn scan(walk: &mut Walk<'_, '_>, mut text: Utf8<'_>) -> Result<(), Unreadable> {
    walk.lines(&mut text, Place::default())
}
