//! Bank accounts: IBAN of every country in the registry (ISO 13616, mod 97 and the country's length), the national forms
//! (BBAN) of five countries by their own check digits, and North American account numbers.

use crate::checksum::{all_digits, digit, iban, mod97, number, weighted};
use crate::shape::{Shape, Value, Verdict, form};

const FR: &str = "\
    account code, account number, accountno#, accountnumber#, bban, code bancaire, compte bancaire, \
    customer account id, customer account number, customer bank account id, iban, numéro de compte, rib";
const DE: &str = "\
    account code, account number, accountno#, accountnumber#, bankleitzahl, bban, customer account id, \
    customer account number, customer bank account id, geheimzahl, iban, kartennummer, kontonummer, \
    kreditkartennummer, sepa";
const IT: &str = "\
    account code, account number, accountno#, accountnumber#, bban, codice bancario, conto bancario, \
    customer account id, customer account number, customer bank account id, iban, numero di conto";
const ES: &str = "\
    account code, account number, accountno#, accountnumber#, bban, código cuenta, código cuenta bancaria, \
    cuenta cliente id, customer account id, customer account number, customer bank account id, iban, \
    número cuenta bancaria cliente, número cuenta cliente, cuenta bancaria, número de cuenta";
const UK: &str = "\
    account code, account number, accountno#, accountnumber#, bban, customer account id, \
    customer account number, customer bank account id, iban, sepa, sort code";
const NORTH_AMERICA: &str = "\
    bank account, bank acct, checking account, checking acct, deposit account, deposit acct, \
    savings account, savings acct, chequing account, chequing acct, bank account number";

/// Country code, length of its IBAN, identifier. The registry's list; Macie documents identifiers for a part of it, and the
/// others are named in the same way.
const COUNTRIES: &[(&str, usize, &str)] = &[
    ("AD", 24, "ANDORRA_BANK_ACCOUNT_NUMBER"),
    ("AE", 23, "UNITED_ARAB_EMIRATES_BANK_ACCOUNT_NUMBER"),
    ("AL", 28, "ALBANIA_BANK_ACCOUNT_NUMBER"),
    ("AT", 20, "AUSTRIA_BANK_ACCOUNT_NUMBER"),
    ("AZ", 28, "AZERBAIJAN_BANK_ACCOUNT_NUMBER"),
    ("BA", 20, "BOSNIA_AND_HERZEGOVINA_BANK_ACCOUNT_NUMBER"),
    ("BE", 16, "BELGIUM_BANK_ACCOUNT_NUMBER"),
    ("BG", 22, "BULGARIA_BANK_ACCOUNT_NUMBER"),
    ("BH", 22, "BAHRAIN_BANK_ACCOUNT_NUMBER"),
    ("BR", 29, "BRAZIL_BANK_ACCOUNT_NUMBER"),
    ("CH", 21, "SWITZERLAND_BANK_ACCOUNT_NUMBER"),
    ("CR", 22, "COSTA_RICA_BANK_ACCOUNT_NUMBER"),
    ("CY", 28, "CYPRUS_BANK_ACCOUNT_NUMBER"),
    ("CZ", 24, "CZECH_REPUBLIC_BANK_ACCOUNT_NUMBER"),
    ("DE", 22, "GERMANY_BANK_ACCOUNT_NUMBER"),
    ("DK", 18, "DENMARK_BANK_ACCOUNT_NUMBER"),
    ("DO", 28, "DOMINICAN_REPUBLIC_BANK_ACCOUNT_NUMBER"),
    ("EE", 20, "ESTONIA_BANK_ACCOUNT_NUMBER"),
    ("EG", 29, "EGYPT_BANK_ACCOUNT_NUMBER"),
    ("ES", 24, "SPAIN_BANK_ACCOUNT_NUMBER"),
    ("FI", 18, "FINLAND_BANK_ACCOUNT_NUMBER"),
    ("FO", 18, "FAROE_ISLANDS_BANK_ACCOUNT_NUMBER"),
    ("FR", 27, "FRANCE_BANK_ACCOUNT_NUMBER"),
    ("GB", 22, "UK_BANK_ACCOUNT_NUMBER"),
    ("GE", 22, "GEORGIA_BANK_ACCOUNT_NUMBER"),
    ("GI", 23, "GIBRALTAR_BANK_ACCOUNT_NUMBER"),
    ("GL", 18, "GREENLAND_BANK_ACCOUNT_NUMBER"),
    ("GR", 27, "GREECE_BANK_ACCOUNT_NUMBER"),
    ("GT", 28, "GUATEMALA_BANK_ACCOUNT_NUMBER"),
    ("HR", 21, "CROATIA_BANK_ACCOUNT_NUMBER"),
    ("HU", 28, "HUNGARY_BANK_ACCOUNT_NUMBER"),
    ("IE", 22, "IRELAND_BANK_ACCOUNT_NUMBER"),
    ("IL", 23, "ISRAEL_BANK_ACCOUNT_NUMBER"),
    ("IS", 26, "ICELAND_BANK_ACCOUNT_NUMBER"),
    ("IT", 27, "ITALY_BANK_ACCOUNT_NUMBER"),
    ("JO", 30, "JORDAN_BANK_ACCOUNT_NUMBER"),
    ("KW", 30, "KUWAIT_BANK_ACCOUNT_NUMBER"),
    ("KZ", 20, "KAZAKHSTAN_BANK_ACCOUNT_NUMBER"),
    ("LB", 28, "LEBANON_BANK_ACCOUNT_NUMBER"),
    ("LI", 21, "LIECHTENSTEIN_BANK_ACCOUNT_NUMBER"),
    ("LT", 20, "LITHUANIA_BANK_ACCOUNT_NUMBER"),
    ("LU", 20, "LUXEMBOURG_BANK_ACCOUNT_NUMBER"),
    ("LV", 21, "LATVIA_BANK_ACCOUNT_NUMBER"),
    ("MC", 27, "MONACO_BANK_ACCOUNT_NUMBER"),
    ("MD", 24, "MOLDOVA_BANK_ACCOUNT_NUMBER"),
    ("ME", 22, "MONTENEGRO_BANK_ACCOUNT_NUMBER"),
    ("MK", 19, "NORTH_MACEDONIA_BANK_ACCOUNT_NUMBER"),
    ("MR", 27, "MAURITANIA_BANK_ACCOUNT_NUMBER"),
    ("MT", 31, "MALTA_BANK_ACCOUNT_NUMBER"),
    ("MU", 30, "MAURITIUS_BANK_ACCOUNT_NUMBER"),
    ("NL", 18, "NETHERLANDS_BANK_ACCOUNT_NUMBER"),
    ("NO", 15, "NORWAY_BANK_ACCOUNT_NUMBER"),
    ("PK", 24, "PAKISTAN_BANK_ACCOUNT_NUMBER"),
    ("PL", 28, "POLAND_BANK_ACCOUNT_NUMBER"),
    ("PT", 25, "PORTUGAL_BANK_ACCOUNT_NUMBER"),
    ("QA", 29, "QATAR_BANK_ACCOUNT_NUMBER"),
    ("RO", 24, "ROMANIA_BANK_ACCOUNT_NUMBER"),
    ("RS", 22, "SERBIA_BANK_ACCOUNT_NUMBER"),
    ("SA", 24, "SAUDI_ARABIA_BANK_ACCOUNT_NUMBER"),
    ("SE", 24, "SWEDEN_BANK_ACCOUNT_NUMBER"),
    ("SI", 19, "SLOVENIA_BANK_ACCOUNT_NUMBER"),
    ("SK", 24, "SLOVAKIA_BANK_ACCOUNT_NUMBER"),
    ("SM", 27, "SAN_MARINO_BANK_ACCOUNT_NUMBER"),
    ("SN", 28, "SENEGAL_BANK_ACCOUNT_NUMBER"),
    ("TL", 23, "TIMOR_LESTE_BANK_ACCOUNT_NUMBER"),
    ("TN", 24, "TUNISIA_BANK_ACCOUNT_NUMBER"),
    ("TR", 26, "TURKIYE_BANK_ACCOUNT_NUMBER"),
    ("UA", 29, "UKRAINE_BANK_ACCOUNT_NUMBER"),
    ("VG", 24, "VIRGIN_ISLANDS_BANK_ACCOUNT_NUMBER"),
    ("XK", 20, "KOSOVO_BANK_ACCOUNT_NUMBER"),
];

/// The identifiers that an IBAN can be reported under.
pub(crate) fn iban_identifiers() -> impl Iterator<Item = &'static str> {
    COUNTRIES.iter().map(|(_, _, id)| *id)
}

/// The id of the detector whose findings are always named by country.
pub(crate) const IBAN: &str = "INTERNATIONAL_BANK_ACCOUNT_NUMBER";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::financial(
        IBAN,
        r"[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?|(?:-[A-Z0-9]{4}){2,7}(?:-[A-Z0-9]{1,3})?)",
        "iban",
        international,
    ),
    Shape::financial(
        "FRANCE_BANK_ACCOUNT_NUMBER",
        r"\d{10}[A-Z0-9]{11}\d{2}|\d{5}[ -]\d{5}[ -][A-Z0-9]{11}[ -]\d{2}",
        FR,
        rib,
    ),
    Shape::financial("GERMANY_BANK_ACCOUNT_NUMBER", r"\d{18}|\d{8}[ -/]\d{10}", DE, form),
    Shape::financial(
        "ITALY_BANK_ACCOUNT_NUMBER",
        r"[A-Z]\d{10}[A-Z0-9]{12}|[A-Z][ -]\d{5}[ -]\d{5}[ -][A-Z0-9]{12}",
        IT,
        cin,
    ),
    Shape::financial(
        "SPAIN_BANK_ACCOUNT_NUMBER",
        r"\d{20}|\d{4}[ -]\d{4}[ -]\d{2}[ -]\d{10}|\d{4}(?:[ -]\d{4}){4}",
        ES,
        ccc,
    ),
    Shape::financial(
        "UK_BANK_ACCOUNT_NUMBER",
        r"[A-Z]{4}\d{14}|[A-Z]{4}(?:[ -]\d{4}){3}[ -]\d{2}|\d{2}-\d{2}-\d{2} \d{8}",
        UK,
        form,
    ),
    Shape::financial("BANK_ACCOUNT_NUMBER", r"\d{9,17}", NORTH_AMERICA, form),
];

fn international(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let country = text.get(..2)?;
    let (_, length, id) = COUNTRIES.iter().find(|(code, _, _)| code.as_bytes() == country)?;
    let holds = text.len() == *length && iban(text);
    Some(Verdict::checked(holds, "ISO 13616 mod 97")?.with_id(id).alone_as(id))
}

/// The French key: letters count by their place on the old telephone keys, and the whole is divisible by 97.
fn rib(value: &Value<'_>) -> Option<Verdict> {
    let digits: Vec<u8> = value
        .compact
        .iter()
        .map(|byte| match byte {
            b'A'..=b'I' => byte - b'A' + b'1',
            b'J'..=b'R' => byte - b'J' + b'1',
            b'S'..=b'Z' => byte - b'S' + b'2',
            digit => *digit,
        })
        .collect();
    Verdict::checked(mod97(&digits) == 0, "RIB key, mod 97")
}

/// The Spanish control digits: one over bank and branch, one over the account (mod 11 each).
fn ccc(value: &Value<'_>) -> Option<Verdict> {
    const WEIGHTS: [u32; 10] = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let control = |sum: u32| match 11 - sum % 11 {
        10 => 1,
        11 => 0,
        digit => digit,
    };
    let text = value.compact;
    let bank = control(weighted(&text[..8], &WEIGHTS[2..]));
    let account = control(weighted(&text[10..20], &WEIGHTS));
    Verdict::checked(
        bank == digit(text[8]) && account == digit(text[9]) && number(&text[..4]) > 0,
        "CCC control digits, mod 11",
    )
}

/// The Italian CIN: characters in odd places have values of their own; the sum modulo 26 is the letter in front.
fn cin(value: &Value<'_>) -> Option<Verdict> {
    let (letter, rest) = value.compact.split_first()?;
    let sum: u32 = rest.iter().enumerate().map(|(i, b)| odd_even(i, *b)).sum();
    let holds = all_digits(&rest[..10]) && sum % 26 == u32::from(letter - b'A');
    Verdict::checked(holds, "CIN, mod 26")
}

/// What a character counts in the Italian check characters: by one table in odd places (the first is odd), by its
/// value in even ones.
pub(super) fn odd_even(place: usize, byte: u8) -> u32 {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let value = match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'Z' => byte - b'A',
        _ => return 1000,
    };
    if place.is_multiple_of(2) { ODD[usize::from(value)] } else { u32::from(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::{accepts, verdict};

    #[test]
    fn an_iban_is_named_by_its_country_and_needs_its_length() {
        let id = |text: &str| verdict(SHAPES, IBAN, text).and_then(|v| v.id);
        assert_eq!(id("GB29NWBK60161331926819"), Some("UK_BANK_ACCOUNT_NUMBER"));
        assert_eq!(id("GB29 NWBK 6016 1331 9268 19"), Some("UK_BANK_ACCOUNT_NUMBER"));
        assert_eq!(id("GB29-NWBK-6016-1331-9268-19"), Some("UK_BANK_ACCOUNT_NUMBER"));
        assert_eq!(id("DE89370400440532013000"), Some("GERMANY_BANK_ACCOUNT_NUMBER"));
        assert_eq!(id("MT84MALT011000012345MTLCAST001S"), Some("MALTA_BANK_ACCOUNT_NUMBER"));
        assert_eq!(id("NO9386011117947"), Some("NORWAY_BANK_ACCOUNT_NUMBER"));
        assert_eq!(id("GB29NWBK60161331926818"), None);
        assert_eq!(id("ZZ29NWBK60161331926819"), None);
    }

    #[test]
    fn national_forms_hold_their_own_digits() {
        assert!(accepts(SHAPES, "FRANCE_BANK_ACCOUNT_NUMBER", "20041010050500013M02606"));
        assert!(accepts(SHAPES, "FRANCE_BANK_ACCOUNT_NUMBER", "20041 01005 0500013M026 06"));
        assert!(!accepts(SHAPES, "FRANCE_BANK_ACCOUNT_NUMBER", "20041010050500013M02607"));
        assert!(accepts(SHAPES, "SPAIN_BANK_ACCOUNT_NUMBER", "2100 0418 45 0200051332"));
        assert!(!accepts(SHAPES, "SPAIN_BANK_ACCOUNT_NUMBER", "21000418440200051332"));
        assert!(accepts(SHAPES, "ITALY_BANK_ACCOUNT_NUMBER", "X0542811101000000123456"));
        assert!(!accepts(SHAPES, "ITALY_BANK_ACCOUNT_NUMBER", "Y0542811101000000123456"));
        assert!(accepts(SHAPES, "UK_BANK_ACCOUNT_NUMBER", "60-16-13 31926819"));
        assert!(accepts(SHAPES, "BANK_ACCOUNT_NUMBER", "000123456789"));
        assert!(!accepts(SHAPES, "BANK_ACCOUNT_NUMBER", "000000000"));
    }
}
