//! Identity, tax and social security numbers of Europe, each by the check digits that its authority publishes.

use super::bank::odd_even;
use crate::checksum::{
    all_digits, base36, digit, icao, luhn, mod11_10, number, one_symbol, weighted,
};
use crate::shape::{Proof, Shape, Value, Verdict, form};

const FR_ID: &str = "assurance sociale, carte nationale d'identité, cni, code sécurité sociale, french social security number, \
    fssn#, insee, insurance number, national id number, nationalid#, numéro d'assurance, sécurité sociale, \
    sécurité sociale non., sécurité sociale numéro, numéro de sécurité sociale, nir, social, social security, \
    social security number, socialsecuritynumber, ss#, ssn, ssn#";
const FR_HEALTH: &str = "carte d'assuré social, carte vitale, insurance card";
const FR_TAX: &str = "numéro d'identification fiscal, numéro fiscal, tax id, tax identification number, tax number, tin, tin#";
const DE_ID: &str = "ausweisnummer, id number, identification number, identity number, insurance number, personal id, \
    personalausweis, personalausweisnummer";
const DE_TAX: &str = "identifikationsnummer, steuer id, steuer-id, steueridentifikationsnummer, steuernummer, tax id, \
    tax identification number, tax number";
const IT: &str = "codice fiscal, codice fiscale, dati anagrafici, ehic, health card, health insurance card, p. iva, p.iva, \
    partita i.v.a., partita iva, personal data, tax code, tessera sanitaria";
const ES_DNI: &str = "dni, dni#, dninúmero#, documento nacional de identidad, identidad único, identidadúnico#, insurance number, \
    national identification number, national identity, nationalid#, nationalidno#, número nacional identidad, \
    personal identification number, personal identity no, unique identity number, uniqueid#";
const ES_TAX: &str = "cif, cif número, cifnúmero#, nie, nif, número de contribuyente, número de identidad de extranjero, \
    número de identificación fiscal, número de impuesto corporativo, personal tax number, tax id, \
    tax identification number, tax number, tin, tin#";
const ES_SOCIAL: &str = "número de la seguridad social, seguridad social, social security no., social security number, \
    socialsecurityno#, ssn, ssn#";
const NINO: &str = "insurance no., insurance number, insurance#, national insurance, national insurance number, \
    nationalinsurance#, nationalinsurancenumber, nin, nino, ni number";
const UK_TAX: &str = "paye, tax id, tax id no., tax id number, tax identification, tax identification#, tax no., tax number, \
    tax reference, tax#, taxid#, temporary reference number, tin, trn, unique tax reference, \
    unique taxpayer reference, utr";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::personal("FRANCE_NATIONAL_IDENTIFICATION_NUMBER", NIR, FR_ID, nir),
    Shape::personal("FRANCE_HEALTH_INSURANCE_NUMBER", NIR, FR_HEALTH, nir),
    Shape::personal(
        "FRANCE_TAX_IDENTIFICATION_NUMBER",
        r"[0-3]\d{12}|[0-3]\d(?: \d{2} \d{3} \d{3} \d{3}| \d{3} \d{3} \d{3} \d{2})",
        FR_TAX,
        spi,
    ),
    Shape::personal(
        "GERMANY_NATIONAL_IDENTIFICATION_NUMBER",
        r"[CFGHJKLMNPRTVWXYZ\d]{9}\d?|T\d{8}",
        DE_ID,
        personalausweis,
    ),
    Shape::personal(
        "GERMANY_TAX_IDENTIFICATION_NUMBER",
        r"[1-9]\d{10}|[1-9]\d \d{3} \d{3} \d{3}",
        DE_TAX,
        steuer_id,
    ),
    Shape::personal(
        "ITALY_NATIONAL_IDENTIFICATION_NUMBER",
        r"[A-Za-z]{6}\d[\dA-Za-z][A-Za-z]\d[\dA-Za-z][A-Za-z]\d[\dA-Za-z]{2}[A-Za-z]|[A-Z]{3} [A-Z]{3} \d{2}[A-Z]\d{2} [A-Z]\d{3}[A-Z]",
        IT,
        codice_fiscale,
    ),
    Shape::personal("ITALY_NATIONAL_IDENTIFICATION_NUMBER", r"(?:IT)?\d{11}", IT, partita_iva),
    Shape::personal(
        "SPAIN_DNI_NUMBER",
        r"\d{8}[ -]?[A-Za-z]|\d{2}\.\d{3}\.\d{3}-?[A-Za-z]",
        ES_DNI,
        dni,
    ),
    Shape::personal("SPAIN_NIF_NUMBER", r"[KLM]?\d{7,8}[ -]?[A-Za-z]", ES_TAX, dni),
    Shape::personal("SPAIN_NIE_NUMBER", r"[XYZ][ -]?\d{7}[ -]?[A-Za-z]", ES_TAX, nie),
    Shape::personal(
        "SPAIN_TAX_IDENTIFICATION_NUMBER",
        r"[A-HJNP-SUVW][ -]?\d{7}[ -]?[0-9A-J]",
        ES_TAX,
        cif,
    ),
    Shape::personal(
        "SPAIN_SOCIAL_SECURITY_NUMBER",
        r"\d{12}|\d{2}[ /-]\d{8}[ /-]\d{2}",
        ES_SOCIAL,
        naf,
    ),
    Shape::personal(
        "UK_NATIONAL_INSURANCE_NUMBER",
        r"[A-Za-z]{2}\d{6}[A-Da-d]|[A-Za-z]{2}(?: \d{2}){3} [A-Da-d]|[A-Za-z]{2}(?:-\d{2}){3}-[A-Da-d]|[A-Za-z]{2} \d{6} [A-Da-d]",
        NINO,
        nino,
    ),
    Shape::personal(
        "UK_TAX_IDENTIFICATION_NUMBER",
        r"\d{10}[Kk]?|\d{5} \d{5}|\d{2}[A-Z]\d{5}",
        UK_TAX,
        utr,
    ),
];

const NIR: &str = r"[12378]\d{5}[\dAB]\d{8}|[12378] \d{2} \d{2} \d[\dAB] \d{3} \d{3}(?: \d{2})?|[12378]\d{5}[\dAB]\d{6} \d{2}";

/// The key is 97 less the number modulo 97; Corsica's 2A and 2B count as 19 and 18. Without its key the number has
/// thirteen characters and proves nothing.
fn nir(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let body = match text[6] {
        b'A' | b'B' => [&text[..6], b"0", &text[7..13]].concat(),
        _ => text[..13].to_vec(),
    };
    let corsica = match text[6] {
        b'A' => 1_000_000,
        b'B' => 2_000_000,
        _ => 0,
    };
    let month = number(&text[3..5]);
    if !all_digits(&body) || !matches!(month, 1..=12 | 20..=42 | 50..=99) {
        return None;
    }
    if text.len() == 13 {
        return Verdict::plausible(true, "a month of birth");
    }
    // 2A stands for 19 and 2B for 18: the number with 20 in their place, less one or two millions.
    let rest = number(&body).checked_sub(corsica)? % 97;
    Verdict::checked(97 - rest == number(&text[13..]), "key, mod 97")
}

/// The last three digits are the first ten modulo 511.
fn spi(value: &Value<'_>) -> Option<Verdict> {
    let (body, key) = value.compact.split_at(10);
    Verdict::checked(!one_symbol(body) && number(body) % 511 == number(key), "mod 511")
}

/// A serial of nine characters without vowels and, on the card, its check digit of machine-readable documents.
fn personalausweis(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let mixed = text.iter().any(u8::is_ascii_digit) && !one_symbol(text);
    match text.len() {
        10 => Verdict::checked(mixed && icao(&text[..9], text[9]), "ICAO 9303 check digit"),
        _ => Verdict::plausible(mixed && !text[0].is_ascii_digit(), "a serial without vowels"),
    }
}

/// One digit of the first ten stands twice or three times, so at least one is missing; then ISO 7064.
fn steuer_id(value: &Value<'_>) -> Option<Verdict> {
    let mut counts = [0_u8; 10];
    for byte in &value.compact[..10] {
        counts[digit(*byte) as usize] += 1;
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let fair = repeated == 1 && counts.iter().all(|count| *count <= 3);
    Verdict::checked(fair && mod11_10(value.compact), "ISO 7064 mod 11,10")
}

/// Sixteen characters, the last by the same values as the Italian bank check letter. Where two persons would share a
/// code, digits are replaced by letters (omocodia).
fn codice_fiscale(value: &Value<'_>) -> Option<Verdict> {
    const MONTHS: &[u8] = b"ABCDEHLMPRST";
    let text = value.compact;
    let (check, body) = text.split_last()?;
    let sum: u32 = body.iter().enumerate().map(|(i, b)| odd_even(i, *b)).sum();
    let holds = MONTHS.contains(&text[8]) && sum % 26 + u32::from(b'A') == u32::from(*check);
    let verdict = Verdict::checked(holds, "month letter, mod 26")?;
    Some(verdict.alone_as("ITALY_NATIONAL_IDENTIFICATION_NUMBER"))
}

fn partita_iva(value: &Value<'_>) -> Option<Verdict> {
    let digits = value.compact.strip_prefix(b"IT").unwrap_or(value.compact);
    let office = number(&digits[7..10]);
    let office = matches!(office, 1..=100 | 120 | 121 | 888 | 999);
    Verdict::checked(office && luhn(digits), "office code, Luhn")
}

const DNI_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn dni_letter(digits: &[u8]) -> u8 {
    DNI_LETTERS[(number(digits) % 23) as usize]
}

fn dni(value: &Value<'_>) -> Option<Verdict> {
    let (letter, digits) = value.compact.split_last()?;
    // K, L and M stand before seven digits for people without a DNI.
    let digits = if digits[0].is_ascii_digit() { digits } else { &digits[1..] };
    let holds = digits.len() >= 7 && number(digits) > 0 && !matches!(digits, b"99999999");
    Verdict::checked(holds && dni_letter(digits) == *letter, "control letter, mod 23")
}

/// X, Y and Z count as 0, 1 and 2.
fn nie(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let (letter, body) = text.split_last()?;
    let digits = [&[body[0] - b'X' + b'0'], &body[1..]].concat();
    Verdict::checked(
        !one_symbol(&body[1..]) && dni_letter(&digits) == *letter,
        "control letter, mod 23",
    )
}

/// Luhn over seven digits; some kinds of organization write the check digit as a letter.
fn cif(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let (digits, control) = (&text[1..8], text[8]);
    let sum = crate::checksum::luhn_sum(&[digits, b"0"].concat());
    let check = (10 - sum % 10) % 10;
    let letter = b"JABCDEFGHI"[check as usize];
    let holds = match text[0] {
        b'P' | b'Q' | b'R' | b'S' | b'N' | b'W' => control == letter,
        b'A' | b'B' | b'E' | b'H' => digit(control) == check,
        _ => control == letter || digit(control) == check,
    };
    Verdict::checked(holds && !one_symbol(digits), "control character, mod 10")
}

/// Province, number, and both together modulo 97; small numbers drop their leading zero first.
fn naf(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let (province, body) = (number(&text[..2]), number(&text[2..10]));
    let whole = if body < 10_000_000 { body + province * 10_000_000 } else { number(&text[..10]) };
    let holds = matches!(province, 1..=53 | 66) && whole % 97 == number(&text[10..]);
    Verdict::checked(holds && body > 0, "province, mod 97")
}

/// Prefixes that HMRC does not allocate (National Insurance Manual, NIM39110).
fn nino(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let never = matches!(&text[..2], b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ");
    let first = !b"DFIQUV".contains(&text[0]);
    let second = !b"DFIOQUV".contains(&text[1]);
    Verdict::plausible(!never && first && second, "an allocated prefix and suffix")
}

/// The first digit checks the other nine; a temporary reference only has its form.
fn utr(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact.strip_suffix(b"K").unwrap_or(value.compact);
    if text.len() != 10 {
        return form(value);
    }
    let sum = weighted(&text[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]);
    let check = b"21987654321"[(sum % 11) as usize];
    Verdict::checked(check == text[0] && !one_symbol(text), "first digit, mod 11")
}

/// Whether a nine-character serial and the digit after it are a machine-readable document number.
pub(super) fn document_number(text: &[u8]) -> Option<Proof> {
    let holds = text.len() == 10 && base36(text[9]) < 10 && icao(&text[..9], text[9]);
    holds.then_some(Proof::Checked("ICAO 9303 check digit"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::accepts;

    fn takes(id: &str, text: &str) -> bool {
        accepts(SHAPES, id, text)
    }

    #[test]
    fn france() {
        let nir = |text| takes("FRANCE_NATIONAL_IDENTIFICATION_NUMBER", text);
        assert!(nir("1 84 12 76 451 089 46") && nir("184127645108946"));
        assert!(!nir("184127645108947"));
        assert!(nir("253072B07300470") && !nir("253072B07300471"), "Corsica");
        assert!(takes("FRANCE_HEALTH_INSURANCE_NUMBER", "184127645108946"));
        assert!(takes("FRANCE_TAX_IDENTIFICATION_NUMBER", "3023217600053"));
        assert!(!takes("FRANCE_TAX_IDENTIFICATION_NUMBER", "3023217600054"));
    }

    #[test]
    fn germany() {
        assert!(takes("GERMANY_TAX_IDENTIFICATION_NUMBER", "86095742719"));
        assert!(takes("GERMANY_TAX_IDENTIFICATION_NUMBER", "86 095 742 719"));
        assert!(!takes("GERMANY_TAX_IDENTIFICATION_NUMBER", "86095742718"));
        assert!(takes("GERMANY_NATIONAL_IDENTIFICATION_NUMBER", "T220001293"));
        assert!(!takes("GERMANY_NATIONAL_IDENTIFICATION_NUMBER", "T220001294"));
    }

    #[test]
    fn italy() {
        let id = |text| takes("ITALY_NATIONAL_IDENTIFICATION_NUMBER", text);
        assert!(id("RSSMRA85T10A562S") && !id("RSSMRA85T10A562T"));
        assert!(id("RSS MRA 85T10 A562S"));
        assert!(id("00743110157") && !id("00743110158"), "partita IVA");
    }

    #[test]
    fn spain() {
        assert!(takes("SPAIN_DNI_NUMBER", "12345678Z") && !takes("SPAIN_DNI_NUMBER", "12345678A"));
        assert!(takes("SPAIN_NIF_NUMBER", "54362315K") && !takes("SPAIN_NIF_NUMBER", "54362315Z"));
        assert!(takes("SPAIN_NIE_NUMBER", "X-2482300W") && !takes("SPAIN_NIE_NUMBER", "X2482300A"));
        assert!(takes("SPAIN_TAX_IDENTIFICATION_NUMBER", "J99216582"));
        assert!(!takes("SPAIN_TAX_IDENTIFICATION_NUMBER", "J99216583"));
        assert!(takes("SPAIN_SOCIAL_SECURITY_NUMBER", "281234567840"));
        assert!(!takes("SPAIN_SOCIAL_SECURITY_NUMBER", "281234567841"));
    }

    #[test]
    fn united_kingdom() {
        assert!(takes("UK_NATIONAL_INSURANCE_NUMBER", "AB 12 34 56 C"));
        assert!(takes("UK_NATIONAL_INSURANCE_NUMBER", "AB123456C"));
        assert!(!takes("UK_NATIONAL_INSURANCE_NUMBER", "BG123456C"));
        assert!(!takes("UK_NATIONAL_INSURANCE_NUMBER", "QQ123456C"));
        assert!(takes("UK_TAX_IDENTIFICATION_NUMBER", "1955839661"));
        assert!(!takes("UK_TAX_IDENTIFICATION_NUMBER", "2955839661"));
    }
}
