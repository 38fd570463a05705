"""Journals are read back as they were written, whatever became of their ends."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.trail import lines
from gateway.core.trail.files import Folder, journals
from gateway.core.trail.reader import PATIENCE, Reader

NOW = 1_764_000_000.0


def access(number: int, at: float = NOW) -> bytes:
    return lines.access(number, int(at * 1000), b"", b"r%d" % number)


def answered(number: int, status: int = 200) -> bytes:
    return access(number) + lines.outcome(number, status)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.create(tmp_path, "journal")


def read_all(folder: Folder) -> Reader:
    reader = Reader(folder)
    while reader.read(None):
        pass
    return reader


def shipped(reader: Reader, *, final: bool = True, now: float = NOW) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    while (batch := reader.batch(now, final=final))[1]:
        first, ready = batch
        said = [orjson.loads(one) for one in ready]
        assert [one["request"] for one in said] == [f"r{first + i}" for i in range(len(said))]
        found += [(one["request"], one["status"]) for one in said]
        reader.taken(first + len(ready))
    return found


def test_outcomes_find_their_accesses_across_segments(folder: Folder) -> None:
    folder.segment(1).write_bytes(lines.begun() + access(0) + answered(1, 404))
    folder.segment(2).write_bytes(lines.outcome(0, 201) + answered(2))
    reader = read_all(folder)
    assert shipped(reader, final=False) == [("r0", 201), ("r1", 404), ("r2", 200)]
    assert folder.segments() == [2], "what is shipped is deleted, but for the newest"
    reader.finish()
    assert not folder.path.exists()


@given(cut=st.integers(1, len(answered(2)) - 1))
def test_a_line_that_was_torn_is_cut_off(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = Folder.create(tmp_path_factory.mktemp("trail"), "journal")
    whole = answered(0) + answered(1)
    folder.segment(1).write_bytes(whole + answered(2)[:cut])
    reader = read_all(folder)
    found = shipped(reader)
    assert found[:2] == [("r0", 200), ("r1", 200)]
    assert found[2:] in ([], [("r2", 0)])
    assert bool(reader.torn) == (cut != len(access(2)))
    folder.release()


@given(data=st.binary(max_size=200))
def test_whatever_the_bytes_are_lines_are_read_or_damaged(data: bytes) -> None:
    found, size = lines.read(data)
    assert size <= len(data)
    assert all(line is None or line.number >= -1 for line in found)


def test_a_damaged_line_is_told_and_kept_and_the_rest_is_shipped(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    spoilt = access(1).replace(b'"r1"', b'"rX"')
    folder.segment(1).write_bytes(answered(0) + spoilt + answered(2))
    reader = read_all(folder)
    assert shipped(reader) == [("r0", 200), ("r2", 200)]
    assert "damaged" in caplog.text
    reader.finish()
    (kept,) = (folder.path.parent / ".damaged").iterdir()
    assert spoilt in kept.read_bytes()
    assert list(journals(folder.path.parent)) == []


def test_what_is_not_answered_yet_is_waited_for_but_not_for_ever(folder: Folder) -> None:
    folder.segment(1).write_bytes(access(0) + answered(1))
    reader = read_all(folder)
    assert shipped(reader, final=False) == []
    assert (len(reader), reader.oldest) == (2, NOW * 1000)
    assert shipped(reader, final=False, now=NOW + PATIENCE + 1) == [("r0", 0), ("r1", 200)]


def test_of_a_journal_in_use_only_what_is_on_disk_for_good_is_read(folder: Folder) -> None:
    folder.segment(1).write_bytes(answered(0) + answered(1))
    reader = Reader(folder)
    while reader.read((1, len(answered(0)))):
        pass
    assert shipped(reader) == [("r0", 200)]
    folder.segment(2).write_bytes(answered(2))
    while reader.read((1, 2 * len(answered(0)))):
        pass
    assert shipped(reader) == [("r1", 200)]


def test_a_journal_is_adopted_when_it_is_nobodys(folder: Folder) -> None:
    assert Folder.adopt(folder.path) is None
    folder.release()
    other = Folder.adopt(folder.path)
    assert other is not None
    assert other.name == folder.name
    assert Folder.adopt(folder.path) is None
    other.remove()
