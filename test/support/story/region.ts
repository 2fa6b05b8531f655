/** An instance, its zone, and what belongs to it. */
export interface StoryZone {
  /** Short name: `a`, `b`, `c`. */
  readonly name: string;
  readonly az: string;
  readonly instanceId: string;
  readonly interfaceId: string;
  /** Of loopback, so that other zones' remote checks reach a real process. */
  readonly address: string;
  /** The route table of the zone, tagged `az` and `type=private`. */
  readonly tableId: string;
  /** What `AWS_EC2_METADATA_SERVICE_ENDPOINT` is set to for its agent. */
  readonly imdsUrl: string;
}

/** One route as the API shows it. */
export interface HeldRoute {
  readonly tableId: string;
  readonly destination: string;
  /** Interface id, or the id of whatever else it points at. */
  readonly target: string;
}

/** A VPC with an instance per zone, behind some EC2 API: the embedded sandbox, moto, LocalStack. */
export interface StoryRegion {
  readonly endpoint: string;
  readonly zones: readonly StoryZone[];
  /** Every route of every table of the VPC but the `local` ones, sorted. */
  readRoutes(): Promise<readonly HeldRoute[]>;
  stopInstance(zone: StoryZone): Promise<void>;
  startInstance(zone: StoryZone): Promise<void>;
  /** Ends what was started for it; what belongs to others goes on. */
  close(): Promise<void>;
}

/** A route as text, for comparing and for messages. */
export function routeText(route: HeldRoute): string {
  return `${route.tableId} ${route.destination} ${route.target}`;
}

export function sortRoutes(routes: readonly HeldRoute[]): readonly HeldRoute[] {
  return [...routes].sort((a, b) => (routeText(a) < routeText(b) ? -1 : 1));
}
