/** Size classes: runs of 1, 2, 4 … 8,192 records. */
const CLASSES = 14;
/** Most records of one owner: a run of the highest class. */
export const MAX_RUN = 1 << (CLASSES - 1);

/** The lowest class whose runs hold `records` of them, 1 to {@link MAX_RUN}. */
export function sizeClassOf(records: number): number {
  return records <= 1 ? 0 : 32 - Math.clz32(records - 1);
}

/** The runs of one size class, one behind the other. */
interface SizeClass {
  words: Uint32Array;
  /** Owner of each run. */
  owners: Uint32Array;
  runs: number;
}

/**
 * Memory for the records of many owners: each owner has a run, which holds as many records as its size class says. The runs of a
 * class lie without gaps, since the last one takes the place of one that is freed; so nothing is ever lost to fragmentation, and
 * an owner's run is known by its class and position, of which the owner is told when it moves.
 */
export class RecordArea {
  /** 32-bit words of a record. */
  readonly width: number;
  readonly #classes: SizeClass[] = [];
  readonly #moved: (owner: number, position: number) => void;

  /** @param moved Called when a run is at another position than before. */
  constructor(width: number, moved: (owner: number, position: number) => void) {
    this.width = width;
    this.#moved = moved;
    for (let index = 0; index < CLASSES; index++) {
      this.#classes.push({ words: new Uint32Array(0), owners: new Uint32Array(0), runs: 0 });
    }
  }

  /** All words of a class; a run starts at its position × its records × {@link width}. Valid until a run is made or freed. */
  words(sizeClass: number): Uint32Array {
    return this.#class(sizeClass).words;
  }

  /** Bytes that are held, taken or not. */
  get bytes(): number {
    let sum = 0;
    for (const { words, owners } of this.#classes) sum += words.byteLength + owners.byteLength;
    return sum;
  }

  /** Makes a run for an owner; its content is arbitrary. Returns its position. */
  make(sizeClass: number, owner: number): number {
    const area = this.#class(sizeClass);
    const position = area.runs;
    if (position === area.owners.length) this.#resize(sizeClass, position + (position >> 1) + 1);
    area.owners[position] = owner;
    area.runs = position + 1;
    return position;
  }

  /** Frees a run. */
  free(sizeClass: number, position: number): void {
    const area = this.#class(sizeClass);
    const last = --area.runs;
    if (position !== last) {
      const length = this.width << sizeClass;
      area.words.copyWithin(position * length, last * length, (last + 1) * length);
      const owner = area.owners[last] ?? 0;
      area.owners[position] = owner;
      this.#moved(owner, position);
    }
    const capacity = area.owners.length;
    if (last < capacity / 3) this.#resize(sizeClass, last + (last >> 1));
  }

  /** A run belongs to another owner from now on. */
  give(sizeClass: number, position: number, owner: number): void {
    this.#class(sizeClass).owners[position] = owner;
  }

  #class(sizeClass: number): SizeClass {
    const area = this.#classes[sizeClass];
    if (area === undefined) throw new RangeError(`no size class ${sizeClass}`);
    return area;
  }

  #resize(sizeClass: number, capacity: number): void {
    const area = this.#class(sizeClass);
    area.words = resized(area.words, capacity * (this.width << sizeClass));
    area.owners = resized(area.owners, capacity);
  }
}

/** A copy of the array that is longer or shorter. */
export function resized<Words extends Uint8Array | Uint16Array | Uint32Array>(
  words: Words,
  length: number,
): Words {
  const copy = new (words.constructor as new (length: number) => Words)(length);
  copy.set(words.length > length ? words.subarray(0, length) : words);
  return copy;
}
