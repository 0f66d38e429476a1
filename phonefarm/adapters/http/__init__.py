"""An HTTP/1.1 server: Hypercorn's connections on a socket that was bound beforehand."""
