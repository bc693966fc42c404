"""The way in and out of the command line: exit codes, and one line for what is wrong.

0 done (an infeasible machine is a result), 1 something of ours is wrong, 2 the input is wrong,
130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import typer

from qres.errors import InputError, ToolError

ClickException: type[Exception] = typer.BadParameter.__bases__[0].__bases__[0]
"""What typer raises for unknown commands and options; typer gives it no public name."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
ISSUES = "this is a bug of qres; please report it with the lines above"


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; only Ctrl-C inside an exit handler escapes."""
    try:
        code = _invoke(arguments)
        sys.stdout.flush()
        return code
    except InputError as error:
        return _say(str(error), 2)
    except ToolError as error:
        return _say(str(error), 1)
    except ClickException as error:
        return _say(_usage(error), 2)
    except (KeyboardInterrupt, EOFError, typer.Abort) as error:
        return _say(str(error) or "interrupted", 130)
    except BrokenPipeError:
        return _close_stdout(0)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            return _close_stdout(_say(f"the output cannot be written ({error.strerror})", 2))
        traceback.print_exc(file=sys.stderr)
        return _say(f"{type(error).__name__}: {ISSUES}", 1)


def _invoke(arguments: Sequence[str]) -> int:
    from qres.cli.app import app

    command = typer.main.get_command(app)
    try:
        with command.make_context("qres", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as finished:
        return finished.exit_code
    return 0


def _say(text: str, code: int) -> int:
    """Print one line to stderr and return `code`."""
    print("qres: " + " ".join(text.split("\n")), file=sys.stderr)
    return code


def _usage(error: Exception) -> str:
    """Return typer's complaint on one line, with the command whose help says more."""
    text = getattr(error, "format_message", error.__str__)()
    context = getattr(error, "ctx", None)
    return f"{text} (see '{context.command_path if context else 'qres'} --help')"


def _close_stdout(code: int) -> int:
    """Drop what is left to print when the reader (`head`, a pager) has gone or the disk is full."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code
