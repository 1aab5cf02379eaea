//! `CMD_LINE` undoes the quoting with which shells are tricked: it deletes `\ " ' ^`, deletes blanks before `/` and `(`,
//! turns `,` and `;` into blanks, squeezes blanks and lowers case. `CMD_LINE_UNIX` deletes what a POSIX shell ignores
//! (`\ " '`), `CMD_LINE_WIN` what cmd.exe does (`^ "`).

use std::borrow::Cow;

pub(super) fn both(input: &[u8]) -> Cow<'_, [u8]> {
    clean(input, b"\\\"'^")
}

pub(super) fn unix(input: &[u8]) -> Cow<'_, [u8]> {
    clean(input, b"\\\"'")
}

pub(super) fn windows(input: &[u8]) -> Cow<'_, [u8]> {
    clean(input, b"\"^")
}

fn clean<'a>(input: &'a [u8], deleted: &[u8]) -> Cow<'a, [u8]> {
    let mut out = Vec::with_capacity(input.len());
    for &byte in input {
        match byte {
            _ if deleted.contains(&byte) => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if out.last() != Some(&b' ') {
                    out.push(b' ');
                }
            }
            b'/' | b'(' => {
                if out.last() == Some(&b' ') {
                    out.pop();
                }
                out.push(byte);
            }
            _ => out.push(byte.to_ascii_lowercase()),
        }
    }
    if out == input { Cow::Borrowed(input) } else { Cow::Owned(out) }
}

#[cfg(test)]
mod tests {
    use super::super::{TextTransformation, tests::vectors};

    #[test]
    fn shells() {
        let cases = [
            ("C^OMMAND /C DIR", "command/c dir"),
            ("\"command\" /c DiR", "command/c dir"),
            ("c\\at /e\\tc/p'a's's'wd", "cat/etc/passwd"),
            ("a,;  b", "a b"),
            ("echo (1)", "echo(1)"),
            ("plain", "plain"),
        ];
        vectors(TextTransformation::CmdLine, &cases);
        let unix = [("c\\a't' x^y", "cat x^y"), ("CAT;ls", "cat ls")];
        vectors(TextTransformation::CmdLineUnix, &unix);
        let windows = [("n^e\"t\" user\\a", "net user\\a"), ("it's", "it's")];
        vectors(TextTransformation::CmdLineWin, &windows);
    }
}
