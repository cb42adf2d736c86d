#!/usr/bin/env python3
"""Holds a form that was taken in, and what was filled by it, against the workbook (XLSForm) that it came from.

    workbook.py plan FILE.xlsx                    what an officer types in its main form, and entries that between them choose every choice
    workbook.py compare FILE.xlsx --taken TAKEN.json --drafts DIR [--read CASE.json]

TAKEN.json is what `amanat form import xlsform FILE.xlsx --json` printed, DIR the folder of drafts that it wrote, CASE.json what
`amanat case show CASE --json` printed in the reader's home. Everything is worked out here from the workbook, by nothing that the program
is made of: each row of its sheets is carried (question, choice, condition, constraint, words), or named with its row.

Ends with 0 when all is so, 1 at any difference (each is named), 2 when the two cannot be compared.
"""

import argparse
import json
import pathlib
import re
import sys
import tomllib
import xml.etree.ElementTree as Tree
import zipfile
from collections import Counter

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PLACE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
KINDS = {"text": "text", "integer": "number", "date": "date", "select_one": "choice", "select_multiple": "choices"}
KNOWN_OF_EVERY_ENTRY = ("start", "end", "today", "deviceid", "username")
# Column of the survey, and what a question or a rule of a draft says because of it.
CARRIED = {"relevant": "show_if", "required": "required", "default": "preset"}


def plain(name):
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def clean(text):
    return " ".join(text.replace("\u00a0", " ").replace("**", "").split())


def sheets(path):
    """The workbook's sheets: name → [(row, {column: cell})]."""
    with zipfile.ZipFile(path) as file:
        part = lambda name: Tree.fromstring(file.read(name))
        text = lambda node: "".join(piece.text or "" for piece in node.iter(f"{MAIN}t"))
        shared = [text(node) for node in part("xl/sharedStrings.xml")] if "xl/sharedStrings.xml" in file.namelist() else []
        targets = {node.get("Id"): node.get("Target") for node in part("xl/_rels/workbook.xml.rels")}
        found = {}
        for sheet in part("xl/workbook.xml").find(f"{MAIN}sheets"):
            target = targets[sheet.get(PLACE)].lstrip("/")
            rows = part(target if target.startswith("xl/") else f"xl/{target}").iter(f"{MAIN}row")
            found[sheet.get("name")] = named([(int(row.get("r")), cells(row, shared, text)) for row in rows])
    return found


def cells(row, shared, text):
    found = {}
    for cell in row:
        value = cell.find(f"{MAIN}v")
        if cell.get("t") == "inlineStr":
            said = text(cell)
        else:
            said = "" if value is None else shared[int(value.text)] if cell.get("t") == "s" else value.text
        if said.strip():
            found[re.sub(r"\d", "", cell.get("r"))] = said
    return found


def named(rows):
    if not rows:
        return []
    header = {at: name.strip() for at, name in rows[0][1].items()}
    return [(number, {header[at]: cell for at, cell in row.items() if at in header}) for number, row in rows[1:] if row]


def label(row, language):
    """The words of a row in a language, else in the other one, else its bare label."""
    said = {("ur" if "(ur)" in name else "en"): cell for name, cell in row.items() if name.startswith("label")}
    return clean(said.get(language) or said.get("en") or said.get("ur") or row.get("name", ""))


class Workbook:
    def __init__(self, path):
        read = sheets(path)
        settings = dict(read["settings"][0][1]) if read.get("settings") else {}
        self.id = plain(settings.get("form_id") or pathlib.Path(path).stem)
        self.survey, self.choices = read["survey"], read.get("choices", [])
        self.lists = {}
        for number, row in self.choices:
            self.lists.setdefault(row["list_name"], {}).setdefault(row["name"].strip(), (number, row))

    def questions(self):
        """Every row that asks: row, its cells, what it asks for, and its list."""
        for number, row in self.survey:
            kind, _, rest = row.get("type", "").strip().partition(" ")
            if kind in KINDS:
                yield number, row, kind, rest.split(" ")[0]

    def name(self, row):
        return f"{self.id}_{plain(row['name'])}"

    def added(self):
        """Entries that between them choose every choice of every list that one may be chosen of."""
        asked = [(self.name(row), kind, list(self.lists.get(of, {}))) for _, row, kind, of in self.questions()]
        rounds = max((len(codes) for _, kind, codes in asked if kind == "select_one"), default=0)
        return [{name: codes[at % len(codes)] for name, kind, codes in asked if kind == "select_one"} for at in range(rounds)]

    def typed(self):
        """What is typed for each question of the form, and what it must have become. Of several choices all are marked."""
        for at, (_, row, kind, of) in enumerate(self.questions()):
            codes = list(self.lists.get(of, {}))
            if kind == "select_one":
                keys, value = f"Down*{at % len(codes) + 1} Enter", codes[at % len(codes)]
            elif kind == "select_multiple":
                keys, value = "Down Space " * len(codes) + "Enter", codes
            elif kind == "date":
                keys, value = f'"{at % 28 + 1}-3-2020" Enter', f"2020-03-{at % 28 + 1:02}"
            elif kind == "integer":
                keys, value = f'"{at}" Enter', at
            else:
                keys, value = f'"{at} said, {of or kind}" Enter', f"{at} said, {of or kind}"
            yield {"id": self.name(row), "keys": keys, "value": value}


class Drafts:
    """What was written for the agency's codebook."""

    def __init__(self, folder, files):
        read = [tomllib.loads((pathlib.Path(folder) / name).read_text(encoding="utf-8")) for name in files]
        self.lists = {file["list"]: file for file in read if "list" in file}
        forms = [file for file in read if "form" in file]
        self.questions = {q["id"]: q for form in forms for section in form["section"] for q in section["question"]}
        self.rules = {rule["at"] for form in forms for rule in form.get("rule", [])}
        self.words = "\n".join(
            words[language]
            for form in forms
            for part in [form] + form["section"] + list(self.questions.values())
            for words in (part.get("title"), part.get("label"), part.get("hint"))
            if words
            for language in ("en", "ur")
        )


def carried(book, drafts, left):
    """Each row of the survey is carried whole or named."""
    asked = {number: (kind, of) for number, _, kind, of in book.questions()}
    for number, row in book.survey:
        if number not in asked:
            kind = row.get("type", "").strip().replace(" ", "_")
            if kind and not kind.startswith("end_") and number not in left:
                said = label(row, "en")
                if kind in KNOWN_OF_EVERY_ENTRY or said not in drafts.words:
                    yield f"survey, row {number}: {kind} “{said}” is neither carried nor named"
            continue
        kind, of = asked[number]
        question = drafts.questions.get(book.name(row))
        if question is None:
            if number not in left:
                yield f"survey, row {number}: {row['name']} is neither asked nor named"
            continue
        if question["kind"] != KINDS[kind]:
            yield f"survey, row {number}: {row['name']} is asked as {question['kind']}"
        for language in ("en", "ur"):
            if question["label"][language] != label(row, language):
                yield f"survey, row {number}: {row['name']} reads “{question['label'][language]}”"
        if of and question.get("list") != f"{book.id}_{plain(of)}":
            yield f"survey, row {number}: {row['name']} chooses of {question.get('list')}"
        for column, says in CARRIED.items():
            told = row.get(column, "").strip().lower()
            if told and told not in ("no", "false", "false()") and says not in question and number not in left:
                yield f"survey, row {number}: {column} is neither carried nor named"
            if not told and says in question and says != "show_if":
                yield f"survey, row {number}: {says} comes from nowhere"
        if row.get("constraint", "").strip() and question["id"] not in drafts.rules and number not in left:
            yield f"survey, row {number}: constraint is neither carried nor named"


def chosen(book, drafts, left):
    """Each choice is offered, in the order of the sheet, or named."""
    for number, row in book.choices:
        code, file = row["name"].strip(), drafts.lists.get(f"{book.id}_{plain(row['list_name'])}", {"items": []})
        first, _ = book.lists[row["list_name"]][code]
        items = {item["code"]: item for item in file["items"]}
        if first != number or code not in items:
            if number not in left:
                yield f"choices, row {number}: {row['list_name']} “{code}” is neither offered nor named"
            continue
        for language in ("en", "ur"):
            if items[code][language] != label(row, language):
                yield f"choices, row {number}: {row['list_name']} “{code}” reads “{items[code][language]}”"
    for name, codes in book.lists.items():
        offered = [item["code"] for item in drafts.lists.get(f"{book.id}_{plain(name)}", {"items": []})["items"]]
        if (wanted := [code for code in codes if code in offered]) != [code for code in offered if code in codes]:
            yield f"choices: {name} stands in another order than {wanted}"


def filled(book, case):
    """What headquarters reads is what was typed and what was added, as often as it was."""
    frozen = lambda answers: json.dumps(answers, sort_keys=True, ensure_ascii=False)
    wanted = Counter(map(frozen, [{step["id"]: step["value"] for step in book.typed()}] + book.added()))
    sheets = [entry for entry in case["entries"] if entry.get("form", "").split("@")[0] == book.id]
    # What is typed in words says in which language it was.
    spoken = lambda answer: answer["value"] if isinstance(answer, dict) and answer.get("lang") == "en" else answer
    read = Counter(frozen({id: spoken(answer) for id, answer in entry["answers"].items()}) for entry in sheets)
    yield from (f"not read: {answers}" for answers in (wanted - read).elements())
    yield from (f"read and never given: {answers}" for answers in (read - wanted).elements())
    yield from (f"{entry['entry'][:12]} is {entry['delivery']}" for entry in sheets if entry["delivery"] != "received")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("plan", "compare"))
    parser.add_argument("workbook")
    for name in ("--taken", "--drafts", "--read"):
        parser.add_argument(name)
    asked = parser.parse_args()
    book = Workbook(asked.workbook)
    if asked.verb == "plan":
        json.dump({"form": book.id, "typed": list(book.typed()), "added": book.added()}, sys.stdout, ensure_ascii=False)
        return 0

    load = lambda path: json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    taken = load(asked.taken)
    left = {sheet: {note["row"] for note in taken["left_out"] if note["sheet"] == sheet} for sheet in ("survey", "choices")}
    drafts = Drafts(asked.drafts, taken["files"])
    wrong = list(carried(book, drafts, left["survey"])) + list(chosen(book, drafts, left["choices"]))
    said = [f"{len(list(book.questions()))} questions, {len(book.choices)} choices of {len(book.lists)} lists"]
    said.append(f"named with their rows: {len(taken['left_out'])}")
    if asked.read:
        wrong += filled(book, load(asked.read))
        said.append(f"{len(list(book.typed()))} answers typed, {len(book.added())} entries more, each read at headquarters")
    print("\n".join(said + [f"DIFFERENT: {what}" for what in wrong]))
    print(f"{len(wrong)} differences" if wrong else "carried whole, or named")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
