"""Where files live: one place each for configuration, state, cache, logs and PKI. Knows not what is in them."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

import platformdirs

_APP = "vizclient"


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one user, or of one `--data-dir`. No two are the same."""

    config: Path
    state: Path
    cache: Path
    logs: Path
    pki: Path

    @classmethod
    def of(cls, data_dir: Path | None) -> Places:
        """All below `data_dir`, or where this platform wants them. Creates nothing."""
        if data_dir is not None:
            root = data_dir.absolute()
            return cls(root / "config", root / "state", root / "cache", root / "logs", root / "pki")
        config = platformdirs.user_config_path(_APP, appauthor=False)
        state = platformdirs.user_state_path(_APP, appauthor=False)
        if state == config:  # Windows and macOS have one folder for both
            state = config / "state"
        return cls(
            config,
            state,
            platformdirs.user_cache_path(_APP, appauthor=False),
            platformdirs.user_log_path(_APP, appauthor=False),
            platformdirs.user_data_path(_APP, appauthor=False) / "pki",
        )

    def create(self) -> None:
        """Make what is not there, for this user only. Raises OSError."""
        for place in astuple(self):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
