//! Detectors that start from a value's own form: digits and letters in a known arrangement, which a check then accepts or
//! refuses. One pattern is ASCII and anchored; which bytes may stand before and after a value is decided once, in `scan`.

use crate::identifier::Category;

/// Longest compact form that a check is given, in bytes; longer values are refused unseen.
pub(crate) const COMPACT_MAX_BYTES: usize = 96;

/// A detector of one kind of value.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// The identifier that is reported unless the check names another.
    pub id: &'static str,
    pub category: Category,
    /// What a value looks like, in the syntax of `regex`, without anchors.
    pub pattern: &'static str,
    /// Keywords of which one must stand near, in lower case, parted by `, `.
    pub keywords: &'static str,
    pub check: fn(&Value<'_>) -> Option<Verdict>,
}

/// What a check looks at.
pub(crate) struct Value<'t> {
    /// As it stands in the text.
    pub raw: &'t [u8],
    /// Letters in upper case and digits only.
    pub compact: &'t [u8],
}

/// Why a value counts as genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// It only looks like one.
    Form,
    /// It keeps rules that few other values keep, named here.
    Plausible(&'static str),
    /// Its check digits hold, by the scheme named here.
    Checked(&'static str),
}

/// A check's answer for a value that it accepts.
#[derive(Clone, Copy)]
pub(crate) struct Verdict {
    pub proof: Proof,
    /// Reported instead of the detector's own id.
    pub id: Option<&'static str>,
    /// The id under which it is reported even when no keyword stands near; `None` needs one.
    pub alone: Option<&'static str>,
}

impl Verdict {
    /// Looks like one.
    pub const FORM: Option<Self> = Some(Self { proof: Proof::Form, id: None, alone: None });

    /// Accepts a value whose check digits hold.
    pub fn checked(holds: bool, scheme: &'static str) -> Option<Self> {
        holds.then_some(Self { proof: Proof::Checked(scheme), id: None, alone: None })
    }

    /// Accepts a value that keeps rules.
    pub fn plausible(keeps: bool, rules: &'static str) -> Option<Self> {
        keeps.then_some(Self { proof: Proof::Plausible(rules), id: None, alone: None })
    }

    pub fn with_id(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    /// Lets the value be reported without a keyword.
    pub fn alone_as(mut self, id: &'static str) -> Self {
        self.alone = Some(id);
        self
    }
}

impl Shape {
    /// A detector of personal information.
    pub const fn personal(
        id: &'static str,
        pattern: &'static str,
        keywords: &'static str,
        check: fn(&Value<'_>) -> Option<Verdict>,
    ) -> Self {
        Self { id, category: Category::PersonalInformation, pattern, keywords, check }
    }

    /// A detector of financial information.
    pub const fn financial(
        id: &'static str,
        pattern: &'static str,
        keywords: &'static str,
        check: fn(&Value<'_>) -> Option<Verdict>,
    ) -> Self {
        Self { id, category: Category::FinancialInformation, pattern, keywords, check }
    }
}

/// Accepts whatever has the form, unless it is one symbol over and over.
pub(crate) fn form(value: &Value<'_>) -> Option<Verdict> {
    if crate::checksum::one_symbol(value.compact) { None } else { Verdict::FORM }
}

#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// Whether `shapes` hold one of this id whose pattern and check take the whole text.
    pub(crate) fn accepts(shapes: &[Shape], id: &str, text: &str) -> bool {
        verdict(shapes, id, text).is_some()
    }

    /// The verdict of the first detector of this id that takes the whole text.
    pub(crate) fn verdict(shapes: &[Shape], id: &str, text: &str) -> Option<Verdict> {
        let compact = crate::scan::compact(text.as_bytes())?;
        let value = Value { raw: text.as_bytes(), compact: compact.as_slice() };
        let mut known = false;
        let verdict = shapes.iter().filter(|shape| shape.id == id).find_map(|shape| {
            known = true;
            let whole = regex::Regex::new(&format!("^(?:{})$", shape.pattern)).unwrap();
            whole.is_match(text).then(|| (shape.check)(&value)).flatten()
        });
        assert!(known, "no detector {id}");
        verdict
    }
}
