"""tests/artifact.py ARTIFACT OUTPUT - checks a Velociraptor client artifact as far as that goes without Velociraptor.

Its keys and their types (the reference of artifact files); the names that its query binds are used and those used are
bound; the members it reads of lvscan's objects are in OUTPUT, a line of lvscan --json. Prints what is wrong.
"""
import json
import re
import sys

import yaml

KEYS = {"name": str, "description": str, "author": str, "type": str, "tools": list, "precondition": str,
        "parameters": list, "sources": list}
PARAMETER = {"name", "default", "description", "type"}
COLUMNS = {"path", "sha256", "build_id", "start", "demangled"}


def member(value, path):
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


def faults(artifact, line):
    for key, kind in KEYS.items():
        if not isinstance(artifact.get(key), kind):
            yield f"{key} is missing or of another type"
    yield from (f"unknown key {key}" for key in artifact.keys() - KEYS.keys())
    if artifact["type"] not in ("CLIENT", "SERVER", "CLIENT_EVENT", "SERVER_EVENT"):
        yield "unknown type"
    if not re.fullmatch(r"\w+(\.\w+)+", artifact["name"]):
        yield "the name is no dotted name"
    for parameter in artifact["parameters"]:
        if not {"name"} <= parameter.keys() <= PARAMETER or not isinstance(parameter.get("default", ""), str):
            yield f"parameter {parameter}"
    query = "\n".join(source["query"] for source in artifact["sources"])
    if any(query.count(a) != query.count(b) for a, b in ("()", "[]", "{}")) or query.count('"') % 2:
        yield "brackets or quotes do not match"
    if not query.rstrip().splitlines()[-1].lstrip().startswith("FROM"):
        yield "the query does not end with a SELECT"
    for parameter in artifact["parameters"]:
        if not re.search(rf"\b{parameter['name']}\b", query):
            yield f"{parameter['name']} is not used"
    for name in re.findall(r"LET (\w+)", query):
        if len(re.findall(rf"\b{name}\b", query)) < 2:
            yield f"{name} is not used"
    for path in re.findall(r"\bBinary\.([\w.]+)", query):
        if not member(line["binary"], path):
            yield f"binary has no {path}"
    for path in re.findall(r"\bV\.([\w.]+)", query):
        if not member(line["variables"][0], path):
            yield f"variables have no {path}"
    for key in re.findall(r"\bObject\.(\w+)", query):
        if key not in line:
            yield f"the object has no {key}"


def command(artifact):
    """The words after the program's path in its execve, with the parameters' defaults."""
    words = re.search(r"argv=\[[^,]+,(.*?)\]", artifact["sources"][0]["query"], re.S).group(1)
    values = {p["name"]: p["default"] for p in artifact["parameters"]}
    for word in re.split(r",\s*", words.strip()):
        name = re.sub(r"^str\(str=(\w+)\)$", r"\1", word)
        yield json.loads(word) if word.startswith('"') else values[name]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        artifact = yaml.safe_load(file)
    if len(sys.argv) == 2:
        print("\n".join(command(artifact)))
        return 0
    with open(sys.argv[2], encoding="utf-8") as file:
        wrong = list(faults(artifact, json.loads(file.readline())))
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
