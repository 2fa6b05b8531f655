/**
 * EC2 route tables as they are, changing them, and who this instance is. It never decides what to change. Start
 * reading at `route-tables.ts`: the seam.
 */
export type * from './errors.ts';
export type * from './route-tables.ts';
