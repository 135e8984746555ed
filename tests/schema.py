"""tests/schema.py [--some|--found] FILE... - validates lines of JSON against docs/schema/, each by the schema that its shape names.

Prints a line a fault, then how many objects of each kind were seen. Exit status 1 when there was a fault or nothing. With
--some, values may span lines and be arrays of objects, and what is of no schema (jq made it) is passed over. With --found
(the files that a test left), so are files and lines that are no JSON, and probe specs, which tests damage on purpose.
"""
import collections
import json
import pathlib
import sys

import jsonschema

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "docs" / "schema"
NAMED = {"lvscan/1": "lvscan", "lvscan-probe/1": "probe", "lvscan-check/1": "check", "lvscan-record/1": "record"}


def kind_of(value):
    """The schema that an object says, or shows by its keys, to be of; None: of none."""
    if "schema" in value:
        return NAMED.get(value["schema"]) if isinstance(value["schema"], str) else None
    if "found_by" in value:
        return "functions"
    if "len" in value:
        return "disasm"
    return "trace" if "value" in value or "summary" in value else None


def checkers():
    for path in FOLDER.glob("*.json"):
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        yield path.stem, jsonschema.Draft202012Validator(schema)


def values_of(text, some):
    """Each value with its number: a line each, or all that follow each other."""
    if not some:
        yield from enumerate(map(json.loads, text.splitlines()), 1)
        return
    decoder, at, number = json.JSONDecoder(), 0, 0
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        at = end
        while at < len(text) and text[at].isspace():
            at += 1
        for one in value if isinstance(value, list) else [value]:
            number += 1
            yield number, one


def values_found(path):
    """The objects among a file's lines, without the specs; nothing of a file that does not begin with one."""
    with open(path, "rb") as file:
        if file.read(2) != b'{"':
            return
        file.seek(0)
        for number, line in enumerate(file, 1):
            try:
                value = json.loads(line) if line.startswith(b'{"') else None
            except ValueError: # cut short, or damaged
                continue
            if isinstance(value, dict) and kind_of(value) != "probe":
                yield number, value


def values_in(path, some, found):
    if found:
        return values_found(path)
    with open(path, encoding="utf-8") as file:
        return list(values_of(file.read(), some))


def main(paths):
    by_kind = dict(checkers())
    seen, faults = collections.Counter(), 0
    found = paths[:1] == ["--found"]
    some = paths[:1] == ["--some"] or found
    for path in paths[some:]:
        for number, value in values_in(path, some, found):
            kind = kind_of(value) if isinstance(value, dict) else None
            if kind is None and some:
                continue
            if kind is None:
                faults += 1
                print(f"{path}:{number}: of no schema: {str(value)[:200]}")
                continue
            seen[kind] += 1
            for error in list(by_kind[kind].iter_errors(value))[:3]:
                faults += 1
                where = "/".join(map(str, error.absolute_path))
                print(f"{path}:{number}: {kind}: {where}: {error.message[:300]}")
    print(" ".join(f"{kind}={count}" for kind, count in sorted(seen.items())))
    return 1 if faults or not (seen or some) else 0


sys.exit(main(sys.argv[1:]))
