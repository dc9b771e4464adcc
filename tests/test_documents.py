"""The documents say what is there: the README's tree, its project file, and the table of keys."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel

from tests.support.tree import BEGIN, END, ROOT, render_tree
from trainer_core.project.load import parse_project
from trainer_core.project.schema import Project


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_tree_of_the_readme_is_the_tree() -> None:
    shown = read("README.md").split(BEGIN)[1].split(END)[0].strip().strip("`").strip()
    assert shown == render_tree(), "write it anew: python -m tests.support.tree"


def test_the_project_file_of_the_readme_is_one() -> None:
    text = re.search(r"```toml\n(.*?)```", read("README.md"), re.DOTALL)
    assert text is not None
    project = parse_project(text.group(1), "README.md")
    assert [stage.name for stage in project.stage] == ["head", "top"]


def test_every_key_of_a_project_file_is_documented() -> None:
    text = read("docs/project-file.md")
    for section, model in Project.model_fields.items():
        inner = model.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            missing = [key for key in inner.model_fields if key != "columns" and f"`{section}.{key}`" not in text]
            assert not missing, f"docs/project-file.md does not tell of {missing} in [{section}]"


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (document.parent / Path(target)).exists(), f"{document.name} links to {target}"
