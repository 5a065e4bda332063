"""The demonstration itself; `script/demo` builds what it needs and starts it."""

import argparse
import dataclasses
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from peers import podman, podman_run_options
from services import Failure, GitServer, Registry, Service, end_on_signals, here, ignore_signals

seconds_per_run = 120


@dataclasses.dataclass
class Commit:
    """A change of the sample repository, and what must come of it."""

    subject: str
    edit: tuple[str, str, str] | None  # file, text, its replacement
    result: str


commits = [
    Commit("Count lines, words and bytes", None, "succeeded"),
    Commit("Say it in English", ("src/report.c", "%zu words, %zu bytes", "%zu words and %zu bytes"), "succeeded"),
    Commit("End lines with a carriage return", ("src/count.c", r"'\n'", r"'\r'"), "failed"),
]
# What the image of the last good commit prints: the tiny image's own /etc/passwd, counted.
expected_output = "/etc/passwd: 2 lines, 2 words and 71 bytes"
# What the broken commit's tests print.
expected_complaint = "expected 1 lines and 2 words, got 0 and 2"


class Demo:
    def __init__(self, executables: pathlib.Path, base: pathlib.Path, directory: pathlib.Path) -> None:
        self.caisson = executables.resolve() / "caisson"
        self.caisson_agent = executables.resolve() / "caisson-agent"
        self.base, self.directory = base, directory
        self.services: list[Service] = []
        self.began = time.monotonic()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def run(self, *command, cwd: pathlib.Path | None = None, **environment: str) -> str:
        """Runs a command to its end and returns what it printed; a failure shows all of its output."""
        words = [str(word) for word in command]
        done = subprocess.run(
            words, cwd=cwd, env={**os.environ, **environment}, text=True, stdin=subprocess.DEVNULL, capture_output=True
        )
        if done.returncode != 0:
            raise Failure(f"`{' '.join(words)}` ended with status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, service: Service) -> Service:
        self.services.append(service)
        return service

    # The world around the agent

    def start_servers(self) -> None:
        self.registry = self.start(Registry(self.directory / "registry"))
        self.git_server = self.start(GitServer(self.directory / "git"))
        self.say(f"registry at {self.registry.address}, git server at {self.git_server.url}")

    def push_base_images(self) -> None:
        for name in ["tiny", "toolchain"]:
            reference = f"{self.registry.address}/base/{name}:1"
            store = self.directory / "store"
            self.run(self.caisson, "build", "--root", store, "--tag", reference, "--push", self.base / name)
            self.say(f"built and pushed {reference}")

    def make_repository(self) -> None:
        self.run("git", "init", "--quiet", "--bare", "--initial-branch=main", self.directory / "git/team/web.git")
        self.clone = self.directory / "clone"
        shutil.copytree(here / "sample", self.clone)
        adapt(self.clone / "Dockerfile", {r"registry\.example\.org": self.registry.address})
        self.git("init", "--quiet", "--initial-branch=main")
        self.repository = f"{self.git_server.url}/team/web.git"
        self.git("remote", "add", "origin", self.repository)

    def git(self, *arguments: str) -> str:
        who = {"NAME": "Demo", "EMAIL": "demo@example.org"}
        identity = {f"GIT_{role}_{key}": value for role in ["AUTHOR", "COMMITTER"] for key, value in who.items()}
        return self.run(
            "git", *arguments, cwd=self.clone, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_NOSYSTEM="1", **identity
        ).strip()

    def push(self, commit: Commit) -> str:
        if commit.edit:
            name, text, replacement = commit.edit
            file = self.clone / name
            source = file.read_text()
            if text not in source:
                raise Failure(f"script/sample/{name} has no `{text}` to edit")
            file.write_text(source.replace(text, replacement))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", commit.subject)
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")

    # The agent

    def start_agent(self) -> None:
        listen = f"127.0.0.1:{free_port()}"
        self.agent_url = f"http://{listen}"
        pipelines = self.directory / "pipelines"
        pipelines.mkdir()
        pipeline = pipelines / "web.yaml"
        shutil.copyfile(here.parent / "pipelines/team.yaml", pipeline)
        adapt(pipeline, {"^repo: .*$": f"repo: {self.repository}", r"registry\.example\.org": self.registry.address})
        # The reference configuration as it is; what differs here stands above it in the environment.
        overrides = {
            "AGENT__DATA": f"{self.directory}/data",
            "AGENT__PIPELINES": f'["{pipelines}"]',
            "HTTP__LISTEN": listen,
            "GIT__INTERVAL": "1s",
            "GIT__SCHEMES": '["http"]',
            "QUEUE__STOP_TIMEOUT": "5s",
        }
        environment = {**os.environ, **{f"CAISSON__{key}": value for key, value in overrides.items()}}
        command = [self.caisson_agent, "serve", "--config", here.parent / "agent.conf"]
        self.agent = self.start(Service("caisson-agent", command, self.directory / "agent.log", environment))
        self.wait_until(self.is_healthy, 20, "the agent does not answer on /healthz")
        self.say(f"agent at {self.agent_url}, watching {self.repository}")

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.agent_url}/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def wait_until(self, condition, seconds: float, complaint: str):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if result := condition():
                return result
            if (status := self.agent.process.poll()) is not None:
                raise Failure(f"caisson-agent ended with status {status}", self.agent.log)
            time.sleep(0.1)
        raise Failure(f"{complaint} after {seconds:.0f} s", self.agent.log)

    def ask(self, *arguments: str) -> str:
        try:
            return self.run(self.caisson, *arguments, "--agent", self.agent_url)
        except Failure as failure:
            failure.logs += (self.agent.log,)
            raise

    def finished_run(self, commit: str) -> dict | None:
        runs = [run for run in json.loads(self.ask("runs", "--json"))["runs"] if run["commit"] == commit]
        return next((run for run in runs if run["state"] not in ["queued", "running"]), None)

    def follow(self, commit: Commit) -> dict:
        """Pushes a commit, waits for what the agent makes of it, and holds it to what was expected."""
        identifier = self.push(commit)
        self.say(f"pushed {identifier[:7]}: {commit.subject}")
        run = self.wait_until(lambda: self.finished_run(identifier), seconds_per_run, f"no result for {identifier[:7]}")
        number = run["id"]
        steps = f"{run['cached_step_count']} of {run['step_count']} steps cached"
        self.say(f"run {number} {run['state']} in {run['duration_ms'] / 1000:.1f} s, {steps}")
        if run["state"] != commit.result:
            log = self.directory / f"run-{number}.log"
            log.write_text(self.ask("logs", str(number)))
            raise Failure(f"run {number} {run['state']}, expected {commit.result}", log, self.agent.log)
        return run

    # What must be true

    def tags(self, repository: str) -> dict[str, str]:
        """Every tag of a repository with its digest, asked of the registry itself."""
        names = self.registry_json(f"{repository}/tags/list").get("tags") or []
        return {name: self.manifest_digest(repository, name) for name in sorted(names)}

    def registry_json(self, path: str) -> dict:
        with urllib.request.urlopen(f"http://{self.registry.address}/v2/{path}", timeout=10) as answer:
            return json.load(answer)

    def manifest_digest(self, repository: str, tag: str) -> str:
        request = urllib.request.Request(
            f"http://{self.registry.address}/v2/{repository}/manifests/{tag}",
            method="HEAD",
            headers={"Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.headers["Docker-Content-Digest"]

    def check_rebuild(self, first: dict, second: dict) -> None:
        if second["cached_step_count"] == 0:
            raise Failure("the second commit was not rebuilt from cached layers", self.agent.log)
        if image(first)["digest"] == image(second)["digest"]:
            raise Failure("the second commit changed the program but not the image", self.agent.log)

    def check_clone(self, run: dict) -> None:
        """A new colleague's build: a fresh clone, an empty store, no agent."""
        clone = self.directory / "colleague"
        self.run("git", "clone", "--quiet", self.repository, clone)
        store = self.directory / "colleague-store"
        digest = self.run(
            self.caisson, "build", "--root", store, "--target", "app", "--progress", "quiet", clone
        ).strip()  # fmt: skip
        if digest != image(run)["digest"]:
            raise Failure(f"`caisson build` in a fresh clone made {digest}, the agent {image(run)['digest']}")
        self.say("`caisson build` in a fresh clone, with an empty store, made the same image")

    def check_broken(self, run: dict, before: dict[str, str]) -> None:
        log = self.ask("logs", str(run["id"]))
        if expected_complaint not in log:
            path = self.directory / "broken.log"
            path.write_text(log)
            raise Failure(f"the log of run {run['id']} does not show the failing test", path)
        if self.tags("team/web") != before:
            raise Failure("the broken commit changed what is in the registry", self.agent.log)
        self.say(f"run {run['id']} shows the failing test and pushed nothing")

    def check_image(self, run: dict) -> None:
        digest = image(run)["digest"]
        reference = f"{self.registry.address}/team/web:main"
        seen = json.loads(self.run("skopeo", "inspect", "--tls-verify=false", f"docker://{reference}"))["Digest"]
        if seen != digest:
            raise Failure(f"skopeo sees {seen} at {reference}, the agent says {digest}")
        copy = self.directory / "copy"
        self.run(
            "skopeo", "copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false",
            f"docker://{reference}", f"dir:{copy}",
        )  # fmt: skip
        self.say(f"skopeo inspected and copied {reference}")
        output = self.run(*podman(self.directory / "podman"), "run", "--quiet", *podman_run_options, reference).strip()
        if output != expected_output:
            raise Failure(f"podman ran {reference}, which printed `{output}` instead of `{expected_output}`")
        self.say(f"podman ran it: {output}")

    # The end

    def stop(self) -> None:
        """Ends every service, the last one first; a second call does nothing."""
        ended = [(service, service.stop()) for service in reversed(self.services)]
        self.services = []
        for service, status in ended:
            if service.name == "caisson-agent" and status != 0:
                raise Failure(f"caisson-agent ended with status {status} when asked to stop", service.log)

    def explain_what_is_left(self) -> None:
        pids = " ".join(str(service.process.pid) for service in reversed(self.services))
        print(
            f"""
Left running in {self.directory}:
  export CAISSON_AGENT={self.agent_url} PATH={self.caisson.parent}:$PATH
  caisson status
  caisson runs
  caisson show 2
  caisson logs 3
  skopeo inspect --tls-verify=false docker://{self.registry.address}/team/web:main
Change something, push it, and look at the runs again:
  git clone {self.repository}
Stop it all, and remove it once the agent has ended:
  kill {pids}
  rm -rf {self.directory}"""
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def image(run: dict) -> dict:
    """What the run says of the image it pushed: `digest`, `size`, `references`."""
    return next(target for target in run["targets"] if target["kind"] == "image")


def adapt(file: pathlib.Path, replacements: dict[str, str]) -> None:
    """Gives an example this machine's addresses."""
    text = file.read_text()
    for pattern, replacement in replacements.items():
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        if count == 0:
            raise Failure(f"{file.name} has no `{pattern}` to adapt")
    file.write_text(text)


def print_table(runs: list[dict], results: list[Commit]) -> None:
    header = ["run", "commit", "", "result", "duration", "cached steps", "digest", "size"]
    rows = [header]
    for run, commit in zip(runs, results):
        pushed = image(run) if run["state"] == "succeeded" else None
        rows.append([
            str(run["id"]), run["commit"][:7], commit.subject, run["state"], f"{run['duration_ms'] / 1000:.1f} s",
            f"{run['cached_step_count']} of {run['step_count']}", pushed["digest"][:19] if pushed else "–",
            f"{pushed['size'] / 1e6:.2f} MB" if pushed else "–",
        ])  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows)]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executables", type=pathlib.Path, required=True)
    parser.add_argument("--base", type=pathlib.Path, required=True)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    end_on_signals()

    # Not /tmp, which may be a tmpfs: the store wants a disk.
    directory = pathlib.Path(tempfile.mkdtemp(prefix="caisson-demo-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    demo = Demo(options.executables, options.base, directory)
    keep = False
    try:
        demo.start_servers()
        demo.push_base_images()
        demo.make_repository()
        demo.start_agent()
        runs = [demo.follow(commit) for commit in commits[:2]]
        demo.check_rebuild(*runs)
        demo.check_clone(runs[1])
        before = demo.tags("team/web")
        runs.append(demo.follow(commits[2]))
        demo.check_broken(runs[2], before)
        demo.check_image(runs[1])
        keep = options.keep
        if not keep:
            demo.stop()
        print_table(runs, commits)
        if keep:
            demo.explain_what_is_left()
        return 0
    except Failure as failure:
        print(f"\ndemo: {failure}", file=sys.stderr)
        for log in failure.logs:
            print(f"\nthe end of {log.name}:\n" + "\n".join(tail(log)), file=sys.stderr)
        return 1
    finally:
        ignore_signals()
        if not keep:
            try:
                demo.stop()
            except Failure as failure:
                print(f"demo: {failure}", file=sys.stderr)
            shutil.rmtree(directory, ignore_errors=True)


def tail(log: pathlib.Path, count: int = 40) -> list[str]:
    return log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []


if __name__ == "__main__":
    sys.exit(main())
