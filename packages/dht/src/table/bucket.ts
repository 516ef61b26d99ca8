import { BUCKET_SIZE, MAX_SAME_NETWORK_IN_BUCKET, REPLACEMENTS } from '../limits.ts';
import type { Contact } from './contact.ts';

/** The contacts whose ids share a prefix of a certain length with ours. */
export class Bucket {
  /** Contacts in use; at most {@link BUCKET_SIZE}. */
  readonly contacts: Contact[] = [];
  /** Contacts that take the place of bad ones, the best last; at most {@link REPLACEMENTS}. */
  readonly replacements: Contact[] = [];
  /** When a contact last answered or was added. */
  changedAt: number;

  constructor(now: number) {
    this.changedAt = now;
  }

  get isFull(): boolean {
    return this.contacts.length >= BUCKET_SIZE;
  }

  /** Whether one more of this line is fine. */
  hasRoomFor(network: string | undefined, except?: Contact): boolean {
    if (network === undefined) return true;
    let same = 0;
    for (const contact of this.contacts) {
      if (contact !== except && contact.network === network) same++;
    }
    return same < MAX_SAME_NETWORK_IN_BUCKET;
  }

  /** Whom a newcomer replaces in a full bucket: a bad contact, else for a secure newcomer one whose id is made up. */
  evictable(newcomer: Contact): Contact | undefined {
    let madeUp: Contact | undefined;
    for (const contact of this.contacts) {
      if (contact.isBad) return contact;
      if (newcomer.secure && !contact.secure) madeUp ??= contact;
    }
    return madeUp;
  }

  /** The contact not heard of for longest, if it is no longer good: it is to be pinged before it is replaced. */
  questionable(now: number): Contact | undefined {
    let oldest: Contact | undefined;
    for (const contact of this.contacts) {
      if (contact.pinging || contact.isGood(now)) continue;
      if (oldest === undefined || contact.lastSeen < oldest.lastSeen) oldest = contact;
    }
    return oldest;
  }

  /** Keeps a contact for later; the one that waited longest makes room. */
  keep(contact: Contact): void {
    remove(this.replacements, contact);
    if (this.replacements.length >= REPLACEMENTS) this.replacements.shift();
    this.replacements.push(contact);
  }

  /** Takes out the best replacement: one that has answered, and lately. */
  takeReplacement(): Contact | undefined {
    for (let at = this.replacements.length - 1; at >= 0; at--) {
      const contact = this.replacements[at];
      if (contact === undefined || !contact.answered) continue;
      if (!this.hasRoomFor(contact.network)) continue;
      this.replacements.splice(at, 1);
      return contact;
    }
    return undefined;
  }
}

/** Takes `item` out of `list`, if it is there. */
export function remove<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item);
  if (at < 0) return false;
  list.splice(at, 1);
  return true;
}
