from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from idp.capabilities.promotion.controllers.reviews import ReviewFollower
from idp.capabilities.promotion.kinds import Release, Review
from idp.kernel.conditions import condition_of
from idp.kernel.controller import Request
from idp.kernel.standard import EVENT, NAMESPACE

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SPEC = {
    "application": "hello",
    "promotion": "p",
    "release": "r1",
    "releaseDigest": f"sha256:{1:064x}",
    "cause": "hotfix",
    "by": "joan",
    "reason": "CVE",
    "due": "2026-11-30T12:00:00Z",
    "validateIn": ["staging", "uat"],
}


async def test_it_follows_where_the_release_is_verified_and_warns_when_it_is_late(
    bench: Any,
) -> None:
    client, now = bench.client, [NOW]
    await client.create(NAMESPACE, {"metadata": {"name": "demo"}})
    await bench.release()
    meta = {"name": "p-hotfix", "namespace": "demo"}
    await client.create(Review.type(), {"metadata": meta, "spec": SPEC})
    follower, request = ReviewFollower(client, lambda: now[0]), Request("demo", "p-hotfix")

    async def state() -> tuple[str, str]:
        await follower(request)
        review = await client.get(Review.type(), "p-hotfix", "demo")
        condition = condition_of(review, "Closed")
        assert condition is not None
        return condition["reason"], condition["message"]

    assert await state() == ("NotValidated", "waits until staging, uat verified the release")
    release = {"metadata": {"name": "r1", "namespace": "demo"}}
    assert follower._of_release(release) == [request]
    for verified in (["development", "staging"], ["staging", "uat"]):
        patch = {"status": {"verifiedIn": verified}}
        await client.patch(Release.type(), "r1", patch, "demo", subresource="status")
        await follower(request)
    await client.delete(Release.type(), "r1", "demo")
    assert await state() == ("Open", "waits for somebody else than joan")
    now[0] += timedelta(days=6)
    late = "waits for somebody else than joan; it was due at 2026-11-30T12:00:00Z"
    assert await state() == ("Overdue", late)
    assert [e["reason"] for e in (await client.list(EVENT)).items] == ["ReviewOverdue"]
    closing = {"spec": {"closedBy": "grace", "conclusion": "fine"}}
    await client.patch(Review.type(), "p-hotfix", closing, "demo")
    assert await state() == ("Reviewed", "grace: fine")
