"""What the lab tells its user instead of a traceback."""


class LabError(Exception):
    """Something the user can act on: one line, and the exit code that goes with it."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code
