"""Templates make what they promise, and no value becomes more than a text."""

from __future__ import annotations

import tomllib
from html.parser import HTMLParser

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from idp.apps.hub.creation.templates import complete, fill, template, templates
from idp.kernel.errors import Invalid, NotFound

LINE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[*map(chr, range(32)), "\x7f"]),
    min_size=1,
    max_size=80,
)


@pytest.mark.parametrize("name", sorted(templates()))
def test_every_template_makes_an_application_with_its_defaults(name: str) -> None:
    known = template(name)
    files = fill(known, complete(known, {"name": "shop"}))
    application = next(iter(yaml.safe_load_all(files["idp.yaml"])))
    assert (application["kind"], application["metadata"]["name"]) == ("WebApplication", "shop")
    assert files["README.md"].startswith("# shop\n")
    assert not any("{{" in text for text in files.values())
    if "pyproject.toml" in files:
        project = tomllib.loads(files["pyproject.toml"])["project"]
        locked = tomllib.loads(files["uv.lock"])["package"]
        names = {package["name"] for package in locked}
        assert {line.split(">=")[0] for line in project["dependencies"]} <= names


@given(LINE)
def test_a_value_stays_a_text(text: str) -> None:
    python = template("python-web")
    files = fill(python, complete(python, {"name": "shop", "title": text, "greeting": text}))
    _, configuration = yaml.safe_load_all(files["idp.yaml"])
    assert configuration["spec"]["defaults"] == {"title": text, "greeting": text}
    static = template("static-site")
    page = fill(static, complete(static, {"name": "shop", "title": text, "text": text}))
    seen = _Tags()
    seen.feed(page["public/index.html"])
    assert seen.tags == ["html", "head", "meta", "meta", "title", "link", "body", "main", "h1", "p"]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "name"),
        ({"name": "Shop"}, "name"),
        ({"name": "../x"}, "name"),
        ({"name": "a" * 41}, "name"),
        ({"name": "shop\n"}, "name"),
        ({"name": 3}, "name"),
        ({"name": "shop", "title": ""}, "title"),
        ({"name": "shop", "title": "a\nb"}, "title"),
        ({"name": "shop", "other": "x"}, "values"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        complete(template("python-web"), values)
    assert [cause.field for cause in caught.value.causes] == [field]


def test_an_unknown_template_is_answered_with_the_known_ones() -> None:
    with pytest.raises(NotFound) as caught:
        template("../etc")
    assert "python-web, static-site" in str(caught.value.remedy)
