#!/usr/bin/python3
"""A BitTorrent client made of libtorrent's Python binding, for the interop harness.

  lt_peer.py version
  lt_peer.py serve IP PORT      commands on stdin, answers on stdout, one JSON object per line; ends at end of input
  lt_peer.py check TORRENT DIR  loads a torrent, checks its data and prints {v1, v2, complete, error}; no hash: empty
  lt_peer.py create JSON        writes a .torrent file (the harness's stand-in for `shoal create`)

Commands of `serve` ({"id": n, "op": ..., ...}, answered by {"id": n, ...} or {"id": n, "error": text}):
  add     torrent (path or magnet link), directory, peers, upload_limit, download_limit -> info_hash
  hashes  info_hash -> v1, v2; empty: none
  status  info_hash -> complete, progress, state, uploaded, downloaded, error
"""
import json
import os
import select
import signal
import sys
import time

import libtorrent as lt

SETTINGS = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "in_enc_policy": lt.enc_policy.pe_disabled,
    "out_enc_policy": lt.enc_policy.pe_disabled,
    "min_reconnect_time": 2,
    "active_limit": 100,
    "active_seeds": 100,
    "active_downloads": 100,
    "active_checking": 4,
    "alert_mask": lt.alert.category_t.error_notification
    | lt.alert.category_t.status_notification
    | lt.alert.category_t.tracker_notification
    | lt.alert.category_t.connect_notification,
}


def log(text):
    print(text, file=sys.stderr, flush=True)


def add(session, command):
    magnet = command["torrent"].startswith("magnet:")
    params = lt.parse_magnet_uri(command["torrent"]) if magnet else lt.add_torrent_params()
    if not magnet:
        params.ti = lt.torrent_info(command["torrent"])
    params.save_path = command["directory"]
    params.flags = lt.torrent_flags.update_subscribe | lt.torrent_flags.disable_pex
    handle = session.add_torrent(params)
    # Limits of the torrent: those of the session do not hold for peers in private address ranges.
    if command.get("upload_limit"):
        handle.set_upload_limit(command["upload_limit"])
    if command.get("download_limit"):
        handle.set_download_limit(command["download_limit"])
    for ip, port in command.get("peers", []):
        handle.connect_peer((ip, port))
    return str(handle.info_hash()), handle


def status(handle):
    s = handle.status()
    return {
        "complete": bool(s.is_seeding),
        "progress": s.progress,
        "state": str(s.state),
        "uploaded": s.total_payload_upload,
        "downloaded": s.total_payload_download,
        "error": s.errc.message() if s.errc.value() else "",
    }


def hashes(both):
    return {
        "v1": str(both.v1) if both.has_v1() else "",
        "v2": str(both.v2) if both.has_v2() else "",
    }


def serve(ip, port):
    session = lt.session(dict(SETTINGS, listen_interfaces="%s:%s" % (ip, port), outgoing_interfaces=ip))
    handles = {}
    ending = []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    buffered = b""
    print(json.dumps({"id": 0, "ready": True}), flush=True)
    while not ending:
        if select.select([0], [], [], 0.1)[0]:
            chunk = os.read(0, 65536)
            if not chunk:
                break
            buffered += chunk
            *lines, buffered = buffered.split(b"\n")
            for line in lines:
                command = json.loads(line)
                answer = {"id": command["id"]}
                try:
                    if command["op"] == "add":
                        answer["info_hash"], handle = add(session, command)
                        handles[answer["info_hash"]] = handle
                    elif command["op"] == "status":
                        answer.update(status(handles[command["info_hash"]]))
                    elif command["op"] == "hashes":
                        answer.update(hashes(handles[command["info_hash"]].info_hashes()))
                    else:
                        answer["error"] = "unknown op"
                except Exception as error:  # an answer for the harness, whatever went wrong
                    answer["error"] = repr(error)
                print(json.dumps(answer), flush=True)
        for alert in session.pop_alerts():
            log(str(alert))
    # Pausing sends `stopped`; wait for the trackers' answers, but not for ever.
    waiting = len(handles)
    session.pause()
    deadline = time.monotonic() + 5
    while waiting > 0 and time.monotonic() < deadline:
        session.wait_for_alert(200)
        for alert in session.pop_alerts():
            log(str(alert))
            if isinstance(alert, (lt.tracker_reply_alert, lt.tracker_error_alert)):
                waiting -= 1
    os._exit(0)


def create(options):
    storage = lt.file_storage()
    lt.add_files(storage, options["path"])
    flags = {"v1": lt.create_torrent.v1_only, "hybrid": 0, "v2": lt.create_torrent.v2_only}
    creator = lt.create_torrent(storage, options["piece_length"], flags[options["format"]])
    for tier, url in enumerate(options["trackers"]):
        creator.add_tracker(url, tier)
    if options["private"]:
        creator.set_priv(True)
    if options["comment"]:
        creator.set_comment(options["comment"])
    lt.set_piece_hashes(creator, os.path.dirname(options["path"]))
    torrent = creator.generate()
    if options["source"]:
        torrent[b"info"][b"source"] = options["source"].encode()
    with open(options["out"], "wb") as out:
        out.write(lt.bencode(torrent))


def check(torrent, directory):
    session = lt.session(dict(SETTINGS, listen_interfaces=""))
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = directory
    handle = session.add_torrent(params)
    deadline = time.monotonic() + 50
    while time.monotonic() < deadline:
        now = status(handle)
        if now["error"] or now["complete"] or now["state"] == "downloading":
            break
        time.sleep(0.05)
    print(json.dumps({
        **hashes(params.ti.info_hashes()),
        "complete": now["complete"],
        "error": now["error"],
    }), flush=True)
    os._exit(0)


if sys.argv[1] == "version":
    print("libtorrent %s" % lt.__version__)
elif sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3])
elif sys.argv[1] == "check":
    check(sys.argv[2], sys.argv[3])
elif sys.argv[1] == "create":
    create(json.loads(sys.argv[2]))
