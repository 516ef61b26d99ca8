import { isUtf8 } from 'node:buffer';
import type { BencodeNode } from '@shoal/bencode';
import { cutText } from './safe-path.ts';

/** Reading fields of a dictionary that may have any type. */

const lossy = new TextDecoder('utf-8', { ignoreBOM: true });

/** A byte string as text; what is not UTF-8 becomes `_`, as most clients do in file names. Undefined for other types. */
export function textOf(node: BencodeNode | undefined): string | undefined {
  if (node?.type !== 'bytes') return undefined;
  return node.asText() ?? textOfBytes(node.asBytes());
}

/** The same of bytes. */
export function textOfBytes(bytes: Uint8Array): string {
  const text = lossy.decode(bytes);
  return isUtf8(bytes) ? text : text.replaceAll('\uFFFD', '_');
}

/**
 * The text of a key, its `.utf-8` variant first: torrents made before UTF-8 was agreed on hold both. Undefined where it is
 * missing, empty or of another type.
 */
export function textField(
  dictionary: BencodeNode,
  key: string,
  maxLength: number,
): string | undefined {
  const text = textOf(dictionary.get(`${key}.utf-8`)) ?? textOf(dictionary.get(key));
  return text === undefined || text === '' ? undefined : cutText(text, maxLength);
}

/** An integer that a number holds exactly; undefined otherwise. */
export function safeIntegerOf(node: BencodeNode | undefined): number | undefined {
  if (node?.type !== 'integer') return undefined;
  const value = node.asInteger();
  return typeof value === 'number' ? value : undefined;
}

/** Items of a list; none where it is missing or of another type. */
export function itemsOf(node: BencodeNode | undefined): Iterable<BencodeNode> {
  return node?.type === 'list' ? node.items() : [];
}

/**
 * A URL or host as the torrent gives it, without blanks around it. Undefined for other types, for what is empty, too long,
 * not UTF-8 or holds control characters, which would reach a request line.
 */
export function urlOf(node: BencodeNode | undefined, maxLength: number): string | undefined {
  if (node?.type !== 'bytes' || node.size > maxLength) return undefined;
  const text = node.asText()?.trim();
  return text === undefined || text === '' || /[\p{Cc}\s]/u.test(text) ? undefined : text;
}
