import { WireError } from './errors.ts';

/** The digits of a version in a peer id: 0–9, then A–Z for 10–35. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Client codes of the Azureus style ("-XX1234-") one meets most, by the names people know. */
const AZUREUS_CODES: ReadonlyMap<string, string> = new Map([
  ['AG', 'Ares'],
  ['AZ', 'Vuze'],
  ['BC', 'BitComet'],
  ['BI', 'BiglyBT'],
  ['BT', 'BitTorrent'],
  ['BW', 'BitWombat'],
  ['DE', 'Deluge'],
  ['FD', 'Free Download Manager'],
  ['FL', 'Flud'],
  ['GT', 'go.torrent'],
  ['HL', 'Halite'],
  ['KT', 'KTorrent'],
  ['LT', 'libtorrent'],
  ['lt', 'rTorrent'],
  ['LW', 'LimeWire'],
  ['MO', 'MonoTorrent'],
  ['PI', 'PicoTorrent'],
  ['qB', 'qBittorrent'],
  ['SD', 'Xunlei'],
  ['SH', 'Shoal'],
  ['TR', 'Transmission'],
  ['TX', 'Tribler'],
  ['UM', 'µTorrent for Mac'],
  ['UT', 'µTorrent'],
  ['UW', 'µTorrent Web'],
  ['WW', 'WebTorrent'],
  ['WD', 'WebTorrent Desktop'],
  ['XL', 'Xunlei'],
]);

/**
 * A peer id in the Azureus style: `-`, two characters of client code, four of version, `-`, 12 random bytes; 20 in all.
 *
 * `version` is up to four numbers from 0 to 35 joined by dots; what follows a `-` or `+` (a pre-release) is left out.
 * `random` is 12 bytes, fresh for each client or torrent. Throws `ERR_WIRE_INVALID_ARGUMENT`.
 */
export function makePeerId(clientCode: string, version: string, random: Uint8Array): Uint8Array {
  if (!/^[A-Za-z0-9]{2}$/.test(clientCode)) {
    throw new WireError('ERR_WIRE_INVALID_ARGUMENT', 'a client code is two letters or digits');
  }
  if (random.length !== 12) {
    throw new WireError('ERR_WIRE_INVALID_ARGUMENT', 'a peer id takes 12 random bytes');
  }
  const core = version.split(/[-+]/, 1)[0] ?? '';
  const numbers = core.split('.');
  const digits = numbers.map((each) => (/^\d{1,2}$/.test(each) ? DIGITS[Number(each)] : undefined));
  if (digits.length > 4 || digits.includes(undefined)) {
    throw new WireError(
      'ERR_WIRE_INVALID_ARGUMENT',
      'a version is up to four numbers from 0 to 35 joined by dots',
    );
  }
  const peerId = new Uint8Array(20);
  peerId.set(new TextEncoder().encode(`-${clientCode}${digits.join('').padEnd(4, '0')}-`));
  peerId.set(random, 8);
  return peerId;
}

/**
 * What to show of a peer's id: client and version where its style is known ("qBittorrent 4.6.0"), else the printable
 * start of the id, or "unknown". The text holds nothing a terminal or a page could take for markup or control: of the
 * peer's own bytes only letters, digits, `.`, `-`, `_` come through.
 */
export function clientName(peerId: Uint8Array): string {
  const text = Array.from(peerId.subarray(0, 20), (byte) => String.fromCharCode(byte)).join('');
  const azureus = /^-([A-Za-z]{2})([0-9A-Za-z]{4})-/.exec(text);
  if (azureus !== null) {
    const [, code = '', version = ''] = azureus;
    return `${AZUREUS_CODES.get(code) ?? code} ${azureusVersion(code, version)}`;
  }
  const tixati = /^TIX([0-9]{2})([0-9]{2})-/.exec(text);
  if (tixati !== null) return `Tixati ${Number(tixati[1])}.${Number(tixati[2])}`;
  const mainline = /^M([0-9]{1,2})-([0-9]{1,2})-([0-9]{1,2})-/.exec(text);
  if (mainline !== null) return `BitTorrent ${mainline.slice(1).join('.')}`;
  return /^[A-Za-z0-9._-]{3,8}/.exec(text)?.[0] ?? 'unknown';
}

function azureusVersion(code: string, version: string): string {
  const numbers = Array.from(version, (digit) => DIGITS.indexOf(digit.toUpperCase()));
  // Transmission wrote major and two digits of minor until 3.00, one number per digit since 4.0.
  if (code === 'TR' && (numbers[0] ?? 0) < 4) return `${version.charAt(0)}.${version.slice(1, 3)}`;
  if (numbers[3] === 0) numbers.pop();
  return numbers.join('.');
}
