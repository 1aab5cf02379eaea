//! `NORMALIZE_PATH` removes doubled slashes, `.` and `..` with the segment before it (not at the beginning);
//! `NORMALIZE_PATH_WIN` turns backslashes into slashes first.

use std::borrow::Cow;

pub(super) fn unix(input: &[u8]) -> Cow<'_, [u8]> {
    match normalized(input) {
        Some(out) => Cow::Owned(out),
        None => Cow::Borrowed(input),
    }
}

pub(super) fn windows(input: &[u8]) -> Cow<'_, [u8]> {
    if !input.contains(&b'\\') {
        return unix(input);
    }
    let slashes = input.iter().map(|b| if *b == b'\\' { b'/' } else { *b }).collect::<Vec<u8>>();
    Cow::Owned(normalized(&slashes).unwrap_or(slashes))
}

/// The path without its detours; nothing if it has none.
fn normalized(input: &[u8]) -> Option<Vec<u8>> {
    let detour = |pair: &[u8]| pair == b"//" || pair == b"/.";
    if !input.windows(2).any(detour) && !input.starts_with(b"./") {
        return None;
    }
    let absolute = input.first() == Some(&b'/');
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut directory = false;
    for segment in input.split(|b| *b == b'/') {
        directory = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if absolute => {}
            _ => kept.push(segment),
        }
    }
    let mut out = Vec::with_capacity(input.len());
    if absolute {
        out.push(b'/');
    }
    out.extend_from_slice(&kept.join(&b'/'));
    if directory && !kept.is_empty() {
        out.push(b'/');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn paths() {
        let cases = [
            ("/a//b/./c/../d", "/a/b/d"),
            ("/a/b/../../../etc/passwd", "/etc/passwd"),
            ("../../etc/passwd", "../../etc/passwd"),
            ("a/../../b", "../b"),
            ("/a/..", "/"),
            ("/a/b/.", "/a/b/"),
            ("./a", "a"),
            ("/a/b", "/a/b"),
            ("", ""),
            ("/.hidden", "/.hidden"),
        ];
        vectors(TextTransformation::NormalizePath, &cases);
        let windows = [("\\a\\..\\b", "/b"), ("c:\\x\\y", "c:/x/y"), ("/a/../b", "/b")];
        vectors(TextTransformation::NormalizePathWin, &windows);
    }
}
