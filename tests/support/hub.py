"""A hub of models as Hugging Face is one: the listing of a repository, and its files with ranges."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves one repository, OWNER/REPO, from files on the disk; `asked` has the path of each request."""

    def __init__(self, repository: str, files: Mapping[str, Path], **listing: Any) -> None:
        self.repository, self.files, self.more = repository, dict(files), listing
        self.asked: list[str] = []
        self.url = ""

    def listing(self) -> dict[str, Any]:
        siblings = [
            {
                "rfilename": name,
                "size": path.stat().st_size,
                "lfs": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size},
            }
            for name, path in self.files.items()
        ]
        siblings.append({"rfilename": "README.md", "size": 5, "blobId": "0" * 40})
        return {"id": self.repository, "sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}, **self.more}

    def answer(self, path: str) -> bytes | None:
        if path == f"/api/models/{self.repository}":
            return json.dumps(self.listing()).encode()
        name = path.removeprefix(f"/{self.repository}/resolve/{COMMIT}/")
        return self.files[name].read_bytes() if name in self.files else None


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append(path)
            body = hub.answer(path)
            first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            self.send_response(404 if body is None else 206 if first else 200)
            content = (body or b"")[first:]
            self.send_header("ETag", '"one"')
            self.send_header("Content-Length", str(len(content)))
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(body or b'') - 1}/{len(body or b'')}")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
