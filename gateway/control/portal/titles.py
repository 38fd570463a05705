"""Titles of APIs and data sets in a page's language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fastapi import Request

from gateway.control.pages.wide import language_of


class Titled(Protocol):
    title: str
    title_ja: str


def title_of(request: Request) -> Callable[[Titled], str]:
    """A function for templates: the title in the page's language, where there is one in it."""
    english = language_of(request) == "en"

    def title(one: Titled) -> str:
        return one.title if english or not one.title_ja else one.title_ja

    return title
