//! SQL injection: the tokenizer of libinjection decides. At sensitivity `LOW` its verdict is the whole answer; `HIGH` adds the
//! constructs that are SQL by themselves, without a break out of a string before them.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-sqli-match.html>

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::document::statement::SensitivityLevel;

/// Whether a text, or the value of one of the pairs that it is made of, carries SQL that does not belong there.
pub fn detect(text: &[u8], level: SensitivityLevel) -> bool {
    if is_plain(text) {
        return false;
    }
    one(text, level)
        || values(text)
            .is_some_and(|mut values| values.any(|value| !is_plain(value) && one(value, level)))
}

fn one(text: &[u8], level: SensitivityLevel) -> bool {
    libinjectionrs::detect_sqli(text).is_injection()
        || (level == SensitivityLevel::High && is_sql(text))
}

/// Whether a text has nothing that SQL could be made of: one word of letters, digits and harmless marks.
fn is_plain(text: &[u8]) -> bool {
    let harmless =
        |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80 || matches!(b, b'_' | b'.' | b':' | b'@');
    text.iter().all(harmless)
}

/// The values of a text that is a list of pairs, as a query string or form is.
fn values(text: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let name =
        text.iter().take_while(|b| b.is_ascii_alphanumeric() || b"_-.[]%".contains(b)).count();
    (text.get(name) == Some(&b'=')).then(|| {
        let pairs = text.split(|b| *b == b'&');
        pairs.filter_map(|pair| memchr::memchr(b'=', pair).map(|at| &pair[at + 1..]))
    })
}

/// Words that begin a construct, and what must follow in the same text.
const CONSTRUCTS: [(&str, &[&str]); 22] = [
    ("union", &["select"]),
    ("select", &[" from ", "@@", "version(", "user(", "sleep(", "char(", "concat("]),
    ("insert", &[" into "]),
    ("drop", &[" table ", " database "]),
    ("delete", &[" from "]),
    ("update", &[" set "]),
    ("exec", &["xp_", "sp_", "master.", "(@"]),
    ("waitfor", &[" delay "]),
    ("benchmark(", &[","]),
    ("sleep(", &[")"]),
    ("pg_sleep", &["("]),
    ("dbms_pipe.receive_message", &["("]),
    ("dbms_lock.sleep", &["("]),
    ("extractvalue(", &[","]),
    ("updatexml(", &[","]),
    ("load_file(", &[")"]),
    ("into outfile", &["'", "\""]),
    ("into dumpfile", &["'", "\""]),
    ("information_schema", &["."]),
    ("order by", &["--", "#", "/*"]),
    ("group by", &["--", "#", "/*", "having"]),
    ("having", &["--", "#", "="]),
];

static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = CONSTRUCTS.iter().map(|(word, _)| *word);
    AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(true)
        .build(words)
        .ok()
});

/// Whether a text has a whole construct: its first word at the beginning of a word, and what must follow after that.
fn is_sql(text: &[u8]) -> bool {
    let Some(words) = &*WORDS else { return false };
    words.find_overlapping_iter(text).any(|found| {
        let starts_word = found.start() == 0 || !text[found.start() - 1].is_ascii_alphanumeric();
        starts_word && {
            let rest = squeezed(&text[found.end()..]);
            let follows = CONSTRUCTS[found.pattern().as_usize()].1;
            follows.iter().any(|part| memchr::memmem::find(&rest, part.as_bytes()).is_some())
        }
    })
}

/// A text in lower case, with comments and runs of blanks as one blank.
fn squeezed(text: &[u8]) -> Vec<u8> {
    let without = crate::TextTransformation::ReplaceComments.apply(text);
    let lower = crate::TextTransformation::Lowercase.apply(&without).into_owned();
    crate::TextTransformation::CompressWhiteSpace.apply(&lower).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use SensitivityLevel::*;

    #[test]
    fn attacks() {
        let attacks = [
            "1' or '1'='1",
            "1 OR 1=1",
            "1; drop table users--",
            "' UNION SELECT null,null--",
            "admin'--",
            "1' and sleep(5)#",
            "q=x&id=1' or '1'='1",
            "-1' union all select 1,concat(user(),0x3a,version()),3-- -",
        ];
        for attack in attacks {
            assert!(detect(attack.as_bytes(), Low), "{attack}");
        }
        for attack in ["select password from users", "x UNION/**/SELECT a", "exec xp_cmdshell"] {
            assert!(detect(attack.as_bytes(), High), "{attack}");
        }
    }

    #[test]
    fn what_people_write() {
        let clean = [
            "",
            "hello world",
            "O'Reilly",
            "it's a dog's life",
            "rock 'n' roll",
            "select a colour and a size",
            "the union of two sets",
            "a=1&b=2",
            "서울시 강남구 '테헤란로' 152",
            "alice@example.com",
            "2026-11-25T10:00:00Z",
            "C# and F#",
            "50% off, today only!",
        ];
        for text in clean {
            assert!(!detect(text.as_bytes(), Low), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_judged(text: Vec<u8>, marks in "[-'\"#/*();=<>a-z0-9 ]{0,80}") {
            for text in [text.as_slice(), marks.as_bytes()] {
                detect(text, High);
                crate::xss::detect(text);
            }
        }
    }
}
