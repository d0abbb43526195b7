export type * from './queries.ts';
