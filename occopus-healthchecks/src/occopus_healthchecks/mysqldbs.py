"""Do MySQL or MariaDB databases let their users in?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from occopus.plugins import Target
from occopus_healthchecks import limits
from occopus_healthchecks.attempts import Deadline, failures

PORT = 3306


def check(target: Target, settings: Sequence[Mapping[str, str]]) -> str | None:
    """Return None if one can connect to every database with its `name`, `user` and `pass`, else those where not, each with the reason.

    No password is ever part of a reason.
    """
    attempts = [(_name(number, each), partial(_log_in, target.address, each)) for number, each in enumerate(settings, 1)]
    return failures(attempts, limits.DATABASES)


def _name(number: int, database: Mapping[str, str]) -> str:
    return _unless_secret(f"database {database['name']}", database) or f"database no. {number}"


def _log_in(host: str, database: Mapping[str, str], deadline: Deadline) -> str | None:
    import pymysql  # noqa: PLC0415 - most descriptions name no database

    with deadline.connection(host, PORT) as sock:
        try:
            # The password goes as bytes: PyMySQL would encode text as Latin-1. TLS is used where the server offers it.
            server = pymysql.Connection(
                host=host,
                user=database["user"],
                password=database["pass"].encode(),
                database=database["name"],
                defer_connect=True,
            )
            server.connect(sock)
            server.close()
        except pymysql.MySQLError as error:
            number, *texts = error.args or ("?",)
            return _unless_secret(f"{' '.join(map(str, texts))} (error {number})", database) or f"error {number}"
        except Exception as error:  # PyMySQL trips in many ways over what is no MySQL, and over what it needs a further package for
            kind = type(error).__name__
            return _unless_secret(f"can't log in: {kind}: {error}", database) or f"can't log in: {kind}"
    return None


def _unless_secret(text: str, database: Mapping[str, str]) -> str | None:
    """The text, unless it holds the password. To cut only that out would show what it was, where it is a short or common word."""
    password = database["pass"]
    return None if password and password in text else text
