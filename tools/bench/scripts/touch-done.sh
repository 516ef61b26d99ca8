#!/bin/sh
# What aria2 and qBittorrent call when a download is complete.
: > "$DONE"
