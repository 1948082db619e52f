"""`signing verify|sign|explain-level|policy`, `signing log show|verify`, `signing keys ...`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer

from idp.apps.cli.commands.signing_keys import keys
from idp.apps.cli.options import (
    DEFAULT_NAMESPACE,
    Data,
    Environment,
    Format,
    Namespace,
    Output,
    User,
    Version,
    layout_of,
)

application = typer.Typer(
    help="Check signatures, evidence and transparency logs.", no_args_is_help=True
)
log = typer.Typer(help="Read and verify transparency logs.", no_args_is_help=True)
application.add_typer(log, name="log")
application.add_typer(keys, name="keys")

_BROKEN = 8


@application.command()
def verify(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    version: Version = None,
    environment: Environment = "development",
    namespace: Namespace = DEFAULT_NAMESPACE,
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Check everything that vouches for a release. Exit code 8 when something needed is missing.

    It goes by what admission goes by: the keys and clocks that the environment has pinned, and the
    signers of its TrustPolicy. The evidence is read from the registry.

    Examples:

      idp-cli signing verify hello

      idp-cli signing verify hello --version r3-1a2b3c4 -e production -o json
    """
    from idp.apps.cli.output import write

    rows = asyncio.run(_proofs(data, user, environment, namespace, name, version))
    columns = ("subject", "proof", "result", "signer", "logged", "reason")
    write(rows, output, columns=columns, name="digest", empty="")
    if any(row["result"] == "missing" for row in rows):
        raise typer.Exit(_BROKEN)


async def _proofs(
    data: Any,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    version: str | None,
) -> list[dict[str, str]]:
    from idp.apps.cli.connection import connect
    from idp.apps.cli.proof import find_release, origin_of, registry_of, trust_of
    from idp.apps.proof import proofs, subjects_of

    async with connect(layout_of(data), user) as platform, registry_of(platform) as registry:
        release = await find_release(platform, environment, namespace, name, version)
        trust = await trust_of(platform, environment).anchors()
        origin = origin_of(platform)
        found = [await proofs(registry, one, trust, origin) for one in subjects_of(release)]
    return [row for rows in found for row in rows]


@application.command()
def sign(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    key: Annotated[
        str,
        typer.Option(
            "--key",
            help="A cosign key file, awskms:///KEY or hashivault://KEY.",
            show_default=False,
        ),
    ],
    version: Version = None,
    environment: Environment = "development",
    namespace: Namespace = DEFAULT_NAMESPACE,
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Sign a release and its image with a key of yours, beside the platform's signatures.

    The password of a key file is taken from COSIGN_PASSWORD, Vault's address and token from
    VAULT_ADDR and VAULT_TOKEN, AWS credentials from where AWS tools find them.

    Examples:

      idp-cli signing sign hello --key security.key

      idp-cli signing sign hello --key awskms:///alias/release -e uat
    """
    from idp.apps.cli.output import write

    rows = asyncio.run(_sign(data, user, environment, namespace, name, version, key))
    write(rows, output, columns=("subject", "digest", "signature"), name="signature", empty="")


async def _sign(
    data: Any,
    user: str | None,
    environment: str,
    namespace: str,
    name: str,
    version: str | None,
    key: str,
) -> list[dict[str, str]]:
    from idp.apps.cli.connection import connect
    from idp.apps.cli.proof import find_release, registry_of
    from idp.apps.cli.signers import open_named_signer
    from idp.apps.proof import subjects_of
    from idp.protocols.signing.cosign import sign_digest

    signer = await asyncio.to_thread(open_named_signer, key)
    async with connect(layout_of(data), user) as platform, registry_of(platform) as registry:
        release = await find_release(platform, environment, namespace, name, version)
        return [
            {
                "subject": subject.what,
                "digest": subject.digest,
                "signature": (
                    await sign_digest(registry, subject.repository, subject.digest, signer)
                ).digest,
            }
            for subject in subjects_of(release)
        ]


@application.command("explain-level")
def explain_level(
    name: Annotated[str, typer.Argument(help="Name of the application.")],
    version: Version = None,
    environment: Environment = "development",
    namespace: Namespace = DEFAULT_NAMESPACE,
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Show which SLSA Build level an image reaches, by facts, and what the next one needs.

    Examples:

      idp-cli signing explain-level hello

      idp-cli signing explain-level hello -e production -o json
    """
    from idp.apps.cli.levels import explained
    from idp.apps.cli.output import write

    rows = asyncio.run(explained(layout_of(data), user, environment, namespace, name, version))
    columns = ("level", "requirement", "met", "why")
    write(rows, output, columns=columns, name="requirement", empty="")
    if output is Format.TABLE:
        typer.echo(f"\nReached: SLSA Build level {rows[0]['reached']}.")


@application.command()
def policy(
    environment: Environment = "development",
    data: Data = None,
    user: User = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="yaml or json.")] = Format.YAML,
) -> None:
    """Write the trust policy of an environment as objects for the admission of a cluster.

    A ValidatingAdmissionPolicy, a Gatekeeper constraint and ClusterImagePolicies of Sigstore's
    policy-controller; apply those that your cluster has. Render them again after a promotion: the
    first two list the images that were admitted.

    Example:

      idp-cli signing policy -e production -o yaml
    """
    import orjson
    import yaml

    from idp.apps.cli.cluster_policies import rendered

    objects = asyncio.run(rendered(layout_of(data), user, environment))
    if output is Format.JSON:
        body = {"apiVersion": "v1", "kind": "List", "items": objects}
        typer.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    else:
        typer.echo(yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=True), nl=False)


@log.command()
def show(
    environment: Environment = "development",
    lines: Annotated[int, typer.Option("--lines", help="How many entries.", min=1)] = 20,
    data: Data = None,
    output: Output = Format.TABLE,
) -> None:
    """Show what an environment signed, newest last. Reads the data folder.

    Example:

      idp-cli signing log show -e production -o json
    """
    from idp.apps.cli.output import write
    from idp.apps.cli.transparency import entry_rows

    write(
        entry_rows(layout_of(data), environment, lines),
        output,
        columns=("entry", "time", "payload"),
        name="payload",
        empty=f"{environment} signed nothing yet.",
    )


@log.command("verify")
def verify_log(
    environment: Annotated[
        str | None, typer.Option("--environment", "-e", help="One environment; all by default.")
    ] = None,
    data: Data = None,
    user: User = None,
    output: Output = Format.TABLE,
) -> None:
    """Prove that nothing was taken out of a log or changed in it. Exit code 8 when it was.

    Every attestation in the registry carries the log's signed word about its state at that time:
    all of them are compared with the log as it is now.

    Example:

      idp-cli signing log verify
    """
    from idp.apps.cli.output import write

    rows = asyncio.run(_audit(data, user, environment))
    columns = ("environment", "log", "entries", "attestations", "root", "reason")
    write(rows, output, columns=columns, name="root", empty="")
    if any(row["log"] == "broken" for row in rows):
        raise typer.Exit(_BROKEN)


async def _audit(data: Any, user: str | None, environment: str | None) -> list[dict[str, Any]]:
    from idp.apps.cli.connection import connect
    from idp.apps.cli.transparency import audit_log

    async with connect(layout_of(data), user) as platform:
        names = [environment] if environment else platform.environments
        return [await audit_log(platform, name) for name in names]
