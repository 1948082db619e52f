"""What Envoy is started with: one listener, the admin interface, where the rest is read. Pure.

The rest (clusters, endpoints, routes) is in files beside it and changes without a restart.
Reference: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto
"""

from __future__ import annotations

from typing import Any

from idp.kernel.resource import Manifest

TYPES = "type.googleapis.com/"
ROUTE_CONFIGURATION = "ingress"
ADMIN_SOCKET = "admin.sock"
ACCESS_LOG = "access.log"
CLUSTERS_FILE = "clusters.json"
ROUTES_FILE = "routes.json"

_IDLE_SECONDS = 3600
_WATCHDOG = {"miss_timeout": "5s", "megamiss_timeout": "10s"}
"""By default Envoy's threads show every 100 ms that they live: 60 wake-ups a second, for nobody."""


def file_source(path: str) -> Manifest:
    """Resources in a file of Envoy's folder; a rename onto it is noticed at once."""
    return {"path_config_source": {"path": f"./{path}"}, "resource_api_version": "V3"}


def bootstrap(*, environment: str, port: int) -> Manifest:
    """Render the bootstrap configuration.

    Args:
        environment: Names the node.
        port: On the loopback interface.
    """
    return {
        "node": {"id": environment, "cluster": "gateway"},
        # A socket file, so that only who may read the folder may command Envoy.
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}},
        "stats_config": {
            "stats_matcher": {
                "inclusion_list": {
                    "patterns": [
                        {"prefix": "cluster_manager.cds."},
                        {"prefix": f"http.ingress.rds.{ROUTE_CONFIGURATION}."},
                    ]
                }
            }
        },
        "dynamic_resources": {"cds_config": file_source(CLUSTERS_FILE)},
        "static_resources": {"listeners": [_listener(port)]},
        "watchdogs": {"main_thread_watchdog": _WATCHDOG, "worker_watchdog": _WATCHDOG},
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": TYPES + "envoy.extensions.resource_monitors."
                        "downstream_connections.v3.DownstreamConnectionsConfig",
                        "max_active_downstream_connections": 10_000,
                    },
                }
            ]
        },
    }


def _listener(port: int) -> Manifest:
    return {
        "name": "ingress",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        # Otherwise a second Envoy would share the port in silence.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": 65536,
        "filter_chains": [
            {"filters": [{"name": "http", "typed_config": _http_connection_manager()}]}
        ],
    }


def _http_connection_manager() -> Manifest:
    return {
        "@type": TYPES + "envoy.extensions.filters.network.http_connection_manager.v3."
        "HttpConnectionManager",
        "stat_prefix": "ingress",
        "rds": {
            "route_config_name": ROUTE_CONFIGURATION,
            "config_source": file_source(ROUTES_FILE),
        },
        "use_remote_address": True,
        "normalize_path": True,
        "server_header_transformation": "PASS_THROUGH",
        "stream_idle_timeout": f"{_IDLE_SECONDS}s",
        "common_http_protocol_options": {"idle_timeout": f"{_IDLE_SECONDS}s"},
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "http_filters": [
            {
                "name": "router",
                "typed_config": {
                    "@type": TYPES + "envoy.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            }
        ],
        "local_reply_config": {"mappers": _local_replies()},
        "access_log": [_access_log()],
    }


def _local_replies() -> list[Manifest]:
    """Answers that Envoy gives by itself say what is wrong and what to do."""
    return [
        _local_reply(
            ["NR"],
            error="NotFound",
            message="no application answers at this host and path",
            host="%REQ(:AUTHORITY)%",
            path="%REQ(:PATH)%",
            remedy="List the addresses with `idp-cli apps`.",
        ),
        _local_reply(
            ["UH"],
            error="NoReadyReplica",
            message="the application has no ready replica",
            application="%UPSTREAM_CLUSTER%",
            remedy="Look at `idp-cli app` and `idp-cli logs` for the cause.",
        ),
        _local_reply(
            ["UF", "UC", "URX"],
            error="NoConnection",
            message="the application does not accept the connection or closed it",
            application="%UPSTREAM_CLUSTER%",
            reason="%RESPONSE_CODE_DETAILS%",
        ),
        _local_reply(
            ["UT"],
            error="Timeout",
            message="the application did not answer in time",
            application="%UPSTREAM_CLUSTER%",
        ),
    ]


def _local_reply(flags: list[str], **body: str) -> Manifest:
    return {
        "filter": {"response_flag_filter": {"flags": flags}},
        "body_format_override": {"json_format": body},
    }


def _access_log() -> Manifest:
    line: dict[str, Any] = {
        "time": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "host": "%REQ(:AUTHORITY)%",
        "path": "%REQ(:PATH)%",
        "status": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "milliseconds": "%DURATION%",
        "bytes": "%BYTES_SENT%",
        "application": "%UPSTREAM_CLUSTER%",
        "upstream": "%UPSTREAM_HOST%",
        "request": "%REQ(X-REQUEST-ID)%",
    }
    return {
        "name": "file",
        "typed_config": {
            "@type": TYPES + "envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": ACCESS_LOG,
            "log_format": {"json_format": line},
        },
    }
