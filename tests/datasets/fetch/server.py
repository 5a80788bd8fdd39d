"""An archive on this machine: whole, broken, lying, or gone."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlparse
from xml.sax.saxutils import escape


class Archive:
    """Serves files by name, and lists them as an S3 bucket does, two to a page.

    Attributes
    ----------
    files : dict of str to bytes
    break_after : dict of str to int
        Files whose connection breaks once after so many bytes.
    always_break : set of str
    tags : dict of str to str
        ETags that are not the MD5.
    asked : list of (str, str or None)
        Each name asked for, and the range.
    """

    def __init__(self, files):
        self.files = dict(files)
        self.break_after, self.always_break, self.tags, self.asked = {}, set(), {}, []
        self.ranges = True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_GET(self):
        archive = self.server.archive
        url = urlparse(self.path)
        query = parse_qs(url.query)
        if "list-type" in query:
            return self._send(200, self._list(query).encode())
        name = unquote(url.path).lstrip("/")
        archive.asked.append((name, self.headers.get("Range")))
        if name not in archive.files:
            return self._send(404, b"gone")
        content = archive.files[name]
        wanted = self.headers.get("Range") if archive.ranges else None
        first = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
        cut = archive.break_after.pop(name, None)
        if name in archive.always_break:
            cut = 10
        self._send(206 if wanted else 200, content[first:], cut)

    def _send(self, code, content, cut=None):
        self.send_response(code)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[:cut])
        if cut is not None:
            self.close_connection = True

    def _list(self, query):
        archive = self.server.archive
        names = sorted(name for name in archive.files if name.startswith(query["prefix"][0]))
        first = int(query.get("continuation-token", ["0"])[0])
        page, rest = names[first : first + 2], names[first + 2 :]
        items = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(archive.files[name])}</Size>"
            f"<ETag>&quot;{self._tag(name)}&quot;</ETag></Contents>"
            for name in page
        )
        more = f"<NextContinuationToken>{first + 2}</NextContinuationToken>" if rest else ""
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{'true' if rest else 'false'}</IsTruncated>{more}{items}"
            "</ListBucketResult>"
        )

    def _tag(self, name):
        archive = self.server.archive
        return archive.tags.get(name) or hashlib.md5(archive.files[name]).hexdigest()


@contextmanager
def serve(files):
    """Serve files; gives the archive and its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.archive = Archive(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.archive, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
