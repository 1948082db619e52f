"""Output parameters of templates."""

from __future__ import annotations

from collections.abc import Mapping

from idp.embedded.workflows import jsonpath
from idp.embedded.workflows.spec import Parameter, Template
from idp.embedded.workflows.substitution import substitute
from idp.kernel.errors import InvalidInput, NotFound
from idp.kernel.resource import Manifest


def composite_outputs(template: Template, scope: Mapping[str, str]) -> dict[str, str]:
    """Outputs of `steps` and `dag`, from those of what they called.

    Raises:
        NotFound: A parameter has no value and no default.
    """
    return {p.name: _reference(p, scope) for p in template.outputs.parameters}


def _reference(parameter: Parameter, scope: Mapping[str, str]) -> str:
    source = parameter.value_from.parameter if parameter.value_from else parameter.value
    try:
        return substitute(source or "", scope)
    except NotFound:
        return _default(parameter)


def resource_outputs(template: Template, manifest: Manifest | None) -> dict[str, str]:
    """Outputs of `resource`, read from the object.

    Raises:
        NotFound: A parameter has no value and no default.
    """
    return {p.name: _from_object(p, manifest) for p in template.outputs.parameters}


def _from_object(parameter: Parameter, manifest: Manifest | None) -> str:
    path = parameter.value_from.json_path if parameter.value_from else None
    try:
        return jsonpath.read(path or "", manifest or {})
    except NotFound:
        return _default(parameter)


def _default(parameter: Parameter) -> str:
    if parameter.value_from is not None and parameter.value_from.default is not None:
        return parameter.value_from.default
    raise NotFound(f"outputs.parameters.{parameter.name} has no value and no default")


def supplied_outputs(template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """Outputs of `suspend`, from what was given when it was resumed.

    Raises:
        InvalidInput: One was not given and has no default.
    """
    outputs: dict[str, str] = {}
    for parameter in template.outputs.parameters:
        default = parameter.value_from.default if parameter.value_from else None
        value = given.get(parameter.name, default)
        if value is None:
            raise InvalidInput(f"outputs.parameters.{parameter.name} was not supplied")
        outputs[parameter.name] = value
    return outputs
