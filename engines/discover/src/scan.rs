//! One pass over a window of text: literals by a packed search, values by a walk that stops only at digits, capitals, `@`
//! and Hangul, forms by one lazy automaton for all patterns. Whatever is decided about a place depends only on the bytes
//! from [`BEHIND_BYTES`] before to [`AHEAD_BYTES`] after it, so that it does not matter how a text is cut into windows.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::{Anchored, Input};

use crate::anchor::{Found, Near};
use crate::catalog::name::{Name, Strength};
use crate::catalog::{korean_name, short, web};
use crate::engine::{Engine, Field, LiteralUse};
use crate::identifier::Category;
use crate::judge::{bounded_after, bounded_before};
use crate::keyword::{Hits, KeywordSet, WINDOW_BYTES};
use crate::shape::{COMPACT_MAX_BYTES, Proof};

/// How far back a decision may look, in bytes.
pub(crate) const BEHIND_BYTES: usize = 1 << 10;
/// How far ahead a decision may look, in bytes.
pub(crate) const AHEAD_BYTES: usize = 8 << 10;
/// Longest run of letters and digits that can be part of a value, in bytes; longer ones are passed over whole.
const TOKEN_MAX_BYTES: usize = 64;
/// Longest value of a form, in bytes.
const VALUE_MAX_BYTES: usize = 160;
/// Length of a secret access key of AWS, in bytes.
const SECRET_BYTES: usize = 40;
/// Fewest digits in a row of tokens that are worth a look outside named fields and wake words.
const DIGITS_MIN: usize = 5;
/// Shortest text in which literals are looked for, in bytes: no token is shorter.
const LITERAL_TEXT_MIN_BYTES: usize = 12;

/// What a scan needs to write in: one for each thread.
pub struct Scratch {
    cache: Cache,
    pub(crate) hits: Hits,
    wakes: Vec<usize>,
    ends: Vec<(usize, usize)>,
}

impl Scratch {
    pub(crate) fn new(dfa: &DFA) -> Self {
        Self {
            cache: dfa.create_cache(),
            hits: Hits::default(),
            wakes: Vec::new(),
            ends: Vec::new(),
        }
    }
}

/// What speaks for a value besides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    Nothing,
    /// The keyword of this number, so many characters away.
    Near(usize, usize),
    /// The keyword of this number in a field's name.
    Field(usize),
}

/// A value that was accepted; values of the same place still have to be weighed against each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Raw {
    pub start: usize,
    pub end: usize,
    pub id: &'static str,
    pub category: Category,
    pub proof: Proof,
    pub evidence: Evidence,
    pub confidence: u8,
    /// Length of the keyword and place in the table: what decides between equals.
    pub rank: (usize, u16),
}

/// Letters in upper case and digits of a value, nothing else; `None` if there are too many.
pub(crate) struct Compact {
    bytes: [u8; COMPACT_MAX_BYTES],
    length: usize,
}

impl Compact {
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

pub(crate) fn compact(text: &[u8]) -> Option<Compact> {
    let mut compact = Compact { bytes: [0; COMPACT_MAX_BYTES], length: 0 };
    for byte in text.iter().filter(|byte| byte.is_ascii_alphanumeric()) {
        *compact.bytes.get_mut(compact.length)? = byte.to_ascii_uppercase();
        compact.length += 1;
    }
    Some(compact)
}

const DIGIT: u8 = 1;
const UPPER: u8 = 2;
const AT: u8 = 3;
const HANGUL: u8 = 4;

/// Where the walk stops.
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            // The lead byte of accented capitals, too.
            b'A'..=b'Z' | 0xC3 | 0xC4 | 0xC5 => UPPER,
            b'@' => AT,
            0xEA..=0xED => HANGUL,
            _ => 0,
        };
        byte += 1;
    }
    class
};

/// Finds what begins to show itself within `part` of the text; `first` if that is the beginning of a field.
pub(crate) fn window(
    engine: &Engine,
    scratch: &mut Scratch,
    field: &Field,
    text: &[u8],
    part: std::ops::Range<usize>,
    first: bool,
    out: &mut Vec<Raw>,
) {
    let (from, to) = (part.start, part.end);
    scratch.hits.clear();
    scratch.wakes.clear();
    let mut walk = Walk { engine, scratch, field, text, out };
    walk.literals(from, to);
    if first && from == 0 {
        walk.whole_cell();
    }
    walk.walk(from, to);
}

pub(crate) struct Walk<'w> {
    pub engine: &'w Engine,
    pub scratch: &'w mut Scratch,
    pub field: &'w Field,
    pub text: &'w [u8],
    pub out: &'w mut Vec<Raw>,
}

impl Walk<'_> {
    fn walk(&mut self, from: usize, to: usize) {
        let text = self.text;
        let mut at = from;
        while at < to {
            at = match CLASS[usize::from(text[at])] {
                0 => at + 1,
                DIGIT => self.digit(at),
                UPPER => self.capital(at),
                AT => {
                    self.found(web::email(text, at));
                    at + 1
                }
                _ => self.hangul(at),
            };
        }
    }

    /// Literals within `from..to` are judged; wake words are noted from a little before to a little after.
    fn literals(&mut self, from: usize, to: usize) {
        if self.text.len() < LITERAL_TEXT_MIN_BYTES {
            return;
        }
        let reach = WINDOW_BYTES;
        let (start, end) = (from.saturating_sub(reach), self.text.len().min(to + reach));
        for searcher in &self.engine.literals {
            searcher.each(&self.text[start..end], |place, literal| {
                let at = start + place;
                match self.engine.literal_uses(literal) {
                    LiteralUse::Wake => self.scratch.wakes.push(at),
                    LiteralUse::Judge(judge, literal) if (from..to).contains(&at) => {
                        let found = judge(&Near { text: self.text, at, literal });
                        self.out.extend(found.filter(|f| self.engine.wants(f.id)).map(Raw::from));
                    }
                    LiteralUse::Judge(..) => {}
                }
            });
        }
        self.scratch.wakes.sort_unstable();
    }

    fn found(&mut self, found: Option<Found>) {
        self.out.extend(found.filter(|f| self.engine.wants(f.id)).map(Raw::from));
    }

    /// Whether a wake word stands near enough.
    fn awake(&self, at: usize) -> bool {
        let first = self.scratch.wakes.partition_point(|wake| wake + WINDOW_BYTES < at);
        self.field.awake
            || self.scratch.wakes.get(first).is_some_and(|wake| *wake < at + WINDOW_BYTES)
    }

    /// Judges the values that begin at the token with the digit at `at`; returns where to go on.
    fn digit(&mut self, at: usize) -> usize {
        let text = self.text;
        let alphanumeric = |byte: &u8| byte.is_ascii_alphanumeric();
        let floor = at.saturating_sub(TOKEN_MAX_BYTES);
        let mut start =
            text[floor..at].iter().rposition(|b| !alphanumeric(b)).map_or(floor, |i| floor + i + 1);
        let end = text[at..].iter().position(|b| !alphanumeric(b)).map_or(text.len(), |i| at + i);
        // An earlier digit of the token was there in the window before.
        if end - start > TOKEN_MAX_BYTES || text[start..at].iter().any(u8::is_ascii_digit) {
            return end;
        }
        // A newline that is written as \n is no letter of the value.
        if start > 0 && text[start - 1] == b'\\' && matches!(text[start], b'n' | b'r' | b't') {
            start += 1;
        }
        self.address(start, end);
        if let Some(start) = self.secret(start, end) {
            self.forms(start, false);
        }
        let awake = self.awake(at);
        if !awake && !self.digits_enough(at, end) {
            return end;
        }
        let mut starts = [start; 4];
        let mut count = 0;
        let mut push = |place: usize| {
            if count < starts.len() && !starts[..count].contains(&place) {
                starts[count] = place;
                count += 1;
            }
        };
        let before = |place: usize| place.checked_sub(1).map(|i| text[i]);
        match before(start) {
            Some(b'-' | b'.' | b'_') if start >= 2 && text[start - 2].is_ascii_alphanumeric() => {}
            Some(b':' | b',') if start >= 2 && text[start - 2].is_ascii_digit() => {}
            Some(b'+' | b'(' | b'-') => {
                push(start);
                push(start - 1);
                // +1 (212) … and (+44) …
                if start >= 2 && matches!(text[start - 2], b'+' | b'(') {
                    push(start - 2);
                }
            }
            _ => push(start),
        }
        // Letters of their own before the digits: GB29, AB 12 34 56 C, RSS MRA 85T10, MH-14.
        let mut place = start;
        for _ in 0..2 {
            let Some(b' ' | b'-') = before(place) else { break };
            let letters = text[..place - 1]
                .iter()
                .rev()
                .take(10)
                .take_while(|b| b.is_ascii_alphabetic())
                .count();
            if letters == 0 || (letters > 4 && !awake) || letters > 9 {
                break;
            }
            place -= 1 + letters;
            push(place);
        }
        for start in &starts[..count] {
            self.forms(*start, awake);
        }
        end
    }

    /// Where a run of Base64 begins that is as long as a secret key of AWS and has the token `start..end` in it.
    fn secret(&self, start: usize, end: usize) -> Option<usize> {
        let text = self.text;
        let joined = |byte: Option<&u8>| matches!(byte, Some(b'/' | b'+'));
        let before = start.checked_sub(1).and_then(|at| text.get(at));
        if end - start != SECRET_BYTES && !joined(before) && !joined(text.get(end)) {
            return None;
        }
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
        let floor = start.saturating_sub(SECRET_BYTES);
        let first =
            text[floor..start].iter().rposition(|b| !part(b)).map_or(floor, |i| floor + i + 1);
        let limit = text.len().min(end + SECRET_BYTES);
        let last = text[end..limit].iter().position(|b| !part(b)).map_or(limit, |i| end + i);
        (last - first == SECRET_BYTES).then_some(first)
    }

    /// Whether there are digits enough from `at` on, over separators.
    fn digits_enough(&self, at: usize, end: usize) -> bool {
        let text = self.text;
        let mut digits = text[at..end].iter().filter(|b| b.is_ascii_digit()).count();
        let mut place = end;
        let limit = text.len().min(end + 24);
        while digits < DIGITS_MIN && place < limit {
            match text[place] {
                b'0'..=b'9' => digits += 1,
                b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'A'..=b'Z' => {}
                _ => break,
            }
            place += 1;
        }
        digits >= DIGITS_MIN
    }

    fn address(&mut self, start: usize, end: usize) {
        if end - start <= 7 && start > 0 {
            let found = self.engine.addresses.address(self.text, start, end);
            self.found(found);
        }
    }

    /// Runs all patterns at once from `start` and judges what they accept.
    fn forms(&mut self, start: usize, awake: bool) {
        let text = self.text;
        if !bounded_before(text, start) {
            return;
        }
        let mut ends = std::mem::take(&mut self.scratch.ends);
        ends.clear();
        collect(&self.engine.forms, &mut self.scratch.cache, text, start, &mut ends);
        for &(pattern, end) in &ends {
            let shape = self.engine.shapes[pattern];
            if (awake || pattern < self.engine.short_from) && bounded_after(text, start, end) {
                self.judge(shape, pattern, start, end);
            }
        }
        self.scratch.ends = ends;
    }

    /// A capital: the first word of a name, perhaps.
    fn capital(&mut self, at: usize) -> usize {
        let text = self.text;
        let before = at.checked_sub(1).map_or(b' ', |i| text[i]);
        let next = text.get(at + 1).copied().unwrap_or(b' ');
        let accented = text[at] >= 0x80;
        if before.is_ascii_alphanumeric()
            || before >= 0x80
            || matches!(before, b'_' | b'/' | b'-' | b'.' | b'\'' | b'@' | b'#')
            || !(next.is_ascii_lowercase() || next >= 0x80)
        {
            return at + 1;
        }
        let mut end = at + 1 + usize::from(accented);
        let limit = text.len().min(at + 40);
        while end < limit
            && (text[end].is_ascii_alphabetic()
                || text[end] >= 0x80
                || matches!(text[end], b'-' | b'\''))
        {
            end += 1;
        }
        let follows = |byte: &u8| {
            byte.is_ascii_uppercase()
                || *byte == 0xC3
                || *byte == 0xC5
                || matches!(byte, b'd' | b'v' | b'l')
        };
        if text.get(end) == Some(&b' ') && text.get(end + 1).is_some_and(follows) {
            let name = self.engine.lexicon.name_at(text, at);
            if let Some(name) = name {
                self.name(&name, "NAME");
            }
        }
        at + 1
    }

    /// A field of names may hold them in capitals only, which the walk does not take for names.
    fn whole_cell(&mut self) {
        let text = self.text;
        if !self.field.named || text.len() > 60 {
            return;
        }
        let words = text.split(|b| *b == b' ').count();
        let letters =
            text.iter().all(|b| b.is_ascii_uppercase() || matches!(b, b' ' | b'-' | b'\'' | b'.'));
        if letters && (2..=4).contains(&words) && text.first().is_some_and(u8::is_ascii_uppercase) {
            self.name(&Name { start: 0, end: text.len(), strength: Strength::Needy }, "NAME");
        }
    }

    /// A Korean syllable: of a name or a province, if a word begins here.
    fn hangul(&mut self, at: usize) -> usize {
        let text = self.text;
        let after = at + 3;
        if at.checked_sub(1).is_some_and(|i| text[i] >= 0x80) || after > text.len() {
            return after.min(text.len()).max(at + 1);
        }
        let literal = self
            .engine
            .provinces
            .iter()
            .find(|(literal, _)| text[at..].starts_with(literal.as_bytes()));
        if let Some((literal, judge)) = literal {
            self.found(judge(&Near { text, at, literal }));
        }
        if let Some(name) = korean_name::name_at(text, at) {
            self.name(&name, "KOREA_NAME");
        }
        after
    }
}

impl From<Found> for Raw {
    fn from(found: Found) -> Self {
        let Found { start, end, id, category, proof, confidence } = found;
        Self {
            start,
            end,
            id,
            category,
            proof,
            evidence: Evidence::Nothing,
            confidence,
            rank: (0, 0),
        }
    }
}

/// All pairs of pattern and end of what begins at `start`.
fn collect(
    dfa: &DFA,
    cache: &mut Cache,
    text: &[u8],
    start: usize,
    ends: &mut Vec<(usize, usize)>,
) {
    let input = Input::new(text).range(start..).anchored(Anchored::Yes);
    let Ok(mut state) = dfa.start_state_forward(cache, &input) else { return };
    let limit = text.len().min(start + VALUE_MAX_BYTES);
    let mut at = start;
    loop {
        let next = if at < text.len() {
            dfa.next_state(cache, state, text[at])
        } else {
            dfa.next_eoi_state(cache, state)
        };
        let Ok(next) = next else { return };
        state = next;
        if state.is_tagged() {
            if state.is_match() {
                // The automaton sees a match one byte after its end.
                let patterns = 0..dfa.match_len(cache, state);
                ends.extend(patterns.map(|i| (dfa.match_pattern(cache, state, i).as_usize(), at)));
            } else if state.is_dead() || state.is_quit() {
                return;
            }
        }
        at += 1;
        if at > limit {
            return;
        }
    }
}

/// How many characters the bytes are.
pub(crate) fn characters(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// Whether the words of the short detectors are in a set.
pub(crate) fn wakes(words: &KeywordSet, short_words: &KeywordSet) -> bool {
    words.common(short_words).next().is_some()
}

/// The wake words and how they are written.
pub(crate) const WAKE: &[&str] = short::WAKE;
