"""A small libtorrent client.

libtorrent_client.py leech|seed|verify TORRENT DIRECTORY IP PORT DONE default|fast
libtorrent_client.py idle TORRENTS_FOLDER DIRECTORY IP PORT DONE default|fast

`default` is libtorrent as it comes; `fast` has longer queues, larger buffers and two hashing threads.
"""
import glob
import os
import signal
import sys
import time

import libtorrent as lt

mode, torrent, directory, ip, port, done, preset = sys.argv[1:]

BASE = dict(
    listen_interfaces='%s:%s' % (ip, port),
    enable_dht=False, enable_lsd=False, enable_upnp=False, enable_natpmp=False,
    enable_incoming_utp=False, enable_outgoing_utp=False,
    in_enc_policy=lt.enc_policy.pe_disabled, out_enc_policy=lt.enc_policy.pe_disabled,
    allow_multiple_connections_per_ip=True, connections_limit=8000,
    active_limit=20000, active_seeds=20000, active_checking=1,
    alert_mask=lt.alert.category_t.status_notification | lt.alert.category_t.error_notification,
)
FAST = dict(
    unchoke_slots_limit=500,
    send_buffer_watermark=4 << 20, send_buffer_low_watermark=1 << 20, send_buffer_watermark_factor=300,
    recv_socket_buffer_size=1 << 20, send_socket_buffer_size=1 << 20,
    max_allowed_in_request_queue=2000, max_out_request_queue=1500, request_queue_time=3,
    max_queued_disk_bytes=64 << 20, aio_threads=4, hashing_threads=2, checking_mem_usage=2048,
)


def parameters(path, trusted):
    add = lt.add_torrent_params()
    add.ti = lt.torrent_info(path)
    add.save_path = directory
    add.flags = lt.torrent_flags.update_subscribe
    if trusted:
        add.flags |= lt.torrent_flags.seed_mode
    return add


def tell_done():
    open(done, 'w').close()


signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
session = lt.session(dict(BASE, **FAST) if preset == 'fast' else BASE)

if mode == 'idle':
    handles = [session.add_torrent(parameters(path, True)) for path in sorted(glob.glob(torrent + '/*.torrent'))]
    while not all(handle.status().is_seeding for handle in handles):
        time.sleep(0.1)
    tell_done()
    signal.pause()

handle = session.add_torrent(parameters(torrent, mode == 'seed'))
while not handle.status().is_seeding:
    session.wait_for_alert(50)
    for alert in session.pop_alerts():
        if isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert)):
            sys.exit(str(alert))
tell_done()
signal.pause()
