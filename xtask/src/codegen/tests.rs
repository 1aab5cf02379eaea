//! The generator on a small model with every trait, on the committed models, and on botocore's largest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;

/// Names the `data` folder of an unpacked botocore for the tests that need models which are not committed.
const BOTOCORE_DATA: &str = "BASTIDE_BOTOCORE_DATA";

const SMALL: &str = r#"{
    "metadata": {"apiVersion": "2020-01-01", "endpointPrefix": "thing", "protocol": "rest-xml",
        "serviceId": "Thing Store", "signingName": "things", "documentation": "<p>Prose.</p>"},
    "operations": {
        "PutThing": {"name": "PutThing", "documentation": "<p>Prose.</p>",
            "http": {"method": "PUT", "requestUri": "/{Key+}?x", "responseCode": 201},
            "input": {"shape": "PutThing", "locationName": "Put", "xmlNamespace": {"uri": "http://thing"}},
            "errors": [{"shape": "Full"}, {"shape": "Gone"}]},
        "DeleteThing": {"name": "DeleteThing", "http": {"method": "DELETE", "requestUri": "/"},
            "input": {"shape": "Other"}}
    },
    "shapes": {
        "PutThing": {"type": "structure", "required": ["Key", "type"], "payload": "Body", "members": {
            "Key": {"shape": "Text", "location": "uri", "locationName": "Key"},
            "type": {"shape": "Text", "location": "header", "locationName": "x-type", "documentation": "Prose."},
            "Rest": {"shape": "Texts", "location": "headers", "locationName": "x-meta-"},
            "Body": {"shape": "Stream"}}},
        "Full": {"type": "structure", "exception": true, "members": {"message": {"shape": "Text"}, "Tree": {"shape": "Tree"}},
            "error": {"code": "Store.Full", "httpStatusCode": 507, "senderFault": false}},
        "Gone": {"type": "structure", "exception": true, "members": {"Message": {"shape": "Text"}},
            "error": {"httpStatusCode": 410, "senderFault": true}},
        "Tree": {"type": "structure", "union": true, "members": {
            "Left": {"shape": "Tree"}, "Many": {"shape": "Trees"}, "Map": {"shape": "TreeMap"}, "When": {"shape": "When"},
            "Any": {"shape": "Any"}, "Option": {"shape": "Option"}, "Flat": {"shape": "FlatList"},
            "Attr": {"shape": "Text", "xmlAttribute": true, "locationName": "xsi:type"},
            "Token": {"shape": "Text", "idempotencyToken": true, "jsonvalue": true, "queryName": "Tok"}}},
        "Trees": {"type": "list", "member": {"shape": "Tree", "locationName": "item"}, "sparse": true, "max": 7},
        "TreeMap": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Tree"}, "sensitive": true},
        "FlatList": {"type": "list", "member": {"shape": "Colour", "locationName": "Each"}, "flattened": true},
        "Texts": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
        "Colour": {"type": "string", "enum": ["dark-red", "DARK_RED", "Unknown"]},
        "Option": {"type": "structure", "members": {}},
        "Any": {"type": "structure", "document": true, "members": {}},
        "When": {"type": "timestamp", "timestampFormat": "iso8601"},
        "Stream": {"type": "blob", "streaming": true},
        "Text": {"type": "string", "min": 1, "max": 9, "pattern": "[\\w\"]+"},
        "Other": {"type": "structure", "members": {"Only": {"shape": "Unreached"}}},
        "Unreached": {"type": "structure", "members": {}}
    }
}"#;

fn service(name: &str, model: &str, implemented: &[&str]) -> Service {
    Service {
        name: name.to_owned(),
        model: model.to_owned(),
        event_source: format!("{name}.amazonaws.com"),
        implemented: implemented.iter().map(|&name| name.to_owned()).collect(),
        protocols: None,
        xml_namespace: None,
    }
}

fn small() -> Model {
    serde_json::from_str(SMALL).expect("the model is well-formed")
}

/// The generated files with all white space taken for one space, so that lines may break anywhere.
fn generated() -> BTreeMap<&'static str, String> {
    let files = generate(&service("thing", "", &["PutThing"]), &small()).expect("it generates");
    let joined =
        |code: String| code.split_whitespace().collect::<Vec<_>>().join(" ").replace(", }", " }");
    files.into_iter().map(|(name, code)| (name, joined(code))).collect()
}

#[track_caller]
fn has(files: &BTreeMap<&'static str, String>, name: &str, parts: &[&str]) {
    for part in parts {
        assert!(files[name].contains(part), "{name} lacks {part}\n{}", files[name]);
    }
}

#[test]
fn tables_carry_every_trait() {
    let files = generated();
    has(
        &files,
        "schema.rs",
        &[
            r#"traits: Traits { location: Location::Uri, ..Traits::NONE }"#,
            r#"Traits { location: Location::Header, wire_name: Some("x-type"), ..Traits::NONE }"#,
            r#"Traits { location: Location::Headers, wire_name: Some("x-meta-"), ..Traits::NONE }"#,
            r#"name: "Body", target: &STREAM, required: false, traits: Traits { location: Location::Payload, streaming: true, ..Traits::NONE }"#,
            r#"name: "Key", target: &TEXT, required: true"#,
            r##"Constraints { min: Some(1.0), max: Some(9.0), pattern: Some(r#"[\w"]+"#) }"##,
            r#"constraints: Constraints { max: Some(7.0), ..Constraints::NONE }"#,
            r#"Schema { sensitive: true, ..Schema::plain( "TreeMap""#,
            r#"Traits { wire_name: Some("item"), ..Traits::NONE } }, sparse: true"#,
            r#"Traits { wire_name: Some("Each"), flattened: true, ..Traits::NONE }"#,
            r#"Traits { wire_name: Some("xsi:type"), xml_attribute: true, ..Traits::NONE }"#,
            r#"ec2_name: Some("Tok"), idempotency_token: true, json_value: true, ..Traits::NONE"#,
            r#"Schema::plain("When", Kind::Timestamp(Some(TimestampFormat::DateTime)))"#,
            r#"Schema::plain("Any", Kind::Document)"#,
            r#"Kind::Union(&["#,
            r#"Kind::Enum(&["dark-red", "DARK_RED", "Unknown"])"#,
            r#"pub static UNREACHED: Schema"#,
        ],
    );
    has(
        &files,
        "error.rs",
        &[
            r#"FULL: ErrorSchema = ErrorSchema { name: "Full", query_code: Some("Store.Full"), status: 507, fault: Fault::Server }"#,
            r#"ErrorSchema { name: "Gone", query_code: None, status: 410, fault: Fault::Client }"#,
        ],
    );
    has(
        &files,
        "service.rs",
        &[
            r#"operations: &[&DELETE_THING, &PUT_THING]"#,
            r#"sdk_id: "Thing Store", signing_name: "things", endpoint_prefix: "thing""#,
            r#"protocols: &[Protocol::RestXml]"#,
            r#"http: Http { method: "PUT", uri: "/{Key+}?x", status: 201 }"#,
            r#"input_name: Some("Put"), input_namespace: Some(XmlNamespace { prefix: None, uri: "http://thing" })"#,
        ],
    );
}

#[test]
fn types_are_for_what_is_implemented() {
    let files = generated();
    has(
        &files,
        "types.rs",
        &[
            "pub r#type: Option<String>",
            "pub rest: Option<BTreeMap<String, String>>",
            "pub body: Option<Blob>",
            "pub left: Option<Nested<Tree>>",
            "pub many: Option<Vec<Option<Tree>>>",
            "pub map: Option<BTreeMap<String, Tree>>",
            "pub any: Option<Document>",
            "pub option: Option<Option2>",
            "pub flat: Option<Vec<Colour>>",
            "pub when: Option<Timestamp>",
            "pub fn key(&self) -> &str { self.key.as_deref().unwrap_or_default() }",
            "pub struct Unit {}",
            "shape::structure!(PutThing, schema::PUT_THING, 0 key, 1 r#type, 2 rest, 3 body);",
        ],
    );
    has(
        &files,
        "enums.rs",
        &[r#"DarkRed = "dark-red", DarkRed2 = "DARK_RED", UnknownValue = "Unknown" }"#],
    );
    has(&files, "operations.rs", &["type Input = types::PutThing; type Output = types::Unit;"]);
    for absent in ["Other", "Unreached", "Gone"] {
        assert!(!files["types.rs"].contains(&format!("pub struct {absent}")), "{absent}");
    }
}

#[test]
fn mistakes_in_a_model_or_the_list_are_named() {
    let generated = generate(&service("thing", "", &["GetThing"]), &small());
    let error = generated.expect_err("there is no such operation");
    assert_eq!(error.to_string(), "thing has no operation GetThing: see models/services.toml");

    let mut model = small();
    model.shapes.remove("Text");
    let error = generate(&service("thing", "", &["*"]), &model).expect_err("a shape is missing");
    assert_eq!(error.to_string(), "the model has no shape Text");
}

#[test]
fn differences_are_shown_by_file_and_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = BTreeMap::from([("a.rs", "one\ntwo\n".to_owned()), ("b.rs", "b\n".to_owned())]);
    write(folder.path(), &files).expect("written");
    assert_eq!(compare(folder.path(), &files).expect("compared"), "");

    std::fs::write(folder.path().join("a.rs"), "one\n2\n").expect("written");
    std::fs::write(folder.path().join("c.rs"), "").expect("written");
    let found = compare(folder.path(), &files).expect("compared");
    let here = folder.path().display();
    assert_eq!(found, format!("{here}/c.rs: not generated\n{here}/a.rs:2\n  - 2\n  + two\n"));

    write(folder.path(), &files).expect("written again");
    assert_eq!(compare(folder.path(), &files).expect("compared"), "");
}

#[test]
fn committed_models_are_trimmed_and_stable() {
    for (path, model) in committed() {
        let text = std::fs::read_to_string(&path).expect("the model is there");
        let again = serde_json::to_string_pretty(&model).expect("it serialises") + "\n";
        assert!(text == again, "{} is not as `codegen --import` writes it", path.display());
    }
}

/// Patterns that the `regex` crate has no way to write, with the reason; validation lets such members pass unchecked.
const UNCHECKED: &[(&str, &str)] = &[
    (
        "^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
        "IAM's account alias: no two hyphens in a row is a look-ahead; the handler checks it",
    ),
    (
        r"^(?!\s*$).+",
        "Systems Manager's not-blank is a look-ahead; of the operations served only PutResourcePolicy takes such a member, and its handler reads it as a policy",
    ),
    (
        r"^([\-]?\d{4}(?!\d{2}\b))((-?)((0[1-9]|1[0-2])(\3([12]\d|0[1-9]|3[01]))?|W([0-4]\d|5[0-2])(-?[1-7])?|(00[1-9]|0[1-9]\d|[12]\d{2}|3([0-5]\d|6[1-6])))([T\s]((([01]\d|2[0-3])((:?)[0-5]\d)?|24\:?00)([\.,]\d(?!:))?)?(\17[0-5]\d([\.,]\d)?)?([zZ]|([\-])([01]\d|2[0-3]):?([0-5]\d)?)?)?)?$",
        "Systems Manager's date and time has back-references; no operation that is served takes one",
    ),
    (
        r"^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w-\/.@+=,]{1,1017}$",
        "a thousand words of Unicode are too large to compile; no operation that is served takes this ARN of Systems Manager",
    ),
    (
        r"^.{1,100000}$",
        "too large to compile, and says no more than a length; no operation that is served takes it",
    ),
];

#[test]
fn patterns_compile() {
    let mut wrong = Vec::new();
    for (path, model) in committed() {
        let patterns = model.shapes.values().filter_map(|def| def.pattern.as_deref());
        for pattern in patterns {
            let compiles = compiles(&pattern::translated(pattern));
            let listed = UNCHECKED.iter().any(|(listed, _)| *listed == pattern);
            if compiles == listed {
                wrong.push(format!("{}: {pattern}", path.display()));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "not compiled though not listed, or the other way round:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn patterns_are_translated_where_the_dialects_differ() {
    for (theirs, ours) in [
        (r"[\u0020-\uD7FF\uD800\uDC00-\uDBFF\uDFFF]*\Z", r"[\u0020-\uD7FF\x{10000}-\x{10FFFF}]*\z"),
        (r"[\p{Print}&&[^|:/]]+", "[[[:print:]]&&[^|:/]]+"),
        (r"[\w-.~]+\d-_", r"[\w\-.~]+\d-_"),
        (r"^[\w-]+\-[\[\d-_]$", r"^[\w-]+\-[\[\d\-_]$"),
    ] {
        assert_eq!(pattern::translated(theirs), ours);
        assert!(compiles(ours), "{ours}");
    }
    for same in [r"^[\w+=,.@:/-]+$", r"^([a-z]+-){2,3}\d+$", r"arn:[^:]*:\d{12}:.+"] {
        assert_eq!(pattern::translated(same), same);
    }
}

/// Generates crates for models with every protocol; rustfmt parses what is generated.
#[test]
fn large_foreign_models_generate() {
    let Some(data) = std::env::var_os(BOTOCORE_DATA).map(PathBuf::from) else {
        println!("skipped: {BOTOCORE_DATA} does not name botocore's data folder");
        return;
    };
    for (name, model) in [
        ("s3", "s3/2006-03-01"),
        ("ec2", "ec2/2016-11-15"),
        ("iam", "iam/2010-05-08"),
        ("lambda", "lambda/2015-03-31"),
        ("sqs", "sqs/2012-11-05"),
        ("cloudwatch", "cloudwatch/2010-08-01"),
    ] {
        let service = service(name, model, &["*"]);
        let model = import::read(&data, &service).expect("the model is there");
        let files = generate(&service, &model).expect("it generates");
        let tables = files["service.rs"].matches("pub(crate) static ").count();
        assert_eq!(tables, model.operations.len(), "{name}");
        assert_eq!(files["operations.rs"].matches("impl Operation for").count(), tables, "{name}");
    }
}

fn compiles(pattern: &str) -> bool {
    regex::Regex::new(&format!("^(?:{pattern})$")).is_ok()
}

fn committed() -> Vec<(PathBuf, Model)> {
    let models = root().join("models");
    let services = Services::read(&models).expect("the list is there").service;
    let path = |name: &str| models.join(Path::new(name).with_extension("json"));
    let read = |path: PathBuf| {
        let model = read_model(&path).expect("the model is there");
        (path, model)
    };
    services.iter().map(|service| read(path(&service.name))).collect()
}
