"""Send the requests of a case to a server and note its answers.

A case has a name (`case`), steps, and texts for `${name}` in them (`let`). A step says:

- `do`: a method (or a patch type: `merge`, `json`, `strategic`, `apply`) and a path;
- `as`: the user, `anonymous` for none; `headers`: further headers;
- `body`: an object, or a text that is sent as it is;
- `keep`: values of the answer by name, for `${name}` in later paths, headers and bodies;
- `watch`: how many events are read; all until the server ends the watch when there are fewer;
- `until`: repeat the request until these paths of the answer have these values;
- `pick`: compare only what these paths lead to; `without`: fields that are not compared;
- `repeat`: send it this many times, with `${number}` counting from 0, and compare the last answer;
- `differs`: why this server answers otherwise; then only status and reason are compared, or with
  `only`, everything but the fields of these names.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson
import yaml

from support.differential.normalise import found, normalised, without

Step = dict[str, Any]
Case = dict[str, Any]
Answer = dict[str, Any]

USERS: Mapping[str, tuple[str, ...]] = {
    "admin": ("system:masters",),
    "alice": ("developers",),
    "bob": (),
}
"""Groups by user. Everyone but the administrator starts without rights."""

_PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}
_ATTEMPTS = 100
_PAUSE = 0.1
_READ_SECONDS = 8.0
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class Exchange:
    """A conversation with one server."""

    def __init__(self, session: aiohttp.ClientSession, url: str, tokens: Mapping[str, str]) -> None:
        self._session = session
        self._url = url
        self._tokens = tokens
        self._kept: dict[str, str] = {}

    async def case(self, case: Case) -> list[Answer]:
        """The answers to the steps of a case, in order."""
        self._kept |= case.get("let", {})
        return [await self.step(step) for step in case["steps"]]

    async def step(self, step: Step) -> Answer:
        """The answer to a step; repeated ones give the last answer."""
        for number in range(int(step.get("repeat", 1))):
            self._kept["number"] = str(number)
            answer = await self._once(step)
        for _ in range(_ATTEMPTS):
            if all(found(answer, path) == wanted for path, wanted in step.get("until", {}).items()):
                break
            await asyncio.sleep(_PAUSE)
            answer = await self._once(step)
        else:
            raise AssertionError(f"{step['do']}: {step['until']} did not come: {answer}")
        for name, path in step.get("keep", {}).items():
            self._kept[name] = str(found(answer, path))
        return _compared(answer, step)

    async def _once(self, step: Step) -> Answer:
        method, _, path = self._filled(step["do"]).partition(" ")
        headers = {"User-Agent": "differential/1", "Accept": "application/json"}
        headers["Content-Type"] = _PATCHES.get(method, "application/json")
        user = step.get("as", "admin")
        if user != "anonymous":
            headers["Authorization"] = f"Bearer {self._tokens[user]}"
        headers |= {name: self._filled(text) for name, text in step.get("headers", {}).items()}
        async with self._session.request(
            "PATCH" if method in _PATCHES else method,
            self._url + path,
            data=self._body(step.get("body")),
            headers={name: text for name, text in headers.items() if text},
        ) as response:
            answer: Answer = {"status": response.status}
            answer["type"] = response.headers.get("Content-Type", "")
            if warnings := response.headers.getall("Warning", []):
                answer["warnings"] = sorted(warnings)
            if "watch" in step and response.status == 200:
                try:
                    async with asyncio.timeout(_READ_SECONDS):
                        return {**answer, "events": await _events(response, int(step["watch"]))}
                except TimeoutError as error:
                    raise AssertionError(f"{step['do']}: too few events came") from error
            return {**answer, "body": _parsed(await response.read(), answer["type"])}

    def _body(self, body: Any) -> bytes | None:
        if body is None:
            return None
        text = body if isinstance(body, str) else orjson.dumps(body).decode()
        return self._filled(text).encode()

    def _filled(self, text: str) -> str:
        return _VARIABLE.sub(lambda match: self._kept[match[1]], text)


def _parsed(data: bytes, media_type: str) -> Any:
    if media_type.startswith("application/json"):
        return orjson.loads(data) if data else None
    if media_type.startswith("application/yaml"):
        return yaml.load(data, Loader=yaml.CSafeLoader)
    return data.decode(errors="replace")


async def _events(response: aiohttp.ClientResponse, count: int) -> list[Any]:
    events: list[Any] = []
    while len(events) < count and (line := await response.content.readline()):
        events.append(orjson.loads(line))
    return events


def _compared(answer: Answer, step: Step) -> Answer:
    answer = dict(answer)
    if "pick" in step and answer["status"] < 300:
        place = "events" if "events" in answer else "body"
        answer[place] = {path: found(answer[place], path) for path in step["pick"]}
    result: Answer = normalised(without(answer, step.get("without", ())))
    return result


def judged(answer: Answer, step: Step) -> Any:
    """What of an answer must be equal on both servers."""
    if "differs" not in step:
        return answer
    body = answer.get("body")
    reason = body.get("reason") if isinstance(body, dict) and answer["status"] > 399 else None
    verdict = {"status": answer["status"], "reason": reason}
    return (verdict, without(answer, step["only"])) if "only" in step else verdict
