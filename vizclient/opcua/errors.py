"""What can go wrong between a client and a server, as exceptions here and as `Problem`s for those who decide.

Retry policy by type: `ChannelLost` and `AnswerLate` end the session, a new one may be tried at once (`Problem.kind` says
whether a person is needed first); `ServiceFault` concerns one request; `Undecodable` concerns one response.
"""

from __future__ import annotations

from asyncua import ua

from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.redundancy.model import Layer, Problem, ProblemKind

BAD_DECODING_ERROR = 0x80070000
BAD_TIMEOUT = 0x800A0000
BAD_TOO_MANY_OPERATIONS = 0x80100000
BAD_USER_ACCESS_DENIED = 0x801F0000
BAD_SUBSCRIPTION_ID_INVALID = 0x80280000
BAD_NODE_ID_UNKNOWN = 0x80340000
BAD_ATTRIBUTE_ID_INVALID = 0x80350000
BAD_TYPE_MISMATCH = 0x80740000
BAD_NO_SUBSCRIPTION = 0x80790000
BAD_TOO_MANY_PUBLISH_REQUESTS = 0x80780000

TOO_BIG = frozenset({BAD_TOO_MANY_OPERATIONS, 0x80B80000, 0x80B90000, 0x80800000, 0x80080000, 0x80030000})
"""Statuses that fewer operations in one request may mend: Bad_TooManyOperations, Bad_RequestTooLarge,
Bad_ResponseTooLarge, Bad_TcpMessageTooLarge, Bad_EncodingLimitsExceeded, Bad_OutOfMemory."""

SESSION_GONE = frozenset({0x80250000, 0x80260000, 0x80270000, 0x80220000, 0x80860000, 0x80870000})
"""The server no longer knows the session or channel: Bad_SessionIdInvalid, _SessionClosed, _SessionNotActivated,
_SecureChannelIdInvalid, _SecureChannelClosed, _SecureChannelTokenUnknown."""

_SECURITY = frozenset({0x80540000, 0x80550000})  # Bad_SecurityModeRejected, Bad_SecurityPolicyRejected
_CERTIFICATE = frozenset(
    {
        0x80120000,  # Bad_CertificateInvalid
        0x80130000,  # Bad_SecurityChecksFailed
        0x80140000,  # Bad_CertificateTimeInvalid
        0x80150000,  # Bad_CertificateIssuerTimeInvalid
        0x80160000,  # Bad_CertificateHostNameInvalid
        0x80170000,  # Bad_CertificateUriInvalid
        0x80180000,  # Bad_CertificateUseNotAllowed
        0x80190000,  # Bad_CertificateIssuerUseNotAllowed
        0x801A0000,  # Bad_CertificateUntrusted
        0x801B0000,  # Bad_CertificateRevocationUnknown
        0x801C0000,  # Bad_CertificateIssuerRevocationUnknown
        0x801D0000,  # Bad_CertificateRevoked
        0x801E0000,  # Bad_CertificateIssuerRevoked
        0x80580000,  # Bad_ApplicationSignatureInvalid
        0x80590000,  # Bad_NoValidCertificates
        0x810D0000,  # Bad_CertificateChainIncomplete
        0x81140000,  # Bad_CertificatePolicyCheckFailed
    }
)
_CREDENTIALS = frozenset({0x80200000, 0x80210000})  # Bad_IdentityTokenInvalid, Bad_IdentityTokenRejected


class ChannelLost(SessionEnded):
    """The connection is gone, or never was: nothing is known about requests under way."""

    def __init__(self, kind: ProblemKind, status: int | None = None, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail or name_of(status)}")
        self.kind = kind
        self.status = status
        self.detail = detail


class AnswerLate(SessionEnded):
    """No answer within the request's deadline, while the connection seems to be there."""


class Undecodable(Exception):
    """A response arrived whole and cannot be read."""


class Unresolved(OSError):
    """The host name has no address, or none was found in time."""


class Misfit(Exception):
    """Security that does not fit: retried slowly, because a person must act. `kind` says which."""

    def __init__(self, kind: ProblemKind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


def name_of(status: int | None) -> str:
    """The symbolic name of a StatusCode, for logs."""
    return "" if status is None else ua.StatusCode(ua.UInt32(status)).name


def kind_of_status(status: int, layer: Layer, *, with_user: bool) -> ProblemKind:
    """What a refusal with `status` means when the attempt had come to `layer`.

    Bad_UserAccessDenied concerns credentials only where there are any: a standby may answer everybody so.
    """
    if status in _SECURITY:
        return ProblemKind.SECURITY
    if status in _CERTIFICATE:
        return ProblemKind.CERTIFICATE
    if status in _CREDENTIALS or (with_user and layer >= Layer.SESSION and status == BAD_USER_ACCESS_DENIED):
        return ProblemKind.CREDENTIALS
    return ProblemKind.REFUSED


def problem_of(error: BaseException, layer: Layer, *, with_user: bool = False) -> Problem:
    """`error`, met when the attempt had come to `layer`, as data."""
    match error:
        case Misfit():
            return Problem(error.kind, layer, detail=error.detail)
        case ServiceFault():
            kind = kind_of_status(error.status, layer, with_user=with_user)
            return Problem(kind, layer, error.status, name_of(error.status))
        case ChannelLost():
            kind = error.kind
            if error.status is not None and kind is ProblemKind.REFUSED:
                kind = kind_of_status(error.status, layer, with_user=with_user)
            return Problem(kind, layer, error.status, error.detail or name_of(error.status))
        case Unresolved():
            return Problem(ProblemKind.UNRESOLVED, layer, detail=str(error))
        case AnswerLate() | TimeoutError():
            kind = ProblemKind.UNREACHABLE if layer is Layer.NOTHING else ProblemKind.TIMED_OUT
            return Problem(kind, layer, detail=str(error))
        case Undecodable():
            return Problem(ProblemKind.UNDECODABLE, layer, detail=str(error))
        case OSError():
            kind = ProblemKind.UNREACHABLE if layer is Layer.NOTHING else ProblemKind.LOST
            return Problem(kind, layer, detail=error.strerror or str(error))
    return Problem(ProblemKind.LOCAL, layer, detail=repr(error))
