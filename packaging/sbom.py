#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the SBOM of a release, SPDX 2.3 in JSON.

usage: sbom.py VERSION EPOCH FOLDER INSTALLED…

FOLDER has the release's packages (deb/RELEASE/*.deb). Each file INSTALLED, of the name
RELEASE.installed, has one line "package, version, architecture" for each package of the
chroot that built them: the libraries that a DEB depends on have these versions.
"""
from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

NAME = "collectd-genesys"
AUTHORS = "Organization: The collectd-genesys authors"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def spdx_id(*parts: str) -> str:
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(parts))


def depends(deb: Path) -> list[str]:
    """The names of the packages that a DEB depends on, the first alternative of each."""
    text = subprocess.run(["dpkg-deb", "-f", str(deb), "Depends"], check=True, capture_output=True, text=True).stdout
    return sorted({re.split(r"[ (|]", one.strip())[0] for one in text.split(",") if one.strip()})


def own_package(path: Path, version: str) -> dict[str, Any]:
    return {"SPDXID": spdx_id("File", path.parent.name, path.name), "name": path.name, "versionInfo": version,
            "supplier": AUTHORS, "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "MIT",
            "licenseDeclared": "MIT", "copyrightText": "The collectd-genesys authors", "primaryPackagePurpose": "INSTALL",
            "checksums": [{"algorithm": "SHA256", "checksumValue": sha256(path)}]}


def library(release: str, name: str, version: str, arch: str) -> dict[str, Any]:
    return {"SPDXID": spdx_id("Package", release, name), "name": name, "versionInfo": version,
            "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": "pkg:deb/debian/%s@%s?arch=%s&distro=%s" % (name, version, arch, release)}]}


def document(version: str, epoch: int, folder: Path, lists: list[Path]) -> dict[str, Any]:
    packages: dict[str, dict[str, Any]] = {}
    relations: list[dict[str, str]] = []
    for listed in lists:
        release = listed.stem
        rows = [line.split("\t") for line in listed.read_text().splitlines()]
        installed = {name.split(":")[0]: (number, arch) for name, number, arch in rows}
        for deb in sorted(one for one in (folder / "deb" / release).glob("*.deb") if "-dbgsym_" not in one.name):
            ours = own_package(deb, version)
            packages[ours["SPDXID"]] = ours
            relations.append({"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                              "relatedSpdxElement": ours["SPDXID"]})
            for name in depends(deb):
                found = library(release, name, *installed.get(name, ("NOASSERTION", "any")))
                packages[found["SPDXID"]] = found
                relations.append({"spdxElementId": ours["SPDXID"], "relationshipType": "DEPENDS_ON",
                                  "relatedSpdxElement": found["SPDXID"]})
    made = datetime.fromtimestamp(epoch, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha256(json.dumps([packages, relations], sort_keys=True).encode()).hexdigest()
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": "%s-%s" % (NAME, version), "documentNamespace": "https://spdx.org/spdxdocs/%s-%s-%s" % (NAME, version, digest),
            "creationInfo": {"created": made, "creators": [AUTHORS, "Tool: %s packaging/sbom.py" % NAME]},
            "packages": list(packages.values()), "relationships": relations}


def main() -> None:
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    version, epoch, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    made = document(version, epoch, folder, [Path(one) for one in sys.argv[4:]])
    if not made["packages"]:
        sys.exit("sbom: no package below %s/deb" % folder)
    json.dump(made, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
