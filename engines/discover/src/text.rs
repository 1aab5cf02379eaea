//! Text in pieces of any size: keeps what decisions look back at, knows the line and column of every match, and weighs
//! matches of the same place against each other. Memory is bounded by [`BUFFER_BYTES`] and the matches that are not yet
//! decided, however long the text or one of its lines.

use memchr::{memchr_iter, memrchr};

use crate::engine::{Engine, Field};
use crate::identifier::Category;
use crate::scan::{self, AHEAD_BYTES, BEHIND_BYTES, Evidence, Raw, Scratch, characters};
use crate::shape::Proof;

/// What is scanned at a time, in bytes.
const BLOCK_BYTES: usize = 128 << 10;
/// How much of a text is held at a time, in bytes.
pub const BUFFER_BYTES: usize = BEHIND_BYTES + BLOCK_BYTES + AHEAD_BYTES;
/// Longest part of a value that is kept for whoever shows it, in bytes.
pub const SAMPLE_MAX_BYTES: usize = 256;

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Lines before it.
    pub line: u64,
    /// Characters before it in its line.
    pub column: u64,
    /// Characters before it in the text.
    pub offset: u64,
}

impl Place {
    /// Goes on behind `text`.
    pub fn advance(&mut self, text: &[u8]) {
        let count = characters(text) as u64;
        self.offset += count;
        match memrchr(b'\n', text) {
            Some(last) => {
                self.line += memchr_iter(b'\n', text).count() as u64;
                self.column = characters(&text[last + 1..]) as u64;
            }
            None => self.column += count,
        }
    }
}

/// A value that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match<'e> {
    /// The id of a managed identifier, or the name of a custom one.
    pub identifier: &'e str,
    /// Its category.
    pub category: Category,
    /// How sure, in percent.
    pub confidence: u8,
    /// Why it counts as genuine.
    pub proof: Proof,
    /// The keyword that speaks for it, and how many characters away; 0 for one in the field's name.
    pub keyword: Option<(&'e str, Option<usize>)>,
    /// The value; of long ones only the first [`SAMPLE_MAX_BYTES`].
    pub text: Vec<u8>,
    /// Where it begins.
    pub start: Place,
    /// Where it ends.
    pub end: Place,
}

/// A text that is being scanned.
pub struct TextScan<'e, 's> {
    engine: &'e Engine,
    scratch: &'s mut Scratch,
    field: Field,
    names: Vec<String>,
    buffer: Vec<u8>,
    block: usize,
    /// What begins before this place of the buffer is decided.
    scanned: usize,
    /// Where the buffer begins.
    origin: Place,
    /// Bytes before the buffer.
    before: u64,
    pending: Vec<Pending<'e>>,
    /// Where each custom identifier's last match ended, in bytes of the text.
    custom_resume: Vec<u64>,
    raw: Vec<Raw>,
}

/// A match whose rivals may not all be known yet, with its bytes in the text.
struct Pending<'e> {
    start: u64,
    end: u64,
    rank: (usize, u16),
    custom: bool,
    found: Match<'e>,
}

impl<'e, 's> TextScan<'e, 's> {
    /// Begins a text that lies in a field of these names, outermost first.
    pub fn new(
        engine: &'e Engine,
        scratch: &'s mut Scratch,
        field: &Field,
        names: &[&str],
    ) -> Self {
        Self {
            engine,
            scratch,
            field: field.clone(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            buffer: Vec::new(),
            block: BLOCK_BYTES,
            scanned: 0,
            origin: Place::default(),
            before: 0,
            pending: Vec::new(),
            custom_resume: vec![0; engine.custom.len()],
            raw: Vec::new(),
        }
    }

    /// Counts lines and characters from `origin` on, for the rest of a text whose beginning was read otherwise.
    pub fn starting_at(mut self, origin: Place) -> Self {
        self.origin = origin;
        self
    }

    /// Takes the next piece.
    pub fn feed(&mut self, mut piece: &[u8], sink: &mut dyn FnMut(Match<'e>)) {
        let full = BEHIND_BYTES + self.block + AHEAD_BYTES;
        while !piece.is_empty() {
            let room = full - self.buffer.len();
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.buffer.extend_from_slice(now);
            piece = later;
            if self.buffer.len() == full {
                self.scan_to(full - AHEAD_BYTES);
                self.decide(self.before + (self.scanned - BEHIND_BYTES) as u64, sink);
                self.shift();
            }
        }
    }

    /// Ends the text.
    pub fn finish(mut self, sink: &mut dyn FnMut(Match<'e>)) {
        self.scan_to(self.buffer.len());
        self.decide(u64::MAX, sink);
    }

    fn scan_to(&mut self, to: usize) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        scan::window(
            self.engine,
            self.scratch,
            &self.field,
            &buffer,
            self.scanned..to,
            self.before == 0,
            &mut raw,
        );
        raw.sort_by_key(|found| found.start);
        let mut at = 0;
        let mut place = self.origin;
        for found in &raw {
            place.advance(&buffer[at..found.start]);
            at = found.start;
            self.keep(&buffer, place, found.start, found.end, Some(found), None);
        }
        let names: Vec<String> = self.names.clone();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (index, custom) in self.engine.custom.iter().enumerate() {
            let mut resume = self.custom_resume[index].saturating_sub(self.before) as usize;
            let mut found = Vec::new();
            custom.matches(&buffer, &names, self.scanned..to, &mut resume, |start, end| {
                found.push((start, end))
            });
            self.custom_resume[index] = self.before + resume as u64;
            let (mut at, mut place) = (0, self.origin);
            for (start, end) in found {
                place.advance(&buffer[at..start]);
                at = start;
                self.keep(&buffer, place, start, end, None, Some(index));
            }
        }
        self.scanned = to;
        self.buffer = buffer;
        self.raw = raw;
    }

    fn keep(
        &mut self,
        buffer: &[u8],
        place: Place,
        start: usize,
        end: usize,
        raw: Option<&Raw>,
        custom: Option<usize>,
    ) {
        let text = &buffer[start..end];
        if self.engine.allow.iter().any(|list| list.allows(text)) {
            return;
        }
        let mut last = place;
        last.advance(text);
        let engine = self.engine;
        let (identifier, category, confidence, proof, keyword, rank) = match (raw, custom) {
            (Some(raw), _) => {
                let keyword = match raw.evidence {
                    Evidence::Nothing => None,
                    Evidence::Near(word, distance) => {
                        Some((engine.keywords.text(word), Some(distance)))
                    }
                    Evidence::Field(word) => Some((engine.keywords.text(word), None)),
                };
                (raw.id, raw.category, raw.confidence, raw.proof, keyword, raw.rank)
            }
            (None, Some(index)) => {
                let proof = Proof::Plausible("a custom expression");
                (engine.custom[index].name(), Category::CustomIdentifier, 100, proof, None, (0, 0))
            }
            (None, None) => return,
        };
        self.pending.push(Pending {
            start: self.before + start as u64,
            end: self.before + end as u64,
            rank,
            custom: custom.is_some(),
            found: Match {
                identifier,
                category,
                confidence,
                proof,
                keyword,
                text: text[..text.len().min(SAMPLE_MAX_BYTES)].to_vec(),
                start: place,
                end: last,
            },
        });
    }

    /// Weighs all matches that end before `horizon`, before which nothing new can begin, and hands out the winners.
    fn decide(&mut self, horizon: u64, sink: &mut dyn FnMut(Match<'e>)) {
        if self.pending.is_empty() {
            return;
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.sort_by_key(|found| (found.start, found.end));
        let mut group: Vec<Pending<'e>> = Vec::new();
        let mut end = 0;
        for found in pending {
            if found.start >= end && !group.is_empty() {
                settle(&mut group, end, horizon, &mut self.pending, sink);
            }
            end = end.max(found.end);
            group.push(found);
        }
        settle(&mut group, end, horizon, &mut self.pending, sink);
    }

    /// Drops what no decision looks back at any more.
    fn shift(&mut self) {
        let gone = self.scanned - BEHIND_BYTES;
        self.origin.advance(&self.buffer[..gone]);
        self.before += gone as u64;
        self.buffer.drain(..gone);
        self.scanned = BEHIND_BYTES;
    }
}

/// Hands out the winners of matches that overlap in a row, or keeps them all for later.
fn settle<'e>(
    group: &mut Vec<Pending<'e>>,
    end: u64,
    horizon: u64,
    later: &mut Vec<Pending<'e>>,
    sink: &mut dyn FnMut(Match<'e>),
) {
    if end > horizon {
        later.append(group);
        return;
    }
    // The surest first, then the longer, then the one with the longer keyword.
    group.sort_by(|a, b| {
        let key = |p: &Pending<'_>| (p.custom, p.found.confidence, p.end - p.start, p.rank);
        key(b).cmp(&key(a))
    });
    let mut winners: Vec<Pending<'e>> = Vec::new();
    for found in group.drain(..) {
        let beaten = |winner: &Pending<'_>| {
            let same = winner.custom == found.custom
                && (!found.custom || winner.found.identifier == found.found.identifier);
            same && winner.start < found.end && found.start < winner.end
        };
        if !winners.iter().any(beaten) {
            winners.push(found);
        }
    }
    winners.sort_by_key(|winner| (winner.start, winner.end));
    winners.into_iter().for_each(|winner| sink(winner.found));
}

impl Engine {
    /// Scans a short text, as [`Engine::scan`] does, at little cost where it holds nothing.
    pub fn scan_cell<'e>(
        &'e self,
        scratch: &mut Scratch,
        field: &Field,
        names: &[&str],
        text: &[u8],
        sink: &mut dyn FnMut(Match<'e>),
    ) {
        if text.len() <= BLOCK_BYTES && self.custom.is_empty() {
            let mut raw = Vec::new();
            scan::window(self, scratch, field, text, 0..text.len(), true, &mut raw);
            if raw.is_empty() {
                return;
            }
        }
        self.scan(scratch, field, names, text, sink);
    }

    /// Scans a text that is at hand as a whole, in a field of these names.
    pub fn scan<'e>(
        &'e self,
        scratch: &mut Scratch,
        field: &Field,
        names: &[&str],
        text: &[u8],
        sink: &mut dyn FnMut(Match<'e>),
    ) {
        let mut scan = TextScan::new(self, scratch, field, names);
        scan.feed(text, sink);
        scan.finish(sink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::custom::{CustomIdentifier, CustomSettings};
    use crate::engine::Settings;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        let custom = CustomSettings {
            name: "badge".into(),
            regex: r"B-\d{6}".into(),
            keywords: vec!["badge".into()],
            ..CustomSettings::default()
        };
        let custom = vec![CustomIdentifier::new(custom).unwrap()];
        Engine::new(Settings { custom, ..Settings::default() }).unwrap()
    });

    /// Values with their words, and noise.
    const PIECES: &[&str] = &[
        "my social security number is 536-90-4399 ",
        "card 4539 5787 6362 1486 cvv 123 exp 02/27 ",
        "Dear John Fitzgerald Smith,\n",
        "IBAN GB29 NWBK 6016 1331 9268 19 ",
        "born 1980-02-29 dob: 1980-02-29\n",
        "주민등록번호 900101-1234568 홍길동님 ",
        "서울특별시 강남구 테헤란로 123 (역삼동) ",
        "call +1 (212) 555-0147 or phone 212.555.0147 ",
        "jo.doe@example.com ",
        "386 Shane Harbors Apt. 505\nPort Lindachester, KY 58880\n",
        "aws_secret_access_key=kX9vQ2mZ8/T4wL6nB1cD7f+hJp3sYeUaR5tO0iPq\n",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl ",
        "badge number B-123456 ",
        "order 4539578763621486 ",
        "lorem ipsum dolor ",
        "2024-11-25T22:36:01.123Z INFO id=1234567 ",
        "550e8400-e29b-41d4-a716-446655440000 ",
        "통계 자료를 보면 ",
        "\n",
        "x",
        "é",
        "12345 ",
    ];

    fn scan(pieces: &[&[u8]], block: usize) -> Vec<Match<'static>> {
        let mut scratch = ENGINE.scratch();
        let mut scan = TextScan::new(&ENGINE, &mut scratch, &Field::default(), &[]);
        scan.block = block;
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| scan.feed(piece, &mut |m| out.push(m)));
        scan.finish(&mut |m| out.push(m));
        out.sort_by_key(|m| (m.start.offset, m.identifier));
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn however_a_text_is_cut_the_same_is_found(
            pieces in prop::collection::vec(prop::sample::select(PIECES), 200..900),
            cuts in prop::collection::vec(1_usize..9000, 1..20),
            block in 2048_usize..20_000,
        ) {
            let text = pieces.concat();
            let whole = scan(&[text.as_bytes()], BLOCK_BYTES);
            let mut rest = text.as_bytes();
            let mut parts = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (part, later) = rest.split_at((*cut).min(rest.len()));
                parts.push(part);
                rest = later;
            }
            prop_assert_eq!(&scan(&parts, BLOCK_BYTES), &whole);
            prop_assert_eq!(&scan(&parts, block), &whole);
        }
    }

    #[test]
    fn places_count_lines_and_characters() {
        let found = scan(&["é\n고객 번호 ssn 536-90-4399".as_bytes()], BLOCK_BYTES);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].start, Place { line: 1, column: 10, offset: 12 });
        assert_eq!(found[0].end, Place { line: 1, column: 21, offset: 23 });
    }

    #[test]
    fn a_place_has_one_winner() {
        let found = scan(&[b"tax id number and passport no 963545637"], BLOCK_BYTES);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn custom_identifiers_stand_beside_managed_ones() {
        let found = scan(&[b"badge B-123456 ssn 536-90-4399"], BLOCK_BYTES);
        let ids: Vec<_> = found.iter().map(|m| m.identifier).collect();
        assert_eq!(ids, ["badge", "USA_SOCIAL_SECURITY_NUMBER"]);
    }
}
