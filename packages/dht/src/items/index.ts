/** Items (BEP 44) and torrents that their publisher may replace (BEP 46), without I/O. */
export {
  MAX_SALT_BYTES,
  MAX_SEQ,
  MAX_VALUE_BYTES,
  type ImmutableItem,
  type Item,
  type MutableItem,
} from './item.ts';
export {
  formatPublicKeyMagnet,
  infoHashOfValue,
  parsePublicKeyMagnet,
  torrentValue,
  type PublicKeyMagnet,
} from './public-key-magnet.ts';
export { itemFault, type PutFault } from './put-rules.ts';
export { isSignatureValid, ItemKeyPair, SEED_BYTES, type SignedContent } from './signature.ts';
export { immutableTarget, itemTarget, mutableTarget } from './target.ts';
