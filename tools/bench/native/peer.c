#define _GNU_SOURCE
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LARGEST_MESSAGE (1u << 20) /* before and with the bitfield: 8 million pieces */
#define MESSAGES_BEFORE_BITFIELD 16

void fail(const char *what) {
  perror(what);
  exit(2);
}

double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

void parse_hash(const char *hex, uint8_t *hash) {
  for (int i = 0; i < HASH_LENGTH; i++) {
    unsigned byte;
    if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
      fprintf(stderr, "not an info-hash: %s\n", hex);
      exit(2);
    }
    hash[i] = byte;
  }
}

void open_content(struct content *content, const char *file, const char *hash, const char *length, const char *piece_length) {
  struct stat status;
  int fd = open(file, O_RDONLY);
  if (fd < 0 || fstat(fd, &status)) fail(file);
  content->length = strtoull(length, NULL, 10);
  content->map_length = status.st_size;
  content->map = mmap(NULL, status.st_size, PROT_READ, MAP_SHARED, fd, 0);
  if (content->map == MAP_FAILED) fail("mmap");
  close(fd);
  content->piece_length = strtoul(piece_length, NULL, 10);
  content->piece_count = (content->length + content->piece_length - 1) / content->piece_length;
  parse_hash(hash, content->info_hash);
}

const uint8_t *content_at(const struct content *content, uint64_t offset) {
  return content->map + (offset < content->map_length ? offset : offset % content->map_length);
}

void stamp_first_request(const char *file) {
  static int stamped;
  if (stamped) return;
  stamped = 1;
  if (access(file, F_OK) == 0) return;
  FILE *out = fopen(file, "w");
  if (!out) return;
  fprintf(out, "%.6f\n", now());
  fclose(out);
}

void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

int write_all(int fd, const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  while (length) {
    ssize_t count = write(fd, at, length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return -1;
    at += count;
    length -= count;
  }
  return 0;
}

int read_all(int fd, void *bytes, size_t length) {
  uint8_t *at = bytes;
  while (length) {
    ssize_t count = read(fd, at, length);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return -1;
    at += count;
    length -= count;
  }
  return 0;
}

int writev_all(int fd, struct iovec *parts, int count) {
  while (count) {
    ssize_t written = writev(fd, parts, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return -1;
    while (count && (size_t)written >= parts->iov_len) {
      written -= parts->iov_len;
      parts++;
      count--;
    }
    if (count) {
      parts->iov_base = (uint8_t *)parts->iov_base + written;
      parts->iov_len -= written;
    }
  }
  return 0;
}

void receive_timeout(int fd, int seconds) {
  struct timeval time = {.tv_sec = seconds};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

int dial(const char *address, int port, int source) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (source >= 0) {
    struct sockaddr_in from = {.sin_family = AF_INET};
    char text[32];
    snprintf(text, sizeof text, "10.99.1.%d", source + 1);
    inet_pton(AF_INET, text, &from.sin_addr);
    /* The port is chosen by connect: many short connections must not run out of ports. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(fd, (void *)&from, sizeof from)) fail("bind");
  }
  inet_pton(AF_INET, address, &to.sin_addr);
  if (connect(fd, (void *)&to, sizeof to)) {
    close(fd);
    return -1;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

int handshake(int fd, const uint8_t *info_hash, int id, int extended) {
  uint8_t out[68] = "\x13" "BitTorrent protocol", in[68];
  char peer_id[40];
  if (extended) out[25] |= 0x10;
  snprintf(peer_id, sizeof peer_id, "-SB0001-%06u%06u", (unsigned)getpid() % 1000000u, (unsigned)id % 1000000u);
  memcpy(out + 28, info_hash, HASH_LENGTH);
  memcpy(out + 48, peer_id, 20);
  if (write_all(fd, out, sizeof out) || read_all(fd, in, sizeof in)) return -1;
  return memcmp(in + 28, info_hash, HASH_LENGTH) ? -1 : 0;
}

int has_every_piece(int fd, uint32_t piece_count) {
  static uint8_t body[LARGEST_MESSAGE];
  uint8_t prefix[4];
  for (int i = 0; i < MESSAGES_BEFORE_BITFIELD; i++) {
    if (read_all(fd, prefix, 4)) return 0;
    uint32_t length = get32(prefix);
    if (length > sizeof body) return 0;
    if (length == 0) continue;
    if (read_all(fd, body, length)) return 0;
    if (body[0] != BITFIELD) continue;
    if (length - 1 < (piece_count + 7) / 8) return 0;
    for (uint32_t piece = 0; piece < piece_count; piece++)
      if (!(body[1 + piece / 8] & (0x80 >> piece % 8))) return 0;
    return 1;
  }
  return 0;
}
