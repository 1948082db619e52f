"""What each repository holds: links to content, tags, referrers.

    repositories/<namespace>/<name>/
        _blobs/<hex>                    this repository may read the blob
        _manifests/<hex>                likewise; the file holds the media type
        _tags/<tag>                     the file holds the digest
        _referrers/<subject hex>/<hex>  the file holds the referrer's descriptor
        _uploads/<id>                   blobs in the making

Content is shared between repositories, links are not: a blob that another repository pushed cannot
be read here without a link. Names of folders begin with `_`, names of repositories cannot.

A manifest appears in this order: content, referrer entry, link, tag. A crash between two leaves
entries that nothing shows (a referrer without a link is skipped) and the same push again heals it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import orjson

from idp.embedded.registry.content import ContentStore
from idp.embedded.registry.errors import bad_request, missing
from idp.embedded.registry.lock import storage_lock
from idp.embedded.registry.manifests import ParsedManifest, parse_manifest
from idp.kernel.files import create_file, replace_file, sync_folder
from idp.protocols.oci.errors import tag_is_immutable
from idp.protocols.oci.ports import StoredManifest
from idp.protocols.oci.reference import is_digest, moves


class Repository:
    """One repository. All methods block: call them in a thread.

    Args:
        store: The content.
        name: `namespace/name`, checked before: it becomes a path.
    """

    def __init__(self, store: ContentStore, name: str) -> None:
        self.store = store
        self.name = name
        self.folder = store.data / "repositories" / name

    def exists(self) -> bool:
        """Whether anything was ever pushed to it."""
        return self.folder.is_dir()

    def has_manifests(self) -> bool:
        """Whether there is anything to pull."""
        return any(True for _ in self.manifest_links())

    def link(self, kind: str, digest: str) -> Path:
        """The link file of a blob (`_blobs`) or a manifest (`_manifests`)."""
        return self.folder / kind / digest.removeprefix("sha256:")

    def blob_size(self, digest: str) -> int | None:
        """Bytes of a blob of this repository; None when it has none such.

        Asking renews the link: who is told that a blob is there may rely on it until the next
        garbage collection has waited its time.
        """
        try:
            os.utime(self.link("_blobs", digest))
        except FileNotFoundError:
            return None
        return self.store.size(digest)

    def link_blob(self, digest: str) -> bool:
        """Give this repository content that is in the store; False when it is not."""
        with storage_lock(self.store.data):
            if self.store.size(digest) is None:
                return False
            create_file(self.link("_blobs", digest), b"")
            os.utime(self.link("_blobs", digest))
        return True

    def delete_blob(self, digest: str) -> None:
        """Take a blob from this repository.

        Raises:
            NotFound: It is not there.
            InvalidInput: A manifest still needs it.
        """
        link = self.link("_blobs", digest)
        with storage_lock(self.store.data, alone=True):
            if not link.exists():
                raise missing("BLOB_UNKNOWN", f"{self.name} has no blob {digest}")
            for manifest in self.manifests():
                if digest in manifest.blobs:
                    raise bad_request(
                        "DENIED",
                        f"manifest {manifest.digest} still needs blob {digest}",
                        "Delete the manifest first; unused blobs are collected by themselves.",
                    )
            link.unlink()
            sync_folder(link.parent)

    def resolve(self, reference: str) -> str | None:
        """The digest behind a tag or digest; None when this repository has none such."""
        if not is_digest(reference):
            try:
                reference = (self.folder / "_tags" / reference).read_text().strip()
            except FileNotFoundError:
                return None
        return reference if self.link("_manifests", reference).exists() else None

    def manifest(self, reference: str) -> StoredManifest:
        """Read a manifest.

        Raises:
            NotFound: It is not there.
        """
        digest = self.resolve(reference)
        if digest is None:
            raise missing("MANIFEST_UNKNOWN", f"{self.name} has no manifest {reference}")
        try:
            media_type = self.link("_manifests", digest).read_text()
            return StoredManifest(self.store.read(digest), media_type, digest)
        except FileNotFoundError as error:  # deleted meanwhile, or lost
            raise missing("MANIFEST_UNKNOWN", f"{self.name}: {digest} is gone") from error

    def put_manifest(self, manifest: ParsedManifest, body: bytes, tag: str | None) -> None:
        """Store a manifest, and a tag for it.

        Raises:
            InvalidInput: It names content that this repository does not have.
            TagIsImmutable: The tag exists with other content.
        """
        with storage_lock(self.store.data):
            self._demand_content(manifest)
            tag_file = self.folder / "_tags" / tag if tag is not None else None
            if tag_file is not None and tag_file.exists() and not moves(tag_file.name):
                self._demand_same(tag_file, manifest.digest)
            self.store.put(manifest.digest, body)
            if manifest.subject:
                replace_file(
                    self._referrers(manifest.subject) / manifest.digest.removeprefix("sha256:"),
                    orjson.dumps(manifest.descriptor().as_json()),
                )
            replace_file(self.link("_manifests", manifest.digest), manifest.media_type.encode())
            if tag_file is None:
                return
            if moves(tag_file.name):
                replace_file(tag_file, manifest.digest.encode())
            elif not create_file(tag_file, manifest.digest.encode()):
                self._demand_same(tag_file, manifest.digest)

    def delete_manifest(self, digest: str) -> None:
        """Remove a manifest and the tags that name it.

        Raises:
            NotFound: It is not there.
        """
        link = self.link("_manifests", digest)
        with storage_lock(self.store.data, alone=True):
            if not link.exists():
                raise missing("MANIFEST_UNKNOWN", f"{self.name} has no manifest {digest}")
            subject = parse_manifest(self.store.read(digest), link.read_text()).subject
            for tag in self.tags():
                if self.resolve(tag) == digest:
                    self._remove_tag(tag)
            link.unlink()
            sync_folder(link.parent)
            if subject:
                (self._referrers(subject) / link.name).unlink(missing_ok=True)

    def delete_tag(self, tag: str) -> None:
        """Remove a tag; its manifest stays.

        Raises:
            NotFound: It is not there.
        """
        with storage_lock(self.store.data, alone=True):
            self._remove_tag(tag)

    def tags(self) -> list[str]:
        """All tags, sorted."""
        return sorted(path.name for path in _entries(self.folder / "_tags"))

    def referrers(self, digest: str) -> list[dict[str, object]]:
        """Descriptors of the manifests whose subject is `digest`, sorted by digest."""
        return [
            orjson.loads(path.read_bytes())
            for path in sorted(_entries(self._referrers(digest)))
            if (self.folder / "_manifests" / path.name).exists()
        ]

    def manifests(self) -> Iterator[ParsedManifest]:
        """All manifests, parsed."""
        for link in self.manifest_links():
            yield parse_manifest(self.store.read(f"sha256:{link.name}"), link.read_text())

    def blob_links(self) -> Iterator[Path]:
        """Link files of all blobs."""
        yield from _entries(self.folder / "_blobs")

    def manifest_links(self) -> Iterator[Path]:
        """Link files of all manifests."""
        yield from _entries(self.folder / "_manifests")

    def _remove_tag(self, tag: str) -> None:
        path = self.folder / "_tags" / tag
        try:
            path.unlink()
        except FileNotFoundError as error:
            raise missing("MANIFEST_UNKNOWN", f"{self.name} has no tag {tag}") from error
        sync_folder(path.parent)

    def _referrers(self, subject: str) -> Path:
        return self.folder / "_referrers" / subject.removeprefix("sha256:")

    def _demand_content(self, manifest: ParsedManifest) -> None:
        absent = [d for d in manifest.blobs if self.blob_size(d) is None]
        absent += [d for d in manifest.manifests if self.resolve(d) is None]
        if absent:
            raise bad_request(
                "MANIFEST_BLOB_UNKNOWN",
                f"the manifest names content that {self.name} does not have: "
                + ", ".join(absent[:5]),
                "Push the blobs and manifests it names first.",
            )

    def _demand_same(self, tag_file: Path, digest: str) -> None:
        if tag_file.read_text().strip() != digest:
            raise tag_is_immutable(self.name, tag_file.name)


def all_repositories(store: ContentStore) -> list[Repository]:
    """All repositories, sorted by name."""
    root = store.data / "repositories"
    names = (
        f"{namespace.name}/{folder.name}"
        for namespace in _entries(root)
        for folder in _entries(namespace)
    )
    return [Repository(store, name) for name in sorted(names)]


def _entries(folder: Path) -> Iterator[Path]:
    """What a folder holds, without files that a writer has in hand."""
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if not path.name.startswith(","))
