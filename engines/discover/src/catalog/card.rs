//! Payment cards: numbers by Luhn and issuer ranges (ISO/IEC 7812). The numbers that issuers publish for testing are never
//! reported, as Macie does not (<https://docs.aws.amazon.com/macie/latest/user/mdis-reference-financial.html>).

use crate::checksum::{luhn, one_symbol};
use crate::shape::{Shape, Value, Verdict};

/// Words for a card.
pub(crate) const CARD: &str = "\
    account number, american express, amex, bank card, c card, card, card no, card number, cc, cc #, \
    cc number, ccn, check card, cred card, credit, credit card, credit card number, credit cards, \
    credit no, credit num, creditcard, dankort, debit, debit card, debit no, debit num, diners club, \
    discover, electron, japanese card bureau, jcb, mastercard, mc, pan, payment account number, \
    payment card number, pcn, pmnt #, pmnt card, pmnt no, pmnt number, union pay, visa, kartennummer, \
    kreditkarte, kreditkartennummer, carte bancaire, carte de crédit, numéro de carte, tarjeta, \
    tarjeta de crédito, carta di credito, numero carta, cartão, cartão de crédito, 카드번호, 신용카드, 체크카드, 카드";

/// Reserved by issuers for tests.
const TEST_NUMBERS: &str = "\
    122000000000003 2222405343248877 2222990905257051 2223007648726984 2223577120017656 30569309025904 \
    34343434343434 3528000700000000 3530111333300000 3566002020360505 36148900647913 36700102000000 \
    371449635398431 378282246310005 378734493671000 38520000023237 4012888888881881 4111111111111111 \
    4222222222222 4444333322221111 4462030000000000 4484070000000000 4911830000000 4917300800000000 \
    4917610000000000 4917610000000000003 5019717010103742 5105105105105100 5111010030175156 \
    5185540810000019 5200828282828210 5204230080000017 5204740009900014 5420923878724339 5454545454545454 \
    5455330760000018 5506900490000436 5506900490000444 5506900510000234 5506920809243667 5506922400634930 \
    5506927427317625 5553042241984105 5555553753048194 5555555555554444 5610591081018250 6011000990139424 \
    6011000400000000 6011111111111117 630490017740292441 630495060000000000 6331101999990016 \
    6759649826438453 6799990100000000019 76009244561";

/// Words for what a card's stripe holds.
const STRIPE: &str =
    "card data, iso7813, mag, magstripe, magnetic stripe, stripe, swipe, track 1, track 2";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::financial(
        "CREDIT_CARD_NUMBER",
        r"\d{13,19}|\d{4}(?: \d{4}){3}(?: \d{1,3})?|\d{4}(?:-\d{4}){3}(?:-\d{1,3})?|\d{4}[ -]\d{6}[ -]\d{4,5}",
        CARD,
        card,
    ),
    Shape::financial(
        "CREDIT_CARD_MAGNETIC_STRIPE",
        r"B?\d{13,19}\^[A-Z /.]{2,26}\^\d{7,40}|\d{13,19}=\d{7,20}",
        STRIPE,
        stripe,
    ),
];

fn card(value: &Value<'_>) -> Option<Verdict> {
    let number = value.compact;
    let issued = issuer(number).is_some() && !one_symbol(&number[1..]);
    let test = TEST_NUMBERS.split(' ').any(|test| test.as_bytes() == number);
    let verdict = Verdict::checked(issued && !test && luhn(number), "Luhn, issuer's range")?;
    Some(verdict.alone_as("CREDIT_CARD_NUMBER_(NO_KEYWORD)"))
}

/// Tracks 1 and 2 of ISO/IEC 7813, by the number that they begin with.
fn stripe(value: &Value<'_>) -> Option<Verdict> {
    let number = value.raw.strip_prefix(b"B").unwrap_or(value.raw);
    let number = number.split(|byte| !byte.is_ascii_digit()).next()?;
    Verdict::checked(issuer(number).is_some() && luhn(number), "Luhn, issuer's range")
}

/// Who issues numbers of this beginning and length.
fn issuer(number: &[u8]) -> Option<&'static str> {
    let start = |digits: usize| crate::checksum::number(&number[..digits]);
    let length = number.len();
    let name = match (start(1), start(2), start(3), start(4), length) {
        (4, _, _, _, 13 | 16 | 19) => "Visa",
        (_, _, _, 2221..=2720, 16) | (_, 51..=55, _, _, 16) => "Mastercard",
        (_, 34 | 37, _, _, 15) => "American Express",
        (_, 36 | 38 | 39, _, _, 14..=19) | (_, _, 300..=305, _, 14..=19) => "Diners Club",
        (_, 65, _, _, 16..=19) | (_, _, 644..=649, _, 16..=19) | (_, _, _, 6011, 16..=19) => {
            "Discover"
        }
        (_, _, _, 3528..=3589, 16..=19) | (_, _, _, 1800 | 2131, 15) => "JCB",
        (_, 62 | 81, _, _, 16..=19) => "UnionPay",
        (_, _, _, 5019, 16) => "Dankort",
        (_, 50 | 56..=58 | 60 | 63 | 67 | 68, _, _, 13..=19) => "Maestro",
        _ => return None,
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::accepts;

    #[test]
    fn cards_need_luhn_an_issuer_and_no_test_number() {
        let card = |text: &str| accepts(SHAPES, "CREDIT_CARD_NUMBER", text);
        assert!(
            card("4539578763621486") && card("4539 5787 6362 1486") && card("4539-5787-6362-1486")
        );
        assert!(card("3782 822463 10013") || card("371449635398449"), "American Express grouping");
        assert!(!card("4539578763621487"), "Luhn");
        assert!(!card("4111 1111 1111 1111"), "a test number");
        assert!(!card("9999999999999995"), "no issuer");
        assert!(!card("453957876362148"), "no Visa has 15 digits");
        assert!(!card("0000000000000000"));
    }

    #[test]
    fn stripes_begin_with_a_card() {
        let stripe = |text: &str| accepts(SHAPES, "CREDIT_CARD_MAGNETIC_STRIPE", text);
        assert!(
            stripe("B4539578763621486^DOE/JOHN^24051010000000000")
                && stripe("4539578763621486=24051010000")
        );
        assert!(!stripe("B4539578763621487^DOE/JOHN^24051010000000000"));
    }

    #[test]
    fn issuers_are_told_by_beginning_and_length() {
        assert_eq!(issuer(b"2720990000000007"), Some("Mastercard"));
        assert_eq!(issuer(b"2721000000000000"), None);
        assert_eq!(issuer(b"36148900647913"), Some("Diners Club"));
        assert_eq!(issuer(b"3589000000000003"), Some("JCB"));
        assert_eq!(issuer(b"371449635398431"), Some("American Express"));
    }
}
