"""`signing keys list|rotate|revoke`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from idp.apps.cli.options import Data, Environment, Format, Output, layout_of

if TYPE_CHECKING:
    from idp.capabilities.signing.ring import RingKey

keys = typer.Typer(help="List, replace and revoke signing keys.", no_args_is_help=True)

_COLUMNS = ("id", "state", "notBefore", "notAfter", "reason")


@keys.command("list")
def list_(
    environment: Environment = "development", data: Data = None, output: Output = Format.TABLE
) -> None:
    """Show the keys of an environment, oldest first. Reads the data folder.

    Example:

      idp-cli signing keys list -e production -o json
    """
    from idp.apps.cli.output import write
    from idp.apps.platform.signing_keys import list_keys

    ring = list_keys(layout_of(data), environment)
    active = ring.active.id
    write([_row(key, active) for key in ring.keys], output, columns=_COLUMNS, name="id", empty="")


@keys.command()
def rotate(
    environment: Environment = "development",
    overlap: Annotated[
        float, typer.Option("--overlap", help="Days for which the present key still counts.", min=0)
    ] = 7,
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Replace the key that signs. Every instance pins the new one first.

    What was signed before stays valid: the log, or a time stamp, proves when that was. The instance
    signs with the new key from its next start on. A rotation that was interrupted is finished.

    Examples:

      idp-cli signing keys rotate -e production

      idp-cli signing keys rotate -e production --overlap 0
    """
    from idp.apps.cli.output import write
    from idp.apps.platform.signing_keys import rotate_key
    from idp.kernel.clock import utc_now

    key = rotate_key(layout_of(data), environment, utc_now(), timedelta(days=overlap))
    write([_row(key, key.id)], output, columns=_COLUMNS, name="id", empty="")


@keys.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Id of the key, or how it begins.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            help="What a time stamp proves to be older still counts (2026-11-25T08:00:00Z).",
        ),
    ] = None,
    environment: Environment = "development",
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Withdraw the trust in a key, at once and at every instance.

    Without --since nothing that it signed counts. With it, older signatures count when a time stamp
    proves their age: the log alone does not, for it has the same key.

    Examples:

      idp-cli signing keys revoke Lqm7 --reason "the disk was stolen"

      idp-cli signing keys revoke Lqm7 --reason stolen --since 2026-11-20T00:00:00Z
    """
    from idp.apps.cli.output import write
    from idp.apps.platform.signing_keys import revoke_key

    moment = None if since is None else _moment(since)
    found = revoke_key(layout_of(data), environment, key, reason, moment)
    write([_row(found, "")], output, columns=_COLUMNS, name="id", empty="")


def _moment(text: str) -> datetime:
    from idp.kernel.clock import parse_timestamp
    from idp.kernel.errors import InvalidInput

    try:
        moment = parse_timestamp(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is no time", remedy="Such as 2026-11-25T08:00:00Z."
        ) from error
    if moment.tzinfo is None:
        raise InvalidInput(f"{text} has no zone", remedy=f"Write {text}Z for UTC.")
    return moment


def _row(key: RingKey, active: str) -> dict[str, Any]:
    from idp.kernel.clock import timestamp

    state = "signs" if key.id == active else "verifies"
    return {
        "id": key.id,
        "state": "revoked" if key.revoked else state,
        "notBefore": timestamp(key.not_before) if key.not_before else "",
        "notAfter": timestamp(key.not_after) if key.not_after else "",
        "reason": key.revoked.reason if key.revoked else "",
        "publicKey": key.public_key,
    }
