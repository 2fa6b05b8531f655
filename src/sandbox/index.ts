/**
 * An embedded VPC: one AWS region in memory that answers EC2's Query API over HTTP as AWS does, with an IMDSv2 per
 * instance and faults that can be switched while it runs. For the demo, tests and benchmarks, and for `vpcast sandbox`.
 * It never talks to AWS, checks no signature, and knows nothing of the agent. Start reading at `sandbox.ts`; the model,
 * which needs no socket, is `world/world.ts`.
 */
export { DEMO_IDS, type DemoOptions, demoScenario, demoSuffix } from './demo-scenario.ts';
export { type ApiAnswer, type ApiRequest, answerCall } from './ec2/ec2-api.ts';
export type { SandboxEvent } from './events.ts';
export {
  type ActiveFault,
  type CallFate,
  createFaults,
  type Fault,
  type FaultEffect,
  type FaultScope,
  type Faults,
} from './faults.ts';
export { type Imds, type ImdsFault, type ImdsOptions, startImds } from './imds/imds.ts';
export type { ImdsIdentity, ImdsInterface, ImdsRole, ImdsSignals } from './imds/imds-tree.ts';
export type { Panel } from './panel.ts';
export { parseScenario, type ScenarioResult } from './parse-scenario.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
export type * from './scenario.ts';
export type { ThrottleLimits } from './throttle.ts';
export type { ApiError, ApiResult } from './world/api-error.ts';
export type { AttachRequest } from './world/instance-changes.ts';
export type { JournalEntry } from './world/journal.ts';
export type {
  Instance,
  InstanceState,
  NetworkInterface,
  Route,
  RouteTable,
  TargetRequest,
  WorldState,
} from './world/state.ts';
export { type RouteView, viewRoute, viewStatus } from './world/views.ts';
export {
  createWorld,
  OPERATOR,
  type RouteKey,
  type RouteRequest,
  type World,
  type WorldOptions,
} from './world/world.ts';
