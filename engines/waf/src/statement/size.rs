//! Size constraint: the length of a text in bytes against a number.
//! <https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-size-constraint-match.html>

use crate::document::statement::ComparisonOperator;

pub(crate) fn holds(length: u64, operator: ComparisonOperator, size: u64) -> bool {
    match operator {
        ComparisonOperator::Eq => length == size,
        ComparisonOperator::Ne => length != size,
        ComparisonOperator::Le => length <= size,
        ComparisonOperator::Lt => length < size,
        ComparisonOperator::Ge => length >= size,
        ComparisonOperator::Gt => length > size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ComparisonOperator::*;

    #[test]
    fn operators_below_at_and_above() {
        let cases = [
            (Eq, [false, true, false]),
            (Ne, [true, false, true]),
            (Le, [true, true, false]),
            (Lt, [true, false, false]),
            (Ge, [false, true, true]),
            (Gt, [false, false, true]),
        ];
        for (operator, expected) in cases {
            assert_eq!(
                [9, 10, 11].map(|length| holds(length, operator, 10)),
                expected,
                "{operator:?}"
            );
        }
    }
}
