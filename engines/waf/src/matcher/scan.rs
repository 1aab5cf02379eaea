//! One scan for the literals of all statements about a field: an automaton that ignores ASCII case, so that it serves byte matches,
//! whose case is checked where they are found, and patterns, which run there.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use crate::field::Texts;
use crate::statement::byte_match::is_word;

/// Literal bytes up to which the automaton is a table with one step a byte; beyond, it is smaller and slower.
const TABLE_BYTES_MAX: usize = 32 << 10;

/// What a literal must be for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    /// A byte match: as it stands, perhaps as a word.
    Bytes { bytes: Vec<u8>, word: bool },
    /// A pattern, in lower case.
    Pattern(Vec<u8>),
}

impl Literal {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Bytes { bytes, .. } | Self::Pattern(bytes) => bytes,
        }
    }
}

/// The literals of one field.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    literals: Vec<Literal>,
    automaton: Option<AhoCorasick>,
}

/// What a scan found, sorted by literal: the piece and the place in the buffer. A byte match is told once, a pattern once a piece.
#[derive(Debug, Default)]
pub(super) struct Hits(Vec<Hit>);

#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub literal: u32,
    pub piece: u32,
    pub at: u32,
}

impl Scanner {
    /// Adds a literal, or finds it if it is there.
    pub fn add(&mut self, literal: Literal) -> u32 {
        let place = self.literals.iter().position(|own| *own == literal);
        place.unwrap_or_else(|| {
            self.literals.push(literal);
            self.literals.len() - 1
        }) as u32
    }

    /// Builds the automaton. Without one (too many literals for it) everything would have to be searched, so that is an error.
    pub fn build(&mut self) -> Result<(), aho_corasick::BuildError> {
        if self.literals.is_empty() {
            return Ok(());
        }
        let total: usize = self.literals.iter().map(|l| l.bytes().len()).sum();
        let table = total <= TABLE_BYTES_MAX;
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .kind(table.then_some(AhoCorasickKind::DFA))
            .build(self.literals.iter().map(Literal::bytes))?;
        self.automaton = Some(automaton);
        Ok(())
    }

    pub fn scan(&self, texts: &Texts<'_>) -> Hits {
        let mut hits = Hits::default();
        let Some(automaton) = &self.automaton else { return hits };
        let buffer = texts.bytes();
        let mut last = vec![u32::MAX; self.literals.len()];
        for found in automaton.find_overlapping_iter(buffer) {
            let id = found.pattern().as_usize();
            let literal = &self.literals[id];
            let piece = match literal {
                Literal::Bytes { .. } if last[id] != u32::MAX => continue,
                _ => texts.piece_at(found.start()),
            };
            if let Literal::Bytes { bytes, word } = literal {
                let start = texts.pieces()[piece].start;
                let as_it_stands = buffer[found.range()] == **bytes;
                let in_piece = found.start() - start;
                if !as_it_stands || (*word && !is_word(texts.piece(piece), in_piece, bytes.len())) {
                    continue;
                }
            } else if last[id] == piece as u32 {
                continue;
            }
            last[id] = piece as u32;
            hits.0.push(Hit { literal: id as u32, piece: piece as u32, at: found.start() as u32 });
        }
        hits.0.sort_by_key(|hit| hit.literal);
        hits
    }
}

impl Hits {
    /// Where a literal was first found.
    pub fn first(&self, literal: u32) -> Option<Hit> {
        self.of(literal).first().copied()
    }

    /// The pieces in which any of these literals was found, each once.
    pub fn pieces(&self, literals: &[u32]) -> Vec<u32> {
        let hits = literals.iter().flat_map(|literal| self.of(*literal));
        let mut pieces: Vec<u32> = hits.map(|hit| hit.piece).collect();
        pieces.sort_unstable();
        pieces.dedup();
        pieces
    }

    fn of(&self, literal: u32) -> &[Hit] {
        let start = self.0.partition_point(|hit| hit.literal < literal);
        let end = start + self.0[start..].partition_point(|hit| hit.literal == literal);
        &self.0[start..end]
    }
}
