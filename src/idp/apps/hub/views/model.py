"""The base of all answers that the portal reads."""

from __future__ import annotations

from pydantic import ConfigDict

from idp.kernel.resource import Model


class View(Model):
    """camelCase outside; in answers every field is there, and the schema says so."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)
