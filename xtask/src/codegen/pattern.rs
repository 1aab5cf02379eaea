//! Patterns in the model's regular expressions that the `regex` crate writes otherwise.
//!
//! A pattern without such parts stays as it is, since callers read it in validation messages. What has no other way
//! to be written (look-around above all) stays too, and is not checked.

/// What the models write in Java's or JavaScript's dialect, and the same for the `regex` crate.
const DIALECT: &[(&str, &str)] = &[
    // All characters beyond the Basic Multilingual Plane, in 16-bit units; the second way is a slip of many models.
    (r"\uD800\uDC00-\uDBFF\uDFFF", r"\x{10000}-\x{10FFFF}"),
    (r"\uD800\uDBFF-\uDC00\uDFFF", r"\x{10000}-\x{10FFFF}"),
    (r"\Z", r"\z"),
    (r"\p{Alnum}", "[[:alnum:]]"),
    (r"\p{Blank}", "[[:blank:]]"),
    (r"\p{Graph}", "[[:graph:]]"),
    (r"\p{Print}", "[[:print:]]"),
    (r"\p{Punct}", "[[:punct:]]"),
    (r"\p{XDigit}", "[[:xdigit:]]"),
    (r"\p{all}", r"\p{Any}"),
];

/// The same language in the syntax of the `regex` crate.
pub(super) fn translated(pattern: &str) -> String {
    let same = |text: String, (there, here): &(&str, &str)| text.replace(there, here);
    hyphens(&DIALECT.iter().fold(pattern.to_owned(), same))
}

/// Escapes hyphens that stand after a class inside a class: `[\w-.]` has no range in other dialects.
fn hyphens(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut depth = 0_u32;
    while let Some(c) = chars.next() {
        out.push(c);
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '\\' => {
                let class = chars.next();
                out.extend(class);
                let class = depth > 0 && class.is_some_and(|c| "dswDSW".contains(c));
                if class && chars.next_if_eq(&'-').is_some() {
                    let last = chars.peek() == Some(&']');
                    out.push_str(if last { "-" } else { r"\-" });
                }
            }
            _ => {}
        }
    }
    out
}
