"""Says in plain words what the YAML parser found wrong, and where to look."""

from __future__ import annotations

import re

import yaml

from occopus.descriptors.text import Text

Explained = tuple[int, str, str | None]
"""Index in the text, message, hint."""

# The parser's words (libyaml's and those of PyYAML's own parser), what they mean, and what helps.
_MEANINGS: tuple[tuple[str, str, str | None], ...] = (
    (
        r"mapping values are not allowed",
        "a ':' is not expected here",
        "check the indentation here and the line before (a space belongs after each ':'); put a text that has ': ' in it in quotes",
    ),
    (r"sequence entries are not allowed", "a list cannot begin here", "begin the list on the next line, or check the indentation"),
    (
        r"expected '-' indicator",
        "the list ends here, but the lines after it do not fit",
        "check the indentation; each item begins with '- '",
    ),
    (
        r"expected key|expected <block end>",
        "this does not fit what stands before it",
        "check the indentation and the quotes; lines of one mapping begin in the same column",
    ),
    (r"could not find expected ':'", "a key without ':' after it", "write 'key: value', with a space after the colon"),
    (r"expected ',' or '\]'", "a ',' or ']' is missing: {context}", None),
    (r"expected ',' or '\}'", "a ',' or '}}' is missing: {context}", "a template such as '{{{{ ... }}}}' must stand in quotes"),
    (r"found unexpected end of stream", "the quotes that begin here are not closed", None),
    (r"unexpected document (indicator|separator)", "the quotes that begin here are not closed before the '---' or '...'", None),
    (r"cannot start any token", "a value cannot begin with {character}", "put the value in quotes"),
    (
        r"unknown escape character|escape code|hexdecimal|hexadecimal",
        "this '\\' in double quotes means nothing",
        "use single quotes, or write '\\\\'",
    ),
    (
        r"alphabetic or numeric character",
        "a name is missing or not allowed after '&' or '*'",
        "put the value in quotes if no alias is meant",
    ),
    (r"comment or a? ?line break|chomping|indentation indicator", "a text block begins on the line after its '|' or '>'", None),
    (r"node content", "a value is missing before {character}", None),
    (r"<document start>", "nothing but comments may stand after the end of the document", None),
    (r"incompatible YAML", "only YAML 1.1 and 1.2 are read", "leave out the '%YAML' line"),
    (r"directive", "this line that begins with '%' is not understood", "put the value in quotes, or leave the line out"),
    (r"tag|UTF-8|URI|codec", "the tag that begins with '!' is not understood", "put the value in quotes if no tag is meant"),
)
_OPENED = re.compile("unexpected end of stream|unexpected document")


def explain(error: yaml.YAMLError, text: Text) -> Explained:
    """Where the text breaks the rules of YAML, and how."""
    problem = str(getattr(error, "problem", None) or error)
    mark, context = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None:
        return 0, "this cannot be read as YAML", None
    at = mark.index
    if (tab := _tab_before(text.content, at)) is not None:
        return tab, "a tab is used for indentation here, and YAML takes spaces only", "replace each tab by spaces"
    if _OPENED.search(problem) and context:
        at = context.index
    for pattern, message, hint in _MEANINGS:
        if re.search(pattern, problem):
            return at, message.format(context=_opened(context, text), character=_character(text, at)), hint and hint.format()
    return at, "this does not follow the rules of YAML", None


def _tab_before(content: str, at: int) -> int | None:
    """The first tab in the indentation of the line, where there is one up to the fault."""
    start = content.rfind("\n", 0, at) + 1
    indentation = re.compile(r"[ \t]*").match(content, start)
    tab = content.find("\t", start, indentation.end() if indentation else start)
    return tab if 0 <= tab <= at else None


def _opened(context: yaml.Mark | None, text: Text) -> str:
    return f"the bracket at {text.where(context.index)} is not closed" if context else "a bracket is not closed"


def _character(text: Text, at: int) -> str:
    if at >= len(text.content) or not text.content[at].isprintable():
        return "the end of the line"
    return "this character" if text.hides(at) else f"'{text.content[at]}'"
