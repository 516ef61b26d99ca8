import type {
  Family,
  KrpcErrorMessage,
  KrpcMessage,
  KrpcQuery,
  KrpcResponse,
  QueryBody,
} from './messages.ts';
import { KrpcWriter } from './writer.ts';

/**
 * Encodes a message in the canonical form.
 * @throws RangeError when it is larger than {@link MAX_MESSAGE_BYTES}
 */
export function encodeKrpc(message: KrpcMessage): Uint8Array {
  return writeKrpc(new KrpcWriter(), message).slice();
}

/** As {@link encodeKrpc}, without allocating: the answer is a view of the writer's buffer, valid until its next use. */
export function writeKrpc(writer: KrpcWriter, message: KrpcMessage): Uint8Array {
  writer.start();
  switch (message.kind) {
    case 'query':
      writeQuery(writer, message);
      break;
    case 'response':
      writeResponse(writer, message);
      break;
    case 'error':
      writeError(writer, message);
      break;
  }
  return writer.finish();
}

function writeQuery(writer: KrpcWriter, query: KrpcQuery): void {
  const { body } = query;
  writer.raw('d1:ad');
  writeArguments(writer, query.id, body);
  writer.raw('e1:q');
  writer.latin1(body.method);
  if (query.readOnly === true) writer.raw('2:roi1e');
  writeEnd(writer, query, 'q');
}

/** Keys in the order of their bytes, as everywhere in this file. */
function writeArguments(writer: KrpcWriter, id: Uint8Array, body: QueryBody): void {
  if (body.method === 'put' && body.cas !== undefined) {
    writer.raw('3:cas');
    writer.integer(body.cas);
  }
  writer.raw('2:id');
  writer.bytes(id);
  switch (body.method) {
    case 'ping':
      return;
    case 'find_node':
    case 'sample_infohashes':
      field(writer, '6:target', body.target);
      writeWant(writer, body.want);
      return;
    case 'get_peers':
      field(writer, '9:info_hash', body.infoHash);
      if (body.noSeed === true) writer.raw('6:noseedi1e');
      if (body.scrape === true) writer.raw('6:scrapei1e');
      writeWant(writer, body.want);
      return;
    case 'announce_peer':
      if (body.impliedPort) writer.raw('12:implied_porti1e');
      field(writer, '9:info_hash', body.infoHash);
      field(writer, '1:n', body.name);
      writer.raw('4:port');
      writer.integer(body.port);
      if (body.seed !== undefined) writer.raw(body.seed ? '4:seedi1e' : '4:seedi0e');
      field(writer, '5:token', body.token);
      return;
    case 'get':
      number(writer, '3:seq', body.seq);
      field(writer, '6:target', body.target);
      writeWant(writer, body.want);
      return;
    case 'put':
      field(writer, '1:k', body.key);
      field(writer, '4:salt', body.salt);
      number(writer, '3:seq', body.seq);
      field(writer, '3:sig', body.signature);
      field(writer, '5:token', body.token);
      writer.raw('1:v');
      writer.rawBytes(body.value);
      return;
  }
}

function writeResponse(writer: KrpcWriter, response: KrpcResponse): void {
  const { body } = response;
  writer.raw('d');
  field(writer, '2:ip', response.ip);
  writer.raw('1:rd');
  field(writer, '4:BFpe', body.peersFilter);
  field(writer, '4:BFsd', body.seedsFilter);
  field(writer, '2:id', response.id);
  number(writer, '8:interval', body.interval);
  field(writer, '1:k', body.key);
  field(writer, '5:nodes', body.nodes);
  field(writer, '6:nodes6', body.nodes6);
  number(writer, '3:num', body.num);
  number(writer, '1:p', body.port);
  field(writer, '7:samples', body.samples);
  number(writer, '3:seq', body.seq);
  field(writer, '3:sig', body.signature);
  field(writer, '5:token', body.token);
  if (body.value !== undefined) {
    writer.raw('1:v');
    writer.rawBytes(body.value);
  }
  if (body.values !== undefined) {
    writer.raw('6:valuesl');
    for (const value of body.values) writer.bytes(value);
    writer.raw('e');
  }
  writer.raw('e');
  writeEnd(writer, response, 'r');
}

function writeError(writer: KrpcWriter, error: KrpcErrorMessage): void {
  writer.raw('d1:el');
  writer.integer(error.code);
  writer.latin1(error.message);
  writer.raw('e');
  field(writer, '2:ip', error.ip);
  writeEnd(writer, error, 'e');
}

function writeEnd(writer: KrpcWriter, message: KrpcMessage, kind: 'q' | 'r' | 'e'): void {
  writer.raw('1:t');
  writer.bytes(message.transaction);
  field(writer, '1:v', message.version);
  writer.raw('1:y1:');
  writer.raw(kind);
  writer.raw('e');
}

function writeWant(writer: KrpcWriter, want: readonly Family[]): void {
  if (want.length === 0) return;
  writer.raw('4:wantl');
  if (want.includes(4)) writer.raw('2:n4');
  if (want.includes(6)) writer.raw('2:n6');
  writer.raw('e');
}

function field(writer: KrpcWriter, key: string, value: Uint8Array | undefined): void {
  if (value === undefined) return;
  writer.raw(key);
  writer.bytes(value);
}

function number(writer: KrpcWriter, key: string, value: number | bigint | undefined): void {
  if (value === undefined) return;
  writer.raw(key);
  writer.integer(value);
}
