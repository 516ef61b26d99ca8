/*
 * Announces to a tracker as fast as it answers, and counts the answers.
 *
 *   announce MODE IP PORT SECONDS SOCKETS WINDOW SWARMS PEERS
 *   announce hashes SWARMS                   prints the info-hashes
 *
 * MODE: udp, http (kept connections), http-close (a connection for each announce). Each of the SOCKETS has an address of its
 * own in 127.1.0.0/16. Over UDP, WINDOW announces are under way at a time, from one socket after another; over HTTP, one from
 * each socket. The announces are of PEERS peers in SWARMS swarms, over
 * and over, in an order that looks random. With SECONDS 0 each peer announces once. Prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SOCKETS = 8192, REPLY_MAX = 65536 };
/* Seconds after which an unanswered packet counts as lost, and what is under way is sent anew. */
static const double LOST_AFTER = 0.25;

struct lane {
  int fd;
  int under_way;
  double heard;
  uint8_t connection[8];
  size_t got;  /* HTTP: bytes of the answer so far */
  size_t want; /* HTTP: bytes of the whole answer, 0 when not known */
  int used;    /* HTTP: this connection has brought an answer */
  char head[2048];
};

static struct lane *lanes;
static struct sockaddr_in server;
static int sockets, window_size, use_http, close_each, under_way, cursor, ends_all;
static uint32_t swarms, peers, turn, limit_turns;
static uint64_t answers, errors, lost, dropped, bytes;
static char reply[REPLY_MAX];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get32(const void *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void die(const char *what) {
  fprintf(stderr, "announce: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* The next peer of this lane: its number. Each lane has every SOCKETS-th peer, in an order of strides. */
static uint32_t next_peer(int lane) {
  uint32_t own = peers / (uint32_t)sockets;
  uint32_t index = (uint32_t)(((uint64_t)turn * 2654435761u) % own);
  if (limit_turns) index = turn / (uint32_t)sockets % own;
  turn++;
  return index * (uint32_t)sockets + (uint32_t)lane;
}

static void hash_of(uint32_t swarm, uint8_t *hash) {
  for (int at = 0; at < 20; at += 4) {
    uint32_t word = (swarm + 1) * 2654435761u + (uint32_t)at * 40503u;
    word ^= word >> 15;
    put32(hash + at, word * 2246822519u);
  }
}

static int open_socket(int lane, int type) {
  int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
  if (fd < 0) die("socket");
  int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  struct sockaddr_in own = {.sin_family = AF_INET};
  own.sin_addr.s_addr = htonl(0x7f010001u + (uint32_t)lane);
  if (bind(fd, (void *)&own, sizeof own)) die("bind");
  if (connect(fd, (void *)&server, sizeof server) && errno != EINPROGRESS) die("connect");
  if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static int send_udp(int index) {
  struct lane *lane = &lanes[index];
  uint8_t packet[98] = {0};
  uint32_t peer = next_peer(index), swarm = peer % swarms;
  memcpy(packet, lane->connection, 8);
  put32(packet + 8, 1);
  put32(packet + 12, turn);
  hash_of(swarm, packet + 16);
  memcpy(packet + 36, "-AN0001-", 8);
  put32(packet + 52, peer);
  put32(packet + 68, peer % 4 ? 100 : 0);
  put32(packet + 88, peer);
  put32(packet + 92, 50);
  uint32_t port = 1024 + peer / (uint32_t)sockets % 60000;
  packet[96] = (uint8_t)(port >> 8);
  packet[97] = (uint8_t)port;
  if (send(lane->fd, packet, sizeof packet, 0) < 0) return 0;
  lane->under_way++;
  under_way++;
  return 1;
}

static void send_http(int index) {
  struct lane *lane = &lanes[index];
  uint32_t peer = next_peer(index);
  uint8_t hash[20];
  char text[64], request[1024];
  hash_of(peer % swarms, hash);
  for (int at = 0; at < 20; at++) sprintf(text + at * 3, "%%%02x", hash[at]);
  int length = snprintf(request, sizeof request,
                        "GET /announce?info_hash=%s&peer_id=-AN0001-%012u&port=%u&uploaded=0&downloaded=0&left=%d&compact=1"
                        "&key=9A8E1F5C&numwant=50 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: announce/1\r\n"
                        "Accept-Encoding: gzip\r\nConnection: %s\r\n\r\n",
                        text, peer, 1024 + peer / (uint32_t)sockets % 60000, peer % 4 ? 100 : 0, ntohs(server.sin_port),
                        close_each ? "close" : "keep-alive");
  lane->got = lane->want = 0;
  if (send(lane->fd, request, (size_t)length, MSG_NOSIGNAL) != length) errors++;
  lane->under_way = 1;
}

static void connect_udp(struct lane *lane) {
  uint8_t packet[16] = {0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80}, answer[64];
  for (int tries = 0; tries < 100; tries++) {
    if (send(lane->fd, packet, sizeof packet, 0) < 0) {
      usleep(50000);
      continue;
    }
    for (int waits = 0; waits < 100; waits++) {
      if (recv(lane->fd, answer, sizeof answer, 0) >= 16 && get32(answer) == 0) {
        memcpy(lane->connection, answer + 8, 8);
        return;
      }
      usleep(waits < 20 ? 50 : 2000);
    }
  }
  fprintf(stderr, "announce: no connection id\n");
  exit(1);
}

static int more(void) { return !limit_turns || turn < limit_turns; }

static void watch(int epoll, int index, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

/* A new connection; its request goes out when it is there. */
static void dial(int epoll, int index) {
  lanes[index].fd = open_socket(index, SOCK_STREAM);
  lanes[index].under_way = 0;
  lanes[index].used = 0;
  struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)index};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, lanes[index].fd, &event)) die("epoll_ctl");
}

/* Keeps the window full, each announce from another socket. */
static void fill_window(double time) {
  while (under_way < window_size && more()) {
    struct lane *lane = &lanes[cursor];
    if (lane->under_way == 0) lane->heard = time;
    if (!send_udp(cursor)) return;
    cursor = (cursor + 1) % sockets;
  }
}

static void hear_udp(int index, double time) {
  struct lane *lane = &lanes[index];
  ssize_t length;
  while ((length = recv(lane->fd, reply, sizeof reply, MSG_DONTWAIT)) > 0) {
    if (length >= 20 && get32(reply) == 1) answers++;
    else errors++;
    bytes += (uint64_t)length;
    lane->heard = time;
    if (lane->under_way == 0) continue; /* given up already */
    lane->under_way--;
    under_way--;
  }
}

static void hear_http(int epoll, int index, double time) {
  struct lane *lane = &lanes[index];
  if (lane->under_way == 0 && lane->heard == 0) { /* connected */
    lane->heard = time;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    epoll_ctl(epoll, EPOLL_CTL_MOD, lane->fd, &event);
    if (more()) send_http(index);
    return;
  }
  ssize_t length = recv(lane->fd, reply, sizeof reply - 1, 0);
  if (length < 0 && errno == EAGAIN) return;
  if (length > 0) {
    if (lane->got < sizeof lane->head - 1) {
      size_t take = (size_t)length, room = sizeof lane->head - 1 - lane->got;
      if (take > room) take = room;
      memcpy(lane->head + lane->got, reply, take);
      lane->head[lane->got + take] = 0;
    }
    lane->got += (size_t)length;
    bytes += (uint64_t)length;
    char *end = lane->want ? NULL : memmem(lane->head, lane->got < sizeof lane->head ? lane->got : sizeof lane->head, "\r\n\r\n", 4);
    if (end) {
      char *at = strcasestr(lane->head, "\r\ncontent-length:");
      if (at && at < end) lane->want = (size_t)(end + 4 - lane->head) + (size_t)atoi(at + 17);
    }
  }
  int whole = lane->want && lane->got >= lane->want;
  if (length > 0 && !whole) return;
  if (length <= 0 && !lane->want && lane->got > 0) whole = 1; /* until the end of the connection */
  if (length <= 0 && lane->got == 0 && lane->used) {
    /* It ends kept connections without saying so: that request was never taken. */
    ends_all = 1;
    dropped++;
  } else if (whole && !strncmp(lane->head + 9, "200", 3) && memmem(lane->head, sizeof lane->head, "8:interval", 10)) answers++;
  else errors++;
  lane->used = 1;
  lane->under_way = 0;
  /* A server that ends each connection may do so with kept ones, too. */
  int ends = close_each || ends_all || length <= 0 || !strncmp(lane->head, "HTTP/1.0", 8) || strcasestr(lane->head, "\r\nconnection: close");
  if (ends) {
    close(lane->fd);
    lane->heard = 0;
    lane->got = lane->want = 0;
    if (more()) dial(epoll, index);
    else lane->fd = -1;
  } else if (more()) {
    send_http(index);
  }
}

static void print_hashes(uint32_t count) {
  uint8_t hash[20];
  for (uint32_t swarm = 0; swarm < count; swarm++) {
    hash_of(swarm, hash);
    for (int at = 0; at < 20; at++) printf("%02x", hash[at]);
    putchar('\n');
  }
}

int main(int count, char **values) {
  if (count == 3 && !strcmp(values[1], "hashes")) {
    print_hashes((uint32_t)atol(values[2]));
    return 0;
  }
  if (count != 9) {
    fprintf(stderr, "usage: announce udp|http|http-close IP PORT SECONDS SOCKETS WINDOW SWARMS PEERS\n");
    return 2;
  }
  use_http = strcmp(values[1], "udp") != 0;
  close_each = !strcmp(values[1], "http-close");
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(values[3]))};
  inet_pton(AF_INET, values[2], &server.sin_addr);
  double seconds = atof(values[4]);
  sockets = atoi(values[5]);
  window_size = atoi(values[6]);
  swarms = (uint32_t)atol(values[7]);
  peers = (uint32_t)atol(values[8]);
  if (sockets < 1 || sockets > MAX_SOCKETS || peers < (uint32_t)sockets) return 2;
  peers -= peers % (uint32_t)sockets;
  if (seconds == 0) limit_turns = peers;
  struct rlimit files = {MAX_SOCKETS + 64, MAX_SOCKETS + 64};
  setrlimit(RLIMIT_NOFILE, &files);
  lanes = calloc((size_t)sockets, sizeof *lanes);
  int epoll = epoll_create1(0);
  for (int index = 0; index < sockets; index++) {
    if (use_http) {
      dial(epoll, index);
    } else {
      lanes[index].fd = open_socket(index, SOCK_DGRAM);
      connect_udp(&lanes[index]);
      watch(epoll, index, lanes[index].fd);
    }
  }
  double start = now(), time = start, checked = start;
  if (!use_http) fill_window(start);
  struct epoll_event events[256];
  while ((seconds > 0 && time - start < seconds) || (limit_turns && answers + errors + dropped < limit_turns)) {
    int ready = epoll_wait(epoll, events, 256, 50);
    time = now();
    for (int at = 0; at < ready; at++) {
      int index = (int)events[at].data.u32;
      if (use_http) hear_http(epoll, index, time);
      else hear_udp(index, time);
    }
    if (!use_http) fill_window(time);
    if (!use_http && time - checked > LOST_AFTER) {
      checked = time;
      for (int index = 0; index < sockets; index++) {
        struct lane *lane = &lanes[index];
        if (lane->under_way == 0 || time - lane->heard < LOST_AFTER) continue;
        lost += (uint64_t)lane->under_way;
        under_way -= lane->under_way;
        if (limit_turns) errors += (uint64_t)lane->under_way;
        lane->under_way = 0;
      }
    }
  }
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  printf("{\"seconds\":%.3f,\"answers\":%llu,\"errors\":%llu,\"lost\":%llu,\"bytes\":%llu,\"cpu\":%.3f}\n", time - start,
         (unsigned long long)answers, (unsigned long long)errors, (unsigned long long)lost, (unsigned long long)bytes,
         (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
  return 0;
}
