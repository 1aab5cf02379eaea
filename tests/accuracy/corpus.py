"""A corpus with known content: values from faker planted into documents, beside numbers that only look like them.

`python corpus.py FOLDER [--documents N] [--seed N]` writes the documents and `truth.json`: for each file the values that are
planted, with the identifiers under which each may be found. The same seed makes the same corpus.
"""

import argparse
import csv
import io
import json
import random
import string
from pathlib import Path

from faker import Faker

LOCALES = ["en_US", "en_GB", "en_CA", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "es_MX", "es_AR", "es_CL", "en_IN", "ko_KR"]
FAKES: dict[str, Faker] = {}


def fake(locale: str) -> Faker:
    return FAKES[locale]


# What is planted: identifiers under which it may be found, and how a sentence leads up to it.


class Kind:
    def __init__(self, name, ids, make, leads, column, names_or_places=False):
        self.name = name
        self.ids = ids
        self.make = make
        self.leads = leads
        self.column = column
        self.structured = not names_or_places


def digits(n: int) -> str:
    return "".join(random.choice(string.digits) for _ in range(n))


def luhn_digit(body: str) -> str:
    total = 0
    for i, char in enumerate(reversed(body)):
        d = int(char)
        total += (d * 2 - 9 if d > 4 else d * 2) if i % 2 == 0 else d
    return str((10 - total % 10) % 10)


def card() -> str:
    """A number of a range that is given out: faker's of JCB reach beyond it (3528 to 3589)."""
    number = "35"
    while number.startswith("35") and not 3528 <= int(number[:4].ljust(4, "0")) <= 3589 or number in TESTS or len(number) < 14:
        number = fake("en_US").credit_card_number()
    if len(number) == 16 and random.random() < 0.5:
        sep = random.choice(" -")
        return sep.join(number[i : i + 4] for i in range(0, 16, 4))
    return number


TESTS = {"4111111111111111", "4222222222222"}


def resident(foreigner=False) -> str:
    """A Korean registration number whose check digit is computed here, or the form since October 2020 without one."""
    fresh = random.random() < 0.3
    year = random.randint(2020, 2025) if fresh else random.randint(1950, 2019)
    month, day = random.randint(1, 12), random.randint(1, 28)
    if fresh and year == 2020:
        month = random.randint(10, 12)
    century = 0 if year < 2000 else 2
    code = (5 if foreigner else 1) + century + random.randint(0, 1)
    body = f"{year % 100:02}{month:02}{day:02}{code}{digits(5)}"
    total = sum(int(d) * w for d, w in zip(body, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]))
    check = ((13 if foreigner else 11) - total % 11) % 10
    last = random.randint(0, 9) if fresh else check
    return f"{body[:6]}-{body[6:]}{last}"


def business() -> str:
    body = f"{random.randint(101, 899)}{random.randint(1, 99):02}{digits(4)}"
    total = sum(int(d) * w for d, w in zip(body, [1, 3, 7, 1, 3, 7, 1, 3, 5])) + int(body[8]) * 5 // 10
    body += str((10 - total % 10) % 10)
    return f"{body[:3]}-{body[3:5]}-{body[5:]}"


def nhs() -> str:
    while True:
        body = digits(9)
        check = 11 - sum(int(d) * w for d, w in zip(body, range(10, 1, -1))) % 11
        if check != 10 and len(set(body)) > 1:
            number = body + str(0 if check == 11 else check)
            return f"{number[:3]} {number[3:6]} {number[6:]}"


def nino() -> str:
    """With an allocated prefix; those of faker never are."""
    prefix = random.choice(["AB", "CE", "HK", "JP", "LM", "PW", "SR", "YT"])
    body = digits(6)
    suffix = random.choice("ABCD")
    return random.choice([f"{prefix}{body}{suffix}", f"{prefix} {body[:2]} {body[2:4]} {body[4:]} {suffix}"])


def steuer() -> str:
    """Ten digits of which exactly one stands twice, and their check digit by ISO 7064."""
    while True:
        pool = random.sample(string.digits, 9)
        body = pool + [random.choice(pool)]
        random.shuffle(body)
        if body[0] == "0":
            continue
        product = 10
        for d in body:
            total = (int(d) + product) % 10 or 10
            product = total * 2 % 11
        return "".join(body) + str((11 - product) % 10)


def aadhaar() -> str:
    """Twelve digits with a check digit by Verhoeff's tables; faker's check digit is Luhn's, which Aadhaar does not use."""
    product = [[(i + j) % 5 if i < 5 and j < 5 else (i + j - 5) % 5 + 5 if i < 5 else (i - 5 - j) % 5 + 5 if j < 5 else (i - j) % 5 for j in range(10)] for i in range(10)]
    row, permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [list(range(10))]
    for _ in range(7):
        permutation.append([row[d] for d in permutation[-1]])
    body = random.choice("23456789") + digits(10)
    check = 0
    for i, d in enumerate(reversed(body), 1):
        check = product[check][permutation[i % 8][int(d)]]
    inverse = next(d for d in range(10) if product[check][d] == 0)
    number = body + str(inverse)
    return random.choice([number, f"{number[:4]} {number[4:8]} {number[8:]}"])


def npi() -> str:
    body = random.choice("12") + digits(8)
    return body + luhn_digit("80840" + body)


def korean_account() -> str:
    return random.choice(
        [f"{digits(6)}-{digits(2)}-{digits(6)}", f"{random.randint(100, 560)}-{digits(3)}-{digits(6)}", f"1002-{digits(3)}-{digits(6)}", f"3333-{digits(2)}-{digits(7)}"]
    )


def aws_secret() -> str:
    return "".join(random.choice(string.ascii_letters + string.digits + "/+") for _ in range(40))


def token(prefix: str, n: int) -> str:
    return prefix + "".join(random.choice(string.ascii_letters + string.digits) for _ in range(n))


def us_address(locale: str) -> str:
    return fake(locale).address().replace("\n", random.choice([", ", "\n"]))


EN, DE, FR, ES, IT, PT, KO = "en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "pt_BR", "ko_KR"

KINDS = [
    Kind("CREDIT_CARD_NUMBER", ["CREDIT_CARD_NUMBER", "CREDIT_CARD_NUMBER_(NO_KEYWORD)"], card, ["credit card {}", "card number: {}", "paid by Visa {}", "Kreditkarte {}"], "card_number"),
    Kind("USA_SOCIAL_SECURITY_NUMBER", ["USA_SOCIAL_SECURITY_NUMBER"], lambda: fake(EN).ssn(), ["SSN: {}", "social security number {}", "ssn={}"], "ssn"),
    Kind("USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", ["USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER"], lambda: fake(EN).itin(), ["ITIN {}", "individual taxpayer identification number: {}"], "itin"),
    Kind("USA_NATIONAL_PROVIDER_IDENTIFIER", ["USA_NATIONAL_PROVIDER_IDENTIFIER"], npi, ["NPI {}", "national provider identifier {}"], "npi"),
    Kind("UK_NATIONAL_INSURANCE_NUMBER", ["UK_NATIONAL_INSURANCE_NUMBER"], nino, ["NI number {}", "National Insurance number: {}"], "nino"),
    Kind("UK_NHS_NUMBER", ["UK_NHS_NUMBER"], nhs, ["NHS number {}", "NHS no: {}"], "nhs_number"),
    Kind("CANADA_SOCIAL_INSURANCE_NUMBER", ["CANADA_SOCIAL_INSURANCE_NUMBER"], lambda: fake("en_CA").ssn(), ["SIN {}", "social insurance number: {}"], "sin"),
    Kind("IBAN", ["*_BANK_ACCOUNT_NUMBER"], lambda: fake(random.choice([DE, FR, ES, IT, "en_GB"])).iban(), ["IBAN {}", "transfer to {}", "Konto {}"], "iban"),
    Kind("GERMANY_TAX_IDENTIFICATION_NUMBER", ["GERMANY_TAX_IDENTIFICATION_NUMBER"], steuer, ["Steuer-ID {}", "Steueridentifikationsnummer: {}"], "steuer_id"),
    Kind("FRANCE_NATIONAL_IDENTIFICATION_NUMBER", ["FRANCE_NATIONAL_IDENTIFICATION_NUMBER", "FRANCE_HEALTH_INSURANCE_NUMBER"], lambda: fake(FR).ssn(), ["numéro de sécurité sociale {}", "NIR : {}", "INSEE {}"], "numero_securite_sociale"),
    Kind("ITALY_NATIONAL_IDENTIFICATION_NUMBER", ["ITALY_NATIONAL_IDENTIFICATION_NUMBER"], lambda: fake(IT).ssn(), ["codice fiscale {}", "tessera sanitaria: {}"], "codice_fiscale"),
    Kind("SPAIN_DNI_NUMBER", ["SPAIN_DNI_NUMBER", "SPAIN_NIF_NUMBER"], lambda: fake(ES).nif(), ["DNI {}", "NIF: {}"], "dni"),
    Kind("SPAIN_NIE_NUMBER", ["SPAIN_NIE_NUMBER"], lambda: fake(ES).nie(), ["NIE {}", "número de identidad de extranjero: {}"], "nie"),
    Kind("BRAZIL_CPF_NUMBER", ["BRAZIL_CPF_NUMBER"], lambda: fake(PT).cpf(), ["CPF {}", "cadastro de pessoa física: {}"], "cpf"),
    Kind("BRAZIL_CNPJ_NUMBER", ["BRAZIL_CNPJ_NUMBER"], lambda: fake(PT).cnpj(), ["CNPJ {}", "CNPJ: {}"], "cnpj"),
    Kind("MEXICO_CURP_NUMBER", ["MEXICO_CURP_NUMBER"], lambda: fake("es_MX").curp(), ["CURP {}", "clave única: {}"], "curp"),
    Kind("CHILE_RUT_NUMBER", ["CHILE_RUT_NUMBER"], lambda: fake("es_CL").rut(), ["RUT {}", "rol único tributario {}"], "rut"),
    Kind("INDIA_AADHAAR_NUMBER", ["INDIA_AADHAAR_NUMBER"], aadhaar, ["Aadhaar {}", "UIDAI no {}"], "aadhaar"),
    Kind("VEHICLE_IDENTIFICATION_NUMBER", ["VEHICLE_IDENTIFICATION_NUMBER"], lambda: fake(EN).vin(), ["VIN {}", "vehicle identification number: {}"], "vin"),
    Kind("PASSPORT", ["*_PASSPORT_NUMBER"], lambda: digits(9), ["passport no {}", "passport number: {}", "US passport {}"], "passport_number"),
    Kind("DATE_OF_BIRTH", ["DATE_OF_BIRTH"], lambda: fake(EN).date_of_birth(minimum_age=18).strftime(random.choice(["%Y-%m-%d", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y"])), ["date of birth {}", "DOB: {}", "birthday: {}"], "date_of_birth"),
    Kind("PHONE_NUMBER", ["PHONE_NUMBER"], lambda: f"({random.randint(201, 369)}) {random.randint(220, 399)}-{digits(4)}", ["phone {}", "call me on my mobile {}", "tel: {}"], "phone"),
    Kind("EMAIL_ADDRESS", ["EMAIL_ADDRESS"], lambda: fake(EN).email(), ["write to {}", "e-mail: {}"], "email"),
    Kind("AWS_CREDENTIALS", ["AWS_CREDENTIALS"], aws_secret, ["aws_secret_access_key = {}", "secret access key: {}"], "aws_secret_access_key"),
    Kind("STRIPE_CREDENTIALS", ["STRIPE_CREDENTIALS"], lambda: token("sk_live_", 24), ["key {}", "STRIPE={}"], "stripe_key"),
    Kind("GITHUB_TOKEN", ["GITHUB_TOKEN"], lambda: token("ghp_", 36), ["token {}", "GH_TOKEN={}"], "gh_token"),
    Kind("KOREA_RESIDENT_REGISTRATION_NUMBER", ["KOREA_RESIDENT_REGISTRATION_NUMBER"], resident, ["주민등록번호 {}", "주민번호: {}", "주민등록번호는 {}"], "주민등록번호"),
    Kind("KOREA_FOREIGNER_REGISTRATION_NUMBER", ["KOREA_FOREIGNER_REGISTRATION_NUMBER"], lambda: resident(True), ["외국인등록번호 {}", "외국인등록번호: {}"], "외국인등록번호"),
    Kind("KOREA_DRIVERS_LICENSE", ["KOREA_DRIVERS_LICENSE"], lambda: f"{random.randint(11, 26)}-{digits(2)}-{digits(6)}-{digits(2)}", ["운전면허번호 {}", "면허번호: {}"], "운전면허번호"),
    Kind("KOREA_PASSPORT_NUMBER", ["KOREA_PASSPORT_NUMBER"], lambda: random.choice([f"M{digits(8)}", f"M{digits(3)}{random.choice('ABCDEFGH')}{digits(4)}"]), ["여권번호 {}", "여권: {}"], "여권번호"),
    Kind("KOREA_BUSINESS_REGISTRATION_NUMBER", ["KOREA_BUSINESS_REGISTRATION_NUMBER"], business, ["사업자등록번호 {}", "사업자번호: {}"], "사업자등록번호"),
    Kind("KOREA_BANK_ACCOUNT_NUMBER", ["KOREA_BANK_ACCOUNT_NUMBER"], korean_account, ["계좌번호 {}", "국민은행 {}", "입금계좌: {}"], "계좌번호"),
    Kind("KOREA_PHONE_NUMBER", ["KOREA_PHONE_NUMBER"], lambda: f"010-{random.randint(2000, 9999)}-{digits(4)}", ["휴대폰 {}", "연락처: {}", "전화 {}"], "휴대폰"),
    Kind("KOREA_NAME", ["KOREA_NAME"], lambda: fake(KO).name(), ["고객 {}님", "성명: {}", "담당자 {}", "{} 씨가 방문"], "성명", True),
    Kind("KOREA_ADDRESS", ["KOREA_ADDRESS"], lambda: fake(KO).address(), ["주소 {}", "주소: {}"], "주소", True),
    Kind("NAME", ["NAME"], lambda: name(random.choice([EN, "en_GB", DE, FR, ES, IT, PT])), ["Dear {}", "customer {} called", "signed by {}", "we met {} yesterday", "{} wrote"], "full_name", True),
    Kind("ADDRESS", ["ADDRESS"], lambda: us_address(random.choice([EN, "en_GB", "en_CA", DE, FR, ES, IT])), ["lives at {}", "ship to {}", "address: {}"], "address", True),
]


def name(locale: str) -> str:
    f = fake(locale)
    return f"{f.first_name()} {f.last_name()}"


# What is no sensitive value, however much it looks like one.


def bait() -> str:
    f = fake(EN)
    luhn = "4" + digits(14)
    return random.choice(
        [
            f"order number {luhn}{luhn_digit(luhn)}",
            f"tracking number {digits(3)}-{digits(2)}-{digits(4)}",
            f"invoice {digits(9)}",
            f"timestamp {random.randint(1_600_000_000_000, 1_800_000_000_000)}",
            f"{f.date_time_this_decade().isoformat()}Z request {f.uuid4()} took {random.randint(1, 900)} ms",
            f"sha256 {f.sha256()}",
            f"version {random.randint(1, 9)}.{random.randint(0, 20)}.{random.randint(0, 99)} build {digits(8)}",
            f"from {f.ipv4()}:{random.randint(1024, 65535)}",
            f"serial number {digits(10)}",
            f"ISBN {f.isbn13()}",
            f"SKU {digits(12)}",
            f"commit {f.sha1()}",
            f"pi is 3.{digits(18)}",
            f"ticket {digits(6)}-{digits(7)}",
            f"주문번호 {digits(6)}-{digits(7)}",
            f"운송장번호 {digits(4)}-{digits(4)}-{digits(4)}",
            "The Annual Report of the Finance Committee",
            "New York City and the North Sea",
            "see Chapter 12 and Section 500 of the Privacy Act",
            "개인정보 보호법 제24조의2에 따른 처리",
            f"price {random.randint(1, 999)},{digits(3)}.{digits(2)} EUR",
            f"coordinates of pixel {digits(3)}, {digits(3)}",
        ]
    )


def prose(n: int) -> str:
    return fake(random.choice([EN, DE, FR])).sentence(nb_words=n)


# Documents


def text(planted):
    lines = []
    for kind, value in planted:
        lines += [prose(8), f"{prose(4)} {random.choice(kind.leads).format(value)}{random.choice(['.', ',', ''])}", bait()]
    return "\n".join(lines) + "\n"


def log(planted):
    lines = []
    for kind, value in planted:
        lines.append(f"{fake(EN).date_time_this_decade().isoformat()}Z INFO [worker-{random.randint(1, 9)}] {bait()}")
        lines.append(f"{fake(EN).date_time_this_decade().isoformat()}Z WARN {random.choice(kind.leads).format(value)}")
    return "\n".join(line.replace("\n", ", ") for line in lines) + "\n"


def html(planted):
    rows = [f"<tr><td>{random.choice(kind.leads).format(value)}</td><td>{bait()}</td></tr>" for kind, value in planted]
    return "<html><body><table>\n" + "\n".join(rows) + "\n</table></body></html>\n"


def xml(planted):
    rows = [f"  <record><{kind.column}>{value}</{kind.column}><note>{bait()}</note></record>" for kind, value in planted]
    return '<?xml version="1.0"?>\n<records>\n' + "\n".join(rows) + "\n</records>\n"


def table(planted):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([kind.column for kind, _ in planted] + ["order_id", "created", "remark"])
    writer.writerow([value for _, value in planted] + [digits(16), str(random.randint(10**12, 2 * 10**12)), bait()])
    for _ in range(3):
        writer.writerow(["" for _ in planted] + [digits(16), str(random.randint(10**12, 2 * 10**12)), bait()])
    return out.getvalue()


def jsonl(planted):
    lines = []
    for kind, value in planted:
        lines.append(json.dumps({"id": random.randint(1, 10**9), "customer": {kind.column: value}, "remark": bait(), "ts": random.randint(10**12, 2 * 10**12)}, ensure_ascii=random.random() < 0.5))
    return "\n".join(lines) + "\n"


def markdown(planted):
    return "# Notes\n\n" + "\n".join(f"- **{kind.column}**: {value}\n- {bait()}" for kind, value in planted) + "\n"


def mail(planted):
    return f"From: {fake(EN).ascii_company_email()}\nTo: desk@corp.invalid\nSubject: case\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n" + text(planted)


FORMATS = {"txt": text, "log": log, "html": html, "xml": xml, "csv": table, "jsonl": jsonl, "md": markdown}


def place(ending, content, index, kind, value):
    """Where a value stands: first and last line, or row and column, or record."""
    if ending == "csv":
        return ["cell", 2, kind.column]
    if ending == "jsonl":
        return ["record", index]
    if ending == "log":
        value = value.replace("\n", ", ")
    start = content.index(value)
    first = content.count("\n", 0, start) + 1
    return ["lines", first, first + value.count("\n")]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--documents", type=int, default=1400)
    arguments.add_argument("--seed", type=int, default=2026)
    options = arguments.parse_args()
    random.seed(options.seed)
    Faker.seed(options.seed)
    for locale in LOCALES:
        FAKES[locale] = Faker(locale)
    options.folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    formats = list(FORMATS)
    for number in range(options.documents):
        ending = formats[number % len(formats)]
        planted = [(kind, kind.make()) for kind in random.sample(KINDS, 6)]
        content = FORMATS[ending](planted)
        file = f"{number:05}.{ending}"
        (options.folder / file).write_text(content, encoding="utf-8", newline="")
        truth[file] = [
            {"kind": kind.name, "ids": kind.ids, "value": value, "structured": kind.structured, "place": place(ending, content, index, kind, value)}
            for index, (kind, value) in enumerate(planted)
        ]
    (options.folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False))


if __name__ == "__main__":
    main()
