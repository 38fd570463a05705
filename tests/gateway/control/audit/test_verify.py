"""Each kind of tampering is found, with the place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from gateway.control.audit.checkpoint import BadCheckpoint, Checkpoint, Signer, Verifier
from gateway.control.audit.event import AuditEvent
from gateway.control.audit.merkle import Tree, leaf_hash
from gateway.control.audit.tampered import Tampered
from gateway.control.audit.verify import Entry, verify

SIGNER = Signer("city.example/audit", b"s" * 32)
BATCHES = (3, 1, 4, 1, 5)
SIZE = sum(BATCHES)

Log = tuple[list[Entry], list[str]]


def entry(number: int, text: str = "") -> Entry:
    text = (
        text
        or AuditEvent(1_000 + number, "operator", "cache.purge", f"route:{number}").entry().decode()
    )
    return Entry(number, text, leaf_hash(text.encode()))


def signed(entries: Sequence[Entry], signer: Signer = SIGNER) -> Log:
    tree, notes, source = Tree(), [], iter(entries)
    for batch in BATCHES:
        for _ in range(batch):
            tree.add(next(source).leaf)
        notes.append(signer.sign(tree.size, tree.root, 1_000 + tree.size))
    return list(entries), notes


def whole() -> Log:
    return signed([entry(number) for number in range(SIZE)])


def found(log: Log, kept: Checkpoint | None = None) -> Tampered:
    with pytest.raises(Tampered) as error:
        verify(*log, SIGNER.verifier, kept=kept)
    return error.value


def test_a_whole_log_is_whole_and_its_progress_adds_up() -> None:
    steps: list[int] = []
    good = verify(*whole(), SIGNER.verifier, progress=steps.append)
    assert (good.size, good.checkpoints, sum(steps)) == (SIZE, len(BATCHES), SIZE)


def test_an_empty_log_is_whole() -> None:
    assert verify([], [], SIGNER.verifier).size == 0


@pytest.mark.parametrize("number", [0, 2, 3, 7, SIZE - 1])
def test_a_changed_text_is_named(number: int) -> None:
    entries, notes = whole()
    entries[number] = replace(
        entries[number], text=entries[number].text.replace("operator", "nobody")
    )
    error = found((entries, notes))
    assert (error.number, error.what) == (number, "its text is not what was recorded")


def test_a_text_changed_together_with_its_hash_is_found_in_its_transaction() -> None:
    entries, notes = whole()
    entries[5] = entry(5, '{"action":"nothing.happened"}')
    error = found((entries, notes))
    assert error.number == 4, "events 4 to 7 were signed together"
    assert "4 to 7" in error.what


@pytest.mark.parametrize(
    ("how", "number"),
    [
        (lambda entries: entries.pop(6), 6),
        (lambda entries: entries.insert(9, entries.pop(8)), 8),
        (lambda entries: entries.insert(4, entries[4]), 5),
        (lambda entries: entries.clear(), 0),
        (lambda entries: entries.pop(), SIZE - 1),
    ],
    ids=["one cut out", "two exchanged", "one twice", "all gone", "the last gone"],
)
def test_what_is_cut_or_moved_is_named(how: Callable[[list[Entry]], object], number: int) -> None:
    entries, notes = whole()
    how(entries)
    assert found((entries, notes)).number == number


def test_two_that_are_exchanged_with_their_numbers_are_found() -> None:
    entries, notes = whole()
    entries[8], entries[9] = replace(entries[9], number=8), replace(entries[8], number=9)
    assert found((entries, notes)).number == 8


def test_what_nobody_signed_is_not_believed() -> None:
    entries, notes = whole()
    assert found(([*entries, entry(SIZE)], notes)).number == SIZE


def test_checkpoints_signed_by_another_key_are_refused() -> None:
    entries, notes = whole()
    _, forged = signed(entries, Signer(SIGNER.origin, b"f" * 32))
    assert found((entries, [*notes[:2], *forged[2:]])).number == 4


def test_checkpoints_in_another_order_are_refused() -> None:
    entries, notes = whole()
    assert found((entries, [notes[1], notes[0], *notes[2:]])).number == 4


def test_a_rewritten_log_signed_with_the_stolen_key_does_not_fit_what_was_kept() -> None:
    entries, notes = whole()
    kept = SIGNER.verifier.read(notes[1])
    forged = signed([entries[0], entry(1, '{"action":"rewritten"}'), *entries[2:]])
    assert verify(*forged, SIGNER.verifier).size == SIZE, "alone, it looks whole"
    assert "checkpoint kept" in found(forged, kept).what


def test_an_end_cut_off_with_its_checkpoints_does_not_fit_what_was_kept() -> None:
    entries, notes = whole()
    kept = SIGNER.verifier.read(notes[-1])
    shorter = (entries[:9], notes[:-1])
    assert verify(*shorter, SIGNER.verifier).size == 9, "alone, it looks whole"
    assert found(shorter, kept).number == 9


def test_a_checkpoint_says_what_was_signed() -> None:
    note = SIGNER.sign(7, b"r" * 32, 1_764_000_000_000)
    read = SIGNER.verifier.read(note)
    assert read == Checkpoint("city.example/audit", 7, b"r" * 32, 1_764_000_000_000)
    assert Verifier.parse(str(SIGNER.verifier)).read(note) == read


@pytest.mark.parametrize(
    "damage",
    [
        lambda note: note.replace("\n7\n", "\n8\n"),
        lambda note: note.replace("— city", "— town"),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note[:-6] + "AAAA=\n",
        lambda note: "",
        lambda note: "\n\n",
    ],
)
def test_a_damaged_checkpoint_is_refused(damage: Callable[[str], str]) -> None:
    with pytest.raises(BadCheckpoint):
        SIGNER.verifier.read(damage(SIGNER.sign(7, b"r" * 32, 1)))


@pytest.mark.parametrize("text", ["", "a", "a+b+c", "city.example/audit+00000000+AQ==", "é+1+!!"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadCheckpoint):
        Verifier.parse(text)
