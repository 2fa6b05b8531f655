import * as z from 'zod';
import * as announcer from './announcer-schema.ts';
import type * as fields from './fields.ts';
import { neededCount } from './health-count.ts';
import { basicAuthShape } from './kinds/cabourotte.ts';
import { KINDS } from './kinds/kinds.ts';
import type { AnyLeaf, Form } from './leaf.ts';
import * as leaves from './schema.ts';

/** A JSON Schema document. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A shape as zod has it. */
type Shape = Readonly<Record<string, z.ZodType>>;

/** The shapes by which the readers read, and zod's of the same names: only this file has to load zod. */
const schema = {
  tlsShape: toShape(leaves.tlsShape),
  checkShape: toShape(leaves.checkShape),
  finderShapes: Object.entries(leaves.finderShapes).map(([type, shape]) => [type, toShape(shape)] as const),
  findTopShape: toShape(leaves.findTopShape),
  notShape: toShape(leaves.notShape),
  fallbackShape: toShape(leaves.fallbackShape),
  routeShape: toShape(leaves.routeShape),
  groupShape: toShape(leaves.groupShape),
  awsShape: toShape(leaves.awsShape),
  adminShape: toShape(leaves.adminShape),
  rootShape: toShape(leaves.rootShape),
};

const argv = z.array(z.union([z.string(), z.number()]));
const tls = z.union([z.boolean(), z.strictObject(schema.tlsShape)]);

/**
 * The JSON Schema (draft 7) of the config, for editors. It holds the form of every key; what depends on other values (a
 * name that has to exist, two keys that exclude each other) only `loadConfig` can tell.
 */
export function jsonSchema(): JsonSchema {
  return z.toJSONSchema(rootSchema(), {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  }) as JsonSchema;
}

function rootSchema(): z.ZodType {
  const checks = z.record(z.string(), checkSchema(schema.checkShape)).nullable().meta({ id: 'checks' });
  const { destination: _, ...templateShape } = schema.checkShape;
  const templates = z.record(z.string(), checkSchema(templateShape)).nullable().meta({ id: 'templates' });
  const health = healthSchema();
  const shape = typed(schema.rootShape, {
    include: z.union([z.string(), z.array(z.string())]).nullable(),
    healthchecks: checks,
    remote_healthchecks: templates,
    health: z.record(z.string(), health).nullable(),
    routetables: z.record(z.string(), groupSchema(health)).meta({ id: 'groups' }),
    aws: z.strictObject(schema.awsShape).nullable(),
    announcer: announcerSchema(health),
    admin: z.strictObject(schema.adminShape).nullable(),
  });
  const all = withAliases(shape, leaves.ROOT_ALIASES);
  return z.strictObject(all).meta({ title: 'vpcast configuration' });
}

/** One alternative for each type; options inline or under `config`. */
function checkSchema(common: Shape): z.ZodType {
  const types = Object.entries(KINDS).map(([type, { shape: own }]) => {
    const nested = {
      arguments: z.union([argv, z.string()]),
      argv,
      tls,
      headers: z.record(z.string(), z.string()),
      basic_auth: z.strictObject(toShape(basicAuthShape)),
    };
    const options = optional(typed(toShape(own), nested));
    const shared = typed(common, { run_on_healthy: argv, run_on_unhealthy: argv });
    return z.strictObject({
      type: z.literal(type).describe('Kind of probe.'),
      ...withAliases(shared, leaves.CHECK_ALIASES),
      ...options,
      config: z
        .strictObject(options)
        .nullable()
        .optional()
        .describe('Options of the type, as AWSnycast has them.'),
    });
  });
  return z.union(types);
}

function groupSchema(health: z.ZodType): z.ZodType {
  const finder: z.ZodType = z.lazy(() => finderSchema(finder, {})).meta({ id: 'finder' });
  const hooks = Object.keys(schema.routeShape).filter((key) => key.startsWith('run_'));
  const route = typed(schema.routeShape, {
    healthcheck: health,
    fallback: z.strictObject(withAliases(schema.fallbackShape, leaves.FALLBACK_ALIASES)),
    ...Object.fromEntries(hooks.map((hook) => [hook, argv])),
  });
  const shape = typed(schema.groupShape, {
    find: finderSchema(finder, schema.findTopShape),
    manage_routes: z.array(z.strictObject(route)).min(1).meta({ id: 'routes' }),
  });
  return z.strictObject(withAliases(shape, leaves.GROUP_ALIASES));
}

/** In an included file only the routes. */
function announcerSchema(health: z.ZodType): z.ZodType {
  const route = typed(toShape(announcer.announcedRouteShape), { healthcheck: health });
  const routes = z.array(z.strictObject(route)).nullable().meta({ id: 'announced_routes' });
  const tcpAo = z.strictObject(toShape(announcer.tcpAoShape));
  const peer = z.strictObject(typed(toShape(announcer.peerShape), { tcp_ao: tcpAo }));
  const { peers, ...rest } = typed(toShape(announcer.announcerShape), {
    routes,
    drain: z.strictObject(toShape(announcer.drainShape)).nullable(),
    addresses: z.strictObject(toShape(announcer.addressesShape)),
  });
  const described = z
    .array(peer)
    .min(1)
    .describe(peers?.description ?? '');
  const included = typed(toShape(announcer.includedAnnouncerShape), { routes });
  return z.union([z.strictObject({ ...rest, peers: described }), z.strictObject(included)]);
}

function finderSchema(finder: z.ZodType, top: Shape): z.ZodType {
  const common = { ...schema.notShape, ...top };
  const leaves = schema.finderShapes.map(([type, own]) => {
    const options = optional(own);
    const config = z.strictObject(options).nullable().optional();
    return z.strictObject({ type: z.literal(type), ...common, ...options, config });
  });
  const filters = z.array(finder).min(1);
  const config = z.union([filters, z.strictObject({ filters })]).optional();
  const type = z.enum(['and', 'or']).describe('All (and) or any (or) of the filters have to match.');
  const branch = z.strictObject({ type, ...common, filters: filters.optional(), config });
  return z.union([...leaves, branch]);
}

function healthSchema(): z.ZodType {
  const health: z.ZodType = z
    .lazy(() => z.union([z.string(), list, all, any, atLeast, not]))
    .meta({ id: 'health' });
  const list = z.array(health).min(1).describe('All of these.');
  const all = z.strictObject({ all: list });
  const any = z.strictObject({ any: z.array(health).min(1).describe('At least one of these.') });
  const count = toZod(
    neededCount().describe('How many of `of` have to be healthy: a count, or a percentage.'),
  );
  const atLeast = z.strictObject({
    at_least: count,
    of: z.array(health).min(1).describe('The checks to count.'),
  });
  const not = z.strictObject({ not: z.union([health]).describe('Healthy when this is unhealthy.') });
  return health;
}

/** A shape with its nested parts typed; their descriptions and being optional are kept. */
function typed(shape: Shape, parts: Shape): Shape {
  const entries = Object.entries(shape).map(([key, own]) => {
    const part = Object.hasOwn(parts, key) ? parts[key] : undefined;
    return [key, part === undefined ? own : part.optional().describe(own.description ?? '')] as const;
  });
  return Object.fromEntries(entries);
}

function optional(shape: Shape): Shape {
  return Object.fromEntries(
    Object.entries(shape).map(([key, own]) => {
      const isOptional = own.safeParse(undefined).success;
      return [key, isOptional ? own : own.optional().describe(own.description ?? '')];
    }),
  );
}

function withAliases(shape: Shape, aliases: Readonly<Record<string, string>>): Shape {
  const extra = Object.entries(aliases).flatMap(([old, present]) => {
    const own = shape[present];
    const meta = { description: `Old spelling of \`${present}\`.`, deprecated: true };
    return own === undefined ? [] : [[old, own.optional().meta(meta)] as const];
  });
  return { ...shape, ...Object.fromEntries(extra) };
}

function toShape(shape: fields.Shape): Shape {
  return Object.fromEntries(Object.entries(shape).map(([key, leaf]) => [key, toZod(leaf)]));
}

function toZod({ form, absence, description, isDeprecated }: AnyLeaf): z.ZodType {
  const type = typeOf(form);
  const own =
    absence.kind === 'undefined'
      ? type.optional()
      : absence.kind === 'default'
        ? type.prefault(absence.written)
        : type;
  if (description === undefined) return own;
  return own.meta({ description, ...(isDeprecated ? { deprecated: true } : {}) });
}

function typeOf(form: Form): z.ZodType {
  switch (form.kind) {
    case 'anything':
      return z.unknown();
    case 'boolean':
      return z.boolean();
    case 'number':
      return z.number();
    case 'limited':
      return (form.isWhole ? z.int() : z.number()).min(form.least).max(form.most);
    case 'text':
      return form.pattern === undefined ? z.string() : z.string().regex(form.pattern);
    case 'words':
      return z.enum(form.words);
    case 'list':
      return z.array(typeOf(form.of));
    case 'either':
      return z.union(form.of.map(typeOf));
  }
}
