/*
 * prefault MEBIBYTES: touches so much memory and frees it. In a virtual machine that gives free pages back to its host,
 * the first touch of a page costs several times as much as that of a page used shortly before, and whichever client
 * comes first would pay for it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char **argv) {
  size_t length = (argc > 1 ? strtoull(argv[1], NULL, 10) : 0) << 20;
  if (length == 0) return 0;
  char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    perror("prefault");
    return 1;
  }
  for (size_t at = 0; at < length; at += 4096) memory[at] = 1;
  return 0;
}
