"""podman and buildah on stores of their own, so that they work on any host and leave nothing behind."""

import os
import pathlib


def podman(store: pathlib.Path) -> list:
    return [*private_mounts(), "podman", *stores(store, "vfs"), "--cgroup-manager", "cgroupfs"]


def buildah(store: pathlib.Path) -> list:
    return [*private_mounts(), "buildah", *stores(store, "overlay")]


# Without network and cgroups, and within limits that every host allows: this also works inside containers.
podman_run_options = [
    "--rm", "--tls-verify=false", "--runtime", "crun", "--network", "none", "--cgroups", "disabled",
    "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024",
]  # fmt: skip

buildah_build_options = [
    "--tls-verify=false", "--layers", "--isolation", "oci", "--runtime", "crun", "--ulimit", "nofile=1024:1024",
]  # fmt: skip


def stores(store: pathlib.Path, driver: str) -> list:
    return ["--root", store, "--runroot", f"{store}-run", "--storage-driver", driver]


def private_mounts() -> list:
    """As root, a mount namespace that takes the tools' mounts along when it ends. crun of Debian 12 refuses hosts with
    both cgroup hierarchies, so the unified one is taken away there."""
    if os.geteuid() != 0:
        return []
    return ["unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', "sh"]
