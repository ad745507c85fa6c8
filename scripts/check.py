"""The whole test suite: lint, format, types, tests. Stops at the first that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

STEPS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("pytest", "-n", "auto"),
)


def main() -> int:
    for step in STEPS:
        print("$", *step, flush=True)
        if code := subprocess.run([sys.executable, "-m", *step], cwd=Path(__file__).parent.parent, check=False).returncode:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
