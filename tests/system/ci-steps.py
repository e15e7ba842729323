#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ci-steps.py FILE JOB - what a runner executes of docs/ci/*.yml, as one shell script on stdout.

It reads the part of YAML that these files are written in, and refuses every line that it does not know. Variables whose value the runner
would fill in ("${{ … }}") come from the caller; the caller's own ones come before those of the file.
"""
import re
import sys

COMMANDS = ("before_script", "script", "after_script", "run")
VARIABLES = ("env", "variables")


def refuse(number, line):
    sys.exit(f"{sys.argv[1]}:{number}: not understood: {line}")


def read_lines(path):
    """(number, indent, text) of every line that is no comment; indent -1: empty."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if not text:
                yield number, -1, ""
            elif not text.startswith("#"):
                yield number, len(line) - len(line.lstrip()), line.rstrip()


class Job:
    def __init__(self, path):
        self.lines = list(read_lines(path))
        self.at = 0

    def block(self, indent):
        """The lines of "|" below a key that stands at indent, without their own indent."""
        taken = []
        while self.at < len(self.lines) and (self.lines[self.at][1] > indent or self.lines[self.at][1] < 0):
            taken.append(self.lines[self.at][2])
            self.at += 1
        while taken and not taken[-1]:
            taken.pop()
        width = min(len(line) - len(line.lstrip()) for line in taken if line)
        return "\n".join(line[width:] for line in taken)

    def value(self, indent, text):
        return self.block(indent) if text == "|" else text

    def items(self, indent):
        """The commands of a list below a key at indent."""
        while self.at < len(self.lines) and (self.lines[self.at][1] > indent or self.lines[self.at][1] < 0):
            number, own, line = self.lines[self.at]
            self.at += 1
            if own < 0:
                continue
            match = re.fullmatch(r"\s*- (.+)", line)
            if not match:
                refuse(number, line)
            yield self.value(own, match.group(1))

    def assignments(self, indent):
        while self.at < len(self.lines) and self.lines[self.at][1] > indent:
            number, _, line = self.lines[self.at]
            self.at += 1
            match = re.fullmatch(r"\s*([A-Z_]+): (.+)", line)
            if not match:
                refuse(number, line)
            if "${{" not in match.group(2):
                yield f': "${{{match.group(1)}:={match.group(2)}}}"; export {match.group(1)}'


def main():
    job = Job(sys.argv[1])
    name, steps, found = None, [], False
    while job.at < len(job.lines):
        number, indent, line = job.lines[job.at]
        job.at += 1
        if indent < 0:
            continue
        match = re.fullmatch(r"(\s*)(?:- )?([A-Za-z_-]+):(?: (.*))?", line)
        if not match:
            refuse(number, line)
        key, text = match.group(2), match.group(3) or ""
        if not text and key == sys.argv[2]:
            name, found = indent, True
        elif name is not None and indent <= name:
            name = None
        is_ours = name is not None or (key in VARIABLES and indent == 0)
        made = []
        if key in VARIABLES and not text:
            made = list(job.assignments(indent))
        elif key in COMMANDS:
            made = [job.value(indent, text)] if text else list(job.items(indent))
        if is_ours:
            steps += made
    if not found:
        sys.exit(f"{sys.argv[1]}: it has no job {sys.argv[2]}")
    print("set -eu\n" + "\n".join(steps))


main()
