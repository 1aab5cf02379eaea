//! Korean numbers, complete: residents and foreigners by their check digit and in the form given out since October 2020,
//! which has none; licences, passports, businesses, corporations, bank accounts and telephones. Macie has no identifier
//! for them; the ids are formed like its own.

use crate::checksum::{all_digits, digit, luhn_sum, number, one_symbol, weighted, yymmdd};
use crate::shape::{Shape, Value, Verdict, form};

const RESIDENT: &str = "주민등록번호, 주민번호, 주민등록 번호, 주민, 주민등록, 실명번호, resident registration number, rrn, \
    resident registration, korean id, jumin, 뒷자리";
const FOREIGNER: &str = "외국인등록번호, 외국인 등록번호, 외국인번호, 외국인등록, 국내거소신고번호, 거소신고번호, \
    foreigner registration number, alien registration number, alien registration, foreign registration, arc number, frn";
const LICENCE: &str = "운전면허번호, 운전면허 번호, 운전면허증, 운전면허, 면허번호, 면허증번호, driver's license, drivers license, \
    driver license, license number, driving licence";
const PASSPORT: &str = "여권번호, 여권 번호, 여권, passport, passport number, passport no";
const BUSINESS: &str = "사업자등록번호, 사업자 등록번호, 사업자번호, 사업자, business registration number, \
    business registration, business number, brn";
const CORPORATION: &str =
    "법인등록번호, 법인 등록번호, 법인번호, corporate registration number, corporate registration";
const ACCOUNT: &str = "계좌번호, 계좌 번호, 계좌, 입금계좌, 은행계좌, 통장번호, 통장, 예금주, 무통장입금, 국민은행, 신한은행, 우리은행, 하나은행, 농협, \
    농협은행, 기업은행, 카카오뱅크, 토스뱅크, 케이뱅크, 새마을금고, 신협, 우체국, 수협, 대구은행, 부산은행, 경남은행, 광주은행, \
    전북은행, 제주은행, 산업은행, 씨티은행, sc제일은행, 은행, account number, bank account, kookmin, shinhan, woori, \
    hana bank, nonghyup, kakaobank";
const PHONE: &str = "전화번호, 전화, 휴대폰, 휴대전화, 핸드폰, 연락처, 휴대폰번호, 핸드폰번호, 대표전화, 팩스, 문의, phone, phone number, \
    mobile, tel, telephone, cell, contact, fax, hp, h.p, 모바일";

const RRN: &str = r"\d{6}[- ]?[0-9]\d{6}|\d{6} - \d{7}";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::personal("KOREA_RESIDENT_REGISTRATION_NUMBER", RRN, RESIDENT, resident),
    Shape::personal("KOREA_FOREIGNER_REGISTRATION_NUMBER", RRN, FOREIGNER, foreigner),
    Shape::personal(
        "KOREA_DRIVERS_LICENSE",
        r"\d{2}-\d{2}-\d{6}-\d{2}|\d{2} \d{2} \d{6} \d{2}|\d{12}",
        LICENCE,
        licence,
    ),
    Shape::personal(
        "KOREA_PASSPORT_NUMBER",
        r"[MSRODGmsrodg](?:\d{8}|\d{3}[A-Za-z]\d{4})",
        PASSPORT,
        passport,
    ),
    Shape::personal(
        "KOREA_BUSINESS_REGISTRATION_NUMBER",
        r"\d{3}-\d{2}-\d{5}|\d{10}|\d{3} \d{2} \d{5}",
        BUSINESS,
        business,
    ),
    Shape::personal(
        "KOREA_CORPORATE_REGISTRATION_NUMBER",
        r"\d{6}-?\d{7}",
        CORPORATION,
        corporation,
    ),
    Shape::financial(
        "KOREA_BANK_ACCOUNT_NUMBER",
        r"\d{3}-\d{2}-\d{4}-\d{3}|\d{3}-\d{2,4}-\d{4,7}(?:-\d{1,3})?|\d{4}-\d{2,4}-\d{4,7}(?:-\d{1,2})?|\d{6}-\d{2}-\d{5,6}|\d{3}-\d{6}-\d{5}|\d{3}-\d{6}-\d{2}-\d{3}|\d{10,14}",
        ACCOUNT,
        account,
    ),
    Shape::personal(
        "KOREA_PHONE_NUMBER",
        r"01[016789][-. ]?\d{3,4}[-. ]?\d{4}|\+82[-. ]?\(?0?\)?\d{1,2}[-. ]?\d{3,4}[-. ]?\d{4}|0(?:2|3[1-3]|4[1-4]|5[1-5]|6[1-4]|70|50\d)\)?[-. ]?\d{3,4}[-. ]?\d{4}|\(0\d{1,2}\) ?\d{3,4}[-. ]?\d{4}",
        PHONE,
        phone,
    ),
];

/// Weights of the thirteenth digit.
const WEIGHTS: [u32; 12] = [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5];

/// The seventh digit tells century, sex and whether the holder is a foreigner; the full year follows.
fn birth_year(text: &[u8]) -> Option<(u64, bool)> {
    let year = number(&text[..2]);
    let (century, foreigner) = match text[6] {
        b'9' | b'0' => (1800, false),
        b'1' | b'2' => (1900, false),
        b'3' | b'4' => (2000, false),
        b'5' | b'6' => (1900, true),
        b'7' | b'8' => (2000, true),
        _ => return None,
    };
    yymmdd(&text[..6]).then_some((century + year, foreigner))
}

/// By its check digit, or, without one, in the form of October 2020 and later: then only a keyword tells it.
fn resident(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let (year, foreign) = birth_year(text)?;
    if foreign || one_symbol(&text[6..]) {
        return None;
    }
    let check = (11 - weighted(text, &WEIGHTS) % 11) % 10;
    if check == digit(text[12]) && year >= 1900 {
        let hyphen = value.raw.contains(&b'-');
        let verdict = Verdict::checked(true, "birth date, mod 11")?;
        // Thirteen bare digits that pass by chance are too many among timestamps.
        return Some(if hyphen {
            verdict.alone_as("KOREA_RESIDENT_REGISTRATION_NUMBER")
        } else {
            verdict
        });
    }
    Verdict::plausible(true, "birth date and sex, form since October 2020")
}

fn foreigner(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let (_, foreign) = birth_year(text)?;
    if !foreign || one_symbol(&text[6..]) {
        return None;
    }
    let check = (13 - weighted(text, &WEIGHTS) % 11) % 10;
    if check == digit(text[12]) {
        let verdict = Verdict::checked(true, "birth date, mod 11 for foreigners")?;
        let hyphen = value.raw.contains(&b'-');
        return Some(if hyphen {
            verdict.alone_as("KOREA_FOREIGNER_REGISTRATION_NUMBER")
        } else {
            verdict
        });
    }
    Verdict::plausible(true, "birth date and sex, form since October 2020")
}

/// The first two digits are the issuing region, 11 (Seoul) to 28.
fn licence(value: &Value<'_>) -> Option<Verdict> {
    let region = number(&value.compact[..2]);
    Verdict::plausible(
        (11..=28).contains(&region) && !one_symbol(&value.compact[2..]),
        "a region that issues",
    )
}

fn passport(value: &Value<'_>) -> Option<Verdict> {
    if one_symbol(&value.compact[1..]) { None } else { Verdict::FORM }
}

/// Weights 1, 3, 7; of the ninth digit times five the tens are added too.
fn business(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let sum = weighted(text, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + digit(text[8]) * 5 / 10;
    let holds = (10 - sum % 10) % 10 == digit(text[9]) && number(&text[..3]) > 100;
    let verdict = Verdict::checked(holds && all_digits(text), "mod 10, weights 1 3 7")?;
    let hyphens = value.raw.contains(&b'-');
    Some(if hyphens { verdict.alone_as("KOREA_BUSINESS_REGISTRATION_NUMBER") } else { verdict })
}

/// Weights 1 and 2, sum modulo 10, without Luhn's digit sum.
fn corporation(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let sum = weighted(text, &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
    Verdict::checked(
        (10 - sum % 10) % 10 == digit(text[12]) && !one_symbol(text),
        "mod 10, weights 1 2",
    )
}

/// Banks keep their check digits to themselves; a number that is a telephone's is none.
fn account(value: &Value<'_>) -> Option<Verdict> {
    let digits = value.compact.len();
    let mobile = value.compact.starts_with(b"010") && digits == 11;
    if mobile || !(10..=14).contains(&digits) || luhn_sum(value.compact) == 0 {
        None
    } else {
        form(value)
    }
}

fn phone(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let national = text.strip_prefix(b"82").filter(|_| value.raw.starts_with(b"+"));
    let digits = national.map_or(text.len(), |rest| rest.len() + usize::from(rest[0] != b'0'));
    if one_symbol(&text[3..]) || !(9..=12).contains(&digits) {
        return None;
    }
    let verdict = Verdict::plausible(true, "a number of the country's plan")?;
    // 010-1234-5678 is written so for nothing else.
    let grouped = text.starts_with(b"01") && text.len() == 11 && value.raw.len() == 13;
    let alone = grouped || national.is_some();
    Some(if alone { verdict.alone_as("KOREA_PHONE_NUMBER") } else { verdict })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Proof;
    use crate::shape::testing::{accepts, verdict};

    fn proof(id: &str, text: &str) -> Option<(Proof, bool)> {
        verdict(SHAPES, id, text).map(|v| (v.proof, v.alone.is_some()))
    }

    #[test]
    fn residents_by_check_digit_and_by_the_form_of_2020() {
        let id = "KOREA_RESIDENT_REGISTRATION_NUMBER";
        let checked = (0..10).filter(|d| {
            matches!(proof(id, &format!("900101-123456{d}")), Some((Proof::Checked(_), true)))
        });
        assert_eq!(checked.count(), 1, "one last digit of ten holds");
        assert!(matches!(
            proof(id, "201105-3123456"),
            Some((Proof::Plausible(_), false)) | Some((Proof::Checked(_), true))
        ));
        assert_eq!(proof(id, "901301-1234567"), None, "no month 13");
        assert_eq!(proof(id, "900101-5234567"), None, "a foreigner's");
        assert_eq!(proof(id, "900101-1111111"), None);
    }

    #[test]
    fn the_weights_of_residents_are_two_to_nine_and_two_to_five() {
        let id = "KOREA_RESIDENT_REGISTRATION_NUMBER";
        // 000101-3: the digits 1, 1 and 3 with the weights 5, 7 and 8.
        let sum = 5 + 7 + 3 * 8;
        let check = (11 - sum % 11) % 10;
        assert!(matches!(
            proof(id, &format!("000101-300000{check}")),
            Some((Proof::Checked(_), _))
        ));
    }

    #[test]
    fn foreigners_have_their_own_remainder() {
        let id = "KOREA_FOREIGNER_REGISTRATION_NUMBER";
        let sum = 5 + 7 + 5 * 8;
        let check = (13 - sum % 11) % 10;
        assert!(matches!(
            proof(id, &format!("000101-500000{check}")),
            Some((Proof::Checked(_), true))
        ));
        assert_eq!(proof(id, "000101-1000001"), None);
    }

    #[test]
    fn businesses_and_corporations() {
        // The tax office's and Samsung Electronics' published numbers.
        assert!(accepts(SHAPES, "KOREA_BUSINESS_REGISTRATION_NUMBER", "124-81-00998"));
        assert!(!accepts(SHAPES, "KOREA_BUSINESS_REGISTRATION_NUMBER", "124-81-00997"));
        assert!(accepts(SHAPES, "KOREA_CORPORATE_REGISTRATION_NUMBER", "130111-0006246"));
        assert!(!accepts(SHAPES, "KOREA_CORPORATE_REGISTRATION_NUMBER", "130111-0006247"));
    }

    #[test]
    fn licences_passports_accounts_and_phones() {
        assert!(accepts(SHAPES, "KOREA_DRIVERS_LICENSE", "11-22-333444-55"));
        assert!(!accepts(SHAPES, "KOREA_DRIVERS_LICENSE", "31-22-333444-55"));
        assert!(
            accepts(SHAPES, "KOREA_PASSPORT_NUMBER", "M12345678")
                && accepts(SHAPES, "KOREA_PASSPORT_NUMBER", "M123A4567")
        );
        assert!(accepts(SHAPES, "KOREA_BANK_ACCOUNT_NUMBER", "110-123-456789"));
        assert!(accepts(SHAPES, "KOREA_BANK_ACCOUNT_NUMBER", "123456-01-123456"));
        assert!(!accepts(SHAPES, "KOREA_BANK_ACCOUNT_NUMBER", "010-1234-5678"));
        let alone = |text| verdict(SHAPES, "KOREA_PHONE_NUMBER", text).map(|v| v.alone.is_some());
        assert_eq!(alone("010-1234-5678"), Some(true));
        assert_eq!(alone("+82 10-1234-5678"), Some(true));
        assert_eq!(alone("02-1234-5678"), Some(false));
        assert_eq!(alone("(031) 123-4567"), Some(false));
    }
}
