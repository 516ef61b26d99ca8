/** Finds out the leaf hashes of pieces (BEP 52: `hash request` with base layer 0). */
export interface LeafSource {
  /**
   * A piece failed: its leaf hashes are needed. Returns whether anybody can be asked. Where it was true, `SwarmPieces.judgeBlocks` or
   * `SwarmPieces.giveUpJudging` should follow, later than this call; where neither does in time, the piece is given up.
   */
  request(piece: number): boolean;
}
