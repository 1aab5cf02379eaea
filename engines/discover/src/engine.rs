//! The compiled detectors. An engine is made once, is immutable and serves any number of threads; each brings a
//! [`Scratch`] of its own.

use std::collections::HashSet;

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, MatchKind};
use regex_automata::hybrid::dfa::DFA;
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;

use crate::allow::AllowList;
use crate::anchor::{Found, Near};
use crate::catalog::{self, address, korean_name, name, short};
use crate::custom::CustomIdentifier;
use crate::error::Error;
use crate::keyword::{Builder as KeywordBuilder, KeywordSet, Keywords};
use crate::scan::{self, Scratch};
use crate::shape::Shape;

/// How much memory the lazy automaton of one thread may take, in bytes.
const FORMS_CACHE_BYTES: usize = 16 << 20;

/// Everything that is looked for, compiled.
pub struct Engine {
    pub(crate) shapes: Vec<&'static Shape>,
    pub(crate) shape_words: Vec<KeywordSet>,
    /// Shapes from here on are judged near wake words and in named fields only.
    pub(crate) short_from: usize,
    pub(crate) forms: DFA,
    pub(crate) literals: Vec<Literals>,
    literal_uses: Vec<LiteralUse>,
    pub(crate) provinces: Vec<(&'static str, Judge)>,
    pub(crate) keywords: Keywords,
    short_words: KeywordSet,
    pub(crate) other_numbers: KeywordSet,
    pub(crate) name_words: KeywordSet,
    pub(crate) korean_name_words: KeywordSet,
    pub(crate) other_names: KeywordSet,
    pub(crate) lexicon: name::Lexicon,
    pub(crate) addresses: address::Forms,
    pub(crate) custom: Vec<CustomIdentifier>,
    pub(crate) allow: Vec<AllowList>,
    wanted: Option<HashSet<&'static str>>,
}

pub(crate) type Judge = fn(&Near<'_>) -> Option<Found>;

/// What a literal is for.
#[derive(Clone, Copy)]
pub(crate) enum LiteralUse {
    /// The short detectors are awake around it.
    Wake,
    /// A detector of its own.
    Judge(Judge, &'static str),
}

/// What a field's name says about its values: a column, the keys on the way to a JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    pub(crate) words: KeywordSet,
    /// A keyword of a short detector is among them.
    pub(crate) awake: bool,
    /// It holds persons' names.
    pub(crate) named: bool,
    /// It holds names, but not of persons.
    pub(crate) other_name: bool,
    /// It holds numbers of something else.
    pub(crate) other: bool,
}

/// Which of the managed identifiers are used, as a classification job selects them.
#[derive(Clone, Debug, Default)]
pub enum Selection {
    /// All.
    #[default]
    All,
    /// Only those of these ids.
    Include(Vec<String>),
    /// All but those of these ids.
    Exclude(Vec<String>),
    /// None: only custom identifiers.
    None,
}

/// What an engine is made of.
#[derive(Default)]
pub struct Settings {
    /// The managed identifiers.
    pub managed: Selection,
    /// Custom identifiers, reported beside the managed ones.
    pub custom: Vec<CustomIdentifier>,
    /// What is not reported though it matches.
    pub allow: Vec<AllowList>,
}

impl Engine {
    /// Compiles the detectors.
    ///
    /// # Errors
    /// [`Error::UnknownIdentifier`] when the selection names none of the table.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let wanted = select(&settings.managed)?;
        let mut shapes: Vec<_> = catalog::shapes().collect();
        let short: Vec<_> = short::SHAPES.iter().map(|shape| shape.pattern).collect();
        shapes.sort_by_key(|shape| short.contains(&shape.pattern));
        let short_from = shapes.len() - short.len();

        let mut words = KeywordBuilder::default();
        let shape_words: Vec<_> = shapes.iter().map(|shape| words.add(shape.keywords)).collect();
        let mut short_words = KeywordSet::default();
        shape_words[short_from..].iter().for_each(|set| short_words.extend(set));
        let other_numbers = words.add(catalog::OTHER_NUMBERS);
        let name_words = words.add(name::WORDS);
        let korean_name_words = words.add(korean_name::WORDS);
        let other_names = words.add(name::OTHER_WORDS);

        let patterns: Vec<_> = shapes.iter().map(|shape| shape.pattern).collect();
        let forms = DFA::builder()
            .configure(
                DFA::config()
                    .match_kind(regex_automata::MatchKind::All)
                    .cache_capacity(FORMS_CACHE_BYTES)
                    .skip_cache_capacity_check(true),
            )
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .thompson(thompson::Config::new().utf8(false))
            .build_many(&patterns)
            .map_err(|error| Error::Build(error.to_string()))?;

        let (literals, literal_uses, provinces) = compile_literals()?;
        Ok(Self {
            shapes,
            shape_words,
            short_from,
            forms,
            literals,
            literal_uses,
            provinces,
            keywords: words.build().map_err(|error| Error::Build(error.to_string()))?,
            short_words,
            other_numbers,
            name_words,
            korean_name_words,
            other_names,
            lexicon: name::Lexicon::new(),
            addresses: address::Forms::new().map_err(|error| Error::Build(error.to_string()))?,
            custom: settings.custom,
            allow: settings.allow,
            wanted,
        })
    }

    /// Room for one thread to scan in.
    pub fn scratch(&self) -> Scratch {
        Scratch::new(&self.forms)
    }

    /// What the names of a field say, outermost first.
    pub fn field<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Field {
        let mut words = KeywordSet::default();
        names.into_iter().for_each(|name| words.extend(&self.keywords.in_name(name)));
        self.field_of(words)
    }

    /// What the names of a field say that lies inside another.
    pub fn within(&self, outer: &Field, inner: &Field) -> Field {
        let mut words = outer.words.clone();
        words.extend(&inner.words);
        // What a customer's record holds is not all names.
        Field { named: inner.named, other_name: inner.other_name, ..self.field_of(words) }
    }

    fn field_of(&self, words: KeywordSet) -> Field {
        let any = |set: &KeywordSet| words.common(set).next().is_some();
        let other_name = any(&self.other_names);
        Field {
            awake: scan::wakes(&words, &self.short_words),
            named: (any(&self.name_words) || any(&self.korean_name_words)) && !other_name,
            other_name,
            other: any(&self.other_numbers),
            words,
        }
    }

    /// Whether an identifier is selected.
    pub(crate) fn wants(&self, id: &'static str) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(id))
    }

    pub(crate) fn literal_uses(&self, literal: usize) -> LiteralUse {
        self.literal_uses[literal]
    }
}

fn select(selection: &Selection) -> Result<Option<HashSet<&'static str>>, Error> {
    let known: Vec<_> = catalog::identifiers().iter().map(|identifier| identifier.id).collect();
    let find = |id: &String| {
        let found = known.iter().find(|known| *known == id).copied();
        found.ok_or_else(|| Error::UnknownIdentifier(id.clone()))
    };
    Ok(match selection {
        Selection::All => None,
        Selection::None => Some(HashSet::new()),
        Selection::Include(ids) => Some(ids.iter().map(find).collect::<Result<_, _>>()?),
        Selection::Exclude(ids) => {
            let out: HashSet<_> = ids.iter().map(find).collect::<Result<_, _>>()?;
            Some(known.iter().copied().filter(|id| !out.contains(id)).collect())
        }
    })
}

/// A searcher for some of the literals; numbers are counted over all searchers.
pub(crate) struct Literals {
    first: usize,
    search: Search,
}

enum Search {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

impl Literals {
    /// Calls `found` with the place and number of each literal.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut hit = |at: usize, number: usize| found(at, self.first + number);
        match &self.search {
            Search::Packed(search) => {
                search.find_iter(text).for_each(|m| hit(m.start(), m.pattern().as_usize()));
            }
            Search::Automaton(search) => {
                search.find_iter(text).for_each(|m| hit(m.start(), m.pattern().as_usize()));
            }
        }
    }
}

type CompiledLiterals = (Vec<Literals>, Vec<LiteralUse>, Vec<(&'static str, Judge)>);

/// Literals in groups that a packed search takes; those in Hangul are found by the walk.
fn compile_literals() -> Result<CompiledLiterals, Error> {
    let mut judged = Vec::new();
    let mut provinces = Vec::new();
    for anchor in catalog::anchors() {
        for literal in anchor.literals {
            let list = if literal.is_ascii() { &mut judged } else { &mut provinces };
            list.push((*literal, anchor.judge));
        }
    }
    let mut uses = Vec::new();
    let mut literals = Vec::new();
    let mut add = |group: &[(&'static str, LiteralUse)]| {
        let texts = group.iter().map(|(literal, _)| *literal);
        let search = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(texts.clone())
            .build();
        let search = match search {
            Some(search) => Search::Packed(search),
            None => Search::Automaton(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(texts)
                    .map_err(|error| Error::Build(error.to_string()))?,
            ),
        };
        literals.push(Literals { first: uses.len(), search });
        uses.extend(group.iter().map(|(_, r#use)| *r#use));
        Ok::<_, Error>(())
    };
    let judged: Vec<_> =
        judged.into_iter().map(|(l, judge)| (l, LiteralUse::Judge(judge, l))).collect();
    let wakes: Vec<_> = scan::WAKE.iter().map(|literal| (*literal, LiteralUse::Wake)).collect();
    for group in [judged, wakes] {
        for part in group.chunks(32) {
            add(part)?;
        }
    }
    Ok((literals, uses, provinces))
}
