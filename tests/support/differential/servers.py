"""The two servers that answer the cases, each started afresh for an area."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml

from idp.embedded.apiserver.server import ApiServer, ApiServerSettings
from support.differential.exchange import USERS, Answer, Case, Exchange
from support.real_control_plane import Binaries, real_control_plane

FOLDER = Path(__file__).resolve().parents[2] / "embedded" / "apiserver" / "differential"
AREAS = sorted(path.stem for path in (FOLDER / "cases").glob("*.yaml"))
Answers = dict[str, list[Answer]]


def cases(area: str) -> list[Case]:
    """The cases of an area: they are sent in order, to one server."""
    loaded: list[Case] = yaml.load(
        (FOLDER / "cases" / f"{area}.yaml").read_text(), Loader=yaml.CSafeLoader
    )
    return loaded


def recorded(area: str) -> Answers:
    """What the real server answered."""
    answers: Answers = json.loads((FOLDER / "recorded" / f"{area}.json").read_text())
    return answers


def record(area: str, answers: Answers) -> None:
    """Keep what the real server answers."""
    text = json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False)
    (FOLDER / "recorded" / f"{area}.json").write_text(text + "\n")


def embedded_answers(area: str) -> Answers:
    """What this server answers."""

    async def ask() -> Answers:
        with tempfile.TemporaryDirectory() as folder:
            async with ApiServer(ApiServerSettings(data=Path(folder))) as server:
                tokens = {
                    user: server.tokens.create(user, groups, uid=f"uid-{user}")
                    for user, groups in USERS.items()
                }
                async with _exchange(server.url, tokens) as exchange:
                    return await _all(area, exchange)

    return asyncio.run(ask())


def real_answers(area: str, binaries: Binaries) -> Answers:
    """What a real server answers now."""

    async def ask() -> Answers:
        with tempfile.TemporaryDirectory() as folder:
            async with (
                real_control_plane(binaries, Path(folder), USERS) as plane,
                _exchange(plane.url, dict(plane.tokens)) as exchange,
            ):
                return await _all(area, exchange)

    return asyncio.run(ask())


async def _all(area: str, exchange: Exchange) -> Answers:
    return {case["case"]: await exchange.case(case) for case in cases(area)}


@asynccontextmanager
async def _exchange(url: str, tokens: dict[str, str]) -> AsyncIterator[Exchange]:
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Exchange(session, url, tokens)
