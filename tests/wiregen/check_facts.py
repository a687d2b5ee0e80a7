#!/usr/bin/env python3
"""Compares what src/wire has by hand with Kafka's own classes.

    tests/wiregen/check_facts.py --jars .cache/kafka-4.4.0

The error codes and the recorded placements of keys are written once and read
for years; this says when they and the Kafka that they name differ. Exit codes:
0 equal, 1 different, 77 no jars or no Java there (a skipped test).
"""

import argparse
import difflib
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WIRE = HERE.parent.parent / "src" / "wire"


def of_kafka(jars, what):
    command = ["java", "-cp", f"{jars}/*", str(HERE / "KafkaFacts.java"), what]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def error_codes():
    """The enum's codes with the table's names, as KafkaFacts prints them."""
    codes = re.findall(r"^  (\w+) = (-?\d+),$", (WIRE / "error_codes.h").read_text(), flags=re.M)
    names = re.findall(r'^    "(\w+)",$', (WIRE / "error_codes.cpp").read_text(), flags=re.M)
    if [name.lower() for name in names] != [name for name, _ in codes]:
        return ["error_codes.h and error_codes.cpp differ"]
    return [f"{code} {name}" for name, (_, code) in zip(names, codes)]


def same(what, ours, kafkas):
    diff = list(difflib.unified_diff(kafkas, ours, f"kafka/{what}", f"src/wire/{what}", lineterm="", n=1))
    for line in diff:
        print(line)
    return not diff


def main():
    parser = argparse.ArgumentParser(description="Compares what src/wire has by hand with Kafka's own classes.")
    parser.add_argument("--jars", type=pathlib.Path, required=True, help="directory of Kafka's jars")
    jars = parser.parse_args().jars
    if not list(jars.glob("kafka-clients-*.jar")) or shutil.which("java") is None:
        print(f"check_facts: skipped, no java or no kafka-clients jar in {jars}", file=sys.stderr)
        return 77
    results = [same("error codes", error_codes(), of_kafka(jars, "errors")),
               same("testdata/murmur2.txt", (WIRE / "testdata" / "murmur2.txt").read_text().splitlines(),
                    of_kafka(jars, "murmur2"))]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
