"""Docstrings: numpydoc as the sources have it in, the Markdown that mkdocstrings renders out.

A role of Sphinx, ``:func:`~detector.train```, becomes a link where the reference holds what it names, else the name alone; two
colons, which in reStructuredText begin a block of code, become none or one; and parameters that share a description get one
each, for griffe takes the default of the first of them for that of all.
"""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

_ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):`(~?)([\w.]+)`")
_ITEM = re.compile(r"^[*\w][\w, *]*(?: : |$)")  # of a numpydoc section: names and a type, which is no Markdown
_SHARED = re.compile(r"^(\w+(?:, \w+)+)( : .*)?((?:\n .*)*)", re.MULTILINE)
_PARAMETERS = re.compile(r"^Parameters\n-+\n(?:.*\n?)*?(?=^\w+\n-+\n|\Z)", re.MULTILINE)
_COLONS = re.compile(r"(\S?)[ ]*::$", re.MULTILINE)


class Docstrings(Extension):
    """Rewrites every docstring as it is read."""

    def on_instance(self, *, obj: Object, **kwargs: Any) -> None:
        """Rewrite the docstring of `obj`, if it has one."""
        del kwargs
        if obj.docstring is not None:
            text = _COLONS.sub(lambda match: f"{match[1]}:" if match[1] else "", obj.docstring.value)
            text = _PARAMETERS.sub(lambda match: _SHARED.sub(_parted, match[0]), text)
            obj.docstring.value = "\n".join(_rewritten(line, obj) for line in text.split("\n"))


def _parted(match: re.Match[str]) -> str:
    """Return the item of a section with its description for each of its names."""
    return "\n".join(f"{name}{match[2] or ''}{match[3]}" for name in match[1].split(", "))


def _rewritten(line: str, obj: Object) -> str:
    def link(match: re.Match[str]) -> str:
        short = match[2].rpartition(".")[2] if match[1] else match[2]
        return f'<autoref identifier="{_path(match[2], obj)}" optional><code>{short}</code></autoref>'

    return _ROLE.sub(lambda match: match[2].rpartition(".")[2] if _ITEM.match(line) else link(match), line)


def _path(name: str, obj: Object) -> str:
    """Return the whole path of `name` as the docstring of `obj` means it: the nearest scope that holds it."""
    scope: Object | None = obj
    while scope is not None:
        if name.split(".")[0] in scope.members:
            return f"{scope.path}.{name}"
        scope = scope.parent
    return name
