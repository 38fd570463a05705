"""``supercity up``: the whole city on one machine, by one command.

:mod:`~gateway.up.cast` says who exists, :mod:`~gateway.up.papers` makes their secrets,
:mod:`~gateway.up.plan` says which processes there are, :mod:`~gateway.up.supervisor` starts,
watches and ends them, :mod:`~gateway.up.checks` says when the city is up, and
:mod:`~gateway.up.screen` what a person sees.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gateway.settings import PREFIX, Settings
from gateway.up import plan, ports
from gateway.up.papers import Papers, PapersError
from gateway.up.screen import Screen
from gateway.up.supervisor import Supervisor, sole_owner


def run(
    settings: Settings,
    *,
    environ: Mapping[str, str],
    port_base: int = plan.USUAL_BASE,
    restart: bool = False,
) -> int:
    """Run a city until Ctrl-C.

    Args:
        settings: the data folder, the URLs of log, store and limits, the number of workers; the
            rest is made up here.
        environ: passed on to the processes, without any ``SUPERCITY_*`` of it.
        port_base: the first of the city's ports.
        restart: start a process again that dies; otherwise the city stops.

    Returns:
        the exit code: 0 after Ctrl-C, 1 when the city could not start or a process died.
    """
    screen = Screen()
    folder = settings.data_dir.absolute()
    try:
        with sole_owner(folder):
            papers = Papers.keep(folder)
            drawn = plan.draw(settings, papers, port_base)
            busy = ports.taken(drawn.ports.all())
            if busy:
                screen.say(ports.explain(busy, port_base))
                return 1
            rest = {name: text for name, text in environ.items() if not name.startswith(PREFIX)}
            return asyncio.run(Supervisor(drawn, papers, rest, screen, restart).run())
    except BlockingIOError:
        screen.say(
            f"A city is already running with the data in {folder}: stop it with Ctrl-C in its "
            "terminal, or give this one a folder of its own with --data-dir."
        )
        return 1
    except PapersError as error:
        screen.say(str(error))
        return 1
