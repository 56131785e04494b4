"""The line to a registry elsewhere: calls over HTTP that are bounded, signed in, and tried again where that is safe.

A call is tried again when the registry says to come later (429, 502, 503, 504, a key in flight) and when the connection
fails: always if it was never made; if it broke afterwards, only for calls that may be carried out twice. Redirects are
not followed, because they would carry the client's secret to somebody else; answers are read up to a bound. The access
token is kept in memory only.
"""

import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import httpx

from elicence import __version__
from elicence.cli.contexts import Context
from elicence.cli.remote_answer import LARGEST, Answer, Members
from elicence.cli.remote_problems import problem_of
from elicence.errors import CallRefused, ElicenceError, RemoteFault, SettingsFault
from elicence.formats.encoding import JsonObject, compact_json

__all__ = ["Call", "Line"]

_TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
_LONGEST: Final = 120.0  # seconds an answer may take in all
_TRIES: Final = 5
_PATIENCE: Final = 90.0  # seconds to wait in all before giving up
_FIRST_PAUSE: Final = 0.5
_COME_LATER: Final = frozenset({502, 503, 504})
_LOST_ON_THE_WAY: Final = frozenset({502, 504})
_ASKED_TO_WAIT: Final = 429
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_IN_A_HEADER: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)  # RFC 6750 §2.1
_SPARE: Final = 30.0  # seconds before its end a token is not used any more


@dataclass(frozen=True, slots=True)
class Call:
    """One call. One that is `repeatable` does no more when it is carried out twice."""

    method: str
    path: str
    body: JsonObject | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str | int] = field(default_factory=dict)
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    ends: float


class Line:
    """Open for one command. `pause` waits some seconds, `waiting` is told before, `entropy` spreads retries."""

    def __init__(
        self,
        context: Context,
        *,
        language: str,
        pause: Callable[[float], None],
        entropy: Callable[[int], bytes],
        waiting: Callable[[float], None] = lambda _: None,
    ) -> None:
        self.base_url = context.base_url
        self._client_id, self._secret = context.client_id, context.secret()
        self._pause, self._entropy, self._waiting = pause, entropy, waiting
        self._patience = _PATIENCE
        self._token: _Token | None = None
        self._http = httpx.Client(
            base_url=context.base_url, timeout=_TIMEOUT, trust_env=False, follow_redirects=False,
            verify=_trust(context),
            headers={
                "Accept-Language": language, "Accept-Encoding": "identity", "User-Agent": f"elicence/{__version__}",
            },
        )  # fmt: skip

    @property
    def use(self) -> str:
        """Which kind of licences the client issues: its secret says so."""
        return "test" if self._secret.startswith("els_test_") else "live"

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Answer:
        """What is at `path`."""
        return self.call(Call("GET", path, query=query or {}, repeatable=True))

    def call(self, call: Call) -> Answer:
        """The good answer to the call; an error of the tree for every other. Signs in first where that is due."""
        renewed = False
        while True:
            request = self._request(call)
            request.headers["Authorization"] = f"Bearer {self._signed_in()}"
            answer = self._answered(call, request)
            if answer.status in _LOST_ON_THE_WAY and not call.repeatable:
                raise _unsure()
            problem = problem_of(answer)
            if problem is None:
                return answer
            if not (isinstance(problem, CallRefused) and problem.code in {"token_expired", "token_invalid"}) or renewed:
                raise problem
            self._token, renewed = None, True

    def close(self) -> None:
        """Hangs up."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _signed_in(self) -> str:
        """A token that is good for some time yet (RFC 6749 §4.4)."""
        if self._token is None or self._token.ends <= time.monotonic():
            call = Call("POST", "/oauth/token", repeatable=True)
            request = self._http.build_request("POST", call.path, data={"grant_type": "client_credentials"})
            # RFC 6749 §2.3.1
            basic = httpx.BasicAuth(self._client_id, self._secret)
            answer = self._answered(call, next(basic.sync_auth_flow(request)))
            members = self._token_members(answer)
            ends = time.monotonic() + members.whole("expires_in") - _SPARE
            text = members.text("access_token")
            if not _IN_A_HEADER.fullmatch(text):
                raise RemoteFault("remote_answer_bad", "The registry's token cannot be one.")
            self._token = _Token(text, ends)
        return self._token.text

    @staticmethod
    def _token_members(answer: Answer) -> Members:
        if answer.status in {400, 401} and answer.media_type == "application/json":
            told = answer.members()  # RFC 6749 §5.2
            if told.text("error") == "invalid_client":
                sentence = "The registry does not know the client of this context by its secret."
                raise SettingsFault("client_refused", sentence)
            raise SettingsFault("client_refused", f"The registry gives this client no token: {told.text('error')}.")
        problem = problem_of(answer)
        if problem is not None:
            raise problem
        return answer.members()

    def _request(self, call: Call) -> httpx.Request:
        headers = dict(call.headers)
        content = None
        if call.body is not None:
            content, headers["Content-Type"] = compact_json(call.body), "application/json"
        return self._http.build_request(
            call.method, call.path, content=content, headers=headers, params=dict(call.query) or None
        )

    def _answered(self, call: Call, request: httpx.Request) -> Answer:
        """The answer, good or bad, after as many tries as are safe and bounded."""
        attempt = 1
        while True:
            try:
                answer = self._once(request)
            except httpx.TransportError as error:
                fault = _fault(error, call)
                pause = self._back_off(attempt) if _may_repeat(error, call) else None
                if pause is None or not self._wait(pause, attempt):
                    raise fault from None
            else:
                pause = self._asked_pause(answer, call, attempt)
                if pause is None or not self._wait(pause, attempt):
                    return answer
            attempt += 1

    def _once(self, request: httpx.Request) -> Answer:
        started, content = time.monotonic(), bytearray()
        response = self._http.send(request, stream=True)
        try:
            if 300 <= response.status_code < 400:
                sentence = (
                    "The address answers with a redirect, which is not followed; name where the registry itself is."
                )
                raise RemoteFault("remote_redirected", sentence)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise RemoteFault("remote_answer_bad", "The answer is compressed, which was not asked for.")
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > LARGEST:
                    raise RemoteFault("remote_answer_bad", f"The answer has more than {LARGEST} bytes.")
                if time.monotonic() - started > _LONGEST:
                    raise httpx.ReadTimeout("the answer does not end", request=request)
        finally:
            response.close()
        return Answer(response.status_code, response.headers, bytes(content))

    def _asked_pause(self, answer: Answer, call: Call, attempt: int) -> float | None:
        """How long to wait before the same call may do better; None where it will not, or must not be made again."""
        if answer.status == _ASKED_TO_WAIT or (call.repeatable and answer.status in _COME_LATER):
            return answer.retry_after or self._back_off(attempt)
        in_flight = call.repeatable and getattr(problem_of(answer), "code", None) == "idempotency_in_flight"
        return (answer.retry_after or self._back_off(attempt)) if in_flight else None

    def _back_off(self, attempt: int) -> float:
        """Twice as long each time, and somewhat more or less, so that many callers do not come back together."""
        return _FIRST_PAUSE * 2.0 ** (attempt - 1) * (0.75 + self._entropy(1)[0] / 512)

    def _wait(self, pause: float, attempt: int) -> bool:
        """Waits; False where that would be too long or too often."""
        if attempt >= _TRIES or pause > self._patience:
            return False
        self._patience -= pause
        self._waiting(pause)
        self._pause(pause)
        return True


def _may_repeat(error: httpx.TransportError, call: Call) -> bool:
    return not _is_tls(error) and (call.repeatable or isinstance(error, _NEVER_SENT))


def _fault(error: httpx.TransportError, call: Call) -> ElicenceError:
    """What is told of a connection that failed; nothing that was sent is repeated."""
    if _is_tls(error):
        sentence = "The registry cannot prove who it is: its certificate is not one to believe."
        return RemoteFault("remote_tls", sentence)
    if call.repeatable or isinstance(error, _NEVER_SENT):
        return RemoteFault("remote_unreachable", "The registry cannot be reached, or broke off each time.")
    return _unsure()


def _unsure() -> RemoteFault:
    sentence = "The connection broke off; whether the change was made is not known. Look before you try again."
    return RemoteFault("remote_unsure", sentence)


def _is_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _trust(context: Context) -> ssl.SSLContext:
    """Whose certificates are believed: those of the machine's certificate bundle, or of the one file named."""
    try:
        if context.ca_file is not None:
            return ssl.create_default_context(cafile=str(context.ca_file))
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or "it holds no certificate"
        raise SettingsFault("contexts_bad", f"{context.ca_file} cannot be used as a CA file: {why}.") from None
    return httpx.create_ssl_context(trust_env=False)
