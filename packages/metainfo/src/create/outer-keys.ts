import { encode } from '@shoal/bencode';
import type { BencodeInput } from '@shoal/bencode';
import { dateFault, nodeFault, urlFault } from '../given-values.ts';
import { CreateError } from './errors.ts';
import type { CreateOptions } from './options.ts';

type Keys = Readonly<Record<string, BencodeInput | undefined>>;

/** The keys beside `info`, as bencode without the dictionary around them. */
export interface OuterKeys {
  /** Those that stand before `info`. */
  readonly before: Uint8Array;
  /** Those between `info` and `piece layers`. */
  readonly between: Uint8Array;
  /** Those after `piece layers`. */
  readonly after: Uint8Array;
}

/** Throws ERR_METAINFO_CREATE_OPTION. */
export function outerKeys(options: CreateOptions): OuterKeys {
  const tiers = (options.trackers ?? []).filter((tier) => tier.length > 0);
  const { webSeeds = [], httpSeeds = [], nodes = [] } = options;
  for (const url of tiers.flat()) check(urlFault(url, 'tracker'));
  for (const url of webSeeds) check(urlFault(url, 'web seed'));
  for (const url of httpSeeds) check(urlFault(url, 'HTTP seed'));
  for (const node of nodes) check(nodeFault(node));
  const date =
    options.creationDate === undefined ? Math.floor(Date.now() / 1000) : options.creationDate;
  if (date !== null) check(dateFault(date));
  return {
    before: members({
      announce: tiers[0]?.[0],
      'announce-list': tiers.flat().length > 1 ? tiers : undefined,
      comment: options.comment,
      'created by': options.createdBy,
      'creation date': date ?? undefined,
      httpseeds: httpSeeds.length > 0 ? httpSeeds : undefined,
    }),
    between: members({
      nodes: nodes.length > 0 ? nodes.map(({ host, port }) => [host, port]) : undefined,
    }),
    after: members({ 'url-list': webSeeds.length > 0 ? webSeeds : undefined }),
  };
}

/** A dictionary's members. */
function members(keys: Keys): Uint8Array {
  return encode(keys).subarray(1, -1);
}

function check(fault: string | undefined): void {
  if (fault !== undefined) throw new CreateError('ERR_METAINFO_CREATE_OPTION', fault);
}
