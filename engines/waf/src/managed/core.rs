//! The core rule set: what no application wants, whatever it is made of.

use super::build::{
    PLAIN, URL, URL_HTML, any, body, cookies, header, in_order, larger, not, path, patterns, query,
    raw_body, raw_query, rule, words, xss,
};
use crate::document::Rule;
use crate::document::field::FieldToMatch;
use crate::document::statement::Statement;
use crate::transform::TextTransformation;

const BAD_BOTS: [&str; 46] = [
    "nessus",
    "nikto",
    "nmap",
    "sqlmap",
    "masscan",
    "zgrab",
    "dirbuster",
    "gobuster",
    "feroxbuster",
    "wpscan",
    "joomscan",
    "acunetix",
    "netsparker",
    "w3af",
    "nuclei",
    "jorgee",
    "zmeu",
    "havij",
    "arachni",
    "openvas",
    "wapiti",
    "skipfish",
    "whatweb",
    "commix",
    "dirsearch",
    "ffuf",
    "wfuzz",
    "burpcollaborator",
    "vega/",
    "webshag",
    "paros/",
    "grabber",
    "morfeus",
    "sqlninja",
    "pangolin",
    "fimap",
    "bsqlbf",
    "mysqloit",
    "hydra",
    "xsser",
    "dalfox",
    "jaeles",
    "xray/",
    "httpx - open-source",
    "l9explore",
    "l9tcpid",
];

/// Addresses under which machines in a cloud find their own credentials, in the ways in which they can be written.
const METADATA: [&str; 16] = [
    "169.254.169.254",
    "169.254.170.2",
    "[fd00:ec2::254]",
    "fd00:ec2::254",
    "2852039166",
    "0xa9fea9fe",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "025177524776",
    "::ffff:a9fe:a9fe",
    "169.254.169.254.nip.io",
    "instance-data.ec2.internal",
    "metadata.google.internal",
    "latest/meta-data",
    "computemetadata/v1",
    "100.100.100.200",
];

/// Files that an attacker reads first, and ways to climb out of a folder to them.
const TRAVERSAL: [&str; 7] = [
    r"(?:\.\.+[\\/]+){3}",
    r"(?i)\.\.[\\/]+(?:\.\.[\\/]+)*(?:etc|proc|root|var|usr|home|windows|winnt|boot\.ini|web-inf|meta-inf|apache|nginx|\.env|\.git|\.ssh|\.aws|config|wp-config|include|app_?data)\b",
    r"(?i)/etc/(?:passwd|shadow|group|hosts|issue|master\.passwd|crontab|fstab|ssh/|apache2?/|nginx/|mysql/|php|my\.cnf|httpd/|sudoers|resolv\.conf|hostname|motd|profile)",
    r"(?i)/proc/(?:self|\d+|version|cpuinfo|mounts|net)(?:/|$|\x00)?(?:environ|cmdline|fd|maps|status|version|mounts|tcp)?\b",
    r"(?i)(?:boot\.ini|win\.ini|system\.ini|\\windows\\system32|/windows/system32|c:[\\/]+(?:windows|winnt|boot\.ini|inetpub))",
    r"(?i)(?:file|php|phar|zip|glob|expect|compress\.zlib|compress\.bzip2|ogg|rar)://(?:/|filter|input|stdin|[a-z.~/]+)",
    r"(?i)(?:\.\.%c0%af|\.\.%c1%9c|%c0%ae%c0%ae|%252e%252e|\.\.%5c|\.\.%255c|\.\.%2f)",
];

/// In a path a browser leaves no way upwards: whatever there is was put there.
const TRAVERSAL_IN_PATH: &str = r"(?:^|[\\/])\.\.(?:[\\/;]|$)";

const EXTENSIONS_IN_PATH: &str = r"(?i)\.(?:log|ini|bak|old|orig|swp|swo|sql|conf|cfg|env|pem|pfx|p12|htpasswd|htaccess|mdb|dump|tfstate|kdbx|inc)(?:~|$|\x00)";
const EXTENSIONS_IN_ARGUMENT: &str = r"(?i)^[\w./\\:-]*\.(?:log|ini|bak|swp|sql|conf|cfg|htpasswd|htaccess|mdb|dump|tfstate)(?:~|$|\x00)";

/// Addresses of another machine where a name or a text is expected.
const REMOTE_FILE: [&str; 4] = [
    r"(?i)^\s*(?:https?|ftps?|gopher|dict|ldaps?|tftp|sftp|smb|jar|netdoc|ssh2)(?:://|:http)\s*\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",
    r"(?i)^\s*(?:https?|ftps?)://(?:\[[0-9a-f:.]+\]|0x[0-9a-f]{6,8}|\d{8,10}|localhost|127\.1)(?:[:/]|$)",
    r"(?i)^\s*(?:https?|ftps?)://[^\s]+\.(?:php|txt|inc|phtml|phar|asp|aspx|jsp)\?*(?:$|\x00|%00)",
    r"(?i)^\s*(?:gopher|dict|tftp|netdoc|ssh2|ldaps?|jar:https?)://?\S",
];

/// Undoes two encodings beside the one that every argument has.
const TWICE: &[TextTransformation] =
    &[TextTransformation::UrlDecodeUni, TextTransformation::UrlDecodeUni];

/// Script in ways that a reader of HTML alone does not see.
const SCRIPT: [&str; 14] = [
    r"(?i)<\s*(?:script|iframe|object|embed|applet|meta|base|form|svg|math|xml|isindex|link|style|frameset|frame|layer|bgsound|marquee)[\s/>:\x00]",
    r"(?i)<[a-z!?/][^>]*[\s/\x22'\x0c]on[a-z]{3,25}\s*=",
    r"(?i)[\x22'`\s/]on(?:error|load|click|focus|blur|mouse[a-z]+|key[a-z]+|toggle|start|begin|end|repeat|finish|bounce|animation[a-z]+|transition[a-z]+|pointer[a-z]+|wheel|scroll|resize|input|change|submit|reset|select|copy|cut|paste|drag[a-z]*|drop|hashchange|pageshow|message|unload|beforeunload|readystatechange|propertychange|auxclick|contextmenu|search|invalid|canplay|play|show)\s*=\s*\S",
    r"(?i)(?:java|vb|live)\s*script\s*:\s*\S",
    r"(?i)j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*:",
    r"(?i)data:\s*(?:text/(?:html|javascript|xml)|image/svg\+xml|application/(?:xhtml\+xml|javascript))",
    r"(?i)(?:alert|confirm|prompt|eval|settimeout|setinterval|function|atob|print)\s*(?:\(|`|\.call|\.apply|&lpar;|\\u0028).{0,200}?(?:\)|`|$)\s*(?:['\x22;,)/+\-*^|&<}]|$)",
    r"(?i)document\s*(?:\.|\[\s*['\x22])\s*(?:cookie|write(?:ln)?|domain|location|url|referrer|body|forms|documentelement)",
    r"(?i)(?:window|self|top|parent|this|globalthis|frames|location)\s*(?:\[\s*['\x22/]|\.\s*(?:location|name|open|eval|alert)\b)",
    r"(?i)string\.fromcharcode\s*\(",
    r"(?i)(?:expression|behaviou?r|-moz-binding|@import)\s*[(:]\s*(?:url|alert|\(|['\x22]?(?:https?:|//|javascript))",
    r"(?i)<!(?:\[cdata\[|entity|doctype\s+\S+\s*\[|--\[if)",
    r"(?i)(?:inner|outer)html\s*=|\.srcdoc\s*=|srcdoc\s*=|formaction\s*=|xlink:href\s*=|background\s*=\s*['\x22]?javascript",
    r"\{\{.{0,100}(?:constructor|\$on|\$eval|__proto__|_c\.|\$emit|this\.).{0,100}\}\}",
];

/// The rules.
pub(super) fn rules() -> Vec<Rule> {
    let (query, body, cookies, path) = (query(), body(), cookies(), path());
    let metadata = |field: &FieldToMatch| words(field, URL, &METADATA);
    let traversal = |field: &FieldToMatch| patterns(field, TWICE, &TRAVERSAL);
    let remote = |field: &FieldToMatch| patterns(field, URL, &REMOTE_FILE);
    in_order(vec![
        rule("NoUserAgent_HEADER", not(larger(header("user-agent"), 0))),
        rule("UserAgent_BadBots_HEADER", words(&header("user-agent"), PLAIN, &BAD_BOTS)),
        rule("SizeRestrictions_QUERYSTRING", larger(raw_query(), 2048)),
        rule("SizeRestrictions_Cookie_HEADER", larger(header("cookie"), 10_240)),
        rule("SizeRestrictions_BODY", larger(raw_body(), 8192)),
        rule("SizeRestrictions_URIPATH", larger(path.clone(), 1024)),
        rule("EC2MetaDataSSRF_BODY", metadata(&body)),
        rule("EC2MetaDataSSRF_COOKIE", metadata(&cookies)),
        rule("EC2MetaDataSSRF_URIPATH", metadata(&path)),
        rule("EC2MetaDataSSRF_QUERYARGUMENTS", metadata(&query)),
        rule("GenericLFI_QUERYARGUMENTS", traversal(&query)),
        rule(
            "GenericLFI_URIPATH",
            any([traversal(&path), patterns(&path, URL, &[TRAVERSAL_IN_PATH])]),
        ),
        rule("GenericLFI_BODY", traversal(&body)),
        rule("RestrictedExtensions_URIPATH", patterns(&path, URL, &[EXTENSIONS_IN_PATH])),
        rule(
            "RestrictedExtensions_QUERYARGUMENTS",
            patterns(&query, URL, &[EXTENSIONS_IN_ARGUMENT]),
        ),
        rule("GenericRFI_QUERYARGUMENTS", remote(&query)),
        rule("GenericRFI_BODY", remote(&body)),
        rule(
            "GenericRFI_URIPATH",
            patterns(
                &path,
                URL,
                &[r"(?i)(?:https?|ftps?|gopher)://?\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"],
            ),
        ),
        rule("CrossSiteScripting_COOKIE", script(&cookies)),
        rule("CrossSiteScripting_QUERYARGUMENTS", script(&query)),
        rule("CrossSiteScripting_BODY", script(&body)),
        rule("CrossSiteScripting_URIPATH", script(&path)),
    ])
}

fn script(field: &FieldToMatch) -> Statement {
    const ESCAPED: &[TextTransformation] = &[
        TextTransformation::UrlDecodeUni,
        TextTransformation::HtmlEntityDecode,
        TextTransformation::JsDecode,
    ];
    any([
        xss(field, URL_HTML),
        patterns(field, URL_HTML, &SCRIPT),
        patterns(field, ESCAPED, &SCRIPT[..2]),
    ])
}
