//! JSON read by recursion, as a grammar is written down; lenient about scalars as the engine is.

/// The pointer, whether it is a name, and the text.
pub type Element = (String, bool, Vec<u8>);

pub struct Reader<'a> {
    pub text: &'a [u8],
    pub at: usize,
    pub elements: &'a mut Vec<Element>,
}

impl Reader<'_> {
    /// The place of the next byte that is no blank.
    pub fn skip(&mut self) -> usize {
        while self.at < self.text.len() && b" \t\r\n".contains(&self.text[self.at]) {
            self.at += 1;
        }
        self.at
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip();
        (self.text.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// Reads a value at a pointer, or stops where it is none.
    pub fn value(&mut self, pointer: &str) -> Option<()> {
        self.skip();
        match self.text.get(self.at)? {
            b'{' => {
                self.at += 1;
                if self.take(b'}').is_some() {
                    return Some(());
                }
                loop {
                    self.skip();
                    let name = self.string()?;
                    let text = String::from_utf8(name.clone()).ok()?;
                    let below = format!("{pointer}/{}", text.replace('~', "~0").replace('/', "~1"));
                    self.elements.push((below.clone(), true, name));
                    self.take(b':')?;
                    self.value(&below)?;
                    if self.take(b',').is_none() {
                        return self.take(b'}');
                    }
                }
            }
            b'[' => {
                self.at += 1;
                if self.take(b']').is_some() {
                    return Some(());
                }
                for index in 0.. {
                    self.value(&format!("{pointer}/{index}"))?;
                    if self.take(b',').is_none() {
                        return self.take(b']');
                    }
                }
                None
            }
            b'"' => {
                let text = self.string()?;
                self.elements.push((pointer.to_owned(), false, text));
                Some(())
            }
            byte if byte.is_ascii_alphanumeric() || *byte == b'-' => {
                let start = self.at;
                let part = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
                while self.text.get(self.at).is_some_and(part) {
                    self.at += 1;
                }
                self.elements.push((pointer.to_owned(), false, self.text[start..self.at].to_vec()));
                Some(())
            }
            _ => None,
        }
    }

    /// Reads a string with the help of a strict reader: what the generator writes has no escape that only one of them knows.
    fn string(&mut self) -> Option<Vec<u8>> {
        if self.text.get(self.at) != Some(&b'"') {
            return None;
        }
        let mut end = self.at + 1;
        while *self.text.get(end)? != b'"' {
            end += if self.text[end] == b'\\' { 2 } else { 1 };
        }
        let quoted = &self.text[self.at..=end];
        self.at = end + 1;
        Some(serde_json::from_slice::<String>(quoted).ok()?.into_bytes())
    }
}
