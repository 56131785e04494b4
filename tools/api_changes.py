"""What in one OpenAPI document would break clients of another: `python tools/api_changes.py OLD.json NEW.json`.

Prints a line for each break and ends with 1 if there is any. What only adds passes: paths, operations, optional
parameters and members of requests, members of answers, errors. Of a request less may be asked and more taken; of an
answer more may be given and nothing that was relied on be left out.

Written here because the kept tools for this are programs in Go, which a test cannot bring without a network.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
WORDS = {"title", "description", "example", "examples", "deprecated", "$comment"}
LEAST, MOST = ("minLength", "minimum", "minItems"), ("maxLength", "maximum", "maxItems")
EXACT = ("pattern", "format", "const")
JUDGED = {
    *WORDS, *LEAST, *MOST, *EXACT, "$ref", "type", "enum", "default", "items", "properties", "required",
    "additionalProperties",
}  # fmt: skip
Json = Mapping[str, Any]


def breaks(old: Json, new: Json) -> list[str]:
    """What a client made for the old document would stumble over, one sentence each; empty if nothing."""
    return _Comparison(old, new).made()


class _Comparison:
    def __init__(self, old: Json, new: Json) -> None:
        self.old, self.new = old, new
        self.found: list[str] = []
        self.seen: set[tuple[str, str, bool]] = set()

    def made(self) -> list[str]:
        for path, methods in self.old.get("paths", {}).items():
            others = self.new.get("paths", {}).get(path)
            if others is None:
                self.tell(path, "the path is gone")
                continue
            for method in (each for each in METHODS if each in methods):
                where = f"{method.upper()} {path}"
                if method not in others:
                    self.tell(where, "the operation is gone")
                else:
                    self.operation(where, _whole(methods, method), _whole(others, method))
        self.security_schemes()
        return self.found

    def tell(self, where: str, what: str) -> None:
        self.found.append(f"{where}: {what}")

    def operation(self, where: str, old: Json, new: Json) -> None:
        if old.get("operationId") != new.get("operationId"):
            self.tell(where, f"{old.get('operationId')} is now called {new.get('operationId')}")
        if old.get("tags", [])[:1] != new.get("tags", [])[:1]:
            self.tell(where, "it has another tag, under which generated clients keep it")
        self.security(where, old, new)
        self.parameters(where, old, new)
        self.body(
            where,
            self.resolved(old.get("requestBody", {}), self.old),
            self.resolved(new.get("requestBody", {}), self.new),
        )
        self.answers(where, old["responses"], new["responses"])

    # Who may

    def security(self, where: str, old: Json, new: Json) -> None:
        """Whoever was let in must still be: each way that was enough is so with no more scopes."""
        before = old.get("security", self.old.get("security", [])) or [{}]
        after = new.get("security", self.new.get("security", [])) or [{}]
        for way in before:
            if not any(_no_more(other, way) for other in after):
                self.tell(where, f"{_named(way)} is no longer enough; asked is {' or '.join(map(_named, after))}")

    def security_schemes(self) -> None:
        after = self.new.get("components", {}).get("securitySchemes", {})
        for name, scheme in self.old.get("components", {}).get("securitySchemes", {}).items():
            other = after.get(name)
            if other is None or other.get("type") != scheme.get("type"):
                self.tell(name, "this way to sign in is gone or is another")
                continue
            for flow, facts in scheme.get("flows", {}).items():
                others = other.get("flows", {}).get(flow)
                if others is None or others.get("tokenUrl") != facts.get("tokenUrl"):
                    self.tell(name, f"tokens of the flow {flow} are no longer had at {facts.get('tokenUrl')}")
                for scope in sorted(facts.get("scopes", {}).keys() - (others or {}).get("scopes", {}).keys()):
                    self.tell(name, f"the scope {scope} is gone")

    # What is sent

    def parameters(self, where: str, old: Json, new: Json) -> None:
        before, after = self.by_place(old, self.old), self.by_place(new, self.new)
        for place, parameter in before.items():
            other = after.get(place)
            at = f"{where}, {' '.join(place)}"
            if other is None:
                self.tell(at, "the parameter is gone")
                continue
            if other.get("required", False) and not parameter.get("required", False):
                self.tell(at, "the parameter must now be sent")
            self.schema(at, parameter.get("schema", {}), other.get("schema", {}), sent=True)
        for place, parameter in after.items():
            if place not in before and parameter.get("required", False):
                self.tell(f"{where}, {' '.join(place)}", "a parameter that must be sent was added")

    def by_place(self, operation: Json, document: Json) -> dict[tuple[str, str], Json]:
        parameters = [self.resolved(each, document) for each in operation["parameters"]]
        return {(each["in"], each["name"]): each for each in parameters}

    def body(self, where: str, old: Json, new: Json) -> None:
        at = f"{where}, body"
        if new.get("required", False) and not old.get("required", False):
            self.tell(at, "a body must now be sent")
        self.content(at, old, new, sent=True)

    # What is answered

    def answers(self, where: str, old: Json, new: Json) -> None:
        for status, answer in old.items():
            at = f"{where}, {status}"
            if status not in new:
                self.tell(at, "the answer is gone")
                continue
            before, after = self.resolved(answer, self.old), self.resolved(new[status], self.new)
            self.content(at, before, after, sent=False)
            self.headers(at, before.get("headers", {}), after.get("headers", {}))
        for status in new.keys() - old.keys():
            if status.startswith("2"):
                self.tell(f"{where}, {status}", "a good answer that clients do not know was added")

    def headers(self, where: str, old: Json, new: Json) -> None:
        for name, header in old.items():
            if name not in new:
                self.tell(where, f"the header {name} is gone")
            elif header.get("required", False) and not new[name].get("required", False):
                self.tell(where, f"the header {name} may now be missing")

    # Schemas

    def content(self, where: str, old: Json, new: Json, *, sent: bool) -> None:
        after = new.get("content", {})
        for kind, media in old.get("content", {}).items():
            if kind not in after:
                self.tell(where, f"{kind} is gone")
            else:
                self.schema(f"{where} {kind}", media.get("schema", {}), after[kind].get("schema", {}), sent=sent)

    def schema(self, where: str, old: Json, new: Json, *, sent: bool) -> None:
        """One schema; `sent` says that clients send it, and else they are answered it."""
        names = str(old.get("$ref")), str(new.get("$ref"))
        if "$ref" in old and "$ref" in new:
            if names[0] != names[1]:
                self.tell(where, f"{_last(names[0])} is now called {_last(names[1])}")
            if (*names, sent) in self.seen:
                return
            self.seen.add((*names, sent))
        old, new = self.resolved(old, self.old), self.resolved(new, self.new)
        for name in sorted((old.keys() | new.keys()) - JUDGED):
            if old.get(name) != new.get(name):
                self.tell(where, f"{name} has changed, which is not judged here")
        self.kinds(where, old, new, sent=sent)
        self.values(where, old, new, sent=sent)
        if sent:
            self.limits(where, old, new)
        self.members(where, old, new, sent=sent)
        if "items" in old or "items" in new:
            self.schema(f"{where}[]", old.get("items", {}), new.get("items", {}), sent=sent)

    def kinds(self, where: str, old: Json, new: Json, *, sent: bool) -> None:
        before, after = _kinds(old), _kinds(new)
        narrow, wide = (before, after) if sent else (after, before)
        if wide is not None and (narrow is None or not narrow <= wide):
            self.tell(where, f"its kind was {_listed(before)} and is {_listed(after)}")

    def values(self, where: str, old: Json, new: Json, *, sent: bool) -> None:
        """Of a request no value may be lost, of an answer none be new."""
        before, after = old.get("enum"), new.get("enum")
        narrow, wide = (before, after) if sent else (after, before)
        if wide is not None and (narrow is None or any(each not in wide for each in narrow)):
            what = "values are no longer taken" if sent else "values that clients do not know may be answered"
            self.tell(where, f"{what}: {before or 'any'} has become {after or 'any'}")
        for name in EXACT:
            if old.get(name) != new.get(name) and (name in new if sent else name in old):
                self.tell(where, f"its {name} was {old.get(name)} and is {new.get(name)}")

    def limits(self, where: str, old: Json, new: Json) -> None:
        for name in (*LEAST, *MOST):
            before, after = old.get(name), new.get(name)
            if after is not None and (before is None or (after > before if name in LEAST else after < before)):
                self.tell(where, f"{name} was {before} and is {after}")
        if old.get("default") != new.get("default") and "default" in old:
            self.tell(where, f"what is taken where nothing is sent was {old['default']} and is {new.get('default')}")

    def members(self, where: str, old: Json, new: Json, *, sent: bool) -> None:
        before, after = old.get("properties", {}), new.get("properties", {})
        must, now = set(old.get("required", ())), set(new.get("required", ()))
        for name, member in before.items():
            if name not in after:
                self.tell(f"{where}.{name}", "the member is gone")
            else:
                self.schema(f"{where}.{name}", member, after[name], sent=sent)
        for name in sorted((now - must) if sent else (must - now) & after.keys()):
            self.tell(f"{where}.{name}", "the member must now be sent" if sent else "the member may now be missing")
        others, rest = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if sent and others is not False and rest is False:
            self.tell(where, "further members are no longer taken")
        if isinstance(others, dict) and isinstance(rest, dict):
            self.schema(f"{where}.*", others, rest, sent=sent)

    def resolved(self, value: Json, document: Json) -> Json:
        while "$ref" in value:
            target: Any = document
            for part in str(value["$ref"]).removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            value = target
        return value


def _no_more(way: Mapping[str, Sequence[str]], than: Mapping[str, Sequence[str]]) -> bool:
    return all(name in than and set(scopes) <= set(than[name]) for name, scopes in way.items())


def _named(way: Mapping[str, Sequence[str]]) -> str:
    return (
        ", ".join(f"{name} with {' and '.join(scopes) or 'no scope'}" for name, scopes in way.items())
        or "nobody's token"
    )


def _whole(methods: Json, method: str) -> Json:
    """An operation with the parameters that it shares with the others of its path."""
    shared = methods.get("parameters", ())
    return {**methods[method], "parameters": [*shared, *methods[method].get("parameters", ())]}


def _kinds(schema: Json) -> set[str] | None:
    """The kinds of a schema; None for any. A whole number is a number."""
    kind = schema.get("type")
    if kind is None:
        return None
    kinds = {kind} if isinstance(kind, str) else set(kind)
    return kinds | ({"integer"} if "number" in kinds else set())


def _listed(kinds: set[str] | None) -> str:
    return " or ".join(sorted(kinds)) if kinds is not None else "anything"


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]


def main(old: str, new: str) -> int:
    found = breaks(*(json.loads(Path(each).read_bytes()) for each in (old, new)))
    print("\n".join(found) or "Nothing in it breaks a client.")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("python tools/api_changes.py OLD.json NEW.json")
    sys.exit(main(*sys.argv[1:]))
