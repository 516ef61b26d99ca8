export type { WireSink } from './sink.ts';
