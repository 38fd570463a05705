from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.broker.context.errors import NgsiProblem
from services.broker.context.q import Both, Either, Node, Range, Term, parse_q

names = st.from_regex(r"[a-z][a-zA-Z0-9_]{0,8}", fullmatch=True)
scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8),
)
values = st.one_of(
    scalars,
    st.builds(Range, st.integers(0, 9), st.integers(10, 99)),
)
terms = st.one_of(
    st.builds(Term, st.tuples(names), st.just(())),
    st.builds(
        Term,
        st.lists(names, min_size=1, max_size=3).map(tuple),
        st.lists(names, max_size=2).map(tuple),
        st.sampled_from(["==", "!="]),
        st.lists(values, min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        Term,
        st.tuples(names),
        st.just(()),
        st.sampled_from([">", ">=", "<", "<="]),
        st.tuples(scalars),
    ),
)
trees = st.recursive(
    terms,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Both),
        st.lists(inner, min_size=2, max_size=3).map(tuple).map(Either),
    ),
    max_leaves=6,
)


def written(node: Node) -> str:
    """The query language for a tree, with parentheses wherever there may be any."""
    if isinstance(node, Both):
        return ";".join(f"({written(part)})" for part in node.parts)
    if isinstance(node, Either):
        return "|".join(f"({written(part)})" for part in node.parts)
    members = f"[{'.'.join(node.members)}]" if node.members else ""
    held = ",".join(_value(value) for value in node.values)
    return ".".join(node.path) + members + node.operator + held


def _value(value: object) -> str:
    import json

    if isinstance(value, Range):
        return f"{value.low}..{value.high}"
    return json.dumps(value, ensure_ascii=False)


@given(trees)
def test_what_is_written_is_read(tree: Node) -> None:
    assert parse_q(written(tree)) == tree


@given(st.text(st.sampled_from('ab1.=<>!~;|()[]{}",\\ -:é'), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_q(text)
    except NgsiProblem as problem:
        assert problem.status in (400, 403)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a;b|c", Either((Both((Term(("a",)), Term(("b",)))), Term(("c",))))),
        ("a;(b|c)", Both((Term(("a",)), Either((Term(("b",)), Term(("c",))))))),
        ("a==1..2,3", Term(("a",), (), "==", (Range(1, 2), 3))),
        ("a== -1.5e3", Term(("a",), (), "==", (-1500.0,))),
        ("a==urn:x:1", Term(("a",), (), "==", ("urn:x:1",))),
        ('a=="x;|()"', Term(("a",), (), "==", ("x;|()",))),
        ("温度>20", Term(("温度",), (), ">", (20,))),
        (
            "a.observedAt<2026-01-01T00:00:00Z",
            Term(("a", "observedAt"), (), "<", ("2026-01-01T00:00:00Z",)),
        ),
    ],
)
def test_the_grammar(text: str, tree: Node) -> None:
    assert parse_q(text) == tree
