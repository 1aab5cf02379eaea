//! Cross-site scripting: libinjection's reader of HTML decides, in each of the places of a page that a value may land in.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-xss-match.html>

/// Whether a text would run as script or change a page's structure.
pub fn detect(text: &[u8]) -> bool {
    // Without a tag or an attribute there is nothing that HTML could run.
    memchr::memchr2(b'<', b'=', text).is_some() && libinjectionrs::detect_xss(text).is_injection()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks() {
        let attacks = [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onmouseover='alert(1)",
            "<svg/onload=alert(1)>",
            "<a href=\"javascript:alert(1)\">x</a>",
            "<iframe src=//evil.example>",
        ];
        for attack in attacks {
            assert!(detect(attack.as_bytes()), "{attack}");
        }
    }

    #[test]
    fn what_people_write() {
        let clean = [
            "",
            "a < b and c > d",
            "x = y",
            "I <3 you",
            "<b",
            "1<2=true",
            "한글 = 좋다",
            "a=1&b=2",
        ];
        for text in clean {
            assert!(!detect(text.as_bytes()), "{text}");
        }
    }
}
