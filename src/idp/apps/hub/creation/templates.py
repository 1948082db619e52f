"""The templates of applications, and the files that they make. Pure, but for reading the package.

A template is a folder: `template.yaml` (title, description, JSON schema of its values) and
`files/`. In the files `{{ value | filter }}` stands for a value. The filter says into which
language it goes, so that no value can become more than a text there: `json` (also YAML and TOML),
`html`, `line` (one line of Markdown). Without a filter stands only what is a name.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import jsonschema_rs
import yaml

from idp.kernel.errors import Cause, Invalid, NotFound

_PLACEHOLDER = re.compile(r"\{\{ *(\w+) *(?:\| *(\w+) *)?\}\}")
_NAME = re.compile(r"[a-z0-9-]+")
_PAIR = re.compile(r"\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}")
"""Outside JSON two escapes are two characters, of which neither may stand alone."""
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|])")
_FILTERS: Mapping[str, Callable[[str], str]] = {
    "json": lambda text: _PAIR.sub(lambda pair: json.loads(f'"{pair[0]}"'), json.dumps(text)),
    "html": html.escape,
    "line": lambda text: _MARKDOWN.sub(r"\\\1", " ".join(text.split())),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of application that can be made.

    Attributes:
        name: Its folder.
        title: For people.
        description: One sentence.
        schema: JSON schema of its values, an object of strings, with defaults.
        files: Path -> text with placeholders.
    """

    name: str
    title: str
    description: str
    schema: dict[str, Any]
    files: Mapping[str, str]


@cache
def templates() -> Mapping[str, Template]:
    """All templates, by name."""
    folder = resources.files(__package__) / "templates"
    found = (_read(entry) for entry in folder.iterdir() if entry.is_dir())
    return {template.name: template for template in sorted(found, key=lambda t: t.name)}


def template(name: str) -> Template:
    """One template.

    Raises:
        NotFound: There is none of that name.
    """
    if name not in templates():
        raise NotFound(
            f"there is no template {name!r}",
            remedy=f"The templates are {', '.join(templates())}.",
        )
    return templates()[name]


def complete(template: Template, values: Mapping[str, Any]) -> dict[str, str]:
    """The values with the defaults, checked.

    Raises:
        Invalid: They do not fit the schema; the causes name the fields.
    """
    properties: dict[str, dict[str, Any]] = template.schema["properties"]
    defaults = {name: field["default"] for name, field in properties.items() if "default" in field}
    whole = {**defaults, **values}
    causes = [_cause(error, properties) for error in _validator(template).iter_errors(whole)]
    if causes:
        raise Invalid(
            "; ".join(f"{cause.field}: {cause.message}" for cause in causes),
            causes=causes,
            remedy="Correct the values; nothing was made.",
        )
    return whole


def fill(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """Every file, with the values in it. `values` are complete."""

    def value(match: re.Match[str]) -> str:
        name, filter_ = match.groups()
        text = values[name]
        if filter_ is not None:
            return _FILTERS[filter_](text)
        if not _NAME.fullmatch(text):
            raise ValueError(f"{template.name}: {name} needs a filter")
        return text

    return {path: _PLACEHOLDER.sub(value, text) for path, text in template.files.items()}


def _validator(template: Template) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(template.schema)


def _cause(
    error: jsonschema_rs.ValidationError, properties: Mapping[str, Mapping[str, Any]]
) -> Cause:
    field = str(error.instance_path[0]) if error.instance_path else ""
    if field:
        keyword = str(error.schema_path[-1])
        limits = properties.get(field, {})
        said = {
            "pattern": "it has a character that cannot be there",
            "minLength": "it must not be empty",
            "maxLength": f"at most {limits.get('maxLength')} characters",
        }
        return Cause(field, said.get(keyword, error.message))
    missing = re.match(r'"(\w+)" is a required property', error.message)
    return Cause(missing[1], "it is needed") if missing else Cause("values", error.message)


def _read(folder: Traversable) -> Template:
    described = yaml.safe_load((folder / "template.yaml").read_text(encoding="utf-8"))
    files = dict(_files(folder / "files", ""))
    return Template(
        folder.name, described["title"], described["description"], described["schema"], files
    )


def _files(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            # What a run of the template's own code left behind is no part of it.
            if entry.name not in ("__pycache__", ".venv"):
                found += _files(entry, f"{path}/")
        else:
            found.append((path, entry.read_text(encoding="utf-8")))
    return found
