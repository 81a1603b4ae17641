"""The one root of every error that a person may get to see.

An error carries three things for three readers: ``code`` for programs and logs, ``user_message`` (one polite
Chinese sentence) for the person in the conversation or at the command line, and ``hint`` for the operator who
has to mend it. Exception text is never shown to a visitor.
"""

from __future__ import annotations


class WenyuError(Exception):
    """Base class; subclass it and set ``code`` and ``status``.

    Args:
        user_message: one complete Chinese sentence that is safe to show to anybody.
        hint: what the operator can do about it; may name settings and files, never secrets or user text.
        code: snake_case identifier, stable across releases; the class's own one when left out.
    """

    code: str = "internal_error"
    status: int = 400

    def __init__(self, user_message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(user_message)
        self.user_message = user_message
        self.hint = hint
        if code is not None:
            self.code = code


class DataError(WenyuError):
    """Input data (a file, a table, a document) that cannot be taken; ``problems`` lists them by line.

    Args:
        user_message: the summary sentence.
        problems: one Chinese line a problem, each naming the file and line it was found in.
    """

    code = "invalid_data"

    def __init__(self, user_message: str, problems: tuple[str, ...] = (), *, hint: str = "") -> None:
        super().__init__(user_message, hint=hint)
        self.problems = problems
