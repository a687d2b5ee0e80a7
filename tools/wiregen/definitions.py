"""Reads Kafka's own message definitions out of its jars.

The protocol's documentation is prose; the definitions are what the broker's own
codec is made from, so they are right where the prose is not. They are JSON with
// comments, and leave much implied (a missing default, a struct declared where it
is first used): this module says the implied things, so that the writer of C++
need not know them.

Format: common/message/README.md in kafka-clients.jar.
"""

import dataclasses
import json
import pathlib
import re
import zipfile

FOREVER = 32767
PRIMITIVES = {"bool", "int8", "int16", "int32", "int64", "uint16", "uint32", "float64", "uuid"}
VARIABLE = {"string", "bytes", "records"}


@dataclasses.dataclass(frozen=True)
class Range:
    """Versions low..high, both included; empty when low > high."""

    low: int
    high: int

    @staticmethod
    def parse(text):
        if text in (None, "none", ""):
            return Range(1, 0)
        if text.endswith("+"):
            return Range(int(text[:-1]), FOREVER)
        low, _, high = text.partition("-")
        return Range(int(low), int(high or low))

    def __bool__(self):
        return self.low <= self.high

    def __and__(self, other):
        return Range(max(self.low, other.low), min(self.high, other.high))

    def contains(self, other):
        return self.low <= other.low and other.high <= self.high

    def __contains__(self, version):
        return self.low <= version <= self.high


@dataclasses.dataclass
class Field:
    name: str
    type: str  # without the leading [] of an array
    is_array: bool
    versions: Range  # in which it is on the wire, within its struct's
    nullable: Range
    flexible: Range
    tag: int | None
    ignorable: bool
    default: object  # None is null; otherwise text, "" for the type's own default
    struct: "Struct | None" = None


@dataclasses.dataclass
class Struct:
    name: str
    versions: Range
    fields: list


@dataclasses.dataclass
class Message(Struct):
    kind: str  # request, response, header, coordinator-key, coordinator-value
    api_key: int | None
    valid: Range
    flexible: Range
    latest_unstable: bool
    structs: list  # every nested struct, each before the one that uses it


def load(jars):
    """All definitions found in the jars, as {name: JSON object}."""
    found = {}
    for jar in jars:
        with zipfile.ZipFile(pathlib.Path(jar)) as archive:
            for entry in archive.namelist():
                if re.fullmatch(r"common/message/\w+\.json", entry):
                    text = archive.read(entry).decode("utf-8")
                    definition = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))
                    found[definition["name"]] = definition
    return found


def message(definition):
    """A Message with everything implied said; raises ValueError on what it does not know."""
    valid = Range.parse(definition["validVersions"])
    result = Message(
        name=definition["name"],
        versions=valid,
        fields=[],
        kind=definition["type"],
        api_key=definition.get("apiKey"),
        valid=valid,
        flexible=Range.parse(definition["flexibleVersions"]) & valid,
        latest_unstable=definition.get("latestVersionUnstable", False),
        structs=[],
    )
    commons = {common["name"]: common for common in definition.get("commonStructs", [])}
    result.fields = [_field(item, result, commons, valid) for item in definition["fields"]]
    return result


def _field(item, owner, commons, struct_versions):
    type_name = item["type"]
    is_array = type_name.startswith("[]")
    type_name = type_name.removeprefix("[]")
    own_flexible = item.get("flexibleVersions")
    versions = Range.parse(item["versions"]) & struct_versions
    tagged = Range.parse(item.get("taggedVersions"))
    if tagged and not tagged.contains(versions):
        raise ValueError(f"{owner.name}.{item['name']}: tagged in some versions only")
    # Jackson reads JSON's null as "no default given"; only the text "null" is null.
    default = item.get("default")
    default = "" if default is None else str(default).lower() if isinstance(default, bool) else str(default)
    field = Field(
        name=item["name"],
        type=type_name,
        is_array=is_array,
        versions=versions,
        nullable=Range.parse(item.get("nullableVersions")) & versions,
        flexible=owner.flexible if own_flexible is None else Range.parse(own_flexible),
        tag=item["tag"] if tagged else None,
        ignorable=item.get("ignorable", False),
        default=None if default == "null" or (type_name == "records" and default == "") else default,
    )
    if field.type not in PRIMITIVES | VARIABLE:
        field.struct = _struct(field, item.get("fields"), owner, commons)
    return field


def _struct(field, own_fields, owner, commons):
    name = field.type
    known = [struct for struct in owner.structs if struct.name == name]
    if known:
        if not known[0].versions.contains(field.versions):
            raise ValueError(f"{owner.name}: {name} is used in versions it was not declared for")
        return known[0]
    if own_fields is None and name not in commons:
        raise ValueError(f"{owner.name}: no struct {name}")
    # A common struct may be used by several fields: its own versions bound it.
    versions = field.versions if own_fields is not None else Range.parse(commons[name]["versions"]) & owner.valid
    items = own_fields if own_fields is not None else commons[name]["fields"]
    struct = Struct(name, versions, [_field(item, owner, commons, versions) for item in items])
    owner.structs.append(struct)
    return struct


def min_bytes(field, version):
    """The fewest bytes that the field takes in a version it is in."""
    if field.is_array:
        return 1 if version in field.flexible else 4
    if field.type in PRIMITIVES:
        return {"bool": 1, "int8": 1, "int16": 2, "uint16": 2, "int32": 4, "uint32": 4, "uuid": 16}.get(field.type, 8)
    if field.type in VARIABLE:
        return 1 if version in field.flexible else 2 if field.type == "string" else 4
    return 1 if version in field.nullable else struct_min_bytes(field.struct, version, version in field.flexible)


def struct_min_bytes(struct, version, is_flexible):
    return int(is_flexible) + sum(
        min_bytes(field, version) for field in struct.fields if field.tag is None and version in field.versions)


def element_min_bytes(field):
    """The fewest bytes that one element of an array takes in any version it is in; at least 1."""
    element = dataclasses.replace(field, is_array=False, nullable=Range(1, 0))
    return max(1, min(min_bytes(element, version) for version in range(field.versions.low, field.versions.high + 1)))
