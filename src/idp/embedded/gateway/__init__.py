"""The gateway of one instance: a real Envoy, configured from Istio's `VirtualService`.

`engine.GatewayEngine` is the engine, `definitions` its CustomResourceDefinitions, `stop_gateway`
ends the Envoy that outlives the engine. README.md has the order of work.
"""

from idp.embedded.gateway.definitions import custom_resource_definitions
from idp.embedded.gateway.engine import GatewayEngine
from idp.embedded.gateway.process import stop_gateway

__all__ = ["GatewayEngine", "custom_resource_definitions", "stop_gateway"]
