#!/usr/bin/env python3
"""Writes the codec in src/wire/generated from Kafka's own message definitions.

    tools/wiregen/wiregen.py --jars .cache/kafka-4.4.0            write the files
    tools/wiregen/wiregen.py --jars .cache/kafka-4.4.0 --check    compare with them

Written by hand, some seventy structs in up to nineteen versions each would be
wrong somewhere; generated, each version is right by construction and a new
message is a line in messages.txt. What is written is committed, so that a build
needs neither Python nor Java. Only facts are taken over (names, types, versions,
defaults), never the definitions' explaining sentences.

Exit codes: 0 done or equal, 1 different, 77 no jars there (a skipped test).
"""

import argparse
import difflib
import pathlib
import re
import sys

import cpp
import definitions
import random_values

KAFKA = "4.4.0"
JARS = (f"kafka-clients-{KAFKA}.jar", f"kafka-group-coordinator-{KAFKA}.jar",
        f"kafka-share-coordinator-{KAFKA}.jar")
HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent.parent / "src" / "wire" / "generated"


def wanted(path, found):
    """{file stem: [message]} of the names in messages.txt, a response before its request."""
    groups = {}
    for line in path.read_text().splitlines():
        name = line.split("#")[0].strip()
        if not name:
            continue
        names = [name] if name in found else [name + "Response", name + "Request"]
        for each in names:
            if each not in found:
                raise SystemExit(f"wiregen: {path.name} names {name}, which Kafka {KAFKA} does not define")
            message = definitions.message(found[each])
            groups.setdefault(stem(message), []).append(message)
    return groups


def stem(message):
    if message.kind == "header":
        return "headers"
    base = re.sub("(Request|Response|Key|Value)$", "", message.name)
    return cpp.snake(base) + ("_record" if message.kind.startswith("coordinator-") else "")


def outputs(groups):
    """{file name: text} of everything that is generated."""
    files = {}
    for name, messages in groups.items():
        unstable = any(message.latest_unstable for message in messages)
        files[f"{name}.h"] = cpp.header(KAFKA, messages, unstable)
        files[f"{name}.cpp"] = cpp.source(KAFKA, name, messages)
        files[f"random/{name}_test.h"] = random_values.header(KAFKA, name, messages)
    files["random/all_test.h"] = random_values.index(KAFKA, groups)
    return files


def committed():
    return {str(path.relative_to(OUT)): path.read_text() for path in OUT.rglob("*") if path.is_file()}


def check(files):
    """Prints how the committed files differ; true when they do not."""
    there = committed()
    for name in sorted(files.keys() | there.keys()):
        diff = difflib.unified_diff(there.get(name, "").splitlines(), files.get(name, "").splitlines(),
                                    f"committed/{name}", f"generated/{name}", lineterm="")
        for line in diff:
            print(line)
    return files == there


def main():
    parser = argparse.ArgumentParser(description="Generates src/wire/generated from Kafka's message definitions.")
    parser.add_argument("--jars", type=pathlib.Path, required=True, help="directory that holds " + " and ".join(JARS))
    parser.add_argument("--check", action="store_true", help="write nothing, compare with what is committed")
    arguments = parser.parse_args()
    jars = [arguments.jars / jar for jar in JARS]
    missing = [jar for jar in jars if not jar.is_file()]
    if missing:
        print("wiregen: skipped, not there: " + ", ".join(str(jar) for jar in missing), file=sys.stderr)
        return 77
    files = outputs(wanted(HERE / "messages.txt", definitions.load(jars)))
    if arguments.check:
        return 0 if check(files) else 1
    (OUT / "random").mkdir(parents=True, exist_ok=True)
    for name in committed().keys() - files.keys():
        (OUT / name).unlink()
    for name, text in files.items():
        (OUT / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
