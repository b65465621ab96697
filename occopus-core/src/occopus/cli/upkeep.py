"""Passes over an infrastructure, and what is said of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from occopus.cli.app import App
from occopus.cli.progress import lines, watching
from occopus.engine.converging import Outcome
from occopus.errors import Interrupted, OccopusError
from occopus.manager import InfrastructureManager

DONE = {"create": "created", "resume": "finished", "drop": "dropped", "await": "awaited"}


class Upkeep:
    """Maintains one infrastructure for a command."""

    def __init__(self, app: App, infra_id: str, force_replace: bool, parallelize: bool) -> None:
        self._app = app
        self._infra_id = infra_id
        self._force_replace = force_replace
        self._manager = app.open(InfrastructureManager, parallelize=parallelize)
        self._said: str | None = None

    def once(self) -> Outcome:
        """One pass."""
        with watching(self._app, "maintaining", self._infra_id, self._goes_on) as watcher:
            outcome = self._manager.maintain(self._infra_id, watcher, force_replace=self._force_replace)
        self._app.say(summary(outcome, self._infra_id))
        return outcome

    def again_and_again(self, interval: float, after: Callable[[Outcome], None]) -> None:
        """Passes until Ctrl-C. Only news are told: of passes that find everything well, the first."""

        def told(news: Outcome | Exception) -> None:
            if isinstance(news, Outcome) and news.done:
                self._said = None  # also what is done a second time is news
            self._say_once(self._in_words(news))
            if isinstance(news, Outcome):
                self._after(news, after)

        watcher = lines(self._app, "maintaining", self._infra_id, self._goes_on)
        self._manager.keep(self._infra_id, interval, told, watcher, force_replace=self._force_replace)
        self._app.say("stopped")

    def _after(self, outcome: Outcome, after: Callable[[Outcome], None]) -> None:
        try:
            after(outcome)
        except OccopusError as error:  # the next pass comes all the same
            self._app.say(f"error: {error.message}")

    @property
    def _goes_on(self) -> str:
        return f"'occopus maintain -i {self._infra_id}' goes on where it ended"

    def _say_once(self, text: str) -> None:
        if text != self._said:
            self._app.say(text)
        self._said = text

    def _in_words(self, news: Outcome | Exception) -> str:
        if isinstance(news, Outcome):
            return summary(news, self._infra_id)
        if isinstance(news, Interrupted):
            return f"{news.message}: {news.hint}"
        if isinstance(news, OccopusError):
            return f"error: {news.message}" + (f"\n  = {news.hint}" if news.hint else "")
        return f"error: something unexpected went wrong: {type(news).__name__}: {news}"


def summary(outcome: Outcome, infra_id: str) -> str:
    """What a pass came to."""
    counts = Counter(DONE[step.action] for step in outcome.done)
    total = ", ".join(f"{number} {what}" for what, number in counts.items()) or "nothing to do"
    if not outcome.exists:
        total += "; it is destroyed"
    unready = sum(instance.state != "ready" for instance in outcome.instances)
    if unready:
        total += f"; {unready} of {len(outcome.instances)} instances are not ready: 'occopus report -i {infra_id}' says why"
    return "\n".join([*(f"warning: {warning}" for warning in outcome.warnings), total])
