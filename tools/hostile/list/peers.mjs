// @ts-check
/** @import { Area, Entry } from '../lib/types.mjs' */

const SRC = 'packages/client/src';
const TEST = 'packages/client/test';
const HOSTILE = `${TEST}/swarm/hostile.test.ts`;
const dialled = 'a hostile peer that is dialled';
const connects = 'a hostile peer that connects';
const PEER = `${SRC}/peer/peer.ts`;
const REQUESTS = `${SRC}/peer/block-requests.ts`;
const UPLOADS = `${SRC}/peer/upload-queue.ts`;
const ACCEPTOR = `${SRC}/peer/acceptor.ts`;
const ACCEPTOR_TEST = `${TEST}/core/acceptor.test.ts`;
const REFUSED = 'packages/net/src/node/refused.ts';
const REFUSED_TEST = 'packages/net/test/refused.test.ts';
const HANDSHAKING = `${SRC}/peer/handshaking.ts`;
const HANDSHAKING_TEST = `${TEST}/core/handshaking.test.ts`;
const LIST = `${SRC}/peer/peer-list.ts`;
const LIST_TEST = `${TEST}/peer/peer-list.test.ts`;
const SMART_BAN = `${SRC}/piece/smart-ban.ts`;
const FINISHER = `${SRC}/piece/piece-finisher.ts`;
const SMART_BAN_TEST = `${TEST}/piece/smart-ban.test.ts`;
const PEX = `${SRC}/pex/peer-exchange.ts`;
const PEX_TEST = `${TEST}/pex/peer-exchange.test.ts`;

/** @type {readonly Entry[]} */
const entries = [
  {
    id: 'peer-silent-handshake',
    input: 'A connection on which no handshake comes',
    guard: 'A deadline',
    test: HANDSHAKING_TEST,
    name: 'Handshaking gives up in time when nothing comes, and when a peer trickles',
    remove: { file: HANDSHAKING, text: 'clientDefaults.handshakeTimeout,', by: '2 ** 30,' },
  },
  {
    id: 'peer-slow-loris',
    input: 'Handshakes that drip byte by byte, over every place there is',
    guard: 'The deadline is for the whole handshake; of those under way the oldest makes room',
    test: ACCEPTOR_TEST,
    name: 'Acceptor bounds connections that are still in their handshake: the oldest makes room',
    remove: {
      file: ACCEPTOR,
      text: 'if (this.#pending.size >= clientDefaults.maxPendingIncoming) this.#dropOldest();',
      by: '',
    },
  },
  {
    id: 'peer-crowd-handshakes',
    input: 'Hundreds of connections from one address in their handshake',
    guard: 'Eight of an address',
    test: ACCEPTOR_TEST,
    name: 'Acceptor has few connections of one address in their handshake',
    remove: {
      file: ACCEPTOR,
      text: 'freeConnections() <= 0 || this.#isCrowded(connection.remote.address)',
      by: 'freeConnections() <= 0',
    },
  },
  {
    id: 'peer-flood-connections',
    input: 'Hundreds of connections a second that lead to nothing',
    guard:
      'So many are looked at; the rest waits unread, and is refused where there is no place to wait',
    test: ACCEPTOR_TEST,
    name: 'a flood of connections is looked at no faster than is good for the transfers; the rest waits unread',
    remove: {
      file: ACCEPTOR,
      text: 'now < notBefore || !this.#room.takeTurn(now)',
      by: 'now < notBefore',
    },
  },
  {
    id: 'peer-flood-waiting',
    input: 'More connections than there are places to wait',
    guard: 'They are refused, before a socket is made where the system tells who connects',
    test: ACCEPTOR_TEST,
    name: 'a flood of connections has a bounded number waiting: whoever comes then is refused',
    remove: { file: ACCEPTOR, text: 'if (!this.#room.isFull) return false;', by: 'return false;' },
  },
  {
    id: 'peer-breach-flood',
    input:
      'Hundreds of connections a second, each with a good handshake and a breach of the protocol after it',
    guard: 'They count as those without a handshake do',
    test: ACCEPTOR_TEST,
    name: 'a flood of connections is one where each brings a handshake and then breaks the protocol',
    remove: {
      file: ACCEPTOR,
      text: 'if (this.#offenders.parted(address, error, clock.now())) this.#room.chargeTurn();',
      by: 'this.#offenders.parted(address, error, clock.now());',
    },
  },
  {
    id: 'peer-refused-comes-back',
    input: 'Connections that come back as soon as they are refused',
    guard: 'They are held unread for three seconds before they are ended, 128 at most',
    test: REFUSED_TEST,
    name: 'RefusedConnections holds a bounded number: the one held longest makes room',
    remove: {
      file: REFUSED,
      text: 'if (this.#held.size > MAX_REFUSED_HELD) this.#endOldest();',
      by: '',
    },
  },
  {
    id: 'peer-comes-back',
    input: 'An address that fails, or breaks the protocol, again and again',
    guard:
      'After 16 failures, or three breaches, its connections have to wait, longer each time, 8 seconds at most',
    test: ACCEPTOR_TEST,
    name: 'a flood of connections lets an address wait that brought nothing but failures, and nobody else',
    remove: {
      file: ACCEPTOR,
      text: 'now < notBefore || !this.#room.takeTurn(now)',
      by: '!this.#room.takeTurn(now)',
    },
  },
  {
    id: 'peer-many-addresses',
    input: 'An attacker that takes another address of its IPv6 network for each connection',
    guard: 'A public IPv6 address is known by its /64',
    test: `${TEST}/peer/offenders.test.ts`,
    name: 'Offenders knows an IPv6 host by its network, whichever of its addresses it takes; on a local network by its own',
    remove: {
      file: `${SRC}/peer/network-of.ts`,
      text: "if (addressKind(address) !== 'public') return address;",
      by: 'return address;',
    },
  },
  {
    id: 'peer-gateway',
    input: 'An attacker behind the NAT64 of a whole network',
    guard: 'Who is behind an address of IPv6 that carries one of IPv4 is known by that one',
    test: `${TEST}/peer/offenders.test.ts`,
    name: 'Offenders knows a host of IPv4 behind an address of IPv6 by its own, so that NAT64 is not one network',
    remove: {
      file: `${SRC}/peer/network-of.ts`,
      text: 'if (carried !== undefined) return addressFromBytes(carried);',
      by: '',
    },
  },
  {
    id: 'peer-asks-in-vain',
    input:
      'Requests without end for what is refused: for pieces that are not here, or while choked',
    guard: 'After 512 the peer is let go; those that crossed a choke do not count',
    test: HOSTILE,
    name: `${connects} asks for pieces that nobody has told it of: it is let go, a few requests are forgiven`,
    remove: {
      file: `${SRC}/peer/upload-queue.ts`,
      text: 'if (!this.#refusals.take(now))',
      by: 'if (!this.#refusals.take(now) && now < 0)',
    },
  },
  {
    id: 'peer-rejects-in-vain',
    input: 'Rejects without end of what was not asked for',
    guard: 'After 64 the peer is let go',
    test: HOSTILE,
    name: `${connects} rejects what it was never asked for: it is let go`,
    remove: {
      file: `${SRC}/peer/block-requests.ts`,
      text: 'if (this.#strayRejects > MAX_STRAY_REJECTS) {',
      by: 'if (this.#strayRejects < 0) {',
    },
  },
  {
    id: 'peer-asks-metadata',
    input: 'Requests without end for metadata',
    guard: 'After 64 that were refused, and one a second, the peer is let go',
    test: `${TEST}/swarm/extension.test.ts`,
    name: 'the extension protocol parts from a peer that goes on asking for metadata',
    remove: {
      file: `${SRC}/extension/peer-extended.ts`,
      text: 'if (!this.#refusals.take(now)) {',
      by: 'if (now < 0) {',
    },
  },
  {
    id: 'peer-crowd',
    input: 'Hundreds of connections from one address that complete their handshake',
    guard: 'A limit for each address',
    test: LIST_TEST,
    name: 'PeerList bounds what one address may name and open, except loopback',
    remove: {
      file: LIST,
      text: "return connections < this.#maxPerAddress || addressKind(address) === 'loopback';",
      by: 'return connections >= 0;',
    },
  },
  {
    id: 'peer-all-connections',
    input: 'Somebody who takes every connection there is, and does nothing',
    guard: 'A limit for all; a download still dials others',
    test: ACCEPTOR_TEST,
    name: 'Acceptor turns everybody away when the client has no connection left',
    remove: { file: ACCEPTOR, text: 'freeConnections() <= 0 || ', by: '' },
  },
  {
    id: 'peer-self',
    input: 'A connection that leads back to us',
    guard: 'Our own peer id is recognised, and the address not dialled again',
    test: HANDSHAKING_TEST,
    name: 'Handshaking ends when it reaches itself',
    remove: {
      file: HANDSHAKING,
      text: 'if (Buffer.compare(handshake.peerId, peerId) === 0) {',
      by: 'if (handshake.peerId.length === 0) {',
    },
  },
  {
    id: 'peer-same-id',
    input: 'Somebody who connects with the peer id of another, again and again',
    guard: 'One connection of a peer id is kept, and both sides agree which',
    test: HOSTILE,
    name: `${connects} keeps one of two connections with the same peer id`,
    remove: {
      file: `${SRC}/peer/better-connection.ts`,
      text: 'if (Buffer.compare(peer.peerId, peerId) !== 0) continue;',
      by: 'if (peer.peerId.length > 0) continue;',
    },
  },
  {
    id: 'peer-unknown-torrent',
    input: 'A handshake for a torrent that is not here',
    guard: 'The connection ends without a word',
    test: HANDSHAKING_TEST,
    name: 'Handshaking refuses a torrent that is not welcome, without a word',
    remove: {
      file: HANDSHAKING,
      text: 'const reply = names === undefined ? undefined : replyTo(names, infoHash, offersV2);',
      by: 'const reply = names === undefined ? { infoHash, isV2: false, offersV2: false } : replyTo(names, infoHash, offersV2);',
    },
  },
  {
    id: 'peer-block-before-handshake',
    input: 'Messages where the handshake should be',
    guard: 'Nothing but a handshake is read before one',
    test: HANDSHAKING_TEST,
    name: 'Handshaking ends at bytes that are no BitTorrent',
    remove: {
      file: 'packages/peer-wire/src/handshake.ts',
      text: 'if (chunk[i] !== PREFIX[this.#length + i]) {',
      by: 'if (i > 99) {',
    },
  },
  {
    id: 'peer-extended-first',
    input:
      'Extended messages before any extended handshake, of unknown extensions, and handshakes without end',
    guard: 'What nobody takes is ignored; 256 handshakes are enough',
    test: `${TEST}/swarm/extension.test.ts`,
    name: 'the extension protocol ignores what it does not know, and ends what is broken or has no end',
    remove: {
      file: `${SRC}/extension/peer-extended.ts`,
      text: 'if (this.#handshakes > MAX_HANDSHAKES) {',
      by: 'if (this.#handshakes < 0) {',
    },
  },
  {
    id: 'peer-late-bitfield',
    input: 'A bitfield late, or twice: some clients send one in place of many `have`s',
    guard: 'It is checked as any other, and taken',
    test: `${TEST}/swarm/wire.test.ts`,
    name: 'a late bitfield adds to what haves have said, as aria2 sends it',
    remove: { file: PEER, text: 'lateBitfields: true', by: 'lateBitfields: false' },
  },
  {
    id: 'peer-have-flood',
    input: 'A hundred thousand `have`s',
    guard: 'One that says nothing new changes nothing',
    test: HOSTILE,
    name: `${dialled} announces its pieces a hundred thousand times`,
    remove: {
      file: PEER,
      text: 'if (!this.have.set(piece)) return;\n    this.#swarm.picker.peerGained',
      by: 'this.have.set(piece);\n    this.#swarm.picker.peerGained',
    },
  },
  {
    id: 'peer-unrequested-blocks',
    input: 'Blocks nobody asked for',
    guard: 'They are dropped, and who goes on is let go',
    test: HOSTILE,
    name: `${dialled} sends blocks nobody asked for`,
    remove: {
      file: REQUESTS,
      text: "if (this.#allowance < 0) this.#peer.violate('It keeps sending blocks that nobody asked for');",
      by: '',
    },
  },
  {
    id: 'peer-unrequested-rate',
    input: 'The same, to be taken for a fast peer and unchoked in return',
    guard: "They do not count as the peer's rate",
    test: HOSTILE,
    name: `${dialled} sends blocks nobody asked for, which earn it nothing`,
    remove: {
      file: PEER,
      text: 'if (!this.#blockWasRequested) return;\n    this.downloadRate',
      by: 'this.downloadRate',
    },
  },
  {
    id: 'peer-other-block',
    input:
      'An empty block from beyond the end of a piece, which has the number of one that was asked for',
    guard: 'A block must have the length that was asked for',
    test: HOSTILE,
    name: `${dialled} answers with nothing, from beyond the end of the piece before`,
    remove: [{ file: REQUESTS, text: '      length > 0 &&\n', by: '' }],
  },
  {
    id: 'peer-gives-nothing',
    input: 'A peer that claims everything and sends nothing',
    guard: 'After a minute its requests are taken back, and it is asked for one block at a time',
    test: HOSTILE,
    name: `${dialled} owes blocks for a minute: they are taken back, and it is asked for one at a time`,
    remove: {
      file: REQUESTS,
      text: 'if (this.#window.checkSnubbed(now)) this.cancelAll();',
      by: 'this.#window.checkSnubbed(now);',
    },
  },
  {
    id: 'peer-holds-pieces',
    input: 'Peers that hold back a block of every piece, so that all memory waits for them',
    guard: 'Requests lapse where somebody else could send what they owe',
    test: `${TEST}/swarm/memory.test.ts`,
    name: 'memory for pieces is not held by peers in league, who keep back what one of them owes and send just enough not to be snubbed',
    remove: {
      file: `${SRC}/peer/relieve-starved.ts`,
      text: 'for (const { requests } of peers) requests.lapse(now);',
      by: '',
    },
  },
  {
    id: 'peer-last-block',
    input: 'A peer that delivers everything but the last block',
    guard: 'In end-game others are asked for it, too',
    test: `${TEST}/swarm/wire.test.ts`,
    name: 'end-game asks a second peer for what the first one owes, and cancels it when the block has come',
    remove: {
      file: `${SRC}/piece/end-game.ts`,
      text: 'let node = order.first;',
      by: 'let node = -1;',
    },
  },
  {
    id: 'peer-reject-loop',
    input: 'A peer that rejects every request',
    guard: 'After 500 in a row it is let go',
    test: HOSTILE,
    name: `${dialled} rejects every request while nobody else is there`,
    remove: {
      file: REQUESTS,
      text: 'if (this.#rejectsInARow > MAX_REJECTS_IN_A_ROW) {',
      by: 'if (this.#rejectsInARow < 0) {',
    },
  },
  {
    id: 'peer-request-flood',
    input: '50,000 requests at once',
    guard: 'A queue of 2,048; the rest is rejected',
    test: HOSTILE,
    name: `${connects} asks 50,000 times while it is unchoked and does not read what it gets`,
    remove: {
      file: UPLOADS,
      text: 'const hasRoom = queued < clientDefaults.maxQueuedRequests;',
      by: 'const hasRoom = queued >= 0;',
    },
  },
  {
    id: 'peer-request-choked',
    input: '50,000 requests while choked',
    guard: 'Refused, but for the pieces it may have while choked, each once',
    test: HOSTILE,
    name: `${connects} asks 50,000 times while it is choked`,
    remove: [
      {
        file: UPLOADS,
        text: '!peer.amChoking || peer.grantedFast.has(piece)',
        by: 'piece >= 0',
      },
      { file: UPLOADS, text: 'peer.amChoking && !this.#isDue(piece, length)', by: 'piece < 0' },
    ],
  },
  {
    id: 'peer-allowed-fast-again',
    input: 'A choked peer that asks for its allowed-fast pieces again and again',
    guard: 'Each piece once',
    test: `${TEST}/swarm/wire.test.ts`,
    name: 'the fast extension serves each allowed-fast piece once to a choked peer',
    remove: { file: UPLOADS, text: 'grantedFast.set(piece, left);', by: '' },
  },
  {
    id: 'peer-cancel-flood',
    input: 'Cancels without end, each of which would go through the queue',
    guard: 'As many are looked up as requests were taken',
    test: HOSTILE,
    name: `${connects} cancels more than it has asked for: that is not looked up`,
    remove: { file: UPLOADS, text: 'if (this.#cancellable === 0) return;', by: '' },
  },
  {
    id: 'peer-interest-flood',
    input: 'Interest that changes without end',
    guard: 'Peers are ranked a bounded number of times',
    test: `${TEST}/swarm/wire.test.ts`,
    name: 'choking ranks its peers a bounded number of times, however often one changes its mind',
    remove: {
      file: `${SRC}/choke/choke-rounds.ts`,
      text: 'if (wait <= 0) this.run(now);',
      by: 'if (wait <= MIN_ROUND_TIME) this.run(now);',
    },
  },
  {
    id: 'peer-does-not-read',
    input: 'A peer that asks and does not read',
    guard: 'Two batches wait for it at most, and after a minute it is let go',
    test: HOSTILE,
    name: `${connects} keeps the connection alive, but does not read what it asked for: it is let go after a minute`,
    remove: {
      file: PEER,
      text: 'if (now - (this.uploads.unreadSince ?? now) > MAX_UNREAD_TIME) {',
      by: 'if (now < 0) {',
    },
  },
  {
    id: 'peer-never-reads-answers',
    input: 'A peer that asks and cancels without end, each of which is answered, and never reads',
    guard: '4 MiB may wait for it',
    test: HOSTILE,
    name: `${connects} never stops asking and never reads: what waits for it stays bounded`,
    remove: {
      file: PEER,
      text: 'if (this.connection.pendingBytes > MAX_UNREAD) {',
      by: 'if (this.connection.pendingBytes < 0) {',
    },
  },
  {
    id: 'peer-silent',
    input: 'A peer that sends a handshake and then nothing',
    guard: 'Let go after three minutes without a word',
    test: HOSTILE,
    name: `${dialled} sends a handshake and then nothing`,
    remove: {
      file: PEER,
      text: "if (now - this.#lastReceived > clientDefaults.idleTimeout) return 'It was silent for too long';",
      by: '',
    },
  },
  {
    id: 'peer-no-bitfield',
    input: 'A peer that sends no bitfield and no `have`',
    guard: 'It has nothing, and is asked for nothing',
    test: HOSTILE,
    name: `${dialled} never sends a bitfield`,
    remove: {
      file: PEER,
      text: 'this.have = new Bitfield(info.pieceCount);',
      by: 'this.have = new Bitfield(info.pieceCount);\n    this.have.setAll();',
    },
  },
  {
    id: 'peer-framing',
    input: 'A peer that breaks the framing',
    guard: 'Its connection ends, and nothing else',
    test: HOSTILE,
    name: `${dialled} breaks the framing`,
    remove: {
      file: PEER,
      text: 'this.#decoder.push(chunk);',
      by: 'try {\n      this.#decoder.push(chunk);\n    } catch {\n      return;\n    }',
    },
  },
  {
    id: 'peer-corrupt-single',
    input: 'A corrupt piece from one peer',
    guard: 'It is convicted at once',
    test: SMART_BAN_TEST,
    name: 'SmartBan convicts the only sender of a failed piece at once',
    remove: {
      file: SMART_BAN,
      text: 'if (only !== undefined && contributors.every((contributor) => contributor === only))\n      return [only];',
      by: '',
    },
  },
  {
    id: 'peer-corrupt-mixed',
    input: 'Corrupt blocks among good ones of several peers',
    guard:
      'The hashes of all blocks are kept; when the piece comes out right, those that differ convict their senders and nobody else',
    test: SMART_BAN_TEST,
    name: 'SmartBan convicts whose blocks differ from the good ones, and nobody else',
    remove: {
      file: SMART_BAN,
      text: 'if (contributor !== undefined && !sameHash(sent, hashes, block, contributors.length))',
      by: 'if (contributor !== undefined)',
    },
  },
  {
    id: 'peer-corrupt-swarm',
    input: 'The same in a swarm, while a download runs',
    guard: 'The download completes, and the honest peers stay',
    test: `${TEST}/swarm/spoiler.test.ts`,
    name: 'a seed that spoils every block beside an honest one: v1 is convicted, and nobody else',
    remove: [
      {
        file: FINISHER,
        text: 'events.convicted(this.#smartBan.pieceGood(piece, addressesOf(taken), blockHashes), piece);',
        by: '',
      },
      {
        file: FINISHER,
        text: 'events.convicted(this.#smartBan.pieceBad(piece, addressesOf(taken), blockHashes), piece);',
        by: '',
      },
    ],
  },
  {
    id: 'peer-corrupt-memory',
    input: 'Corrupt pieces without end, each to be remembered',
    guard: '4 MiB of block hashes; the oldest are forgotten',
    test: SMART_BAN_TEST,
    name: 'SmartBan is bounded: the oldest failure is forgotten, and few attempts of one piece are kept',
    remove: { file: SMART_BAN, text: 'this.#shrink();', by: '' },
  },
  {
    id: 'peer-ban-flood',
    input: 'Bans of thousands of addresses',
    guard: '4,096 are remembered',
    test: LIST_TEST,
    name: 'BanList is bounded: the oldest ban is forgotten',
    remove: {
      file: `${SRC}/peer/ban-list.ts`,
      text: 'if (this.#bans.size <= MAX_BANS) return;',
      by: 'if (this.#bans.size > 0) return;',
    },
  },
  {
    id: 'peers-named-flood',
    input: 'Thousands of peers named by trackers, the DHT or others',
    guard: 'A bounded list; the worst makes room',
    test: LIST_TEST,
    name: 'PeerList holds a flood of two thousand and no more',
    remove: {
      file: LIST,
      text: 'if (this.#candidates.size >= this.#maxCandidates && !this.#makeRoom(candidate)) return false;',
      by: '',
    },
  },
  {
    id: 'peers-named-one-address',
    input: 'Hundreds of ports of one address, which is to be flooded',
    guard: 'A few of each address',
    test: LIST_TEST,
    name: 'PeerList bounds what one address may name and open, except loopback',
    remove: {
      file: LIST,
      text: "if (ofAddress >= this.#maxPerAddress && addressKind(address) !== 'loopback') return false;",
      by: '',
    },
  },
  {
    id: 'peers-named-impossible',
    input: 'Peers at port 0, at multicast and unspecified addresses',
    guard: 'Not taken',
    test: LIST_TEST,
    name: 'PeerList refuses what nobody can be reached at',
    remove: {
      file: LIST,
      text: 'if (!Number.isInteger(port) || port < 1 || port > 65_535) return false;',
      by: '',
    },
  },
  {
    id: 'peers-dead',
    input: 'Peers that are not there',
    guard: 'Tried ever more seldom, half an hour apart in the end',
    test: LIST_TEST,
    name: 'PeerList waits longer after each failure, half an hour at most',
    remove: {
      file: `${SRC}/peer/candidate.ts`,
      text: 'BACK_OFF_FACTOR ** Math.min(failures - 1, 10)',
      by: 'BACK_OFF_FACTOR ** 0',
    },
  },
  {
    id: 'pex-flood',
    input: 'Messages of peer exchange more often than once a minute',
    guard: 'Ignored and counted; who goes on is let go',
    test: PEX_TEST,
    name: 'what a peer tells is ignored where it comes too often, and counted',
    remove: { file: PEX, text: 'if (this.#allowance < 1) {', by: 'if (this.#allowance < -999) {' },
  },
  {
    id: 'pex-many',
    input: 'Thousands of peers named by one peer',
    guard: '200 that it has not dropped again',
    test: PEX_TEST,
    name: 'what a peer tells is bounded, and has room again for those it drops',
    remove: { file: PEX, text: 'if (this.#named.size >= MAX_NAMED) break;', by: '' },
  },
  {
    id: 'pex-one-address',
    input: 'Many ports of one address in a message',
    guard: 'One of each address',
    test: PEX_TEST,
    name: 'what a peer tells has one port of each address in a message',
    remove: { file: PEX, text: 'if (isDouble || !this.#mayName', by: 'if (!this.#mayName' },
  },
  {
    id: 'pex-own-address',
    input: 'Our own address, named by a peer',
    guard: 'It is not dialled',
    test: LIST_TEST,
    name: 'PeerList does not dial itself',
    remove: { file: LIST, text: ' || this.#self.has(key)) return false;', by: ') return false;' },
  },
  {
    id: 'pex-private-torrent',
    input: 'Peer exchange in a private torrent',
    guard: 'Nothing is offered, told or taken',
    test: `${TEST}/swarm/pex.test.ts`,
    name: 'peer exchange is no matter of private torrents: nothing is offered, told or taken',
    remove: {
      file: `${SRC}/extension/peer-extended.ts`,
      text: 'extensions: exchangesPeers ? EXTENSIONS.extensions : WITHOUT_PEX,',
      by: 'extensions: EXTENSIONS.extensions,',
    },
  },
];

/** @type {Area} */
export const peers = { name: 'peers', title: 'Peers', entries };
