//! The AWS protocol test cases, run against the server's side of every protocol.
//!
//! An input case gives member values and the message that a client makes of them: decoding the message must give the
//! values back. An output case gives a message and the values that a client reads from it: encoding the values must
//! give that message, compared as JSON, XML or CBOR and not byte by byte. Cases about what only clients do stand in
//! `protocol-exclusions.txt` with a reason each; an exclusion that is not needed fails the test.

mod compare;
mod document;
mod model;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value as Json;
use shape::{Dynamic, Failure, Protocol};
use wire::codec::{decode_input, encode_error, encode_output};
use wire::request::Request;

use crate::model::Model;

const DATA: &str = "../shared/data/protocol-tests";
const EXCLUSIONS: &str = "tests/protocol-exclusions.txt";

#[test]
#[allow(clippy::print_stdout)]
fn every_case_holds_or_is_excluded_for_a_reason() {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let data = crate_root.join("../..").join(DATA);
    if !data.is_dir() {
        println!("skipped: {DATA} is not beside the checkout");
        return;
    }
    let mut excluded = exclusions(&crate_root.join(EXCLUSIONS));
    let (mut passed, mut skipped, mut wrong) = (0, 0, Vec::new());
    for (name, path) in files(&data) {
        let suites: Vec<Json> =
            serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON");
        for suite in &suites {
            let model = Model::new(suite);
            for case in suite["cases"].as_array().expect("cases") {
                let id = format!("{name} {}", case["id"].as_str().expect("an id"));
                let result = if name.starts_with("input") {
                    input(&model, case)
                } else {
                    output(&model, case)
                };
                match (result, excluded.get_mut(&id)) {
                    (Ok(()), None) => passed += 1,
                    (Err(_), Some(exclusion)) => {
                        exclusion.used = true;
                        skipped += 1;
                    }
                    (Err(reason), None) => wrong.push(format!("{id}: {reason}")),
                    (Ok(()), Some(exclusion)) => exclusion.passes = true,
                }
            }
        }
    }
    let stale = excluded.iter().filter(|(_, exclusion)| exclusion.passes || !exclusion.used);
    wrong.extend(stale.map(|(id, _)| format!("{id}: the exclusion is not needed")));
    println!("protocol cases: {passed} passed, {skipped} excluded");
    assert!(wrong.is_empty(), "{} cases are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[derive(Default)]
struct Exclusion {
    used: bool,
    passes: bool,
}

/// Lines of `folder/file case : reason`.
fn exclusions(path: &Path) -> BTreeMap<String, Exclusion> {
    let text = std::fs::read_to_string(path).expect("a list of exclusions");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (id, reason) = line.split_once(" : ").expect("a reason");
            assert!(!reason.trim().is_empty(), "{id} has no reason");
            (id.trim().to_owned(), Exclusion::default())
        })
        .collect()
}

/// All case files, with their names as `folder/file`.
fn files(data: &Path) -> Vec<(String, PathBuf)> {
    let mut files = Vec::new();
    for folder in ["input", "output"] {
        for entry in std::fs::read_dir(data.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            files.push((format!("{folder}/{stem}"), path));
        }
    }
    files.sort();
    files
}

fn input(model: &Model, case: &Json) -> Result<(), String> {
    let operation = model.operation(case);
    let Some(schema) = operation.input else { return Ok(()) };
    let mut expected = Dynamic::new(schema);
    model::fill_shape(&mut expected, &case["params"]);

    let serialized = &case["serialized"];
    let method = serialized["method"].as_str().expect("a method");
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let mut request = Request::new(method, serialized["uri"].as_str().expect("a URI"));
    for (name, value) in serialized["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        let value = HeaderValue::from_str(value.as_str().expect("text")).expect("a value");
        request.headers.insert(name, value);
    }
    let body = match &serialized["body"] {
        Json::Null => return Err("the case has no body".into()),
        body => body.as_str().expect("text"),
    };
    request.body = match model.protocol {
        Protocol::RpcV2Cbor => Bytes::from(STANDARD.decode(body).expect("Base64")),
        _ => Bytes::copy_from_slice(body.as_bytes()),
    };
    let labels = labels(operation.http.uri, &request.path);
    let mut decoded = Dynamic::new(schema);
    decode_input(model.protocol, operation, &request, &labels, &mut decoded)
        .map_err(|error| error.to_string())?;
    compare::input(model.protocol, &expected, &decoded)
}

fn output(model: &Model, case: &Json) -> Result<(), String> {
    let operation = model.operation(case);
    let service = model.service(case);
    let expected = &case["response"];
    if case["errorCode"].is_string() {
        let (error, schema) = model.error(case);
        let mut fields = Dynamic::new(schema);
        model::fill_shape(&mut fields, &model::without_message(&case["error"]));
        let failure = Failure {
            error,
            message: case["errorMessage"].as_str().unwrap_or_default().to_owned(),
            detail: None,
            fields: Some(Box::new(fields)),
        };
        let response = encode_error(model.protocol, service, &failure, "foo-id");
        return compare::failure(model.protocol, case, schema, &response);
    }
    let schema = operation.output.unwrap_or(model.empty);
    let mut value = Dynamic::new(schema);
    model::fill_shape(&mut value, &case["result"]);
    let id = expected["headers"]["X-Amzn-Requestid"].as_str().unwrap_or("requestid");
    let response = encode_output(model.protocol, service, operation, &value, id);
    compare::output(model.protocol, expected, schema, &response)
}

/// The labels of `path` by the names in `template`.
fn labels(template: &'static str, path: &str) -> Vec<(&'static str, String)> {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
    };
    let template = template.split('?').next().expect("a path");
    let mut segments = path.split('/');
    let mut labels = Vec::new();
    let names: Vec<&str> = template.split('/').collect();
    for (at, name) in names.iter().enumerate() {
        let segment = segments.next().unwrap_or_default();
        let Some(label) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
            continue;
        };
        match label.strip_suffix('+') {
            Some(label) => {
                let behind = names.len() - at - 1;
                let rest: Vec<&str> = std::iter::once(segment).chain(segments).collect();
                let (greedy, rest) = rest.split_at(rest.len() - behind);
                labels.push((label, decode(&greedy.join("/"))));
                segments = Vec::from(rest).join("/").leak().split('/');
            }
            None => labels.push((label, decode(segment))),
        }
    }
    labels
}
