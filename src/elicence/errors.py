"""One error tree with frozen codes.

    ElicenceError                   everything raised on purpose by this package
    ├── CallRefused                 a call breaks a rule of calling            → 4xx before anything is looked at
    ├── FormatError                 bytes are not what they claim to be        → a check's reason, or exit 3
    ├── TypeFileError               a licence type file is not acceptable      → exit 3, names file and pointer
    ├── RequestError                what the caller asks for breaks a rule     → 422, exit 3, with every problem found
    ├── NotAllowed                  the caller may not do this                 → 403, exit 3
    ├── NotFound                    no such thing, or not the caller's         → 404, exit 4
    ├── Conflict                    the state of things forbids it             → 409 or 412, exit 4
    ├── KeyFault                    a key or secret is missing, exposed, wrong → refuses to start, exit 2
    ├── TrustFault                  a trusted list is not to be believed       → the old one is kept, exit 4
    ├── StoreFault                  the store is unsafe, absent or busy        → 503 or exit 4
    ├── PublishFault                publishing would do harm and was stopped   → alarm, exit 4
    ├── RemoteFault                 a registry elsewhere answers not, or oddly → exit 4
    └── SettingsFault               a setting is unknown, absent or dangerous  → refuses to start, exit 2

The class says whose fault it is; the code says which defect. Codes are API: texts, translations and callers hang on
them, so a code never changes its meaning and never goes away. `message` is for people and names no rejected value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

__all__ = [
    "CallRefused",
    "Conflict",
    "ElicenceError",
    "FormatError",
    "KeyFault",
    "NotAllowed",
    "NotFound",
    "Problem",
    "PublishFault",
    "RemoteFault",
    "RequestError",
    "SettingsFault",
    "StoreFault",
    "TrustFault",
    "TypeFileError",
]


class ElicenceError(Exception):
    """Base of the tree; never raised itself."""

    codes: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, code: str, message: str, **facts: object) -> None:
        if code not in self.codes:
            raise LookupError(f"{type(self).__name__} has no code {code!r}")
        super().__init__(message)
        self.code = code
        self.message = message
        self.facts: Mapping[str, object] = MappingProxyType(facts)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class CallRefused(ElicenceError):
    """A call over the network that breaks a rule of calling: who calls, how often, how much, in which form."""

    codes = frozenset(
        {
            "host", "header_bad", "body_missing", "multipart_bad", "cursor_invalid", "idempotency_key_missing",
            "token_missing", "token_invalid", "token_expired", "scope_missing", "not_found", "method_not_allowed",
            "request_timeout", "file_too_large", "path_too_long", "media_type_unsupported", "unsupported_encoding",
            "if_match_required", "rate_limited", "header_too_large", "overloaded",
        }
    )  # fmt: skip


class FormatError(ElicenceError):
    """Bytes that are not what they claim to be: a token, list, frame, key or picture."""

    codes = frozenset(
        {
            # any JWS
            "token_format", "token_too_long", "b64_alphabet", "b64_not_canonical", "header_bad", "header_key_forbidden",
            "header_zip_forbidden", "crit_unknown", "alg_not_allowed", "alg_key_mismatch", "typ_wrong", "sig_bad",
            "payload_bad",
            # JSON
            "json_syntax", "json_text", "json_duplicate_key", "json_number", "json_depth", "json_too_long",
            # a W3C credential
            "vc_bad", "vc_claims_disagree", "context_unknown", "time_claim_bad", "time_order", "status_claim_bad",
            "claim_name",
            # status lists
            "list_bad", "list_corrupt", "list_too_large", "list_substituted", "status_index_range",
            # the QR code
            "qr_not_licence", "qr_too_long", "qr_alphabet", "qr_version", "qr_dictionary", "qr_corrupt", "qr_too_large",
            "qr_unreadable", "qr_too_dense", "qr_several",
            # keys as public documents
            "jwk_bad",
            # licence identifiers and verification codes as read from outside
            "identifier_bad", "verification_code_bad",
            # a URL that names none of a registry's published files
            "url_outside",
            # pictures and files
            "image_bad", "image_too_large", "pdf_bad", "pdf_too_large", "file_unreadable", "file_too_large",
        }
    )  # fmt: skip


class TypeFileError(ElicenceError):
    """A licence type file, example or lock that is not acceptable; `file` and `pointer` say where."""

    codes = frozenset(
        {
            "file_unreadable", "json_syntax", "duplicate_key", "schema", "key_unknown", "class_missing",
            "claim_schema_bad", "ref_forbidden", "name_reserved", "name_clash", "code_duplicate",
            "published_changed", "qr_too_dense", "example_refused", "example_accepted", "set_unknown_claim",
            "type_duplicate", "version_path", "field_closed", "period", "text_policy", "derivation",
        }
    )  # fmt: skip

    def __init__(self, code: str, message: str, *, file: str, pointer: str = "", **facts: object) -> None:
        super().__init__(code, message, file=file, pointer=pointer, **facts)
        self.file = file
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.code}: {self.file}{'#' + self.pointer if self.pointer else ''}: {self.message}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One defect of a request: where (a JSON Pointer), which (a stable code), and a sentence that echoes no value."""

    pointer: str
    code: str
    detail: str
    facts: Mapping[str, object] = field(default_factory=dict)


class RequestError(ElicenceError):
    """A request that breaks a rule. Carries every problem found, not only the first."""

    codes = frozenset(
        {
            "validation_failed", "check_digit_wrong", "qr_too_dense", "idempotency_key_reused", "type_version_retired",
            "reason_unknown", "idempotency_key_bad",
        }
    )  # fmt: skip
    problem_codes: ClassVar[frozenset[str]] = frozenset(
        {
            "field_unknown", "field_missing", "wrong_kind", "not_allowed_value", "too_long", "too_short", "pattern",
            "number_range", "text_policy", "date", "before_valid_from", "period", "check_digit_wrong", "region_unknown",
            "holder_kind", "holders_count", "id_scheme", "id_format", "number_format", "reason_unknown", "too_many",
            "too_few", "not_unique", "schema", "operator_unknown",
        }
    )  # fmt: skip

    def __init__(self, code: str, message: str, problems: Sequence[Problem] = (), **facts: object) -> None:
        super().__init__(code, message, **facts)
        for problem in problems:
            if problem.code not in self.problem_codes:
                raise LookupError(f"no problem code {problem.code!r}")
        self.problems = tuple(problems)


class NotAllowed(ElicenceError):
    """The caller is known but may not do this."""

    codes = frozenset(
        {"agency_not_allowed_type", "grant_expired", "grant_not_yet", "region_outside", "four_eyes_required"}
    )


class NotFound(ElicenceError):
    """No such thing, or it belongs to somebody else: one answer for both."""

    codes = frozenset(
        {"licence_not_found", "licence_erased", "type_not_found", "agency_not_found", "client_not_found",
         "key_not_found", "verification_code_not_found", "proposal_not_found", "status_list_not_found"}
    )  # fmt: skip


class Conflict(ElicenceError):
    """The request is well formed, but the state of things forbids it."""

    codes = frozenset(
        {"number_taken", "idempotency_in_flight", "transition_not_allowed", "version_mismatch", "agency_exists",
         "registry_exists", "intent_failed", "approval_stale"}
    )  # fmt: skip


class KeyFault(ElicenceError):
    """A key or secret that is missing, exposed, broken or not the right one: nothing is signed."""

    codes = frozenset(
        {
            "key_unreadable", "key_exposed", "key_bad", "key_type", "key_mismatch", "key_passphrase", "key_window",
            "kid_conflict", "production_refused", "keyring_bad", "secrets_bad", "secret_unknown", "seal_broken",
            "signer_bad", "uri_scheme_unknown", "key_wrong_agency", "key_state",
        }
    )  # fmt: skip


class TrustFault(ElicenceError):
    """A trusted list that is not to be believed."""

    codes = frozenset({"trust_bad", "trust_untrusted", "trust_rollback", "trust_expired", "trust_too_large"})


class StoreFault(ElicenceError):
    """The store is unsafe, absent, behind or busy."""

    codes = frozenset({"registry_absent", "schema_behind", "schema_ahead", "sqlite_unsafe", "store_busy", "store_down",
                       "store_corrupt", "store_refused", "engine_unknown"})  # fmt: skip


class PublishFault(ElicenceError):
    """Publishing would do harm, so it was stopped and the last good files stay."""

    codes = frozenset({"status_regressed", "list_refused", "publish_io"})


class RemoteFault(ElicenceError):
    """A registry elsewhere that cannot be reached, cannot do it now, or answers what no registry would."""

    codes = frozenset(
        {"remote_unreachable", "remote_unsure", "remote_tls", "remote_redirected", "remote_answer_bad",
         "remote_failure"}
    )  # fmt: skip


class SettingsFault(ElicenceError):
    """A setting that is unknown, absent or dangerous."""

    codes = frozenset(
        {"settings_bad", "base_url_bad", "production_refused", "contexts_bad", "context_unknown", "context_exists",
         "client_refused"}
    )  # fmt: skip
