//! The check digits of the world's numbers, one function a published scheme. All take compact text (letters in upper case
//! and digits, no separators) and answer false for text of another form; none allocates.

/// Value of an ASCII digit; anything else counts as 99, which no scheme accepts.
#[inline]
pub(crate) fn digit(byte: u8) -> u32 {
    if byte.is_ascii_digit() { u32::from(byte - b'0') } else { 99 }
}

/// Whether all bytes are digits.
pub(crate) fn all_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

/// Whether every byte is the same.
pub(crate) fn one_symbol(text: &[u8]) -> bool {
    text.windows(2).all(|pair| pair[0] == pair[1])
}

/// The number that a run of digits is; for runs of at most 18.
pub(crate) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, b| sum.wrapping_mul(10).wrapping_add(u64::from(digit(*b))))
}

/// Sum of digits times weights, pairwise.
pub(crate) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(d, w)| digit(*d) * w).sum()
}

/// The Luhn formula (ISO/IEC 7812-1 annex B), check digit last.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    luhn_sum(digits).is_multiple_of(10) && all_digits(digits)
}

/// The sum of the Luhn formula, its last digit taken as the check digit.
pub(crate) fn luhn_sum(digits: &[u8]) -> u32 {
    let double = |d: u32| if d > 4 { d * 2 - 9 } else { d * 2 };
    let digits = digits.iter().rev().map(|b| digit(*b));
    digits.enumerate().map(|(i, d)| if i % 2 == 1 { double(d) } else { d }).sum()
}

/// ISO 7064 MOD 97-10 as IBAN uses it (ISO 13616): the first four characters go to the end, letters are 10 to 35, and
/// the remainder is 1.
pub(crate) fn iban(text: &[u8]) -> bool {
    text.len() > 4 && mod97(text[4..].iter().chain(&text[..4])) == 1
}

/// Remainder modulo 97 of the number that letters (10 to 35) and digits spell.
pub(crate) fn mod97<'t>(text: impl IntoIterator<Item = &'t u8>) -> u32 {
    text.into_iter().fold(0, |rest, byte| {
        let value = u32::from(base36(*byte));
        if value > 9 { (rest * 100 + value) % 97 } else { (rest * 10 + value) % 97 }
    })
}

/// Value of a digit (0 to 9) or letter (10 to 35).
pub(crate) fn base36(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => byte - b'0',
        b'A'..=b'Z' => byte - b'A' + 10,
        _ => 0,
    }
}

/// ISO 7064 MOD 11,10 over digits, check digit last (German tax identification numbers).
pub(crate) fn mod11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10, |product, byte| {
        let sum = (digit(*byte) + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    all_digits(digits) && (11 - product) % 10 == digit(*check)
}

/// The Verhoeff scheme (J. Verhoeff, Error Detecting Decimal Codes, 1969), check digit last.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    const PERMUTATION: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // The dihedral group of order ten.
    let product = |a: u8, b: u8| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    all_digits(digits)
        && digits
            .iter()
            .rev()
            .enumerate()
            .fold(0, |c, (i, byte)| product(c, PERMUTATION[i % 8][usize::from(byte - b'0')]))
            == 0
}

/// The check digits of machine-readable travel documents (ICAO Doc 9303-3, 4.9): weights 7, 3, 1, letters 10 to 35.
pub(crate) fn icao(text: &[u8], check: u8) -> bool {
    let weights = [7, 3, 1].into_iter().cycle();
    let sum: u32 = text.iter().zip(weights).map(|(b, w)| u32::from(base36(*b)) * w).sum();
    sum % 10 == digit(check)
}

/// Check digit modulo 11 with 10 and 11 folded to 0: `11 - sum % 11`, the habit of Latin America.
pub(crate) fn eleven_minus(sum: u32) -> u32 {
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Shannon entropy of the bytes, in bits a byte.
pub(crate) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let total = text.len() as f64;
    let share = |count: u32| f64::from(count) / total;
    -counts.iter().filter(|c| **c > 0).map(|c| share(*c) * share(*c).log2()).sum::<f64>()
}

/// Whether the six digits are a date as two-digit year, month, day.
pub(crate) fn yymmdd(digits: &[u8]) -> bool {
    digits.len() == 6 && date(u64::MAX, number(&digits[2..4]), number(&digits[4..6]))
}

/// Whether month and day exist; 29 February needs a leap year unless the year is unknown (`u64::MAX`).
pub(crate) fn date(year: u64, month: u64, day: u64) -> bool {
    let leap = year == u64::MAX
        || (year.is_multiple_of(4) && !year.is_multiple_of(100))
        || year.is_multiple_of(400);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_holds_for_published_examples_and_not_for_a_changed_digit() {
        assert!(luhn(b"79927398713"));
        assert!(luhn(b"4539578763621486"));
        assert!(!luhn(b"4539578763621487"));
        assert!(!luhn(b"453957876362148x"));
    }

    #[test]
    fn iban_remainder_is_one_for_the_registry_examples() {
        for example in ["GB29NWBK60161331926819", "DE89370400440532013000", "NO9386011117947"] {
            assert!(iban(example.as_bytes()), "{example}");
        }
        assert!(!iban(b"GB28NWBK60161331926819"));
    }

    #[test]
    fn verhoeff_holds_for_the_worked_example() {
        assert!(verhoeff(b"2363"));
        assert!(!verhoeff(b"2364"));
        assert!(verhoeff(b"123451"));
        assert!(!verhoeff(b"132451"));
    }

    #[test]
    fn mod_11_10_holds_for_the_published_tax_number() {
        assert!(mod11_10(b"86095742719"));
        assert!(!mod11_10(b"86095742718"));
    }

    #[test]
    fn icao_weights_hold_for_the_specimen_document() {
        assert!(icao(b"L898902C3", b'6'));
        assert!(icao(b"740812", b'2'));
        assert!(!icao(b"740812", b'3'));
    }

    #[test]
    fn dates_know_short_months_and_leap_years() {
        assert!(date(2024, 2, 29) && !date(2023, 2, 29) && !date(1900, 2, 29) && date(2000, 2, 29));
        assert!(!date(2024, 4, 31) && !date(2024, 13, 1) && !date(2024, 0, 1));
        assert!(yymmdd(b"960229") && !yymmdd(b"960230"));
    }

    #[test]
    fn entropy_tells_a_key_from_a_word() {
        assert!(entropy(b"aaaaaaaa") < 0.1);
        assert!(entropy(b"kX9vQ2mZ8rT4wL6nB1cD7fGhJp3sYeUa") > 4.5);
    }
}
