"""Pure renderings: workflows, files of the environment's repository, roles, policies."""

from idp.capabilities.promotion.render.workflows import promotion_workflow, push_workflow

__all__ = ["promotion_workflow", "push_workflow"]
