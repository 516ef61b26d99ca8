import { MAX_COMPONENT_LENGTH } from './limits.ts';

/**
 * What the file system under the download folder makes of names.
 *
 * - `linux` (and other Unix): any name without `/` and NUL will do; letter case may or may not matter.
 * - `darwin`: composed and decomposed forms of a letter are the same name, too.
 * - `win32`: reserved characters and device names, no dot or space at the end.
 * - `any`: all of these rules, so that the result is the same and safe everywhere.
 */
export type TargetPlatform = 'linux' | 'darwin' | 'win32' | 'any';

/** How a file system treats names: what {@link safeComponent} and {@link foldName} go by. */
export interface NameRules {
  /** Apply the restrictions of Windows. */
  readonly windows: boolean;
  /** Take composed and decomposed forms for the same name. */
  readonly normalising: boolean;
  /** Take names that differ by letter case for different ones. */
  readonly caseSensitive: boolean;
}

/** The rules of a platform. Without certainty that the file system tells letter case apart, assume that it does not. */
export function rulesFor(platform: string, caseSensitive = false): NameRules {
  return {
    caseSensitive,
    windows: platform === 'win32' || platform === 'any',
    normalising: platform === 'darwin' || platform === 'win32' || platform === 'any',
  };
}

/**
 * Never part of a name: control characters (terminal escapes, NUL), both separators, and what overrides, embeds or isolates the
 * direction of text (UAX #9), by which `exe.jpg` is made of `gpj.exe`. The plain marks (U+061C, U+200E, U+200F) stay: they are part of
 * many Arabic and Hebrew names, and turn no letters around.
 */
const UNSAFE = /[\p{Cc}/\\\u202A-\u202E\u2066-\u2069]/u;
const UNSAFE_ALL = new RegExp(UNSAFE, 'gu');

/** A drive letter, alone or with a separator behind it. */
const DRIVE = /^([a-z]):(?=$|[/\\])/i;

/** A name of dots and spaces only is one of `.` and `..` to those who trim. */
const DOTS_AND_SPACES = /^[. ]*$/;

const WINDOWS_CHARACTERS = /[<>:"|?*]/g;
const WINDOWS_TAIL = /[. ]+$/;
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\.|$)/i;

/** Bytes an extension may have to be kept when a name is cut. */
const MAX_EXTENSION_LENGTH = 16;

/** Characters of a name that may be {@link isPlain}; every one takes a byte. */
const MAX_PLAIN_LENGTH = MAX_COMPONENT_LENGTH;

/**
 * What each character of ASCII is to names: nothing special, a capital letter, or something that a rule of some platform is
 * about (a dot or a space only where it stands at an end of a name).
 */
const ORDINARY = 0;
const CAPITAL = 1;
const SPECIAL = 2;
const CHARACTER_KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/[A-Z]/.test(character)) return CAPITAL;
  return /[\p{Cc}/\\<>:"|?*]/u.test(character) ? SPECIAL : ORDINARY;
});

/**
 * Whether no rule has anything to say about a name, as about most: printable ASCII without reserved characters, not too long,
 * neither beginning nor ending with a dot or a space. Windows' device names are not looked for.
 */
function isPlain(name: string): boolean {
  const { length } = name;
  if (length === 0 || length > MAX_PLAIN_LENGTH) return false;
  for (let at = 0; at < length; at++) {
    const code = name.charCodeAt(at);
    if (code > 0x7f || CHARACTER_KINDS[code] === SPECIAL) return false;
  }
  return !isDotOrSpace(name.charCodeAt(0)) && !isDotOrSpace(name.charCodeAt(length - 1));
}

/** What no name may end with on Windows. */
export function isDotOrSpace(code: number): boolean {
  return code === 0x2e || code === 0x20;
}

/**
 * What every byte of a name is folded to, for names of which no rule has anything to say: 0 for bytes that a rule may be
 * about. Such a name neither ends with a dot or a space nor is a device's ({@link isDeviceName}).
 */
export function plainCharacters({ caseSensitive }: NameRules): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => {
    const kind = CHARACTER_KINDS[code] ?? SPECIAL;
    if (kind === SPECIAL) return 0;
    return kind === CAPITAL && !caseSensitive ? code | 0x20 : code;
  });
}

/** Whether Windows takes a name for a device. */
export function isDeviceName(name: string): boolean {
  return WINDOWS_DEVICE.test(name);
}

/** Whether folding would not change a name: ASCII without capital letters. */
function isFolded(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code > 0x7f || CHARACTER_KINDS[code] === CAPITAL) return false;
  }
  return true;
}

/**
 * Make one component of a path safe to be created on disk: at most 255 bytes of UTF-8, no separator, control character or
 * reserved name. An empty component becomes `_`. Names that are safe come back unchanged.
 *
 * @returns undefined for `.` and `..`, which are to be left out of the path
 */
export function safeComponent(name: string, rules: NameRules): string | undefined {
  if (isPlain(name) && !(rules.windows && WINDOWS_DEVICE.test(name))) return name;
  if (name === '.' || name === '..') return undefined;
  if (name === '') return '_';
  let safe = name;
  if (UNSAFE.test(safe) || DRIVE.test(safe)) {
    safe = safe.replace(DRIVE, '$1_').replace(UNSAFE_ALL, '_');
  }
  if (rules.windows) safe = safe.replace(WINDOWS_CHARACTERS, '_');
  safe = limitComponent(safe, MAX_COMPONENT_LENGTH);
  // Of what was cut, nothing else may be left.
  if (safe.includes(' ') && DOTS_AND_SPACES.test(safe)) safe = safe.replaceAll(' ', '_');
  if (rules.windows) {
    safe = safe.replace(WINDOWS_TAIL, (tail) => '_'.repeat(tail.length));
    if (WINDOWS_DEVICE.test(safe)) safe = `_${safe.slice(1)}`;
  }
  return safe;
}

/** What two names have in common that may be one file: no letter case, and one form of composed letters where it matters. */
export function foldName(name: string, rules: NameRules): string {
  if (isFolded(name)) return name;
  const decomposed = rules.normalising ? name.normalize('NFD') : name;
  // Upper case first: it alone makes `ss` of `ß`.
  const folded = rules.caseSensitive ? decomposed : decomposed.toUpperCase().toLowerCase();
  return rules.normalising ? folded.normalize('NFC') : folded;
}

/** The part of a name behind its last dot, with the dot; empty where there is none or it is too long to be one. */
export function splitExtension(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  if (dot <= 0) return [name, ''];
  const extension = name.slice(dot);
  if (Buffer.byteLength(extension) > MAX_EXTENSION_LENGTH) return [name, ''];
  return [name.slice(0, dot), extension];
}

/** Cut a name to so many bytes, between characters, keeping its extension. */
export function limitComponent(name: string, maxLength: number): string {
  // No UTF-16 unit takes more than three bytes.
  if (name.length * 3 <= maxLength || Buffer.byteLength(name) <= maxLength) return name;
  const [stem, extension] = splitExtension(name);
  return cutText(stem, maxLength - Buffer.byteLength(extension)) + extension;
}

/** Cut a text to so many bytes of UTF-8, between characters. */
export function cutText(text: string, maxLength: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxLength) return text;
  let end = maxLength;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
