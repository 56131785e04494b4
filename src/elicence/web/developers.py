"""The reference for developers: what the page `/developers` shows of the OpenAPI document in one language.

Drawn here and not by one of the usual viewers (Redoc, Swagger UI): those need styles within the page or workers made on
the way, which our Content-Security-Policy refuses, and show nothing without script.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from elicence.web.commands import curl, example_text, first_commands, first_program

__all__ = ["Answer", "Body", "Entry", "Group", "Member", "Reference", "Shape", "reference"]

_SCHEMAS: Final = "#/components/schemas/"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter, or a member of a shape. `where` is path, query, header, or nothing for a member."""

    name: str
    kind: str
    shape: str
    required: bool
    sentence: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """One media type of a request or an answer; `shape` names the shape it has, if any."""

    media_type: str
    shape: str
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One good answer."""

    status: str
    sentence: str
    bodies: tuple[Body, ...]
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation."""

    id: str
    method: str
    path: str
    summary: str
    scopes: tuple[str, ...]
    parameters: tuple[Member, ...]
    request: tuple[Body, ...]
    answers: tuple[Answer, ...]
    problems: tuple[str, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    sentence: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A named shape with its members."""

    name: str
    sentences: tuple[str, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole page."""

    sentence: str
    version: str
    first: Mapping[str, str]
    program: str
    scopes: Mapping[str, str]
    groups: tuple[Group, ...]
    problems: Mapping[str, str]
    shapes: tuple[Shape, ...]


def reference(document: Json) -> Reference:
    """What is shown of this document; its sentences are in the language it is in."""
    entries: dict[str, list[Entry]] = {tag["name"]: [] for tag in document["tags"]}
    problems: dict[str, str] = {}
    for path, method, operation in _operations(document):
        entries[operation["tags"][0]].append(_entry(path, method, operation))
        problems |= {status: _problem(document, answer) for status, answer in _refused(operation)}
    flow = document["components"]["securitySchemes"]["client"]["flows"]["clientCredentials"]
    return Reference(
        document["info"]["description"], document["info"]["version"], first_commands(document), first_program(document),
        flow["scopes"],
        tuple(Group(tag["name"], tag["description"], tuple(entries[tag["name"]])) for tag in document["tags"]),
        dict(sorted(problems.items())),
        tuple(_shape(name, schema) for name, schema in document["components"]["schemas"].items()),
    )  # fmt: skip


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _entry(path: str, method: str, operation: Json) -> Entry:
    return Entry(
        operation["operationId"], method.upper(), path, operation["summary"],
        tuple(scope for way in operation["security"] for scopes in way.values() for scope in scopes),
        tuple(_parameter(each) for each in operation.get("parameters", ())),
        _bodies(operation.get("requestBody", {})),
        tuple(_answer(status, answer) for status, answer in operation["responses"].items() if status < "4"),
        tuple(status for status, _ in _refused(operation)),
        curl(path, method, operation),
    )  # fmt: skip


def _refused(operation: Json) -> list[tuple[str, Json]]:
    return [(status, answer) for status, answer in operation["responses"].items() if status >= "4"]


def _problem(document: Json, answer: Json) -> str:
    """What a status means wherever it is answered with a problem; an operation may say it in words of its own."""
    name = str(answer.get("$ref", "")).rpartition("/")[2]
    text: str = document["components"]["responses"][name]["description"] if name else answer["description"]
    return text


def _parameter(parameter: Json) -> Member:
    return Member(
        parameter["name"], _kind(parameter["schema"]), "", parameter["required"], parameter["description"],
        parameter["in"],
    )  # fmt: skip


def _bodies(message: Json) -> tuple[Body, ...]:
    return tuple(
        Body(kind, _named(media["schema"]), example_text(media["example"]) if "example" in media else "")
        for kind, media in message.get("content", {}).items()
    )


def _answer(status: str, answer: Json) -> Answer:
    return Answer(status, answer["description"], _bodies(answer), tuple(answer.get("headers", {})))


def _shape(name: str, schema: Json) -> Shape:
    must = schema.get("required", ())
    return Shape(
        name, tuple(schema.get("description", "").split("\n\n")),
        tuple(
            Member(member, _kind(facts), _named(facts), member in must, facts.get("description", ""))
            for member, facts in schema["properties"].items()
        ),
    )  # fmt: skip


def _named(schema: Json) -> str:
    """The name of the shape that a schema is, or that the items of its list have."""
    reference = schema.get("$ref", schema.get("items", {}).get("$ref", ""))
    return str(reference).removeprefix(_SCHEMAS)


def _kind(schema: Json) -> str:
    """Kind and bounds, in the words of JSON Schema, which are the same in every language."""
    if "$ref" in schema:
        return ""
    if "enum" in schema or "const" in schema:
        return " | ".join(str(each) for each in schema.get("enum", [schema.get("const")]))
    kinds: str | Sequence[str] = schema.get("type", "any")
    kind = kinds if isinstance(kinds, str) else " | ".join(kinds)
    items = schema.get("items", {})
    if items and "$ref" not in items:
        kind = f"{kind} ({_kind(items)})"
    bounds = _bounds(schema)
    return f"{kind}, {bounds}" if bounds else kind


def _bounds(schema: Json) -> str:
    least = next((schema[name] for name in ("minimum", "minLength", "minItems") if name in schema), None)
    most = next((schema[name] for name in ("maximum", "maxLength", "maxItems") if name in schema), None)
    between = "" if least is most is None else f"{'' if least is None else least}…{'' if most is None else most}"
    return ", ".join(part for part in (schema.get("format", ""), between, schema.get("pattern", "")) if part)
