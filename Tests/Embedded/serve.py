#!/usr/bin/env python3
"""Serves a folder on a free port of this machine until a page says how it ended.

    Tests/Embedded/serve.py FOLDER PORT-FILE

Writes the port to PORT-FILE, prints what the page posts to /said, and ends. A browser's own word of when a page is done
does not wait for workers.
"""
import functools
import http.server
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        self.server.said = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(204)
        self.end_headers()
        threading.Thread(target=self.server.shutdown).start()

    def log_message(self, *words):
        pass


folder, port_file = sys.argv[1:]
with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
    server.said = None
    with open(port_file, "w") as file:
        file.write(f"{server.server_port}\n")
    server.serve_forever()
    print(server.said)
