"""The references hold every public name and every option, and CITATION.cff is what it has to be."""

import re
import runpy
from pathlib import Path

import pytest
import yaml

import blockmix
from blockmix import privacy
from blockmix.bench.common import markdown

ROOT = Path(__file__).parents[2]
API = ROOT / "docs" / "api"


@pytest.fixture(scope="module")
def documented():
    """Every name that the Python reference describes, with its module."""
    names = set()
    for path in API.glob("*.md"):
        text = path.read_text()
        for module, part in re.findall(
            r"^\.\. currentmodule:: (\S+)\n(.*?)^```", text, re.DOTALL | re.MULTILINE
        ):
            listed = re.findall(
                r"^\.\. auto(?:function|class|exception):: (\w+)", part, re.MULTILINE
            )
            names |= {f"{module}.{name}" for name in listed}
    return names


def test_every_public_name_is_in_the_python_reference(documented):
    public = {f"blockmix.{name}" for name in blockmix.__all__}
    public |= {f"blockmix.privacy.{name}" for name in privacy.__all__}
    assert documented == public | {"blockmix.torch.BlockMix"}


def test_the_list_of_names_is_whole(documented):
    listed = set(re.findall(r"\w+", (API / "index.md").read_text()))
    assert {name.rpartition(".")[2] for name in documented} <= listed


def test_every_option_is_in_the_reference_of_the_command_line():
    reference = runpy.run_path(str(ROOT / "docs" / "command_line.py"))["reference"]()
    page = (ROOT / "docs" / "command-line.md").read_text()
    assert markdown.fill(page, {"commands": reference}) == page
    for command in ("mix", "bench curves", "report"):
        assert f"\n## blockmix {command}\n" in page
    assert "| `--quiet, -q` |" in page


def test_the_citation_names_software_and_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0"
    assert citation.keys() >= {"message", "title", "authors"}
    assert citation["title"] == "blockmix"
    assert citation["version"] == blockmix.__version__
    assert citation["authors"] == [{"name": "The blockmix developers"}]
    (paper,) = citation["references"]
    bibtex = " ".join((ROOT / "README.md").read_text().split())
    assert f"title = {{{paper['title']}}}" in bibtex
    authors = " and ".join(
        f"{author['family-names']}, {author['given-names']}" for author in paper["authors"]
    )
    assert f"author = {{{authors}}}" in bibtex
