"""Where a grant asks for four eyes, nothing is signed before a second operator has approved exactly what was asked."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.assembly import NOON, example, grant, house, new_agency

from elicence.accounts.operators import add_operator
from elicence.errors import Conflict, NotAllowed, NotFound, RequestError
from elicence.issuer.approve import approve, decline
from elicence.issuer.desk import Caller
from elicence.issuer.issue import issue
from elicence.issuer.new_version import correct
from elicence.issuer.propose import Proposal, list_proposals, read_proposal
from elicence.issuer.read import LicenceView


@pytest.fixture
def office(tmp_path, empty_database_url):
    """An agency with two operators whose grant for food business licences asks for four eyes."""
    with house(tmp_path, empty_database_url) as built:
        agency = new_agency(built.assembly, "market", uscc="91350100M000100Y43")
        grant(built.assembly, agency, "food-business-licence", four_eyes=True)
        names = ("Maker", "Checker")
        people = [add_operator(built.desk.registry, agency, name, now=NOON, entropy=os.urandom) for name in names]
        built.agencies["market"] = agency
        built.maker, built.checker = (Caller(agency, operator_id=each.id) for each in people)
        yield built


def proposed(office, key="k1") -> Proposal:
    outcome = issue(office.desk, office.maker, example("food-business-licence"), idempotency_key=key, now=NOON)
    assert isinstance(outcome, Proposal)
    return outcome


def signed_so_far(office) -> int:
    return office.desk.registry.read(lambda reader: len(reader.all(text("SELECT id FROM intent"))))


def test_a_request_under_four_eyes_waits_and_nothing_is_signed(office):
    proposal = proposed(office)
    assert (proposal.state, proposal.verb) == ("proposed", "issue")
    assert signed_so_far(office) == 0
    assert [each.id for each in list_proposals(office.desk, office.checker)] == [proposal.id]


def test_the_proposer_cannot_approve_and_a_stranger_cannot_see_it(office):
    proposal = proposed(office)
    with pytest.raises(NotAllowed, match="four_eyes_required"):
        approve(office.desk, office.maker, proposal.id, digest=proposal.digest, now=NOON)
    with pytest.raises(NotFound, match="proposal_not_found"):
        read_proposal(office.desk, office.caller("housing"), proposal.id)
    assert signed_so_far(office) == 0


def test_a_system_without_a_named_operator_cannot_propose_or_approve(office):
    nobody = Caller(office.agencies["market"], client_id="cli_x")
    with pytest.raises(NotAllowed, match="four_eyes_required"):
        issue(office.desk, nobody, example("food-business-licence"), idempotency_key="k", now=NOON)
    proposal = proposed(office)
    with pytest.raises(NotAllowed, match="four_eyes_required"):
        approve(office.desk, nobody, proposal.id, digest=proposal.digest, now=NOON)


def test_another_digest_than_the_one_looked_at_is_not_approved(office):
    proposal = proposed(office)
    with pytest.raises(Conflict, match="approval_stale"):
        approve(office.desk, office.checker, proposal.id, digest="0" * 64, now=NOON)
    assert read_proposal(office.desk, office.checker, proposal.id).state == "proposed"


def test_approving_issues_once_and_approving_again_answers_the_same_licence(office):
    proposal = proposed(office)
    first = approve(office.desk, office.checker, proposal.id, digest=proposal.digest, now=NOON)
    again = approve(office.desk, office.checker, proposal.id, digest=proposal.digest, now=NOON + timedelta(hours=1))
    assert isinstance(first, LicenceView)
    assert (first.id, first.credential) == (again.id, again.credential)
    assert again.replayed
    assert signed_so_far(office) == 1


def test_a_declined_request_is_never_carried_out(office):
    proposal = proposed(office)
    assert decline(office.desk, office.checker, proposal.id, digest=proposal.digest, now=NOON).state == "declined"
    with pytest.raises(Conflict, match="approval_stale"):
        approve(office.desk, office.checker, proposal.id, digest=proposal.digest, now=NOON)
    assert signed_so_far(office) == 0


def test_the_same_key_gives_the_same_proposal_and_another_request_under_it_is_refused(office):
    proposal = proposed(office)
    assert proposed(office).id == proposal.id
    other = example("food-business-licence") | {"number": "JY14403050000099"}
    with pytest.raises(RequestError, match="idempotency_key_reused"):
        issue(office.desk, office.maker, other, idempotency_key="k1", now=NOON)


def test_an_approval_of_one_request_does_not_carry_another(office):
    proposal = proposed(office)
    approve(office.desk, office.checker, proposal.id, digest=proposal.digest, now=NOON)
    approval = read_proposal(office.desk, office.checker, proposal.id)
    other = example("food-business-licence") | {"number": "JY14403050000099"}
    outcome = issue(office.desk, office.maker, other, idempotency_key="k2", now=NOON, approval=approval)
    assert isinstance(outcome, Proposal)


def test_a_correction_under_four_eyes_waits_too(office):
    proposal = proposed(office)
    licence = approve(office.desk, office.checker, proposal.id, digest=proposal.digest, now=NOON)
    reason = office.desk.catalogue.get(licence.type_slug).changes.reasons[0]
    asked = correct(
        office.desk, office.maker, licence.id, {"region": "440305"},
        reason=reason, if_version=licence.row_version, idempotency_key="c1", now=NOON,
    )  # fmt: skip
    assert isinstance(asked, Proposal)
    corrected = approve(office.desk, office.checker, asked.id, digest=asked.digest, now=NOON)
    assert (corrected.version, corrected.supersedes) == (2, 1)


def test_nothing_of_the_request_lies_open_in_the_proposal(office):
    proposed(office)
    name = example("food-business-licence")["holders"][0]["name"]
    rows = office.desk.registry.read(lambda reader: reader.all(text("SELECT * FROM proposal")))
    assert name.encode() not in repr(rows).encode("unicode_escape")
    assert name not in repr(rows)
    assert name.encode() not in b"".join(bytes(v) for row in rows for v in row if isinstance(v, bytes | memoryview))


def test_leaving_out_the_region_is_no_way_around_the_grant_of_one(office):
    agency = new_agency(office.assembly, "county", uscc="91110000600037341L")
    grant(office.assembly, agency, "food-business-licence")
    grant(office.assembly, agency, "food-business-licence", region="44", four_eyes=True)
    one = add_operator(office.desk.registry, agency, "Only", now=NOON, entropy=os.urandom)
    body = {name: value for name, value in example("food-business-licence").items() if name != "region"}
    outcome = issue(office.desk, Caller(agency, operator_id=one.id), body, idempotency_key="k", now=NOON)
    assert isinstance(outcome, Proposal)


def test_a_key_kept_by_a_proposal_stands_for_no_other_request_and_leads_to_the_licence_once_approved(office):
    body, proposal = example("food-business-licence"), proposed(office)
    other = example("degree")
    grant(office.assembly, office.agencies["market"], "degree")
    with pytest.raises(RequestError, match="idempotency_key_reused"):
        issue(office.desk, office.maker, other, idempotency_key="k1", now=NOON)
    assert issue(office.desk, office.maker, body, idempotency_key="k1", now=NOON).id == proposal.id
    licence = approve(office.desk, office.checker, proposal.id, digest=proposal.digest, now=NOON)
    again = issue(office.desk, office.maker, body, idempotency_key="k1", now=NOON)
    assert (again.id, again.credential, again.replayed) == (licence.id, licence.credential, True)


def test_the_keys_of_proposals_are_not_for_callers(office):
    proposal = proposed(office)
    with pytest.raises(RequestError, match="idempotency_key_bad"):
        issue(
            office.desk, office.maker, example("food-business-licence"),
            idempotency_key=f"proposal/{proposal.id}", now=NOON,
        )  # fmt: skip
