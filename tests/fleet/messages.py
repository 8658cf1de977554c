"""What a kernel says through netlink, as bytes (include/uapi/linux: netlink.h, rtnetlink.h,
if_link.h, inet_diag.h)."""

import ipaddress
import socket
import struct

LISTEN, CLOSE, ESTABLISHED = 10, 7, 1
PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
EVERY_STATE = 0x3FFE


def attribute(kind, value):
    if isinstance(value, str):
        value = value.encode() + b"\0"
    return struct.pack("=HH", len(value) + 4, kind) + value + b"\0" * (-len(value) % 4)


def number(value):
    return struct.pack("=I", value)


def message(kind, body):
    return struct.pack("=IHHII", len(body) + 16, kind, 2, 0, 0) + body


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def packed(address):
    return socket.inet_pton(family_of(address), address)


def link(index, name, kind="", *, tunnel_port=None, up=True, master=None):
    loopback = name == "lo"
    flags = (0x10041 if up else 0) | (0x8 if loopback else 0x1000)  # up, running; loopback
    body = struct.pack("=BBHiII", 0, 0, 772 if loopback else 1, index, flags, 0)
    body += attribute(3, name) + attribute(4, number(65536 if loopback else 1500))
    body += attribute(16, b"\x06" if up else b"\x02")  # operstate
    if master:
        body += attribute(10, number(master))
    if kind:
        info = attribute(1, kind)
        ports = {"vxlan": 15, "geneve": 5}  # IFLA_VXLAN_PORT, IFLA_GENEVE_PORT
        if tunnel_port and kind in ports:
            info += attribute(2, attribute(ports[kind], struct.pack(">H", tunnel_port)))
        body += attribute(18, info)
    return message(16, body)


def address(index, text):
    interface = ipaddress.ip_interface(text)
    ip = interface.ip.packed
    scope = 254 if interface.ip.is_loopback else 253 if interface.ip.is_link_local else 0
    body = struct.pack("=BBBBI", family_of(str(interface.ip)), interface.network.prefixlen, 0x80,
                       scope, index)
    body += attribute(1, ip)
    if len(ip) == 4:
        body += attribute(2, ip)
    return message(20, body + attribute(8, number(0x80)))


def inet_socket(protocol, state, local, port, *, peer=None, peer_port=0, uid=0, inode=0, cookie=1,
                cgroup=None, v6only=None, interface=0):
    def words(ip):
        return packed(ip).ljust(16, b"\0")
    peer = peer or ("::" if ":" in local else "0.0.0.0")
    body = struct.pack("=BBBB", family_of(local), state, 0, 0)
    body += struct.pack(">HH", port, peer_port) + words(local) + words(peer)
    body += struct.pack("=III", interface, cookie, 0)
    queue = 4096 if protocol == "tcp" and state == LISTEN else 0
    body += struct.pack("=IIIII", 0, 0, queue, uid, inode)
    if v6only is not None:
        body += attribute(11, bytes([v6only]))
    if cgroup is not None:
        body += attribute(21, struct.pack("=Q", cgroup))
    return message(20, body)


def sockets_request(protocol, family):
    """The dump of every socket with its memory, as the agent asks for it."""
    return bytes([family, PROTOCOLS[protocol], 0x40, 0]) + number(EVERY_STATE) + bytes(48)
