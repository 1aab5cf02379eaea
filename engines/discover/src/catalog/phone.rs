//! Telephone numbers. With the country's code they are reported by themselves, else a keyword must stand near.

use crate::checksum::{number, one_symbol};
use crate::shape::{Shape, Value, Verdict};

const PHONE: &str = "cell, contact, fax, fax number, mobile, phone, phone number, tel, telephone, telephone number, phone no, \
    cell phone, mobile number, contact number, call, tel.";
const BRAZIL: &str = "cell, contact, fax, fax number, mobile, phone, phone number, tel, telephone, telephone number, cel, celular, \
    fone, móvel, número residencial, numero residencial, telefone";
const FRANCE: &str = "cell, contact, fax, fax number, mobile, phone, phone number, tel, telephone, telephone number, téléphone, \
    portable, tél, tél.";
const GERMANY: &str = "cell, contact, fax, fax number, mobile, phone, phone number, tel, telephone, telephone number, telefon, \
    telefonnummer, handy, mobil, rufnummer";
const ITALY: &str = "cell, contact, fax, fax number, mobile, phone, phone number, tel, telephone, telephone number, telefono, \
    cellulare, numero di telefono";
const SPAIN: &str = "cell, contact, fax, fax number, mobile, phone, phone number, tel, telephone, telephone number, teléfono, \
    móvil, telefono, tlf";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::personal(
        "PHONE_NUMBER",
        r"(?:\+?1[ .-]?)?(?:\d{3}[ .-]?\d{3}[ .-]?\d{4}|\(\d{3}\)[ .-]?\d{3}[ .-]?\d{4})(?: ?x\d{1,5})?",
        PHONE,
        north_america,
    ),
    Shape::personal(
        "UK_PHONE_NUMBER",
        r"(?:\+44[ -]?(?:\(0\)[ -]?)?|\(?0)(?:\d{9,10}|\d{2,4}\)?[ -]\d{3,4}[ -]?\d{3,4}|\d{4}\)?[ -]\d{5,6})",
        PHONE,
        uk,
    ),
    Shape::personal(
        "FRANCE_PHONE_NUMBER",
        r"(?:\+33[ .-]?(?:\(0\)[ .-]?)?|0)[1-9](?:[ .-]?\d{2}){4}",
        FRANCE,
        france,
    ),
    Shape::personal(
        "GERMANY_PHONE_NUMBER",
        r"(?:\+49[ ./-]?(?:\(0\)[ ]?)?|\(?0)\(?[1-9]\d{1,4}\)?[ ./-]{0,3}\d{3,8}(?:[ -]?\d{1,5})?",
        GERMANY,
        germany,
    ),
    Shape::personal(
        "ITALY_PHONE_NUMBER",
        r"(?:\+39[ .-]?)?(?:3\d{2}[ .-]?\d{3}[ .-]?\d{3,4}|0\d{1,3}[ .-]?\d{5,8})",
        ITALY,
        italy,
    ),
    Shape::personal(
        "SPAIN_PHONE_NUMBER",
        r"(?:\+34[ .-]?)?[6789](?:\d{8}|\d{2} \d{3} \d{3}|\d{2}(?: \d{2}){3}|\d{2}-\d{3}-\d{3}|\d{2}\.\d{3}\.\d{3})",
        SPAIN,
        spain,
    ),
    Shape::personal(
        "BRAZIL_PHONE_NUMBER",
        r"(?:\+55[ -]?)?(?:\(\d{2}\)|\(0\d{2}\)|\d{2})[ -]?9?\d{4}[ -]?\d{4}",
        BRAZIL,
        brazil,
    ),
];

/// A country code makes a number its own evidence.
fn with_code(value: &Value<'_>, code: &[u8], id: &'static str) -> Option<Verdict> {
    if one_symbol(value.compact) {
        return None;
    }
    let verdict = Verdict::plausible(true, "a number of the country's plan")?;
    let coded = value.raw.first() == Some(&b'+') && value.compact.starts_with(code);
    Some(if coded { verdict.alone_as(id) } else { verdict })
}

/// Area and exchange begin with 2 to 9 and are no service codes (North American Numbering Plan).
fn north_america(value: &Value<'_>) -> Option<Verdict> {
    let digits = value.compact.split(|byte| !byte.is_ascii_digit()).next()?;
    let digits = if digits.len() == 11 { digits.strip_prefix(b"1")? } else { digits };
    let area = number(digits.get(..3)?);
    let exchange = number(digits.get(3..6)?);
    let planned = |code: u64| code >= 200 && code % 100 != 11;
    if digits.len() != 10
        || !planned(area)
        || !planned(exchange)
        || (370..380).contains(&area)
        || area >= 990
    {
        return None;
    }
    with_code(value, b"1", "PHONE_NUMBER")
}

fn uk(value: &Value<'_>) -> Option<Verdict> {
    let digits = value.compact.strip_prefix(b"44").unwrap_or(value.compact);
    let digits = digits.strip_prefix(b"0").unwrap_or(digits);
    let planned = matches!(digits.first(), Some(b'1' | b'2' | b'3' | b'7' | b'8'));
    let long = matches!(digits.len(), 9 | 10);
    if planned && long { with_code(value, b"44", "UK_PHONE_NUMBER") } else { None }
}

fn france(value: &Value<'_>) -> Option<Verdict> {
    with_code(value, b"33", "FRANCE_PHONE_NUMBER")
}

fn germany(value: &Value<'_>) -> Option<Verdict> {
    let digits = value.compact.strip_prefix(b"49").unwrap_or(value.compact).len();
    if (7..=13).contains(&digits) { with_code(value, b"49", "GERMANY_PHONE_NUMBER") } else { None }
}

fn italy(value: &Value<'_>) -> Option<Verdict> {
    with_code(value, b"39", "ITALY_PHONE_NUMBER")
}

fn spain(value: &Value<'_>) -> Option<Verdict> {
    with_code(value, b"34", "SPAIN_PHONE_NUMBER")
}

fn brazil(value: &Value<'_>) -> Option<Verdict> {
    let digits = value.compact.strip_prefix(b"55").unwrap_or(value.compact);
    let digits = digits.strip_prefix(b"0").unwrap_or(digits);
    let planned = matches!(digits.len(), 10 | 11) && digits[0] != b'0' && digits[1] != b'0';
    if planned { with_code(value, b"55", "BRAZIL_PHONE_NUMBER") } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::{accepts, verdict};

    #[test]
    fn plans_are_kept() {
        let us = |text| accepts(SHAPES, "PHONE_NUMBER", text);
        assert!(
            us("(212) 555-0147")
                && us("+1 212-555-0147")
                && us("2125550147")
                && us("212.555.0147x22")
        );
        assert!(!us("112-555-0147") && !us("211-555-0147") && !us("212-155-0147"));
        assert!(accepts(SHAPES, "FRANCE_PHONE_NUMBER", "01 42 68 53 00"));
        assert!(
            accepts(SHAPES, "UK_PHONE_NUMBER", "+44 20 7946 0958")
                && accepts(SHAPES, "UK_PHONE_NUMBER", "(0116) 496 0348")
        );
        assert!(accepts(SHAPES, "GERMANY_PHONE_NUMBER", "+49 (0) 30 901820"));
        assert!(accepts(SHAPES, "SPAIN_PHONE_NUMBER", "+34 612 345 678"));
        assert!(
            accepts(SHAPES, "ITALY_PHONE_NUMBER", "+39 06 69812345")
                || accepts(SHAPES, "ITALY_PHONE_NUMBER", "+39 0669812345")
        );
        assert!(accepts(SHAPES, "BRAZIL_PHONE_NUMBER", "+55 (11) 98765-4321"));
    }

    #[test]
    fn only_a_country_code_stands_alone() {
        let alone = |text| verdict(SHAPES, "PHONE_NUMBER", text).unwrap().alone.is_some();
        assert!(alone("+1 212-555-0147") && !alone("212-555-0147"));
    }
}
