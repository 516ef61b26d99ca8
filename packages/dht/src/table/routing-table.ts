import { endpointKey, type Random } from '@shoal/net';
import type { NodeInfo } from '../krpc/index.ts';
import { BUCKET_SIZE, MAX_SAME_NETWORK_IN_TABLE, QUESTIONABLE_AFTER_MS } from '../limits.ts';
import { commonPrefix, compareDistance, ID_BITS, randomIdNear, sameId } from '../node-id.ts';
import { isNodeIdValid } from '../security-id.ts';
import { Bucket, remove } from './bucket.ts';
import { Contact } from './contact.ts';
import { networkOf } from './network.ts';

/**
 * Kademlia's routing table of one address family (BEP 5, 32), without I/O. It believes only what was answered: a node gets in
 * by {@link replied}, is good while it shows signs of life, and is replaced when it fails. So that nobody fills the table with
 * made-up nodes, an address has one place in it, a line (/24, /64) only a few, and in a full bucket ids that follow from their
 * address (BEP 42) come before others.
 */
export class RoutingTable {
  #id: Uint8Array;
  readonly #random: Random;
  /** By the length of the prefix shared with our id; the last one holds all that share more. */
  #buckets: Bucket[];
  /** Contacts and replacements by address, or by endpoint on local networks. */
  readonly #places = new Map<string, Contact>();
  readonly #perNetwork = new Map<string, number>();
  #size = 0;

  /** `id` is our own. */
  constructor(id: Uint8Array, random: Random, now: number) {
    this.#id = id;
    this.#random = random;
    this.#buckets = [new Bucket(now)];
  }

  get id(): Uint8Array {
    return this.#id;
  }

  /** Contacts, without replacements. */
  get size(): number {
    return this.#size;
  }

  get bucketCount(): number {
    return this.#buckets.length;
  }

  /** Contacts, without replacements. */
  *contacts(): Generator<Contact> {
    for (const bucket of this.#buckets) yield* bucket.contacts;
  }

  /** The node at this endpoint, a contact or a replacement. */
  find(endpoint: NodeInfo['endpoint']): Contact | undefined {
    const contact = this.#places.get(placeOf(endpoint, networkOf(endpoint.address)));
    return contact?.endpoint.port === endpoint.port ? contact : undefined;
  }

  /** A node has answered a query of ours. Gives the contact that should be pinged, now that another wants its place. */
  replied(node: NodeInfo, now: number): Contact | undefined {
    if (sameId(node.id, this.#id)) return undefined;
    const network = networkOf(node.endpoint.address);
    const place = placeOf(node.endpoint, network);
    const known = this.#places.get(place);
    if (known !== undefined) {
      if (known.endpoint.port === node.endpoint.port && sameId(known.id, node.id)) {
        known.answered = true;
        known.lastSeen = now;
        known.failures = 0;
        const bucket = this.#bucketOf(known.id);
        bucket.changedAt = now;
        if (bucket.contacts.includes(known)) return undefined;
        this.#release(known, place);
        remove(bucket.replacements, known);
        return this.#insert(known, place, now);
      }
      // Another id or port at an address we know: while the one we know is good, it stays.
      if (known.isGood(now) && known.endpoint.port !== node.endpoint.port) return undefined;
      this.#drop(known);
    }
    const id = new Uint8Array(node.id);
    const contact = new Contact(
      { id, endpoint: node.endpoint },
      isNodeIdValid(id, node.endpoint.address),
      network,
      now,
    );
    contact.answered = true;
    return this.#insert(contact, place, now);
  }

  /**
   * A node has queried us. Whoever is known is alive; of anybody else the address may be forged. Answers whether it is worth
   * being asked itself, as there is a place for it.
   */
  queried(node: NodeInfo, now: number): boolean {
    const network = networkOf(node.endpoint.address);
    const known = this.#places.get(placeOf(node.endpoint, network));
    if (known !== undefined) {
      if (known.endpoint.port === node.endpoint.port && sameId(known.id, node.id)) {
        if (known.answered) known.lastSeen = now;
      }
      return false;
    }
    if (sameId(node.id, this.#id)) return false;
    const bucket = this.#bucketOf(node.id);
    if (!this.#hasRoomFor(network)) return false;
    // The bucket around ourselves is split when it is full; else a table that is filled early never hears of neighbours that come later.
    if (bucket.isFull && this.#isSplittable(bucket)) return true;
    if (!bucket.hasRoomFor(network)) return false;
    return !bucket.isFull || bucket.contacts.some((contact) => !contact.isGood(now));
  }

  /** A node did not answer. */
  failed(endpoint: NodeInfo['endpoint']): void {
    const contact = this.find(endpoint);
    if (contact === undefined) return;
    contact.failures++;
    if (!contact.isBad) return;
    const bucket = this.#bucketOf(contact.id);
    if (!bucket.contacts.includes(contact)) {
      this.#drop(contact);
      return;
    }
    // A bad contact stays until there is a better one: when our own line is down, all of them seem bad.
    const replacement = bucket.takeReplacement();
    if (replacement === undefined) return;
    this.#drop(contact);
    bucket.contacts.push(replacement);
    this.#size++;
  }

  /** A node has answered with another id than it had: it is not the one we knew. */
  forget(endpoint: NodeInfo['endpoint']): void {
    const contact = this.find(endpoint);
    if (contact !== undefined) this.#drop(contact);
  }

  /** As {@link closest}, to ask them; where all have failed, as when our own line was down, any are worth another try. */
  candidates(target: Uint8Array, count: number, now: number): Contact[] {
    const found = this.closest(target, count, now);
    if (found.length > 0) return found;
    found.push(...this.contacts());
    sortFrom(found, 0, target);
    if (found.length > count) found.length = count;
    return found;
  }

  /** The contacts closest to `target` that answer, at most `count`, the closest first. */
  closest(target: Uint8Array, count: number, now: number): Contact[] {
    const found: Contact[] = [];
    const own = Math.min(commonPrefix(this.#id, target), this.#buckets.length - 1);
    // All in this bucket are closer than any in the deeper ones, and those than any in the shallower ones.
    this.#gather(own, target, count, now, found);
    if (found.length < count) {
      const from = found.length;
      for (let at = own + 1; at < this.#buckets.length; at++) {
        for (const contact of this.#buckets[at]?.contacts ?? []) {
          if (isUsable(contact, now)) found.push(contact);
        }
      }
      sortFrom(found, from, target);
    }
    for (let at = own - 1; at >= 0 && found.length < count; at--) {
      this.#gather(at, target, count, now, found);
    }
    if (found.length > count) found.length = count;
    return found;
  }

  /** Contacts that should be pinged: the ones not heard of for longest, at most `count`. */
  questionable(now: number, count: number): Contact[] {
    const found: Contact[] = [];
    for (const contact of this.contacts()) {
      if (!contact.pinging && !contact.isGood(now) && !contact.isBad) found.push(contact);
    }
    found.sort((one, other) => one.lastSeen - other.lastSeen);
    if (found.length > count) found.length = count;
    return found;
  }

  /**
   * A random id of the bucket that has been still for longest, if for 15 minutes: to be looked up, which refreshes it. The
   * bucket counts as refreshed from now on.
   */
  staleTarget(now: number): Uint8Array | undefined {
    let stalest = -1;
    let since = now - QUESTIONABLE_AFTER_MS;
    this.#buckets.forEach((bucket, index) => {
      if (bucket.changedAt <= since) {
        stalest = index;
        since = bucket.changedAt;
      }
    });
    const bucket = this.#buckets[stalest];
    if (bucket === undefined) return undefined;
    bucket.changedAt = now;
    const isLast = stalest === this.#buckets.length - 1;
    // What the last bucket holds is around ourselves.
    return isLast ? this.#id : randomIdNear(this.#id, stalest, this.#random);
  }

  /** A random id of the bucket at this prefix, to be looked up, if there is such a bucket before the last and it has room. */
  unfilledTarget(prefix: number): Uint8Array | undefined {
    const bucket = this.#buckets[prefix];
    if (bucket === undefined || bucket.isFull || prefix >= this.#buckets.length - 1)
      return undefined;
    return randomIdNear(this.#id, prefix, this.#random);
  }

  /** Takes another id for ourselves, and puts the contacts where they belong then. */
  rebase(id: Uint8Array, now: number): void {
    const contacts = this.#buckets.flatMap((bucket) => [
      ...bucket.contacts,
      ...bucket.replacements.filter((contact) => contact.answered),
    ]);
    this.#id = id;
    this.#buckets = [new Bucket(now)];
    this.#places.clear();
    this.#perNetwork.clear();
    this.#size = 0;
    for (const contact of contacts) {
      if (!sameId(contact.id, id)) {
        this.#insert(contact, placeOf(contact.endpoint, contact.network), now);
      }
    }
  }

  #insert(contact: Contact, place: string, now: number): Contact | undefined {
    if (!this.#hasRoomFor(contact.network)) return undefined;
    for (;;) {
      const prefix = commonPrefix(this.#id, contact.id);
      const bucket = this.#bucketAt(prefix);
      if (!bucket.isFull) {
        if (!bucket.hasRoomFor(contact.network)) return this.#keep(bucket, contact, place, now);
        bucket.contacts.push(contact);
        bucket.changedAt = now;
        this.#hold(contact, place);
        this.#size++;
        return undefined;
      }
      if (this.#isSplittable(bucket)) {
        this.#split(now);
        continue;
      }
      const evicted = bucket.evictable(contact);
      if (evicted === undefined || !bucket.hasRoomFor(contact.network, evicted)) {
        return this.#keep(bucket, contact, place, now);
      }
      this.#drop(evicted);
      bucket.contacts.push(contact);
      bucket.changedAt = now;
      this.#hold(contact, place);
      this.#size++;
      // A contact that works is not thrown away for the sake of its id.
      if (!evicted.isBad) {
        this.#keep(bucket, evicted, placeOf(evicted.endpoint, evicted.network), now);
      }
      return undefined;
    }
  }

  #keep(bucket: Bucket, contact: Contact, place: string, now: number): Contact | undefined {
    const crowdedOut =
      bucket.replacements.length >= BUCKET_SIZE ? bucket.replacements[0] : undefined;
    if (crowdedOut !== undefined) this.#drop(crowdedOut);
    bucket.keep(contact);
    this.#hold(contact, place);
    return bucket.questionable(now);
  }

  #isSplittable(bucket: Bucket): boolean {
    return this.#buckets.length < ID_BITS && bucket === this.#buckets[this.#buckets.length - 1];
  }

  #split(now: number): void {
    const last = this.#buckets.length - 1;
    const old = this.#buckets[last];
    if (old === undefined) return;
    const near = new Bucket(now);
    const far = new Bucket(now);
    near.changedAt = far.changedAt = old.changedAt;
    for (const contact of old.contacts) {
      (commonPrefix(this.#id, contact.id) > last ? near : far).contacts.push(contact);
    }
    for (const contact of old.replacements) {
      (commonPrefix(this.#id, contact.id) > last ? near : far).replacements.push(contact);
    }
    this.#buckets[last] = far;
    this.#buckets.push(near);
    for (const bucket of [far, near]) {
      while (!bucket.isFull) {
        const replacement = bucket.takeReplacement();
        if (replacement === undefined) break;
        bucket.contacts.push(replacement);
        this.#size++;
      }
    }
  }

  /** Takes a contact out of the table altogether. */
  #drop(contact: Contact): void {
    const bucket = this.#bucketOf(contact.id);
    if (remove(bucket.contacts, contact)) this.#size--;
    else remove(bucket.replacements, contact);
    this.#release(contact, placeOf(contact.endpoint, contact.network));
  }

  #hold(contact: Contact, place: string): void {
    this.#places.set(place, contact);
    const { network } = contact;
    if (network !== undefined) {
      this.#perNetwork.set(network, (this.#perNetwork.get(network) ?? 0) + 1);
    }
  }

  #release(contact: Contact, place: string): void {
    if (!this.#places.delete(place)) return;
    const { network } = contact;
    if (network === undefined) return;
    const count = (this.#perNetwork.get(network) ?? 0) - 1;
    if (count > 0) this.#perNetwork.set(network, count);
    else this.#perNetwork.delete(network);
  }

  #hasRoomFor(network: string | undefined): boolean {
    if (network === undefined) return true;
    return (this.#perNetwork.get(network) ?? 0) < MAX_SAME_NETWORK_IN_TABLE;
  }

  #gather(index: number, target: Uint8Array, count: number, now: number, found: Contact[]): void {
    const from = found.length;
    for (const contact of this.#buckets[index]?.contacts ?? []) {
      if (isUsable(contact, now)) found.push(contact);
    }
    sortFrom(found, from, target);
    if (found.length > count) found.length = count;
  }

  #bucketOf(id: Uint8Array): Bucket {
    return this.#bucketAt(commonPrefix(this.#id, id));
  }

  #bucketAt(prefix: number): Bucket {
    const bucket = this.#buckets[Math.min(prefix, this.#buckets.length - 1)];
    if (bucket === undefined) throw new RangeError('a table has at least one bucket');
    return bucket;
  }
}

/** An address has one place, whatever the port; on local networks an endpoint has. */
function placeOf(endpoint: NodeInfo['endpoint'], network: string | undefined): string {
  return network === undefined ? endpointKey(endpoint) : endpoint.address;
}

/** Nodes that failed are not told to others, nor asked first, though they may come back. */
function isUsable(contact: Contact, now: number): boolean {
  return contact.failures === 0 ? contact.answered : contact.isGood(now);
}

/** Sorts the part of the list from `from` on by distance to the target; lists are short. */
function sortFrom(list: Contact[], from: number, target: Uint8Array): void {
  for (let at = from + 1; at < list.length; at++) {
    const contact = list[at];
    if (contact === undefined) return;
    let place = at;
    while (place > from) {
      const before = list[place - 1];
      if (before === undefined || compareDistance(before.id, contact.id, target) <= 0) break;
      list[place] = before;
      place--;
    }
    list[place] = contact;
  }
}
