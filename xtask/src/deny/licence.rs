//! SPDX licence expressions, as far as Cargo manifests use them (<https://spdx.dev/learn/handling-license-info/>).
//!
//! `OR` gives a choice, of which one must be allowed; `AND` asks for both and binds tighter; `X WITH exception` is a licence
//! of its own here; the old `MIT/Apache-2.0` means `OR`. An expression that does not parse is not permitted.

/// Whether a package under this expression may be used where the licences of `allow` may.
pub(super) fn permitted(expression: &str, allow: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allow).is_some_and(|good| good && rest.is_empty())
}

fn either(words: &mut &[&str], allow: &[String]) -> Option<bool> {
    let mut good = both(words, allow)?;
    while take(words, "OR") {
        good |= both(words, allow)?;
    }
    Some(good)
}

fn both(words: &mut &[&str], allow: &[String]) -> Option<bool> {
    let mut good = one(words, allow)?;
    while take(words, "AND") {
        good &= one(words, allow)?;
    }
    Some(good)
}

fn one(words: &mut &[&str], allow: &[String]) -> Option<bool> {
    if take(words, "(") {
        let good = either(words, allow)?;
        return take(words, ")").then_some(good);
    }
    let id = next(words).filter(|id| !matches!(*id, ")" | "OR" | "AND" | "WITH"))?;
    let name = match take(words, "WITH") {
        true => format!("{id} WITH {}", next(words)?),
        false => id.to_owned(),
    };
    Some(allow.contains(&name))
}

fn take(words: &mut &[&str], word: &str) -> bool {
    let there = words.first() == Some(&word);
    if there {
        *words = &words[1..];
    }
    there
}

fn next<'a>(words: &mut &[&'a str]) -> Option<&'a str> {
    let (first, rest) = words.split_first()?;
    *words = rest;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_need_one_and_conjunctions_need_all() {
        let allow = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        for (expression, good) in [
            ("MIT", true),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0/MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("ISC AND (GPL-3.0 OR MIT)", true),
            ("(GPL-3.0 OR MIT) AND GPL-2.0", false),
            ("GPL-3.0 OR MIT AND ISC", true),
            ("Apache-2.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH strings-attached", false),
            ("", false),
            ("MIT OR", false),
            ("(MIT", false),
            ("MIT ISC", false),
        ] {
            assert_eq!(permitted(expression, &allow), good, "{expression}");
        }
    }
}
