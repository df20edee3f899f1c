"""The parts of this site that Sphinx lacks.

- A class whose base is not installed still shows what it takes.
- Equations become MathML, which browsers draw by themselves.
- Docstrings name what is public without ``blockmix.`` before it, whichever module they are in.
- A site that loads anything from another machine is refused.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import inspect

import blockmix

LOADED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["'](?:https?:)?//[^"']*"""
    r"""|<link\b[^>]*\brel=["'](?:stylesheet|preload|preconnect|icon)["'][^>]*"""
    r"""\bhref=["'](?:https?:)?//[^"']*"""
    r"""|<link\b[^>]*\bhref=["'](?:https?:)?//[^"']*"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^"')]*"""
    r"""|url\(["']?(?:https?:)?//[^"')]*"""
)


def inline_math(translator: Any, node: nodes.math) -> None:
    """Write an equation within a line."""
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block_math(translator: Any, node: nodes.math_block) -> None:
    """Write an equation that stands alone."""
    equation = tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="equation">{equation}</div>')
    raise nodes.SkipNode


def own_signature(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: str, returns: str
) -> tuple[str, str] | None:
    """Take the signature of a class from itself; autodoc would ask its mocked base first."""
    if what != "class" or "__init__" not in vars(value):
        return None
    own = inspect.signature(value.__init__, bound_method=True)
    return inspect.stringify_signature(own, show_annotation=False), returns


def resolve_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Link a public name that was not loaded in the module that names it."""
    name = node.get("reftarget")
    if node.get("refdomain") != "py" or name not in blockmix.__all__:
        return None
    return env.domains.python_domain.resolve_xref(
        env, node["refdoc"], app.builder, node["reftype"], f"blockmix.{name}", node, content
    )


def check_pages(app: Sphinx, exception: Exception | None) -> None:
    """Refuse a site in which a page or a style loads something from another machine."""
    if exception is not None or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir).rglob("*")):
        if path.suffix in (".html", ".css"):
            loaded = LOADED.search(path.read_text(encoding="utf-8"))
            if loaded:
                raise ExtensionError(
                    f"{path.relative_to(app.outdir)} loads from another machine: {loaded[0]}"
                )


def setup(app: Sphinx) -> dict[str, Any]:
    """Add them."""
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
    app.connect("autodoc-process-signature", own_signature)
    app.connect("missing-reference", resolve_public_name)
    app.connect("build-finished", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
