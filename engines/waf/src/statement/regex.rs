//! Regular expressions: AWS permits of PCRE what an automaton can do, which is what this engine runs, in time linear in the text. Patterns
//! are about bytes; `\w`, `\d` and case are ASCII. A pattern carries the literals of which one stands in every match, so that it runs only where one was
//! found.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-regex-pattern-support.html>

use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::field::SEPARATOR;

/// Memory for the automaton of one pattern, in bytes: what bounds `(a{1000}){1000}`.
pub const AUTOMATON_BYTES_MAX: usize = 1 << 20;
/// Nesting of groups in a pattern.
const DEPTH_MAX: u32 = 64;
/// Literals that are looked for on behalf of one pattern; more are not worth it.
const LITERALS_MAX: usize = 32;
/// Shorter literals stand everywhere.
const LITERAL_BYTES_MIN: usize = 2;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub regex: Regex,
    /// In lower case; one of them stands in every match, in any case. Nothing if there are none.
    pub required: Vec<Vec<u8>>,
}

impl Pattern {
    /// Compiles a pattern, or says why it is none.
    pub(crate) fn compile(pattern: &str) -> Result<Self, String> {
        let config = syntax::Config::new().unicode(false).utf8(false).nest_limit(DEPTH_MAX);
        let hir = syntax::parse_with(pattern, &config).map_err(|error| error.to_string())?;
        let limits = Regex::config()
            .utf8_empty(false)
            .nfa_size_limit(Some(AUTOMATON_BYTES_MAX))
            .hybrid_cache_capacity(AUTOMATON_BYTES_MAX);
        let regex = Regex::builder().configure(limits).build_from_hir(&hir);
        let regex = regex.map_err(|error| match error.size_limit() {
            Some(limit) => format!("the pattern needs more than {limit} bytes"),
            None => error.to_string(),
        })?;
        let required = required(&hir).unwrap_or_default();
        let usable =
            required.iter().all(|l| l.len() >= LITERAL_BYTES_MIN && !l.contains(&SEPARATOR));
        Ok(Self { regex, required: if usable { required } else { Vec::new() } })
    }
}

/// Literals of which one stands in every match.
fn required(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(_) | HirKind::Class(_) => exact(hir),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(required).collect();
            Some(parts?.concat()).filter(|all| all.len() <= LITERALS_MAX)
        }
        HirKind::Concat(parts) => in_sequence(parts),
        _ => None,
    }
}

/// The best of what the parts of a sequence require: runs of parts that are finite texts count as one.
fn in_sequence(parts: &[Hir]) -> Option<Vec<Vec<u8>>> {
    let mut candidates = Vec::new();
    let mut run = vec![Vec::new()];
    for part in parts {
        match exact(part).map(|texts| product(&run, &texts)).filter(|all| all.len() <= LITERALS_MAX)
        {
            Some(longer) => run = longer,
            None => {
                candidates.push(std::mem::replace(&mut run, vec![Vec::new()]));
                match exact(part) {
                    Some(texts) => run = texts,
                    None => candidates.extend(required(part)),
                }
            }
        }
    }
    candidates.push(run);
    let shortest = |texts: &Vec<Vec<u8>>| texts.iter().map(Vec::len).min().unwrap_or(0);
    let best =
        candidates.into_iter().max_by_key(|texts| (shortest(texts), usize::MAX - texts.len()))?;
    (shortest(&best) > 0).then_some(best)
}

/// All texts that a part can be, in lower case, if they are few.
fn exact(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Class(Class::Bytes(class)) => {
            let bytes = class.ranges().iter().flat_map(|range| range.start()..=range.end());
            let mut texts: Vec<_> = bytes.map(|byte| vec![byte.to_ascii_lowercase()]).collect();
            texts.sort_unstable();
            texts.dedup();
            (texts.len() <= 4).then_some(texts)
        }
        HirKind::Repetition(repetition)
            if repetition.max == Some(repetition.min) && repetition.min <= 4 =>
        {
            let texts = exact(&repetition.sub)?;
            (0..repetition.min).try_fold(vec![Vec::new()], |all, _| {
                Some(product(&all, &texts)).filter(|all| all.len() <= LITERALS_MAX)
            })
        }
        HirKind::Alternation(parts) => {
            let parts: Option<Vec<_>> = parts.iter().map(exact).collect();
            Some(parts?.concat()).filter(|all| all.len() <= LITERALS_MAX)
        }
        HirKind::Concat(parts) => parts.iter().try_fold(vec![Vec::new()], |all, part| {
            Some(product(&all, &exact(part)?)).filter(|all| all.len() <= LITERALS_MAX)
        }),
        _ => None,
    }
}

fn product(firsts: &[Vec<u8>], seconds: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let pairs = firsts.iter().flat_map(|first| seconds.iter().map(move |second| (first, second)));
    pairs.map(|(first, second)| [first.as_slice(), second].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literals(pattern: &str) -> Vec<String> {
        let mut all = Pattern::compile(pattern).expect("valid").required;
        all.sort();
        all.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect()
    }

    #[test]
    fn literals_of_which_one_stands_in_every_match() {
        assert_eq!(literals("abc"), ["abc"]);
        assert_eq!(literals("(?i)\\$\\{jndi:(ldap|rmi)"), ["${jndi:ldap", "${jndi:rmi"]);
        assert_eq!(literals("a+xyz.*q"), ["xyz"]);
        assert_eq!(literals("(foo|bar)\\d+"), ["bar", "foo"]);
        assert_eq!(literals("(?:foo)?bar"), ["bar"]);
        assert_eq!(literals("^[\\w]+$"), Vec::<String>::new());
        assert_eq!(literals("foo|b"), Vec::<String>::new());
        assert_eq!(literals("x?"), Vec::<String>::new());
    }

    #[test]
    fn bytes_and_ascii() {
        let matches =
            |pattern, text: &[u8]| Pattern::compile(pattern).expect("valid").regex.is_match(text);
        assert!(matches("(?i)SELECT", b"select"));
        assert!(matches("a.b", b"a\xffb"));
        assert!(matches("가", "가".as_bytes()));
        assert!(!matches("^\\w$", "é".as_bytes()));
    }

    #[test]
    fn what_aws_does_not_support_either() {
        for bad in ["(a)\\1", "(?=a)", "(?<!a)b", "(?>a)", "a\\K", "(", "[z-a]"] {
            assert!(Pattern::compile(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bombs_are_refused_at_once() {
        for bomb in
            ["(a{1000}){1000}", "((a{100}){100}){100}", "(\\w{500}|x{500}){500}", &"(".repeat(200)]
        {
            assert!(Pattern::compile(bomb).is_err(), "{bomb}");
        }
        let text = vec![b'a'; 65_536];
        assert!(!Pattern::compile("^(a+)+$b").expect("valid").regex.is_match(&text));
    }
}
