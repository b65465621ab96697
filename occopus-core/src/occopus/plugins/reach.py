"""Which addresses may be connected to for somebody who chose the name."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNICAST = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 from which public addresses are given out (RFC 4291 and IANA)."""

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Where gateways map all of IPv4 (RFC 6052)."""


def anywhere(address: Address) -> bool:
    """For users of their own machine."""
    return True


def public_only(address: Address) -> bool:
    """Not this machine, its networks, or what cloud providers have for machines only: what every machine on the internet may reach."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    within = _ipv4_within(address)
    return public_only(within) if within is not None else address.is_global and address in UNICAST


def _ipv4_within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Where a gateway leads what is sent to an address."""
    in_nat64 = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None
    return address.ipv4_mapped or address.sixtofour or in_nat64
