"""Precision and recall of `bastide scan`, and of stock Presidio where it is installed, over the corpus of corpus.py.

`python compare.py PROGRAM FOLDER [--markdown] [--floors]` prints a table by identifier and one by format. A value counts as found if
an occurrence of a fitting identifier stands in its line, cell or record; every other occurrence is false. With `--floors` the exit code is 1
when F1 is below 0.95 over structured identifiers or below 0.85 over names and addresses.
"""

import argparse
import fnmatch
import json
import logging
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

FLOORS = {True: 0.95, False: 0.85}
# Presidio's own entities for what is planted; what it has no recognizer for is left out of its column.
PRESIDIO = {
    "CREDIT_CARD": ["CREDIT_CARD_NUMBER"],
    "US_SSN": ["USA_SOCIAL_SECURITY_NUMBER"],
    "US_ITIN": ["USA_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER"],
    "US_PASSPORT": ["PASSPORT"],
    "UK_NHS": ["UK_NHS_NUMBER"],
    "UK_NINO": ["UK_NATIONAL_INSURANCE_NUMBER"],
    "IBAN_CODE": ["IBAN"],
    "EMAIL_ADDRESS": ["EMAIL_ADDRESS"],
    "PHONE_NUMBER": ["PHONE_NUMBER", "KOREA_PHONE_NUMBER"],
    "ES_NIF": ["SPAIN_DNI_NUMBER"],
    "ES_NIE": ["SPAIN_NIE_NUMBER"],
    "IT_FISCAL_CODE": ["ITALY_NATIONAL_IDENTIFICATION_NUMBER"],
    "IN_AADHAAR": ["INDIA_AADHAAR_NUMBER"],
    "PERSON": ["NAME", "KOREA_NAME"],
}


class Score:
    def __init__(self):
        self.found = self.missed = self.false = 0

    @property
    def precision(self):
        return self.found / (self.found + self.false) if self.found + self.false else 1.0

    @property
    def recall(self):
        return self.found / (self.found + self.missed) if self.found + self.missed else 1.0

    @property
    def f1(self):
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def add(self, other):
        self.found += other.found
        self.missed += other.missed
        self.false += other.false


def unit(location):
    """What an occurrence's place has in common with a planted one's."""
    if "cell" in location:
        return ["cell", location["cell"]["row"], location["cell"].get("columnName")]
    if "record" in location:
        return ["record", location["record"]["recordIndex"]]
    lines = location["lineRange"]
    return ["lines", lines["start"], lines["end"]]


def meets(planted, found):
    if planted[0] != found[0]:
        return False
    if planted[0] == "lines":
        return planted[1] <= found[2] and found[1] <= planted[2]
    return planted == found


def judge(truth, found, by_kind, by_format, ending, structured, kind_of):
    """`found` is a list of (identifier, unit); each planted value takes one that fits."""
    left = list(found)
    for value in truth:
        fit = next((f for f in left if meets(value["place"], f[1]) and any(fnmatch.fnmatch(f[0], pattern) for pattern in value["ids"])), None)
        for score in (by_kind[value["kind"]], by_format[ending], structured[value["structured"]]):
            if fit:
                score.found += 1
            else:
                score.missed += 1
        if fit:
            left.remove(fit)
    for identifier, _ in left:
        kind = kind_of(identifier)
        by_kind[kind].false += 1
        by_format[ending].false += 1
        structured[kind not in ("NAME", "ADDRESS", "KOREA_NAME", "KOREA_ADDRESS")].false += 1
    return left


def scores():
    return defaultdict(Score), defaultdict(Score), {True: Score(), False: Score()}


def bastide(program, folder, truth):
    start = time.monotonic()
    done = subprocess.run([program, "scan", "--format", "json", folder], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - start
    if done.returncode not in (0, 3, 10, 11, 12):
        raise SystemExit(done.stderr)
    objects = {Path(o["path"]).name: o for o in json.loads(done.stdout)["objects"]}
    by_kind, by_format, structured = scores()
    kinds = {value["kind"]: value["ids"] for values in truth.values() for value in values}
    kind_of = lambda identifier: next((k for k, ids in kinds.items() if any(fnmatch.fnmatch(identifier, i) for i in ids)), identifier)
    false = Counter()
    for file, values in truth.items():
        found = [(d["identifier"], unit(o["location"])) for d in objects[file]["detections"] for o in d["occurrences"]]
        for identifier, place in judge(values, found, by_kind, by_format, file.rsplit(".", 1)[1], structured, kind_of):
            false[(identifier, file, str(place))] += 1
    return by_kind, by_format, structured, seconds, false


def presidio(folder, truth):
    """Stock recognizers in English at their own threshold. Without spaCy's model only those that need none run, which leaves out names."""
    logging.disable(logging.WARNING)
    try:
        from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
        from presidio_analyzer.nlp_engine import NlpEngine
    except ImportError:
        return None
    try:
        import spacy

        model = spacy.util.is_package("en_core_web_lg")
    except ImportError:
        model = False
    if model:
        engine, note = AnalyzerEngine(), "with en_core_web_lg"
    else:
        import spacy
        from presidio_analyzer.nlp_engine import SpacyNlpEngine

        class Blank(SpacyNlpEngine):
            """Tokens and nothing else."""

            def __init__(self):
                super().__init__()
                self.nlp = {"en": spacy.blank("en")}

            def load(self):
                pass

        registry = RecognizerRegistry()
        registry.load_predefined_recognizers(languages=["en"])
        registry.remove_recognizer("SpacyRecognizer")
        engine, note = AnalyzerEngine(registry=registry, nlp_engine=Blank(), supported_languages=["en"]), "pattern recognizers only, no spaCy model"
    by_kind, by_format, structured = scores()
    # What the stock registry does not turn on for English is left out, and does not count as missed.
    entities = [entity for entity in PRESIDIO if entity in engine.get_supported_entities("en")]
    entities = [entity for entity in entities if model or entity != "PERSON"]
    covered = {kind for entity in entities for kind in PRESIDIO[entity]}
    start = time.monotonic()
    for file, values in truth.items():
        ending = file.rsplit(".", 1)[1]
        content = (folder / file).read_text(encoding="utf-8")
        found = []
        for result in engine.analyze(content, language="en", entities=entities):
            line = content.count("\n", 0, result.start) + 1
            found.append((result.entity_type, ["lines", line, content.count("\n", 0, result.end) + 1]))
        planted = []
        for value in values:
            if value["kind"] not in covered:
                continue
            at = content.find(value["value"])
            if at < 0:
                # Escaped in JSON, or broken over cells: its record or row is the unit.
                line = value["place"][1] + 1 if value["place"][0] == "record" else 2
                place = ["lines", line, line]
            else:
                line = content.count("\n", 0, at) + 1
                place = ["lines", line, line + value["value"].count("\n")]
            ids = [entity for entity, kinds in PRESIDIO.items() if value["kind"] in kinds]
            planted.append({**value, "ids": ids, "place": place})
        judge(planted, found, by_kind, by_format, ending, structured, lambda entity: PRESIDIO[entity][0])
    return by_kind, by_format, structured, time.monotonic() - start, note


def row(name, score, peer):
    other = f"{peer.precision:.3f} | {peer.recall:.3f} | {peer.f1:.3f}" if peer else "| | "
    return f"| {name} | {score.found + score.missed} | {score.precision:.3f} | {score.recall:.3f} | {score.f1:.3f} | {other} |"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--floors", action="store_true")
    arguments.add_argument("--false", action="store_true", help="list what was found and not planted")
    options = arguments.parse_args()
    truth = json.loads((options.folder / "truth.json").read_text())
    (options.folder / "truth.json").rename(options.folder.with_suffix(".truth.json"))
    by_kind, by_format, structured, seconds, false = bastide(options.program, options.folder, truth)
    options.folder.with_suffix(".truth.json").rename(options.folder / "truth.json")
    peer = presidio(options.folder, truth)
    size = sum((options.folder / file).stat().st_size for file in truth)
    print(f"{len(truth)} documents, {size / 1e6:.1f} MB; bastide {seconds:.1f} s")
    print(f"Presidio {peer[3]:.1f} s ({peer[4]})" if peer else "Presidio is not installed")
    head = "| n | precision | recall | F1 | Presidio precision | recall | F1 |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    peers = peer or ({}, {}, {})
    print(f"\n| Identifier {head}")
    for kind in sorted(by_kind):
        print(row(kind, by_kind[kind], peers[0].get(kind)))
    for kind, name in ((True, "**structured**"), (False, "**names and addresses**")):
        print(row(name, structured[kind], peers[2].get(kind)))
    print(f"\n| Format {head}")
    for ending in sorted(by_format):
        print(row(ending, by_format[ending], peers[1].get(ending)))
    if options.false:
        for (identifier, file, place), count in false.most_common():
            print("false:", identifier, file, place, count, file=sys.stderr)
    low = [name for name, floor in FLOORS.items() if structured[name].f1 < floor]
    if options.floors and low:
        raise SystemExit("F1 is below its floor")


if __name__ == "__main__":
    main()
