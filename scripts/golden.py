"""Hash all that the notes of a folder give, to see whether a change of the code changed any of it.

python scripts/golden.py NOTES --save FILE       before
python scripts/golden.py NOTES --against FILE    after
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.golden import hashes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notes", type=Path)
    parser.add_argument("--save", type=Path, metavar="FILE")
    parser.add_argument("--against", type=Path, metavar="FILE")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        found = hashes(given.notes, Path(work), raw=True)
    if given.save:
        given.save.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if not given.against:
        return 0
    before = json.loads(given.against.read_text(encoding="utf-8"))
    changed = sorted(name for name in before.keys() | found.keys() if before.get(name) != found.get(name))
    print("\n".join(f"changed: {name}" for name in changed) or f"the same in all {len(found)} outputs")
    return int(bool(changed))


if __name__ == "__main__":
    sys.exit(main())
