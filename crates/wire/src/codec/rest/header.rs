//! Members in headers: scalars, lists with quoted elements, JSON texts in Base64, and maps of all headers with a prefix.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName};
use shape::{Kind, Location, Member, Scalar, Shape, TimestampFormat, Value, View};

use crate::codec::error::{DecodeError, STRING};
use crate::codec::target::Target;
use crate::codec::text;

/// How headers write moments.
const TIMESTAMP: TimestampFormat = TimestampFormat::HttpDate;

/// Fills the member at `index` from its header.
pub(super) fn read(
    headers: &HeaderMap,
    into: &mut dyn Shape,
    index: usize,
) -> Result<(), DecodeError> {
    let member = &into.schema().members()[index];
    let Some(value) = joined(headers, member.wire_name())? else { return Ok(()) };
    if let Kind::List { member: element, sparse } = member.target.kind {
        let list = into.field_mut(index).list_mut().ok_or(DecodeError::Container("list"))?;
        for item in split(&value, element)? {
            let scalar = text::parse(element, &item, TIMESTAMP)?;
            Target::element(list, element, sparse).set(STRING, scalar)?;
        }
        return Ok(());
    }
    let scalar = if member.traits.json_value {
        let json = STANDARD.decode(value).map_err(|_| DecodeError::Base64)?;
        let json = String::from_utf8(json)
            .map_err(|error| DecodeError::malformed("UTF-8", error.utf8_error()))?;
        Scalar::String(json)
    } else {
        text::parse(member, &value, TIMESTAMP)?
    };
    Target::field(into, index)?.set(STRING, scalar)
}

/// Fills the map at `index` from all headers with its prefix, except those that have members of their own.
pub(super) fn read_prefixed(
    headers: &HeaderMap,
    into: &mut dyn Shape,
    index: usize,
) -> Result<(), DecodeError> {
    let schema = into.schema();
    let member = &schema.members()[index];
    let Kind::Map { value: element, sparse, .. } = member.target.kind else { return Ok(()) };
    let prefix = member.wire_name().to_ascii_lowercase();
    let own = |name: &HeaderName| {
        schema.members().iter().any(|member| {
            member.traits.location == Location::Header
                && member.wire_name().eq_ignore_ascii_case(name.as_str())
        })
    };
    for name in headers.keys().filter(|name| !own(name)) {
        let Some(key) = name.as_str().strip_prefix(&prefix).filter(|key| !key.is_empty()) else {
            continue;
        };
        let value = joined(headers, name.as_str())?.unwrap_or_default();
        let map = into.field_mut(index).map_mut().ok_or(DecodeError::Container("map"))?;
        let scalar = text::parse(element, &value, TIMESTAMP)?;
        Target::entry(map, key.to_owned(), element, sparse).set(STRING, scalar)?;
    }
    Ok(())
}

/// All values of a header as one (RFC 9110, section 5.3).
fn joined(headers: &HeaderMap, name: &str) -> Result<Option<String>, DecodeError> {
    let mut joined: Option<String> = None;
    for value in headers.get_all(name) {
        let text = std::str::from_utf8(value.as_bytes())
            .map_err(|error| DecodeError::malformed("UTF-8", error))?;
        match &mut joined {
            Some(joined) => {
                joined.push_str(", ");
                joined.push_str(text);
            }
            None => joined = Some(text.to_owned()),
        }
    }
    Ok(joined)
}

/// The elements of a list. Elements may be quoted; dates contain a comma themselves.
fn split(value: &str, element: &Member) -> Result<Vec<String>, DecodeError> {
    let dates = matches!(element.target.kind, Kind::Timestamp(_))
        && text::timestamp_format(element, TIMESTAMP) == TimestampFormat::HttpDate;
    let mut items = Vec::new();
    let mut rest = value.trim_matches([' ', '\t']);
    if rest.is_empty() {
        return Ok(items);
    }
    loop {
        let (item, behind) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let mut commas = rest.match_indices(',').map(|(at, _)| at);
                let end = if dates { commas.nth(1) } else { commas.next() };
                let (item, behind) = rest.split_at(end.unwrap_or(rest.len()));
                (item.trim_matches([' ', '\t']).to_owned(), behind)
            }
        };
        items.push(item);
        match behind.strip_prefix(',') {
            Some(behind) => rest = behind.trim_start_matches([' ', '\t']),
            None if behind.is_empty() => return Ok(items),
            None => return Err(unbalanced()),
        }
    }
}

/// What stands before the closing quote, without its escapes, and what stands behind it.
fn unquote(text: &str) -> Result<(String, &str), DecodeError> {
    let mut item = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((item, text[at + 1..].trim_start_matches([' ', '\t']))),
            '\\' => item.push(chars.next().ok_or_else(unbalanced)?.1),
            _ => item.push(c),
        }
    }
    Err(unbalanced())
}

fn unbalanced() -> DecodeError {
    DecodeError::malformed("HTTP", "a quoted element of a header does not end")
}

/// The text of a header; `None` if there is nothing to send.
pub(super) fn render(value: &dyn Value, member: &Member) -> Option<String> {
    match (value.view(), member.target.kind) {
        (View::String(json), _) if member.traits.json_value => Some(STANDARD.encode(json)),
        (View::List(list), Kind::List { member: element, .. }) if !list.is_empty() => {
            let quoted = matches!(element.target.kind, Kind::String | Kind::Enum(_));
            let items = (0..list.len()).filter_map(|index| {
                let item = text::render(list.at(index).view(), element, TIMESTAMP)?;
                Some(if quoted { quote(item) } else { item })
            });
            Some(items.collect::<Vec<_>>().join(", "))
        }
        (scalar, _) => text::render(scalar, member, TIMESTAMP),
    }
}

fn quote(item: String) -> String {
    if item.contains([',', '"']) {
        format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        item
    }
}
