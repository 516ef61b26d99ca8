/** Exit codes of the `shoal` command, as its README documents them. */
export const ExitCode = {
  done: 0,
  /** `verify` found pieces bad or missing. */
  incomplete: 1,
  usage: 2,
  /** A torrent or link that must be refused, or cannot be used yet. */
  badTorrent: 3,
  /** A file cannot be read or written. */
  disk: 4,
  /** The network, a tracker, or a time limit. */
  network: 5,
  /** An error that was not foreseen: a defect of Shoal. */
  defect: 70,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;
