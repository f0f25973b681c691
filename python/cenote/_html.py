"""Tables for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterable


def html_table(titles: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A table of plain text."""

    def line(cells: Iterable[object], tag: str) -> str:
        style = ' style="text-align:left"'
        return "".join(f"<{tag}{style}>{html.escape(str(cell))}</{tag}>" for cell in cells)

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f"<table><thead><tr>{line(titles, 'th')}</tr></thead><tbody>{body}</tbody></table>"
