#!/usr/bin/env python3
"""Tells what images of a registry hold, independently of the code under test.

usage: flatten.py CACHE IMAGE...      with IMAGE as host:port/name:tag

Prints one JSON object: for each image its config, its layers' digests and its tree. A tree maps each path to one line:
`file MODE UID:GID CONTENT`, `directory MODE UID:GID`, `link UID:GID -> TARGET`, `hard link to PATH`, `fifo …`,
`device …`; content is the text itself in JSON or, of more than 200 bytes and where there is no text, its digest. CACHE
is a directory to keep what layers hold in: each is read once. What is the same in all images is left out.
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import sys
import tarfile
import urllib.request

ACCEPT = ", ".join(
    [
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]
)


def fetch(host: str, path: str) -> bytes:
    request = urllib.request.Request(f"http://{host}/v2/{path}", headers={"Accept": ACCEPT})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read()


def content(data: bytes) -> str:
    if len(data) <= 200:
        try:
            return json.dumps(data.decode(), ensure_ascii=False)
        except UnicodeDecodeError:
            pass
    return "sha256:" + hashlib.sha256(data).hexdigest()


def absolute(name: str) -> str:
    return "/" + name.strip("/").removeprefix("./") if name != "." else "/"


def entries(host: str, name: str, digest: str, cache: pathlib.Path) -> list:
    """The entries of a layer in order, each as [path, kind, line]."""
    kept = cache / digest.replace(":", "-")
    if kept.exists():
        return json.loads(kept.read_text())
    data = fetch(host, f"{name}/blobs/{digest}")
    if data[:2] == b"\x1f\x8b":
        # gzip.decompress copies the rest of the data for each member, and a layer has hundreds.
        with gzip.open(io.BytesIO(data)) as stream:
            data = stream.read()
    result = []
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            path = absolute(member.name)
            metadata = f"{member.mode & 0o7777:o} {member.uid}:{member.gid}"
            extended = "".join(
                f" {key.removeprefix('SCHILY.xattr.')}" for key in sorted(member.pax_headers) if "xattr" in key
            )
            if member.isreg():
                result.append([path, "file", f"file {metadata} {content(archive.extractfile(member).read())}{extended}"])
            elif member.isdir():
                result.append([path, "directory", f"directory {metadata}{extended}"])
            elif member.issym():
                result.append([path, "link", f"link {member.uid}:{member.gid} -> {member.linkname}"])
            elif member.islnk():
                result.append([path, "hard link", absolute(member.linkname)])
            else:
                kind = "fifo" if member.isfifo() else f"device {member.devmajor}:{member.devminor}"
                result.append([path, "other", f"{kind} {metadata}"])
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(result))
    partial.rename(kept)
    return result


class Tree:
    def __init__(self) -> None:
        self.nodes: dict[str, object] = {}  # by path; names of one file share one list
        self.parents: set[str] = set()  # whatever has or had something below it

    def put(self, path: str, node: object) -> None:
        self.nodes[path] = node
        parent = path.rpartition("/")[0]
        while parent not in self.parents:
            self.parents.add(parent)
            parent = parent.rpartition("/")[0]

    def remove(self, path: str) -> None:
        self.nodes.pop(path, None)
        if path in self.parents:
            self.remove_below(path)

    def remove_below(self, path: str) -> None:
        prefix = path.rstrip("/") + "/"
        for below in [below for below in self.nodes if below.startswith(prefix) and below != path]:
            del self.nodes[below]

    def apply(self, layer: list) -> None:
        # What a layer takes away lies in the layers below it, wherever in its archive it says so.
        for path, _, _ in layer:
            parent, _, name = path.rpartition("/")
            if name == ".wh..wh..opq":
                self.remove_below(parent or "/")
            elif name.startswith(".wh."):
                self.remove(f"{parent}/{name[4:]}")
        for path, kind, line in layer:
            if path.rpartition("/")[2].startswith(".wh."):
                continue
            if kind == "directory":
                if not self.is_directory(path):
                    self.remove(path)
                self.put(path, [line])
            elif kind == "hard link":
                node = self.nodes[line]
                self.remove(path)
                self.put(path, node)
            else:
                self.remove(path)
                self.put(path, [line])

    def is_directory(self, path: str) -> bool:
        return path in self.nodes and self.nodes[path][0].startswith("directory")

    def lines(self) -> dict[str, str]:
        first: dict[int, str] = {}
        lines = {}
        for path in sorted(self.nodes):
            node = self.nodes[path]
            name = first.setdefault(id(node), path)
            lines[path] = node[0] if name == path else f"hard link to {name}"
        return lines


def image(reference: str, cache: pathlib.Path) -> dict:
    host, _, rest = reference.partition("/")
    name, _, tag = rest.rpartition(":")
    manifest = json.loads(fetch(host, f"{name}/manifests/{tag}"))
    if "manifests" in manifest:
        manifest = json.loads(fetch(host, f"{name}/manifests/{manifest['manifests'][0]['digest']}"))
    tree = Tree()
    for layer in manifest["layers"]:
        tree.apply(entries(host, name, layer["digest"], cache))
    lines = tree.lines()
    lines.pop("/", None)
    return {
        "config": json.loads(fetch(host, f"{name}/blobs/{manifest['config']['digest']}")),
        "layers": [layer["digest"] for layer in manifest["layers"]],
        "tree": lines,
    }


cache = pathlib.Path(sys.argv[1])
cache.mkdir(parents=True, exist_ok=True)
images = {reference: image(reference, cache) for reference in sys.argv[2:]}
if len(images) > 1:
    first, *others = [image["tree"] for image in images.values()]
    same = {path for path, line in first.items() if all(other.get(path) == line for other in others)}
    for result in images.values():
        result["tree"] = {path: line for path, line in result["tree"].items() if path not in same}
json.dump(images, sys.stdout)
