/*
 * wire: a bare BitTorrent peer (BEP 3), the fixed counterpart of the client that is measured.
 *
 *   wire seed  FILE HASH LENGTH PIECE_LENGTH ADDRESS PORT PEERS STAMP
 *       dials the client every 20 ms until it is let in, then serves the content from memory; PEERS processes, each with an address of its own
 *   wire leech FILE HASH LENGTH PIECE_LENGTH ADDRESS PORT DEPTH STAMP [check]
 *       fetches everything once with DEPTH blocks in flight and drops it, or compares it; ends with 0 when it has everything
 *   wire probe LIST PIECES ADDRESS PORT SECONDS JOBS
 *       LIST has one info-hash in hex per line; ends with 0 once each of them was answered with a full bitfield. JOBS ask at a time
 *
 * The content is FILE, over and over up to LENGTH bytes. STAMP gets the time (CLOCK_MONOTONIC, s) of the first request.
 * It neither hashes nor writes files, so that it costs a small part of a core and the client is what is measured.
 */
#define _GNU_SOURCE
#include "peer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST_REQUEST 131072u /* bytes */
#define PARTS 1024              /* iovecs of one writev: the kernel's limit */
#define RECEIVE_BUFFER (1u << 20)
#define NOT_YET_MICROSECONDS 50000 /* after the client has turned us away: asking costs it time that it needs to get ready */
#define QUIET_SECONDS 30 /* without a byte from the client: give up */

/* Says that it can queue 2,000 requests (BEP 10), so that the client's own limit is what holds. */
static int send_extended_handshake(int fd) {
  const char *body = "d1:mde4:reqqi2000e1:v10:shoalbenche";
  uint8_t out[128];
  size_t length = strlen(body);
  put32(out, length + 2);
  out[4] = EXTENDED;
  out[5] = 0;
  memcpy(out + 6, body, length);
  return write_all(fd, out, length + 6);
}

static int send_full_bitfield(int fd, uint32_t piece_count) {
  uint32_t length = (piece_count + 7) / 8;
  uint8_t *out = calloc(1, length + 5);
  put32(out, length + 1);
  out[4] = BITFIELD;
  for (uint32_t piece = 0; piece < piece_count; piece++) out[5 + piece / 8] |= 0x80 >> piece % 8;
  int error = write_all(fd, out, length + 5);
  free(out);
  return error;
}

/* Answers requests until the client leaves. All requests that one read brings are answered by one writev. */
static void serve(int fd, const struct content *content, int id, const char *stamp) {
  static uint8_t in[1 << 18];
  static uint8_t headers[PARTS / 2][13];
  static struct iovec parts[PARTS];
  size_t have = 0;
  int count = 0, unchoked = 0;

  if (handshake(fd, content->info_hash, id, 1) || send_extended_handshake(fd)) return;
  if (send_full_bitfield(fd, content->piece_count)) return;
  for (;;) {
    ssize_t received = read(fd, in + have, sizeof in - have);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return;
    have += received;
    size_t at = 0;
    while (have - at >= 4) {
      uint32_t length = get32(in + at);
      if (length > sizeof in - 4) return;
      if (have - at < 4 + length) break;
      const uint8_t *message = in + at + 4;
      at += 4 + length;
      if (length == 0) continue;
      if (message[0] == INTERESTED && !unchoked) {
        const uint8_t unchoke[5] = {0, 0, 0, 1, UNCHOKE};
        unchoked = 1;
        if (write_all(fd, unchoke, sizeof unchoke)) return;
      } else if (message[0] == REQUEST && length == 13) {
        uint32_t piece = get32(message + 1), begin = get32(message + 5), wanted = get32(message + 9);
        uint64_t offset = (uint64_t)piece * content->piece_length + begin;
        if (wanted > LARGEST_REQUEST || offset + wanted > content->length) return;
        stamp_first_request(stamp);
        uint8_t *header = headers[count / 2];
        put32(header, 9 + wanted);
        header[4] = PIECE;
        put32(header + 5, piece);
        put32(header + 9, begin);
        parts[count++] = (struct iovec){header, 13};
        parts[count++] = (struct iovec){(void *)content_at(content, offset), wanted};
        if (count == PARTS) {
          if (writev_all(fd, parts, count)) return;
          count = 0;
        }
      }
    }
    memmove(in, in + at, have - at);
    have -= at;
    if (count) {
      if (writev_all(fd, parts, count)) return;
      count = 0;
    }
  }
}

static void end_quietly(int signal) {
  (void)signal;
  _exit(0);
}

static int seed(char **args) {
  struct content content;
  int port = atoi(args[5]), peers = atoi(args[6]), id = 0;
  open_content(&content, args[0], args[1], args[2], args[3]);
  signal(SIGTERM, end_quietly);
  for (int i = 1; i < peers; i++) {
    if (fork()) continue;
    id = i;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    break;
  }
  for (;;) {
    int fd = dial(args[4], port, id);
    if (fd >= 0) {
      serve(fd, &content, id, args[7]);
      close(fd);
    }
    usleep(RETRY_MICROSECONDS);
  }
  return 0; /* never: it is ended by a signal */
}

/* Connects until the client answers for this torrent with a full bitfield; -1 when it does not before `deadline`. */
static int reach_seed(const char *address, int port, int source, const uint8_t *info_hash, uint32_t piece_count, int id, int quiet, double deadline) {
  while (now() < deadline) {
    int fd = dial(address, port, source);
    if (fd < 0) {
      usleep(RETRY_MICROSECONDS);
      continue;
    }
    receive_timeout(fd, quiet);
    if (handshake(fd, info_hash, id, 0) == 0 && has_every_piece(fd, piece_count)) return fd;
    close(fd);
    usleep(NOT_YET_MICROSECONDS);
  }
  return -1;
}

static int leech(char **args, int check) {
  struct content content;
  open_content(&content, args[0], args[1], args[2], args[3]);
  int port = atoi(args[5]);
  uint32_t depth = atoi(args[6]), blocks_per_piece = content.piece_length / BLOCK;
  uint64_t block_count = (content.length + BLOCK - 1) / BLOCK;
  uint8_t *got = calloc(1, block_count), *in = malloc(RECEIVE_BUFFER), *requests = malloc(17 * depth);

  int fd = reach_seed(args[4], port, 0, content.info_hash, content.piece_count, 0, QUIET_SECONDS, now() + QUIET_SECONDS);
  if (fd < 0) {
    fprintf(stderr, "leech: the client does not seed\n");
    return 1;
  }
  const uint8_t interested[5] = {0, 0, 0, 1, INTERESTED};
  if (write_all(fd, interested, sizeof interested)) return 1;

  uint64_t done = 0, next = 0;
  uint32_t in_flight = 0, chokes = 0;
  int unchoked = 0;
  double start = 0;
  size_t have = 0;
  uint64_t left = 0, current = 0, position = 0; /* inside the payload of block `current` */
  while (done < block_count) {
    int count = 0;
    while (unchoked && in_flight < depth) {
      while (next < block_count && got[next]) next++;
      if (next >= block_count) break;
      uint8_t *request = requests + 17 * count++;
      put32(request, 13);
      request[4] = REQUEST;
      put32(request + 5, next / blocks_per_piece);
      put32(request + 9, next % blocks_per_piece * BLOCK);
      put32(request + 13, next == block_count - 1 ? content.length - next * BLOCK : BLOCK);
      next++;
      in_flight++;
    }
    if (count) {
      if (!start) {
        stamp_first_request(args[7]);
        start = now();
      }
      if (write_all(fd, requests, 17 * count)) return 1;
    }
    ssize_t received = read(fd, in + have, RECEIVE_BUFFER - have);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) {
      fprintf(stderr, "leech: closed or quiet after %llu of %llu blocks\n", (unsigned long long)done, (unsigned long long)block_count);
      return 1;
    }
    have += received;
    size_t at = 0;
    for (;;) {
      if (left) {
        size_t part = have - at < left ? have - at : left;
        if (check && memcmp(in + at, content_at(&content, current * BLOCK + position), part)) {
          fprintf(stderr, "leech: wrong data in block %llu\n", (unsigned long long)current);
          return 3;
        }
        at += part;
        position += part;
        left -= part;
        if (left) break;
        if (!got[current]) done++;
        got[current] = 1;
        if (in_flight) in_flight--;
      } else if (have - at >= 4 && get32(in + at) == 0) {
        at += 4;
      } else if (have - at < 5) {
        break;
      } else if (in[at + 4] == PIECE) {
        if (have - at < 13) break;
        current = (uint64_t)get32(in + at + 5) * blocks_per_piece + get32(in + at + 9) / BLOCK;
        left = get32(in + at) - 9;
        position = 0;
        at += 13;
        if (current >= block_count) return 3;
      } else {
        uint32_t length = get32(in + at);
        if (have - at < 4 + (size_t)length) break;
        if (in[at + 4] == UNCHOKE) unchoked = 1;
        if (in[at + 4] == CHOKE) { /* what was asked for will not come */
          unchoked = 0;
          in_flight = 0;
          next = 0;
          chokes++;
        }
        at += 4 + length;
      }
    }
    memmove(in, in + at, have - at);
    have -= at;
  }
  printf("{\"transfer\":%.4f,\"chokes\":%u}\n", now() - start, chokes);
  return 0;
}

/* Every `jobs`-th line from `first` on. */
static int probe_share(char **args, int first, int jobs) {
  uint8_t hash[HASH_LENGTH];
  char line[128];
  uint32_t piece_count = atoi(args[1]);
  double deadline = now() + atof(args[4]);
  FILE *list = fopen(args[0], "r");
  if (!list) fail(args[0]);
  for (int number = 0; fgets(line, sizeof line, list); number++) {
    if (number % jobs != first) continue;
    parse_hash(line, hash);
    int fd = reach_seed(args[2], atoi(args[3]), first, hash, piece_count, number, 2, deadline);
    if (fd < 0) {
      fprintf(stderr, "probe: no full bitfield of torrent %d\n", number);
      return 1;
    }
    close(fd);
  }
  return 0;
}

static int probe(char **args) {
  int jobs = atoi(args[5]), failed = 0, status;
  if (jobs <= 1) return probe_share(args, 0, 1);
  for (int job = 0; job < jobs; job++) {
    if (fork()) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    exit(probe_share(args, job, jobs));
  }
  while (wait(&status) > 0) failed |= status;
  return failed ? 1 : 0;
}

int main(int argc, char **argv) {
  const char *role = argc > 1 ? argv[1] : "";
  signal(SIGPIPE, SIG_IGN);
  if (argc == 10 && !strcmp(role, "seed")) return seed(argv + 2);
  if (argc >= 10 && !strcmp(role, "leech")) return leech(argv + 2, argc > 10);
  if (argc == 8 && !strcmp(role, "probe")) return probe(argv + 2);
  fprintf(stderr, "usage: see the top of wire.c\n");
  return 2;
}
