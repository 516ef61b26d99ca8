import {
  BYTE_DICTIONARY,
  BYTE_END,
  BYTE_INTEGER,
  BYTE_LIST,
  contentStart,
  readInteger,
} from './content.ts';
import { KeyCache, ViewCache } from './repeats.ts';
import type { BencodeDictionary, BencodeValue } from './types.ts';

/** A container being filled; `into` is the one array or map under construction. */
type Frame =
  | { readonly isList: true; readonly into: BencodeValue[]; next: number }
  | { readonly isList: false; readonly into: BencodeDictionary; key: string | undefined };

/** Build the value that starts at `token`, walking the tape once with a stack of its own. */
export function materialise(bytes: Uint8Array, words: Uint32Array, token: number): BencodeValue {
  const keys = new KeyCache(bytes);
  const views = new ViewCache(bytes);
  const stack: Frame[] = [];
  let frame: Frame | undefined;
  for (;;) {
    const start = words[2 * token] ?? 0;
    const word = words[2 * token + 1] ?? 0;
    token++;
    const byte = bytes[start];
    let value: BencodeValue;
    if (byte === BYTE_END) {
      const closed = stack.pop();
      frame = stack.at(-1);
      if (frame === undefined) return closed?.into ?? [];
      continue;
    }
    if (byte === BYTE_LIST || byte === BYTE_DICTIONARY) {
      const opened: Frame =
        byte === BYTE_LIST
          ? // Its size is known: an array that grows has room for 17 items from the first one on.
            { isList: true, into: new Array<BencodeValue>(words[2 * word + 1] ?? 0), next: 0 }
          : { isList: false, into: new Map(), key: undefined };
      if (frame !== undefined) put(frame, opened.into);
      stack.push(opened);
      frame = opened;
      continue;
    }
    if (byte === BYTE_INTEGER) value = readInteger(bytes, start, word);
    else {
      const content = contentStart(bytes, start);
      if (frame !== undefined && !frame.isList && frame.key === undefined) {
        frame.key = keys.at(content, word);
        continue;
      }
      value = frame?.isList === true ? views.at(content, word) : bytes.subarray(content, word);
    }
    if (frame === undefined) return value;
    put(frame, value);
  }
}

function put(frame: Frame, value: BencodeValue): void {
  if (frame.isList) {
    frame.into[frame.next++] = value;
    return;
  }
  const key = frame.key ?? '';
  // The first value of a repeated key stays.
  if (!frame.into.has(key)) frame.into.set(key, value);
  frame.key = undefined;
}
