"""What others wrote, on a page: as text, with what stands in backticks as code, and nothing else."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

_CODE: Final = re.compile(r"(`{1,3})([^`\n]{1,200})\1")


def prose(text: str) -> Markup:
    """``text``, escaped; code in backticks, as Markdown and reStructuredText have it."""
    made, end = Markup(), 0
    for found in _CODE.finditer(text):
        made += escape(text[end : found.start()]) + Markup("<code>{}</code>").format(found[2])
        end = found.end()
    return made + escape(text[end:])
