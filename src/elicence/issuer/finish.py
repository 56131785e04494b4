"""Steps 3 to 5 of issuing, shared by all that makes a version: sign the intent, check it as a stranger would, store it.

`finish` is given nothing but the intent, so the reaper can do after a crash what the issuer could not: with the same
bytes, and with the same result. A second signature over them is harmless, for the first never left the process.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from elicence.errors import Conflict, KeyFault, NotFound
from elicence.formats.encoding import b64url_decode, compact_json
from elicence.formats.jws import assemble
from elicence.formats.vc_jwt import decode_payload
from elicence.issuer.desk import Caller, Desk
from elicence.issuer.record_change import record_change
from elicence.issuer.reserve import Reserved, row_name
from elicence.keys.keyring import Purpose
from elicence.licences.lifecycle import Action, LicenceState, move, successor_state
from elicence.registry.intents import finish_intent
from elicence.registry.issuing import CredentialRow, bump_licence, insert_credential
from elicence.registry.reading import lock_licence, version_row
from elicence.registry.status import set_status, status_of
from elicence.registry.unit import Unit
from elicence.verifier.policy import Policy
from elicence.verifier.report import Outcome
from elicence.verifier.trust import TrustedList
from elicence.verifier.verify import verify

__all__ = ["finish"]

# What a stranger must be able to say of a fresh credential. Its status list is published after it, and it may be issued
# for a time that has not begun: those two checks are left to the day it is shown.
_MUST_PASS = (
    "format",
    "trusted_list",
    "key",
    "signature",
    "content",
    "issuer",
    "authority",
    "type",
    "claims",
)


def finish(desk: Desk, caller: Caller, reserved: Reserved, *, now: datetime) -> str:
    """Signs the intent, checks the result and stores it; answers the credential once the commit is durable."""
    intent = reserved.intent
    if reserved.draft is None:
        # The bytes come out of the store: what is signed has passed the same lint as everything else.
        decode_payload(_payload(reserved.signing_input))
    desk.at("p5")
    signer = desk.chest.signer_by_kid(intent.kid, agency_slug=caller.agency.slug, purpose=Purpose.CREDENTIAL)
    desk.at("p6")
    signature = signer.sign_unverified(reserved.signing_input)
    desk.at("p7")
    credential = assemble(reserved.signing_input, signature)
    _check_as_a_stranger(desk, credential, now)
    desk.at("p8")
    desk.registry.submit(lambda unit: _complete(unit, desk, caller, reserved, credential=credential, now=now))
    desk.at("p10")
    return credential


def _payload(signing_input: bytes) -> bytes:
    return b64url_decode(signing_input.partition(b".")[2])


def _check_as_a_stranger(desk: Desk, credential: str, now: datetime) -> None:
    """The public verifier, with what is published, finds the credential good; else it is never stored or shown."""
    failed = _refusals(desk, credential, desk.trusted_list(), now)
    if failed:
        # The list at hand may be some seconds old, and the grant or key younger.
        failed = _refusals(desk, credential, desk.trusted_list(fresh=True), now)
    if failed:
        raise KeyFault("signer_bad", f"A stranger would not accept what was signed: {', '.join(failed)}.")


def _refusals(desk: Desk, credential: str, trust: TrustedList, now: datetime) -> list[str]:
    report = verify(credential, trust=trust, sources=desk.published, now=now, policy=Policy(accept_test=True))
    return [
        f"{check.name} ({check.reason})"
        for check in report.checks
        if check.name in _MUST_PASS and check.outcome is not Outcome.PASSED
    ]


def _complete(unit: Unit, desk: Desk, caller: Caller, reserved: Reserved, *, credential: str, now: datetime) -> None:
    """Transaction two: credential, status, log entry, audit event and outbox, together or not at all."""
    intent = reserved.intent
    agency_id, licence_id = intent.agency_id, intent.licence_id
    finish_intent(unit, agency_id, intent.id, state="done", finished_at=now, reason=intent.reason)
    # A licence that is being issued is seen by nobody else yet: there is nothing to lock and nothing to supersede.
    start = _ISSUED if intent.verb == "issue" else _take_over(unit, desk, caller, reserved, now=now)
    sealed = desk.sealer.seal(
        reserved.data_key, credential.encode(), table="credential", column="sealed_text",
        row=row_name(licence_id, intent.version), entropy=desk.entropy,
    )  # fmt: skip
    insert_credential(
        unit,
        CredentialRow(
            agency_id=agency_id, licence_id=licence_id, version=intent.version, format="vc+jwt", kid=intent.kid,
            sealed_text=sealed, digest=hashlib.sha256(credential.encode()).hexdigest(), issued_at=now,
        ),
    )  # fmt: skip
    set_status(
        unit, agency_id, licence_id, intent.version,
        state=start.state, changed_at=now, reason=start.reason, until=start.until,
    )  # fmt: skip
    bump_licence(unit, agency_id, licence_id, current_version=intent.version, expected=start.row_version)
    record_change(
        unit, desk, caller, kind=intent.verb, licence_id=licence_id, version=intent.version, now=now,
        from_state=None, to_state=start.state, reason=intent.reason, evidence=intent.digest.encode(),
    )  # fmt: skip
    desk.at("p9")


@dataclass(frozen=True, slots=True)
class _Start:
    """How a new version begins: the row version its licence has by now, and its first state."""

    row_version: int
    state: LicenceState
    reason: str | None = None
    until: datetime | None = None


_ISSUED = _Start(0, LicenceState.ACTIVE)


def _take_over(unit: Unit, desk: Desk, caller: Caller, reserved: Reserved, *, now: datetime) -> _Start:
    """Marks the version before as superseded; its successor inherits a suspension with its reason and end.

    A revocation that came in between wins.
    """
    intent = reserved.intent
    licence = lock_licence(unit, intent.agency_id, intent.licence_id)
    made = version_row(unit, intent.agency_id, intent.licence_id, intent.version)
    if licence is None or made is None or made.supersedes is None:
        raise NotFound("licence_not_found", "The licence of an intent is not there.")
    before = status_of(unit, intent.agency_id, intent.licence_id, made.supersedes)
    if before is None:
        raise Conflict("version_mismatch", "The version to be superseded is not there.")
    state, old = LicenceState(before.state), made.supersedes
    after = move(state, Action(intent.verb)).state
    set_status(unit, intent.agency_id, intent.licence_id, old, state=after, changed_at=now, reason="superseded")
    record_change(
        unit, desk, caller, kind="supersede", licence_id=intent.licence_id, version=old, now=now,
        from_state=state, to_state=after, reason="superseded", evidence=compact_json({"by": intent.version}),
    )  # fmt: skip
    inherited = successor_state(state)
    if inherited is not LicenceState.SUSPENDED:
        return _Start(licence.row_version, inherited)
    return _Start(licence.row_version, inherited, before.reason, before.until)
