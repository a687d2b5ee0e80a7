"""Writes C++ for the messages that definitions.py has read.

One struct a message, its nested structs inside it, each before the one that uses
it. Per field there is one line to write it and one to read it; what the line
needs to know of the version is its arguments (see src/wire/message_codec.h).
"""

import re

from definitions import FOREVER, PRIMITIVES, element_min_bytes

METHOD = {"bool": "boolean"}
CPP_TYPE = {"string": "std::string", "bytes": "std::string", "records": "std::string_view", "bool": "bool",
            "uuid": "Uuid", "float64": "double"}
WIDTH = 120


def snake(name):
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", text).lower()


def scalar_type(field):
    if field.struct:
        return field.struct.name
    return CPP_TYPE.get(field.type, f"std::{field.type}_t")


def field_type(field):
    base = f"std::vector<{scalar_type(field)}>" if field.is_array else scalar_type(field)
    return f"std::optional<{base}>" if is_optional(field) else base


def is_optional(field):
    return bool(field.nullable)


def number(field):
    """The default of a number as a C++ expression."""
    if field.type == "bool":
        return "true" if field.default == "true" else "false"
    value = int(field.default, 0) if field.default else 0
    if field.type in ("int32", "int64") and value == -(1 << (31 if field.type == "int32" else 63)):
        return f"std::numeric_limits<std::{field.type}_t>::min()"
    return str(value)


def is_number(field):
    return not field.is_array and field.type in PRIMITIVES and field.type != "uuid"


def initializer(field):
    """What follows the name in the declaration."""
    if is_number(field):
        return " = " + number(field)
    if field.default is None:
        return ""
    if is_optional(field):
        base = f"std::vector<{scalar_type(field)}>" if field.is_array else scalar_type(field)
        return f" = {base}{{{quoted(field)}}}"
    return f" = {quoted(field)}" if field.default and field.type == "string" else ""


def quoted(field):
    return f'"{field.default}"' if field.default and field.type == "string" else ""


def default_test(field, name):
    """A C++ condition: the field has its default."""
    if is_number(field):
        value = number(field)
        return {"false": f"!{name}", "true": name}.get(value, f"{name} == {value}")
    if field.default is None:
        return f"!{name}"
    if quoted(field):
        return f"{name} == {quoted(field)}"
    if field.is_array or field.type in ("string", "bytes", "records"):
        return f"{name} && {name}->empty()" if is_optional(field) else f"{name}.empty()"
    if field.type == "uuid":
        return f"{name}.is_nil()"
    return f"{name} == {scalar_type(field)}{{}}"


def other_test(field, name):
    """A C++ condition: the field has something else than its default."""
    test = default_test(field, name)
    if " && " in test:
        return f"!({test})"
    return test.replace(" == ", " != ", 1) if " == " in test else test[1:] if test.startswith("!") else "!" + test


def condition(versions, within):
    """A C++ condition on `version`, or None when it holds in all of `within`."""
    low = f"version >= {versions.low}" if versions.low > within.low else ""
    high = f"version <= {versions.high}" if versions.high < within.high else ""
    if versions.low == versions.high and low and high:
        return f"version == {versions.low}"
    return " && ".join(part for part in (low, high) if part) or None


def negation(versions, within):
    """The opposite of a condition that is not None."""
    low = f"version < {versions.low}" if versions.low > within.low else ""
    high = f"version > {versions.high}" if versions.high < within.high else ""
    if versions.low == versions.high and low and high:
        return f"version != {versions.low}"
    return " || ".join(part for part in (low, high) if part)


def truth(versions, within):
    """A C++ expression of whether a version of `within` is one of `versions`."""
    if not versions & within:
        return "false"
    return condition(versions & within, within) or "true"


def flexible(field):
    if not field.flexible & field.versions:
        return "false"
    return "true" if field.flexible.contains(field.versions) else "flexible"


def wrap(indent, text):
    """One statement, broken after a comma or a plus when it is too long."""
    pad = " " * indent
    if indent + len(text) <= WIDTH:
        return pad + text
    room = WIDTH - indent
    cut = max(text.rfind(", ", 0, room) + 1, text.rfind(" + ", 0, room) + 2)
    return pad + text[:cut] + "\n" + wrap(indent + 4, text[cut + 1:])


# --- declarations ---


def declare_struct(struct, indent, extra=()):
    pad = " " * indent
    lines = [f"{pad}struct {struct.name} {{"]
    lines += [f"{pad}  {line}" if line else "" for line in extra]
    for field in struct.fields:
        text = f"{pad}  {field_type(field)} {snake(field.name)}{initializer(field)};"
        versions = condition(field.versions, struct.versions)
        lines.append(text + (f"  // {range_text(field.versions, struct.versions)}" if versions else ""))
    if struct.fields:
        lines.append("")
    lines += [f"{pad}  void encode(Writer& w, std::int16_t version) const;",
              f"{pad}  bool decode(Reader& r, std::int16_t version);",
              f"{pad}  bool operator==(const {struct.name}&) const = default;", f"{pad}}};"]
    return lines


def range_text(versions, within):
    if versions.high >= within.high:
        return f"v{versions.low}+"
    return f"v{versions.low}" if versions.low == versions.high else f"v{versions.low}-{versions.high}"


def constants(message, unstable):
    lines = []
    if message.kind in ("request", "response"):
        lines.append(f"static constexpr std::int16_t kApiKey = {message.api_key};")
    elif message.kind == "coordinator-key":
        lines.append(f"static constexpr std::int16_t kRecordType = {message.api_key};")
    last = message.valid.high - int(unstable)
    first_flexible = message.flexible.low if message.flexible else FOREVER
    lines += [f"static constexpr std::int16_t kMinVersion = {message.valid.low};",
              f"static constexpr std::int16_t kMaxVersion = {last};",
              f"static constexpr std::int16_t kFirstFlexible = {first_flexible};"]
    if message.kind == "request":
        lines += [f"using Response = {message.name.removesuffix('Request')}Response;",
                  "static constexpr std::int16_t header_version(std::int16_t version) {",
                  "  return version >= kFirstFlexible ? 2 : 1;", "}"]
    elif message.name == "ApiVersionsResponse":
        lines += ["static constexpr std::int16_t header_version(std::int16_t) { return 0; }"]
    elif message.kind == "response":
        lines += ["static constexpr std::int16_t header_version(std::int16_t version) {",
                  "  return version >= kFirstFlexible ? 1 : 0;", "}"]
    return lines + [""]


def header(kafka, messages, unstable):
    names = " and ".join(message.name for message in messages)
    body = []
    for message in messages:
        extra = constants(message, unstable)
        for struct in message.structs:
            extra += declare_struct(struct, 0) + [""]
        body += declare_struct(message, 0, extra) + [""]
    text = "\n".join(body)
    uses = {"limits": "std::numeric_limits", "optional": "std::optional", "string": "std::string ",
            "string_view": "std::string_view", "vector": "std::vector"}
    includes = ["#include <cstdint>"] + [f"#include <{name}>" for name, use in uses.items()
                                         if use in text or (name == "string" and "std::string>" in text)]
    return render([
        f"// {names}.",
        f"// Generated by tools/wiregen from the definitions of Kafka {kafka}: do not edit.",
        "// src/wire/README.md says what holds for all of these structs.",
        "#pragma once", "", *includes, "",
        *(['#include "base/uuid.h"'] if "Uuid" in text else []),
        '#include "wire/primitives.h"', "",
        "namespace tidemark::wire::msg {", "", *body,
        "}  // namespace tidemark::wire::msg"])


def render(lines):
    return "\n".join(lines) + "\n"


# --- definitions ---


def put_element(field, name):
    """A statement that writes one value which is not an array and not nullable."""
    if field.struct:
        return f"{name}.encode(w, version);"
    if field.type == "string":
        return f"put_string(w, {flexible(field)}, {name});"
    if field.type in ("bytes", "records"):
        return f"put_bytes(w, {flexible(field)}, {name});"
    return f"w.{METHOD.get(field.type, field.type)}({name});"


def put_field(field, name):
    """Statements that write the field in a version that has it."""
    nullable = truth(field.nullable, field.versions)
    if field.is_array:
        kind = f"put_nullable_array(w, {flexible(field)}, {nullable}" if is_optional(field) else \
            f"put_array(w, {flexible(field)}"
        return [f"{kind}, {name}, [&](const auto& element) {{ {put_element(field, 'element')} }});"]
    if not is_optional(field):
        return [put_element(field, name)]
    if not field.struct:
        kind = "string" if field.type == "string" else "bytes"
        return [f"put_nullable_{kind}(w, {flexible(field)}, {nullable}, {name});"]
    if field.nullable != field.versions:
        raise ValueError(f"{field.name}: a struct that is nullable in some of its versions only")
    # Kafka's own codec marks presence by a byte, but in a tagged field by a uvarint.
    present, absent = ("w.uvarint(1);", "w.uvarint(0);") if field.tag is not None else ("w.int8(1);", "w.int8(-1);")
    return [f"if ({name}) {{", f"  {present}", f"  {name}->encode(w, version);", "} else {", f"  {absent}", "}"]


def get_element(field, name, r):
    if field.struct:
        return f"{name}.decode({r}, version);"
    if field.type in ("string", "bytes"):
        return f"{name} = get_{field.type}({r}, {flexible(field)});"
    if field.type == "records":
        return f"{name} = get_bytes({r}, {flexible(field)});"
    return f"{name} = {r}.{METHOD.get(field.type, field.type)}();"


def get_field(field, name, r="r"):
    """Statements that read the field from the reader named r, in a version that has it."""
    nullable = truth(field.nullable, field.versions)
    if field.is_array:
        kind = f"get_nullable_array({r}, {flexible(field)}, {nullable}" if is_optional(field) else \
            f"get_array({r}, {flexible(field)}"
        return [f"{kind}, {element_min_bytes(field)}, {name}, "
                f"[&](auto& element) {{ {get_element(field, 'element', r)} }});"]
    if not is_optional(field):
        return [get_element(field, name, r)]
    if not field.struct:
        kind = "string" if field.type == "string" else "bytes"
        view = f"get_nullable_{kind}({r}, {flexible(field)}, {nullable})"
        return [f"{name} = {view};" if field.type == "records" else f"{name} = owned({view});"]
    present = f"{r}.uvarint() > 0" if field.tag is not None else f"{r}.int8() >= 0"
    # emplace() without a value: clang 14 takes a nested struct with initializers for not constructible.
    return [f"{name}.reset();", f"if ({present}) {name}.emplace({scalar_type(field)}{{}}).decode({r}, version);"]


def guarded(test, statements):
    if test is None:
        return statements
    if len(statements) == 1 and len(test) + len(statements[0]) < WIDTH - 10:
        return [f"if ({test}) {statements[0]}"]
    return [f"if ({test}) {{", *("  " + statement for statement in statements), "}"]


def encode_body(struct, flexible_versions):
    lines = []
    for field in struct.fields:
        if field.tag is not None or not field.versions:
            continue
        name, test = snake(field.name), condition(field.versions, struct.versions)
        statements = put_field(field, name)
        if test and not field.ignorable:
            lines += [f"if ({test}) {{", *("  " + statement for statement in statements), "} else {",
                      f"  require_default(w, {default_test(field, name)});", "}"]
        else:
            lines += guarded(test, statements)
    return lines + encode_tags(struct, truth(flexible_versions, struct.versions))


def if_flexible(when, statements):
    """Statements for the flexible versions among a struct's: all ("true"), none ("false") or some."""
    return {"true": statements, "false": []}.get(when, guarded("flexible", statements))


def encode_tags(struct, when):
    tagged = sorted((field for field in struct.fields if field.tag is not None), key=lambda field: field.tag)
    if not tagged:
        return if_flexible(when, ["w.uvarint(0);"])
    lines, counts = [], []
    for field in tagged:
        name, test = snake(field.name), condition(field.versions, struct.versions)
        is_default = default_test(field, name)
        if test and not field.ignorable:
            lines += [f"if ({negation(field.versions, struct.versions)}) require_default(w, {is_default});"]
        lines.append(f"const bool has_{name} = {test + ' && ' if test else ''}{other_test(field, name)};")
        counts.append(f"(has_{name} ? 1U : 0U)" if len(tagged) > 1 else f"has_{name} ? 1U : 0U")
    lines += [*([] if when == "true" else ["if (!flexible) return;"]), f"w.uvarint({' + '.join(counts)});"]
    for field in tagged:
        name = snake(field.name)
        lines += [f"if (has_{name}) {{", f"  const std::size_t begin = w.begin_tag({field.tag});",
                  *("  " + statement for statement in put_field(field, name)), "  w.end_tag(begin);", "}"]
    return lines


def decode_body(struct, flexible_versions):
    lines = []
    when = truth(flexible_versions, struct.versions)
    for field in struct.fields:
        if field.tag is None and field.versions:
            lines += guarded(condition(field.versions, struct.versions), get_field(field, snake(field.name)))
    tagged = [field for field in struct.fields if field.tag is not None]
    if not tagged:
        return lines + if_flexible(when, ["r.skip_tags();"]) + ["return r.ok();"]
    cases = []
    for field in tagged:
        test = condition(field.versions, struct.versions)
        cases += [f"    case {field.tag}:",
                  *([f"      if ({negation(field.versions, struct.versions)}) return false;"] if test else []),
                  *("      " + statement for statement in get_field(field, snake(field.name), "tag")),
                  "      return true;"]
    return lines + if_flexible(when, [
        "get_tags(r, [&](std::uint32_t number, Reader& tag) {", "  switch (number) {", *cases,
        "    default:", "      return false;", "  }", "});"]) + ["return r.ok();"]


def function(signature, body):
    return [*wrap(0, signature + " {").split("\n"), *(line for statement in body for line in wrap(2, statement).split("\n")), "}", ""]


def version_parameter(body):
    used = any(re.search(r"\bversion\b", line) for line in body)
    return "std::int16_t version" if used else "std::int16_t /*version*/"


def define_struct(struct, path, message):
    """The two member functions; the message itself checks the version and starts from defaults."""
    encode, decode = encode_body(struct, message.flexible), decode_body(struct, message.flexible)
    uses_flexible = [any(re.search(r"\bflexible\b", line) for line in body) for body in (encode, decode)]
    declare = "const bool flexible = version >= kFirstFlexible;"
    if struct is message:
        low, high = struct.valid.low, struct.valid.high
        valid = f"version != {low}" if low == high else f"version < {low} || version > {high}"
        checks = [f"if ({valid}) return w.fail();"], [f"if ({valid}) r.fail();", f"*this = {struct.name}{{}};",
                                                      "if (!r.ok()) return false;"]
    else:
        checks = [], []
    encode = checks[0] + [declare] * uses_flexible[0] + encode
    decode = checks[1] + [declare] * uses_flexible[1] + decode
    version = [version_parameter(encode), version_parameter(decode)]
    return (function(f"void {path}::encode(Writer& w, {version[0]}) const", encode) +
            function(f"bool {path}::decode(Reader& r, {version[1]})", decode))


def source(kafka, stem, messages):
    lines = [f"// How {' and '.join(message.name for message in messages)} are laid out.",
             f"// Generated by tools/wiregen from the definitions of Kafka {kafka}: do not edit.",
             f'#include "wire/generated/{stem}.h"', "", '#include "wire/message_codec.h"', "",
             "namespace tidemark::wire::msg {", "", "using namespace codec;  // NOLINT: one source file's worth", ""]
    for message in messages:
        for struct in message.structs:
            lines += define_struct(struct, f"{message.name}::{struct.name}", message)
        lines += define_struct(message, message.name, message)
    return render(lines + ["}  // namespace tidemark::wire::msg"])
