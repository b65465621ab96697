"""Does the node answer a ping?

Our own few lines rather than the library icmplib: that has had no release since 2023, its `ping` keeps every reason (no route, forbidden)
to itself and says only "not alive", and it has nothing for systems that allow neither kind of socket.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from functools import partial

from occopus.plugins import Target
from occopus_healthchecks import limits
from occopus_healthchecks.attempts import Address, Deadline, addresses, attempt_all, in_words

FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT}
"""How systems say that one may not have a socket of a kind."""

NO_ANSWER = f"no answer to ping within {limits.ECHO:g} s"

NO_WAY = (
    "this system does not let Occopus ping: allow it (Linux: sysctl -w net.ipv4.ping_group_range='0 2147483647'), install the ping program,"
    " or set 'ping: false' in health_check"
)


def check(target: Target, settings: bool) -> str | None:
    """Return None if the address answers one ICMP echo within 1 s, or if `settings` is False; else the reason why not.

    Of a host name's addresses the first is asked, in the system's order of preference.
    """
    if not settings:
        return None
    [reason] = attempt_all([partial(_ping, target.address)], limits.PING)
    return reason


def _ping(host: str, _: Deadline) -> str | None:
    try:
        best = addresses(host)[0]
    except socket.gaierror as error:
        return f"unknown host {host}: {error.strerror}"
    sock = open_socket(best[0])
    if sock is None:
        return ask_program(str(best[1][0]))
    try:
        with sock:
            return _echo(sock, best)
    except OSError as error:  # no route, a broadcast address, a firewall of ours
        return f"can't ping: {in_words(error)}"


def open_socket(family: socket.AddressFamily) -> socket.socket | None:
    """A socket for ICMP: one that needs no privileges, else a raw one; None where the system allows neither.

    Raises:
        OSError: it has no addresses of that family.
    """
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(family, kind, protocol)
        except OSError as error:
            if error.errno not in FORBIDDEN:
                raise
    return None


def _echo(sock: socket.socket, address: Address) -> str | None:
    sock.connect(address[1])  # from now on it hears only this host
    token = os.urandom(16)
    sock.send(_request(address[0], token))
    end = time.monotonic() + limits.ECHO
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            packet = sock.recv(1024)
        except TimeoutError:
            break
        if _is_reply(packet, token):
            return None
    return NO_ANSWER


def _request(family: socket.AddressFamily, token: bytes) -> bytes:
    """An echo request. The kernel may put an identifier of its own into it; we know the answer by its 16 random bytes."""
    kind = 128 if family == socket.AF_INET6 else 8
    fields = (kind, 0, 0, os.getpid() & 0xFFFF, 1)
    if family == socket.AF_INET6:  # there the kernel does the checksum
        return struct.pack("!BBHHH", *fields) + token
    checksum = _checksum(struct.pack("!BBHHH", *fields) + token)
    return struct.pack("!BBHHH", kind, 0, checksum, *fields[3:]) + token


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def _is_reply(packet: bytes, token: bytes) -> bool:
    if packet and packet[0] >> 4 == 4:  # an IPv4 header comes first, with raw sockets and on macOS; no ICMP type begins with these bits
        packet = packet[(packet[0] & 15) * 4 :]
    # An answer of type 0 (ICMP) or 129 (ICMPv6); on the loopback a raw socket hears the request as well.
    return packet[:1] in (b"\x00", b"\x81") and packet[8:] == token


def ask_program(address: str) -> str | None:
    """Ping an IP address with the system's program, which has the privileges that we lack."""
    name, *options = _command(address)
    program = shutil.which(name)
    if program is None:
        return NO_WAY
    try:
        done = subprocess.run(
            [program, *options],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limits.ECHO + 0.5,  # it waits for one second by itself, and must start and end as well
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return NO_ANSWER
    except OSError as error:
        return f"{NO_WAY} ({error})"
    if done.returncode == 0:
        return None
    complaints = done.stderr.strip()
    if complaints and ("permitted" in complaints or "denied" in complaints):
        return f"{NO_WAY} ({complaints.splitlines()[-1]})"
    return f"can't ping: {complaints.splitlines()[-1]}" if complaints else NO_ANSWER


def _command(address: str) -> list[str]:
    if sys.platform.startswith("linux"):
        return ["ping", "-n", "-c", "1", "-W", f"{limits.ECHO:g}", address]  # seconds
    if ":" in address:
        return ["ping6", "-n", "-c", "1", address]  # macOS and the BSDs: no such option; the process is ended
    return ["ping", "-n", "-c", "1", "-W", f"{limits.ECHO * 1000:g}", address]  # milliseconds
