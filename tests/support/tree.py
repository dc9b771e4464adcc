"""The tree of the README, one comment a file, made from the first lines of the modules' own docstrings.

``python -m tests.support.tree`` writes it into README.md, between its two marks.
"""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- tree: made by python -m tests.support.tree -->", "<!-- end of tree -->"
SHOWN = ("trainer_core", "desktop_app", "resources", "packaging", "tests")
SAMPLES = Path("tests/samples")
"""Folders that earlier versions have left are shown by nobody's comments."""
WIDTH = 118
OTHER_WORDS = {
    "py.typed": "says that this package has types",
    "starters.toml": "the pretrained models that Thaw can install, with their hashes",
    "faults.c": "faults of a file system, laid before the C library",
    "support_tickets.thaw": "the starter project",
    "tickets.tsv": "its messages, written for this project",
    "try.txt": "ten sentences to try",
    "thaw.svg": "the program's icon",
    "thaw.png": "the same, for menus",
    "thaw.ico": "the same, for Windows",
}


def render_tree(root: Path = ROOT) -> str:
    """Return the folders of the project with a comment a file."""
    lines: list[str] = []
    files = _tracked(root)
    for top in SHOWN:
        lines += _folder(root, Path(top), files, 0)
    return "\n".join(lines)


def _tracked(root: Path) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *SHOWN]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    found = (path for path in map(Path, listed.splitlines()) if (root / path).is_file())
    return sorted(path for path in found if not path.is_relative_to(SAMPLES))


def _folder(root: Path, folder: Path, files: list[Path], depth: int) -> list[str]:
    inside = [path for path in files if path.is_relative_to(folder)]
    own = [path for path in inside if path.parent == folder and path.name != "__init__.py"]
    lines = [_line(depth, f"{folder.name}/", _docstring(root / folder / "__init__.py"))]
    lines += [_line(depth + 1, path.name, _comment(root / path)) for path in own]
    for inner in sorted({path.relative_to(folder).parts[0] for path in inside if path.parent != folder}):
        lines += _folder(root, folder / inner, files, depth + 1)
    return lines


def _line(depth: int, name: str, comment: str) -> str:
    start = f"{'  ' * depth}{name}"
    if not comment:
        return start
    line = f"{start:<34}  {comment}"
    return line if len(line) <= WIDTH else line[: WIDTH - 3].rsplit(" ", 1)[0] + " ..."


def _comment(path: Path) -> str:
    return _docstring(path) if path.suffix == ".py" else OTHER_WORDS.get(path.name, "")


def _docstring(path: Path) -> str:
    """Return the first sentence of a module's docstring, without its full stop."""
    if not path.is_file() or path.suffix != ".py":
        return ""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first = " ".join(text.split("\n\n")[0].split())
    return first.split(". ")[0].rstrip(".").replace("``", "")


def main() -> None:
    """Write the tree into the README."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    readme.write_text(f"{before}{BEGIN}\n```\n{render_tree()}\n```\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
