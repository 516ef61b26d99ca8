import { webSeedDefaults } from './web-seed-options.ts';

/** Looks after an answer that does not come, or too slowly. */
export class AnswerWatch {
  #lastAt = 0;
  #rateSince = 0;
  #rateBytes = 0;

  /** A request, or the body of its answer, begins; or it goes on after a pause of our own. */
  begin(now: number): void {
    this.#lastAt = now;
    this.#rateSince = now;
    this.#rateBytes = 0;
  }

  /** Bytes of the body came. */
  received(bytes: number, now: number): void {
    this.#lastAt = now;
    this.#rateBytes += bytes;
  }

  /** Once a second: what is wrong; undefined: nothing. */
  check(now: number, hasAnswer: boolean): string | undefined {
    const { answerTimeout, silenceTimeout, minRate, rateTime } = webSeedDefaults;
    if (!hasAnswer) {
      return now - this.#lastAt >= answerTimeout ? 'The server does not answer' : undefined;
    }
    if (now - this.#lastAt >= silenceTimeout) return 'The server has stopped sending';
    const time = now - this.#rateSince;
    if (time < rateTime) return undefined;
    if (this.#rateBytes * 1000 < minRate * time) return 'The server is too slow';
    this.#rateSince = now;
    this.#rateBytes = 0;
    return undefined;
  }
}
