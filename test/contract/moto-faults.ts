import type { KnownFault } from './ec2-contract.ts';

const SUCCEEDED = /expected \{ ok: true \} to match object \{ ok: false/;
const NOT_REFUSED = /expected 'ok' to be/;
const STAYS_ACTIVE = /expected 'active' to be 'blackhole'/;
const ROUTES = 'models/route_tables.py';

/** Where moto 5.2.5 differs from AWS. Files are moto's own, under `moto/ec2`. */
export const MOTO_FAULTS: readonly KnownFault[] = [
  {
    key: 'duplicate-ipv4',
    because: `an existing route is overwritten if the target is an interface: ${ROUTES} create_route, first branch`,
    symptom: SUCCEEDED,
  },
  {
    key: 'duplicate-ipv6',
    because: `an existing IPv6 route is overwritten: ${ROUTES} __validate_destination_cidr_block knows IPv4 only`,
    symptom: SUCCEEDED,
  },
  {
    key: 'duplicate-prefix-list',
    because: `an existing prefix list route is overwritten: ${ROUTES} create_route`,
    symptom: SUCCEEDED,
  },
  {
    key: 'lifecycle-prefix-list',
    because: `a prefix list route to an interface loses its destination: ${ROUTES} create_route, else branch`,
    symptom: /expected undefined to match object \{ destination/,
  },
  {
    key: 'replace-vpc-endpoint',
    because: 'VpcEndpointId is ignored, which leaves no target: responses/route_tables.py replace_route',
    symptom: /expected \{ kind: 'unknown', id: '' \} to deeply equal/,
  },
  {
    key: 'replace-carrier-gateway',
    because: 'CarrierGatewayId is ignored, which leaves no target: responses/route_tables.py replace_route',
    symptom: /expected \{ kind: 'unknown', id: '' \} to deeply equal/,
  },
  {
    key: 'canonical-ipv4',
    because: `host bits are kept: ${ROUTES} create_route stores the text`,
    symptom: /expected \[ '100\.68\.0\.18\/18' \] to deeply equal/,
  },
  {
    key: 'canonical-ipv6',
    because: `host bits and the long form are kept: ${ROUTES} create_route stores the text`,
    symptom: /expected \[ '2001:DB8:00AA:0::1\/64' \] to deeply equal/,
  },
  {
    key: 'local-not-deleted',
    because: `the local route is deleted: ${ROUTES} delete_route`,
    symptom: SUCCEEDED,
  },
  {
    key: 'local-replaced',
    because: `a local route reads as local whatever it points to: ${ROUTES} Route.gateway_id`,
    symptom: /expected \{ kind: 'local', id: 'local' \} to deeply equal/,
  },
  {
    key: 'dry-run',
    because: 'DryRun is ignored, and the change made: responses/route_tables.py has no error_on_dryrun',
    symptom: NOT_REFUSED,
  },
  {
    key: 'create-multi-interface-instance',
    because: `an instance with two interfaces is taken: ${ROUTES} create_route`,
    symptom: SUCCEEDED,
  },
  {
    key: 'replace-multi-interface-instance',
    because: `an instance with two interfaces is taken: ${ROUTES} replace_route`,
    symptom: SUCCEEDED,
  },
  {
    key: 'no-target',
    because: `a route without a target is made: ${ROUTES} create_route`,
    symptom: NOT_REFUSED,
  },
  { key: 'two-targets', because: `two targets are taken: ${ROUTES} create_route`, symptom: NOT_REFUSED },
  {
    key: 'filter-tag-keys',
    because:
      'several values of a filter have to hold all of a set, or be all of it: utils.py is_filter_matching',
    symptom: /expected \[\] to deeply equal/,
  },
  {
    key: 'filter-tag-escaped',
    because: 'an escaped wildcard matches nothing: utils.py is_filter_matching uses fnmatch',
    symptom: /expected \[\] to deeply equal/,
  },
  {
    key: 'finder-filters',
    because: 'an escaped wildcard matches nothing: utils.py is_filter_matching uses fnmatch',
    symptom: /expected \[\] to deeply equal/,
  },
  {
    key: 'unknown-filter',
    because: 'a filter that does not exist is an internal error in HTML: models/core.py get_filter_value',
    symptom: /Deserialization error/,
  },
  {
    key: 'pagination',
    because: 'all tables are one page: responses/route_tables.py describe_route_tables',
    symptom: /expected \[ 8 \] to deeply equal \[ 5, 3 \]/,
  },
  {
    key: 'page-size',
    because: 'MaxResults is ignored: responses/route_tables.py describe_route_tables',
    symptom: NOT_REFUSED,
  },
  {
    key: 'fill-instance',
    because: `a route shows only the id that it was made with: ${ROUTES} Route.instance_id`,
    symptom: /expected undefined to be 'i-/,
  },
  {
    key: 'fill-interface',
    because: `a route shows only the id that it was made with: ${ROUTES} Route.network_interface_id`,
    symptom: /expected \{ kind: 'instance', .* \} to deeply equal/,
  },
  {
    key: 'fill-owner',
    because: `a route does not show its instance's owner: ${ROUTES} Route`,
    symptom: /expected undefined to be '123456789012'/,
  },
  {
    key: 'blackhole-stop',
    because: `a route is always active: ${ROUTES} Route.state`,
    symptom: STAYS_ACTIVE,
  },
  {
    key: 'blackhole-loose',
    because: `a route is always active: ${ROUTES} Route.state`,
    symptom: STAYS_ACTIVE,
  },
  { key: 'terminated', because: `a route is always active: ${ROUTES} Route.state`, symptom: STAYS_ACTIVE },
  {
    key: 'source-dest-check',
    because: 'an instance has a flag of its own: models/instances.py source_dest_check',
    symptom: /expected true to be false/,
  },
  {
    key: 'source-dest-check-instance',
    because: 'an instance has a flag of its own: models/instances.py source_dest_check',
    symptom: /expected true to be false/,
  },
  {
    key: 'status-ids-and-pages',
    because: 'MaxResults is ignored: responses/instances.py describe_instance_status',
    symptom: NOT_REFUSED,
  },
];
