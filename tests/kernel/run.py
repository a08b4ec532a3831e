#!/usr/bin/python3
"""Runs the kernel tests (tests/kernel/<topic>/<name>.test) with the real binary on the running kernel, as root.

The format of the files is described in tests/kernel/README.md. Results go to standard output, one line per test, and
with --results to a file of JSON lines.
"""

import argparse
import concurrent.futures
import difflib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import features  # noqa: E402
import format as test_format  # noqa: E402
import leaks  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ATTACH_NOTICE = re.compile(r"^Attached \d+ probes?\n", re.M)
BEGUN, ENDED = "===begun=== ", "===ended=== "  # notices of --stream
GRACE = 10  # seconds for a signalled sonde to end, and for the kernel to free what it held


class Failure(Exception):
    """Why a test failed, for the reader of the report."""


class Run:
    """One execution of one test: its scratch folder, its processes and what they wrote."""

    def __init__(self, test, settings):
        self.test, self.settings = test, settings
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="sonde-test-"))
        self.deadline = time.monotonic() + float(test.get("TIMEOUT", "20")) * settings.slow
        build = settings.build
        self.places = {"TMP": self.tmp, "ROOT": ROOT, "BIN": build / "test-programs", "HERE": test.path.parent,
                       "PREBUILT": build / "prebuilt" / test.name, "SONDE": build / "sonde",
                       "SONDE_RUN": build / "sonde-run"}
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                            "LC_ALL": "C", "TZ": "UTC", "TMPDIR": str(self.tmp),
                            **{name: str(path) for name, path in self.places.items() if name != "TMP"},
                            "TMP": str(self.tmp), **settings.sanitizer}
        for line in test.lines("ENV"):
            name, _, value = self.fill(line).partition("=")
            self.environment[name] = value

    def fill(self, text):
        for name, path in self.places.items():
            text = text.replace("{{" + name + "}}", str(path))
        return text

    def left(self):
        """Seconds until the test's time is up."""
        rest = self.deadline - time.monotonic()
        if rest <= 0:
            raise Failure("timed out")
        return rest

    def shell(self, script, what):
        """Runs a helper script to its end; its failure is the test's."""
        process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", script], cwd=self.tmp, env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, start_new_session=True)
        try:
            output, _ = process.communicate(timeout=self.left())
        except subprocess.TimeoutExpired as error:
            raise Failure(f"{what} did not end in time") from error
        finally:
            kill_session(process)
        if process.returncode:
            raise Failure(f"{what} exited with {process.returncode}\n{output}")

    def command(self):
        """argv of the process under test, and the text for its standard input."""
        test = self.test
        if "SCRIPT" in test.fields:
            return ["bash", "-euo", "pipefail", "-c", self.fill(test.get("SCRIPT"))], None
        if "COMMAND" in test.fields:
            return shlex.split(self.fill(test.get("COMMAND"))), None
        options = shlex.split(self.fill(test.get("ARGS", "")))
        arguments = shlex.split(self.fill(test.get("ARGV", "")))
        program = [str(self.places["SONDE"]), *options]
        if "PROG" in test.fields:
            return [*program, "-e", self.fill(test.get("PROG")), *arguments], None
        if "FILE" in test.fields:
            return [*program, str(ROOT / self.fill(test.get("FILE"))), *arguments], None
        return [*program, "-", *arguments], self.fill(test.get("STDIN"))

    def execute(self):
        """Returns (exit status, stdout, stderr) of the process under test, having applied the test's load to it."""
        argv, text = self.command()
        notify_path = self.tmp / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, \
                open(self.tmp / "stdout", "w+b") as out, open(self.tmp / "stderr", "w+b") as err:
            notify.bind(str(notify_path))
            environment = {**self.environment, "NOTIFY_SOCKET": str(notify_path)}
            process = subprocess.Popen(argv, cwd=self.tmp, env=environment, stdout=out, stderr=err,
                                       stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
                                       start_new_session=True)
            try:
                if text is not None:
                    process.stdin.write(text.encode())
                    process.stdin.close()
                if "RUN" in self.test.fields:
                    self.await_ready(process, notify)
                    self.shell(self.fill(self.test.get("RUN")), "RUN")
                self.end(process)
            finally:
                strays = kill_session(process)
            if strays:
                raise Failure(f"left processes behind: {', '.join(strays)}")
            return process.returncode, *((self.tmp / name).read_text(errors="backslashreplace")
                                         for name in ("stdout", "stderr"))

    def await_ready(self, process, notify):
        notify.settimeout(0.2)
        while True:
            self.left()
            try:
                if b"READY=1" in notify.recv(4096).split(b"\n"):
                    return
            except TimeoutError:
                pass
            if process.poll() is not None:
                raise Failure(f"ended with {process.returncode} before it was ready\n"
                              + (self.tmp / "stderr").read_text(errors="backslashreplace"))

    def end(self, process):
        """With a load that is over the process is told to stop; without one it has to end by itself."""
        name = self.test.get("SIGNAL", "INT" if "RUN" in self.test.fields else "none")
        if name != "none" and process.poll() is None:
            process.send_signal(getattr(signal, "SIG" + name))
            self.deadline = max(self.deadline, time.monotonic() + GRACE * self.settings.slow)
        try:
            process.wait(self.left())
        except subprocess.TimeoutExpired as error:
            raise Failure("did not end" + (f" after SIG{name}" if name != "none" else " in time") + "\n"
                          + self.excerpt()) from error

    def excerpt(self):
        texts = []
        for name in ("stdout", "stderr"):
            path = self.tmp / name
            text = path.read_text(errors="backslashreplace") if path.exists() else ""
            if text.strip():
                texts.append(f"--- {name}\n{text[-3000:]}")
        return "\n".join(texts)

    def judge(self, status, out, err):
        test = self.test
        wanted = int(test.get("EXIT", "0"))
        if test.get("SIGNAL") == "KILL" and "EXIT" not in test.fields:
            wanted = -signal.SIGKILL
        if status != wanted:
            raise Failure(f"exit status {status}, not {wanted}")
        notes = ATTACH_NOTICE.sub("", err)
        if "EXPECT" in test.fields and out.strip("\n") != self.fill(test.get("EXPECT")).strip("\n"):
            raise Failure("stdout differs:\n" + diff(self.fill(test.get("EXPECT")), out))
        for field, text, name in (("EXPECT_HAS", out, "stdout"), ("EXPECT_ERR", err, "stderr")):
            self.in_order([re.escape(self.fill(line)) for line in test.lines(field)], text, name)
        for field, text, name in (("EXPECT_REGEX", out, "stdout"), ("EXPECT_ERR_REGEX", err, "stderr")):
            self.in_order([self.fill(line) for line in test.lines(field)], text, name)
        for line in test.lines("REJECT_REGEX"):
            if re.search(self.fill(line), out + err, re.M):
                raise Failure(f"must not match: {line}")
        if notes.strip() and not {"ANY_ERR", "EXPECT_ERR", "EXPECT_ERR_REGEX"} & test.fields.keys():
            raise Failure("unexpected output on stderr")
        if "CHECK" in test.fields:
            self.shell(self.fill(test.get("CHECK")), "CHECK")

    def in_order(self, patterns, text, name):
        position = 0
        for pattern in patterns:
            match = re.compile(pattern, re.M).search(text, position)
            if not match:
                raise Failure(f"{name} has no match{' (after the previous one)' if position else ''} for: {pattern}")
            position = match.end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.tmp, ignore_errors=True)


def kill_session(process):
    """Ends what is left of a process' session and returns the names of those that were still there."""
    strays = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            after_name = (path / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[3]) == process.pid and after_name[0] != "Z" and int(path.name) != process.pid:
                strays.append((path / "comm").read_text().strip())
                os.kill(int(path.name), signal.SIGKILL)
        except (OSError, IndexError):
            continue  # ended meanwhile
    if process.poll() is None:
        process.kill()
        process.wait()
    return strays


def diff(wanted, got):
    return "\n".join(difflib.unified_diff(wanted.strip("\n").split("\n"), got.strip("\n").split("\n"), "expected",
                                          "got", lineterm=""))


def run_test(test, settings, leak_check):
    """(status, detail) of one test; status is pass, fail or skip."""
    missing = [feature for feature in test.words("REQUIRES") if not features.has(feature)]
    if missing:
        return "skip", "this kernel has no " + ", ".join(missing)
    with Run(test, settings) as run:
        try:
            if "BEFORE" in test.fields:
                run.shell(run.fill(test.get("BEFORE")), "BEFORE")
            status, out, err = run.execute()
            run.judge(status, out, err)
            result = "pass", ""
        except Failure as failure:
            result = "fail", f"{failure}\n{run.excerpt()}"
        if "AFTER" in test.fields:
            try:
                run.deadline = time.monotonic() + GRACE * settings.slow
                run.shell(run.fill(test.get("AFTER")), "AFTER")
            except Failure as failure:
                result = "fail", f"{result[1]}\n{failure}".strip()
    left = leak_check.leaked(GRACE * settings.slow)
    if left:
        result = "fail", f"left in the kernel: {', '.join(left)}\n{result[1]}".strip()
    return result


def prebuild(tests, settings):
    """Runs the PREBUILT scripts, whose products the tests use on every kernel. Returns {name: reason} of failures."""
    failed = {}
    for test in tests:
        if "PREBUILT" not in test.fields:
            continue
        if not all(features.has(word) for word in test.words("REQUIRES") if word.startswith("command:")):
            continue  # skipped later, with the reason
        with Run(test, settings) as run:
            folder = run.places["PREBUILT"]
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            try:
                run.shell(f"cd {shlex.quote(str(folder))}\n" + run.fill(test.get("PREBUILT")), "PREBUILT")
            except Failure as failure:
                failed[test.name] = str(failure)
    return failed


class Report:
    """Prints each result once it is known and keeps all of them for the results file."""

    def __init__(self, path, total, stream):
        self._lock, self._total, self._stream, self.results = threading.Lock(), total, stream, []
        self._file = open(path, "w") if path else None

    def begin(self, test):
        if self._stream:
            with self._lock:
                print(f"{BEGUN}{test.name}", flush=True)

    def add(self, test, status, detail, seconds):
        row = {"name": test.name, "status": status, "detail": detail, "seconds": round(seconds, 2),
               "kernel": os.uname().release}
        with self._lock:
            self.results.append(row)
            word = {"pass": "ok  ", "fail": "FAIL", "skip": "skip"}[status]
            note = f" ({detail})" if status == "skip" else f" {seconds:.1f} s"
            print(f"{word} {len(self.results)}/{self._total} {test.name}{note}", flush=True)
            if status == "fail":
                print("     " + f"{test.about}\n{detail}".rstrip().replace("\n", "\n     "), flush=True)
            if self._file:
                self._file.write(json.dumps(row) + "\n")
                self._file.flush()
            if self._stream:
                print(f"{ENDED}{json.dumps(row)}", flush=True)

    def summary(self):
        counts = {status: sum(row["status"] == status for row in self.results) for status in ("pass", "fail", "skip")}
        print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped on {os.uname().release}")
        return 1 if counts["fail"] else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("patterns", nargs="*", help="run only tests whose name contains one of these")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="folder of the binaries")
    parser.add_argument("--tests", type=pathlib.Path, default=HERE, help="folder that holds the topics")
    parser.add_argument("--results", help="file of JSON lines to write")
    parser.add_argument("--stream", action="store_true",
                        help="also print a notice when a test begins and a JSON line when it ends")
    parser.add_argument("--done", type=pathlib.Path, help="file with the names of tests to leave out, one a line")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--slow", type=float, default=1.0, help="factor on all time limits")
    parser.add_argument("--prebuild", choices=("also", "only", "no"), default="also",
                        help="whether to run the PREBUILT scripts before the tests")
    settings = parser.parse_args()
    settings.build = settings.build.resolve()
    settings.sanitizer = {"UBSAN_OPTIONS": "print_stacktrace=1"}
    return settings


def main():
    settings = arguments()
    try:
        tests = test_format.discover(settings.tests, settings.patterns)
    except test_format.FormatError as error:
        print(error, file=sys.stderr)
        return 2
    if os.geteuid():
        print("the kernel tests need root", file=sys.stderr)
        return 2
    unbuilt = prebuild(tests, settings) if settings.prebuild != "no" else {}
    if settings.prebuild == "only":
        for name, reason in unbuilt.items():
            print(f"{name}: {reason}", file=sys.stderr)
        return 1 if unbuilt else 0

    if settings.done:
        done = set(settings.done.read_text().split())
        tests = [test for test in tests if test.name not in done]
    leak_check, report = leaks.LeakCheck(), Report(settings.results, len(tests), settings.stream)

    def one(test):
        begin = time.monotonic()
        report.begin(test)
        try:
            status, detail = ("fail", unbuilt[test.name]) if test.name in unbuilt else \
                run_test(test, settings, leak_check)
        except Exception as error:  # a defect of the runner or of the file must not pass for a result
            status, detail = "fail", f"{type(error).__name__}: {error}"
        report.add(test, status, detail, time.monotonic() - begin)

    with concurrent.futures.ThreadPoolExecutor(settings.jobs) as pool:
        list(pool.map(one, [test for test in tests if "ALONE" not in test.fields]))
    for test in tests:
        if "ALONE" in test.fields:
            one(test)
    return report.summary()


if __name__ == "__main__":
    sys.exit(main())
