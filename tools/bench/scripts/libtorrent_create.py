"""libtorrent_create.py FILE OUT PIECE_LENGTH: makes a v1 torrent."""
import os
import sys

import libtorrent as lt

path, out, piece_length = sys.argv[1:]
files = lt.file_storage()
lt.add_files(files, path)
torrent = lt.create_torrent(files, int(piece_length), lt.create_torrent.v1_only)
lt.set_piece_hashes(torrent, os.path.dirname(path))
with open(out, 'wb') as file:
    file.write(lt.bencode(torrent.generate()))
