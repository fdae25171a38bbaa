"""Follow a flow run: its state, its log lines, its progress, to the end."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import Console
from rich.status import Status

from deployments.platform.prefect_api import FINISHED, Json, PrefectApi

POLL_SECONDS = 1.0
UNEVENTFUL = "Finished in state Completed()"
"""Said of every task, without its name; a person wants to see what is special."""
LAST_LINES_SECONDS = 2.5
"""Prefect sends log lines in bundles, the last one up to two seconds after the end."""
TRACEBACK = "\nTraceback (most recent call last)"
"""Where a message turns into code lines; the run's page has them whole."""
LEVELS = {40: "red", 50: "bold red", 30: "yellow"}


@dataclass(slots=True)
class Followed:
    """A run that is followed, with its child runs.

    Attributes
    ----------
    api : PrefectApi
        Where it runs.
    run : dict
        The run as last seen.
    family : list of str
        Ids of the run and of the runs that it started.
    n_logs : int
        Log lines read so far.
    """

    api: PrefectApi
    run: Json
    family: list[str] = field(default_factory=list)
    n_logs: int = 0
    seen: set[str] = field(default_factory=set)

    @property
    def state(self) -> str:
        """State's name, as Prefect shows it."""
        return str(self.run.get("state_name") or self.run.get("state_type") or "unknown")

    @property
    def is_finished(self) -> bool:
        """Whether the state is final."""
        return self.run.get("state_type") in FINISHED

    @property
    def is_completed(self) -> bool:
        """Whether the run ended well."""
        return self.run.get("state_type") == "COMPLETED"

    @property
    def message(self) -> str:
        """What the state says, e.g. why it failed."""
        return str((self.run.get("state") or {}).get("message") or "")

    def refresh(self) -> None:
        """Read the run and its children anew."""
        self.run = self.api.run(self.run["id"])
        self.family = [self.run["id"]]
        generation = self.family
        while generation:
            children = self.api.runs(parent_flow_run_id={"any_": generation})
            generation = [c["id"] for c in children if c["id"] not in self.family]
            self.family = self.family + generation

    def new_logs(self) -> Iterator[Json]:
        """Yield the log lines that were not yielded yet."""
        while lines := self.api.logs(self.family, self.n_logs):
            self.n_logs += len(lines)
            for line in lines:
                if line["id"] not in self.seen:
                    self.seen.add(line["id"])
                    yield line
        # Lines of a child may be older than some that were read: look back a little.
        self.n_logs = max(0, self.n_logs - 50)

    def progress(self) -> str:
        """Return the running progress artifacts as text, e.g. ``search 40 %``."""
        shares = []
        for artifact in self.api.artifacts(self.family):
            if artifact.get("type") != "progress":
                continue
            with contextlib.suppress(TypeError, ValueError):
                share = float(json.loads(str(artifact["data"])))
                if share < 100:
                    label = artifact.get("description") or artifact.get("key") or ""
                    shares.append(f"{label} {share:.0f} %")
        return ", ".join(reversed(shares))


def follow(api: PrefectApi, flow_run_id: str, console: Console) -> Followed:
    """Show a run's log lines and progress until it is finished; return its end.

    Stopping to follow (Ctrl-C) does not stop the run.
    """
    followed = Followed(api, api.run(flow_run_id))
    name = followed.run["name"]
    console.print(
        f"run {name}: {api.run_page(flow_run_id)}", highlight=False, soft_wrap=True
    )
    with _status(console) as status:
        shown = ""
        while True:
            followed.refresh()
            _print_logs(followed, console)
            if followed.is_finished:
                time.sleep(LAST_LINES_SECONDS)
                _print_logs(followed, console)
                return followed
            now = f"{name}: {followed.state.lower()}  {followed.progress()}".rstrip()
            if status is not None:
                status.update(now)
            elif now != shown:
                console.print(now, highlight=False, soft_wrap=True)
            shown = now
            time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def _status(console: Console) -> Iterator[Status | None]:
    if not console.is_terminal:
        yield None
        return
    with console.status("waiting for the worker") as status:
        yield status


def _print_logs(followed: Followed, console: Console) -> None:
    for line in followed.new_logs():
        if line["message"] == UNEVENTFUL:
            continue
        clock = str(line["timestamp"])[11:19]
        style = LEVELS.get(int(line["level"]), "")
        console.print(
            f"  {clock} {line['message'].partition(TRACEBACK)[0]}",
            style=style,
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
