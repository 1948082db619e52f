from __future__ import annotations

import pytest

from idp.capabilities.promotion.declaration import read_declaration
from idp.kernel.errors import IdpError, Invalid, InvalidInput, TooLarge

HEAD = "apiVersion: platform.idp/v1alpha1\nkind: "
APPLICATION = f"{HEAD}WebApplication\nmetadata: {{name: hello}}\nspec: {{port: 9000}}\n"
CONFIGURATION = f"{HEAD}ApplicationConfiguration\nspec: {{defaults: {{a: 1}}}}\n"


def test_no_file_means_the_defaults() -> None:
    declared = read_declaration(None, "hello")
    assert (declared.application_spec, declared.configuration) == ({}, None)


def test_both_kinds() -> None:
    declared = read_declaration(f"{APPLICATION}---\n{CONFIGURATION}".encode(), "hello")
    assert declared.application_spec == {"port": 9000}
    assert declared.configuration == {"defaults": {"a": 1}}


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        (APPLICATION.replace("hello", "other"), InvalidInput, "is of application other"),
        (APPLICATION.replace("9000", "9000, image: 'x@sha256:0'"), Invalid, "spec.image"),
        (
            APPLICATION.replace("9000", f"9000, image: 'x@sha256:{'0' * 64}'"),
            InvalidInput,
            "sets spec.image",
        ),
        (APPLICATION.replace("port: 9000", "prot: 9000"), Invalid, "spec.prot"),
        (f"{APPLICATION}---\n{APPLICATION}", InvalidInput, "more than one WebApplication"),
        (f"{HEAD}Secret\n", InvalidInput, "holds platform.idp/v1alpha1 Secret"),
        ("apiVersion: v1\nkind: Secret\n", InvalidInput, "holds v1 Secret"),
        ("just text", InvalidInput, "not an object of the API"),
        (f"{APPLICATION}---\n- a\n", InvalidInput, "not an object of the API"),
        (
            CONFIGURATION.replace("spec:", "metadata: {name: x}\nspec:"),
            InvalidInput,
            "ApplicationConfiguration x; the application reads hello-config",
        ),
        ("a" * 300_000, TooLarge, "262144 are allowed"),
    ],
)
def test_refused_by_name(text: str, error: type[IdpError], said: str) -> None:
    with pytest.raises(error) as caught:
        read_declaration(text.encode(), "hello")
    assert said in caught.value.message


def test_a_configuration_of_another_name_is_taken_when_the_application_reads_it() -> None:
    text = APPLICATION.replace("port: 9000", "configuration: x")
    text += "---\n" + CONFIGURATION.replace("spec:", "metadata: {name: x}\nspec:")
    assert read_declaration(text.encode(), "hello").configuration == {"defaults": {"a": 1}}
