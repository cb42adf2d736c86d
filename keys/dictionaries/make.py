"""make.py: trains a zstd dictionary from the codebook's own forms and lists and from made-up records.

    pip install zstandard==0.25.0                          zstd 1.5.7
    python3 keys/dictionaries/make.py OUT.zdict            trains a301 again and writes it, the same bytes each time
    python3 keys/dictionaries/make.py --compare FILE.zdict sizes of other made-up records with and without it

No word of a real case goes in, and nothing that a benchmark makes: a dictionary is published with the source. What a301 was trained from
stands in the folder a301 as it was on that day: forms, lists and maps. The codebook has grown since; a dictionary trained from the newer
one would be another dictionary, with an id and a folder of its own. A test trains a301 again and compares (`keys/tests/dictionary.rs`).
"""
import base64
import hashlib
import json
import os
import random
import sys
import tomllib

import zstandard

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "a301")
SIZE, SAMPLES, LEVEL = 32 * 1024, 8000, 9
# Sizes of zstd's COVER: K was the best of 50, 98, 146 … 2000 for these samples, and is fixed since.
K, D = 194, 8
ID = 0xA301  # two bytes in a frame; 32 768 and above is zstd's range for private use

# Made-up sentences. {…} takes a label of that list, so that the codebook's words stand where officers will write them.
EN = [
    "Recruited in {district} by {recruiter_relation}: {recruit_method}.", "Promised work in {sector} in {country}.",
    "Passport and CNIC taken on arrival.", "No wages paid for {n} months.", "Paid {money} rupees in advance and still owes {money}.",
    "Was told the family would be harmed.", "Locked in a room at night; phone taken away.", "Travelled by {som_route}.",
    "The agent met the group near {district} at night.", "{control_method}.", "{means}.", "{indicator}.",
    "Works at a brick kiln with {n} others.", "Asked for a female officer and an interpreter.", "Spoke freely once alone.",
    "Asked to stop; the interview was stopped.", "Medical examination asked for; taken to the district hospital.",
    "Handed over to the shelter in {district}.", "{immediate_need} arranged.", "Does not want the family to be told.",
    "Wants to go home to {district}.", "Gave the name of the agent and two phone numbers.", "The employer says it was a loan.",
    "Says that the age on the document is wrong.", "Statement read over in {language} and signed.",
    "The officer explained the purpose and the right to stop.", "Agreed to the interview but not to a photograph.",
]
UR = [
    "{district} سے {recruiter_relation} نے کام کا وعدہ کیا۔", "{country} میں {sector} کے کام کا کہا گیا۔", "شناختی کارڈ اور پاسپورٹ لے لیا گیا۔",
    "{n} ماہ سے تنخواہ نہیں ملی۔", "پیشگی {money} روپے لیے گئے اور قرض باقی ہے۔", "گھر والوں کو نقصان پہنچانے کی دھمکی دی گئی۔",
    "رات کو کمرے میں بند رکھا جاتا تھا، فون لے لیا گیا۔", "{control_method}۔", "{means}۔", "{indicator}۔",
    "بھٹے پر {n} افراد کے ساتھ کام کرتا رہا۔", "خاتون افسر اور ترجمان کی درخواست کی۔", "متاثرہ نے علیحدگی میں بیان دیا۔", "طبی معائنہ کرایا گیا۔",
    "{district} کی پناہ گاہ منتقل کیا گیا۔", "گھر واپس جانا چاہتا ہے۔", "گھر والوں کو نہ بتایا جائے۔",
    "بیان {language} میں پڑھ کر سنایا گیا اور دستخط لیے گئے۔", "ایجنٹ کا نام اور دو فون نمبر بتائے۔", "مقصد، استعمال اور روکنے کا حق بتایا گیا۔",
]


def load():
    def tables(sub):
        base = os.path.join(SOURCES, sub)
        for name in sorted(os.listdir(base)):
            with open(os.path.join(base, name), "rb") as file:
                yield tomllib.load(file)

    return list(tables("forms")), {table["list"]: table["items"] for table in tables("lists")}, list(tables("maps"))


class Records:
    """Made-up records in the shape that the app seals; the same seed makes the same."""

    def __init__(self, seed, strange=False):
        self.forms, self.lists, self.maps, self.strange = *load(), strange
        self.r = random.Random(seed)

    def early(self, items):
        """One of the items, the first ones more often."""
        return items[min(int(self.r.expovariate(3 / len(items))), len(items) - 1)]

    def hexes(self, size):
        return self.r.randbytes(size).hex()

    def code(self, name):
        return self.early(self.lists[name])["code"]

    def sentence(self, lang):
        if self.strange:  # what people write that no dictionary foresees
            letters = "abdeghiklmnoprstuy" if lang == "en" else "ابتجدرسکگلمنوہیپٹ"
            return " ".join("".join(self.r.choices(letters, k=self.r.randrange(2, 8))) for _ in range(8)) + "."
        template = self.r.choice(EN if lang == "en" else UR)
        words = {name: self.early(items)[lang] for name, items in self.lists.items() if "{" + name + "}" in template}
        return template.format(n=self.r.randrange(2, 30), money=f"{self.r.randrange(5, 900)},000", **words)

    def day(self):
        return f"{self.r.randrange(2025, 2028)}-{self.r.randrange(1, 13):02}-{self.r.randrange(1, 29):02}"

    def moment(self):
        return [1_790_000_000_000 + self.r.randrange(60_000_000) * 1000, 300]

    def value(self, question, lang):
        """An answer as `src/record/RECORD.md` has it."""
        r, kind = self.r, question["kind"]
        if kind == "choice":
            return self.code(question["list"])
        if kind == "choices":
            least = 0 if question.get("may_be_empty") else 1
            return list({self.code(question["list"]): 0 for _ in range(r.randrange(least, 5))})
        if kind == "flag":
            return r.random() < 0.7
        if kind == "date":
            return {"d": self.day()}
        if kind == "partial_date":
            return {"d": r.choice(["~", ""]) + self.day()[:r.choice([4, 7, 10])]}
        if kind == "moment":
            return {"m": self.moment()}
        if kind == "number":
            least = question.get("min", 0)
            return r.randrange(least, max(least + 1, min(question.get("max", 60), least + 80)))
        if kind == "money":
            return r.randrange(5, 900) * 1000
        if kind == "entry":
            return {"e": self.hexes(16)}
        if kind == "cnic":
            return {"t": f"{r.randrange(10000, 99999)}-{r.randrange(10**6, 10**7)}-{r.randrange(1, 10)}"}
        if kind == "phone":
            return {"t": f"+923{r.randrange(10**8, 10**9)}"}
        if kind == "long_text":
            return self.told(" ".join(self.sentence(lang) for _ in range(r.randrange(2, 9))), lang, 0.7)
        return self.told(self.early(self.lists["district"])[lang] if r.random() < 0.5 else self.sentence(lang), lang, 0.3)

    def told(self, text, lang, often):
        return {"t": text, "l": lang} if self.r.random() < often else {"t": text}

    def answers(self, questions, keep, lang, reasons=("asked", "refused", "known")):
        r, given = self.r, {}
        for question in sorted(questions, key=lambda q: q["id"]):
            if r.random() < keep or question.get("required") is True:
                none = {"no": r.choice(reasons)}
                given[question["id"]] = none if r.random() < 0.06 else self.value(question, lang)
        return {"a": given}

    def text(self):
        """One record as the JSON that is sealed, slot and all."""
        r = self.r
        lang = "en" if r.random() < 0.5 else "ur"
        form = r.choices(self.forms, [{"note": 4, "interview": 5, "person": 5}.get(f["form"], 2) for f in self.forms])[0]
        questions = [q for section in form["section"] for q in section["question"] if not q.get("local")]
        sealed, plain = [q for q in questions if q.get("sealed")], [q for q in questions if not q.get("sealed")]
        which = r.random()
        if sealed and which < 0.25:
            return self.dump("names", {"of": self.hexes(16)} | self.answers(sealed, 0.8, lang))
        if which < 0.35:
            amended = {"to": self.hexes(16), "why": self.code("amend_reason"), "note": self.sentence(lang)}
            return self.dump("amendment", amended | self.answers(r.sample(plain, min(2, len(plain))), 1, lang))
        if which < 0.40:
            return self.dump("opened", {"at": [self.hexes(32), self.hexes(16), r.randrange(1, 400)], "ok": True})
        if which < 0.42:
            return self.dump("access", {"what": r.choice(["case", "names", "export", "print"]), "n": r.randrange(1, 40)})
        keep = 0.9 if form["form"] == "note" else r.uniform(0.35, 0.85)
        if which > 0.9:
            source = r.choice(self.maps)
            carried = [name for name, column in source.get("columns", {}).items() if column.get("carry")]
            cells = [[name, str(r.randrange(2))] for name in sorted(carried) if r.random() < 0.8]
            origin = {"name": source["source"], "map": f"{source['name']}@{source['version']}", "row": self.hexes(32)}
            origin |= {"cells": cells} if cells else {}
            return self.dump("sheet", {"src": origin, "f": f"{form['form']}@{form['version']}", "l": lang}
                             | self.answers(plain, keep, lang, ["recorded"]))
        return self.dump("sheet", {"f": f"{form['form']}@{form['version']}", "l": lang} | self.answers(plain, keep, lang))

    def dump(self, kind, body):
        times = [*self.moment(), self.r.randrange(10**8), 1_790_000_000_000 + self.r.randrange(10**10)]
        record = {"slot": base64.b64encode(self.r.randbytes(16)).decode(), "v": 1, "k": kind, "t": times, **body}
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def train():
    records = Records(1)
    samples = [records.text() for _ in range(SAMPLES)]
    return zstandard.train_dictionary(SIZE, samples, dict_id=ID, level=LEVEL, k=K, d=D, threads=1)


def compare(data):
    """Sizes of frames, of records from a seed that the training never saw."""
    flags = {"level": LEVEL, "write_checksum": True, "write_content_size": True, "write_dict_id": True}
    without = zstandard.ZstdCompressor(**flags)
    with_it = zstandard.ZstdCompressor(dict_data=zstandard.ZstdCompressionDict(data), **flags)
    for what, strange in (("sentences as in the training", False), ("sentences of random letters", True)):
        records = Records(2, strange)
        texts = sorted((records.text() for _ in range(2100)), key=len)
        print(what)
        for name, part in (("short", texts[:700]), ("middle", texts[700:1400]), ("long", texts[1400:]), ("all", texts)):
            plain, bare, small = (sum(len(f(t)) for t in part) / len(part) for f in (bytes, without.compress, with_it.compress))
            print(f"  {name:6} {plain:5.0f} bytes of JSON, zstd {bare:5.0f}, with the dictionary {small:5.0f}: {small / bare:.2f} of that")


if __name__ == "__main__":
    if sys.argv[1] == "--compare":
        with open(sys.argv[2], "rb") as file:
            compare(file.read())
    else:
        data = train().as_bytes()
        with open(sys.argv[1], "wb") as file:
            file.write(data)
        print(f"{len(data)} bytes, id {int.from_bytes(data[4:8], 'little')}, SHA-256 {hashlib.sha256(data).hexdigest()}")
        compare(data)
