//! The condition operators of the policy language, by name
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).

/// What a condition operator compares, and whether it asks for the opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// The comparison.
    pub test: Test,
    /// `…NotEquals`, `…NotLike`, `NotIpAddress`: holds where the comparison fails, and where the key is absent.
    pub negated: bool,
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// Same characters.
    StringEquals,
    /// Same characters but for case.
    StringEqualsIgnoreCase,
    /// Same characters with wildcards.
    StringLike,
    /// Same number.
    NumericEquals,
    /// Smaller number.
    NumericLessThan,
    /// Smaller or same number.
    NumericLessThanEquals,
    /// Larger number.
    NumericGreaterThan,
    /// Larger or same number.
    NumericGreaterThanEquals,
    /// Same moment.
    DateEquals,
    /// Earlier.
    DateLessThan,
    /// Earlier or same moment.
    DateLessThanEquals,
    /// Later.
    DateGreaterThan,
    /// Later or same moment.
    DateGreaterThanEquals,
    /// Same truth.
    Bool,
    /// Same bytes, in base64 in the policy.
    BinaryEquals,
    /// In the network.
    IpAddress,
    /// ARN part by part, with wildcards. `ArnEquals` and `ArnLike` are the same.
    Arn,
    /// Whether the key is absent.
    Null,
}

/// How an operator treats a key with several values
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// Neither prefix: meant for keys of one value.
    Single,
    /// `ForAllValues:`; holds where there is no value.
    ForAllValues,
    /// `ForAnyValue:`; fails where there is no value.
    ForAnyValue,
}

/// An operator as a policy writes it, with prefix and suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The operator.
    pub operator: Operator,
    /// The prefix.
    pub quantifier: Quantifier,
    /// The suffix `IfExists`: holds where the key is absent.
    pub if_exists: bool,
}

/// Every operator by name.
pub const OPERATORS: [(&str, Operator); 27] = [
    ("StringEquals", yes(Test::StringEquals)),
    ("StringNotEquals", not(Test::StringEquals)),
    ("StringEqualsIgnoreCase", yes(Test::StringEqualsIgnoreCase)),
    ("StringNotEqualsIgnoreCase", not(Test::StringEqualsIgnoreCase)),
    ("StringLike", yes(Test::StringLike)),
    ("StringNotLike", not(Test::StringLike)),
    ("NumericEquals", yes(Test::NumericEquals)),
    ("NumericNotEquals", not(Test::NumericEquals)),
    ("NumericLessThan", yes(Test::NumericLessThan)),
    ("NumericLessThanEquals", yes(Test::NumericLessThanEquals)),
    ("NumericGreaterThan", yes(Test::NumericGreaterThan)),
    ("NumericGreaterThanEquals", yes(Test::NumericGreaterThanEquals)),
    ("DateEquals", yes(Test::DateEquals)),
    ("DateNotEquals", not(Test::DateEquals)),
    ("DateLessThan", yes(Test::DateLessThan)),
    ("DateLessThanEquals", yes(Test::DateLessThanEquals)),
    ("DateGreaterThan", yes(Test::DateGreaterThan)),
    ("DateGreaterThanEquals", yes(Test::DateGreaterThanEquals)),
    ("Bool", yes(Test::Bool)),
    ("BinaryEquals", yes(Test::BinaryEquals)),
    ("IpAddress", yes(Test::IpAddress)),
    ("NotIpAddress", not(Test::IpAddress)),
    ("ArnEquals", yes(Test::Arn)),
    ("ArnNotEquals", not(Test::Arn)),
    ("ArnLike", yes(Test::Arn)),
    ("ArnNotLike", not(Test::Arn)),
    ("Null", yes(Test::Null)),
];

const fn yes(test: Test) -> Operator {
    Operator { test, negated: false }
}

const fn not(test: Test) -> Operator {
    Operator { test, negated: true }
}

impl Comparison {
    /// The comparison of this name, such as `ForAnyValue:StringLikeIfExists`.
    pub fn named(name: &str) -> Option<Self> {
        let (quantifier, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Quantifier::ForAllValues, name),
            Some(("ForAnyValue", name)) => (Quantifier::ForAnyValue, name),
            Some(_) => return None,
            None => (Quantifier::Single, name),
        };
        let (if_exists, name) = match name.strip_suffix("IfExists") {
            Some(name) => (true, name),
            None => (false, name),
        };
        let (_, operator) = OPERATORS.iter().find(|(known, _)| *known == name)?;
        // The documentation excepts Null from IfExists: it asks for existence itself.
        let sensible = !(if_exists && operator.test == Test::Null);
        sensible.then_some(Self { operator: *operator, quantifier, if_exists })
    }
}

impl Test {
    /// Whether policy variables may stand in this operator's values: strings and ARNs.
    pub fn takes_variables(self) -> bool {
        matches!(
            self,
            Self::StringEquals | Self::StringEqualsIgnoreCase | Self::StringLike | Self::Arn
        )
    }

    /// Whether it compares moments.
    pub fn is_date(self) -> bool {
        matches!(
            self,
            Self::DateEquals
                | Self::DateLessThan
                | Self::DateLessThanEquals
                | Self::DateGreaterThan
                | Self::DateGreaterThanEquals
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let any = Comparison::named("ForAnyValue:StringNotLikeIfExists").expect("known");
        assert_eq!(any.quantifier, Quantifier::ForAnyValue);
        assert!(any.if_exists && any.operator.negated);
        for bad in ["x", "", "ForAnyValue::Bool", "NullIfExists", "IfExists", "stringequals"] {
            assert_eq!(Comparison::named(bad), None, "{bad}");
        }
    }
}
