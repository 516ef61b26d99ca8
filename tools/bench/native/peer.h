/* What the three counterparts share: sockets, the handshake, lengths on the wire (BEP 3). See wire.c. */
#ifndef SHOAL_BENCH_PEER_H
#define SHOAL_BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define BLOCK 16384u
#define HASH_LENGTH 20
#define RETRY_MICROSECONDS 20000 /* between two attempts to reach the client */

enum message { CHOKE = 0, UNCHOKE = 1, INTERESTED = 2, BITFIELD = 5, REQUEST = 6, PIECE = 7, EXTENDED = 20 };

/* The torrent: `length` bytes, of which the file `map` holds the first; beyond its end the content starts over. */
struct content {
  uint8_t *map;
  uint64_t map_length; /* a multiple of BLOCK unless it is all of the content */
  uint64_t length;
  uint32_t piece_length;
  uint32_t piece_count;
  uint8_t info_hash[HASH_LENGTH];
};

void fail(const char *what) __attribute__((noreturn));
double now(void); /* seconds, CLOCK_MONOTONIC */
void parse_hash(const char *hex, uint8_t *hash);
void open_content(struct content *content, const char *file, const char *hash, const char *length, const char *piece_length);
const uint8_t *content_at(const struct content *content, uint64_t offset);

/* Writes the time to a file, once per process and only if no other process did. */
void stamp_first_request(const char *file);

void put32(uint8_t *at, uint32_t value);
uint32_t get32(const uint8_t *at);

/* All of it, or -1. */
int write_all(int fd, const void *bytes, size_t length);
int read_all(int fd, void *bytes, size_t length);
int writev_all(int fd, struct iovec *parts, int count);
void receive_timeout(int fd, int seconds);

/* A connection from 10.99.1.<source + 1>, or from wherever the system likes when source is negative; -1 when refused. */
int dial(const char *address, int port, int source);
/* Handshakes both ways; 0 when the other side has this torrent. `extended` sets the bit of BEP 10. */
int handshake(int fd, const uint8_t *info_hash, int id, int extended);
/* Reads messages up to the bitfield; 1 when it has every piece. */
int has_every_piece(int fd, uint32_t piece_count);

#endif
