"""metainfo_libtorrent.py FILE SECONDS: CPU milliseconds that libtorrent takes for a .torrent file, as JSON."""
import json
import resource
import sys
import time

import libtorrent as lt

with open(sys.argv[1], 'rb') as file:
    data = file.read()
value = lt.bdecode(data)
assert lt.bencode(value) == data
LIMITS = dict(max_decode_depth=100, max_decode_tokens=30000000, max_pieces=10000000, max_buffer_size=1 << 30)


def milliseconds(work):
    work()
    start, cpu, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - start < float(sys.argv[2]) or count < 3:
        work()
        count += 1
    return (time.process_time() - cpu) / count * 1e3


result = dict(
    decode=milliseconds(lambda: lt.bdecode(data)),
    encode=milliseconds(lambda: lt.bencode(value)),
    parse=milliseconds(lambda: lt.torrent_info(data, LIMITS)),
)
result['rss'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(result))
