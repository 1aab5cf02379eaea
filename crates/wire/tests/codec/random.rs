//! Random values, written and read back.

use base::Timestamp;
use http::Method;
use proptest::prelude::*;
use shape::{Document, Dynamic, Kind, Member, Protocol, Scalar, Shape, Value};
use wire::codec::{decode_input, encode_output};
use wire::request::Request;

use crate::fixture::{ECHO, SERVICE, THING};

/// Levels of structures in a random value.
const DEPTH: usize = 4;

/// Choices, taken from random bytes until they run out; then every choice is the first.
struct Choices(std::vec::IntoIter<u8>);

impl Choices {
    fn below(&mut self, end: u8) -> u8 {
        self.0.next().unwrap_or_default() % end
    }

    fn number(&mut self) -> i64 {
        let bytes = std::array::from_fn(|_| self.below(255));
        // Shifting makes numbers of every size.
        i64::from_le_bytes(bytes) >> self.below(64)
    }

    fn text(&mut self) -> String {
        const PARTS: [&str; 12] =
            ["a", "é", "😀", "\"", "\\", "<&>'", " ", "\n", "\t", "\r\n", "%+=&", "]]>"];
        (0..self.below(4)).map(|_| PARTS[usize::from(self.below(12))]).collect()
    }
}

fn fill_shape(shape: &mut dyn Shape, protocol: Protocol, depth: usize, choices: &mut Choices) {
    let schema = shape.schema();
    let members = schema.members();
    if matches!(schema.kind, Kind::Union(_)) {
        let one = usize::from(choices.below(members.len() as u8));
        return fill(shape.field_mut(one), &members[one], protocol, depth, choices);
    }
    for (index, member) in members.iter().enumerate() {
        if choices.below(2) == 1 {
            fill(shape.field_mut(index), member, protocol, depth, choices);
        }
    }
}

fn fill(
    value: &mut dyn Value,
    member: &Member,
    protocol: Protocol,
    depth: usize,
    choices: &mut Choices,
) {
    let scalar = match member.target.kind {
        Kind::Boolean => Scalar::Boolean(choices.below(2) == 1),
        Kind::Integer => Scalar::Integer(i64::from(choices.number() as i32)),
        Kind::Long => Scalar::Integer(choices.number()),
        Kind::Float => Scalar::Double(f64::from(f32::from_bits(choices.number() as u32))),
        Kind::Double => Scalar::Double(f64::from_bits(choices.number() as u64)),
        Kind::Timestamp(_) => Scalar::Timestamp(Timestamp::from_millis(choices.number() >> 16)),
        Kind::Blob => Scalar::Blob((0..choices.below(5)).map(|_| choices.below(255)).collect()),
        Kind::String | Kind::Enum(_) => Scalar::String(choices.text()),
        Kind::Document if protocol == Protocol::AwsJson11 => {
            Scalar::Document(Document::List(vec![
                Document::Null,
                Document::Integer(choices.number()),
                Document::Map([(choices.text(), Document::Boolean(true))].into()),
            ]))
        }
        // Neither CBOR nor XML has documents.
        Kind::Document => return,
        Kind::List { member, sparse } => {
            let list = value.list_mut().expect("a list");
            for _ in 0..choices.below(4) * u8::from(depth > 0) {
                let element = list.push();
                // XML has no null.
                if !sparse || protocol == Protocol::RestXml || choices.below(2) == 1 {
                    fill(element, member, protocol, depth - 1, choices);
                }
            }
            return;
        }
        Kind::Map { value: member, .. } => {
            let map = value.map_mut().expect("a map");
            for _ in 0..choices.below(4) {
                fill(map.entry(choices.text()), member, protocol, depth, choices);
            }
            return;
        }
        Kind::Structure(_) | Kind::Union(_) => {
            return fill_shape(value.shape_mut().expect("a shape"), protocol, depth, choices);
        }
    };
    value.set(scalar).expect("fits");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for protocol in [Protocol::AwsJson11, Protocol::RestXml, Protocol::RpcV2Cbor] {
            let mut thing = Dynamic::new(&THING);
            fill_shape(&mut thing, protocol, DEPTH, &mut Choices(bytes.clone().into_iter()));
            let written = encode_output(protocol, &SERVICE, &ECHO, &thing, "id").body;
            let mut request = Request::new(Method::POST, "/");
            request.body = written.clone();
            let mut read = Dynamic::new(&THING);
            let result = decode_input(protocol, &ECHO, &request, &[], &mut read);
            prop_assert_eq!(result, Ok(()), "{:?}: {}", protocol, String::from_utf8_lossy(&written));
            prop_assert_eq!(format!("{thing:?}"), format!("{read:?}"), "{:?}", protocol);
            // Debug hides bytes; the message does not.
            let again = encode_output(protocol, &SERVICE, &ECHO, &read, "id").body;
            prop_assert_eq!(written, again);
        }
    }
}
