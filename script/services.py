"""The servers that the demo and the benchmarks talk to: a registry and a git server, each on a free loopback port."""

import pathlib
import re
import signal
import subprocess
import sys
import time

here = pathlib.Path(__file__).resolve().parent


signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def end_on_signals() -> None:
    """A stop by signal is an ordinary end: services are stopped, files removed."""
    for number in signals:
        signal.signal(number, lambda number, _: sys.exit(128 + number))


def ignore_signals() -> None:
    """While that is done."""
    for number in signals:
        signal.signal(number, signal.SIG_IGN)


class Failure(Exception):
    """An expectation that was not met; `logs` are files whose ends tell more."""

    def __init__(self, message: str, *logs: pathlib.Path) -> None:
        super().__init__(message)
        self.logs = logs


class Service:
    """A process whose output goes to a log file, ended by its own pid."""

    def __init__(self, name: str, command: list, log: pathlib.Path, environment: dict | None = None) -> None:
        self.name, self.log = name, log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                # Control-C is for us: we end our services in order.
                start_new_session=True,
            )

    def wait_for(self, pattern: str, seconds: float = 10) -> str:
        """The first group of `pattern` once a line of the log matches."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if match := re.search(pattern, self.log.read_text(errors="replace"), re.MULTILINE):
                return match[1]
            if (status := self.process.poll()) is not None:
                raise Failure(f"{self.name} ended with status {status} instead of serving", self.log)
            time.sleep(0.05)
        raise Failure(f"{self.name} does not serve after {seconds:.0f} s", self.log)

    def stop(self, seconds: float = 20) -> int:
        """Asks the process to end and returns its status; kills it if it does not."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Registry(Service):
    """Debian's docker-registry; `address` is `127.0.0.1:PORT`."""

    def __init__(self, directory: pathlib.Path) -> None:
        directory.mkdir()
        configuration = directory / "registry.yml"
        configuration.write_text(
            "version: 0.1\n"
            "log: {level: info}\n"
            f"storage: {{filesystem: {{rootdirectory: '{directory}/data'}}, delete: {{enabled: true}}}}\n"
            "http: {addr: '127.0.0.1:0', secret: loopback}\n"
        )
        super().__init__("docker-registry", ["docker-registry", "serve", configuration], directory / "log")
        try:
            self.address = self.wait_for(r'listening on (127\.0\.0\.1:\d+)"')
        except Failure:
            self.stop()
            raise


class GitServer(Service):
    """Every repository below `directory`, by smart HTTP; `url` is their common prefix."""

    def __init__(self, directory: pathlib.Path) -> None:
        directory.mkdir()
        super().__init__("git server", [here / "git-server", directory], directory.with_suffix(".log"))
        try:
            self.url = self.wait_for(r"^(http://127\.0\.0\.1:\d+)$")
        except Failure:
            self.stop()
            raise
