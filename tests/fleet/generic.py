"""What two families of generic netlink say (include/uapi/linux: genetlink.h, wireguard.h, ip_vs.h),
as dumps for a Node: (doing, netlink family, type, flags, body, messages)."""

import socket
import struct

from messages import PROTOCOLS, attribute, message, number

GENERIC, CONTROL, DUMP = 16, 16, 0x300
NESTED = 0x8000


def head(command):
    return struct.pack("=BBH", command, 1, 0)


def short(value):
    return struct.pack("=H", value)


def port_bytes(port):
    return struct.pack(">H", port)


def family(name, identity):
    """How the kernel answers which number that family has."""
    asked = head(3) + attribute(2, name)  # CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME
    answer = head(1) + attribute(2, name) + attribute(1, short(identity))
    yield (f"finding generic netlink's {name}", GENERIC, CONTROL, 0, asked,
           message(CONTROL, answer))


def wireguard(devices, identity=33):
    """`devices`: (index, listening port)."""
    if devices:
        yield from family("wireguard", identity)
    for index, port in devices:
        asked = head(0) + attribute(1, number(index))
        answer = head(0) + attribute(1, number(index)) + attribute(6, short(port))
        yield (f"reading WireGuard device {index}", GENERIC, identity, DUMP, asked,
               message(identity, answer))


def service(protocol, ip, port):
    address = socket.inet_aton(ip).ljust(16, b"\0")
    return (attribute(1, short(socket.AF_INET)) + attribute(2, short(PROTOCOLS[protocol]))
            + attribute(3, address) + attribute(4, port_bytes(port)))


def server(ip, port):
    return (attribute(1, socket.inet_aton(ip).ljust(16, b"\0")) + attribute(2, port_bytes(port))
            + attribute(3, number(0)) + attribute(4, number(1))
            + attribute(11, short(socket.AF_INET)))


def ipvs(services, identity=34):
    """`services`: (protocol, ip, port, [(ip, port) of a server...])."""
    yield from family("IPVS", identity)
    answers = [message(identity, head(1) + attribute(
        NESTED | 1, service(*each[:3]) + attribute(6, "rr"))) for each in services]
    yield "listing IPVS services", GENERIC, identity, DUMP, head(4), b"".join(answers)
    for protocol, ip, port, servers in services:
        asked = head(8) + attribute(NESTED | 1, service(protocol, ip, port))
        answers = [message(identity, head(5) + attribute(NESTED | 2, server(*each)))
                   for each in servers]
        yield (f"listing IPVS servers of {ip} port {port}", GENERIC, identity, DUMP, asked,
               b"".join(answers))
