//! Full names. Given names and surnames come from lists (the United States census of 1990, which is public domain, and
//! common given names of Europe and Latin America); titles, field names and words around decide where the lists cannot.

use std::collections::HashSet;

use crate::anchor::run;

const GIVEN_US: &str = include_str!("../../data/given-names-us.txt");
const GIVEN_WORLD: &str = include_str!("../../data/given-names-world.txt");
const SURNAMES_US: &str = include_str!("../../data/surnames-us.txt");

/// Most words of a name.
const WORDS_MAX: usize = 4;

/// Words that say that a name follows; a field so named holds names.
pub(crate) const WORDS: &str = "name, full name, fullname, customer, customer name, client, client name, patient, patient name, employee, \
    employee name, contact, contact name, contact person, cardholder, cardholder name, holder, account holder, applicant, \
    beneficiary, recipient, sender, author, signed, signed by, attn, attention, dear, person, member, owner, manager, \
    guest, passenger, student, teacher, doctor, physician, legal name, from, to, mr, mrs, ms, \
    nom, prénom, nom complet, titulaire, destinataire, vorname, nachname, kunde, kundin, ansprechpartner, inhaber, \
    nombre, nombre completo, apellidos, titular, cliente, paciente, nome, cognome, intestatario, nome completo, \
    user, requested by, approved by, reported by, assigned to, insured, spouse, next of kin, emergency contact, attendee";
/// Words that say that something else than a person is named.
pub(crate) const OTHER_WORDS: &str = "file name, filename, company name, company, product name, product, brand, host name, hostname, domain name, \
    class name, function name, table name, column name, field name, bucket name, project name, project, model name, model, \
    service name, city name, city, country name, country, street name, street, bank name, app name, tag name, event name, \
    department, team, game, title, category, subject, organization, organisation, institution, vendor";

/// The lists, ready to be asked.
pub(crate) struct Lexicon {
    given: HashSet<&'static [u8]>,
    surnames: HashSet<&'static [u8]>,
    titles: HashSet<&'static str>,
    starts: HashSet<&'static str>,
    other: HashSet<&'static str>,
    common: HashSet<&'static str>,
}

/// How well a name is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// A word or a field has to say that it is one.
    Needy,
    /// It can stand alone.
    Known,
    /// A title stands before it, or both parts are in the lists.
    Sure,
}

/// A name in a text.
pub(crate) struct Name {
    pub start: usize,
    pub end: usize,
    pub strength: Strength,
}

impl Lexicon {
    pub fn new() -> Self {
        let lines = |text: &'static str| text.lines().map(str::as_bytes);
        Self {
            given: lines(GIVEN_US).chain(lines(GIVEN_WORLD)).collect(),
            surnames: lines(SURNAMES_US).collect(),
            titles: TITLES.split(' ').collect(),
            starts: STARTS.split(' ').collect(),
            other: OTHER.split(' ').collect(),
            common: COMMON.split(' ').collect(),
        }
    }

    fn is_given(&self, word: &str) -> bool {
        // Jean-Pierre is as good as Jean.
        let first = word.split('-').next().unwrap_or(word);
        self.given.contains(word.to_lowercase().as_bytes())
            || self.given.contains(first.to_lowercase().as_bytes())
    }

    fn is_surname(&self, word: &str) -> bool {
        let last = word.rsplit('-').next().unwrap_or(word);
        let known =
            |word: &str| self.surnames.contains(word.to_lowercase().replace('\'', "").as_bytes());
        known(word) || known(last)
    }

    /// The full name that begins with the word at `at`, which begins with a capital.
    pub fn name_at(&self, text: &[u8], at: usize) -> Option<Name> {
        let mut words = [(0, 0); WORDS_MAX];
        let count = capitalised(text, at, &mut words);
        if count < 2 {
            return None;
        }
        let word =
            |i: usize| std::str::from_utf8(&text[words[i].0..words[i].1]).unwrap_or_default();
        let title = self.titled(text, at);
        if self.starts.contains(word(0)) || (1..count).any(|i| self.other.contains(word(i))) {
            return None;
        }
        let last = count - 1;
        let given = self.is_given(word(0));
        let surname = self.is_surname(word(last)) || self.is_surname(word(1));
        let common = self.common.contains(word(last));
        let strength = match (title, given, surname && !common) {
            (true, _, _) | (_, true, true) => Strength::Sure,
            (_, true, false) if !common => Strength::Known,
            _ => Strength::Needy,
        };
        Some(Name { start: at, end: words[last].1, strength })
    }

    /// Whether a title stands right before.
    fn titled(&self, text: &[u8], at: usize) -> bool {
        let before = &text[at.saturating_sub(12)..at];
        let Some(before) = before.strip_suffix(b" ") else { return false };
        let word = before
            .rsplit(|b| b.is_ascii_whitespace() || b"(,:;\"'>".contains(b))
            .next()
            .unwrap_or(before);
        self.titles.contains(std::str::from_utf8(word).unwrap_or_default())
    }
}

/// Fills in the capitalised words from `at` on that are parted by single spaces; initials and particles belong to them.
fn capitalised(text: &[u8], at: usize, words: &mut [(usize, usize); WORDS_MAX]) -> usize {
    let (mut start, mut count) = (at, 0);
    while count < WORDS_MAX {
        let rest = &text[start..text.len().min(start + 40)];
        let length = run(rest, |byte| {
            byte.is_ascii_alphabetic() || byte >= 0x80 || byte == b'\'' || byte == b'-'
        });
        let word = &rest[..length];
        let initial = count > 0 && length == 1 && word[0].is_ascii_uppercase();
        let particle = count > 0
            && matches!(
                word,
                b"de"
                    | b"la"
                    | b"von"
                    | b"van"
                    | b"der"
                    | b"den"
                    | b"da"
                    | b"di"
                    | b"del"
                    | b"dos"
                    | b"du"
                    | b"le"
            );
        if !(titlecase(word) || initial || particle) || length >= 40 {
            break;
        }
        let dotted = initial && rest.get(1) == Some(&b'.');
        let end = start + length + usize::from(dotted);
        words[count] = (start, start + length);
        count += 1;
        if text.get(end) != Some(&b' ') || (word.ends_with(b"'s")) {
            break;
        }
        start = end + 1;
    }
    // A particle or an initial does not end a name.
    while count > 1
        && (words[count - 1].1 - words[count - 1].0 < 2
            || text[words[count - 1].0].is_ascii_lowercase())
    {
        count -= 1;
    }
    count
}

/// A capital and at least one small letter; a second capital only after an apostrophe, a hyphen, Mc or Mac.
fn titlecase(word: &[u8]) -> bool {
    let Ok(word) = std::str::from_utf8(word) else { return false };
    let mut chars = word.chars();
    let capital = chars.next().is_some_and(char::is_uppercase);
    let small = word.chars().filter(|c| c.is_lowercase()).count();
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let joined = word.contains(['-', '\''])
        || word.starts_with("Mc")
        || word.starts_with("Mac")
        || word.starts_with("De");
    capital && small > 0 && (capitals == 1 || (capitals == 2 && joined))
}

const TITLES: &str = "Mr Mr. Mrs Mrs. Ms Ms. Miss Dr Dr. Prof. Professor Sir Herr Herrn Frau M. Mme Mlle Monsieur Madame Sr. Sra. \
    Srta. Señor Señora Sig. Sig.ra Signor Signora Dott. Don Doña Sr Sra Hr. Fr.";

/// First words of sentences, salutations and titles that look like the first word of a name.
const STARTS: &str = "The This That These Those Dear Hello Hi From To Mr Mrs Ms Miss Dr Prof Sir Contact Name Customer Patient \
    Employee Client Please Call Thank Thanks Best Kind Sincerely Regards Order Invoice Account Card Credit \
    Number Date Address Phone Email New Old San Los Las Santa Saint North South East West Lake Port Mount Fort \
    United Great Upper Lower Rue Via Calle Avenida Plaza Piazza Corso Viale Place Avenue Street Monday Tuesday \
    Wednesday Thursday Friday Saturday Sunday January February March April May June July August September \
    October November December In On At By For With And But When While After Before If As Our Your Their His Her \
    My We He She They It You An Herr Frau Monsieur Madame Signor Signora Señor Señora Content User Host Accept \
    Cache Set Get Post Der Die Das Le La Les El Il Un Una";

/// Second or last words that make a place, an organization or a thing of it.
const OTHER: &str = "Street St Avenue Ave Road Rd Drive Lane Boulevard Court Square Parkway Highway Way Terrace Beach Hill Hills \
    River Lake Park Bay Island Islands Mountain Valley Springs Creek County City Town Village University College \
    School Hospital Church Bank Inc Ltd LLC Corp Company Group Services Systems Technologies Airport Station \
    Building Center Centre House Hall Tower Bridge Museum Day Year Week Month Report Number Code Name Address \
    Date Texas California Florida Ohio Kong Francisco Diego Angeles Vegas York Jersey Mexico Zealand Hampshire \
    Carolina Dakota Virginia Agreement Policy Act Law Award Prize Cup League Club Theatre Foundation Institute \
    Association Server Service Manager Engineer Director Department Office Team Project Platz Allee Gasse GmbH \
    AG SA SARL SpA Srl And The For Sons Plc PLC Phone Email Security License Passport Card Account Order Data \
    Database Cloud Code Test Key";

/// Last words that are surnames less often than words.
const COMMON: &str = "Is Was Has Had Will Can Does Said Says Went Came Made In On At Of To With From By And Or But Not Are Were Be \
    Been No Yes Ok Via Per Der Die Das Und Ist Hat";

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<(&str, Strength)> {
        let lexicon = Lexicon::new();
        let at = text.find('|').map_or(0, |at| at);
        let text = &text[usize::from(at > 0 || text.starts_with('|'))..];
        lexicon.name_at(text.as_bytes(), at).map(|n| (&text[n.start..n.end], n.strength))
    }

    #[test]
    fn both_parts_known_or_a_title_make_it_sure() {
        assert_eq!(name("John Smith left"), Some(("John Smith", Strength::Sure)));
        assert_eq!(name("Mary Ann O'Brien"), Some(("Mary Ann O'Brien", Strength::Sure)));
        assert_eq!(
            name("Hans Müller-Lüdenscheidt kam"),
            Some(("Hans Müller-Lüdenscheidt", Strength::Known))
        );
        assert_eq!(name("Juan de la Cruz y"), Some(("Juan de la Cruz", Strength::Sure)));
        assert_eq!(name("Xyra Qwolt"), Some(("Xyra Qwolt", Strength::Needy)));
    }

    #[test]
    fn places_and_sentences_are_no_names() {
        for text in [
            "Virginia Beach",
            "John Street",
            "The Smith",
            "Dear John",
            "James",
            "Morgan Stanley Bank",
            "Mary's Smith",
        ] {
            assert_eq!(name(text).map(|n| n.0), None, "{text}");
        }
    }

    #[test]
    fn titles_count_where_they_stand_right_before() {
        let text = "for Mr. Xyra Qwolt";
        let found = Lexicon::new().name_at(text.as_bytes(), 8).unwrap();
        assert_eq!((&text[found.start..found.end], found.strength), ("Xyra Qwolt", Strength::Sure));
    }
}
