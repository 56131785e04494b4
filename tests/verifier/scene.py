"""A scene of the corpus brought to life: what was scanned, what is trusted, what is published, when, for whom."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests import forge

from elicence.verifier.policy import Policy
from elicence.verifier.report import Report
from elicence.verifier.sources import MemorySources
from elicence.verifier.trust import TrustedList, open_trusted_list, parse_roots
from elicence.verifier.verify import verify

CORPUS = Path(__file__).parents[1] / "corpus"


@dataclass(frozen=True)
class Row:
    """One case of a corpus file, with its twin."""

    id: str
    case: Mapping[str, Any]
    twin: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.id} {self.case['name']}"


def rows(*layers: str) -> list[Row]:
    found = []
    for file in sorted(path for layer in layers for path in (CORPUS / layer).glob("*.json")):
        row = json.loads(file.read_text("utf-8"))
        assert file.name.startswith(f"{row['id']}-")
        found += [Row(row["id"], case, row["twin"]) for case in row["cases"]]
    return found


def now_of(scene: Mapping[str, Any]) -> datetime:
    return forge.NOW + timedelta(seconds=scene.get("after", 0))


def trust_of(scene: Mapping[str, Any]) -> TrustedList:
    # Opened at its own time: what a verifier does when a list ends while it holds it is the verifier's affair.
    return _opened(json.dumps(scene.get("trust", {})))


@lru_cache(maxsize=64)
def _opened(recipe: str) -> TrustedList:
    return open_trusted_list(forge.trusted_list(json.loads(recipe)), parse_roots(forge.roots()), now=forge.NOW)


@lru_cache(maxsize=256)
def _status_token(recipe: str) -> str:
    return forge.status_token(json.loads(recipe))


def sources_of(scene: Mapping[str, Any]) -> MemorySources:
    status = scene.get("status", {})
    url = f"{forge.BASE}/status/{status.get('issuer', 'city')}/3"
    return MemorySources(
        tokens={} if status.get("absent") else {url: _status_token(json.dumps(status))},
        documents={(slug, 1): document for slug, document in forge.TYPES.items()},
        dictionaries={1: forge.DICTIONARY},
    )


def policy_of(scene: Mapping[str, Any]) -> Policy:
    members = {
        name.removesuffix("_s"): timedelta(seconds=value) if name.endswith("_s") else value
        for name, value in scene.get("policy", {}).items()
    }
    return Policy(**members)


def judge(scene: Mapping[str, Any]) -> Report:
    return _judged(json.dumps(scene))


@lru_cache(maxsize=1024)
def _judged(written: str) -> Report:
    scene = json.loads(written)
    text = scene["text"] if "text" in scene else forge.licence(scene.get("licence"))
    return verify(text, trust=trust_of(scene), sources=sources_of(scene), now=now_of(scene), policy=policy_of(scene))
