"""An OpenID Connect issuer on this machine."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa


class Issuer:
    """An OpenID Connect issuer: its documents over HTTP, and tokens."""

    def __init__(self) -> None:
        self.url = ""
        self.fetches = 0
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._runner: web.ServerRunner | None = None
        self.rotate("first")

    def rotate(self, key_id: str) -> None:
        """Sign by a new key; the former ones are withdrawn."""
        self._keys = {key_id: rsa.generate_private_key(public_exponent=65537, key_size=2048)}

    async def start(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._answer))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/realms/acme"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.path == "/realms/acme/.well-known/openid-configuration":
            return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/certs"})
        if request.path == "/realms/acme/certs":
            self.fetches += 1
            keys = []
            for key_id, key in self._keys.items():
                entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
                keys.append({**entry, "kid": key_id, "use": "sig", "alg": "RS256"})
            return web.json_response({"keys": keys})
        return web.Response(status=404)

    def token(self, **claims: Any) -> str:
        key_id, key = next(iter(self._keys.items()))
        values = {
            "iss": self.url,
            "aud": "kubernetes",
            "sub": "1",
            "email": "ada@example.com",
            "exp": int(time.time()) + 300,
            "groups": ["developers"],
            **claims,
        }
        return jwt.encode(values, key, "RS256", headers={"kid": key_id})
