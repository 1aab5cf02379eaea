"""Makes the files beside it: one of each format, each with the social security number 536-90-4399 once.

`pip install openpyxl python-docx python-pptx reportlab fastavro zstandard xlwt pyzipper pypdf`, then `python make.py`.
"""

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import docx
import fastavro
import openpyxl
import pptx
import pypdf
import pyzipper
import xlwt
import zstandard
from reportlab.pdfgen import canvas

HERE = Path(__file__).parent
LINE = "the social security number is 536-90-4399\n"

(HERE / "text.gz").write_bytes(gzip.compress(LINE.encode(), mtime=0))
(HERE / "text.bz2").write_bytes(bz2.compress(LINE.encode()))
(HERE / "text.xz").write_bytes(lzma.compress(LINE.encode()))
frames = zstandard.compress(b"nothing here\n") + zstandard.compress(LINE.encode())
(HERE / "text.zst").write_bytes(frames)

with zipfile.ZipFile(HERE / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("empty.txt", "")
    archive.writestr("folder/customers.csv", "id,ssn,city\n1,536904399,Ulm\n")
with pyzipper.AESZipFile(HERE / "encrypted.zip", "w", encryption=pyzipper.WZ_AES) as archive:
    archive.setpassword(b"secret")
    archive.writestr("a.txt", LINE)
with tarfile.open(HERE / "archive.tar.gz", "w:gz") as archive:
    info = tarfile.TarInfo("deep/" + "x" * 120 + ".json")
    content = b'{"customer": {"ssn": "536-90-4399"}}'
    info.size = len(content)
    archive.addfile(info, io.BytesIO(content))

document = docx.Document()
document.add_paragraph("Nothing here.")
document.add_paragraph(LINE.strip())
document.save(HERE / "document.docx")
slides = pptx.Presentation()
for text in ("Nothing", LINE.strip()):
    slides.slides.add_slide(slides.slide_layouts[5]).shapes.title.text = text
slides.save(HERE / "slides.pptx")
workbook = openpyxl.Workbook()
sheet = workbook.active
sheet.title = "People"
for row in (["name of city", "ssn"], ["Ulm", "536-90-4399"], ["Rome", 7]):
    sheet.append(row)
workbook.save(HERE / "workbook.xlsx")
old = xlwt.Workbook()
sheet = old.add_sheet("People")
for y, row in enumerate((["name of city", "ssn"], ["Ulm", "536-90-4399"])):
    for x, value in enumerate(row):
        sheet.write(y, x, value)
old.save(str(HERE / "workbook.xls"))

pdf = canvas.Canvas(str(HERE / "pages.pdf"), invariant=True)
pdf.drawString(72, 720, "Nothing here.")
pdf.showPage()
pdf.drawString(72, 720, LINE.strip())
pdf.save()
writer = pypdf.PdfWriter(clone_from=HERE / "pages.pdf")
writer.encrypt("secret", algorithm="RC4-128")
writer.write(HERE / "encrypted.pdf")

(HERE / "database.sqlite").unlink(missing_ok=True)
database = sqlite3.connect(HERE / "database.sqlite")
database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, remark TEXT, ssn TEXT)")
database.executemany("INSERT INTO people (remark, ssn) VALUES (?, ?)", [("lorem " * 800, f"none {n}") for n in range(12)])
database.execute("INSERT INTO people (remark, ssn) VALUES ('x', '536-90-4399')")
database.commit()
database.close()

schema = {
    "type": "record",
    "name": "Customer",
    "namespace": "a.b",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "tags", "type": {"type": "array", "items": ["null", "string"]}},
        {"name": "ssn", "type": ["null", "string"]},
        {"name": "next", "type": ["null", "Customer"]},
    ],
}
records = [
    {"id": 1, "tags": ["a", None], "ssn": None, "next": None},
    {"id": 2, "tags": [], "ssn": None, "next": {"id": 3, "tags": [], "ssn": "536-90-4399", "next": None}},
]
for codec in ("null", "deflate"):
    with open(HERE / f"records-{codec}.avro", "wb") as out:
        fastavro.writer(out, fastavro.parse_schema(schema), records, codec=codec, sync_marker=b"s" * 16)

message = (
    "From: a@corp.invalid\r\nTo: b@corp.invalid\r\nSubject: case\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="cut"\r\n\r\n--cut\r\nContent-Type: text/plain; charset=utf-8\r\n'
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nthe social security number is 536=2D90=2D4399=\r\n.\r\n--cut\r\n"
    'Content-Type: application/octet-stream; name="b.csv"\r\nContent-Transfer-Encoding: base64\r\n\r\naWQsY2l0eSx4CjEsVWxtLDIK\r\n--cut--\r\n'
)
(HERE / "message.eml").write_bytes(message.encode())
(HERE / "mailbox.mbox").write_bytes(
    b"From a@corp.invalid Mon Nov 23 2026\nFrom: a@corp.invalid\nTo: b@corp.invalid\nSubject: one\n\nhello\n\n"
    b"From b@corp.invalid Mon Nov 23 2026\nFrom: b@corp.invalid\nTo: a@corp.invalid\nSubject: two\n\n" + LINE.encode()
)
