//! Rust names for the names of a model.
//!
//! Every function is deterministic and depends on nothing but its input; [`Names`] settles collisions by the order
//! in which it is asked.

use std::collections::BTreeSet;

/// Hands out names, each once: the second one to ask for `Enabled` gets `Enabled2`.
#[derive(Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// Names that are taken from the start.
    pub fn reserving(names: &[&str]) -> Self {
        Self(names.iter().map(|&name| name.to_owned()).collect())
    }

    /// The name itself where it is free, else the name with the first free number.
    pub fn claim(&mut self, name: String) -> String {
        let mut free = name.clone();
        let mut number = 2;
        while !self.0.insert(free.clone()) {
            free = format!("{name}{number}");
            number += 1;
        }
        free
    }
}

/// Keywords of edition 2024, strict and reserved.
/// <https://doc.rust-lang.org/reference/keywords.html>
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// Words that cannot be escaped as `r#word`.
const NEVER_RAW: &[&str] = &["crate", "self", "super", "Self"];

/// The field for a member: `KeyId` is `key_id`, `Type` is `r#type`.
pub(super) fn field(name: &str) -> String {
    let snake = words(name).join("_").to_lowercase();
    if starts_badly(&snake) {
        format!("n{snake}")
    } else if NEVER_RAW.contains(&snake.as_str()) {
        format!("{snake}_")
    } else {
        snake
    }
}

/// A name as it is written in code, with keywords escaped.
pub(super) fn escaped(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// The static for a shape, an error or an operation: `KeyIdType` is `KEY_ID_TYPE`.
pub(super) fn constant(name: &str) -> String {
    let screaming = words(name).join("_").to_uppercase();
    if starts_badly(&screaming) { format!("N{screaming}") } else { screaming }
}

/// The type for a structure, an enum or an operation: as the model has it, without what Rust does not allow.
pub(super) fn type_name(name: &str) -> String {
    let camel: String = name.split(|c: char| !c.is_ascii_alphanumeric()).map(upper_first).collect();
    if starts_badly(&camel) { format!("N{camel}") } else { camel }
}

/// The variant for an enum value: `RSA_2048` is `Rsa2048`, `aws:kms` is `AwsKms`, `1.2` is `V1_2`.
pub(super) fn variant(value: &str) -> String {
    let mut camel = String::new();
    for piece in value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !p.is_empty()) {
        // Two numbers side by side stay apart: 51.2 and 5.12 are different values.
        if camel.ends_with(|c: char| c.is_ascii_digit())
            && piece.starts_with(|c: char| c.is_ascii_digit())
        {
            camel.push('_');
        }
        let shouts = !piece.contains(|c: char| c.is_ascii_lowercase());
        camel.push_str(&upper_first(&if shouts { piece.to_lowercase() } else { piece.to_owned() }));
    }
    match camel.as_str() {
        "" if value.is_empty() => "Empty".to_owned(),
        "" => value.chars().map(|c| format!("U{:04x}", u32::from(c))).collect(),
        // `Unknown` is the variant for values that the model does not have.
        "Self" | "Unknown" => format!("{camel}Value"),
        _ if starts_badly(&camel) => format!("V{camel}"),
        _ => camel,
    }
}

fn starts_badly(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn upper_first(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// The words of a camel-case name: `SSEKMSKeyId` is `SSEKMS`, `Key`, `Id`; `KeyARNs` is `Key`, `ARNs`.
fn words(name: &str) -> Vec<String> {
    // Names that camel case cannot tell apart from an acronym and a word.
    let name = name.replace("IPv", "Ipv").replace("OAuth", "Oauth");
    let mut words = Vec::new();
    for part in name.split(|c: char| !c.is_ascii_alphanumeric()) {
        let chars: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (i, &c) in chars.iter().enumerate() {
            if !word.is_empty() && starts_word(&chars, i) {
                words.push(std::mem::take(&mut word));
            }
            word.push(c);
        }
        if !word.is_empty() {
            words.push(word);
        }
    }
    words
}

fn starts_word(chars: &[char], i: usize) -> bool {
    if !chars[i].is_ascii_uppercase() {
        return false;
    }
    if !chars[i - 1].is_ascii_uppercase() {
        return true;
    }
    let Some(next) = chars.get(i + 1) else { return false };
    let plural = *next == 's' && chars.get(i + 2).is_none_or(|c| !c.is_ascii_lowercase());
    next.is_ascii_lowercase() && !plural
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_snake_case_and_no_keywords() {
        for (name, snake) in [
            ("KeyId", "key_id"),
            ("SSEKMSKeyId", "ssekms_key_id"),
            ("KeyARNs", "key_arns"),
            ("VPCIDsOfS3Bucket", "vpcids_of_s3_bucket"),
            ("x-amz-id", "x_amz_id"),
            ("IPv6Address", "ipv6_address"),
            ("Sha256Digest", "sha256_digest"),
            ("AssignPublicIp", "assign_public_ip"),
            ("__type", "type"),
            ("self", "self_"),
            ("2fa", "n2fa"),
        ] {
            assert_eq!(field(name), snake);
        }
        assert_eq!(escaped("type"), "r#type");
        assert_eq!(constant("KMSInternalException"), "KMS_INTERNAL_EXCEPTION");
        assert_eq!(constant("__listOf__string"), "LIST_OF_STRING");
        assert_eq!(type_name("_ChildShape"), "ChildShape");
        assert_eq!(type_name("encryptionPolicy"), "EncryptionPolicy");
    }

    #[test]
    fn variants_are_camel_case() {
        for (value, name) in [
            ("RSA_2048", "Rsa2048"),
            ("ECC_NIST_P256", "EccNistP256"),
            ("RSAES_OAEP_SHA_256", "RsaesOaepSha256"),
            ("aws:kms", "AwsKms"),
            ("EncryptDecrypt", "EncryptDecrypt"),
            ("us-east-1", "UsEast1"),
            ("TLSv1.2", "TLSv1_2"),
            ("1.0", "V1_0"),
            ("", "Empty"),
            ("*", "U002a"),
            ("Unknown", "UnknownValue"),
            ("self", "SelfValue"),
        ] {
            assert_eq!(variant(value), name);
        }
    }

    #[test]
    fn the_second_to_ask_gets_a_number() {
        let mut names = Names::reserving(&["Option"]);
        let claimed = ["Option", "A", "A", "A"].map(|name| names.claim(name.to_owned()));
        assert_eq!(claimed, ["Option2", "A", "A2", "A3"]);
    }
}
