"""What `pyproject.toml` and `uv.lock` say about a project itself. Pure."""

from __future__ import annotations

import re
import tomllib
from typing import Annotated, Any, TypeVar

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from idp.kernel.errors import InvalidInput

_ScriptName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
_EntryPoint = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
_Table = TypeVar("_Table", bound=BaseModel)


class Project(BaseModel):
    """The `[project]` table, as far as a build reads it.

    Attributes:
        requires_python: Versions of Python that it runs on; empty allows all.
        dependencies: Requirements.
        scripts: Commands: name -> `module:function`.
    """

    requires_python: str = Field(default="", alias="requires-python")
    dependencies: list[str] = Field(default_factory=list)
    scripts: dict[_ScriptName, _EntryPoint] = Field(default_factory=dict)

    def allows(self, python_version: str) -> bool:
        """Whether it runs on a version of Python.

        Raises:
            InvalidInput: `requires-python` cannot be read.
        """
        try:
            return SpecifierSet(self.requires_python).contains(python_version, prereleases=True)
        except InvalidSpecifier as error:
            raise malformed("pyproject.toml", f"requires-python: {error}") from error

    def dependency_names(self) -> set[str]:
        """Canonical names of its dependencies.

        Raises:
            InvalidInput: One cannot be read.
        """
        try:
            return {canonicalize_name(Requirement(line).name) for line in self.dependencies}
        except InvalidRequirement as error:
            raise malformed("pyproject.toml", f"dependencies: {error}") from error


class _PyProject(BaseModel):
    project: Project = Field(default_factory=Project)


class _LockedDependency(BaseModel):
    name: str


class _LockedPackage(BaseModel):
    source: dict[str, Any] = Field(default_factory=dict)
    dependencies: list[_LockedDependency] = Field(default_factory=list)


class _Lock(BaseModel):
    package: list[_LockedPackage] = Field(default_factory=list)


def read_project(text: str | None) -> Project:
    """Read `pyproject.toml`; a project without one says nothing.

    Raises:
        InvalidInput: It is malformed.
    """
    return _read("pyproject.toml", text or "", _PyProject).project


def locked_names(text: str) -> set[str]:
    """Canonical names of the dependencies that `uv.lock` knows of the project at the root.

    Raises:
        InvalidInput: It is malformed.
    """
    return {
        canonicalize_name(dependency.name)
        for package in _read("uv.lock", text, _Lock).package
        if "." in (package.source.get("virtual"), package.source.get("editable"))
        for dependency in package.dependencies
    }


def malformed(file: str, why: str) -> InvalidInput:
    """A file that cannot be read."""
    return InvalidInput(f"{file} cannot be read: {why}", remedy=f"Correct {file} and push again.")


def _read(file: str, text: str, model: type[_Table]) -> _Table:
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise malformed(file, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        why = re.sub(r"^String should match pattern .*", "it is not allowed here", first["msg"])
        raise malformed(file, f"{where}: {why}") from error
