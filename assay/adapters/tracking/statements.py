"""The registry's side of a change of champion: aliases, and statements for servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.adapters.tracking.client import is_not_found, mlflow_client, reaching_mlflow
from assay.history.statement import STATEMENT_TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from assay.settings import Settings

_INSERTED_FIRST = ("UNIQUE constraint failed", "UniqueViolation", "Duplicate entry")
"""As SQLite, PostgreSQL and MySQL say it."""


class Statements:
    """Signed statements in the tags of registered models.

    Every method raises `SourceError` if the server does not answer as it should.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = mlflow_client(settings)

    def of(self, model_name: str) -> dict[int, str]:
        """Return a model's statements by the number of their entry."""
        from mlflow.exceptions import MlflowException

        with reaching_mlflow(self._settings, f"read statements about {model_name!r}"):
            try:
                tags = self._client.get_registered_model(model_name).tags
            except MlflowException as error:
                if is_not_found(error):
                    return {}
                raise
        numbers = {name.removeprefix(STATEMENT_TAG): name for name in tags}
        return {int(n): tags[name] for n, name in numbers.items() if n.isdecimal()}

    def put(self, model_name: str, sequence: int, text: str) -> None:
        """Write the statement about an entry."""
        with reaching_mlflow(self._settings, f"write a statement about {model_name!r}"):
            _written(
                lambda: self._client.set_registered_model_tag(
                    model_name, f"{STATEMENT_TAG}{sequence}", text
                )
            )

    def drop_before(self, model_name: str, sequence: int) -> None:
        """Take away statements about earlier entries."""
        for number in self.of(model_name):
            if number < sequence:
                self._drop(model_name, number)

    def move_alias(self, model_name: str, alias: str, version: int | None) -> None:
        """Give an alias to a version, or take it away for None."""
        with reaching_mlflow(self._settings, f"move alias {alias!r} of {model_name!r}"):
            if version is not None:
                named = str(version)
                _written(
                    lambda: self._client.set_registered_model_alias(
                        model_name, alias, named
                    )
                )
            elif alias in self._client.get_registered_model(model_name).aliases:
                self._client.delete_registered_model_alias(model_name, alias)

    def aliases(self, model_name: str) -> dict[str, int]:
        """Return a model's aliases with their versions."""
        with reaching_mlflow(self._settings, f"read aliases of {model_name!r}"):
            found = self._client.get_registered_model(model_name).aliases
        return {str(name): int(version) for name, version in found.items()}

    def _drop(self, model_name: str, number: int) -> None:
        from mlflow.exceptions import MlflowException

        with reaching_mlflow(self._settings, f"tidy statements about {model_name!r}"):
            try:
                self._client.delete_registered_model_tag(
                    model_name, f"{STATEMENT_TAG}{number}"
                )
            except MlflowException as error:
                if not is_not_found(error):  # another writer tidied first
                    raise


def _written(write: Callable[[], None]) -> None:
    """Write what MLflow inserts or updates, again where another writer inserted first.

    MLflow looks and then inserts: of two that write one new key at once, its database
    refuses the second. There is something to update then.
    """
    from mlflow.exceptions import MlflowException

    try:
        write()
    except MlflowException as error:
        if not any(words in str(error) for words in _INSERTED_FIRST):
            raise
        write()
