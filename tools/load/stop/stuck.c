/*
 * A disk that hangs: once the file that STUCK_WHEN names is there, every write to a file below STUCK_BELOW takes a minute. Preloaded into
 * the command under test.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static void wait_if_stuck(int fd) {
  const char *below = getenv("STUCK_BELOW");
  const char *when = getenv("STUCK_WHEN");
  char link[64], path[PATH_MAX];
  if (below == NULL || when == NULL || access(when, F_OK) != 0) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  if (strncmp(path, below, strlen(below)) == 0) sleep(60);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  static ssize_t (*real)(int, const void *, size_t, off64_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwrite64");
  wait_if_stuck(fd);
  return real(fd, bytes, count, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  return pwrite64(fd, bytes, count, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  static ssize_t (*real)(int, const struct iovec *, int, off64_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pwritev64");
  wait_if_stuck(fd);
  return real(fd, parts, count, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return pwritev64(fd, parts, count, offset);
}
