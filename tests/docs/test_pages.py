"""What README.md, CONTRIBUTING.md and the pages of docs/ show works, and what they name exists."""

import doctest
import json
import re
import shlex
from pathlib import Path

import pytest
from builders import SECRET, read_tree, write_images

from blockmix import Key
from blockmix import __main__ as door

ROOT = Path(__file__).parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")))
}
PYTHON = re.compile(r"^```(python|pycon)\n(.*?)^```", re.DOTALL | re.MULTILINE)
COMMAND_LINE = re.compile(r"^    blockmix (\S.*?)(?:  +#.*)?$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
# What a command line of a page may fail on here: files that it names, and libraries of an extra.
MISSING = re.compile(
    "photos is not|cannot read |cannot be read|ORIGINAL|needs the key|no such file|need torch|"
    "holds no run",
    re.IGNORECASE,
)


@pytest.mark.parametrize("page", [page for page, text in PAGES.items() if PYTHON.search(text)])
def test_python_runs(page, tmp_path, monkeypatch, request):
    """The blocks of a page run one after the other; those with prompts show what they print."""
    blocks = PYTHON.findall(PAGES[page])
    if any("import torch" in code for _, code in blocks):
        request.getfixturevalue("torch")
    monkeypatch.chdir(tmp_path)
    names = {}
    for kind, code in blocks:
        if kind == "python":
            exec(compile(code, page, "exec"), names)  # noqa: S102
        else:
            example = doctest.DocTestParser().get_doctest(code, names, page, page, 0)
            runner = doctest.DocTestRunner()
            runner.run(example, clear_globs=False)
            names = example.globs
            assert not runner.failures


@pytest.mark.parametrize(
    ("page", "line"),
    [(page, line) for page, text in PAGES.items() for line in COMMAND_LINE.findall(text)],
)
def test_command_lines_parse(page, line, monkeypatch, tmp_path, capsys):
    """Every shown command line gets past its options, up to the files that are not there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["blockmix", *shlex.split(line)])
    with pytest.raises(SystemExit) as stopped:
        door.main()
    errors = capsys.readouterr().err
    assert stopped.value.code in (None, 0) or MISSING.search(errors), errors


def test_the_commands_of_the_readme_work_one_after_another(blockmix, tmp_path, monkeypatch):
    """As they stand there, but on small images; the threshold that they name is kept."""
    monkeypatch.setattr(Key, "generate", lambda: Key(SECRET))
    write_images(tmp_path / "photos", {"cat": 60, "dog": 70}, size=(32, 32))
    outputs = {}
    for line in COMMAND_LINE.findall(PAGES["README.md"]):
        command, *options = line.replace("192x192", "32x32").replace("24x24", "4x4").split()
        code, outputs[command], errors = blockmix(command, *options)
        assert code == 0, f"{line}: {errors or outputs[command]}"
    assert [*outputs] == ["keygen", "mix", "forecast", "report"]
    names = {name for name in read_tree(tmp_path / "mixed") if name != "blockmix.json"}
    assert len(names) == 130
    assert all(re.fullmatch(r"(cat|dog)/[0-9a-f]{32}\.png", name) for name in names)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    limited = [verdict for verdict in report["verdicts"] if verdict["met"] is not None]
    assert [(verdict["rule"], verdict["met"]) for verdict in limited] == [("max_linked", True)]
    assert report["linkage"]["images"] == 130
    assert "kept: Whoever holds the originals" in outputs["report"]


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    named = [
        target
        for text in PAGES.values()
        for target in re.findall(r"^    make ([\w-]+)|`make ([\w-]+)", text, re.MULTILINE)
    ]
    assert len(named) > 10
    for target in named:
        assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(PAGES[page]):
        path = ((ROOT / page).parent / target).resolve() if target else ROOT / page
        assert path.exists(), target
        assert path.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(path.read_text()), f"{target}#{anchor}"


def anchors(text):
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_load_nothing_from_elsewhere():
    for page, text in PAGES.items():
        assert not re.search(r"!\[[^]]*\]\(https?:|<(img|script|link)\b", text), page
