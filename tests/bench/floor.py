"""What no proxy can go below on this machine: the arithmetic of TLS by `openssl speed`, and octets on their way through sockets."""
import multiprocessing
import os
import socket
import time

import machine
from machine import LOAD_CORE, PROXY_CORE
from work import GB, KB, MB

PIECE, THROUGH = 256 * KB, 512 * MB

# Of the rows that have a floor: what it is made of, and how it is made of what measure() returns. A handshake makes a key,
# derives a secret, and signs unless it resumes.
FLOORS = {
    "login sessions, TLS, full handshake": ("ECDSA P-256, 2 X25519", lambda floor: floor["sign_ms"] + 2 * floor["x25519_ms"]),
    "login sessions, TLS, resumed": ("2 X25519", lambda floor: 2 * floor["x25519_ms"]),
    "login sessions, STLS": ("ECDSA P-256, 2 X25519", lambda floor: floor["sign_ms"] + 2 * floor["x25519_ms"]),
    "messages of 64 KB, TLS": ("AES-GCM, sockets", lambda floor: floor["aes_s_per_gb"] + floor["sockets_s_per_gb"]),
    "messages of 1 MB, TLS": ("AES-GCM, sockets", lambda floor: floor["aes_s_per_gb"] + floor["sockets_s_per_gb"]),
    "messages of 1 MB, plain": ("sockets", lambda floor: floor["sockets_s_per_gb"]),
}


def openssl_speed(*what):
    """The fields of its result's last line."""
    process = machine.start(PROXY_CORE, "openssl", "speed", "-mr", "-seconds", 1, *what, stdout=machine.subprocess.PIPE,
                            stderr=machine.subprocess.DEVNULL)
    return process.communicate()[0].split()[-1].split(":")


def seconds_per_gb(*what):
    return GB / float(openssl_speed("-bytes", 16 * KB, *what)[-1])


def on_core(core, work, *arguments):
    """A process of our own."""
    def run():
        os.sched_setaffinity(0, {core})
        work(*arguments)
    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    return process


def give(end):
    piece = memoryview(bytes(PIECE))
    for _ in range(THROUGH // PIECE):
        end.sendall(piece)
    end.shutdown(socket.SHUT_WR)


def take(end):
    piece = bytearray(PIECE)
    while end.recv_into(piece):
        pass


def carry(source, target, result):
    """What a proxy does that looks at nothing."""
    piece = bytearray(PIECE)
    view = memoryview(piece)
    before = time.process_time()
    while count := source.recv_into(piece):
        target.sendall(view[:count])
    result.send(time.process_time() - before)
    target.shutdown(socket.SHUT_WR)


def connected():
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        return near, server.accept()[0]


def sockets():
    """Processor seconds to read a GB from one connection and to write it to another."""
    (given, source), (target, taken) = connected(), connected()
    answer, result = multiprocessing.Pipe(duplex=False)
    processes = [on_core(LOAD_CORE, give, given), on_core(LOAD_CORE, take, taken),
                 on_core(PROXY_CORE, carry, source, target, result)]
    seconds = answer.recv()
    for process in processes:
        process.join()
    for end in (given, source, target, taken):
        end.close()
    return seconds * GB / THROUGH


def copy(result):
    source, target = bytes(64 * MB), bytearray(64 * MB)
    target[:] = source
    before = time.process_time()
    for _ in range(8):
        target[:] = source
    result.send((time.process_time() - before) * GB / (8 * len(source)))


def memory():
    """Processor seconds to copy a GB that is in no cache."""
    answer, result = multiprocessing.Pipe(duplex=False)
    process = on_core(PROXY_CORE, copy, result)
    seconds = answer.recv()
    process.join()
    return seconds


def measure():
    """All of it; milliseconds of an operation, processor seconds of a GB."""
    return {
        "sign_ms": 1e3 / float(openssl_speed("ecdsap256")[3]),
        "x25519_ms": 1e3 / float(openssl_speed("ecdhx25519")[3]),
        "aes_s_per_gb": seconds_per_gb("-evp", "aes-128-gcm"),
        "sha256_s_per_gb": seconds_per_gb("-evp", "sha256"),
        "sockets_s_per_gb": sockets(),
        "copy_s_per_gb": memory(),
    }
