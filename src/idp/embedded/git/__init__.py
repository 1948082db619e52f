"""Git repositories over smart HTTP, and a durable log of what was pushed to them.

`server.GitServer` is the engine; `server.git_application` is the same as an ASGI application that
runs by itself. See README.md for the order of work of a push.
"""

from idp.embedded.git.events import PushEvent
from idp.embedded.git.limits import Limits
from idp.embedded.git.push_log import PushLog
from idp.embedded.git.server import GitServer, git_application

__all__ = ["GitServer", "Limits", "PushEvent", "PushLog", "git_application"]
