"""The measurements; `script/bench` builds what they need and starts them.

A case gives every tool a command and, before each round, a preparation that is not measured. Rounds interleave the
tools, so that a noisy minute meets them all. CPU and memory are those of the command and of all it waited for.
"""

import argparse
import dataclasses
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from peers import buildah, buildah_build_options
from services import Failure, Registry, end_on_signals, here, ignore_signals


@dataclasses.dataclass
class Sample:
    wall: float
    cpu: float
    memory: int  # bytes of the largest process


@dataclasses.dataclass
class Tool:
    name: str
    command: Callable[[int], list]
    prepare: Callable[[int], None] = lambda round: None


@dataclasses.dataclass
class Case:
    title: str
    tools: list[Tool]
    rounds: int = 7


def measure(command: list, log: pathlib.Path) -> Sample:
    words = [str(word) for word in command]
    with open(log, "wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise Failure(f"`{' '.join(words)}` ended with status {process.returncode}\n{end}")
    return Sample(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


class Bench:
    def __init__(
        self, executables: pathlib.Path, base: pathlib.Path, directory: pathlib.Path, registry: Registry
    ) -> None:
        self.executable, self.base, self.directory = executables.resolve() / "caisson", base, directory
        self.registry = registry
        self.log = directory / "log"
        self.store, self.buildah_store = directory / "store", directory / "buildah"
        for name in ["tiny", "toolchain"]:
            reference = self.image(f"base/{name}")
            self.once(self.caisson("build", "--tag", reference, "--push", base / name))

    def image(self, name: str) -> str:
        return f"{self.registry.address}/{name}:1"

    def once(self, command: list) -> None:
        measure(command, self.log)

    def caisson(self, command: str, *arguments, store: pathlib.Path | None = None) -> list:
        return [self.executable, command, "--root", store or self.store, *arguments]

    def buildah(self, command: str, *arguments, store: pathlib.Path | None = None) -> list:
        return [*buildah(store or self.buildah_store), command, *arguments]

    def build_with_both(self, *arguments) -> tuple[list, list]:
        """The same build by caisson and by buildah."""
        arguments = ["--network", "none", *arguments]
        return self.caisson("build", *arguments), self.buildah("build", *buildah_build_options, *arguments)

    # Cases

    def sample_tools(self, context: pathlib.Path, prepare: Callable[[int], None]) -> list[Tool]:
        """Both tools on the sample repository, its bases and first build already in their stores."""
        shutil.copytree(here / "sample", context)
        options = ["--build-arg", f"REGISTRY={self.registry.address}", "--target", "app", "--tag", "web:1", context]
        ours, theirs = self.build_with_both(*options)
        self.once(ours)
        self.once(theirs)
        return [Tool("caisson", lambda round: ours, prepare), Tool("buildah", lambda round: theirs)]

    def cached(self) -> Case:
        tools = self.sample_tools(self.directory / "cached", lambda round: None)
        start = Tool("plain: start", lambda round: [self.executable, "--version"])
        return Case("the sample repository, nothing changed", [*tools, start], rounds=15)

    def one_line_change(self) -> Case:
        context = self.directory / "one-line-change"
        file = context / "src/report.c"

        def change(round: int) -> None:
            text = (here / "sample/src/report.c").read_text()
            file.write_text(text.replace(" bytes", f" bytes in round {round}"))

        tools = self.sample_tools(context, change)
        if shutil.which("gcc") and shutil.which("make"):
            make = ["make", "--silent", "--always-make", "-C", context, "tally"]
            clean = ["rm", "-f", *(context / name for name in ["tally", "src/main.o", "src/count.o", "src/report.o"])]
            # The objects must not be there when the next round reads the context.
            tools.append(Tool("plain: make", lambda round: ["sh", "-c", f"{shell(make)} && {shell(clean)}"]))
        return Case("the sample repository, one line changed", tools)

    def run50(self) -> Case:
        context = self.directory / "run50"
        context.mkdir()
        dockerfile = f"FROM {self.image('base/tiny')}\n" + "RUN true\n" * 50
        (context / "Dockerfile").write_text(dockerfile)
        ours, theirs = self.build_with_both("--no-cache", "--tag", "run50:1", context)
        limit = ["sh", "-c", "for i in $(seq 50); do unshare --mount --pid --net --ipc --uts --fork true; done"]
        return Case("50 × RUN true", [
            Tool("caisson", lambda round: ours),
            Tool("buildah", lambda round: theirs),
            *([Tool("plain: 50 × unshare", lambda round: limit)] if os.geteuid() == 0 else []),
        ], rounds=5)  # fmt: skip

    def copy50k(self) -> Case:
        context = self.directory / "copy50k"
        noise = random.Random(50_000)
        for folder in range(500):
            (context / f"tree/{folder:03}").mkdir(parents=True)
            for file in range(100):
                (context / f"tree/{folder:03}/{file:02}").write_bytes(noise.randbytes(4096))
        (context / "Dockerfile").write_text("FROM scratch\nCOPY tree /tree\n")
        os.sync()
        ours, theirs = self.build_with_both("--no-cache", "--tag", "copy50k:1", context)
        tar = f"tar -C {context} -cf - tree | tee {self.directory}/tree.tar | sha256sum"

        def change(round: int) -> None:
            (context / "tree/000/00").write_text(f"round {round}")

        return Case("COPY of 50,000 files, 200 MB, one of them new", [
            Tool("caisson", lambda round: ours, change),
            Tool("buildah", lambda round: theirs),
            Tool("plain: tar + sha256", lambda round: ["sh", "-c", tar]),
        ], rounds=5)  # fmt: skip

    def pull_toolchain(self) -> Case:
        reference = self.image("base/toolchain")
        blobs = self.directory / "registry/data/docker/registry/v2/blobs/sha256"
        layer = max(blobs.glob("*/*/data"), key=lambda path: path.stat().st_size)
        copy = f"zcat {layer} | tee {self.directory}/layer.tar | sha256sum"

        def fresh(tool: str, round: int) -> pathlib.Path:
            return self.directory / f"pull-{tool}-{round}"

        return Case("pull of the toolchain image into an empty store", [
            Tool("caisson", lambda round: self.caisson("pull", reference, store=fresh("caisson", round))),
            Tool("buildah", lambda round: self.buildah("pull", "--tls-verify=false", reference, store=fresh("buildah", round))),
            Tool("plain: zcat + sha256", lambda round: ["sh", "-c", copy]),
        ], rounds=5)  # fmt: skip


def shell(words: list) -> str:
    return " ".join(str(word) for word in words)


def run(case: Case, log: pathlib.Path) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {tool.name: [] for tool in case.tools}
    for round in range(case.rounds):
        for tool in case.tools:
            tool.prepare(round)
            samples[tool.name].append(measure(tool.command(round), log))
    return samples


def print_table(name: str, case: Case, samples: dict[str, list[Sample]]) -> None:
    peer = statistics.median(sample.wall for sample in samples["buildah"])
    print(f"\n{name}: {case.title}, {case.rounds} rounds")
    print(f"  {'':22}{'median':>10}{'ratio':>8}{'min – max':>20}{'CPU':>10}{'memory':>10}")
    for tool, rounds in samples.items():
        walls = [sample.wall for sample in rounds]
        median = statistics.median(walls)
        cpu = statistics.median(sample.cpu for sample in rounds)
        memory = max(sample.memory for sample in rounds) / 2**20
        spread = f"{min(walls):.3f} – {max(walls):.3f} s"
        print(f"  {tool:22}{median:8.3f} s{median / peer:8.3f}{spread:>20}{cpu:8.3f} s{memory:6.0f} MiB", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--executables", type=pathlib.Path, required=True)
    parser.add_argument("--base", type=pathlib.Path, required=True)
    names = ["cached", "one-line-change", "run50", "copy50k", "pull-toolchain"]
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(names))
    options = parser.parse_args()
    if unknown := [case for case in options.cases if case not in names]:
        print(f"bench: no case `{unknown[0]}`; there are {', '.join(names)}", file=sys.stderr)
        return 2

    directory = pathlib.Path(tempfile.mkdtemp(prefix="caisson-bench-", dir=os.environ.get("TMPDIR", "/var/tmp")))
    kind = subprocess.run(["stat", "-f", "-c", "%T", directory], text=True, capture_output=True, check=True).stdout
    print(f"{os.cpu_count()} CPUs, kernel {os.uname().release}, {directory} on {kind.strip()}; both tools with layers")
    end_on_signals()
    registry = None
    try:
        registry = Registry(directory / "registry")
        bench = Bench(options.executables, options.base, directory, registry)
        for name in options.cases or names:
            case = getattr(bench, name.replace("-", "_"))()
            print_table(name, case, run(case, bench.log))
        return 0
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    finally:
        ignore_signals()
        if registry:
            registry.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
