/**
 * The HTTP server for operators' tools: metrics, and whether this agent is alive and ready. It shows what others know and
 * changes nothing. Start reading at `answer.ts`: what each path answers.
 */
export type { AdminSources } from './answer.ts';
export { type AdminServer, type AdminSpec, openAdmin } from './server.ts';
