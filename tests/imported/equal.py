#!/usr/bin/env python3
"""Holds what headquarters reads against the table that was imported: field for field, and row for row as a multiset.

    equal.py --table TABLE.csv --map MAP.toml --forms DIR --read CASES.json

CASES.json is what `amanat case show --all --json` printed in the reader's home; `-` reads it from stdin. What each row must have
become is worked out here from the table, the map and the forms, by nothing that the program is made of. An empty cell is *not
recorded*, never *no*. Equal rows are different people, so each must be read as often as it stands in the table.

Ends with 0 when all is equal, 1 at any difference (the first are named), 2 when the two cannot be compared.
"""

import argparse
import csv
import json
import pathlib
import sys
import tomllib
from collections import Counter

NAMED = 10  # differences that are told in full
TRIED = 400  # rows among which the nearest is looked for
WORDS = {"not recorded": "not_recorded", "unknown": "unknown", "refused": "refused", "not asked": "not_asked"}


def stop(why):
    """What makes comparing impossible is no difference."""
    print(f"cannot compare: {why}", file=sys.stderr)
    sys.exit(2)


class Forms:
    """Kind, seal and origin of each question, as the form files say it."""

    def __init__(self, folder):
        self.questions = {}
        for path in sorted(pathlib.Path(folder).glob("*.toml")):
            form = tomllib.loads(path.read_text(encoding="utf-8"))
            for section in form.get("section", []):
                for question in section.get("question", []):
                    self.questions[f"{path.stem}.{question['id']}"] = question

    def __getitem__(self, target):
        if target not in self.questions:
            stop(f"no form asks {target}")
        return self.questions[target]

    def worked_out(self, target):
        return self.questions.get(target, {}).get("derived", False)

    def always(self, entity):
        """The questions that a sheet of this form never leaves out."""
        named = (target for target in self.questions if target.startswith(f"{entity}."))
        return [target for target in named if self.questions[target].get("required") is True]


class Meaning:
    """What a map makes of a row."""

    def __init__(self, path, forms):
        self.map = tomllib.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        self.id = f"{self.map['name']}@{self.map['version']}"
        self.delimiter = self.map.get("delimiter", ";")
        self.columns = self.map["columns"]
        self.constants = {
            f"{entity}.{question}": word for entity in ("case", "person") for question, word in self.map.get(entity, {}).items()
        }
        self.targets = {column["to"] for column in self.columns.values() if "to" in column}
        self.kinds = {target: forms[target]["kind"] for target in self.targets | set(self.constants)}
        for target in self.targets:
            if forms[target].get("sealed"):
                stop(f"{target} is sealed, and sealed answers are not in what was read")
            if self.kinds[target] not in ("choice", "choices"):
                stop(f"{target} is a {self.kinds[target]}; this script knows choices only")

    def of(self, row):
        """The values that a row (column → cell) must have become; what is not recorded is not in it."""
        fields = {"source.name": self.map["source"], "source.map": self.id}
        fields.update({target: self.value(target, [word]) for target, word in self.constants.items()})
        chosen = {}
        for name, cell in row.items():
            column = self.columns[name]
            if not cell.strip():
                continue
            if "to" not in column or column.get("carry"):
                fields[f"cells.{name}"] = cell
            if "to" in column:
                words = {plain(theirs): ours for theirs, ours in column.get("values", {}).items()}
                for part in filter(None, map(str.strip, cell.split(self.delimiter))):
                    if plain(part) not in words:
                        stop(f"the map says nothing of “{part}” in {name}")
                    codes = chosen.setdefault(column["to"], [])
                    if words[plain(part)] not in codes:
                        codes.append(words[plain(part)])
        for target, codes in chosen.items():
            if self.kinds[target] == "choice" and len(codes) != 1:
                stop(f"{len(codes)} values for {target}, which takes one")
            fields[target] = self.value(target, codes)
        return {field: value for field, value in fields.items() if value != {"answer": "not_recorded"}}

    def value(self, target, codes):
        for code in codes:
            if code in WORDS:
                return {"answer": WORDS[code]}
        return codes if self.kinds[target] == "choices" else codes[0]


def plain(text):
    """Case, spaces and signs do not matter in a word of a table."""
    return "".join(letter for letter in text if letter.isalnum()).lower()


def table(path, columns):
    """The rows of a table with their lines."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = [name.strip() for name in next(reader, [])]
        if sorted(header) != sorted(columns):
            stop(f"the columns of the table and of the map differ: {sorted(set(header) ^ set(columns))}")
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                stop(f"line {reader.line_num}: {len(cells)} cells where the header has {len(header)}")
            yield reader.line_num, dict(zip(header, cells))


def read_case(case, meaning, forms, wrong):
    """What one case says, or None where it did not come from this map. Anything beside a row's two sheets is told in `wrong`."""
    sheets = [entry for entry in case["entries"] if entry["kind"] not in ("access", "opened")]
    if not any(entry.get("source", {}).get("map") == meaning.id for entry in sheets):
        return None
    told = f"case {case['case'][:12]}"
    kinds = sorted(entry.get("form", entry["kind"]).split("@")[0] for entry in sheets)
    if kinds != ["case", "person"]:
        wrong.append(f"{told}: holds {kinds}, not one case and one person")
    fields = {}
    for entry in sheets:
        if entry["kind"] != "sheet":
            continue
        entity = entry["form"].split("@")[0]
        if entry["delivery"] != "received":
            wrong.append(f"{told}: its {entity} is {entry['delivery']}, not received")
        source = dict(entry.get("source", {}))
        cells = source.pop("cells", {})
        if entity == "case" and cells:
            wrong.append(f"{told}: the case carries cells, which belong to the person")
        for name, value in source.items():
            if fields.setdefault(f"source.{name}", value) != value:
                wrong.append(f"{told}: its two sheets name two sources")
        fields.update({f"cells.{name}": cell for name, cell in cells.items()})
        for question, answer in entry["answers"].items():
            target = f"{entity}.{question}"
            if forms.worked_out(target) and target not in meaning.targets:
                continue
            if answer != {"answer": "not_recorded"}:
                fields[target] = answer
        for target in forms.always(entity):
            if target.split(".", 1)[1] not in entry["answers"]:
                wrong.append(f"{told}: {target} is neither answered nor said to be not recorded")
    return fields


def frozen(fields):
    """Fields as something that can be counted; values keep their kinds, so that \"1\", 1 and true differ."""
    return frozenset((name, json.dumps(value, ensure_ascii=False, sort_keys=True)) for name, value in fields.items())


def differences(expected, lines, read, cases):
    """Rows that were not read and cases that are in no row, the nearest of them side by side."""
    missing = list((expected - read).elements())
    surplus = list((read - expected).elements())
    tried = surplus[:TRIED]
    for row in missing:
        where = f"line {lines[row][0]}"
        near = max(tried, key=lambda other: len(row & other), default=None)
        if near is None:
            yield f"{where}: read {read[row]} times, stands {expected[row]} times in the table"
            continue
        tried.remove(near)
        surplus.remove(near)
        was, now = dict(row), dict(near)
        fields = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
        told = ", ".join(f"{name} {was.get(name, 'not recorded')} → {now.get(name, 'not recorded')}" for name in fields)
        yield f"{where} reads otherwise in case {cases[near][0][:12]}: {told}"
    for other in surplus:
        yield f"case {cases[other][0][:12]}: read {read[other]} times, stands {expected[other]} times in the table"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--table", "--map", "--forms", "--read"):
        parser.add_argument(name, required=True)
    asked = parser.parse_args()
    forms = Forms(asked.forms)
    meaning = Meaning(asked.map, forms)

    expected, lines, said, silent = Counter(), {}, 0, 0
    for line, row in table(asked.table, meaning.columns):
        fields = frozen(meaning.of(row))
        expected[fields] += 1
        lines.setdefault(fields, []).append(line)
        said += sum(1 for cell in row.values() if cell.strip())
        silent += sum(1 for cell in row.values() if not cell.strip())

    with sys.stdin if asked.read == "-" else open(asked.read, encoding="utf-8") as file:
        document = json.load(file)
    wrong, read, cases, ids, others = [], Counter(), {}, Counter(), 0
    for case in document["cases"]:
        ids.update(entry["entry"] for entry in case["entries"])
        fields = read_case(case, meaning, forms, wrong)
        if fields is None:
            others += 1
            continue
        read[frozen(fields)] += 1
        cases.setdefault(frozen(fields), []).append(case["case"])
    if document["total"] != len(document["cases"]):
        wrong.append(f"{document['total']} cases are said to be there and {len(document['cases'])} are")
    wrong.extend(f"entry {entry[:12]} is read {times} times" for entry, times in ids.items() if times > 1)
    wrong.extend(differences(expected, lines, read, cases))

    rows, per_row = expected.total(), len(meaning.columns) + len(meaning.constants) + 2
    print(f"rows in the table      {rows}, of which {len(expected)} differ from each other; the most frequent {max(expected.values(), default=0)} times")
    print(f"cases read             {read.total()}, of which {len(read)} differ from each other; from elsewhere: {others}")
    print(f"fields compared        {rows * per_row}: {len(meaning.columns)} columns, {len(meaning.constants)} answers of the map, source and map of each row")
    print(f"cells with a value     {said}")
    print(f"cells not recorded     {silent}")
    for what in wrong[:NAMED]:
        print(f"DIFFERENT: {what}")
    if len(wrong) > NAMED:
        print(f"… and {len(wrong) - NAMED} more")
    print("equal, field for field and row for row" if not wrong else f"{len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
