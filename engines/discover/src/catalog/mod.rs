//! The table of everything that is looked for, one file a family with its vectors beside it.

pub(crate) mod address;
mod americas;
mod asia;
mod bank;
mod card;
mod credentials;
mod documents;
mod europe;
mod health;
mod korea;
pub(crate) mod korean_name;
pub(crate) mod name;
mod phone;
pub(crate) mod short;
pub(crate) mod web;

use crate::anchor::Anchor;
use crate::identifier::{Category, Identifier};
use crate::shape::Shape;

/// Words that say what a number is when it is nothing of ours; one nearer to a value than any keyword refuses it.
pub(crate) const OTHER_NUMBERS: &str = "order, order no, order number, order id, invoice, invoice number, invoice no, tracking, tracking number, tracking no, \
    serial, serial number, serial no, imei, isbn, ean, upc, sku, batch, lot, ticket, case number, case id, request id, \
    transaction, transaction id, txn, trace id, span id, build, commit, hash, checksum, timestamp, epoch, version, part number, \
    product id, item number, reference, reference number, ref, ref no, session id, event id, job id, device serial, meter, \
    주문번호, 주문, 송장번호, 운송장번호, 운송장, 제품번호, 일련번호, 모델명, 상품코드, 승인번호, 거래번호, 접수번호, \
    bestellnummer, rechnungsnummer, auftragsnummer, sendungsnummer, seriennummer, numéro de commande, commande, facture, \
    numéro de suivi, pedido, número de pedido, factura, número de serie, ordine, numero ordine, fattura";

/// The detectors of values by their form.
pub(crate) fn shapes() -> impl Iterator<Item = &'static Shape> {
    [
        card::SHAPES,
        bank::SHAPES,
        americas::SHAPES,
        europe::SHAPES,
        asia::SHAPES,
        korea::SHAPES,
        documents::SHAPES,
        health::SHAPES,
        phone::SHAPES,
        credentials::SHAPES,
        short::SHAPES,
    ]
    .into_iter()
    .flatten()
}

/// The detectors of values by a literal.
pub(crate) fn anchors() -> impl Iterator<Item = &'static Anchor> {
    [credentials::ANCHORS, web::ANCHORS, address::ANCHORS].into_iter().flatten()
}

/// Everything that is looked for, in the order of ids.
pub fn identifiers() -> Vec<Identifier> {
    let personal = Category::PersonalInformation;
    let alone = |id: &'static str, category| Identifier { id, category, keyword_required: false };
    let mut all: Vec<Identifier> = shapes()
        .filter(|shape| shape.id != bank::IBAN)
        .map(|shape| Identifier {
            id: shape.id,
            category: shape.category,
            keyword_required: !stands_alone(shape.id),
        })
        .collect();
    // What checks report under ids of their own.
    all.extend(bank::iban_identifiers().map(|id| alone(id, Category::FinancialInformation)));
    all.push(alone("CREDIT_CARD_NUMBER_(NO_KEYWORD)", Category::FinancialInformation));
    let organizations = [
        "ARGENTINA_ORGANIZATION_TAX_IDENTIFICATION_NUMBER",
        "COLOMBIA_ORGANIZATION_NIT_NUMBER",
        "MEXICO_ORGANIZATION_RFC_NUMBER",
    ];
    all.extend(organizations.map(|id| Identifier {
        id,
        category: personal,
        keyword_required: true,
    }));
    let tokens = credentials::IDS.iter().copied().chain(credentials::vendor_identifiers());
    all.extend(tokens.map(|id| alone(id, Category::Credentials)));
    let people = ["NAME", "KOREA_NAME"].into_iter();
    let places = address::IDS.iter().chain(web::IDS).copied();
    all.extend(people.chain(places).map(|id| alone(id, personal)));
    all.sort_by_key(|identifier| (identifier.id, identifier.keyword_required));
    all.dedup_by_key(|identifier| identifier.id);
    all
}

/// Ids whose checks may do without a keyword.
fn stands_alone(id: &str) -> bool {
    let korean = [
        "KOREA_RESIDENT_REGISTRATION_NUMBER",
        "KOREA_FOREIGNER_REGISTRATION_NUMBER",
        "KOREA_BUSINESS_REGISTRATION_NUMBER",
    ];
    id.ends_with("PHONE_NUMBER")
        || korean.contains(&id)
        || matches!(id, "MEXICO_CURP_NUMBER" | "ITALY_NATIONAL_IDENTIFICATION_NUMBER")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ids on Macie's page of managed data identifiers.
    const MACIE: &str = include_str!("../../data/macie-identifiers.txt");

    #[test]
    fn every_identifier_of_macie_is_here() {
        let ids: Vec<_> = identifiers().iter().map(|identifier| identifier.id).collect();
        let missing: Vec<_> = MACIE.lines().filter(|id| !ids.contains(id)).collect();
        assert_eq!(missing, [""; 0]);
    }

    #[test]
    fn patterns_compile_and_keywords_are_in_lower_case() {
        for shape in shapes() {
            assert!(regex::bytes::Regex::new(shape.pattern).is_ok(), "{}", shape.id);
            assert_eq!(shape.keywords, shape.keywords.to_lowercase(), "{}", shape.id);
        }
    }
}
