//! Keywords near a value, as Macie documents them (<https://docs.aws.amazon.com/macie/latest/user/managed-data-identifiers-keywords.html>):
//! case does not count, nor do accents, words may be joined by a space, an underscore, a hyphen or nothing, and the keyword stands at most
//! 30 characters away. Text is looked at only around values that passed their check, and each byte at most once.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Most characters between a keyword and a value.
pub(crate) const DISTANCE_CHARS: usize = 30;
/// Bytes around a value that are searched: the distance in the longest characters and the longest keyword.
pub(crate) const WINDOW_BYTES: usize = DISTANCE_CHARS * 4 + KEYWORD_MAX_BYTES;
/// Longest keyword, in bytes, with a separator for each break.
const KEYWORD_MAX_BYTES: usize = 120;
/// How much more is searched than asked, in bytes, so that dense text is searched in long pieces.
const STRIDE_BYTES: usize = 512;

/// All keywords, compiled.
pub(crate) struct Keywords {
    words: Vec<Word>,
    automaton: AhoCorasick,
}

struct Word {
    /// As it stands in the table.
    text: String,
    /// Bit n: before byte n of the folded form a separator may stand.
    breaks: u128,
}

/// A set of keywords, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeywordSet(Vec<u64>);

impl KeywordSet {
    pub(crate) fn insert(&mut self, word: usize) {
        if self.0.len() <= word / 64 {
            self.0.resize(word / 64 + 1, 0);
        }
        self.0[word / 64] |= 1 << (word % 64);
    }

    pub(crate) fn contains(&self, word: usize) -> bool {
        self.0.get(word / 64).is_some_and(|bits| bits & (1 << (word % 64)) != 0)
    }

    /// Adds all of `other`.
    pub fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(to, from)| *to |= from);
    }

    /// The words in both sets.
    pub(crate) fn common<'s>(&'s self, other: &'s Self) -> impl Iterator<Item = usize> + 's {
        let pairs = self.0.iter().zip(&other.0).enumerate();
        pairs.flat_map(|(i, (a, b))| {
            let both = a & b;
            (0..64).filter(move |bit| both & (1 << bit) != 0).map(move |bit| i * 64 + bit)
        })
    }
}

/// A keyword that stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub start: usize,
    pub end: usize,
    pub word: usize,
}

/// Collects the keywords of all detectors before they are compiled.
#[derive(Default)]
pub(crate) struct Builder {
    numbers: HashMap<String, usize>,
    words: Vec<Word>,
    folded: Vec<Vec<u8>>,
}

impl Builder {
    /// The set of a list parted by `, `.
    pub fn add(&mut self, list: &str) -> KeywordSet {
        let mut set = KeywordSet::default();
        for text in list.split(", ").map(str::trim).filter(|text| !text.is_empty()) {
            set.extend(&self.add_one(text));
        }
        set
    }

    /// The set of one keyword in lower case.
    pub fn add_one(&mut self, text: &str) -> KeywordSet {
        let mut set = KeywordSet::default();
        let next = self.words.len();
        let number = *self.numbers.entry(text.to_owned()).or_insert(next);
        if number == next {
            let (folded, breaks) = fold_keyword(text);
            self.words.push(Word { text: text.to_owned(), breaks });
            self.folded.push(folded);
        }
        set.insert(number);
        set
    }

    pub fn build(self) -> Result<Keywords, aho_corasick::BuildError> {
        let automaton = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&self.folded)?;
        Ok(Keywords { words: self.words, automaton })
    }
}

fn fold_keyword(text: &str) -> (Vec<u8>, u128) {
    let mut folded = Vec::new();
    let mut breaks = 0;
    for char in text.chars() {
        if matches!(char, ' ' | '_' | '-') {
            breaks |= 1_u128.checked_shl(folded.len() as u32).unwrap_or(0);
        } else {
            let mut bytes = [0; 4];
            folded.extend_from_slice(fold(char).encode_utf8(&mut bytes).as_bytes());
        }
    }
    (folded, breaks)
}

/// A letter in lower case and without its accent.
fn fold(char: char) -> char {
    match char.to_lowercase().next().unwrap_or(char) {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' => 'd',
        'è'..='ë' | 'ē' | 'ė' | 'ę' | 'ě' => 'e',
        'ğ' | 'ģ' => 'g',
        'ì'..='ï' | 'ī' | 'į' => 'i',
        'ķ' => 'k',
        'ł' | 'ļ' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ő' => 'o',
        'ř' | 'ŕ' => 'r',
        'ś' | 'š' | 'ş' => 's',
        'ť' | 'ţ' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    }
}

impl Keywords {
    /// The keyword of a number.
    pub fn text(&self, word: usize) -> &str {
        &self.words[word].text
    }

    /// The keywords in a field's name.
    pub fn in_name(&self, name: &str) -> KeywordSet {
        let mut hits = Hits::default();
        hits.ensure(self, name.as_bytes(), 0, name.len());
        let mut set = KeywordSet::default();
        hits.list.iter().for_each(|hit| set.insert(hit.word));
        set
    }

    fn search(&self, text: &[u8], folded: &Folded, mut found: impl FnMut(Hit)) {
        for hit in self.automaton.find_overlapping_iter(&folded.bytes) {
            let word = hit.pattern().as_usize();
            let start = folded.places[hit.start()] as usize;
            let end = folded.places[hit.end() - 1] as usize + 1;
            if self.stands(text, &folded.places[hit.start()..hit.end()], word) {
                found(Hit { start, end, word });
            }
        }
    }

    /// Whether the keyword at these places is a word of its own, parted only where it may be.
    fn stands(&self, text: &[u8], places: &[u32], word: usize) -> bool {
        let breaks = self.words[word].breaks;
        let parted = |pair: usize| {
            let (from, to) = (places[pair] as usize + 1, places[pair + 1] as usize);
            text[from..to].iter().any(|byte| separator(*byte))
        };
        if (0..places.len() - 1).any(|i| parted(i) && breaks >> (i + 1) & 1 == 0) {
            return false;
        }
        let (start, last) = (places[0] as usize, places[places.len() - 1] as usize);
        let first = text[start];
        let before = start.checked_sub(1).map_or(b' ', |at| text[at]);
        let starts = !first.is_ascii_alphanumeric()
            || !before.is_ascii_alphanumeric()
            || (first.is_ascii_uppercase() && !before.is_ascii_uppercase());
        let after = text.get(last + 1).copied().unwrap_or(b' ');
        let ends = !text[last].is_ascii_alphanumeric()
            || !after.is_ascii_alphabetic()
            || (after.is_ascii_uppercase() && !text[last].is_ascii_uppercase());
        starts && ends
    }
}

fn separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'_' | b'-')
}

/// Text in lower case without separators, and where each byte came from.
#[derive(Default)]
struct Folded {
    bytes: Vec<u8>,
    places: Vec<u32>,
}

impl Folded {
    fn fill(&mut self, text: &[u8], from: usize, to: usize) {
        self.bytes.clear();
        self.places.clear();
        let mut at = from;
        while at < to {
            let byte = text[at];
            if byte < 0x80 {
                if !separator(byte) {
                    self.bytes.push(byte.to_ascii_lowercase());
                    self.places.push(at as u32);
                }
                at += 1;
                continue;
            }
            let length = match byte {
                0xC2..=0xDF => 2,
                0xE0..=0xEF => 3,
                0xF0..=0xF4 => 4,
                _ => 1,
            };
            let char = text.get(at..at + length).filter(|_| at + length <= to);
            let char = char
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .and_then(|c| c.chars().next());
            match char {
                // Typographic apostrophes stand for the plain one.
                Some('\u{2019}' | '\u{2018}') => self.push("'", at, length),
                // Only two-byte letters have cases and accents that matter here.
                Some(char) if length == 2 => {
                    let mut bytes = [0; 4];
                    self.push(fold(char).encode_utf8(&mut bytes), at, length);
                }
                _ => {
                    let end = (at + length).min(to);
                    self.bytes.extend_from_slice(&text[at..end]);
                    self.places.extend((at..end).map(|place| place as u32));
                }
            }
            at += length;
        }
    }

    /// Puts the bytes of `char` for those at `at`; the last takes the place of the last.
    fn push(&mut self, char: &str, at: usize, length: usize) {
        self.bytes.extend_from_slice(char.as_bytes());
        let count = char.len();
        self.places.extend(
            (0..count).map(|i| (if i + 1 == count { at + length - 1 } else { at + i }) as u32),
        );
    }
}

/// The keywords of a part of a text, which grows as it is asked for.
#[derive(Default)]
pub(crate) struct Hits {
    from: usize,
    to: usize,
    list: Vec<Hit>,
    folded: Folded,
}

impl Hits {
    /// Forgets; the text has changed.
    pub fn clear(&mut self) {
        self.from = 0;
        self.to = 0;
        self.list.clear();
    }

    /// Makes sure that all keywords that lie within `from..to` are known.
    pub fn ensure(&mut self, keywords: &Keywords, text: &[u8], from: usize, to: usize) {
        if self.from <= from && to <= self.to {
            return;
        }
        if from < self.from || from > self.to {
            self.clear();
            self.from = from;
            self.to = from;
        }
        let known = self.to;
        let start = known.saturating_sub(KEYWORD_MAX_BYTES).max(self.from);
        let goal = boundary(text, to.max(known + STRIDE_BYTES).min(text.len()));
        self.folded.fill(text, boundary(text, start), goal);
        let list = &mut self.list;
        keywords.search(text, &self.folded, |hit| {
            if hit.end > known || known == start {
                list.push(hit);
            }
        });
        self.to = goal.max(to);
    }

    /// The known keywords that end after `from` and begin before `to`.
    pub fn between(&self, from: usize, to: usize) -> impl Iterator<Item = &Hit> {
        // Hits are found in the order of their ends.
        let first = self.list.partition_point(|hit| hit.end <= from);
        self.list[first..]
            .iter()
            .take_while(move |hit| hit.end <= to + KEYWORD_MAX_BYTES)
            .filter(move |hit| hit.start < to)
    }
}

/// The place itself, or the end of the character that it cuts.
fn boundary(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &str, text: &str) -> Vec<String> {
        let mut builder = Builder::default();
        builder.add(list);
        let keywords = builder.build().unwrap();
        let set = keywords.in_name(text);
        (0..keywords.words.len())
            .filter(|w| set.contains(*w))
            .map(|w| keywords.text(w).to_owned())
            .collect()
    }

    #[test]
    fn case_and_separators_do_not_count() {
        for text in [
            "Social Security",
            "social_security",
            "SOCIAL-SECURITY",
            "socialSecurity",
            "mySocialSecurityNo",
        ] {
            assert_eq!(words("social security", text), ["social security"], "{text}");
        }
        assert_eq!(words("social security", "social  .security"), [""; 0]);
    }

    #[test]
    fn keywords_are_whole_words() {
        assert_eq!(words("pan, ssn", "company lessness"), [""; 0]);
        assert_eq!(words("pan, ssn", "class number"), [""; 0], "not across words");
        assert_eq!(words("pan, ssn", "customerSsn pan2"), ["pan", "ssn"]);
        assert_eq!(words("ssn", "SSNX s sn"), [""; 0]);
        assert_eq!(words("ss#", "SS#:"), ["ss#"]);
    }

    #[test]
    fn other_scripts_fold_too() {
        assert_eq!(
            words("führerschein, numéro d'assurance", "FÜHRERSCHEIN Numéro d\u{2019}assurance")
                .len(),
            2
        );
        assert_eq!(words("sécurité sociale", "numero_securite_sociale"), ["sécurité sociale"]);
        assert_eq!(words("주민등록번호", "고객 주민등록번호는"), ["주민등록번호"]);
        assert_eq!(words("주민등록번호", "주민 등록번호"), [""; 0]);
        assert_eq!(words("шофьорска книжка", "ШОФЬОРСКА КНИЖКА"), ["шофьорска книжка"]);
    }

    #[test]
    fn asking_in_pieces_finds_the_same_as_asking_at_once() {
        let mut builder = Builder::default();
        builder.add("social security, security, ssn, card number");
        let keywords = builder.build().unwrap();
        let text = "ssn and social_security of the card-number ".repeat(60);
        let mut whole = Hits::default();
        whole.ensure(&keywords, text.as_bytes(), 0, text.len());
        let mut pieces = Hits::default();
        for to in (1..=text.len()).step_by(7) {
            pieces.ensure(&keywords, text.as_bytes(), 0, to);
        }
        pieces.ensure(&keywords, text.as_bytes(), 0, text.len());
        assert_eq!(whole.list, pieces.list);
        assert_eq!(whole.list.len(), 60 * 4);
    }
}
