"""Files in which the program keeps its own state: JSON with the number of their format. They never stop the program.

A file that cannot be read, or is of another format, is set aside under another name, so that nothing is lost by writing
the state anew. Knows nothing of what is kept.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from vizclient.faults import Fault

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class StateFile(Generic[_T]):
    """The file at `path`, holding a `kind` (a dataclass, or what else msgspec reads) in format number `format`."""

    path: Path
    format: int
    kind: type[_T]

    def load(self) -> tuple[_T | None, Fault | None]:
        """What it holds; None if there is no file, or none that can be used: then the fault says why and what became of it."""
        try:
            content = msgspec.json.decode(self.path.read_bytes(), type=_Envelope)
            if content.format != self.format:
                code = "state-file-newer" if content.format > self.format else "state-file-older"
                return None, self._set_aside(code, f"format {content.format}")
            return msgspec.json.decode(content.content, type=self.kind), None
        except FileNotFoundError:
            return None, None
        except OSError as error:
            return None, Fault("state-file-unreadable", {"reason": str(error)}, str(self.path))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            return None, self._set_aside("state-file-broken", str(error))

    def save(self, state: _T) -> Fault | None:
        """Replace the file as a whole: after a crash it is the old one or the new one. The fault if that failed."""
        raw = msgspec.Raw(msgspec.json.encode(state))
        content = msgspec.json.format(msgspec.json.encode(_Envelope(self.format, raw)), indent=2)
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(beside, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
            return Fault("state-file-unwritten", {"reason": str(error)}, str(self.path))
        return None

    def _set_aside(self, code: str, reason: str) -> Fault:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        kept = self.path.with_name(f"{self.path.stem}.{stamp}.set-aside{self.path.suffix}")
        try:
            os.replace(self.path, kept)
        except OSError as error:
            return Fault("state-file-unreadable", {"reason": f"{reason}; {error}"}, str(self.path))
        return Fault(code, {"reason": reason, "kept": str(kept)}, str(self.path))


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    content: msgspec.Raw
