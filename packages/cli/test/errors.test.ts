import { CliError, exitCodeOf, messageOf, SignalError, UsageError } from '../src/errors.ts';

const coded = (code: string, cause?: unknown): Error =>
  Object.assign(new Error('text', { cause }), { code });

describe('exitCodeOf', () => {
  it.each([
    ['ERR_METAINFO_INVALID_PATH', 3],
    ['ERR_METAINFO_INVALID_MAGNET', 3],
    ['ERR_BENCODE_DEPTH', 3],
    ['ERR_METAINFO_CREATE_OPTION', 2],
    ['ERR_METAINFO_CREATE_SYMLINK', 2],
    ['ERR_METAINFO_CREATE_IO', 4],
    ['ERR_METAINFO_CREATE_FILE_MISSING', 4],
    ['ERR_METAINFO_CREATE_FILE_CHANGED', 4],
    ['ERR_DISK_FULL', 4],
    ['ENOSPC', 4],
    ['EACCES', 4],
    ['ERR_NET_TIMEOUT', 5],
    ['ERR_TRACKER_TIMEOUT', 5],
    ['EADDRINUSE', 5],
    ['ENOTFOUND', 5],
    ['ERR_SOMETHING_ELSE', 70],
  ])('%s: %d', (code, exitCode) => {
    expect(exitCodeOf(coded(code))).toBe(exitCode);
  });

  it('takes the cause of an engine error', () => {
    expect(exitCodeOf(coded('ERR_CLIENT_START', coded('ERR_NET_LISTEN')))).toBe(5);
    expect(exitCodeOf(coded('ERR_CLIENT_DUPLICATE'))).toBe(2);
  });

  it('knows the errors of the command itself', () => {
    expect(exitCodeOf(new UsageError('x'))).toBe(2);
    expect(exitCodeOf(new CliError('ERR_CLI_TIMEOUT', 5, 'x'))).toBe(5);
    expect(exitCodeOf(new SignalError('SIGINT'))).toBe(130);
    expect(exitCodeOf(new SignalError('SIGTERM'))).toBe(143);
    expect(exitCodeOf(new SignalError('SIGHUP'))).toBe(129);
  });

  it('calls everything else a defect', () => {
    expect(exitCodeOf(new TypeError('x'))).toBe(70);
    expect(exitCodeOf('text')).toBe(70);
    expect(exitCodeOf(undefined)).toBe(70);
    expect(messageOf('text')).toBe('text');
    expect(messageOf({ message: 'm' })).toBe('m');
  });
});
