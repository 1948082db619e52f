from __future__ import annotations

import pytest

from idp.protocols.signing.keys import PrivateKey


@pytest.fixture(scope="session")
def staging() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def stranger() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def trusted(staging: PrivateKey) -> dict[str, str]:
    return {"development": PrivateKey.generate().public_key, "staging": staging.public_key}
