/**
 * EC2 route tables as they are and changing them, and who this instance is. It never decides what to change. Start
 * reading at `route-tables.ts`: the seam.
 */
export type { AwsCredentials, CredentialSource } from './credentials.ts';
export * from './ec2-client.ts';
export * from './errors.ts';
export * from './identity.ts';
export * from './imds.ts';
export * from './instance-status.ts';
export {
  describeInterfaces,
  disableSourceDestCheck,
  type InterfaceFacts,
  type InterfaceQuery,
  type InterfacesResult,
} from './interfaces.ts';
export { type ParameterQuery, type ParameterResult, readParameter } from './parameter.ts';
export type * from './route-tables.ts';
export { createRouteTables } from './route-tables-ec2.ts';
export { type ScopedFinder, serverFilters } from './server-filters.ts';
export * from './signals.ts';
