"""The command line: arguments in, text out.

`app` has the commands, `door` the exit codes, `output` and `progress` what is written where. The
commands import what they need in their bodies, so that `qres --help` is immediate.
"""
