#!/usr/bin/python3
"""A BitTorrent client made of libtorrent's Python binding, for the interop harness.

  lt_peer.py version
  lt_peer.py serve IP PORT JSON commands on stdin, answers on stdout, one JSON object per line; ends at end of input; JSON:
                                {pex, lsd, dht: [{ip, port}]}, ways to find peers, all optional
  lt_peer.py nodes PORT IP...   nodes of a DHT, one on each address; commands and answers like `serve`
  lt_peer.py check TORRENT DIR  loads a torrent, checks its data and prints {v1, v2, complete, error}; no hash: empty
  lt_peer.py create JSON        writes a .torrent file (the harness's stand-in for `shoal create`)

Commands of `serve` ({"id": n, "op": ..., ...}, answered by {"id": n, ...} or {"id": n, "error": text}):
  add     torrent (path or magnet link), directory, peers, upload_limit, download_limit -> info_hash
  hashes  info_hash -> v1, v2; empty: none
  status  info_hash -> complete, progress, state, uploaded, downloaded, error
Commands of `nodes`:
  nodes   -> counts (how many others each node knows)
  peers   info_hash -> peers (ip:port, found in the DHT)
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


def add(session, command, pex):
    magnet = command["torrent"].startswith("magnet:")
    params = lt.parse_magnet_uri(command["torrent"]) if magnet else lt.add_torrent_params()
    if not magnet:
        params.ti = lt.torrent_info(command["torrent"])
    params.save_path = command["directory"]
    params.flags = lt.torrent_flags.update_subscribe
    if not pex:
        params.flags |= lt.torrent_flags.disable_pex
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


def discovery_settings(options):
    return {
        "enable_lsd": bool(options.get("lsd")),
        "enable_dht": "dht" in options,
        "dht_bootstrap_nodes": "",
        # All nodes are in one small network.
        "dht_restrict_routing_ips": False,
        "dht_restrict_search_ips": False,
        "dht_prefer_verified_node_ids": False,
    }


def exchange(handle_command, tick):
    """Answers commands until the end of input, or SIGTERM."""
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
                    answer.update(handle_command(command))
                except Exception as error:  # an answer for the harness, whatever went wrong
                    answer["error"] = repr(error)
                print(json.dumps(answer), flush=True)
        tick()


def log_alerts(session):
    for alert in session.pop_alerts():
        log(str(alert))


def serve(ip, port, options):
    session = lt.session(dict(
        SETTINGS,
        listen_interfaces="%s:%s" % (ip, port),
        outgoing_interfaces=ip,
        **discovery_settings(options),
    ))
    handles = {}
    for node in options.get("dht", []):
        session.add_dht_node((node["ip"], node["port"]))
    # What is announced before the DHT is entered is not announced again for a quarter of an hour.
    deadline = time.monotonic() + 20
    while options.get("dht") and session.status().dht_nodes == 0 and time.monotonic() < deadline:
        time.sleep(0.05)

    def handle_command(command):
        if command["op"] == "add":
            info_hash, handle = add(session, command, options.get("pex"))
            handles[info_hash] = handle
            return {"info_hash": info_hash}
        handle = handles[command["info_hash"]]
        if command["op"] == "status":
            return status(handle)
        return hashes(handle.info_hashes())

    exchange(handle_command, lambda: log_alerts(session))
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


def nodes(port, ips):
    sessions = [
        lt.session(dict(
            SETTINGS,
            alert_mask=lt.alert.category_t.dht_operation_notification,
            listen_interfaces="%s:%s" % (ip, port),
            outgoing_interfaces=ip,
            **discovery_settings({"dht": []}),
        ))
        for ip in ips
    ]
    for session in sessions:
        for ip in ips:
            session.add_dht_node((ip, int(port)))

    def handle_command(command):
        if command["op"] == "nodes":
            return {"counts": [session.status().dht_nodes for session in sessions]}
        session = sessions[0]
        session.dht_get_peers(lt.sha1_hash(bytes.fromhex(command["info_hash"])))
        found = set()
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and not found:
            session.wait_for_alert(100)
            for alert in session.pop_alerts():
                if isinstance(alert, lt.dht_get_peers_reply_alert):
                    found.update("%s:%d" % peer for peer in alert.peers())
        return {"peers": sorted(found)}

    exchange(handle_command, lambda: None)
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
    serve(sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))
elif sys.argv[1] == "nodes":
    nodes(sys.argv[2], sys.argv[3:])
elif sys.argv[1] == "check":
    check(sys.argv[2], sys.argv[3])
elif sys.argv[1] == "create":
    create(json.loads(sys.argv[2]))
