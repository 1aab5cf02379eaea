//! Whole objects: formats by content, places, what is not reported, what cannot be read.

use std::io::Cursor;
use std::sync::LazyLock;

use discover::{AllowList, Classification, Engine, Location, Settings};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::new(Settings::default()).expect("an engine"));

fn classify(name: &str, content: &[u8]) -> Classification {
    classify_with(&ENGINE, name, content)
}

fn classify_with(engine: &Engine, name: &str, content: &[u8]) -> Classification {
    let mut classification = Classification::new(60);
    let outcome = engine.scan_object(
        &mut engine.scratch(),
        name,
        &mut Cursor::new(content),
        &mut classification,
    );
    if let Err(reason) = outcome {
        classification.note_unread("", &reason);
    }
    classification
}

fn ids(classification: &Classification) -> Vec<(&str, u64)> {
    classification.detections.iter().map(|(id, detection)| (id.as_str(), detection.count)).collect()
}

fn first(classification: &Classification, id: &str) -> Location {
    classification.detections[id].occurrences[0].location.clone()
}

#[test]
fn tables_speak_through_their_columns() {
    let csv = "id,full_name,ssn,order_id\n1,Xyra Qwolt,536904399,4539578763621486\n";
    let found = classify("x", csv.as_bytes());
    assert_eq!(ids(&found), [("NAME", 1), ("USA_SOCIAL_SECURITY_NUMBER", 1)]);
    let cell =
        Location::Cell { column: 3, column_name: Some("ssn".into()), row: 2, cell_reference: None };
    assert_eq!(first(&found, "USA_SOCIAL_SECURITY_NUMBER"), cell);
}

#[test]
fn quoted_cells_keep_their_delimiters_and_lines() {
    let csv = "a,b,c\n\"x, \"\"y\"\"\nssn 536-90-4399\",2,3\n";
    let found = classify("x.csv", csv.as_bytes());
    let Location::Cell { column, row, .. } = first(&found, "USA_SOCIAL_SECURITY_NUMBER") else {
        panic!()
    };
    assert_eq!((column, row), (1, 2));
}

#[test]
fn records_have_paths_and_escapes_are_undone() {
    let json = r#"{"a":[{"x":1},{"customer ssn":"536\u002d90-4399"}]}
        {"name":"Mar\u00eda Garc\u00eda","o'k":{"phone":"+1 212-555-0147"}}"#;
    let found = classify("x", json.as_bytes());
    let path = |id| match first(&found, id) {
        Location::Record { json_path, record_index } => (json_path, record_index),
        other => panic!("{other:?}"),
    };
    assert_eq!(path("USA_SOCIAL_SECURITY_NUMBER"), ("$.a[1]['customer ssn']".into(), 0));
    assert_eq!(path("NAME"), ("$.name".into(), 1));
    assert_eq!(path("PHONE_NUMBER"), ("$['o\\'k'].phone".into(), 1));
}

#[test]
fn broken_json_goes_on_as_text() {
    let json = "{\"a\": 1,\n oops\n my ssn 536-90-4399\n";
    let found = classify("x", json.as_bytes());
    assert_eq!(
        first(&found, "USA_SOCIAL_SECURITY_NUMBER"),
        Location::LineRange { start: 3, end: 3, start_column: 9 }
    );
}

#[test]
fn deep_nesting_and_long_strings_are_no_trouble() {
    let deep = format!("{}\"ssn 536-90-4399\"", "[".repeat(100_000));
    assert_eq!(ids(&classify("x", deep.as_bytes())), [("USA_SOCIAL_SECURITY_NUMBER", 1)]);
    let long = format!(
        "{{\"a\": \"{} ssn 536-90-4399 {}\"}}",
        "lorem ".repeat(400_000),
        "x".repeat(3_000_000)
    );
    assert_eq!(ids(&classify("x", long.as_bytes())), [("USA_SOCIAL_SECURITY_NUMBER", 1)]);
}

#[test]
fn encodings_are_told_apart() {
    let text = "고객 주민등록번호는 900101-1234568 입니다. 개인정보를 다룰 때에는 조심하십시오.";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (euc_kr, _, _) = encoding_rs::EUC_KR.encode(text);
    for content in [text.as_bytes(), utf16.as_slice(), &euc_kr] {
        let found = classify("x", content);
        assert_eq!(ids(&found), [("KOREA_RESIDENT_REGISTRATION_NUMBER", 1)], "{}", content.len());
    }
}

#[test]
fn binary_objects_are_unreadable_with_the_reason() {
    let found = classify("x", b"\x7fELF\x02\x01\x01\0\0\0\0\0ssn 536-90-4399");
    assert_eq!(ids(&found), []);
    assert!(found.unread[0].reason.contains("binary"));
}

#[test]
fn hard_negatives_are_not_reported() {
    for text in [
        "order number 4539578763621486",
        "timestamp 1732574161123 and 2024-11-25T22:36:01.123456789Z",
        "commit 536904399abcdef and 550e8400-e29b-41d4-a716-446655440000",
        "version 1.2.3.4 build 20241125.1 10.0.0.1:8080",
        "pi is 3.141592653589793238462643383279",
        "tracking number 123-45-6789",
        "the phone has 2125550147999 pixels",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "card 4111 1111 1111 1111 is the test card",
        "The Quick Brown Fox lives in New York City near Lake Michigan",
        "정보통신망 이용촉진 및 정보보호 등에 관한 법률 제23조",
    ] {
        assert_eq!(ids(&classify("x", text.as_bytes())), [], "{text}");
    }
}

#[test]
fn allowed_text_is_not_reported() {
    let allow = vec![
        AllowList::text("536-90-4399").unwrap(),
        AllowList::regex(r".*@example\.com").unwrap(),
    ];
    let engine = Engine::new(Settings { allow, ..Settings::default() }).unwrap();
    let found = classify_with(&engine, "x", b"ssn 536-90-4399, ssn 536-90-4398, a@example.com");
    assert_eq!(ids(&found), [("USA_SOCIAL_SECURITY_NUMBER", 1)]);
}

#[test]
fn no_value_stands_in_a_classification() {
    let text = "ssn 536-90-4399 card 4539578763621486 mail jo.doe@example.com sk_live_51H8xYzKq2mNpRsTuVw Dear John Smith";
    let found = classify("x", text.as_bytes());
    assert_eq!(found.detections.len(), 5);
    let written = serde_json::to_string(&found).unwrap() + &format!("{found:?}");
    for value in [
        "536-90-4399",
        "4539578763621486",
        "jo.doe@example.com",
        "51H8xYzKq2mNpRsTuVw",
        "John Smith",
    ] {
        assert!(!written.contains(value), "{value}");
    }
}
