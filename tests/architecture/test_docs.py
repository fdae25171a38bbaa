"""What the documents say exists, and what exists is said."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from assay.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]


def named(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_to_a_file_leads_to_one(document):
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text())
    absent = [link for link in links if not (document.parent / link).exists()]
    assert absent == []


def test_every_figure_of_the_readme_was_written_by_a_benchmark():
    results = "".join(path.read_text() for path in ROOT.glob("docs/results/*.md"))
    figures = re.findall(r"\d\.\d{4}|\d\.\de-\d\d", (ROOT / "README.md").read_text())
    assert len(figures) >= 12
    assert [figure for figure in figures if figure not in results] == []


def test_every_setting_has_its_meaning_in_the_docstring():
    described = "".join(one.__doc__ or "" for one in Settings.__mro__)
    lacking = [
        name for name in Settings.model_fields if not re.search(rf"\b{name}\b", described)
    ]
    assert lacking == []


def test_every_run_that_the_documents_name_is_a_deployment():
    plan = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    flows = {one["entrypoint"].split(".")[-1] for one in plan["deployments"]}
    named_runs = {
        name.replace("-", "_")
        for document in DOCUMENTS
        for name in re.findall(r"assay run ([a-z][a-z_\-]+)", document.read_text())
    }
    assert {"nightly", "score_batch"} <= named_runs
    assert named_runs <= flows


def test_every_make_target_that_the_documents_name_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named_targets = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`make ([a-z-]+)[` ]", document.read_text())
    }
    assert named_targets <= targets


def test_every_module_of_the_project_is_in_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(packages) == {"assay", "deployments", "flows", "serving", "tasks"}
