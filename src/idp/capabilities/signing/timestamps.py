"""Time stamps of what an instance signs, from an authority that is not the instance.

A stamp is kept before it is given out, so that the same signature has the same stamp however often
a step is tried: the attestation then has the same bytes, and there is one.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import httpx
import sqlalchemy as sa

from idp.kernel.errors import Unavailable, VerificationFailed
from idp.protocols.signing.timestamps.token import (
    MAX_TOKEN_BYTES,
    timestamp_request,
    verify_timestamp,
)

_metadata = sa.MetaData()
_stamps = sa.Table(
    "signing_timestamps",
    _metadata,
    sa.Column("signature", sa.LargeBinary, primary_key=True),
    sa.Column("response", sa.LargeBinary),
)

Ask = Callable[[bytes], Awaitable[bytes]]
"""Signature -> `TimeStampResp` in DER."""


class StoredTimestamps:
    """Fulfils `idp.kernel.capability.TimestampSource`.

    Args:
        database: The instance's history, migrated.
        ask: The authority.
        authorities: Its pinned certificates: what others would refuse is refused here.
    """

    def __init__(self, database: sa.Engine, ask: Ask, authorities: tuple[str, ...]) -> None:
        self._database = database
        self._ask = ask
        self._authorities = authorities

    async def stamp(self, signature: bytes) -> bytes:
        """The stamp of a signature.

        Raises:
            Unavailable: The authority does not answer, or the stamp cannot be kept.
            VerificationFailed: It answers with something that no verifier would accept.
        """
        digest = hashlib.sha256(signature).digest()
        found = await asyncio.to_thread(self._read, digest)
        if found is not None:
            return found
        response = await self._ask(signature)
        verify_timestamp(response, signature, self._authorities)
        return await asyncio.to_thread(self._keep, digest, response)

    def _read(self, digest: bytes) -> bytes | None:
        with self._database.connect() as connection:
            wanted = sa.select(_stamps.c.response).where(_stamps.c.signature == digest)
            found: bytes | None = connection.execute(wanted).scalar()
        return found

    def _keep(self, digest: bytes, response: bytes) -> bytes:
        try:
            with self._database.begin() as connection:
                connection.execute(_stamps.insert().values(signature=digest, response=response))
        except sa.exc.IntegrityError:  # somebody else was faster: theirs is the one
            return self._read(digest) or response
        except sa.exc.SQLAlchemyError as error:
            raise Unavailable(f"the time stamp cannot be kept: {error}") from error
        return response


def http_authority(url: str) -> Ask:
    """An authority over HTTP (RFC 3161 section 3.4)."""

    async def ask(signature: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                answer = await client.post(
                    url, content=timestamp_request(signature), headers=headers
                )
        except httpx.HTTPError as error:
            raise Unavailable(f"the time stamp authority {url} does not answer: {error}") from error
        if answer.status_code >= 500:
            raise Unavailable(f"the time stamp authority {url} answers {answer.status_code}")
        if answer.status_code != 200 or len(answer.content) > MAX_TOKEN_BYTES:
            raise VerificationFailed(
                f"the time stamp authority {url} gives no stamp: it answers {answer.status_code}"
            )
        return answer.content

    return ask
