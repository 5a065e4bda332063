#!/usr/bin/env python3
"""Makes the packages that pip installs: usage: wheels.py DIRECTORY"""

import base64
import hashlib
import pathlib
import sys
import zipfile


def wheel(directory: pathlib.Path, name: str, version: str, files: dict[str, str], requires: str = "") -> None:
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if requires:
        metadata += f"Requires-Dist: {requires}\n"
    files = files | {
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: example\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text.encode())}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(directory / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), text)


directory = pathlib.Path(sys.argv[1])
directory.mkdir(parents=True, exist_ok=True)
wheel(directory, "tinyweb", "2.1", {"tinyweb/__init__.py": "def greet(name):\n    return f'Hello, {name}'\n"}, "tinytext>=1")
wheel(directory, "tinytext", "1.4", {"tinytext.py": "def title(text):\n    return text.title()\n"})
script = {"tinytest.py": "def main():\n    print('3 passed')\n"}
script["tinytest-0.3.dist-info/entry_points.txt"] = "[console_scripts]\ntinytest = tinytest:main\n"
wheel(directory, "tinytest", "0.3", script)
