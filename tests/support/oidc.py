"""An OpenID Connect issuer on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa


class Issuer:
    """An OpenID Connect issuer: its documents over HTTP, and tokens."""

    def __init__(self) -> None:
        self.url = ""
        self.fetches = 0
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self.next_claims: dict[str, Any] = {}
        """What the token of the next code names besides."""
        self.codes: dict[str, dict[str, str]] = {}
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
            return web.json_response(
                {
                    "issuer": self.url,
                    "jwks_uri": f"{self.url}/certs",
                    "authorization_endpoint": f"{self.url}/auth",
                    "token_endpoint": f"{self.url}/token",
                }
            )
        if request.path == "/realms/acme/token":
            return self._exchange(dict((await request.post()).items()))
        if request.path == "/realms/acme/certs":
            self.fetches += 1
            keys = []
            for key_id, key in self._keys.items():
                entry = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
                keys.append({**entry, "kid": key_id, "use": "sig", "alg": "RS256"})
            return web.json_response({"keys": keys})
        return web.Response(status=404)

    def agree(self, address: str) -> str:
        """As the person who is led to `address` and agrees: a code for what was asked."""
        asked = dict(parse_qsl(urlsplit(address).query))
        assert address.startswith(f"{self.url}/auth?")
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return code

    def _exchange(self, form: dict[str, Any]) -> web.Response:
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or form.get("grant_type") != "authorization_code"
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != challenge
            or (asked["client_id"], asked["redirect_uri"])
            != (form.get("client_id"), form.get("redirect_uri"))
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        claims = {"aud": asked["client_id"], "nonce": asked["nonce"], **self.next_claims}
        return web.json_response({"id_token": self.token(**claims), "token_type": "Bearer"})

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
