//! Random Web ACLs and requests over a vocabulary small enough that they often meet. A case is made from a sequence of choices, which shrinks to
//! a simple one when a case fails.

use std::cell::RefCell;
use std::fmt;
use std::net::IpAddr;

use serde_json::{Value, json};
use waf::{
    Document, IPSet, References, RegexPatternSet, Request, RuleGroup, SearchStrings, WebAcl,
};

/// Bytes of a body that are inspected here: few, so that bodies are often larger.
pub const BODY_BYTES: usize = 60;
const REQUESTS: usize = 4;

const WORDS: [&str; 14] = [
    "admin",
    "ADMIN",
    "bot",
    "a",
    "../",
    "%61dmin",
    "<b>",
    "' or 1=1--",
    "가",
    "x y",
    "0x61",
    "bot_",
    "&lt;",
    "%ff",
];
const NEEDLES: [&str; 11] = ["admin", "a", "bot", "<", "가", "x", "..", "Bot", "or", "=", "in"];
const PATTERNS: [&str; 12] = [
    "admin",
    "(?i)ADMIN",
    "^a",
    "n$",
    "(bot|x y)",
    "b.t",
    "[a-c]{2}",
    "\\d+",
    "x?",
    "(?i)<B>|or 1",
    "ad(m|x)in",
    "%61",
];
const NAMES: [&str; 5] = ["x-a", "X-B", "cookie", "q", "id"];
const TRANSFORMATIONS: [&str; 31] = [
    "NONE",
    "COMPRESS_WHITE_SPACE",
    "HTML_ENTITY_DECODE",
    "LOWERCASE",
    "CMD_LINE",
    "URL_DECODE",
    "BASE64_DECODE",
    "HEX_DECODE",
    "MD5",
    "REPLACE_COMMENTS",
    "ESCAPE_SEQ_DECODE",
    "SQL_HEX_DECODE",
    "CSS_DECODE",
    "JS_DECODE",
    "NORMALIZE_PATH",
    "NORMALIZE_PATH_WIN",
    "REMOVE_NULLS",
    "REPLACE_NULLS",
    "BASE64_DECODE_EXT",
    "URL_DECODE_UNI",
    "UTF8_TO_UNICODE",
    "REMOVE_WHITESPACE",
    "TRIM",
    "TRIM_LEFT",
    "TRIM_RIGHT",
    "REMOVE_COMMENTS_CHAR",
    "UPPERCASE",
    "CMD_LINE_WIN",
    "CMD_LINE_UNIX",
    "JS_DECODE_EXT",
    "SHA256",
];
const ADDRESSES: [&str; 5] =
    ["10.0.0.1", "10.0.0.2", "192.0.2.7", "2001:db8::1", "::ffff:10.0.0.1"];
const LABELS: [&str; 4] = ["a", "a:b", "b", "c:d"];
const OVERSIZE: [&str; 3] = ["CONTINUE", "MATCH", "NO_MATCH"];
const FALLBACK: [&str; 2] = ["MATCH", "NO_MATCH"];

/// A Web ACL with what it refers to, and requests to it.
pub struct Case {
    pub acl: WebAcl,
    pub references: References,
    pub requests: Vec<OwnedRequest>,
    text: String,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A request that owns its parts.
#[derive(Debug)]
pub struct OwnedRequest {
    ip: IpAddr,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    ja3: Option<String>,
}

impl OwnedRequest {
    pub fn borrow(&self) -> Request<'_> {
        let mut request = Request::new(self.ip, &self.method, self.target.as_bytes());
        for (name, value) in &self.headers {
            request = request.with_header(name, value.as_bytes());
        }
        request.ja3 = self.ja3.as_deref();
        request.with_body(self.body.as_bytes())
    }
}

impl Case {
    pub fn new(choices: &[u8]) -> Self {
        let choose = Choices { bytes: choices, at: RefCell::new(0) };
        let group = json!({
            "Name": "own", "Capacity": 1500, "ARN": "arn:group",
            "VisibilityConfig": visibility(),
            "Rules": choose.rules(3, false),
        });
        let acl = json!({
            "Name": "acl",
            "DefaultAction": choose.one(&[json!({"Allow": {}}), json!({"Allow": choose.handling()}), json!({"Block": {}})]),
            "VisibilityConfig": visibility(),
            "CustomResponseBodies": {"body": {"ContentType": "TEXT_PLAIN", "Content": "no"}},
            "Rules": choose.rules(5, true),
        });
        let text = format!("{acl:#}\n{group:#}");
        let mut references = References::default();
        let set = |version: &str, addresses: &[&str]| -> IPSet {
            let set = json!({"Name": "s", "IPAddressVersion": version, "Addresses": addresses});
            serde_json::from_value(set).expect("a set")
        };
        references.ip_sets.insert("arn:v4".into(), set("IPV4", &["10.0.0.0/31", "192.0.2.0/24"]));
        references.ip_sets.insert("arn:v6".into(), set("IPV6", &["2001:db8::/32"]));
        let patterns = json!({"RegularExpressionList": [{"RegexString": "bot$"}, {"RegexString": "(?i)admin"}]});
        let patterns: RegexPatternSet = serde_json::from_value(patterns).expect("a set");
        references.regex_pattern_sets.insert("arn:regex".into(), patterns);
        let group = RuleGroup::parse(&group.to_string(), SearchStrings::Text).expect("a group");
        references.rule_groups.insert("arn:group".into(), group);
        let acl = match Document::parse(&acl.to_string(), SearchStrings::Text).expect("a Web ACL") {
            Document::WebAcl(acl) => *acl,
            other => panic!("{other:?}"),
        };
        let requests = (0..REQUESTS).map(|_| choose.request()).collect();
        Self { acl, references, requests, text }
    }
}

fn visibility() -> Value {
    json!({"SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true, "MetricName": "m"})
}

struct Choices<'a> {
    bytes: &'a [u8],
    at: RefCell<usize>,
}

impl Choices<'_> {
    fn below(&self, bound: usize) -> usize {
        let mut at = self.at.borrow_mut();
        let byte = self.bytes.get(*at).copied().unwrap_or(0);
        *at += 1;
        usize::from(byte) % bound
    }

    fn one<T: Clone>(&self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    fn text(&self) -> String {
        (0..self.below(4)).map(|_| self.one(&WORDS)).collect()
    }

    fn rules(&self, max: usize, web_acl: bool) -> Vec<Value> {
        let number = 1 + self.below(max);
        let priorities = [30, 10, 20, 50, 40, 0];
        (0..number).map(|index| self.rule(index, priorities[index], web_acl)).collect()
    }

    fn rule(&self, index: usize, priority: u32, web_acl: bool) -> Value {
        let mut rule = json!({"Name": format!("r{index}"), "Priority": priority, "VisibilityConfig": visibility()});
        let labels = (0..self.below(3)).map(|_| json!({"Name": self.one(&LABELS)}));
        rule["RuleLabels"] = labels.collect();
        if web_acl && self.below(4) == 0 {
            let names = ["r0", "r1", "r2", "none"];
            let excluded = (0..self.below(2)).map(|_| json!({"Name": self.one(&names)}));
            let excluded: Vec<Value> = excluded.collect();
            let overrides = (0..self.below(2))
                .map(|_| json!({"Name": self.one(&names), "ActionToUse": self.action()}));
            let overrides: Vec<Value> = overrides.collect();
            rule["Statement"] = json!({"RuleGroupReferenceStatement":
                {"ARN": "arn:group", "ExcludedRules": excluded, "RuleActionOverrides": overrides}});
            rule["OverrideAction"] = self.one(&[json!({"None": {}}), json!({"Count": {}})]);
        } else {
            rule["Statement"] = if self.below(6) == 0 { self.rate() } else { self.statement(3) };
            rule["Action"] = self.action();
        }
        rule
    }

    fn handling(&self) -> Value {
        let header = json!({"Name": self.one(&["h", "H", "g"]), "Value": self.one(&["1", "2"])});
        json!({"CustomRequestHandling": {"InsertHeaders": [header]}})
    }

    fn action(&self) -> Value {
        match self.below(8) {
            0 => json!({"Allow": {}}),
            1 => json!({"Allow": self.handling()}),
            2 => json!({"Block": {}}),
            3 => {
                json!({"Block": {"CustomResponse": {"ResponseCode": 429, "CustomResponseBodyKey": Value::Null}}})
            }
            4 => json!({"Captcha": {}}),
            5 => json!({"Challenge": {}}),
            6 => json!({"Count": self.handling()}),
            _ => json!({"Count": {}}),
        }
    }

    fn statement(&self, depth: usize) -> Value {
        let kinds = if depth == 0 { 10 } else { 13 };
        let list =
            |number: usize| (0..number).map(|_| self.statement(depth - 1)).collect::<Vec<_>>();
        match self.below(kinds) {
            0 | 1 => {
                let constraint =
                    self.one(&["EXACTLY", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "CONTAINS_WORD"]);
                let needle = match constraint {
                    "CONTAINS_WORD" => self.one(&["admin", "bot", "a"]),
                    _ => self.one(&NEEDLES),
                };
                self.about(
                    "ByteMatchStatement",
                    json!({"SearchString": needle, "PositionalConstraint": constraint}),
                )
            }
            2 => self.about("RegexMatchStatement", json!({"RegexString": self.one(&PATTERNS)})),
            3 => self.about("RegexPatternSetReferenceStatement", json!({"ARN": "arn:regex"})),
            4 => {
                let operator = self.one(&["EQ", "NE", "LE", "LT", "GE", "GT"]);
                let size = self.one(&[0, 1, 5, 12, BODY_BYTES]);
                self.about(
                    "SizeConstraintStatement",
                    json!({"ComparisonOperator": operator, "Size": size}),
                )
            }
            5 => match self.below(2) {
                0 => self.about(
                    "SqliMatchStatement",
                    json!({"SensitivityLevel": self.one(&["LOW", "HIGH"])}),
                ),
                _ => self.about("XssMatchStatement", json!({})),
            },
            6 => {
                let mut set = json!({"ARN": self.one(&["arn:v4", "arn:v6"])});
                if self.below(2) == 0 {
                    set["IPSetForwardedIPConfig"] = json!({"HeaderName": "X-Forwarded-For",
                        "FallbackBehavior": self.one(&FALLBACK), "Position": self.one(&["FIRST", "LAST", "ANY"])});
                }
                json!({"IPSetReferenceStatement": set})
            }
            7 => {
                let mut geo =
                    json!({"CountryCodes": self.one(&[json!(["KR"]), json!(["DE", "US"])])});
                self.forwarded(&mut geo);
                json!({"GeoMatchStatement": geo})
            }
            8 => {
                let mut asn = json!({"AsnList": self.one(&[json!([64500]), json!([0]), json!([64501, 64500])])});
                self.forwarded(&mut asn);
                json!({"AsnMatchStatement": asn})
            }
            9 => {
                let own = "awswaf:123456789012:";
                let (scope, key) = self.one(&[
                    ("LABEL", "a".to_owned()),
                    ("LABEL", "a:b".to_owned()),
                    ("NAMESPACE", "a:".to_owned()),
                    ("LABEL", format!("{own}rulegroup:own:a")),
                    ("NAMESPACE", format!("{own}rulegroup:own:")),
                    ("NAMESPACE", format!("{own}webacl:acl:c:")),
                    ("LABEL", "awswaf:clientip:geo:country:KR".to_owned()),
                ]);
                json!({"LabelMatchStatement": {"Scope": scope, "Key": key}})
            }
            10 => json!({"AndStatement": {"Statements": list(2 + self.below(2))}}),
            11 => json!({"OrStatement": {"Statements": list(2 + self.below(2))}}),
            _ => json!({"NotStatement": {"Statement": self.statement(depth - 1)}}),
        }
    }

    fn forwarded(&self, statement: &mut Value) {
        if self.below(3) == 0 {
            statement["ForwardedIPConfig"] =
                json!({"HeaderName": "x-forwarded-for", "FallbackBehavior": self.one(&FALLBACK)});
        }
    }

    fn about(&self, name: &str, mut members: Value) -> Value {
        let field = self.field();
        if field.get("SingleQueryArgument").or(field.get("AllQueryArguments")).is_some() {
            let kinds = [
                "NONE",
                "URL_DECODE",
                "URL_DECODE_UNI",
                "COMBINE_DUPLICATE_QUERY_ARGS_BY_COMMA",
                "REPLACE_SEMICOLONS_WITH_AMPERSANDS",
            ];
            let list =
                (0..self.below(3)).map(|p| json!({"Priority": 9 - p, "Type": self.one(&kinds)}));
            members["PreParseTextTransformations"] = list.collect();
        }
        members["FieldToMatch"] = field;
        members["TextTransformations"] = self.transformations();
        json!({name: members})
    }

    fn transformations(&self) -> Value {
        let number = 1 + self.below(3);
        (0..number)
            .map(|p| json!({"Priority": (p * 7 + 3) % 10, "Type": self.one(&TRANSFORMATIONS)}))
            .collect()
    }

    fn field(&self) -> Value {
        let scope = || self.one(&["ALL", "KEY", "VALUE"]);
        match self.below(14) {
            0 => json!({"SingleHeader": {"Name": self.one(&NAMES)}}),
            1 => json!({"SingleQueryArgument": {"Name": self.one(&NAMES)}}),
            2 => json!({"AllQueryArguments": {}}),
            3 => json!({"UriPath": {}}),
            4 => json!({"QueryString": {}}),
            5 | 6 => json!({"Body": {"OversizeHandling": self.one(&OVERSIZE)}}),
            7 => json!({"Method": {}}),
            8 => {
                let pattern = self.one(&[
                    json!({"All": {}}),
                    json!({"IncludedPaths": ["/q"]}),
                    json!({"IncludedPaths": ["/id/0", "/x~1y"]}),
                    json!({"IncludedPaths": ["/"]}),
                ]);
                let mut json = json!({"MatchPattern": pattern, "MatchScope": scope(), "OversizeHandling": self.one(&OVERSIZE)});
                if let Some(fallback) =
                    self.one(&[None, Some("MATCH"), Some("NO_MATCH"), Some("EVALUATE_AS_STRING")])
                {
                    json["InvalidFallbackBehavior"] = json!(fallback);
                }
                json!({"JsonBody": json})
            }
            9 => {
                let pattern = self.one(&[
                    json!({"All": {}}),
                    json!({"IncludedHeaders": ["X-A", "x-b"]}),
                    json!({"ExcludedHeaders": ["x-a"]}),
                ]);
                json!({"Headers": {"MatchPattern": pattern, "MatchScope": scope(), "OversizeHandling": self.one(&OVERSIZE)}})
            }
            10 => {
                let pattern = self.one(&[
                    json!({"All": {}}),
                    json!({"IncludedCookies": ["id"]}),
                    json!({"ExcludedCookies": ["id"]}),
                ]);
                json!({"Cookies": {"MatchPattern": pattern, "MatchScope": scope(), "OversizeHandling": self.one(&OVERSIZE)}})
            }
            11 => json!({"HeaderOrder": {"OversizeHandling": self.one(&OVERSIZE)}}),
            12 => json!({"JA3Fingerprint": {"FallbackBehavior": self.one(&FALLBACK)}}),
            _ => json!({"UriFragment": {"FallbackBehavior": self.one(&FALLBACK)}}),
        }
    }

    fn rate(&self) -> Value {
        let mut rate = json!({"Limit": 10, "EvaluationWindowSec": self.one(&[60, 120, 300, 600])});
        match self.below(4) {
            0 => rate["AggregateKeyType"] = json!("IP"),
            1 => {
                rate["AggregateKeyType"] = json!("FORWARDED_IP");
                rate["ForwardedIPConfig"] = json!({"HeaderName": "x-forwarded-for", "FallbackBehavior": self.one(&FALLBACK)});
            }
            2 => {
                rate["AggregateKeyType"] = json!("CONSTANT");
                rate["ScopeDownStatement"] = self.statement(1);
                return json!({"RateBasedStatement": rate});
            }
            _ => {
                rate["AggregateKeyType"] = json!("CUSTOM_KEYS");
                let text = || self.transformations();
                let keys = (0..1 + self.below(3)).map(|_| match self.below(7) {
                    0 => json!({"Header": {"Name": "x-a", "TextTransformations": text()}}),
                    1 => json!({"Cookie": {"Name": "id", "TextTransformations": text()}}),
                    2 => json!({"QueryArgument": {"Name": "q", "TextTransformations": text()}}),
                    3 => json!({"HTTPMethod": {}}),
                    4 => {
                        json!({"LabelNamespace": {"Namespace": "awswaf:123456789012:webacl:acl:"}})
                    }
                    5 => json!({"JA3Fingerprint": {"FallbackBehavior": self.one(&FALLBACK)}}),
                    _ => json!({"ASN": {}}),
                });
                rate["CustomKeys"] = keys.collect();
            }
        }
        if self.below(2) == 0 {
            rate["ScopeDownStatement"] = self.statement(1);
        }
        json!({"RateBasedStatement": rate})
    }

    fn request(&self) -> OwnedRequest {
        let pairs = |separator: &str| {
            let number = self.below(4);
            let pair =
                |_| format!("{}{}{}", self.one(&NAMES), self.one(&["=", "", "=%3D"]), self.text());
            (0..number).map(pair).collect::<Vec<_>>().join(separator)
        };
        let mut target = format!("/{}", self.text().replace(['?', '#'], ""));
        if self.below(2) == 0 {
            target = format!("{target}?{}", pairs(self.one(&["&", ";", "&&"])));
        }
        if self.below(3) == 0 {
            target = format!("{target}#{}", self.text());
        }
        let mut headers = Vec::new();
        for _ in 0..self.below(4) {
            headers.push((self.one(&["X-A", "x-b", "Q"]).to_owned(), self.text()));
        }
        if self.below(2) == 0 {
            headers.push(("Cookie".to_owned(), pairs("; ")));
        }
        if self.below(2) == 0 {
            let addresses = (0..1 + self.below(3))
                .map(|_| self.one(&["10.0.0.1", "192.0.2.9:80", "unknown", "2001:db8::1", ""]));
            headers.push(("X-Forwarded-For".to_owned(), addresses.collect::<Vec<_>>().join(", ")));
        }
        if self.below(12) == 0 {
            headers
                .extend((0..210).map(|_| ("x-b".to_owned(), self.one(&["a", "admin"]).to_owned())));
        }
        if self.below(12) == 0 {
            headers.push(("x-a".to_owned(), self.one(&["a", "bot "]).repeat(3000)));
        }
        let body = match self.below(5) {
            0 => String::new(),
            1 => self.text(),
            2 => pairs("&"),
            _ => {
                let json = json!({self.one(&["q", "id", "x/y"]): [self.text(), {"q": self.text()}, 12, null, true], "z": self.text()});
                let text = json.to_string();
                match self.below(4) {
                    0 => text.chars().take(self.below(30)).collect(),
                    1 => format!("{text} x"),
                    _ => text,
                }
            }
        };
        OwnedRequest {
            ip: self.one(&ADDRESSES).parse().expect("an address"),
            method: self.one(&["GET", "POST", "admin"]).to_owned(),
            target,
            headers,
            body,
            ja3: self.one(&[None, Some("admin".to_owned()), Some("0a".to_owned())]),
        }
    }
}
