//! Values too short to be looked at everywhere: dates, security codes, procedure codes. They are judged only near a word of
//! `WAKE`, or where a field's name speaks for them.

use crate::checksum::{date, number, one_symbol};
use crate::shape::{Shape, Value, Verdict};

/// Parts of words after and before which the short detectors are awake, in the cases in which they are written.
pub(crate) const WAKE: &[&str] = &[
    "birth",
    "Birth",
    "BIRTH",
    "bday",
    "b-day",
    "dob",
    "DOB",
    "D.O.B",
    "생년월일",
    "생일",
    "eburt",
    "aissance",
    "acimiento",
    "nascita",
    "ascimento",
    "xpir",
    "XPIR",
    "exp d",
    "exp m",
    "exp y",
    "expM",
    "expY",
    "exp_",
    "cvv",
    "CVV",
    "cvc",
    "CVC",
    "ecurity code",
    "ecurity Code",
    "ecurity_code",
    "erification code",
    "erification value",
    "alidation code",
    "유효기간",
    "hcpcs",
    "HCPCS",
    "rocedural",
    "rocedure code",
    "rocedure Code",
    "lectoral",
    "LECTORAL",
];

const BIRTH: &str = "bday, b-day, birth date, birthday, date of birth, dob, birthdate, d.o.b, d.o.b., born, 생년월일, 생일, geburtsdatum, \
    geboren, date de naissance, né le, née le, fecha de nacimiento, nacimiento, data di nascita, nascita, data de nascimento, \
    nascimento";
const EXPIRY: &str = "exp d, exp m, exp y, expiration, expiry, exp date, expiration date, expiry date, expires, exp, expm, expy, valid thru, \
    유효기간";
const CODE: &str = "card id, card identification code, card identification number, card security code, card validation code, \
    card validation number, card verification data, card verification value, cvc, cvc2, cvv, cvv2, \
    elo verification code, security code, verification code";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::personal(
        "DATE_OF_BIRTH",
        r"(?:19|20)\d{2}[-/. ]\d{1,2}[-/. ]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ](?:19|20)?\d{2}|(?:19|20)\d{6}",
        BIRTH,
        birth,
    ),
    Shape::personal("DATE_OF_BIRTH", r"(?:19|20)\d{2}년 ?\d{1,2}월 ?\d{1,2}일", BIRTH, birth),
    Shape::personal(
        "DATE_OF_BIRTH",
        r"\d{1,2}(?:st|nd|rd|th|\.)?[- ](?:[A-Za-z]{3,9}|März|février|août|décembre)\.?,?[- ](?:19|20)\d{2}|[A-Za-z]{3,9}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}|\d{1,2} de [a-z]{4,10} de (?:19|20)\d{2}",
        BIRTH,
        spelled,
    ),
    Shape::financial(
        "CREDIT_CARD_EXPIRATION",
        r"(?:0[1-9]|1[0-2])[-/](?:20)?[2-4]\d|(?:20)[2-4]\d[-/](?:0[1-9]|1[0-2])",
        EXPIRY,
        expiry,
    ),
    Shape::financial(
        "CREDIT_CARD_EXPIRATION",
        r"[A-Z][a-z]{2} 20[2-4]\d|[2-4]\d-[A-Z][a-z]{2}",
        EXPIRY,
        named_month,
    ),
    Shape::financial("CREDIT_CARD_SECURITY_CODE", r"\d{3,4}", CODE, code),
    Shape::personal(
        "USA_HEALTHCARE_PROCEDURE_CODE",
        r"[A-V]\d{4}|\d{5}|\d{4}[FTU]",
        "current procedural terminology, hcpcs, healthcare common procedure coding system, cpt, procedure code",
        code,
    ),
    Shape::personal(
        "UK_ELECTORAL_ROLL_NUMBER",
        r"[A-Z]{2,3}-?\d{1,4}",
        "electoral #, electoral number, electoral roll #, electoral roll no., electoral roll number, electoralrollno, electoral roll",
        code,
    ),
];

fn code(_: &Value<'_>) -> Option<Verdict> {
    Verdict::FORM
}

fn named_month(value: &Value<'_>) -> Option<Verdict> {
    let named = value.raw.split(|b| !b.is_ascii_alphabetic()).any(|word| month(word).is_some());
    Verdict::plausible(named, "a month and a year")
}

fn expiry(value: &Value<'_>) -> Option<Verdict> {
    Verdict::plausible(!one_symbol(value.compact), "a month and a year")
}

/// Year, month and day in any of the usual orders.
fn birth(value: &Value<'_>) -> Option<Verdict> {
    let parts: Vec<u64> = value
        .raw
        .split(|byte| !byte.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(number)
        .collect();
    let lived = |year: u64| year < 100 || (1900..=2030).contains(&year);
    let known = |year: u64| if year < 100 { u64::MAX } else { year };
    let exists = match parts.as_slice() {
        [year, month, day] if *year > 1000 => lived(*year) && date(*year, *month, *day),
        [a, b, year] => lived(*year) && (date(known(*year), *a, *b) || date(known(*year), *b, *a)),
        [whole] => {
            let (year, rest) = (whole / 10_000, whole % 10_000);
            lived(year) && date(year, rest / 100, rest % 100)
        }
        _ => false,
    };
    Verdict::plausible(exists, "a date")
}

/// Which month a word names, in the languages of the keywords.
fn month(word: &[u8]) -> Option<u64> {
    const STEMS: &[(&str, u64)] = &[
        ("jan", 1),
        ("ene", 1),
        ("gen", 1),
        ("feb", 2),
        ("fev", 2),
        ("fé", 2),
        ("mar", 3),
        ("mär", 3),
        ("apr", 4),
        ("avr", 4),
        ("abr", 4),
        ("may", 5),
        ("mai", 5),
        ("mag", 5),
        ("jun", 6),
        ("juin", 6),
        ("giu", 6),
        ("jul", 7),
        ("juil", 7),
        ("lug", 7),
        ("aug", 8),
        ("ao", 8),
        ("ago", 8),
        ("sep", 9),
        ("set", 9),
        ("oct", 10),
        ("okt", 10),
        ("ott", 10),
        ("out", 10),
        ("nov", 11),
        ("dec", 12),
        ("dez", 12),
        ("dic", 12),
        ("dé", 12),
    ];
    let word = std::str::from_utf8(word).ok()?.to_lowercase();
    STEMS.iter().find(|(stem, _)| word.starts_with(stem)).map(|(_, month)| *month)
}

/// A day, a month by name, a year.
fn spelled(value: &Value<'_>) -> Option<Verdict> {
    let words = value.raw.split(|b| b.is_ascii_digit() || b" -.,".contains(b));
    let month = words.filter(|word| word.len() > 2).find_map(month)?;
    let numbers: Vec<u64> = value
        .raw
        .split(|byte| !byte.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .map(number)
        .collect();
    let &[day, year] = numbers.as_slice() else { return None };
    Verdict::plausible(date(year, month, day), "a date")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::accepts;

    #[test]
    fn dates_in_the_usual_forms() {
        let born = |text| accepts(SHAPES, "DATE_OF_BIRTH", text);
        for text in [
            "1980-02-29",
            "02/29/1980",
            "29.02.1980",
            "19800229",
            "1980년 2월 29일",
            "2 March 1980",
            "March 2, 1980",
        ] {
            assert!(born(text), "{text}");
        }
        assert!(born("14 juillet 1980") && born("3. Oktober 1980") && born("5 de mayo de 1980"));
        assert!(!born("1981-02-29") && !born("31/31/1980") && !born("1880-01-01"));
    }

    #[test]
    fn expirations_and_codes() {
        let expires = |text| accepts(SHAPES, "CREDIT_CARD_EXPIRATION", text);
        assert!(expires("02/26") && expires("02/2026") && expires("Feb 2026") && expires("26-Feb"));
        assert!(!expires("13/26"));
        assert!(accepts(SHAPES, "USA_HEALTHCARE_PROCEDURE_CODE", "J1885"));
        assert!(accepts(SHAPES, "UK_ELECTORAL_ROLL_NUMBER", "AB123"));
    }
}
