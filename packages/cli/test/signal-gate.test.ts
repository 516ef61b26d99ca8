import { EventEmitter } from 'node:events';
import { SignalError } from '../src/errors.ts';
import { SignalGate } from '../src/signal-gate.ts';

describe('SignalGate', () => {
  let source: EventEmitter;
  let exits: number[];
  let now: number;
  let gate: SignalGate;
  const signal = (name: NodeJS.Signals): void => {
    source.emit(name, name);
  };

  beforeEach(() => {
    source = new EventEmitter();
    exits = [];
    now = 0;
    gate = new SignalGate(
      source,
      (code) => exits.push(code),
      () => now,
    );
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('aborts at the first %s', (name) => {
    expect(gate.signal.aborted).toBe(false);
    signal(name);
    expect(gate.signal.reason).toBeInstanceOf(SignalError);
    expect((gate.signal.reason as SignalError).signal).toBe(name);
    expect(exits).toEqual([]);
  });

  it('quits at once at a second SIGINT, unless it is the echo of the first', () => {
    signal('SIGINT');
    now = 50;
    signal('SIGINT');
    expect(exits).toEqual([]);
    now = 1000;
    signal('SIGINT');
    expect(exits).toEqual([130]);
  });

  it('is not hurried by SIGTERMs that a runner sends after SIGINT', () => {
    signal('SIGINT');
    now = 2000;
    signal('SIGTERM');
    signal('SIGTERM');
    signal('SIGHUP');
    expect(exits).toEqual([]);
    expect((gate.signal.reason as SignalError).exitCode).toBe(130);
  });

  it('does not quit at the first SIGINT after a SIGTERM', () => {
    signal('SIGTERM');
    now = 2000;
    signal('SIGINT');
    expect(exits).toEqual([]);
  });

  it('leaves no listener behind', () => {
    gate[Symbol.dispose]();
    expect(source.eventNames()).toEqual([]);
  });
});
