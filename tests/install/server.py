"""Serves release pages on loopback for tests/install.sh: server.py DIRECTORY PORT_FILE LOG.

The first part of a path is the page. /short/ is /good/, but ends each program in its middle; /hang/ sends the first
half of a program and then nothing more. Every path that is asked for is a line in LOG.
"""
import http.server
import os
import sys
import threading

directory, port_file, log = sys.argv[1:]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers GET requests with files, whole or in part."""

    def do_GET(self):
        """Sends a file."""
        page, _, name = self.path.lstrip("/").partition("/")
        with open(log, "a", encoding="utf-8") as file:
            file.write(self.path + "\n")
        path = os.path.join(directory, "good" if page in ("short", "hang") else page, name)
        if not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as file:
            body = file.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if page not in ("short", "hang") or name == "SHA256SUMS":
            self.wfile.write(body)
            return
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        if page == "hang":
            # Until the client gives up.
            self.rfile.read(1)

    def log_message(self, *_):
        """Prints nothing."""


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
with open(port_file + ".new", "w", encoding="utf-8") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
threading.Event().wait()
