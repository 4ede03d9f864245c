"""What can go wrong between a client and a server, as exceptions here and as `Problem`s for those who decide.

Retry policy by type: `ChannelLost` and `AnswerLate` end the session, a new one may be tried at once (`Problem.kind` says
whether a person is needed first); `ServiceFault` concerns one request; `Undecodable` concerns one response.
"""

from __future__ import annotations

from typing import Final

from asyncua import ua

from vizclient.items.ports import ServiceFault, SessionEnded
from vizclient.redundancy.model import Layer, Problem, ProblemKind

BAD_ATTRIBUTE_ID_INVALID: Final[int] = ua.StatusCodes.BadAttributeIdInvalid
BAD_DECODING_ERROR: Final[int] = ua.StatusCodes.BadDecodingError
BAD_NODE_ID_UNKNOWN: Final[int] = ua.StatusCodes.BadNodeIdUnknown
BAD_NO_SUBSCRIPTION: Final[int] = ua.StatusCodes.BadNoSubscription
BAD_OUT_OF_RANGE: Final[int] = ua.StatusCodes.BadOutOfRange
BAD_SUBSCRIPTION_ID_INVALID: Final[int] = ua.StatusCodes.BadSubscriptionIdInvalid
BAD_TIMEOUT: Final[int] = ua.StatusCodes.BadTimeout
BAD_TOO_MANY_PUBLISH_REQUESTS: Final[int] = ua.StatusCodes.BadTooManyPublishRequests
BAD_TYPE_MISMATCH: Final[int] = ua.StatusCodes.BadTypeMismatch
BAD_USER_ACCESS_DENIED: Final[int] = ua.StatusCodes.BadUserAccessDenied

MISSING: Final[frozenset[int]] = frozenset({ua.StatusCodes.BadNodeIdUnknown, ua.StatusCodes.BadNodeIdInvalid})
"""The node is not there."""

TOO_BIG: Final[frozenset[int]] = frozenset(
    {
        ua.StatusCodes.BadTooManyOperations,
        ua.StatusCodes.BadRequestTooLarge,
        ua.StatusCodes.BadResponseTooLarge,
        ua.StatusCodes.BadTcpMessageTooLarge,
        ua.StatusCodes.BadEncodingLimitsExceeded,
        ua.StatusCodes.BadOutOfMemory,
    }
)
"""Fewer operations in one request may mend it."""

SESSION_GONE: Final[frozenset[int]] = frozenset(
    {
        ua.StatusCodes.BadSessionIdInvalid,
        ua.StatusCodes.BadSessionClosed,
        ua.StatusCodes.BadSessionNotActivated,
        ua.StatusCodes.BadSecureChannelIdInvalid,
        ua.StatusCodes.BadSecureChannelClosed,
        ua.StatusCodes.BadSecureChannelTokenUnknown,
    }
)
"""The server no longer knows the session or its channel."""

_SECURITY = frozenset({ua.StatusCodes.BadSecurityModeRejected, ua.StatusCodes.BadSecurityPolicyRejected})
_CERTIFICATE = frozenset(
    {
        ua.StatusCodes.BadCertificateInvalid,
        ua.StatusCodes.BadSecurityChecksFailed,
        ua.StatusCodes.BadCertificateTimeInvalid,
        ua.StatusCodes.BadCertificateIssuerTimeInvalid,
        ua.StatusCodes.BadCertificateHostNameInvalid,
        ua.StatusCodes.BadCertificateUriInvalid,
        ua.StatusCodes.BadCertificateUseNotAllowed,
        ua.StatusCodes.BadCertificateIssuerUseNotAllowed,
        ua.StatusCodes.BadCertificateUntrusted,
        ua.StatusCodes.BadCertificateRevocationUnknown,
        ua.StatusCodes.BadCertificateIssuerRevocationUnknown,
        ua.StatusCodes.BadCertificateRevoked,
        ua.StatusCodes.BadCertificateIssuerRevoked,
        ua.StatusCodes.BadCertificateChainIncomplete,
        ua.StatusCodes.BadCertificatePolicyCheckFailed,
        ua.StatusCodes.BadApplicationSignatureInvalid,
        ua.StatusCodes.BadNoValidCertificates,
    }
)
_CREDENTIALS = frozenset({ua.StatusCodes.BadIdentityTokenInvalid, ua.StatusCodes.BadIdentityTokenRejected})


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
    """The host name has no address, or none was found in time: `late`."""

    def __init__(self, detail: str, *, late: bool = False) -> None:
        super().__init__(detail)
        self.late = late


class Misfit(Exception):
    """Security that does not fit: retried slowly, because a person must act. `kind` says which.

    `case` and the arguments are what a `Problem` has for words.
    """

    def __init__(self, kind: ProblemKind, detail: str, case: str = "", **arguments: object) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.case = case
        self.arguments = tuple((name, str(argument)) for name, argument in arguments.items())


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
            return Problem(error.kind, layer, detail=error.detail, case=error.case, arguments=error.arguments)
        case ServiceFault():
            kind = kind_of_status(error.status, layer, with_user=with_user)
            return Problem(kind, layer, error.status, name_of(error.status))
        case ChannelLost():
            kind = error.kind
            if error.status is not None and kind is ProblemKind.REFUSED:
                kind = kind_of_status(error.status, layer, with_user=with_user)
            return Problem(kind, layer, error.status, error.detail or name_of(error.status))
        case Unresolved():
            return Problem(
                ProblemKind.UNRESOLVED, layer, detail=str(error), case="unresolved-late" if error.late else ""
            )
        case AnswerLate() | TimeoutError():
            if layer is Layer.NOTHING:
                return Problem(ProblemKind.UNREACHABLE, layer, detail=str(error), case="host-silent")
            return Problem(ProblemKind.TIMED_OUT, layer, detail=str(error))
        case ConnectionRefusedError() if layer is Layer.NOTHING:
            return Problem(ProblemKind.UNREACHABLE, layer, detail=error.strerror or str(error), case="port-closed")
        case Undecodable():
            return Problem(ProblemKind.UNDECODABLE, layer, detail=str(error))
        case OSError():
            kind = ProblemKind.UNREACHABLE if layer is Layer.NOTHING else ProblemKind.LOST
            return Problem(kind, layer, detail=error.strerror or str(error))
    return Problem(ProblemKind.LOCAL, layer, detail=repr(error))
