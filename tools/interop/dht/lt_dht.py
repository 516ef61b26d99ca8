#!/usr/bin/python3
"""A DHT node made of libtorrent's Python binding, for dht.mjs.

  lt_dht.py IP PORT BOOTSTRAP_IP:PORT      commands on stdin, answers on stdout, one JSON object per line

Commands ({"id": n, "op": ..., ...}, answered by {"id": n, ...} or {"id": n, "error": text}; lookups are answered when they end):
  announce   info_hash                 -> {}: as a torrent without metadata, at the port of the session
  peers      info_hash                 -> peers: [[ip, port], ...]
  put        text                      -> target, stored
  get        target                    -> text
"""
import json
import os
import select
import sys
import time

import libtorrent as lt

ip, port, bootstrap = sys.argv[1:4]
session = lt.session({
    "listen_interfaces": "%s:%s" % (ip, port),
    "enable_dht": True,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "dht_bootstrap_nodes": bootstrap,
    # All of this DHT is in one /24.
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_upload_rate_limit": 1000000,
    "alert_mask": lt.alert.category_t.dht_notification
    | lt.alert.category_t.dht_operation_notification | lt.alert.category_t.error_notification,
})

buffered = b""
peers = {}
torrents = {}
waiting = {}


def answer(number, **fields):
    print(json.dumps(dict(fields, id=number)), flush=True)


def run(command):
    number, op = command["id"], command["op"]
    if op == "announce":
        # The binding has no type for the flags of dht_announce.
        if command["info_hash"] not in torrents:
            params = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + command["info_hash"])
            params.save_path = "."
            torrents[command["info_hash"]] = session.add_torrent(params)
        torrents[command["info_hash"]].force_dht_announce()
        answer(number)
    elif op == "peers":
        peers.setdefault(command["info_hash"], set())
        session.dht_get_peers(lt.sha1_hash(bytes.fromhex(command["info_hash"])))
        waiting[number] = ("peers", command["info_hash"], time.monotonic() + command.get("seconds", 6))
    elif op == "put":
        target = session.dht_put_immutable_item(command["text"])
        waiting[number] = ("put", str(target), time.monotonic() + 20)
    elif op == "get":
        session.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(command["target"])))
        waiting[number] = ("get", command["target"], time.monotonic() + 20)
    else:
        answer(number, error="unknown op")


def finish(kind, key, **fields):
    for number, (each, of, _) in list(waiting.items()):
        if (each, of) == (kind, key):
            del waiting[number]
            answer(number, **fields)


answer(0, ready=True)
while True:
    if select.select([0], [], [], 0.05)[0]:
        chunk = os.read(0, 65536)
        if not chunk:
            os._exit(0)
        buffered += chunk
        *lines, buffered = buffered.split(b"\n")
        for line in lines:
            command = json.loads(line)
            try:
                run(command)
            except Exception as error:  # an answer for the harness, whatever went wrong
                answer(command["id"], error=repr(error))
    for alert in session.pop_alerts():
        print(str(alert), file=sys.stderr, flush=True)
        if isinstance(alert, lt.dht_get_peers_reply_alert):
            peers.setdefault(str(alert.info_hash), set()).update(alert.peers())
        elif isinstance(alert, lt.dht_put_alert):
            finish("put", str(alert.target), target=str(alert.target), stored=alert.num_success)
        elif isinstance(alert, lt.dht_immutable_item_alert):
            item = alert.item["value"] if isinstance(alert.item, dict) else alert.item
            text = item.decode() if isinstance(item, bytes) else str(item)
            finish("get", str(alert.target), text=text)
    now = time.monotonic()
    for number, (kind, key, until) in list(waiting.items()):
        if now > until:
            del waiting[number]
            if kind == "peers":
                answer(number, peers=sorted(peers[key]))
            else:
                answer(number, error="nothing came of it")
