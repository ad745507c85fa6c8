"""The whole test suite: lint, format, types, imports, tests. Stops at the first that fails."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

PYTHON = (sys.executable, "-m")
STEPS = (
    (*PYTHON, "ruff", "check", "."),
    (*PYTHON, "ruff", "format", "--check", "."),
    (*PYTHON, "codespell_lib"),
    (*PYTHON, "mypy"),
    (str(Path(sysconfig.get_path("scripts")) / "lint-imports"), "--no-cache"),
    (*PYTHON, "pytest", "-n", "auto"),
)


def main() -> int:
    for step in STEPS:
        print("$", *step, flush=True)
        if code := subprocess.run(step, cwd=Path(__file__).parent.parent, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
