//! Any text is a Web ACL, a rule group or a set, or is refused; what compiles has a capacity within AWS's limit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waf::{Document, Matcher, Options, References, SearchStrings};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for search_strings in [SearchStrings::Base64, SearchStrings::Text] {
        let Ok(Document::WebAcl(acl)) = Document::parse(&text, search_strings) else { continue };
        if let Ok(matcher) = Matcher::compile(&acl, &References::default(), &Options::default()) {
            assert!(matcher.capacity() <= waf::capacity::WEB_ACL_WCU_MAX);
        }
    }
});
