/**
 * A config's text (YAML 1.2 or JSON) → what the agent needs to know, or every problem at once with its place. Pure but
 * for the `readFile` it is given; it fetches nothing, and config types never leave it. Start reading at `load.ts`.
 */
export type { Found, ReadFiles } from './include.ts';
export { type JsonSchema, jsonSchema } from './json-schema.ts';
export { type ConfigSource, type LoadedConfig, loadConfig, neededVariables } from './load.ts';
export { formatProblem, type Problem, type ProblemCode } from './problems.ts';
export type { InstanceFacts, Variables } from './variables.ts';
