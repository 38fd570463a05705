"""``supercity up``, and each process of the city by itself: the composition root.

Here alone the environment is read, and everything is put together from it. Modules are imported
inside the commands, so that each process loads only its own.
"""

from __future__ import annotations

import os
from typing import Annotated
from urllib.parse import urlsplit

import typer

from gateway.serving import configure_logging, serve
from gateway.settings import PREFIX, Settings

_USUAL_PORTS = {"gateway": 8000, "control": 8001, "broker": 8002, "connectors": 8003}
_SERVICES_PORT = 8004


_SOURCE = typer.Option(help="<domain>.<feed>=<URL or path> of a real feed; repeat it.")


def _settings(**given: str) -> Settings:
    """From the environment, and what the command line says instead."""
    chosen = {PREFIX + name: text for name, text in given.items() if text}
    return Settings.from_environ({**os.environ, **chosen})


def up(
    data_dir: Annotated[
        str, typer.Option(help="Folder for keys, data and logs; .supercity when left out.")
    ] = "",
    port_base: Annotated[
        int,
        typer.Option(min=1024, max=64_000, help="First of five ports; metrics are 1000 above."),
    ] = 8000,
    log_url: Annotated[str, typer.Option(help="kafka://host:port instead of the own log.")] = "",
    store_url: Annotated[
        str, typer.Option(help="postgresql+asyncpg://… instead of SQLite files.")
    ] = "",
    limits_url: Annotated[
        str, typer.Option(help="redis://host:port instead of limits in each process.")
    ] = "",
    workers: Annotated[int, typer.Option(help="Gateway processes; half the cores if 0.")] = 0,
    source: Annotated[list[str] | None, _SOURCE] = None,
    sample: Annotated[
        bool, typer.Option(help="Feeds without a source are the sample city's.")
    ] = True,
    deliver_to: Annotated[
        str,
        typer.Option(help="Network inside that webhooks may go to: 127.0.0.0/8 for this machine."),
    ] = "",
    restart: Annotated[
        bool, typer.Option(help="Start a process again that dies; otherwise the city stops.")
    ] = False,
) -> None:
    """Start the whole city on this machine; Ctrl-C stops it."""
    from gateway import up as city

    given = {
        "DATA_DIR": data_dir,
        "LOG_URL": log_url,
        "STORE_URL": store_url,
        "LIMITS_URL": limits_url,
        "WORKERS": str(workers or ""),
        "SOURCES": " ".join(source or []),
        "SAMPLE": "true" if sample else "false",
        "DELIVER_TO": deliver_to,
    }
    settings = _settings(**given)
    code = city.run(settings, environ=os.environ, port_base=port_base, restart=restart)
    raise typer.Exit(code)


def gateway() -> None:
    """Run the data plane: the one public process."""
    from gateway import worker

    settings = _settings()
    settings.require("gateway_key", "pairwise_key")
    configure_logging()
    worker.run(
        worker.GatewayConfig(
            host=settings.host,
            port=settings.port or _USUAL_PORTS["gateway"],
            workers=settings.workers or os.cpu_count() or 1,
            admin_host=settings.host,
            admin_port=settings.admin_port,
            control_url=settings.control_url,
            state_dir=settings.data_dir / "gateway",
            gateway_key=settings.gateway_key.encode(),
            pairwise_key=settings.pairwise_key.encode(),
            limits_url=settings.limits_url,
            access_log="-",
            tls_cert=settings.tls_cert,
            tls_key=settings.tls_key,
            tls_client_ca=settings.tls_client_ca,
            trace_ratio=settings.trace_ratio,
            otlp_url=settings.otlp_url,
        )
    )


def control() -> None:
    """Run the control plane: authorization server, catalogue, policy."""
    from gateway.control import bootstrap_file
    from gateway.control.app import create_control

    settings = _settings()
    settings.require("gateway_key", "pairwise_key")
    configure_logging()
    if settings.bootstrap:
        bootstrap_file.read(settings.bootstrap)  # so that a mistake is told here, in words
    app = create_control(
        public_url=settings.public_url,
        store_url=settings.store_url,
        master_key=settings.pairwise_key.encode(),
        gateway_key=settings.gateway_key,
        bootstrap=settings.bootstrap,
        gateway_url=settings.gateway_url,
        own_url=settings.control_url,
        deliver_to=settings.deliver_to,
        metrics_urls=settings.metrics_urls,
        map_base=settings.map_base,
    )
    serve(app, settings.host, settings.port or _USUAL_PORTS["control"])


def broker(
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Where to listen; 8002 if left out.")
    ] = 0,
    host: Annotated[
        str, typer.Option(help="Address to listen on; alone, 127.0.0.1 if left out.")
    ] = "",
    store_url: Annotated[
        str, typer.Option(help="postgresql+asyncpg://… or sqlite+aiosqlite:///folder.")
    ] = "",
    log_url: Annotated[str, typer.Option(help="kafka://host:port or sqlite:///folder.")] = "",
    public_url: Annotated[str, typer.Option(help="Its address as callers know it.")] = "",
    alone: Annotated[
        bool,
        typer.Option(help="No gateway and no tokens: whoever reaches it may do everything."),
    ] = False,
    allow_private: Annotated[
        bool, typer.Option(help="Notify, and fetch contexts from, private addresses too.")
    ] = False,
) -> None:
    """Run the broker: context entities and events.

    With --port and no SUPERCITY_GATEWAY_KEY, or with --alone, it runs by itself.
    """

    from services.broker.app import create_broker
    from services.broker.consent.control import HttpControl

    settings = _settings(
        PORT=str(port or ""),
        STORE_URL=store_url,
        LOG_URL=log_url,
        PUBLIC_URL=public_url,
        DELIVER_TO="any" if allow_private else "",
    )
    alone = alone or bool(port and not settings.gateway_key)
    if not alone:
        settings.require("gateway_key")
    configure_logging()
    app = create_broker(
        store_url=settings.store_url,
        log_url=settings.log_url,
        gateway_key="" if alone else settings.gateway_key,
        deliver_to=settings.deliver_to,
        origin=urlsplit(settings.public_url).hostname or "",
        public_url=public_url if alone else settings.public_url,
        standalone=alone,
        control=None if alone else HttpControl(settings.control_url, settings.gateway_key),
    )
    # alone it is open: to this machine, unless it is told otherwise here
    address = host or ("127.0.0.1" if alone else settings.host)
    serve(app, address, settings.port or _USUAL_PORTS["broker"])


def connectors(
    only: Annotated[
        list[str] | None, typer.Option(help="A domain to run; repeat it. All when left out.")
    ] = None,
    source: Annotated[list[str] | None, _SOURCE] = None,
) -> None:
    """Run the domain connectors, all in one process or only some."""
    from connectors.host import create_host

    settings = _settings(SOURCES=" ".join(source or []))
    settings.require("gateway_key", "client_id", "client_secret")
    configure_logging()
    app = create_host(
        store_url=settings.store_url,
        gateway_url=settings.gateway_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        gateway_key=settings.gateway_key,
        only=tuple(only or ()),
        sources=dict(one.split("=", 1) for one in settings.sources.split()),
        sample=settings.sample,
    )
    serve(app, settings.host, settings.port or _USUAL_PORTS["connectors"])


def services() -> None:
    """Run the cross-domain services."""
    from services.evacuation.app import create_evacuation

    settings = _settings()
    settings.require("gateway_key", "client_id", "client_secret")
    configure_logging()
    app = create_evacuation(
        store_url=settings.store_url,
        gateway_url=settings.gateway_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        gateway_key=settings.gateway_key,
    )
    serve(app, settings.host, settings.port or _SERVICES_PORT)
