//! Identity and tax numbers of India and Australia.

use crate::checksum::{digit, one_symbol, verhoeff};
use crate::shape::{Shape, Value, Verdict};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::personal(
        "INDIA_AADHAAR_NUMBER",
        r"[2-9]\d{11}|[2-9]\d{3}(?: \d{4}){2}|[2-9]\d{3}(?:-\d{4}){2}",
        "aadhaar, aadhar, adhaar, uidai, आधार",
        aadhaar,
    ),
    Shape::personal(
        "INDIA_PERMANENT_ACCOUNT_NUMBER",
        r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]",
        "e-pan, pan card, pan number, permanent account number, pan, pan no",
        pan,
    ),
    Shape::personal(
        "AUSTRALIA_TAX_FILE_NUMBER",
        r"\d{8,9}|\d{3} \d{3} \d{2,3}|\d{3}-\d{3}-\d{2,3}",
        "tax file number, tfn",
        tfn,
    ),
];

fn aadhaar(value: &Value<'_>) -> Option<Verdict> {
    Verdict::checked(verhoeff(value.compact) && !one_symbol(value.compact), "Verhoeff")
}

/// The fourth letter is the kind of holder; the digits are never all zero.
fn pan(value: &Value<'_>) -> Option<Verdict> {
    Verdict::plausible(&value.compact[5..9] != b"0000", "a kind of holder in the fourth place")
}

/// The weighted sum is divisible by 11; numbers of eight digits leave out the last weight but one.
fn tfn(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let weights: &[u32] =
        if text.len() == 9 { &[1, 4, 3, 7, 5, 8, 6, 9, 10] } else { &[10, 7, 8, 4, 6, 3, 5, 1] };
    let sum: u32 = text.iter().zip(weights).map(|(b, w)| digit(*b) * w).sum();
    Verdict::checked(sum.is_multiple_of(11) && !one_symbol(text), "mod 11")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::accepts;

    #[test]
    fn numbers_hold_their_check_digits() {
        assert!(
            accepts(SHAPES, "INDIA_AADHAAR_NUMBER", "2345 6789 0124")
                || accepts(SHAPES, "INDIA_AADHAAR_NUMBER", "234123412346")
        );
        assert!(!accepts(SHAPES, "INDIA_AADHAAR_NUMBER", "234123412347"));
        assert!(accepts(SHAPES, "INDIA_PERMANENT_ACCOUNT_NUMBER", "ACUPA7085R"));
        assert!(!accepts(SHAPES, "INDIA_PERMANENT_ACCOUNT_NUMBER", "ACUPA0000R"));
        assert!(accepts(SHAPES, "AUSTRALIA_TAX_FILE_NUMBER", "123 456 782"));
        assert!(!accepts(SHAPES, "AUSTRALIA_TAX_FILE_NUMBER", "123 456 783"));
    }
}
