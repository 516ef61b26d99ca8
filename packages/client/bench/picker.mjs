// Piece picker: nanoseconds for each block from being picked to being received. Needs no build.
import { runBundled } from '../../../tools/config/run-bundled.mjs';

const { runPicker } = await runBundled(new URL('picker-cases.mjs', import.meta.url));
const cases = [
  { pieces: 2048, blocksPerPiece: 1024, peers: 1, depth: 64, share: 1 },
  { pieces: 2048, blocksPerPiece: 1024, peers: 50, depth: 64, share: 1 },
  { pieces: 2048, blocksPerPiece: 64, peers: 50, depth: 64, share: 0.5 },
  { pieces: 100_000, blocksPerPiece: 16, peers: 50, depth: 64, share: 0.5 },
  { pieces: 200_000, blocksPerPiece: 1, peers: 50, depth: 32, share: 0.5 },
];
runPicker({ pieces: 256, blocksPerPiece: 64, peers: 4, depth: 32, share: 0.5 });
for (const options of cases) {
  const { blocks, time } = runPicker(options);
  const { pieces, blocksPerPiece, peers, depth, share } = options;
  const swarm = `${peers} peers with ${share * 100} % each, ${depth} requests`;
  const label = `picker: ${pieces} pieces of ${blocksPerPiece} blocks, ${swarm}`;
  const nanosecondsPerBlock = Math.round((time * 1e6) / blocks);
  console.log(JSON.stringify({ case: label, blocks, nanosecondsPerBlock }));
}
