// @ts-check
/**
 * A few lines of bencode, on purpose not `@shoal/bencode`: what checks Shoal must not stand on it.
 *
 * @typedef {number | string | Buffer | BencodeList | BencodeDictionary} Bencode
 * @typedef {Bencode[]} BencodeList
 * @typedef {{ [key: string]: Bencode }} BencodeDictionary keys are byte strings, one char per byte
 */

/**
 * @param {Bencode} value
 * @returns {Buffer} canonical form
 */
export function encode(value) {
  if (typeof value === 'number') return Buffer.from(`i${value}e`);
  if (typeof value === 'string') return encode(Buffer.from(value, 'utf8'));
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  if (Array.isArray(value)) {
    return Buffer.concat([Buffer.from('l'), ...value.map(encode), Buffer.from('e')]);
  }
  /** @type {Buffer[]} */
  const parts = [Buffer.from('d')];
  for (const key of Object.keys(value).sort()) {
    const entry = value[key];
    if (entry !== undefined) parts.push(encode(Buffer.from(key, 'latin1')), encode(entry));
  }
  return Buffer.concat([...parts, Buffer.from('e')]);
}

/**
 * Decodes one value and tells where the values of the top dictionary stand in the source.
 *
 * @param {Buffer} bytes
 * @returns {{ value: Bencode, spans: Map<string, { start: number, end: number }> }}
 */
export function decode(bytes) {
  let at = 0;
  /** @type {Map<string, { start: number, end: number }>} */
  const spans = new Map();

  /** @param {string} end */
  const digitsUpTo = (end) => {
    const stop = bytes.indexOf(end, at);
    const text = stop < 0 ? '' : bytes.toString('latin1', at, stop);
    if (!/^-?\d+$/.test(text)) throw new Error(`bencode: no number at byte ${at}`);
    at = stop + 1;
    return Number(text);
  };
  const text = () => {
    const length = digitsUpTo(':');
    if (length < 0 || at + length > bytes.length) {
      throw new Error(`bencode: string past the end at byte ${at}`);
    }
    at += length;
    return bytes.subarray(at - length, at);
  };
  /** @param {number} depth @returns {Bencode} */
  const one = (depth) => {
    if (depth > 50) throw new Error('bencode: nested too deeply');
    const type = String.fromCharCode(bytes[at] ?? 0);
    if (type === 'i') {
      at++;
      return digitsUpTo('e');
    }
    if (type === 'l' || type === 'd') {
      at++;
      /** @type {Bencode[]} */
      const list = [];
      /** @type {BencodeDictionary} */
      const dictionary = Object.create(null);
      while (bytes[at] !== 0x65) {
        if (at >= bytes.length) throw new Error('bencode: ends inside a list or dictionary');
        if (type === 'l') {
          list.push(one(depth + 1));
          continue;
        }
        const key = text().toString('latin1');
        const start = at;
        dictionary[key] = one(depth + 1);
        if (depth === 0) spans.set(key, { start, end: at });
      }
      at++;
      return type === 'l' ? list : dictionary;
    }
    return text();
  };

  const value = one(0);
  return { value, spans };
}

/**
 * @param {Bencode | undefined} value
 * @returns {BencodeDictionary}
 */
export function asDictionary(value) {
  if (typeof value !== 'object' || Array.isArray(value) || Buffer.isBuffer(value)) {
    throw new Error('bencode: a dictionary was expected');
  }
  return value;
}
