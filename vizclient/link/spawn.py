"""Starting and ending a link process. Imports next to nothing, so that it can be the first thing a window does."""

from __future__ import annotations

import subprocess
from pathlib import Path

from vizclient import machine

MODULE = "vizclient.link.process"


def start_link(
    profile: Path | str, data_dir: Path | None, module: str = MODULE, *, trace_resources: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start the link process of a profile; its standard input and output are the channel. Raises OSError."""
    command = machine.child_command(module, "--profile", str(profile))
    if data_dir is not None:
        command += ["--data-dir", str(data_dir)]
    if trace_resources is not None:
        command += ["--trace-resources", str(trace_resources)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **machine.spawn_options()
    )
    machine.tie(process)
    return process
