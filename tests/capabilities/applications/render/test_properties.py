"""Whatever a valid spec holds, the objects are well formed and restricted."""

from __future__ import annotations

import re
import string
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.capabilities.applications.kinds import WebApplication
from idp.capabilities.applications.render import (
    RENDERED_TYPES,
    MountedConfiguration,
    hosts,
    render,
)

LABEL_VALUE = re.compile(r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$")

names = st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
label_values = st.from_regex(r"[A-Za-z0-9][-A-Za-z0-9_.]{0,60}[A-Za-z0-9]", fullmatch=True)
texts = st.text(string.printable, max_size=20)
specs = st.fixed_dictionaries(
    {
        "image": st.from_regex(
            r"127\.0\.0\.1:8600/[a-z]{1,9}/[a-z]{1,9}@sha256:[0-9a-f]{64}", fullmatch=True
        )
    },
    optional={
        "command": st.lists(texts, min_size=1, max_size=3),
        "port": st.integers(1024, 65535),
        "replicas": st.integers(0, 100),
        "environment": st.dictionaries(
            st.from_regex(r"[A-Z_]{1,9}", fullmatch=True), texts, max_size=4
        ),
        "health": st.fixed_dictionaries(
            {}, optional={"path": st.just("/up"), "startupSeconds": st.integers(1, 3600)}
        ),
        "hosts": st.lists(names.map(lambda name: f"{name}.example.org"), max_size=3),
        "communication": st.fixed_dictionaries(
            {},
            optional={
                "allowedDestinations": st.lists(names, max_size=3),
                "deniedDestinations": st.lists(names, max_size=3),
            },
        ),
    },
)
configurations = st.none() | st.builds(
    MountedConfiguration, names, st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
)


@st.composite
def applications(draw: st.DrawFn) -> WebApplication:
    labels = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "platform.idp/release": label_values,
                "app.kubernetes.io/part-of": label_values,
            },
        )
    )
    return WebApplication.parse(
        {
            "metadata": {"name": draw(names), "namespace": draw(names), "labels": labels},
            "spec": draw(specs),
        }
    )


@settings(deadline=None)
@given(
    applications(),
    st.sampled_from(["development", "staging", "uat", "production"]),
    configurations,
)
def test_any_valid_spec_renders_valid_objects(
    application: WebApplication, environment: str, configuration: MountedConfiguration | None
) -> None:
    def rendered() -> list[dict[str, Any]]:
        return render(
            application,
            environment=environment,
            hosts=hosts(application, environment),
            configuration=configuration,
        )

    objects = rendered()
    assert orjson.dumps(objects) == orjson.dumps(rendered())
    identities = [(m["kind"], m["metadata"]["name"]) for m in objects]
    assert len(set(identities)) == len(identities)
    assert {m["kind"] for m in objects} <= {resource_type.kind for resource_type in RENDERED_TYPES}
    for manifest in objects:
        assert manifest["metadata"]["namespace"] == application.namespace
        assert_labels(manifest["metadata"]["labels"])
    assert_restricted(next(m for m in objects if m["kind"] == "Deployment"))


def assert_labels(labels: dict[str, str]) -> None:
    for value in labels.values():
        assert len(value) <= 63
        assert LABEL_VALUE.match(value)


def assert_restricted(deployment: dict[str, Any]) -> None:
    template = deployment["spec"]["template"]
    assert_labels(template["metadata"]["labels"])
    selector = deployment["spec"]["selector"]["matchLabels"].items()
    assert selector <= template["metadata"]["labels"].items()
    pod = template["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    names = [variable["name"] for variable in container["env"]]
    assert len(set(names)) == len(names)
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
