//! Walks over JSON without a tree and without recursion, so that depth costs a stack of names and nothing else. Like AWS's, it is a lenient reader: numbers
//! and words are not checked, only that the structure holds.

use std::borrow::Cow;

/// One name or one scalar value.
#[derive(Debug)]
pub struct Element<'a> {
    /// The JSON pointer (RFC 6901) of the value, or of the value that the name names.
    pub pointer: &'a [u8],
    /// Whether it is a name.
    pub is_key: bool,
    /// Its text: strings without quotes and escapes, others as they stand.
    pub text: Cow<'a, [u8]>,
}

/// Tells every element in its order until the end, or until what is no JSON; says which.
pub fn walk(json: &[u8], tell: &mut dyn FnMut(Element<'_>)) -> bool {
    let mut walker = Walker { json, at: 0, pointer: Vec::new(), open: Vec::new() };
    walker.run(tell).is_some()
}

struct Walker<'a> {
    json: &'a [u8],
    at: usize,
    pointer: Vec<u8>,
    open: Vec<Open>,
}

/// An array or object that has not ended: how long the pointer is outside of it, and the index of the next element of an array.
struct Open {
    pointer: usize,
    index: Option<usize>,
}

impl Walker<'_> {
    fn run(&mut self, tell: &mut dyn FnMut(Element<'_>)) -> Option<()> {
        loop {
            // A value begins here.
            self.blank();
            match self.json.get(self.at)? {
                b'{' => {
                    self.at += 1;
                    self.open.push(Open { pointer: self.pointer.len(), index: None });
                    self.blank();
                    if self.json.get(self.at) != Some(&b'}') {
                        self.name(tell)?;
                        continue;
                    }
                }
                b'[' => {
                    self.at += 1;
                    self.open.push(Open { pointer: self.pointer.len(), index: Some(0) });
                    self.blank();
                    if self.json.get(self.at) != Some(&b']') {
                        self.pointer.extend_from_slice(b"/0");
                        continue;
                    }
                }
                b'"' => {
                    let text = self.string()?;
                    tell(Element { pointer: &self.pointer, is_key: false, text });
                }
                byte if byte.is_ascii_alphanumeric() || *byte == b'-' => {
                    let start = self.at;
                    let part =
                        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
                    self.at += self.json[start..].iter().take_while(|b| part(b)).count();
                    let text = Cow::Borrowed(&self.json[start..self.at]);
                    tell(Element { pointer: &self.pointer, is_key: false, text });
                }
                _ => return None,
            }
            // A value ended here: close what ends with it, and go to the next.
            loop {
                self.blank();
                let Some(open) = self.open.last_mut() else {
                    return (self.at == self.json.len()).then_some(());
                };
                let byte = *self.json.get(self.at)?;
                self.at += 1;
                self.pointer.truncate(open.pointer);
                match (byte, &mut open.index) {
                    (b',', Some(index)) => {
                        *index += 1;
                        self.pointer.push(b'/');
                        self.pointer.extend_from_slice(index.to_string().as_bytes());
                        break;
                    }
                    (b',', None) => {
                        self.name(tell)?;
                        break;
                    }
                    (b'}', None) | (b']', Some(_)) => {
                        self.open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    /// Reads a name with its colon and goes to its value.
    fn name(&mut self, tell: &mut dyn FnMut(Element<'_>)) -> Option<()> {
        self.blank();
        let name = self.string()?;
        self.pointer.push(b'/');
        for byte in &*name {
            match byte {
                b'~' => self.pointer.extend_from_slice(b"~0"),
                b'/' => self.pointer.extend_from_slice(b"~1"),
                _ => self.pointer.push(*byte),
            }
        }
        tell(Element { pointer: &self.pointer, is_key: true, text: name });
        self.blank();
        if self.json.get(self.at) != Some(&b':') {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn blank(&mut self) {
        while self.json.get(self.at).is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }
}

impl<'a> Walker<'a> {
    /// Reads a string; nothing if it does not end.
    fn string(&mut self) -> Option<Cow<'a, [u8]>> {
        if self.json.get(self.at) != Some(&b'"') {
            return None;
        }
        let json: &'a [u8] = self.json;
        let start = self.at + 1;
        let first = start + memchr::memchr2(b'"', b'\\', &json[start..])?;
        if json[first] == b'"' {
            self.at = first + 1;
            return Some(Cow::Borrowed(&json[start..first]));
        }
        let mut out = json[start..first].to_vec();
        let mut at = first;
        loop {
            match json.get(at)? {
                b'"' => break,
                b'\\' => at += 1 + escape(json.get(at + 1..)?, &mut out)?,
                _ => {
                    let end = at + memchr::memchr2(b'"', b'\\', &json[at..])?;
                    out.extend_from_slice(&json[at..end]);
                    at = end;
                }
            }
        }
        self.at = at + 1;
        Some(Cow::Owned(out))
    }
}

/// Appends what an escape after its backslash means and says how many bytes it takes.
fn escape(after: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let plain = match after.first()? {
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let high = code(after.get(1..5)?)?;
            let low = || match after.get(5..7)? {
                b"\\u" => code(after.get(7..11)?).filter(|low| (0xdc00..0xe000).contains(low)),
                _ => None,
            };
            let (code, used) = match (high, low()) {
                (0xd800..0xdc00, Some(low)) => {
                    (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), 11)
                }
                _ => (high, 5),
            };
            let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(used);
        }
        other => *other,
    };
    out.push(plain);
    Some(1)
}

fn code(digits: &[u8]) -> Option<u32> {
    let valid = digits.iter().all(u8::is_ascii_hexdigit);
    valid.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(json: &str) -> (Vec<String>, bool) {
        let mut out = Vec::new();
        let whole = walk(json.as_bytes(), &mut |element| {
            let pointer = String::from_utf8_lossy(element.pointer).into_owned();
            let mark = if element.is_key { '#' } else { '=' };
            out.push(format!("{pointer}{mark}{}", String::from_utf8_lossy(&element.text)));
        });
        (out, whole)
    }

    #[test]
    fn elements_and_their_pointers() {
        let (elements, whole) = told(r#" {"a":{"b/~":[1,"x",[],{}]},"c":null,"d":-1.5e3} "#);
        assert!(whole);
        let expected = [
            "/a#a",
            "/a/b~1~0#b/~",
            "/a/b~1~0/0=1",
            "/a/b~1~0/1=x",
            "/c#c",
            "/c=null",
            "/d#d",
            "/d=-1.5e3",
        ];
        assert_eq!(elements, expected);
        assert_eq!(told("\"\\u003c\\ud83d\\ude00\\n\\/\""), (vec!["=<😀\n/".to_owned()], true));
        assert_eq!(told("\"\\ud83d\""), (vec!["=\u{fffd}".to_owned()], true));
    }

    #[test]
    fn what_is_read_before_a_mistake_counts() {
        for bad in [
            "{\"a\":1",
            "{\"a\":1]",
            "{\"a\" 1}",
            "[1 2]",
            "{\"a\":1} x",
            "",
            "{,}",
            "[\"x",
            "[1,]",
        ] {
            assert!(!told(bad).1, "{bad}");
        }
        assert_eq!(told("{\"a\":1,\"b\":2").0, ["/a#a", "/a=1", "/b#b", "/b=2"]);
    }

    #[test]
    fn ten_thousand_levels() {
        let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(told(&deep).1);
        assert!(!told(&"{\"a\":".repeat(10_000)).1);
    }

    proptest! {
        #[test]
        fn what_serde_json_writes_is_read(value in arbitrary()) {
            let text = serde_json::to_string(&value).expect("it is JSON");
            let (elements, whole) = told(&text);
            prop_assert!(whole);
            for element in elements {
                let Some((pointer, text)) = element.split_once('=') else { continue };
                let Some(found) = value.pointer(pointer) else { continue };
                let same = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                prop_assert_eq!(same, text);
            }
        }
    }

    fn arbitrary() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(|n| serde_json::json!(n)),
            any::<bool>().prop_map(|b| serde_json::json!(b)),
            "[a-z가\"\\\\\n/]{0,6}".prop_map(|s| serde_json::json!(s)),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
                proptest::collection::btree_map("[a-c]{1,2}", inner, 0..4)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }
}
