//! Passports, driver's licences and vehicles. Most of these numbers carry no check digit, so the words around them and the
//! form of the issuing country have to decide.

use super::europe::document_number;
use crate::checksum::{all_digits, base36, digit, one_symbol};
use crate::shape::{Shape, Value, Verdict, form};

const LICENCE: &str = "dl#, dl:, dlno#, dl no, dl number, driver licence, driver licences, driver license, driver licenses, \
    driver permit, drivers lic., drivers licence, driver's licence, drivers licences, driver's licences, \
    drivers license, driver's license, drivers licenses, driver's licenses, drivers permit, driver's permit, \
    drivers permit number, driving licence, driving license, driving permit, license number, licence number";
const LICENCE_CA: &str = "dl#, dl:, dlno#, driver licence, driver licences, driver license, driver licenses, driver permit, \
    drivers lic., drivers licence, driver's licence, drivers licences, driver's licences, drivers license, \
    driver's license, drivers licenses, driver's licenses, drivers permit, driver's permit, \
    drivers permit number, driving licence, driving license, driving permit, permis de conduire";
const LICENCE_DE: &str = "fuehrerschein, fuehrerschein- nr, fuehrerscheinnummer, fuhrerschein, führerschein, fuhrerschein- nr, \
    führerschein- nr, fuhrerscheinnummer, führerscheinnummer";
const LICENCE_BE: &str = "fuehrerschein, fuehrerscheinnummer, fuhrerschein, führerschein, fuhrerscheinnummer, führerscheinnummer, \
    numéro permis conduire, permis de conduire, rijbewijs, rijbewijsnummer";
const LICENCE_ES: &str = "carnet conducer, carnet de conducir, el carnet de conducer, licencia conducer, licencia de manejo, \
    número carnet conducer, número de carnet de conducer, número de permiso conducer, \
    número de permiso de conducer, número licencia conducer, número permiso conducer, permiso conducción, \
    permiso conducer, permiso de conducción, permiso de conducir";
const PASSPORT_CA: &str = "passeport, passeport#, passport, passport#, passportno, passportno#";
const PASSPORT_FR: &str =
    "numéro de passeport, passeport, passeport #, passeport n °, passeport non, passeport n°";
const PASSPORT_DE: &str = "ausstellungsdatum, ausstellungsort, geburtsdatum, passport, passports, reisepass, reisepass–nr, \
    reisepassnummer";
const PASSPORT_IT: &str = "italian passport number, numéro passeport, numéro passeport italien, passaporto, passaporto italiana, \
    passaporto numero, passport number, repubblica italiana passaporto";
const PASSPORT_ES: &str = "españa pasaporte, libreta pasaporte, número pasaporte, pasaporte, passport, passport book, passport no, \
    passport number, spain passport";
const PASSPORT_UK: &str = "passeport #, passeport n °, passeport non, passeportn °, passport #, passport no, passport number, \
    passport#, passportid";
const PASSPORT_US: &str = "passport, travel document";
const VIN: &str = "fahrgestellnummer, niv, numarul de identificare, numarul seriei de sasiu, numer vin, \
    número de identificação do veículo, número de identificación de automóviles, \
    numéro d'identification du véhicule, vehicle identification number, vin, vin numeris, chassis number";
const COORDINATES: &str = "coordinate, coordinates, lat long, latitude longitude, position, latitude, longitude, location, gps, geo";

/// A licence whose number has only a form.
const fn licence(id: &'static str, pattern: &'static str, keywords: &'static str) -> Shape {
    Shape::personal(id, pattern, keywords, form)
}

pub(crate) const SHAPES: &[Shape] = &[
    Shape::personal("USA_PASSPORT_NUMBER", r"\d{9}|[A-Z]\d{8}", PASSPORT_US, form),
    Shape::personal("UK_PASSPORT_NUMBER", r"\d{9}", PASSPORT_UK, form),
    Shape::personal(
        "CANADA_PASSPORT_NUMBER",
        r"[A-Z]{2}\d{6}|[A-Z]\d{6}[A-Z]{2}",
        PASSPORT_CA,
        form,
    ),
    Shape::personal("FRANCE_PASSPORT_NUMBER", r"\d{2}[A-Z]{2}\d{5}", PASSPORT_FR, form),
    Shape::personal(
        "GERMANY_PASSPORT_NUMBER",
        r"[CFGHJK][CFGHJKLMNPRTVWXYZ\d]{8}\d?",
        PASSPORT_DE,
        reisepass,
    ),
    Shape::personal("ITALY_PASSPORT_NUMBER", r"[A-Z]{2}\d{7}", PASSPORT_IT, form),
    Shape::personal("SPAIN_PASSPORT_NUMBER", r"[A-Z]{3}\d{6}[A-Z]?", PASSPORT_ES, form),
    // The forms of the states of the USA, together (AAMVA's list of licence formats).
    licence(
        "DRIVERS_LICENSE",
        r"[A-Z]\d{6,8}|[A-Z]\d{11,14}|[A-Z]{2}\d{5,7}|[A-Z]{2}\d{6}[A-Z]|\d{7,9}|\d{12}|[A-Z]\d{3}-\d{3}-\d{2}-\d{3}-\d|[A-Z]\d{3}-\d{4}-\d{4}|[A-Z]\d{4}-\d{5}-\d{5}|\d{3}[A-Z]{2}\d{4}|[A-Z]{3}\d{6}|\d{2}[A-Z]{3}\d{5}|[A-Z]{5}\d{7}|\d{2}-\d{3}-\d{4}|[A-Z]\d{2}-\d{2}-\d{4}|\d{3} \d{3} \d{3}",
        LICENCE,
    ),
    licence(
        "CANADA_DRIVERS_LICENSE",
        r"[A-Z]\d{4}-?\d{5}-?\d{5}|[A-Z]\d{12}|\d{6}-\d{3}|[A-Z]{2}-?[A-Z]{2}-?[A-Z]{2}-?[A-Z]\d{3}[A-Z]{2}",
        LICENCE_CA,
    ),
    Shape::personal(
        "UK_DRIVERS_LICENSE",
        r"[A-Z9]{5} ?\d{6} ?[A-Z9]{2} ?[A-Z\d]{3}(?: ?\d{2})?",
        LICENCE,
        uk_licence,
    ),
    licence(
        "AUSTRALIA_DRIVERS_LICENSE",
        r"\d{4}[A-Z]{2}|[A-Z]\d{5}|[A-Z]{2}\d{4}|\d{8,10}",
        LICENCE,
    ),
    licence(
        "AUSTRIA_DRIVERS_LICENSE",
        r"\d{8}",
        "führerschein republik österreich, fuhrerschein republik osterreich, österreich führerschein",
    ),
    licence("BELGIUM_DRIVERS_LICENSE", r"\d{10}", LICENCE_BE),
    licence(
        "BULGARIA_DRIVERS_LICENSE",
        r"\d{9}",
        "превозно средство, свидетелство за управление на моторно, свидетелство за управление на мпс, сумпс, шофьорска книжка",
    ),
    licence("CROATIA_DRIVERS_LICENSE", r"\d{8}", "vozačka dozvola"),
    licence("CYPRUS_DRIVERS_LICENSE", r"\d{12}", "άδεια οδήγησης"),
    licence(
        "CZECHIA_DRIVERS_LICENSE",
        r"[A-Z]{2}[ -]?\d{6}",
        "číslo licence, císlo licence řidiče, číslo řidičského průkazu, ovladače lic., povolení k jízdě, povolení řidiče, řidiči povolení, řidičský prúkaz, řidičský průkaz",
    ),
    licence("DENMARK_DRIVERS_LICENSE", r"\d{8}", "kørekort, kørekortnummer"),
    licence(
        "ESTONIA_DRIVERS_LICENSE",
        r"[A-Z]{2}\d{6}",
        "juhi litsentsi number, juhiloa number, juhiluba, juhiluba number",
    ),
    licence(
        "FINLAND_DRIVERS_LICENSE",
        r"\d{6}[-+A]\d{3}[\dA-Z]|\d{10}",
        "ajokortin numero, ajokortti, förare lic., körkort, körkort nummer, kuljettaja lic.",
    ),
    licence("FRANCE_DRIVERS_LICENSE", r"\d{12}|\d{2}[A-Z]{2}\d{5}", "permis de conduire"),
    licence("GERMANY_DRIVERS_LICENSE", r"[A-Z\d]{3}\d{6}[A-Z\d]\d[A-Z\d]?", LICENCE_DE),
    licence("GREECE_DRIVERS_LICENSE", r"\d{9}", "δεια οδήγησης, adeia odigisis"),
    licence(
        "HUNGARY_DRIVERS_LICENSE",
        r"[A-Z]{2}\d{6}",
        "illesztőprogramok lic, jogosítvány, jogsi, licencszám, vezető engedély, vezetői engedély",
    ),
    licence("INDIA_DRIVERS_LICENSE", r"[A-Z]{2}[- ]?\d{2}[- ]?(?:19|20)\d{2}[- ]?\d{7}", LICENCE),
    licence("IRELAND_DRIVERS_LICENSE", r"\d{9}|\d{3}-\d{3}-\d{3}", "ceadúnas tiomána"),
    licence(
        "ITALY_DRIVERS_LICENSE",
        r"[A-Z]{2}\d{7}[A-Z]|U1[A-Z\d]{7}[A-Z]",
        "patente di guida, patente di guida numero, patente guida, patente guida numero",
    ),
    licence(
        "LATVIA_DRIVERS_LICENSE",
        r"[A-Z]{2,3}\d{6}",
        "autovadītāja apliecība, licences numurs, vadītāja apliecība, vadītāja apliecības numurs, vadītāja atļauja, vadītāja licences numurs, vadītāji lic.",
    ),
    licence("LITHUANIA_DRIVERS_LICENSE", r"\d{8}", "vairuotojo pažymėjimas"),
    licence("LUXEMBOURG_DRIVERS_LICENSE", r"\d{6}", "fahrerlaubnis, führerschäin"),
    licence(
        "MALTA_DRIVERS_LICENSE",
        r"[A-Z]{2}-?\d{3}-?\d{3}|\d{5,8}[A-Z]?",
        "liċenzja tas-sewqan",
    ),
    licence("NETHERLANDS_DRIVERS_LICENSE", r"\d{10}", "rijbewijs, rijbewijsnummer"),
    licence(
        "POLAND_DRIVERS_LICENSE",
        r"\d{5}/\d{2}/\d{4}|\d{14}",
        "numer licencyjny, prawo jazdy, zezwolenie na prowadzenie",
    ),
    licence(
        "PORTUGAL_DRIVERS_LICENSE",
        r"[A-Z]{1,2}[- ]?\d{5,7} ?\d?",
        "carta de condução, carteira de habilitação, carteira de motorist, carteira habilitação, carteira motorist, licença condução, licença de condução, número de licença, número licença, permissão condução, permissão de condução",
    ),
    licence(
        "ROMANIA_DRIVERS_LICENSE",
        r"[A-Z]\d{8}[A-Z]?",
        "numărul permisului de conducere, permis de conducere",
    ),
    licence(
        "SLOVAKIA_DRIVERS_LICENSE",
        r"[A-Z]\d{7}",
        "číslo licencie, číslo vodičského preukazu, ovládače lic., povolenia vodičov, povolenie jazdu, povolenie na jazdu, povolenie vodiča, vodičský preukaz",
    ),
    licence("SLOVENIA_DRIVERS_LICENSE", r"\d{9}", "vozniško dovoljenje"),
    licence("SPAIN_DRIVERS_LICENSE", r"\d{8}[ -]?[A-Z]", LICENCE_ES),
    licence(
        "SWEDEN_DRIVERS_LICENSE",
        r"\d{6}-?\d{4}",
        "drivere lic., körkort, körkort nummer, körkortsnummer, kuljettajat lic., dlno# ajokortti",
    ),
    Shape::personal("VEHICLE_IDENTIFICATION_NUMBER", r"[A-HJ-NPR-Z\d]{17}", VIN, vin),
    Shape::personal(
        "LATITUDE_LONGITUDE",
        r"[-+]?\d{1,2}\.\d{2,12}[,;]? ?[-+]?\d{1,3}\.\d{2,12}",
        COORDINATES,
        coordinates,
    ),
];

/// A serial without vowels, with its check digit where ten characters stand.
fn reisepass(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    if !text[1..].iter().any(u8::is_ascii_digit) {
        return None;
    }
    match (text.len(), document_number(text)) {
        (9, _) => Verdict::plausible(true, "a serial without vowels"),
        (_, Some(_)) => Verdict::checked(true, "ICAO 9303 check digit"),
        _ => None,
    }
}

/// Five of the surname padded with 9, then the birth date with the month raised by 50 for women.
fn uk_licence(value: &Value<'_>) -> Option<Verdict> {
    let text = value.compact;
    let month = crate::checksum::number(&text[6..8]);
    let day = crate::checksum::number(&text[8..10]);
    let surname = text[0].is_ascii_alphabetic();
    let dated = matches!(month, 1..=12 | 51..=62) && matches!(day, 1..=31);
    Verdict::plausible(surname && dated, "a surname and a birth date")
}

/// ISO 3779. The check digit in the ninth place is required in North America and missing elsewhere.
fn vin(value: &Value<'_>) -> Option<Verdict> {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let worth = |byte: u8| match byte {
        b'0'..=b'9' => digit(byte),
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'R' => u32::from(byte - b'J') + 1,
        _ => u32::from(byte - b'S') + 2,
    };
    let text = value.compact;
    let letters = text.iter().filter(|byte| base36(**byte) > 9).count();
    if letters == 0 || letters > 14 || !all_digits(&text[13..]) {
        return None;
    }
    let sum: u32 = text.iter().zip(WEIGHTS).map(|(b, w)| worth(*b) * w).sum();
    let check = b"0123456789X"[(sum % 11) as usize];
    if check == text[8] {
        return Verdict::checked(true, "ISO 3779 check digit");
    }
    Verdict::plausible(
        !matches!(text[0], b'1'..=b'5'),
        "an ISO 3779 number from outside North America",
    )
}

/// A pair in decimal degrees within the globe.
fn coordinates(value: &Value<'_>) -> Option<Verdict> {
    let text = std::str::from_utf8(value.raw).ok()?;
    let (latitude, longitude) = match text.find([',', ';', ' ']) {
        Some(at) => text.split_at(at),
        None => return None,
    };
    let latitude: f64 = latitude.parse().ok()?;
    let longitude: f64 = longitude.trim_start_matches([',', ';', ' ']).parse().ok()?;
    let inside = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    Verdict::plausible(inside && !one_symbol(value.compact), "within the globe")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::testing::accepts;

    fn takes(id: &str, text: &str) -> bool {
        accepts(SHAPES, id, text)
    }

    #[test]
    fn passports() {
        assert!(
            takes("GERMANY_PASSPORT_NUMBER", "C01X0006H1")
                && !takes("GERMANY_PASSPORT_NUMBER", "C01X0006H2")
        );
        assert!(
            takes("USA_PASSPORT_NUMBER", "963545637") && takes("USA_PASSPORT_NUMBER", "A12345678")
        );
        assert!(!takes("USA_PASSPORT_NUMBER", "000000000"));
        assert!(
            takes("FRANCE_PASSPORT_NUMBER", "14AB12345")
                && takes("SPAIN_PASSPORT_NUMBER", "PAA123456")
        );
        assert!(
            takes("CANADA_PASSPORT_NUMBER", "GA302922")
                && takes("ITALY_PASSPORT_NUMBER", "YA1234567")
        );
    }

    #[test]
    fn licences() {
        assert!(takes("UK_DRIVERS_LICENSE", "MORGA753116SM9IJ"));
        assert!(!takes("UK_DRIVERS_LICENSE", "MORGA793116SM9IJ"), "no such month");
        assert!(takes("INDIA_DRIVERS_LICENSE", "MH-14-2011-0062821"));
        assert!(takes("DRIVERS_LICENSE", "D400-7836-0001") && takes("DRIVERS_LICENSE", "A1234567"));
        assert!(
            takes("GERMANY_DRIVERS_LICENSE", "B072RRE2I55")
                || takes("GERMANY_DRIVERS_LICENSE", "B07234562I5")
        );
    }

    #[test]
    fn vehicles_and_places() {
        assert!(takes("VEHICLE_IDENTIFICATION_NUMBER", "1HGCM82633A004352"));
        assert!(!takes("VEHICLE_IDENTIFICATION_NUMBER", "1HGCM82643A004352"), "check digit");
        assert!(
            takes("VEHICLE_IDENTIFICATION_NUMBER", "WVWZZZ1JZXW000001"),
            "European, no check digit"
        );
        assert!(takes("LATITUDE_LONGITUDE", "41.948614,-87.655311"));
        assert!(!takes("LATITUDE_LONGITUDE", "91.948614,-87.655311"));
    }
}
