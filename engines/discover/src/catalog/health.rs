//! Health: insurance, providers, drugs and devices.

use crate::checksum::{all_digits, digit, luhn, luhn_sum, number, one_symbol, weighted};
use crate::shape::{Shape, Value, Verdict, form};

const DEA: &str = "dea number, dea registration, dea no, dea #, dea";
const HICN: &str =
    "health insurance claim number, hic no, hic no., hic number, hic#, hicn, hicn#., hicno#";
const MBI: &str = "mbi, medicare beneficiary, medicare number, medicare";
const NDC: &str = "national drug code, ndc";
const NPI: &str = "hipaa, n.p.i, national provider, national provider identifier, npi";
const UDI: &str = "blood, blood bag, dev id, device id, device identifier, gs1, hibcc, iccbba, med, udi, unique device id, \
    unique device identifier";
const NHS: &str = "national health service, nhs, nhs number, nhs no";
const CANADA: &str = "canada healthcare number, msp number, personal healthcare number, phn, soins de santé, health card, \
    personal health number";
const EHIC: &str = "assicurazione sanitaria numero, carta assicurazione numero, carte d'assurance maladie, \
    carte européenne d'assurance maladie, ceam, ehic, ehic#, finlandehicnumber#, gesundheitskarte, hälsokort, \
    health card, health card number, health insurance card, health insurance number, insurance card number, \
    krankenversicherungskarte, krankenversicherungsnummer, medical account number, numero conto medico, \
    numéro d'assurance maladie, numéro de carte d'assurance, numéro de compte medical, \
    número de cuenta médica, número de seguro de salud, número de tarjeta de seguro, sairaanhoitokortin, \
    sairausvakuutuskortti, sairausvakuutusnumero, sjukförsäkring nummer, sjukförsäkringskort, \
    suomi ehic-numero, tarjeta de salud, terveyskortti, tessera sanitaria assicurazione numero, \
    versicherungsnummer";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::personal("US_DRUG_ENFORCEMENT_AGENCY_NUMBER", r"[A-Za-z][A-Za-z9]\d{7}", DEA, dea),
    Shape::personal(
        "USA_HEALTH_INSURANCE_CLAIM_NUMBER",
        r"\d{9}[A-Z]\d?|\d{3}-\d{2}-\d{4}-?[A-Z]\d?",
        HICN,
        form,
    ),
    Shape::personal(
        "USA_MEDICARE_BENEFICIARY_IDENTIFIER",
        r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\d]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}",
        MBI,
        mbi,
    ),
    Shape::personal(
        "USA_NATIONAL_DRUG_CODE",
        r"\d{4}-\d{4}-\d{2}|\d{5}-\d{3}-\d{2}|\d{5}-\d{4}-\d{1,2}|\d{11}",
        NDC,
        form,
    ),
    Shape::personal("USA_NATIONAL_PROVIDER_IDENTIFIER", r"[12]\d{9}", NPI, npi),
    Shape::personal(
        "MEDICAL_DEVICE_UDI",
        r"\(01\)\d{14}(?:\(\d{2}\)[\dA-Za-z./-]{1,20}){0,4}|01\d{14}(?:1[17]\d{6}){1,2}(?:10|21)[\dA-Za-z]{1,20}",
        UDI,
        gs1,
    ),
    Shape::personal(
        "MEDICAL_DEVICE_UDI",
        r"\+[A-Z]\d{3}[A-Z\d]{3,18}\d?(?:/\$?\$?[A-Z\d+.$/-]{2,30})?",
        UDI,
        form,
    ),
    Shape::personal("UK_NHS_NUMBER", r"\d{10}|\d{3}[ -]\d{3}[ -]\d{4}", NHS, nhs),
    Shape::personal(
        "CANADA_HEALTH_NUMBER",
        r"\d{10}(?:[ -]?[A-Z]{2})?|\d{4}[ -]\d{3}[ -]\d{3}(?:[ -]?[A-Z]{2})?|\d{5}-\d{4}",
        CANADA,
        canada,
    ),
    Shape::personal(
        "FINLAND_EUROPEAN_HEALTH_INSURANCE_NUMBER",
        r"80246\d{15}|80246 ?\d{10} ?\d{5}",
        EHIC,
        form,
    ),
    Shape::personal(
        "EUROPEAN_HEALTH_INSURANCE_CARD_NUMBER",
        r"80\d{18}|80\d{3} ?\d{10} ?\d{5}|80(?: \d{3}){6}",
        EHIC,
        ehic,
    ),
];

/// A registrant's letter, then (first + third + fifth) + 2 × (second + fourth + sixth) ends in the last digit.
fn dea(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let digits = &text[2..];
    let sum = weighted(digits, &[1, 2, 1, 2, 1, 2]);
    let registrant = b"ABCDEFGHJKLMPRSTUX".contains(&text[0]);
    let holds = registrant && !one_symbol(digits) && sum % 10 == digit(digits[6]);
    Verdict::checked(holds, "DEA check digit")
}

/// The letters S, L, O, I, B and Z never stand in it.
fn mbi(value: &Value<'_>) -> Option<Verdict> {
    Verdict::plausible(value.compact.len() == 11, "letters and digits in their places")
}

/// Luhn with the prefix 80840.
fn npi(value: &Value<'_>) -> Option<Verdict> {
    let digits = [b"80840", value.compact].concat();
    Verdict::checked(luhn(&digits) && !one_symbol(&value.compact[1..]), "Luhn with 80840")
}

/// A GTIN-14 after the application identifier 01: weights 3 and 1.
fn gs1(value: &Value<'_>) -> Option<Verdict> {
    let digits = &value.compact[2..16];
    let weights = [3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1];
    let holds =
        all_digits(digits) && !one_symbol(digits) && weighted(digits, &weights).is_multiple_of(10);
    Verdict::checked(holds, "GTIN check digit")
}

/// Modulo 11 with weights 10 to 2.
fn nhs(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let check = match 11 - weighted(&text[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => 0,
        check => check,
    };
    Verdict::checked(check == digit(text[9]) && !one_symbol(text), "mod 11")
}

/// British Columbia's number by mod 11, Ontario's by Luhn; the other provinces' have only a form.
fn canada(value: &Value<'_>) -> Option<Verdict> {
    let text = &value.compact[..value.compact.len().min(10)];
    if text.len() < 10 {
        return form(value);
    }
    let columbia = text[0] == b'9' && {
        let sum = weighted(&text[1..9], &[2, 4, 8, 5, 10, 9, 7, 3]);
        11 - sum % 11 == digit(text[9])
    };
    let holds = columbia || luhn_sum(text).is_multiple_of(10);
    Verdict::checked(holds && !one_symbol(text), "mod 11 or Luhn")
}

/// 80, a country by ISO 3166-1, an institution, a serial.
fn ehic(value: &Value<'_>) -> Option<Verdict> {
    const COUNTRIES: &[u64] = &[
        40, 56, 100, 191, 196, 203, 208, 233, 246, 250, 276, 300, 348, 352, 372, 380, 428, 438,
        440, 442, 470, 528, 578, 616, 620, 642, 703, 705, 724, 752, 756, 826,
    ];
    let known = COUNTRIES.contains(&number(&value.compact[2..5]));
    Verdict::plausible(known, "a country that issues the card")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::accepts;

    fn takes(id: &str, text: &str) -> bool {
        accepts(SHAPES, id, text)
    }

    #[test]
    fn united_states() {
        assert!(takes("US_DRUG_ENFORCEMENT_AGENCY_NUMBER", "F91234563"));
        assert!(!takes("US_DRUG_ENFORCEMENT_AGENCY_NUMBER", "F91234562"));
        assert!(takes("USA_MEDICARE_BENEFICIARY_IDENTIFIER", "1EG4-TE5-MK73"));
        assert!(!takes("USA_MEDICARE_BENEFICIARY_IDENTIFIER", "1SG4-TE5-MK73"), "S never stands");
        assert!(takes("USA_NATIONAL_PROVIDER_IDENTIFIER", "1245319599"));
        assert!(!takes("USA_NATIONAL_PROVIDER_IDENTIFIER", "1245319598"));
        assert!(takes("USA_NATIONAL_DRUG_CODE", "0777-3105-02"));
        assert!(takes("USA_HEALTH_INSURANCE_CLAIM_NUMBER", "536904399A"));
    }

    #[test]
    fn devices() {
        assert!(takes(
            "MEDICAL_DEVICE_UDI",
            "(01)00889842083439(11)141231(17)150707(10)A213B1(21)1234"
        ));
        assert!(!takes("MEDICAL_DEVICE_UDI", "(01)00889842083438(11)141231"));
        assert!(takes("MEDICAL_DEVICE_UDI", "+H123PARTNO1234567890120"));
    }

    #[test]
    fn other_countries() {
        assert!(takes("UK_NHS_NUMBER", "943 476 5919") && !takes("UK_NHS_NUMBER", "943 476 5918"));
        assert!(takes("CANADA_HEALTH_NUMBER", "9876 543 217"), "British Columbia");
        assert!(takes("EUROPEAN_HEALTH_INSURANCE_CARD_NUMBER", "80756000000000000000"));
        assert!(!takes("EUROPEAN_HEALTH_INSURANCE_CARD_NUMBER", "80999000000000000000"));
        assert!(takes("FINLAND_EUROPEAN_HEALTH_INSURANCE_NUMBER", "80246802460000000012"));
    }
}
