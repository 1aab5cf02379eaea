//! What can be found, by the names under which Macie's users know it, with the categories that decide a finding's type
//! and severity. The table itself stands in the families of `catalog`.

use serde::{Deserialize, Serialize};

/// The category of a kind of sensitive data, as Macie's findings name it
/// (<https://docs.aws.amazon.com/macie/latest/APIReference/findings-describe.html>, `SensitiveDataItemCategory`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// Private keys, tokens, passwords.
    Credentials,
    /// Cards and bank accounts.
    FinancialInformation,
    /// Whatever tells who somebody is or how they are.
    PersonalInformation,
    /// What a custom data identifier looks for.
    CustomIdentifier,
}

impl Category {
    /// The wire name, for instance `FINANCIAL_INFORMATION`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Credentials => "CREDENTIALS",
            Self::FinancialInformation => "FINANCIAL_INFORMATION",
            Self::PersonalInformation => "PERSONAL_INFORMATION",
            Self::CustomIdentifier => "CUSTOM_IDENTIFIER",
        }
    }
}

/// How bad a finding is (<https://docs.aws.amazon.com/macie/latest/user/findings-severity.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth a look.
    Medium,
    /// Worth getting up for.
    High,
}

impl Severity {
    /// The wire name, for instance `HIGH`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
        }
    }
}

/// One kind of sensitive data that the engine knows by itself: a managed data identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// The id, which is Macie's where Macie documents the kind
    /// (<https://docs.aws.amazon.com/macie/latest/user/mdis-reference.html>).
    pub id: &'static str,
    /// The category of its findings.
    pub category: Category,
    /// Whether a keyword must stand near.
    pub keyword_required: bool,
}

/// The severity of `count` occurrences of a kind in one object, by the columns of Macie's table: one occurrence, 2 to 99,
/// 100 and more. Kinds that Macie does not have are rated as their nearest relative.
pub fn severity(id: &str, category: Category, count: u64) -> Severity {
    use Severity::{High, Low, Medium};
    let rising = [Low, Medium, High];
    let columns = match (category, id) {
        (Category::Credentials, _) => [High; 3],
        (Category::CustomIdentifier, _) => [Medium; 3],
        (_, "CREDIT_CARD_SECURITY_CODE") => [Medium, High, High],
        (_, "CREDIT_CARD_EXPIRATION" | "DATE_OF_BIRTH" | "HTTP_COOKIE" | "EMAIL_ADDRESS") => rising,
        (_, "NAME" | "KOREA_NAME" | "ADDRESS" | "KOREA_ADDRESS" | "BRAZIL_CEP_CODE") => rising,
        (_, "MEDICAL_DEVICE_UDI" | "UK_ELECTORAL_ROLL_NUMBER") => rising,
        (_, "LATITUDE_LONGITUDE") => [Low, Low, Medium],
        (_, "VEHICLE_IDENTIFICATION_NUMBER") => [Low, Low, Medium],
        (_, id) if id.ends_with("PHONE_NUMBER") || id.ends_with("DRIVERS_LICENSE") => rising,
        (_, id) if id.ends_with("PASSPORT_NUMBER") => [Medium, High, High],
        _ => [High; 3],
    };
    match count {
        0 | 1 => columns[0],
        2..=99 => columns[1],
        _ => columns[2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_rises_with_the_count_where_the_table_says_so() {
        let of = |id, count| severity(id, Category::PersonalInformation, count);
        assert_eq!(of("NAME", 1), Severity::Low);
        assert_eq!(of("NAME", 99), Severity::Medium);
        assert_eq!(of("NAME", 100), Severity::High);
        assert_eq!(of("USA_SOCIAL_SECURITY_NUMBER", 1), Severity::High);
        assert_eq!(severity("JSON_WEB_TOKEN", Category::Credentials, 1), Severity::High);
    }
}
