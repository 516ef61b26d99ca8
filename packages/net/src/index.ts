export type { Endpoint } from './endpoint.ts';
export type * from './contracts.ts';
