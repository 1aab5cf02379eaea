//! Identity and tax numbers of the Americas, each by the check digits that its authority publishes.

use crate::checksum::{all_digits, date, digit, eleven_minus, luhn, number, one_symbol, weighted};
use crate::shape::{Shape, Value, Verdict, form};

const SSN: &str = "social security, social security number, social security no, ss#, ssn, soc sec";
const ITIN: &str = "i.t.i.n., individual taxpayer identification number, itin";
const SIN: &str =
    "canadian id, numéro d'assurance sociale, sin, social insurance number, social insurance, nas";
const PERMANENT_RESIDENT: &str = "carte résident permanent, numéro carte résident permanent, numéro résident permanent, \
    permanent resident card, permanent resident card number, permanent resident no, permanent resident no., \
    permanent resident number, pr no, pr no., pr non, pr number, résident permanent no., résident permanent non";
const DNI: &str = "dni, dni#, d.n.i., documento nacional de identidad";
const CUIT: &str = "argentina taxpayer id, clave única de identificación tributaria, cuil, c.u.i.l, cuit, c.u.i.t, \
    número de identificación fiscal, número de contribuyente, unified labor identification code";
const SUBE: &str = "sistema único de boleto electrónico, sube";
const RG: &str = "registro geral, rg";
const BRAZIL_TAX: &str = "cadastro de pessoa física, cadastro de pessoa fisica, cadastro de pessoas físicas, \
    cadastro de pessoas fisicas, cadastro nacional da pessoa jurídica, cadastro nacional da pessoa juridica, \
    cnpj, cpf";
const CEP: &str = "cep, código de endereçamento postal, codigo de endereçamento postal, código postal, codigo postal";
const RUT: &str = "identidad número, nacional identidad, national unique role, nationaluniqueroleid#, número identificación, \
    rol único nacional, rol único tributario, run, run#, r.u.n., rut, rut#, r.u.t., unique national number, \
    unique national role, unique tax registry, unique tax role, unique tributary number, unique tributary role";
const CEDULA: &str = "cédula de ciudadanía, documento de identificación, cédula";
const NIT: &str = "nit, nit., nit#, n.i.t.";
const CURP: &str = "clave personal identidad, clave única, clave única de registro de población, clavepersonalidentidad, curp, \
    registration code, registry code, personal identidad clave, population code";
const RFC: &str = "código del registro federal de contribuyentes, identificación de impuestos, identificacion de impuestos, \
    impuesto al valor agregado, iva, iva#, i.v.a., registro federal de contribuyentes, rfc, rfc#, r.f.c.";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::personal(
        "USA_SOCIAL_SECURITY_NUMBER",
        r"\d{9}|\d{3}-\d{2}-\d{4}|\d{3} \d{2} \d{4}",
        SSN,
        ssn,
    ),
    Shape::personal(
        "USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
        r"9\d{8}|9\d{2}-\d{2}-\d{4}|9\d{2} \d{2} \d{4}",
        ITIN,
        itin,
    ),
    Shape::personal("CANADA_SOCIAL_INSURANCE_NUMBER", r"\d{9}|\d{3}[ -]\d{3}[ -]\d{3}", SIN, sin),
    Shape::personal(
        "CANADA_NATIONAL_IDENTIFICATION_NUMBER",
        r"[A-Z]{2}\d{7}|[A-Z]{2}\d{10}|[A-Z]{2}-\d{4}-\d{4}",
        PERMANENT_RESIDENT,
        form,
    ),
    Shape::personal("ARGENTINA_DNI_NUMBER", r"\d{7,8}|\d{1,2}\.\d{3}\.\d{3}", DNI, dni),
    Shape::personal(
        "ARGENTINA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
        r"\d{11}|\d{2}-\d{8}-\d",
        CUIT,
        cuit,
    ),
    Shape::personal("ARGENTINA_TARJETA_SUBE", r"6061\d{12}|6061(?:[ -]\d{4}){3}", SUBE, sube),
    Shape::personal("BRAZIL_RG_NUMBER", r"\d{1,2}\.\d{3}\.\d{3}-[\dXx]|\d{7,8}-?[\dXx]", RG, form),
    Shape::personal("BRAZIL_CPF_NUMBER", r"\d{11}|\d{3}\.\d{3}\.\d{3}-\d{2}", BRAZIL_TAX, cpf),
    Shape::personal(
        "BRAZIL_CNPJ_NUMBER",
        r"[A-Z\d]{12}\d{2}|[A-Z\d]{2}\.[A-Z\d]{3}\.[A-Z\d]{3}/[A-Z\d]{4}-\d{2}",
        BRAZIL_TAX,
        cnpj,
    ),
    Shape::personal("BRAZIL_CEP_CODE", r"\d{5}-\d{3}|\d{8}", CEP, form),
    Shape::personal("CHILE_RUT_NUMBER", r"\d{7,8}-?[\dKk]|\d{1,2}\.\d{3}\.\d{3}-[\dKk]", RUT, rut),
    Shape::personal(
        "COLOMBIA_CITIZENSHIP_CARD_NUMBER",
        r"\d{6,10}|\d{1,3}(?:\.\d{3}){2}|1\.\d{3}\.\d{3}\.\d{3}",
        CEDULA,
        form,
    ),
    Shape::personal(
        "COLOMBIA_INDIVIDUAL_NIT_NUMBER",
        r"\d{9,10}-?\d|\d{1,3}(?:\.\d{3}){2,3}-\d",
        NIT,
        nit,
    ),
    Shape::personal("MEXICO_CURP_NUMBER", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z\d]\d", CURP, curp),
    Shape::personal(
        "MEXICO_INDIVIDUAL_RFC_NUMBER",
        r"[A-Z&]{3,4}\d{6}[A-Z\d]{3}|[A-Z&]{3,4}[ -]\d{6}[ -][A-Z\d]{3}",
        RFC,
        rfc,
    ),
];

/// Areas, groups and serials that were never given out (SSA, randomisation rules of 2011), and two numbers burnt by
/// advertising.
fn ssn(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let (area, group, serial) = (number(&text[..3]), number(&text[3..5]), number(&text[5..]));
    let issued = !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0;
    let burnt = matches!(text, b"078051120" | b"219099999" | b"123456789") || one_symbol(text);
    Verdict::plausible(issued && !burnt, "an area, group and serial that are given out")
}

/// The group ranges that the IRS assigns to taxpayers without a social security number.
fn itin(value: &Value<'_>) -> Option<Verdict> {
    let group = number(&value.compact[3..5]);
    let assigned = matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    Verdict::plausible(assigned, "a group that is assigned")
}

fn sin(value: &Value<'_>) -> Option<Verdict> {
    let assigned = !matches!(value.compact[0], b'0' | b'8');
    Verdict::checked(assigned && luhn(value.compact) && !one_symbol(value.compact), "Luhn")
}

/// Numbers that stand in examples are left out, as Macie does.
fn dni(value: &Value<'_>) -> Option<Verdict> {
    let example = one_symbol(value.compact);
    if example { None } else { Verdict::FORM }
}

/// The kind of holder, then modulo 11.
fn cuit(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let id = match number(&text[..2]) {
        20 | 23..=27 => "ARGENTINA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER",
        30 | 33 | 34 => "ARGENTINA_ORGANIZATION_TAX_IDENTIFICATION_NUMBER",
        _ => return None,
    };
    let sum = weighted(&text[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    let check = match 11 - sum % 11 {
        11 => 0,
        10 => 9,
        check => check,
    };
    Some(Verdict::checked(check == digit(text[10]), "mod 11")?.with_id(id))
}

fn sube(value: &Value<'_>) -> Option<Verdict> {
    Verdict::checked(luhn(value.compact), "Luhn")
}

/// Two check digits, each modulo 11.
fn cpf(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let check = |upto: usize| {
        let weights = (2..).take(upto).collect::<Vec<_>>();
        let sum: u32 = text[..upto].iter().rev().zip(weights).map(|(b, w)| digit(*b) * w).sum();
        eleven_minus(sum) == digit(text[upto])
    };
    Verdict::checked(!one_symbol(text) && check(9) && check(10), "two digits, mod 11")
}

/// Two check digits, each modulo 11; since July 2026 letters count by their code less 48.
fn cnpj(value: &Value<'_>) -> Option<Verdict> {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    let text = value.compact;
    let check = |upto: usize| {
        let weights = &WEIGHTS[13 - upto..];
        let sum: u32 = text[..upto].iter().zip(weights).map(|(b, w)| u32::from(b - 48) * w).sum();
        eleven_minus(sum) == digit(text[upto])
    };
    Verdict::checked(!one_symbol(text) && check(12) && check(13), "two digits, mod 11")
}

/// Modulo 11, with K for ten.
fn rut(value: &Value<'_>) -> Option<Verdict> {
    let (check, body) = value.compact.split_last()?;
    let weights = [2, 3, 4, 5, 6, 7].into_iter().cycle();
    let sum: u32 = body.iter().rev().zip(weights).map(|(b, w)| digit(*b) * w).sum();
    let expected = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + digit as u8,
    };
    Verdict::checked(all_digits(body) && !one_symbol(body) && expected == *check, "mod 11")
}

/// Modulo 11 with prime weights; organizations have nine digits that begin with 8 or 9.
fn nit(value: &Value<'_>) -> Option<Verdict> {
    const WEIGHTS: [u32; 10] = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43];
    let (check, body) = value.compact.split_last()?;
    let sum: u32 = body.iter().rev().zip(WEIGHTS).map(|(b, w)| digit(*b) * w).sum();
    let expected = match sum % 11 {
        rest @ 0..=1 => rest,
        rest => 11 - rest,
    };
    let organization = body.len() == 9 && matches!(body[0], b'8' | b'9');
    let id = if organization {
        "COLOMBIA_ORGANIZATION_NIT_NUMBER"
    } else {
        "COLOMBIA_INDIVIDUAL_NIT_NUMBER"
    };
    let holds = !one_symbol(body) && expected == digit(*check);
    Some(Verdict::checked(holds, "mod 11, prime weights")?.with_id(id))
}

/// The alphabets in which Mexican identifiers count; Ñ is never in the ASCII form.
fn place(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'N' => u32::from(byte - b'A') + 10,
        b'O'..=b'Z' => u32::from(byte - b'A') + 11,
        _ => 0,
    }
}

fn curp(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let (check, body) = text.split_last()?;
    let sum: u32 = body.iter().enumerate().map(|(i, b)| place(*b) * (18 - i as u32)).sum();
    let holds = crate::checksum::yymmdd(&text[4..10]) && (10 - sum % 10) % 10 == digit(*check);
    Some(Verdict::checked(holds, "birth date, mod 10")?.alone_as("MEXICO_CURP_NUMBER"))
}

/// A person's has thirteen characters, an organization's twelve, which count as if a space stood before them.
fn rfc(value: &Value<'_>) -> Option<Verdict> {
    // The ampersand of some organizations is no letter or digit, so the raw text is looked at.
    let mut text = value.raw.to_vec();
    text.retain(|byte| !matches!(byte, b' ' | b'-'));
    let (id, day) = match text.len() {
        13 => ("MEXICO_INDIVIDUAL_RFC_NUMBER", 4),
        12 => ("MEXICO_ORGANIZATION_RFC_NUMBER", 3),
        _ => return None,
    };
    let digits = text.get(day..day + 6)?;
    let example = matches!(text.as_slice(), b"XAXX010101000" | b"XEXX010101000");
    if example
        || !all_digits(digits)
        || !date(u64::MAX, number(&digits[2..4]), number(&digits[4..]))
    {
        return None;
    }
    let (check, body) = text.split_last()?;
    let worth = |byte: u8| match byte {
        b'&' => 24,
        b'O'..=b'Z' => u32::from(byte - b'A') + 11,
        other => place(other),
    };
    // Position 13 counts 1; an organization lacks the first position, a space of value 37.
    let spare = if day == 3 { 37 * 13 } else { 0 };
    let sum: u32 =
        spare + body.iter().rev().enumerate().map(|(i, b)| worth(*b) * (i as u32 + 2)).sum::<u32>();
    let expected = match 11 - sum % 11 {
        11 => b'0',
        10 => b'A',
        digit => b'0' + digit as u8,
    };
    let verdict = if expected == *check {
        Verdict::checked(true, "date, mod 11")
    } else {
        Verdict::plausible(true, "a date")
    };
    Some(verdict?.with_id(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::{accepts, verdict};

    fn takes(id: &str, text: &str) -> bool {
        accepts(SHAPES, id, text)
    }

    #[test]
    fn united_states() {
        assert!(takes("USA_SOCIAL_SECURITY_NUMBER", "536-90-4399"));
        for never in [
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "536-00-4399",
            "536-90-0000",
            "078-05-1120",
        ] {
            assert!(!takes("USA_SOCIAL_SECURITY_NUMBER", never), "{never}");
        }
        assert!(takes("USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "912-70-1234"));
        assert!(!takes("USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "912-93-1234"));
    }

    #[test]
    fn canada() {
        assert!(takes("CANADA_SOCIAL_INSURANCE_NUMBER", "130 692 544"));
        assert!(!takes("CANADA_SOCIAL_INSURANCE_NUMBER", "130 692 545"));
        assert!(!takes("CANADA_SOCIAL_INSURANCE_NUMBER", "046 454 286"), "zero is not assigned");
    }

    #[test]
    fn argentina() {
        assert!(takes("ARGENTINA_DNI_NUMBER", "20.123.456"));
        assert!(!takes("ARGENTINA_DNI_NUMBER", "99.999.999"));
        let id = |t| {
            verdict(SHAPES, "ARGENTINA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", t).and_then(|v| v.id)
        };
        assert_eq!(id("20-05536168-2"), Some("ARGENTINA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER"));
        assert_eq!(id("30-50001091-2"), Some("ARGENTINA_ORGANIZATION_TAX_IDENTIFICATION_NUMBER"));
        assert_eq!(id("20-05536168-3"), None);
    }

    #[test]
    fn brazil() {
        assert!(takes("BRAZIL_CPF_NUMBER", "390.533.447-05"));
        assert!(!takes("BRAZIL_CPF_NUMBER", "390.533.447-06"));
        assert!(!takes("BRAZIL_CPF_NUMBER", "111.111.111-11"));
        assert!(takes("BRAZIL_CNPJ_NUMBER", "16.727.230/0001-97"));
        assert!(!takes("BRAZIL_CNPJ_NUMBER", "16.727.230/0001-98"));
        assert!(takes("BRAZIL_CNPJ_NUMBER", "12.ABC.345/01DE-35"), "the alphanumeric form");
    }

    #[test]
    fn chile_and_colombia() {
        assert!(
            takes("CHILE_RUT_NUMBER", "12.531.909-2") && takes("CHILE_RUT_NUMBER", "76086428-5")
        );
        assert!(!takes("CHILE_RUT_NUMBER", "12.531.909-3"));
        assert!(!takes("CHILE_RUT_NUMBER", "00000000-0"));
        let id = |t| verdict(SHAPES, "COLOMBIA_INDIVIDUAL_NIT_NUMBER", t).and_then(|v| v.id);
        assert_eq!(id("900373913-4"), Some("COLOMBIA_ORGANIZATION_NIT_NUMBER"));
        assert_eq!(id("900373913-5"), None);
    }

    #[test]
    fn mexico() {
        assert!(takes("MEXICO_CURP_NUMBER", "BOXW310820HNERXN09"));
        assert!(!takes("MEXICO_CURP_NUMBER", "BOXW310820HNERXN08"));
        let rfc = |t| {
            verdict(SHAPES, "MEXICO_INDIVIDUAL_RFC_NUMBER", t).map(|v| (v.id.unwrap(), v.proof))
        };
        let checked = crate::shape::Proof::Checked("date, mod 11");
        assert_eq!(rfc("GODE561231GR8"), Some(("MEXICO_INDIVIDUAL_RFC_NUMBER", checked)));
        assert_eq!(rfc("MAB9307148T4"), Some(("MEXICO_ORGANIZATION_RFC_NUMBER", checked)));
        assert_eq!(rfc("XAXX010101000"), None);
        assert_eq!(rfc("GODE561331GR8"), None);
    }
}
