//! Judging candidates: whether a value's neighbours let it be one, what its check says, which words speak for it or for
//! something else.

use crate::catalog::name::{Name, Strength};
use crate::identifier::Category;
use crate::keyword::{DISTANCE_CHARS, KeywordSet, WINDOW_BYTES};
use crate::scan::{Evidence, Raw, Walk, characters, compact};
use crate::shape::{Proof, Shape, Value};

/// How near a word must stand to make a name of two capitalised words, in characters.
const NAME_CHARS: usize = 4;

impl Walk<'_> {
    pub fn judge(&mut self, shape: &Shape, index: usize, start: usize, end: usize) {
        let raw = &self.text[start..end];
        let Some(compact) = compact(raw) else { return };
        let Some(verdict) = (shape.check)(&Value { raw, compact: compact.as_slice() }) else {
            return;
        };
        let words = &self.engine.shape_words[index];
        let (evidence, refused) = self.evidence(words, start, end);
        let (id, confidence) = match (evidence, verdict.alone, verdict.proof) {
            (Evidence::Nothing, Some(id), Proof::Checked(_)) if !refused => (id, 85),
            (Evidence::Nothing, Some(id), _) if !refused => (id, 70),
            (Evidence::Nothing, ..) => return,
            (_, _, proof) => {
                let confidence = match proof {
                    Proof::Checked(_) => 99,
                    Proof::Plausible(_) => 90,
                    Proof::Form => 75,
                };
                (verdict.id.unwrap_or(shape.id), confidence)
            }
        };
        if self.engine.wants(id) {
            let length = match evidence {
                Evidence::Near(word, _) | Evidence::Field(word) => {
                    self.engine.keywords.text(word).len()
                }
                Evidence::Nothing => 0,
            };
            self.out.push(Raw {
                start,
                end,
                id,
                category: shape.category,
                proof: verdict.proof,
                evidence,
                confidence,
                rank: (length, u16::MAX - index as u16),
            });
        }
    }

    /// The nearest keyword of `words`, unless a word for something else stands nearer; and whether such a word stands there.
    fn evidence(&mut self, words: &KeywordSet, start: usize, end: usize) -> (Evidence, bool) {
        let near = self.nearest(words, start, end, DISTANCE_CHARS);
        let other = self.nearest(&self.engine.other_numbers, start, start, DISTANCE_CHARS);
        let refused = match (near, other) {
            (Some((_, near)), Some((_, other))) => other < near,
            (None, Some(_)) => true,
            _ => false,
        };
        match near {
            Some((word, distance)) if !refused => (Evidence::Near(word, distance), false),
            _ if refused => (Evidence::Nothing, true),
            _ => match self
                .field
                .words
                .common(words)
                .max_by_key(|word| self.engine.keywords.text(*word).len())
            {
                Some(word) => (Evidence::Field(word), false),
                None => (Evidence::Nothing, self.field.other),
            },
        }
    }

    /// The keyword of `words` that is nearest to `start..end`, at most `most` characters away.
    fn nearest(
        &mut self,
        words: &KeywordSet,
        start: usize,
        end: usize,
        most: usize,
    ) -> Option<(usize, usize)> {
        let text = self.text;
        let (from, to) = (start.saturating_sub(WINDOW_BYTES), text.len().min(end + WINDOW_BYTES));
        self.scratch.hits.ensure(&self.engine.keywords, text, from, to);
        let mut best: Option<(usize, usize)> = None;
        for hit in self.scratch.hits.between(from, to).filter(|hit| words.contains(hit.word)) {
            let gap = if hit.end <= start {
                hit.end..start
            } else if hit.start >= end && end > start {
                end..hit.start
            } else {
                continue;
            };
            let distance = characters(&text[gap]);
            let longer = |word: usize| {
                self.engine.keywords.text(word).len() < self.engine.keywords.text(hit.word).len()
            };
            if distance <= most
                && best.is_none_or(|(word, nearest)| {
                    distance < nearest || (distance == nearest && longer(word))
                })
            {
                best = Some((hit.word, distance));
            }
        }
        best
    }

    pub fn name(&mut self, name: &Name, id: &'static str) {
        if !self.engine.wants(id) {
            return;
        }
        let words =
            if id == "NAME" { &self.engine.name_words } else { &self.engine.korean_name_words };
        let near = self.nearest(words, name.start, name.start, NAME_CHARS);
        let other = self.nearest(&self.engine.other_names, name.start, name.start, NAME_CHARS);
        let refused = match (near, other) {
            (Some((_, near)), Some((_, other))) => other <= near,
            (None, Some(_)) => true,
            (_, None) => near.is_none() && self.field.other_name,
        };
        let field = self.field.words.common(words).next().filter(|_| self.field.named);
        let evidence = match (near, field) {
            _ if refused => return,
            (Some((word, distance)), _) => Evidence::Near(word, distance),
            (None, Some(word)) => Evidence::Field(word),
            (None, None) => Evidence::Nothing,
        };
        let confidence = match (name.strength, evidence) {
            (Strength::Sure, Evidence::Nothing) => 80,
            (Strength::Known, Evidence::Nothing) => 65,
            (Strength::Needy, Evidence::Nothing) => return,
            (Strength::Needy, _) => 70,
            _ => 90,
        };
        self.out.push(Raw {
            start: name.start,
            end: name.end,
            id,
            category: Category::PersonalInformation,
            proof: match name.strength {
                Strength::Needy => Proof::Form,
                Strength::Known => Proof::Plausible("a given name that is known"),
                Strength::Sure => Proof::Plausible("known names, or a title"),
            },
            evidence,
            confidence,
            rank: (0, 0),
        });
    }
}

/// Whether what stands before lets a value begin.
pub(crate) fn bounded_before(text: &[u8], start: usize) -> bool {
    start == 0 || !(text[start - 1].is_ascii_alphanumeric() && text[start].is_ascii_alphanumeric())
}

/// Whether what stands after lets a value end: it is not the beginning of something longer.
pub(crate) fn bounded_after(text: &[u8], start: usize, end: usize) -> bool {
    let at = |i: usize| text.get(i).copied().unwrap_or(b' ');
    match at(end) {
        byte if byte.is_ascii_alphanumeric() => false,
        b'_' | b'@' | b'=' => false,
        b'-' => !at(end + 1).is_ascii_alphanumeric(),
        b'.' | b',' => !at(end + 1).is_ascii_digit(),
        b'/' => !at(end + 1).is_ascii_digit() && !text[start..end].contains(&b'/'),
        b'+' => !at(end + 1).is_ascii_alphanumeric(),
        b':' => !at(end + 1).is_ascii_digit(),
        _ => true,
    }
}
