"""The table between two marks in a Markdown page."""

from __future__ import annotations

BEGIN, END = "<!-- from the record: make readme -->\n", "<!-- to here -->\n"


def replace_marked(page: str, table: str) -> str:
    """The page with another table between its marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}{table}{END}{after}"
