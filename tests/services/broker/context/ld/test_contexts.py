from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from schemas.kit.store import Store
from services.broker import tables
from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import CORE, CORE_CONTEXT_URL
from services.broker.context.ld import stored as stored_module
from services.broker.context.ld.contexts import PATH, Contexts
from services.broker.context.ld.documents import Fetched

URL = "https://contexts.example/a"


class World:
    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.asked: list[str] = []
        self.body = b'{"@context": {"speed": "https://e.org/speed"}}'

    async def fetch(self, url: str) -> Fetched:
        self.asked.append(url)
        return Fetched(self.body, 60.0)

    def broker(self, store: Store, **options: Any) -> Contexts:
        return Contexts(store, self.fetch, clock=lambda: self.now, **options)


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    found = Store(store_url, "broker", tables.metadata)
    await found.open()
    yield found
    await found.close()


@pytest.fixture
def world() -> World:
    return World()


async def test_what_was_fetched_outlives_the_process(store: Store, world: World) -> None:
    """And the other processes of the broker have it too."""
    await world.broker(store).resolve(URL)
    context = await world.broker(store).resolve(URL)
    assert context.expand("speed") == "https://e.org/speed"
    assert world.asked == [URL]


async def test_what_has_expired_is_fetched_again(store: Store, world: World) -> None:
    """§5.13.1, §6.3.16."""
    contexts = world.broker(store)
    await contexts.resolve([URL])
    world.body = b'{"@context": {"speed": "https://e.org/other"}}'
    world.now += 59
    assert (await contexts.resolve([URL])).expand("speed") == "https://e.org/speed"
    world.now += 2
    assert (await contexts.resolve([URL])).expand("speed") == "https://e.org/other"
    assert world.asked == [URL, URL]


async def test_a_context_is_compiled_once(store: Store, world: World) -> None:
    contexts = world.broker(store)
    inline = {"speed": "https://e.org/speed"}
    assert await contexts.resolve(inline) is await contexts.resolve(dict(inline))
    assert await contexts.resolve(None) is CORE


async def test_the_memory_for_compiled_contexts_is_bounded(
    store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.broker.context.ld.contexts._MOST_COMPILED_BYTES", 500)
    contexts = world.broker(store)
    for number in range(50):
        await contexts.resolve({f"t{number}": "https://e.org/speed"})
    assert contexts._bytes <= 500
    assert len(contexts._compiled) < 20


async def test_a_large_context_is_compiled_like_any_other(store: Store, world: World) -> None:
    terms = ", ".join(f'"t{n}": "https://e.org/n{n}"' for n in range(5_000))
    world.body = b'{"@context": {%s}}' % terms.encode()
    context = await world.broker(store).resolve(URL)
    assert context.expand("t4999") == "https://e.org/n4999"


async def test_a_context_without_a_url_gets_one(store: Store, world: World) -> None:
    """§5.13.1: "ImplicitlyCreated", for who needs to name it in a Link field."""
    contexts = world.broker(store, public_url="https://city.example/")
    inline = await contexts.resolve({"speed": "https://e.org/speed"})
    named = await contexts.hosted(inline)
    again = await contexts.hosted(inline)
    assert named.url == again.url
    assert named.url.startswith(f"https://city.example{PATH}/urn:uuid:")
    assert (await contexts.resolve(named.url)).expand("speed") == "https://e.org/speed"
    assert [kept.kind for kept in await contexts.stored.all("")] == ["ImplicitlyCreated"]
    assert world.asked == []
    remote = await contexts.resolve([URL, CORE_CONTEXT_URL])
    assert (await contexts.hosted(remote)).url == URL


async def test_tenants_see_their_own(store: Store, world: World) -> None:
    """§4.14."""
    contexts = world.broker(store)
    await contexts.stored.host({"a": "https://e.org/a"}, "ward-7")
    await contexts.resolve(URL)
    assert [kept.kind for kept in await contexts.stored.all("ward-7")] == ["Hosted"]
    assert [kept.kind for kept in await contexts.stored.all("")] == ["Cached"]


async def test_there_is_a_bound_to_what_is_stored(
    store: Store, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_module, "MOST_STORED", 2)
    monkeypatch.setattr(stored_module, "MOST_CACHED", 2)
    contexts = world.broker(store)
    await contexts.stored.host({}, "")
    await contexts.stored.host({}, "")
    with pytest.raises(BadRequestData, match="delete some"):
        await contexts.stored.host({}, "")
    for number in range(5):
        world.now += 1
        await contexts.resolve(f"{URL}/{number}")
    await contexts.tidy()
    kept = [stored.url for stored in await contexts.stored.all("", "Cached")]
    assert kept == [f"{URL}/3", f"{URL}/4"]
    world.now += 90_000
    await contexts.tidy()
    assert await contexts.stored.all("", "Cached") == []
    assert len(await contexts.stored.all("", "Hosted")) == 2
