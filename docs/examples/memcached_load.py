"""Fills a memcached: PORT COUNT sets COUNT values of 200 bytes; PORT flush empties it."""
import socket
import sys

port, what = int(sys.argv[1]), sys.argv[2]
with socket.create_connection(("127.0.0.1", port)) as s:
    if what == "flush":
        s.sendall(b"flush_all\r\n")
        sys.exit(s.recv(100) != b"OK\r\n")
    value = b"x" * 200
    for first in range(0, int(what), 1000):
        s.sendall(b"".join(b"set key%d 0 0 200 noreply\r\n%s\r\n" % (i, value) for i in range(first, first + 1000)))
    s.sendall(b"version\r\n")  # answered once all is taken in
    sys.exit(not s.recv(100).startswith(b"VERSION"))
