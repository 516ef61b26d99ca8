/**
 * Bytes of external memory from which on V8 looks for garbage, counted since it last did (its soft limit of 64 MiB), and
 * a page more.
 */
const EXTERNAL_LIMIT = 64 * 1024 * 1024 + 4096;

/**
 * Have V8 begin to look for garbage now, beside what we do next. Left alone, it begins when its heap has grown fourfold since
 * the last time: a program that reads one large document after the other then holds ten dead ones. What V8 does heed
 * is external memory, so it is shown a buffer that nobody touches: address space for an instant, not memory.
 *
 * It costs one marking of the heap, so only work that leaves tens of megabytes behind may call it.
 */
export function expectGarbage(): void {
  try {
    new ArrayBuffer(EXTERNAL_LIMIT);
  } catch {
    // Where not even address space is left, V8 has just collected all it could.
  }
}
