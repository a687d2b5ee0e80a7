#!/usr/bin/env python3
"""Holds the tree to what ARCHITECTURE.md says of it.

Rules that only a reviewer's memory keeps are broken by the third change. Each
function below is one rule; it yields a sentence for every place that breaks it.

  check_structure.py SOURCE_DIR TIDEMARK_PROGRAM
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
PROGRAM = sys.argv[2]
SRC = ROOT / "src"

# Which directories of src/ a directory may include, itself aside.
MAY_INCLUDE = {
    "base": set(),
    "core": {"base"},
    "log": {"base", "core"},
    "wire": {"base"},
    "kafka": {"base", "core", "log", "wire"},
    "http": {"base", "core"},
    "gateway": {"base", "core", "log", "kafka", "http"},
    "cli": {"base", "gateway"},
}
# Headers of the standard library that do I/O, keep time or make threads: not core's.
NOT_IN_CORE = {"iostream", "fstream", "ostream", "istream", "sstream", "filesystem", "thread", "mutex", "shared_mutex",
               "condition_variable", "future", "atomic", "random", "cstdio", "ctime", "csignal", "coroutine"}
NOT_CALLED_IN_CORE = re.compile(r"::now\(|\bgetenv\(|\bprintf\(|\brand\(|\btime\(nullptr")
MAX_LINES = 500


def sources(directory, *suffixes):
    for path in sorted(directory.rglob("*")):
        if path.suffix in suffixes and "generated" not in path.parts and "node_modules" not in path.parts:
            yield path


def is_test(path):
    return path.stem.endswith("_test")


def includes(path):
    for line in path.read_text().splitlines():
        match = re.match(r'\s*#include\s+(["<])([^">]+)[">]', line)
        if match:
            yield match.group(1) == '"', match.group(2)


def core_touches_nothing():
    for directory in ("base", "core"):
        for path in sources(SRC / directory, ".h", ".cpp"):
            if is_test(path) or path.stem.endswith("_fixture"):
                continue
            for ours, name in includes(path):
                if not ours and ("/" in name or name.endswith(".h") or name in NOT_IN_CORE):
                    yield f"{path}: <{name}> is not for {directory}, which does no I/O"
            found = NOT_CALLED_IN_CORE.search(path.read_text())
            if found:
                yield f"{path}: '{found.group()}' asks the outside world"
        cmake = (SRC / directory / "CMakeLists.txt").read_text()
        library = re.search(r"tidemark_library\(tidemark_%s(.*?)\)" % directory, cmake, re.S).group(1)
        depends = library.split("DEPENDS")[1].split() if "DEPENDS" in library else []
        for name in depends:
            if name != "tidemark_base":
                yield f"src/{directory}/CMakeLists.txt: links {name}, but may link the standard library only"


def shells_do_not_include_each_other():
    for directory, allowed in MAY_INCLUDE.items():
        for path in sources(SRC / directory, ".h", ".cpp"):
            for ours, name in includes(path):
                other = name.split("/")[0]
                if ours and other in MAY_INCLUDE and other != directory and other not in allowed:
                    yield f"{path}: includes {name}, but {directory} must not know {other}"


def every_source_has_a_test():
    tests = [p for top in (SRC, ROOT / "tests", ROOT / "sim", ROOT / "demo") for p in sources(top, ".cpp") if is_test(p)]
    heads = {p: "\n".join(p.read_text().splitlines()[:15]) for p in tests}
    for path in sources(SRC, ".cpp"):
        if is_test(path):
            continue
        beside = path.with_name(path.stem + "_test.cpp")
        # engine.cpp may be tested in engine_publish_test.cpp and others of its name.
        family = any(p.parent == path.parent and p.stem.startswith(path.stem + "_") for p in tests)
        named = any(re.search(r"\b%s\b" % re.escape(path.name), head) for head in heads.values())
        if not (beside in heads or family or named):
            yield f"{path}: no {beside.name}, and no test's opening comment names it"


def every_source_is_built():
    for top in (SRC, ROOT / "sim", ROOT / "bench", ROOT / "demo", ROOT / "tests"):
        for path in sources(top, ".cpp"):
            folder = path.parent
            while folder != ROOT and not (folder / "CMakeLists.txt").exists():
                folder = folder.parent
            cmake = (folder / "CMakeLists.txt").read_text()
            if str(path.relative_to(folder)) not in cmake and path.name not in cmake:
                yield f"{path}: not in {folder / 'CMakeLists.txt'}"


def files_are_short():
    for top in (SRC, ROOT / "sim", ROOT / "demo", ROOT / "tests", ROOT / "bench"):
        for path in sources(top, ".h", ".cpp", ".py", ".js", ".java"):
            lines = len(path.read_text().splitlines())
            if lines > MAX_LINES:
                yield f"{path}: {lines} lines; do two concepts share it?"


def files_open_with_a_comment():
    for path in sources(SRC, ".h"):
        if not path.read_text().startswith("//"):
            yield f"{path}: does not open with the problem it solves"


def markdown():
    return [p for p in sorted(ROOT.rglob("*.md"))
            if not {"build", "node_modules", ".cache", ".git"} & set(p.relative_to(ROOT).parts)]


def links_resolve():
    for path in markdown():
        text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, anchor = target.partition("#")
            found = (path.parent / file) if file else path
            if not found.exists():
                yield f"{path}: the link {target} leads nowhere"
            elif anchor and found.suffix == ".md":
                titles = re.findall(r"^#+ (.*)$", found.read_text(), re.M)
                slugs = {re.sub(r"[^\w\- ]", "", t.lower()).strip().replace(" ", "-") for t in titles}
                if anchor not in slugs:
                    yield f"{path}: {file or path.name} has no section #{anchor}"


def named_paths_exist():
    """Paths in ARCHITECTURE.md and CONTRIBUTING.md that look like ours."""
    for name in ("ARCHITECTURE.md", "CONTRIBUTING.md"):
        for path in re.findall(r"`((?:src|tests|sim|bench|demo|scripts|tools|docs|cmake|\.ci)/[\w./-]*)`", (ROOT / name).read_text()):
            if not (ROOT / path).exists():
                yield f"{name}: {path} does not exist"


def help_of(*command):
    return subprocess.run([PROGRAM, *command, "--help"], capture_output=True, text=True, check=True).stdout


def every_flag_is_documented():
    documents = "\n".join(p.read_text() for p in markdown())
    for command in ("serve", "publish", "wait", "settle", "ack", "consumers", "doctor", "version"):
        text = help_of(command)
        if command not in help_of():
            yield f"tidemark --help does not name {command}"
        for flag in sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--help"}):
            if flag not in documents:
                yield f"tidemark {command} {flag} is in --help and in no document"
    configuration = (ROOT / "docs/configuration.md").read_text()
    for key in re.findall(r"^  ([a-z_.]+) \(", help_of("serve"), re.M):
        if f"`{key}`" not in configuration:
            yield f"the setting {key} is not in docs/configuration.md"


RULES = [core_touches_nothing, shells_do_not_include_each_other, every_source_has_a_test, every_source_is_built,
         files_are_short, files_open_with_a_comment, links_resolve, named_paths_exist, every_flag_is_documented]

broken = 0
for rule in RULES:
    for sentence in rule():
        broken += 1
        print(f"{rule.__name__}: {sentence.replace(str(ROOT) + '/', '')}")
print(f"{len(RULES)} rules, {broken} breaches")
sys.exit(1 if broken else 0)
