"""The Python blocks of the user guide and of CONTRIBUTING.md run, page by page, in an empty folder."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*sorted((ROOT / "docs" / "user_guide").glob("*.md")), ROOT / "CONTRIBUTING.md"]
RUNNABLE = {page.name: page for page in PAGES if "```python\n" in page.read_text(encoding="utf-8")}


@pytest.mark.parametrize("name", RUNNABLE)
def test_python_blocks_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope = {"__name__": "__main__"}
    for block in re.findall(r"```python\n(.*?)```", RUNNABLE[name].read_text(encoding="utf-8"), flags=re.DOTALL):
        exec(compile(block, name, "exec"), scope)
