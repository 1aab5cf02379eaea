//! Postal addresses. A postal code in the form of a country starts the search; the street with its number and the place
//! must stand beside it, as each country writes them. Korean addresses start from the names of the provinces.

use regex::bytes::{Regex, RegexBuilder};

use crate::anchor::{Anchor, Found, Near, run};
use crate::identifier::Category;
use crate::shape::Proof;

/// How far before a postal code an address may begin, and how far after it end, in bytes.
const BEFORE_BYTES: usize = 160;
const AFTER_BYTES: usize = 64;
/// Longest Korean address that is looked at, in bytes.
const KOREAN_MAX_BYTES: usize = 200;

/// The identifiers that are reported from here.
pub(crate) const IDS: &[&str] = &["ADDRESS", "KOREA_ADDRESS"];

/// The forms, compiled.
pub(crate) struct Forms {
    /// Code first in the group `zip`, for each kind of code.
    five: Vec<Regex>,
    four: Vec<Regex>,
    canada: Regex,
    uk: Regex,
}

/// A word of a street's or a place's name.
const WORD: &str = r"(?:[A-Z\u{C0}-\u{DE}][\p{L}'’.-]*|[a-z]{1,3}|\d{1,3}(?:st|nd|rd|th)?)";

impl Forms {
    pub fn new() -> Result<Self, regex::Error> {
        let words = format!("{WORD}(?: {WORD}){{0,4}}");
        let place = r"[A-Z\u{C0}-\u{DE}][\p{L}'’.-]+(?:[ -][\p{L}'’.-]+){0,4}";
        let flat = r"(?:,? ?(?:Apt|Suite|Ste|Unit|Flat|Studio|Piso|Piano|Appartamento|Puerta|Apto|#)\.? ?\w{1,5})?";
        let gap = r"(?:\s*,\s*|\s*\r?\n\s*|\\n| {1,3})";
        let compile = |pattern: String| RegexBuilder::new(&pattern).size_limit(1 << 22).build();
        let states = "A[AEKLPRZ]|C[AOT]|D[CE]|FL|FM|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|P[AWR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]";
        let french = r"(?:\d{1,4}(?: ?(?:bis|ter))?,? )?(?:rue|avenue|boulevard|chemin|place|impasse|allée|allee|quai|route|cours|square|passage|Rue|Avenue|Boulevard|Chemin|Place|Impasse|Allée|Quai|Route)";
        let italian = r"(?:Via|Viale|Piazza|Piazzale|Corso|Vicolo|Strada|Largo|Stretto|Canale|Rotonda|Incrocio|Borgo|Contrada)";
        let spanish = r"(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Ronda|Camino|Carretera|Pasaje|Pasadizo|Callejón|Rambla|Glorieta|Alameda|Acceso|Cuesta|Vial|Via|Urbanización|Cañada)";
        Ok(Self {
            five: vec![
                compile(format!(
                    r"\d{{1,6}} {words}{flat}{gap}{place},? (?:{states}) (?P<zip>\d{{5}})(?:-\d{{4}})?"
                ))?,
                compile(format!(
                    r"(?:PSC|Unit|USNS|USNV|USCGC|USS) [\w, ]{{2,30}}{gap}[ADF]PO A[AEP] (?P<zip>\d{{5}})"
                ))?,
                compile(format!(
                    r"[A-Z\u{{C4}}\u{{D6}}\u{{DC}}][\p{{L}}.-]+(?: [\p{{L}}.-]+){{0,3}} \d{{1,4}}(?: ?[a-z]|/\d{{1,3}}|-\d{{1,3}})?{gap}(?P<zip>\d{{5}}) {place}"
                ))?,
                compile(format!(r"{french} [\p{{L}}'’ -]{{3,40}}{gap}(?P<zip>\d{{5}}),? {place}"))?,
                compile(format!(
                    r"{italian} [\p{{L}}'’. -]{{2,40}},? \d{{1,4}}(?:/[A-Za-z])?{flat}{gap}(?P<zip>\d{{5}}),? {place}(?:,? \([A-Z]{{2}}\))?"
                ))?,
                compile(format!(
                    r"{spanish} [\p{{L}}'’. ºª-]{{2,40}},? ?\d{{1,4}}{flat} ?{gap}(?:{place},? ?)?(?P<zip>\d{{5}})(?:,? {place})?"
                ))?,
            ],
            four: vec![compile(format!(
                r"(?:(?:Unit|Flat|Apt\.?|Suite|Level) \d{{1,4}}[ ,\n/]+|\d{{1,3}}/)?\d{{1,5}} {words}{gap}{place},? (?:ACT|NSW|NT|QLD|SA|TAS|VIC|WA),? (?P<zip>\d{{4}})"
            ))?],
            canada: compile(format!(
                r"\d{{1,6}} {words}{flat}{gap}{place},? (?:AB|BC|MB|NB|NL|NS|NT|NU|ON|PE|QC|SK|YT),? (?P<zip>[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d)"
            ))?,
            uk: compile(format!(
                r"(?:(?:Flat|Studio|Unit|Apartment) \w{{1,4}}{gap})?(?:\d{{1,4}}[A-Za-z]? )?{words}{gap}(?:{place}{gap})?{place}{gap}(?P<zip>[A-Z]{{1,2}}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{{2}})"
            ))?,
        })
    }

    /// The address with a postal code whose first digit is in the token `start..end`.
    pub fn address(&self, text: &[u8], start: usize, end: usize) -> Option<Found> {
        let token = &text[start..end];
        let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
        let forms: &[Regex] = match (token.len(), digits) {
            (5, 5) => &self.five,
            (4, 4) => &self.four,
            (3 | 6, 1 | 3) if token[0].is_ascii_uppercase() && canadian(text, start) => {
                std::slice::from_ref(&self.canada)
            }
            (2..=7, 1..=3) if british(text, start) => std::slice::from_ref(&self.uk),
            _ => return None,
        };
        // A place is written before or after with a capital: cheaper to see than to search.
        let window = start.saturating_sub(BEFORE_BYTES)..text.len().min(end + AFTER_BYTES);
        let window_start =
            (window.start..start).find(|at| text[*at] & 0xC0 != 0x80).unwrap_or(start);
        let before = &text[window_start..start];
        let capital = before.iter().any(u8::is_ascii_uppercase);
        let beside = before.ends_with(b" ")
            || before.ends_with(b"\n")
            || before.ends_with(b",")
            || before.ends_with(b"\\n");
        if !capital || !beside {
            return None;
        }
        let window = &text[window_start..window.end];
        let found = forms.iter().filter_map(|form| {
            let captures = form.captures_iter(window).find(|captures| {
                captures.name("zip").is_some_and(|zip| window_start + zip.start() == start)
            })?;
            let whole = captures.get(0)?;
            Some(Found {
                start: window_start + whole.start(),
                end: window_start + whole.end(),
                id: "ADDRESS",
                category: Category::PersonalInformation,
                proof: Proof::Plausible("a street, a place and its postal code"),
                confidence: 95,
            })
        });
        found.max_by_key(|found| found.end - found.start)
    }
}

/// Whether a Canadian postal code stands here.
fn canadian(text: &[u8], at: usize) -> bool {
    let form = |code: &[u8]| {
        code.iter()
            .enumerate()
            .all(|(i, b)| if i % 2 == 0 { b.is_ascii_uppercase() } else { b.is_ascii_digit() })
    };
    let rest = &text[at..text.len().min(at + 7)];
    match rest {
        [a, b, c, b' ', d, e, f] => form(&[*a, *b, *c, *d, *e, *f]),
        [a, b, c, d, e, f, ..] => form(&[*a, *b, *c, *d, *e, *f]),
        _ => false,
    }
}

/// Whether a British postcode stands here: area, district, then a digit and two letters.
fn british(text: &[u8], at: usize) -> bool {
    let rest = &text[at..text.len().min(at + 9)];
    let letters = run(rest, |byte| byte.is_ascii_uppercase());
    let outward = run(rest, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let inward = match rest.get(outward) {
        Some(b' ') => rest.get(outward + 1..outward + 4),
        _ => outward.checked_sub(3).and_then(|from| rest.get(from..outward)),
    };
    let close = |code: &[u8]| matches!(code, [d, a, b] if d.is_ascii_digit() && a.is_ascii_uppercase() && b.is_ascii_uppercase());
    matches!(letters, 1 | 2) && inward.is_some_and(close)
}

pub(crate) const ANCHORS: &[Anchor] = &[Anchor {
    literals: &[
        "서울특별시",
        "부산광역시",
        "대구광역시",
        "인천광역시",
        "광주광역시",
        "대전광역시",
        "울산광역시",
        "세종특별자치시",
        "경기도",
        "강원도",
        "강원특별자치도",
        "충청북도",
        "충청남도",
        "전라북도",
        "전북특별자치도",
        "전라남도",
        "경상북도",
        "경상남도",
        "제주특별자치도",
        "서울시",
        "부산시",
        "대구시",
        "인천시",
        "광주시",
        "대전시",
        "울산시",
        "서울 ",
        "부산 ",
        "대구 ",
        "인천 ",
        "대전 ",
        "울산 ",
        "경기 ",
        "강원 ",
        "충북 ",
        "충남 ",
        "전북 ",
        "전남 ",
        "경북 ",
        "경남 ",
        "제주 ",
    ],
    judge: korean,
}];

/// Province, then districts (시, 군, 구), then a road or a neighbourhood and its number.
fn korean(near: &Near<'_>) -> Option<Found> {
    let inside = |byte: Option<u8>| byte.is_some_and(|byte| byte >= 0x80);
    if inside(near.before()) {
        return None;
    }
    let window = near.ahead(KOREAN_MAX_BYTES);
    let valid = std::str::from_utf8(window).map_or_else(|e| e.valid_up_to(), str::len);
    let text = std::str::from_utf8(&window[..valid]).unwrap_or_default();
    let mut end = 0;
    let mut district = near.literal.starts_with("세종");
    let mut street = false;
    let mut numbered = false;
    for (i, word) in text.split([' ', '\u{a0}']).enumerate() {
        let offset = word.as_ptr() as usize - text.as_ptr() as usize;
        let bare = word.trim_end_matches([',', '.']);
        let number = bare.chars().next().is_some_and(|c| c.is_ascii_digit())
            && bare.chars().all(|c| c.is_ascii_digit() || c == '-' || "번지층호동길".contains(c));
        let named =
            |ends: &[&str]| ends.iter().any(|e| bare.ends_with(e)) && bare.chars().count() >= 2;
        if i == 0 && !street {
            // The province itself.
        } else if !street && named(&["시", "군", "구"]) && bare.chars().count() <= 6 {
            district = true;
        } else if district
            && !numbered
            && named(&["로", "길", "동", "읍", "면", "리", "가", "대로", "거리"])
            && !number
        {
            street = true;
        } else if street && number {
            numbered = true;
        } else if street && numbered && bare.starts_with('(') {
            let close = text[offset..].find(')').map_or(bare.len(), |at| at + 1);
            end = offset + close;
            break;
        } else if street
            && !numbered
            && bare.starts_with('(')
            && text[offset..].find(')').is_some_and(|at| at < 40)
        {
            end = offset + text[offset..].find(')').map_or(0, |at| at + 1);
            break;
        } else {
            break;
        }
        end = offset + bare.len();
        if bare.len() < word.len() && !word.ends_with(',') || word.contains(['\n', '"', '\t']) {
            break;
        }
    }
    // Without a number a road of its own is enough where a district was named.
    (district && street).then_some(Found {
        start: near.at,
        end: near.at + end,
        id: "KOREA_ADDRESS",
        category: Category::PersonalInformation,
        proof: Proof::Plausible("a province, a district and a street"),
        confidence: if numbered { 95 } else { 80 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn western(text: &str, code: &str) -> Option<String> {
        let start = text.find(code)?;
        let end = start + run(&text.as_bytes()[start..], |byte| byte.is_ascii_alphanumeric());
        Forms::new()
            .unwrap()
            .address(text.as_bytes(), start, end)
            .map(|f| text[f.start..f.end].to_owned())
    }

    #[test]
    fn each_country_has_its_order() {
        for (text, code) in [
            ("1600 Pennsylvania Avenue NW, Washington, DC 20500", "20500"),
            ("386 Shane Harbors Apt. 505\nPort Lindachester, KY 58880-1234", "58880"),
            ("Musterstraße 12\n12345 Berlin", "12345"),
            ("12, rue de la Paix, 75002 Paris", "75002"),
            ("Via Roma 10, 00184 Roma (RM)", "00184"),
            ("Calle Mayor 12, 28013 Madrid", "28013"),
            ("10 Downing Street, London, SW1A 2AA", "SW1A"),
            ("24 Sussex Drive, Ottawa, ON K1M 1M4", "K1M"),
            ("2 Smith Lane, Port Amy, NSW 2640", "2640"),
        ] {
            assert_eq!(western(text, code).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_code_alone_is_no_address() {
        for (text, code) in [
            ("order 20500 of DC 20500", "20500"),
            ("Error 12345 in Module", "12345"),
            ("Version 12 20500 Builds", "99999"),
        ] {
            assert_eq!(western(text, code), None, "{text}");
        }
    }

    #[test]
    fn korean_addresses_go_from_the_province_to_the_number() {
        let korean = |text: &'static str| {
            let literal = ANCHORS[0].literals.iter().find(|l| text.starts_with(**l)).unwrap();
            korean(&Near { text: text.as_bytes(), at: 0, literal }).map(|f| &text[..f.end])
        };
        assert_eq!(
            korean("서울특별시 강남구 테헤란로 123 (역삼동)입니다"),
            Some("서울특별시 강남구 테헤란로 123 (역삼동)")
        );
        assert_eq!(
            korean("경기도 수원시 장안구 서초대로 22-1, 비고"),
            Some("경기도 수원시 장안구 서초대로 22-1")
        );
        assert_eq!(korean("서울 종로구 세종대로 209 에서"), Some("서울 종로구 세종대로 209"));
        assert_eq!(korean("경기도 지사가 말했다"), None);
        assert_eq!(korean("서울시 정책"), None);
    }
}
