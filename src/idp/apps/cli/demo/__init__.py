"""The main job on the example applications: git push, pipeline, four environments, one digest."""

from idp.apps.cli.demo.run import run_demo

__all__ = ["run_demo"]
